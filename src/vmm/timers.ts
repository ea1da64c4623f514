// Timers for devices, on guest time. One queue per VM, ordered by instant and then by when they were set, so that two
// runs fire in the same order. The runner bounds every KVM_RUN by `next` and calls runDue between two instructions.
import type { GuestTimer } from '../devices/device.ts';
import type { VmClock } from '../kvm/contract.ts';

interface Timer {
  readonly handle: number;
  readonly at: number;
  readonly callback: () => void;
}

export class GuestTimers implements GuestTimer {
  private readonly clock: VmClock;
  private queue: Timer[] = [];
  private lastHandle = 0;

  constructor(clock: VmClock) {
    this.clock = clock;
  }

  /** Guest instant in nanoseconds. */
  get now(): number {
    return this.clock.now;
  }

  /** Instant of the earliest timer, or Infinity. */
  get next(): number {
    return this.queue[0]?.at ?? Number.POSITIVE_INFINITY;
  }

  schedule(at: number, callback: () => void): number {
    const timer = { handle: ++this.lastHandle, at, callback };
    const position = this.queue.findIndex((other) => other.at > at);
    this.queue.splice(position < 0 ? this.queue.length : position, 0, timer);
    return timer.handle;
  }

  cancel(handle: number): void {
    this.queue = this.queue.filter((timer) => timer.handle !== handle);
  }

  /** Fire everything due now, earliest first, also what the callbacks set for now. */
  runDue(): void {
    while (this.next <= this.clock.now) this.queue.shift()!.callback();
  }
}
