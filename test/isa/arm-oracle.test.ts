// Random ARM instructions on tsvm's core against qemu-arm's recorded results (test/support/arm). More of them, live: scripts/arm-oracle.ts.
import { describe, expect, it } from 'vitest';
import { EmulatedMachine } from '../support/arm/emulated.ts';
import { EvaluatedMachine } from '../support/arm/evaluated.ts';
import { readFixture } from '../support/arm/fixture.ts';
import { type ArmResult, compareResults, describeRecord } from '../support/arm/machine.ts';
import { namesOf, SUITES } from '../support/arm/words.ts';

/** Differing records that a failure shows in full. */
const SHOWN = 3;

describe.each(SUITES)('random %s records', (suite) => {
  const records = readFixture(suite);

  // The evaluator walks the rows' statements: where it agrees and the engine does not, the engine is wrong.
  it.each([
    ['engine', () => new EmulatedMachine()],
    ['evaluator', () => new EvaluatedMachine()],
  ] as const)(
    'end as under qemu-arm: %s',
    (_, create) => {
      const machine = create();
      const reports: string[] = [];
      let differing = 0;
      for (const { record, result } of records) {
        const differences = compareResults(record, result, machine.run(record));
        if (differences.length === 0) continue;
        differing++;
        if (differing <= SHOWN)
          reports.push(`${describeRecord(record, namesOf(record))}\n  ${differences.join('\n  ')}`);
      }
      expect(reports.join('\n'), `${differing} of ${records.length} records differ`).toBe('');
    },
    120_000,
  );
});

describe('the comparison', () => {
  const { record, result } = readFixture('a32').find((item) => item.result.stop === 'undefined')!;
  const differs = (change: Partial<ArmResult>): string[] => compareResults(record, result, { ...result, ...change });

  it('sees one wrong bit anywhere', () => {
    const r = result.r.slice();
    r[14]! ^= 0x80000000;
    const d = result.d.slice();
    d[31]! ^= 1n;
    const window = result.window.slice();
    window[63]! ^= 1;
    expect(differs({})).toEqual([]);
    expect(differs({ r })).toHaveLength(1);
    expect(differs({ d })).toHaveLength(1);
    expect(differs({ window })).toHaveLength(1);
    expect(differs({ cpsr: result.cpsr ^ 0x08000000 })).toHaveLength(1);
    expect(differs({ fpscr: result.fpscr ^ 1 })).toHaveLength(1);
    expect(differs({ pc: result.pc + 4 })).toHaveLength(1);
    expect(differs({ stop: 'fetch' })).toHaveLength(1);
    expect(differs({ strays: [1, 0x50104100, 0] }).length).toBeGreaterThan(0);
  });
});
