// Dirty logs (reference KVM-API.md 4) of what user space writes, as devices' DMA does, and what becomes of a log when its slot changes.
import { describe, expect, it } from 'vitest';
import { KVM_MEM_LOG_DIRTY_PAGES, KVM_MEM_READONLY } from '../../src/kvm/constants.ts';
import { Guest } from '../support/kvm/guest.ts';
import { b, label, nop, spin, sw, t0, t1, t2 } from '../support/kvm/mips-words.ts';
import { getDirty, HIGH, PAGE, setSlot } from '../support/kvm/slots.ts';

/** A guest whose slot 1 has four pages and logs. */
function logging(): Guest {
  const guest = new Guest();
  setSlot(guest, { flags: KVM_MEM_LOG_DIRTY_PAGES, memorySize: 4 * PAGE });
  return guest;
}

describe("devices' writes by guest-physical address", () => {
  it.each([
    ['a byte', (guest: Guest) => guest.vm.memory.writeU8(HIGH + PAGE, 1), [1]],
    ['a halfword', (guest: Guest) => guest.vm.memory.writeU16(HIGH, 1, 'big'), [0]],
    [
      'an unaligned word across two pages',
      (guest: Guest) => guest.vm.memory.writeU32(HIGH + PAGE - 2, 1, 'little'),
      [0, 1],
    ],
    ['a doubleword', (guest: Guest) => guest.vm.memory.writeU64(HIGH + 2 * PAGE, 1n, 'little'), [2]],
    ['a buffer', (guest: Guest) => guest.vm.memory.write(HIGH + 100, new Uint8Array(2 * PAGE)), [0, 1, 2]],
    [
      'a buffer that ends with the page',
      (guest: Guest) => guest.vm.memory.write(HIGH + PAGE, new Uint8Array(PAGE)),
      [1],
    ],
    ['nothing', (guest: Guest) => guest.vm.memory.write(HIGH, new Uint8Array(0)), []],
    ['a fill', (guest: Guest) => guest.vm.memory.fill(HIGH + 3 * PAGE, 0, 1), [3]],
    ['a read', (guest: Guest) => guest.vm.memory.read(HIGH, new Uint8Array(PAGE)), []],
  ])('%s', (_what, write, pages) => {
    const guest = logging();
    write(guest);
    expect(getDirty(guest, 4)).toEqual(pages);
    expect(getDirty(guest, 4)).toEqual([]);
  });

  it('that reach from slot 0 into the logging one dirty only its pages', () => {
    const guest = new Guest();
    setSlot(guest, { flags: KVM_MEM_LOG_DIRTY_PAGES, guestPhysAddr: 0x200000 });
    guest.vm.memory.write(0x200000 - 100, new Uint8Array(101));
    expect(getDirty(guest)).toEqual([0]);
  });
});

describe('a change of the slot', () => {
  it('without LOG_DIRTY_PAGES throws the log away; logging again starts empty', () => {
    const guest = logging();
    guest.vm.memory.writeU8(HIGH, 1);
    setSlot(guest, { memorySize: 4 * PAGE });
    guest.vm.memory.writeU8(HIGH + PAGE, 1);
    setSlot(guest, { memorySize: 4 * PAGE, flags: KVM_MEM_LOG_DIRTY_PAGES });
    expect(getDirty(guest, 4)).toEqual([]);
  });

  it('turned on under a guest that stores all the time is seen at its next store', () => {
    const guest = new Guest();
    setSlot(guest);
    guest.setGpr(t1, 0x40000000 + HIGH);
    guest.load([label('again'), sw(t0, 0, t1), b('again'), nop]);
    guest.enter(30);
    setSlot(guest, { flags: KVM_MEM_LOG_DIRTY_PAGES });
    guest.enter(1);
    expect(getDirty(guest)).toEqual([0]);
  });

  it('to itself (the same again) keeps the log', () => {
    const guest = logging();
    guest.vm.memory.writeU8(HIGH, 1);
    setSlot(guest, { memorySize: 4 * PAGE, flags: KVM_MEM_LOG_DIRTY_PAGES });
    expect(getDirty(guest, 4)).toEqual([0]);
  });

  it('to another address keeps the log, and goes on logging there', () => {
    const guest = logging();
    guest.vm.memory.writeU8(HIGH + PAGE, 1);
    setSlot(guest, { memorySize: 4 * PAGE, flags: KVM_MEM_LOG_DIRTY_PAGES, guestPhysAddr: 2 * HIGH });
    guest.load([sw(t0, 0, t2), ...spin]);
    guest.setGpr(t2, 0x40000000 + 2 * HIGH + 3 * PAGE);
    guest.enter(1);
    expect(getDirty(guest, 4)).toEqual([1, 3]);
  });

  it('that is refused keeps the log', () => {
    const guest = logging();
    guest.vm.memory.writeU8(HIGH, 1);
    expect(setSlot(guest, { flags: KVM_MEM_LOG_DIRTY_PAGES | KVM_MEM_READONLY, memorySize: 4 * PAGE })).toBe('EINVAL');
    expect(setSlot(guest, { flags: KVM_MEM_LOG_DIRTY_PAGES, memorySize: 4 * PAGE, guestPhysAddr: 0 })).toBe('EEXIST');
    expect(getDirty(guest, 4)).toEqual([0]);
  });

  it('that deletes and creates it again starts empty', () => {
    const guest = logging();
    guest.vm.memory.writeU8(HIGH, 1);
    setSlot(guest, { memorySize: 0 });
    setSlot(guest, { memorySize: 4 * PAGE, flags: KVM_MEM_LOG_DIRTY_PAGES });
    expect(getDirty(guest, 4)).toEqual([]);
  });
});
