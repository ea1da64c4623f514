// Address translation: the segment map of each machine type, and the joint TLB, written with the emitter: it runs in WebAssembly
// (MIPS32 Volume III; trap-and-emulate segments: reference MIPS.md A1).

import type { I32 } from '../../cpu/emit/values.ts';
import {
  Access,
  type Routine,
  Translated,
  WORD_GLOBAL,
  WORD_MAPPED,
  WORD_TRAP_SHIFT,
} from '../../cpu/isa/architecture.ts';
import { type MipsEmitter, mips } from './emitter.ts';
import { CP0, ENTRYLO, EXC, STATUS, TLB_ENTRIES, TRAP_REFILL } from './registers.ts';

/** Larger pages are dropped from the engine's tables by a full flush. */
const MAX_PAGES_TO_DROP = 64;

const TE_KSEG0 = 0x40000000;
const TE_KSEG23 = 0x60000000;
/** KSEG0 of the host, and of a guest with ordinary segments. */
const KSEG0 = 0x80000000;
const KSEG23 = 0xc0000000;
const PHYSICAL_MASK = 0x1fffffff;

/** (virtual address) -> index of the matching TLB entry in the current address space, or -1. */
const tlbFind: Routine = {
  name: 'tlbFind',
  parameters: 1,
  build(emitter) {
    const e = mips(emitter);
    const address = e.parameter(0);
    const entryHi = e.cp0(CP0.ENTRYHI);
    const found = e.search(
      TLB_ENTRIES,
      (i) => {
        const hi = e.tlb('tlbHi', i);
        const covered = e.or(e.tlb('tlbMask', i), e.const(0x1fff));
        const samePage = e.eqz(e.and(e.xor(hi, address), e.not(covered)));
        const global = e.and(e.and(e.tlb('tlbLo0', i), e.tlb('tlbLo1', i)), e.const(ENTRYLO.G));
        const sameSpace = e.eqz(e.and(e.xor(hi, entryHi), e.const(0xff)));
        return e.and(samePage, e.or(global, sameSpace));
      },
      e.or64(e.tlbBucket(e.tlbBucketOf(address)), e.tlbOthers()),
    );
    e.return(found);
  },
};

/** Drop an entry's pages from the engine's tables. */
function forgetEntry(e: MipsEmitter, hi: I32, mask: I32): void {
  const size = e.add(e.or(mask, e.const(0x1fff)), e.const(1));
  const pages = e.shrU(size, e.const(12));
  const oddMask = e.and(size, e.sub(size, e.const(1))); // UNPREDICTABLE; it may cover pages far apart
  const all = e.or(oddMask, e.gtS(pages, e.const(MAX_PAGES_TO_DROP)));
  e.when(all, () => e.forgetTranslations('all'));
  e.when(e.eqz(all), () => {
    const first = e.and(e.and(hi, e.sub(e.const(0), size)), e.const(0xffffe000));
    e.call('forgetPages', first, pages);
  });
}

/** (index): TLBWI, TLBWR. */
const tlbWrite: Routine = {
  name: 'tlbWrite',
  parameters: 1,
  build(emitter) {
    const e = mips(emitter);
    const index = e.parameter(0);
    const oldHi = e.tlb('tlbHi', index);
    forgetEntry(e, oldHi, e.tlb('tlbMask', index));
    const mask = e.and(e.cp0(CP0.PAGEMASK), e.const(0x1fffe000));
    const hi = e.and(e.and(e.cp0(CP0.ENTRYHI), e.not(mask)), e.const(0xffffe0ff));
    const lo0 = e.and(e.cp0(CP0.ENTRYLO0), e.const(ENTRYLO.WRITABLE));
    const lo1 = e.and(e.cp0(CP0.ENTRYLO1), e.const(ENTRYLO.WRITABLE));
    const notGlobal = e.const(~ENTRYLO.G);
    const global = e.and(e.and(lo0, lo1), e.const(ENTRYLO.G));
    const self = e.shl64(e.const64(1n), e.zext64(index));
    const others = e.xor64(self, e.const64(-1n));
    const from = e.tlbBucketOf(oldHi);
    const to = e.tlbBucketOf(hi);
    const usual = e.eq(mask, e.usualPageMask());
    e.setTlb('tlbHi', index, hi);
    e.setTlb('tlbMask', index, mask);
    e.setTlb('tlbLo0', index, e.or(e.and(lo0, notGlobal), global));
    e.setTlb('tlbLo1', index, e.or(e.and(lo1, notGlobal), global));
    e.setTlbBucket(from, e.and64(e.tlbBucket(from), others));
    e.setTlbOthers(e.and64(e.tlbOthers(), others));
    // Reads see the state from before, also where both are one bucket.
    e.when(usual, () => e.setTlbBucket(to, e.or64(e.tlbBucket(to), self)));
    e.when(e.eqz(usual), () => e.helper('unusualPageMask', index));
    // A page that now matches another entry than before must be looked up again.
    forgetEntry(e, hi, mask);
    e.return(e.const(0));
  },
};

/** (virtual address, Access) -> where it leads (see readTranslation). */
const translate: Routine = {
  name: 'translate',
  parameters: 2,
  build(emitter) {
    const e = mips(emitter);
    const address = e.parameter(0);
    const access = e.parameter(1);
    const isWrite = e.eq(access, e.const(Access.WRITE));
    const below = (limit: number): I32 => e.ltU(address, e.const(limit));
    const notBelow = (limit: number): I32 => e.geU(address, e.const(limit));
    const page = (of: I32, flags: number): I32 => e.or(e.and(of, e.const(0xfffff000)), e.const(flags));
    const fault = (trap: I32): I32 => e.or(e.shl(trap, e.const(WORD_TRAP_SHIFT)), e.const(Translated.FAULT));
    const unmapped = (outcome: number): I32 => page(e.and(address, e.const(PHYSICAL_MASK)), outcome);
    const user = e.userMode(e.status());
    const addressError = fault(e.select(isWrite, e.const(EXC.AdES), e.const(EXC.AdEL)));
    const kernelOnly = (): void => e.when(user, () => e.return(addressError));

    e.when(e.trapAndEmulate(), () => {
      e.when(e.and(notBelow(TE_KSEG0), below(TE_KSEG23)), () => {
        kernelOnly();
        e.return(unmapped(Translated.PHYSICAL));
      });
      e.when(notBelow(TE_KSEG23), () => kernelOnly());
      e.when(notBelow(KSEG0), () => {
        const mmio = e.and(below(KSEG23), e.ne(access, e.const(Access.FETCH)));
        e.return(e.select(mmio, unmapped(Translated.MMIO), e.const(Translated.UNEMULATED)));
      });
    });
    e.when(e.eqz(e.trapAndEmulate()), () => {
      // KUSEG is unmapped while ERL is set; the entry goes when ERL does.
      e.when(e.and(below(KSEG0), e.isSet(e.status(), STATUS.ERL)), () =>
        e.return(page(address, Translated.PHYSICAL | WORD_MAPPED | WORD_GLOBAL)),
      );
      e.when(notBelow(KSEG0), () => {
        kernelOnly();
        e.when(below(KSEG23), () => e.return(unmapped(Translated.PHYSICAL)));
      });
    });

    const index = e.call('tlbFind', address);
    const excCode = e.select(isWrite, e.const(EXC.TLBS), e.const(EXC.TLBL));
    e.when(e.ltS(index, e.const(0)), () => e.return(fault(e.or(excCode, e.const(TRAP_REFILL)))));
    const inPair = e.or(e.tlb('tlbMask', index), e.const(0x1fff));
    const half = e.shrU(e.add(inPair, e.const(1)), e.const(1)); // bytes of one page of the pair
    const lo0 = e.tlb('tlbLo0', index);
    const lo1 = e.tlb('tlbLo1', index);
    const lo = e.select(e.and(address, half), lo1, lo0);
    e.when(e.eqz(e.and(lo, e.const(ENTRYLO.V))), () => e.return(fault(excCode)));
    e.when(e.and(isWrite, e.eqz(e.and(lo, e.const(ENTRYLO.D)))), () => e.return(fault(e.const(EXC.Mod))));
    const inPage = e.sub(half, e.const(1));
    const frame = e.and(e.shl(e.shrU(lo, e.const(ENTRYLO.PFN_SHIFT)), e.const(12)), e.not(inPage));
    const global = e.isSet(e.and(lo0, lo1), ENTRYLO.G);
    const flags = e.or(e.mul(global, e.const(WORD_GLOBAL)), e.const(WORD_MAPPED | Translated.PHYSICAL));
    e.return(e.or(page(e.or(frame, e.and(address, inPage)), 0), flags));
  },
};

/** (virtual address, trap code): the registers that tell of a fault. */
const recordFault: Routine = {
  name: 'recordFault',
  parameters: 2,
  build(emitter) {
    const e = mips(emitter);
    const address = e.parameter(0);
    const excCode = e.and(e.parameter(1), e.const(0x1f));
    e.setCp0(CP0.BADVADDR, address);
    const isAddressError = e.or(e.eq(excCode, e.const(EXC.AdEL)), e.eq(excCode, e.const(EXC.AdES)));
    e.when(e.eqz(isAddressError), () => {
      const pageNumber = e.shl(e.shrU(address, e.const(13)), e.const(4));
      e.setCp0(CP0.CONTEXT, e.or(e.and(e.cp0(CP0.CONTEXT), e.const(0xff800000)), pageNumber));
      const asid = e.and(e.cp0(CP0.ENTRYHI), e.const(0xff));
      e.setCp0(CP0.ENTRYHI, e.or(asid, e.and(address, e.const(0xffffe000))));
    });
    e.return(e.const(0));
  },
};

export const TLB_ROUTINES: readonly Routine[] = [tlbFind, tlbWrite, translate, recordFault];
