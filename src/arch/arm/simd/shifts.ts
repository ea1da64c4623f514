// Advanced SIMD, two registers and a shift amount, and shifts by a register (ARM DDI 0406C: A7.4.4, A8.6.383-A8.6.391). The amount stands in the
// operand word's place N.
import {
  add,
  and,
  eq,
  eqz,
  geU,
  gtS,
  loadAt,
  low,
  ltS,
  ne,
  or,
  select,
  sext,
  shl,
  shrS,
  shrU,
  sub,
  type Value,
  type Variable,
  xor,
} from '../../../cpu/wasm/code.ts';
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
  not128,
  ONES,
  one,
  or128,
  Registers,
  range,
  SIMD_TYPE,
  type SimdFunction,
  vectorFunction,
  xor128,
  ZEROS,
} from './vectors.ts';
import { WORD } from './word.ts';

const SAME: Kinds = ['v', 'none', 'v'];
const NARROW: Kinds = ['d', 'none', 'q'];
const LONG: Kinds = ['q', 'none', 'd'];

const ALL: Forms = { sizes: [0, 1, 2, 3], signs: false };
const SIGNS: Forms = { sizes: [0, 1, 2, 3], signs: true };
const TO_32: Forms = { sizes: [0, 1, 2], signs: false };
const SIGNS_TO_32: Forms = { sizes: [0, 1, 2], signs: true };

/** Lanes shifted right by `amount`, which may be all their bits. */
function shiftedRight(form: Form, size: number, value: Value, suffix: string, amount: Value, round: boolean): Value {
  const half = form.keep(lanes(size, suffix, value, sub(amount, 1)));
  const shifted = lanes(size, suffix, half, 1);
  return round ? lanes(size, 'add', shifted, and128(half, one(size))) : shifted;
}

const right =
  (round: boolean) =>
  (form: Form): Value =>
    shiftedRight(form, form.size, form.m, form.signed('shr'), form.byte(WORD.N), round);

const rightAdd =
  (round: boolean) =>
  (form: Form): Value =>
    form.op('add', form.old(), right(round)(form));

function rightInsert(form: Form): Value {
  const mask = shiftedRight(form, form.size, ONES, 'shr_u', form.byte(WORD.N), false);
  return choose(mask, shiftedRight(form, form.size, form.m, 'shr_u', form.byte(WORD.N), false), form.old());
}

function leftInsert(form: Form): Value {
  const amount = form.byte(WORD.N);
  return choose(form.op('shl', ONES, amount), form.op('shl', form.m, amount), form.old());
}

/** VQSHL: signed to signed, unsigned to unsigned. */
function saturatingLeft(form: Form): Value {
  const { m, size, bits, unsigned } = form;
  const shifted = form.keep(form.op('shl', m, form.byte(WORD.N)));
  const lost = form.keep(form.op('ne', form.op(form.signed('shr'), shifted, form.byte(WORD.N)), m));
  form.saturated(lost);
  return choose(lost, unsigned ? ONES : xor128(form.op('shr_s', m, bits - 1), greatest(size)), shifted);
}

/** VQSHLU: signed to unsigned. */
function saturatingLeftUnsigned(form: Form): Value {
  const { m, bits } = form;
  const shifted = form.keep(form.op('shl', m, form.byte(WORD.N)));
  const negative = form.keep(form.op('shr_s', m, bits - 1));
  const lost = form.keep(or128(negative, form.op('ne', form.op('shr_u', shifted, form.byte(WORD.N)), m)));
  form.saturated(lost);
  return choose(lost, not128(negative), shifted);
}

/** The lower halves of lanes. */
function lowHalves(size: number, value: Variable): Value {
  return shuffle(value, value, bytesOf(size, range(0, 16 >> size, 2)));
}

/** Lanes narrowed, from signed or unsigned ones to either. */
function saturatingNarrow(form: Form, value: Variable, from: 'shr_s' | 'shr_u', to: 'shr_s' | 'shr_u'): Value {
  const { size, bits } = form;
  const again = form.wide(to, form.wide('shl', value, bits), bits);
  const lost = form.keep(form.wide('ne', again, value));
  form.saturated(lost);
  const negative = from === 'shr_s' ? form.wide('shr_s', value, 2 * bits - 1) : ZEROS;
  const limit = to === 'shr_s' ? xor128(negative, lanes(size + 1, 'shr_u', ONES, bits + 1)) : not128(negative);
  return lowHalves(size, form.keep(choose(lost, limit, value)));
}

/** VSHRN, VRSHRN. */
const narrow =
  (round: boolean) =>
  (form: Form): Value =>
    lowHalves(form.size, form.keep(shiftedRight(form, form.size + 1, form.m, 'shr_u', form.byte(WORD.N), round)));

/** VQSHRN, VQRSHRN; and VQSHRUN, VQRSHRUN, which make unsigned numbers of signed ones. */
const saturatingNarrowRight =
  (round: boolean, toUnsigned: boolean) =>
  (form: Form): Value => {
    const from = form.signed('shr') as 'shr_s' | 'shr_u';
    const shifted = shiftedRight(form, form.size + 1, form.m, from, form.byte(WORD.N), round);
    return saturatingNarrow(form, form.keep(shifted), from, toUnsigned ? 'shr_u' : from);
  };

const IN_LANE = { parameters: ['i64', 'i32', 'i32'], results: ['i64'] } as const;

/** Run `body` for each lane of the word's size: with the lane's offset in the registers, which is added to their addresses. */
export function eachLane(registers: Registers, body: (offset: Variable, form: Variable) => void): void {
  const { code, word } = registers;
  const form = code.let(and(shrU(word, WORD.SIZE), 7));
  const step = code.let(shl(1, and(form, 3)));
  const end = code.let(select(registers.has(WORD.QUAD), 16, 8));
  const offset = code.let(0);
  code.while(ltS(offset, end), () => {
    body(offset, form);
    code.set(offset, add(offset, step));
  });
}

/** (value, amount to the right, WORD) -> the value shifted, and rounded if the word says so. */
const rightInLane: SimdFunction = () => ({
  name: 'simdLaneRight',
  type: IN_LANE,
  build(code) {
    const [value, amount, word] = [code.parameter(0), code.parameter(1), code.parameter(2)];
    const unsigned = code.let(and(word, WORD.UNSIGNED));
    const round = code.let(and(word, WORD.ROUND));
    const shifted = (by: Value): Value => select(unsigned, shrU(value, by), shrS(value, by));
    code.if(gtS(amount, 64), () => {
      code.if(or(unsigned, round), () => code.return(0n));
      code.return(shrS(value, 63n));
    });
    const half = code.let(shifted(sub(sext(amount), 1n)));
    const whole = code.let(select(unsigned, shrU(half, 1n), shrS(half, 1n)));
    code.return(select(round, add(whole, and(half, 1n)), whole));
  },
});

/** (value, amount to the left, WORD) -> the value shifted, saturated if the word says so. */
const leftInLane: SimdFunction = (banks) => ({
  name: 'simdLaneLeft',
  type: IN_LANE,
  build(code) {
    const [value, amount, word] = [code.parameter(0), code.parameter(1), code.parameter(2)];
    const registers = new Registers(code, banks, word);
    const bits = code.let(shl(8, and(shrU(word, WORD.SIZE), 3)));
    const far = code.let(geU(amount, bits));
    const shifted = code.let(select(far, 0n, shl(value, sext(amount))));
    code.if(eqz(and(word, WORD.SATURATE)), () => code.return(shifted));
    const rest = code.let(sub(64n, sext(bits)));
    const up = shl(shifted, rest);
    const unsigned = code.let(and(word, WORD.UNSIGNED));
    const back = select(unsigned, shrU(shrU(up, rest), sext(amount)), shrS(shrS(up, rest), sext(amount)));
    const lost = code.let(select(far, ne(value, 0n), ne(back, value)));
    code.if(eqz(lost), () => code.return(shifted));
    registers.saturatedIf(lost);
    const limit = xor(shrS(value, 63n), shrU(0x7fffffffffffffffn, rest));
    code.return(select(unsigned, -1n, limit));
  },
});

/** What the operations that go lane by lane call: loads and stores of lanes, sign- or zero-extended, and shifts. */
export const laneFunctions: readonly SimdFunction[] = [
  () => ({
    // (address, size and sign as in the word, 0-based) -> value
    name: 'simdLane',
    type: { parameters: ['i32', 'i32'], results: ['i64'] },
    build(code) {
      const [address, form] = [code.parameter(0), code.parameter(1)];
      code.if(eq(form, 0), () => code.return(sext(loadAt('i32.load8_s', address))));
      code.if(eq(form, 1), () => code.return(sext(loadAt('i32.load16_s', address))));
      code.if(eq(form, 2), () => code.return(sext(loadAt('i32.load', address))));
      code.if(eq(form, 4), () => code.return(and(sext(loadAt('i32.load8_u', address)), 0xffn)));
      code.if(eq(form, 5), () => code.return(and(sext(loadAt('i32.load16_u', address)), 0xffffn)));
      code.if(eq(form, 6), () => code.return(and(sext(loadAt('i32.load', address)), 0xffffffffn)));
      code.return(loadAt('i64.load', address));
    },
  }),
  () => ({
    // (address, size, value) -> 0
    name: 'simdSetLane',
    type: { parameters: ['i32', 'i32', 'i64'], results: ['i32'] },
    build(code) {
      const [address, size, value] = [code.parameter(0), code.parameter(1), code.parameter(2)];
      code.if(eq(size, 0), () => code.storeAt('i32.store8', address, low(value)));
      code.if(eq(size, 1), () => code.storeAt('i32.store16', address, low(value)));
      code.if(eq(size, 2), () => code.storeAt('i32.store', address, low(value)));
      code.if(eq(size, 3), () => code.storeAt('i64.store', address, value));
      code.return(0);
    },
  }),
  rightInLane,
  leftInLane,
];

/** VSHL, VRSHL, VQSHL, VQRSHL by a register: each lane by the signed low byte of the other one. */
const byRegister: SimdFunction = (banks) => ({
  name: 'simdShift',
  type: SIMD_TYPE,
  build(code) {
    const registers = new Registers(code, banks);
    const { word } = registers;
    eachLane(registers, (offset, form) => {
      const amount = code.let(loadAt('i32.load8_s', registers.address(WORD.N, offset)));
      const value = code.let(code.call('simdLane', 'i64', registers.address(WORD.M, offset), form));
      code.if(
        ltS(amount, 0),
        () => code.set(value, code.call('simdLaneRight', 'i64', value, sub(0, amount), word)),
        () => code.set(value, code.call('simdLaneLeft', 'i64', value, amount, word)),
      );
      code.do('simdSetLane', registers.address(WORD.D, offset), and(form, 3), value);
    });
    code.return(0);
  },
});

export const shiftFunctions: readonly SimdFunction[] = [
  byRegister,
  vectorFunction('simdShr', SAME, SIGNS, right(false)),
  vectorFunction('simdRshr', SAME, SIGNS, right(true)),
  vectorFunction('simdSra', SAME, SIGNS, rightAdd(false)),
  vectorFunction('simdRsra', SAME, SIGNS, rightAdd(true)),
  vectorFunction('simdSri', SAME, ALL, rightInsert),
  vectorFunction('simdShl', SAME, ALL, (form) => form.op('shl', form.m, form.byte(WORD.N))),
  vectorFunction('simdSli', SAME, ALL, leftInsert),
  vectorFunction('simdQshl', SAME, SIGNS, saturatingLeft),
  vectorFunction('simdQshlu', SAME, ALL, saturatingLeftUnsigned),
  vectorFunction('simdShrn', NARROW, TO_32, narrow(false)),
  vectorFunction('simdRshrn', NARROW, TO_32, narrow(true)),
  vectorFunction('simdQshrn', NARROW, SIGNS_TO_32, saturatingNarrowRight(false, false)),
  vectorFunction('simdQrshrn', NARROW, SIGNS_TO_32, saturatingNarrowRight(true, false)),
  vectorFunction('simdQshrun', NARROW, TO_32, saturatingNarrowRight(false, true)),
  vectorFunction('simdQrshrun', NARROW, TO_32, saturatingNarrowRight(true, true)),
  vectorFunction('simdShll', LONG, SIGNS_TO_32, (form) => form.wide('shl', form.extended(form.m), form.byte(WORD.N))),
  vectorFunction('simdMovn', NARROW, TO_32, (form) => lowHalves(form.size, form.m)),
  vectorFunction('simdQmovn', NARROW, SIGNS_TO_32, (form) => {
    const from = form.signed('shr') as 'shr_s' | 'shr_u';
    return saturatingNarrow(form, form.m, from, from);
  }),
  vectorFunction('simdQmovun', NARROW, TO_32, (form) => saturatingNarrow(form, form.m, 'shr_s', 'shr_u')),
];
