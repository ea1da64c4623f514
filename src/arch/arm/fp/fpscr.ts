// FPSCR (ARM DDI 0406C: A2.7.2) as functions of the program see it, and what softfloat takes from it.
import type { Banks } from '../../../cpu/isa/register-file.ts';
import { FLAG, MODE } from '../../../cpu/softfloat/rules.ts';
import { and, type Code, load, type Operand, or, shrU, type Value, type WasmFunction } from '../../../cpu/wasm/code.ts';

export const FPSCR = {
  /** Invalid operation, division by zero, overflow, underflow, inexact, input denormal: cumulative. */
  IOC: 1 << 0,
  DZC: 1 << 1,
  OFC: 1 << 2,
  UFC: 1 << 3,
  IXC: 1 << 4,
  IDC: 1 << 7,
  LEN: 7 << 16,
  STRIDE: 3 << 20,
  /** To nearest, up, down, toward zero. */
  RMODE_SHIFT: 22,
  RMODE: 3 << 22,
  FZ: 1 << 24,
  DN: 1 << 25,
  AHP: 1 << 26,
  QC: 1 << 27,
  NZCV: 0xf0000000 | 0,
  /** What software can write on a Cortex-A15: exceptions are never trapped. */
  WRITABLE: 0xfff7009f | 0,
} as const;

/** RMode: toward zero. */
export const TOWARD_ZERO = FPSCR.RMODE;

/** StandardFPSCRValue (A2.7), but for AHP, which is FPSCR's. */
export const STANDARD_FPSCR = FPSCR.DN | FPSCR.FZ;

/** Softfloat's flags as FPSCR has them. */
const CUMULATIVE: readonly (readonly [flag: number, bit: number])[] = [
  [FLAG.INVALID, FPSCR.IOC],
  [FLAG.DIVIDE, FPSCR.DZC],
  [FLAG.OVERFLOW, FPSCR.OFC],
  [FLAG.UNDERFLOW, FPSCR.UFC],
  [FLAG.INEXACT, FPSCR.IXC],
  [FLAG.DENORMAL_OPERAND, FPSCR.IDC],
];
export const flagBits = (flags: number): number =>
  CUMULATIVE.reduce((bits, [flag, bit]) => ((flags & flag) !== 0 ? bits | bit : bits), 0);

/** A result that FZ made zero is an underflow and no more. */
export const FLUSH_FLAGS = FLAG.UNDERFLOW;

/** ROUND of softfloat by RMode, two bits each. */
const ROUNDS = 0b01_11_10_00;

/** (FPSCR) -> softfloat's mode word. */
const modeWord: WasmFunction = {
  name: 'fpMode',
  type: { parameters: ['i32'], results: ['i32'] },
  build(code) {
    const fpscr = code.parameter(0);
    const roundAt = and(shrU(fpscr, FPSCR.RMODE_SHIFT - 1), 6);
    const round = and(shrU(ROUNDS, roundAt), 3);
    const move = (bit: number, to: number): Value => shrU(and(fpscr, bit), Math.log2(bit) - Math.log2(to));
    const flush = or(move(FPSCR.FZ, MODE.FLUSH_RESULT), move(FPSCR.FZ, MODE.FLUSH_OPERANDS));
    code.return(or(or(round, flush), move(FPSCR.DN, MODE.DEFAULT_NAN)));
  },
};

export const fpscrFunctions: readonly WasmFunction[] = [modeWord];

/** Bank fpscr. */
export class Fpscr {
  readonly address: number;

  constructor(banks: Banks) {
    this.address = banks.fpscr!.offset;
  }

  value(): Value {
    return load('i32.load', this.address);
  }
  set(code: Code, value: Operand): void {
    code.store('i32.store', this.address, value);
  }
  raise(code: Code, bits: Operand): void {
    this.set(code, or(this.value(), bits));
  }
}

/** Softfloat's mode word. */
export const softMode = (code: Code, mode: Operand, more = 0): Value => {
  const word = code.call('fpMode', 'i32', mode);
  return more === 0 ? word : or(word, more);
};
