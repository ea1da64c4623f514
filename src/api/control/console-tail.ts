// The last bytes of a console's output, for a terminal that comes later.

// What asks a terminal something, which it answers as if it were typed (ECMA-48 and xterm's ctlseqs): ENQ, DECID, CSI ... n, c, x, t, $p, >q and ?u, DCS $q
// and +q, OSC with ?. Whom it asked has answered.
const QUESTIONS = [
  '\\x05',
  '\\x1bZ',
  '\\x1b\\[[?>=]?[\\d;]*[cnx]',
  '\\x1b\\[(?:1[1-9]|2[01])(?:;[\\d;]*)?t',
  '\\x1b\\[\\??[\\d;]*\\$p',
  '\\x1b\\[>[\\d;]*q',
  '\\x1b\\[\\?u',
  '\\x1bP[$+]q[^\\x1b]*\\x1b\\\\',
  '\\x1b\\][\\d;]*;\\?[^\\x07\\x1b]*(?:\\x07|\\x1b\\\\)',
].join('|');

export class ConsoleTail {
  private readonly most: number;
  private pieces: Uint8Array[] = [];
  private length = 0;

  /** `most`: bytes that are kept. */
  constructor(most: number) {
    this.most = most;
  }

  add(bytes: Uint8Array): void {
    // A copy, so that a small rest does not keep a large piece.
    const piece = bytes.slice(-this.most);
    this.pieces.push(piece);
    this.length += piece.length;
    while (this.length - this.pieces[0]!.length >= this.most) this.length -= this.pieces.shift()!.length;
  }

  /** Up to `count` bytes, without what asks a terminal something; when there are more, they begin with a line if one begins there. */
  last(count: number): Uint8Array {
    return withoutQuestions(this.cut(count));
  }

  private cut(count: number): Buffer {
    const all = Buffer.concat(this.pieces);
    if (all.length <= count) return all;
    const cut = all.subarray(all.length - count);
    const line = cut.indexOf('\n') + 1;
    return line < cut.length ? cut.subarray(line) : cut;
  }
}

function withoutQuestions(bytes: Buffer): Uint8Array {
  return Buffer.from(bytes.toString('latin1').replace(new RegExp(QUESTIONS, 'g'), ''), 'latin1');
}
