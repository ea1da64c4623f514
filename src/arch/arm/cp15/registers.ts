// table: the registers and operations of coprocessor 15, as a Cortex-A15 with the virtualization extensions and without the Security Extensions has
// them (ARM DDI 0406C: B3.17, B4; Cortex-A15 TRM: 4). What is not in it is UNDEFINED.
import { AT_OPERATION } from '../mmu/operations.ts';
import { CP15 } from '../registers.ts';
import { describe, type Properties, READ, RIGHT, type SystemRegister, TRAP_GROUP, WRITE } from './description.ts';
import { PLACE } from './places.ts';

/** Bits of HCR that trap accesses, by number. */
const HCR = { TID1: 16, TID2: 17, TID3: 18, TIDCP: 20, TAC: 21, TSW: 22, TPC: 23, TPU: 24, TTLB: 25 } as const;

const ONLY_READ = { write: RIGHT.NONE } as const;
const ONLY_WRITE = { read: RIGHT.NONE, writes: WRITE.IGNORE } as const;
const ONLY_HYP = { read: RIGHT.HYP, write: RIGHT.HYP } as const;
const HYP_OPERATION = { read: RIGHT.NONE, write: RIGHT.HYP } as const;
const ZERO = { reads: READ.ZERO, writes: WRITE.IGNORE } as const;
const VIRTUAL = { tvm: true } as const;
const MONITOR = { group: TRAP_GROUP.MONITOR, onlyBare: true, read: RIGHT.MONITOR, write: RIGHT.MONITOR } as const;
const PRIVATE_MONITOR = { ...MONITOR, read: RIGHT.PL1, write: RIGHT.PL1 } as const;

type Entry = readonly [opc1: number, crn: number, crm: number, opc2: number, name: string, properties: Properties];
type Entry64 = readonly [opc1: number, crm: number, name: string, properties: Properties];

const ids = (crm: number, trapped: Properties, names: readonly string[], places: readonly (number | null)[]): Entry[] =>
  names.map((name, opc2) => {
    const place = places[opc2];
    return [0, 0, crm, opc2, name, { ...ONLY_READ, ...trapped, ...(place == null ? ZERO : { place }) }];
  });

/** Registers of later architectures' features: they read as zero. */
const RESERVED_IDS: Entry[] = [3, 4, 5, 6, 7].flatMap((crm) =>
  ids(
    crm,
    { hcr: HCR.TID3 },
    Array.from({ length: 8 }, (_, n) => `ID_C${crm}_${n}`),
    [],
  ),
);

const cacheOperation = (crm: number, opc2: number, name: string, hcr: number): Entry => [
  0,
  7,
  crm,
  opc2,
  name,
  { ...ONLY_WRITE, hcr },
];
const translation = (opc2: number, name: keyof typeof AT_OPERATION, right: number): Entry => [
  0,
  7,
  8,
  opc2,
  name,
  { read: RIGHT.NONE, write: right, writes: WRITE.TRANSLATE, place: AT_OPERATION[name] },
];
const tlbOperation = (crm: number, opc2: number, name: string, writes: number): Entry => [
  0,
  8,
  crm,
  opc2,
  name,
  { ...ONLY_WRITE, writes, hcr: HCR.TTLB },
];
const TLB_LOCAL = [WRITE.TLB_ALL, WRITE.TLB_PAGE, WRITE.TLB_ASID, WRITE.TLB_PAGE];

const ENTRIES: readonly Entry[] = [
  [0, 0, 0, 0, 'MIDR', { ...ONLY_READ, place: CP15.MIDR, reads: READ.ID }],
  [0, 0, 0, 1, 'CTR', { ...ONLY_READ, place: CP15.CTR, hcr: HCR.TID2 }],
  [0, 0, 0, 2, 'TCMTR', { ...ONLY_READ, place: CP15.TCMTR, hcr: HCR.TID1 }],
  [0, 0, 0, 3, 'TLBTR', { ...ONLY_READ, place: CP15.TLBTR, hcr: HCR.TID1 }],
  [0, 0, 0, 4, 'MIDR_4', { ...ONLY_READ, place: CP15.MIDR, reads: READ.ID }],
  [0, 0, 0, 5, 'MPIDR', { ...ONLY_READ, place: CP15.MPIDR, reads: READ.ID }],
  [0, 0, 0, 6, 'REVIDR', { ...ONLY_READ, place: CP15.REVIDR, hcr: HCR.TID1 }],
  [0, 0, 0, 7, 'MIDR_7', { ...ONLY_READ, place: CP15.MIDR, reads: READ.ID }],
  ...ids(
    1,
    { hcr: HCR.TID3 },
    ['ID_PFR0', 'ID_PFR1', 'ID_DFR0', 'ID_AFR0', 'ID_MMFR0', 'ID_MMFR1', 'ID_MMFR2', 'ID_MMFR3'],
    [6, 7, 8, 9, 10, 11, 12, 13],
  ),
  ...ids(
    2,
    { hcr: HCR.TID3 },
    ['ID_ISAR0', 'ID_ISAR1', 'ID_ISAR2', 'ID_ISAR3', 'ID_ISAR4', 'ID_ISAR5', 'ID_ISAR6', 'ID_ISAR7'],
    [14, 15, 16, 17, 18, 19],
  ),
  ...RESERVED_IDS,
  [1, 0, 0, 0, 'CCSIDR', { ...ONLY_READ, reads: READ.CCSIDR, hcr: HCR.TID2 }],
  [1, 0, 0, 1, 'CLIDR', { ...ONLY_READ, place: CP15.CLIDR, hcr: HCR.TID2 }],
  [1, 0, 0, 7, 'AIDR', { ...ONLY_READ, place: CP15.AIDR, hcr: HCR.TID1 }],
  [2, 0, 0, 0, 'CSSELR', { place: CP15.CSSELR, writes: WRITE.CSSELR, hcr: HCR.TID2 }],
  [4, 0, 0, 0, 'VPIDR', { ...ONLY_HYP, place: CP15.VPIDR }],
  [4, 0, 0, 5, 'VMPIDR', { ...ONLY_HYP, place: CP15.VMPIDR }],

  [0, 1, 0, 0, 'SCTLR', { ...VIRTUAL, place: CP15.SCTLR, writes: WRITE.SCTLR }],
  [0, 1, 0, 1, 'ACTLR', { place: CP15.ACTLR, hcr: HCR.TAC }],
  [0, 1, 0, 2, 'CPACR', { place: CP15.CPACR, writes: WRITE.CPACR, group: TRAP_GROUP.CPACR }],
  [4, 1, 0, 0, 'HSCTLR', { ...ONLY_HYP, place: CP15.HSCTLR, writes: WRITE.HSCTLR }],
  [4, 1, 0, 1, 'HACTLR', { ...ONLY_HYP, place: CP15.HACTLR }],
  [4, 1, 1, 0, 'HCR', { ...ONLY_HYP, place: CP15.HCR, writes: WRITE.HCR }],
  [4, 1, 1, 1, 'HDCR', { ...ONLY_HYP, place: CP15.HDCR, writes: WRITE.HDCR }],
  [4, 1, 1, 2, 'HCPTR', { ...ONLY_HYP, place: CP15.HCPTR, writes: WRITE.HCPTR }],
  [4, 1, 1, 3, 'HSTR', { ...ONLY_HYP, place: CP15.HSTR, writes: WRITE.HSTR }],
  [4, 1, 1, 7, 'HACR', { ...ONLY_HYP, place: CP15.HACR }],

  [0, 2, 0, 0, 'TTBR0', { ...VIRTUAL, place: CP15.TTBR0, writes: WRITE.TTBR }],
  [0, 2, 0, 1, 'TTBR1', { ...VIRTUAL, place: CP15.TTBR1, writes: WRITE.TTBR }],
  [0, 2, 0, 2, 'TTBCR', { ...VIRTUAL, place: CP15.TTBCR, writes: WRITE.TTBCR }],
  [4, 2, 0, 2, 'HTCR', { ...ONLY_HYP, place: CP15.HTCR, writes: WRITE.REGIME }],
  [4, 2, 1, 2, 'VTCR', { ...ONLY_HYP, place: CP15.VTCR, writes: WRITE.REGIME }],
  [0, 3, 0, 0, 'DACR', { ...VIRTUAL, place: CP15.DACR, writes: WRITE.DACR }],

  [0, 5, 0, 0, 'DFSR', { ...VIRTUAL, place: CP15.DFSR }],
  [0, 5, 0, 1, 'IFSR', { ...VIRTUAL, place: CP15.IFSR }],
  [0, 5, 1, 0, 'ADFSR', { ...VIRTUAL, place: CP15.ADFSR }],
  [0, 5, 1, 1, 'AIFSR', { ...VIRTUAL, place: CP15.AIFSR }],
  [0, 6, 0, 0, 'DFAR', { ...VIRTUAL, place: CP15.DFAR }],
  [0, 6, 0, 2, 'IFAR', { ...VIRTUAL, place: CP15.IFAR }],
  [4, 5, 1, 0, 'HADFSR', { ...ONLY_HYP, place: CP15.HADFSR }],
  [4, 5, 1, 1, 'HAIFSR', { ...ONLY_HYP, place: CP15.HAIFSR }],
  [4, 5, 2, 0, 'HSR', { ...ONLY_HYP, place: CP15.HSR }],
  [4, 6, 0, 0, 'HDFAR', { ...ONLY_HYP, place: CP15.HDFAR }],
  [4, 6, 0, 2, 'HIFAR', { ...ONLY_HYP, place: CP15.HIFAR }],
  [4, 6, 0, 4, 'HPFAR', { ...ONLY_HYP, place: CP15.HPFAR }],

  // Caches are coherent here: their operations have no effect. Waiting by CP15 is none in ARMv7.
  cacheOperation(0, 4, 'NOP', 0),
  cacheOperation(1, 0, 'ICIALLUIS', HCR.TPU),
  cacheOperation(1, 6, 'BPIALLIS', 0),
  [0, 7, 4, 0, 'PAR', { place: CP15.PAR }],
  cacheOperation(5, 0, 'ICIALLU', HCR.TPU),
  cacheOperation(5, 1, 'ICIMVAU', HCR.TPU),
  [0, 7, 5, 4, 'CP15ISB', { ...ONLY_WRITE, write: RIGHT.BARRIER }],
  cacheOperation(5, 6, 'BPIALL', 0),
  cacheOperation(5, 7, 'BPIMVA', 0),
  cacheOperation(6, 1, 'DCIMVAC', HCR.TPC),
  cacheOperation(6, 2, 'DCISW', HCR.TSW),
  translation(0, 'ATS1CPR', RIGHT.PL1),
  translation(1, 'ATS1CPW', RIGHT.PL1),
  translation(2, 'ATS1CUR', RIGHT.PL1),
  translation(3, 'ATS1CUW', RIGHT.PL1),
  translation(4, 'ATS12NSOPR', RIGHT.HYP),
  translation(5, 'ATS12NSOPW', RIGHT.HYP),
  translation(6, 'ATS12NSOUR', RIGHT.HYP),
  translation(7, 'ATS12NSOUW', RIGHT.HYP),
  cacheOperation(10, 1, 'DCCMVAC', HCR.TPC),
  cacheOperation(10, 2, 'DCCSW', HCR.TSW),
  [0, 7, 10, 4, 'CP15DSB', { ...ONLY_WRITE, write: RIGHT.BARRIER }],
  [0, 7, 10, 5, 'CP15DMB', { ...ONLY_WRITE, write: RIGHT.BARRIER }],
  cacheOperation(11, 1, 'DCCMVAU', HCR.TPU),
  cacheOperation(13, 1, 'NOP_13', 0),
  cacheOperation(14, 1, 'DCCIMVAC', HCR.TPC),
  cacheOperation(14, 2, 'DCCISW', HCR.TSW),
  [4, 7, 8, 0, 'ATS1HR', { ...HYP_OPERATION, writes: WRITE.TRANSLATE, place: AT_OPERATION.ATS1HR }],
  [4, 7, 8, 1, 'ATS1HW', { ...HYP_OPERATION, writes: WRITE.TRANSLATE, place: AT_OPERATION.ATS1HW }],

  tlbOperation(3, 0, 'TLBIALLIS', WRITE.TLB_ALL_SHARED),
  tlbOperation(3, 1, 'TLBIMVAIS', WRITE.TLB_PAGE_SHARED),
  tlbOperation(3, 2, 'TLBIASIDIS', WRITE.TLB_ASID_SHARED),
  tlbOperation(3, 3, 'TLBIMVAAIS', WRITE.TLB_PAGE_SHARED),
  ...['ITLBIALL', 'ITLBIMVA', 'ITLBIASID'].map((name, opc2) => tlbOperation(5, opc2, name, TLB_LOCAL[opc2]!)),
  ...['DTLBIALL', 'DTLBIMVA', 'DTLBIASID'].map((name, opc2) => tlbOperation(6, opc2, name, TLB_LOCAL[opc2]!)),
  ...['TLBIALL', 'TLBIMVA', 'TLBIASID', 'TLBIMVAA'].map((name, opc2) => tlbOperation(7, opc2, name, TLB_LOCAL[opc2]!)),
  [4, 8, 3, 0, 'TLBIALLHIS', { ...HYP_OPERATION, writes: WRITE.TLB_ALL_SHARED }],
  [4, 8, 3, 1, 'TLBIMVAHIS', { ...HYP_OPERATION, writes: WRITE.TLB_PAGE_SHARED }],
  [4, 8, 3, 4, 'TLBIALLNSNHIS', { ...HYP_OPERATION, writes: WRITE.TLB_ALL_SHARED }],
  [4, 8, 7, 0, 'TLBIALLH', { ...HYP_OPERATION, writes: WRITE.TLB_ALL }],
  [4, 8, 7, 1, 'TLBIMVAH', { ...HYP_OPERATION, writes: WRITE.TLB_PAGE }],
  [4, 8, 7, 4, 'TLBIALLNSNH', { ...HYP_OPERATION, writes: WRITE.TLB_ALL }],

  // Performance monitors: what reading and writing does is in pmu.ts, by `place`.
  [0, 9, 12, 0, 'PMCR', { ...MONITOR, group: TRAP_GROUP.PMCR, place: CP15.PMCR }],
  [0, 9, 12, 1, 'PMCNTENSET', { ...MONITOR, place: 1 }],
  [0, 9, 12, 2, 'PMCNTENCLR', { ...MONITOR, place: 2 }],
  [0, 9, 12, 3, 'PMOVSR', { ...MONITOR, place: 3 }],
  [0, 9, 12, 4, 'PMSWINC', { ...MONITOR, read: RIGHT.NONE, place: 4 }],
  [0, 9, 12, 5, 'PMSELR', { ...MONITOR, place: CP15.PMSELR }],
  [0, 9, 12, 6, 'PMCEID0', { ...MONITOR, write: RIGHT.NONE, place: 6 }],
  [0, 9, 12, 7, 'PMCEID1', { ...MONITOR, write: RIGHT.NONE, place: 7 }],
  [0, 9, 13, 0, 'PMCCNTR', { ...MONITOR, place: PLACE.PMCCNTR }],
  [0, 9, 13, 1, 'PMXEVTYPER', { ...MONITOR, place: PLACE.PMEVTYPER }],
  [0, 9, 13, 2, 'PMXEVCNTR', { ...MONITOR, place: PLACE.PMEVCNTR }],
  [0, 9, 14, 0, 'PMUSERENR', { ...PRIVATE_MONITOR, read: RIGHT.ALL, place: CP15.PMUSERENR }],
  [0, 9, 14, 1, 'PMINTENSET', { ...PRIVATE_MONITOR, place: 8 }],
  [0, 9, 14, 2, 'PMINTENCLR', { ...PRIVATE_MONITOR, place: 9 }],
  [0, 9, 14, 3, 'PMOVSSET', { ...PRIVATE_MONITOR, place: 5 }],
  [1, 9, 0, 2, 'L2CTLR', { place: CP15.L2CTLR, writes: WRITE.IGNORE, hcr: HCR.TIDCP }],
  [1, 9, 0, 3, 'L2ECTLR', { place: CP15.L2ECTLR, hcr: HCR.TIDCP }],

  [0, 10, 2, 0, 'PRRR', { ...VIRTUAL, place: CP15.PRRR }],
  [0, 10, 2, 1, 'NMRR', { ...VIRTUAL, place: CP15.NMRR }],
  [0, 10, 3, 0, 'AMAIR0', { ...VIRTUAL, place: CP15.AMAIR0 }],
  [0, 10, 3, 1, 'AMAIR1', { ...VIRTUAL, place: CP15.AMAIR1 }],
  [4, 10, 2, 0, 'HMAIR0', { ...ONLY_HYP, place: CP15.HMAIR0 }],
  [4, 10, 2, 1, 'HMAIR1', { ...ONLY_HYP, place: CP15.HMAIR1 }],
  [4, 10, 3, 0, 'HAMAIR0', { ...ONLY_HYP, place: CP15.HAMAIR0 }],
  [4, 10, 3, 1, 'HAMAIR1', { ...ONLY_HYP, place: CP15.HAMAIR1 }],

  [0, 12, 0, 0, 'VBAR', { place: CP15.VBAR, writes: WRITE.VECTOR }],
  [0, 12, 1, 0, 'ISR', { ...ONLY_READ, reads: READ.ISR }],
  [4, 12, 0, 0, 'HVBAR', { ...ONLY_HYP, place: CP15.HVBAR, writes: WRITE.VECTOR }],

  [0, 13, 0, 0, 'FCSEIDR', ZERO],
  [0, 13, 0, 1, 'CONTEXTIDR', { ...VIRTUAL, place: CP15.CONTEXTIDR, writes: WRITE.CONTEXTIDR }],
  [0, 13, 0, 2, 'TPIDRURW', { place: CP15.TPIDRURW, read: RIGHT.ALL, write: RIGHT.ALL }],
  [0, 13, 0, 3, 'TPIDRURO', { place: CP15.TPIDRURO, read: RIGHT.ALL }],
  [0, 13, 0, 4, 'TPIDRPRW', { place: CP15.TPIDRPRW }],
  [4, 13, 0, 2, 'HTPIDR', { ...ONLY_HYP, place: CP15.HTPIDR }],

  [0, 14, 0, 0, 'CNTFRQ', { place: CP15.CNTFRQ, read: RIGHT.ANY_COUNTER, write: RIGHT.HYP }],
  [0, 14, 1, 0, 'CNTKCTL', { place: CP15.CNTKCTL }],
  ...timer(0, 2, 'CNTP', CP15.CNTP_CVAL, CP15.CNTP_CTL, {
    ...{ read: RIGHT.PHYSICAL_TIMER, write: RIGHT.PHYSICAL_TIMER, group: TRAP_GROUP.PHYSICAL_TIMER },
  }),
  ...timer(0, 3, 'CNTV', CP15.CNTV_CVAL, CP15.CNTV_CTL, { read: RIGHT.VIRTUAL_TIMER, write: RIGHT.VIRTUAL_TIMER }),
  [4, 14, 1, 0, 'CNTHCTL', { ...ONLY_HYP, place: CP15.CNTHCTL }],
  ...timer(4, 2, 'CNTHP', CP15.CNTHP_CVAL, CP15.CNTHP_CTL, ONLY_HYP),

  [4, 15, 0, 0, 'CBAR', { ...ONLY_READ, place: CP15.CBAR }],
];

function timer(opc1: number, crm: number, name: string, cval: number, ctl: number, rights: Properties): Entry[] {
  return [
    [opc1, 14, crm, 0, `${name}_TVAL`, { ...rights, place: cval, reads: READ.TIMER_VALUE, writes: WRITE.TIMER_VALUE }],
    [
      opc1,
      14,
      crm,
      1,
      `${name}_CTL`,
      { ...rights, place: ctl, reads: READ.TIMER_CONTROL, writes: WRITE.TIMER_CONTROL },
    ],
  ];
}

const COMPARE = { writes: WRITE.TIMER_COMPARE } as const;

const ENTRIES_64: readonly Entry64[] = [
  [0, 2, 'TTBR0', { ...VIRTUAL, place: CP15.TTBR0, writes: WRITE.TTBR_64 }],
  [1, 2, 'TTBR1', { ...VIRTUAL, place: CP15.TTBR1, writes: WRITE.TTBR_64 }],
  [4, 2, 'HTTBR', { ...ONLY_HYP, place: CP15.HTTBR, writes: WRITE.REGIME }],
  [6, 2, 'VTTBR', { ...ONLY_HYP, place: CP15.VTTBR, writes: WRITE.REGIME }],
  [0, 7, 'PAR', { place: CP15.PAR }],
  [
    ...([2, 14, 'CNTP_CVAL'] as const),
    {
      ...COMPARE,
      ...{ place: CP15.CNTP_CVAL, read: RIGHT.PHYSICAL_TIMER, write: RIGHT.PHYSICAL_TIMER },
      group: TRAP_GROUP.PHYSICAL_TIMER,
    },
  ],
  [3, 14, 'CNTV_CVAL', { ...COMPARE, place: CP15.CNTV_CVAL, read: RIGHT.VIRTUAL_TIMER, write: RIGHT.VIRTUAL_TIMER }],
  [4, 14, 'CNTVOFF', { ...ONLY_HYP, ...COMPARE, place: CP15.CNTVOFF }],
  [6, 14, 'CNTHP_CVAL', { ...ONLY_HYP, ...COMPARE, place: CP15.CNTHP_CVAL }],
];

/** By opc1, CRn, CRm and opc2 in hexadecimal digits. */
export const key32 = (opc1: number, crn: number, crm: number, opc2: number): number =>
  (opc1 << 12) | (crn << 8) | (crm << 4) | opc2;
export const key64 = (opc1: number, crm: number): number => (opc1 << 4) | crm;

export const CP15_REGISTERS: ReadonlyMap<number, SystemRegister> = new Map(
  ENTRIES.map(([opc1, crn, crm, opc2, name, properties]) => [key32(opc1, crn, crm, opc2), describe(name, properties)]),
);
export const CP15_REGISTERS_64: ReadonlyMap<number, SystemRegister> = new Map(
  ENTRIES_64.map(([opc1, crm, name, properties]) => [key64(opc1, crm), describe(name, properties)]),
);

/** CRm of the registers that HCR.TIDCP traps whether they are there or not, by CRn. */
const IMPLEMENTATION_DEFINED = new Map([
  [9, [0, 1, 2, 5, 6, 7, 8]],
  [10, [0, 1, 4, 8]],
  [11, [0, 1, 2, 3, 4, 5, 6, 7, 8, 15]],
]);

/** The bit of HCR that traps an access to a register that is not there, or 0. */
export function trapOfUnknown(crn: number, crm: number): number {
  return IMPLEMENTATION_DEFINED.get(crn)?.includes(crm) ? HCR.TIDCP : 0;
}
