import { describe, expect, it } from 'vitest';
import { GuestTimers } from '../../../src/vmm/timers.ts';
import { FakeClock } from '../../support/vmm/fake-kvm.ts';

function setUp() {
  const clock = new FakeClock(1);
  return { clock, timers: new GuestTimers(clock), fired: [] as string[] };
}

describe('guest timers', () => {
  it('fire at or after their instant, earliest first and in the order they were set', () => {
    const { clock, timers, fired } = setUp();
    for (const [name, at] of [
      ['c', 30],
      ['a', 10],
      ['b1', 20],
      ['b2', 20],
    ] as const)
      timers.schedule(at, () => fired.push(name));
    expect(timers.next).toBe(10);
    clock.instructions = 9;
    timers.runDue();
    expect(fired).toEqual([]);
    clock.instructions = 25;
    timers.runDue();
    expect(fired).toEqual(['a', 'b1', 'b2']);
    expect(timers.next).toBe(30);
  });

  it('do not fire when cancelled, not even by a timer of the same instant', () => {
    const { clock, timers, fired } = setUp();
    let second = 0;
    timers.schedule(10, () => timers.cancel(second));
    second = timers.schedule(10, () => fired.push('second'));
    clock.instructions = 10;
    timers.runDue();
    expect(fired).toEqual([]);
    expect(timers.next).toBe(Number.POSITIVE_INFINITY);
  });

  it('that a callback sets for now fire in the same turn, later ones later', () => {
    const { clock, timers, fired } = setUp();
    timers.schedule(10, () => {
      timers.schedule(timers.now, () => fired.push('now'));
      timers.schedule(timers.now + 1, () => fired.push('later'));
    });
    clock.instructions = 10;
    timers.runDue();
    expect(fired).toEqual(['now']);
    expect(timers.next).toBe(11);
  });
});
