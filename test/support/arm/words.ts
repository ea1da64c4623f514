// Instruction words for the ARM oracle: random field values of tsvm's rows, and words that no row is asked for, so that missing rows are found too.
import { CONTROL_A32_ROWS } from '../../../src/arch/arm/insns/control-a32.ts';
import { CONTROL_T32_ROWS } from '../../../src/arch/arm/insns/control-t32.ts';
import { MEMORY_A32_ROWS } from '../../../src/arch/arm/insns/memory-a32.ts';
import { MEMORY_T32_ROWS } from '../../../src/arch/arm/insns/memory-t32.ts';
import { PROCESSING_A32_ROWS } from '../../../src/arch/arm/insns/processing-a32.ts';
import { PROCESSING_T32_ROWS } from '../../../src/arch/arm/insns/processing-t32.ts';
import { SIMD_ROWS } from '../../../src/arch/arm/insns/simd.ts';
import { SYSTEM_A32_ROWS } from '../../../src/arch/arm/insns/system-a32.ts';
import { SYSTEM_T32_ROWS } from '../../../src/arch/arm/insns/system-t32.ts';
import { VFP_ROWS } from '../../../src/arch/arm/insns/vfp.ts';
import { Decoders } from '../../../src/cpu/isa/decoder.ts';
import type { Row } from '../../../src/cpu/isa/insn.ts';
import { Random } from '../oracle/random.ts';
import { type InstructionSet, instructionsOf, isWide } from './machine.ts';
import { isExclusive, leftOut } from './unpredictable.ts';

export type Suite = 'a32' | 't32' | 'vfp' | 'simd';
export const SUITES: readonly Suite[] = ['a32', 't32', 'vfp', 'simd'];

const ROWS: Readonly<Record<Suite, readonly Row[]>> = {
  a32: [...PROCESSING_A32_ROWS, ...MEMORY_A32_ROWS, ...CONTROL_A32_ROWS, ...SYSTEM_A32_ROWS],
  t32: [...PROCESSING_T32_ROWS, ...MEMORY_T32_ROWS, ...CONTROL_T32_ROWS, ...SYSTEM_T32_ROWS],
  vfp: VFP_ROWS,
  simd: SIMD_ROWS,
};
const ALL_ROWS = SUITES.flatMap((suite) => ROWS[suite]);
const inSet = (rows: readonly Row[], set: number): Row[] => rows.filter((row) => (row.set ?? 0) === set);

/** Decoders, made when first asked for. */
const decoders = new Map<string, Decoders>();
function decodersOf(name: string, rows: () => readonly Row[]): Decoders {
  const known = decoders.get(name);
  if (known) return known;
  const made = new Decoders(rows(), true);
  decoders.set(name, made);
  return made;
}

/** In A32 a condition of 15 is no condition. */
const isConditional = (row: Row): boolean => /^cond:4!? /.test(row.patternText);

/** The row of an instruction, or undefined. */
export function rowOf(set: InstructionSet, word: number, bytes: 2 | 4): Row | undefined {
  if (set === 't32') return decodersOf(set, () => inSet(ALL_ROWS, 1)).decodeHalfwords(word, bytes);
  const conditional = word >>> 28 !== 15;
  const rows = (): Row[] => inSet(ALL_ROWS, 0).filter((row) => isConditional(row) === conditional);
  return decodersOf(`a32 ${conditional}`, rows).words.decode(word);
}

/** The mnemonics of a record's instructions. */
export function namesOf(record: { set: InstructionSet; code: readonly number[] }): string[] {
  return instructionsOf(record).map(({ word, bytes }) => {
    const row = rowOf(record.set, word, bytes);
    if (!row) return `no row (${group(record.set, word, bytes)})`;
    return record.set === 't32' && bytes === 2 ? `${row.mnemonic}.n` : row.mnemonic;
  });
}

/** What kind of word this is, for those without a row: the bits that the manual's first tables look at. */
function group(set: InstructionSet, word: number, bytes: number): string {
  if (bytes === 2) return `narrow ${(word >>> 10).toString(2).padStart(6, '0')}`;
  if (set === 't32') return `wide ${(word >>> 24).toString(16)}`;
  return `${word >>> 28 === 15 ? '1111' : 'cond'} ${((word >>> 24) & 15).toString(2).padStart(4, '0')}`;
}

const GENERAL = /^r(d|n|m|s|t|t2|a|dlo|dhi)$/;
const ALWAYS = 14;

const simdRows = new Set(SIMD_ROWS);
/** Low bits of Vd, Vn and Vm. */
const VD = 1 << 12;
const VN_VM = (1 << 16) | 1;
const Q = 1 << 6;
/** An Advanced SIMD word whose registers are even where they may have to be: many instructions are undefined otherwise. */
function withQuads(row: Row, word: number): number {
  const registers = (word & Q) === 0 ? VD : VD | VN_VM;
  return (word & ~(registers & ~row.pattern.mask)) >>> 0;
}

/** A word of a row. */
function wordOf(row: Row, random: Random): number {
  let word = (row.pattern.match | (random.word() & ~row.pattern.mask)) >>> 0;
  if (row.pattern.width === 16) word &= 0xffff;
  for (const { name, lsb, width: bits } of row.pattern.fields) {
    const put = (value: number): void => {
      const mask = (2 ** bits - 1) * 2 ** lsb;
      word = ((word & ~mask) | (value * 2 ** lsb)) >>> 0;
    };
    if (name === 'cond') put(random.chance(60) ? ALWAYS : random.below(15));
    else if (bits === 4 && GENERAL.test(name) && random.chance(85)) put(random.below(15));
  }
  return simdRows.has(row) && random.chance(70) ? withQuads(row, word) : word;
}

const COPROCESSOR = 0x0c000000;

/** Any word of the parts of the encoding space that the suite is about. */
function anyWord(suite: Suite, set: InstructionSet, random: Random): number {
  const word = random.word();
  const fpCoprocessor = (word & ~0x0e00) | 0x0a00;
  if (set === 'a32') {
    if (suite === 'a32')
      return random.chance(85) ? ((word & 0x0fffffff) | 0xe0000000) >>> 0 : (word | 0xf0000000) >>> 0;
    if (suite === 'vfp') return ((fpCoprocessor & 0x03ffffff) | COPROCESSOR | 0xe0000000) >>> 0;
    return ((word & 0x01ffffff) | (random.chance(80) ? 0xf2000000 : 0xf4000000)) >>> 0;
  }
  if (suite === 't32')
    return random.chance(40)
      ? random.below(0xe800)
      : ((word & 0x1fffffff) | random.pick([0xe0000000, 0xf0000000]) | 0x08000000) >>> 0;
  if (suite === 'vfp') return ((fpCoprocessor & 0x03ffffff) | 0xec000000) >>> 0;
  return random.chance(80) ? ((word & 0x10ffffff) | 0xef000000) >>> 0 : ((word & 0x00ffffff) | 0xf9000000) >>> 0;
}

function halfwords(set: InstructionSet, word: number, bytes: number): number[] {
  if (bytes === 2) return [word];
  return set === 't32' ? [word >>> 16, word & 0xffff] : [word & 0xffff, word >>> 16];
}

/** How many of a hundred instructions are not made from a row. */
const ANY_WORD = 12;

class WordMaker {
  private readonly bySet: Readonly<Record<InstructionSet, readonly Row[]>>;
  private readonly suite: Suite;

  constructor(suite: Suite) {
    this.suite = suite;
    this.bySet = { a32: inSet(ROWS[suite], 0), t32: inSet(ROWS[suite], 1) };
  }

  /** One instruction that may stand here. */
  one(set: InstructionSet, random: Random, place: 'alone' | 'inside' | 'last'): number[] {
    for (;;) {
      const rows = this.bySet[set];
      const fromRow = rows.length > 0 && !random.chance(ANY_WORD);
      const row = fromRow ? random.pick(rows) : undefined;
      const word = row ? wordOf(row, random) : anyWord(this.suite, set, random);
      const bytes = row ? (row.pattern.width === 16 ? 2 : 4) : set === 't32' && word < 0xe800 ? 2 : 4;
      if (set === 't32' && bytes === 4 && !isWide(word >>> 16)) continue;
      // An undefined instruction whose condition fails: qemu goes on, tsvm takes the exception (either may be).
      if (place !== 'alone' && !rowOf(set, word, bytes)) continue;
      if (leftOut(set, word, bytes, place) === null) return halfwords(set, word, bytes);
    }
  }
}

/** IT blocks: first condition and the mask's low bits after it. */
function block(maker: WordMaker, random: Random): number[] {
  const condition = random.below(15);
  const count = 1 + random.below(4);
  // AL takes no else (UNPREDICTABLE).
  const others = condition === ALWAYS ? 0 : random.word();
  let mask = 1 << (4 - count);
  for (let n = 1; n < count; n++) {
    const isElse = (others >>> n) & 1;
    mask |= ((condition & 1) ^ isElse) << (4 - n);
  }
  const code = [0xbf00 | (condition << 4) | mask];
  for (let n = 0; n < count; n++) code.push(...maker.one('t32', random, n === count - 1 ? 'last' : 'inside'));
  return code;
}

const makers: Readonly<Record<Suite, WordMaker>> = {
  a32: new WordMaker('a32'),
  t32: new WordMaker('t32'),
  vfp: new WordMaker('vfp'),
  simd: new WordMaker('simd'),
};

/** SETEND changes what qemu compares for a store-exclusive. */
const SETEND = { a32: 0xf1010000, t32: 0xb650 } as const;
const exclusives = (set: InstructionSet, code: readonly number[]): number =>
  instructionsOf({ set, code }).filter(
    ({ word, bytes }) =>
      isExclusive(set, word, bytes) || (word & (bytes === 4 ? 0xfffffdff : 0xfff7)) >>> 0 === SETEND[set],
  ).length;

/** Code without several exclusive accesses: they would be UNPREDICTABLE unless made for each other. */
function withoutExclusives(set: InstructionSet, make: () => number[]): number[] {
  for (;;) {
    const code = make();
    if (exclusives(set, code) < 2) return code;
  }
}

/** ADD R12, R12, #1, and CLREX. */
const HARMLESS = { a32: [0xe28cc001, 0xf57ff01f], t32: [0xf10c0c01, 0xf3bf8f2f] } as const;

/** A load-exclusive and a store-exclusive of the same size and base, perhaps with an instruction between them. */
function exclusivePair(set: InstructionSet, random: Random): number[] {
  const size = random.below(4);
  const [base, status, value, loaded] = [
    random.below(5),
    5 + random.below(3),
    8 + 2 * random.below(2),
    8 + 2 * random.below(2),
  ];
  const double = size === 1;
  // Sizes as A32 has them in bits 22:21: word, doubleword, byte, halfword.
  const a32 = (load: boolean): number =>
    (0xe1800f90 | (size << 21) | (base << 16) | (load ? (1 << 20) | (loaded << 12) | 15 : (status << 12) | value)) >>>
    0;
  const t32 = (load: boolean): number => {
    const [t, bit20] = [load ? loaded : value, load ? 1 << 20 : 0];
    const head = 0xe8c00000 | bit20 | (base << 16) | (t << 12);
    if (size === 0) return (0xe8400000 | bit20 | (base << 16) | (t << 12) | ((load ? 15 : status) << 8)) >>> 0;
    const kind = double ? 7 : size === 2 ? 4 : 5;
    return (head | ((double ? t + 1 : 15) << 8) | (kind << 4) | (load ? 15 : status)) >>> 0;
  };
  const word = set === 'a32' ? a32 : t32;
  const between = random.chance(40) ? halfwords(set, random.pick(HARMLESS[set]), 4) : [];
  return [...halfwords(set, word(true), 4), ...between, ...halfwords(set, word(false), 4)];
}

/** The code of record `index` of a suite; what it is depends on tsvm's rows. */
export function makeCode(suite: Suite, seed: number, index: number): { set: InstructionSet; code: number[] } {
  const random = new Random(seed ^ 0x5eed, index);
  const maker = makers[suite];
  const set = suite === 'a32' || (suite !== 't32' && random.chance(60)) ? 'a32' : 't32';
  const kind = random.below(100);
  if (kind > 97 && (suite === 'a32' || suite === 't32')) return { set, code: exclusivePair(set, random) };
  if (set === 't32' && kind < 30) return { set, code: withoutExclusives(set, () => block(maker, random)) };
  const count = kind < 85 ? 1 : 2 + random.below(2);
  const make = (): number[] => Array.from({ length: count }, () => maker.one(set, random, 'alone')).flat();
  return { set, code: withoutExclusives(set, make) };
}
