// Vector expressions for functions written with code.ts (WebAssembly core specification, chapter 5.4.9: vector instructions).
import type { Operand, Value } from './code.ts';
import type { VectorMemoryOp, VectorOp } from './opcodes.ts';
import type { FunctionWriter } from './writer.ts';

function push(w: FunctionWriter, operand: Operand): void {
  if (typeof operand === 'number') w.i32(operand);
  else if (typeof operand === 'bigint') w.i64(operand);
  else operand.push(w);
}

/** Any vector instruction with a vector as its result, operands in order. */
export function vector(name: Exclude<VectorOp, 'v128.any_true'>, ...operands: Operand[]): Value {
  return {
    type: 'v128',
    push: (w) => {
      for (const operand of operands) push(w, operand);
      w.vector(name);
    },
  };
}

/** Is any bit set? */
export function anyTrue(a: Value): Value {
  return {
    type: 'i32',
    push: (w) => {
      a.push(w);
      w.vector('v128.any_true');
    },
  };
}

/** What a load reads at a computed address, to which `offset` is added. */
export function vectorLoad(name: VectorMemoryOp & `v128.load${string}`, address: Operand, offset: number): Value {
  return {
    type: 'v128',
    push: (w) => {
      push(w, address);
      w.vectorMemory(name, offset);
    },
  };
}

/** A constant, its bytes from the lowest. */
export function vectorOf(bytes: readonly number[]): Value {
  return { type: 'v128', push: (w) => w.vectorBytes('v128.const', bytes) };
}

/** Bytes of two vectors: 0 to 15 are those of `a`, 16 to 31 those of `b`. */
export function shuffle(a: Value, b: Value, bytes: readonly number[]): Value {
  return {
    type: 'v128',
    push: (w) => {
      a.push(w);
      b.push(w);
      w.vectorBytes('i8x16.shuffle', bytes);
    },
  };
}

/** Doubleword `lane` of a vector. */
export function doubleword(a: Value, lane: 0 | 1): Value {
  return {
    type: 'i64',
    push: (w) => {
      a.push(w);
      w.extractLane64(lane);
    },
  };
}

/** Store a vector at a computed address, to which `offset` is added. */
export function storeVector(w: FunctionWriter, address: Operand, stored: Value, offset: number): void {
  push(w, address);
  stored.push(w);
  w.vectorMemory('v128.store', offset);
}
