// Branches, calls of the supervisor and hints, for A32 and T32 (ARM DDI 0406C: A8.8; barriers: A3.8.3).
import type { I32, Operand } from '../../../cpu/emit/values.ts';
import type { ArmEmitter } from '../emitter.ts';
import { TRAP } from '../registers.ts';
import { sev, wfe, wfi } from '../wait.ts';

/** B<c>: `condition` is known when the semantics are built. */
export function branchIf(e: ArmEmitter, condition: number, offset: Operand): void {
  if (condition >= 14) e.branchBy(offset);
  else e.branchByIf(e.holds(condition), offset);
}

/** BL. */
export function call(e: ArmEmitter, offset: Operand): void {
  e.setLink();
  e.branchBy(offset);
}

/** BLX (immediate): to the other instruction set. `offset` counts from Align(PC, 4); the sum has T of the target in bit 0. */
export function callOther(e: ArmEmitter, offset: Operand): void {
  const target = e.add(e.alignedPc(), e.imm(offset));
  e.setLink();
  e.branchTo(target);
}

/** BLX (register). */
export function callRegister(e: ArmEmitter, rm: Operand): void {
  const target = e.reg(rm);
  e.setLink();
  e.bx(target);
}

/** TBB and TBH: forward by twice an entry of the table at `base`. */
export function tableBranch(e: ArmEmitter, width: 8 | 16, base: I32, index: I32): void {
  const entry = e.loadUnaligned(width, e.add(base, width === 8 ? index : e.shl(index, e.const(1))));
  e.branchWithin(e.add(e.pcOperand(), e.shl(entry, e.const(1))));
}

/** The trap code of SVC: HSR and handlers know the low 16 bits of the immediate. */
export function supervisorTrap(immediate: number): number {
  return TRAP.SVC | ((immediate & 0xffff) << 4);
}

/** What hints do; those that are not here do nothing. */
export const HINTS: Readonly<Record<string, (e: ArmEmitter) => void>> = {
  nop: () => {},
  yield: (e) => void e.helper('yield'),
  wfe,
  wfi,
  sev,
};

/** The hints that are allocated, by their number. */
export const HINT_NAMES = ['nop', 'yield', 'wfe', 'wfi', 'sev'] as const;

/** Barriers by bits 7:4 of their encoding: the core keeps all accesses in order by itself, and sees what is stored into code. */
export const BARRIERS = [
  ['dsb', '0100'],
  ['dmb', '0101'],
  ['isb', '0110'],
] as const;
