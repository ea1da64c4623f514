// table: instructions that the ARM oracle leaves out: those that need more than user mode's registers and memory, and those that are UNPREDICTABLE
// where tsvm and qemu do not choose alike (docs/arm-unpredictable.md).
import type { InstructionSet } from './machine.ts';

/** Where an instruction stands: not in an IT block, in one, or as its last. */
export type Place = 'alone' | 'inside' | 'last';

interface Rule {
  readonly why: string;
  readonly mask: number;
  readonly match: number;
  /** More that must hold. */
  readonly when?: (word: number, place: Place) => boolean;
}

const nibble = (word: number, lsb: number): number => (word >>> lsb) & 15;
/** Coprocessors 14 and 15 are the processor's own. */
const system = (word: number): boolean => nibble(word, 8) >= 14;

const bit = (word: number, n: number): boolean => ((word >>> n) & 1) !== 0;
/** Bits 19:16, 15:12, 11:8 and 3:0, where most registers stand. */
const rn = (word: number): number => nibble(word, 16);
const rt = (word: number): number => nibble(word, 12);
const rs = (word: number): number => nibble(word, 8);
const rm = (word: number): number => nibble(word, 0);
const isPc = (...registers: number[]): boolean => registers.includes(15);
const unconditional = (word: number): boolean => word >>> 28 === 15;
const ones = (list: number): number => list.toString(2).replaceAll('0', '').length;
/** A32: does this load or store write its base back, and may it not? `transferred` are the registers it loads or stores. */
const badWriteback = (word: number, ...transferred: number[]): boolean =>
  (!bit(word, 24) || bit(word, 21)) && [15, ...transferred].includes(rn(word));
const PC = 'the PC where it is UNPREDICTABLE';
/** LDRD, STRD. */
const isDouble = (word: number): boolean => !bit(word, 20) && bit(word, 6);
const BASE = 'a base that is written back and is the PC or a register that is transferred';

const A32: readonly Rule[] = [
  { why: 'SVC is a system call', mask: 0x0f000000, match: 0x0f000000, when: (word) => !unconditional(word) },
  { why: 'system registers', mask: 0x0f000000, match: 0x0e000000, when: system },
  { why: 'system registers', mask: 0x0e000000, match: 0x0c000000, when: system },
  {
    why: "qemu-user's emulation of a coprocessor of old",
    mask: 0x0e000000,
    match: 0x0c000000,
    when: (word) => [1, 2].includes(rs(word)),
  },
  {
    why: "qemu-user's emulation of a coprocessor of old",
    mask: 0x0f000000,
    match: 0x0e000000,
    when: (word) => [1, 2].includes(rs(word)),
  },
  {
    why: "qemu-user's emulation of a coprocessor of old",
    mask: 0xff000000,
    match: 0xff000000,
    when: (word) => [1, 2].includes(rs(word)),
  },
  { why: 'WFE, WFI wait', mask: 0x0fffff00, match: 0x0320f000, when: (word) => [2, 3].includes(word & 0xff) },
  {
    why: 'SPSR in user mode',
    mask: 0x0fb00000,
    match: 0x03200000,
    when: (word) => bit(word, 22) && !unconditional(word),
  },
  {
    why: 'SPSR and banked registers in user mode',
    mask: 0x0f900ef0,
    match: 0x01000200,
    when: (word) => !unconditional(word),
  },
  { why: 'SPSR in user mode', mask: 0x0fd000f0, match: 0x01400000, when: (word) => !unconditional(word) },
  { why: 'LDM and STM of user registers, or exception return, in user mode', mask: 0x0e400000, match: 0x08400000 },
  { why: 'SRS, RFE', mask: 0xfe000000, match: 0xf8000000 },
  // Data processing
  {
    why: 'exception return in user mode',
    mask: 0x0c10f000,
    match: 0x0010f000,
    when: (word) =>
      !unconditional(word) && (word & 0x01800000) !== 0x01000000 && (bit(word, 25) || (word & 0x90) !== 0x90),
  },
  {
    why: PC,
    mask: 0x0e000090,
    match: 0x00000010,
    when: (word) => (word & 0x01900000) !== 0x01000000 && isPc(rn(word), rt(word), rs(word), rm(word)),
  },
  {
    why: 'should-be-zero bits of comparisons',
    mask: 0x0d900000,
    match: 0x01100000,
    when: (word) => rt(word) !== 0 && (bit(word, 25) || (word & 0x90) !== 0x90),
  },
  {
    why: 'should-be-zero bits of moves',
    mask: 0x0da00000,
    match: 0x01a00000,
    when: (word) => rn(word) !== 0 && (bit(word, 25) || (word & 0x90) !== 0x90),
  },
  { why: PC, mask: 0x0fb00000, match: 0x03000000, when: (word) => isPc(rt(word)) },
  // Multiplication, and media
  {
    why: PC,
    mask: 0x0f0000f0,
    match: 0x00000090,
    when: (word) => isPc(rn(word), rs(word), rm(word)) || ((word & 0x00e00000) !== 0 && isPc(rt(word))),
  },
  { why: 'both halves in one register', mask: 0x0f8000f0, match: 0x00800090, when: (word) => rn(word) === rt(word) },
  { why: 'both halves in one register', mask: 0x0ff000f0, match: 0x00400090, when: (word) => rn(word) === rt(word) },
  { why: 'both halves in one register', mask: 0x0ff00090, match: 0x01400080, when: (word) => rn(word) === rt(word) },
  {
    why: 'both halves in one register, or PC',
    mask: 0x0ff000d0,
    match: 0x07400010,
    when: (word) => rn(word) === rt(word) || isPc(rt(word)),
  },
  {
    why: 'both halves in one register, or PC',
    mask: 0x0ff000d0,
    match: 0x07400050,
    when: (word) => rn(word) === rt(word) || isPc(rt(word)),
  },
  {
    why: PC,
    mask: 0x0f900090,
    match: 0x01000080,
    when: (word) => isPc(rn(word), rs(word), rm(word), ...(bit(word, 21) && bit(word, 22) ? [] : [rt(word)])),
  },
  { why: PC, mask: 0x0f9000f0, match: 0x01000050, when: (word) => isPc(rn(word), rt(word), rm(word)) },
  { why: PC, mask: 0x0ff000f0, match: 0x01600010, when: (word) => isPc(rt(word), rm(word)) },
  {
    why: PC,
    mask: 0x0f000010,
    match: 0x06000010,
    when: (word) => isPc(rt(word), rm(word)) || ((word & 0x00800000) === 0 && isPc(rn(word))),
  },
  {
    why: PC,
    mask: 0x0f000010,
    match: 0x07000010,
    when: (word) => isPc(rm(word), rs(word)) || isPc((word & 0x00f00000) <= 0x00800000 ? rn(word) : rt(word)),
  },
  { why: PC, mask: 0x0ff00010, match: 0x06800010, when: (word) => isPc(rn(word)) && (word & 0xf0) !== 0x70 },
  { why: PC, mask: 0x0ff000d0, match: 0x075000d0, when: (word) => isPc(rt(word)) },
  {
    why: 'bits that are not in the register',
    mask: 0x0fa00070,
    match: 0x07a00050,
    when: (word) => ((word >>> 7) & 31) + ((word >>> 16) & 31) > 31,
  },
  {
    why: 'bits that are not in the register',
    mask: 0x0fe00070,
    match: 0x07c00010,
    when: (word) => ((word >>> 7) & 31) > ((word >>> 16) & 31),
  },
  // Status, branches
  { why: PC, mask: 0x0fbf0fff, match: 0x010f0000, when: (word) => isPc(rt(word)) },
  { why: PC, mask: 0x0fb0f0f0, match: 0x0120f000, when: (word) => isPc(rm(word)) },
  {
    why: 'CPSR.E by MSR in user mode, which qemu does not write',
    mask: 0x0fb0f0f0,
    match: 0x0120f000,
    when: (word) => bit(word, 17),
  },
  {
    why: 'CPSR.E by MSR in user mode, which qemu does not write',
    mask: 0x0fb0f000,
    match: 0x0320f000,
    when: (word) => bit(word, 17),
  },
  { why: 'no field of the CPSR', mask: 0x0fb0f0f0, match: 0x0120f000, when: (word) => rn(word) === 0 },
  { why: PC, mask: 0x0ff000f0, match: 0x01200030, when: (word) => isPc(rm(word)) },
  { why: PC, mask: 0x0ff000f0, match: 0x01200020, when: (word) => isPc(rm(word)) },
  { why: 'BKPT and HVC are unconditional', mask: 0x0f9000f0, match: 0x01000070, when: (word) => word >>> 28 !== 14 },
  // Loads and stores
  {
    why: BASE,
    mask: 0x0c000000,
    match: 0x04000000,
    when: (word) => !unconditional(word) && !(bit(word, 25) && bit(word, 4)) && badWriteback(word, rt(word)),
  },
  {
    why: PC,
    mask: 0x0c000000,
    match: 0x04000000,
    when: (word) =>
      !unconditional(word) &&
      !(bit(word, 25) && bit(word, 4)) &&
      ((bit(word, 22) && isPc(rt(word))) || (bit(word, 25) && isPc(rm(word)))),
  },
  {
    why: PC,
    mask: 0x0d300000,
    match: 0x04300000,
    when: (word) => !unconditional(word) && !(bit(word, 25) && bit(word, 4)) && isPc(rt(word)),
  },
  {
    why: PC,
    mask: 0x0d300000,
    match: 0x04200000,
    when: (word) => !unconditional(word) && !(bit(word, 25) && bit(word, 4)) && isPc(rt(word)),
  },
  { why: PC, mask: 0xfe500010, match: 0xf6500000, when: (word) => isPc(rm(word)) },
  {
    why: BASE,
    mask: 0x0e000090,
    match: 0x00000090,
    when: (word) =>
      (word & 0x60) !== 0 && (badWriteback(word, rt(word)) || (isDouble(word) && badWriteback(word, rt(word) + 1))),
  },
  {
    why: PC,
    mask: 0x0e000090,
    match: 0x00000090,
    when: (word) => (word & 0x60) !== 0 && (isPc(rt(word)) || (!bit(word, 22) && isPc(rm(word)))),
  },
  {
    why: 'should-be-zero bits of register offsets',
    mask: 0x0e400090,
    match: 0x00000090,
    when: (word) => (word & 0x60) !== 0 && rs(word) !== 0,
  },
  {
    why: 'LDRD, STRD of an odd register, of R14, or without an index but with writeback',
    mask: 0x0e1000d0,
    match: 0x000000d0,
    when: (word) => isDouble(word) && (bit(word, 12) || rt(word) === 14 || (!bit(word, 24) && bit(word, 21))),
  },
  {
    why: 'LDRD whose offset is a register that it loads',
    mask: 0x0e5000f0,
    match: 0x000000d0,
    when: (word) => [rt(word), rt(word) + 1].includes(rm(word)),
  },
  {
    why: PC,
    mask: 0x0f8000f0,
    match: 0x01800090,
    when: (word) => isPc(rn(word), rt(word)) || (!bit(word, 20) && isPc(rm(word))),
  },
  {
    why: 'LDREXD, STREXD of an odd register or R14',
    mask: 0x0ff000f0,
    match: 0x01b00090,
    when: (word) => bit(word, 12) || rt(word) === 14,
  },
  {
    why: 'LDREXD, STREXD of an odd register or R14',
    mask: 0x0ff000f0,
    match: 0x01a00090,
    when: (word) => bit(word, 0) || rm(word) === 14,
  },
  {
    why: 'a store-exclusive whose status register is another operand',
    mask: 0x0f9000f0,
    match: 0x01800090,
    when: (word) =>
      [rn(word), rm(word), ...((word & 0x00600000) === 0x00200000 ? [rm(word) + 1] : [])].includes(rt(word)),
  },
  {
    why: 'SWP of the PC or its base',
    mask: 0x0fb000f0,
    match: 0x01000090,
    when: (word) => isPc(rn(word), rt(word), rm(word)) || [rt(word), rm(word)].includes(rn(word)),
  },
  {
    why: 'LDM, STM with no register or the PC as base',
    mask: 0x0e000000,
    match: 0x08000000,
    when: (word) => !unconditional(word) && ((word & 0xffff) === 0 || isPc(rn(word))),
  },
  {
    why: 'LDM that loads its base and writes it back',
    mask: 0x0e300000,
    match: 0x08300000,
    when: (word) => !unconditional(word) && bit(word, rn(word)),
  },
  {
    why: 'STM that writes back its base and stores it, not as the first',
    mask: 0x0e300000,
    match: 0x08200000,
    when: (word) => !unconditional(word) && bit(word, rn(word)) && ones(word & ((1 << rn(word)) - 1)) > 0,
  },
];

/** SP or PC: what most T32 registers must not be. */
const isBad = (...registers: number[]): boolean => registers.some((register) => register === 13 || register === 15);
const BAD = 'SP or PC where it is UNPREDICTABLE';
const NOT_LAST = 'a branch in an IT block, not as its last';
const inBlock = (_: number, place: Place): boolean => place !== 'alone';
const notLast = (_: number, place: Place): boolean => place === 'inside';
/** T32 has Rd where A32 has Rs. */
const rd = rs;

/** T32's 32-bit data processing: an Rd of 15 with S is a comparison, an Rn of 15 a move; add and subtract take SP. */
function badProcessing(word: number): boolean {
  const op = (word >>> 21) & 15;
  const sets = bit(word, 20);
  const sum = op === 8 || op === 13;
  const compares = sets && [0, 4, 8, 13].includes(op) && rd(word) === 15;
  const moves = (op === 2 || op === 3) && rn(word) === 15;
  if (!compares && isBad(rd(word)) && !(sum && rn(word) === 13 && rd(word) === 13)) return true;
  return !moves && isBad(rn(word)) && !(rn(word) === 13 && (sum || compares));
}

/** ThumbExpandImm's repeated bytes of 0 (A6.3.2). */
const badImmediate = (word: number): boolean =>
  (word & 0x04000000) === 0 && (word & 0x7000) !== 0 && (word & 0x7000) < 0x4000 && (word & 0xff) === 0;

/** Not one that is a preload: offset, negative, without writeback. */
const isSmallLoad = (word: number): boolean => (word & 0x00600000) !== 0x00400000 && (word & 0x700) !== 0x400;

const WIDE: readonly Rule[] = [
  { why: 'system registers', mask: 0xef000000, match: 0xee000000, when: system },
  { why: 'system registers', mask: 0xee000000, match: 0xec000000, when: system },
  { why: 'WFE, WFI wait', mask: 0xfff0d700, match: 0xf3a08000, when: (word) => [2, 3].includes(word & 0xff) },
  { why: 'SPSR and banked registers in user mode', mask: 0xffe0d020, match: 0xf3808020 },
  { why: 'SPSR and banked registers in user mode', mask: 0xffe0d020, match: 0xf3e08020 },
  { why: 'SPSR in user mode', mask: 0xfff0d000, match: 0xf3908000 },
  { why: 'SPSR in user mode', mask: 0xfff0d000, match: 0xf3f08000 },
  { why: 'exception return in user mode', mask: 0xfff0d000, match: 0xf3d08000 },
  { why: 'SRS, RFE', mask: 0xfe400000, match: 0xe8000000, when: (word) => [0, 3].includes((word >>> 23) & 3) },
  // Loads and stores of several registers
  {
    why: 'LDM, STM with the PC as base, SP in the list, less than two registers, or both LR and PC',
    mask: 0xfe400000,
    match: 0xe8000000,
    when: (word) =>
      isPc(rn(word)) ||
      bit(word, 13) ||
      ones(word & 0xffff) < 2 ||
      (bit(word, 15) && (!bit(word, 20) || bit(word, 14))),
  },
  { why: BASE, mask: 0xfe600000, match: 0xe8200000, when: (word) => bit(word, rn(word)) },
  { why: NOT_LAST, mask: 0xfe508000, match: 0xe8108000, when: notLast },
  {
    why: 'LDRD, STRD of SP or PC, or of a register that is the base',
    mask: 0xfe400000,
    match: 0xe8400000,
    when: (word) =>
      (word & 0x01200000) !== 0 &&
      (isBad(rt(word), rd(word)) ||
        (bit(word, 20) && rt(word) === rd(word)) ||
        (bit(word, 21) && [15, rt(word), rd(word)].includes(rn(word))) ||
        (!bit(word, 20) && isPc(rn(word)))),
  },
  {
    why: BAD,
    mask: 0xffe00000,
    match: 0xe8400000,
    when: (word) => isBad(rt(word)) || isPc(rn(word)) || (!bit(word, 20) && isBad(rd(word))),
  },
  {
    why: 'a store-exclusive whose status register is another operand',
    mask: 0xfff00000,
    match: 0xe8400000,
    when: (word) => [rn(word), rt(word)].includes(rd(word)),
  },
  {
    why: BAD,
    mask: 0xffe00040,
    match: 0xe8c00040,
    when: (word) => isBad(rt(word)) || isPc(rn(word)) || (!bit(word, 20) && isBad(rm(word))),
  },
  {
    why: BAD,
    mask: 0xffe00070,
    match: 0xe8c00070,
    when: (word) => isBad(rd(word)) || (bit(word, 20) && rd(word) === rt(word)),
  },
  {
    why: 'a store-exclusive whose status register is another operand',
    mask: 0xfff00040,
    match: 0xe8c00040,
    when: (word) => [rn(word), rt(word), ...((word & 0x30) === 0x30 ? [rd(word)] : [])].includes(rm(word)),
  },
  { why: BAD, mask: 0xfff000e0, match: 0xe8d00000, when: (word) => rn(word) === 13 || isBad(rm(word)) },
  { why: NOT_LAST, mask: 0xfff000e0, match: 0xe8d00000, when: notLast },
  // Data processing
  { why: BAD, mask: 0xfe000000, match: 0xea000000, when: (word) => isBad(rm(word)) || badProcessing(word) },
  { why: BAD, mask: 0xfa008000, match: 0xf0000000, when: badProcessing },
  { why: 'an immediate that repeats a byte of 0', mask: 0xfa008000, match: 0xf0000000, when: badImmediate },
  {
    why: BAD,
    mask: 0xfa008000,
    match: 0xf2000000,
    when: (word) => isBad(rd(word)) && !(rn(word) === 13 && rd(word) === 13 && !bit(word, 22) && !bit(word, 24)),
  },
  {
    why: BAD,
    mask: 0xfb008000,
    match: 0xf3000000,
    when: (word) => ((word & 0x00f00000) !== 0x00600000 ? isBad(rn(word)) : rn(word) === 13),
  },
  {
    why: 'bits that are not in the register',
    mask: 0xfb308000,
    match: 0xf3000000,
    when: (word) => bit(word, 22) && (((word >>> 10) & 0x1c) | ((word >>> 6) & 3)) + (word & 31) > 31,
  },
  {
    why: 'bits that are not in the register',
    mask: 0xfbf08000,
    match: 0xf3600000,
    when: (word) => (((word >>> 10) & 0x1c) | ((word >>> 6) & 3)) > (word & 31),
  },
  {
    why: 'two different operands where one stands twice',
    mask: 0xffd0f0c0,
    match: 0xfa90f080,
    when: (word) => rn(word) !== rm(word),
  },
  {
    why: BAD,
    mask: 0xff000000,
    match: 0xfa000000,
    when: (word) => isBad(rd(word), rm(word)) || ((word & 0x00800080) !== 0x80 && isBad(rn(word))) || rn(word) === 13,
  },
  {
    why: BAD,
    mask: 0xff800000,
    match: 0xfb000000,
    when: (word) => isBad(rn(word), rd(word), rm(word)) || rt(word) === 13,
  },
  {
    why: BAD,
    mask: 0xff800000,
    match: 0xfb800000,
    when: (word) =>
      isBad(rn(word), rd(word), rm(word)) ||
      (((word & 0xd0) !== 0xd0 || (word & 0x00700000) !== 0x00100000) && isBad(rt(word))),
  },
  { why: BAD, mask: 0xfff000f0, match: 0xfb000010, when: (word) => isPc(rt(word)) },
  { why: BAD, mask: 0xfff000e0, match: 0xfb600000, when: (word) => isPc(rt(word)) },
  { why: 'both halves in one register', mask: 0xff800000, match: 0xfb800000, when: (word) => rt(word) === rd(word) },
  // Loads and stores
  {
    why: 'SP or PC loaded or stored as less than a word',
    mask: 0xfe600000,
    match: 0xf8000000,
    when: (word) => rt(word) === 13 || (isPc(rt(word)) && !bit(word, 20)),
  },
  {
    why: 'SP or PC loaded or stored as less than a word',
    mask: 0xfe600000,
    match: 0xf8200000,
    when: (word) => rt(word) === 13 || (isPc(rt(word)) && !bit(word, 20)),
  },
  { why: 'PC stored', mask: 0xff700000, match: 0xf8400000, when: (word) => isPc(rt(word)) },
  { why: 'PC loaded as less than a word', mask: 0xfe90f800, match: 0xf810f800, when: isSmallLoad },
  { why: BASE, mask: 0xfe800900, match: 0xf8000900, when: (word) => rn(word) === rt(word) },
  { why: BAD, mask: 0xfe800f00, match: 0xf8000e00, when: (word) => isBad(rt(word)) },
  { why: BAD, mask: 0xfe800fc0, match: 0xf8000000, when: (word) => isBad(rm(word)) && !isPc(rn(word)) },
  { why: NOT_LAST, mask: 0xff70f000, match: 0xf850f000, when: notLast },
  // Branches and control
  { why: NOT_LAST, mask: 0xf8009000, match: 0xf0009000, when: notLast },
  { why: NOT_LAST, mask: 0xf800d000, match: 0xf000c000, when: notLast },
  {
    why: 'a conditional branch in an IT block',
    mask: 0xf800d000,
    match: 0xf0008000,
    when: (word, place) => inBlock(word, place) && ((word >>> 23) & 7) !== 7,
  },
  { why: 'CPS in an IT block', mask: 0xfff0d700, match: 0xf3a08100, when: inBlock },
  { why: 'CPS in an IT block', mask: 0xfff0d400, match: 0xf3a08400, when: inBlock },
  { why: NOT_LAST, mask: 0xfff0d000, match: 0xf3c08000, when: notLast },
  { why: BAD, mask: 0xfff0d000, match: 0xf3c08000, when: (word) => isBad(rn(word)) },
  { why: 'CPSR.E by MSR in user mode, which qemu does not write', mask: 0xffe0d200, match: 0xf3808200 },
  { why: BAD, mask: 0xffe0d000, match: 0xf3808000, when: (word) => isBad(rn(word)) || (word & 0xf00) === 0 },
  { why: BAD, mask: 0xffe0d000, match: 0xf3e08000, when: (word) => isBad(rd(word)) },
];

/** Does a branch with this displacement from the PC as an operand go where the record has (or is about to have) other instructions before it? */
const isLoop = (displacement: number): boolean => displacement <= -4 && displacement > -36;
/** Rdn of ADD, MOV and CMP of high registers. */
const high = (half: number): number => (half & 7) | ((half >>> 4) & 8);

const NARROW: readonly Rule[] = [
  { why: 'SVC is a system call', mask: 0xff00, match: 0xdf00 },
  { why: 'WFE, WFI wait', mask: 0xffff, match: 0xbf20 },
  { why: 'WFE, WFI wait', mask: 0xffff, match: 0xbf30 },
  {
    why: 'branches to itself or shortly before',
    mask: 0xf000,
    match: 0xd000,
    when: (half) => isLoop((half << 24) >> 23),
  },
  {
    why: 'branches to itself or shortly before',
    mask: 0xf800,
    match: 0xe000,
    when: (half) => isLoop((half << 21) >> 20),
  },
  {
    why: 'IT makes the words after it members of a block',
    mask: 0xff00,
    match: 0xbf00,
    when: (half) => (half & 15) !== 0,
  },
  {
    why: 'PC compared, or only low registers in the form for high ones',
    mask: 0xff00,
    match: 0x4500,
    when: (half) => isPc(high(half), nibble(half, 3)) || (high(half) < 8 && nibble(half, 3) < 8),
  },
  { why: 'PC added to itself', mask: 0xff87, match: 0x4487, when: (half) => nibble(half, 3) === 15 },
  { why: NOT_LAST, mask: 0xfd87, match: 0x4487, when: notLast },
  { why: NOT_LAST, mask: 0xff00, match: 0x4700, when: notLast },
  { why: 'BX, BLX to the PC: where it is not aligned to words', mask: 0xff78, match: 0x4778 },
  { why: 'the breakpoint of Linux', mask: 0xffff, match: 0xde01 },
  { why: 'should-be-zero bits', mask: 0xff00, match: 0x4700, when: (half) => (half & 7) !== 0 },
  { why: 'a list of no registers', mask: 0xf600, match: 0xb400, when: (half) => (half & 0x1ff) === 0 },
  { why: 'a list of no registers', mask: 0xf000, match: 0xc000, when: (half) => (half & 0xff) === 0 },
  {
    why: 'STM that stores its base, not as the first',
    mask: 0xf800,
    match: 0xc000,
    when: (half) => bit(half, (half >>> 8) & 7) && (half & ((1 << ((half >>> 8) & 7)) - 1)) !== 0,
  },
  { why: NOT_LAST, mask: 0xff00, match: 0xbd00, when: notLast },
  { why: 'CBZ in an IT block', mask: 0xf500, match: 0xb100, when: inBlock },
  { why: 'SETEND, CPS in an IT block', mask: 0xffc0, match: 0xb640, when: inBlock },
  {
    why: 'a conditional branch in an IT block',
    mask: 0xf000,
    match: 0xd000,
    when: (half, place) => inBlock(half, place) && ((half >>> 8) & 15) < 14,
  },
  { why: NOT_LAST, mask: 0xf800, match: 0xe000, when: notLast },
];

/** Registers of a VFP load or store of several: imm8, as words or doublewords. */
function badRange(word: number): boolean {
  const double = bit(word, 8);
  const count = double ? (word & 0xff) >> 1 : word & 0xff;
  const first = double ? rt(word) | (bit(word, 22) ? 16 : 0) : (rt(word) << 1) | (bit(word, 22) ? 1 : 0);
  return count === 0 || first + count > (double && !bit(word, 0) ? 32 : double ? 16 : 32) || (double && count > 16);
}

/** VLDM, VSTM, with or without writeback. */
const isMultiple = (word: number): boolean => bit(word, 24) === bit(word, 21) || !bit(word, 24);

/** VFP, as A32 with any condition and as T32: bits 27:0. */
const FLOAT: readonly Rule[] = [
  {
    why: 'VLDR and VSTR of half precision, which qemu has on processors without, too',
    mask: 0x0f200f00,
    match: 0x0d000900,
  },
  {
    why: PC,
    mask: 0x0fe00ed0,
    match: 0x0c400a10,
    when: (word) => isPc(rt(word), rn(word)) || (bit(word, 20) && rt(word) === rn(word)),
  },
  { why: 'the register after S31', mask: 0x0fe00fff, match: 0x0c400a3f },
  {
    why: PC,
    mask: 0x0f000e10,
    match: 0x0e000a10,
    when: (word) => isPc(rt(word)) && (word & 0x0fff0f00) !== 0x0ef10a00,
  },
  {
    why: 'a list of no registers, or beyond the last',
    mask: 0x0e000e00,
    match: 0x0c000a00,
    when: (word) => isMultiple(word) && (word & 0x0f800000) !== 0x0c000000 && badRange(word),
  },
  { why: PC, mask: 0x0e000e00, match: 0x0c000a00, when: (word) => isMultiple(word) && isPc(rn(word)) },
];
const FLOAT_WIDE: readonly Rule[] = [
  { why: BAD, mask: 0x0fe00ed0, match: 0x0c400a10, when: (word) => isBad(rt(word), rn(word)) },
  { why: BAD, mask: 0x0f000e10, match: 0x0e000a10, when: (word) => rt(word) === 13 },
  { why: PC, mask: 0x0f300e00, match: 0x0d000a00, when: (word) => isPc(rn(word)) },
];

/** Registers of VLDn and VSTn of several structures, by bits 11:8: how many, and how far apart the last is from the first. */
const STRUCTURES = new Map([
  [7, 1],
  [10, 2],
  [6, 3],
  [2, 4],
  [8, 2],
  [9, 3],
  [3, 4],
  [4, 3],
  [5, 5],
  [0, 4],
  [1, 7],
]);
/** Does an element or structure load or store name a register after D31? As the A32 encoding. */
function badElements(word: number): boolean {
  const first = rt(word) | (bit(word, 22) ? 16 : 0);
  if (!bit(word, 23)) return first + (STRUCTURES.get(rs(word)) ?? 1) > 32;
  const count = (rs(word) & 3) + 1;
  const size = rs(word) >> 2;
  const all = size === 3;
  const apart = all ? bit(word, 5) : size === 1 ? bit(word, 5) : size === 2 && bit(word, 6);
  if (all && count === 1) return apart && first + 2 > 32;
  return count > 1 && first + (count - 1) * (apart ? 2 : 1) >= 32;
}
const vn = (word: number): number => rn(word) | (bit(word, 7) ? 16 : 0);
const SIMD_ELEMENTS: Rule = {
  why: 'registers after D31, or the PC as base',
  mask: 0x0f100000,
  match: 0x04000000,
  when: (word) => isPc(rn(word)) || badElements(word),
};
/** Advanced SIMD, as A32; T32 ones are brought into that form. */
const SIMD: readonly Rule[] = [
  { why: 'a table after D31', mask: 0xffb00c10, match: 0xf3b00800, when: (word) => vn(word) + ((word >>> 8) & 3) > 31 },
  {
    why: 'VSWP, VTRN, VUZP, VZIP of a register with itself',
    mask: 0xffb30c10,
    match: 0xf3b20000,
    when: (word) => ((word >>> 7) & 15) < 4 && rt(word) === rm(word) && bit(word, 22) === bit(word, 5),
  },
];

function simdForm(word: number): number {
  if ((word & 0xef000000) >>> 0 === 0xef000000)
    return ((word & 0x00ffffff) | 0xf2000000 | ((word >>> 4) & 0x01000000)) >>> 0;
  if (word >>> 24 === 0xf9) return ((word & 0x00ffffff) | 0xf4000000) >>> 0;
  return word;
}

const matches = (rules: readonly Rule[], word: number, place: Place): string | undefined =>
  rules.find(({ mask, match, when }) => (word & mask) >>> 0 === match && (!when || when(word, place)))?.why;

/** Why an instruction is left out, or null. */
export function leftOut(set: InstructionSet, word: number, bytes: number, place: Place): string | null {
  if (bytes === 2) return matches(NARROW, word, place) ?? null;
  const simd = set === 'a32' ? word : simdForm(word);
  const own = matches(set === 'a32' ? A32 : WIDE, word, place);
  const isFloat = word >>> 28 !== 15;
  const float = isFloat ? matches(set === 'a32' ? FLOAT : [...FLOAT, ...FLOAT_WIDE], word, place) : undefined;
  const elements = simd >>> 24 === 0xf4 ? matches([SIMD_ELEMENTS], simd, place) : undefined;
  return own ?? float ?? elements ?? matches(SIMD, simd, place) ?? null;
}

/** LDREX and STREX and their kin. */
export function isExclusive(set: InstructionSet, word: number, bytes: number): boolean {
  if (set === 'a32') return !unconditional(word) && (word & 0x0f8000f0) === 0x01800090;
  return bytes === 4 && ((word & 0xffe00000) >>> 0 === 0xe8400000 || (word & 0xffe00040) >>> 0 === 0xe8c00040);
}

/**
 * Faults that qemu-arm does not raise: of a store-exclusive without a reservation (for a misaligned one the manual has a fault, for others leaves the
 * choice), and alignment of structures to 256 bits (it enforces 128).
 */
export function isLax(set: InstructionSet, word: number, bytes: number): boolean {
  if (isExclusive(set, word, bytes)) return !bit(word, 20);
  const simd = set === 'a32' ? word : simdForm(word);
  return simd >>> 24 === 0xf4 && !bit(simd, 23) && (simd & 0x30) === 0x30;
}
