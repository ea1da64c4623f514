// Console output on its way out: collected while the guest runs, handed over between slices, in order, and waited for, so that
// a slow reader holds the guest instead of filling memory.

/** Bytes after which the guest is made to wait for the reader. */
const HIGH_WATER = 0x40000;

export class OutputQueue {
  private chunks: Uint8Array[] = [];
  private bytes = 0;
  private onHighWater: () => void = () => {};
  private onWrite: (bytes: Uint8Array) => void = () => {};

  /** Call `listener` when so much waits that the guest should be held. */
  setHighWaterListener(listener: () => void): void {
    this.onHighWater = listener;
  }

  /** Call `listener` with everything that is written, as it is written; the bytes are not the listener's to keep. */
  setWriteListener(listener: (bytes: Uint8Array) => void): void {
    this.onWrite = listener;
  }

  /** The bytes are copied: devices reuse their buffers. */
  write(bytes: Uint8Array): void {
    if (bytes.length === 0) return;
    this.chunks.push(bytes.slice());
    this.bytes += bytes.length;
    this.onWrite(bytes);
    if (this.bytes >= HIGH_WATER) this.onHighWater();
  }

  /** Everything collected so far as one piece; empty when there is nothing. */
  take(): Uint8Array {
    const all = new Uint8Array(this.bytes);
    let at = 0;
    for (const chunk of this.chunks) {
      all.set(chunk, at);
      at += chunk.length;
    }
    this.chunks = [];
    this.bytes = 0;
    return all;
  }
}
