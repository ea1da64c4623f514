// KVM_MEM_READONLY (reference KVM-API.md 3; MIPS.md A1): loads and fetches go straight through, stores leave as KVM_EXIT_MMIO with the bytes
// that would have been stored, and change nothing.
import { describe, expect, it } from 'vitest';
import { ExitReason, KVM_MEM_LOG_DIRTY_PAGES, KVM_MEM_READONLY } from '../../src/kvm/constants.ts';
import type { Endianness } from '../../src/memory/guest-memory.ts';
import { CODE, DATA, Guest, mapPage } from '../support/kvm/guest.ts';
import {
  addiu,
  b,
  jal,
  label,
  li,
  ll,
  lw,
  nop,
  ra,
  s0,
  sb,
  sc,
  sh,
  spin,
  sw,
  swl,
  swr,
  t0,
  t1,
  t2,
} from '../support/kvm/mips-words.ts';
import { getDirty, HIGH, HIGH_VA, setSlot } from '../support/kvm/slots.ts';

const EINTR = -4;

/** A guest with a READONLY slot 1 and t1 = its address. */
function readonly(endianness: Endianness = 'little', flags = 0): Guest {
  const guest = new Guest({ endianness });
  setSlot(guest, { flags: KVM_MEM_READONLY | flags });
  guest.setGpr(t1, HIGH_VA);
  return guest;
}

const bytes = (guest: Guest): number[] => [...guest.vcpu.run.mmio.data.subarray(0, guest.vcpu.run.mmio.len)];

describe('a READONLY slot', () => {
  it('is read and executed without an exit; a store to it is an MMIO exit and changes nothing', () => {
    const guest = readonly();
    guest.vm.memory.writeU32(HIGH + 0x40, 0x1234, 'little');
    guest.load([lw(t0, 0x40, t1), sw(s0, 0x40, t1), lw(s0, 0x40, t1), ...spin], HIGH_VA);
    guest.setGpr(s0, 0xabcd);
    guest.pc = HIGH_VA;
    expect(guest.enter(100)).toBe(0);
    expect(guest.gpr(t0)).toBe(0x1234);
    expect(guest.vcpu.run.exitReason).toBe(ExitReason.MMIO);
    expect(guest.vcpu.run.mmio).toMatchObject({ physAddr: HIGH + 0x40, len: 4, isWrite: true });
    expect(bytes(guest)).toEqual([0xcd, 0xab, 0, 0]);
    expect(guest.enter(100)).toBeLessThan(0);
    expect(guest.gpr(s0)).toBe(0x1234);
  });

  it.each([
    ['SB', sb(t0, 3, t1), 3, [0x78], [0x78]],
    ['SH', sh(t0, 2, t1), 2, [0x78, 0x56], [0x56, 0x78]],
    ['SW', sw(t0, 4, t1), 4, [0x78, 0x56, 0x34, 0x12], [0x12, 0x34, 0x56, 0x78]],
  ])('%s leaves with its bytes in guest memory order, little and big endian', (_name, code, at, little, big) => {
    for (const [endianness, shown] of [
      ['little', little],
      ['big', big],
    ] as const) {
      const guest = readonly(endianness);
      guest.load([code, ...spin]);
      guest.setGpr(t0, 0x12345678);
      expect(guest.enter(100)).toBe(0);
      expect(guest.vcpu.run.mmio).toMatchObject({ physAddr: HIGH + at, len: shown.length, isWrite: true });
      expect(bytes(guest)).toEqual(shown);
      expect([guest.pc, guest.instructions]).toEqual([CODE + 4, 1]);
    }
  });

  it('SWL and SWR leave with the pieces they would have stored', () => {
    for (const endianness of ['little', 'big'] as const) {
      const guest = readonly(endianness);
      // The same two stores to RAM and to the slot.
      guest.load([swl(t0, 2, s0), swr(t0, 5, s0), swl(t0, 2, t1), swr(t0, 5, t1), ...spin]);
      guest.setGpr(t0, 0x12345678);
      guest.setGpr(s0, DATA);
      const stored = new Uint8Array(8);
      while (guest.enter(100) === 0) stored.set(bytes(guest), guest.vcpu.run.mmio.physAddr - HIGH);
      const inRam = new Uint8Array(8);
      guest.vm.memory.read(DATA & 0x1fffffff, inRam);
      expect(stored).toEqual(inRam);
      const inSlot = new Uint8Array(8);
      guest.vm.memory.read(HIGH, inSlot);
      expect([...inSlot]).toEqual(new Array(8).fill(0));
    }
  });

  it('a store in a delay slot leaves at the target of the branch', () => {
    const guest = readonly();
    guest.load([jal('there'), sw(t0, 0, t1), nop, label('there'), ...spin]);
    expect(guest.enter(100)).toBe(0);
    expect([guest.pc, guest.gpr(ra), guest.instructions]).toEqual([CODE + 12, CODE + 8, 2]);
  });

  it('a store through a TLB entry that is dirty leaves too, with the guest-physical address', () => {
    const guest = readonly();
    guest.load([mapPage(0x60004000, HIGH + 0x1000), li(t1, 0x60004000), sw(t0, 0x24, t1), ...spin]);
    expect(guest.enter(100)).toBe(0);
    expect(guest.vcpu.run.mmio).toMatchObject({ physAddr: HIGH + 0x1024, len: 4, isWrite: true });
  });

  it('a load first, and a store to the page after it: both are right', () => {
    const guest = readonly();
    guest.load([lw(s0, 0, t1), sw(t0, 0, t1), lw(s0, 0, t1), sw(t0, 0, t1), ...spin]);
    expect([guest.enter(100), guest.instructions]).toEqual([0, 2]);
    expect([guest.enter(100), guest.instructions]).toEqual([0, 4]);
  });

  it('takes user space writes, and the guest sees them at once', () => {
    const guest = readonly();
    guest.load([lw(t0, 0, t1), lw(s0, 0, t1), ...spin]);
    guest.enter(1);
    guest.vm.memory.writeU32(HIGH, 9, 'little');
    guest.enter(1);
    expect([guest.gpr(t0), guest.gpr(s0)]).toEqual([0, 9]);
  });

  it('user space writes into its code are executed next', () => {
    const guest = readonly();
    guest.load([label('again'), addiu(s0, s0, 1), b('again'), nop], HIGH_VA);
    guest.pc = HIGH_VA;
    guest.enter(3 * 4);
    guest.vm.memory.writeU32(HIGH, addiu(s0, s0, 100), 'little');
    guest.enter(3);
    expect(guest.gpr(s0)).toBe(104);
  });

  it('with LOG_DIRTY_PAGES is not dirtied by the guest, whose stores never reach it, but by user space', () => {
    const guest = readonly('little', KVM_MEM_LOG_DIRTY_PAGES);
    guest.load([sw(t0, 0, t1), ...spin]);
    expect(guest.enter(100)).toBe(0);
    expect(guest.enter(100)).toBe(EINTR);
    expect(getDirty(guest)).toEqual([]);
    guest.vm.memory.writeU32(HIGH + 0x1000, 1, 'little');
    expect(getDirty(guest)).toEqual([1]);
  });

  it('deleted and created again without the flag is written', () => {
    const guest = readonly();
    guest.load([sw(t0, 0, t1), sw(t0, 4, t1), ...spin]);
    guest.setGpr(t0, 7);
    expect(guest.enter(100)).toBe(0);
    setSlot(guest, { memorySize: 0 });
    setSlot(guest);
    expect(guest.enter(100)).toBe(EINTR);
    expect([guest.word(HIGH_VA), guest.word(HIGH_VA + 4)]).toEqual([0, 7]);
  });

  it('the other way round: what could be written before no longer can', () => {
    const guest = new Guest();
    setSlot(guest);
    guest.setGpr(t1, HIGH_VA);
    guest.load([sw(t0, 0, t1), sw(t0, 0, t1), ...spin]);
    guest.enter(1);
    setSlot(guest, { memorySize: 0 });
    setSlot(guest, { flags: KVM_MEM_READONLY });
    expect(guest.enter(100)).toBe(0);
    expect(guest.vcpu.run.mmio.isWrite).toBe(true);
  });
});

describe('SC to a READONLY slot', () => {
  it('is not done as if it were memory: what it would store does not get there', () => {
    const guest = readonly();
    guest.load([ll(t0, 0, t1), addiu(t2, t0, 5), sc(t2, 0, t1), ...spin]);
    guest.enter(3);
    expect(guest.word(HIGH_VA)).toBe(0);
  });
});
