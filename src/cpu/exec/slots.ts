// Memory slots and their dirty logs: KVM_SET_USER_MEMORY_REGION, KVM_GET_DIRTY_LOG and KVM_CLEAR_DIRTY_LOG with the kernel's rules and
// errors (virt/kvm/kvm_main.c; reference KVM-API.md 3 and 4).
import { KVM_MEM_LOG_DIRTY_PAGES, KVM_MEM_READONLY } from '../../kvm/constants.ts';
import type { DirtyLogRange, MemoryRegion } from '../../kvm/contract.ts';
import { KvmError } from '../../kvm/errors.ts';
import { bitmapBytes, DirtyPages } from '../../memory/dirty-pages.ts';
import type { BackedRange } from '../../memory/guest-memory.ts';
import { PAGE_SIZE, SLOT, SLOT_COUNT, SLOT_SIZE, SLOTS } from './layout.ts';

export const MEMORY_SLOTS = 16;
const MAX_PAGES = 2 ** 31 - 1;

function refuse(errno: 'EINVAL' | 'EEXIST', why: string): never {
  throw new KvmError(errno, 'KVM_SET_USER_MEMORY_REGION', why);
}

/** Dirty logs take 64 pages at a time. */
const WORD_PAGES = 64;

/** A slot whose log changed: its write translations must be looked at again. */
export interface LoggedSlot {
  readonly region: MemoryRegion;
  readonly dirty: DirtyPages;
}

export class MemorySlots {
  /** KVM_CAP_MANUAL_DIRTY_LOG_PROTECT2: is GET without effect, and do new logs start with every page dirty? */
  manualProtect = false;
  initiallySet = false;
  private readonly slots: (MemoryRegion | undefined)[] = new Array(MEMORY_SLOTS).fill(undefined);
  private readonly logs: (DirtyPages | undefined)[] = new Array(MEMORY_SLOTS).fill(undefined);
  private readonly arenaSize: number;

  constructor(arenaSize: number) {
    this.arenaSize = arenaSize;
  }

  /** Apply a region; true when translations must be dropped. Throws KvmError EINVAL or EEXIST. */
  set(region: MemoryRegion): boolean {
    this.check(region);
    const old = this.slots[region.slot];
    if (region.memorySize === 0) {
      if (!old) refuse('EINVAL', `slot ${region.slot} does not exist`);
      this.slots[region.slot] = undefined;
      this.logs[region.slot] = undefined;
      return true;
    }
    if (old) {
      const changed =
        old.memorySize !== region.memorySize ||
        old.userspaceAddr !== region.userspaceAddr ||
        ((old.flags ^ region.flags) & KVM_MEM_READONLY) !== 0;
      if (changed) refuse('EINVAL', 'size, backing and READONLY of an existing slot cannot change');
      if (old.guestPhysAddr === region.guestPhysAddr && old.flags === region.flags) return false;
    }
    for (const other of this.slots) {
      if (!other || other.slot === region.slot) continue;
      const apart =
        region.guestPhysAddr + region.memorySize <= other.guestPhysAddr ||
        other.guestPhysAddr + other.memorySize <= region.guestPhysAddr;
      if (!apart) refuse('EEXIST', `overlaps slot ${other.slot}`);
    }
    this.slots[region.slot] = { ...region };
    if ((region.flags & KVM_MEM_LOG_DIRTY_PAGES) === 0) this.logs[region.slot] = undefined;
    else
      this.logs[region.slot] ??= new DirtyPages(region.memorySize / PAGE_SIZE, this.initiallySet ? 'dirty' : 'clean');
    return true;
  }

  /** Copy a slot's log out; the slot when its pages became clean by that. Throws KvmError EINVAL, ENOENT or EFAULT. */
  getDirtyLog(slot: number, bitmap: Uint8Array): LoggedSlot | null {
    const logged = this.logged('KVM_GET_DIRTY_LOG', slot);
    if (bitmap.length < bitmapBytes(logged.dirty.pages))
      throw new KvmError('EFAULT', 'KVM_GET_DIRTY_LOG', `a bitmap of ${bitmap.length} bytes is too short`);
    logged.dirty.copyTo(bitmap);
    if (this.manualProtect) return null;
    logged.dirty.clearAll();
    return logged;
  }

  /** Make pages clean. Throws KvmError EINVAL, ENOENT or EFAULT. */
  clearDirtyLog({ slot, firstPage, numPages, bitmap }: DirtyLogRange): LoggedSlot {
    const call = 'KVM_CLEAR_DIRTY_LOG';
    if (!isCount(firstPage) || !isCount(numPages)) throw new KvmError('EINVAL', call, 'page numbers are no numbers');
    if (firstPage % WORD_PAGES !== 0)
      throw new KvmError('EINVAL', call, `first page ${firstPage} is no multiple of 64`);
    const logged = this.logged(call, slot);
    const { pages } = logged.dirty;
    if (firstPage + numPages > pages) throw new KvmError('EINVAL', call, `the slot has ${pages} pages`);
    if (firstPage + numPages < pages && numPages % WORD_PAGES !== 0)
      throw new KvmError('EINVAL', call, `${numPages} pages are no multiple of 64 and do not end the slot`);
    if (bitmap.length < bitmapBytes(numPages))
      throw new KvmError('EFAULT', call, `a bitmap of ${bitmap.length} bytes is too short`);
    logged.dirty.clear(firstPage, numPages, bitmap);
    return logged;
  }

  private logged(call: string, slot: number): LoggedSlot {
    if (!Number.isInteger(slot) || slot < 0 || slot >= MEMORY_SLOTS)
      throw new KvmError('EINVAL', call, `slot ${slot} out of range`);
    const region = this.slots[slot];
    const dirty = this.logs[slot];
    if (!region || !dirty) throw new KvmError('ENOENT', call, `slot ${slot} has no dirty log`);
    return { region, dirty };
  }

  ranges(): BackedRange[] {
    return this.slots.flatMap((slot) =>
      slot
        ? [
            {
              gpa: slot.guestPhysAddr,
              size: slot.memorySize,
              offset: slot.userspaceAddr,
              readonly: (slot.flags & KVM_MEM_READONLY) !== 0,
              dirty: this.logs[slot.slot] ?? null,
            },
          ]
        : [],
    );
  }

  private check(region: MemoryRegion): void {
    const { slot, flags, guestPhysAddr, memorySize, userspaceAddr } = region;
    if (!Number.isInteger(slot) || slot < 0 || slot >= MEMORY_SLOTS) refuse('EINVAL', `slot ${slot} out of range`);
    if (
      !Number.isInteger(flags) ||
      flags < 0 ||
      flags > 0xffffffff ||
      (flags & ~(KVM_MEM_LOG_DIRTY_PAGES | KVM_MEM_READONLY)) !== 0
    )
      refuse('EINVAL', `unknown flags ${flags}`);
    for (const value of [guestPhysAddr, memorySize, userspaceAddr])
      if (!Number.isSafeInteger(value) || value < 0 || value % PAGE_SIZE !== 0)
        refuse('EINVAL', 'address, size and backing must be page-aligned');
    if (memorySize / PAGE_SIZE > MAX_PAGES) refuse('EINVAL', 'too many pages');
    if (!Number.isSafeInteger(guestPhysAddr + memorySize)) refuse('EINVAL', 'the range wraps');
    if (memorySize > 0 && userspaceAddr + memorySize > this.arenaSize)
      refuse('EINVAL', 'the backing lies outside the host memory');
  }
}

function isCount(value: number): boolean {
  return Number.isSafeInteger(value) && value >= 0;
}

/** What the program's slow paths know of the slots: those that guest-physical addresses of 32 bits reach. `watched`: writes to all of them need the host. */
export function writeSlots(memory: Uint32Array, arena: number, ranges: readonly BackedRange[], watched = false): void {
  const reached = ranges.filter(({ gpa }) => gpa < 2 ** 32);
  memory[SLOT_COUNT >>> 2] = reached.length;
  for (const [i, { gpa, size, offset, readonly, dirty }] of reached.entries()) {
    const put = (at: number, value: number): void => {
      memory[(SLOTS + i * SLOT_SIZE + at) >>> 2] = value;
    };
    put(SLOT.GPA, gpa);
    put(SLOT.SIZE, Math.min(size, 2 ** 32 - gpa));
    put(SLOT.HOST, arena + offset);
    put(SLOT.WATCHED, readonly || dirty || watched ? 1 : 0);
  }
}
