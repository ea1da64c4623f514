// Random data-processing instructions as qemu-arm executes them: alone, in IT blocks, and with their operands known as compiled code has them.
import { describe, expect, it } from 'vitest';
import { FLAG } from '../../../../src/arch/arm/registers.ts';
import { type Row, rawFields } from '../../../../src/cpu/isa/insn.ts';
import {
  ARENA_BASE,
  ARENA_WORDS,
  type ArmRecord,
  type ArmResult,
  MAX_HALFWORDS,
} from '../../../support/arm/machine.ts';
import { qemuArmVersion, runUnderQemuArm } from '../../../support/arm/qemu-arm.ts';
import { makeRecord } from '../../../support/arm/state.ts';
import { Random } from '../../../support/oracle/random.ts';
import { decode, type Encoding, ProcessingMachine, ROWS } from './processing-machine.ts';

const SEED = 7;
const COUNT = Number(process.env.PROCESSING_RECORDS ?? 4000);
const REGISTER = /^r(d|n|m|s|a|dlo|dhi)$/;

/** Must registers of this row not be R15? In T32 only the moves and additions of high registers may have it. */
function noPc(encoding: Encoding, row: Row): boolean {
  if (encoding === 'narrow') return row.mnemonic === 'cmp';
  return encoding === 'wide' || !/^cond:4 00[01] /.test(row.patternText) || row.patternText.includes('rs:4');
}

/** UNPREDICTABLE, and not as qemu has it. */
function leftOut(encoding: Encoding, row: Row, word: number): boolean {
  const raw = rawFields(row, word);
  const registers = row.pattern.fields.filter(({ name }) => REGISTER.test(name));
  if (noPc(encoding, row) && (registers.some(({ name }) => raw[name] === 15) || raw.rn === 15)) return true;
  if (encoding === 'a32') {
    const isProcessing = /^cond:4 00[01] /.test(row.patternText);
    return (
      raw.cond === 15 || (isProcessing && /s$/.test(row.mnemonic) && (raw.rd === 15 || / 1111 /.test(row.patternText)))
    );
  }
  // ADD, with both R15.
  return encoding === 'narrow' && (word & 0xfff8) === 0x44f8 && (word & 7) === 7;
}

/** A word of some row. */
function randomWord(random: Random, encoding: Encoding): number {
  const rows = ROWS[encoding];
  for (;;) {
    const { pattern } = random.pick(rows);
    const free = (random.word() & ~pattern.mask) >>> 0;
    let word = (free | pattern.match) >>> 0;
    if (encoding === 'narrow') word &= 0xffff;
    if (encoding === 'a32' && random.chance(50)) word = ((word & 0x0fffffff) | 0xe0000000) >>> 0;
    const row = decode(encoding, word);
    if (row && !leftOut(encoding, row, word)) return word;
  }
}

interface Trial {
  readonly encoding: Encoding;
  readonly word: number;
  /** ITSTATE of the instruction, whose IT stands before it; 0: none does. */
  readonly it: number;
  readonly record: ArmRecord;
}

function halfwordsOf(encoding: Encoding, word: number): number[] {
  if (encoding === 'narrow') return [word];
  return encoding === 'wide' ? [word >>> 16, word & 0xffff] : [word & 0xffff, word >>> 16];
}

function makeTrial(index: number, encoding: Encoding): Trial {
  const random = new Random(SEED, index);
  const word = randomWord(random, encoding);
  // ITSTATE of a block of one: the condition, and 1000.
  const it = encoding !== 'a32' && random.chance(40) ? (random.below(14) << 4) | 8 : 0;
  const code = [...(it ? [0xbf00 | it] : []), ...halfwordsOf(encoding, word)];
  expect(code.length).toBeLessThanOrEqual(MAX_HALFWORDS);
  const record = makeRecord(SEED, index, encoding === 'a32' ? 'a32' : 't32', code, false);
  return { encoding, word, it, record };
}

const nzcvq = (cpsr: number): number => cpsr >>> 27;

/** Is anything there to execute: the arena, or, below qemu's 1 GiB for guests, its stack? */
function isMapped(address: number): boolean {
  return (address - ARENA_BASE) >>> 0 < 4 * ARENA_WORDS || address >>> 24 === 0x3f;
}

/** What a trial leaves behind; null when it branches to other instructions. */
function runHere(machine: ProcessingMachine, { encoding, word, it, record }: Trial, known: boolean): string[] | null {
  const { cpsr, r } = record;
  machine.bank('gpr').set(r);
  const flag = machine.bank('flag');
  flag.set([cpsr | 0, bitOf(cpsr, 30) ? 0 : 1, bitOf(cpsr, 29), bitOf(cpsr, 28), bitOf(cpsr, 27)]);
  machine.bank('ge')[0] = (cpsr >> 16) & 15;
  machine.bank('it')[0] = it;
  machine.bank('cpsr')[0] = 0x10;
  const pc = (record.pc | (encoding === 'a32' ? 0 : 1)) + (it ? 2 : 0);
  const outcome = machine.run(encoding, word, pc, known);
  if (machine.branched && outcome !== 'undefined' && isMapped(outcome)) return null;
  const set = [flag[FLAG.N]! < 0, flag[FLAG.Z] === 0, flag[FLAG.C] === 1, flag[FLAG.V] === 1, flag[FLAG.Q] === 1];
  const psr = set.reduce((all, one) => (all << 1) | (one ? 1 : 0), 0);
  return [
    ...[...machine.bank('gpr').slice(0, 15)].map((value, n) => `r${n}=${(value >>> 0).toString(16)}`),
    `nzcvq=${psr.toString(2)}`,
    `ge=${machine.bank('ge')[0]!.toString(2)}`,
    end(outcome === 'undefined' ? pc : outcome),
  ];
}

/**
 * Where the filler ends an instruction that goes there: at the next word in T32. An A32 address that is no word's is UNPREDICTABLE, and qemu's is what
 * it is.
 */
function end(pc: number): string {
  const at = (pc & 1) !== 0 ? ((pc + 2) & -4) | 1 : pc & -4;
  return `pc=${(at >>> 0).toString(16)}`;
}

function bitOf(value: number, n: number): number {
  return (value >>> n) & 1;
}

function shown({ r, cpsr, pc }: ArmResult): string[] {
  return [
    ...[...r].map((value, n) => `r${n}=${value.toString(16)}`),
    `nzcvq=${nzcvq(cpsr).toString(2)}`,
    `ge=${((cpsr >> 16) & 15).toString(2)}`,
    end(pc | bitOf(cpsr, 5)),
  ];
}

describe.skipIf(qemuArmVersion() === undefined)('data processing as qemu-arm does it', () => {
  it.each(['a32', 'narrow', 'wide'] as const)('%s', { timeout: 240_000 }, (encoding) => {
    const trials = Array.from({ length: COUNT }, (_, index) => makeTrial(index, encoding));
    const results = runUnderQemuArm(trials.map(({ record }) => record));
    const machine = new ProcessingMachine();
    const differences: string[] = [];
    trials.forEach((trial, i) => {
      const want = shown(results[i]!);
      for (const known of [false, true]) {
        const got = runHere(machine, trial, known);
        if (got === null) continue;
        const wrong = got.flatMap((text, n) => (text === want[n] ? [] : [`${text} for ${want[n]}`]));
        if (wrong.length === 0) continue;
        const name = decode(encoding, trial.word)!;
        const code = `${trial.word.toString(16)} ${name.mnemonic} "${name.patternText}"${trial.it ? ' in IT' : ''}`;
        differences.push(`${code}${known ? ' known' : ''}: ${wrong.join(', ')} (${results[i]!.stop})`);
      }
    });
    expect(differences.slice(0, 40)).toEqual([]);
  });
});
