// The FPU's common cases as native WebAssembly operations (ENGINE.md 7), functions of the generated program.
//
// A native result stands when it is the one that softfloat would give and no more than inexact can have happened: rounding to nearest, no
// exception enabled, FS off, the sticky inexact flag set already (or the result exact), and the result normal but not the smallest normal
// number (which a subnormal may have been rounded to), or an exact zero.
import {
  type Arithmetic,
  asBits,
  asFloat,
  binary,
  DOUBLE,
  isExact,
  isExactZero,
  isNan,
  isOrdinary,
  type Native,
  SINGLE,
} from '../../../cpu/softfloat/native.ts';
import { MODE, ROUND } from '../../../cpu/softfloat/rules.ts';
import {
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
  type Value,
  type WasmFunction,
  xor,
  zext,
} from '../../../cpu/wasm/code.ts';
import { type Fpu, OP, ownRounding } from './exact.ts';
import { FCSR, LAST } from './registers.ts';

const CONTROLS = FCSR.FS | FCSR.ENABLES | FCSR.RM;

/** fpuAddD, fpuMulS, ...: (a, b) -> result. */
const arithmetic = (fpu: Fpu, native: Native, name: Arithmetic, operation: number): WasmFunction => ({
  name: `fpu${name[0]!.toUpperCase()}${name.slice(1)}${native.suffix}`,
  type: { parameters: [native.type, native.type], results: [native.type] },
  build(code) {
    const [a, b] = [code.parameter(0), code.parameter(1)];
    const wide = (bits: Operand): Value => (native.type === 'i64' ? (bits as Value) : zext(bits));
    const result = code.let(asBits(native, binary(native, name, asFloat(native, a), asFloat(native, b))));
    const doubled = code.let(shl(result, native.one));
    const number = operation | native.mode;
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
    const number = OP.SQRT | native.mode;
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
      code.if(or(isNan(native, a), isNan(native, b)), () => {
        fpu.clearFlags(code);
        const mode = or(native.mode, select(and(what, 8), MODE.SIGNALING, 0));
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
    code.if(isNan(SINGLE, a), () => code.return(code.call('fpuSlow', 'i64', OP.CONVERT | OP.DOUBLE, zext(a), 0n)));
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
