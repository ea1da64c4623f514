// The outside oracle, recorded: a fixed slice of random instruction records must end as qemu-user (Debian's qemu-mips and
// qemu-mipsel) ended them. `npx tsx scripts/oracle.ts` compares live; docs/evidence/random-instructions.md holds the long run.
import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { EmulatedMachine } from '../support/oracle/emulated.ts';
import { BRANCH_MAKERS, PLAIN_MAKERS } from '../support/oracle/encodings.ts';
import { FIXTURE_SEED, fixturePath, hashRecords, parseFixture, parseResult } from '../support/oracle/fixture.ts';
import { compareResults, describeRecord, type RecordResult } from '../support/oracle/machine.ts';
import { makeRecords } from '../support/oracle/records.ts';

/** Differing records reported in full. */
const SHOWN = 3;

describe.each(['little', 'big'] as const)('random MIPS32r2 instructions, %s endian', (endianness) => {
  const fixture = parseFixture(readFileSync(fixturePath(endianness), 'utf8'));
  const records = makeRecords(FIXTURE_SEED, 0, fixture.count, endianness);
  const expected = records.map((record, n) => parseResult(record, fixture.lines[n]!));

  it('are the records whose results were recorded', () => {
    expect(hashRecords(records), 'renew the fixture: npx tsx scripts/oracle.ts --record').toBe(fixture.hash);
  });

  it('cover every user integer instruction and every way to end', () => {
    const mnemonics = new Set(records.flatMap((record) => record.name.split(' ')));
    const makers = [...PLAIN_MAKERS, ...BRANCH_MAKERS, { name: 'sc' }, { name: 'reserved' }];
    expect(makers.filter(({ name }) => !mnemonics.has(name))).toEqual([]);
    expect(new Set(expected.map(({ stop }) => stop))).toEqual(
      new Set(['break', 'overflow', 'trap', 'address-error', 'reserved']),
    );
  });

  it('end on the emulated core as they end under qemu-user', () => {
    const machine = new EmulatedMachine(endianness);
    const reports: string[] = [];
    let differing = 0;
    records.forEach((record, n) => {
      const differences = compareResults(record, expected[n]!, machine.run(record));
      if (differences.length > 0 && differing++ < SHOWN)
        reports.push(`${describeRecord(record)}\n  ${differences.join('\n  ')}`);
    });
    expect(reports.join('\n'), `${differing} of ${records.length} records differ`).toBe('');
  });
});

describe('the comparison', () => {
  const [record] = makeRecords(FIXTURE_SEED, 0, 1, 'little');
  const result = parseResult(record!, '-');
  const differs = (change: Partial<RecordResult>): string[] =>
    compareResults(record!, result, { ...result, ...change });

  it('sees one wrong bit anywhere', () => {
    const gpr = result.gpr.slice();
    gpr[9]! ^= 0x80000000;
    const window = result.window.slice();
    window[63]! ^= 1;
    expect(differs({})).toEqual([]);
    expect(differs({ gpr })).toHaveLength(1);
    expect(differs({ window })).toHaveLength(1);
    expect(differs({ hi: (result.hi ^ 1) >>> 0 })).toHaveLength(1);
    expect(differs({ lo: (result.lo ^ 1) >>> 0 })).toHaveLength(1);
    expect(differs({ pc: result.pc + 4 })).toHaveLength(1);
    expect(differs({ stop: 'trap' })).toHaveLength(1);
    expect(differs({ badAddress: 4 })).toHaveLength(1);
  });

  it('leaves out what the architecture leaves open', () => {
    const mul = makeRecords(FIXTURE_SEED, 0, 2000, 'little').find(({ name }) => name === 'mul')!;
    const after = parseResult(mul, '-');
    expect(compareResults(mul, after, { ...after, hi: ~after.hi, lo: ~after.lo })).toEqual([]);
  });
});
