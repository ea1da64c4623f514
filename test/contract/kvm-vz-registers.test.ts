// A VZ vCPU's registers as user space sees them: values at creation, KVM_GET_REG_LIST, and what ONE_REG may write (Linux 5.10 arch/mips/kvm/vz.c:
// kvm_vz_vcpu_setup, kvm_vz_get_one_regs, kvm_vz_set_one_reg, kvm_vz_*_user_wrmask; reference MIPS.md C2, C3; KVM-API.md 7.1).
import { describe, expect, it } from 'vitest';
import { mips32 } from '../../src/arch/mips/index.ts';
import { createKvm } from '../../src/cpu/exec/kvm.ts';
import { Cap, KVM_VM_MIPS_VZ } from '../../src/kvm/constants.ts';
import { KVM_REG_MIPS_COUNT_HZ, KVM_REG_MIPS_CP0_32, KVM_REG_MIPS_CP0_64 } from '../../src/kvm/mips.ts';
import type { Endianness } from '../../src/memory/guest-memory.ts';
import { CP0_STATUS, errnoOf, register } from '../support/kvm/guest.ts';
import { lw, mfc0, spin, t0, t1, tlbwi } from '../support/kvm/mips-words.ts';
import { CODE, CPU_MODELS, vzGuest } from '../support/kvm/vz-guest.ts';

const MIPS_U32 = 0x7020000000000000n;
const MIPS_U64 = 0x7030000000000000n;
type Register = readonly [rd: number, sel: number];
const idOf = (size: bigint, [rd, sel]: Register): bigint => size + 0x10000n + BigInt(8 * rd + sel);
const u32 = (...to: Register): bigint => idOf(MIPS_U32, to);
const u64 = (...to: Register): bigint => idOf(MIPS_U64, to);

const ULRI = 1 << 13;
const M = 0x80000000;

const newVcpu = (cpuModel: string, endianness: Endianness = 'little', id = 0) =>
  createKvm(mips32(endianness), {
    arenaSize: 0x10000,
    endianness,
    maxVcpus: 4,
    nsPerInstruction: 10,
    seed: 1,
    paravirtHypercalls: false,
    cpuModel,
  })
    .createVm(KVM_VM_MIPS_VZ)
    .createVcpu(id);

describe.each(CPU_MODELS)('a new VZ vCPU of a %s', (model) => {
  const vcpu = newVcpu(model, 'little', 3);
  const cp0 = (...to: Register): number => Number(vcpu.getOneReg(KVM_REG_MIPS_CP0_32(...to)));

  it('starts at the reset vector in KSEG1, all registers 0', () => {
    expect(vcpu.getRegs().pc).toBe(register(0xbfc00000));
    expect(vcpu.getRegs().gpr).toEqual(new Array(32).fill(0n));
  });

  it("has the CPU's PRId: MIPS Technologies (1), 24K (0x93) or 74K (0x97)", () => {
    expect(cp0(15, 0)).toBe(model.startsWith('24K') ? 0x00019300 : 0x00019700);
  });

  it('has Status.BEV and ERL set, EBase 0x80000000 with the vCPU id, IPTI and IPPCI 7, a Count of 100 MHz', () => {
    expect(cp0(12, 0)).toBe(0x00400004);
    expect(vcpu.getOneReg(u64(15, 1))).toBe(0xffffffff80000003n);
    expect(cp0(12, 1)).toBe(0xfc000000);
    expect(vcpu.getOneReg(KVM_REG_MIPS_COUNT_HZ)).toBe(100_000_000n);
  });

  it('has Config: M, release 2, a TLB, KSEG0 cacheable; and Config.BE in a big-endian VM', () => {
    expect(cp0(16, 0)).toBe(0x80000483);
    expect(newVcpu(model, 'big').getOneReg(u32(16, 0))).toBe(0x80008483n);
  });

  it('has Config1: M, 64 TLB entries, 32 KiB caches of four ways and 32-byte lines; no C2, MD, PC, WR, CA, EP, FP', () => {
    expect(cp0(16, 1)).toBe(M + (63 << 25) + ((2 << 22) | (4 << 19) | (3 << 16) | (2 << 13) | (4 << 10) | (3 << 7)));
  });

  it('has Config2 and Config3 with nothing in them: no ULRI until user space sets it, no DSP, VInt, VEIC, BadInstr, SegCtl', () => {
    expect([cp0(16, 2), cp0(16, 3)]).toEqual([M, 0]);
  });

  it('has no PageGrain, no Wired, no pending interrupt', () => {
    expect([cp0(5, 1), cp0(6, 0), cp0(13, 0), cp0(16, 6)]).toEqual([0, 0, 0, 0]);
  });
});

const LISTED: readonly (readonly [string, bigint])[] = [
  ['Index', u32(0, 0)],
  ['EntryLo0', u64(2, 0)],
  ['EntryLo1', u64(3, 0)],
  ['Context', u64(4, 0)],
  ['UserLocal', u64(4, 2)],
  ['PageMask', u32(5, 0)],
  ['PageGrain', u32(5, 1)],
  ['Wired', u32(6, 0)],
  ['HWREna', u32(7, 0)],
  ['BadVAddr', u64(8, 0)],
  ['Count', u32(9, 0)],
  ['EntryHi', u64(10, 0)],
  ['Compare', u32(11, 0)],
  ['Status', u32(12, 0)],
  ['IntCtl', u32(12, 1)],
  ['Cause', u32(13, 0)],
  ['EPC', u64(14, 0)],
  ['PRId', u32(15, 0)],
  ['EBase', u64(15, 1)],
  ['Config', u32(16, 0)],
  ['Config1', u32(16, 1)],
  ['Config2', u32(16, 2)],
  ['Config3', u32(16, 3)],
  ['Config4', u32(16, 4)],
  ['Config5', u32(16, 5)],
  ['Config6', u32(16, 6)],
  ['ErrorEPC', u64(30, 0)],
];
/** In the list of any VZ vCPU, whether the CPU has them or not. */
const ABSENT = [u32(16, 4), u32(16, 5)];
const NOT_THERE: readonly (readonly [string, bigint])[] = [
  ['Random', u32(1, 0)],
  ['ContextConfig', u32(4, 1)],
  ['XContextConfig', u64(4, 3)],
  ['SegCtl0', u64(5, 2)],
  ['SegCtl1', u64(5, 3)],
  ['SegCtl2', u64(5, 4)],
  ['PWBase', u64(5, 5)],
  ['PWField', u64(5, 6)],
  ['PWSize', u64(5, 7)],
  ['PWCtl', u32(6, 6)],
  ['BadInstr', u32(8, 1)],
  ['BadInstrP', u32(8, 2)],
  ['Config7, which trap-and-emulate has', u32(16, 7)],
  ['LLAddr', u64(17, 0)],
  ['MAARI', u64(17, 2)],
  ['MAAR 0', MIPS_U64 + 0x10100n],
  ['XContext of a 64-bit CPU', u64(20, 0)],
  ['ErrCtl', u32(26, 0)],
  ...[2, 3, 4, 5, 6, 7].map((sel) => [`KScratch${sel - 1}`, u64(31, sel)] as const),
  ['Status with the wrong size', u64(12, 0)],
];

describe.each(CPU_MODELS)('KVM_GET_REG_LIST of a VZ %s', (model) => {
  const vcpu = newVcpu(model);
  const order = (ids: readonly bigint[]) => ids.map((id) => id.toString(16)).sort();

  it('is r0-r31, HI, LO, PC, CP0 as vz.c lists it for a CPU without optional registers, and the three of KVM', () => {
    const general = Array.from({ length: 35 }, (_, n) => MIPS_U64 + BigInt(n));
    const kvm = [0n, 1n, 2n].map((n) => MIPS_U64 + 0x20000n + n);
    expect(order(vcpu.getRegList())).toEqual(order([...general, ...LISTED.map(([, id]) => id), ...kvm]));
  });

  it('lists what can be read and written back, Config4 and Config5 apart', () => {
    for (const id of vcpu.getRegList()) {
      if (ABSENT.includes(id)) continue;
      const value = vcpu.getOneReg(id);
      expect(BigInt.asUintN(8 * (1 << Number((id >> 52n) & 0xfn)), value)).toBe(value);
      expect(errnoOf(() => vcpu.setOneReg(id, value))).toBe('success');
      expect(vcpu.getOneReg(id)).toBe(value);
    }
  });

  it('lists Config4 and Config5 although the CPU has none: EINVAL to read, a write is ignored', () => {
    for (const id of ABSENT) {
      expect(errnoOf(() => vcpu.getOneReg(id))).toBe('EINVAL');
      expect(errnoOf(() => vcpu.setOneReg(id, 0xffffffffn))).toBe('success');
    }
  });

  it.each(NOT_THERE)('has no %s: EINVAL', (_name, id) => {
    expect(errnoOf(() => vcpu.getOneReg(id))).toBe('EINVAL');
    expect(errnoOf(() => vcpu.setOneReg(id, 0n))).toBe('EINVAL');
  });
});

describe('KVM_SET_ONE_REG', () => {
  /** What is read after all bits were written one way and the other: [after ones, after zeros]. */
  const writes = (id: bigint, model = '24Kf'): [number, number] => {
    const vcpu = newVcpu(model);
    const written = (value: bigint): number => {
      vcpu.setOneReg(id, value);
      return Number(BigInt.asUintN(32, vcpu.getOneReg(id)));
    };
    return [written(0xffffffffffffffffn), written(0n)];
  };
  const config1 = 0x7ea35180;

  it.each<[string, bigint, number, number]>([
    ['Config: M and K0', u32(16, 0), 0x80000487, 0x00000480],
    ['Config1: M', u32(16, 1), M + config1, config1],
    ['Config2: M', u32(16, 2), M, 0],
    ['Config3: M and ULRI, not CTXTC and MSA, which the CPU has not', u32(16, 3), M + ULRI, 0],
    ['Config6: the bits of a Loongson', u32(16, 6), 0x004001c0, 0],
    ['PageGrain: nothing before release 3', u32(5, 1), 0, 0],
    ['IntCtl: neither IPTI nor IPPCI, and no VS without VInt', u32(12, 1), 0xfc000000, 0xfc000000],
    ['EBase: base within KSEG0 and KSEG1, and CPUNum', u64(15, 1), 0xbffff3ff, 0x80000000],
    ['Index: P and six bits', u32(0, 0), 0x8000003f, 0],
    ['EntryLo0: a 20-bit frame, C, D, V, G', u64(2, 0), 0x03ffffff, 0],
    ['EntryLo1', u64(3, 0), 0x03ffffff, 0],
    ['Context', u64(4, 0), 0xfffffff0, 0],
    ['PageMask: pages to 256 MiB', u32(5, 0), 0x1fffe000, 0],
    ['Wired: six bits', u32(6, 0), 0x3f, 0],
    ['HWREna: four registers until there is UserLocal', u32(7, 0), 0xf, 0],
    ['EntryHi: VPN2 and an 8-bit ASID', u64(10, 0), 0xffffe0ff, 0],
    ['Status without an FPU', u32(12, 0), 0x1840ff17, 0],
    ['UserLocal', u64(4, 2), 0xffffffff, 0],
    ['BadVAddr', u64(8, 0), 0xffffffff, 0],
    ['EPC', u64(14, 0), 0xffffffff, 0],
    ['ErrorEPC', u64(30, 0), 0xffffffff, 0],
    ['PRId, which KVM keeps for the guest', u32(15, 0), 0xffffffff, 0],
  ])('%s', (_what, id, ones, zeros) => {
    for (const model of CPU_MODELS) expect(writes(id, model)).toEqual([ones, zeros]);
  });

  it('gives and takes the FPU by Config1.FP once it is enabled, and with it Status.CU1 and FR', () => {
    for (const model of ['24Kf', '74Kf']) {
      const vcpu = newVcpu(model);
      vcpu.enableCap(Cap.MIPS_FPU, 0, [0n]);
      vcpu.setOneReg(u32(16, 1), 0xffffffffn);
      expect(vcpu.getOneReg(u32(16, 1))).toBe(BigInt(M + config1 + 1));
      vcpu.setOneReg(CP0_STATUS, 0xffffffffn);
      expect(vcpu.getOneReg(CP0_STATUS)).toBe(0x3c40ff17n);
      vcpu.setOneReg(u32(16, 1), BigInt(M));
      expect(vcpu.getOneReg(u32(16, 1))).toBe(BigInt(M + config1));
    }
  });

  it('HWREna.ULR follows Config3.ULRI', () => {
    const vcpu = newVcpu('24Kc');
    vcpu.setOneReg(u32(16, 3), BigInt(ULRI));
    vcpu.setOneReg(u32(7, 0), 0xffffffffn);
    expect(vcpu.getOneReg(u32(7, 0))).toBe(0x2000000fn);
  });

  it('what user space writes is what the guest reads', () => {
    const guest = vzGuest();
    guest.vcpu.setOneReg(u32(15, 0), 0x00019655n);
    guest.vcpu.setOneReg(u64(4, 2), 0x1234n);
    guest.load([mfc0(t0, [15, 0]), mfc0(t1, [4, 2]), ...spin]);
    guest.enter(2);
    expect([guest.gpr(t0), guest.gpr(t1)]).toEqual([0x00019655, 0x1234]);
  });

  it('EntryHi: another address space at once', () => {
    const guest = vzGuest();
    guest.load([tlbwi, lw(t0, 0, t1), lw(t0, 0, t1), ...spin]);
    guest.load(spin, 0x80000000);
    guest.setGpr(t1, 0x4000);
    guest.vcpu.setOneReg(u64(10, 0), 0x4001n);
    guest.vcpu.setOneReg(u64(2, 0), (0x80000n >> 6n) | 6n);
    guest.enter(2);
    expect(guest.pc).toBe(CODE + 8);
    guest.vcpu.setOneReg(u64(10, 0), 0x4002n);
    guest.enter(2);
    expect(guest.pc).toBe(0x80000000);
  });

  it('Status: the end of ERL maps KUSEG at once', () => {
    const guest = vzGuest();
    guest.load([lw(t0, 0, t1), lw(t0, 0, t1), ...spin]);
    guest.load(spin, 0x80000000);
    guest.setGpr(t1, 0x80000);
    guest.vcpu.setOneReg(CP0_STATUS, 4n);
    guest.enter(1);
    expect(guest.pc).toBe(CODE + 4);
    guest.vcpu.setOneReg(CP0_STATUS, 0n);
    guest.enter(2);
    expect(guest.pc).toBe(0x80000000);
  });

  it('the size of an id is the size of its register: CP0 registers that are longs are sign-extended', () => {
    const vcpu = newVcpu('24Kf');
    vcpu.setOneReg(KVM_REG_MIPS_CP0_64(14, 0), 0xffffffff80001234n);
    expect(vcpu.getOneReg(KVM_REG_MIPS_CP0_64(14, 0))).toBe(0xffffffff80001234n);
    expect(vcpu.getOneReg(KVM_REG_MIPS_CP0_32(16, 0))).toBe(0x80000483n);
  });
});
