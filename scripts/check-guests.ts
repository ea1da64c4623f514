// Usage: npx tsx scripts/check-guests.ts [--repeat N] [--seeds LIST] [--evidence FILE] [--jobs N] [--only TEXT] [--skip TEXT] [--package DIR]
// Runs every guest of test/boot/guests-list.json through the built command line (npm run build first), in all variants, as
// child processes; one line each, then `N passed, N failed`; exit code 1 when one failed.
//   --repeat N       each N times: every run must end with the same state hash and print the same bytes (no pipes then: what
//                    comes through one arrives when it arrives)
//   --seeds LIST     runs on several vCPUs under each of these seeds (1,2,3), each a run of its own; default: the default seed
//   --evidence FILE  write the result as a table, with command, machine and date
//   --jobs N         so many at a time (default: the number of CPUs)
//   --only TEXT      only runs whose name contains it
//   --skip TEXT      no runs whose name contains it
//   --package DIR    run DIR/bin/tsvm.js (default: .)
// Guests that print a hash of their schedule are run under many seeds once: every seed its own, also with the host busy.
// What is run is a copy made at the start, so that a build meanwhile cannot mix two versions.
import { execFileSync, spawnSync } from 'node:child_process';
import { cpSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { availableParallelism, cpus, release, tmpdir, totalmem, type } from 'node:os';
import { join, resolve } from 'node:path';
import { parseArgs } from 'node:util';
import { type GuestRun, guestRuns, runGuest, withSeed } from '../test/boot/guests-list.ts';
import { checkSchedules } from '../test/boot/guests-schedules.ts';

/** One run of the list, done as often as asked. */
interface Row {
  readonly name: string;
  readonly problems: readonly string[];
  readonly runs: number;
  /** What they ended in. */
  readonly result: string;
}

/** Seeds that are run again with the host busy. */
const LOADED_SEEDS = 5;

async function check(run: GuestRun, times: number, launcher: string, scratch: string): Promise<Row> {
  const hashes = new Map<string, number>();
  const problems: string[] = [];
  let first: string | undefined;
  for (let done = 1; done <= times; done++) {
    const result = await runGuest(run, launcher, scratch);
    const hash = result.stateHash ?? 'none';
    hashes.set(hash, (hashes.get(hash) ?? 0) + 1);
    first ??= result.stdout;
    if (result.stdout !== first) problems.push(`run ${done}: the console printed other bytes than in the first run`);
    problems.push(...result.problems.map((problem) => (times > 1 ? `run ${done}: ${problem}` : problem)));
    if (result.problems.length > 0) problems.push(...tail(`${result.stdout}\n${result.stderr}`));
    if (problems.length > 0) return { name: run.name, problems, runs: done, result: `state ${shown(hashes)}` };
  }
  if (hashes.size > 1) problems.push(`${hashes.size} different state hashes`);
  return { name: run.name, problems, runs: times, result: `state ${shown(hashes)}` };
}

async function schedules(run: GuestRun, launcher: string, scratch: string): Promise<Row> {
  const { problems, different, runs } = await checkSchedules(run, run.seeds, LOADED_SEEDS, launcher, scratch);
  const result = `${different} schedules of ${run.seeds} seeds, ${LOADED_SEEDS} again under load`;
  return { name: `${run.name}, schedules`, problems, runs, result };
}

function tail(output: string): string[] {
  return output
    .trimEnd()
    .split('\n')
    .slice(-8)
    .map((line) => `  ${line}`);
}

const shown = (hashes: ReadonlyMap<string, number>): string =>
  [...hashes].map(([hash, count]) => (hashes.size > 1 ? `${hash} (${count} times)` : hash)).join(', ');

function report(row: Row): void {
  const repeated = row.runs > 1 ? `${row.runs} runs, ` : '';
  console.log(`${row.problems.length === 0 ? 'ok' : 'FAILED'}: ${row.name}: ${repeated}${row.result}`);
  for (const problem of row.problems) console.log(`  ${problem}`);
}

/** What is checked: the commit, and how many files differ from it. Asked before the runs: others may commit meanwhile. */
function sourcesNow(): string {
  const git = (...args: string[]): string => execFileSync('git', args, { encoding: 'utf8' }).trim();
  const changed = git('status', '--porcelain', '--', 'src', 'guests').split('\n').filter(Boolean).length;
  return git('rev-parse', '--short', 'HEAD') + (changed > 0 ? ` with ${changed} files changed since` : '');
}

function evidence(rows: readonly Row[], summary: string, command: string, sources: string): string {
  const gib = (totalmem() / 2 ** 30).toFixed(0);
  const lines = rows.map(
    (row) => `| ${row.name} | ${row.runs}${row.problems.length > 0 ? ', FAILED' : ''} | ${row.result} |`,
  );
  return `# State hashes of repeated runs

Every guest, run again and again by the command line: the same console bytes and one state hash each, over all of the
machine's state, guest time and instruction count at the end.

- Command: \`${command}\`, after \`npm run build\`
- Date: ${new Date().toISOString().slice(0, 10)}
- Sources: ${sources}
- Machine: ${cpus()[0]?.model.trim() ?? 'unknown CPU'}, ${cpus().length} CPUs, ${gib} GiB; ${type()} ${release()}, Node ${process.version}
- Result: ${summary}

| Run | Runs | Result |
|---|---|---|
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
    repeat: { type: 'string', default: '1' },
    seeds: { type: 'string', default: '' },
    evidence: { type: 'string' },
    jobs: { type: 'string', default: String(availableParallelism()) },
    only: { type: 'string', default: '' },
    skip: { type: 'string' },
    package: { type: 'string', default: '.' },
  },
});
const times = count(values.repeat, 'repeat');
const jobs = count(values.jobs, 'jobs');
const trial = spawnSync(process.execPath, [join(values.package, 'bin/tsvm.js'), '--version'], { encoding: 'utf8' });
if (trial.status !== 0) {
  console.error(`${values.package} does not run:\n${trial.stderr}`);
  process.exit(2);
}
const chosen = ({ name }: GuestRun): boolean =>
  name.includes(values.only) && (values.skip === undefined || !name.includes(values.skip));
const sources = values.evidence === undefined ? '' : sourcesNow();
const scratch = mkdtempSync(join(tmpdir(), 'tsvm-guests-'));
const seeds = values.seeds === '' ? [] : values.seeds.split(',').map((seed) => count(seed, 'seeds'));
const waiting = guestRuns()
  .filter((run) => chosen(run) && (times === 1 || run.variant !== 'pipe'))
  .flatMap((run) => (run.cpus > 1 && seeds.length > 0 ? seeds.map((seed) => withSeed(run, seed)) : [run]))
  .map((run) => ({ name: run.name, work: (launcher: string) => check(run, times, launcher, scratch) }));
for (const run of guestRuns())
  if (run.seeds > 0 && chosen(run))
    waiting.push({ name: `${run.name}, schedules`, work: (launcher) => schedules(run, launcher, scratch) });
const order = waiting.map(({ name }) => name);
const rows: Row[] = [];
/** Copy the built package into the scratch folder; returns its launcher. */
const copyPackage = (): string => {
  for (const name of ['bin', 'dist', 'package.json'])
    cpSync(join(values.package, name), join(scratch, name), { recursive: true });
  symlinkSync(resolve(values.package, 'node_modules'), join(scratch, 'node_modules'));
  return join(scratch, 'bin/tsvm.js');
};
const worker = async (launcher: string): Promise<void> => {
  for (let next = waiting.shift(); next; next = waiting.shift()) {
    const row = await next.work(launcher);
    report(row);
    rows.push(row);
  }
};
try {
  const launcher = copyPackage();
  await Promise.all(Array.from({ length: jobs }, () => worker(launcher)));
} finally {
  rmSync(scratch, { recursive: true, force: true });
}
rows.sort((a, b) => order.indexOf(a.name) - order.indexOf(b.name));
const failed = rows.filter(({ problems }) => problems.length > 0).length;
const summary = `${rows.length - failed} passed, ${failed} failed`;
if (values.evidence !== undefined) {
  const words = process.argv.slice(2).map((word) => (/\s/.test(word) ? `'${word}'` : word));
  const command = `npx tsx scripts/check-guests.ts ${words.join(' ')}`;
  writeFileSync(values.evidence, evidence(rows, summary, command, sources));
}
console.log(summary);
process.exitCode = failed === 0 && rows.length > 0 ? 0 : 1;
