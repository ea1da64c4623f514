// table: the state of a vCPU when it is created, by machine type (Cortex-A15 TRM: 4.3; KVM: reference ARM.md 2).
import type { VmType } from '../../cpu/isa/architecture.ts';
import { COUNTER_HZ, PLACE, PMU_COUNTERS } from './cp15/places.ts';
import { HCPTR_ONES, HSCTLR_ONES } from './cp15/writes.ts';
import { CP15, MODE, PSR, SCTLR } from './registers.ts';

type Values = readonly (readonly [place: number, value: number])[];

/** KVM gives this to registers whose value at reset is unknown, so that nobody relies on one. */
const UNKNOWN = 0xdecafbad;
const UNKNOWN_REGISTERS = [
  ...[CP15.TTBR0, CP15.TTBR0_HIGH, CP15.TTBR1, CP15.TTBR1_HIGH, CP15.DACR],
  ...[CP15.DFSR, CP15.IFSR, CP15.ADFSR, CP15.AIFSR, CP15.DFAR, CP15.IFAR, CP15.PAR, CP15.PAR_HIGH],
  ...[CP15.PRRR, CP15.NMRR, CP15.AMAIR0, CP15.AMAIR1, CP15.CONTEXTIDR],
  ...[CP15.TPIDRURW, CP15.TPIDRURO, CP15.TPIDRPRW],
];

/** r4p0: it has none of the errata for which Linux makes TLB maintenance expensive. */
const MIDR = 0x414fc0f0;
const ID_PFR1 = 0x00011011;
const SECURITY_EXTENSIONS = 0xf0;

/** What tells which CPU it is, on either machine. */
const CORTEX_A15: Values = [
  [CP15.MIDR, MIDR],
  [CP15.CTR, 0x8444c004],
  [CP15.ID_PFR0, 0x00001131],
  [CP15.ID_DFR0, 0x02010555],
  [CP15.ID_MMFR0, 0x10201105],
  [CP15.ID_MMFR1, 0x20000000],
  [CP15.ID_MMFR2, 0x01240000],
  [CP15.ID_MMFR3, 0x02102211],
  [CP15.ID_ISAR0, 0x02101110],
  [CP15.ID_ISAR1, 0x13112111],
  [CP15.ID_ISAR2, 0x21232041],
  [CP15.ID_ISAR3, 0x11112131],
  [CP15.ID_ISAR4, 0x10011142],
  // 32 KiB for data, 32 KiB for instructions, 4 MiB of level 2.
  [CP15.CLIDR, 0x0a200023],
  [CP15.CCSIDR0, 0x701fe00a],
  [CP15.CCSIDR1, 0x201fe00a],
  [CP15.CCSIDR2, 0x711fe07a],
  [CP15.SCTLR, 0x00c50078],
  [CP15.CNTFRQ, COUNTER_HZ],
  [PLACE.DBGDIDR, 0x3515f021],
  [PLACE.DBGDEVID, 0x01110f13],
  // Version 7.1 of the debug architecture begins locked.
  [PLACE.DBGOSLSR, 0xa],
  [CP15.VPIDR, MIDR],
];

/** PL1 may use the physical counter and timer. */
const CNTHCTL = 3;
/** There is an interrupt controller. */
const L2CTLR_GIC = 1 << 23;
const ACTLR_SMP = 1 << 6;
const PMCR = 0x410f0000 | (PMU_COUNTERS << 11);

/** MPIDR of a vCPU: multiprocessing extensions, and Aff0. */
export const mpidrOf = (id: number): number => 0x80000000 | id;

/** Values of bank cp15; what is not listed is 0. */
export function resetValues(vmType: VmType, id: number, vcpus: number): Values {
  const isHyp = vmType === 'arm-hyp';
  const clusterSize = Math.min(vcpus, 4);
  return [
    ...(isHyp ? [] : UNKNOWN_REGISTERS.map((place) => [place, UNKNOWN] as const)),
    ...CORTEX_A15,
    [CP15.MPIDR, mpidrOf(id)],
    [CP15.VMPIDR, mpidrOf(id)],
    [CP15.ID_PFR1, isHyp ? ID_PFR1 & ~SECURITY_EXTENSIONS : ID_PFR1],
    [CP15.ACTLR, vcpus > 1 ? ACTLR_SMP : 0],
    [CP15.L2CTLR, ((clusterSize - 1) << 24) | L2CTLR_GIC],
    [CP15.CNTHCTL, CNTHCTL],
    [CP15.HSCTLR, HSCTLR_ONES | SCTLR.CP15BEN],
    [CP15.HCPTR, isHyp ? HCPTR_ONES : 0],
    [CP15.HDCR, isHyp ? PMU_COUNTERS : 0],
    [CP15.PMCR, PMCR],
    [PLACE.HAS_HYP, isHyp ? 1 : 0],
  ];
}

/** CPSR of a vCPU that starts: interrupts and aborts masked. */
export function resetCpsr(vmType: VmType): number {
  return (vmType === 'arm-hyp' ? MODE.HYP : MODE.SVC) | PSR.A | PSR.I | PSR.F;
}
