// Conversions between single, double, and integers and fixed-point numbers of 16 and 32 bits (ARM DDI 0406C: A2.7.9, FPToFixed, FixedToFP). A
// number times a power of two is exact as a double, or infinite, so that native operations do.
import { asBits, asFloat, DOUBLE, isNan, isOrdinary, type Native, SINGLE } from '../../../cpu/softfloat/native.ts';
import {
  add,
  and,
  type Code,
  eq,
  eqz,
  low,
  type Operand,
  op,
  or,
  select,
  sext,
  shl,
  sub,
  type Value,
  type WasmFunction,
  zext,
} from '../../../cpu/wasm/code.ts';
import { bitsOf } from './arithmetic.ts';
import { FPSCR, type Fpscr, softMode } from './fpscr.ts';

/** Kinds of integers; signed ones of 32 bits without. */
export const FIXED = { UNSIGNED: 1, HALFWORD: 2 } as const;

const f64 = (name: 'ceil' | 'floor' | 'nearest' | 'trunc', a: Value): Value => op(`f64.${name}`, 'f64', a);
const differ = (a: Value, b: Value): Value => eqz(op('f64.eq', 'i32', a, b));
const times = (a: Value, b: Value): Value => op('f64.mul', 'f64', a, b);
const promoted = (single: Operand): Value => op('f64.promote_f32', 'f64', asFloat(SINGLE, single));
const demoted = (double: Value): Value => asBits(SINGLE, op('f32.demote_f64', 'f32', double));
const fromBits = (bits: Operand): Value => asFloat(DOUBLE, bits);
const toBits = (double: Value): Value => asBits(DOUBLE, double);
/** 2 to the power of an i32. */
const power = (exponent: Value): Value => fromBits(shl(zext(add(exponent, 1023)), 52n));
const asDouble = (integer: Value): Value => op('f64.convert_i64_s', 'f64', integer);

const raiseWhere = (code: Code, fpscr: Fpscr, condition: Value, bits: number): void =>
  code.if(condition, () => fpscr.raise(code, bits));

/** The smallest and the largest integer of a kind, as i64. */
function limits(kind: Value): readonly [Value, Value] {
  const half = and(kind, FIXED.HALFWORD);
  const smallest = select(half, -0x8000n, -0x80000000n);
  const signed = select(half, 0x7fffn, 0x7fffffffn);
  const unsigned = select(half, 0xffffn, 0xffffffffn);
  const isUnsigned = and(kind, FIXED.UNSIGNED);
  return [select(isUnsigned, 0n, smallest), select(isUnsigned, unsigned, signed)];
}

const toFixed = (fpscr: Fpscr, native: Native): WasmFunction => ({
  name: `toFixed${bitsOf(native)}`,
  type: { parameters: [native.type, 'i32', 'i32', 'i32'], results: ['i32'] },
  build(code) {
    const [fraction, kind, mode] = [code.parameter(1), code.parameter(2), code.parameter(3)];
    const a = code.let(code.call(`flush${bitsOf(native)}`, native.type, code.parameter(0), mode));
    code.if(isNan(native, a), () => {
      fpscr.raise(code, FPSCR.IOC);
      code.return(0);
    });
    const scaled = code.let(times(native.type === 'i64' ? fromBits(a) : promoted(a), power(fraction)));
    const whole = code.let(f64('trunc', scaled));
    const round = and(mode, FPSCR.RMODE);
    const rounded = ['nearest', 'ceil', 'floor'] as const;
    for (const [rmode, name] of rounded.entries())
      code.if(eq(round, rmode << FPSCR.RMODE_SHIFT), () => code.set(whole, f64(name, scaled)));
    const saturated = (limit: Value): void => {
      fpscr.raise(code, FPSCR.IOC);
      code.return(low(limit));
    };
    const [smallest, largest] = limits(kind);
    code.if(op('f64.lt', 'i32', whole, asDouble(smallest)), () => saturated(smallest));
    code.if(op('f64.lt', 'i32', asDouble(largest), whole), () => saturated(largest));
    // A number that scaling makes zero (with a negative `fraction`) was none.
    const one = native.type === 'i64' ? 1n : 1;
    const vanished = and(eqz(shl(toBits(scaled), 1n)), eqz(eqz(shl(a, one))));
    raiseWhere(code, fpscr, or(differ(whole, scaled), vanished), FPSCR.IXC);
    code.return(low(op('i64.trunc_f64_s', 'i64', whole)));
  },
});

const fromFixed = (native: Native): WasmFunction => ({
  name: `fromFixed${bitsOf(native)}`,
  type: { parameters: ['i32', 'i32', 'i32', 'i32'], results: [native.type] },
  build(code) {
    const [a, fraction, kind, mode] = [code.parameter(0), code.parameter(1), code.parameter(2), code.parameter(3)];
    code.if(and(kind, FIXED.HALFWORD), () =>
      code.set(a, select(and(kind, FIXED.UNSIGNED), and(a, 0xffff), op('i32.extend16_s', 'i32', a))),
    );
    const integer = select(and(kind, FIXED.UNSIGNED), zext(a), sext(a));
    const bits = toBits(times(asDouble(integer), power(sub(0, fraction))));
    code.return(native.type === 'i64' ? bits : code.call('toSingle', 'i32', bits, mode));
  },
});

const toDouble: WasmFunction = {
  name: 'toDouble',
  type: { parameters: ['i32', 'i32'], results: ['i64'] },
  build(code) {
    const mode = code.parameter(1);
    const a = code.let(code.call('flush32', 'i32', code.parameter(0), mode));
    code.if(isNan(SINGLE, a), () =>
      code.return(code.call('fpConvert', 'i64', zext(a), softMode(code, mode, DOUBLE.mode))),
    );
    code.return(toBits(promoted(a)));
  },
};

const toSingle = (fpscr: Fpscr): WasmFunction => ({
  name: 'toSingle',
  type: { parameters: ['i64', 'i32'], results: ['i32'] },
  build(code) {
    const [a, mode] = [code.parameter(0), code.parameter(1)];
    const result = code.let(demoted(fromBits(a)));
    const sure = or(isOrdinary(SINGLE, shl(result, 1)), eqz(shl(a, 1n)));
    code.if(and(sure, eqz(and(mode, FPSCR.RMODE))), () => {
      raiseWhere(code, fpscr, differ(promoted(result), fromBits(a)), FPSCR.IXC);
      code.return(result);
    });
    code.return(low(code.call('fpConvert', 'i64', a, softMode(code, mode))));
  },
});

export function conversionFunctions(fpscr: Fpscr): WasmFunction[] {
  return [
    ...[SINGLE, DOUBLE].flatMap((native) => [toFixed(fpscr, native), fromFixed(native)]),
    toDouble,
    toSingle(fpscr),
  ];
}
