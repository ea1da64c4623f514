// Recorded results of qemu-arm: test/isa/fixtures/arm-*.br, one line per record, compressed. A line holds the instructions (so that the rows may change)
// and what the record changed; the state that it starts in comes from seed and index.
//   a32 e0810002 undefined@+4 r0=1f N..C=cpsr ...
import { readFileSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { brotliCompressSync, brotliDecompressSync, constants } from 'node:zlib';
import { type ArmRecord, type ArmResult, type InstructionSet, type Stop, WINDOW_WORDS } from './machine.ts';
import { qemuArmVersion, runUnderQemuArm } from './qemu-arm.ts';
import { makeRecord } from './state.ts';
import { makeCode, type Suite } from './words.ts';

export interface Slice {
  readonly seed: number;
  readonly count: number;
}

/** The slices that are recorded and committed. */
export const FIXTURES: Readonly<Record<Suite, Slice>> = {
  a32: { seed: 2, count: 6000 },
  t32: { seed: 2, count: 6000 },
  vfp: { seed: 2, count: 4000 },
  simd: { seed: 2, count: 4000 },
};

const pathOf = (suite: Suite): string => fileURLToPath(new URL(`../../isa/fixtures/arm-${suite}.br`, import.meta.url));
const hasFloats = (suite: Suite): boolean => suite === 'vfp' || suite === 'simd';

function format(record: ArmRecord, result: ArmResult): string {
  const code = record.code.map((half) => half.toString(16).padStart(4, '0')).join('');
  const parts = [record.set, code, `${result.stop}@${(result.pc - record.pc).toString(16)}`];
  const changed = (name: string, was: number | bigint, now: number | bigint): void => {
    if (was !== now) parts.push(`${name}=${now.toString(16)}`);
  };
  changed('c', record.cpsr, result.cpsr);
  changed('f', record.fpscr, result.fpscr);
  for (let i = 0; i < 15; i++) changed(`r${i}`, record.r[i]!, result.r[i]!);
  for (let i = 0; i < 32; i++) changed(`d${i}`, record.d[i]!, result.d[i]!);
  for (let i = 0; i < WINDOW_WORDS; i++) changed(`w${i}`, record.window[i]!, result.window[i]!);
  if (result.strays[0] !== 0) parts.push(`s=${result.strays.map((value) => value.toString(16)).join()}`);
  return parts.join(' ');
}

/** The inverse of format, of the record `index` of a seed. */
function parse(line: string, seed: number, index: number, floats: boolean): { record: ArmRecord; result: ArmResult } {
  const [set, digits = '', ending = '', ...changes] = line.split(' ');
  const code = (digits.match(/..../g) ?? []).map((half) => Number.parseInt(half, 16));
  const record = makeRecord(seed, index, set as InstructionSet, code, floats);
  const [stop, offset = ''] = ending.split('@');
  const result = {
    stop: stop as Stop,
    pc: (record.pc + Number.parseInt(offset, 16)) >>> 0,
    address: 0,
    cpsr: record.cpsr,
    fpscr: record.fpscr,
    r: record.r.slice(),
    d: record.d.slice(),
    window: record.window.slice(),
    strays: [0, 0, 0x811c9dc5] as [number, number, number],
  };
  for (const change of changes) {
    const [name = '', value = ''] = change.split('=');
    const at = Number(name.slice(1));
    if (name === 'c') result.cpsr = Number.parseInt(value, 16);
    else if (name === 'f') result.fpscr = Number.parseInt(value, 16);
    else if (name === 's')
      result.strays = value.split(',').map((part) => Number.parseInt(part, 16)) as [number, number, number];
    else if (name.startsWith('r')) result.r[at] = Number.parseInt(value, 16);
    else if (name.startsWith('d')) result.d[at] = BigInt(`0x${value}`);
    else result.window[at] = Number.parseInt(value, 16);
  }
  return { record, result };
}

/** Record a slice anew; returns what was written, in a line. */
export function recordFixture(suite: Suite, { seed, count }: Slice): string {
  const records = Array.from({ length: count }, (_, index) => {
    const { set, code } = makeCode(suite, seed, index);
    return makeRecord(seed, index, set, code, hasFloats(suite));
  });
  const results = runUnderQemuArm(records);
  const lines = [`${qemuArmVersion()}; seed ${seed}`, ...records.map((record, n) => format(record, results[n]!))];
  const text = Buffer.from(`${lines.join('\n')}\n`);
  const bytes = brotliCompressSync(text, { params: { [constants.BROTLI_PARAM_LGWIN]: 24 } });
  writeFileSync(pathOf(suite), bytes);
  return `${pathOf(suite)}: ${count} results, ${bytes.length} bytes`;
}

/** The recorded slice of a suite. */
export function readFixture(suite: Suite): { record: ArmRecord; result: ArmResult }[] {
  const [, ...lines] = brotliDecompressSync(readFileSync(pathOf(suite)))
    .toString()
    .trimEnd()
    .split('\n');
  const { seed, count } = FIXTURES[suite];
  if (lines.length !== count) throw new Error(`${pathOf(suite)}: ${lines.length} results, not ${count}`);
  return lines.map((line, index) => parse(line, seed, index, hasFloats(suite)));
}
