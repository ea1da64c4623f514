// Running one program and accounting for it: CPU time and wall time by bash's `time` keyword, which counts every thread and child,
// and peak resident memory by looking at /proc while it runs.
import { type ChildProcessByStdio, spawn } from 'node:child_process';
import { readFileSync } from 'node:fs';
import type { Readable } from 'node:stream';
import { peakOf, TIME_FORMAT, type Times, timesOf } from './outputs.ts';

export interface Finished extends Times {
  readonly stdout: string;
  readonly stderr: string;
  /** Bytes, as last seen before the end; null where /proc does not say. */
  readonly peakBytes: number | null;
}

/** Milliseconds between two looks at a process. Its peak only grows, so that a look shortly before the end is enough. */
const LOOK_MS = 20;
const PATIENCE_MS = 600_000;

/** Programs now running, each as what ends it: an end of this process ends them too. */
const running = new Set<() => void>();
process.on('exit', () => {
  for (const kill of running) kill();
});

/**
 * Run a program to its end, standard input empty.
 * @throws Error when it fails or takes more than ten minutes
 */
export async function runTimed(file: string, args: readonly string[]): Promise<Finished> {
  const script = `TIMEFORMAT='${TIME_FORMAT}'; time "$@"`;
  const shell = spawn('bash', ['-c', script, 'bench', file, ...args], { stdio: ['ignore', 'pipe', 'pipe'] });
  let pid: number | null = null;
  let peakBytes: number | null = null;
  let late = false;
  const looking = setInterval(() => {
    pid ??= onlyChild(shell.pid);
    if (pid !== null) peakBytes = peakOf(readProc(`${pid}/status`)) ?? peakBytes;
  }, LOOK_MS);
  const kill = (): void => {
    pid ??= onlyChild(shell.pid);
    shell.kill('SIGKILL');
    if (pid !== null) process.kill(pid, 'SIGKILL');
  };
  const patience = setTimeout(() => {
    late = true;
    kill();
  }, PATIENCE_MS);
  running.add(kill);
  try {
    const { stdout, stderr, status } = await outputOf(shell);
    const command = `${file} ${args.join(' ')}`;
    if (late) throw new Error(`${command} did not end in ${PATIENCE_MS / 1000} s`);
    if (status !== 0)
      throw new Error(`${command} ended with ${status}:\n${stdout.slice(-1000)}\n${stderr.slice(-1000)}`);
    return { ...timesOf(stderr), stdout, stderr, peakBytes };
  } finally {
    clearInterval(looking);
    clearTimeout(patience);
    running.delete(kill);
  }
}

/** Milliseconds from the start of a program to its first byte on standard output, or to its end when it writes none. */
export async function timeToFirstByte(file: string, args: readonly string[]): Promise<number> {
  const began = performance.now();
  let first: number | undefined;
  const child = spawn(file, args, { stdio: ['ignore', 'pipe', 'pipe'] });
  child.stdout.once('data', () => {
    first = performance.now() - began;
  });
  const { status, stderr } = await outputOf(child);
  if (status !== 0) throw new Error(`${file} ${args.join(' ')} ended with ${status}:\n${stderr.slice(-1000)}`);
  return first ?? performance.now() - began;
}

type Piped = ChildProcessByStdio<null, Readable, Readable>;

function outputOf(child: Piped): Promise<{ stdout: string; stderr: string; status: number | null }> {
  const [out, err]: [Buffer[], Buffer[]] = [[], []];
  child.stdout.on('data', (chunk: Buffer) => out.push(chunk));
  child.stderr.on('data', (chunk: Buffer) => err.push(chunk));
  const text = (chunks: readonly Buffer[]): string => Buffer.concat(chunks).toString('latin1');
  return new Promise((done, reject) => {
    child.on('error', reject);
    child.on('close', (status) => done({ stdout: text(out), stderr: text(err), status }));
  });
}

function readProc(name: string): string {
  try {
    return readFileSync(`/proc/${name}`, 'latin1');
  } catch {
    // It has ended, or this system has no /proc.
    return '';
  }
}

function onlyChild(parent: number | undefined): number | null {
  const [child] = readProc(`${parent}/task/${parent}/children`).trim().split(' ');
  return child ? Number(child) : null;
}
