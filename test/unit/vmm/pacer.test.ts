import { describe, expect, it } from 'vitest';
import { Pacer } from '../../../src/vmm/pacer.ts';

/** Run whole chunks of a guest of `mips` million instructions per second until the slice is over. */
function slice(pacer: Pacer, time: { ms: number }, mips: number, count: { retired: number }): number {
  const start = time.ms;
  pacer.startSlice();
  while (!pacer.sliceOver) {
    const chunk = pacer.startChunk(count.retired);
    time.ms += chunk / (mips * 1000);
    count.retired += chunk;
    pacer.endChunk(count.retired);
  }
  return time.ms - start;
}

describe('slices', () => {
  it.each([1, 20, 500, 3000])('take a few milliseconds of host time at %i MIPS', (mips) => {
    const time = { ms: 0 };
    const pacer = new Pacer(() => time.ms);
    const count = { retired: 0 };
    for (let i = 0; i < 20; i++) slice(pacer, time, mips, count);
    expect(slice(pacer, time, mips, count)).toBeLessThan(10);
  });

  it('stay under 20 ms when the guest turns ten times slower from one chunk to the next', () => {
    const time = { ms: 0 };
    const pacer = new Pacer(() => time.ms);
    const count = { retired: 0 };
    for (let i = 0; i < 20; i++) slice(pacer, time, 500, count);
    expect(slice(pacer, time, 50, count)).toBeLessThan(20);
  });

  it('end when exits are slow, without waiting for the chunk', () => {
    const time = { ms: 0 };
    const pacer = new Pacer(() => time.ms);
    pacer.startSlice();
    pacer.startChunk(0);
    let exits = 0;
    while (!pacer.sliceOver && exits < 10_000) {
      time.ms += 0.1;
      exits++;
      pacer.countExit();
    }
    expect(time.ms).toBeLessThan(10);
  });
});
