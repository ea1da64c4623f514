// Advanced SIMD element and structure loads and stores (ARM DDI 0406C: A7.7, A8.8.320 on): from the words of memory to registers and back. The rows
// make the accesses; the functions here put elements in their places. They are called with a word of their own.
import type { Banks } from '../../../cpu/isa/register-file.ts';
import {
  add,
  and,
  type Code,
  eq,
  eqz,
  loadAt,
  mul,
  type Operand,
  or,
  select,
  shl,
  shrU,
  type Value,
  type Variable,
  zext,
} from '../../../cpu/wasm/code.ts';
import { doubleword, shuffle, vector, vectorLoad } from '../../../cpu/wasm/vector.ts';
import { lanes, Registers, range, type SimdFunction, type Size } from './vectors.ts';
import { WORD } from './word.ts';

export const STRUCTURE = {
  /** Byte offset of the first register, or element, in the register file. */
  D: WORD.D,
  /** The address must be a multiple of this number and 1 (5 bits). */
  ALIGN: 8,
  /** Elements of a structure, less 1 (2 bits). */
  ELEMENTS: 13,
  /** A single structure: goes to all lanes; of one element, to two registers. */
  EVERYWHERE: 1 << 24,
  TWICE: 1 << 30,
  /** Bytes added to the base register, when no register is. */
  BYTES: 16,
  SIZE: WORD.SIZE,
  /** Registers of a structure are two apart, not one. */
  DOUBLE_SPACED: 1 << 27,
  WRITE_BACK: 1 << 28,
  /** By a register. */
  BY_REGISTER: 1 << 29,
  UNDEFINED: WORD.UNDEFINED,
} as const;

/** Registers in all, and elements of a structure, of loads and stores of multiple structures. */
export const ELEMENTS_OF: Readonly<Record<number, readonly number[]>> = { 1: [1], 2: [1, 2], 3: [1, 3], 4: [1, 2, 4] };
export const REGISTER_COUNTS = [1, 2, 3, 4] as const;
export type RegisterCount = (typeof REGISTER_COUNTS)[number];

const REGISTER_BYTES = 8;
const FIRST_HALVES = [...range(0, 8), ...range(16, 24)];

/** Of structures of two or more; of one, elements stand in their places already. */
const SIZES: readonly Size[] = [0, 1, 2];

/** Of each byte of a register, in the order of structure elements: its place in memory. */
function places(elements: number, registers: number, size: number): number[][] {
  const perElement = registers / elements;
  const lanesOf = REGISTER_BYTES >> size;
  return range(0, registers).map((register) => {
    const element = Math.floor(register / perElement);
    const first = (register % perElement) * lanesOf;
    return range(0, REGISTER_BYTES).map((byte) => {
      const lane = first + (byte >> size);
      return ((lane * elements + element) << size) + (byte & ((1 << size) - 1));
    });
  });
}

/** Big-endian accesses of words have brought elements of this size out of order. */
const IN_WORDS: readonly (readonly number[] | null)[] = [
  range(0, 16).map((i) => i ^ 3),
  range(0, 16).map((i) => i ^ 2),
  null,
  range(0, 16).map((i) => i ^ 4),
];

class Structures extends Registers {
  readonly count: RegisterCount;
  readonly big: Variable;

  constructor(code: Code, banks: Banks, count: RegisterCount) {
    super(code, banks);
    this.count = count;
    this.big = code.parameter(1);
  }

  /** Address of a register, counted in the order of structure elements. */
  addressOf(elements: number, register: number): Value {
    if (elements !== this.count || elements === 1) return this.address(STRUCTURE.D, REGISTER_BYTES * register);
    return elementAt(this, register);
  }

  /** For structures of two elements or more. */
  forEachShape(body: (elements: number, size: Size) => void): void {
    const { code } = this;
    for (const elements of ELEMENTS_OF[this.count]!.filter((number) => number > 1))
      code.if(eq(and(shrU(this.word, STRUCTURE.ELEMENTS), 3), elements - 1), () =>
        this.bySize(SIZES, (size) => body(elements, size)),
      );
  }

  /** Elements as memory has them, from or to words that big-endian accesses have read or will write. */
  swap(halves: readonly Variable[]): void {
    this.code.if(this.big, () =>
      this.bySize([0, 1, 2, 3], (size) => {
        const order = IN_WORDS[size];
        for (const half of order ? halves : []) this.code.set(half, shuffle(half, half, order!));
      }),
    );
  }
}

/** Two doublewords. */
function pair(low: Value, high: Value): Value {
  const both = (value: Value): Value => vector('i64x2.splat', value);
  return shuffle(both(low), both(high), FIRST_HALVES);
}

/** (word, big-endian, words of memory ...) -> 0 */
const loaded =
  (count: RegisterCount): SimdFunction =>
  (banks) => ({
    name: loadName(count),
    type: { parameters: range(0, 2 + 2 * count).map(() => 'i32' as const), results: ['i32'] },
    build(code) {
      const structures = new Structures(code, banks, count);
      const wide = (i: number): Value => or(zext(code.parameter(2 + 2 * i)), shl(zext(code.parameter(3 + 2 * i)), 32n));
      const halves = range(0, count, 2).map((i) => code.let(pair(wide(i), wide(Math.min(i + 1, count - 1)))));
      structures.swap(halves);
      structures.forEachShape((elements, size) => {
        places(elements, count, size).forEach((bytes, register) => {
          const all = shuffle(halves[0]!, halves.at(-1)!, [...bytes, ...bytes]);
          code.storeAt('i64.store', structures.addressOf(elements, register), doubleword(all, 0));
        });
        code.return(0);
      });
      for (const register of range(0, count)) {
        const bits = doubleword(halves[register >> 1]!, (register & 1) as 0 | 1);
        code.storeAt('i64.store', structures.addressOf(1, register), bits);
      }
      code.return(0);
    },
  });

/** (word, big-endian, number) -> that doubleword of what goes to memory. */
const stored =
  (count: RegisterCount): SimdFunction =>
  (banks) => ({
    name: storeName(count),
    type: { parameters: ['i32', 'i32', 'i32'], results: ['i64'] },
    build(code) {
      const structures = new Structures(code, banks, count);
      const number = code.parameter(2);
      const result = code.let('v128');
      const address = add(structures.addressOf(1, 0), shl(number, 3));
      code.if(eqz(and(structures.word, 3 << STRUCTURE.ELEMENTS)), () => {
        code.if(eqz(structures.big), () => code.return(loadAt('i64.load', address)));
        code.set(result, vector('i64x2.splat', loadAt('i64.load', address)));
      });
      structures.forEachShape((elements, size) => {
        const register = (i: number): Value =>
          vectorLoad('v128.load64_zero', structures.addressOf(elements, Math.min(i, count - 1)), 0);
        const halves = range(0, count, 2).map((i) => code.let(shuffle(register(i), register(i + 1), FIRST_HALVES)));
        const memory: number[] = [];
        places(elements, count, size).forEach((bytes, index) => {
          bytes.forEach((place, byte) => {
            memory[place] = index * REGISTER_BYTES + byte;
          });
        });
        const at = (first: number): Value => {
          const from = range(first, first + 16).map((place) => memory[place] ?? 0);
          return shuffle(halves[0]!, halves.at(-1)!, from);
        };
        code.if(
          and(number, 2),
          () => code.set(result, at(16)),
          () => code.set(result, at(0)),
        );
      });
      structures.swap([result]);
      code.return(select(and(number, 1), doubleword(result, 1), doubleword(result, 0)));
    },
  });

/** Offset of element `number` of a structure, in a lane of its register. */
function elementAt(registers: Registers, number: Operand): Value {
  const step = select(registers.has(STRUCTURE.DOUBLE_SPACED), 2 * REGISTER_BYTES, REGISTER_BYTES);
  return registers.address(STRUCTURE.D, mul(step, number));
}

export const structureFunctions: readonly SimdFunction[] = [
  ...REGISTER_COUNTS.map(loaded),
  ...REGISTER_COUNTS.map(stored),
  (banks) => ({
    // (word, number of the element in the structure, value) -> 0
    name: 'simdPutElement',
    type: { parameters: ['i32', 'i32', 'i32'], results: ['i32'] },
    build(code) {
      const registers = new Registers(code, banks);
      const [number, value] = [code.parameter(1), code.parameter(2)];
      code.if(registers.has(STRUCTURE.EVERYWHERE), () => {
        const all = code.let('v128');
        registers.bySize(SIZES, (size) => code.set(all, lanes(size, 'splat', value)));
        code.storeAt('i64.store', elementAt(registers, number), doubleword(all, 0));
        code.if(registers.has(STRUCTURE.TWICE), () =>
          code.storeAt('i64.store', elementAt(registers, 1), doubleword(all, 0)),
        );
        code.return(0);
      });
      const size = and(shrU(registers.word, STRUCTURE.SIZE), 3);
      code.do('simdSetLane', elementAt(registers, number), size, zext(value));
      code.return(0);
    },
  }),
  (banks) => ({
    // (word, number of the element in the structure) -> value
    name: 'simdElement',
    type: { parameters: ['i32', 'i32'], results: ['i32'] },
    build(code) {
      const registers = new Registers(code, banks);
      code.return(loadAt('i32.load', elementAt(registers, code.parameter(1))));
    },
  }),
];

export const loadName = (count: RegisterCount): string => `simdLoad${count}`;
export const storeName = (count: RegisterCount): string => `simdStore${count}`;
