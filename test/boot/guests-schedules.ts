// What the seed promises, seen by a guest that prints a hash of its schedule: one seed always the same hash, whatever else the host
// has to do, and every seed a hash of its own. For scripts/check-guests.ts and guests.test.ts.
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { availableParallelism } from 'node:os';
import { type GuestRun, runGuest, withSeed } from './guests-list.ts';

export interface Schedules {
  /** What was wrong; empty when nothing was. */
  readonly problems: readonly string[];
  /** Different hashes found. */
  readonly different: number;
  readonly runs: number;
}

/**
 * Run `run` under seeds 1 to `seeds`, then the first `loaded` of them again while every CPU of the host is kept busy. Runs one after
 * another.
 */
export async function checkSchedules(
  run: GuestRun,
  seeds: number,
  loaded: number,
  launcher: string,
  scratch: string,
): Promise<Schedules> {
  const problems: string[] = [];
  const bySeed = new Map<number, string>();
  const hashOf = async (seed: number): Promise<string> => {
    const result = await runGuest(withSeed(run, seed), launcher, scratch);
    problems.push(...result.problems.map((problem) => `seed ${seed}: ${problem}`));
    const hash = /hash (0x[0-9a-f]{8})/.exec(result.stdout)?.[1] ?? 'no hash';
    return `${hash}, state ${result.stateHash}`;
  };
  for (let seed = 1; seed <= seeds; seed++) bySeed.set(seed, await hashOf(seed));
  await underLoad(async () => {
    for (let seed = 1; seed <= Math.min(loaded, seeds); seed++) {
      const again = await hashOf(seed);
      if (again !== bySeed.get(seed)) problems.push(`seed ${seed}: ${bySeed.get(seed)}, under load ${again}`);
    }
  });
  const seedOf = new Map<string, number>();
  for (const [seed, text] of bySeed) {
    const hash = text.slice(0, text.indexOf(','));
    const earlier = seedOf.get(hash);
    if (earlier !== undefined) problems.push(`seeds ${earlier} and ${seed}: the same schedule, ${hash}`);
    else seedOf.set(hash, seed);
  }
  return { problems, different: seedOf.size, runs: seeds + Math.min(loaded, seeds) };
}

/** Do `work` while one process per CPU turns in a circle. */
async function underLoad(work: () => Promise<void>): Promise<void> {
  const load: ChildProcess[] = Array.from({ length: availableParallelism() }, () =>
    spawn(process.execPath, ['-e', 'const end = Date.now() + 60_000; while (Date.now() < end);'], { stdio: 'ignore' }),
  );
  try {
    await work();
  } finally {
    await Promise.all(
      load.map(async (child) => {
        if (child.exitCode !== null) return;
        const ended = once(child, 'exit');
        child.kill('SIGKILL');
        await ended;
      }),
    );
  }
}
