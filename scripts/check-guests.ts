import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { availableParallelism, tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { type GuestRun, guestRuns, runGuest, withSeed } from '../test/boot/guests-list.ts';
import { checkSchedules } from '../test/boot/guests-schedules.ts';
import { circumstances, copyPackage, requirePackage, sourcesNow, wholeNumber } from './common.ts';

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

function evidence(rows: readonly Row[], summary: string, command: string, sources: string): string {
  const lines = rows.map(
    (row) => `| ${row.name} | ${row.runs}${row.problems.length > 0 ? ', FAILED' : ''} | ${row.result} |`,
  );
  return `# State hashes of repeated runs

Every guest, run again and again by the command line: the same console bytes and one state hash each, over all of the
machine's state, guest time and instruction count at the end.

${circumstances(command, sources, summary)}

| Run | Runs | Result |
|---|---|---|
${lines.join('\n')}
`;
}

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
const times = wholeNumber(values.repeat, 'repeat');
const jobs = wholeNumber(values.jobs, 'jobs');
requirePackage(values.package);
const chosen = ({ name }: GuestRun): boolean =>
  name.includes(values.only) && (values.skip === undefined || !name.includes(values.skip));
const sources = values.evidence === undefined ? '' : sourcesNow();
const scratch = mkdtempSync(join(tmpdir(), 'tsvm-guests-'));
const seeds = values.seeds === '' ? [] : values.seeds.split(',').map((seed) => wholeNumber(seed, 'seeds'));
const waiting = guestRuns()
  .filter((run) => chosen(run) && (times === 1 || run.variant !== 'pipe'))
  .flatMap((run) => (run.cpus > 1 && seeds.length > 0 ? seeds.map((seed) => withSeed(run, seed)) : [run]))
  .map((run) => ({ name: run.name, work: (launcher: string) => check(run, times, launcher, scratch) }));
for (const run of guestRuns())
  if (run.seeds > 0 && chosen(run))
    waiting.push({ name: `${run.name}, schedules`, work: (launcher) => schedules(run, launcher, scratch) });
const order = waiting.map(({ name }) => name);
const rows: Row[] = [];
const worker = async (launcher: string): Promise<void> => {
  for (let next = waiting.shift(); next; next = waiting.shift()) {
    const row = await next.work(launcher);
    report(row);
    rows.push(row);
  }
};
try {
  const launcher = copyPackage(values.package, scratch);
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
