// Waiting for the host without spinning: until woken, until a promise settles, or for a time, whichever comes first.

/** Port: one-shot host timers. */
export interface TimerPort {
  timer(ms: number, callback: () => void): () => void;
}

export class Waiter {
  private readonly host: TimerPort;
  private waiting: (() => void) | null = null;

  constructor(host: TimerPort) {
    this.host = host;
  }

  /** End the wait that is going on, if any. Conditions are checked by the waiting side before it waits. */
  wake(): void {
    this.waiting?.();
  }

  /** Wait at most `ms` (Infinity: no limit); `alongside` settling, either way, ends it too. One wait at a time. */
  wait(ms: number, alongside?: Promise<unknown>): Promise<void> {
    return new Promise((resolve) => {
      let cancel = (): void => {};
      const done = (): void => {
        if (this.waiting !== done) return;
        this.waiting = null;
        cancel();
        resolve();
      };
      this.waiting = done;
      if (ms !== Number.POSITIVE_INFINITY) cancel = this.host.timer(Math.max(0, ms), done);
      alongside?.then(done, done);
    });
  }
}
