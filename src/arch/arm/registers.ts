// Register files of the ARM core, and the numbers of what lies in them (ARM DDI 0406C: A2, B1, B4).
import type { BankSpec } from '../../cpu/isa/register-file.ts';

/** Words of bank `flag`: what the condition flags are made of. N is bit 31; Z is set when the word is 0; C, V and Q are 0 or 1. */
export const FLAG = { N: 0, Z: 1, C: 2, V: 3, Q: 4 } as const;

/** Places of banked registers, by mode: indices into `bankedSp`, `bankedLr` and `spsr`. The current mode's SP and LR are in `gpr`. */
export const MODE_BANK = { USR: 0, FIQ: 1, IRQ: 2, SVC: 3, ABT: 4, UND: 5, HYP: 6 } as const;

export const BANKS: readonly BankSpec[] = [
  /** R0 to R14 of the current mode; number 15 is no register, but where a load-multiple leaves what goes to the PC. */
  { name: 'gpr', count: 16, width: 32, rowsOnly: true },
  { name: 'flag', count: 5, width: 32, rowsOnly: true },
  /** GE bits, 3:0. */
  { name: 'ge', count: 1, width: 32 },
  /** ITSTATE of the next instruction; 0 outside of an IT block, and in A32. */
  { name: 'it', count: 1, width: 32 },
  /** CPSR's M, F, I, A and E; its other bits are in the banks above, and T is bit 0 of the engine's pc. */
  { name: 'cpsr', count: 1, width: 32 },
  { name: 'bankedSp', count: 7, width: 32 },
  { name: 'bankedLr', count: 7, width: 32 },
  { name: 'spsr', count: 7, width: 32 },
  /** R8 to R12: first what FIQ mode has, then what the other modes have, whichever of them is not current. */
  { name: 'bankedHigh', count: 10, width: 32 },
  { name: 'elrHyp', count: 1, width: 32 },
  /** Is there a reservation (LDREX)? */
  { name: 'llbit', count: 1, width: 32 },
  /** WFI or WFE executed and not woken (WAITING), and the event register. */
  { name: 'waiting', count: 1, width: 32 },
  { name: 'event', count: 1, width: 32 },
  /** How many SEVs there have been in the VM, and as far as this vCPU has consumed them (by WFE): the event register is set when they differ, or by `event`. */
  { name: 'sevs', count: 1, width: 32, shared: true },
  { name: 'sevsSeen', count: 1, width: 32 },
  /** 1: the vCPU is on; 0: off (PSCI). */
  { name: 'power', count: 1, width: 32 },
  { name: 'cp15', count: 160, width: 32 },
  /** What the interrupt lines ask: bits of LINE. */
  { name: 'lines', count: 1, width: 32 },
  /** D0 to D31, and the same as words (S0 to S31 are the first 32 of them). */
  { name: 'd', count: 32, width: 64 },
  { name: 's', count: 64, width: 32, viewOf: 'd', scratch: true },
  { name: 'fpexc', count: 1, width: 32 },
  { name: 'fpscr', count: 1, width: 32 },
  /** Words between memory and floating-point registers (VLDM, VSTM). */
  { name: 'fpStage', count: 32, width: 32, scratch: true, passing: true },
  /** What the last failed translation of a stage-2 table was asked for: IPA bits 31:12 and 39:32. */
  { name: 'faultIpa', count: 2, width: 32, scratch: true },
  /** A bit for each 16 MiB of addresses: some of it has been translated by more than a page of 4 KiB (mmu/maintenance.ts). */
  { name: 'largePages', count: 4, width: 64, scratch: true, shared: true },
  /** Domains whose rights have been taken away before: what they translate is not global. And DACR as the tables of User mode were filled. */
  { name: 'movingDomains', count: 1, width: 32, scratch: true },
  { name: 'userDacr', count: 1, width: 32, scratch: true },
];

/** Bits of bank `lines`. */
export const LINE = { IRQ: 1, FIQ: 2, VIRQ: 4, VFIQ: 8 } as const;

export const WAITING = { NO: 0, WFI: 1, WFE: 2 } as const;

/** CPSR and SPSR. */
export const PSR = {
  N: 0x80000000 | 0,
  Z: 1 << 30,
  C: 1 << 29,
  V: 1 << 28,
  Q: 1 << 27,
  J: 1 << 24,
  GE_SHIFT: 16,
  E: 1 << 9,
  A: 1 << 8,
  I: 1 << 7,
  F: 1 << 6,
  T: 1 << 5,
  M: 0x1f,
} as const;

export const MODE = {
  USR: 0x10,
  FIQ: 0x11,
  IRQ: 0x12,
  SVC: 0x13,
  ABT: 0x17,
  HYP: 0x1a,
  UND: 0x1b,
  SYS: 0x1f,
} as const;

/**
 * Indices into bank cp15. 64-bit registers take two words, the low one first. The banking by security state is not there: this machine has no
 * Security Extensions.
 */
export const CP15 = {
  MIDR: 0,
  CTR: 1,
  TCMTR: 2,
  TLBTR: 3,
  MPIDR: 4,
  REVIDR: 5,
  ID_PFR0: 6,
  ID_PFR1: 7,
  ID_DFR0: 8,
  ID_AFR0: 9,
  ID_MMFR0: 10,
  ID_MMFR1: 11,
  ID_MMFR2: 12,
  ID_MMFR3: 13,
  ID_ISAR0: 14,
  ID_ISAR1: 15,
  ID_ISAR2: 16,
  ID_ISAR3: 17,
  ID_ISAR4: 18,
  ID_ISAR5: 19,
  CCSIDR0: 20,
  CCSIDR1: 21,
  CCSIDR2: 22,
  CLIDR: 23,
  AIDR: 24,
  CSSELR: 25,
  SCTLR: 26,
  ACTLR: 27,
  CPACR: 28,
  TTBR0: 30,
  TTBR0_HIGH: 31,
  TTBR1: 32,
  TTBR1_HIGH: 33,
  TTBCR: 34,
  DACR: 35,
  DFSR: 36,
  IFSR: 37,
  ADFSR: 38,
  AIFSR: 39,
  DFAR: 40,
  IFAR: 41,
  PAR: 42,
  PAR_HIGH: 43,
  PRRR: 44,
  NMRR: 45,
  AMAIR0: 46,
  AMAIR1: 47,
  VBAR: 48,
  FCSEIDR: 49,
  CONTEXTIDR: 50,
  TPIDRURW: 51,
  TPIDRURO: 52,
  TPIDRPRW: 53,
  L2CTLR: 54,
  L2ECTLR: 55,
  CBAR: 56,
  /** Hyp. */
  VPIDR: 60,
  VMPIDR: 61,
  HSCTLR: 62,
  HACTLR: 63,
  HCR: 64,
  HDCR: 65,
  HCPTR: 66,
  HSTR: 67,
  HACR: 68,
  HTCR: 70,
  VTCR: 71,
  HTTBR: 72,
  HTTBR_HIGH: 73,
  VTTBR: 74,
  VTTBR_HIGH: 75,
  HADFSR: 76,
  HAIFSR: 77,
  HSR: 78,
  HDFAR: 79,
  HIFAR: 80,
  HPFAR: 81,
  HMAIR0: 82,
  HMAIR1: 83,
  HAMAIR0: 84,
  HAMAIR1: 85,
  HVBAR: 86,
  HTPIDR: 87,
  /** Generic timer: frequency, who may see what, and the offset of the virtual counter. */
  CNTFRQ: 90,
  CNTKCTL: 91,
  CNTHCTL: 92,
  CNTVOFF: 94,
  CNTVOFF_HIGH: 95,
  CNTP_CTL: 96,
  CNTP_CVAL: 98,
  CNTP_CVAL_HIGH: 99,
  CNTV_CTL: 97,
  CNTV_CVAL: 100,
  CNTV_CVAL_HIGH: 101,
  CNTHP_CTL: 102,
  CNTHP_CVAL: 104,
  CNTHP_CVAL_HIGH: 105,
  /** Performance monitors. */
  PMCR: 110,
  PMCNTENSET: 111,
  PMOVSR: 112,
  PMSELR: 113,
  PMUSERENR: 114,
  PMINTENSET: 115,
  PMXEVTYPER: 116,
  /** CP14: DBGDSCR, DBGVCR, and the like. */
  DBGDSCR: 130,
  DBGVCR: 131,
  TEECR: 140,
  TEEHBR: 141,
} as const;

export const SCTLR = {
  M: 1 << 0,
  A: 1 << 1,
  C: 1 << 2,
  CP15BEN: 1 << 5,
  SW: 1 << 10,
  Z: 1 << 11,
  I: 1 << 12,
  V: 1 << 13,
  HA: 1 << 17,
  WXN: 1 << 19,
  UWXN: 1 << 20,
  FI: 1 << 21,
  VE: 1 << 24,
  EE: 1 << 25,
  NMFI: 1 << 27,
  TRE: 1 << 28,
  AFE: 1 << 29,
  TE: 1 << 30,
} as const;

export const TTBCR_EAE = 0x80000000 | 0;

/** Bits of HCR. */
export const HCR = {
  VM: 1 << 0,
  SWIO: 1 << 1,
  PTW: 1 << 2,
  FMO: 1 << 3,
  IMO: 1 << 4,
  AMO: 1 << 5,
  VF: 1 << 6,
  VI: 1 << 7,
  VA: 1 << 8,
  FB: 1 << 9,
  DC: 1 << 12,
  TWI: 1 << 13,
  TWE: 1 << 14,
  TID0: 1 << 15,
  TID1: 1 << 16,
  TID2: 1 << 17,
  TID3: 1 << 18,
  TSC: 1 << 19,
  TIDCP: 1 << 20,
  TAC: 1 << 21,
  TSW: 1 << 22,
  TPC: 1 << 23,
  TPU: 1 << 24,
  TTLB: 1 << 25,
  TVM: 1 << 26,
  TGE: 1 << 27,
} as const;

/**
 * Memory table sets: by translation regime, privilege and byte order of data. Those of User mode have odd numbers (USER_SEEN). In a big-endian one,
 * ORDER behind the other, no data access has an entry.
 */
export const TABLES = { KERNEL: 0, USER: 1, HYP: 2, ORDER: 4, COUNT: 7 } as const;

/** What a trap code says in bits 3:0. */
export const TRAP = {
  /** Undefined Instruction. */
  UNDEFINED: 1,
  /** SVC, HVC: the immediate in bits 19:4. SMC: served by the firmware (PSCI). */
  SVC: 2,
  HVC: 3,
  SMC: 4,
  /** Prefetch and data aborts: see ABORT. */
  PREFETCH_ABORT: 5,
  DATA_ABORT: 6,
  IRQ: 7,
  FIQ: 8,
  /** Trapped to Hyp mode: bits 23:4 are HSR's ISS 19:0 and bits 29:24 its EC. */
  HYP: 9,
  /** BKPT: a prefetch abort with the status of a debug event. */
  BREAKPOINT: 10,
  VIRQ: 11,
  VFIQ: 12,
} as const;

/** A trap code of an abort: the parts above TRAP's four bits; 20 bits in all. */
export const ABORT = {
  /** The fault's status: 5 bits of the short-descriptor format (FS), or the 6 of the long one (STATUS); `LONG` says which. */
  STATUS_SHIFT: 4,
  /** Domain, for the short-descriptor format. */
  DOMAIN_SHIFT: 10,
  WRITE: 1 << 14,
  LONG: 1 << 15,
  /** From the second stage, whose IPA is in bank `faultIpa`: goes to Hyp mode. */
  STAGE2: 1 << 16,
  /** In a second-stage walk for a first-stage table. */
  S1PTW: 1 << 17,
  /** By a cache or TLB maintenance or address translation operation. */
  MAINTENANCE: 1 << 18,
} as const;
