// The outside reference: runs ARM instruction records under qemu-user (Debian's qemu-arm), by way of runner.c.
import { spawnSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { type ArmRecord, type ArmResult, MAX_HALFWORDS, type Stop, WINDOW_WORDS } from './machine.ts';

/** struct record and struct result of runner.c, in bytes. */
const RECORD_BYTES = 4 * 4 + 2 * MAX_HALFWORDS + 4 * 16 + 8 * 32 + 4 * WINDOW_WORDS;
const RESULT_BYTES = 4 * 24 + 8 * 32 + 4 * WINDOW_WORDS;
/** Records for one process. */
const BATCH = 25_000;
const PROGRAM = 'qemu-arm';
const CPU = 'cortex-a15';
/** The runner needs little, and what is mapped may be hit by a record's wild access. */
const STACK_BYTES = '16384';

const SIGILL = 4;
const SIGTRAP = 5;
const SIGBUS = 7;
const SIGSEGV = 11;
const SIGVTALRM = 26;

/** The version line of the qemu-arm that would run, or undefined when it is not installed. */
export function qemuArmVersion(): string | undefined {
  const run = spawnSync(PROGRAM, ['--version'], { encoding: 'utf8' });
  return run.status === 0 ? `${run.stdout.split('\n')[0]}, -cpu ${CPU}` : undefined;
}

/** Run records, in order. Throws when qemu-arm is missing or the runner did not answer for every record. */
export function runUnderQemuArm(records: readonly ArmRecord[]): ArmResult[] {
  const results: ArmResult[] = [];
  for (let from = 0; from < records.length; from += BATCH) results.push(...runBatch(records.slice(from, from + BATCH)));
  return results;
}

function runBatch(records: readonly ArmRecord[]): ArmResult[] {
  const input = new Uint8Array(records.length * RECORD_BYTES);
  for (const [n, record] of records.entries()) encode(record, input.buffer, n * RECORD_BYTES);
  const path = fileURLToPath(new URL('bin/runner.elf', import.meta.url));
  const run = spawnSync(PROGRAM, ['-cpu', CPU, '-s', STACK_BYTES, path], {
    input,
    maxBuffer: RESULT_BYTES * records.length + 65_536,
    timeout: 300_000,
  });
  if (run.stdout === null) throw run.error ?? new Error(`${PROGRAM} did not start`);
  const answered = Math.floor(run.stdout.length / RESULT_BYTES);
  if (run.status !== 0 || answered !== records.length)
    throw new Error(
      `${PROGRAM} ended with ${run.signal ?? run.status} after ${answered} of ${records.length} records: ${run.stderr}`,
    );
  const output = new Uint8Array(run.stdout).buffer;
  return records.map((_, n) => decode(output, n * RESULT_BYTES));
}

function encode(record: ArmRecord, into: ArrayBuffer, at: number): void {
  const { pc, cpsr, fpscr, code } = record;
  new Uint32Array(into, at, 4).set([pc, cpsr, fpscr, code.length]);
  new Uint16Array(into, at + 16, MAX_HALFWORDS).set(code);
  const registers = at + 16 + 2 * MAX_HALFWORDS;
  new Uint32Array(into, registers, 15).set(record.r);
  new BigUint64Array(into, registers + 64, 32).set(record.d);
  new Uint32Array(into, registers + 64 + 256, WINDOW_WORDS).set(record.window);
}

function decode(from: ArrayBuffer, at: number): ArmResult {
  const words = new Uint32Array(from, at, 24);
  const [signal = 0, pc = 0, address = 0, cpsr = 0, fpscr = 0] = words;
  const stop = stopOf(signal, pc, address);
  return {
    stop,
    pc,
    address: stop === 'access' || stop === 'alignment' ? address : 0,
    cpsr,
    fpscr,
    r: words.slice(5, 20),
    d: new BigUint64Array(from, at + 96, 32).slice(),
    window: new Uint32Array(from, at + 96 + 256, WINDOW_WORDS).slice(),
    strays: [words[20]!, words[21]!, words[22]!],
  };
}

function stopOf(signal: number, pc: number, address: number): Stop {
  switch (signal) {
    case SIGILL:
      return 'undefined';
    case SIGTRAP:
      return 'breakpoint';
    case SIGBUS:
      return address === pc ? 'fetch' : 'alignment';
    case SIGSEGV:
      return address === pc ? 'fetch' : 'access';
    case SIGVTALRM:
      return 'endless';
    default:
      return 'other';
  }
}
