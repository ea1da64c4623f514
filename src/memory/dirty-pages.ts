// Which pages of a memory slot were written: the bitmap behind KVM_GET_DIRTY_LOG and KVM_CLEAR_DIRTY_LOG
// (virt/kvm/kvm_main.c; reference KVM-API.md 4). Page i is bit i % 8 of byte i / 8, in whole 64-bit words.

const PAGE_SHIFT = 12;
const WORD_PAGES = 64;

export class DirtyPages {
  readonly pages: number;
  private readonly bits: Uint8Array;

  /** `initially` is what every page starts as. */
  constructor(pages: number, initially: 'clean' | 'dirty') {
    this.pages = pages;
    this.bits = new Uint8Array(bitmapBytes(pages));
    if (initially === 'dirty') for (let page = 0; page < pages; page++) this.mark(page);
  }

  isDirty(page: number): boolean {
    return (this.bits[page >>> 3]! & (1 << (page & 7))) !== 0;
  }

  /** Bytes [at, at + length) of the slot were written. */
  wrote(at: number, length: number): void {
    const last = Math.floor((at + length - 1) / 2 ** PAGE_SHIFT);
    for (let page = Math.floor(at / 2 ** PAGE_SHIFT); page <= last; page++) this.mark(page);
  }

  /** Copy the bitmap to the start of `into`. */
  copyTo(into: Uint8Array): void {
    into.set(this.bits);
  }

  /** Make every page clean. */
  clearAll(): void {
    this.bits.fill(0);
  }

  /** Make those of the pages [first, first + count) clean whose bit, counted from `first`, is set in `bitmap`. */
  clear(first: number, count: number, bitmap: Uint8Array): void {
    for (let i = 0; i < count; i++)
      if ((bitmap[i >>> 3]! & (1 << (i & 7))) !== 0) this.bits[(first + i) >>> 3]! &= ~(1 << ((first + i) & 7));
  }

  private mark(page: number): void {
    this.bits[page >>> 3]! |= 1 << (page & 7);
  }
}

/** Bytes of a bitmap of so many pages: whole 64-bit words. */
export function bitmapBytes(pages: number): number {
  return Math.ceil(pages / WORD_PAGES) * (WORD_PAGES / 8);
}
