// Advanced SIMD, three registers of different lengths, and two registers and a scalar (ARM DDI 0406C: A7.4.2, A7.4.3).
import type { Value, Variable } from '../../../cpu/wasm/code.ts';
import { shuffle } from '../../../cpu/wasm/vector.ts';
import {
  absoluteDifference,
  doublingHigh,
  multiplyAdd,
  multiplySub,
  polynomialProduct,
  product,
  roundingDoublingHigh,
  saturatingAdd,
  saturatingSub,
} from './integer.ts';
import {
  bytesOf,
  everywhere,
  type Form,
  type Forms,
  type Kinds,
  lanes,
  least,
  range,
  type SimdFunction,
  vectorFunction,
  xor128,
} from './vectors.ts';

const LONG: Kinds = ['q', 'd', 'd'];
const WIDE: Kinds = ['q', 'q', 'd'];
const HIGH: Kinds = ['d', 'q', 'q'];
const LONG_SCALAR: Kinds = ['q', 'd', 'scalar'];
const SAME_SCALAR: Kinds = ['v', 'v', 'scalar'];

const FORMS: Forms = { sizes: [0, 1, 2], signs: false };
const SIGNS: Forms = { sizes: [0, 1, 2], signs: true };
/** Of scalars, and of doubling products. */
const WORDS: Forms = { sizes: [1, 2], signs: false };
const WORD_SIGNS: Forms = { sizes: [1, 2], signs: true };

/** The difference fits in the narrow lane as an unsigned number. */
function longDifference(form: Form): Value {
  const { size } = form;
  const narrow = absoluteDifference(form);
  return lanes(size + 1, `extend_low_${['i8x16', 'i16x8', 'i32x4'][size]}_u`, narrow);
}

/** 2 * a * b, saturated. */
function doublingProduct(form: Form): Variable {
  const { size } = form;
  const single = form.keep(form.product(form.n, form.m));
  const doubled = form.keep(form.wide('add', single, single));
  // Only the square of the least number is too big; it comes out as the least number.
  const tooBig = form.keep(form.wide('eq', doubled, least(size + 1)));
  form.saturated(tooBig);
  return form.keep(xor128(doubled, tooBig));
}

function doublingAdd(form: Form): Value {
  const doubled = doublingProduct(form);
  return saturatingAdd(form, form.size + 1, false, form.old(), doubled);
}
function doublingSub(form: Form): Value {
  const doubled = doublingProduct(form);
  return saturatingSub(form, form.size + 1, false, form.old(), doubled);
}

/** The high halves of lanes. */
const highHalf =
  (suffix: 'add' | 'sub', round: boolean) =>
  (form: Form): Value => {
    const { size, n, m } = form;
    const exact = form.wide(suffix, n, m);
    const half = everywhere(size + 1, (i) => (i === (1 << size) - 1 ? 0x80 : 0));
    const sum = form.keep(round ? form.wide('add', exact, half) : exact);
    return shuffle(sum, sum, bytesOf(size, range(1, 16 >> size, 2)));
  };

const longAdd = (form: Form): Value => form.wide('add', form.old(), form.product(form.n, form.m));
const longSub = (form: Form): Value => form.wide('sub', form.old(), form.product(form.n, form.m));
const longProduct = (form: Form): Value => form.product(form.n, form.m);

export const longFunctions: readonly SimdFunction[] = [
  vectorFunction('simdAddl', LONG, SIGNS, (form) => form.wide('add', form.extended(form.n), form.extended(form.m))),
  vectorFunction('simdSubl', LONG, SIGNS, (form) => form.wide('sub', form.extended(form.n), form.extended(form.m))),
  vectorFunction('simdAddw', WIDE, SIGNS, (form) => form.wide('add', form.n, form.extended(form.m))),
  vectorFunction('simdSubw', WIDE, SIGNS, (form) => form.wide('sub', form.n, form.extended(form.m))),
  vectorFunction('simdAddhn', HIGH, FORMS, highHalf('add', false)),
  vectorFunction('simdRaddhn', HIGH, FORMS, highHalf('add', true)),
  vectorFunction('simdSubhn', HIGH, FORMS, highHalf('sub', false)),
  vectorFunction('simdRsubhn', HIGH, FORMS, highHalf('sub', true)),
  vectorFunction('simdAbdl', LONG, SIGNS, longDifference),
  vectorFunction('simdAbal', LONG, SIGNS, (form) => form.wide('add', form.old(), longDifference(form))),
  vectorFunction('simdMlal', LONG, SIGNS, longAdd),
  vectorFunction('simdMlsl', LONG, SIGNS, longSub),
  vectorFunction('simdMull', LONG, SIGNS, longProduct),
  vectorFunction('simdQdmlal', LONG, WORDS, doublingAdd),
  vectorFunction('simdQdmlsl', LONG, WORDS, doublingSub),
  vectorFunction('simdQdmull', LONG, WORDS, doublingProduct),
  vectorFunction('simdPmull', LONG, { sizes: [0], signs: false }, (form) => {
    const wide = (value: Value): Variable => form.keep(form.wide('extend_low_i8x16_u', value));
    return polynomialProduct(form, 1, wide(form.n), wide(form.m));
  }),

  vectorFunction('simdMulScalar', SAME_SCALAR, WORDS, product),
  vectorFunction('simdMlaScalar', SAME_SCALAR, WORDS, multiplyAdd),
  vectorFunction('simdMlsScalar', SAME_SCALAR, WORDS, multiplySub),
  vectorFunction('simdQdmulhScalar', SAME_SCALAR, WORDS, doublingHigh),
  vectorFunction('simdQrdmulhScalar', SAME_SCALAR, WORDS, roundingDoublingHigh),
  vectorFunction('simdMlalScalar', LONG_SCALAR, WORD_SIGNS, longAdd),
  vectorFunction('simdMlslScalar', LONG_SCALAR, WORD_SIGNS, longSub),
  vectorFunction('simdMullScalar', LONG_SCALAR, WORD_SIGNS, longProduct),
  vectorFunction('simdQdmlalScalar', LONG_SCALAR, WORDS, doublingAdd),
  vectorFunction('simdQdmlslScalar', LONG_SCALAR, WORDS, doublingSub),
  vectorFunction('simdQdmullScalar', LONG_SCALAR, WORDS, doublingProduct),
];
