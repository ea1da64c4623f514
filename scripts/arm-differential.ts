// Usage: npx tsx scripts/arm-differential.ts [--programs N] [--seed N] [--jobs N] [--chunk N] [--log FILE] [--evidence FILE]
// Random ARM programs (test/support/arm-programs: A32 and T32, loops, calls, IT blocks, tables, exceptions and returns, mode changes, page tables and
// remaps, self-modification, MMIO, timers; KVM's guests, and machines with Hyp mode) on the interpreter in long runs, in slices of 1 to 12 instructions,
// as compiled regions, and with both engines in lockstep: at every deadline all registers of all modes, RAM, MMIO accesses, time and counts must be
// equal. Last line `N passed, N failed`; exit code accordingly.
//   --programs N     programs (default 20000)
//   --seed N         first seed (default 1)
//   --jobs N         processes (default 2)
//   --chunk N        programs that share machines (default 1000): a failure that says so shows again from the first seed of its chunk on
//   --log FILE       write what is printed to a file as well
//   --evidence FILE  write the result, with command, machine and date
import { fork } from 'node:child_process';
import { appendFileSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { build } from 'esbuild';
import type { Chunk, ChunkReport } from '../test/support/arm-programs/trial-worker.ts';
import { circumstances, sourcesNow, wholeNumber } from './common.ts';

const MOST_FAILURES = 20;
const PROGRESS_SECONDS = 15;
/** Regions live for some hundred instructions: compiling them a second time, with optimisation, takes more than it gives. */
const WORKER_FLAGS = ['--expose-gc', '--enable-source-maps', '--no-wasm-tier-up', '--no-wasm-dynamic-tiering'];
/** Most that a program takes, on average of a chunk, on a machine with much else to do; after that the process hangs. */
const PATIENCE_SECONDS = 0.5;
const LEAST_PATIENCE_SECONDS = 180;

const { values } = parseArgs({
  options: {
    programs: { type: 'string', default: '20000' },
    seed: { type: 'string', default: '1' },
    jobs: { type: 'string', default: '2' },
    chunk: { type: 'string', default: '1000' },
    log: { type: 'string' },
    evidence: { type: 'string' },
  },
});
const programs = wholeNumber(values.programs, 'programs');
const first = wholeNumber(values.seed, 'seed');
const jobs = wholeNumber(values.jobs, 'jobs');
const chunkSize = wholeNumber(values.chunk, 'chunk');
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
const started = Date.now();
let said = started;

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

/** The next seeds, or undefined when there are none. */
function nextChunk(): Chunk | undefined {
  if (total.failed >= MOST_FAILURES || next >= end) return undefined;
  const from = next;
  next = Math.min(end, from + chunkSize);
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
      if (chunk) {
        const how = hangs ? `no end in ${patience} s` : `ended with ${code ?? signal}`;
        const failures = [`seeds ${chunk.from} to ${chunk.to - 1}: ${how}`];
        took({ passed: 0, failures, instructions: 0, compiled: 0 });
      }
      done(chunk === undefined);
    });
    feed();
  });
}

async function job(bundle: string): Promise<void> {
  while (!(await work(bundle)));
}

const scratch = mkdtempSync(join(tmpdir(), 'tsvm-arm-differential-'));
try {
  const bundle = join(scratch, 'worker.mjs');
  await build({
    entryPoints: [fileURLToPath(new URL('../test/support/arm-programs/trial-worker.ts', import.meta.url))],
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
  const command = `npx tsx scripts/arm-differential.ts ${process.argv.slice(2).join(' ')}`;
  writeFileSync(
    values.evidence,
    `# Random ARM programs, engines compared

Programs of A32 and T32 on four machines: the interpreter in long runs, in slices of 1 to 12 instructions, as regions compiled as early as possible, and with
both engines in lockstep. At every deadline the registers of all modes and of CP15, the pc, RAM, MMIO accesses, instruction counts and guest time were
compared.

${circumstances(command, sources, summary)}
- Seeds: ${first} to ${next - 1}
- Instructions, of all machines together: ${count(total.instructions)}; regions compiled: ${count(total.compiled)}
`,
  );
}
process.exitCode = total.failed === 0 && total.passed === programs ? 0 : 1;
