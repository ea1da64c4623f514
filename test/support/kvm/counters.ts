// A vCPU's exit counters as tests compare them.
import type { StatName } from '../../../src/kvm/stats.ts';
import type { Guest } from './guest.ts';

export type Counts = Partial<Record<StatName, number>>;

/** The counters of vCPU 0 that are not 0, KVM_RUN's own apart. */
export function counts(guest: Guest): Counts {
  const { signal: _, ...stats } = guest.vcpu.stats();
  return Object.fromEntries(Object.entries(stats).filter(([, count]) => count !== 0));
}
