// Recorded results of floating-point records, in the lines of fixture.ts: with ` fcsr=...` and ` f5=...` for the words of the register file that
// changed.
import { createHash } from 'node:crypto';
import { fileURLToPath } from 'node:url';
import type { Endianness } from '../../../../src/memory/guest-memory.ts';
import { formatResult, hashRecords, parseResult } from '../fixture.ts';
import { FPR_WORDS, type FpuRecord, type FpuResult } from './machine.ts';

/** The slice that is recorded and committed. */
export const FPU_FIXTURE_SEED = 3;
export const FPU_FIXTURE_COUNT = 4000;

export function fpuFixturePath(endianness: Endianness): string {
  return fileURLToPath(new URL(`../../../isa/fixtures/fpu-${endianness}.txt`, import.meta.url));
}

export function hashFpuRecords(records: readonly FpuRecord[]): string {
  const hash = createHash('sha256').update(hashRecords(records));
  for (const { fr, fcsr, fpr } of records) hash.update(Uint32Array.of(fr ? 1 : 0, fcsr)).update(fpr);
  return hash.digest('hex');
}

export function formatFpuResult(record: FpuRecord, result: FpuResult): string {
  const parts = [formatResult(record, result)];
  if (result.fcsr !== record.fcsr) parts.push(`fcsr=${result.fcsr.toString(16)}`);
  for (let i = 0; i < FPR_WORDS; i++)
    if (result.fpr[i] !== record.fpr[i]) parts.push(`f${i}=${result.fpr[i]!.toString(16)}`);
  return parts.join(' ');
}

/** The inverse of formatFpuResult. */
export function parseFpuResult(record: FpuRecord, line: string): FpuResult {
  const fpr = record.fpr.slice();
  let { fcsr } = record;
  const others: string[] = [];
  for (const part of line.split(' ')) {
    const [what = '', value = ''] = part.split('=');
    if (what === 'fcsr') fcsr = Number.parseInt(value, 16);
    else if (/^f\d+$/.test(what)) fpr[Number(what.slice(1))] = Number.parseInt(value, 16);
    else others.push(part);
  }
  return { ...parseResult(record, others.join(' ')), fcsr, fpr };
}
