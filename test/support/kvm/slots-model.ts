// What virt/kvm/kvm_main.c does with memory slots and their dirty logs, said again in the plainest way: a map of slots, a set of pages each. The
// stress test holds the emulated KVM to it.
import { KVM_MEM_LOG_DIRTY_PAGES, KVM_MEM_READONLY } from '../../../src/kvm/constants.ts';
import type { MemoryRegion } from '../../../src/kvm/contract.ts';
import { PAGE } from './slots.ts';

interface ModelSlot {
  readonly region: MemoryRegion;
  /** Pages written since the log was last cleared; null when the slot does not log. */
  readonly dirty: Set<number> | null;
}

const overlap = (a: MemoryRegion, b: MemoryRegion): boolean =>
  a.guestPhysAddr < b.guestPhysAddr + b.memorySize && b.guestPhysAddr < a.guestPhysAddr + a.memorySize;

export class SlotsModel {
  manualProtect = false;
  initiallySet = false;
  private readonly slots = new Map<number, ModelSlot>();

  /** KVM_SET_USER_MEMORY_REGION of a well-formed region: 'success' or its errno. */
  set(region: MemoryRegion): string {
    const old = this.slots.get(region.slot);
    if (region.memorySize === 0) return this.slots.delete(region.slot) ? 'success' : 'EINVAL';
    if (old && old.region.memorySize !== region.memorySize) return 'EINVAL';
    if (old && old.region.userspaceAddr !== region.userspaceAddr) return 'EINVAL';
    if (old && ((old.region.flags ^ region.flags) & KVM_MEM_READONLY) !== 0) return 'EINVAL';
    for (const other of this.slots.values())
      if (other.region.slot !== region.slot && overlap(other.region, region)) return 'EEXIST';
    const logs = (region.flags & KVM_MEM_LOG_DIRTY_PAGES) !== 0;
    this.slots.set(region.slot, { region, dirty: logs ? (old?.dirty ?? this.newLog(region)) : null });
    return 'success';
  }

  private newLog(region: MemoryRegion): Set<number> {
    const pages = Array.from({ length: region.memorySize / PAGE }, (_, page) => page);
    return new Set(this.initiallySet ? pages : []);
  }

  get(slot: number): MemoryRegion | undefined {
    return this.slots.get(slot)?.region;
  }

  get regions(): readonly MemoryRegion[] {
    return [...this.slots.values()].map(({ region }) => region);
  }

  /** A store of the guest; one that leaves (no slot, READONLY) dirties nothing. */
  stored(gpa: number): void {
    const slot = this.at(gpa);
    if (slot && (slot.region.flags & KVM_MEM_READONLY) === 0) this.mark(slot, gpa, 1);
  }

  /** User space wrote `length` bytes inside one slot. */
  wrote(gpa: number, length: number): void {
    const slot = this.at(gpa);
    if (slot) this.mark(slot, gpa, length);
  }

  getDirty(slot: number): number[] | 'ENOENT' {
    const dirty = this.slots.get(slot)?.dirty;
    if (!dirty) return 'ENOENT';
    const pages = [...dirty].sort((a, b) => a - b);
    if (!this.manualProtect) dirty.clear();
    return pages;
  }

  clearDirty(slot: number, pages: readonly number[]): void {
    for (const page of pages) this.slots.get(slot)?.dirty?.delete(page);
  }

  private at(gpa: number): ModelSlot | undefined {
    return [...this.slots.values()].find(
      ({ region }) => gpa >= region.guestPhysAddr && gpa < region.guestPhysAddr + region.memorySize,
    );
  }

  private mark({ region, dirty }: ModelSlot, gpa: number, length: number): void {
    const first = Math.trunc((gpa - region.guestPhysAddr) / PAGE);
    const last = Math.trunc((gpa + length - 1 - region.guestPhysAddr) / PAGE);
    for (let page = first; page <= last; page++) dirty?.add(page);
  }
}
