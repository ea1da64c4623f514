// The guest's TLB as people read it (MIPS32 Volume III: 4.9; reference MIPS.md A6).
import type { DebuggedCpu } from '../../../cpu/isa/debug-view.ts';
import { hex } from '../../../util/bits.ts';
import { CP0, ENTRYLO, TLB_ENTRIES } from '../registers.ts';

const SMALLEST_PAIR = 0x1fff;
const ASID = 0xff;
/** EntryLo.C. */
const CACHE_SHIFT = 3;
const UNCACHED = 2;

/** One entry, as it lies in the TLB; all numbers unsigned. */
export interface TlbEntry {
  readonly index: number;
  /** VPN2 and ASID. */
  readonly hi: number;
  /** Bits of an address that are inside of the pair of pages. */
  readonly inPair: number;
  readonly lo0: number;
  readonly lo1: number;
}

export interface TlbPage {
  readonly which: 'even' | 'odd';
  readonly lo: number;
  /** Guest-physical address of the page. */
  readonly frame: number;
  /** Bytes. */
  readonly size: number;
}

function tlbEntry(cpu: DebuggedCpu, index: number): TlbEntry {
  return {
    index,
    hi: cpu.bank('tlbHi', index),
    inPair: (cpu.bank('tlbMask', index) | SMALLEST_PAIR) >>> 0,
    lo0: cpu.bank('tlbLo0', index),
    lo1: cpu.bank('tlbLo1', index),
  };
}

export function tlbEntries(cpu: DebuggedCpu): TlbEntry[] {
  return Array.from({ length: TLB_ENTRIES }, (_, index) => tlbEntry(cpu, index));
}

export function asidOf(cpu: DebuggedCpu): number {
  return cpu.bank('cp0', CP0.ENTRYHI) & ASID;
}

/** Is `address` in the entry's pages, whatever the address space? */
export function covers({ hi, inPair }: TlbEntry, address: number): boolean {
  return ((hi ^ address) & ~inPair) === 0;
}

function isGlobal({ lo0, lo1 }: TlbEntry): boolean {
  return (lo0 & lo1 & ENTRYLO.G) !== 0;
}

export function isInSpace(entry: TlbEntry, asid: number): boolean {
  return isGlobal(entry) || (entry.hi & ASID) === asid;
}

/** Which of the two pages `address` is in. */
export function pageOf({ inPair, lo0, lo1 }: TlbEntry, address: number): TlbPage {
  const size = (inPair + 1) >>> 1;
  const isOdd = (address & size) !== 0;
  const lo = isOdd ? lo1 : lo0;
  const frame = ((lo >>> ENTRYLO.PFN_SHIFT) << 12) & ~(size - 1);
  return { which: isOdd ? 'odd' : 'even', lo, frame: frame >>> 0, size };
}

const sizeText = (bytes: number): string => (bytes >= 0x100000 ? `${bytes / 0x100000} MiB` : `${bytes / 1024} KiB`);

/** `asid 0x03`, `global`. */
export function spaceText(entry: TlbEntry): string {
  return isGlobal(entry) ? 'global' : `asid ${hex(entry.hi & ASID, 2)}`;
}

/** `0x01234000 valid, read-only, cached`, `not valid`. */
export function pageText({ lo, frame }: TlbPage): string {
  if ((lo & ENTRYLO.V) === 0) return `not valid (EntryLo ${hex(lo)})`;
  const rights = (lo & ENTRYLO.D) === 0 ? 'read-only' : 'writable';
  const cache = ((lo >>> CACHE_SHIFT) & 7) === UNCACHED ? 'uncached' : 'cached';
  return `${hex(frame)} ${rights}, ${cache}`;
}

/** `entry 12: 0x00400000-0x00401fff asid 0x03, 4 KiB pages`. */
export function entryText(entry: TlbEntry): string {
  const { index, hi, inPair } = entry;
  const first = (hi & ~inPair) >>> 0;
  const size = (inPair + 1) >>> 1;
  const isOddMask = ((inPair + 1) & inPair) !== 0;
  const pages = isOddMask ? `unpredictable page mask ${hex(inPair)}` : `${sizeText(size)} pages`;
  return `entry ${index}: ${hex(first)}-${hex((first | inPair) >>> 0)} ${spaceText(entry)}, ${pages}`;
}

/** The entries that have a valid page, a line each; or that there are none. */
export function tlbLines(cpu: DebuggedCpu): readonly string[] {
  const entries = tlbEntries(cpu).filter(({ lo0, lo1 }) => ((lo0 | lo1) & ENTRYLO.V) !== 0);
  if (entries.length === 0) return [`no valid entry among ${TLB_ENTRIES}`];
  return entries.map((entry) => {
    const [even, odd] = [pageOf(entry, 0), pageOf(entry, (entry.inPair + 1) >>> 1)];
    return `${entryText(entry)}; even ${pageText(even)}; odd ${pageText(odd)}`;
  });
}
