// Memory slots: KVM_SET_USER_MEMORY_REGION with every rule and errno of reference KVM-API.md 3, and slots changed while
// the guest runs. READONLY slots, dirty logs and SYNC_MMU have files of their own.
import { describe, expect, it } from 'vitest';
import { ExitReason, KVM_MEM_LOG_DIRTY_PAGES, KVM_MEM_READONLY } from '../../src/kvm/constants.ts';
import { Guest, RAM_BYTES, SPARE, SPARE_BYTES } from '../support/kvm/guest.ts';
import { addiu, b, label, li, lw, nop, s0, spin, sw, t0, t1, zero } from '../support/kvm/mips-words.ts';
import { HIGH, HIGH_VA, PAGE, setSlot as set } from '../support/kvm/slots.ts';

describe('KVM_SET_USER_MEMORY_REGION', () => {
  it('creates a slot, takes the same again as a no-op, and deletes it with size 0', () => {
    const guest = new Guest();
    expect(set(guest)).toBe('success');
    expect(guest.vm.memory.contains(HIGH, 2 * PAGE)).toBe(true);
    expect(set(guest)).toBe('success');
    expect(set(guest, { memorySize: 0 })).toBe('success');
    expect(guest.vm.memory.contains(HIGH, 1)).toBe(false);
  });

  it.each([
    ['an unknown flag', { flags: 4 }],
    ['flags that are no 32-bit number', { flags: 2 ** 32 }],
    ['an unaligned address', { guestPhysAddr: HIGH + 0x800 }],
    ['an unaligned size', { memorySize: 0x1800 }],
    ['an unaligned backing', { userspaceAddr: SPARE + 4 }],
    ['a negative address', { guestPhysAddr: -PAGE }],
    ['a range that wraps', { guestPhysAddr: 2 ** 53 - PAGE, memorySize: 2 * PAGE }],
    ['a backing outside the host memory', { userspaceAddr: SPARE + SPARE_BYTES - PAGE }],
    ['a backing far outside', { userspaceAddr: 2 ** 52 }],
    ['a slot out of range', { slot: 16 }],
    ['a negative slot', { slot: -1 }],
    ['another address space', { slot: 0x10001 }],
    ['a slot that is no number', { slot: Number.NaN }],
    ['a size that is no number', { memorySize: Number.NaN }],
    ['an endless size', { memorySize: Number.POSITIVE_INFINITY }],
    ['more than 2^31 - 1 pages', { memorySize: 2 ** 31 * PAGE, guestPhysAddr: 2 ** 44 }],
    ['deleting an empty slot', { memorySize: 0 }],
  ])('refuses %s with EINVAL and changes nothing', (_what, change) => {
    const guest = new Guest();
    const before = guest.vm.memory.getRanges();
    expect(set(guest, change)).toBe('EINVAL');
    expect(guest.vm.memory.getRanges()).toEqual(before);
  });

  it.each([
    ['size', { memorySize: PAGE }],
    ['backing', { userspaceAddr: SPARE + PAGE }],
    ['READONLY flag', { flags: KVM_MEM_READONLY }],
  ])('refuses another %s for an existing slot with EINVAL', (_what, change) => {
    const guest = new Guest();
    set(guest);
    expect(set(guest, change)).toBe('EINVAL');
  });

  it('a change of LOG_DIRTY alone is a flags update', () => {
    const guest = new Guest();
    set(guest);
    expect(set(guest, { flags: KVM_MEM_LOG_DIRTY_PAGES })).toBe('success');
    expect(set(guest)).toBe('success');
  });

  it('another address moves the slot, with its contents', () => {
    const guest = new Guest();
    set(guest);
    guest.vm.memory.writeU32(HIGH + 8, 0x1234, 'little');
    expect(set(guest, { guestPhysAddr: 2 * HIGH })).toBe('success');
    expect(guest.vm.memory.contains(HIGH, 1)).toBe(false);
    expect(guest.vm.memory.readU32(2 * HIGH + 8, 'little')).toBe(0x1234);
  });

  it.each([
    ['wholly', { guestPhysAddr: 0x1000 }],
    ['its end', { guestPhysAddr: RAM_BYTES - PAGE }],
    ['all of it', { guestPhysAddr: 0, memorySize: 0x40000 }],
  ])('refuses a slot that overlaps another one (%s) with EEXIST', (_what, change) => {
    expect(set(new Guest(), change)).toBe('EEXIST');
  });

  it('refuses to move a slot onto another one with EEXIST, and leaves it where it was', () => {
    const guest = new Guest();
    set(guest);
    expect(set(guest, { guestPhysAddr: RAM_BYTES - PAGE })).toBe('EEXIST');
    expect(guest.vm.memory.contains(HIGH, 2 * PAGE)).toBe(true);
  });

  it('neighbours may touch, a slot may move within itself, and two slots may have one backing', () => {
    const guest = new Guest();
    expect(set(guest, { guestPhysAddr: RAM_BYTES })).toBe('success');
    expect(set(guest, { guestPhysAddr: RAM_BYTES + PAGE })).toBe('success');
    expect(set(guest, { slot: 2, guestPhysAddr: HIGH })).toBe('success');
    guest.vm.memory.writeU32(HIGH, 7, 'little');
    expect(guest.vm.memory.readU32(RAM_BYTES + PAGE, 'little')).toBe(7);
  });
});

describe('a slot changed while the guest runs', () => {
  /** Reads HIGH for ever and counts in s0; t0 holds what it read last. */
  const reader = [...li(t1, HIGH_VA), label('again'), lw(t0, 0, t1), addiu(s0, s0, 1), b('again'), nop];

  it('is seen by the next instruction', () => {
    const guest = new Guest();
    set(guest, { memorySize: PAGE });
    set(guest, { slot: 2, guestPhysAddr: HIGH + PAGE, memorySize: PAGE, userspaceAddr: SPARE + PAGE });
    guest.vm.memory.writeU32(HIGH, 0x11, 'little');
    guest.vm.memory.writeU32(HIGH + PAGE, 0x22, 'little');
    guest.load(reader);
    guest.enter(2 + 4 * 10);
    expect(guest.gpr(t0)).toBe(0x11);
    set(guest, { memorySize: 0 });
    set(guest, { slot: 2, guestPhysAddr: HIGH, memorySize: PAGE, userspaceAddr: SPARE + PAGE });
    const loops = guest.gpr(s0);
    guest.enter(1);
    expect(guest.gpr(t0)).toBe(0x22);
    expect(guest.gpr(s0)).toBe(loops);
  });

  it('once deleted answers as MMIO, and once created again as memory', () => {
    const guest = new Guest();
    set(guest);
    guest.vm.memory.writeU32(HIGH, 0x33, 'little');
    guest.load(reader);
    guest.enter(2 + 4 * 10);
    set(guest, { memorySize: 0 });
    expect(guest.enter(100)).toBe(0);
    expect(guest.vcpu.run.exitReason).toBe(ExitReason.MMIO);
    expect(guest.vcpu.run.mmio).toMatchObject({ physAddr: HIGH, len: 4, isWrite: false });
    guest.vcpu.run.mmio.data.set([0x44, 0, 0, 0]);
    guest.enter(1);
    expect(guest.gpr(t0)).toBe(0x44);
    set(guest);
    guest.enter(8);
    expect(guest.gpr(t0)).toBe(0x33);
  });

  it('is seen by every vCPU, by stores, and by instruction fetch', () => {
    const guest = new Guest({ vcpus: 2 });
    const [first, second] = guest.vcpus;
    set(guest, { memorySize: PAGE });
    set(guest, { slot: 2, guestPhysAddr: 2 * HIGH, memorySize: PAGE, userspaceAddr: SPARE + PAGE });
    // The same program in both pages, with another constant.
    for (const [gpa, value] of [
      [HIGH, 1],
      [2 * HIGH, 2],
    ] as const)
      guest.load([label('again'), addiu(t0, zero, value), sw(t0, 0x100, t1), b('again'), nop], 0x40000000 + gpa);
    for (const vcpu of [first!, second!]) {
      vcpu.setRegs({ ...vcpu.getRegs(), pc: BigInt(HIGH_VA) });
      guest.setGpr(t1, HIGH_VA, vcpu);
      guest.enter(40, vcpu);
      expect(guest.gpr(t0, vcpu)).toBe(1);
    }
    set(guest, { memorySize: 0 });
    set(guest, { slot: 2, guestPhysAddr: HIGH, memorySize: PAGE, userspaceAddr: SPARE + PAGE });
    for (const vcpu of [first!, second!]) {
      guest.enter(5, vcpu);
      expect(guest.gpr(t0, vcpu)).toBe(2);
    }
    expect(guest.vm.memory.readU32(HIGH + 0x100, 'little')).toBe(2);
  });

  it('that held the running code leaves INTERNAL_ERROR when it is deleted', () => {
    const guest = new Guest();
    set(guest);
    guest.load(spin, HIGH_VA);
    guest.pc = HIGH_VA;
    guest.enter(10);
    set(guest, { memorySize: 0 });
    expect(guest.enter(10)).toBe(0);
    expect(guest.vcpu.run.exitReason).toBe(ExitReason.INTERNAL_ERROR);
    expect(guest.vcpu.run.internal.pc >>> 0).toBe(HIGH_VA);
  });

  it('does not make a device read happen twice: an access that has its answer completes', () => {
    const guest = new Guest();
    guest.load([...li(t1, HIGH_VA), lw(t0, 0, t1), addiu(s0, s0, 1), ...spin]);
    expect(guest.enter(100)).toBe(0);
    guest.vcpu.run.mmio.data.set([0x55, 0, 0, 0]);
    // Serving the read maps memory elsewhere, as a device that moves its window does.
    set(guest, { guestPhysAddr: 2 * HIGH });
    expect(guest.enter(100)).toBeLessThan(0);
    expect([guest.gpr(t0), guest.gpr(s0)]).toEqual([0x55, 1]);
  });

  it('may put memory where the pending read is: the answer still counts', () => {
    const guest = new Guest();
    guest.load([...li(t1, HIGH_VA), lw(t0, 0, t1), lw(s0, 0, t1), ...spin]);
    expect(guest.enter(100)).toBe(0);
    guest.vcpu.run.mmio.data.set([0x55, 0, 0, 0]);
    set(guest);
    guest.vm.memory.writeU32(HIGH, 0x66, 'little');
    guest.enter(100);
    expect([guest.gpr(t0), guest.gpr(s0)]).toEqual([0x55, 0x66]);
  });
});
