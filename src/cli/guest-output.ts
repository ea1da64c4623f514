// The guest's console bytes on their way to stdout: unchanged, in order, none lost, and no faster than the reader takes
// them. A pipe is asynchronous in Node, so leaving before it is drained would cut the output at 64 KiB.
import type { Writable } from 'node:stream';

const NEWLINE = 0x0a;

export class GuestOutput {
  /** Bytes the guest has written so far. */
  bytes = 0;
  private readonly stream: Writable;
  private gone = false;
  private midLine = false;
  private readonly waiters = new Set<() => void>();

  /** Called once when nobody reads stdout any more (EPIPE) or it failed (such as ENOSPC). */
  onGone: (error: NodeJS.ErrnoException) => void = () => {};

  constructor(stream: Writable) {
    this.stream = stream;
    stream.on('error', (error: NodeJS.ErrnoException) => this.fail(error));
    stream.on('drain', () => this.release());
    stream.on('close', () => this.release());
  }

  /** Did the guest's last byte leave the cursor in the middle of a line? Forgets it, as the asker ends that line. */
  takeMidLine(): boolean {
    const was = this.midLine;
    this.midLine = false;
    return was;
  }

  /** Take console bytes. A promise means: wait for it before writing more, the reader is slow. */
  write(bytes: Uint8Array): Promise<void> | undefined {
    if (bytes.length === 0) return undefined;
    this.bytes += bytes.length;
    this.midLine = bytes[bytes.length - 1] !== NEWLINE;
    if (this.gone) return undefined;
    return this.stream.write(bytes) ? undefined : new Promise((resolve) => this.waiters.add(resolve));
  }

  /**
   * Resolves to the number of bytes that were not taken: 0 when the reader has them all or is gone. `patience` bounds the
   * wait in milliseconds of wall time; without it a slow reader is waited for.
   */
  async flush(patience?: number): Promise<number> {
    if (this.gone || this.stream.writableLength === 0) return 0;
    const done = new Promise<void>((resolve) => {
      this.waiters.add(resolve);
      this.stream.write('', () => resolve());
    });
    if (patience === undefined) {
      await done;
      return 0;
    }
    let timer: NodeJS.Timeout | undefined;
    const late = new Promise<void>((resolve) => {
      timer = setTimeout(resolve, patience);
    });
    await Promise.race([done, late]);
    clearTimeout(timer);
    return this.gone ? 0 : this.stream.writableLength;
  }

  private fail(error: NodeJS.ErrnoException): void {
    if (this.gone) return;
    this.gone = true;
    this.release();
    this.onGone(error);
  }

  private release(): void {
    for (const resolve of this.waiters) resolve();
    this.waiters.clear();
  }
}
