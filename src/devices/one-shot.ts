// A guest timer's callback that a device keeps moving: at most one is pending at a time.
import type { GuestTimer } from './device.ts';

export class OneShot {
  private readonly timer: GuestTimer;
  private readonly fire: () => void;
  private due: number | undefined;
  private handle = 0;

  /** `fire` is called once for every instant set that is reached; nothing is pending then, and it may set the next. */
  constructor(timer: GuestTimer, fire: () => void) {
    this.timer = timer;
    this.fire = fire;
  }

  /** The guest instant (ns) of the pending callback; undefined: none is pending. */
  get at(): number | undefined {
    return this.due;
  }

  /** Fire at guest instant `at` (ns) and not at the one set before; undefined: do not fire. */
  set(at: number | undefined): void {
    if (this.due !== undefined) this.timer.cancel(this.handle);
    this.due = at;
    if (at === undefined) return;
    this.handle = this.timer.schedule(at, () => {
      this.due = undefined;
      this.fire();
    });
  }
}
