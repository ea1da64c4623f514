// Random ARM programs (test/support/arm-programs): the interpreter in long runs against slices of some instructions, compiled regions and lockstep.
// scripts/arm-differential.ts runs more.
import { describe, expect, it } from 'vitest';
import { makeArmProgram } from '../support/arm-programs/program.ts';
import { ArmStand } from '../support/arm-programs/trial.ts';

const PROGRAMS = 80;

describe('random ARM programs', () => {
  it('are the same for the same seed', () => {
    const [first, again] = [makeArmProgram(7), makeArmProgram(7)];
    expect(Buffer.compare(first.ram, again.ram)).toBe(0);
    expect({ ...first, ram: null }).toEqual({ ...again, ram: null });
  });

  it('run alike in the interpreter, in slices, as regions and in lockstep', () => {
    const stand = new ArmStand();
    const reports: string[] = [];
    let compiled = 0;
    for (let seed = 0; seed < PROGRAMS && reports.length < 3; seed++) {
      const result = stand.run(seed);
      compiled += result.compiled;
      if (result.differences.length > 0) reports.push(`seed ${seed}: ${result.differences.slice(0, 12).join('\n  ')}`);
    }
    expect(reports.join('\n')).toBe('');
    expect(compiled).toBeGreaterThan(PROGRAMS);
  });
});
