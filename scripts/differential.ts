// Usage: npx tsx scripts/differential.ts [--programs N] [--seed N] [--jobs N] [--log FILE] [--evidence FILE]
// Random guest programs (loops, calls, branches, delay slots, faults, TLB, MMIO, self-modification, interrupts, two vCPUs; both kinds of VM) on the reference
// evaluator of test/support/reference, on the interpreter and as compiled regions: after every KVM_RUN all registers, RAM, MMIO accesses, time
// and counts must be equal. Last line `N passed, N failed`; exit code accordingly.
//   --programs N     programs (default 20000)
//   --seed N         first seed (default 1); even ones are little-endian, odd ones big-endian
//   --jobs N         processes (default 2)
//   --chunk N        programs that share machines (default: up to 4096, an even share for every process): a failure that says so shows again from the
//                    first seed of its chunk on, with the same size
//   --log FILE       write what is printed to a file as well
//   --evidence FILE  write the result, with command, machine and date
import { fork } from 'node:child_process';
import { appendFileSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { build } from 'esbuild';
import type { Chunk, ChunkReport } from '../test/support/reference/trial-worker.ts';
import { circumstances, sourcesNow, wholeNumber } from './common.ts';

const MOST_FAILURES = 20;
const PROGRESS_SECONDS = 15;
/** V8 throws optimised code away with the machines it has seen: new ones for every hundred programs took half of the time. */
const [LEAST_CHUNK, MOST_CHUNK] = [128, 4096];
/** Regions live for some hundred instructions: compiling them a second time, with optimisation, takes more than it gives. */
const WORKER_FLAGS = ['--expose-gc', '--enable-source-maps', '--no-wasm-tier-up', '--no-wasm-dynamic-tiering'];
/** Chunks for every process, so that all have something to do to the end. */
const SHARES = 4;
/** Most that a program takes, on average of a chunk, on a machine with much else to do; after that the process hangs. */
const PATIENCE_SECONDS = 0.25;
const LEAST_PATIENCE_SECONDS = 180;

const { values } = parseArgs({
  options: {
    programs: { type: 'string', default: '20000' },
    seed: { type: 'string', default: '1' },
    jobs: { type: 'string', default: '2' },
    chunk: { type: 'string' },
    log: { type: 'string' },
    evidence: { type: 'string' },
  },
});
const programs = wholeNumber(values.programs, 'programs');
const first = wholeNumber(values.seed, 'seed');
const jobs = wholeNumber(values.jobs, 'jobs');
const share = Math.ceil(programs / (jobs * SHARES));
const chunkSize =
  values.chunk === undefined ? Math.max(LEAST_CHUNK, Math.min(MOST_CHUNK, share)) : wholeNumber(values.chunk, 'chunk');
const patience = Math.max(LEAST_PATIENCE_SECONDS, chunkSize * PATIENCE_SECONDS);
const sources = sourcesNow();
if (values.log !== undefined) writeFileSync(values.log, '');

function say(text: string): void {
  console.log(text);
  if (values.log !== undefined) appendFileSync(values.log, `${text}\n`);
}

const total = { passed: 0, failed: 0, instructions: 0, compiled: 0 };
const end = first + programs;
let next = first;
let said = Date.now();
const started = said;

function took(report: ChunkReport): void {
  total.passed += report.passed;
  total.failed += report.failures.length;
  total.instructions += report.instructions;
  total.compiled += report.compiled;
  for (const failure of report.failures) say(`FAILED: ${failure}`);
  if (Date.now() - said < PROGRESS_SECONDS * 1000) return;
  said = Date.now();
  const done = total.passed + total.failed;
  say(`${done} of ${programs}, ${total.failed} failed, ${((said - started) / 1000).toFixed(0)} s`);
}

/** Chunks whose process was ended from outside: they are run again. */
const lost: Chunk[] = [];
let losses = 0;

/** The next seeds, or undefined when there are none. */
function nextChunk(): Chunk | undefined {
  if (total.failed >= MOST_FAILURES) return undefined;
  const again = lost.pop();
  if (again || next >= end) return again;
  const from = next;
  next = Math.min(end, (Math.floor(from / chunkSize) + 1) * chunkSize);
  return { from, to: next };
}

/** Run chunks in one process until there are none; false when it came to another end. */
function work(bundle: string): Promise<boolean> {
  return new Promise((done) => {
    const worker = fork(bundle, { execArgv: WORKER_FLAGS });
    let chunk: Chunk | undefined;
    let hangs = false;
    let timer: NodeJS.Timeout | undefined;
    const feed = (): void => {
      clearTimeout(timer);
      chunk = nextChunk();
      if (!chunk) {
        worker.disconnect();
        return;
      }
      timer = setTimeout(() => {
        hangs = true;
        worker.kill('SIGKILL');
      }, patience * 1000);
      worker.send(chunk);
    };
    worker.on('message', (report: ChunkReport) => {
      took(report);
      feed();
    });
    worker.on('exit', (code, signal) => {
      clearTimeout(timer);
      if (chunk) ended(chunk, hangs ? `no end in ${patience} s` : code, signal);
      done(chunk === undefined);
    });
    feed();
  });
}

/** A process ended in the middle of a chunk. */
function ended(chunk: Chunk, how: string | number | null, signal: string | null): void {
  if (how === null && losses < MOST_FAILURES) {
    losses++;
    say(`a process was ended from outside (${signal}): seeds ${chunk.from} to ${chunk.to - 1} are run again`);
    lost.push(chunk);
    return;
  }
  const failures = [`seeds ${chunk.from} to ${chunk.to - 1}: ${how ?? signal}`];
  took({ passed: 0, failures, instructions: 0, compiled: 0 });
}

async function job(bundle: string): Promise<void> {
  while (!(await work(bundle)));
}

const scratch = mkdtempSync(join(tmpdir(), 'tsvm-differential-'));
try {
  const bundle = join(scratch, 'worker.mjs');
  await build({
    entryPoints: [fileURLToPath(new URL('../test/support/reference/trial-worker.ts', import.meta.url))],
    bundle: true,
    platform: 'node',
    format: 'esm',
    target: 'node20',
    sourcemap: 'inline',
    outfile: bundle,
    logLevel: 'warning',
  });
  await Promise.all(Array.from({ length: jobs }, () => job(bundle)));
} finally {
  rmSync(scratch, { recursive: true });
}

const count = (value: number): string => value.toLocaleString('en');
say(
  `seeds ${first} to ${next - 1}; ${count(total.instructions)} instructions, ${count(total.compiled)} regions compiled, ` +
    `${((Date.now() - started) / 1000).toFixed(0)} s`,
);
const summary = `${total.passed} passed, ${total.failed} failed`;
say(summary);
if (values.evidence !== undefined) {
  const command = `npx tsx scripts/differential.ts ${process.argv.slice(2).join(' ')}`;
  writeFileSync(
    values.evidence,
    `# The engines against the reference evaluator

What \`scripts/differential.ts\` does, on ${count(programs)} random programs: the reference evaluator, the interpreter and eagerly compiled regions
in lockstep.

${circumstances(command, sources, summary).replace(', after `npm run build`', '')}
- Seeds: ${first} to ${next - 1}; ${count(total.instructions)} instructions on all machines, ${count(total.compiled)} regions compiled
`,
  );
}
process.exitCode = total.failed === 0 ? 0 : 1;
