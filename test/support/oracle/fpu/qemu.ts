// Floating-point records under qemu-user (runner.c, built with FPU).
import type { Endianness } from '../../../../src/memory/guest-memory.ts';
import { BATCH, decodeResult, encodeRecord, RECORD_BYTES, RESULT_BYTES, runRunner } from '../qemu-user.ts';
import { FPR_WORDS, type FpuRecord, type FpuResult } from './machine.ts';

const REGISTERS = 32;
/** After the integer record: fr, fcsr, 32 doublewords. */
const FPU_RECORD_BYTES = RECORD_BYTES + 8 + 8 * REGISTERS;
/** After the integer result, at the next multiple of 8: fcsr (in the second of two words), 32 doublewords. */
const FCSR_AT = RESULT_BYTES + 4;
const FPR_AT = RESULT_BYTES + 12;
const FPU_RESULT_BYTES = FPR_AT + 8 * REGISTERS;

/** qemu-user keeps register n in a doubleword of its own; with FR=0 its lower half only. */
function wordOf(fr: boolean, register: number): number {
  return fr ? 2 * register : 2 * register - (register & 1);
}

/** Run records, in order, on one of qemu's CPUs with an FPU. */
export function runFpuUnderQemu(records: readonly FpuRecord[], endianness: Endianness, cpu: string): FpuResult[] {
  const little = endianness === 'little';
  const results: FpuResult[] = [];
  for (let from = 0; from < records.length; from += BATCH) {
    const batch = records.slice(from, from + BATCH);
    const input = new Uint8Array(batch.length * FPU_RECORD_BYTES);
    const into = new DataView(input.buffer);
    for (const [n, record] of batch.entries()) encode(record, into, n * FPU_RECORD_BYTES, little);
    const call = { endianness, runner: 'runner-fpu', cpu, input, count: batch.length, bytes: FPU_RESULT_BYTES };
    const view = runRunner(call);
    for (const [n, record] of batch.entries()) results.push(decode(record, view, n * FPU_RESULT_BYTES, little));
  }
  return results;
}

function encode(record: FpuRecord, view: DataView, at: number, little: boolean): void {
  encodeRecord(record, view, at, little);
  const { fr, fcsr, fpr } = record;
  view.setUint32(at + RECORD_BYTES, fr ? 1 : 0, little);
  view.setUint32(at + RECORD_BYTES + 4, fcsr, little);
  for (let n = 0; n < REGISTERS; n++) {
    const word = wordOf(fr, n);
    const high = fr ? fpr[word + 1]! : 0;
    view.setBigUint64(at + RECORD_BYTES + 8 + 8 * n, (BigInt(high) << 32n) | BigInt(fpr[word]!), little);
  }
}

function decode(record: FpuRecord, view: DataView, at: number, little: boolean): FpuResult {
  const { fr } = record;
  const fpr = record.fpr.slice(0, FPR_WORDS);
  for (let n = 0; n < REGISTERS; n++) {
    const bits = view.getBigUint64(at + FPR_AT + 8 * n, little);
    const word = wordOf(fr, n);
    fpr[word] = Number(BigInt.asUintN(32, bits));
    if (fr) fpr[word + 1] = Number(bits >> 32n);
  }
  const result = decodeResult(record, view, at, little, 'floating-point');
  return { ...result, fcsr: view.getUint32(at + FCSR_AT, little), fpr };
}
