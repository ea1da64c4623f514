// Memory slots beyond slot 0 for contract tests, and their dirty logs as lists of page numbers.
import type { MemoryRegion } from '../../../src/kvm/contract.ts';
import { errnoOf, type Guest, SPARE } from './guest.ts';

export const PAGE = 0x1000;
/** A guest-physical address beyond slot 0, and the KSEG0 address that leads there. */
export const HIGH = 0x400000;
export const HIGH_VA = 0x40000000 + HIGH;

/** Slot 1: two pages at HIGH. */
const region = (change: Partial<MemoryRegion> = {}): MemoryRegion => ({
  slot: 1,
  flags: 0,
  guestPhysAddr: HIGH,
  memorySize: 2 * PAGE,
  userspaceAddr: SPARE,
  ...change,
});

/** KVM_SET_USER_MEMORY_REGION: 'success' or its errno. */
export const setSlot = (guest: Guest, change: Partial<MemoryRegion> = {}): string =>
  errnoOf(() => guest.vm.setUserMemoryRegion(region(change)));

/** Bytes of the bitmap of `pages` pages: whole 64-bit words. */
export const bitmapBytes = (pages: number): number => 8 * Math.ceil(pages / 64);

function bitmapOf(pages: readonly number[], count: number): Uint8Array {
  const bitmap = new Uint8Array(bitmapBytes(count));
  for (const page of pages) bitmap[page >> 3]! |= 1 << (page & 7);
  return bitmap;
}

function pagesOf(bitmap: Uint8Array): number[] {
  return Array.from({ length: 8 * bitmap.length }, (_, page) => page).filter(
    (page) => (bitmap[page >> 3]! & (1 << (page & 7))) !== 0,
  );
}

/** KVM_GET_DIRTY_LOG: the dirty pages of a slot of `count` pages, in order. */
export function getDirty(guest: Guest, count = 2, slot = 1): number[] {
  // What was in the bitmap before must not show.
  const bitmap = new Uint8Array(bitmapBytes(count)).fill(0xff);
  guest.vm.getDirtyLog(slot, bitmap);
  return pagesOf(bitmap);
}

/** KVM_CLEAR_DIRTY_LOG of `pages` (numbers in the slot) in a range. */
export function clearDirty(
  guest: Guest,
  pages: readonly number[],
  { slot = 1, firstPage = 0, numPages = 2 }: { slot?: number; firstPage?: number; numPages?: number } = {},
): void {
  const bitmap = bitmapOf(
    pages.map((page) => page - firstPage),
    numPages,
  );
  guest.vm.clearDirtyLog({ slot, firstPage, numPages, bitmap });
}
