// a * b + c with one rounding (IEEE 754-2008, 5.4.1: fusedMultiplyAdd), in 128 bits: value = (high : low) / 2^124 * 2^exponent.
import {
  add,
  and,
  type Code,
  clz,
  eq,
  eqz,
  gtS,
  gtU,
  low,
  ltS,
  ltU,
  mul,
  ne,
  or,
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
  invalid,
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

/** (high, low, count) -> high, low: a shift right that keeps lost bits in bit 0. */
const jam128: WasmFunction = {
  name: 'fpJam128',
  type: { parameters: ['i64', 'i64', 'i32'], results: ['i64', 'i64'] },
  build(code) {
    const [high, lower, count] = [code.parameter(0), code.parameter(1), code.parameter(2)];
    code.if(eqz(count), () => code.return(high, lower));
    code.if(gtS(count, 63), () => {
      const lost = zext(ne(lower, 0n));
      code.return(0n, or(code.call('fpJam', 'i64', high, sub(count, 64)), lost));
    });
    const by = zext(count);
    code.return(shrU(high, by), or(code.call('fpJam', 'i64', lower, count), shl(high, sub(64n, by))));
  },
};

/** In the order the rules prefer. */
function inOrder<T>(order: SoftfloatRules['fusedOrder'], a: T, b: T, c: T): [T, T, T] {
  if (order === 'abc') return [a, b, c];
  return order === 'acb' ? [a, c, b] : [c, a, b];
}

function specialCases(
  code: Code,
  rules: SoftfloatRules,
  raise: Raise,
  { a, b, c, mode }: { a: Variable; b: Variable; c: Variable; mode: Variable },
  [ea, eb, ec]: readonly [Variable, Variable, Variable],
  [product, addend]: readonly [Variable, Variable],
): void {
  const infiniteProduct = code.let(or(eq(ea, INFINITY), eq(eb, INFINITY)));
  const zeroTimesInfinity = code.let(and(infiniteProduct, or(eq(ea, ZERO), eq(eb, ZERO))));
  code.if(or(or(eq(ea, NAN), eq(eb, NAN)), eq(ec, NAN)), () => {
    if (rules.fusedInvalid !== 'quiet')
      code.if(zeroTimesInfinity, () => {
        raise(code, FLAG.INVALID);
        if (rules.fusedInvalid === 'default')
          code.if(eqz(isSignaling(rules, c, mode)), () => code.return(defaultNan(rules, mode)));
      });
    code.return(code.call('fpNan', 'i64', ...inOrder(rules.fusedOrder, a, b, c), mode));
  });
  code.if(zeroTimesInfinity, () => invalid(code, rules, raise, mode));
  code.if(infiniteProduct, () => {
    code.if(and(eq(ec, INFINITY), xor(product, addend)), () => invalid(code, rules, raise, mode));
    code.return(infinity(product, mode));
  });
  code.if(eq(ec, INFINITY), () => code.return(infinity(addend, mode)));
}

/** (a, b, c, mode) -> a * b + c, or a * b - c with MODE.SUBTRACT. */
const multiplyAdd = (rules: SoftfloatRules, raise: Raise): WasmFunction => ({
  name: 'fpFma',
  type: { parameters: ['i64', 'i64', 'i64', 'i32'], results: ['i64'] },
  build(code) {
    const [a, b, c, mode] = [code.parameter(0), code.parameter(1), code.parameter(2), code.parameter(3)];
    const [ea, x] = unpacked(code, a, mode);
    const [eb, y] = unpacked(code, b, mode);
    const [ec, z] = unpacked(code, c, mode);
    const sign = code.let(xor(signOf(a, mode), signOf(b, mode)));
    const addend = code.let(xor(signOf(c, mode), ne(and(mode, MODE.SUBTRACT), 0)));
    specialCases(code, rules, raise, { a, b, c, mode }, [ea, eb, ec], [sign, addend]);
    code.if(or(eq(ea, ZERO), eq(eb, ZERO)), () => {
      code.if(eq(ec, ZERO), () => {
        const exact = roundIs(mode, ROUND.DOWN);
        code.if(xor(sign, addend), () => code.set(sign, exact));
        code.return(zero(sign, mode));
      });
      code.return(code.call('fpRound', 'i64', addend, ec, z, mode));
    });
    const exponent = code.let(add(ea, eb));
    const high = code.let(code.call('fpMulHigh', 'i64', x, y));
    const lower = code.let(mul(x, y));
    code.if(ne(ec, ZERO), () => {
      const [otherHigh, otherLow] = [code.let(shrU(z, 2n)), code.let(shl(z, 62n))];
      const distance = code.let(sub(exponent, ec));
      code.if(
        ltS(distance, 0),
        () => {
          code.assign('fpJam128', [high, lower], high, lower, sub(0, distance));
          code.set(exponent, ec);
        },
        () => code.assign('fpJam128', [otherHigh, otherLow], otherHigh, otherLow, distance),
      );
      code.if(
        xor(sign, addend),
        () => {
          const less = or(ltU(high, otherHigh), and(eq(high, otherHigh), ltU(lower, otherLow)));
          code.if(less, () => {
            code.set(sign, addend);
            for (const [p, q] of [
              [high, otherHigh],
              [lower, otherLow],
            ] as const) {
              const kept = code.let(p);
              code.set(p, q);
              code.set(q, kept);
            }
          });
          code.set(high, sub(sub(high, otherHigh), zext(gtU(otherLow, lower))));
          code.set(lower, sub(lower, otherLow));
          code.if(eqz(or(high, lower)), () => code.return(zero(roundIs(mode, ROUND.DOWN), mode)));
        },
        () => {
          code.set(lower, add(lower, otherLow));
          code.set(high, add(add(high, otherHigh), zext(ltU(lower, otherLow))));
        },
      );
    });
    // To 64 bits, first one in bit 62 or above.
    code.if(eqz(high), () => {
      code.set(high, lower);
      code.set(lower, 0n);
      code.set(exponent, sub(exponent, 64));
    });
    const up = code.let(clz(high));
    code.if(ne(up, 0n), () => {
      code.set(high, or(shl(high, up), shrU(lower, sub(64n, up))));
      code.set(lower, shl(lower, up));
      code.set(exponent, sub(exponent, low(up)));
    });
    const significand = or(high, zext(ne(lower, 0n)));
    code.return(code.call('fpRound', 'i64', sign, add(exponent, 2), significand, mode));
  },
});

export function fusedFunctions(rules: SoftfloatRules): WasmFunction[] {
  return [jam128, multiplyAdd(rules, raiseFor(rules))];
}
