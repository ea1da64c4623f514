// Running the built command line as a user does: built from the present sources into a folder of its own (never a stale
// dist/), on guests/bin, in pipes or on a pseudo-terminal.
import { execFile, execFileSync, spawn } from 'node:child_process';
import { cpSync, existsSync, mkdtempSync, symlinkSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { promisify } from 'node:util';

const ROOT = resolve(import.meta.dirname, '../..');

/** Wall milliseconds after which a run that should have ended is killed and fails its test. */
const PATIENCE = 20_000;

/** Build into a fresh folder laid out as the package is; returns the folder. Throws with the compiler's words. */
export function buildPackage(): string {
  const folder = mkdtempSync(join(tmpdir(), 'tsvm-package-'));
  for (const name of ['node_modules', 'package.json']) symlinkSync(join(ROOT, name), join(folder, name));
  cpSync(join(ROOT, 'bin'), join(folder, 'bin'), { recursive: true });
  try {
    execFileSync(
      process.execPath,
      ['node_modules/typescript/bin/tsc', '-p', 'tsconfig.build.json', '--outDir', join(folder, 'dist')],
      { cwd: ROOT },
    );
    execFileSync(process.execPath, ['scripts/bundle.mjs', join(folder, 'dist')], { cwd: ROOT });
  } catch (error) {
    const { stdout } = error as { stdout?: Buffer };
    throw new Error(`the command line does not build, so it cannot be tested:\n${stdout?.toString() ?? String(error)}`);
  }
  return folder;
}

/** A committed guest, such as `hello-te-el`. Throws when it is not there, so that no test passes for want of it. */
export function guest(name: string): string {
  const path = join(ROOT, 'guests/bin', `${name}.elf`);
  if (!existsSync(path)) throw new Error(`${path} is missing: npm run guests`);
  return path;
}

export interface Finished {
  readonly exitCode: number | null;
  readonly signal: NodeJS.Signals | null;
  readonly stdout: string;
  readonly stderr: string;
  /** Lines of stderr. */
  readonly said: readonly string[];
}

export interface RunOptions {
  /** What is piped in; null leaves the pipe open without a byte. Default: an empty pipe. */
  readonly input?: string | null;
  /** Called with all of stdout so far. */
  readonly onOutput?: (stdout: string, kill: (signal: NodeJS.Signals) => void) => void;
}

/** Run tsvm with pipes for its three streams, until it ends. */
export function runPiped(folder: string, args: readonly string[], options: RunOptions = {}): Promise<Finished> {
  const child = spawn(process.execPath, [join(folder, 'bin/tsvm.js'), ...args], {
    cwd: ROOT,
    timeout: PATIENCE,
    killSignal: 'SIGKILL',
  });
  let stdout = '';
  let stderr = '';
  child.stdout.setEncoding('latin1').on('data', (text: string) => {
    stdout += text;
    options.onOutput?.(stdout, (signal) => child.kill(signal));
  });
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    stderr += text;
  });
  // The guest may end before it has read everything.
  child.stdin.on('error', () => {});
  if (options.input !== null) child.stdin.end(options.input ?? '');
  return new Promise((done) => {
    child.on('close', (exitCode, signal) => {
      child.stdin.destroy();
      done({ exitCode, signal, stdout, stderr, said: stderr.trimEnd().split('\n') });
    });
  });
}

/** Run a line of bash with `tsvm` (a function) and `$TSVM` (the words of a command) being the built command line. */
export async function runShell(folder: string, script: string): Promise<Finished> {
  const define = `TSVM="${process.execPath} ${join(folder, 'bin/tsvm.js')}"; tsvm() { $TSVM "$@"; }`;
  try {
    const { stdout, stderr } = await promisify(execFile)('bash', ['-c', `${define}\n${script}`], {
      cwd: ROOT,
      timeout: PATIENCE,
    });
    return { exitCode: 0, signal: null, stdout, stderr, said: stderr.trimEnd().split('\n') };
  } catch (error) {
    const failed = error as { code?: number; signal?: NodeJS.Signals; stdout: string; stderr: string };
    const { stdout, stderr } = failed;
    return {
      exitCode: failed.code ?? null,
      signal: failed.signal ?? null,
      stdout,
      stderr,
      said: stderr.trimEnd().split('\n'),
    };
  }
}

export type TerminalStep =
  | { readonly expect: string }
  | { readonly send: string }
  | { readonly signal: 'INT' | 'TERM' | 'HUP' | 'KILL' | 'QUIT' }
  | { readonly raw: boolean }
  | { readonly resize: readonly [number, number] }
  | { readonly hangup: true };

export interface TerminalResult {
  /** Everything the terminal showed. */
  readonly output: string;
  readonly exitCode: number;
  /** Are the terminal's settings as they were before? null after a hang-up. */
  readonly restored: boolean | null;
  /** The step that was waited for in vain. */
  readonly failed: TerminalStep | 'end' | null;
}

/** Run tsvm on a pseudo-terminal of `columns` x 24. */
export async function runOnTerminal(
  folder: string,
  args: readonly string[],
  steps: readonly TerminalStep[],
  { columns = 80, env = {} }: { columns?: number; env?: Readonly<Record<string, string>> } = {},
): Promise<TerminalResult> {
  const helper = join(import.meta.dirname, 'on-terminal.py');
  const command = [process.execPath, join(folder, 'bin/tsvm.js'), ...args];
  const { CI: _ci, NO_COLOR: _noColor, ...inherited } = process.env;
  const { stdout } = await promisify(execFile)(
    'python3',
    [helper, String(columns), '24', JSON.stringify(steps), '--', ...command],
    { cwd: ROOT, timeout: 3 * PATIENCE, env: { ...inherited, TERM: 'xterm', ...env } },
  );
  return JSON.parse(stdout) as TerminalResult;
}
