// table: power-on state and MTC0 masks of a trap-and-emulate vCPU (KVM: kvm_trap_emul_vcpu_setup; CPU class 24Kc without FPU).
import { CONFIG3_ULRI, CP0, STATUS } from './registers.ts';

/** 100 MHz. */
export const DEFAULT_COUNT_HZ = 100_000_000;
export const TE_RESET_PC = 0x5fc00000;
export const TE_BOOT_VECTOR = 0x5fc00200;

const CONFIG_M = 0x80000000 | 0;
const CONFIG_BE = 1 << 15;
const CONFIG_AR_R2 = 1 << 10;
const CONFIG_MT_TLB = 1 << 7;
const CONFIG_K0_CACHED = 3;
/** 64 TLB entries; 32 KiB I and D caches: 256 sets, 32-byte lines, 4 ways. */
const CONFIG1 = CONFIG_M | (63 << 25) | (2 << 22) | (4 << 19) | (3 << 16) | (2 << 13) | (4 << 10) | (3 << 7);
const CONFIG7_WII = 0x80000000 | 0;

/** CP0 values at creation; what is not listed is 0. */
export function teResetValues(id: number, bigEndian: boolean): readonly (readonly [number, number])[] {
  return [
    [CP0.PRID, 0x00019300],
    [CP0.CONFIG, CONFIG_M | CONFIG_AR_R2 | CONFIG_MT_TLB | CONFIG_K0_CACHED | (bigEndian ? CONFIG_BE : 0)],
    [CP0.CONFIG1, CONFIG1],
    [CP0.CONFIG2, CONFIG_M],
    [CP0.CONFIG3, CONFIG_M | CONFIG3_ULRI],
    [CP0.CONFIG4, CONFIG_M],
    [CP0.CONFIG7, CONFIG7_WII | (1 << 10)],
    [CP0.STATUS, STATUS.BEV | STATUS.ERL],
    [CP0.INTCTL, 0xfc000000],
    [CP0.EBASE, 0x40000000 | (id & 0x3ff)],
  ];
}

/** HWREna: CPUNum, SYNCI step, CC, CCRes, and UserLocal where Config3.ULRI says it is there. */
export function hwrenaMask(config3: number): number {
  return (config3 & CONFIG3_ULRI) !== 0 ? 0x2000000f : 0xf;
}

/** Bits MTC0 changes in registers without a row of their own. Everything else is read-only. */
export const MTC0_MASKS: readonly (readonly [number, number])[] = [
  [CP0.INDEX, 0x3f],
  [CP0.ENTRYLO0, 0x03ffffff],
  [CP0.ENTRYLO1, 0x03ffffff],
  [CP0.CONTEXT, 0xff800000],
  [CP0.USERLOCAL, 0xffffffff],
  [CP0.PAGEMASK, 0x1fffe000],
  [CP0.HWRENA, hwrenaMask(CONFIG3_ULRI)],
  [CP0.EPC, 0xffffffff],
  [CP0.EBASE, 0x1ffff000],
  [CP0.CONFIG, 0x7],
  [CP0.ERROREPC, 0xffffffff],
  [CP0.KSCRATCH1, 0xffffffff],
  [CP0.KSCRATCH1 + 1, 0xffffffff],
  [CP0.KSCRATCH1 + 2, 0xffffffff],
  [CP0.KSCRATCH1 + 3, 0xffffffff],
  [CP0.KSCRATCH1 + 4, 0xffffffff],
  [CP0.KSCRATCH1 + 5, 0xffffffff],
];

/** ONE_REG writes: bits of the configuration registers that user space may change (kvm_trap_emul_set_one_reg). */
export const ONE_REG_MASKS: ReadonlyMap<number, number> = new Map([
  [CP0.CONFIG, 0],
  [CP0.CONFIG1, 0],
  [CP0.CONFIG2, 0],
  [CP0.CONFIG3, CONFIG_M | CONFIG3_ULRI],
  [CP0.CONFIG4, CONFIG_M | (0xfc << 16)],
  [CP0.CONFIG5, 0],
  [CP0.CONFIG7, 0],
  [CP0.INTCTL, 0],
  [CP0.EBASE, 0x1ffff000 | 0x3ff],
]);
