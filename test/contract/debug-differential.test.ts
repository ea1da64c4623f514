// A slice of scripts/debug-differential.ts: random programs, plainly and debugged.
import { describe, expect, it } from 'vitest';
import { type DebuggedGuest, DebugStand } from '../support/debug/differential.ts';

const SEEDS = 40;

describe.each<DebuggedGuest>(['mips-little', 'mips-big', 'arm'])('random programs of %s under a debugger', (guest) => {
  it('come to the state they come to plainly, and stop each time they come to a breakpoint', () => {
    const stand = new DebugStand(guest);
    let stops = 0;
    for (let seed = 1; seed <= SEEDS; seed++) {
      const trial = stand.run(seed);
      expect(trial.differences, `seed ${seed}`).toEqual([]);
      stops += trial.stops;
    }
    expect(stops).toBeGreaterThan(10 * SEEDS);
  }, 60_000);
});
