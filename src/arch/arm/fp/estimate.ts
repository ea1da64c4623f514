// Reciprocal and reciprocal square root: estimates and Newton-Raphson steps of Advanced SIMD (ARM DDI 0406C: A2.7.10, FPRecipEstimate,
// FPRSqrtEstimate, FPRecipStep, FPRSqrtStep and the integer forms). An estimate is 256 to 511: nine bits of a number from 1 to 2.
import { isNan, SINGLE } from '../../../cpu/softfloat/native.ts';
import {
  add,
  and,
  type Code,
  divU,
  eq,
  eqz,
  gtU,
  low,
  ltS,
  ltU,
  op,
  or,
  select,
  shl,
  shrU,
  sub,
  type Value,
  type Variable,
  type WasmFunction,
  zext,
} from '../../../cpu/wasm/code.ts';
import { FPSCR, type Fpscr, softMode } from './fpscr.ts';

const INFINITY = 0x7f800000;
const DEFAULT_NAN = 0x7fc00000;
const TWO = 0x40000000;
const THREE = 0x40400000;
const HALF = 0x3f000000;

/** recip_estimate of (q + 0.5) / 512, q from 256 to 511: round(256 * 512 / (q + 0.5)). */
function recipEstimate(q: Value): Value {
  const divisor = add(shl(q, 1), 1);
  return divU(add(shl(256 * 512, 2), divisor), shl(divisor, 1));
}

/** recip_sqrt_estimate of (q + 0.5) / `unit`: round(256 / sqrt of it). */
function rsqrtEstimate(q: Value, unit: Value): Value {
  const f64 = (name: 'add' | 'div' | 'mul', a: Value, b: Value): Value => op(`f64.${name}`, 'f64', a, b);
  const double = (integer: Value): Value => op('f64.convert_i32_s', 'f64', integer);
  const constant = (bits: bigint): Value => op('f64.reinterpret_i64', 'f64', bits);
  const half = constant(0x3fe0000000000000n);
  const one = constant(0x3ff0000000000000n);
  const root = op('f64.sqrt', 'f64', f64('div', f64('add', double(q), half), double(unit)));
  const by256 = f64('mul', constant(0x4070000000000000n), f64('div', one, root));
  return op('i32.trunc_f64_s', 'i32', f64('add', by256, half));
}

/** What a NaN or a zero gives; `a` is flushed. */
function specialCases(code: Code, fpscr: Fpscr, a: Variable, mode: Value): Variable {
  code.if(isNan(SINGLE, a), () => code.return(low(code.call('fpNan', 'i64', zext(a), 0n, 0n, softMode(code, mode)))));
  const sign = code.let(and(a, -(2 ** 31)));
  code.if(eqz(shl(a, 1)), () => {
    fpscr.raise(code, FPSCR.DZC);
    code.return(or(sign, INFINITY));
  });
  return sign;
}

const recip = (fpscr: Fpscr): WasmFunction => ({
  name: 'recipEstimate32',
  type: { parameters: ['i32', 'i32'], results: ['i32'] },
  build(code) {
    const mode = code.parameter(1);
    const a = code.let(code.call('flush32', 'i32', code.parameter(0), mode));
    const sign = specialCases(code, fpscr, a, mode);
    const exponent = code.let(and(shrU(a, 23), 0xff));
    code.if(eq(exponent, 0xff), () => code.return(sign));
    code.if(gtU(exponent, 252), () => {
      fpscr.raise(code, FPSCR.UFC); // the result would be subnormal
      code.return(sign);
    });
    const estimate = recipEstimate(or(256, and(shrU(a, 15), 255)));
    code.return(or(sign, or(shl(sub(253, exponent), 23), shl(and(estimate, 255), 15))));
  },
});

const rsqrt = (fpscr: Fpscr): WasmFunction => ({
  name: 'rsqrtEstimate32',
  type: { parameters: ['i32', 'i32'], results: ['i32'] },
  build(code) {
    const mode = code.parameter(1);
    const a = code.let(code.call('flush32', 'i32', code.parameter(0), mode));
    const sign = specialCases(code, fpscr, a, mode);
    code.if(sign, () => {
      fpscr.raise(code, FPSCR.IOC);
      code.return(DEFAULT_NAN);
    });
    const exponent = code.let(shrU(a, 23));
    code.if(eq(exponent, 0xff), () => code.return(0));
    // Scaled by a power of four, the operand is from a quarter to a half with an odd exponent field, else from a half to one.
    const q = or(128, and(shrU(a, 16), 127));
    const estimate = rsqrtEstimate(q, select(and(exponent, 1), 512, 256));
    code.return(or(shl(shrU(sub(380, exponent), 1), 23), shl(and(estimate, 255), 15)));
  },
});

const recipU32: WasmFunction = {
  name: 'recipEstimateU32',
  type: { parameters: ['i32'], results: ['i32'] },
  build(code) {
    const a = code.parameter(0);
    code.if(eqz(ltS(a, 0)), () => code.return(-1));
    code.return(shl(recipEstimate(shrU(a, 23)), 23));
  },
};

const rsqrtU32: WasmFunction = {
  name: 'rsqrtEstimateU32',
  type: { parameters: ['i32'], results: ['i32'] },
  build(code) {
    const a = code.parameter(0);
    code.if(ltU(a, 0x40000000), () => code.return(-1));
    const large = ltS(a, 0);
    code.return(shl(rsqrtEstimate(shrU(a, select(large, 24, 23)), select(large, 256, 512)), 23));
  },
};

/** (a, b, mode): `from` - a * b, where infinity times zero is zero. */
function stepOf(code: Code, from: number): Value {
  const [a, b, mode] = [code.parameter(0), code.parameter(1), code.parameter(2)];
  const x = code.let(code.call('flush32', 'i32', a, mode));
  const y = code.let(code.call('flush32', 'i32', b, mode));
  const is = (bits: Value, magnitude: number): Value => eq(and(bits, 0x7fffffff), magnitude);
  const zeroTimesInfinity = or(and(is(x, 0), is(y, INFINITY)), and(is(x, INFINITY), is(y, 0)));
  code.if(zeroTimesInfinity, () => code.return(from === THREE ? 0x3fc00000 : TWO));
  const product = code.let(code.call('mul32', 'i32', x, y, mode));
  return code.call('sub32', 'i32', from, product, mode);
}

const recipStep: WasmFunction = {
  name: 'recipStep32',
  type: { parameters: ['i32', 'i32', 'i32'], results: ['i32'] },
  build: (code) => code.return(stepOf(code, TWO)),
};

/** The difference halved: which is exact. */
const rsqrtStep: WasmFunction = {
  name: 'rsqrtStep32',
  type: { parameters: ['i32', 'i32', 'i32'], results: ['i32'] },
  build: (code) => code.return(code.call('mul32', 'i32', stepOf(code, THREE), HALF, code.parameter(2))),
};

export function estimateFunctions(fpscr: Fpscr): WasmFunction[] {
  return [recip(fpscr), rsqrt(fpscr), recipU32, rsqrtU32, recipStep, rsqrtStep];
}
