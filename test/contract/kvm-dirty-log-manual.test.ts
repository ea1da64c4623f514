// KVM_CAP_MANUAL_DIRTY_LOG_PROTECT2 and KVM_CLEAR_DIRTY_LOG (reference KVM-API.md 4; api.rst 4.117 and 7.18): with manual protect GET neither
// clears nor protects again, CLEAR does both for the pages it names.
import { describe, expect, it } from 'vitest';
import {
  Cap,
  KVM_DIRTY_LOG_INITIALLY_SET,
  KVM_DIRTY_LOG_MANUAL_PROTECT_ENABLE,
  KVM_MEM_LOG_DIRTY_PAGES,
} from '../../src/kvm/constants.ts';
import { errnoOf, Guest, mapPage } from '../support/kvm/guest.ts';
import { b, label, li, nop, sw, t0, t1, t2 } from '../support/kvm/mips-words.ts';
import { bitmapBytes, clearDirty, getDirty, HIGH, HIGH_VA, PAGE, setSlot } from '../support/kvm/slots.ts';

const BOTH = KVM_DIRTY_LOG_MANUAL_PROTECT_ENABLE | KVM_DIRTY_LOG_INITIALLY_SET;

const enable = (guest: Guest, options: bigint, flags = 0): string =>
  errnoOf(() => guest.vm.enableCap(Cap.MANUAL_DIRTY_LOG_PROTECT2, flags, [options, 0n, 0n, 0n]));

const createSlot = (guest: Guest, pages: number): string =>
  setSlot(guest, { flags: KVM_MEM_LOG_DIRTY_PAGES, memorySize: pages * PAGE });

/** A guest whose slot 1 has `pages` pages and logs, after KVM_ENABLE_CAP with `options`. */
function logging(pages: number, options = KVM_DIRTY_LOG_MANUAL_PROTECT_ENABLE): Guest {
  const guest = new Guest();
  enable(guest, options);
  createSlot(guest, pages);
  guest.setGpr(t1, HIGH_VA);
  return guest;
}

const dirty = (guest: Guest, ...pages: number[]): void => {
  for (const page of pages) guest.vm.memory.writeU8(HIGH + page * PAGE, 1);
};
const upTo = (end: number): number[] => Array.from({ length: end }, (_, page) => page);

describe('KVM_ENABLE_CAP of MANUAL_DIRTY_LOG_PROTECT2', () => {
  it.each([
    ['off', 0n, 'success'],
    ['manual protect', 1n, 'success'],
    ['manual protect, logs start full', 3n, 'success'],
    ['logs start full, without manual protect', 2n, 'EINVAL'],
    ['an unknown bit', 4n, 'EINVAL'],
    ['an unknown bit and the known ones', 7n, 'EINVAL'],
    ['the highest bit', 1n << 63n, 'EINVAL'],
  ])('%s (%d): %s', (_what, options, outcome) => {
    expect(enable(new Guest(), options)).toBe(outcome);
  });

  it('with flags is refused with EINVAL', () => {
    expect(enable(new Guest(), 1n, 1)).toBe('EINVAL');
  });

  it('refused changes nothing', () => {
    const guest = logging(2);
    enable(guest, 4n);
    enable(guest, 0n, 1);
    dirty(guest, 0);
    expect([getDirty(guest), getDirty(guest)]).toEqual([[0], [0]]);
  });

  it('and other capabilities of the VM are refused with EINVAL', () => {
    const guest = new Guest();
    for (const cap of [Cap.MIPS_FPU, Cap.MIPS_MSA, Cap.ONE_REG, Cap.IRQCHIP, 9999, -1])
      expect(errnoOf(() => guest.vm.enableCap(cap, 0, [0n, 0n, 0n, 0n]))).toBe('EINVAL');
  });

  it('may be turned off again: GET clears as before', () => {
    const guest = logging(2);
    enable(guest, 0n);
    dirty(guest, 1);
    expect([getDirty(guest), getDirty(guest)]).toEqual([[1], []]);
  });
});

describe('with manual protect', () => {
  it('GET clears nothing: what was dirty stays dirty', () => {
    const guest = logging(4);
    dirty(guest, 1, 3);
    expect([getDirty(guest, 4), getDirty(guest, 4)]).toEqual([
      [1, 3],
      [1, 3],
    ]);
  });

  it('CLEAR clears the pages whose bits are set, and no other', () => {
    const guest = logging(4);
    dirty(guest, 0, 1, 3);
    clearDirty(guest, [1, 2, 3], { numPages: 4 });
    expect(getDirty(guest, 4)).toEqual([0]);
  });

  it('a page that was cleared is dirty again at the next store, by whatever address it comes', () => {
    const guest = logging(4);
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
    for (let store = 0; store < 2; store++) {
      expect(getDirty(guest, 4)).toEqual([0]);
      clearDirty(guest, [0], { numPages: 4 });
      expect(getDirty(guest, 4)).toEqual([]);
      guest.enter(1);
    }
    expect(getDirty(guest, 4)).toEqual([0]);
  });

  it('stores to a page that stays dirty, and to one that was cleared, in one loop', () => {
    const guest = logging(4);
    guest.load([label('again'), sw(t0, 0, t1), sw(t0, PAGE, t1), b('again'), nop]);
    guest.enter(40);
    clearDirty(guest, [1], { numPages: 4 });
    guest.enter(1);
    expect(getDirty(guest, 4)).toEqual([0]);
    guest.enter(1);
    expect(getDirty(guest, 4)).toEqual([0, 1]);
  });

  it('a log that starts is empty unless INITIALLY_SET was asked for', () => {
    expect(getDirty(logging(4), 4)).toEqual([]);
  });
});

describe('INITIALLY_SET', () => {
  it.each([1, 4, 64, 70])('makes all %d pages of a new log dirty, and none beyond', (pages) => {
    expect(getDirty(logging(pages, BOTH), pages)).toEqual(upTo(pages));
  });

  it('makes them dirty when an existing slot begins to log, too', () => {
    const guest = new Guest();
    enable(guest, BOTH);
    setSlot(guest);
    setSlot(guest, { flags: KVM_MEM_LOG_DIRTY_PAGES });
    expect(getDirty(guest)).toEqual([0, 1]);
  });

  it('leaves the log of a slot that logs already', () => {
    const guest = new Guest();
    createSlot(guest, 4);
    dirty(guest, 2);
    enable(guest, BOTH);
    expect(getDirty(guest, 4)).toEqual([2]);
    // A move keeps the log it has.
    setSlot(guest, { flags: KVM_MEM_LOG_DIRTY_PAGES, memorySize: 4 * PAGE, guestPhysAddr: 2 * HIGH });
    expect(getDirty(guest, 4)).toEqual([2]);
  });

  it('pages are logged again once they have been cleared', () => {
    const guest = logging(4, BOTH);
    guest.load([label('again'), sw(t0, 0, t1), b('again'), nop]);
    guest.enter(30);
    clearDirty(guest, [0, 1], { numPages: 4 });
    expect(getDirty(guest, 4)).toEqual([2, 3]);
    guest.enter(3);
    expect(getDirty(guest, 4)).toEqual([0, 2, 3]);
  });
});

describe('KVM_CLEAR_DIRTY_LOG', () => {
  const clear = (guest: Guest, slot: number, firstPage: number, numPages: number, bytes = bitmapBytes(numPages)) =>
    errnoOf(() => guest.vm.clearDirtyLog({ slot, firstPage, numPages, bitmap: new Uint8Array(bytes).fill(0xff) }));

  it.each([
    ['a slot out of range', 16, 0, 64, 'EINVAL'],
    ['another address space', 0x10001, 0, 64, 'EINVAL'],
    ['a negative slot', -1, 0, 64, 'EINVAL'],
    ['a first page that is no multiple of 64', 1, 1, 64, 'EINVAL'],
    ['that, even of a slot that is not there', 5, 1, 64, 'EINVAL'],
    ['a slot that is not there', 5, 0, 64, 'ENOENT'],
    ['a slot that does not log', 0, 0, 64, 'ENOENT'],
    ['pages that are no multiple of 64, with more to come', 1, 0, 63, 'EINVAL'],
    ['the same at a later place', 1, 64, 2, 'EINVAL'],
    ['a range that goes on beyond the slot', 1, 0, 192, 'EINVAL'],
    ['one page beyond', 1, 0, 131, 'EINVAL'],
    ['a range that begins beyond the slot', 1, 192, 64, 'EINVAL'],
    ['a range that begins far beyond', 1, 2 ** 40, 64, 'EINVAL'],
    ['a negative first page', 1, -64, 64, 'EINVAL'],
    ['a number of pages that is none', 1, 0, Number.NaN, 'EINVAL'],
    ['half a page', 1, 0, 63.5, 'EINVAL'],
  ])('refuses %s (slot %d, pages %d + %d): %s', (_what, slot, firstPage, numPages, errno) => {
    const guest = logging(130);
    dirty(guest, 0, 129);
    expect(clear(guest, slot, firstPage, numPages, 4096)).toBe(errno);
    expect(getDirty(guest, 130)).toEqual([0, 129]);
  });

  it.each([
    ['everything', 0, 130, [64]],
    ['whole words from the start', 0, 64, [64, 127, 128, 129]],
    ['whole words in the middle', 64, 64, [0, 63, 128, 129]],
    ['up to the end of the slot, which is no multiple of 64', 64, 66, [0, 63]],
    ['the end alone', 128, 2, [0, 63, 64, 127]],
    ['nothing', 64, 0, [0, 63, 64, 127, 128, 129]],
  ])('takes %s', (_what, firstPage, numPages, left) => {
    const guest = logging(130);
    dirty(guest, 0, 63, 64, 127, 128, 129);
    const pages = upTo(130).filter((page) => page >= firstPage && page < firstPage + numPages && !left.includes(page));
    clearDirty(guest, pages, { firstPage, numPages });
    expect(getDirty(guest, 130)).toEqual(left);
  });

  it('takes an empty range at the very end of a slot of whole words', () => {
    expect(clear(logging(64), 1, 64, 0)).toBe('success');
  });

  it('refuses a bitmap below its pages, rounded up to 64, with EFAULT', () => {
    const guest = logging(130);
    dirty(guest, 0);
    expect(clear(guest, 1, 0, 130, 23)).toBe('EFAULT');
    expect(clear(guest, 1, 128, 2, 7)).toBe('EFAULT');
    expect(getDirty(guest, 130)).toEqual([0]);
    expect(clear(guest, 1, 128, 2, 8)).toBe('success');
  });

  it('does not look at bits beyond the end of the slot', () => {
    const guest = logging(3);
    dirty(guest, 0, 2);
    guest.vm.clearDirtyLog({ slot: 1, firstPage: 0, numPages: 3, bitmap: new Uint8Array(8).fill(0xff) });
    expect(getDirty(guest, 3)).toEqual([]);
  });

  it('without manual protect is not refused', () => {
    const guest = logging(2, 0n);
    dirty(guest, 0, 1);
    clearDirty(guest, [1]);
    expect(getDirty(guest)).toEqual([0]);
  });
});
