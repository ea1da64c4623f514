// KVM_GET_REGS, KVM_SET_REGS, KVM_GET_REG_LIST, KVM_GET_ONE_REG and KVM_SET_ONE_REG of a trap-and-emulate vCPU (reference
// KVM-API.md 7.1; values at creation and write masks: MIPS.md A2 and A3). The timer's registers are in kvm-timer.test.ts.
import { describe, expect, it } from 'vitest';
import { mips32 } from '../../src/arch/mips/index.ts';
import { createKvm } from '../../src/cpu/exec/kvm.ts';
import { KVM_VM_MIPS_TE } from '../../src/kvm/constants.ts';
import {
  KVM_REG_MIPS_COUNT_CTL,
  KVM_REG_MIPS_COUNT_HZ,
  KVM_REG_MIPS_COUNT_RESUME,
  KVM_REG_MIPS_CP0_32,
  KVM_REG_MIPS_CP0_64,
  KVM_REG_MIPS_HI,
  KVM_REG_MIPS_LO,
  KVM_REG_MIPS_PC,
  KVM_REG_MIPS_R,
} from '../../src/kvm/mips.ts';
import { CODE, CP0_CAUSE, CP0_ENTRYHI, CP0_STATUS, errnoOf, Guest, mapPage, register } from '../support/kvm/guest.ts';
import { addu, lw, mfc0, nop, spin, t0, t1, zero } from '../support/kvm/mips-words.ts';

/** Sizes as ids have them: CP0 registers are 32 bits, or native longs that KVM calls 64. */
const U32: readonly (readonly [string, number, number])[] = [
  ['Index', 0, 0],
  ['PageMask', 5, 0],
  ['Wired', 6, 0],
  ['HWREna', 7, 0],
  ['Count', 9, 0],
  ['Compare', 11, 0],
  ['Status', 12, 0],
  ['IntCtl', 12, 1],
  ['Cause', 13, 0],
  ['PRId', 15, 0],
  ['Config', 16, 0],
  ['Config1', 16, 1],
  ['Config2', 16, 2],
  ['Config3', 16, 3],
  ['Config4', 16, 4],
  ['Config5', 16, 5],
  ['Config7', 16, 7],
];
const U64: readonly (readonly [string, number, number])[] = [
  ['EntryLo0', 2, 0],
  ['EntryLo1', 3, 0],
  ['Context', 4, 0],
  ['UserLocal', 4, 2],
  ['BadVAddr', 8, 0],
  ['EntryHi', 10, 0],
  ['EPC', 14, 0],
  ['EBase', 15, 1],
  ['ErrorEPC', 30, 0],
  ['KScratch1', 31, 2],
  ['KScratch2', 31, 3],
  ['KScratch3', 31, 4],
  ['KScratch4', 31, 5],
  ['KScratch5', 31, 6],
  ['KScratch6', 31, 7],
];

const MIPS_U32 = 0x7020000000000000n;
const MIPS_U64 = 0x7030000000000000n;
const cp0Id = (size: bigint, rd: number, sel: number): bigint => size + 0x10000n + BigInt(8 * rd + sel);

describe('a new vCPU', () => {
  const newVm = (endianness: 'little' | 'big' = 'little') =>
    createKvm(mips32(endianness), {
      arenaSize: 0x10000,
      endianness,
      maxVcpus: 4,
      nsPerInstruction: 10,
      seed: 1,
      paravirtHypercalls: false,
    }).createVm(KVM_VM_MIPS_TE);

  it('starts at the trap-and-emulate reset vector with the reset values of MIPS.md A2', () => {
    const vcpu = newVm().createVcpu(3);
    expect(vcpu.getRegs().pc).toBe(0x5fc00000n);
    expect(vcpu.getRegs().gpr).toEqual(new Array(32).fill(0n));
    const cp0 = (rd: number, sel: number) => vcpu.getOneReg(KVM_REG_MIPS_CP0_32(rd, sel));
    expect(cp0(15, 0)).toBe(0x00019300n); // PRId: 24Kc
    expect(cp0(12, 0)).toBe(0x00400004n); // Status: BEV, ERL
    expect(cp0(12, 1)).toBe(0xfc000000n); // IntCtl: IPTI = IPPCI = 7
    expect(vcpu.getOneReg(KVM_REG_MIPS_CP0_64(15, 1))).toBe(0x40000003n); // EBase with the vCPU id
    expect(cp0(16, 0)).toBe(0x80000483n); // Config: M, release 2, TLB, noncoherent, little endian
    expect(cp0(16, 1) & 0xfe00007fn).toBe(0xfe000000n); // Config1: M, 64 TLB entries, no FPU, no EJTAG
    expect([cp0(16, 2), cp0(16, 3), cp0(16, 4), cp0(16, 5), cp0(16, 7)]).toEqual([
      0x80000000n,
      0x80002000n,
      0x80000000n,
      0n,
      0x80000400n,
    ]);
  });

  it('a big-endian guest has Config.BE set', () => {
    const vcpu = newVm('big').createVcpu(0);
    expect(vcpu.getOneReg(KVM_REG_MIPS_CP0_32(16, 0)) & 0x8000n).toBe(0x8000n);
  });
});

describe('KVM_GET_REG_LIST', () => {
  it('is the trap-and-emulate list with the ids of asm/kvm.h, each once', () => {
    const expected = [
      ...Array.from({ length: 35 }, (_, n) => MIPS_U64 + BigInt(n)), // r0-r31, hi, lo, pc
      ...U32.map(([, rd, sel]) => cp0Id(MIPS_U32, rd, sel)),
      ...U64.map(([, rd, sel]) => cp0Id(MIPS_U64, rd, sel)),
      ...[0n, 1n, 2n].map((n) => MIPS_U64 + 0x20000n + n), // COUNT_CTL, COUNT_RESUME, COUNT_HZ
    ];
    const order = (ids: bigint[]) => ids.map((id) => id.toString(16)).sort();
    expect(order(new Guest().vcpu.getRegList())).toEqual(order(expected));
  });

  it('has the ids that KVM-API.md gives as examples', () => {
    expect(KVM_REG_MIPS_PC).toBe(0x7030000000000022n);
    expect(KVM_REG_MIPS_CP0_32(12, 0)).toBe(0x7020000000010060n);
    expect(KVM_REG_MIPS_CP0_32(9, 0)).toBe(0x7020000000010048n);
    expect(KVM_REG_MIPS_COUNT_HZ).toBe(0x7030000000020002n);
    expect([KVM_REG_MIPS_HI, KVM_REG_MIPS_LO]).toEqual([MIPS_U64 + 32n, MIPS_U64 + 33n]);
    expect([KVM_REG_MIPS_COUNT_CTL, KVM_REG_MIPS_COUNT_RESUME]).toEqual([MIPS_U64 + 0x20000n, MIPS_U64 + 0x20001n]);
  });

  it('lists only what can be read, with values that fit their size', () => {
    const { vcpu } = new Guest();
    for (const id of vcpu.getRegList()) {
      const bits = 8 * (1 << Number((id >> 52n) & 0xfn));
      const value = vcpu.getOneReg(id);
      expect(BigInt.asUintN(bits, value)).toBe(value);
      expect(errnoOf(() => vcpu.setOneReg(id, value))).toBe('success');
      expect(vcpu.getOneReg(id)).toBe(value);
    }
  });
});

describe('an unknown id is refused with EINVAL', () => {
  it.each([
    ['Random', cp0Id(MIPS_U32, 1, 0)],
    ['BadInstr, which only VZ has', cp0Id(MIPS_U32, 8, 1)],
    ['Status with the wrong size', cp0Id(MIPS_U64, 12, 0)],
    ['an FPU register without the FPU', MIPS_U64 + 0x30000n],
    ['a register of another architecture', 0x4030000000000000n],
    ['register 35', MIPS_U64 + 35n],
    ['nothing', 0n],
    ['a negative number', -1n],
    ['more than 64 bits', 1n << 70n],
  ])('%s', (_what, id) => {
    const { vcpu } = new Guest();
    expect(errnoOf(() => vcpu.getOneReg(id))).toBe('EINVAL');
    expect(errnoOf(() => vcpu.setOneReg(id, 0n))).toBe('EINVAL');
  });
});

describe('KVM_GET_REGS and KVM_SET_REGS', () => {
  it('carry general registers, hi, lo and pc, sign-extended; r0 stays 0', () => {
    const { vcpu } = new Guest();
    const gpr = Array.from({ length: 32 }, (_, n) => register(0x80000000 + n));
    vcpu.setRegs({ gpr, hi: register(-2), lo: 5n, pc: register(0x80001000) });
    const shown = vcpu.getRegs();
    expect(shown.gpr[0]).toBe(0n);
    expect(shown.gpr.slice(1)).toEqual(gpr.slice(1));
    expect([shown.hi, shown.lo, shown.pc]).toEqual([0xfffffffffffffffen, 5n, 0xffffffff80001000n]);
  });

  it('are the same registers as ONE_REG shows', () => {
    const { vcpu } = new Guest();
    for (let n = 1; n < 32; n++) vcpu.setOneReg(KVM_REG_MIPS_R(n), BigInt(n));
    vcpu.setOneReg(KVM_REG_MIPS_R(0), 99n);
    vcpu.setOneReg(KVM_REG_MIPS_HI, 100n);
    vcpu.setOneReg(KVM_REG_MIPS_LO, register(-1));
    vcpu.setOneReg(KVM_REG_MIPS_PC, register(0x90000000));
    const { gpr, hi, lo, pc } = vcpu.getRegs();
    expect(gpr).toEqual(Array.from({ length: 32 }, (_, n) => BigInt(n)));
    expect([hi, lo, pc]).toEqual([100n, register(-1), register(0x90000000)]);
    vcpu.setRegs({ gpr: gpr.map((value) => value * 2n), hi: 1n, lo: 2n, pc: 3n });
    expect(vcpu.getOneReg(KVM_REG_MIPS_R(31))).toBe(62n);
    expect(vcpu.getOneReg(KVM_REG_MIPS_PC)).toBe(3n);
  });

  it('what the guest computes shows, and what user space sets the guest computes with', () => {
    const guest = new Guest();
    guest.load([addu(t0, t0, t1), addu(zero, t0, t1), ...spin]);
    guest.setGpr(t0, 0x7fffffff);
    guest.setGpr(t1, 1);
    guest.enter(2);
    expect(guest.vcpu.getRegs().gpr[t0]).toBe(0xffffffff80000000n);
    expect(guest.vcpu.getRegs().gpr[0]).toBe(0n);
  });

  it('hostile values are cut to 32 bits, missing registers read as 0', () => {
    const { vcpu } = new Guest();
    vcpu.setRegs({ gpr: [0n, 1n << 80n, -1n, 0x123456789abcdef0n], hi: -1n, lo: 1n << 33n, pc: (1n << 64n) + 8n });
    const { gpr, hi, lo, pc } = vcpu.getRegs();
    expect(gpr.slice(0, 5)).toEqual([0n, 0n, register(-1), register(0x9abcdef0), 0n]);
    expect([hi, lo, pc]).toEqual([register(-1), 0n, 8n]);
  });

  it('a pc that is not word-aligned is the guest address error at its fetch', () => {
    const guest = new Guest();
    guest.load(nop);
    guest.pc = CODE + 2;
    guest.enter(1);
    expect(guest.exceptionCode).toBe(4);
    expect(guest.vcpu.getOneReg(KVM_REG_MIPS_CP0_64(8, 0))).toBe(register(CODE + 2));
    expect(guest.vcpu.getOneReg(KVM_REG_MIPS_CP0_64(14, 0))).toBe(register(CODE + 2));
  });
});

describe('KVM_SET_ONE_REG changes', () => {
  const afterWriting = (id: bigint, value: bigint): bigint => {
    const { vcpu } = new Guest();
    vcpu.setOneReg(id, value);
    return vcpu.getOneReg(id);
  };
  const reset = (id: bigint): bigint => new Guest().vcpu.getOneReg(id);
  const ones = 0xffffffffn;

  it.each([
    ['Config', 16, 0],
    ['Config1', 16, 1],
    ['Config2', 16, 2],
    ['Config5', 16, 5],
    ['Config7', 16, 7],
    ['IntCtl', 12, 1],
  ])('nothing in %s', (_name, rd, sel) => {
    const id = KVM_REG_MIPS_CP0_32(rd, sel);
    expect(afterWriting(id, 0n)).toBe(reset(id));
    expect(afterWriting(id, ones)).toBe(reset(id));
  });

  it.each([
    ['Config3: M and ULRI', 3, 0x80002000n],
    ['Config4: M and KScrExist', 4, 0x80fc0000n],
  ])('some bits of %s', (_name, sel, mask) => {
    const id = KVM_REG_MIPS_CP0_32(16, sel);
    expect(afterWriting(id, 0n)).toBe(reset(id) & ~mask);
    expect(afterWriting(id, ones)).toBe(reset(id) | mask);
  });

  it('the base and the CPU number of EBase', () => {
    const id = KVM_REG_MIPS_CP0_64(15, 1);
    expect(afterWriting(id, register(-1))).toBe(0x5ffff3ffn);
    expect(afterWriting(id, 0n)).toBe(0x40000000n);
  });

  it.each(
    [...U32.map((name) => [...name, 4] as const), ...U64.map((name) => [...name, 8] as const)].filter(
      ([name]) => !/^(Count|Config\d?|IntCtl|EBase)$/.test(name),
    ),
  )('%s as a whole', (_name, rd, sel, size) => {
    const id = size === 4 ? KVM_REG_MIPS_CP0_32(rd, sel) : KVM_REG_MIPS_CP0_64(rd, sel);
    // Cause.DC would stop Count, which is another test's.
    const value = id === CP0_CAUSE ? 0x75fcff7cn : 0x76543210n;
    expect(afterWriting(id, value)).toBe(value);
  });

  it('what the guest reads by MFC0 next', () => {
    const guest = new Guest();
    guest.load([mfc0(t0, [31, 2]), mfc0(t1, [13, 0]), ...spin]);
    guest.vcpu.setOneReg(KVM_REG_MIPS_CP0_64(31, 2), register(0x87654321));
    guest.vcpu.setOneReg(CP0_CAUSE, 0x00800300n);
    guest.enter(2);
    expect([guest.gpr(t0), guest.gpr(t1)]).toEqual([0x87654321, 0x00800300]);
  });

  it('the address space at once, when it is EntryHi', () => {
    const guest = new Guest();
    guest.load([mapPage(0x1000000, 0x30000, 'space 0'), lw(t0, 0, t1), lw(t0, 0, t1), ...spin]);
    guest.vm.memory.writeU32(0x30000, 0x1234, 'little');
    guest.setGpr(t1, 0x1000000);
    guest.load(spin, 0x40000000);
    guest.enter(12);
    expect(guest.gpr(t0)).toBe(0x1234);
    guest.vcpu.setOneReg(CP0_ENTRYHI, 0x1000001n);
    guest.enter(1);
    expect(guest.exceptionCode).toBe(2);
    expect(guest.pc).toBe(0x40000000);
  });

  it('the privilege at once, when it is Status', () => {
    const guest = new Guest();
    guest.load([nop, nop, nop, ...spin]);
    guest.enter(1);
    guest.vcpu.setOneReg(CP0_STATUS, 0x10n);
    guest.enter(1);
    expect(guest.exceptionCode).toBe(4); // user mode has no KSEG0
  });
});
