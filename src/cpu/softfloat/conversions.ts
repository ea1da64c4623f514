// Conversions: between binary32 and binary64, to and from integers, and to integral values (IEEE 754-2008, 5.3.1, 5.4.1, 5.4.2, 5.8).
import {
  add,
  and,
  eq,
  eqz,
  gtS,
  gtU,
  ltS,
  ne,
  or,
  select,
  shl,
  shrU,
  sub,
  type Variable,
  type WasmFunction,
  xor,
  zext,
} from '../wasm/code.ts';
import {
  defaultNan,
  INFINITY,
  infinity,
  isDouble,
  isSignaling,
  NAN,
  quieted,
  type Raise,
  raiseFor,
  roundIs,
  signOf,
  unpacked,
  ZERO,
  zero,
} from './numbers.ts';
import { FLAG, MODE, ROUND, type SoftfloatRules } from './rules.ts';

/** (a, mode) -> a in the other format; MODE.DOUBLE names the result's. */
const convert = (rules: SoftfloatRules, raise: Raise): WasmFunction => ({
  name: 'fpConvert',
  type: { parameters: ['i64', 'i32'], results: ['i64'] },
  build(code) {
    const [a, mode] = [code.parameter(0), code.parameter(1)];
    const from = code.let(xor(mode, MODE.DOUBLE));
    const [exponent, significand] = unpacked(code, a, from);
    const sign = code.let(signOf(a, from));
    code.if(eq(exponent, NAN), () => {
      code.if(isSignaling(rules, a, from), () => {
        raise(code, FLAG.INVALID);
        if (rules.quietBit === 'clear') code.return(defaultNan(rules, mode));
      });
      if (rules.propagation !== 'default') {
        code.if(eqz(and(mode, MODE.DEFAULT_NAN)), () => {
          // The fraction's upper bits. None of them may be left where the first is not set.
          const fraction = shrU(significand, select(isDouble(mode), 10n, 39n));
          const nan = code.let(or(infinity(sign, mode), fraction));
          if (rules.quietBit === 'clear')
            code.if(eq(nan, infinity(sign, mode)), () => code.return(defaultNan(rules, mode)));
          code.return(quieted(rules, nan, mode));
        });
      }
      code.return(defaultNan(rules, mode));
    });
    code.if(eq(exponent, INFINITY), () => code.return(infinity(sign, mode)));
    code.return(code.call('fpRound', 'i64', sign, exponent, significand, mode));
  },
});

/** (sign, exponent, significand, mode) -> the magnitude as an unsigned integer (exponent < 64), and whether it is inexact. */
const integral: WasmFunction = {
  name: 'fpIntegral',
  type: { parameters: ['i32', 'i32', 'i64', 'i32'], results: ['i64', 'i32'] },
  build(code) {
    const [sign, exponent, significand, mode] = [0, 1, 2, 3].map((i) => code.parameter(i)) as [
      Variable,
      Variable,
      Variable,
      Variable,
    ];
    code.if(gtS(exponent, 61), () => code.return(shl(significand, zext(sub(exponent, 62))), 0));
    const down = code.let(sub(62, exponent));
    const integer = code.let('i64');
    /** What is behind the point, its first bit in bit 63. */
    const rest = code.let(1n);
    code.if(
      ltS(down, 64),
      () => {
        code.set(integer, shrU(significand, zext(down)));
        code.set(rest, shl(significand, sub(0n, zext(down))));
      },
      () => code.set(rest, zext(ne(significand, 0n))),
    );
    const half = -(1n << 63n);
    const odd = ne(and(integer, 1n), 0n);
    const evenUp = or(gtU(rest, half), and(eq(rest, half), odd));
    const nearest = select(and(mode, ROUND.NEAREST_AWAY), ltS(rest, 0n), evenUp);
    const away = and(roundIs(mode, add(ROUND.UP, sign)), ne(rest, 0n));
    const up = code.let(select(eqz(and(mode, 3)), nearest, away));
    code.return(add(integer, zext(up)), ne(rest, 0n));
  },
};

/** The integer with the sign, in 64 bits. */
const signed = (sign: Variable, magnitude: Variable) => select(sign, sub(0n, magnitude), magnitude);

/**
 * (a, mode) -> an integer (MODE.UNSIGNED, MODE.WIDE), sign- or zero-extended to 64 bits. Out of range: invalid, and the nearest integer there
 * is; NaN: invalid, and 0.
 */
const toInteger = (raise: Raise): WasmFunction => ({
  name: 'fpToInteger',
  type: { parameters: ['i64', 'i32'], results: ['i64'] },
  build(code) {
    const [a, mode] = [code.parameter(0), code.parameter(1)];
    const [exponent, significand] = unpacked(code, a, mode);
    const sign = code.let(signOf(a, mode));
    code.if(eq(exponent, NAN), () => {
      raise(code, FLAG.INVALID);
      code.return(0n);
    });
    const limit = code.let(select(and(mode, MODE.WIDE), -1n, 0xffffffffn));
    code.if(
      and(mode, MODE.UNSIGNED),
      () => code.if(sign, () => code.set(limit, 0n)),
      () => code.set(limit, add(shrU(limit, 1n), zext(sign))),
    );
    const [magnitude, inexact] = code.callFor(
      'fpIntegral',
      ['i64', 'i32'],
      sign,
      select(gtS(exponent, 63), 63, exponent),
      significand,
      mode,
    );
    code.if(or(gtS(exponent, 63), gtU(magnitude!, limit)), () => {
      raise(code, FLAG.INVALID);
      code.return(signed(sign, limit));
    });
    code.if(inexact!, () => raise(code, FLAG.INEXACT));
    code.return(signed(sign, magnitude!));
  },
});

/** (integer in 64 bits, mode) -> the number; MODE.UNSIGNED says how the integer is meant. */
const fromInteger: WasmFunction = {
  name: 'fpFromInteger',
  type: { parameters: ['i64', 'i32'], results: ['i64'] },
  build(code) {
    const [integer, mode] = [code.parameter(0), code.parameter(1)];
    const sign = code.let(and(ltS(integer, 0n), eqz(and(mode, MODE.UNSIGNED))));
    code.return(code.call('fpRound', 'i64', sign, 62, signed(sign, integer), mode));
  },
};

/** (a, mode) -> a rounded to an integral value; inexact is flagged. */
const roundToIntegral = (raise: Raise): WasmFunction => ({
  name: 'fpRoundToIntegral',
  type: { parameters: ['i64', 'i32'], results: ['i64'] },
  build(code) {
    const [a, mode] = [code.parameter(0), code.parameter(1)];
    const [exponent, significand] = unpacked(code, a, mode);
    const sign = code.let(signOf(a, mode));
    code.if(eq(exponent, NAN), () => code.return(code.call('fpNan', 'i64', a, 0n, 0n, mode)));
    code.if(eq(exponent, ZERO), () => code.return(zero(sign, mode)));
    code.if(gtS(exponent, 51), () => code.return(a));
    const [magnitude, inexact] = code.callFor('fpIntegral', ['i64', 'i32'], sign, exponent, significand, mode);
    code.if(inexact!, () => raise(code, FLAG.INEXACT));
    code.return(code.call('fpRound', 'i64', sign, 62, magnitude!, mode));
  },
});

export function conversionFunctions(rules: SoftfloatRules): WasmFunction[] {
  const raise = raiseFor(rules);
  return [convert(rules, raise), integral, toInteger(raise), fromInteger, roundToIntegral(raise)];
}
