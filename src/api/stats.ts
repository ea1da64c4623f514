// Exit counters as people read them: in the kernel's order, with what each means.
import { STAT_NAMES, statSpec, type VcpuStats } from '../kvm/stats.ts';

export interface StatLine {
  readonly name: string;
  /** Null: not counted in this run. */
  readonly count: number | null;
  readonly means: string;
}

export function describeStats(stats: VcpuStats): StatLine[] {
  return STAT_NAMES.map((name) => ({ name, count: stats[name], means: statSpec(name).means }));
}
