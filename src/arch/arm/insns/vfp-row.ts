// What rows of the floating-point extension share (ARM DDI 0406C: A7.2, A7.5): one definition makes a row of A32 and one of T32, and, where both
// precisions have the instruction, rows of both.
import type { I32, I64, Operand } from '../../../cpu/emit/values.ts';
import type { RawFields, Row } from '../../../cpu/isa/insn.ts';
import type { FieldsOf } from '../../../cpu/isa/pattern.ts';
import type { ArmEmitter } from '../emitter.ts';
import { type ArmRowOptions, a32, t32 } from './row.ts';
import { isUnconditional, undefinedWhen, type When } from './variants.ts';

type Numbers = Readonly<Record<string, (raw: RawFields) => number>>;

/** Numbers of single-precision registers: Vx:X, for fields vd and d, vn and n, vm and m. */
export const SINGLES = {
  sd: ({ vd = 0, d = 0 }: RawFields) => (vd << 1) | d,
  sn: ({ vn = 0, n = 0 }: RawFields) => (vn << 1) | n,
  sm: ({ vm = 0, m = 0 }: RawFields) => (vm << 1) | m,
} satisfies Numbers;

/** Numbers of double-precision registers: X:Vx. */
export const DOUBLES = {
  dd: ({ vd = 0, d = 0 }: RawFields) => (d << 4) | vd,
  dn: ({ vn = 0, n = 0 }: RawFields) => (n << 4) | vn,
  dm: ({ vm = 0, m = 0 }: RawFields) => (m << 4) | vm,
} satisfies Numbers;

interface VfpOptions<Name extends string> extends ArmRowOptions<Name> {
  /** Words that are UNDEFINED, or UNPREDICTABLE and taken so. */
  readonly refuse?: When;
}

/** Rows of A32 (conditional) and T32; `rest` is what comes after the first four bits. */
export function vfp<const Rest extends string, Name extends string = never>(
  mnemonic: string,
  rest: Rest,
  syntax: string,
  semantics: (e: ArmEmitter, fields: FieldsOf<Rest, Operand> & { readonly [Key in Name]: Operand }) => void,
  { refuse, ...options }: VfpOptions<Name> = {},
): Row[] {
  const run = semantics as (e: ArmEmitter, fields: object) => void;
  const wide = t32(mnemonic, `1110 ${rest}` as string, syntax, run, options);
  const refused = refuse ? [refuse] : [];
  return [
    undefinedWhen(a32(mnemonic, `cond:4 ${rest}` as string, syntax, run, options), isUnconditional, ...refused),
    refuse ? undefinedWhen(wide, refuse) : wide,
  ];
}

/** `rows`, each executed as the form of its instruction set; their operands have the form's names. */
export function executedAs(forms: readonly Row[], rows: readonly Row[]): Row[] {
  return rows.map((row, i) => {
    const form = forms[i]!;
    return { ...row, build: form.build, variants: form.variants ?? { rows: [form], pick: () => form } };
  });
}

/** A precision, for rows that exist in both. */
export interface Form<Bits extends I32 | I64> {
  readonly suffix: 'f32' | 'f64';
  /** Bits 11:8 of an encoding. */
  readonly size: '1010' | '1011';
  /** First letter of the names of its registers. */
  readonly letter: 's' | 'd';
  readonly numbers: Numbers;
  read(e: ArmEmitter, register: Operand): Bits;
  write(e: ArmEmitter, register: Operand, value: Bits): void;
  zero(e: ArmEmitter): Bits;
  /** A function of fp/functions.ts with a result of this precision, and one with a 32-bit result; their names without 32 or 64. */
  call(e: ArmEmitter, name: string, ...args: (I32 | I64)[]): Bits;
  callWord(e: ArmEmitter, name: string, ...args: (I32 | I64)[]): I32;
  negate(e: ArmEmitter, value: Bits): Bits;
  absolute(e: ArmEmitter, value: Bits): Bits;
}

const SINGLE: Form<I32> = {
  suffix: 'f32',
  size: '1010',
  letter: 's',
  numbers: SINGLES,
  read: (e, register) => e.s(register),
  write: (e, register, value) => e.setS(register, value),
  zero: (e) => e.const(0),
  call: (e, name, ...args) => e.call(`${name}32`, ...args),
  callWord: (e, name, ...args) => e.call(`${name}32`, ...args),
  negate: (e, value) => e.xor(value, e.const(1 << 31)),
  absolute: (e, value) => e.and(value, e.const(0x7fffffff)),
};

const DOUBLE_SIGN = 1n << 63n;

const DOUBLE: Form<I64> = {
  suffix: 'f64',
  size: '1011',
  letter: 'd',
  numbers: DOUBLES,
  read: (e, register) => e.d(register),
  write: (e, register, value) => e.setD(register, value),
  zero: (e) => e.const64(0n),
  call: (e, name, ...args) => e.call64(`${name}64`, ...args),
  callWord: (e, name, ...args) => e.call(`${name}64`, ...args),
  negate: (e, value) => e.xor64(value, e.const64(-DOUBLE_SIGN)),
  absolute: (e, value) => e.and64(value, e.const64(DOUBLE_SIGN - 1n)),
};

/** Operands of a row of either precision; which of them it has, its pattern says. */
interface Registers {
  readonly d: Operand;
  readonly n: Operand;
  readonly m: Operand;
}

/** Rows of one precision. In `pattern` SIZE stands for bits 11:8, in `syntax` {d}, {n} and {m} for the registers. */
export function formed<Bits extends I32 | I64>(
  form: Form<Bits>,
  mnemonic: string,
  pattern: string,
  syntax: string,
  semantics: (e: ArmEmitter, registers: Registers) => void,
): Row[] {
  const { letter, numbers } = form;
  const used = ['d', 'n', 'm'].filter((name) => pattern.includes(` v${name}:4`));
  const derive = Object.fromEntries(used.map((name) => [`${letter}${name}`, numbers[`${letter}${name}`]!]));
  return vfp<string, string>(
    `${mnemonic}.${form.suffix}`,
    pattern.replace('SIZE', form.size),
    syntax.replace(/\{([dnm])\}/g, `{${letter}$1}`),
    (e, fields) => {
      const operands = fields as Readonly<Record<string, Operand>>;
      const [d, n, m] = ['d', 'n', 'm'].map((name) => operands[`${letter}${name}`]);
      semantics(e, { d, n, m } as Registers);
    },
    { derive },
  );
}

/** Rows of both precisions. */
export function both(make: <Bits extends I32 | I64>(form: Form<Bits>) => Row[]): Row[] {
  return [...make(SINGLE), ...make(DOUBLE)];
}
