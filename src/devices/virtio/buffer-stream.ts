// The bytes of a chain's readable or writable part as one stream, wherever the driver cut it into descriptors (virtio 1.2
// section 2.7.4: a device makes no assumption about the framing).
import type { GuestMemory } from '../../memory/guest-memory.ts';
import { type GuestBuffer, VirtqueueError } from './chain.ts';

export class BufferStream {
  private readonly memory: GuestMemory;
  private readonly buffers: readonly GuestBuffer[];
  private index = 0;
  private done = 0;

  /** Throws VirtqueueError when a buffer is not in RAM: the slots may have changed since the chain was read. */
  constructor(memory: GuestMemory, buffers: readonly GuestBuffer[]) {
    for (const { gpa, length } of buffers)
      if (!memory.contains(gpa, length)) throw new VirtqueueError('buffer outside RAM');
    this.memory = memory;
    this.buffers = buffers;
  }

  /** Fill `into` from the stream; there must be as much left. */
  read(into: Uint8Array): void {
    this.step(into.length, (gpa, from, to) => this.memory.read(gpa, into.subarray(from, to)));
  }

  /** Write `bytes` to the stream; there must be room. */
  write(bytes: Uint8Array): void {
    this.step(bytes.length, (gpa, from, to) => this.memory.write(gpa, bytes.subarray(from, to)));
  }

  skip(length: number): void {
    this.step(length, () => {});
  }

  private step(length: number, move: (gpa: number, from: number, to: number) => void): void {
    let moved = 0;
    while (moved < length) {
      const buffer = this.buffers[this.index];
      if (!buffer) throw new Error('a buffer stream was moved beyond its end');
      const count = Math.min(length - moved, buffer.length - this.done);
      move(buffer.gpa + this.done, moved, moved + count);
      moved += count;
      this.done += count;
      if (this.done === buffer.length) {
        this.index++;
        this.done = 0;
      }
    }
  }
}
