// Lines out of a stream of bytes, none longer than a limit: what comes after a longer one is not looked at.

const NEWLINE = 0x0a;

export class LineReader {
  private readonly limit: number;
  private readonly decoder = new TextDecoder();
  private pieces: Uint8Array[] = [];
  /** Bytes of the line that has not ended. */
  private length = 0;
  private lines: string[] = [];
  private taken = 0;
  private overlong = false;

  /** `limit`: bytes of a line without its newline. */
  constructor(limit: number) {
    this.limit = limit;
  }

  /** A line was longer than the limit. The lines before it can still be taken. */
  get tooLong(): boolean {
    return this.overlong;
  }

  add(bytes: Uint8Array): void {
    let from = 0;
    while (!this.overlong && from < bytes.length) {
      const at = bytes.indexOf(NEWLINE, from);
      this.keep(bytes.subarray(from, at < 0 ? bytes.length : at));
      if (at < 0) return;
      if (!this.overlong) this.lines.push(this.finish());
      from = at + 1;
    }
  }

  /** The next line without its newline; undefined: it has not come yet. */
  next(): string | undefined {
    const line = this.lines[this.taken++];
    if (line !== undefined) return line;
    this.lines = [];
    this.taken = 0;
    return undefined;
  }

  private keep(piece: Uint8Array): void {
    this.length += piece.length;
    this.overlong = this.length > this.limit;
    if (this.overlong) this.pieces = [];
    else if (piece.length > 0) this.pieces.push(piece.slice());
  }

  private finish(): string {
    const bytes = this.pieces.length === 1 ? this.pieces[0]! : Buffer.concat(this.pieces);
    this.pieces = [];
    this.length = 0;
    return this.decoder.decode(bytes);
  }
}
