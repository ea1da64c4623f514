// table: MIPS32 release 2 register files and the CP0 names and fields used here
// (MIPS32 Architecture For Programmers Volume III; reset values and masks: KVM trap-and-emulate, see state.ts).
import type { BankSpec } from '../../cpu/isa/register-file.ts';

export const TLB_ENTRIES = 64;
export const TLB_BUCKETS = 256;

export const BANKS: readonly BankSpec[] = [
  { name: 'gpr', count: 32, width: 32, zero: true, rowsOnly: true },
  { name: 'hi', count: 1, width: 32, rowsOnly: true },
  { name: 'lo', count: 1, width: 32, rowsOnly: true },
  /** Index 8 * rd + sel. Count is kept as countBase/countStart/countRate. */
  { name: 'cp0', count: 256, width: 32 },
  /** LL/SC: 1 while a reservation stands. */
  { name: 'llbit', count: 1, width: 32 },
  /** Count = countBase + floor((now - countStart) * countRate / 1e9); rate 0 while stopped. */
  { name: 'countBase', count: 1, width: 32 },
  { name: 'countStart', count: 1, width: 64 },
  { name: 'countRate', count: 1, width: 32 },
  /** The rate Count runs at when it runs (COUNT_HZ). */
  { name: 'countHz', count: 1, width: 32 },
  /** The timer has to be set anew: 1 after a write of Count or the rate, 2 when the guest wrote Compare, which also takes back a match. */
  { name: 'timerChanged', count: 1, width: 32 },
  /** Guest instant of the next Count = Compare, as a 64-bit integer; -1 for never. */
  { name: 'timerAt', count: 1, width: 64 },
  /** 1 after WAIT until something wakes the vCPU. */
  { name: 'waiting', count: 1, width: 32 },
  /** COUNT_CTL (bit 0 = DC) and COUNT_RESUME of KVM's ONE_REG interface. */
  { name: 'countCtl', count: 1, width: 32 },
  { name: 'countResume', count: 1, width: 64 },
  { name: 'tlbHi', count: TLB_ENTRIES, width: 32 },
  { name: 'tlbMask', count: TLB_ENTRIES, width: 32 },
  { name: 'tlbLo0', count: TLB_ENTRIES, width: 32 },
  { name: 'tlbLo1', count: TLB_ENTRIES, width: 32 },
  /** Bits of each CP0 register that MTC0 changes. */
  { name: 'cp0Mask', count: 256, width: 32, scratch: true },
  /** Exception base while Status.BEV is set (0x5fc00200 for trap-and-emulate, 0xbfc00200 otherwise), and the run's seed. */
  { name: 'bootVector', count: 1, width: 32, scratch: true },
  { name: 'seed', count: 1, width: 32, scratch: true },
  /** 1 for a trap-and-emulate guest: what KVM does not emulate is not there. */
  { name: 'trapAndEmulate', count: 1, width: 32, scratch: true },
  /** Bits of Status that MTC0 changes. */
  { name: 'statusMask', count: 1, width: 32, scratch: true },
];

/** Where the TLB search looks. */
export const TLB_BANKS: readonly BankSpec[] = [
  /** One bit per entry with the usual PageMask, by a hash of its page; one bit per entry with another PageMask. */
  { name: 'tlbBucket', count: TLB_BUCKETS, width: 64, scratch: true },
  { name: 'tlbOthers', count: 1, width: 64, scratch: true },
  /** The usual PageMask, and the shift that turns an address into a bucket's number. */
  { name: 'tlbUsualMask', count: 1, width: 32, scratch: true },
  { name: 'tlbShift', count: 1, width: 32, scratch: true },
];

const cp0 = (rd: number, sel: number): number => 8 * rd + sel;

/** Indices into bank cp0. */
export const CP0 = {
  INDEX: cp0(0, 0),
  RANDOM: cp0(1, 0),
  ENTRYLO0: cp0(2, 0),
  ENTRYLO1: cp0(3, 0),
  CONTEXT: cp0(4, 0),
  USERLOCAL: cp0(4, 2),
  PAGEMASK: cp0(5, 0),
  PAGEGRAIN: cp0(5, 1),
  WIRED: cp0(6, 0),
  HWRENA: cp0(7, 0),
  BADVADDR: cp0(8, 0),
  COUNT: cp0(9, 0),
  ENTRYHI: cp0(10, 0),
  COMPARE: cp0(11, 0),
  STATUS: cp0(12, 0),
  INTCTL: cp0(12, 1),
  SRSCTL: cp0(12, 2),
  CAUSE: cp0(13, 0),
  EPC: cp0(14, 0),
  PRID: cp0(15, 0),
  EBASE: cp0(15, 1),
  CONFIG: cp0(16, 0),
  CONFIG1: cp0(16, 1),
  CONFIG2: cp0(16, 2),
  CONFIG3: cp0(16, 3),
  CONFIG4: cp0(16, 4),
  CONFIG5: cp0(16, 5),
  CONFIG7: cp0(16, 7),
  LLADDR: cp0(17, 0),
  ERRCTL: cp0(26, 0),
  ERROREPC: cp0(30, 0),
  KSCRATCH1: cp0(31, 2),
} as const;

export const STATUS = {
  IE: 1 << 0,
  EXL: 1 << 1,
  ERL: 1 << 2,
  UM: 1 << 4,
  IM: 0xff00,
  NMI: 1 << 19,
  BEV: 1 << 22,
  /** 64-bit floating point registers. */
  FR: 1 << 26,
  RP: 1 << 27,
  CU0: 1 << 28,
  CU1: 1 << 29,
} as const;

export const CAUSE = {
  EXCCODE: 0x7c,
  IP: 0xff00,
  IP_SOFTWARE: 0x300,
  IP7: 1 << 15,
  IV: 1 << 23,
  DC: 1 << 27,
  CE: 3 << 28,
  TI: 1 << 30,
  BD: 0x80000000 | 0,
} as const;

export const ENTRYLO = {
  G: 1,
  V: 2,
  D: 4,
  PFN_SHIFT: 6,
  /** 20 bits of page frame, cache attribute, D, V, G. */
  WRITABLE: 0x03ffffff,
} as const;

export const CONFIG1_FP = 1;
export const CONFIG3_ULRI = 1 << 13;

/** Values of bank timerChanged. */
export const TIMER = { UNCHANGED: 0, SET_ANEW: 1, ACKNOWLEDGED: 2 } as const;

/** ExcCode values. */
export const EXC = {
  Int: 0,
  Mod: 1,
  TLBL: 2,
  TLBS: 3,
  AdEL: 4,
  AdES: 5,
  Sys: 8,
  Bp: 9,
  RI: 10,
  CpU: 11,
  Ov: 12,
  Tr: 13,
  FPE: 15,
} as const;

/** Trap codes carry ExcCode in bits 4:0, the coprocessor number (CpU) in bits 9:8 and "refill vector" in bit 16. */
export const TRAP_REFILL = 1 << 16;
export const trapCoprocessor = (unit: number): number => EXC.CpU | (unit << 8);

/** Table sets. */
export const PRIVILEGE = { KERNEL: 0, USER: 1 } as const;

/** The privilege that Status gives: user mode is UM without EXL and ERL. */
export function privilegeOf(status: number): number {
  return (status & (STATUS.UM | STATUS.EXL | STATUS.ERL)) === STATUS.UM ? PRIVILEGE.USER : PRIVILEGE.KERNEL;
}
