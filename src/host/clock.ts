// The host's clock and event loop, behind the VM's ports. The only file with wall time.

/** Longest delay of setTimeout; longer ones would fire at once. */
const MAX_TIMEOUT_MS = 0x7fffffff;

/** Monotonic milliseconds with a fraction, from an arbitrary start. */
export function monotonicMs(): number {
  return performance.now();
}

/** Let the event loop turn once: stdin, signals and timers are served. */
export function eventLoopTurn(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}

/** Call back once after `ms` (at most about 24 days); returns what cancels it. */
export function oneShot(ms: number, callback: () => void): () => void {
  const timer = setTimeout(callback, Math.min(Math.max(0, Math.ceil(ms)), MAX_TIMEOUT_MS));
  return () => clearTimeout(timer);
}

/** The date now, ISO 8601 UTC with whole seconds: what `--rtc now` becomes. */
export function dateNow(): string {
  return `${new Date().toISOString().slice(0, 19)}Z`;
}
