// Indices into bank cp15 besides those of registers.ts: the registers of performance monitors and debug logic, and what this core keeps beside its
// system registers.

export const PLACE = {
  /** 1: the machine has Hyp mode, and PSCI answers to SMC; 0: it is KVM's guest, and PSCI answers to HVC. */
  HAS_HYP: 29,
  /** Levels of the private lines as they were last told to the interrupt controller: bits of timer.ts. */
  LEVELS: 57,
  /** Guest nanosecond of the event (of the generic timer's event stream) that ends a WFE, 64 bits; 0: none. */
  EVENT_AT: 58,
  /** KVM_REG_ARM_PSCI_VERSION. */
  PSCI_VERSION: 69,
  DBGDIDR: 88,
  DBGDEVID: 89,
  /** Guest nanosecond up to which overflows have been looked for, 64 bits. */
  PMU_SEEN: 106,
  PMCCNTR: 108,
  PMCCFILTR: 109,
  /** Six of each. */
  PMEVTYPER: 116,
  PMEVCNTR: 122,
  /** Six breakpoints, two with a context ID, and four watchpoints; nothing acts on them. */
  DBGBVR: 132,
  DBGCLAIM: 138,
  DBGOSLSR: 139,
  DBGBCR: 142,
  DBGWVR: 148,
  DBGWCR: 152,
  DBGBXVR: 156,
  DBGDTR: 158,
  DBGPRCR: 159,
} as const;

/** Event counters of the performance monitors. */
export const PMU_COUNTERS = 6;

/** The generic timer runs at 62.5 MHz. */
export const COUNTER_HZ = 62_500_000;
export const NS_PER_TICK_SHIFT = 4;
