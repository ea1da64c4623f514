// Every guest program in both byte orders through the command line, as guests-list.json says (scripts/check-guests.ts runs
// the rest of the list and its repetitions).
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { buildPackage } from './cli-support.ts';
import { type GuestRun, guestRuns, runGuest } from './guests-list.ts';
import { checkSchedules } from './guests-schedules.ts';

let folder = '';
let scratch = '';
beforeAll(() => {
  folder = buildPackage();
  scratch = mkdtempSync(join(tmpdir(), 'tsvm-guests-'));
}, 60_000);
afterAll(() => {
  for (const path of [folder, scratch]) if (path !== '') rmSync(path, { recursive: true, force: true });
});

const runs = guestRuns();
const isFirst = (run: GuestRun): boolean =>
  runs.find(({ guest, endian, variant }) => guest === run.guest && endian === run.endian && variant === run.variant) ===
  run;

const named = (some: readonly GuestRun[]): [string, GuestRun][] => some.map((run) => [run.name, run]);

async function mustPass(run: GuestRun): Promise<string | null> {
  const { problems, stateHash, stdout, stderr } = await runGuest(run, join(folder, 'bin/tsvm.js'), scratch);
  expect(problems, `${stdout.slice(-2000)}\n${stderr}`).toEqual([]);
  return stateHash;
}

describe.concurrent('guests', () => {
  const once = runs.filter((run) => run.variant === 'plain' && isFirst(run));
  test.each(named(once))('%s', async (_name, run) => {
    await mustPass(run);
  });

  const legacy = runs.filter((run) => run.variant === 'legacy' && isFirst(run));
  test.each(named(legacy))('%s', async (_name, run) => {
    await mustPass(run);
  });

  // One guest is enough here: what parks the second CPU is in the entry code that all share.
  const parked = runs.filter((run) => run.variant === 'two-cpus' && run.guest === 'timer');
  test.each(named(parked))('%s', async (_name, run) => {
    await mustPass(run);
  });

  const dma = runs.filter(({ guest, variant, input }) => guest === 'smp' && variant === 'plain' && input !== null);
  test.each(named(dma))('%s', async (_name, run) => {
    await mustPass(run);
  });

  const floods = runs.filter((run) => run.variant === 'pipe');
  test.each(named(floods))('%s, comes back whole', async (_name, run) => {
    await mustPass(run);
  });

  test('long input from a file comes back whole, and ends in the same state every time', async () => {
    const run = runs.find(({ variant, input }) => variant === 'plain' && (input?.length ?? 0) > 100_000)!;
    const [first, second] = await Promise.all([mustPass(run), mustPass(run)]);
    expect(second).toBe(first);
  });
});

// Alone, for it keeps every CPU of the host busy.
describe('the schedule of 8 vCPUs', () => {
  const scheduled = runs.filter(({ seeds, endian }) => seeds > 0 && endian === 'el');
  test.each(named(scheduled))(
    '%s: every seed has its own, and the same while the host is busy',
    async (_name, run) => {
      const { problems, different } = await checkSchedules(run, 4, 1, join(folder, 'bin/tsvm.js'), scratch);
      expect(problems).toEqual([]);
      expect(different).toBe(4);
    },
    120_000,
  );
});
