// Exit counters as people read them: in the kernel's order, with what each means; and exits by reason, as far as somebody looked (trace/exit-profile.ts).
import { STAT_NAMES, statSpec, type VcpuStats } from '../kvm/stats.ts';
import type { ExitTable } from './trace/exit-profile.ts';

export interface StatLine {
  readonly name: string;
  /** Null: not counted in this run. */
  readonly count: number | null;
  readonly means: string;
}

/** What a VM says of its exits: plain data for JSON. */
export interface StatTable {
  readonly guestTimeNs: number;
  readonly instructions: number;
  /** Every counter since the VM began; hot ones are null unless they were counted all the time. */
  readonly lines: readonly StatLine[];
  /** Exits by reason; null when nobody looked. */
  readonly exits: ExitTable | null;
}

export function describeStats(stats: VcpuStats): StatLine[] {
  return STAT_NAMES.map((name) => ({ name, count: stats[name], means: statSpec(name).means }));
}
