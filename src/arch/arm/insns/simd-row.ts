// Rows of Advanced SIMD instructions, in both instruction sets at once (ARM DDI 0406C: A7.4, A7.7): the encodings differ in their first bits only.
//
// All that an instruction says is in one operand word, made when it is decoded; so many rows are executed as one form (see variants.ts), T32's for A32
// too: what they do with the PC is the same.
import type { Operand } from '../../../cpu/emit/values.ts';
import type { RawFields, Row } from '../../../cpu/isa/insn.ts';
import type { ArmEmitter } from '../emitter.ts';
import { requireSimd } from '../fp/access.ts';
import { operationNumber } from '../simd/functions.ts';
import { QUAD_OPERAND, SCALAR_INDEX_SHIFT, SCALAR_OPERAND } from '../simd/operands.ts';
import { WORD } from '../simd/word.ts';
import { a32, t32 } from './row.ts';
import { choose } from './variants.ts';

type Derive = Readonly<Record<string, (raw: RawFields) => number>>;
export type Fields = Readonly<Record<string, Operand>>;

const ANY_WORD = '.'.repeat(32);

/** Names of operands; their values are those of the row that is executed as the form. */
const named = (names: readonly string[]): Derive => Object.fromEntries(names.map((name) => [name, () => 0]));

/** What rows are executed as. `operands` are derived ones that all of the rows have, `pattern` names fields of the word. */
export function simdForm(
  name: string,
  operands: readonly string[],
  semantics: (e: ArmEmitter, fields: Fields) => void,
  pattern = ANY_WORD,
): Row {
  const all = (e: ArmEmitter, fields: object): void => {
    requireSimd(e);
    semantics(e, fields as Fields);
  };
  return t32(name, pattern, '', all, { derive: named(operands) });
}

const UNDEFINED = t32('undefined', ANY_WORD, '', (e) => e.undefined());

/** Rows of both sets from the bits they begin with and those they share, executed as a form; or UNDEFINED, if their word says so. */
function both(
  mnemonic: string,
  [inA32, inT32]: readonly [string, string],
  rest: string,
  syntax: string,
  form: Row,
  derive: Derive,
): Row[] {
  const nothing = (): void => {};
  const rows = [
    a32(mnemonic, `${inA32} ${rest}`, syntax, nothing, { derive }),
    t32(mnemonic, `${inT32} ${rest}`, syntax, nothing, { derive }),
  ];
  return rows.map((row) => choose({ ...row, variants: form.variants! }, [({ word }) => word! < 0, UNDEFINED]));
}

/** Rows of an element or structure load or store. */
export function structureRows(mnemonic: string, rest: string, syntax: string, form: Row, derive: Derive): Row[] {
  return both(mnemonic, ['11110100', '11111001'], rest, syntax, form, derive);
}

const OPERATION = simdForm('simd', ['word', 'operation'], (e, { word, operation }) => {
  e.call('simdOperation', e.imm(word!), e.imm(operation!));
});
const IMMEDIATE = simdForm('simd-immediate', ['word', 'immediate'], (e, { word, immediate }) => {
  e.call('simdImmediate', e.imm(word!), e.imm(immediate!));
});

/** What a register operand is: 64 or 128 bits, either as Q says, or nothing. */
type OperandKind = 'd' | 'q' | 'v' | '-';

export interface DataProcessing {
  /** The function of the operand word; none for simdImmediate, which has an immediate too. */
  readonly call: string | null;
  /** Destination, N and M. */
  readonly kinds: readonly [OperandKind, OperandKind, OperandKind];
  /** Element size (log2 of bytes); else there is a field `size`, or none matters. */
  readonly size?: number;
  /** Sizes that are defined; all when left out. */
  readonly sizes?: readonly number[];
  /** Set in the word. */
  readonly flags?: number;
  /** What else the word says, by the fields. */
  readonly more?: (raw: RawFields) => number;
  /** Is it UNDEFINED for another reason? */
  readonly undefinedIf?: (raw: RawFields) => boolean;
  /** The operand M when it is a scalar: its register and index. */
  readonly scalar?: (raw: RawFields) => readonly [register: number, index: number];
  /** More operands: of simdImmediate, or for the syntax. */
  readonly derive?: Derive;
}

const number = (raw: RawFields, which: 'd' | 'n' | 'm'): number => ((raw[which] ?? 0) << 4) | (raw[`v${which}`] ?? 0);

/**
 * Rows of a data-processing instruction. `u` is what stands for bit 24 of A32 (28 of T32), `rest` the bits below; fields d:vd, n:vn, m:vm, q, u and
 * size mean what they do in the manual. Operands for the syntax: {xd} {xn} {xm}, {bits} of an element, twice as many {bits2}, and {su}.
 */
export function dataRows(mnemonic: string, u: string, rest: string, syntax: string, what: DataProcessing): Row[] {
  const { call, kinds, sizes, flags = 0, more = () => 0, undefinedIf = () => false, scalar } = what;
  const sizeOf = (raw: RawFields): number => what.size ?? raw.size ?? 0;
  const isQuad = (raw: RawFields, kind: OperandKind): boolean => kind === 'q' || (kind === 'v' && raw.q === 1);
  const [kindD, kindN, kindM] = kinds;
  const operands = [
    ['d', kindD, WORD.D],
    ['n', kindN, WORD.N],
    ['m', kindM, WORD.M],
  ] as const;
  const hasSize = what.size !== undefined || /\bsize:/.test(rest);
  const word = (raw: RawFields): number => {
    const size = sizeOf(raw);
    let bits = flags | more(raw) | (hasSize ? size << WORD.SIZE : 0);
    let undefinedHere = undefinedIf(raw) || (sizes !== undefined && !sizes.includes(size));
    for (const [which, kind, at] of operands) {
      if (kind === '-') continue;
      const register = number(raw, which);
      bits |= (register * 8) << at;
      if (isQuad(raw, kind) && (register & 1) !== 0) undefinedHere = true;
    }
    if (scalar) {
      const [register, index] = scalar(raw);
      bits |= (register * 8 + (index << size)) << WORD.M;
    }
    if (raw.q === 1) bits |= WORD.QUAD;
    if (raw.u === 1) bits |= WORD.UNSIGNED;
    return undefinedHere ? bits | WORD.UNDEFINED : bits;
  };
  const text = ([which, kind]: (typeof operands)[number]): [string, (raw: RawFields) => number] => [
    `x${which}`,
    (raw) => {
      if (which === 'm' && scalar) {
        const [register, index] = scalar(raw);
        return register | SCALAR_OPERAND | (index << SCALAR_INDEX_SHIFT);
      }
      return number(raw, which) | (isQuad(raw, kind) ? QUAD_OPERAND : 0);
    },
  ];
  const operation = call === null ? -1 : operationNumber(call);
  const derive: Derive = {
    word,
    ...Object.fromEntries(operands.map(text)),
    bits: (raw) => 8 << sizeOf(raw),
    bits2: (raw) => 16 << sizeOf(raw),
    ...(call === null ? {} : { operation: () => operation }),
    ...what.derive,
  };
  const form = call === null ? IMMEDIATE : OPERATION;
  return both(mnemonic, [`1111001 ${u}`, `111 ${u} 1111`], rest, syntax.trimStart(), form, derive);
}
