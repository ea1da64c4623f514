// Guest time: one number per VM, the count of instructions retired by all vCPUs (one more per exception taken) times nanoseconds per
// instruction, plus idle time skipped. No vCPU ever reads a time below one already read by another.
import type { VmClock } from '../../kvm/contract.ts';
import { WORD } from './layout.ts';

export class InstructionClock implements VmClock {
  readonly nsPerInstruction: number;
  private count = 0;
  private idle = 0;

  constructor(nsPerInstruction: number) {
    this.nsPerInstruction = nsPerInstruction;
  }

  get instructions(): number {
    return this.count;
  }

  get now(): number {
    return this.count * this.nsPerInstruction + this.idle;
  }

  /** Retire `count` instructions (negative: an instruction is taken back, to run again). */
  retire(count: number): void {
    this.count += count;
  }

  skipTo(instant: number): void {
    const whole = Math.ceil(instant); // guest time is whole nanoseconds
    if (whole > this.now) this.idle += whole - this.now;
  }
}

/** Make the engine words say that a run of at most `budget` instructions begins at guest time `now`. */
export function beginRun(i32: Int32Array, budget: number, now: number): void {
  i32[WORD.BUDGET >>> 2] = budget;
  i32[WORD.LEFT >>> 2] = budget;
  i32[WORD.REGION_LEFT >>> 2] = budget;
  i32[WORD.NOW_BASE >>> 2] = now; // modulo 2^32
  i32[(WORD.NOW_BASE >>> 2) + 1] = Math.floor(now / 2 ** 32);
}

/** Instructions of the run that are done. */
export function executed(i32: Int32Array): number {
  return i32[WORD.BUDGET >>> 2]! - i32[WORD.LEFT >>> 2]!;
}
