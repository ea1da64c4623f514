// Writing a plain WebAssembly function as expressions and statements instead of stack operations: what softfloat and other functions that
// are no instruction's semantics are written in. An expression is evaluated where it stands, each time it stands somewhere; `let` keeps it.
import type { FunctionType } from './module.ts';
import type { MemoryOp, PlainOp, ValueType } from './opcodes.ts';
import { FunctionWriter } from './writer.ts';

/** An expression. */
export interface Value {
  readonly type: ValueType;
  push(w: FunctionWriter): void;
}

/** A local of the function. */
export interface Variable extends Value {
  readonly index: number;
}

/** A number is an i32 constant, a bigint an i64 one. */
export type Operand = Value | number | bigint;

/** A function of a generated program, by name; others call it through `call`. */
export interface WasmFunction {
  readonly name: string;
  readonly type: FunctionType;
  build(code: Code): void;
}

/** Where functions lie: index by name. */
export type FunctionIndex = (name: string) => number;

function value(operand: Operand): Value {
  if (typeof operand === 'number') return { type: 'i32', push: (w) => w.i32(operand) };
  if (typeof operand === 'bigint') return { type: 'i64', push: (w) => w.i64(operand) };
  return operand;
}

/** Any plain operation, operands in order. */
export function op(name: PlainOp, type: ValueType, ...operands: Operand[]): Value {
  return {
    type,
    push: (w) => {
      for (const operand of operands) value(operand).push(w);
      w.op(name);
    },
  };
}

/** An operation that i32 and i64 both have; the operands' type says which. */
function typed(suffix: string, compares: boolean, a: Operand, b?: Operand): Value {
  const { type } = value(a);
  if (b !== undefined && value(b).type !== type) throw new Error(`${suffix} of ${type} and ${value(b).type}`);
  const name = `${type}.${suffix}` as PlainOp;
  return op(name, compares ? 'i32' : type, ...(b === undefined ? [a] : [a, b]));
}

type Binary = (a: Operand, b: Operand) => Value;
const arithmetic = (suffix: string): Binary => {
  return (a, b) => typed(suffix, false, a, b);
};
const comparison = (suffix: string): Binary => {
  return (a, b) => typed(suffix, true, a, b);
};

export const add = arithmetic('add');
export const sub = arithmetic('sub');
export const mul = arithmetic('mul');
export const and = arithmetic('and');
export const or = arithmetic('or');
export const xor = arithmetic('xor');
export const shl = arithmetic('shl');
export const shrS = arithmetic('shr_s');
export const shrU = arithmetic('shr_u');
export const divU = arithmetic('div_u');
export const remU = arithmetic('rem_u');
export const eq = comparison('eq');
export const ne = comparison('ne');
export const ltS = comparison('lt_s');
export const ltU = comparison('lt_u');
export const gtS = comparison('gt_s');
export const gtU = comparison('gt_u');
export const geU = comparison('ge_u');
export const eqz = (a: Operand): Value => typed('eqz', true, a);
export const clz = (a: Operand): Value => typed('clz', false, a);
/** i64 <-> i32. */
export const low = (a: Operand): Value => op('i32.wrap_i64', 'i32', a);
export const zext = (a: Operand): Value => op('i64.extend_i32_u', 'i64', a);
export const sext = (a: Operand): Value => op('i64.extend_i32_s', 'i64', a);

/** condition != 0 ? a : b, both evaluated. */
export function select(condition: Operand, a: Operand, b: Operand): Value {
  return op('select', value(a).type, a, b, condition);
}

/** The word or doubleword at a fixed address. */
export function load(name: MemoryOp & `${string}.load`, address: number): Value {
  return { type: name.slice(0, 3) as ValueType, push: (w) => w.i32(0).memory(name, address) };
}

/** What a load reads at a computed address; `offset` is added to it. */
export function loadAt(name: MemoryOp & `${string}.load${string}`, address: Operand, offset = 0): Value {
  return {
    type: name.slice(0, 3) as ValueType,
    push: (w) => {
      value(address).push(w);
      w.memory(name, offset);
    },
  };
}

/** Builds one function body. */
export class Code {
  readonly w: FunctionWriter;
  private readonly type: FunctionType;
  private readonly functionIndex: FunctionIndex;

  constructor(type: FunctionType, functionIndex: FunctionIndex) {
    this.w = new FunctionWriter(type.parameters);
    this.type = type;
    this.functionIndex = functionIndex;
  }

  parameter(index: number): Variable {
    return variable(this.type.parameters[index]!, index);
  }

  /** A new local, with a value or 0. */
  let(type: ValueType): Variable;
  let(initial: Operand): Variable;
  let(initial: ValueType | Operand): Variable {
    if (typeof initial === 'string') return variable(initial, this.w.local(initial));
    const local = variable(value(initial).type, this.w.local(value(initial).type));
    this.set(local, initial);
    return local;
  }

  set(local: Variable, to: Operand): void {
    value(to).push(this.w);
    this.w.set(local.index);
  }

  if(condition: Operand, then: () => void, otherwise?: () => void): void {
    value(condition).push(this.w);
    this.w.if();
    then();
    if (otherwise) {
      this.w.else();
      otherwise();
    }
    this.w.end();
  }

  /** A body that runs `count` (1 or more) times. */
  repeat(count: number, body: () => void): void {
    const left = this.let(count);
    const again = this.w.loop('repeat');
    body();
    this.set(left, sub(left, 1));
    left.push(this.w);
    this.w.brIf(again).end();
  }

  /** Run `body` as long as `condition` holds before it. */
  while(condition: Operand, body: () => void): void {
    const again = this.w.loop('while');
    this.if(condition, () => {
      body();
      this.w.br(again);
    });
    this.w.end();
  }

  return(...results: Operand[]): void {
    for (const result of results) value(result).push(this.w);
    this.w.op('return');
  }

  /** A call with one result. */
  call(name: string, type: ValueType, ...args: Operand[]): Value {
    const index = this.functionIndex(name);
    return {
      type,
      push: (w) => {
        for (const arg of args) value(arg).push(w);
        w.call(index);
      },
    };
  }

  /** A call whose results go to new locals. */
  callFor(name: string, types: readonly ValueType[], ...args: Operand[]): Variable[] {
    const results = types.map((type) => this.let(type));
    this.assign(name, results, ...args);
    return results;
  }

  /** A call whose results go to locals. */
  assign(name: string, results: readonly Variable[], ...args: Operand[]): void {
    for (const arg of args) value(arg).push(this.w);
    this.w.call(this.functionIndex(name));
    for (const result of [...results].reverse()) this.w.set(result.index);
  }

  /** Call for the effect: results are dropped. */
  do(name: string, ...args: Operand[]): void {
    for (const arg of args) value(arg).push(this.w);
    this.w.call(this.functionIndex(name)).op('drop');
  }

  /** Store at a computed address, to which `offset` is added. */
  storeAt(name: MemoryOp & `${string}.store${string}`, address: Operand, stored: Operand, offset = 0): void {
    value(address).push(this.w);
    value(stored).push(this.w);
    this.w.memory(name, offset);
  }

  /** Store a word or doubleword at a fixed address. */
  store(name: MemoryOp & `${string}.store`, address: number, stored: Operand): void {
    this.w.i32(0);
    value(stored).push(this.w);
    this.w.memory(name, address);
  }
}

function variable(type: ValueType, index: number): Variable {
  return { type, index, push: (w) => w.get(index) };
}

/** The body of a function. */
export function buildFunction(definition: WasmFunction, functionIndex: FunctionIndex): FunctionWriter {
  const code = new Code(definition.type, functionIndex);
  definition.build(code);
  code.w.op('unreachable'); // every path returns
  return code.w;
}
