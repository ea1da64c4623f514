// KVM_GET_DIRTY_LOG (reference KVM-API.md 4): which pages of a slot were written since the log was last given, whoever wrote. User space's
// own writes and changes of the slot: kvm-dirty-log-slots.test.ts; manual protect and KVM_CLEAR_DIRTY_LOG: kvm-dirty-log-manual.test.ts.
import { describe, expect, it } from 'vitest';
import { KVM_MEM_LOG_DIRTY_PAGES } from '../../src/kvm/constants.ts';
import { CODE, DATA, errnoOf, Guest, mapPage, SPARE } from '../support/kvm/guest.ts';
import {
  addiu,
  addu,
  b,
  bne,
  label,
  li,
  ll,
  lw,
  nop,
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
  zero,
} from '../support/kvm/mips-words.ts';
import { bitmapBytes, getDirty, HIGH, HIGH_VA, PAGE, setSlot } from '../support/kvm/slots.ts';

const EINTR = -4;

/** A guest whose slot 1 has `pages` pages and logs; t1 is its KSEG0 address. */
function logging(pages = 4, options: ConstructorParameters<typeof Guest>[0] = {}): Guest {
  const guest = new Guest(options);
  setSlot(guest, { flags: KVM_MEM_LOG_DIRTY_PAGES, memorySize: pages * PAGE });
  for (const vcpu of guest.vcpus) guest.setGpr(t1, HIGH_VA, vcpu);
  return guest;
}

describe('KVM_GET_DIRTY_LOG refuses', () => {
  const get = (guest: Guest, slot: number, bytes = 8): string =>
    errnoOf(() => guest.vm.getDirtyLog(slot, new Uint8Array(bytes)));

  it.each([16, 17, 0xffff, -1, 0.5, Number.NaN, 2 ** 32])('slot number %d with EINVAL', (slot) => {
    expect(get(logging(), slot)).toBe('EINVAL');
  });

  it('another address space with EINVAL: there is only one', () => {
    expect(get(logging(), 0x10001)).toBe('EINVAL');
  });

  it('a slot that is not there with ENOENT', () => {
    expect(get(logging(), 2)).toBe('ENOENT');
  });

  it('a slot that does not log with ENOENT', () => {
    const guest = logging();
    expect(get(guest, 0)).toBe('ENOENT');
    setSlot(guest, { memorySize: 4 * PAGE });
    expect(get(guest, 1)).toBe('ENOENT');
  });

  it('a slot that is deleted with ENOENT', () => {
    const guest = logging();
    setSlot(guest, { memorySize: 0 });
    expect(get(guest, 1)).toBe('ENOENT');
  });

  it.each([
    [1, 8],
    [64, 8],
    [65, 16],
    [128, 16],
    [129, 24],
  ])('for %d pages a bitmap below %d bytes with EFAULT; its size is rounded up to 64 pages', (pages, bytes) => {
    const guest = logging(pages);
    expect(get(guest, 1, bytes - 1)).toBe('EFAULT');
    expect(get(guest, 1, bytes)).toBe('success');
    expect(get(guest, 1, bytes + 100)).toBe('success');
    expect(bitmapBytes(pages)).toBe(bytes);
  });
});

describe('a dirty log', () => {
  it('starts empty, whatever was written before', () => {
    const guest = new Guest();
    setSlot(guest, { memorySize: 4 * PAGE });
    guest.vm.memory.writeU32(HIGH, 1, 'little');
    guest.setGpr(t1, HIGH_VA);
    guest.load([sw(t0, 0, t1), nop, ...spin]);
    guest.enter(1);
    setSlot(guest, { memorySize: 4 * PAGE, flags: KVM_MEM_LOG_DIRTY_PAGES });
    expect(getDirty(guest, 4)).toEqual([]);
  });

  it.each([
    ['SB', [sb(t0, PAGE + 3, t1)], [1]],
    ['SH', [sh(t0, 2 * PAGE, t1)], [2]],
    ['SW', [sw(t0, 2 * PAGE - 4, t1)], [1]],
    ['SWL', [swl(t0, PAGE + 5, t1)], [1]],
    ['SWR', [swr(t0, PAGE + 5, t1)], [1]],
    ['SC that succeeds', [ll(t0, PAGE, t1), sc(t0, PAGE, t1)], [1]],
    ['SC that fails', [sc(t0, PAGE, t1)], []],
    ['a load', [lw(t0, PAGE, t1)], []],
    ['two pages', [sw(t0, 3 * PAGE, t1), sw(t0, 0, t1)], [0, 3]],
  ])('is told by %s', (_what, code, pages) => {
    for (const endianness of ['little', 'big'] as const) {
      const guest = logging(4, { endianness });
      guest.load([code, ...spin]);
      guest.enter(code.length);
      expect(getDirty(guest, 4)).toEqual(pages);
    }
  });

  it('is told by a store in a delay slot, and by a user-mode store through the TLB', () => {
    const guest = logging();
    guest.load([
      b('on'),
      sw(t0, PAGE, t1),
      nop,
      label('on'),
      mapPage(0x4000, HIGH + 2 * PAGE),
      li(t1, 0x4000),
      sw(t0, 0, t1),
      ...spin,
    ]);
    expect(guest.enter(100)).toBe(EINTR);
    expect(getDirty(guest, 4)).toEqual([1, 2]);
  });

  it('is forgotten when it is given: the next one starts empty', () => {
    const guest = logging();
    guest.load([sw(t0, 0, t1), ...spin]);
    guest.enter(1);
    expect([getDirty(guest, 4), getDirty(guest, 4)]).toEqual([[0], []]);
  });

  it('sees the first store after it was given, even by a loop that stores all the time', () => {
    const guest = logging();
    guest.load([label('again'), sw(s0, 0, t1), sw(s0, PAGE, t1), addiu(s0, s0, 1), b('again'), nop]);
    guest.enter(50);
    expect(getDirty(guest, 4)).toEqual([0, 1]);
    for (let round = 0; round < 5; round++) {
      guest.enter(5);
      expect(getDirty(guest, 4)).toEqual([0, 1]);
    }
    expect(guest.pc).toBe(0x40010000);
    guest.enter(1);
    expect(getDirty(guest, 4)).toEqual([0]);
    guest.enter(1);
    expect(getDirty(guest, 4)).toEqual([1]);
  });

  it('sees it through every address that leads to the page', () => {
    const guest = logging();
    guest.load([
      mapPage(0x60004000, HIGH),
      li(t2, 0x60004000),
      label('again'),
      sw(t0, 0, t2),
      sw(t0, 4, t1),
      b('again'),
      nop,
    ]);
    guest.enter(13 + 4);
    expect(getDirty(guest, 4)).toEqual([0]);
    guest.enter(1);
    expect(getDirty(guest, 4)).toEqual([0]); // through 0x60004000
    guest.enter(1);
    expect(getDirty(guest, 4)).toEqual([0]); // through KSEG0
  });

  it('sees it from every vCPU', () => {
    const guest = logging(4, { vcpus: 3 });
    guest.load([label('again'), sw(t0, 0, t1), b('again'), nop]);
    for (const vcpu of guest.vcpus) guest.enter(30, vcpu);
    expect(getDirty(guest, 4)).toEqual([0]);
    for (const vcpu of guest.vcpus) {
      guest.enter(3, vcpu);
      expect(getDirty(guest, 4)).toEqual([0]);
      expect(getDirty(guest, 4)).toEqual([]);
    }
  });

  it('sees a store into the page that the guest runs from, and the new instruction is executed', () => {
    const guest = logging();
    guest.load([label('again'), nop, addiu(s0, s0, 1), b('again'), sw(t0, 4, t1)], HIGH_VA);
    expect(getDirty(guest, 4)).toEqual([0]); // loading is writing
    guest.pc = HIGH_VA;
    guest.setGpr(t0, addiu(s0, s0, 10));
    guest.enter(4);
    expect(getDirty(guest, 4)).toEqual([0]);
    guest.enter(4);
    expect(getDirty(guest, 4)).toEqual([0]);
    expect(guest.gpr(s0)).toBe(11);
  });

  it('of more pages than any cache of translations holds at first: every one is seen again after it was given', () => {
    const guest = logging(300);
    guest.load([label('next'), sw(t0, 0, t1), addiu(t0, t0, -1), bne(t0, zero, 'next'), addu(t1, t1, t2), ...spin]);
    for (let round = 0; round < 3; round++) {
      guest.setGpr(t0, 300);
      guest.setGpr(t1, HIGH_VA);
      guest.setGpr(t2, PAGE);
      guest.pc = CODE;
      guest.enter(2000);
      expect(getDirty(guest, 300)).toHaveLength(300);
      expect(getDirty(guest, 300)).toEqual([]);
    }
  });

  it('has bit i of byte i / 8 for page i, and nothing beyond the last page', () => {
    const guest = logging(100);
    const pages = [0, 1, 7, 8, 63, 64, 65, 99];
    for (const page of pages) guest.vm.memory.writeU8(HIGH + page * PAGE + 5, 1);
    const bitmap = new Uint8Array(16).fill(0xff);
    guest.vm.getDirtyLog(1, bitmap);
    expect([...bitmap]).toEqual([0x83, 1, 0, 0, 0, 0, 0, 0x80, 0x03, 0, 0, 0, 0x08, 0, 0, 0]);
  });

  it('is not told of stores to other slots, nor of stores that leave', () => {
    const guest = logging(2);
    guest.load([sw(t0, 0, s0), sw(t0, 2 * PAGE, t1), ...spin]);
    guest.setGpr(s0, DATA);
    expect(guest.enter(100)).toBe(0);
    expect(getDirty(guest)).toEqual([]);
  });

  it('of each slot is its own', () => {
    const guest = logging(2);
    setSlot(guest, {
      slot: 2,
      flags: KVM_MEM_LOG_DIRTY_PAGES,
      guestPhysAddr: 2 * HIGH,
      userspaceAddr: SPARE + 2 * PAGE,
    });
    guest.vm.memory.writeU8(HIGH, 1);
    guest.vm.memory.writeU8(2 * HIGH + PAGE, 1);
    expect(getDirty(guest, 2, 2)).toEqual([1]);
    expect(getDirty(guest, 2, 1)).toEqual([0]);
  });

  it('of two slots with one backing: each knows what was written at its own addresses', () => {
    const guest = logging(2);
    setSlot(guest, { slot: 2, flags: KVM_MEM_LOG_DIRTY_PAGES, guestPhysAddr: 2 * HIGH });
    guest.load([sw(t0, 0, t1), sw(t0, PAGE, t2), ...spin]);
    guest.setGpr(t2, 0x40000000 + 2 * HIGH);
    guest.enter(2);
    expect([getDirty(guest, 2, 1), getDirty(guest, 2, 2)]).toEqual([[0], [1]]);
  });
});

describe('logging', () => {
  it('changes nothing in the guest: the same state, count and time with and without, however often it is given', () => {
    const run = (flags: number): string => {
      const guest = new Guest();
      setSlot(guest, { flags });
      guest.load([
        li(t2, 40),
        label('again'),
        addu(t1, t1, t2),
        sw(t0, 0, t1),
        addiu(t2, t2, -4),
        bne(t2, 0, 'again'),
        nop,
        ...spin,
      ]);
      guest.setGpr(t1, HIGH_VA);
      for (let slice = 0; slice < 10; slice++) {
        guest.enter(6);
        if (flags !== 0) getDirty(guest);
      }
      return guest.hash();
    };
    expect(run(KVM_MEM_LOG_DIRTY_PAGES)).toBe(run(0));
  });
});
