// The last bytes of a console's output, for a terminal that comes later.

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

  /** Up to `count` bytes; when there are more, they begin with a line if one begins there. */
  last(count: number): Uint8Array {
    const all = Buffer.concat(this.pieces);
    if (all.length <= count) return all;
    const cut = all.subarray(all.length - count);
    const line = cut.indexOf('\n') + 1;
    return line < cut.length ? cut.subarray(line) : cut;
  }
}
