// What an instruction word accesses and compares, as far as an explanation wants to know it (MIPS32 Volume II-A). Words come from guest memory and
// may be anything.
import type { DebugAccess } from '../../../cpu/isa/debug-view.ts';

export const rsOf = (word: number): number => (word >>> 21) & 31;
export const rtOf = (word: number): number => (word >>> 16) & 31;
export const opcodeOf = (word: number): number => word >>> 26;
export const functionOf = (word: number): number => word & 0x3f;
const signedImmediate = (word: number): number => (word << 16) >> 16;

const SPECIAL = 0;
const REGIMM = 1;
export const COP1 = 0x11;
export const COP1X = 0x13;
const LL = 0x30;
const SC = 0x38;

/** A load or store. */
export interface MemoryOperand {
  readonly access: Exclude<DebugAccess, 'fetch'>;
  /** That the address has to be a multiple of; 1: any. */
  readonly alignment: number;
  readonly base: number;
  /** Displacement; null: the register `index` is added. */
  readonly offset: number | null;
  readonly index: number;
  /** LL or SC. */
  readonly isLinked: boolean;
  /** General register that is stored, or null. */
  readonly stored: number | null;
}

type Kind = readonly [access: MemoryOperand['access'], alignment: number, fpu?: 'fpu'];

/** By opcode: LB, LH, LWL, LW, LBU, LHU, LWR, SB, SH, SWL, SW, SWR, LL, SC, LWC1, LDC1, SWC1, SDC1. */
const BY_OPCODE: ReadonlyMap<number, Kind> = new Map<number, Kind>([
  [0x20, ['read', 1]],
  [0x21, ['read', 2]],
  [0x22, ['read', 1]],
  [0x23, ['read', 4]],
  [0x24, ['read', 1]],
  [0x25, ['read', 2]],
  [0x26, ['read', 1]],
  [0x28, ['write', 1]],
  [0x29, ['write', 2]],
  [0x2a, ['write', 1]],
  [0x2b, ['write', 4]],
  [0x2e, ['write', 1]],
  [0x30, ['read', 4]],
  [0x38, ['write', 4]],
  [0x31, ['read', 4, 'fpu']],
  [0x35, ['read', 8, 'fpu']],
  [0x39, ['write', 4, 'fpu']],
  [0x3d, ['write', 8, 'fpu']],
]);

/** COP1X by function: LWXC1, LDXC1, LUXC1, SWXC1, SDXC1, SUXC1. */
const INDEXED: ReadonlyMap<number, Kind> = new Map<number, Kind>([
  [0, ['read', 4, 'fpu']],
  [1, ['read', 8, 'fpu']],
  [5, ['read', 1, 'fpu']],
  [8, ['write', 4, 'fpu']],
  [9, ['write', 8, 'fpu']],
  [13, ['write', 1, 'fpu']],
]);

/** What memory the instruction accesses; null: none. */
export function memoryOperand(word: number): MemoryOperand | null {
  const isIndexed = opcodeOf(word) === COP1X;
  const kind = isIndexed ? INDEXED.get(functionOf(word)) : BY_OPCODE.get(opcodeOf(word));
  if (!kind) return null;
  const [access, alignment, fpu] = kind;
  return {
    access,
    alignment,
    base: rsOf(word),
    offset: isIndexed ? null : signedImmediate(word),
    index: rtOf(word),
    isLinked: opcodeOf(word) === LL || opcodeOf(word) === SC,
    stored: access === 'write' && fpu === undefined ? rtOf(word) : null,
  };
}

/** An addition or subtraction that traps when it overflows: its second operand is `rt`, or an immediate. */
export interface Arithmetic {
  readonly sign: '+' | '-';
  readonly rs: number;
  readonly rt: number | null;
  readonly immediate: number;
}

/** ADD, SUB, ADDI; null: anything else. */
export function overflowing(word: number): Arithmetic | null {
  const operands = { rs: rsOf(word), rt: rtOf(word), immediate: signedImmediate(word) };
  if (opcodeOf(word) === 8) return { ...operands, sign: '+', rt: null };
  if (opcodeOf(word) !== SPECIAL) return null;
  if (functionOf(word) === 0x20) return { ...operands, sign: '+' };
  return functionOf(word) === 0x22 ? { ...operands, sign: '-' } : null;
}

/** A conditional trap. */
export interface Trap {
  readonly comparison: '==' | '!=' | '<' | '>=';
  readonly isSigned: boolean;
  readonly rs: number;
  /** null: `immediate`. */
  readonly rt: number | null;
  readonly immediate: number;
  /** null where the instruction has no room for one. */
  readonly code: number | null;
}

type Condition = readonly [comparison: Trap['comparison'], isSigned: boolean];
/** TGE, TGEU, TLT, TLTU, TEQ, -, TNE, by the function's lower bits and the immediate form's rt. */
const CONDITIONS: readonly (Condition | undefined)[] = [
  ['>=', true],
  ['>=', false],
  ['<', true],
  ['<', false],
  ['==', true],
  undefined,
  ['!=', true],
];

export function trapOf(word: number): Trap | null {
  const [rs, rt] = [rsOf(word), rtOf(word)];
  const isRegister = opcodeOf(word) === SPECIAL && functionOf(word) >>> 3 === 6;
  const isImmediate = opcodeOf(word) === REGIMM && rt >>> 3 === 1;
  if (!isRegister && !isImmediate) return null;
  const condition = CONDITIONS[(isRegister ? functionOf(word) : rt) & 7];
  if (!condition) return null;
  const [comparison, isSigned] = condition;
  const code = isRegister ? (word >>> 6) & 0x3ff : null;
  return { comparison, isSigned, rs, rt: isRegister ? rt : null, immediate: signedImmediate(word), code };
}

/** Does the trap's condition hold for these 32-bit values? */
export function holds({ comparison, isSigned }: Trap, a: number, b: number): boolean {
  const [left, right] = isSigned ? [a | 0, b | 0] : [a >>> 0, b >>> 0];
  switch (comparison) {
    case '==':
      return left === right;
    case '!=':
      return left !== right;
    case '<':
      return left < right;
    default:
      return left >= right;
  }
}

/** BREAK's code, as assemblers and Linux count it: what is in the upper half when the lower is 0. */
export function breakCode(word: number): number {
  const code = (word >>> 6) & 0xfffff;
  return (code & 0x3ff) === 0 ? code >>> 10 : code & 0x3ff;
}

/** The register that a JALR jumps to; null: it is none. */
export function callRegister(word: number): number | null {
  return opcodeOf(word) === SPECIAL && functionOf(word) === 9 ? rsOf(word) : null;
}
