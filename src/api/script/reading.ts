// One reading of a console: the pieces of its text that belong to it, put together, read on from where something was found last. Places are
// counted in the whole console's text, so that several readings can be compared.

export interface Match {
  /** Places of its first character and behind its last one. */
  readonly startsAt: number;
  readonly endsAt: number;
  readonly text: string;
  readonly groups: readonly (string | undefined)[];
}

/** Characters of this reading from `from` on lie at `at` and behind it, up to the next piece. */
interface Piece {
  readonly from: number;
  readonly at: number;
}

/** Characters that are looked at again when more come: what is longer than that is found when the script looks, not while the guest runs. */
const WINDOW = 4096;

export class Reading {
  /** In strings that are joined when somebody looks, for a UART brings one byte at a time: everything, and what was not read yet. */
  private parts: string[] = [];
  private rest: string[] = [];
  private size = 0;
  private readonly pieces: Piece[] = [];
  private position = 0;
  /** The last of what was not read yet, and how much of it is new since hasCome() looked. */
  private window = '';
  private fresh = 0;

  get length(): number {
    return this.size;
  }

  /** More text, which lies at `at`. */
  add(text: string, at: number): void {
    if (text === '') return;
    const last = this.pieces.at(-1);
    if (!last || last.at + (this.size - last.from) !== at) this.pieces.push({ from: this.size, at });
    this.parts.push(text);
    this.rest.push(text);
    this.size += text.length;
    this.window = this.window.length > 2 * WINDOW ? this.window.slice(-WINDOW) + text : this.window + text;
    this.fresh += text.length;
  }

  get text(): string {
    const all = this.parts.join('');
    this.parts = [all];
    return all;
  }

  get unread(): string {
    const all = this.rest.join('');
    this.rest = [all];
    return all;
  }

  /** Has `what` come with what was added since this was last asked? */
  hasCome(what: string | RegExp): boolean {
    if (this.fresh === 0) return false;
    const again = typeof what === 'string' ? what.length - 1 : WINDOW;
    const from = Math.max(0, this.window.length - this.fresh - again);
    this.fresh = 0;
    return search(what, from === 0 ? this.window : this.window.slice(from)) !== null;
  }

  /** The first place of `what` in what was not read yet. */
  look(what: string | RegExp): Match | null {
    const found = search(what, this.unread);
    if (!found) return null;
    const start = this.position + found.at;
    const end = start + found.text.length;
    // Nothing at all is found where it was looked for.
    const startsAt = this.placeOf(start);
    const endsAt = end === start ? startsAt : this.placeOf(end - 1) + 1;
    return { startsAt, endsAt, text: found.text, groups: found.groups };
  }

  /** What was found and ends at place `end` is read. Returns what stands before it. */
  readTo(end: number, found: string): string {
    const { unread, position } = this;
    this.skipTo(end);
    return unread.slice(0, this.position - position - found.length);
  }

  /** Everything that lies before a place is read. */
  skipTo(place: number): void {
    this.moveTo(this.indexOf(place));
  }

  /** Everything before a place is read, but for the line that was not complete there. */
  skipToLineAt(place: number): void {
    const before = this.indexOf(place) - this.position;
    if (before > 0) this.moveTo(this.position + this.unread.lastIndexOf('\n', before - 1) + 1);
  }

  private moveTo(index: number): void {
    if (index <= this.position) return;
    const unread = this.unread.slice(index - this.position);
    this.position = index;
    this.rest = [unread];
    this.window = unread.slice(-WINDOW);
    this.fresh = this.window.length;
  }

  /** Place of the character `index`. */
  private placeOf(index: number): number {
    const piece = this.pieces[this.lastPiece((candidate) => candidate.from <= index)];
    return piece ? piece.at + (index - piece.from) : 0;
  }

  /** The first character that lies at `place` or behind it. */
  private indexOf(place: number): number {
    const last = this.lastPiece((candidate) => candidate.at <= place);
    const piece = this.pieces[last];
    return piece ? Math.min(piece.from + (place - piece.at), this.pieces[last + 1]?.from ?? this.size) : 0;
  }

  /** Number of the last piece for which `holds`, as it does for those before; -1: for none. */
  private lastPiece(holds: (piece: Piece) => boolean): number {
    let [low, high] = [0, this.pieces.length];
    while (low < high) {
      const middle = (low + high) >>> 1;
      if (holds(this.pieces[middle]!)) low = middle + 1;
      else high = middle;
    }
    return low - 1;
  }
}

function search(
  what: string | RegExp,
  where: string,
): { readonly at: number; readonly text: string; readonly groups: readonly (string | undefined)[] } | null {
  if (typeof what === 'string') {
    const at = where.indexOf(what);
    return at < 0 ? null : { at, text: what, groups: [] };
  }
  // Where the last search of a /g or /y ended is nobody's business here.
  const anywhere = what.global || what.sticky ? new RegExp(what.source, what.flags.replaceAll(/[gy]/g, '')) : what;
  const match = anywhere.exec(where);
  return match && { at: match.index, text: match[0], groups: match.slice(1) };
}
