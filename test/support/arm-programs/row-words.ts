// Random instructions of the rows of ARM, with operands that keep a program going: results in R0 to R3, addresses from R6 to R9 and R11, R5 and R12 as
// small indices.
import { MEMORY_A32_ROWS } from '../../../src/arch/arm/insns/memory-a32.ts';
import { MEMORY_T32_ROWS } from '../../../src/arch/arm/insns/memory-t32.ts';
import { PROCESSING_A32_ROWS } from '../../../src/arch/arm/insns/processing-a32.ts';
import { PROCESSING_T32_ROWS } from '../../../src/arch/arm/insns/processing-t32.ts';
import { SIMD_ROWS } from '../../../src/arch/arm/insns/simd.ts';
import { SYSTEM_A32_ROWS } from '../../../src/arch/arm/insns/system-a32.ts';
import { SYSTEM_T32_ROWS } from '../../../src/arch/arm/insns/system-t32.ts';
import { VFP_ROWS } from '../../../src/arch/arm/insns/vfp.ts';
import { type Row, rawFields } from '../../../src/cpu/isa/insn.ts';
import { leftOut } from '../arm/unpredictable.ts';
import type { Random } from '../oracle/random.ts';
import { halves, type InstructionSet } from './encode.ts';

export type Kind = 'processing' | 'memory' | 'float' | 'floatMemory' | 'system';

const hasBase = ({ pattern }: Row): boolean => pattern.fields.some(({ name }) => name === 'rn');
const bySet = (rows: readonly Row[], set: number): readonly Row[] => rows.filter((row) => (row.set ?? 0) === set);
const rowsOf = (set: InstructionSet): Readonly<Record<Kind, readonly Row[]>> => {
  const number = set === 't32' ? 1 : 0;
  const float = bySet([...VFP_ROWS, ...SIMD_ROWS], number);
  return {
    processing: set === 't32' ? PROCESSING_T32_ROWS : PROCESSING_A32_ROWS,
    memory: set === 't32' ? MEMORY_T32_ROWS : MEMORY_A32_ROWS,
    float: float.filter((row) => !hasBase(row)),
    floatMemory: float.filter(hasBase),
    system: set === 't32' ? SYSTEM_T32_ROWS : SYSTEM_A32_ROWS,
  };
};
const ROWS: Readonly<Record<InstructionSet, Readonly<Record<Kind, readonly Row[]>>>> = {
  a32: rowsOf('a32'),
  t32: rowsOf('t32'),
};

const REGISTER = /^r(d|n|m|s|t|t2|a|dlo|dhi|dn)$/;
const WILD = /^0100011\d 1 rm:4 111$|^1011 0000/;
const DESTINATION = /^r(d|t|t2|dlo|dhi|dn)$/;
const ALWAYS = 14;

function register(name: string, bits: number, kind: Kind, random: Random): number {
  const isMemory = kind === 'memory' || kind === 'floatMemory';
  if (random.chance(1)) return random.below(2 ** bits);
  if (isMemory && name === 'rn') return bits === 3 ? random.pick([6, 7]) : random.pick([6, 6, 7, 7, 8, 8, 9, 11, 13]);
  if (isMemory && name === 'rm') {
    if (kind === 'floatMemory') return random.pick([15, 15, 13, 12]);
    return bits === 3 || random.chance(30) ? 5 : 12;
  }
  if (DESTINATION.test(name)) return random.below(4);
  return random.below(bits === 3 ? 8 : random.chance(92) ? 13 : 15);
}

function fieldValue(name: string, bits: number, kind: Kind, set: InstructionSet, random: Random): number {
  if (name === 'cond') return random.chance(60) ? ALWAYS : random.below(15);
  if (kind === 'processing' && name === 'd') return random.chance(10) ? 1 : 0; // of MOV and ADD: R8 to R15
  if (bits >= 3 && bits <= 4 && REGISTER.test(name)) return register(name, bits, kind, random);
  if (kind === 'memory') {
    // Of pointers, R13 to R15 few lists have any.
    if (name === 'list' || name === 'low') {
      if (bits < 8) return random.below(2 ** bits);
      const few = random.chance(95) ? 0x103f : 0xffff;
      return random.word() & few & (2 ** bits - 1);
    }
    if (name === 'pair') return random.below(2);
    if (name === 'imm12' && random.chance(90)) return random.below(64);
    if (name === 'high') return random.chance(80) ? 0 : random.below(16);
    if (name === 'amount' || name === 'imm5') return random.below(set === 't32' ? 2 ** bits : 4);
    if (name === 'm' || name === 'p') return random.chance(5) ? 1 : 0; // PUSH LR, POP PC
  }
  return random.word() & (2 ** bits - 1);
}

/** Bytes of an instruction, as halfwords, and what it is. */
export interface RandomInstruction {
  readonly code: readonly number[];
  readonly mnemonic: string;
}

/** One random instruction of a kind. */
export function randomInstruction(
  set: InstructionSet,
  kind: Kind,
  random: Random,
  narrowOnly = false,
): RandomInstruction {
  for (;;) {
    const row = random.pick(ROWS[set][kind]);
    const { pattern } = row;
    if (narrowOnly && pattern.width !== 16 && (kind === 'processing' || kind === 'memory')) continue;
    // What goes anywhere, or moves the stack.
    if (WILD.test(row.patternText) && random.chance(90)) continue;
    // Most widths of T32 are in rows of 32 bits; those of 16 are executed most.
    if (set === 't32' && pattern.width === 32 && (kind === 'processing' || kind === 'memory') && random.chance(50))
      continue;
    let word = (pattern.match | (random.word() & ~pattern.mask)) >>> 0;
    if (pattern.width === 16) word &= 0xffff;
    for (const { name, lsb, width } of pattern.fields) {
      const mask = (2 ** width - 1) * 2 ** lsb;
      word = ((word & ~mask) | (fieldValue(name, width, kind, set, random) * 2 ** lsb)) >>> 0;
    }
    // Few that are undefined, or that the oracle has no word for.
    const bytes = pattern.width === 16 ? 2 : 4;
    if (row.variants?.pick(rawFields(row, word), 0).mnemonic === 'undefined' && random.chance(95)) continue;
    if (kind !== 'system' && leftOut(set, word, bytes, 'inside') !== null && random.chance(93)) continue;
    return { code: pattern.width === 16 ? [word] : halves(set, word), mnemonic: row.mnemonic };
  }
}
