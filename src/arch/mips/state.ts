// table: power-on state and writable bits of a vCPU, by machine type (KVM: kvm_trap_emul_vcpu_setup, kvm_vz_vcpu_setup; reference MIPS.md A2, A3,
// C2, C3). What a CPU model has of its own is in models.ts.
import type { VmType } from '../../cpu/isa/architecture.ts';
import { CONFIG7_IAR, CONFIG7_WII, type CpuModel } from './models.ts';
import { CONFIG1_FP, CONFIG3_ULRI, CP0, STATUS } from './registers.ts';

/** 100 MHz. */
export const DEFAULT_COUNT_HZ = 100_000_000;

const CONFIG_M = 0x80000000 | 0;
const CONFIG_BE = 1 << 15;
const CONFIG_AR_R2 = 1 << 10;
const CONFIG_MT_TLB = 1 << 7;
const CONFIG_K0 = 7;
const CONFIG_K0_CACHED = 3;
const CONFIG3_MSA = 1 << 28;
const CONFIG4_KSCREXIST = 0xfc << 16;
/** CP0 16, 6: nothing that KVM or a guest of these CPU models acts on. */
const CONFIG6 = 8 * 16 + 6;
/** Config6 as user space writes it, on any host: INTIMER, EXTIMER, SFBEN and FTLBDIS of a Loongson. */
const LOONGSON_CONFIG6 = 0x004001c0;
const INDEX_P = 0x80000000;

type RegisterValues = readonly (readonly [register: number, value: number])[];

/** What a machine type makes of the CPU. */
export interface MachineState {
  readonly resetPc: number;
  /** Exception base while Status.BEV is set. */
  readonly bootVector: number;
  /** CP0 values at creation; what is not listed is 0. */
  resetValues(model: CpuModel, id: number, bigEndian: boolean): RegisterValues;
  /** Bits MTC0 changes in registers without a row of their own, and in every other one. */
  readonly mtc0Masks: RegisterValues;
  readonly mtc0Default: number;
  /** Bits MTC0 changes in Status, with and without an FPU (FR only in one that has it). */
  readonly statusMask: number;
  /** CP0 registers with ids, by the width of these: all in GET_REG_LIST. */
  readonly ids: { readonly u32: readonly number[]; readonly u64: readonly number[] };
  /** Those of them that the CPU does not have: KVM lists them all the same, answers EINVAL and ignores writes. */
  readonly absent: ReadonlySet<number>;
  /** ONE_REG writes: bits that user space may change; 'as the guest': those that MTC0 changes. Registers that are not listed: all. */
  readonly oneRegMasks: ReadonlyMap<number, number | 'as the guest'>;
}

/** What both machine types list. */
const IDS = {
  u32: [
    ...[CP0.INDEX, CP0.PAGEMASK, CP0.WIRED, CP0.HWRENA, CP0.COMPARE, CP0.STATUS, CP0.INTCTL, CP0.PRID],
    ...[CP0.CONFIG, CP0.CONFIG1, CP0.CONFIG2, CP0.CONFIG3, CP0.CONFIG4, CP0.CONFIG5],
  ],
  u64: [
    ...[CP0.ENTRYLO0, CP0.ENTRYLO1, CP0.CONTEXT, CP0.USERLOCAL, CP0.BADVADDR, CP0.ENTRYHI],
    ...[CP0.EPC, CP0.EBASE, CP0.ERROREPC],
  ],
} as const;
const KSCRATCH = Array.from({ length: 6 }, (_, n) => CP0.KSCRATCH1 + n);

/** MMU size, then sets, line size and ways of both caches; no coprocessor 2, MDMX, performance counters, watch registers or MIPS16. */
function config1({ cache, tlbEntries }: CpuModel): number {
  const geometry = ((Math.log2(cache.sets) - 6) << 6) | ((Math.log2(cache.line) - 1) << 3) | (cache.ways - 1);
  return CONFIG_M | ((tlbEntries - 1) << 25) | (geometry << 16) | (geometry << 7);
}

const config = (k0: number, bigEndian: boolean): number =>
  CONFIG_M | CONFIG_AR_R2 | CONFIG_MT_TLB | k0 | (bigEndian ? CONFIG_BE : 0);

/** HWREna: CPUNum, SYNCI step, CC, CCRes, and UserLocal where Config3.ULRI says it is there. */
export function hwrenaMask(config3: number): number {
  return (config3 & CONFIG3_ULRI) !== 0 ? 0x2000000f : 0xf;
}

const trapAndEmulate: MachineState = {
  resetPc: 0x5fc00000,
  bootVector: 0x5fc00200,
  // KVM shows every guest a 24Kc, whatever the host is.
  resetValues: (model, id, bigEndian) => [
    [CP0.PRID, 0x00019300],
    [CP0.CONFIG, config(CONFIG_K0_CACHED, bigEndian)],
    [CP0.CONFIG1, config1(model)],
    [CP0.CONFIG2, CONFIG_M],
    [CP0.CONFIG3, CONFIG_M | CONFIG3_ULRI],
    [CP0.CONFIG4, CONFIG_M],
    [CP0.CONFIG7, CONFIG7_WII | CONFIG7_IAR],
    [CP0.STATUS, STATUS.BEV | STATUS.ERL],
    [CP0.INTCTL, 0xfc000000],
    [CP0.EBASE, 0x40000000 | (id & 0x3ff)],
  ],
  // KVM stores whatever the guest writes, in read-only registers too; not so Config1.FP and Config3.MSA here, which would be units that nobody enabled.
  mtc0Masks: [
    [CP0.EBASE, 0x1ffff000],
    [CP0.CONFIG1, ~CONFIG1_FP],
    [CP0.CONFIG3, ~CONFIG3_MSA],
    [CP0.CONFIG5, 0],
    [CP0.ERRCTL, 0],
  ],
  mtc0Default: 0xffffffff,
  statusMask: ~(STATUS.NMI | STATUS.CU1 | STATUS.FR),
  ids: { u32: [...IDS.u32, CP0.CONFIG7], u64: [...IDS.u64, ...KSCRATCH] },
  absent: new Set(),
  oneRegMasks: new Map([
    [CP0.CONFIG, 0],
    [CP0.CONFIG1, 0],
    [CP0.CONFIG2, 0],
    [CP0.CONFIG3, CONFIG_M | CONFIG3_ULRI],
    [CP0.CONFIG4, CONFIG_M | CONFIG4_KSCREXIST],
    [CP0.CONFIG5, 0],
    [CP0.CONFIG7, 0],
    [CP0.INTCTL, 0],
    [CP0.EBASE, 0x1ffff000 | 0x3ff],
  ]),
};

const vz: MachineState = {
  resetPc: 0xbfc00000,
  bootVector: 0xbfc00200,
  resetValues: (model, id, bigEndian) => [
    [CP0.PRID, model.prid],
    [CP0.CONFIG, config(CONFIG_K0_CACHED, bigEndian)],
    [CP0.CONFIG1, config1(model)],
    [CP0.CONFIG2, CONFIG_M],
    [CP0.CONFIG3, 0],
    [CP0.CONFIG7, model.config7],
    [CP0.STATUS, STATUS.BEV | STATUS.ERL],
    [CP0.INTCTL, 0xfc000000],
    [CP0.EBASE, 0x80000000 | (id & 0x3ff)],
  ],
  mtc0Masks: [
    [CP0.INDEX, 0x3f],
    [CP0.ENTRYLO0, 0x03ffffff],
    [CP0.ENTRYLO1, 0x03ffffff],
    [CP0.CONTEXT, 0xff800000],
    [CP0.USERLOCAL, 0xffffffff],
    [CP0.PAGEMASK, 0x1fffe000],
    [CP0.WIRED, 0x3f],
    [CP0.EPC, 0xffffffff],
    [CP0.CONFIG, CONFIG_K0],
    [CONFIG6, 0xffffffff],
    [CP0.ERROREPC, 0xffffffff],
    [CP0.EBASE, 0x3ffff000],
  ],
  mtc0Default: 0,
  statusMask: STATUS.CU0 | STATUS.RP | STATUS.BEV | STATUS.IM | STATUS.UM | STATUS.ERL | STATUS.EXL | STATUS.IE,
  ids: { u32: [...IDS.u32, CP0.PAGEGRAIN, CONFIG6], u64: IDS.u64 },
  absent: new Set([CP0.CONFIG4, CP0.CONFIG5]),
  // These are registers of the hardware: a bit that is not there stays 0. The root context may write what is read-only to the guest.
  oneRegMasks: new Map<number, number | 'as the guest'>([
    [CP0.INDEX, INDEX_P | 0x3f],
    [CP0.ENTRYLO0, 'as the guest'],
    [CP0.ENTRYLO1, 'as the guest'],
    [CP0.CONTEXT, 0xfffffff0],
    [CP0.PAGEMASK, 'as the guest'],
    [CP0.PAGEGRAIN, 0],
    [CP0.WIRED, 'as the guest'],
    [CP0.HWRENA, 'as the guest'],
    [CP0.ENTRYHI, 0xffffe0ff],
    [CP0.STATUS, 'as the guest'],
    [CP0.INTCTL, 0],
    [CP0.EBASE, 0x3ffff000 | 0x3ff],
    [CP0.CONFIG, CONFIG_M | CONFIG_K0],
    [CP0.CONFIG1, CONFIG_M],
    [CP0.CONFIG2, CONFIG_M],
    [CP0.CONFIG3, CONFIG_M | CONFIG3_ULRI],
    [CONFIG6, LOONGSON_CONFIG6],
  ]),
};

/** The machine of a MIPS type. */
export function machineOf(type: VmType): MachineState {
  if (type === 'vz') return vz;
  if (type === 'trap-and-emulate') return trapAndEmulate;
  throw new Error(`${type} is no MIPS machine`);
}

/** Bits MTC0 changes in Status: CU1 and FR only with an FPU (`config1` says whether user space gave the guest one), FR only in one that has it. */
export function statusMask(machine: MachineState, config1Value: number, fr: boolean): number {
  const fpu = (config1Value & CONFIG1_FP) === 0 ? 0 : STATUS.CU1 | (fr ? STATUS.FR : 0);
  return machine.statusMask | fpu;
}
