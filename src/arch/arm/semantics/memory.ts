// Loads and stores of one register and of two, exclusive accesses and swaps, for A32 and T32 (ARM DDI 0406C: A8.8, "LDR" to "SWP"; A3.4).
//
// Registers given as operands are R0 to R14: words with R15 in a field take another form (insns/variants.ts), which gives 15 instead.
import type { Signedness } from '../../../cpu/emit/emitter.ts';
import type { AccessWidth, I32, Operand } from '../../../cpu/emit/values.ts';
import type { ArmEmitter } from '../emitter.ts';
import { CP15, SCTLR } from '../registers.ts';

export interface Transfer {
  readonly mnemonic: string;
  readonly load: boolean;
  readonly width: AccessWidth;
  readonly sign: Signedness;
}

const transfer = (mnemonic: string, width: AccessWidth, sign: Signedness = 'unsigned'): Transfer => ({
  mnemonic,
  load: mnemonic.startsWith('ldr'),
  width,
  sign,
});

export const LDR = transfer('ldr', 32);
export const STR = transfer('str', 32);
export const LDRB = transfer('ldrb', 8);
export const STRB = transfer('strb', 8);
export const LDRH = transfer('ldrh', 16);
export const STRH = transfer('strh', 16);
export const LDRSB = transfer('ldrsb', 8, 'signed');
export const LDRSH = transfer('ldrsh', 16, 'signed');

/** How the address comes from the base and the offset, and whether the sum goes back to the base. */
export type Indexing = 'offset' | 'pre' | 'post';

/** A register: an operand, or 15 or another one that is fixed. */
export type Register = Operand | number;
/** A register whose number is perhaps computed. */
type AnyRegister = Register | I32;

/** What all of them have: where in memory. */
interface Place {
  /** 15: Align(PC, 4). */
  readonly rn: Register;
  readonly offset: I32;
  readonly indexing: Indexing;
}

interface Address {
  readonly address: I32;
  /** To be called after the access. */
  writeBack(): void;
}

/** A register that is no R15, or a fixed one. */
function registerValue(e: ArmEmitter, register: AnyRegister): I32 {
  return typeof register === 'number' ? e.reg(register) : e.bankRead('gpr', register);
}

function baseOf(e: ArmEmitter, rn: Register): I32 {
  return rn === 15 ? e.alignedPc() : registerValue(e, rn);
}

function addressOf(e: ArmEmitter, { rn, offset, indexing }: Place): Address {
  const base = baseOf(e, rn);
  const moved = e.add(base, offset);
  return {
    address: indexing === 'post' ? base : moved,
    writeBack: () => {
      if (indexing !== 'offset') e.bankWrite('gpr', rn, moved);
    },
  };
}

/** Load or store one register; to R15 it is LoadWritePC. When the base is loaded, that wins. */
export function single(
  e: ArmEmitter,
  { load, width, sign }: Transfer,
  rt: Register,
  place: Place,
  as: 'unaligned' | 'user' = 'unaligned',
): void {
  const { address, writeBack } = addressOf(e, place);
  if (load) {
    const value = e.loadUnaligned(width, address, sign, as);
    writeBack();
    if (typeof rt === 'number') e.setLoaded(rt, value);
    else e.bankWrite('gpr', rt, value);
  } else {
    e.storeUnaligned(width, address, registerValue(e, rt), as);
    writeBack();
  }
}

/** LDRD, STRD: two words, the first at the lower address in both byte orders. When the base is loaded, its new value wins. */
export function dual(e: ArmEmitter, load: boolean, rt: AnyRegister, rt2: AnyRegister, place: Place): void {
  const { address, writeBack } = addressOf(e, place);
  const second = e.add(address, e.const(4));
  if (load) {
    const low = e.load(32, address);
    const high = e.load(32, second);
    e.bankWrite('gpr', rt, low);
    e.bankWrite('gpr', rt2, high);
    writeBack();
  } else {
    e.store(32, address, registerValue(e, rt));
    e.store(32, second, registerValue(e, rt2));
    writeBack();
  }
}

/** Shifts of an index register. */
const INDEX_SHIFT = { LSL: 0, LSR: 1, ASR: 2, ROR: 3, RRX: 4, ZERO: 5 } as const;

/** Where an A32 index operand holds what: the register, the amount, the shift, and whether it is subtracted. */
const INDEX = { AMOUNT: 4, SHIFT: 9, DOWN: 12 } as const;

/** A32's index register with its immediate shift (A8.4.1) in one operand. */
export function indexOperand(rm: number, up: number, type = 0, imm5 = 0): number {
  const zero = imm5 === 0;
  const [shift, amount] = [
    [INDEX_SHIFT.LSL, imm5],
    zero ? [INDEX_SHIFT.ZERO, 0] : [INDEX_SHIFT.LSR, imm5],
    [INDEX_SHIFT.ASR, zero ? 31 : imm5],
    zero ? [INDEX_SHIFT.RRX, 0] : [INDEX_SHIFT.ROR, imm5],
  ][type] as [number, number];
  return rm | (amount << INDEX.AMOUNT) | (shift << INDEX.SHIFT) | ((up ^ 1) << INDEX.DOWN);
}

/** The offset that such an operand says. */
export function indexed(e: ArmEmitter, operand: Operand): I32 {
  const index = e.imm(operand);
  const rm = e.regAt(e.and(index, e.const(15)));
  const amount = e.and(e.shrU(index, e.const(INDEX.AMOUNT)), e.const(31));
  const shift = e.and(e.shrU(index, e.const(INDEX.SHIFT)), e.const(7));
  const is = (which: keyof typeof INDEX_SHIFT): I32 => e.eq(shift, e.const(INDEX_SHIFT[which]));
  const rrx = e.or(e.shl(e.flag('C'), e.const(31)), e.shrU(rm, e.const(1)));
  const right = e.select(is('LSR'), e.shrU(rm, amount), e.select(is('ASR'), e.shrS(rm, amount), e.const(0)));
  const turned = e.select(is('ROR'), e.rotr(rm, amount), e.select(is('RRX'), rrx, right));
  const value = e.select(is('LSL'), e.shl(rm, amount), turned);
  return e.select(e.and(index, e.const(1 << INDEX.DOWN)), e.sub(e.const(0), value), value);
}

/** LDREX, LDREXB, LDREXH. */
export function loadExclusive(e: ArmEmitter, width: AccessWidth, rt: Operand, rn: Operand, offset = e.const(0)): void {
  const value = e.loadLinked(e.add(e.bankRead('gpr', rn), offset), width);
  e.bankWrite('gpr', rt, value);
  e.bankWrite('llbit', 0, e.const(1));
}

/** STREX, STREXB, STREXH. Misaligned addresses fault also where the store would fail. */
export function storeExclusive(
  e: ArmEmitter,
  width: AccessWidth,
  { rd, rt, rn }: { readonly rd: Operand; readonly rt: Operand; readonly rn: Operand },
  offset = e.const(0),
): void {
  const linked = e.bankRead('llbit');
  const address = e.add(e.bankRead('gpr', rn), offset);
  const misaligned = e.and(address, e.const(width / 8 - 1));
  e.when(width === 8 ? linked : e.or(linked, misaligned), () =>
    e.storeConditional(address, e.bankRead('gpr', rt), width),
  );
  endExclusive(e, rd, linked);
}

function endExclusive(e: ArmEmitter, rd: Operand, linked: I32): void {
  e.bankWrite('gpr', rd, e.eqz(linked));
  e.bankWrite('llbit', 0, e.const(0));
}

/** An address at which a word access faults for its alignment unless `address` is one of a doubleword. */
function strict(e: ArmEmitter, address: I32): I32 {
  return e.or(address, e.ne(e.and(address, e.const(7)), e.const(0)));
}

/** LDREXD: the first word has the reservation. */
export function loadExclusivePair(e: ArmEmitter, rt: AnyRegister, rt2: AnyRegister, rn: Operand): void {
  const address = e.bankRead('gpr', rn);
  e.when(e.and(address, e.const(7)), () => e.load(32, strict(e, address), 'unsigned', address));
  const low = e.loadLinked(address);
  const high = e.load(32, e.add(address, e.const(4)));
  e.bankWrite('gpr', rt, low);
  e.bankWrite('gpr', rt2, high);
  e.bankWrite('llbit', 0, e.const(1));
}

export function storeExclusivePair(e: ArmEmitter, rd: Operand, rt: AnyRegister, rt2: AnyRegister, rn: Operand): void {
  const linked = e.bankRead('llbit');
  const address = e.bankRead('gpr', rn);
  const low = registerValue(e, rt);
  e.when(e.and(address, e.const(7)), () => e.store(32, strict(e, address), low, address));
  e.when(linked, () => {
    e.storeConditional(address, low);
    e.store(32, e.add(address, e.const(4)), registerValue(e, rt2));
  });
  endExclusive(e, rd, linked);
}

/** CLREX. */
export function clearExclusive(e: ArmEmitter): void {
  e.bankWrite('llbit', 0, e.const(0));
}

/** SWP, SWPB: UNDEFINED unless SCTLR.SW enables them. */
export function swap(
  e: ArmEmitter,
  width: 8 | 32,
  { rt, rm, rn }: { readonly rt: Operand; readonly rm: Operand; readonly rn: Operand },
): void {
  e.undefinedWhen(e.eqz(e.isSet(e.cp15(CP15.SCTLR), SCTLR.SW)));
  const address = e.bankRead('gpr', rn);
  const value = e.load(width, address);
  e.store(width, address, e.bankRead('gpr', rm));
  e.bankWrite('gpr', rt, value);
}
