// Encodings of the instructions that random ARM programs are built from by hand (ARM DDI 0406C, A8), in the one and the other instruction set.
export type InstructionSet = 'a32' | 't32';

export const AL = 14;
export const [SP, LR, PC] = [13, 14, 15] as const;

/** Halfwords of an instruction of 32 bits, in the order of memory. */
export function halves(set: InstructionSet, word: number): number[] {
  const [high, low] = [(word >>> 16) & 0xffff, word & 0xffff];
  return set === 'a32' ? [low, high] : [high, low];
}

const inRange = (distance: number, bits: number): number => {
  if (distance < -(2 ** (bits - 1)) || distance >= 2 ** (bits - 1)) throw new Error(`a branch over ${distance} bytes`);
  return distance;
};

/** B with a condition, from `at` to `to` in the same set; in T32 always of 4 bytes. */
export function b(set: InstructionSet, cond: number, at: number, to: number): number {
  if (set === 'a32') return ((cond << 28) | 0x0a000000 | (((to - at - 8) >> 2) & 0xffffff)) >>> 0;
  if (cond === AL) return far(0xf0009000, inRange(to - at - 4, 25));
  const d = inRange(to - at - 4, 21);
  const bit = (n: number): number => (d >> n) & 1;
  const low = ((d >> 1) & 0x7ff) | (bit(19) << 11) | (bit(18) << 13);
  return (0xf0008000 | (bit(20) << 26) | (cond << 22) | (((d >> 12) & 0x3f) << 16) | low) >>> 0;
}

function far(opcode: number, d: number): number {
  const sign = (d >> 24) & 1;
  const j = (n: number): number => ((d >> n) & 1) ^ sign ^ 1;
  return (
    (opcode | (sign << 26) | (((d >> 12) & 0x3ff) << 16) | (j(23) << 13) | (j(22) << 11) | ((d >> 1) & 0x7ff)) >>> 0
  );
}

/** BL, or BLX to the other set. */
export function bl(set: InstructionSet, at: number, to: number, toSet: InstructionSet): number {
  if (set === 'a32') {
    const d = to - at - 8;
    if (toSet === 'a32') return (0xeb000000 | ((d >> 2) & 0xffffff)) >>> 0;
    return (0xfa000000 | (((d >> 1) & 1) << 24) | ((d >> 2) & 0xffffff)) >>> 0;
  }
  if (toSet === 't32') return far(0xf000d000, inRange(to - at - 4, 25));
  return far(0xf000c000, inRange(to - ((at + 4) & -4), 25));
}

/** B of 2 bytes. */
export function bNarrow(cond: number, at: number, to: number): number {
  if (cond === AL) return 0xe000 | ((inRange(to - at - 4, 12) >> 1) & 0x7ff);
  return 0xd000 | (cond << 8) | ((inRange(to - at - 4, 9) >> 1) & 0xff);
}

/** CBZ, CBNZ. */
export function cbz(notZero: boolean, rn: number, at: number, to: number): number {
  const d = to - at - 4;
  if (d < 0 || d > 126) throw new Error(`CBZ over ${d} bytes`);
  return 0xb100 | (notZero ? 0x800 : 0) | ((d >> 6) << 9) | (((d >> 1) & 31) << 3) | rn;
}

/** MOVW and, for `top`, MOVT. */
export function movHalf(set: InstructionSet, rd: number, imm: number, top: boolean): number {
  if (set === 'a32')
    return (0xe3000000 | (top ? 0x400000 : 0) | ((imm >>> 12) << 16) | (rd << 12) | (imm & 0xfff)) >>> 0;
  const [i, imm3] = [(imm >>> 11) & 1, (imm >>> 8) & 7];
  return (
    (0xf2400000 | (top ? 0x800000 : 0) | (i << 26) | ((imm >>> 12) << 16) | (imm3 << 12) | (rd << 8) | (imm & 0xff)) >>>
    0
  );
}

const PROCESSING = {
  and: [0x0, 0x0],
  orr: [0xc, 0x2],
  bic: [0xe, 0x1],
  eor: [0x1, 0x4],
  add: [0x4, 0x8],
  sub: [0x2, 0xd],
} as const;
export type Processing = keyof typeof PROCESSING;

/** Data processing with an immediate of 8 bits. */
export function withImm(
  set: InstructionSet,
  name: Processing,
  rd: number,
  rn: number,
  imm8: number,
  flags = false,
): number {
  const [a32, t32] = PROCESSING[name];
  if (set === 'a32') return (0xe2000000 | (a32 << 21) | (flags ? 1 << 20 : 0) | (rn << 16) | (rd << 12) | imm8) >>> 0;
  return (0xf0000000 | (t32 << 21) | (flags ? 1 << 20 : 0) | (rn << 16) | (rd << 8) | imm8) >>> 0;
}

/** CMP with an immediate. */
export function cmp(set: InstructionSet, rn: number, imm8: number): number {
  return set === 'a32' ? (0xe3500000 | (rn << 16) | imm8) >>> 0 : (0xf1b00f00 | (rn << 16) | imm8) >>> 0;
}

/** MOV of a register. */
export function mov(set: InstructionSet, rd: number, rm: number): number {
  return set === 'a32' ? (0xe1a00000 | (rd << 12) | rm) >>> 0 : (0xea4f0000 | (rd << 8) | rm) >>> 0;
}

/** LDR, STR of a word, halfword or byte with an unsigned offset. */
export function access(
  set: InstructionSet,
  load: boolean,
  bytes: 1 | 2 | 4,
  rt: number,
  rn: number,
  offset = 0,
): number {
  const bit20 = load ? 1 << 20 : 0;
  if (set === 't32') {
    const size = bytes === 4 ? 2 : bytes - 1;
    return (0xf8800000 | (size << 21) | bit20 | (rn << 16) | (rt << 12) | offset) >>> 0;
  }
  if (bytes === 2) return (0xe1c000b0 | bit20 | (rn << 16) | (rt << 12) | ((offset >> 4) << 8) | (offset & 15)) >>> 0;
  return (0xe5800000 | (bytes === 1 ? 1 << 22 : 0) | bit20 | (rn << 16) | (rt << 12) | offset) >>> 0;
}

export const push = (set: InstructionSet, list: number): number =>
  ((set === 'a32' ? 0xe92d0000 : 0xe92d0000) | list) >>> 0;
export const pop = (set: InstructionSet, list: number): number =>
  ((set === 'a32' ? 0xe8bd0000 : 0xe8bd0000) | list) >>> 0;

/** BX, or BLX of a register: halfwords. */
export function bx(set: InstructionSet, rm: number, link = false): number[] {
  if (set === 't32') return [(link ? 0x4780 : 0x4700) | (rm << 3)];
  return halves(set, (link ? 0xe12fff30 : 0xe12fff10) | rm);
}

/** LDREX and STREX of a word. */
export const ldrex = (set: InstructionSet, rt: number, rn: number): number =>
  (set === 'a32' ? 0xe1900f9f | (rn << 16) | (rt << 12) : 0xe8500f00 | (rn << 16) | (rt << 12)) >>> 0;
export const strex = (set: InstructionSet, rd: number, rt: number, rn: number): number =>
  (set === 'a32' ? 0xe1800f90 | (rn << 16) | (rd << 12) | rt : 0xe8400000 | (rn << 16) | (rt << 12) | (rd << 8)) >>> 0;

/** MRS and MSR of CPSR or SPSR (the same word in T32, but for the register's place). */
export const mrs = (set: InstructionSet, rd: number, spsr: boolean): number =>
  (set === 'a32' ? 0xe10f0000 | (spsr ? 1 << 22 : 0) | (rd << 12) : 0xf3ef8000 | (spsr ? 1 << 20 : 0) | (rd << 8)) >>>
  0;
export const msr = (set: InstructionSet, rn: number, mask: number, spsr: boolean): number =>
  (set === 'a32'
    ? 0xe120f000 | (spsr ? 1 << 22 : 0) | (mask << 16) | rn
    : 0xf3808000 | (spsr ? 1 << 20 : 0) | (rn << 16) | (mask << 8)) >>> 0;

/** MCR, MRC of coprocessor 15: the same word in both sets. */
export const cp15 = (load: boolean, rt: number, opc1: number, crn: number, crm: number, opc2: number): number =>
  (0xee000f10 | (opc1 << 21) | (load ? 1 << 20 : 0) | (crn << 16) | (rt << 12) | (opc2 << 5) | crm) >>> 0;
/** MCRR, MRRC. */
export const cp15pair = (load: boolean, rt: number, rt2: number, opc1: number, crm: number): number =>
  (0xec400f00 | (load ? 1 << 20 : 0) | (rt2 << 16) | (rt << 12) | (opc1 << 4) | crm) >>> 0;

/** CPS: `imod` 2 enables, 3 disables; a mode, or null. Halfwords. */
export function cps(set: InstructionSet, imod: number, flags: number, mode: number | null): number[] {
  const m = mode === null ? 0 : 1;
  if (set === 'a32') return halves(set, (0xf1000000 | (imod << 18) | (m << 17) | (flags << 6) | (mode ?? 0)) >>> 0);
  if (mode === null && imod >= 2) return [0xb660 | ((imod & 1) << 4) | flags];
  return halves(set, (0xf3af8000 | (imod << 9) | (m << 8) | (flags << 5) | (mode ?? 0)) >>> 0);
}

/** Instructions of both sets without operands that matter, as halfwords. */
export const plain = {
  nop: { a32: 0xe320f000, t32: 0xf3af8000 },
  wfi: { a32: 0xe320f003, t32: 0xf3af8003 },
  wfe: { a32: 0xe320f002, t32: 0xf3af8002 },
  sev: { a32: 0xe320f004, t32: 0xf3af8004 },
  yield: { a32: 0xe320f001, t32: 0xf3af8001 },
  dsb: { a32: 0xf57ff04f, t32: 0xf3bf8f4f },
  isb: { a32: 0xf57ff06f, t32: 0xf3bf8f6f },
  clrex: { a32: 0xf57ff01f, t32: 0xf3bf8f2f },
  /** To where LR says, with the SPSR. */
  movsPcLr: { a32: 0xe1b0f00e, t32: 0xf3de8f00 },
  eret: { a32: 0xe160006e, t32: 0xf3de8f00 },
  hvc: { a32: 0xe1400071, t32: 0xf7e08001 },
  smc: { a32: 0xe1600070, t32: 0xf7f08000 },
} as const;

export const setend = (set: InstructionSet, big: boolean): number[] =>
  set === 't32' ? [0xb650 | (big ? 8 : 0)] : halves(set, (0xf1010000 | (big ? 0x200 : 0)) >>> 0);
export const svc = (set: InstructionSet, imm: number): number[] =>
  set === 't32' ? [0xdf00 | imm] : halves(set, (0xef000000 | imm) >>> 0);
export const bkpt = (set: InstructionSet, imm: number): number[] =>
  set === 't32' ? [0xbe00 | imm] : halves(set, (0xe1200070 | imm) >>> 0);
export const udf = (set: InstructionSet): number[] => (set === 't32' ? [0xde00] : halves(set, 0xe7f000f0));
