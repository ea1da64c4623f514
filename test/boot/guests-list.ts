// How each guest of guests-list.json is run through the command line, in which variants, and what it must answer.
// For scripts/check-guests.ts, which runs them all, and guests.test.ts, which runs a slice.
import { spawn } from 'node:child_process';
import { closeSync, openSync, readFileSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';

const ROOT = resolve(import.meta.dirname, '../..');
/** Wall milliseconds after which a run is killed: far more than the slowest takes on a busy machine. */
const PATIENCE = 120_000;

/** An entry of guests-list.json. */
interface Entry {
  readonly guest: string;
  /** The kernel's parameters (-p). */
  readonly append: string;
  /** Numbered lines of 53 bytes that are typed before `input`; all input must then come back on the console. */
  readonly lines?: number;
  /** What is typed on the console. Default: nothing, from /dev/null. */
  readonly input?: string;
  /** Numbers of vCPUs to run it on, each a run of its own. Default: one, and two for the guest's first entry. */
  readonly cpus?: readonly number[];
  /** The guest prints a hash of its schedule: check it under so many seeds (guests-schedules.ts), on the first of `cpus`. */
  readonly seeds?: number;
  readonly exit: number;
  /** Each of these must be in what the console printed. */
  readonly output: readonly string[];
}

/** One way to run a guest. */
export interface GuestRun {
  /** Such as `hello-te-eb, -p greeting=yes, --virtio legacy`. */
  readonly name: string;
  readonly guest: string;
  readonly endian: 'el' | 'eb';
  readonly variant: 'plain' | 'legacy' | 'two-cpus' | 'pipe';
  readonly arguments: readonly string[];
  readonly input: string | null;
  readonly cpus: number;
  /** Seeds under which to check its schedule, or 0. */
  readonly seeds: number;
  readonly exit: number;
  readonly output: readonly string[];
}

export interface GuestResult {
  /** What was wrong; empty when nothing was. */
  readonly problems: readonly string[];
  /** 8 hex digits of the verdict, or null when there was none. */
  readonly stateHash: string | null;
  /** The guest's console, one character per byte. */
  readonly stdout: string;
  readonly stderr: string;
}

/**
 * Every entry for both endiannesses; those that use the console's device also on a legacy one; each guest once on two
 * CPUs, those that name numbers of CPUs on each of these; long input also from a pipe (plain runs read a regular file, so
 * that they can be repeated to the bit).
 */
export function guestRuns(): GuestRun[] {
  const entries = JSON.parse(readFileSync(join(import.meta.dirname, 'guests-list.json'), 'utf8')) as Entry[];
  const runs: GuestRun[] = [];
  for (const [index, entry] of entries.entries()) {
    const isFirst = entries.findIndex(({ guest }) => guest === entry.guest) === index;
    for (const endian of ['el', 'eb'] as const) {
      for (const cpus of entry.cpus ?? [1]) runs.push(guestRun(entry, endian, 'plain', cpus));
      if (entry.guest === 'hello' || entry.guest === 'echo') runs.push(guestRun(entry, endian, 'legacy', 1));
      if (isFirst && entry.cpus === undefined) runs.push(guestRun(entry, endian, 'two-cpus', 2));
      if (entry.lines !== undefined) runs.push(guestRun(entry, endian, 'pipe', entry.cpus?.[0] ?? 1));
    }
  }
  return runs;
}

function guestRun(entry: Entry, endian: GuestRun['endian'], variant: GuestRun['variant'], cpus: number): GuestRun {
  const { guest, append, lines = 0, seeds = 0 } = entry;
  const more = [...(variant === 'legacy' ? ['--virtio', 'legacy'] : []), ...(cpus > 1 ? ['-c', String(cpus)] : [])];
  const typed = Array.from(
    { length: lines },
    (_, i) => `${String(i).padStart(6, '0')} ${'the quick brown fox '.repeat(2)}jumps\n`,
  );
  const input = entry.input === undefined ? null : typed.join('') + entry.input;
  const name = [
    `${guest}-te-${endian}`,
    ...(append === '' ? [] : [`-p '${append}'`]),
    ...(input === null ? [] : [lines > 0 ? `${input.length} bytes of lines` : `types ${JSON.stringify(input)}`]),
    ...(more.length > 0 ? [more.join(' ')] : []),
    ...(variant === 'pipe' ? ['through a pipe'] : []),
  ].join(', ');
  return {
    name,
    guest,
    endian,
    variant,
    arguments: [
      'run',
      join(ROOT, 'guests/bin', `${guest}-te-${endian}.elf`),
      ...(append === '' ? [] : ['-p', append]),
      ...more,
    ],
    input,
    cpus,
    seeds: cpus === entry.cpus?.[0] ? seeds : 0,
    exit: entry.exit,
    output: lines > 0 ? [...entry.output, input ?? ''] : entry.output,
  };
}

/** The same run with another seed. */
export function withSeed(run: GuestRun, seed: number): GuestRun {
  return { ...run, name: `${run.name}, --seed ${seed}`, arguments: [...run.arguments, '--seed', String(seed)] };
}

/** Run a guest through `launcher` (a bin/tsvm.js) and judge it. `scratch` is a folder for the file it reads. */
export async function runGuest(run: GuestRun, launcher: string, scratch: string): Promise<GuestResult> {
  const { exitCode, stdout, stderr } = await runCommand(run, launcher, scratch);
  const stateHash = / run [0-9a-f]{8} state ([0-9a-f]{8})$/m.exec(stderr)?.[1] ?? null;
  const problems: string[] = [];
  if (exitCode !== run.exit) problems.push(`exit code ${exitCode ?? 'none (killed)'}, not ${run.exit}`);
  for (const text of run.output) if (!stdout.includes(text)) problems.push(`the console lacks ${shorten(text)}`);
  if (stateHash === null) problems.push('no state hash in the verdict');
  return { problems, stateHash, stdout, stderr };
}

interface Finished {
  readonly exitCode: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

function runCommand(run: GuestRun, launcher: string, scratch: string): Promise<Finished> {
  const isPipe = run.variant === 'pipe';
  const file = isPipe || run.input === null ? null : inputFile(run, scratch);
  const child = spawn(process.execPath, [launcher, ...run.arguments], {
    stdio: [isPipe ? 'pipe' : (file ?? 'ignore'), 'pipe', 'pipe'],
    timeout: PATIENCE,
    killSignal: 'SIGKILL',
  });
  if (file !== null) closeSync(file);
  let stdout = '';
  let stderr = '';
  child.stdout?.setEncoding('latin1').on('data', (text: string) => {
    stdout += text;
  });
  child.stderr?.setEncoding('utf8').on('data', (text: string) => {
    stderr += text;
  });
  // The guest may end before it has read everything.
  child.stdin?.on('error', () => {});
  child.stdin?.end(run.input);
  return new Promise((done, failed) => {
    child.on('error', failed);
    child.on('close', (exitCode) => done({ exitCode, stdout, stderr }));
  });
}

/** A descriptor of a regular file that holds the input, read from its start. */
function inputFile(run: GuestRun, scratch: string): number {
  const path = join(scratch, run.name.replace(/[^a-z0-9-]+/g, '-'));
  writeFileSync(path, run.input ?? '');
  return openSync(path, 'r');
}

function shorten(text: string): string {
  return JSON.stringify(text.length > 80 ? `${text.slice(0, 60)}... (${text.length} bytes)` : text);
}
