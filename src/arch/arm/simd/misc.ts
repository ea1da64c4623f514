// Advanced SIMD, two registers miscellaneous, extraction, table lookup, duplication and modified immediates (ARM DDI 0406C: A7.4.5, A7.4.6,
// A8.6.305, A8.6.302, A8.6.406).
import {
  add,
  and,
  clz,
  eq,
  mul,
  type Operand,
  sext,
  shl,
  shrS,
  shrU,
  sub,
  type Value,
  type Variable,
  xor,
} from '../../../cpu/wasm/code.ts';
import { shuffle, vector, vectorLoad, vectorOf } from '../../../cpu/wasm/vector.ts';
import { eachLane } from './shifts.ts';
import {
  and128,
  bytesOf,
  choose,
  type Form,
  type Forms,
  type Kind,
  type Kinds,
  lanes,
  least,
  not128,
  or128,
  Registers,
  range,
  SIMD_TYPE,
  type SimdFunction,
  type Size,
  vectorFunction,
  without,
  xor128,
  ZEROS,
} from './vectors.ts';
import { WORD } from './word.ts';

const SAME: Kinds = ['v', 'none', 'v'];
const BITS: Forms = { sizes: [0], signs: false };
const TO_32: Forms = { sizes: [0, 1, 2], signs: false };
const SIGNS_TO_32: Forms = { sizes: [0, 1, 2], signs: true };
const WORDS: Forms = { sizes: [2], signs: false };

const BYTE_NUMBERS = vectorOf(range(0, 16));
/** Bytes of `a` by number; 0 where the number is not below 16. */
const swizzle = (a: Value, numbers: Value): Value => vector('i8x16.swizzle', a, numbers);
const splat8 = (value: Operand): Value => vector('i8x16.splat', value);

/** Sums of adjacent elements, twice as wide. */
function pairSums(form: Form): Value {
  const { m, bits } = form;
  const shift = form.signed('shr');
  const even = form.wide(shift, form.wide('shl', m, bits), bits);
  return form.wide('add', even, form.wide(shift, m, bits));
}

/** VQABS, VQNEG: only the least number has no opposite; it comes out as itself. */
const saturatingOpposite =
  (suffix: 'abs' | 'neg') =>
  (form: Form): Value => {
    const isLeast = form.keep(form.op('eq', form.m, least(form.size)));
    form.saturated(isLeast);
    return xor128(form.op(suffix, form.m), isLeast);
  };

const withZero =
  (suffix: string) =>
  (form: Form): Value =>
    form.op(suffix, form.m, ZEROS);

/** A function that computes each lane of the result from that of the operand. `value` is sign- or zero-extended, as the word says. */
const laneFunction =
  (name: string, compute: (value: Variable, bits: Value) => Value): SimdFunction =>
  (banks) => ({
    name,
    type: SIMD_TYPE,
    build(code) {
      const registers = new Registers(code, banks);
      eachLane(registers, (offset, form) => {
        const value = code.let(code.call('simdLane', 'i64', registers.address(WORD.M, offset), form));
        const size = code.let(and(form, 3));
        const bits = sext(shl(8, size));
        code.do('simdSetLane', registers.address(WORD.D, offset), size, compute(value, bits));
      });
      code.return(0);
    },
  });

/** What is left of 64 when a lane has `bits` bits. */
const unused = (bits: Value): Value => sub(64n, bits);

/** A function that makes two registers, D and M, of what was in them. */
function permutation(
  name: string,
  sizes: readonly Size[],
  make: (d: Variable, m: Variable, size: Size, kind: Kind) => [Value, Value],
): SimdFunction {
  return (banks) => ({
    name,
    type: SIMD_TYPE,
    build(code) {
      const registers = new Registers(code, banks);
      const form = (size: Size, kind: 'd' | 'q'): void => {
        const [d, m] = [registers.get(WORD.D, kind), registers.get(WORD.M, kind)];
        const [newD, newM] = make(d, m, size, kind).map((value) => code.let(value));
        registers.put(WORD.D, kind, newD!);
        registers.put(WORD.M, kind, newM!);
        code.return(0);
      };
      for (const size of sizes)
        code.if(eq(and(shrU(registers.word, WORD.SIZE), 3), size), () => {
          code.if(registers.has(WORD.QUAD), () => form(size, 'q'));
          form(size, 'd');
        });
      code.return(0);
    },
  });
}

/** Elements of two registers of this kind: those of the second have the numbers that follow the first one's. */
function pick(a: Value, b: Value, size: Size, kind: Kind, elements: readonly number[]): Value {
  const count = (kind === 'q' ? 16 : 8) >> size;
  return shuffle(
    a,
    b,
    bytesOf(
      size,
      elements.map((element) => (element < count ? element : element - count + (16 >> size))),
    ),
  );
}

function transposed(d: Variable, m: Variable, size: Size, kind: Kind): [Value, Value] {
  const count = (kind === 'q' ? 16 : 8) >> size;
  const of = (first: number): number[] => range(0, count).map((i) => (i % 2 === 0 ? i + first : count + i - 1 + first));
  return [pick(d, m, size, kind, of(0)), pick(d, m, size, kind, of(1))];
}

function unzipped(d: Variable, m: Variable, size: Size, kind: Kind): [Value, Value] {
  const count = (kind === 'q' ? 16 : 8) >> size;
  return [pick(d, m, size, kind, range(0, 2 * count, 2)), pick(d, m, size, kind, range(1, 2 * count, 2))];
}

function zipped(d: Variable, m: Variable, size: Size, kind: Kind): [Value, Value] {
  const count = (kind === 'q' ? 16 : 8) >> size;
  const of = (first: number): number[] => range(0, count / 2).flatMap((i) => [first + i, count + first + i]);
  return [pick(d, m, size, kind, of(0)), pick(d, m, size, kind, of(count / 2))];
}

/** VEXT: the byte to begin with stands above the word's Q. */
const extract: SimdFunction = (banks) => ({
  name: 'simdExt',
  type: SIMD_TYPE,
  build(code) {
    const registers = new Registers(code, banks);
    const first = splat8(and(shrU(registers.word, WORD.SIZE), 15));
    const numbers = code.let(lanes(0, 'add', BYTE_NUMBERS, first));
    code.if(
      registers.has(WORD.QUAD),
      () => {
        const [n, m] = [registers.get(WORD.N, 'q'), registers.get(WORD.M, 'q')];
        const high = swizzle(m, lanes(0, 'sub', numbers, splat8(16)));
        registers.put(WORD.D, 'q', code.let(or128(swizzle(n, numbers), high)));
      },
      () => {
        const [n, m] = [registers.get(WORD.N, 'd'), registers.get(WORD.M, 'd')];
        registers.put(WORD.D, 'd', code.let(swizzle(shuffle(n, m, [...range(0, 8), ...range(16, 24)]), numbers)));
      },
    );
    code.return(0);
  },
});

/** VTBL; VTBX with WORD.UNSIGNED. The number of table registers but one stands in the place of the size. */
const table: SimdFunction = (banks) => ({
  name: 'simdTbl',
  type: SIMD_TYPE,
  build(code) {
    const registers = new Registers(code, banks);
    const length = add(and(shrU(registers.word, WORD.SIZE), 3), 1);
    const first = code.let(registers.address(WORD.N, 0));
    const numbers = registers.get(WORD.M, 'd');
    const half = (offset: number): Value =>
      swizzle(vectorLoad('v128.load', first, offset), lanes(0, 'sub', numbers, splat8(offset)));
    const found = or128(half(0), half(16));
    const inTable = code.let(lanes(0, 'lt_u', numbers, splat8(mul(length, 8))));
    const rest = code.let('v128');
    code.if(registers.has(WORD.UNSIGNED), () => code.set(rest, registers.get(WORD.D, 'd')));
    registers.put(WORD.D, 'd', code.let(choose(inTable, found, rest)));
    code.return(0);
  },
});

/** What simdImmediate does, in the place of N. */
export const IMMEDIATE = { MOV: 0, ORR: 1, BIC: 2, BYTES: 3 } as const;

/** (word, immediate): an operation of the destination and a number that is the same in each word, or a mask of bytes for 8 bits. */
export const immediateFunction: SimdFunction = (banks) => ({
  name: 'simdImmediate',
  type: { parameters: ['i32', 'i32'], results: ['i32'] },
  build(code) {
    const registers = new Registers(code, banks);
    const number = code.let(lanes(2, 'splat', code.parameter(1)));
    const old = registers.get(WORD.D, 'v');
    const result = code.let(number);
    const operation = code.let(registers.byte(WORD.N));
    code.if(eq(operation, IMMEDIATE.ORR), () => code.set(result, or128(old, number)));
    code.if(eq(operation, IMMEDIATE.BIC), () => code.set(result, without(old, number)));
    code.if(eq(operation, IMMEDIATE.BYTES), () => {
      const bit = vectorOf(range(0, 16).map((i) => 1 << (i & 7)));
      code.set(result, lanes(0, 'eq', and128(swizzle(number, ZEROS), bit), bit));
    });
    registers.put(WORD.D, 'v', result);
    code.return(0);
  },
});

export const miscFunctions: readonly SimdFunction[] = [
  // In the place of N: bytes of a container less those of an element.
  vectorFunction('simdRev', SAME, BITS, (form) => swizzle(form.m, xor128(BYTE_NUMBERS, splat8(form.byte(WORD.N))))),
  vectorFunction('simdPaddl', SAME, SIGNS_TO_32, pairSums),
  vectorFunction('simdPadal', SAME, SIGNS_TO_32, (form) => form.wide('add', form.old(), pairSums(form))),
  vectorFunction('simdCnt', SAME, BITS, (form) => form.op('popcnt', form.m)),
  vectorFunction('simdMvn', SAME, BITS, (form) => not128(form.m)),
  vectorFunction('simdQabs', SAME, TO_32, saturatingOpposite('abs')),
  vectorFunction('simdQneg', SAME, TO_32, saturatingOpposite('neg')),
  vectorFunction('simdAbs', SAME, TO_32, (form) => form.op('abs', form.m)),
  vectorFunction('simdNeg', SAME, TO_32, (form) => form.op('neg', form.m)),
  vectorFunction('simdAbsFloat', SAME, WORDS, (form) => without(form.m, least(2))),
  vectorFunction('simdNegFloat', SAME, WORDS, (form) => xor128(form.m, least(2))),
  vectorFunction('simdCgtZero', SAME, TO_32, withZero('gt_s')),
  vectorFunction('simdCgeZero', SAME, TO_32, withZero('ge_s')),
  vectorFunction('simdCeqZero', SAME, TO_32, withZero('eq')),
  vectorFunction('simdCleZero', SAME, TO_32, withZero('le_s')),
  vectorFunction('simdCltZero', SAME, TO_32, withZero('lt_s')),
  laneFunction('simdClz', (value, bits) => sub(clz(value), unused(bits))),
  laneFunction('simdCls', (value, bits) => sub(sub(clz(xor(value, shrS(value, 1n))), unused(bits)), 1n)),

  permutation('simdSwp', [0], (d, m) => [m, d]),
  permutation('simdTrn', [0, 1, 2], transposed),
  permutation('simdUzp', [0, 1, 2], unzipped),
  permutation('simdZip', [0, 1, 2], zipped),
  extract,
  table,
  vectorFunction('simdDup', ['v', 'none', 'scalar'], TO_32, (form) => form.m),
];
