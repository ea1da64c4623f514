// The six modes of an 8254 counter (Intel 8254 data sheet, order 231164, "Mode definitions") as functions of the ticks that were counted
// since the counting element was loaded with `count` (1 to 65536).

export type I8254Mode = 0 | 1 | 2 | 3 | 4 | 5;

/** The output. */
export function outputAfter(mode: I8254Mode, count: number, elapsed: number): boolean {
  switch (mode) {
    case 0: // interrupt on terminal count
      return elapsed >= count;
    case 1: // hardware retriggerable one-shot
      return elapsed >= count;
    case 2: // rate generator: low for the last tick of a period
      return count === 1 || elapsed % count !== count - 1;
    case 3: // square wave: an odd count's high half is a tick longer
      return elapsed % count < highHalf(count);
    default: // strobes
      return elapsed !== count;
  }
}

/** The ticks after which the output changes next; undefined: it does not change again. A periodic count of 1 is illegal and changes nothing. */
export function nextChange(mode: I8254Mode, count: number, elapsed: number): number | undefined {
  if (mode === 2 || mode === 3) {
    if (count === 1) return undefined;
    const within = elapsed % count;
    const low = mode === 2 ? count - 1 : highHalf(count);
    return elapsed - within + (within < low ? low : count);
  }
  if (elapsed < count) return count;
  return mode >= 4 && elapsed === count ? count + 1 : undefined;
}

/** The counting element, not yet wrapped: below 0 when it counted through 0. */
export function countAfter(mode: I8254Mode, count: number, elapsed: number): number {
  if (mode === 2) return count - (elapsed % count);
  if (mode !== 3) return count - elapsed;
  // Counts by two; an odd count is loaded less one.
  const within = elapsed % count;
  const high = highHalf(count);
  return Math.max(0, (count & ~1) - 2 * (within < high ? within : within - high));
}

/** Ticks of a square wave's high half. */
export function highHalf(count: number): number {
  return Math.ceil(count / 2);
}
