// Ticks of a clock in guest time, against integers without bounds.
import { describe, expect, it } from 'vitest';
import { instantOf, ticksAt } from '../../../src/devices/ticks.ts';
import { random } from '../../support/devices/fakes.ts';

const RATES = [1, 2, 8192, 1_193_182, 8_000_000];
const SECOND = 1_000_000_000n;

const exactTicks = (ns: number, hz: number) => Number((BigInt(ns) * BigInt(hz)) / SECOND);

describe.each(RATES)('a clock of %i Hz', (hz) => {
  it('has ticked exactly as often as its rate says, at any instant of 100 days', () => {
    const next = random(hz);
    for (let i = 0; i < 500; i++) {
      const ns = (next() % 8_640_000) * 1_000_000_000 + (next() % 1_000_000_000);
      expect(ticksAt(ns, hz)).toBe(exactTicks(ns, hz));
    }
  });

  it('reaches a tick at the instant that instantOf names, and not a nanosecond before', () => {
    const next = random(hz + 1);
    for (let i = 0; i < 500; i++) {
      const tick = (next() % 1_000_000) * hz + (next() % hz);
      const at = instantOf(tick, hz);
      expect([ticksAt(at - 1, hz) < tick, ticksAt(at, hz) >= tick]).toEqual([true, true]);
    }
  });

  it('does not tick within a nanosecond of guest time', () => {
    for (let tick = 1; tick < 100; tick++) {
      const before = instantOf(tick, hz) - 1;
      expect(ticksAt(before + 0.999, hz)).toBe(ticksAt(before, hz));
    }
  });

  it('ticked before the machine started', () => {
    expect([ticksAt(-1, hz), ticksAt(-1_000_000_000, hz)]).toEqual([-1, -hz]);
  });
});
