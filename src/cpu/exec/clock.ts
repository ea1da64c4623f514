// Guest time: one number per VM, the count of instructions retired by all vCPUs (one more per exception taken) times nanoseconds per
// instruction, plus idle time skipped. No vCPU ever reads a time below one already read by another.
import type { VmClock } from '../../kvm/contract.ts';

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
