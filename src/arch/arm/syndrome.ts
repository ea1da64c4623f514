// The syndrome of what is taken to Hyp mode, in a trap code and in HSR (ARM DDI 0406C: B3.13.6).
import { TRAP } from './registers.ts';

/** HSR.EC. */
export const HSR_EC = {
  UNKNOWN: 0,
  WFX: 1,
  CP15: 3,
  CP15_64: 4,
  CP14: 5,
  CP14_64: 0xc,
  SVC: 0x11,
  HVC: 0x12,
  SMC: 0x13,
  /** From PL1 or PL0; in Hyp mode itself it is one more. */
  PREFETCH_ABORT: 0x20,
  DATA_ABORT: 0x24,
} as const;

/** In a code of TRAP.HYP: where EC is, and whether the instruction has 16 bits. */
export const TRAP_HYP_EC_SHIFT = 24;
export const TRAP_HYP_NARROW = 1 << 30;

export const HSR_EC_SHIFT = 26;
/** Not set: the instruction has 16 bits. */
export const HSR_IL = 1 << 25;
/** CV, and a condition that always holds: that of an instruction whose condition has held. */
export const HSR_CONDITION = (1 << 24) | (14 << 20);

/** The trap code of an instruction that is trapped to Hyp mode, with ISS bits 19:0. */
export function trapToHyp(ec: number, iss: number): number {
  return TRAP.HYP | (iss << 4) | (ec << TRAP_HYP_EC_SHIFT);
}

/** HDCR: debug exceptions are taken to Hyp mode. */
export const HDCR_TDE = 1 << 8;

/** In a code of TRAP.DATA_ABORT, above what ABORT has: the virtual asynchronous abort that HCR.VA asks for. */
export const VIRTUAL_ABORT = 1 << 24;
