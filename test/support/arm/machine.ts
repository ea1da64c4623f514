// The ARM instruction oracle's common ground: what an instruction record is, what running one yields, and how two results are compared. qemu-arm.ts
// (the outside reference) and emulated.ts (tsvm's core) both run records.
//
// Map (the same virtual addresses on both sides; runner.c repeats them): two pages of code, filled with a word that is undefined both as A32 and as
// T32, and four pages of data (not for execution) with a fixed pattern, whose middle is the record's window of 256 bytes. Nothing else is mapped. A record runs in user
// mode from its pc until the first exception, which is the filler's when nothing else happens.
import { hex } from '../../../src/util/bits.ts';
import { isLax } from './unpredictable.ts';

export const ARENA_BASE = 0x50100000;
export const ARENA_WORDS = 6144;
export const CODE_WORDS = 2048;
export const WINDOW_WORD = 4096 - 32;
export const WINDOW_WORDS = 64;
export const WINDOW_BASE = ARENA_BASE + 4 * WINDOW_WORD;
/** Halfwords of code in a record at most. */
export const MAX_HALFWORDS = 16;
/** UDF as A32; as T32 UDF and, at the upper halfword, a branch to the next word. */
export const FILLER = 0xe7ffdefe;

/** CPSR.T. */
export const THUMB = 0x20;
/** What is compared of the CPSR: N, Z, C, V, Q, IT, GE, E and T. */
const CPSR_SEEN = 0xfe0ffe20;

export type InstructionSet = 'a32' | 't32';

/** One instruction, or a few, and the state they start in. */
export interface ArmRecord {
  readonly seed: number;
  readonly index: number;
  readonly set: InstructionSet;
  /** Address of the first instruction, in the code area. */
  readonly pc: number;
  /** Halfwords from there on. */
  readonly code: readonly number[];
  /** With T in bit 5; user mode. */
  readonly cpsr: number;
  readonly fpscr: number;
  /** r0 to r14. */
  readonly r: Uint32Array;
  readonly d: BigUint64Array;
  readonly window: Uint32Array;
}

/**
 * What ended a record: an undefined instruction (its own, or the filler), a data access that nothing is mapped for or that is not aligned, an
 * instruction fetch, BKPT, SVC, or nothing (it runs for ever).
 */
export type Stop = 'undefined' | 'access' | 'alignment' | 'fetch' | 'breakpoint' | 'call' | 'endless' | 'other';

export interface ArmResult {
  readonly stop: Stop;
  /** Of the instruction that raised the exception. */
  readonly pc: number;
  /** Of the data access, else 0. */
  readonly address: number;
  readonly cpsr: number;
  readonly fpscr: number;
  readonly r: Uint32Array;
  readonly d: BigUint64Array;
  readonly window: Uint32Array;
  /** Words outside of the window that changed: how many, the first one's address, a hash of addresses and values. */
  readonly strays: readonly [count: number, address: number, hash: number];
}

/** The data pattern of the arena's word `i`. */
function pattern(i: number): number {
  const x = Math.imul(i, 0x9e3779b9);
  return (x ^ (x >>> 15)) >>> 0;
}

/** The arena before a record's code and window are put in. */
export function pristineArena(): Uint32Array {
  return Uint32Array.from({ length: ARENA_WORDS }, (_, i) => (i < CODE_WORDS ? FILLER : pattern(i)));
}

/** The instructions of a record as words: 32-bit T32 ones with the first halfword above the second. */
export function instructionsOf({ set, code }: Pick<ArmRecord, 'set' | 'code'>): { word: number; bytes: 2 | 4 }[] {
  const found: { word: number; bytes: 2 | 4 }[] = [];
  for (let at = 0; at < code.length; ) {
    const [first = 0, second = 0] = [code[at], code[at + 1]];
    if (set === 't32' && !isWide(first)) {
      found.push({ word: first, bytes: 2 });
      at += 1;
    } else {
      found.push({ word: (set === 't32' ? (first << 16) | second : (second << 16) | first) >>> 0, bytes: 4 });
      at += 2;
    }
  }
  return found;
}

/** Does this halfword begin a 32-bit T32 instruction? */
export function isWide(halfword: number): boolean {
  return halfword >>> 11 >= 0b11101;
}

/** Has the fault at `pc` an instruction of which qemu checks less than the manual says? */
function stopsWhereQemuIsLax(record: ArmRecord, pc: number): boolean {
  let at = record.pc;
  for (const { word, bytes } of instructionsOf(record)) {
    if (at === pc) return isLax(record.set, word, bytes);
    at += bytes;
  }
  return false;
}

/** The differences between two results of one record, one line each; empty when they agree. */
export function compareResults(record: ArmRecord, expected: ArmResult, got: ArmResult): string[] {
  const differences: string[] = [];
  // A branch to A32 code that is not aligned is UNPREDICTABLE: qemu raises an exception, tsvm drops bit 1.
  if (expected.stop === 'fetch' && (expected.cpsr & THUMB) === 0 && (expected.pc & 2) !== 0) return differences;
  // A store over the record's own code: when it is seen is not architected (A3.8), and qemu begins the instruction anew.
  const [, first] = got.strays[0] > 0 ? got.strays : expected.strays;
  if (first >= record.pc - 64 && first < record.pc + 64) return differences;
  const faults = got.stop === 'alignment' || got.stop === 'access';
  const elsewhere = expected.stop !== got.stop || expected.pc !== got.pc;
  if (faults && elsewhere && stopsWhereQemuIsLax(record, got.pc)) return differences;
  if (expected.stop === 'endless' && got.stop === 'endless') return differences;
  // The record has jumped into itself in the other instruction set, and met SVC: qemu has made the call.
  if (got.stop === 'call') return differences;
  const compare = (what: string, want: number, have: number): void => {
    if (want >>> 0 !== have >>> 0) differences.push(`${what}: expected ${hex(want)}, got ${hex(have)}`);
  };
  if (expected.stop !== got.stop) differences.push(`stop: expected ${expected.stop}, got ${got.stop}`);
  compare('pc', expected.pc, got.pc);
  compare('cpsr', expected.cpsr & CPSR_SEEN, got.cpsr & CPSR_SEEN);
  compare('fpscr', expected.fpscr, got.fpscr);
  // An access of several words that faults may have been made in part, in memory and in registers (B1.9.8): only where it stopped is compared.
  if (expected.stop === 'access' || expected.stop === 'alignment') return differences;
  for (let i = 0; i < 15; i++) compare(`r${i}`, expected.r[i]!, got.r[i]!);
  for (let i = 0; i < 32; i++)
    if (expected.d[i] !== got.d[i])
      differences.push(`d${i}: expected 0x${expected.d[i]!.toString(16)}, got 0x${got.d[i]!.toString(16)}`);
  for (let i = 0; i < WINDOW_WORDS; i++) compare(`window[${4 * i}]`, expected.window[i]!, got.window[i]!);
  ['stray words', 'first stray word', 'stray words hashed'].forEach((what, i) => {
    compare(what, expected.strays[i]!, got.strays[i]!);
  });
  return differences;
}

/** A record in full, for a failure report. */
export function describeRecord(record: ArmRecord, names: readonly string[]): string {
  const { seed, index, set, pc, cpsr, fpscr } = record;
  let at = pc;
  const lines = instructionsOf(record).map(({ word, bytes }, i) => {
    const line = `  ${hex(at)}: ${hex(word, bytes * 2)} ${names[i] ?? ''}`;
    at += bytes;
    return line;
  });
  const registers = [...record.r].map((value, i) => `r${i}=${hex(value)}`);
  const doubles = [...record.d].map((value, i) => `d${i}=0x${value.toString(16).padStart(16, '0')}`);
  const rows = (all: readonly string[]): string[] =>
    all.flatMap((_, i) => (i % 8 === 0 ? [`  ${all.slice(i, i + 8).join(' ')}`] : []));
  const bytes = Buffer.from(record.window.buffer, record.window.byteOffset, record.window.byteLength).toString('hex');
  return [
    `record ${index} of seed ${seed}, ${set}, cpsr=${hex(cpsr)} fpscr=${hex(fpscr)}`,
    ...lines,
    ...rows(registers),
    ...rows(doubles),
    `  window at ${hex(WINDOW_BASE)}: ${bytes}`,
  ].join('\n');
}
