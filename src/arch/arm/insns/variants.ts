// Rows whose words are executed in several ways, by the values of their fields: R15 as an operand, lists that are UNPREDICTABLE. One pattern finds the
// row; which form it takes is decided when the instruction is decoded, so that no form asks for it again.
import type { RawFields, Row } from '../../../cpu/isa/insn.ts';
import { ALWAYS, type ArmEmitter } from '../emitter.ts';
import { a32, t32 } from './row.ts';

/** Does a word with these fields take this form? `block` is not 0 in an IT block. */
export type When = (raw: RawFields, block: number) => boolean;

const formsOf = (row: Row): readonly Row[] => row.variants?.rows ?? [row];
const formOf = (row: Row, raw: RawFields, block: number): Row => row.variants?.pick(raw, block) ?? row;

/**
 * `row`; but a word for which one of the cases holds, the first one, is executed as that row. It has operands of the same names, or fewer; rows may share
 * a form.
 */
export function choose(row: Row, ...cases: readonly (readonly [when: When, form: Row])[]): Row {
  const rows = [...new Set([row, ...cases.map(([, form]) => form)].flatMap(formsOf))];
  const pick = (raw: RawFields, block: number): Row => {
    for (const [when, form] of cases) if (when(raw, block)) return formOf(form, raw, block);
    return formOf(row, raw, block);
  };
  return { ...row, variants: { rows, pick } };
}

const raise = (e: ArmEmitter): void => e.undefined();
/** The Undefined Instruction exception, where the condition holds. */
const UNDEFINED = {
  a32: a32('undefined', `cond:4 ${'.'.repeat(28)}` as 'cond:4', '', raise),
  narrow: t32('undefined', '.'.repeat(16), '', raise),
  wide: t32('undefined', '.'.repeat(32), '', raise),
};

function undefinedForm({ set, pattern }: Row): Row {
  if (set !== 1) return UNDEFINED.a32;
  return pattern.width === 16 ? UNDEFINED.narrow : UNDEFINED.wide;
}

/** `row`; but where one of the cases holds the word is UNDEFINED, or UNPREDICTABLE and taken so. */
export function undefinedWhen(row: Row, ...cases: readonly When[]): Row {
  return choose(row, [(raw, block) => cases.some((when) => when(raw, block)), undefinedForm(row)]);
}

/** A row of A32 whose words are UNPREDICTABLE with R15 as an operand, and taken as UNDEFINED. */
export const a32WithoutPc: typeof a32 = (mnemonic, pattern, syntax, semantics, options = {}) =>
  undefinedWhen(
    a32(mnemonic, pattern, syntax, semantics, { ...options, pc: false }),
    isPc('rd', 'rn', 'rm', 'rs', 'ra', 'rdlo', 'rdhi'),
  );

/** What hot rows of A32 are executed as: AL, and no R15. */
export function usualForm(row: Row): Row {
  return formsOf(row)[0]!;
}

export const isAlways: When = ({ cond }) => cond === ALWAYS;
/** In the space of unconditional instructions, where other rows are. */
export const isUnconditional: When = ({ cond }) => cond === 15;
export const inBlock: When = (_, block) => block !== 0;
const isRegister =
  (number: number, names: readonly string[]): When =>
  (raw) =>
    names.some((name) => raw[name] === number);
/** Is one of these register fields R15, or R13? */
export const isPc = (...names: readonly string[]): When => isRegister(15, names);
export const isSp = (...names: readonly string[]): When => isRegister(13, names);
/** Is register field `name` the same register as one of the others? */
export const isSame =
  (name: string, ...others: readonly string[]): When =>
  (raw) =>
    raw[name] !== undefined && others.some((other) => raw[name] === raw[other]);
