// How long the guest runs before the host is served: slices of a few milliseconds of host time, cut into chunks of
// instructions from the measured speed. Slices are no architectural events: nothing here reaches the schedule or the guest.

/** Host milliseconds a slice should take; input and signals are served between slices, within 20 ms in any case. */
const SLICE_MS = 5;
/** Host milliseconds one uninterrupted KVM_RUN should take; the guest may turn 10 times slower within one and still be in time. */
const CHUNK_MS = 1;
const MIN_CHUNK = 2_000;
/** The engine's baseline code is replaced by optimised code only when it is left (ENGINE: return every 50-100 thousand at first). */
const FIRST_CHUNK = 50_000;
const MAX_CHUNK = 1_000_000;
/** Exits between two looks at the host clock. */
const EXITS_PER_LOOK = 16;

export class Pacer {
  private readonly nowMs: () => number;
  private sliceEnd = 0;
  private exits = 0;
  private over = false;
  private chunkStartMs = 0;
  private chunkStartInstructions = 0;
  private chunk = FIRST_CHUNK;

  /** `nowMs`: monotonic host milliseconds with a fraction. */
  constructor(nowMs: () => number) {
    this.nowMs = nowMs;
  }

  startSlice(): void {
    this.sliceEnd = this.nowMs() + SLICE_MS;
    this.over = false;
    this.exits = 0;
  }

  /** Instructions the next KVM_RUN may take. `retired` is the VM's count now. */
  startChunk(retired: number): number {
    this.chunkStartMs = this.nowMs();
    this.chunkStartInstructions = retired;
    return this.chunk;
  }

  /** Learn from the chunk that has just ended. */
  endChunk(retired: number): void {
    const now = this.look();
    const ms = now - this.chunkStartMs;
    const done = retired - this.chunkStartInstructions;
    if (ms <= 0 || done < this.chunk / 2) return;
    const wanted = (done / ms) * CHUNK_MS;
    this.chunk = Math.round(Math.min(MAX_CHUNK, Math.max(MIN_CHUNK, Math.min(wanted, this.chunk * 2))));
  }

  /** An exit was served: the host clock is looked at now and then, for exits may be slow. */
  countExit(): void {
    this.exits++;
    if (this.exits % EXITS_PER_LOOK === 0) this.look();
  }

  /** Look at the host clock. */
  look(): number {
    const now = this.nowMs();
    if (now >= this.sliceEnd) this.over = true;
    return now;
  }

  /** End the slice at the next instruction (output waits to be written). */
  endSlice(): void {
    this.over = true;
  }

  /** Is it the host's turn? */
  get sliceOver(): boolean {
    return this.over;
  }
}
