// What functions of Advanced SIMD instructions are written in: registers as WebAssembly vectors, and operations on their lanes
// (ARM DDI 0406C: A2.6, A7.4).
import type { Banks } from '../../../cpu/isa/register-file.ts';
import {
  add,
  and,
  type Code,
  eq,
  load,
  type Operand,
  or,
  shrU,
  type Value,
  type Variable,
  type WasmFunction,
} from '../../../cpu/wasm/code.ts';
import { VECTOR, type VectorOp } from '../../../cpu/wasm/opcodes.ts';
import { anyTrue, doubleword, storeVector, vector, vectorLoad, vectorOf } from '../../../cpu/wasm/vector.ts';
import { WORD } from './word.ts';

export type SimdFunction = (banks: Banks) => WasmFunction;

/** log2 of an element's bytes. */
export type Size = 0 | 1 | 2 | 3;
type Shape = 'i8x16' | 'i16x8' | 'i32x4' | 'i64x2';
const SHAPES: readonly Shape[] = ['i8x16', 'i16x8', 'i32x4', 'i64x2'];

/** FPSCR.QC: saturation has happened. */
const FPSCR_QC = 1 << 27;

/** A register operand: 64 or 128 bits, either as Q says, or an element in all lanes. */
export type Kind = 'd' | 'q' | 'v' | 'scalar' | 'none';

export const SIMD_TYPE = { parameters: ['i32'], results: ['i32'] } as const;

/** An operation on the lanes of a size. */
export function lanes(size: number, suffix: string, ...operands: Operand[]): Value {
  const name = `${SHAPES[size]}.${suffix}`;
  if (!isVectorOp(name)) throw new Error(`no vector instruction ${name}`);
  return vector(name, ...operands);
}

function isVectorOp(name: string): name is Exclude<VectorOp, 'v128.any_true'> {
  return Object.hasOwn(VECTOR, name);
}

/** The same number in every lane, given as its bytes from the lowest. */
export function everywhere(size: number, byte: (index: number) => number): Value {
  return vectorOf(Array.from({ length: 16 }, (_, i) => byte(i % (1 << size))));
}
export const ZEROS = everywhere(0, () => 0);
export const ONES = everywhere(0, () => 0xff);
export const one = (size: number): Value => everywhere(size, (i) => (i === 0 ? 1 : 0));
/** The greatest and the least signed number. */
export const greatest = (size: number): Value => everywhere(size, (i) => (i === (1 << size) - 1 ? 0x7f : 0xff));
export const least = (size: number): Value => everywhere(size, (i) => (i === (1 << size) - 1 ? 0x80 : 0));

/** Byte numbers of elements, for a shuffle: as often as it takes to make 16. */
export function bytesOf(size: number, elements: readonly number[]): number[] {
  const bytes = elements.flatMap((element) => Array.from({ length: 1 << size }, (_, i) => (element << size) + i));
  return Array.from({ length: 16 }, (_, i) => bytes[i % bytes.length]!);
}

/** The numbers `from`, from + step ... below `to`. */
export function range(from: number, to: number, step = 1): number[] {
  return Array.from({ length: Math.max(0, Math.ceil((to - from) / step)) }, (_, i) => from + i * step);
}

/** Access to the registers that an operand word names. */
export class Registers {
  readonly code: Code;
  readonly word: Variable;
  private readonly file: number;
  private readonly fpscr: number;

  constructor(code: Code, banks: Banks, word = code.parameter(0)) {
    this.code = code;
    this.word = word;
    this.file = banks.d!.offset;
    this.fpscr = banks.fpscr!.offset;
  }

  /** Byte `at` of the word: a register's offset in the file, or a number. */
  byte(at: number): Value {
    return and(at === 0 ? this.word : shrU(this.word, at), 0xff);
  }
  /** Is this bit of the word set? Not 0 then. */
  has(bit: number): Value {
    return and(this.word, bit);
  }

  /** Address of the lane at an offset in a register. */
  address(at: number, offset: Operand): Value {
    return add(add(this.byte(at), offset), this.file);
  }

  get(at: number, kind: Kind): Variable {
    const { code, file } = this;
    const register = code.let('v128');
    const address = this.byte(at);
    const loaded = (name: Parameters<typeof vectorLoad>[0]) => (): void =>
      code.set(register, vectorLoad(name, address, file));
    const quad = loaded('v128.load');
    const single = loaded('v128.load64_zero');
    if (kind === 'q') quad();
    else if (kind === 'd') single();
    else if (kind === 'v') code.if(this.has(WORD.QUAD), quad, single);
    else if (kind === 'scalar')
      this.bySize([0, 1, 2], (size) => loaded(`v128.load${(8 << size) as 8 | 16 | 32}_splat`)());
    return register;
  }

  /** One of these, by the word's size. */
  bySize(sizes: readonly Size[], body: (size: Size) => void): void {
    const [first, ...rest] = sizes;
    if (rest.length === 0) body(first!);
    else
      this.code.if(
        eq(and(shrU(this.word, WORD.SIZE), 3), first!),
        () => body(first!),
        () => this.bySize(rest, body),
      );
  }

  /** Write the register whose offset stands at `at` in the word. */
  put(at: number, kind: Kind, value: Variable): void {
    const { code, file } = this;
    const address = this.byte(at);
    const quad = (): void => storeVector(code.w, address, value, file);
    const single = (): void => code.storeAt('i64.store', address, doubleword(value, 0), file);
    if (kind === 'q') quad();
    else if (kind === 'd') single();
    else code.if(this.has(WORD.QUAD), quad, single);
  }

  /** Lanes of this mask that are not 0 have saturated. */
  saturated(mask: Value): void {
    this.saturatedIf(anyTrue(mask));
  }
  saturatedIf(condition: Value): void {
    const { code, fpscr } = this;
    code.if(condition, () => code.store('i32.store', fpscr, or(load('i32.load', fpscr), FPSCR_QC)));
  }
}

/** One form of an operation: an element size and a signedness. */
export class Form extends Registers {
  readonly size: Size;
  readonly unsigned: boolean;
  readonly n: Variable;
  readonly m: Variable;
  private readonly result: Kind;

  constructor(code: Code, banks: Banks, operands: Operands, size: Size, unsigned: boolean) {
    super(code, banks);
    this.size = size;
    this.unsigned = unsigned;
    this.n = operands.n;
    this.m = operands.m;
    this.result = operands.result;
  }

  get bits(): number {
    return 8 << this.size;
  }
  /** What the destination holds. */
  old(): Variable {
    return this.get(WORD.D, this.result);
  }
  /** Keep a value that is used more than once. */
  keep(value: Value): Variable {
    return this.code.let(value);
  }
  /** An operation on lanes, or on lanes twice as wide. */
  op(suffix: string, ...operands: Operand[]): Value {
    return lanes(this.size, suffix, ...operands);
  }
  wide(suffix: string, ...operands: Operand[]): Value {
    return lanes(this.size + 1, suffix, ...operands);
  }
  /** `_s` or `_u` after the name of an operation. */
  signed(suffix: string): string {
    return `${suffix}_${this.unsigned ? 'u' : 's'}`;
  }
  /** The lower half of the lanes, twice as wide. */
  extended(value: Value): Value {
    return this.wide(`extend_low_${SHAPES[this.size]}${this.unsigned ? '_u' : '_s'}`, value);
  }
  /** Products of the lower half of the lanes, twice as wide. */
  product(a: Value, b: Value, half: 'low' | 'high' = 'low'): Value {
    return this.wide(`extmul_${half}_${SHAPES[this.size]}${this.unsigned ? '_u' : '_s'}`, a, b);
  }
}

/** Destination, first and second operand. */
export type Kinds = readonly [result: Kind, n: Kind, m: Kind];

export interface Forms {
  readonly sizes: readonly Size[];
  /** The forms with WORD.UNSIGNED are others than those without. */
  readonly signs: boolean;
}

/** What the forms of a function have in common. */
interface Operands {
  readonly n: Variable;
  readonly m: Variable;
  readonly result: Kind;
}

/** A function that computes one register from one or two, lane by lane, in several forms. */
export function vectorFunction(name: string, kinds: Kinds, forms: Forms, make: (form: Form) => Value): SimdFunction {
  return (banks) => ({
    name,
    type: SIMD_TYPE,
    build(code) {
      const registers = new Registers(code, banks);
      const [result, n, m] = kinds;
      const operands = { n: registers.get(WORD.N, n), m: registers.get(WORD.M, m), result };
      const computed = code.let('v128');
      const inForms = (unsigned: boolean): void =>
        registers.bySize(forms.sizes, (size) =>
          code.set(computed, make(new Form(code, banks, operands, size, unsigned))),
        );
      if (forms.signs)
        code.if(
          registers.has(WORD.UNSIGNED),
          () => inForms(true),
          () => inForms(false),
        );
      else inForms(false);
      registers.put(WORD.D, result, computed);
      code.return(0);
    },
  });
}

export const and128 = (a: Value, b: Value): Value => vector('v128.and', a, b);
/** a AND NOT b. */
export const without = (a: Value, b: Value): Value => vector('v128.andnot', a, b);
export const or128 = (a: Value, b: Value): Value => vector('v128.or', a, b);
export const xor128 = (a: Value, b: Value): Value => vector('v128.xor', a, b);
export const not128 = (a: Value): Value => vector('v128.not', a);
/** Bits of `a` where the mask has ones, else of `b`. */
export const choose = (mask: Value, a: Value, b: Value): Value => vector('v128.bitselect', a, b, mask);
