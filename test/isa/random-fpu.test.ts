// The outside oracle for the FPU, recorded: a fixed slice of random floating-point records must end as qemu-user's 24Kf ended them, in registers,
// FCSR and exceptions. `npx tsx scripts/oracle.ts --fpu` compares live; docs/evidence/fpu-oracle.md holds the long run.
import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { parseFixture } from '../support/oracle/fixture.ts';
import { EmulatedFpuMachine } from '../support/oracle/fpu/emulated.ts';
import {
  ARITHMETIC_MAKERS,
  BRANCH_MAKERS,
  COMPARE_MAKERS,
  CONTROL_MAKERS,
  CONVERSION_MAKERS,
  MEMORY_MAKERS,
  MOVE_MAKERS,
} from '../support/oracle/fpu/encodings.ts';
import { FPU_FIXTURE_SEED, fpuFixturePath, hashFpuRecords, parseFpuResult } from '../support/oracle/fpu/fixture.ts';
import { compareFpuResults, describeFpuRecord, type FpuResult } from '../support/oracle/fpu/machine.ts';
import { makeFpuRecords } from '../support/oracle/fpu/records.ts';

/** Differing records reported in full. */
const SHOWN = 3;

describe.each(['little', 'big'] as const)('random floating-point instructions, %s endian', (endianness) => {
  const fixture = parseFixture(readFileSync(fpuFixturePath(endianness), 'utf8'));
  const records = makeFpuRecords(FPU_FIXTURE_SEED, 0, fixture.count);
  const expected = records.map((record, n) => parseFpuResult(record, fixture.lines[n]!));

  it('are the records whose results were recorded', () => {
    expect(hashFpuRecords(records), 'renew the fixture: npx tsx scripts/oracle.ts --fpu --record').toBe(fixture.hash);
  });

  it('cover every instruction of the FPU, both register modes and every way to end', () => {
    const mnemonics = new Set(records.flatMap((record) => record.name.split(' ')));
    const makers = [
      ...[ARITHMETIC_MAKERS, CONVERSION_MAKERS, COMPARE_MAKERS, MOVE_MAKERS],
      ...[MEMORY_MAKERS, CONTROL_MAKERS, BRANCH_MAKERS],
    ].flat();
    expect(makers.filter(({ name }) => !mnemonics.has(name))).toEqual([]);
    expect(new Set(records.map(({ fr }) => fr))).toEqual(new Set([false, true]));
    expect(new Set(expected.map(({ stop }) => stop))).toEqual(
      new Set(['break', 'floating-point', 'address-error', 'reserved']),
    );
    const causes = expected.reduce((sum, { fcsr }) => sum | (fcsr >>> 12), 0) & 0x3f;
    expect(causes).toBe(0x3f);
  });

  it('end on the emulated core as they end under qemu-user', () => {
    const machine = new EmulatedFpuMachine(endianness);
    const reports: string[] = [];
    let differing = 0;
    records.forEach((record, n) => {
      const differences = compareFpuResults(record, expected[n]!, machine.runFpu(record));
      if (differences.length > 0 && differing++ < SHOWN)
        reports.push(`${describeFpuRecord(record)}\n  ${differences.join('\n  ')}`);
    });
    expect(reports.join('\n'), `${differing} of ${records.length} records differ`).toBe('');
  });
});

describe('the comparison of floating-point results', () => {
  const [record] = makeFpuRecords(FPU_FIXTURE_SEED, 0, 1);
  const result = parseFpuResult(record!, '-');
  const differs = (change: Partial<FpuResult>): string[] =>
    compareFpuResults(record!, result, { ...result, ...change });

  it('sees one wrong bit of a register or of FCSR', () => {
    const fpr = result.fpr.slice();
    fpr[63]! ^= 1;
    expect(differs({})).toEqual([]);
    expect(differs({ fpr })).toHaveLength(1);
    expect(differs({ fcsr: (result.fcsr ^ (1 << 12)) >>> 0 })).toHaveLength(1);
  });
});
