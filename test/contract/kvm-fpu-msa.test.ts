// A vCPU that was given no FPU and can have no MSA (reference KVM-API.md 7.1, 12; MIPS.md A2, A3, A9): their registers are not there, their
// instructions raise what a 24Kc raises that has neither, and the bits that would turn them on do not stick. kvm-fpu.test.ts has the FPU.
import { describe, expect, it } from 'vitest';
import { Cap } from '../../src/kvm/constants.ts';
import {
  KVM_REG_MIPS_CP0_32,
  KVM_REG_MIPS_FCR_CSR,
  KVM_REG_MIPS_FCR_IR,
  KVM_REG_MIPS_FPR_32,
  KVM_REG_MIPS_FPR_64,
  KVM_REG_MIPS_MSA_CSR,
  KVM_REG_MIPS_MSA_IR,
  KVM_REG_MIPS_VEC_128,
} from '../../src/kvm/mips.ts';
import {
  CODE,
  CP0_CAUSE,
  CP0_EPC,
  CP0_STATUS,
  DATA,
  enterUser,
  errnoOf,
  GENERAL_VECTOR,
  Guest,
} from '../support/kvm/guest.ts';
import { b, CONFIG1, CONFIG3, CONFIG5, mfc0, mtc0, nop, STATUS, spin, t0, t1 } from '../support/kvm/mips-words.ts';

const RI = 10;
const CPU = 11;
const CU1 = 1 << 29;
const FR = 1 << 26;
const CONFIG1_FP = 1;
const CONFIG3_MSA = 1 << 28;
const CONFIG5_MSAEN = 1 << 27;
const CONFIG5_FRE = 1 << 8;

/** Instruction words of coprocessor 1 and of MSA (MIPS32 Volume II-A; Volume IV-j). t1 is a base that leads to memory. */
const COP1: readonly (readonly [string, number])[] = [
  ['MFC1', 0x44080000],
  ['CFC1', 0x4448f800],
  ['MTC1', 0x44880000],
  ['CTC1', 0x44c8f800],
  ['MFHC1', 0x44680000],
  ['MTHC1', 0x44e80000],
  ['BC1F', 0x45000001],
  ['BC1T', 0x45010001],
  ['BC1TL', 0x45030001],
  ['ADD.S', 0x46020080],
  ['ADD.D', 0x46220080],
  ['CVT.S.W', 0x46800020],
  ['C.EQ.S', 0x46020032],
  ['ADD.PS', 0x46c20080],
  ['LWC1', 0xc5200000],
  ['LDC1', 0xd5200000],
  ['SWC1', 0xe5200000],
  ['SDC1', 0xf5200000],
  ['LWXC1', 0x4d200000],
  ['SDXC1', 0x4d200009],
  ['MADD.S', 0x4c020060],
  ['PREFX', 0x4d20000f],
  ['MOVF', 0x01280001],
  ['MOVT', 0x01290001],
];
const MSA: readonly (readonly [string, number])[] = [
  ['ADDV.B', 0x7802080e],
  ['LD.B', 0x78004820],
  ['ST.W', 0x78004826],
  ['MOVE.V', 0x78be0059],
  ['CFCMSA', 0x787e0219],
  ['CTCMSA', 0x783e4019],
];

/** Execute `instruction`; the exception that it raises. */
function exceptionOf(instruction: number, { user = false, inSlot = false, status = 0 } = {}) {
  const guest = new Guest();
  const code = inSlot ? [b(1), instruction, nop] : [instruction, nop];
  guest.load(spin, GENERAL_VECTOR);
  guest.setGpr(t1, user ? 0x4000 : DATA);
  if (user) {
    guest.load([enterUser(0x4000, 0x80000), nop]);
    guest.load([code, ...spin], 0x40080000);
    guest.enter(16);
  } else {
    guest.load([code, ...spin]);
    guest.vcpu.setOneReg(CP0_STATUS, BigInt(status));
  }
  guest.enter(3);
  const cause = guest.cp0(CP0_CAUSE);
  expect(guest.pc).toBe(GENERAL_VECTOR);
  expect(guest.cp0(CP0_EPC)).toBe(user ? 0x4000 : CODE);
  return { code: guest.exceptionCode, coprocessor: (cause >>> 28) & 3, inSlot: cause >>> 31 };
}

describe('KVM_CAP_MIPS_MSA', () => {
  it('answers 0 and cannot be enabled: EINVAL, whatever the arguments, on the vCPU and on the VM', () => {
    const { vm, vcpu } = new Guest();
    expect(vm.checkExtension(Cap.MIPS_MSA)).toBe(0);
    for (const args of [[], [0n], [0n, 0n, 0n, 0n], [1n]]) {
      expect(errnoOf(() => vcpu.enableCap(Cap.MIPS_MSA, 0, args))).toBe('EINVAL');
      expect(errnoOf(() => vm.enableCap(Cap.MIPS_MSA, 0, args))).toBe('EINVAL');
    }
    expect(errnoOf(() => vcpu.enableCap(Cap.MIPS_MSA, 1, [0n]))).toBe('EINVAL');
  });

  it('nor can any other capability but that of the FPU be enabled on a vCPU', () => {
    const { vcpu } = new Guest();
    for (const cap of [...Object.values(Cap).filter((cap) => cap !== Cap.MIPS_FPU), 9999, -1, Number.NaN])
      expect(errnoOf(() => vcpu.enableCap(cap, 0, [0n]))).toBe('EINVAL');
  });
});

describe('the registers of FPU and MSA', () => {
  const ids: readonly (readonly [string, bigint, bigint])[] = [
    ['FPR_32(0)', KVM_REG_MIPS_FPR_32(0), 0x7020_0000_0003_0000n],
    ['FPR_32(31)', KVM_REG_MIPS_FPR_32(31), 0x7020_0000_0003_001fn],
    ['FPR_64(0)', KVM_REG_MIPS_FPR_64(0), 0x7030_0000_0003_0000n],
    ['FPR_64(31)', KVM_REG_MIPS_FPR_64(31), 0x7030_0000_0003_001fn],
    ['VEC_128(0)', KVM_REG_MIPS_VEC_128(0), 0x7040_0000_0003_0000n],
    ['VEC_128(31)', KVM_REG_MIPS_VEC_128(31), 0x7040_0000_0003_001fn],
    ['FCR_IR', KVM_REG_MIPS_FCR_IR, 0x7020_0000_0003_0100n],
    ['FCR_CSR', KVM_REG_MIPS_FCR_CSR, 0x7020_0000_0003_011fn],
    ['MSA_IR', KVM_REG_MIPS_MSA_IR, 0x7020_0000_0003_0200n],
    ['MSA_CSR', KVM_REG_MIPS_MSA_CSR, 0x7020_0000_0003_0201n],
  ];

  it.each(ids)('%s has the id of asm/kvm.h', (_name, id, number) => {
    expect(id).toBe(number);
  });

  it.each(ids)('%s is EINVAL to read and to write, and not in the register list', (_name, id) => {
    const { vcpu } = new Guest();
    expect(errnoOf(() => vcpu.getOneReg(id))).toBe('EINVAL');
    expect(errnoOf(() => vcpu.setOneReg(id, 0n))).toBe('EINVAL');
    expect(vcpu.getRegList()).not.toContain(id);
  });
});

describe('an instruction of the FPU is coprocessor 1 unusable', () => {
  it.each(COP1)('%s in the kernel, in user mode and in a delay slot', (_name, instruction) => {
    const unusable = { code: CPU, coprocessor: 1, inSlot: 0 };
    expect(exceptionOf(instruction)).toEqual(unusable);
    expect(exceptionOf(instruction, { user: true })).toEqual(unusable);
    expect(exceptionOf(instruction, { inSlot: true })).toEqual({ ...unusable, inSlot: 1 });
  });

  it('and changes no register and no memory', () => {
    for (const [, instruction] of COP1) {
      const guest = new Guest();
      guest.load([instruction, ...spin]);
      guest.load(spin, GENERAL_VECTOR);
      guest.setGpr(t0, 0x1234);
      guest.setGpr(t1, DATA);
      const before = guest.vcpu.getRegs().gpr;
      guest.enter(1);
      expect(guest.vcpu.getRegs().gpr).toEqual(before);
      expect(guest.word(DATA)).toBe(0);
    }
  });
});

describe('an instruction of MSA is reserved', () => {
  it.each(MSA)('%s in the kernel, in user mode and in a delay slot', (_name, instruction) => {
    const reserved = { code: RI, coprocessor: 0, inSlot: 0 };
    expect(exceptionOf(instruction)).toEqual(reserved);
    expect(exceptionOf(instruction, { user: true })).toEqual(reserved);
    expect(exceptionOf(instruction, { inSlot: true })).toEqual({ ...reserved, inSlot: 1 });
  });
});

describe('what would turn them on does not stick', () => {
  /** The guest writes all ones to a CP0 register by MTC0 and reads it back. */
  const guestWrites = (register: readonly [number, number], value = 0xffffffff): number => {
    const guest = new Guest();
    guest.load([mtc0(t0, register), mfc0(t1, register), ...spin]);
    guest.load([mfc0(t1, register), ...spin], GENERAL_VECTOR);
    guest.setGpr(t0, value);
    guest.enter(2);
    return guest.gpr(t1);
  };

  it('Status.CU1 and FR, written by the guest', () => {
    expect(guestWrites(STATUS, CU1 | FR) & (CU1 | FR)).toBe(0);
  });

  it('Config1.FP, Config3.MSA, Config5.MSAEn and FRE, written by the guest', () => {
    expect(guestWrites(CONFIG1) & CONFIG1_FP).toBe(0);
    expect(guestWrites(CONFIG3) & CONFIG3_MSA).toBe(0);
    expect(guestWrites(CONFIG5) & (CONFIG5_MSAEN | CONFIG5_FRE)).toBe(0);
  });

  it('Config1.FP, Config3.MSA, Config5.MSAEn and FRE, written by user space', () => {
    const { vcpu } = new Guest();
    for (const [sel, bits] of [
      [1, CONFIG1_FP],
      [3, CONFIG3_MSA],
      [5, CONFIG5_MSAEN | CONFIG5_FRE],
    ] as const) {
      const id = KVM_REG_MIPS_CP0_32(16, sel);
      vcpu.setOneReg(id, 0xffffffffn);
      expect(vcpu.getOneReg(id) & BigInt(bits)).toBe(0n);
    }
  });

  it('not even Status.CU1 set by user space makes an FPU: it stays unusable', () => {
    expect(exceptionOf(COP1[0]![1], { status: CU1 | FR })).toMatchObject({ code: CPU, coprocessor: 1 });
  });
});
