// The outside reference: runs instruction records under qemu-user (Debian's qemu-mips and qemu-mipsel), by way of runner.c.
import { spawnSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import type { Endianness } from '../../../src/memory/guest-memory.ts';
import {
  BREAK_WORD,
  type InstructionRecord,
  MAX_WORDS,
  type RecordResult,
  type Stop,
  WINDOW_BYTES,
} from './machine.ts';

/** struct record and struct result of runner.c, in bytes. */
export const RECORD_BYTES = 4 * (2 + MAX_WORDS + 32 + 2) + WINDOW_BYTES;
export const RESULT_BYTES = 4 * (3 + 32 + 2) + WINDOW_BYTES;
/** Records for one process: 25,000 take a second or two. */
export const BATCH = 25_000;
/** A processor with release 2 and without the DSP ASE, whose accumulators would change MULT and MFHI encodings. */
const CPU = '24Kc';

const SIGILL = 4;
const SIGTRAP = 5;
const SIGFPE = 8;
const SIGBUS = 10;

const program = (endianness: Endianness): string => (endianness === 'little' ? 'qemu-mipsel' : 'qemu-mips');

/** The version line of the qemu-user that would run, or undefined when it is not installed. */
export function qemuUserVersion(endianness: Endianness): string | undefined {
  const run = spawnSync(program(endianness), ['--version'], { encoding: 'utf8' });
  return run.status === 0 ? run.stdout.split('\n')[0] : undefined;
}

/** Run records, in order. Throws when qemu-user is missing or the runner did not answer for every record. */
export function runUnderQemu(records: readonly InstructionRecord[], endianness: Endianness): RecordResult[] {
  const results: RecordResult[] = [];
  for (let from = 0; from < records.length; from += BATCH)
    results.push(...runBatch(records.slice(from, from + BATCH), endianness));
  return results;
}

function runBatch(records: readonly InstructionRecord[], endianness: Endianness): RecordResult[] {
  const little = endianness === 'little';
  const input = new Uint8Array(records.length * RECORD_BYTES);
  const into = new DataView(input.buffer);
  for (const [n, record] of records.entries()) encodeRecord(record, into, n * RECORD_BYTES, little);
  const view = runRunner({ endianness, runner: 'runner', cpu: CPU, input, count: records.length, bytes: RESULT_BYTES });
  return records.map((record, n) => decodeResult(record, view, n * RESULT_BYTES, little));
}

export interface RunnerCall {
  readonly endianness: Endianness;
  /** Name in bin, without byte order. */
  readonly runner: string;
  readonly cpu: string;
  readonly input: Uint8Array;
  /** Results that must come, and bytes of each. */
  readonly count: number;
  readonly bytes: number;
}

/** One run of a runner; what it wrote. */
export function runRunner({ endianness, runner, cpu, input, count, bytes }: RunnerCall): DataView {
  const name = `bin/${runner}-${endianness === 'little' ? 'el' : 'eb'}.elf`;
  const path = fileURLToPath(new URL(name, import.meta.url));
  const run = spawnSync(program(endianness), ['-cpu', cpu, path], {
    input,
    maxBuffer: bytes * count + 65_536,
    timeout: 120_000,
  });
  if (run.stdout === null) throw run.error ?? new Error(`${program(endianness)} did not start`);
  const answered = Math.floor(run.stdout.length / bytes);
  if (run.status !== 0 || answered !== count)
    throw new Error(
      `${program(endianness)} ended with ${run.signal ?? run.status} after ${answered} of ${count} records: ${run.stderr}`,
    );
  return new DataView(run.stdout.buffer, run.stdout.byteOffset, run.stdout.length);
}

/** struct record of runner.c at byte `at`. */
export function encodeRecord(record: InstructionRecord, view: DataView, at: number, little: boolean): void {
  let to = at;
  const put = (word: number): void => {
    view.setUint32(to, word, little);
    to += 4;
  };
  put(record.pc);
  put(record.words.length);
  for (let n = 0; n < MAX_WORDS; n++) put(record.words[n] ?? 0);
  for (const value of record.gpr) put(value);
  put(record.hi);
  put(record.lo);
  new Uint8Array(view.buffer).set(record.window, to);
}

/** struct result of runner.c at byte `from`. */
export function decodeResult(
  record: InstructionRecord,
  view: DataView,
  from: number,
  little: boolean,
  fpe: Stop = 'overflow',
): RecordResult {
  const word = (index: number): number => view.getUint32(from + 4 * index, little);
  const gpr = new Uint32Array(32);
  for (let i = 0; i < 32; i++) gpr[i] = word(3 + i);
  const stop = stopOf(word(0), record, word(1), fpe);
  // qemu-user takes a branch that can never be taken (BNE of a register with itself) for a NOP and so reports a fault in
  // its delay slot at the slot; the architecture has EPC at the branch.
  const inSlot = record.hasDelaySlot && stop !== 'break' && word(1) === record.pc + 4;
  const pc = inSlot ? record.pc : word(1);
  return {
    stop,
    pc,
    badAddress: stop === 'address-error' ? word(2) : 0,
    gpr,
    hi: word(35),
    lo: word(36),
    window: new Uint8Array(
      view.buffer.slice(view.byteOffset + from + 148, view.byteOffset + from + 148 + WINDOW_BYTES),
    ),
  };
}

function stopOf(signal: number, record: InstructionRecord, pc: number, fpe: Stop): Stop {
  switch (signal) {
    case SIGTRAP:
      return (record.words[(pc - record.pc) / 4] ?? BREAK_WORD) === BREAK_WORD ? 'break' : 'trap';
    case SIGFPE:
      return fpe;
    case SIGILL:
      return 'reserved';
    case SIGBUS:
      return 'address-error';
    default:
      return 'other';
  }
}
