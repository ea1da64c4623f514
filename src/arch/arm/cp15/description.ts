// How a system register of coprocessor 14 or 15 is described, and the word that its instructions' records hold of it.
import type { RawFields } from '../../../cpu/isa/insn.ts';
import { HSR_EC } from '../syndrome.ts';

/** Who may read or write a register, besides Hyp mode. */
export const RIGHT = {
  NONE: 0,
  PL1: 1,
  HYP: 2,
  ALL: 3,
  /** All, if SCTLR.CP15BEN is set (in Hyp mode, HSCTLR's). */
  BARRIER: 4,
  /** PL1; and PL0 if: PMUSERENR.EN is set; the bits of CNTKCTL are; DBGDSCR.UDCCdis is not; TEECR.XED is not. */
  MONITOR: 5,
  PHYSICAL_COUNTER: 6,
  VIRTUAL_COUNTER: 7,
  ANY_COUNTER: 8,
  PHYSICAL_TIMER: 9,
  VIRTUAL_TIMER: 10,
  DEBUG: 11,
  THUMBEE: 12,
} as const;

/** Trap controls besides HCR and HSTR.Tn, by what traps. */
export const TRAP_GROUP = {
  NONE: 0,
  /** HDCR.TPM; TPM or TPMCR. */
  MONITOR: 1,
  PMCR: 2,
  /** CNTHCTL.PL1PCTEN and PL1PCEN, when they are not set. */
  PHYSICAL_COUNTER: 3,
  PHYSICAL_TIMER: 4,
  /** HCPTR.TCPAC. */
  CPACR: 5,
  /** HDCR.TDRA, TDOSA, TDA. */
  DEBUG_ROM: 6,
  OS_DEBUG: 7,
  DEBUG: 8,
  /** HSTR.TTEE, TJDBX. */
  THUMBEE: 9,
  JAZELLE: 10,
} as const;

/** What reading does, besides to read bank cp15. */
export const READ = {
  PLAIN: 0,
  ZERO: 1,
  ID: 2,
  CCSIDR: 3,
  ISR: 4,
  ONE: 5,
  CLAIM: 6,
  AUTHENTICATION: 7,
  TIMER_VALUE: 8,
  TIMER_CONTROL: 9,
} as const;

/** What writing does, besides to write bank cp15. */
export const WRITE = {
  PLAIN: 0,
  IGNORE: 1,
  VECTOR: 2,
  SCTLR: 3,
  TTBR: 4,
  TTBCR: 5,
  CONTEXTIDR: 6,
  DACR: 7,
  CPACR: 8,
  CSSELR: 9,
  HCR: 10,
  HSCTLR: 11,
  /** Registers of other translation regimes: what they translate goes. */
  REGIME: 12,
  HCPTR: 13,
  HSTR: 14,
  HDCR: 15,
  TLB_ALL: 16,
  TLB_ASID: 17,
  TLB_PAGE: 18,
  /** The same for all vCPUs. */
  TLB_ALL_SHARED: 19,
  TLB_ASID_SHARED: 20,
  TLB_PAGE_SHARED: 21,
  /** `place` is an AT_OPERATION. */
  TRANSLATE: 22,
  TIMER_VALUE: 23,
  TIMER_CONTROL: 24,
  TTBR_64: 25,
  TIMER_COMPARE: 26,
  DBGDSCR: 27,
  DBGOSLAR: 28,
  CLAIM_SET: 29,
  CLAIM_CLEAR: 30,
  TEECR: 31,
} as const;

export interface SystemRegister {
  readonly name: string;
  readonly place: number;
  readonly read: number;
  readonly write: number;
  readonly reads: number;
  readonly writes: number;
  /** Bit of HCR that traps reads, and writes; 0: none. */
  readonly hcrReads: number;
  readonly hcrWrites: number;
  readonly group: number;
  /** KVM's guest, which has no such unit, reads 0, and writes do nothing. */
  readonly onlyBare: boolean;
}

export type Properties = Partial<Omit<SystemRegister, 'name' | 'hcrReads' | 'hcrWrites'>> & {
  /** Both. */
  readonly hcr?: number;
  /** Writes. */
  readonly tvm?: boolean;
};

const TVM = 26;

/** A register; without more words, one of PL1 that is read and written in bank cp15. */
export function describe(name: string, properties: Properties): SystemRegister {
  const { hcr = 0, tvm = false, ...rest } = properties;
  return {
    name,
    place: 0,
    read: RIGHT.PL1,
    write: RIGHT.PL1,
    reads: READ.PLAIN,
    writes: WRITE.PLAIN,
    hcrReads: hcr,
    hcrWrites: tvm ? TVM : hcr,
    group: TRAP_GROUP.NONE,
    onlyBare: false,
    ...rest,
  };
}

/** Where the parts of the word lie. */
export const WHAT = {
  PLACE: 0xff,
  HOW_SHIFT: 8,
  HOW: 0x3f,
  RIGHT_SHIFT: 14,
  RIGHT: 15,
  HCR_SHIFT: 18,
  HCR: 31,
  GROUP_SHIFT: 23,
  GROUP: 15,
  ONLY_BARE: 1 << 27,
  EC_SHIFT: 28,
} as const;

/** The word for an access; `register` is undefined where there is none. */
export function whatOf(register: SystemRegister | undefined, isRead: boolean, ec: number, hcr: number): number {
  if (!register) return (ec << WHAT.EC_SHIFT) | (hcr << WHAT.HCR_SHIFT);
  const { place, read, write, reads, writes, hcrReads, hcrWrites, group, onlyBare } = register;
  const parts = isRead ? [reads, read, hcrReads] : [writes, write, hcrWrites];
  return (
    place |
    (parts[0]! << WHAT.HOW_SHIFT) |
    (parts[1]! << WHAT.RIGHT_SHIFT) |
    (parts[2]! << WHAT.HCR_SHIFT) |
    (group << WHAT.GROUP_SHIFT) |
    (onlyBare ? WHAT.ONLY_BARE : 0) |
    (ec << WHAT.EC_SHIFT)
  );
}

/** HSR's ISS of MRC and MCR, and of MRRC and MCRR, without the condition. */
export function issOf(raw: RawFields, isRead: boolean): number {
  const { opc1 = 0, opc2 = 0, crn = 0, crm = 0, rt = 0 } = raw;
  return (opc2 << 17) | (opc1 << 14) | (crn << 10) | (rt << 5) | (crm << 1) | Number(isRead);
}

export function issOf64(raw: RawFields, isRead: boolean): number {
  const { opc1 = 0, crm = 0, rt = 0, rt2 = 0 } = raw;
  return (opc1 << 16) | (rt2 << 10) | (rt << 5) | (crm << 1) | Number(isRead);
}

export const ISS_RT_SHIFT = 5;
export const ISS_RT2_SHIFT = 10;

export const EC_32 = { 14: HSR_EC.CP14, 15: HSR_EC.CP15 } as const;
export const EC_64 = { 14: HSR_EC.CP14_64, 15: HSR_EC.CP15_64 } as const;
