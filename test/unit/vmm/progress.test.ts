// What is told of a guest that a limit has ended.
import { describe, expect, it } from 'vitest';
import { ProgressWatch } from '../../../src/vmm/progress.ts';

const watch = (now = 1000, instructions = 100) =>
  new ProgressWatch({ now, instructions, nsPerInstruction: 10, skipTo: () => {} });

describe('progress', () => {
  it('tells a loop from a guest that gets about', () => {
    const seen = watch();
    for (let i = 0; i < 40; i++) seen.step(0, 0x100 + 4 * (i % 3));
    for (let i = 0; i < 40; i++) seen.step(1, 0x200 + 4 * i);
    expect(seen.note.cpus).toMatchObject([
      { cpu: 0, loops: true, instructions: 40, places: 3, from: 0x100, to: 0x108 },
      { cpu: 1, loops: false, instructions: 40, places: 40, from: 0x200, to: 0x29c },
    ]);
  });

  it('names the places that were visited most', () => {
    const seen = watch();
    for (const pc of [8, 4, 8, 4, 8, 0]) seen.step(0, pc);
    expect(seen.note.cpus[0]?.most).toEqual([
      [8, 3],
      [4, 2],
      [0, 1],
    ]);
  });

  it('knows when the guest spoke last, and how long nobody ran', () => {
    const seen = watch(5000, 100);
    expect(seen.note).toEqual({ lastOutputNs: null, idleNs: 4000, cpus: [] });
    seen.consoleOutput();
    expect(seen.note.lastOutputNs).toBe(5000);
  });
});
