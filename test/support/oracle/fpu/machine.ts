// Floating-point records: instruction records with the state of the FPU, and the comparison of their results.
import { hex } from '../../../../src/util/bits.ts';
import { compareResults, describeRecord, type InstructionRecord, type RecordResult } from '../machine.ts';

/** Words of the register file: register n is word 2n (low) and 2n + 1 (high); with FR=0 an odd register is word 2n - 1. */
export const FPR_WORDS = 64;

export interface FpuRecord extends InstructionRecord {
  /** Status.FR: 64-bit registers. */
  readonly fr: boolean;
  /** FCSR; its Cause raises nothing. */
  readonly fcsr: number;
  readonly fpr: Uint32Array;
}

export interface FpuResult extends RecordResult {
  readonly fcsr: number;
  readonly fpr: Uint32Array;
}

/** The differences, one line each; empty when they agree. */
export function compareFpuResults(record: FpuRecord, expected: FpuResult, got: FpuResult): string[] {
  const differences = compareResults(record, expected, got);
  const compare = (what: string, want: number, have: number): void => {
    if (want >>> 0 !== have >>> 0) differences.push(`${what}: expected ${hex(want)}, got ${hex(have)}`);
  };
  compare('fcsr', expected.fcsr, got.fcsr);
  for (let i = 0; i < FPR_WORDS; i++) compare(`fpr word ${i}`, expected.fpr[i]!, got.fpr[i]!);
  return differences;
}

export function describeFpuRecord(record: FpuRecord): string {
  const rows: string[] = [];
  for (let n = 0; n < 32; n += 4) {
    const four = [n, n + 1, n + 2, n + 3].map(
      (i) => `f${i}=${hex(record.fpr[2 * i + 1]!)}:${hex(record.fpr[2 * i]!).slice(2)}`,
    );
    rows.push(`  ${four.join(' ')}`);
  }
  return `${describeRecord(record)}\n  FR=${record.fr ? 1 : 0} fcsr=${hex(record.fcsr)}\n${rows.join('\n')}`;
}
