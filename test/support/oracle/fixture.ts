// Recorded results as a small text file, one line per record, holding only what the record changed:
//   -                      ended at the BREAK behind its last word
//   break@40100abc r5=1f   ended there, with r5 = 0x1f
//   address-error@40100abc:40102fe1 hi=0 w12=a0b1c2   also BadVAddr; bytes 12-14 of the window
// The header names the source, the seed and a hash of the records, so that results of other records are refused.
import { createHash } from 'node:crypto';
import { fileURLToPath } from 'node:url';
import type { Endianness } from '../../../src/memory/guest-memory.ts';
import { type InstructionRecord, type RecordResult, type Stop, WINDOW_BYTES } from './machine.ts';

/** The slice that is recorded and committed. */
export const FIXTURE_SEED = 2;
export const FIXTURE_COUNT = 4000;

/** The committed results of one byte order. */
export function fixturePath(endianness: Endianness): string {
  return fileURLToPath(new URL(`../../isa/fixtures/random-${endianness}.txt`, import.meta.url));
}

export interface Fixture {
  /** Where the results come from, in words. */
  readonly source: string;
  readonly seed: number;
  readonly count: number;
  /** hashRecords of the records. */
  readonly hash: string;
  readonly lines: readonly string[];
}

/** SHA-256 over everything that a record starts with. */
export function hashRecords(records: readonly InstructionRecord[]): string {
  const hash = createHash('sha256');
  for (const record of records) {
    hash.update(Uint32Array.of(record.pc, ...record.words, record.hi, record.lo));
    hash.update(record.gpr);
    hash.update(record.window);
  }
  return hash.digest('hex');
}

export function formatFixture(fixture: Fixture): string {
  const { source, seed, count, hash, lines } = fixture;
  return `${[`source ${source}`, `seed ${seed}`, `count ${count}`, `records ${hash}`, ...lines].join('\n')}\n`;
}

/** The inverse of formatFixture. Throws when the header or the number of lines is wrong. */
export function parseFixture(text: string): Fixture {
  const [source = '', seed = '', count = '', hash = '', ...lines] = text.trimEnd().split('\n');
  const value = (line: string, key: string): string => {
    if (!line.startsWith(`${key} `)) throw new Error(`fixture header: expected "${key} ...", found "${line}"`);
    return line.slice(key.length + 1);
  };
  const fixture = {
    source: value(source, 'source'),
    seed: Number(value(seed, 'seed')),
    count: Number(value(count, 'count')),
    hash: value(hash, 'records'),
    lines,
  };
  if (lines.length !== fixture.count) throw new Error(`fixture: ${lines.length} results for ${fixture.count} records`);
  return fixture;
}

export function formatResult(record: InstructionRecord, result: RecordResult): string {
  const parts: string[] = [];
  const fallsThrough = result.stop === 'break' && result.pc === record.pc + 4 * record.words.length;
  const address = result.badAddress === 0 ? '' : `:${result.badAddress.toString(16)}`;
  parts.push(fallsThrough ? '-' : `${result.stop}@${result.pc.toString(16)}${address}`);
  for (let i = 0; i < 32; i++) if (result.gpr[i] !== record.gpr[i]) parts.push(`r${i}=${result.gpr[i]!.toString(16)}`);
  if (result.hi !== record.hi) parts.push(`hi=${result.hi.toString(16)}`);
  if (result.lo !== record.lo) parts.push(`lo=${result.lo.toString(16)}`);
  for (let at = 0; at < WINDOW_BYTES; at++) {
    let end = at;
    while (end < WINDOW_BYTES && result.window[end] !== record.window[end]) end++;
    if (end === at) continue;
    parts.push(`w${at}=${Buffer.from(result.window.subarray(at, end)).toString('hex')}`);
    at = end;
  }
  return parts.join(' ');
}

/** The inverse of formatResult. */
export function parseResult(record: InstructionRecord, line: string): RecordResult {
  const [ending = '', ...changes] = line.split(' ');
  const [stop = '', place = ''] = ending === '-' ? ['break', ''] : ending.split('@');
  const [pc = '', badAddress = '0'] = place.split(':');
  const gpr = record.gpr.slice();
  const window = record.window.slice();
  let { hi, lo } = record;
  for (const change of changes) {
    const [what = '', value = ''] = change.split('=');
    if (what === 'hi') hi = Number.parseInt(value, 16);
    else if (what === 'lo') lo = Number.parseInt(value, 16);
    else if (what.startsWith('w')) window.set(Buffer.from(value, 'hex'), Number(what.slice(1)));
    else gpr[Number(what.slice(1))] = Number.parseInt(value, 16);
  }
  return {
    stop: stop as Stop,
    pc: ending === '-' ? record.pc + 4 * record.words.length : Number.parseInt(pc, 16),
    badAddress: Number.parseInt(badAddress, 16),
    gpr,
    hi,
    lo,
    window,
  };
}
