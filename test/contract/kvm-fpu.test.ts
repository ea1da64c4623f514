// The FPU as KVM gives it to a MIPS guest (reference KVM-API.md 7.1, MIPS.md A2, A3, A9; arch/mips/kvm/mips.c): KVM_CAP_MIPS_FPU lets user space set
// Config1.FP; its registers are there while that is set, and Status.FR decides which doubles are. FCSR.Cause, which the core works out late, is
// always what it should be for whoever looks.
import { describe, expect, it } from 'vitest';
import { mips32 } from '../../src/arch/mips/index.ts';
import { createKvm } from '../../src/cpu/exec/kvm.ts';
import { Cap, ExitReason, KVM_VM_MIPS_TE, KVM_VM_MIPS_VZ } from '../../src/kvm/constants.ts';
import {
  KVM_REG_MIPS_CP0_32,
  KVM_REG_MIPS_FCR_CSR,
  KVM_REG_MIPS_FCR_IR,
  KVM_REG_MIPS_FPR_32,
  KVM_REG_MIPS_FPR_64,
} from '../../src/kvm/mips.ts';
import type { Endianness } from '../../src/memory/guest-memory.ts';
import { CODE, CP0_CAUSE, CP0_EPC, CP0_STATUS, errnoOf, GENERAL_VECTOR, Guest, MMIO } from '../support/kvm/guest.ts';
import { b, type Line, mfc0, mtc0, nop, STATUS, spin, t0, t1 } from '../support/kvm/mips-words.ts';

const CU1 = 1 << 29;
const FR = 1 << 26;
const CPU = 11;
const FPE = 15;
const FIR_24KF = 0x00739300n;
const CP0_CONFIG1 = KVM_REG_MIPS_CP0_32(16, 1);

const cop1 = (fmt: number, ft: number, fs: number, fd: number, fn: number): number =>
  ((0x11 << 26) | (fmt << 21) | (ft << 16) | (fs << 11) | (fd << 6) | fn) >>> 0;
const addD = (fd: number, fs: number, ft: number): number => cop1(17, ft, fs, fd, 0);
const mulD = (fd: number, fs: number, ft: number): number => cop1(17, ft, fs, fd, 2);
const cfc1 = (rt: number, control: number): number => cop1(2, rt, control, 0, 0);
const ctc1 = (rt: number, control: number): number => cop1(6, rt, control, 0, 0);
const mtc1 = (rt: number, fs: number): number => cop1(4, rt, fs, 0, 0);
const ldc1 = (ft: number, offset: number, base: number): number =>
  ((0x35 << 26) | (base << 21) | (ft << 16) | (offset & 0xffff)) >>> 0;
const sdc1 = (ft: number, offset: number, base: number): number => (ldc1(ft, offset, base) | 0x20000000) >>> 0;

function bitsOf(value: number): bigint {
  const view = new DataView(new ArrayBuffer(8));
  view.setFloat64(0, value);
  return view.getBigUint64(0);
}

/** A guest with an FPU that is usable. */
function withFpu({ fr = true, endianness = 'little' as Endianness, vcpus = 1 } = {}): Guest {
  const guest = new Guest({ endianness, vcpus });
  for (const vcpu of guest.vcpus) {
    vcpu.enableCap(Cap.MIPS_FPU, 0, [0n]);
    vcpu.setOneReg(CP0_CONFIG1, 1n);
    vcpu.setOneReg(CP0_STATUS, BigInt(CU1 | (fr ? FR : 0)));
  }
  return guest;
}

/** Registers set, code run for that many instructions. */
function run(guest: Guest, code: Line, doubles: Readonly<Record<number, number>>, fcsr = 0, instructions = 1): void {
  guest.load([code, ...spin]);
  guest.load(spin, GENERAL_VECTOR);
  for (const [n, value] of Object.entries(doubles)) guest.vcpu.setOneReg(KVM_REG_MIPS_FPR_64(Number(n)), bitsOf(value));
  guest.vcpu.setOneReg(KVM_REG_MIPS_FCR_CSR, BigInt(fcsr));
  guest.enter(instructions);
}

const fcsrOf = (guest: Guest): number => Number(guest.vcpu.getOneReg(KVM_REG_MIPS_FCR_CSR));
const double = (guest: Guest, n: number): bigint => guest.vcpu.getOneReg(KVM_REG_MIPS_FPR_64(n));

const INEXACT = { flag: 1 << 2, enable: 1 << 7, cause: 1 << 12 };

describe('KVM_CAP_MIPS_FPU', () => {
  it.each([KVM_VM_MIPS_TE, KVM_VM_MIPS_VZ])(
    'answers 1 on a host with an FPU, 0 on one without (machine type %s)',
    (type) => {
      for (const [cpuModel, answer] of [
        ['24Kf', 1],
        ['74Kf', 1],
        ['24Kc', 0],
        ['74Kc', 0],
      ] as const) {
        const options = {
          arenaSize: 0x1000,
          endianness: 'little',
          maxVcpus: 1,
          nsPerInstruction: 10,
          seed: 1,
        } as const;
        const kvm = createKvm(mips32('little'), { ...options, cpuModel, paravirtHypercalls: false });
        const vm = kvm.createVm(type);
        expect(kvm.checkExtension(Cap.MIPS_FPU)).toBe(answer);
        expect(vm.checkExtension(Cap.MIPS_FPU)).toBe(answer);
        const vcpu = vm.createVcpu(0);
        expect(errnoOf(() => vcpu.enableCap(Cap.MIPS_FPU, 0, [0n]))).toBe(answer === 1 ? 'success' : 'EINVAL');
      }
    },
  );

  it('is enabled on a vCPU without flags and arguments, as often as one likes', () => {
    const { vm, vcpu } = new Guest();
    expect(errnoOf(() => vcpu.enableCap(Cap.MIPS_FPU, 1, [0n]))).toBe('EINVAL');
    expect(errnoOf(() => vcpu.enableCap(Cap.MIPS_FPU, 0, [1n]))).toBe('EINVAL');
    for (let i = 0; i < 2; i++) expect(errnoOf(() => vcpu.enableCap(Cap.MIPS_FPU, 0, [0n]))).toBe('success');
    expect(errnoOf(() => vm.enableCap(Cap.MIPS_FPU, 0, [0n]))).toBe('EINVAL');
  });

  it('gives one vCPU an FPU, not the others', () => {
    const { vcpus } = new Guest({ vcpus: 2 });
    vcpus[0]!.enableCap(Cap.MIPS_FPU, 0, []);
    for (const vcpu of vcpus) vcpu.setOneReg(CP0_CONFIG1, 1n);
    expect(vcpus.map((vcpu) => vcpu.getOneReg(CP0_CONFIG1) & 1n)).toEqual([1n, 0n]);
  });
});

describe('the registers of the FPU', () => {
  const ids = [
    KVM_REG_MIPS_FCR_IR,
    KVM_REG_MIPS_FCR_CSR,
    ...Array.from({ length: 32 }, (_, n) => [KVM_REG_MIPS_FPR_32(n), KVM_REG_MIPS_FPR_64(n)]).flat(),
  ];

  it('are listed once the capability is enabled, in the order of the kernel', () => {
    const { vcpu } = new Guest();
    const before = vcpu.getRegList();
    expect(before.filter((id) => ids.includes(id))).toEqual([]);
    vcpu.enableCap(Cap.MIPS_FPU, 0, []);
    const after = vcpu.getRegList();
    expect(after.filter((id) => ids.includes(id))).toEqual(ids);
    expect(after.filter((id) => !ids.includes(id))).toEqual(before);
  });

  it('are EINVAL until the guest has Config1.FP, and again when it is taken back', () => {
    const { vcpu } = new Guest();
    const tried = (): string[] => ids.map((id) => errnoOf(() => vcpu.getOneReg(id)));
    const refused = ids.map(() => 'EINVAL');
    vcpu.setOneReg(CP0_STATUS, BigInt(FR));
    expect(tried()).toEqual(refused);
    vcpu.enableCap(Cap.MIPS_FPU, 0, []);
    expect(tried()).toEqual(refused);
    vcpu.setOneReg(CP0_CONFIG1, 1n);
    expect(tried()).toEqual(ids.map(() => 'success'));
    vcpu.setOneReg(CP0_CONFIG1, 0n);
    expect(tried()).toEqual(refused);
    expect(errnoOf(() => vcpu.setOneReg(KVM_REG_MIPS_FCR_CSR, 0n))).toBe('EINVAL');
  });

  it('FCR_IR is the CPU model and read-only; FCR_CSR takes every bit', () => {
    const { vcpu } = withFpu();
    vcpu.setOneReg(KVM_REG_MIPS_FCR_IR, 0n);
    expect(vcpu.getOneReg(KVM_REG_MIPS_FCR_IR)).toBe(FIR_24KF);
    for (const value of [0xffffffffn, 0x1234abcdn, 0n]) {
      vcpu.setOneReg(KVM_REG_MIPS_FCR_CSR, value);
      expect(vcpu.getOneReg(KVM_REG_MIPS_FCR_CSR)).toBe(value);
    }
  });

  it('FR=1: 32 doubles, singles their lower halves', () => {
    const { vcpu } = withFpu();
    for (let n = 0; n < 32; n++) vcpu.setOneReg(KVM_REG_MIPS_FPR_64(n), 0x1111111100000000n * 2n + BigInt(n));
    for (let n = 0; n < 32; n++) {
      expect(vcpu.getOneReg(KVM_REG_MIPS_FPR_64(n))).toBe(0x2222222200000000n + BigInt(n));
      expect(vcpu.getOneReg(KVM_REG_MIPS_FPR_32(n))).toBe(BigInt(n));
      vcpu.setOneReg(KVM_REG_MIPS_FPR_32(n), 0xffffffffn);
      expect(vcpu.getOneReg(KVM_REG_MIPS_FPR_64(n))).toBe(0x22222222ffffffffn);
    }
  });

  it('FR=0: odd singles are the upper halves of even doubles, odd doubles EINVAL', () => {
    const { vcpu } = withFpu({ fr: false });
    for (let n = 0; n < 32; n += 2) {
      vcpu.setOneReg(KVM_REG_MIPS_FPR_64(n), 0xaaaaaaaa55555555n);
      expect(vcpu.getOneReg(KVM_REG_MIPS_FPR_32(n))).toBe(0x55555555n);
      expect(vcpu.getOneReg(KVM_REG_MIPS_FPR_32(n + 1))).toBe(0xaaaaaaaan);
      vcpu.setOneReg(KVM_REG_MIPS_FPR_32(n + 1), 1n);
      expect(vcpu.getOneReg(KVM_REG_MIPS_FPR_64(n))).toBe(0x0000000155555555n);
      expect(errnoOf(() => vcpu.getOneReg(KVM_REG_MIPS_FPR_64(n + 1)))).toBe('EINVAL');
      expect(errnoOf(() => vcpu.setOneReg(KVM_REG_MIPS_FPR_64(n + 1), 0n))).toBe('EINVAL');
    }
  });

  it('a change of FR by the guest changes what its singles are', () => {
    const guest = withFpu({ fr: false });
    guest.load([mtc1(t0, 1), mtc0(t1, STATUS), mtc1(t0, 3), ...spin]);
    guest.setGpr(t0, 0x1234);
    guest.setGpr(t1, CU1 | FR);
    guest.enter(3);
    expect(guest.cp0(CP0_STATUS)).toBe(CU1 | FR);
    expect(double(guest, 0)).toBe(0x123400000000n);
    expect(double(guest, 3)).toBe(0x1234n);
  });
});

describe('a guest with an FPU', () => {
  it('turns it on and off by Status.CU1; off, its instructions are coprocessor 1 unusable', () => {
    const guest = withFpu();
    guest.load([mtc0(t0, STATUS), mfc0(t1, STATUS), cfc1(t1, 0), ...spin]);
    guest.load(spin, GENERAL_VECTOR);
    guest.setGpr(t0, FR);
    guest.enter(3);
    expect(guest.exceptionCode).toBe(CPU);
    expect((guest.cp0(CP0_CAUSE) >>> 28) & 3).toBe(1);
    expect(guest.gpr(t1)).toBe(FR);
  });

  it('has none any more when user space takes Config1.FP back, whatever Status says', () => {
    const guest = withFpu();
    guest.vcpu.setOneReg(CP0_CONFIG1, 0n);
    guest.load([cfc1(t1, 0), ...spin]);
    guest.load(spin, GENERAL_VECTOR);
    guest.enter(1);
    expect(guest.exceptionCode).toBe(CPU);
  });

  it('each vCPU has registers of its own', () => {
    const guest = withFpu({ vcpus: 2 });
    guest.load([mtc1(t0, 2), ctc1(t1, 31), ...spin]);
    for (const vcpu of guest.vcpus) {
      guest.setGpr(t0, 0x100 + vcpu.id, vcpu);
      guest.setGpr(t1, vcpu.id, vcpu);
      guest.enter(2, vcpu);
    }
    expect(guest.vcpus.map((vcpu) => vcpu.getOneReg(KVM_REG_MIPS_FPR_32(2)))).toEqual([0x100n, 0x101n]);
    expect(guest.vcpus.map((vcpu) => vcpu.getOneReg(KVM_REG_MIPS_FCR_CSR))).toEqual([0n, 1n]);
  });
});

describe('FCSR.Cause after an operation', () => {
  const inexact: Line = [addD(2, 4, 6)];
  const operands = { 4: 1, 6: 1e-30 };

  it('is there for user space and for the guest, sticky flag set or not', () => {
    for (const before of [0, INEXACT.flag]) {
      const guest = withFpu();
      run(guest, [inexact, cfc1(t0, 31), cfc1(t1, 26)], operands, before, 3);
      expect(fcsrOf(guest)).toBe(INEXACT.flag | INEXACT.cause);
      expect(guest.gpr(t0)).toBe(INEXACT.flag | INEXACT.cause);
      expect(guest.gpr(t1)).toBe(INEXACT.flag | INEXACT.cause);
    }
  });

  it('is that of the last operation alone', () => {
    const guest = withFpu();
    run(guest, [inexact, addD(8, 10, 10)], { ...operands, 10: 1 }, INEXACT.flag, 2);
    expect(fcsrOf(guest)).toBe(INEXACT.flag);
  });

  it('is the same in the state hash whether somebody looked in between or not', () => {
    const hashes = [false, true].map((looks) => {
      const guest = withFpu();
      run(guest, [inexact, mulD(8, 2, 6)], operands, INEXACT.flag, 1);
      if (looks) fcsrOf(guest);
      if (looks) guest.hash();
      guest.enter(1);
      return guest.hash();
    });
    expect(hashes[0]).toBe(hashes[1]);
  });

  it('survives what user space writes elsewhere, and goes when it writes FCSR', () => {
    const guest = withFpu();
    run(guest, inexact, operands, INEXACT.flag);
    guest.vcpu.setOneReg(KVM_REG_MIPS_FPR_64(4), 0n);
    guest.vcpu.setOneReg(CP0_STATUS, BigInt(CU1));
    expect(fcsrOf(guest)).toBe(INEXACT.flag | INEXACT.cause);
    guest.vcpu.setOneReg(KVM_REG_MIPS_FCR_CSR, 0n);
    expect(fcsrOf(guest)).toBe(0);
  });
});

describe('a floating-point exception', () => {
  const enabled = INEXACT.enable;

  it('leaves the destination and the flags as they were, with Cause set', () => {
    const guest = withFpu();
    run(guest, addD(2, 4, 6), { 2: 7, 4: 1, 6: 1e-30 }, enabled);
    expect(guest.exceptionCode).toBe(FPE);
    expect(guest.cp0(CP0_EPC)).toBe(CODE);
    expect(fcsrOf(guest)).toBe(enabled | INEXACT.cause);
    expect(double(guest, 2)).toBe(bitsOf(7));
  });

  it('in a delay slot is at its branch', () => {
    const guest = withFpu();
    run(guest, [b(1), addD(2, 4, 6), nop], { 4: 1, 6: 1e-30 }, enabled, 2);
    expect(guest.exceptionCode).toBe(FPE);
    expect(guest.cp0(CP0_EPC)).toBe(CODE);
    expect(guest.cp0(CP0_CAUSE) >>> 31).toBe(1);
  });

  it.each([
    ['an enabled Cause', INEXACT.enable | INEXACT.cause],
    ['Unimplemented Operation, which is always enabled', 1 << 17],
  ])('comes from a CTC1 of %s, which writes FCSR nevertheless', (_what, value) => {
    const guest = withFpu();
    guest.setGpr(t0, value);
    run(guest, ctc1(t0, 31), {});
    expect(guest.exceptionCode).toBe(FPE);
    expect(fcsrOf(guest)).toBe(value);
  });

  it('counts as fpe', () => {
    const guest = withFpu();
    guest.vm.observe({ stats: true, trace: null });
    run(guest, addD(2, 4, 6), { 4: 1, 6: 1e-30 }, enabled);
    expect(guest.vcpu.stats().fpe).toBe(1);
  });
});

describe('doublewords from and to a device', () => {
  it.each(['little', 'big'] as const)('are two words each, %s endian', (endianness) => {
    const guest = withFpu({ endianness });
    guest.load([ldc1(2, 8, t0), sdc1(2, 16, t0), ...spin]);
    guest.setGpr(t0, MMIO);
    const { mmio } = guest.vcpu.run;
    const accesses: string[] = [];
    for (let exits = 0; guest.enter(2) === 0 && exits < 8; exits++) {
      expect(guest.vcpu.run.exitReason).toBe(ExitReason.MMIO);
      const at = (mmio.physAddr & 0xff).toString();
      if (mmio.isWrite) accesses.push(`write ${at}: ${[...mmio.data.slice(0, mmio.len)].join(' ')}`);
      else {
        accesses.push(`read ${at} ${mmio.len}`);
        mmio.data.set(mmio.physAddr % 16 === 8 ? [1, 2, 3, 4] : [5, 6, 7, 8]);
      }
    }
    expect(accesses).toEqual(['read 8 4', 'read 12 4', 'write 16: 1 2 3 4', 'write 20: 5 6 7 8']);
    expect(double(guest, 2)).toBe(endianness === 'little' ? 0x0807060504030201n : 0x0102030405060708n);
  });
});
