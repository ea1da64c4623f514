// Memory slots: KVM_SET_USER_MEMORY_REGION with the kernel's rules and errors (virt/kvm/kvm_main.c; reference KVM-API.md 3).
import { KVM_MEM_LOG_DIRTY_PAGES, KVM_MEM_READONLY } from '../../kvm/constants.ts';
import type { MemoryRegion } from '../../kvm/contract.ts';
import { KvmError } from '../../kvm/errors.ts';
import type { BackedRange } from '../../memory/guest-memory.ts';
import { PAGE_SIZE } from './layout.ts';

export const MEMORY_SLOTS = 16;
const MAX_PAGES = 2 ** 31 - 1;

function refuse(errno: 'EINVAL' | 'EEXIST', why: string): never {
  throw new KvmError(errno, 'KVM_SET_USER_MEMORY_REGION', why);
}

export class MemorySlots {
  private readonly slots: (MemoryRegion | undefined)[] = new Array(MEMORY_SLOTS).fill(undefined);
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
    this.slots[region.slot] = region;
    return true;
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
