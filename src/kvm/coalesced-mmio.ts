// The coalesced MMIO ring: struct kvm_coalesced_mmio_ring, one page behind kvm_run (virt/kvm/coalesced_mmio.c; reference
// KVM-API.md 2 and 5). KVM puts stores in at `last`, user space takes them out at `first`; one entry always stays free.

const PAGE_SIZE = 4096;
const HEADER_SIZE = 8;
const ENTRY_SIZE = 24;
/** Entries of the ring. */
export const KVM_COALESCED_MMIO_MAX = Math.trunc((PAGE_SIZE - HEADER_SIZE) / ENTRY_SIZE);

/** struct kvm_coalesced_mmio. */
export interface CoalescedMmio {
  physAddr: number;
  len: number;
  pio: number;
  /** Bytes in the guest's memory order; `len` of them count. */
  readonly data: Uint8Array;
}

export interface CoalescedMmioRing {
  /** Index of the oldest entry; user space moves it. */
  first: number;
  /** Index of the next free entry; KVM moves it. */
  last: number;
  readonly entries: readonly CoalescedMmio[];
}

export function createCoalescedMmioRing(): CoalescedMmioRing {
  const entry = (): CoalescedMmio => ({ physAddr: 0, len: 0, pio: 0, data: new Uint8Array(8) });
  return { first: 0, last: 0, entries: Array.from({ length: KVM_COALESCED_MMIO_MAX }, entry) };
}
