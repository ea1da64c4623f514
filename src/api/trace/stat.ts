// What `tsvm stat` and `run --stat` show: the counters of a VM, and its exits by reason. The hot counters and the profile are kept from the start (--stat),
// or of a running VM for a while. That needs no pause and changes nothing in the guest: all of it happens between two KVM_RUNs, which is
// whenever the host's event loop has the word.
import { sumStats, type VcpuStats } from '../../kvm/stats.ts';
import { describeStats, type StatTable } from '../stats.ts';
import { type ExitNames, ExitProfile } from './exit-profile.ts';
import type { Watch } from './watchers.ts';

/** A VM, as far as its table is made of it. */
export interface StatSource {
  readonly clock: { readonly instructions: number; readonly guestTimeNs: number };
  /** False: it stands or has ended, and nothing new is to be seen. */
  readonly runs: boolean;
  stats(): readonly VcpuStats[];
  /** Observe the guest beside whoever else does; returns how to end it. */
  watch(watch: Watch): () => void;
  names(): ExitNames;
  /** The profile of a run with --stat, kept from the start. */
  readonly profile: ExitProfile | null;
}

/** The longest that a VM is looked at, host milliseconds. */
export const MAX_STAT_MS = 60_000;

/**
 * The table now; of a VM without a profile after looking at it for `forMs` host milliseconds (0: not at all, and `exits` is null). `sleep` resolves after
 * so many.
 */
export async function collectStat(
  source: StatSource,
  forMs: number,
  sleep: (ms: number) => Promise<void>,
): Promise<StatTable> {
  const ms = Math.min(forMs, MAX_STAT_MS);
  const profile = source.profile ?? (ms > 0 && source.runs ? await sample(source, () => sleep(ms)) : null);
  const { instructions, guestTimeNs } = source.clock;
  const lines = describeStats(sumStats(source.stats()));
  return { guestTimeNs, instructions, lines, exits: profile?.table(guestTimeNs, source.names()) ?? null };
}

async function sample(source: StatSource, sleep: () => Promise<void>): Promise<ExitProfile> {
  const profile = new ExitProfile();
  profile.begin(source.clock.guestTimeNs);
  const end = source.watch({ stats: true, trace: profile });
  try {
    await sleep();
  } finally {
    end();
  }
  return profile;
}
