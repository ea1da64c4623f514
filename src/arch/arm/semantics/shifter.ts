// Shifted register operands (ARM DDI 0406C: A8.4). A shift is a number: its type in bits 10:8, its amount in bits 7:0.
import type { I32, Node } from '../../../cpu/emit/values.ts';
import type { ArmEmitter } from '../emitter.ts';

export const SHIFT = { LSL: 0, LSR: 1, ASR: 2, ROR: 3, RRX: 4 } as const;

const TYPE_SHIFT = 8;

/** A shifter operand. The carry is null where the flag stays as it is. */
export interface Shifted {
  readonly value: I32;
  readonly carry: I32 | null;
}

/** DecodeImmShift, as a shift. */
export function immediateShift(type: number, imm5: number): number {
  if (imm5 !== 0 || type === SHIFT.LSL) return (type << TYPE_SHIFT) | imm5;
  return type === SHIFT.ROR ? (SHIFT.RRX << TYPE_SHIFT) | 1 : (type << TYPE_SHIFT) | 32;
}

/** An operand that is not shifted. */
export function plain(value: I32): Shifted {
  return { value, carry: null };
}

/** Shift_C by an immediate shift; in compiled code, where the shift is known, in line. */
export function shifted(e: ArmEmitter, x: I32, shift: I32): Shifted {
  const node = shift as unknown as Node;
  if (node.op === 'const') return shiftedByKnown(e, x, node.value >> TYPE_SHIFT, node.value & 0xff);
  return shiftedBy(e, x, shift);
}

/** Shift_C by a shift that is computed; the amount may be up to 255. */
export function shiftedBy(e: ArmEmitter, x: I32, shift: I32): Shifted {
  const both = e.call64('shiftWithCarry', x, shift, e.flag('C'));
  return { value: e.low(both), carry: e.high(both) };
}

function shiftedByKnown(e: ArmEmitter, x: I32, type: number, amount: number): Shifted {
  if (type === SHIFT.RRX) {
    const value = e.or(e.shl(e.flag('C'), e.const(31)), e.shrU(x, e.const(1)));
    return { value, carry: e.and(x, e.const(1)) };
  }
  if (amount === 0) return plain(x);
  const by = e.const(Math.min(amount, 31));
  const carried = type === SHIFT.LSL ? 32 - amount : amount - 1;
  const carry = e.and(e.shrU(x, e.const(carried & 31)), e.const(1));
  if (type === SHIFT.LSL) return { value: e.shl(x, by), carry };
  if (type === SHIFT.LSR) return { value: amount === 32 ? e.const(0) : e.shrU(x, by), carry };
  if (type === SHIFT.ASR) return { value: e.shrS(x, by), carry };
  return { value: e.rotr(x, by), carry };
}

/** The value of a shift by 0 to 31 (LSL, ASR) or 1 to 31 (LSR, ROR): ASR by 32 is as by 31. */
export function shiftedValue(e: ArmEmitter, x: I32, type: number, amount: I32): I32 {
  if (type === SHIFT.LSL) return e.shl(x, amount);
  if (type === SHIFT.LSR) return e.shrU(x, amount);
  return type === SHIFT.ASR ? e.shrS(x, amount) : e.rotr(x, amount);
}

/** A shift of this type by the bottom byte of a register. */
export function registerShift(e: ArmEmitter, type: I32, amount: I32): I32 {
  return e.or(e.shl(type, e.const(TYPE_SHIFT)), e.and(amount, e.const(0xff)));
}

/** ARMExpandImm. */
export function armImmediate(imm12: number): number {
  return rotated(imm12 & 0xff, (imm12 >> 8) * 2);
}

/** ThumbExpandImm. */
export function thumbImmediate(imm12: number): number {
  const byte = imm12 & 0xff;
  switch (imm12 >> 8) {
    case 0:
      return byte;
    case 1:
      return byte * 0x00010001;
    case 2:
      return (byte * 0x01000100) | 0;
    case 3:
      return (byte * 0x01010101) | 0;
    default:
      return rotated(0x80 | (imm12 & 0x7f), imm12 >> 7);
  }
}

/** What ThumbExpandImm_C says of the carry: 0, 1 or UNCHANGED. */
export function thumbImmediateCarry(imm12: number): number {
  return imm12 >> 10 === 0 ? UNCHANGED : thumbImmediate(imm12) >>> 31;
}
export const UNCHANGED = 2;

function rotated(value: number, by: number): number {
  return (value >>> by) | (value << (32 - by));
}
