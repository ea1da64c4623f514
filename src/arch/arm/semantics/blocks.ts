// Loads and stores of a list of registers, for A32 and T32 (ARM DDI 0406C: A8.8, "LDM" to "PUSH"; B9.3 for the banked forms).

import type { I32, Operand } from '../../../cpu/emit/values.ts';
import { popcount32 } from '../../../util/bits.ts';
import type { ArmEmitter } from '../emitter.ts';
import { bankOfMode } from '../modes.ts';
import { MODE, MODE_BANK } from '../registers.ts';
import { returnFromException } from '../return.ts';
import type { Register } from './memory.ts';

/** Where the words are: below or above the base, and is the base's word one of them? */
export type BlockMode = 'ia' | 'ib' | 'da' | 'db';

export interface Block {
  readonly rn: Register;
  /** Bits 15:0. */
  readonly list: I32;
  /** 4 for each of them. */
  readonly bytes: I32;
}

const PC_BIT = 0x8000;
const BYTES_SHIFT = 16;

/** A list and its size as one operand. */
export function blockOperand(list: number): number {
  return list | ((4 * popcount32(list)) << BYTES_SHIFT);
}

/** What such an operand says. */
export function blockOf(e: ArmEmitter, rn: Register, operand: Operand): Block {
  const both = e.imm(operand);
  return { rn, list: e.and(both, e.const(0xffff)), bytes: e.shrU(both, e.const(BYTES_SHIFT)) };
}

interface Ends {
  readonly start: I32;
  /** What goes back to the base. */
  readonly after: I32;
}

function endsOf(e: ArmEmitter, { rn, bytes }: Block, mode: BlockMode): Ends {
  const base = typeof rn === 'number' ? e.reg(rn) : e.bankRead('gpr', rn);
  const up = mode === 'ia' || mode === 'ib';
  const after = up ? e.add(base, bytes) : e.sub(base, bytes);
  const lowest = up ? base : after;
  const inner = mode === 'ia' || mode === 'db';
  return { start: inner ? lowest : e.add(lowest, e.const(4)), after };
}

/** LDM; with `toPc` the list has R15, and the instruction is a branch. */
export function loadBlock(e: ArmEmitter, block: Block, mode: BlockMode, writeBack: boolean, toPc: boolean): void {
  const { start, after } = endsOf(e, block, mode);
  e.loadRegisters(block.list, start);
  if (writeBack) e.bankWrite('gpr', block.rn, after);
  if (toPc) e.bx(e.sampleReg(15));
}

/** STM; with `ofPc` the list has R15. */
export function storeBlock(e: ArmEmitter, block: Block, mode: BlockMode, writeBack: boolean, ofPc: boolean): void {
  const { start, after } = endsOf(e, block, mode);
  e.storeRegisters(ofPc ? e.and(block.list, e.const(PC_BIT - 1)) : block.list, start);
  if (ofPc) e.store(32, e.sub(e.add(start, block.bytes), e.const(4)), e.pcOperand());
  if (writeBack) e.bankWrite('gpr', block.rn, after);
}

/** First register that FIQ mode has of its own, and the first that all modes with banked registers have. */
const FIRST_HIGH = 8;
const SP = 13;

/** A register of user mode that the current mode does not have in `gpr`. */
interface Banked {
  readonly number: number;
  readonly bank: string;
  readonly index: number;
}

const HIGH: readonly Banked[] = [8, 9, 10, 11, 12].map((number) => ({
  number,
  bank: 'bankedHigh',
  index: 5 + number - FIRST_HIGH, // FIQ mode is current: these are the other modes'
}));
const SP_AND_LR: readonly Banked[] = [
  { number: 13, bank: 'bankedSp', index: MODE_BANK.USR },
  { number: 14, bank: 'bankedLr', index: MODE_BANK.USR },
];

/** How the user-mode registers of a list are reached from the current mode. */
interface UserBlock {
  /** Those that are in `gpr`. */
  readonly current: I32;
  /** Do something for each of the others that is in the list. */
  forEachBanked(body: (register: Banked, address: I32) => void): void;
}

/** What these forms do is UNDEFINED in Hyp mode, and UNPREDICTABLE in those without registers of their own. */
function requireOwnRegisters(e: ArmEmitter): void {
  for (const mode of [MODE.USR, MODE.SYS, MODE.HYP]) e.undefinedWhen(e.eq(e.mode(), e.const(mode)));
}

function userBlock(e: ArmEmitter, { list }: Block, start: I32): UserBlock {
  requireOwnRegisters(e);
  const isFiq = e.eq(e.mode(), e.const(MODE.FIQ));
  const shared = e.select(isFiq, e.const((1 << FIRST_HIGH) - 1), e.const((1 << SP) - 1));
  const each = (registers: readonly Banked[], body: (register: Banked, address: I32) => void): void => {
    for (const register of registers) {
      const bit = 1 << register.number;
      const below = e.popcnt(e.and(list, e.const(bit - 1)));
      const address = e.add(start, e.shl(below, e.const(2)));
      e.when(e.and(list, e.const(bit)), () => body(register, address));
    }
  };
  return {
    current: e.and(list, shared),
    forEachBanked: (body) => {
      e.when(isFiq, () => each(HIGH, body));
      each(SP_AND_LR, body);
    },
  };
}

/** LDM of user-mode registers. */
export function loadUserBlock(e: ArmEmitter, block: Block, mode: BlockMode): void {
  const { start } = endsOf(e, block, mode);
  const { current, forEachBanked } = userBlock(e, block, start);
  const loaded = new Map<Banked, I32>();
  forEachBanked((register, address) => loaded.set(register, e.load(32, address)));
  e.when(current, () => e.loadRegisters(current, start));
  forEachBanked((register) => e.bankWrite(register.bank, register.index, loaded.get(register)!));
}

/** STM of user-mode registers. */
export function storeUserBlock(e: ArmEmitter, block: Block, mode: BlockMode): void {
  const { start } = endsOf(e, block, mode);
  const { current, forEachBanked } = userBlock(e, block, start);
  e.when(current, () => e.storeRegisters(current, start));
  forEachBanked(({ bank, index }, address) => e.store(32, address, e.bankRead(bank, index)));
  const last = e.sub(e.add(start, block.bytes), e.const(4));
  e.when(e.and(block.list, e.const(PC_BIT)), () => e.store(32, last, e.pcOperand()));
}

/** LDM with R15 in the list and SPSR to CPSR. */
export function returnByBlock(e: ArmEmitter, block: Block, mode: BlockMode, writeBack: boolean): void {
  const { start, after } = endsOf(e, block, mode);
  requireOwnRegisters(e);
  const spsr = e.bankRead('spsr', bankOfMode(e, e.cpsr()));
  e.loadRegisters(block.list, start);
  if (writeBack) e.bankWrite('gpr', block.rn, after);
  returnFromException(e, e.sampleReg(15), spsr);
}
