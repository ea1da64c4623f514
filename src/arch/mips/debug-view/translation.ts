// How an address is translated, step by step: segment, TLB entry, page (MIPS32 Volume III, chapter 4; trap-and-emulate segments: reference
// MIPS.md A1). It must come to what the routine `translate` of tlb.ts comes to.
import type { DebugAccess, DebuggedCpu, DebugTranslation, Walk, WalkStep } from '../../../cpu/isa/debug-view.ts';
import { hex } from '../../../util/bits.ts';
import { ENTRYLO, EXC, STATUS, TLB_ENTRIES, TRAP_REFILL } from '../registers.ts';
import { inUserMode, isTrapAndEmulate, statusOf } from './registers.ts';
import { asidOf, covers, entryText, isInSpace, pageOf, pageText, spaceText, type TlbEntry, tlbEntries } from './tlb.ts';

/** A part of the address space, and what becomes of an address in it. */
export interface Segment {
  readonly name: string;
  /** The first address, and the last one. */
  readonly first: number;
  readonly last: number;
  readonly kernelOnly: boolean;
  readonly kind: /** By the TLB. */
    | 'mapped'
    /** The lower 29 bits are the guest-physical address. */
    | 'unmapped'
    /** An exit to the device at the lower 29 bits; nothing to execute. */
    | 'device'
    /** KVM gives up. */
    | 'nothing';
  readonly text: string;
}

const kernel = (name: string, first: number, last: number, kind: Segment['kind'], text: string): Segment => ({
  ...{ name, first, last, kernelOnly: true, kind, text },
});

const TRAP_AND_EMULATE: readonly Segment[] = [
  { name: 'useg', first: 0, last: 0x3fffffff, kernelOnly: false, kind: 'mapped', text: 'mapped' },
  kernel('kseg0', 0x40000000, 0x5fffffff, 'unmapped', 'unmapped, kernel only'),
  kernel('kseg2', 0x60000000, 0x7fffffff, 'mapped', 'mapped, kernel only'),
  kernel('host kseg0', 0x80000000, 0x9fffffff, 'device', 'an exit to the device there, kernel only'),
  kernel('host kseg1', 0xa0000000, 0xbfffffff, 'device', 'an exit to the device there, kernel only'),
  kernel('host kseg2', 0xc0000000, 0xffffffff, 'nothing', 'not in a trap-and-emulate guest'),
];

const ORDINARY: readonly Segment[] = [
  { name: 'useg', first: 0, last: 0x7fffffff, kernelOnly: false, kind: 'mapped', text: 'mapped' },
  kernel('kseg0', 0x80000000, 0x9fffffff, 'unmapped', 'unmapped, cached, kernel only'),
  kernel('kseg1', 0xa0000000, 0xbfffffff, 'unmapped', 'unmapped, uncached, kernel only'),
  kernel('kseg2', 0xc0000000, 0xdfffffff, 'mapped', 'mapped, kernel only'),
  kernel('kseg3', 0xe0000000, 0xffffffff, 'mapped', 'mapped, kernel only'),
];

export function segmentOf(cpu: DebuggedCpu, address: number): Segment {
  const segments = isTrapAndEmulate(cpu) ? TRAP_AND_EMULATE : ORDINARY;
  return segments.find(({ last }) => address <= last)!;
}

/** What is said of a page that was not in the TLB and is now. */
export const REFILLED = {
  cause: 'the TLB has been changed since',
  details: ['its handler has put the page in: an ordinary refill'],
} as const;

/** What is known of an address when its translation has ended. */
export interface TlbLookup {
  /** The entry that decides; undefined: none matches. */
  readonly entry: TlbEntry | undefined;
  /** Other entries that match as well. */
  readonly also: readonly TlbEntry[];
  /** Entries that have the page, for other address spaces. */
  readonly elsewhere: readonly TlbEntry[];
}

export function lookUp(cpu: DebuggedCpu, address: number): TlbLookup {
  const asid = asidOf(cpu);
  const covering = tlbEntries(cpu).filter((entry) => covers(entry, address));
  const [entry, ...also] = covering.filter((candidate) => isInSpace(candidate, asid));
  return { entry, also, elsewhere: covering.filter((candidate) => !isInSpace(candidate, asid)) };
}

/** `asUser`: with the rights of user mode; left out: those of the mode that it is in. */
export function walk(cpu: DebuggedCpu, at: number, access: DebugAccess, asUser = inUserMode(cpu)): Walk {
  const address = at >>> 0;
  const segment = segmentOf(cpu, address);
  const steps: WalkStep[] = [{ what: 'segment', text: `${segment.name}, ${segment.text}` }];
  const isWrite = access === 'write';
  const fault = (trap: number, why: string): Walk => ({
    ...{ steps, translation: { outcome: 'fault', trap }, fault: why },
  });
  const leads = (outcome: 'physical' | 'device', physical: number): Walk => {
    steps.push(outcome === 'physical' ? memoryStep(cpu, physical) : { what: 'device', text: hex(physical) });
    return { steps, translation: { outcome, physical } };
  };

  if (segment.kernelOnly && asUser)
    return fault(isWrite ? EXC.AdES : EXC.AdEL, `user mode may not access ${segment.name} (address error)`);
  switch (segment.kind) {
    case 'unmapped':
      return leads('physical', address & 0x1fffffff);
    case 'device':
      if (access === 'fetch') return nothing(steps, 'nothing can be executed there');
      return leads('device', address & 0x1fffffff);
    case 'nothing':
      return nothing(steps, 'KVM does not emulate an access there');
    default:
  }
  if (!isTrapAndEmulate(cpu) && segment.name === 'useg' && (statusOf(cpu) & STATUS.ERL) !== 0) {
    steps.push({ what: 'error level', text: 'Status.ERL = 1: useg is unmapped and uncached' });
    return leads('physical', address);
  }

  const { entry, also, elsewhere } = lookUp(cpu, address);
  const missed = isWrite ? EXC.TLBS : EXC.TLBL;
  if (entry === undefined) {
    steps.push({ what: 'tlb', text: `no entry of ${TLB_ENTRIES} matches asid ${hex(asidOf(cpu), 2)}` });
    for (const other of elsewhere)
      steps.push({ what: 'tlb', text: `${entryText(other)}: has the page, for another address space` });
    return fault(missed | TRAP_REFILL, 'no matching TLB entry (refill)');
  }
  steps.push({ what: 'tlb', text: entryText(entry) });
  for (const { index } of also)
    steps.push({ what: 'tlb', text: `entry ${index} matches as well (unpredictable on hardware; the first is taken)` });
  const page = pageOf(entry, address);
  steps.push({ what: `${page.which} page`, text: pageText(page) });
  if ((page.lo & ENTRYLO.V) === 0)
    return fault(missed, `the ${page.which} page of TLB entry ${entry.index} is not valid (V = 0)`);
  if (isWrite && (page.lo & ENTRYLO.D) === 0)
    return fault(EXC.Mod, `the ${page.which} page of TLB entry ${entry.index} is not writable (D = 0)`);
  return leads('physical', (page.frame | (address & (page.size - 1))) >>> 0);
}

function nothing(steps: readonly WalkStep[], why: string): Walk {
  const translation: DebugTranslation = { outcome: 'nothing' };
  return { steps, translation, fault: why };
}

function memoryStep(cpu: DebuggedCpu, physical: number): WalkStep {
  const isRam = cpu.physicalWord((physical & ~3) >>> 0) !== undefined;
  return { what: 'physical', text: `${hex(physical)}, ${isRam ? 'RAM' : 'no RAM: a device, or nothing'}` };
}

/** In one line why `address` does not lead anywhere: `useg address, asid 0x11, no matching entry in 64`. */
export function summary(cpu: DebuggedCpu, address: number, isWrite: boolean): string {
  const segment = segmentOf(cpu, address);
  if (segment.kind !== 'mapped') return `${segment.name} address, ${segment.text}`;
  const { entry, elsewhere } = lookUp(cpu, address);
  const where = `${segment.name} address, asid ${hex(asidOf(cpu), 2)}`;
  if (entry === undefined) {
    const others = elsewhere.map((other) => `entry ${other.index} has the page for ${spaceText(other)}`);
    return [where, `no matching entry in ${TLB_ENTRIES}`, ...others].join(', ');
  }
  const page = pageOf(entry, address);
  const of = `the ${page.which} page of TLB entry ${entry.index}`;
  if ((page.lo & ENTRYLO.V) === 0) return `${where}, ${of} is not valid (V = 0)`;
  if (isWrite && (page.lo & ENTRYLO.D) === 0) return `${where}, ${of} is read-only (D = 0)`;
  return `${where}, now mapped to ${hex((page.frame | (address & (page.size - 1))) >>> 0)} by TLB entry ${entry.index}`;
}
