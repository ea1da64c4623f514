// The data-processing operations (ARM DDI 0406C: A5.2, A6.3, A8.8): what each computes, and its flags.
import type { I32, Operand } from '../../../cpu/emit/values.ts';
import type { ArmEmitter, Sum } from '../emitter.ts';
import { bankOfMode } from '../modes.ts';
import { MODE } from '../registers.ts';
import { returnFromException } from '../return.ts';
import type { Shifted } from './shifter.ts';

type Field = Operand | number;

/** One operation: of a register and a shifter operand, or, where it is a `move`, of the latter only. */
export interface Operation {
  readonly name: string;
  /** Bits 24:21 of A32, and 24:21 of T32 where there is one. */
  readonly a32: number;
  readonly t32: number | null;
  readonly shape: 'two' | 'compare' | 'move';
  value(e: ArmEmitter, n: I32, m: I32): I32;
  /** With its flags; the logical operations take the carry of the shifter operand. */
  readonly sum: ((e: ArmEmitter, n: I32, m: I32) => Sum) | null;
}

type Compute = (e: ArmEmitter, n: I32, m: I32) => I32;
type Summing = (e: ArmEmitter, n: I32, m: I32) => Sum;

const and: Compute = (e, n, m) => e.and(n, m);
const eor: Compute = (e, n, m) => e.xor(n, m);
const sub: Compute = (e, n, m) => e.sub(n, m);
const add: Compute = (e, n, m) => e.add(n, m);
const subFlags: Summing = (e, n, m) => e.minus(n, m);
const addFlags: Summing = (e, n, m) => e.plus(n, m);

const two = (name: string, a32: number, t32: number | null, value: Compute, sum: Summing | null = null): Operation => ({
  name,
  a32,
  t32,
  shape: 'two',
  value,
  sum,
});
const compare = (name: string, a32: number, t32: number, value: Compute, sum: Summing | null = null): Operation => ({
  ...two(name, a32, t32, value, sum),
  shape: 'compare',
});
const move = (name: string, a32: number, t32: number, value: (e: ArmEmitter, m: I32) => I32): Operation => ({
  ...two(name, a32, t32, (e, _, m) => value(e, m)),
  shape: 'move',
});

export const OPERATION = {
  AND: two('and', 0, 0, and),
  EOR: two('eor', 1, 4, eor),
  SUB: two('sub', 2, 13, sub, subFlags),
  RSB: two(
    'rsb',
    3,
    14,
    (e, n, m) => e.sub(m, n),
    (e, n, m) => e.minus(m, n),
  ),
  ADD: two('add', 4, 8, add, addFlags),
  ADC: two(
    'adc',
    5,
    10,
    (e, n, m) => e.add(e.add(n, m), e.flag('C')),
    (e, n, m) => e.plusCarry(n, m, e.flag('C')),
  ),
  SBC: two(
    'sbc',
    6,
    11,
    (e, n, m) => e.add(e.add(n, e.not(m)), e.flag('C')),
    (e, n, m) => e.plusCarry(n, e.not(m), e.flag('C')),
  ),
  RSC: two(
    'rsc',
    7,
    null,
    (e, n, m) => e.add(e.add(m, e.not(n)), e.flag('C')),
    (e, n, m) => e.plusCarry(m, e.not(n), e.flag('C')),
  ),
  TST: compare('tst', 8, 0, and),
  TEQ: compare('teq', 9, 4, eor),
  CMP: compare('cmp', 10, 13, sub, subFlags),
  CMN: compare('cmn', 11, 8, add, addFlags),
  ORR: two('orr', 12, 2, (e, n, m) => e.or(n, m)),
  MOV: move('mov', 13, 2, (_, m) => m),
  BIC: two('bic', 14, 1, (e, n, m) => e.and(n, e.not(m))),
  MVN: move('mvn', 15, 3, (e, m) => e.not(m)),
} as const;

/** OR NOT, of T32 only: its opcode is MVN's, of a register. */
export const ORN: Operation = two('orn', 15, 3, (e, n, m) => e.or(n, e.not(m)));

/** Execute an operation; a comparison has no `rd`. */
export function operate(
  e: ArmEmitter,
  operation: Operation,
  flags: boolean,
  rd: Field | null,
  n: I32,
  m: Shifted,
): void {
  if (!flags) {
    if (rd !== null) e.setReg(rd, operation.value(e, n, m.value));
    return;
  }
  const { sum } = operation;
  if (sum) {
    const all = sum(e, n, m.value);
    e.setSumFlags(all);
    if (rd !== null) e.setReg(rd, all.result);
    return;
  }
  const result = operation.value(e, n, m.value);
  e.setNZ(result);
  if (m.carry) e.setC(m.carry);
  if (rd !== null) e.setReg(rd, result);
}

/** Modes without an SPSR, and Hyp mode, where these returns are UNDEFINED. */
const NO_RETURN = [MODE.USR, MODE.SYS, MODE.HYP];

/** SUBS PC, LR and related instructions (B9.3.20): the result is where the exception returns to. */
export function returnBy(e: ArmEmitter, operation: Operation, n: I32, m: Shifted): void {
  const mode = e.mode();
  const cannot = NO_RETURN.map((each) => e.eq(mode, e.const(each))).reduce((a, b) => e.or(a, b));
  e.undefinedWhen(cannot);
  returnFromException(e, operation.value(e, n, m.value), e.bankRead('spsr', bankOfMode(e, mode)));
}
