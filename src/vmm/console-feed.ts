// Console input on its way to the guest. Journaled bytes are offered here at their instant; bytes of a regular file are pulled.
// Both move on only when the console device has room, which changes only at exits of the guest: so the moment is
// the same in every run.
import type { ConsoleInput } from '../devices/device.ts';

/** Port: input that can be read at any time without waiting, such as a regular file. */
export interface PullSource {
  /** Up to `max` more bytes; empty at the end. */
  read(max: number): Uint8Array;
}

/** Stands for a break in the queue. */
const BREAK = new Uint8Array(0);

export class ConsoleFeed {
  private readonly console: ConsoleInput;
  private readonly pull: PullSource | null;
  /** With BREAK in it where there is one. */
  private queue: Uint8Array[] = [];
  private pulledAll: boolean;

  constructor(console: ConsoleInput, pull: PullSource | null) {
    this.console = console;
    this.pull = pull;
    this.pulledAll = pull === null;
  }

  /** Bytes offered and not taken by the guest. */
  get queued(): number {
    return this.queue.reduce((sum, bytes) => sum + bytes.length, 0);
  }

  offer(bytes: Uint8Array): void {
    if (bytes.length > 0) this.queue.push(bytes);
    this.pump();
  }

  /** A break on the line, behind what was offered before. */
  offerBreak(): void {
    this.queue.push(BREAK);
    this.pump();
  }

  /** Hand over what the guest has room for. Called after everything that may have made room. */
  pump(): void {
    while (this.queue.length > 0 || !this.pulledAll) {
      const room = this.console.room();
      if (room <= 0) return;
      if (this.queue.length === 0) this.refill(room);
      const bytes = this.queue[0];
      if (!bytes) return;
      if (bytes === BREAK) {
        if (this.console.inputBreak?.() === false) return;
        this.queue.shift();
        continue;
      }
      const taken = this.console.input(bytes.subarray(0, room));
      if (taken <= 0) return;
      if (taken < bytes.length) this.queue[0] = bytes.subarray(taken);
      else this.queue.shift();
    }
  }

  private refill(room: number): void {
    const bytes = this.pull?.read(room);
    if (bytes && bytes.length > 0) this.queue.push(bytes);
    else this.pulledAll = true;
  }
}
