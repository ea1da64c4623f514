// Advanced SIMD, three registers of the same length: integers and bits (ARM DDI 0406C: A7.4.1).
import type { Value, Variable } from '../../../cpu/wasm/code.ts';
import { shuffle } from '../../../cpu/wasm/vector.ts';
import {
  and128,
  bytesOf,
  choose,
  type Form,
  type Forms,
  greatest,
  type Kinds,
  lanes,
  least,
  not128,
  one,
  or128,
  range,
  type SimdFunction,
  vectorFunction,
  without,
  xor128,
  ZEROS,
} from './vectors.ts';

const SAME: Kinds = ['v', 'v', 'v'];
const PAIRS: Kinds = ['d', 'd', 'd'];

/** Does not matter. */
const BITS: Forms = { sizes: [0], signs: false };
const TO_32: Forms = { sizes: [0, 1, 2], signs: false };
const TO_64: Forms = { sizes: [0, 1, 2, 3], signs: false };
const SIGNS_TO_32: Forms = { sizes: [0, 1, 2], signs: true };
const SIGNS_TO_64: Forms = { sizes: [0, 1, 2, 3], signs: true };

/** Lanes whose top bit is set, as masks. */
const negative = (size: number, value: Value): Value => lanes(size, 'shr_s', value, (8 << size) - 1);

/** a + b, saturated. */
export function saturatingAdd(form: Form, size: number, unsigned: boolean, a: Variable, b: Variable): Value {
  const sum = form.keep(lanes(size, 'add', a, b));
  const carry = or128(and128(a, b), without(or128(a, b), sum));
  const overflow = without(xor128(a, sum), xor128(a, b));
  const mask = form.keep(negative(size, unsigned ? carry : overflow));
  form.saturated(mask);
  return unsigned ? or128(sum, mask) : choose(mask, xor128(negative(size, a), greatest(size)), sum);
}

/** a - b, saturated. */
export function saturatingSub(form: Form, size: number, unsigned: boolean, a: Variable, b: Variable): Value {
  const difference = form.keep(lanes(size, 'sub', a, b));
  const borrow = or128(without(b, a), without(difference, xor128(a, b)));
  const overflow = and128(xor128(a, b), xor128(a, difference));
  const mask = form.keep(negative(size, unsigned ? borrow : overflow));
  form.saturated(mask);
  return unsigned ? without(difference, mask) : choose(mask, xor128(negative(size, a), greatest(size)), difference);
}

/** |a - b|. */
export function absoluteDifference(form: Form): Value {
  const { n, m } = form;
  return form.op('sub', form.op(form.signed('max'), n, m), form.op(form.signed('min'), n, m));
}

/** Products modulo the lane; there is no instruction for bytes. */
export function product(form: Form): Value {
  const { n, m } = form;
  if (form.size > 0) return form.op('mul', n, m);
  return shuffle(form.product(n, m, 'low'), form.product(n, m, 'high'), range(0, 32, 2));
}

/** Polynomials over {0, 1} of as many bits as a lane has, the other with 8 coefficients. */
export function polynomialProduct(form: Form, size: number, a: Variable, b: Variable): Value {
  const top = (8 << size) - 1;
  let sum: Value = ZEROS;
  for (let i = 0; i < 8; i++) {
    const coefficient = lanes(size, 'shr_s', lanes(size, 'shl', b, top - i), top);
    sum = form.keep(xor128(sum, and128(lanes(size, 'shl', a, i), coefficient)));
  }
  return sum;
}

/** VQDMULH, VQRDMULH: the high half of 2 * a * b. */
function highProduct(form: Form, round: boolean): Value {
  const { n, m, size, bits } = form;
  // Only the square of the least number is too big; it comes out as that number again.
  const tooBig = form.keep(and128(form.op('eq', n, least(size)), form.op('eq', m, least(size))));
  form.saturated(tooBig);
  const half = (which: 'low' | 'high'): Value => {
    const doubled = form.wide('shr_s', form.product(n, m, which), bits - 2);
    const kept = form.keep(doubled);
    const rounded = form.wide('add', form.wide('shr_s', kept, 1), and128(kept, one(size + 1)));
    return round ? rounded : form.wide('shr_s', kept, 1);
  };
  const high = shuffle(half('low'), half('high'), bytesOf(size, range(0, 32 >> size, 2)));
  return xor128(high, tooBig);
}
export const doublingHigh = (form: Form): Value => highProduct(form, false);
export const roundingDoublingHigh = (form: Form): Value => highProduct(form, true);

export const multiplyAdd = (form: Form): Value => form.op('add', form.old(), product(form));
export const multiplySub = (form: Form): Value => form.op('sub', form.old(), product(form));

/** The elements of n, then those of m: what stands at even places and what at odd ones. */
function pairs(form: Form): [Value, Value] {
  const { n, m, size } = form;
  const both = form.keep(shuffle(n, m, [...range(0, 8), ...range(16, 24)]));
  const at = (first: number): Value => shuffle(both, both, bytesOf(size, range(first, 16 >> size, 2)));
  return [at(0), at(1)];
}

/** Pairs of adjacent elements. */
const pairwise =
  (suffix: string, signed: boolean) =>
  (form: Form): Value =>
    form.op(signed ? form.signed(suffix) : suffix, ...pairs(form));

function halvingSub(form: Form): Value {
  const { n, m } = form;
  const halves = form.op('sub', form.op(form.signed('shr'), n, 1), form.op(form.signed('shr'), m, 1));
  return form.op('sub', halves, and128(without(m, n), one(form.size)));
}

export const integerFunctions: readonly SimdFunction[] = [
  vectorFunction('simdAnd', SAME, BITS, ({ n, m }) => and128(n, m)),
  vectorFunction('simdBic', SAME, BITS, ({ n, m }) => without(n, m)),
  vectorFunction('simdOrr', SAME, BITS, ({ n, m }) => or128(n, m)),
  vectorFunction('simdOrn', SAME, BITS, ({ n, m }) => or128(n, not128(m))),
  vectorFunction('simdEor', SAME, BITS, ({ n, m }) => xor128(n, m)),
  vectorFunction('simdBsl', SAME, BITS, (form) => choose(form.old(), form.n, form.m)),
  vectorFunction('simdBit', SAME, BITS, (form) => choose(form.m, form.n, form.old())),
  vectorFunction('simdBif', SAME, BITS, (form) => choose(form.m, form.old(), form.n)),

  vectorFunction('simdAdd', SAME, TO_64, (form) => form.op('add', form.n, form.m)),
  vectorFunction('simdSub', SAME, TO_64, (form) => form.op('sub', form.n, form.m)),
  vectorFunction('simdHadd', SAME, SIGNS_TO_32, (form) => {
    const { n, m } = form;
    return form.op('add', and128(n, m), form.op(form.signed('shr'), xor128(n, m), 1));
  }),
  vectorFunction('simdRhadd', SAME, SIGNS_TO_32, (form) => {
    const { n, m } = form;
    return form.op('sub', or128(n, m), form.op(form.signed('shr'), xor128(n, m), 1));
  }),
  vectorFunction('simdHsub', SAME, SIGNS_TO_32, halvingSub),
  vectorFunction('simdQadd', SAME, SIGNS_TO_64, (form) =>
    saturatingAdd(form, form.size, form.unsigned, form.n, form.m),
  ),
  vectorFunction('simdQsub', SAME, SIGNS_TO_64, (form) =>
    saturatingSub(form, form.size, form.unsigned, form.n, form.m),
  ),
  vectorFunction('simdCgt', SAME, SIGNS_TO_32, (form) => form.op(form.signed('gt'), form.n, form.m)),
  vectorFunction('simdCge', SAME, SIGNS_TO_32, (form) => form.op(form.signed('ge'), form.n, form.m)),
  vectorFunction('simdCeq', SAME, TO_32, (form) => form.op('eq', form.n, form.m)),
  vectorFunction('simdTst', SAME, TO_32, (form) => form.op('ne', and128(form.n, form.m), ZEROS)),
  vectorFunction('simdMax', SAME, SIGNS_TO_32, (form) => form.op(form.signed('max'), form.n, form.m)),
  vectorFunction('simdMin', SAME, SIGNS_TO_32, (form) => form.op(form.signed('min'), form.n, form.m)),
  vectorFunction('simdAbd', SAME, SIGNS_TO_32, absoluteDifference),
  vectorFunction('simdAba', SAME, SIGNS_TO_32, (form) => form.op('add', form.old(), absoluteDifference(form))),
  vectorFunction('simdMul', SAME, TO_32, product),
  vectorFunction('simdMla', SAME, TO_32, multiplyAdd),
  vectorFunction('simdMls', SAME, TO_32, multiplySub),
  vectorFunction('simdPmul', SAME, BITS, (form) => polynomialProduct(form, 0, form.n, form.m)),
  vectorFunction('simdQdmulh', SAME, { sizes: [1, 2], signs: false }, doublingHigh),
  vectorFunction('simdQrdmulh', SAME, { sizes: [1, 2], signs: false }, roundingDoublingHigh),
  vectorFunction('simdPadd', PAIRS, TO_32, pairwise('add', false)),
  vectorFunction('simdPmax', PAIRS, SIGNS_TO_32, pairwise('max', true)),
  vectorFunction('simdPmin', PAIRS, SIGNS_TO_32, pairwise('min', true)),
];
