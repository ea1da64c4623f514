// Running the disk guest (guests/disk) through the built command line: to its end, or until it is killed.
// For scripts/check-disk.ts and disk.test.ts.
import { type ChildProcess, spawn } from 'node:child_process';
import { join, resolve } from 'node:path';

const ROOT = resolve(import.meta.dirname, '../..');
/** Wall milliseconds after which a run that should have ended is killed. */
const PATIENCE = 120_000;

/** One way to build the guest and to show it its devices. */
export interface Machine {
  readonly endian: 'el' | 'eb';
  readonly legacy: boolean;
}

export const MACHINES: readonly Machine[] = (['el', 'eb'] as const).flatMap((endian) => [
  { endian, legacy: false },
  { endian, legacy: true },
]);

/** Such as `eb, legacy`. */
export const machineName = ({ endian, legacy }: Machine): string => `${endian}, ${legacy ? 'legacy' : 'modern'}`;

export interface DiskRun {
  /** Of `disk.test=`, and further words for the guest. */
  readonly command: string;
  /** Values of -d. */
  readonly disks: readonly string[];
}

export interface Finished {
  /** Null when it was killed. */
  readonly exitCode: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** A run under way. */
export interface Running {
  readonly pid: number;
  /** Settles when `text` has been printed (true), or the run has ended without it. */
  printed(text: string | RegExp): Promise<boolean>;
  /** What was printed up to now. */
  stdout(): string;
  kill(): void;
  /** Settles when it has ended and all its output is here. */
  readonly ended: Promise<Finished>;
}

/** Start the guest with `launcher` (a bin/tsvm.js). */
export function startDiskGuest(launcher: string, machine: Machine, run: DiskRun): Running {
  const child: ChildProcess = spawn(
    process.execPath,
    [
      launcher,
      'run',
      join(ROOT, 'guests/bin', `disk-te-${machine.endian}.elf`),
      ...(machine.legacy ? ['--virtio', 'legacy'] : []),
      ...run.disks.flatMap((disk) => ['-d', disk]),
      '-p',
      `disk.test=${run.command}`,
    ],
    { stdio: ['ignore', 'pipe', 'pipe'], timeout: PATIENCE, killSignal: 'SIGKILL' },
  );
  let stdout = '';
  let stderr = '';
  let over = false;
  const waiting = new Set<() => void>();
  const wake = (): void => {
    for (const look of waiting) look();
  };
  child.stdout?.setEncoding('latin1').on('data', (text: string) => {
    stdout += text;
    wake();
  });
  child.stderr?.setEncoding('utf8').on('data', (text: string) => {
    stderr += text;
  });
  const ended = new Promise<Finished>((done, failed) => {
    child.on('error', failed);
    child.on('close', (exitCode) => {
      over = true;
      wake();
      done({ exitCode, stdout, stderr });
    });
  });
  const printed = (text: string | RegExp): Promise<boolean> =>
    new Promise((settle) => {
      const look = (): void => {
        const found = typeof text === 'string' ? stdout.includes(text) : text.test(stdout);
        if (!found && !over) return;
        waiting.delete(look);
        settle(found);
      };
      waiting.add(look);
      look();
    });
  return { pid: child.pid ?? 0, printed, stdout: () => stdout, kill: () => child.kill('SIGKILL'), ended };
}

/** Run the guest to its end. */
export function runDiskGuest(launcher: string, machine: Machine, run: DiskRun): Promise<Finished> {
  return startDiskGuest(launcher, machine, run).ended;
}

/** The highest `flushed N` of the complete lines of a console, or 0. */
export function lastFlushed(stdout: string): number {
  return [...stdout.matchAll(/^flushed (\d+)\r?\n/gm)].reduce((most, [, number]) => Math.max(most, Number(number)), 0);
}

/** What is wrong with a run that should have ended with this exit code and have printed these texts. */
export function judgeRun(
  what: string,
  finished: Finished,
  exitCode: number,
  texts: readonly (string | RegExp)[],
): string[] {
  const problems: string[] = [];
  if (finished.exitCode !== exitCode)
    problems.push(`exit code ${finished.exitCode ?? 'none (killed)'}, not ${exitCode}`);
  for (const text of texts)
    if (typeof text === 'string' ? !finished.stdout.includes(text) : !text.test(finished.stdout))
      problems.push(`the console lacks ${text}`);
  if (problems.length === 0) return [];
  const last = `${finished.stdout}\n${finished.stderr}`.trimEnd().split('\n').slice(-8);
  return [...problems.map((problem) => `${what}: ${problem}`), ...last.map((line) => `  ${line}`)];
}
