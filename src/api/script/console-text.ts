// What a script sees of a console: text with `\n` for line ends, read on from where it last found something. The bytes are kept as they are.

/** What was found. */
export interface Found {
  /** What matched. */
  readonly text: string;
  /** Groups of a regular expression. */
  readonly groups: readonly (string | undefined)[];
  /** What the guest had put out since the last thing found. */
  readonly before: string;
}

/** Characters that are looked at again when more come: what is longer than that is found when the script looks, not while the guest runs. */
const WINDOW = 4096;

export class ConsoleText {
  private readonly decoder = new TextDecoder();
  private data = new Uint8Array(WINDOW);
  private length = 0;
  /** In pieces, for a UART brings one byte at a time. */
  private pieces: string[] = [];
  /** A CR whose LF may yet come. */
  private pendingCr = false;
  private readTo = 0;
  /** The last of what was not read yet. */
  private window = '';

  /** The bytes are copied. */
  add(bytes: Uint8Array): void {
    this.keep(bytes);
    const raw = `${this.pendingCr ? '\r' : ''}${this.decoder.decode(bytes, { stream: true })}`;
    this.pendingCr = raw.endsWith('\r');
    const text = (this.pendingCr ? raw.slice(0, -1) : raw).replaceAll(/\r+\n/g, '\n');
    this.pieces.push(text);
    this.window = this.window.slice(-WINDOW) + text;
  }

  /** Everything so far. */
  get text(): string {
    const all = this.pieces.join('');
    this.pieces = [all];
    return all;
  }

  /** What was not read yet. */
  get unread(): string {
    return this.text.slice(this.readTo);
  }

  /** Exactly what the guest has put out. */
  get bytes(): Uint8Array {
    return this.data.slice(0, this.length);
  }

  /** Has `what` come with what was added last? */
  hasCome(what: string | RegExp): boolean {
    return look(what, this.window) !== null;
  }

  /** The first place of `what` in what was not read yet, which is read then up to its end; null when it is not there. */
  find(what: string | RegExp): Found | null {
    const { unread } = this;
    const found = look(what, unread);
    if (!found) return null;
    const { at, text, groups } = found;
    this.readTo += at + text.length;
    this.window = unread.slice(at + text.length);
    return { text, groups, before: unread.slice(0, at) };
  }

  private keep(bytes: Uint8Array): void {
    const length = this.length + bytes.length;
    if (length > this.data.length) {
      const larger = new Uint8Array(Math.max(2 * this.data.length, length));
      larger.set(this.data);
      this.data = larger;
    }
    this.data.set(bytes, this.length);
    this.length = length;
  }
}

function look(
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
