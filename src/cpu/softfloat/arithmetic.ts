// Addition, subtraction, multiplication, division, square root and comparison of binary32 and binary64 (IEEE 754-2008, 5.4.1, 5.11), each a
// function (a, b, mode) of the generated program.
import {
  add,
  and,
  type Code,
  divU,
  eq,
  eqz,
  geU,
  gtS,
  low,
  ltS,
  ltU,
  mul,
  ne,
  type Operand,
  or,
  remU,
  select,
  shl,
  shrS,
  shrU,
  sub,
  type Value,
  type WasmFunction,
  xor,
  zext,
} from '../wasm/code.ts';
import {
  INFINITY,
  infinity,
  invalid,
  isDouble,
  isNan,
  isSignaling,
  NAN,
  type Raise,
  raiseFor,
  roundIs,
  signOf,
  unpacked,
  ZERO,
  zero,
} from './numbers.ts';
import { FLAG, MODE, ROUND, type SoftfloatRules } from './rules.ts';

const BINARY = { parameters: ['i64', 'i64', 'i32'], results: ['i64'] } as const;

/** Is either exponent a NaN's? */
const anyNan = (a: Operand, b: Operand): Value => or(eq(a, NAN), eq(b, NAN));

function chooseNan(code: Code, a: Operand, b: Operand, mode: Operand): void {
  code.return(code.call('fpNan', 'i64', a, b, 0n, mode));
}

/** a + b, or a - b with MODE.SUBTRACT. */
const addition = (rules: SoftfloatRules, raise: Raise): WasmFunction => ({
  name: 'fpAdd',
  type: BINARY,
  build(code) {
    const [a, b, mode] = [code.parameter(0), code.parameter(1), code.parameter(2)];
    const [exponent, x] = unpacked(code, a, mode);
    const [exponentB, y] = unpacked(code, b, mode);
    code.if(anyNan(exponent, exponentB), () => chooseNan(code, a, b, mode));
    const sign = code.let(signOf(a, mode));
    const signB = code.let(xor(signOf(b, mode), ne(and(mode, MODE.SUBTRACT), 0)));
    const differ = code.let(xor(sign, signB));
    code.if(eq(exponent, INFINITY), () => {
      code.if(and(eq(exponentB, INFINITY), differ), () => invalid(code, rules, raise, mode));
      code.return(a);
    });
    code.if(eq(exponentB, INFINITY), () => code.return(infinity(signB, mode)));
    code.if(ltS(exponent, exponentB), () => {
      const other = code.let(exponent);
      code.set(exponent, exponentB);
      code.set(exponentB, other);
      const significand = code.let(x);
      code.set(x, y);
      code.set(y, significand);
      code.set(sign, signB);
    });
    code.set(y, code.call('fpJam', 'i64', y, sub(exponent, exponentB)));
    code.if(
      differ,
      () => {
        code.set(x, sub(x, y));
        code.if(ltS(x, 0n), () => {
          code.set(x, sub(0n, x));
          code.set(sign, xor(sign, 1));
        });
        code.if(eqz(x), () => code.set(sign, roundIs(mode, ROUND.DOWN)));
      },
      () => code.set(x, add(x, y)),
    );
    code.return(code.call('fpRound', 'i64', sign, exponent, x, mode));
  },
});

/** The high half of the 128-bit product. (a, b) -> high. */
const mulHigh: WasmFunction = {
  name: 'fpMulHigh',
  type: { parameters: ['i64', 'i64'], results: ['i64'] },
  build(code) {
    const [a, b] = [code.parameter(0), code.parameter(1)];
    const half = 0xffffffffn;
    const [al, ah] = [code.let(and(a, half)), code.let(shrU(a, 32n))];
    const [bl, bh] = [code.let(and(b, half)), code.let(shrU(b, 32n))];
    const middle = code.let(add(mul(ah, bl), shrU(mul(al, bl), 32n)));
    const middle2 = code.let(add(mul(al, bh), and(middle, half)));
    code.return(add(mul(ah, bh), add(shrU(middle, 32n), shrU(middle2, 32n))));
  },
};

const multiplication = (rules: SoftfloatRules, raise: Raise): WasmFunction => ({
  name: 'fpMul',
  type: BINARY,
  build(code) {
    const [a, b, mode] = [code.parameter(0), code.parameter(1), code.parameter(2)];
    const [exponentA, x] = unpacked(code, a, mode);
    const [exponentB, y] = unpacked(code, b, mode);
    code.if(anyNan(exponentA, exponentB), () => chooseNan(code, a, b, mode));
    const sign = code.let(xor(signOf(a, mode), signOf(b, mode)));
    const hasZero = or(eq(exponentA, ZERO), eq(exponentB, ZERO));
    code.if(or(eq(exponentA, INFINITY), eq(exponentB, INFINITY)), () => {
      code.if(hasZero, () => invalid(code, rules, raise, mode));
      code.return(infinity(sign, mode));
    });
    code.if(hasZero, () => code.return(zero(sign, mode)));
    const high = code.call('fpMulHigh', 'i64', x, y);
    const product = or(high, zext(ne(mul(x, y), 0n)));
    code.return(code.call('fpRound', 'i64', sign, add(add(exponentA, exponentB), 2), product, mode));
  },
});

/** Quotient bits per step of the long division. */
const STEP = 11n;

const division = (rules: SoftfloatRules, raise: Raise): WasmFunction => ({
  name: 'fpDiv',
  type: BINARY,
  build(code) {
    const [a, b, mode] = [code.parameter(0), code.parameter(1), code.parameter(2)];
    const [exponentA, x] = unpacked(code, a, mode);
    const [exponentB, y] = unpacked(code, b, mode);
    code.if(anyNan(exponentA, exponentB), () => chooseNan(code, a, b, mode));
    const sign = code.let(xor(signOf(a, mode), signOf(b, mode)));
    code.if(eq(exponentA, exponentB), () => {
      // Infinity by infinity, zero by zero.
      code.if(or(eq(exponentA, INFINITY), eq(exponentA, ZERO)), () => invalid(code, rules, raise, mode));
    });
    code.if(or(eq(exponentA, INFINITY), eq(exponentB, ZERO)), () => {
      code.if(ne(exponentA, INFINITY), () => raise(code, FLAG.DIVIDE));
      code.return(infinity(sign, mode));
    });
    code.if(or(eq(exponentB, INFINITY), eq(exponentA, ZERO)), () => code.return(zero(sign, mode)));
    // 53-bit significands; one quotient bit, then five times eleven.
    const remainder = code.let(shrU(x, 10n));
    const divisor = code.let(shrU(y, 10n));
    const quotient = code.let(zext(geU(remainder, divisor)));
    code.if(low(quotient), () => code.set(remainder, sub(remainder, divisor)));
    code.repeat(5, () => {
      code.set(remainder, shl(remainder, STEP));
      code.set(quotient, or(shl(quotient, STEP), divU(remainder, divisor)));
      code.set(remainder, remU(remainder, divisor));
    });
    const significand = or(quotient, zext(ne(remainder, 0n)));
    code.return(code.call('fpRound', 'i64', sign, add(sub(exponentA, exponentB), 7), significand, mode));
  },
});

const squareRoot = (rules: SoftfloatRules, raise: Raise): WasmFunction => ({
  name: 'fpSqrt',
  type: { parameters: ['i64', 'i32'], results: ['i64'] },
  build(code) {
    const [a, mode] = [code.parameter(0), code.parameter(1)];
    const [exponent, x] = unpacked(code, a, mode);
    code.if(eq(exponent, NAN), () => chooseNan(code, a, 0n, mode));
    const sign = signOf(a, mode);
    code.if(eq(exponent, ZERO), () => code.return(zero(sign, mode)));
    code.if(sign, () => invalid(code, rules, raise, mode));
    code.if(eq(exponent, INFINITY), () => code.return(a));
    // The root of x * 2^56, digit by digit: 55 bits, with the exponent made even.
    const radicand = code.let(shl(shrU(x, 10n), zext(and(exponent, 1))));
    const root = code.let(0n);
    const remainder = code.let(0n);
    const trial = code.let('i64');
    code.repeat(55, () => {
      code.set(remainder, or(shl(remainder, 2n), and(shrU(radicand, 52n), 3n)));
      code.set(radicand, and(shl(radicand, 2n), (1n << 54n) - 1n));
      code.set(trial, or(shl(root, 2n), 1n));
      code.set(root, shl(root, 1n));
      code.if(geU(remainder, trial), () => {
        code.set(remainder, sub(remainder, trial));
        code.set(root, or(root, 1n));
      });
    });
    const significand = or(root, zext(ne(remainder, 0n)));
    code.return(code.call('fpRound', 'i64', 0, add(shrS(exponent, 1), 8), significand, mode));
  },
});

/** (a, b, mode) -> -1 less, 0 equal, 1 greater, 2 unordered. */
const comparison = (rules: SoftfloatRules, raise: Raise): WasmFunction => ({
  name: 'fpCompare',
  type: { parameters: ['i64', 'i64', 'i32'], results: ['i32'] },
  build(code) {
    const mode = code.parameter(2);
    const operands = [code.parameter(0), code.parameter(1)];
    code.if(and(mode, MODE.FLUSH_OPERANDS), () => {
      const smallest = select(isDouble(mode), 1n << 53n, 1n << 24n);
      const magnitude = (bits: Operand): Value => and(shl(bits, 1n), select(isDouble(mode), -1n, 0xffffffffn));
      for (const bits of operands)
        code.if(and(ltU(magnitude(bits), smallest), ne(magnitude(bits), 0n)), () => {
          raise(code, FLAG.DENORMAL_OPERAND);
          code.set(bits, 0n);
        });
    });
    code.if(or(isNan(operands[0]!, mode), isNan(operands[1]!, mode)), () => {
      const signaling = operands.map((bits) => and(isNan(bits, mode), isSignaling(rules, bits, mode)));
      code.if(or(or(signaling[0]!, signaling[1]!), and(mode, MODE.SIGNALING)), () => raise(code, FLAG.INVALID));
      code.return(2);
    });
    // Sign and magnitude to two's complement.
    const [x, y] = operands.map((bits) => {
      const wide = code.let(select(isDouble(mode), bits, shl(bits, 32n)));
      code.if(ltS(wide, 0n), () => code.set(wide, sub(-(1n << 63n), wide)));
      return wide;
    });
    code.return(sub(gtS(x!, y!), ltS(x!, y!)));
  },
});

export function arithmeticFunctions(rules: SoftfloatRules): WasmFunction[] {
  const raise = raiseFor(rules);
  return [
    addition(rules, raise),
    mulHigh,
    multiplication(rules, raise),
    division(rules, raise),
    squareRoot(rules, raise),
    comparison(rules, raise),
  ];
}
