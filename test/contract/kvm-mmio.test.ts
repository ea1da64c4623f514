// KVM_EXIT_MMIO: what the guest's loads and stores outside memory slots look like to user space, and how they complete
// (reference KVM-API.md 2; MIPS.md A1).
import { describe, expect, it } from 'vitest';
import { ExitReason } from '../../src/kvm/constants.ts';
import { KVM_REG_MIPS_CP0_32 } from '../../src/kvm/mips.ts';
import { CODE, errnoOf, Guest, MMIO, MMIO_PHYSICAL, register } from '../support/kvm/guest.ts';
import {
  addiu,
  b,
  beq,
  beql,
  jal,
  jalr,
  type Line,
  label,
  lb,
  lbu,
  lh,
  lhu,
  lw,
  lwl,
  lwr,
  nop,
  ra,
  s0,
  s1,
  sb,
  sh,
  spin,
  sw,
  swl,
  swr,
  t0,
  t1,
  t2,
  zero,
} from '../support/kvm/mips-words.ts';

const EINTR = -4;

/** A guest that has t1 = MMIO and runs `code`; `back` is put into t0 before. */
function guestWith(code: Line, endianness: 'little' | 'big' = 'little', before = 0): Guest {
  const guest = new Guest({ endianness });
  guest.setGpr(t1, MMIO);
  guest.setGpr(t0, before);
  guest.load([code, ...spin]);
  return guest;
}

const bytes = (guest: Guest): number[] => [...guest.vcpu.run.mmio.data.subarray(0, guest.vcpu.run.mmio.len)];

/** Enter until the next exit, which must be MMIO. */
function mmio(guest: Guest): { physAddr: number; len: number; isWrite: boolean } {
  expect(guest.enter(100)).toBe(0);
  expect(guest.vcpu.run.exitReason).toBe(ExitReason.MMIO);
  const { physAddr, len, isWrite } = guest.vcpu.run.mmio;
  return { physAddr, len, isWrite };
}

describe('an MMIO read', () => {
  it('leaves with pc at the load, nothing counted; it completes at the next enter and counts once', () => {
    const guest = guestWith([addiu(s0, zero, 1), lw(t0, 8, t1), addiu(s0, zero, 2)]);
    expect(mmio(guest)).toEqual({ physAddr: MMIO_PHYSICAL + 8, len: 4, isWrite: false });
    expect(guest.pc).toBe(CODE + 4);
    expect(guest.instructions).toBe(1);
    guest.vcpu.run.mmio.data.set([0x78, 0x56, 0x34, 0x12]);
    expect(guest.gpr(t0)).toBe(0);
    expect(guest.enter(1)).toBe(EINTR);
    expect(guest.gpr(t0)).toBe(0x12345678);
    expect(guest.pc).toBe(CODE + 8);
    expect(guest.instructions).toBe(2);
    expect(guest.gpr(s0)).toBe(1);
  });

  it('in a delay slot shows pc at the branch, with the link register as before', () => {
    const guest = guestWith([jal('there'), lw(t0, 0, t1), nop, label('there'), addiu(s0, ra, 0)]);
    guest.setGpr(ra, 0x1111);
    mmio(guest);
    expect(guest.pc).toBe(CODE);
    expect(guest.gpr(ra)).toBe(0x1111);
    expect(guest.instructions).toBe(0);
    guest.vcpu.run.mmio.data.set([7, 0, 0, 0]);
    guest.enter(1);
    expect(guest.instructions).toBe(2);
    expect(guest.gpr(t0)).toBe(7);
    expect(guest.pc).toBe(CODE + 12);
    expect(guest.gpr(ra)).toBe(CODE + 8);
  });

  it('in the slot of JALR, of a taken and of an untaken branch-likely', () => {
    const jump = guestWith([jalr(s1, s0), lw(t0, 0, t1), nop, label('there'), nop]);
    jump.setGpr(s0, CODE + 12);
    mmio(jump);
    expect([jump.pc, jump.gpr(s1)]).toEqual([CODE, 0]);
    jump.enter(1);
    expect([jump.pc, jump.gpr(s1)]).toEqual([CODE + 12, CODE + 8]);

    const taken = guestWith([beql(zero, zero, 'there'), lw(t0, 0, t1), nop, label('there'), nop]);
    mmio(taken);
    expect(taken.pc).toBe(CODE);
    taken.enter(1);
    expect(taken.pc).toBe(CODE + 12);

    const untaken = guestWith([beql(zero, t1, 'there'), lw(t0, 0, t1), nop, label('there'), nop]);
    expect(untaken.enter(100)).toBe(EINTR); // nullified: no access
  });

  it('in a slot on the next page', () => {
    const guest = guestWith([]);
    const at = CODE + 0xffc;
    guest.load([beq(zero, zero, 'there'), lw(t0, 0, t1), nop, label('there'), ...spin], at);
    guest.pc = at;
    mmio(guest);
    expect(guest.pc).toBe(at);
    guest.vcpu.run.mmio.data.set([3, 0, 0, 0]);
    guest.enter(1);
    expect([guest.gpr(t0), guest.pc, guest.instructions]).toEqual([3, at + 12, 2]);
  });

  it('of the register that is its base', () => {
    const guest = guestWith([lw(t1, 4, t1)]);
    mmio(guest);
    guest.vcpu.run.mmio.data.set([1, 2, 3, 4]);
    guest.enter(1);
    expect(guest.gpr(t1)).toBe(0x04030201);
  });

  it('whose answer comes after user space moved the pc to another read: that one asks for itself', () => {
    const guest = guestWith([lw(t0, 0, t1), nop, lw(t2, 0x10, t1)]);
    mmio(guest);
    guest.vcpu.run.mmio.data.set([1, 0, 0, 0]);
    guest.pc = CODE + 8;
    expect(mmio(guest).physAddr).toBe(MMIO_PHYSICAL + 0x10);
    guest.vcpu.run.mmio.data.set([2, 0, 0, 0]);
    guest.enter(1);
    expect([guest.gpr(t0), guest.gpr(t2), guest.instructions]).toEqual([0, 2, 1]);
  });

  it('two in a row are two exits', () => {
    const guest = guestWith([lw(t0, 0, t1), lw(t2, 4, t1)]);
    expect(mmio(guest).physAddr).toBe(MMIO_PHYSICAL);
    guest.vcpu.run.mmio.data.set([1, 0, 0, 0]);
    expect(mmio(guest).physAddr).toBe(MMIO_PHYSICAL + 4);
    expect(guest.gpr(t0)).toBe(1);
    guest.vcpu.run.mmio.data.set([2, 0, 0, 0]);
    guest.enter(1);
    expect([guest.gpr(t0), guest.gpr(t2), guest.instructions]).toEqual([1, 2, 2]);
  });

  const answers = [0x80, 0x91, 0xa2, 0xb3];
  it.each([
    ['LB', lb(t0, 3, t1), 1, 3, 0xffffff80, 0xffffff80],
    ['LBU', lbu(t0, 3, t1), 1, 3, 0x80, 0x80],
    ['LH', lh(t0, 2, t1), 2, 2, 0xffff9180, 0xffff8091],
    ['LHU', lhu(t0, 2, t1), 2, 2, 0x9180, 0x8091],
    ['LW', lw(t0, 4, t1), 4, 4, 0xb3a29180, 0x8091a2b3],
  ])('%s takes its bytes in guest memory order, little and big endian', (_name, code, len, at, little, big) => {
    for (const [endianness, value] of [
      ['little', little],
      ['big', big],
    ] as const) {
      const guest = guestWith(code, endianness);
      expect(mmio(guest)).toEqual({ physAddr: MMIO_PHYSICAL + at, len, isWrite: false });
      guest.vcpu.run.mmio.data.set(answers);
      guest.enter(1);
      expect(guest.gpr(t0)).toBe(value);
    }
  });

  it.each([
    // The addressed word is read whole; the register keeps what the instruction does not fill.
    ['LWL', lwl(t0, 1, t1), 0x91805566, 0x91a2b366],
    ['LWR', lwr(t0, 1, t1), 0x33b3a291, 0x33448091],
  ])('%s merges into the register', (_name, code, little, big) => {
    for (const [endianness, value] of [
      ['little', little],
      ['big', big],
    ] as const) {
      const guest = guestWith(code, endianness, 0x33445566);
      expect(mmio(guest)).toEqual({ physAddr: MMIO_PHYSICAL, len: 4, isWrite: false });
      guest.vcpu.run.mmio.data.set(answers);
      guest.enter(1);
      expect(guest.gpr(t0)).toBe(value);
      expect(guest.instructions).toBe(1);
    }
  });
});

describe('an MMIO write', () => {
  it('leaves after the store, with pc moved on and the store counted', () => {
    const guest = guestWith([sw(t0, 8, t1), addiu(s0, zero, 1)], 'little', 0x12345678);
    expect(mmio(guest)).toEqual({ physAddr: MMIO_PHYSICAL + 8, len: 4, isWrite: true });
    expect(bytes(guest)).toEqual([0x78, 0x56, 0x34, 0x12]);
    expect([guest.pc, guest.instructions]).toEqual([CODE + 4, 1]);
    guest.enter(1);
    expect([guest.gpr(s0), guest.instructions]).toEqual([1, 2]);
  });

  it('in a delay slot leaves at the target of the branch', () => {
    const guest = guestWith([b('there'), sw(t0, 0, t1), nop, label('there'), nop]);
    mmio(guest);
    expect([guest.pc, guest.instructions]).toEqual([CODE + 12, 2]);
  });

  it.each([
    ['SB', sb(t0, 3, t1), 3, [0x78], [0x78]],
    ['SH', sh(t0, 2, t1), 2, [0x78, 0x56], [0x56, 0x78]],
    ['SW', sw(t0, 4, t1), 4, [0x78, 0x56, 0x34, 0x12], [0x12, 0x34, 0x56, 0x78]],
  ])('%s shows its bytes in guest memory order, little and big endian', (_name, code, at, little, big) => {
    for (const [endianness, shown] of [
      ['little', little],
      ['big', big],
    ] as const) {
      const guest = guestWith(code, endianness, 0x12345678);
      expect(mmio(guest)).toEqual({ physAddr: MMIO_PHYSICAL + at, len: shown.length, isWrite: true });
      expect(bytes(guest)).toEqual(shown);
      expect([...guest.vcpu.run.mmio.data.subarray(shown.length)]).toEqual(new Array(8 - shown.length).fill(0));
    }
  });

  it.each(['little', 'big'] as const)('SWL and SWR store the pieces they store in memory, %s endian', (endianness) => {
    for (const store of [swl, swr]) {
      for (let offset = 0; offset < 4; offset++) {
        // The same store to memory and to a device: the bytes must be the same.
        const guest = guestWith([store(t0, offset, s0), store(t0, offset, t1)], endianness, 0x12345678);
        guest.setGpr(s0, 0x40020000);
        guest.vm.memory.fill(0x20000, 0xee, 8);
        const device = new Uint8Array(8).fill(0xee);
        const sizes: number[] = [];
        while (guest.enter(100) === 0) {
          const { physAddr, len, isWrite } = guest.vcpu.run.mmio;
          expect(isWrite).toBe(true);
          expect(physAddr % (len === 3 ? 1 : len)).toBe(0);
          device.set(bytes(guest), physAddr - MMIO_PHYSICAL);
          sizes.push(len);
          expect(guest.pc).toBe(CODE + 8);
        }
        const memory = new Uint8Array(8);
        guest.vm.memory.read(0x20000, memory);
        expect(device).toEqual(memory);
        expect(sizes.every((size) => [1, 2, 4].includes(size))).toBe(true);
      }
    }
  });

  it('a pending second piece is shown before anything else runs', () => {
    // SWL at byte 2 of a little-endian word stores three bytes: two pieces.
    const guest = guestWith([swl(t0, 2, t1), addiu(s0, zero, 1)]);
    mmio(guest);
    expect(guest.vcpu.enter(0)).toBe(0); // past the deadline, yet the instruction is not over for user space
    expect(guest.vcpu.run.mmio.isWrite).toBe(true);
    expect(guest.enter(0)).toBe(EINTR);
    expect([guest.gpr(s0), guest.instructions]).toEqual([0, 1]);
  });
});

describe('where MMIO is', () => {
  it('host KSEG0 and KSEG1 from 0x80000000 to 0xBFFFFFFF, and KSEG0 addresses without a slot', () => {
    for (const [va, physAddr] of [
      [0x80000000, 0],
      [0x9ffffffc, 0x1ffffffc],
      [0xa0001000, 0x1000],
      [0xbffffffc, 0x1ffffffc],
      [0x52000000, 0x12000000],
      [0x40200000, 0x200000],
    ] as const) {
      const guest = guestWith(lw(t0, 0, t1));
      guest.setGpr(t1, va);
      expect(mmio(guest).physAddr).toBe(physAddr);
    }
  });

  it('a user-mode access above KUSEG is the guest address error, not MMIO', () => {
    const guest = guestWith(lw(t0, 0, t1));
    guest.vcpu.setOneReg(KVM_REG_MIPS_CP0_32(12, 0), register(0x10));
    guest.load(lw(t0, 0, t1), CODE);
    expect(guest.enter(1)).toBe(EINTR);
    expect(guest.exceptionCode).toBe(4);
  });

  it('LL from a device is not emulated', () => {
    const guest = guestWith(0xc1280000); // ll t0, 0(t1)
    expect(guest.enter(100)).toBe(0);
    expect(guest.vcpu.run.exitReason).toBe(ExitReason.INTERNAL_ERROR);
    expect(errnoOf(() => guest.vcpu.getRegs())).toBe('success');
  });
});
