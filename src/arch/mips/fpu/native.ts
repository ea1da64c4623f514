// The FPU's common cases as native WebAssembly operations (ENGINE.md 7), functions of the generated program.
//
// A native result stands when it is the one that softfloat would give and no more than inexact can have happened: rounding to nearest, no
// exception enabled, FS off, the sticky inexact flag set already (or the result exact), and the result normal but not the smallest normal
// number (which a subnormal may have been rounded to), or an exact zero.
import { MODE, ROUND } from '../../../cpu/softfloat/rules.ts';
import {
  add,
  and,
  type Code,
  eq,
  eqz,
  low,
  ltU,
  ne,
  type Operand,
  op,
  or,
  select,
  shl,
  sub,
  type Value,
  type Variable,
  type WasmFunction,
  xor,
  zext,
} from '../../../cpu/wasm/code.ts';
import { type Fpu, OP, ownRounding } from './exact.ts';
import { FCSR, LAST } from './registers.ts';

/** A format, as native operations need it. */
interface Native {
  readonly suffix: 'D' | 'S';
  readonly type: 'i64' | 'i32';
  readonly float: 'f64' | 'f32';
  readonly operation: number;
  readonly fraction: number;
  /** The smallest normal number and infinity, shifted left by one. */
  readonly smallest: bigint | number;
  readonly infinity: bigint | number;
  readonly zero: bigint | number;
  readonly one: bigint | number;
}
const DOUBLE: Native = {
  suffix: 'D',
  type: 'i64',
  float: 'f64',
  operation: OP.DOUBLE,
  fraction: 52,
  smallest: 0x0020000000000000n,
  infinity: 0xffe0000000000000n,
  zero: 0n,
  one: 1n,
};
const SINGLE: Native = {
  suffix: 'S',
  type: 'i32',
  float: 'f32',
  operation: 0,
  fraction: 23,
  smallest: 0x01000000,
  infinity: 0xff000000,
  zero: 0,
  one: 1,
};

const asFloat = ({ float, type }: Native, bits: Operand): Value =>
  op(`${float}.reinterpret_${type}` as 'f64.reinterpret_i64', float, bits);
const asBits = ({ float, type }: Native, number: Operand): Value =>
  op(`${type}.reinterpret_${float}` as 'i64.reinterpret_f64', type, number);
const binary = ({ float }: Native, name: 'add' | 'sub' | 'mul' | 'div', a: Value, b: Value): Value =>
  op(`${float}.${name}`, float, a, b);

/** Is this, shifted left by one, a finite normal number above the smallest? */
function isOrdinary({ smallest, infinity }: Native, doubled: Value): Value {
  const from = typeof smallest === 'bigint' ? smallest + 1n : smallest + 1;
  const count = typeof infinity === 'bigint' ? infinity - (from as bigint) : (infinity - (from as number)) | 0;
  return ltU(sub(doubled, from), count);
}

const CONTROLS = FCSR.FS | FCSR.ENABLES | FCSR.RM;

/** Trailing zeros of a significand: what a product needs in all to be exact. */
function trailing(native: Native, bits: Operand): Value {
  const implicit = native.type === 'i64' ? 1n << 52n : 1 << 23;
  return op(native.type === 'i64' ? 'i64.ctz' : 'i32.ctz', native.type, or(bits, implicit));
}

/** Is the rounded result the exact one? May say no to an exact one. */
function isExact(
  native: Native,
  name: 'add' | 'sub' | 'mul' | 'div',
  a: Variable,
  b: Variable,
  result: Variable,
): Value {
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
function isExactZero(
  { one, type }: Native,
  name: 'add' | 'sub' | 'mul' | 'div',
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

/** fpuAddD, fpuMulS, ...: (a, b) -> result. */
const arithmetic = (
  fpu: Fpu,
  native: Native,
  name: 'add' | 'sub' | 'mul' | 'div',
  operation: number,
): WasmFunction => ({
  name: `fpu${name[0]!.toUpperCase()}${name.slice(1)}${native.suffix}`,
  type: { parameters: [native.type, native.type], results: [native.type] },
  build(code) {
    const [a, b] = [code.parameter(0), code.parameter(1)];
    const wide = (bits: Operand): Value => (native.type === 'i64' ? (bits as Value) : zext(bits));
    const result = code.let(asBits(native, binary(native, name, asFloat(native, a), asFloat(native, b))));
    const doubled = code.let(shl(result, native.one));
    const number = operation | native.operation;
    code.if(or(isOrdinary(native, doubled), isExactZero(native, name, a, b, doubled)), () => {
      const controls = code.let(and(fpu.fcsr(), CONTROLS | FCSR.INEXACT_FLAG));
      const native_ = (): void => {
        fpu.setLast(code, number);
        fpu.setOperands(code, wide(a), wide(b));
        code.return(result);
      };
      code.if(eq(controls, FCSR.INEXACT_FLAG), native_);
      code.if(eqz(controls), () => code.if(isExact(native, name, a, b, result), native_));
    });
    const exact = code.call('fpuSlow', 'i64', number, wide(a), wide(b));
    code.return(native.type === 'i64' ? exact : low(exact));
  },
});

/** fpuSqrtD, fpuSqrtS: (a) -> result. */
const squareRoot = (fpu: Fpu, native: Native): WasmFunction => ({
  name: `fpuSqrt${native.suffix}`,
  type: { parameters: [native.type], results: [native.type] },
  build(code) {
    const a = code.parameter(0);
    const wide = native.type === 'i64' ? a : zext(a);
    const result = code.let(asBits(native, op(`${native.float}.sqrt`, native.float, asFloat(native, a))));
    const number = OP.SQRT | native.operation;
    const usable = and(
      isOrdinary(native, shl(result, native.one)),
      eq(and(fpu.fcsr(), CONTROLS | FCSR.INEXACT_FLAG), FCSR.INEXACT_FLAG),
    );
    code.if(usable, () => {
      fpu.setLast(code, number);
      fpu.setOperands(code, wide, 0n);
      code.return(result);
    });
    const exact = code.call('fpuSlow', 'i64', number, wide, 0n);
    code.return(native.type === 'i64' ? exact : low(exact));
  },
});

/** (a, what) -> 0. C.cond: `what` has the condition in bits 3:0 and the FCSR bit it sets above. */
const compare = (fpu: Fpu, native: Native): WasmFunction => ({
  name: `fpuCompare${native.suffix}`,
  type: { parameters: [native.type, native.type, 'i32'], results: ['i32'] },
  build(code) {
    const [a, b, what] = [code.parameter(0), code.parameter(1), code.parameter(2)];
    const wide = (bits: Operand): Value => (native.type === 'i64' ? (bits as Value) : zext(bits));
    const test = (name: 'lt' | 'eq'): Value =>
      op(`${native.float}.${name}`, 'i32', asFloat(native, a), asFloat(native, b));
    const bit = code.let(and(what, ~15));
    /** 4 less, 2 equal, 1 unordered. */
    const outcome = code.let(or(shl(test('lt'), 2), shl(test('eq'), 1)));
    const set = (): Value => or(and(fpu.fcsr(), xor(bit, -1)), select(and(outcome, what), bit, 0));
    code.if(eqz(outcome), () => {
      // Greater, or unordered.
      code.if(or(isNanNative(native, a), isNanNative(native, b)), () => {
        fpu.clearFlags(code);
        const mode = or(native.operation, select(and(what, 8), MODE.SIGNALING, 0));
        code.call('fpCompare', 'i32', wide(a), wide(b), mode).push(code.w);
        code.w.op('drop');
        code.call('fpuFinish', 'i32').push(code.w);
        code.w.op('drop');
        code.set(outcome, 1);
        code.if(ne(fpu.last(), LAST.TRAPPED), () => fpu.setFcsr(code, set()));
        code.return(0);
      });
    });
    fpu.setFcsr(code, and(set(), ~FCSR.CAUSE));
    fpu.setLast(code, LAST.SETTLED);
    code.return(0);
  },
});

function isNanNative(native: Native, bits: Operand): Value {
  return eqz(op(`${native.float}.eq`, 'i32', asFloat(native, bits), asFloat(native, bits)));
}

/** FCSR after an operation that may have been inexact (0 or 1) and no more; no exception is enabled. */
function setInexact(code: Code, fpu: Fpu, inexact: Operand): void {
  const both = (1 << FCSR.CAUSE_SHIFT) | FCSR.INEXACT_FLAG;
  fpu.setFcsr(code, or(and(fpu.fcsr(), ~FCSR.CAUSE), select(inexact, both, 0)));
  fpu.setLast(code, LAST.SETTLED);
}

/** (single) -> double. */
const toDouble = (fpu: Fpu): WasmFunction => ({
  name: 'fpuToDouble',
  type: { parameters: ['i32'], results: ['i64'] },
  build(code) {
    const a = code.parameter(0);
    code.if(isNanNative(SINGLE, a), () =>
      code.return(code.call('fpuSlow', 'i64', OP.CONVERT | OP.DOUBLE, zext(a), 0n)),
    );
    setInexact(code, fpu, 0);
    code.return(asBits(DOUBLE, op('f64.promote_f32', 'f64', asFloat(SINGLE, a))));
  },
});

/** (double) -> single. */
const toSingle = (fpu: Fpu): WasmFunction => ({
  name: 'fpuToSingle',
  type: { parameters: ['i64'], results: ['i32'] },
  build(code) {
    const a = code.parameter(0);
    const result = code.let(asBits(SINGLE, op('f32.demote_f64', 'f32', asFloat(DOUBLE, a))));
    const doubled = code.let(shl(result, 1));
    const isZero = eqz(shl(a, 1n));
    code.if(or(isOrdinary(SINGLE, doubled), isZero), () => {
      const back = op('f64.promote_f32', 'f64', asFloat(SINGLE, result));
      code.if(eqz(and(fpu.fcsr(), CONTROLS)), () => {
        setInexact(code, fpu, eqz(op('f64.eq', 'i32', back, asFloat(DOUBLE, a))));
        code.return(result);
      });
    });
    code.return(low(code.call('fpuSlow', 'i64', OP.CONVERT, a, 0n)));
  },
});

/** (word) -> double. */
const fromWord = (fpu: Fpu): WasmFunction => ({
  name: 'fpuFromWord',
  type: { parameters: ['i32'], results: ['i64'] },
  build(code) {
    setInexact(code, fpu, 0);
    code.return(asBits(DOUBLE, op('f64.convert_i32_s', 'f64', code.parameter(0))));
  },
});

/** (word) -> single. */
const singleFromWord: WasmFunction = {
  name: 'fpuSingleFromWord',
  type: { parameters: ['i32'], results: ['i32'] },
  build(code) {
    const double = asBits(DOUBLE, op('f64.convert_i32_s', 'f64', code.parameter(0)));
    code.return(code.call('fpuToSingle', 'i32', double));
  },
};

/** fpuTruncD, fpuNearestD: (double) -> word, toward zero or as FCSR says. */
const toWord = (fpu: Fpu, name: 'trunc' | 'nearest'): WasmFunction => ({
  name: name === 'trunc' ? 'fpuTruncD' : 'fpuNearestD',
  type: { parameters: ['i64'], results: ['i32'] },
  build(code) {
    const a = code.parameter(0);
    const whole = code.let(asBits(DOUBLE, op(`f64.${name}`, 'f64', asFloat(DOUBLE, a))));
    // Below 2^31 in magnitude.
    const fits = ltU(and(whole, (1n << 63n) - 1n), 0x41e0000000000000n);
    const needed = name === 'trunc' ? FCSR.ENABLES : FCSR.ENABLES | FCSR.RM;
    code.if(and(fits, eqz(and(fpu.fcsr(), needed))), () => {
      setInexact(code, fpu, eqz(op('f64.eq', 'i32', asFloat(DOUBLE, whole), asFloat(DOUBLE, a))));
      code.return(op('i32.trunc_f64_s', 'i32', asFloat(DOUBLE, whole)));
    });
    const operation = OP.TO_INTEGER | OP.DOUBLE | (name === 'trunc' ? ownRounding(ROUND.TOWARD_ZERO) : 0);
    code.return(low(code.call('fpuSlow', 'i64', operation, a, 0n)));
  },
});

/** (single) -> word, toward zero. Every NaN, and what a NaN becomes as a double, is invalid. */
const truncSingle: WasmFunction = {
  name: 'fpuTruncS',
  type: { parameters: ['i32'], results: ['i32'] },
  build(code) {
    const double = asBits(DOUBLE, op('f64.promote_f32', 'f64', asFloat(SINGLE, code.parameter(0))));
    code.return(code.call('fpuTruncD', 'i32', double));
  },
};

const ARITHMETIC = [
  ['add', OP.ADD],
  ['sub', OP.SUB],
  ['mul', OP.MUL],
  ['div', OP.DIV],
] as const;

export function nativeFunctions(fpu: Fpu): WasmFunction[] {
  return [
    ...[DOUBLE, SINGLE].flatMap((native) => [
      ...ARITHMETIC.map(([name, operation]) => arithmetic(fpu, native, name, operation)),
      squareRoot(fpu, native),
      compare(fpu, native),
    ]),
    toDouble(fpu),
    toSingle(fpu),
    fromWord(fpu),
    singleFromWord,
    toWord(fpu, 'trunc'),
    toWord(fpu, 'nearest'),
    truncSingle,
  ];
}
