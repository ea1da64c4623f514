// Usage: npx tsx scripts/check-disk.ts [--size MB] [--kills N] [--seed N] [--only TEXT] [--evidence FILE] [--package DIR]
// Holds disks to what they promise, with the guest of guests/disk and the built command line (npm run build first); one line
// each, then `N passed, N failed`; exit code 1 when one failed.
//   stream    a seeded stream written, flushed and verified by the guest; on the host the image has the sha256 of the stream
//   kill      kill -9 in the middle of writing: nothing flushed is lost, the next run takes over the lock and goes on
//   modes     :cow and :ro leave the image alone; a second writer is refused
//   requests  every request type, error and framing, random requests, on several disks at once
//   --size MB        size of the streams (default 100)
//   --kills N        kills of a raw image, and as many of one with :cow=OVERLAY (default 20)
//   --seed N         seed of streams, records and moments of killing (default 1)
//   --only TEXT      only checks whose name contains it
//   --evidence FILE  write the result as a table, with command, machine and date
//   --package DIR    run DIR/bin/tsvm.js (default: .)
// What is run is a copy made at the start, so that a build meanwhile cannot mix two versions.
import { execFileSync, spawnSync } from 'node:child_process';
import { cpSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { cpus, release, tmpdir, totalmem, type } from 'node:os';
import { join, resolve } from 'node:path';
import { parseArgs } from 'node:util';
import {
  type CheckResult,
  checkKills,
  checkRequests,
  checkStream,
  checkTwoWriters,
  checkUnwritten,
  type Place,
  type StreamOptions,
} from '../test/boot/disk-checks.ts';
import { MACHINES } from '../test/boot/disk-guest.ts';

interface Check {
  /** The first words of its name. */
  readonly group: string;
  run(place: Place): Promise<CheckResult>;
}

function allChecks(size: number, kills: number, seed: number): Check[] {
  const stream = (machine: number, more: Partial<StreamOptions> = {}): Check => ({
    group: `stream ${more.overlay ? 'overlay' : 'raw'}`,
    run: (place) => checkStream(place, { machine: MACHINES[machine]!, size, seed, overlay: false, ...more }),
  });
  return [
    ...[0, 1, 2, 3].map((machine) => stream(machine)),
    stream(0, { order: 'random', flags: 'disk.irq disk.event disk.indirect' }),
    stream(2, { order: 'random', flags: 'disk.irq' }),
    stream(0, { overlay: true }),
    stream(2, { overlay: true, order: 'random' }),
    ...[false, true].map(
      (overlay): Check => ({
        group: `kill ${overlay ? 'overlay' : 'raw'}`,
        run: (place) => checkKills(place, { kills, seed: overlay ? seed + 1 : seed, size: 8 * 2 ** 20, overlay }),
      }),
    ),
    ...MACHINES.flatMap((machine): Check[] => [
      { group: 'modes :cow', run: (place) => checkUnwritten(place, machine, 'cow') },
      { group: 'modes :ro', run: (place) => checkUnwritten(place, machine, 'ro') },
      { group: 'modes writers', run: (place) => checkTwoWriters(place, machine) },
      { group: 'requests', run: (place) => checkRequests(place, { machine, on: [0, 1, 2], random: 5000 }) },
    ]),
    // More requests than a ring's index can count.
    { group: 'requests', run: (place) => checkRequests(place, { machine: MACHINES[0]!, on: [], random: 70_000 }) },
  ];
}

/** What is checked: the commit, and how many files differ from it. Asked before the runs: others may commit meanwhile. */
function sourcesNow(): string {
  const git = (...args: string[]): string => execFileSync('git', args, { encoding: 'utf8' }).trim();
  const changed = git('status', '--porcelain', '--', 'src', 'guests').split('\n').filter(Boolean).length;
  return git('rev-parse', '--short', 'HEAD') + (changed > 0 ? ` with ${changed} files changed since` : '');
}

function evidence(rows: readonly CheckResult[], summary: string, command: string, sources: string): string {
  const gib = (totalmem() / 2 ** 30).toFixed(0);
  const lines = rows.map(({ name, problems, note }) => `| ${name} | ${problems.length > 0 ? 'FAILED: ' : ''}${note} |`);
  return `# Disks checked by the disk guest

The guest of \`guests/disk\` run by the command line on virtio-blk; what lies on the host is judged by code of its own
(\`test/boot/disk-content.ts\`). What each check does is said in \`scripts/check-disk.ts\`.

- Command: \`${command}\`, after \`npm run build\`
- Date: ${new Date().toISOString().slice(0, 10)}
- Sources: ${sources}
- Machine: ${cpus()[0]?.model.trim() ?? 'unknown CPU'}, ${cpus().length} CPUs, ${gib} GiB; ${type()} ${release()}, Node ${process.version}
- Result: ${summary}

| Check | Result |
|---|---|
${lines.join('\n')}
`;
}

const count = (text: string, option: string): number => {
  const value = Number(text);
  if (Number.isInteger(value) && value > 0) return value;
  console.error(`--${option} ${text}: give a whole number above 0`);
  process.exit(2);
};

const { values } = parseArgs({
  options: {
    size: { type: 'string', default: '100' },
    kills: { type: 'string', default: '20' },
    seed: { type: 'string', default: '1' },
    only: { type: 'string', default: '' },
    evidence: { type: 'string' },
    package: { type: 'string', default: '.' },
  },
});
const checks = allChecks(
  count(values.size, 'size') * 2 ** 20,
  count(values.kills, 'kills'),
  count(values.seed, 'seed'),
);
const trial = spawnSync(process.execPath, [join(values.package, 'bin/tsvm.js'), '--version'], { encoding: 'utf8' });
if (trial.status !== 0) {
  console.error(`${values.package} does not run:\n${trial.stderr}`);
  process.exit(2);
}
const sources = values.evidence === undefined ? '' : sourcesNow();
const scratch = mkdtempSync(join(tmpdir(), 'tsvm-disks-'));
const rows: CheckResult[] = [];
try {
  for (const name of ['bin', 'dist', 'package.json'])
    cpSync(join(values.package, name), join(scratch, name), { recursive: true });
  symlinkSync(resolve(values.package, 'node_modules'), join(scratch, 'node_modules'));
  for (const { group, run } of checks) {
    if (!group.includes(values.only)) continue;
    const row = await run({ launcher: join(scratch, 'bin/tsvm.js'), scratch });
    console.log(`${row.problems.length === 0 ? 'ok' : 'FAILED'}: ${row.name}: ${row.note}`);
    for (const problem of row.problems) console.log(`  ${problem}`);
    rows.push(row);
  }
} finally {
  rmSync(scratch, { recursive: true, force: true });
}
const failed = rows.filter(({ problems }) => problems.length > 0).length;
const summary = `${rows.length - failed} passed, ${failed} failed`;
if (values.evidence !== undefined) {
  const command = `npx tsx scripts/check-disk.ts ${process.argv.slice(2).join(' ')}`;
  writeFileSync(values.evidence, evidence(rows, summary, command, sources));
}
console.log(summary);
process.exitCode = failed === 0 && rows.length > 0 ? 0 : 1;
