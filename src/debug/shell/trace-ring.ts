// The trace of one session of the debug shell: of the events that its filter lets through, the last ones.
import type { TraceEvent, TracePlace, TraceSink } from '../../kvm/trace.ts';
import { traceLine } from '../../kvm/trace-text.ts';

export interface TraceFilter {
  /** Kinds of events; empty: all. */
  readonly events: readonly TraceEvent['event'][];
  readonly cpu: number | null;
  /** Only events that have a pc, and have it in [start, end). */
  readonly range: { readonly start: number; readonly end: number } | null;
}

const EVERYTHING: TraceFilter = { events: [], cpu: null, range: null };

export const DEFAULT_KEPT = 1000;
export const MOST_KEPT = 100_000;

interface Kept {
  readonly place: TracePlace;
  readonly event: TraceEvent;
}

export class TraceRing implements TraceSink {
  on = false;
  filter = EVERYTHING;
  /** Events that passed the filter since the ring was cleared; the last ones of them are kept. */
  seen = 0;
  private size = DEFAULT_KEPT;
  private kept: Kept[] = [];
  private readonly symbolize: (address: number) => string | null;

  constructor(symbolize: (address: number) => string | null) {
    this.symbolize = symbolize;
  }

  /** Keep the last `size` events that pass. What was kept goes. */
  start(filter: TraceFilter, size: number): void {
    this.on = true;
    this.filter = filter;
    this.size = size;
    this.clear();
  }

  clear(): void {
    this.kept = [];
    this.seen = 0;
  }

  trace(place: TracePlace, event: TraceEvent): void {
    const { events, cpu, range } = this.filter;
    if (cpu !== null && place.vcpu !== cpu) return;
    if (events.length > 0 && !events.includes(event.event)) return;
    if (range !== null && !('pc' in event && event.pc >= range.start && event.pc < range.end)) return;
    this.kept[this.seen % this.size] = { place: { ...place }, event: { ...event } };
    this.seen++;
  }

  /** The last `most` events as the kernel's trace shows them, the oldest first, with the symbol of their pc. */
  lines(most: number): string[] {
    const from = Math.max(0, this.seen - Math.min(most, this.kept.length));
    return Array.from({ length: this.seen - from }, (_, i) => {
      const { place, event } = this.kept[(from + i) % this.size]!;
      const symbol = 'pc' in event ? this.symbolize(event.pc) : null;
      return `${traceLine(place, event)}${symbol === null ? '' : `  ${symbol}`}`;
    });
  }
}
