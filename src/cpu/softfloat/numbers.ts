// Taking binary32 and binary64 numbers apart and putting them together with one rounding (IEEE 754-2008, 3.4, 4.3, 7.4-7.6). In between, a
// number is sign, exponent and a 64-bit significand: value = significand / 2^62 * 2^exponent, bit 62 its first one.
import {
  add,
  and,
  type Code,
  clz,
  eq,
  eqz,
  geU,
  gtS,
  gtU,
  load,
  low,
  ltS,
  ne,
  type Operand,
  or,
  select,
  sext,
  shl,
  shrU,
  sub,
  type Value,
  type Variable,
  type WasmFunction,
  xor,
  zext,
} from '../wasm/code.ts';
import { FLAG, MODE, ROUND, type SoftfloatRules } from './rules.ts';

/** Exponents of what is no finite number, and of zero; all far outside the others. */
export const ZERO = -0x4000;
export const INFINITY = 0x4000;
export const NAN = 0x4001;

export const isDouble = (mode: Operand): Value => and(mode, MODE.DOUBLE);
/** Bits of the fraction. */
const fractionBits = (mode: Operand): Value => select(isDouble(mode), 52n, 23n);
/** The all-ones exponent field. */
const maxField = (mode: Operand): Value => select(isDouble(mode), 0x7ff, 0xff);
/** Exponent of the smallest normal number. */
const minExponent = (mode: Operand): Value => select(isDouble(mode), -1022, -126);
const signBit = (mode: Operand): Value => select(isDouble(mode), 63n, 31n);
/** The sign as 0 or 1. */
export const signOf = (bits: Operand, mode: Operand): Value => and(low(shrU(bits, signBit(mode))), 1);
const withSign = (sign: Operand, bits: Operand, mode: Operand): Value => or(bits, shl(zext(sign), signBit(mode)));
export const infinity = (sign: Operand, mode: Operand): Value =>
  withSign(sign, shl(zext(maxField(mode)), fractionBits(mode)), mode);
export const zero = (sign: Operand, mode: Operand): Value => withSign(sign, 0n, mode);
export const roundIs = (mode: Operand, round: Operand): Value => eq(and(mode, MODE.ROUND), round);

/** Says that `flags` happened; with a condition, `flags` where it holds and `otherwise` where not. */
export type Raise = (code: Code, flags: number, condition?: Value, otherwise?: number) => void;
export function raiseFor({ flagsAddress, flagBits = (flags) => flags }: SoftfloatRules): Raise {
  return (code, flags, condition, otherwise = 0) => {
    const bits = condition ? select(condition, flagBits(flags), flagBits(otherwise)) : flagBits(flags);
    code.store('i32.store', flagsAddress, or(load('i32.load', flagsAddress), bits));
  };
}

/** (bits, mode) -> exponent, significand. */
const unpack = (raise: Raise): WasmFunction => ({
  name: 'fpUnpack',
  type: { parameters: ['i64', 'i32'], results: ['i32', 'i64'] },
  build(code) {
    const bits = code.parameter(0);
    const mode = code.parameter(1);
    const width = code.let(fractionBits(mode));
    const max = code.let(maxField(mode));
    const field = code.let(and(low(shrU(bits, width)), max));
    const fraction = code.let(and(shl(bits, sub(62n, width)), (1n << 62n) - 1n));
    code.if(eq(field, max), () => code.return(select(eqz(fraction), INFINITY, NAN), fraction));
    code.if(field, () => code.return(add(sub(field, 1), minExponent(mode)), or(fraction, 1n << 62n)));
    code.if(and(ne(fraction, 0n), ne(and(mode, MODE.FLUSH_OPERANDS), 0)), () => {
      raise(code, FLAG.DENORMAL_OPERAND);
      code.set(fraction, 0n);
    });
    code.if(eqz(fraction), () => code.return(ZERO, 0n));
    const up = code.let(sub(clz(fraction), 1n));
    code.return(sub(minExponent(mode), low(up)), shl(fraction, up));
  },
});

/** Exponent and significand of a number, in locals. */
export function unpacked(code: Code, bits: Operand, mode: Operand): [exponent: Variable, significand: Variable] {
  const [exponent, significand] = code.callFor('fpUnpack', ['i32', 'i64'], bits, mode);
  return [exponent!, significand!];
}

/** x >> count, with every bit that is lost in bit 0. (x, count) -> x. */
const jam: WasmFunction = {
  name: 'fpJam',
  type: { parameters: ['i64', 'i32'], results: ['i64'] },
  build(code) {
    const x = code.parameter(0);
    const count = code.parameter(1);
    code.if(eqz(count), () => code.return(x));
    code.if(gtS(count, 63), () => code.return(zext(ne(x, 0n))));
    const by = zext(count);
    code.return(or(shrU(x, by), zext(ne(shl(x, sub(0n, by)), 0n))));
  },
};

/** (sign, exponent, significand of every length, mode) -> the number nearest in the rounding's sense. */
const round = (rules: SoftfloatRules, raise: Raise): WasmFunction => ({
  name: 'fpRound',
  type: { parameters: ['i32', 'i32', 'i64', 'i32'], results: ['i64'] },
  build(code) {
    const sign = code.parameter(0);
    const exponent = code.parameter(1);
    const significand = code.parameter(2);
    const mode = code.parameter(3);
    code.if(eqz(significand), () => code.return(zero(sign, mode)));
    // Bit 62 first.
    const zeros = code.let(low(clz(significand)));
    code.set(exponent, sub(add(exponent, 1), zeros));
    code.if(
      zeros,
      () => code.set(significand, shl(significand, zext(sub(zeros, 1)))),
      () => code.set(significand, or(shrU(significand, 1n), and(significand, 1n))),
    );

    const min = code.let(minExponent(mode));
    const dropped = code.let(sub(62n, fractionBits(mode)));
    const half = code.let(shl(1n, sub(dropped, 1n)));
    const mask = code.let(sub(shl(half, 1n), 1n));
    const nearest = eqz(and(mode, 3)); // NEAREST_EVEN, NEAREST_AWAY
    const away = roundIs(mode, add(ROUND.UP, sign));
    const increment = code.let(select(nearest, half, select(away, mask, 0n)));

    const tiny = code.let(ltS(exponent, min));
    code.if(tiny, () => {
      code.if(and(mode, MODE.FLUSH_RESULT), () => {
        if (rules.flushFlags !== 0) raise(code, rules.flushFlags);
        code.return(zero(sign, mode));
      });
      if (rules.tininess === 'after') {
        const reachesNormal = and(eq(exponent, sub(min, 1)), ltS(add(significand, increment), 0n));
        code.set(tiny, eqz(reachesNormal));
      }
      code.set(significand, code.call('fpJam', 'i64', significand, sub(min, exponent)));
      code.set(exponent, min);
    });

    const rest = code.let(and(significand, mask));
    const result = code.let(shrU(add(significand, increment), dropped));
    const tie = and(roundIs(mode, ROUND.NEAREST_EVEN), eq(rest, half));
    code.set(result, and(result, xor(zext(tie), -1n)));
    // The significand's first bit adds one to the exponent field.
    code.set(result, add(shl(sext(sub(exponent, min)), fractionBits(mode)), result));
    code.if(geU(low(shrU(result, fractionBits(mode))), maxField(mode)), () => {
      raise(code, FLAG.OVERFLOW | FLAG.INEXACT);
      code.return(sub(infinity(sign, mode), zext(eqz(increment))));
    });
    code.if(ne(rest, 0n), () => raise(code, FLAG.INEXACT | FLAG.UNDERFLOW, tiny, FLAG.INEXACT));
    code.return(withSign(sign, result, mode));
  },
});

/** The first fraction bit. */
const quietBit = (mode: Operand): Value => select(isDouble(mode), 1n << 51n, 1n << 22n);

export function defaultNan({ quietBit: quiet, defaultNanSign }: SoftfloatRules, mode: Operand): Value {
  const first = quietBit(mode);
  // Legacy: all fraction bits but the first.
  const nan = quiet === 'set' ? or(infinity(0, mode), first) : sub(add(infinity(0, mode), first), 1n);
  return defaultNanSign === 1 ? withSign(1, nan, mode) : nan;
}

/** Is this NaN a signalling one? */
export function isSignaling({ quietBit: quiet }: SoftfloatRules, bits: Operand, mode: Operand): Value {
  const first = and(bits, quietBit(mode));
  return quiet === 'set' ? eqz(first) : ne(first, 0n);
}

/** A quiet NaN from any; legacy MIPS has no way to keep a signalling NaN's bits. */
export function quieted(rules: SoftfloatRules, bits: Operand, mode: Operand): Value {
  if (rules.quietBit === 'set') return or(bits, quietBit(mode));
  return select(isSignaling(rules, bits, mode), defaultNan(rules, mode), bits);
}

/** Is it a NaN? */
export const isNan = (bits: Operand, mode: Operand): Value =>
  gtU(and(bits, sub(shl(1n, signBit(mode)), 1n)), infinity(0, mode));

/** (a, b, c, mode) -> the NaN that results when at least one of them is a NaN; in the order of preference. */
const chooseNan = (rules: SoftfloatRules, raise: Raise): WasmFunction => ({
  name: 'fpNan',
  type: { parameters: ['i64', 'i64', 'i64', 'i32'], results: ['i64'] },
  build(code) {
    const operands = [0, 1, 2].map((i) => code.parameter(i));
    const mode = code.parameter(3);
    const signaling = operands.map((bits) => code.let(and(isNan(bits, mode), isSignaling(rules, bits, mode))));
    const invalid = or(or(signaling[0]!, signaling[1]!), signaling[2]!);
    code.if(invalid, () => raise(code, FLAG.INVALID));
    if (rules.propagation !== 'default') {
      code.if(eqz(and(mode, MODE.DEFAULT_NAN)), () => {
        if (rules.propagation === 'signaling-first')
          for (const [i, bits] of operands.entries())
            code.if(signaling[i]!, () => code.return(quieted(rules, bits, mode)));
        for (const bits of operands) code.if(isNan(bits, mode), () => code.return(quieted(rules, bits, mode)));
      });
    }
    code.return(defaultNan(rules, mode));
  },
});

/** An invalid operation's flag and result. */
export function invalid(code: Code, rules: SoftfloatRules, raise: Raise, mode: Operand): void {
  raise(code, FLAG.INVALID);
  code.return(defaultNan(rules, mode));
}

export function numberFunctions(rules: SoftfloatRules): WasmFunction[] {
  const raise = raiseFor(rules);
  return [unpack(raise), jam, round(rules, raise), chooseNan(rules, raise)];
}
