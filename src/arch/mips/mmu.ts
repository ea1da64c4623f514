// What of the TLB stays in TypeScript: power-on, TLBR, and where the search looks when page sizes change. The rest is in tlb.ts
// (MIPS32 Volume III).
import { Access, type CoreServices, type VmType } from '../../cpu/isa/architecture.ts';
import { CP0, ENTRYLO, EXC, TLB_BUCKETS, TLB_ENTRIES } from './registers.ts';

/** An EntryHi that no mapped address matches: it lies in KSEG0. */
const UNMATCHABLE = 0x80000000;
/** Entries with an unusual page size before it becomes the usual one. */
const MANY_OTHERS = TLB_ENTRIES / 2;

export class MipsMmu {
  private readonly services: CoreServices;
  private readonly vmType: VmType;
  private readonly i32: Int32Array;
  private readonly i64: BigInt64Array;
  private readonly cp0: number;
  private readonly tlbHi: number;
  private readonly tlbMask: number;
  private readonly tlbLo0: number;
  private readonly tlbLo1: number;
  /** Index into i64. */
  private readonly buckets: number;
  private readonly others: number;
  private readonly usualMask: number;
  private readonly shift: number;

  constructor(services: CoreServices, vmType: VmType) {
    this.services = services;
    this.vmType = vmType;
    this.i32 = services.i32;
    this.i64 = services.i64;
    const word = (bank: string): number => services.banks[bank]!.offset >> 2;
    this.cp0 = word('cp0');
    this.tlbHi = word('tlbHi');
    this.tlbMask = word('tlbMask');
    this.tlbLo0 = word('tlbLo0');
    this.tlbLo1 = word('tlbLo1');
    this.buckets = word('tlbBucket') >> 1;
    this.others = word('tlbOthers') >> 1;
    this.usualMask = word('tlbUsualMask');
    this.shift = word('tlbShift');
  }

  /** Power-on: no entry matches. */
  reset(): void {
    this.i32.fill(UNMATCHABLE | 0, this.tlbHi, this.tlbHi + TLB_ENTRIES);
    this.sort(0);
  }

  /** Entry `index` has been written with another page mask than the usual one. */
  unusualPageMask(index: number): void {
    this.i64[this.others]! |= 1n << BigInt(index);
    const mask = this.i32[this.tlbMask + index]! | 0x1fff;
    const odd = (mask & (mask + 1)) !== 0;
    let others = 0;
    for (let i = 0; i < TLB_ENTRIES; i++) if (this.i32[this.tlbMask + i] !== this.i32[this.usualMask]) others++;
    if (!odd && others > MANY_OTHERS) this.sort(this.i32[this.tlbMask + index]!);
  }

  /** Sort the entries anew by where the search looks for them; `usualMask` has no holes. */
  private sort(usualMask: number): void {
    const { i32, i64 } = this;
    const shift = 32 - Math.clz32(usualMask | 0x1fff);
    i32[this.usualMask] = usualMask;
    i32[this.shift] = shift;
    i64.fill(0n, this.buckets, this.buckets + TLB_BUCKETS);
    i64[this.others] = 0n;
    for (let index = 0; index < TLB_ENTRIES; index++) {
      const bucket = this.buckets + ((i32[this.tlbHi + index]! >>> shift) & (TLB_BUCKETS - 1));
      const at = i32[this.tlbMask + index] === usualMask ? bucket : this.others;
      i64[at]! |= 1n << BigInt(index);
    }
  }

  /** TLBR. */
  readEntry(): void {
    const index = this.i32[this.cp0 + CP0.INDEX]! & (TLB_ENTRIES - 1);
    const global = this.i32[this.tlbLo0 + index]! & this.i32[this.tlbLo1 + index]! & ENTRYLO.G;
    const oldAsid = this.i32[this.cp0 + CP0.ENTRYHI]! & 0xff;
    const entryHi = this.i32[this.tlbHi + index]!;
    this.i32[this.cp0 + CP0.PAGEMASK] = this.i32[this.tlbMask + index]!;
    this.i32[this.cp0 + CP0.ENTRYHI] = entryHi;
    this.i32[this.cp0 + CP0.ENTRYLO0] = (this.i32[this.tlbLo0 + index]! & ~ENTRYLO.G) | global;
    this.i32[this.cp0 + CP0.ENTRYLO1] = (this.i32[this.tlbLo1 + index]! & ~ENTRYLO.G) | global;
    if ((entryHi & 0xff) === oldAsid) return;
    if (this.vmType === 'trap-and-emulate') this.services.observer.asidChanged(oldAsid, entryHi & 0xff);
    this.services.dropMapped('not-global');
  }
}

/** Trap code of a misaligned access, and of one that the privilege does not allow. */
export function misaligned(access: Access): number {
  return access === Access.WRITE ? EXC.AdES : EXC.AdEL;
}
