// Usage: npx tsx scripts/fuzz-virtio.ts [--count N] [--seed S[,S...]] [--device console|blk|irqchip|pci|isa|all] [--jobs N] [--evidence FILE]
//        npx tsx scripts/fuzz-virtio.ts --only INDEX [--seed S] [--device D]
// Hostile drivers against the device models, without a CPU: mutated descriptor rings and register sequences, in all four ways a guest can
// meet virtio-mmio, with guest time and memory slots changing between the steps. What is promised of every step is in
// test/support/devices/fuzz/judge.ts. The first case that breaks a promise ends the run with exit code 1, its seed and its index; so
// does one that takes more than 30 seconds.
//   --count N        cases in all (default 20000), shared by the seeds (default 1)
//   --device D       one of them (default all: two cases of console and two of blk for each of irqchip, pci and isa)
//   --jobs N         threads (default 1); the cases are the same
//   --only INDEX     run one case and print its steps
//   --evidence FILE  write the counts as a table, with command, machine and date; sections (##) that FILE has already stay
import { execFileSync } from 'node:child_process';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { cpus, release, totalmem, type } from 'node:os';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { isMainThread, parentPort, Worker, workerData } from 'node:worker_threads';
import { FUZZED, type Fuzzed, runCase } from '../test/support/devices/fuzz/case.ts';

const STUCK_MS = 30_000;
const TURNS: readonly Fuzzed[] = ['console', 'blk', 'console', 'blk', 'irqchip', 'pci', 'isa'];
/** Between two looks at how far the threads are, and cases between two reports of a thread. */
const LOOK_MS = 1000;
const REPORT_EVERY = 500;

interface Job {
  readonly seeds: readonly number[];
  readonly perSeed: number;
  readonly device: Fuzzed | 'all';
  readonly thread: number;
  readonly threads: number;
  /** Two words: seed and index of the case that runs. */
  readonly at: Int32Array;
}

/** From a thread: counts by key, or the case that failed. */
type Report =
  | { readonly counts: ReadonlyMap<string, number>; readonly done: boolean }
  | { readonly seed: number; readonly index: number; readonly message: string };

const deviceOf = (device: Fuzzed | 'all', index: number): Fuzzed =>
  device === 'all' ? TURNS[index % TURNS.length]! : device;

function work({ seeds, perSeed, device, thread, threads, at }: Job): void {
  const port = parentPort!;
  let counts = new Map<string, number>();
  const add = (key: string, times = 1): unknown => counts.set(key, (counts.get(key) ?? 0) + times);
  let sinceReport = 0;
  for (const seed of seeds)
    for (let index = thread; index < perSeed; index += threads) {
      at[0] = seed;
      at[1] = index;
      const which = deviceOf(device, index);
      try {
        const { title, kind, outcome, completed, lines, twice } = runCase(which, seed, index);
        add(`case|${title.replace(/\d+ cpus/, '1 to 8 CPUs')}|${kind}|${outcome}`);
        if (twice) add('twice');
        add('completed', completed);
        for (const line of lines) add(`line|${which}|${line.replace(/^\w+: (virtio-\w+: )?/, '')}`);
      } catch (error) {
        port.postMessage({ seed, index, message: (error as Error).message } satisfies Report);
        return;
      }
      if (++sinceReport < REPORT_EVERY) continue;
      port.postMessage({ counts, done: false } satisfies Report);
      counts = new Map();
      sinceReport = 0;
    }
  port.postMessage({ counts, done: true } satisfies Report);
}

/** This file and what it imports as one script: the loader that runs it does not reach into threads. */
async function bundled(): Promise<string> {
  const { build } = await import('esbuild');
  const { outputFiles } = await build({
    entryPoints: [fileURLToPath(import.meta.url)],
    bundle: true,
    write: false,
    platform: 'node',
    format: 'cjs',
    target: 'node20',
    packages: 'external',
    define: { 'import.meta.url': '""' },
  });
  return outputFiles[0]!.text;
}

/** Run all cases in `threads` threads; ends the process when one fails or gets stuck. */
async function runAll(job: Omit<Job, 'thread' | 'at'>): Promise<Map<string, number>> {
  const counts = new Map<string, number>();
  const script = await bundled();
  return new Promise((finished) => {
    let running = job.threads;
    const give = (seed: number, index: number, message: string): never => {
      const again = `npx tsx scripts/fuzz-virtio.ts --only ${index} --seed ${seed} --device ${deviceOf(job.device, index)}`;
      console.error(`case ${index} of seed ${seed}: ${message}\n  again, with its steps: ${again}`);
      process.exit(1);
    };
    for (let thread = 0; thread < job.threads; thread++) {
      const at = new Int32Array(new SharedArrayBuffer(8));
      const worker = new Worker(script, { eval: true, workerData: { ...job, thread, at } });
      let seen = '';
      let since = performance.now();
      const watch = setInterval(() => {
        const now = `${at[0]} ${at[1]}`;
        if (now !== seen) since = performance.now();
        seen = now;
        if (performance.now() - since > STUCK_MS) give(at[0]!, at[1]!, `runs for more than ${STUCK_MS / 1000} seconds`);
      }, LOOK_MS);
      worker.on('error', (error) => give(at[0]!, at[1]!, String(error.stack)));
      worker.on('message', (report: Report) => {
        if ('message' in report) give(report.seed, report.index, report.message);
        else {
          for (const [key, times] of report.counts) counts.set(key, (counts.get(key) ?? 0) + times);
          if (!report.done) return;
          clearInterval(watch);
          if (--running === 0) finished(counts);
        }
      });
    }
  });
}

const shown = (count: number): string => count.toLocaleString('en-US');
const sorted = (counts: ReadonlyMap<string, number>, prefix: string): [string[], number][] =>
  [...counts]
    .filter(([key]) => key.startsWith(prefix))
    .map(([key, times]): [string[], number] => [key.split('|').slice(1), times])
    .sort(([left], [right]) => left.join('|').localeCompare(right.join('|')));

function casesTable(counts: ReadonlyMap<string, number>): string {
  const rows = new Map<string, Map<string, number>>();
  for (const [[title, kind, outcome], times] of sorted(counts, 'case|')) {
    const row = rows.get(`${title} | ${kind}`) ?? new Map<string, number>();
    row.set(outcome!, times);
    rows.set(`${title} | ${kind}`, row);
  }
  const columns = ['served', 'stopped', 'never live'];
  const lines = [...rows].map(
    ([name, row]) => `| ${name} | ${columns.map((column) => shown(row.get(column) ?? 0)).join(' | ')} |`,
  );
  return ['| device | cases | served | stopped | never live |', '|---|---|---|---|---|', ...lines].join('\n');
}

function linesTable(counts: ReadonlyMap<string, number>): string {
  const lines = sorted(counts, 'line|').map(
    ([[device, ...line], times]) => `| ${device} | ${line.join('|')} | ${shown(times)} |`,
  );
  return ['| device | logged | cases |', '|---|---|---|', ...lines].join('\n');
}

/** What is fuzzed: the commit, and how many files differ from it. Asked before the run: others may commit meanwhile. */
function sourcesNow(): string {
  const git = (...args: string[]): string => execFileSync('git', args, { encoding: 'utf8' }).trim();
  const changed = git('status', '--porcelain', '--', 'src/devices', 'src/memory', 'src/util')
    .split('\n')
    .filter(Boolean);
  return (
    git('rev-parse', '--short', 'HEAD') + (changed.length > 0 ? ` with ${changed.length} files changed since` : '')
  );
}

function evidence(counts: ReadonlyMap<string, number>, command: string, sources: string, summary: string): string {
  return `# Hostile descriptor rings and register sequences

Drivers that break every rule of virtio against the device models, in process and without a CPU (\`scripts/fuzz-virtio.ts\`): no throw, no
hang, no write to memory that no descriptor named, nothing after a reset, a request for a reset when and only when a rule was broken, and a
device that works again after it.

- Command: \`${command}\`
- Date: ${new Date().toISOString().slice(0, 10)}
- Sources: ${sources}
- Machine: ${cpus()[0]?.model.trim() ?? 'unknown CPU'}, ${cpus().length} CPUs, ${(totalmem() / 2 ** 30).toFixed(0)} GiB; ${type()} ${release()}, Node ${process.version}
- Result: ${summary}

\`served\`: everything went on to the end. \`stopped\`: a rule was broken; the device asked for a reset (modern) or fell silent (legacy), and
after a reset served a well-behaved driver. \`never live\`: no queue came up (irqchip: no output was raised).

${casesTable(counts)}

What was logged, each line at most once a case:

${linesTable(counts)}
`;
}

function usage(message: string): never {
  console.error(
    `${message}\nusage: fuzz-virtio.ts [--count N] [--seed S[,S...]] [--device console|blk|irqchip|pci|all] [--jobs N] [--evidence FILE] [--only INDEX]`,
  );
  process.exit(2);
}

function whole(text: string, option: string, least: number): number {
  const value = Number(text);
  return Number.isSafeInteger(value) && value >= least
    ? value
    : usage(`--${option} ${text}: give a whole number from ${least}`);
}

async function main(): Promise<void> {
  const { values } = parseArgs({
    options: {
      count: { type: 'string', default: '20000' },
      seed: { type: 'string', default: '1' },
      device: { type: 'string', default: 'all' },
      jobs: { type: 'string', default: '1' },
      only: { type: 'string' },
      evidence: { type: 'string' },
    },
  });
  const seeds = values.seed.split(',').map((seed) => whole(seed, 'seed', 0));
  const device = ([...FUZZED, 'all'] as const).find((name) => name === values.device);
  if (!device) usage(`--device ${values.device}: unknown`);
  if (values.only !== undefined) {
    const index = whole(values.only, 'only', 0);
    const result = runCase(deviceOf(device, index), seeds[0]!, index, console.log);
    console.log(`${result.title}, ${result.kind}: ${result.outcome}`);
    return;
  }
  const perSeed = Math.ceil(whole(values.count, 'count', 1) / seeds.length);
  const sources = values.evidence === undefined ? '' : sourcesNow();
  const began = performance.now();
  const counts = await runAll({ seeds, perSeed, device, threads: whole(values.jobs, 'jobs', 1) });
  const seconds = (performance.now() - began) / 1000;
  const cases = sorted(counts, 'case|').reduce((sum, [, times]) => sum + times, 0);
  const summary = `${shown(cases)} cases (${shown(perSeed)} of each seed), 0 failed, in ${seconds.toFixed(0)} s; ${shown(counts.get('completed') ?? 0)} chains completed; ${shown(counts.get('twice') ?? 0)} cases saved and restored in the middle, to the same end`;
  if (values.evidence !== undefined) {
    const command = `npx tsx scripts/fuzz-virtio.ts ${process.argv.slice(2).join(' ')}`;
    const before = existsSync(values.evidence) ? readFileSync(values.evidence, 'utf8') : '';
    const sections = /^## .*/ms.exec(before)?.[0] ?? '';
    writeFileSync(values.evidence, `${evidence(counts, command, sources, summary)}${sections && `\n${sections}`}`);
  } else console.log(`${casesTable(counts)}\n\n${linesTable(counts)}\n`);
  console.log(summary);
}

if (isMainThread) void main();
else work(workerData as Job);
