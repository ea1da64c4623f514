// What native WebAssembly operations need of binary32 and binary64, and when their results are softfloat's: a normal result that is not the
// smallest normal number (which a subnormal may have been rounded to), or an exact zero, rounded to nearest. Whether it is exact is said here too.
import { add, and, eqz, ltU, type Operand, op, or, shl, sub, type Value, type Variable } from '../wasm/code.ts';
import { MODE } from './rules.ts';

export type Arithmetic = 'add' | 'sub' | 'mul' | 'div';

/** A format, as native operations need it. */
export interface Native {
  readonly suffix: 'D' | 'S';
  readonly type: 'i64' | 'i32';
  readonly float: 'f64' | 'f32';
  /** Softfloat's mode bits for it. */
  readonly mode: number;
  readonly fraction: number;
  /** The smallest normal number and infinity, shifted left by one. */
  readonly smallest: bigint | number;
  readonly infinity: bigint | number;
  readonly zero: bigint | number;
  readonly one: bigint | number;
}
export const DOUBLE: Native = {
  suffix: 'D',
  type: 'i64',
  float: 'f64',
  mode: MODE.DOUBLE,
  fraction: 52,
  smallest: 0x0020000000000000n,
  infinity: 0xffe0000000000000n,
  zero: 0n,
  one: 1n,
};
export const SINGLE: Native = {
  suffix: 'S',
  type: 'i32',
  float: 'f32',
  mode: 0,
  fraction: 23,
  smallest: 0x01000000,
  infinity: 0xff000000,
  zero: 0,
  one: 1,
};

export const asFloat = ({ float, type }: Native, bits: Operand): Value =>
  op(`${float}.reinterpret_${type}` as 'f64.reinterpret_i64', float, bits);
export const asBits = ({ float, type }: Native, number: Operand): Value =>
  op(`${type}.reinterpret_${float}` as 'i64.reinterpret_f64', type, number);
export const binary = ({ float }: Native, name: Arithmetic, a: Value, b: Value): Value =>
  op(`${float}.${name}`, float, a, b);

/** Is this, shifted left by one, a finite normal number above the smallest? */
export function isOrdinary({ smallest, infinity }: Native, doubled: Value): Value {
  const from = typeof smallest === 'bigint' ? smallest + 1n : smallest + 1;
  const count = typeof infinity === 'bigint' ? infinity - (from as bigint) : (infinity - (from as number)) | 0;
  return ltU(sub(doubled, from), count);
}

/** Trailing zeros of a significand: what a product needs in all to be exact. */
function trailing(native: Native, bits: Operand): Value {
  const implicit = native.type === 'i64' ? 1n << 52n : 1 << 23;
  return op(native.type === 'i64' ? 'i64.ctz' : 'i32.ctz', native.type, or(bits, implicit));
}

/** Is the rounded result the exact one? May say no to an exact one. */
export function isExact(native: Native, name: Arithmetic, a: Variable, b: Variable, result: Variable): Value {
  if (name === 'mul') {
    const zeros = add(trailing(native, a), trailing(native, b));
    const enough = native.fraction + 1; // the two significands have no more bits than one
    return op(`${native.type}.ge_u`, 'i32', zeros, native.type === 'i64' ? BigInt(enough) : enough);
  }
  if (name === 'div') {
    const mask = native.type === 'i64' ? (1n << 52n) - 1n : (1 << 23) - 1;
    return op(`${native.type}.eqz`, 'i32', and(b, mask)); // by a power of two
  }
  // Knuth's two-sum: the rounding error is itself a number.
  const x = asFloat(native, a);
  const y = asFloat(native, b);
  const sum = asFloat(native, result);
  const virtual = binary(native, 'sub', sum, x); // b, or -b, as the sum saw it
  const errorA = binary(native, 'sub', x, binary(native, 'sub', sum, virtual));
  const errorB = binary(native, name === 'add' ? 'sub' : 'add', y, virtual);
  const none = (error: Value): Value => op(`${native.float}.eq`, 'i32', error, asFloat(native, native.zero));
  return and(none(errorA), none(errorB));
}

/** Is a zero result exact? */
export function isExactZero(
  { one, type }: Native,
  name: Arithmetic,
  a: Variable,
  b: Variable,
  doubled: Variable,
): Value {
  const isZero = (bits: Operand): Value => op(`${type}.eqz`, 'i32', bits);
  if (name === 'add' || name === 'sub') return isZero(doubled);
  const ofA = isZero(shl(a, one));
  const operandZero = name === 'mul' ? or(ofA, isZero(shl(b, one))) : ofA;
  return and(isZero(doubled), operandZero);
}

export function isNan(native: Native, bits: Operand): Value {
  return eqz(op(`${native.float}.eq`, 'i32', asFloat(native, bits), asFloat(native, bits)));
}
