// The two kinds of records that scripts/oracle.ts runs on both sides: integer instructions, and floating-point ones.
import type { Endianness } from '../../../src/memory/guest-memory.ts';
import { EmulatedMachine } from './emulated.ts';
import { FIXTURE_COUNT, FIXTURE_SEED, fixturePath, formatResult, hashRecords } from './fixture.ts';
import { EmulatedFpuMachine } from './fpu/emulated.ts';
import { FPU_FIXTURE_COUNT, FPU_FIXTURE_SEED, formatFpuResult, fpuFixturePath, hashFpuRecords } from './fpu/fixture.ts';
import { compareFpuResults, describeFpuRecord, type FpuRecord, type FpuResult } from './fpu/machine.ts';
import { runFpuUnderQemu } from './fpu/qemu.ts';
import { makeFpuRecords } from './fpu/records.ts';
import { compareResults, describeRecord, type InstructionRecord, type RecordResult } from './machine.ts';
import { runUnderQemu } from './qemu-user.ts';
import { makeRecords } from './records.ts';

export interface Suite<R extends InstructionRecord = InstructionRecord, T extends RecordResult = RecordResult> {
  /** CPU models, as qemu and tsvm call them. */
  readonly cpus: readonly string[];
  readonly fixture: { readonly seed: number; readonly count: number };
  make(seed: number, first: number, count: number, endianness: Endianness): R[];
  expected(records: readonly R[], endianness: Endianness, cpu: string): T[];
  machine(endianness: Endianness, cpu: string): { run(record: R): T };
  compare(record: R, expected: T, got: T): string[];
  describe(record: R): string;
  format(record: R, result: T): string;
  hash(records: readonly R[]): string;
  fixturePath(endianness: Endianness): string;
}

export const INTEGER_SUITE: Suite = {
  cpus: ['24Kc'],
  fixture: { seed: FIXTURE_SEED, count: FIXTURE_COUNT },
  make: makeRecords,
  expected: (records, endianness) => runUnderQemu(records, endianness),
  machine: (endianness) => new EmulatedMachine(endianness),
  compare: compareResults,
  describe: describeRecord,
  format: formatResult,
  hash: hashRecords,
  fixturePath,
};

export const FPU_SUITE: Suite<FpuRecord, FpuResult> = {
  cpus: ['24Kf', '74Kf'],
  fixture: { seed: FPU_FIXTURE_SEED, count: FPU_FIXTURE_COUNT },
  make: (seed, first, count) => makeFpuRecords(seed, first, count),
  expected: runFpuUnderQemu,
  machine: (endianness, cpu) => {
    const machine = new EmulatedFpuMachine(endianness, cpu);
    return { run: (record) => machine.runFpu(record) };
  },
  compare: compareFpuResults,
  describe: describeFpuRecord,
  format: formatFpuResult,
  hash: hashFpuRecords,
  fixturePath: fpuFixturePath,
};
