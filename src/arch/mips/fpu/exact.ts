// The FPU's operations exactly, through softfloat, and FCSR with what they raise (MIPS32 Volume I-A, chapter 5): functions of the generated
// program. FCSR.Cause is rewritten by every operation; after a native one (native.ts) it is worked out only when something looks, by fpuSettle.

import type { Banks } from '../../../cpu/isa/register-file.ts';
import { FLAG, MODE } from '../../../cpu/softfloat/rules.ts';
import {
  and,
  type Code,
  eq,
  eqz,
  load,
  type Operand,
  or,
  select,
  shl,
  shrU,
  type Value,
  type WasmFunction,
  xor,
} from '../../../cpu/wasm/code.ts';
import { FCSR, LAST } from './registers.ts';

/** Operations of fpuSlow, in bits 3:0 of its first argument. */
export const OP = {
  ADD: 1,
  SUB: 2,
  MUL: 3,
  DIV: 4,
  SQRT: 5,
  RECIP: 6,
  RSQRT: 7,
  /** To the other floating-point format; DOUBLE names the result's. */
  CONVERT: 8,
  TO_INTEGER: 9,
  FROM_INTEGER: 10,
  /** Bits beside the operation: format, width of the integer, a rounding of the instruction's own (bits 13:12). */
  DOUBLE: MODE.DOUBLE,
  WIDE: MODE.WIDE,
  OWN_ROUNDING: 1 << 11,
  /** fpuMultiplyAdd: subtract the addend, negate the result. */
  SUBTRACT: MODE.SUBTRACT,
  NEGATE: 1 << 14,
} as const;

/** OWN_ROUNDING with its rounding; MIPS numbers them as softfloat does. */
export const ownRounding = (round: number): number => OP.OWN_ROUNDING | (round << 12);

const DOUBLE_ONE = 0x3ff0000000000000n;
const SINGLE_ONE = 0x3f800000n;

/** The FPU's state as functions reach it. */
export class Fpu {
  private readonly at: (bank: string) => number;

  constructor(banks: Banks) {
    this.at = (bank) => banks[bank]!.offset;
  }

  get flagsAddress(): number {
    return this.at('fpuFlags');
  }
  fcsr(): Value {
    return load('i32.load', this.at('fcsr'));
  }
  setFcsr(code: Code, value: Operand): void {
    code.store('i32.store', this.at('fcsr'), value);
  }
  last(): Value {
    return load('i32.load', this.at('fpuLast'));
  }
  setLast(code: Code, value: Operand): void {
    code.store('i32.store', this.at('fpuLast'), value);
  }
  operands(): [Value, Value] {
    return [load('i64.load', this.at('fpuA')), load('i64.load', this.at('fpuB'))];
  }
  setOperands(code: Code, a: Operand, b: Operand): void {
    code.store('i64.store', this.at('fpuA'), a);
    code.store('i64.store', this.at('fpuB'), b);
  }
  flags(): Value {
    return load('i32.load', this.flagsAddress);
  }
  clearFlags(code: Code): void {
    code.store('i32.store', this.flagsAddress, 0);
  }
}

/** Softfloat's mode for FCSR and an operation's format bits. */
function modeOf(fcsr: Operand, operation: Operand): Value {
  const flush = shrU(and(fcsr, FCSR.FS), Math.log2(FCSR.FS) - Math.log2(MODE.FLUSH_RESULT));
  return or(or(and(fcsr, FCSR.RM), flush), and(operation, MODE.DOUBLE | MODE.WIDE));
}

/** (operation, a, b, mode) -> result; softfloat's flags say what happened. */
const compute = (fpu: Fpu): WasmFunction => ({
  name: 'fpuCompute',
  type: { parameters: ['i32', 'i64', 'i64', 'i32'], results: ['i64'] },
  build(code) {
    const [operation, a, b, mode] = [code.parameter(0), code.parameter(1), code.parameter(2), code.parameter(3)];
    const is = (number: number): Value => eq(and(operation, 15), number);
    const one = select(and(mode, MODE.DOUBLE), DOUBLE_ONE, SINGLE_ONE);
    const call = (name: string, ...args: Operand[]): Value => code.call(name, 'i64', ...args, mode);
    code.if(is(OP.ADD), () => code.return(call('fpAdd', a, b)));
    code.if(is(OP.SUB), () => code.return(code.call('fpAdd', 'i64', a, b, or(mode, MODE.SUBTRACT))));
    code.if(is(OP.MUL), () => code.return(call('fpMul', a, b)));
    code.if(is(OP.DIV), () => code.return(call('fpDiv', a, b)));
    code.if(is(OP.SQRT), () => code.return(call('fpSqrt', a)));
    code.if(is(OP.RECIP), () => code.return(call('fpDiv', one, a)));
    code.if(is(OP.RSQRT), () => code.return(call('fpDiv', one, call('fpSqrt', a))));
    code.if(is(OP.CONVERT), () => code.return(call('fpConvert', a)));
    code.if(is(OP.FROM_INTEGER), () => code.return(call('fpFromInteger', a)));
    code.if(and(operation, OP.OWN_ROUNDING), () =>
      code.set(mode, or(and(mode, ~FCSR.RM), and(shrU(operation, 12), FCSR.RM))),
    );
    const integer = code.let(call('fpToInteger', a));
    // Whatever does not fit, NaNs too, is the largest integer.
    const largest = select(and(mode, MODE.WIDE), (1n << 63n) - 1n, 0x7fffffffn);
    code.return(select(and(fpu.flags(), FLAG.INVALID), largest, integer));
  },
});

/** () -> 0. FCSR takes what softfloat's flags say: Cause, and either the flags or LAST.TRAPPED. */
const finish = (fpu: Fpu): WasmFunction => ({
  name: 'fpuFinish',
  type: { parameters: [], results: ['i32'] },
  build(code) {
    const flags = code.let(fpu.flags());
    const fcsr = code.let(or(and(fpu.fcsr(), ~FCSR.CAUSE), shl(flags, FCSR.CAUSE_SHIFT)));
    const enabled = code.let(and(shl(flags, FCSR.ENABLES_SHIFT), fcsr));
    fpu.setLast(code, select(enabled, LAST.TRAPPED, LAST.SETTLED));
    fpu.setFcsr(code, or(fcsr, select(enabled, 0, shl(flags, FCSR.FLAGS_SHIFT))));
    code.return(0);
  },
});

function finished(code: Code, result: Operand): void {
  const kept = code.let(result);
  code.call('fpuFinish', 'i32').push(code.w);
  code.w.op('drop');
  code.return(kept);
}

/** (operation, a, b) -> result: every operation, exactly. */
const slow = (fpu: Fpu): WasmFunction => ({
  name: 'fpuSlow',
  type: { parameters: ['i32', 'i64', 'i64'], results: ['i64'] },
  build(code) {
    const [operation, a, b] = [code.parameter(0), code.parameter(1), code.parameter(2)];
    fpu.clearFlags(code);
    finished(code, code.call('fpuCompute', 'i64', operation, a, b, modeOf(fpu.fcsr(), operation)));
  },
});

/** (operation, a, b, c) -> a * b + c with two roundings. */
const multiplyAdd = (fpu: Fpu): WasmFunction => ({
  name: 'fpuMultiplyAdd',
  type: { parameters: ['i32', 'i64', 'i64', 'i64'], results: ['i64'] },
  build(code) {
    const [operation, a, b, c] = [code.parameter(0), code.parameter(1), code.parameter(2), code.parameter(3)];
    fpu.clearFlags(code);
    const mode = code.let(modeOf(fpu.fcsr(), operation));
    const product = code.call('fpMul', 'i64', a, b, mode);
    const result = code.let(code.call('fpAdd', 'i64', product, c, or(mode, and(operation, OP.SUBTRACT))));
    const signBit = select(and(operation, OP.DOUBLE), 1n << 63n, 1n << 31n);
    code.if(and(operation, OP.NEGATE), () => code.set(result, xor(result, signBit)));
    finished(code, result);
  },
});

/** () -> 0: FCSR.Cause is worked out. */
const settle = (fpu: Fpu): WasmFunction => ({
  name: 'fpuSettle',
  type: { parameters: [], results: ['i32'] },
  build(code) {
    const operation = code.let(fpu.last());
    fpu.setLast(code, LAST.SETTLED);
    code.if(or(eqz(operation), eq(operation, LAST.TRAPPED)), () => code.return(0));
    fpu.clearFlags(code);
    const [a, b] = fpu.operands();
    code.call('fpuCompute', 'i64', operation, a, b, and(operation, MODE.DOUBLE)).push(code.w);
    code.w.op('drop');
    fpu.setFcsr(code, or(and(fpu.fcsr(), ~FCSR.CAUSE), shl(fpu.flags(), FCSR.CAUSE_SHIFT)));
    code.return(0);
  },
});

/** (fcsr) -> 0: FCSR as software wrote it, which may raise an exception. */
const setFcsr = (fpu: Fpu): WasmFunction => ({
  name: 'fpuSetFcsr',
  type: { parameters: ['i32'], results: ['i32'] },
  build(code) {
    const fcsr = code.parameter(0);
    const enables = or(shl(and(fcsr, FCSR.ENABLES), FCSR.CAUSE_SHIFT - FCSR.ENABLES_SHIFT), FCSR.CAUSE_E);
    fpu.setFcsr(code, fcsr);
    fpu.setLast(code, select(and(fcsr, enables), LAST.TRAPPED, LAST.SETTLED));
    code.return(0);
  },
});

export function exactFunctions(fpu: Fpu): WasmFunction[] {
  return [compute(fpu), finish(fpu), slow(fpu), multiplyAdd(fpu), settle(fpu), setFcsr(fpu)];
}
