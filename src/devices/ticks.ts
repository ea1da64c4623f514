// Counting the ticks of a fixed-rate clock in guest time, exactly: no rounding adds up, however long a guest runs.
const SECOND = 1_000_000_000;

/** Whole ticks of a clock of `hz` (an integer up to 8,000,000) that passed by guest instant `ns`; may be negative. */
export function ticksAt(ns: number, hz: number): number {
  const whole = Math.floor(ns);
  const seconds = Math.floor(whole / SECOND);
  return seconds * hz + Math.floor(((whole - seconds * SECOND) * hz) / SECOND);
}

/** The first whole guest nanosecond at which `ticksAt` is `ticks` or more. */
export function instantOf(ticks: number, hz: number): number {
  const seconds = Math.floor(ticks / hz);
  return seconds * SECOND + Math.ceil(((ticks - seconds * hz) * SECOND) / hz);
}
