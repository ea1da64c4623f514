// Exits of the guest to KVM by reason: how often, how much guest time until the guest went on, and where in the guest most of them come from.
// A sink of trace events, which keeps counts only: however long the run, its memory is bounded.

import type { TraceEvent, TracePlace, TraceSink } from '../../kvm/trace.ts';
import { exitCounterName, hwrRegisterName } from '../../kvm/trace-text.ts';
import { type ExitVisit, VisitTracker } from './visits.ts';

/** Exits of one reason. */
export interface ExitRow {
  /** `tlbmiss_ld`, `mmio`, `cop_unusable`: the kernel's exit counter, but for accesses to devices. */
  readonly reason: string;
  /** `mtc0 Compare`, `virtio-console QueueNotify`; empty when there is nothing to say. */
  readonly detail: string;
  readonly count: number;
  /** Of all exits; 0 to 100. */
  readonly percent: number;
  /** Guest nanoseconds until the guest went on. */
  readonly guestTimeNs: number;
  /** Addresses of the instructions that exit most often, the first one first, and their counts. */
  readonly sites: readonly ExitSite[];
}

export interface ExitSite {
  readonly pc: number;
  /** `name+0x10`, or null. */
  readonly symbol: string | null;
  readonly count: number;
}

/** Exits while somebody looked. */
export interface ExitTable {
  readonly exits: number;
  /** Guest nanoseconds that were looked at. */
  readonly guestTimeNs: number;
  /** The most frequent first. */
  readonly rows: readonly ExitRow[];
}

/** What names things when the table is made. */
export interface ExitNames {
  /** `name+0x10`, or null. */
  symbolize(address: number): string | null;
  /** The device and register at a guest-physical address: `virtio-console QueueNotify`; null: nobody is there. */
  mmio(address: number): string | null;
  /** The mnemonic of the instruction at a pc; null: not known. */
  mnemonic(pc: number): string | null;
}

interface Counted {
  readonly reason: string;
  readonly visit: ExitVisit;
  count: number;
  guestTimeNs: number;
  readonly sites: Map<number, number>;
}

/** Beyond these, reasons (a guest may touch any address) and places count together. */
const MAX_ROWS = 1024;
const MAX_SITES = 4096;
/** Places that are told of a reason. */
const SITES_SHOWN = 3;

export class ExitProfile implements TraceSink {
  private readonly counted = new Map<string, Counted>();
  private readonly visits = new VisitTracker((visit) => count(this.counted, visit));
  private from: number | null = null;
  private to = 0;

  trace(place: TracePlace, event: TraceEvent): void {
    this.from ??= place.now;
    this.to = place.now;
    this.visits.trace(place, event);
  }

  /** Begin to look at guest instant `now` (else at the first event). */
  begin(now: number): void {
    this.from = now;
  }

  /** The table so far. `now`: the guest instant; what the guest waits for then is counted up to it. */
  table(now: number, names: ExitNames): ExitTable {
    const counted = new Map([...this.counted].map(([key, row]) => [key, { ...row, sites: new Map(row.sites) }]));
    for (const visit of this.visits.pending(now)) count(counted, visit);
    const all = [...counted.values()];
    const exits = all.reduce((sum, { count }) => sum + count, 0);
    const merged = new Map<string, { reason: string; detail: string; parts: Counted[] }>();
    for (const { row, detail } of all.flatMap((row) => detailed(row, names))) {
      const key = `${row.reason} ${detail}`;
      const into = merged.get(key) ?? { reason: row.reason, detail, parts: [] };
      into.parts.push(row);
      merged.set(key, into);
    }
    const rows = [...merged.values()].map(({ reason, detail, parts }): ExitRow => {
      const count = parts.reduce((sum, part) => sum + part.count, 0);
      return {
        reason,
        detail,
        count,
        percent: (100 * count) / exits,
        guestTimeNs: parts.reduce((sum, part) => sum + part.guestTimeNs, 0),
        sites: topSites(parts, names),
      };
    });
    rows.sort((a, b) => b.count - a.count || order(a.reason, b.reason) || order(a.detail, b.detail));
    return { exits, guestTimeNs: Math.max(this.to, now) - (this.from ?? now), rows };
  }
}

const OTHER = 'other';

function count(counted: Map<string, Counted>, visit: ExitVisit): void {
  const row = rowFor(counted, visit);
  row.count++;
  row.guestTimeNs += visit.endedAt - visit.beganAt;
  const { sites } = row;
  const times = sites.get(visit.pc);
  if (times !== undefined) sites.set(visit.pc, times + 1);
  else if (sites.size < MAX_SITES) sites.set(visit.pc, 1);
}

function rowFor(counted: Map<string, Counted>, visit: ExitVisit): Counted {
  const own = keyOf(visit);
  const key = counted.has(own) || counted.size < MAX_ROWS ? own : OTHER;
  let row = counted.get(key);
  if (!row) {
    row = { reason: key === OTHER ? OTHER : reasonOf(visit), visit, count: 0, guestTimeNs: 0, sites: new Map() };
    counted.set(key, row);
  }
  return row;
}

/** Reasons under which different instructions come. */
const BY_INSTRUCTION: ReadonlySet<string> = new Set(['cop_unusable', 'resvd_inst', 'vz_gpsi']);

/** What a row was for; one of several instructions is taken apart. */
function detailed(row: Counted, names: ExitNames): { readonly row: Counted; readonly detail: string }[] {
  if (row.reason === OTHER) return [{ row, detail: '' }];
  if (row.visit.purpose !== null || !BY_INSTRUCTION.has(row.reason))
    return [{ row, detail: detailOf(row.visit, names) }];
  const parts = new Map<string, Map<number, number>>();
  for (const [pc, times] of row.sites) {
    const detail = names.mnemonic(pc) ?? '';
    parts.set(detail, (parts.get(detail) ?? new Map<number, number>()).set(pc, times));
  }
  const counts = [...parts].map(([detail, sites]) => ({
    detail,
    sites,
    count: [...sites.values()].reduce((a, b) => a + b),
  }));
  // Places beyond those that are kept.
  const rest = row.count - counts.reduce((sum, { count }) => sum + count, 0);
  if (rest > 0) counts.push({ detail: '', sites: new Map(), count: rest });
  return counts.map(({ detail, sites, count }) => ({
    detail,
    row: { ...row, sites, count, guestTimeNs: Math.round((row.guestTimeNs * count) / row.count) },
  }));
}

const order = (a: string, b: string): number => (a < b ? -1 : a > b ? 1 : 0);

function keyOf({ reason, purpose }: ExitVisit): string {
  switch (purpose?.what) {
    case 'mmio':
      return `m${purpose.gpa}`;
    case 'hwr':
      return `${reason} ${purpose.op} ${purpose.reg}`;
    case 'wait':
      return `${reason} w${purpose.isWfe}`;
    case 'cache':
      return `${reason} c`;
    default:
      return `${reason}`;
  }
}

/** How an exit is called: by the counter it is counted by, and accesses to devices, whatever they come out by, `mmio`. */
export function reasonOf({ reason, purpose }: Pick<ExitVisit, 'reason' | 'purpose'>): string {
  return purpose?.what === 'mmio' ? 'mmio' : exitCounterName(reason);
}

/** What it was for. */
export function detailOf({ purpose }: Pick<ExitVisit, 'purpose'>, names: Pick<ExitNames, 'mmio'>): string {
  switch (purpose?.what) {
    case 'mmio':
      return names.mmio(purpose.gpa) ?? `0x${purpose.gpa.toString(16)}`;
    case 'hwr':
      return `${purpose.op.toLowerCase()} ${hwrRegisterName(purpose.reg)}`;
    case 'wait':
      return purpose.isWfe === null ? 'wait' : purpose.isWfe ? 'wfe' : 'wfi';
    case 'cache':
      return 'cache';
    default:
      return '';
  }
}

function topSites(parts: readonly Counted[], names: ExitNames): ExitSite[] {
  const counts = new Map<number, number>();
  for (const { sites } of parts) for (const [pc, count] of sites) counts.set(pc, (counts.get(pc) ?? 0) + count);
  const sorted = [...counts].sort(([pcA, a], [pcB, b]) => b - a || pcA - pcB);
  return sorted.slice(0, SITES_SHOWN).map(([pc, count]) => ({ pc, symbol: names.symbolize(pc), count }));
}
