// A guest under a real gdb-multiarch: the VM runs in this process, gdb in its own, and both meet at a Unix socket. gdb is given nothing but where to connect.
import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { kernelFile, serveGdb } from '../../../src/api/gdb-server.ts';
import { startVm } from '../../../src/api/index.ts';
import type { StartVmOptions } from '../../../src/api/types.ts';
import { DebugShell } from '../../../src/debug/shell/shell.ts';
import type { Verdict } from '../../../src/vmm/verdict.ts';

const GDB = 'gdb-multiarch';
/** Wall milliseconds after which a gdb, or a guest that was to say something, is given up. */
const PATIENCE_MS = 240_000;

/** Why there is no gdb here, or null. */
export function gdbMissing(): string | null {
  return spawnSync(GDB, ['--version']).status === 0 ? null : `${GDB} is not installed`;
}

export interface DebuggedOptions extends Omit<StartVmOptions, 'onConsole' | 'stopAtStart' | 'log'> {
  /** gdb's commands behind `target remote`, a line each. */
  readonly script: readonly string[];
  /** Files of symbols and the like, before it. */
  readonly before?: readonly string[];
  /** Send gdb SIGINT, as Ctrl-C does, as soon as it lets the guest go on. */
  readonly interrupts?: boolean;
  /** When gdb is gone: wait until the console has this, then stop the guest. Without: wait for its end. */
  readonly until?: string;
  /** Let it run until the console has this before gdb comes. Without, the guest stands at its entry and waits for gdb. */
  readonly attachAt?: string;
}

export interface Debugged {
  /** What gdb said, both streams. */
  readonly said: string;
  /** `NAME=VALUE` lines of that, in order: what the script has printed on purpose. */
  readonly printed: readonly string[];
  readonly console: string;
  readonly verdict: Verdict;
}

/** @throws Error gdb or the guest takes too long */
export async function debugged(options: DebuggedOptions): Promise<Debugged> {
  const { script, before = [], interrupts = false, until, attachAt, ...start } = options;
  const folder = mkdtempSync(join(tmpdir(), 'tsvm-gdb-'));
  let console = '';
  let over = false;
  let changed = (): void => {};
  const vm = await startVm({
    ...start,
    stopAtStart: attachAt === undefined,
    onConsole: (bytes) => {
      console += Buffer.from(bytes).toString('latin1');
      changed();
    },
  });
  vm.wait().finally(() => {
    over = true;
    changed();
  });
  const shows = async (text: string): Promise<void> => {
    await inTime('the guest takes too long', async () => {
      while (!console.includes(text) && !over)
        await new Promise<void>((resolve) => {
          changed = resolve;
        });
    });
    if (!console.includes(text)) throw new Error(`the console never said ${text}:\n${console.slice(-2000)}`);
  };
  try {
    const target = await vm.debugTarget();
    const path = join(folder, 'gdb');
    const complaints: string[] = [];
    const server = await serveGdb({
      target,
      place: { kind: 'unix', path },
      waits: attachAt === undefined,
      kernel: () => kernelFile(start.kernel),
      openShell: () => new DebugShell(target, { files: NO_FILES }),
      log: { log: (level, message) => level === 'error' && complaints.push(message) },
    });
    if (attachAt !== undefined) await shows(attachAt);
    const commands = join(folder, 'script');
    writeFileSync(
      commands,
      ['set width 0', 'set height 0', 'set confirm off', ...before, `target remote ${path}`, ...script, ''].join('\n'),
    );
    const gdb = spawn(GDB, ['-nx', '-q', '-batch', '-x', commands], { stdio: ['ignore', 'pipe', 'pipe'] });
    const deaf = target.subscribe(({ event }) => {
      if (event === 'resumed' && interrupts) gdb.kill('SIGINT');
      if (event === 'resumed') deaf();
    });
    const said = await ended(gdb);
    if (until !== undefined) {
      await shows(until).catch((error: Error) => {
        throw new Error(`${error.message}\ngdb said:\n${said}`);
      });
      vm.stop('checked');
    }
    const verdict = await inTime(`the guest does not end:\n${said}\n${console.slice(-2000)}`, () => vm.wait());
    await server.close();
    if (complaints.length > 0) throw new Error(complaints.join('\n'));
    return { said, printed: said.split('\n').filter((line) => /^\w+=\S/.test(line)), console, verdict };
  } finally {
    vm.stop('checked');
    await vm.wait();
    rmSync(folder, { recursive: true });
  }
}

const NO_FILES = {
  read: (path: string): Uint8Array => {
    throw new Error(`${path}: no files here`);
  },
  write: (path: string): void => {
    throw new Error(`${path}: no files here`);
  },
};

/** What it has said when it is over. */
async function ended(gdb: ChildProcess): Promise<string> {
  let said = '';
  for (const stream of [gdb.stdout!, gdb.stderr!])
    stream.on('data', (bytes: Buffer) => {
      said += bytes.toString();
    });
  const over = new Promise<void>((resolve, reject) => {
    gdb.on('error', reject);
    gdb.on('close', () => resolve());
  });
  try {
    await inTime('gdb does not end', () => over);
  } catch (error) {
    gdb.kill('SIGKILL');
    throw new Error(`${(error as Error).message}:\n${said}`);
  }
  return said;
}

async function inTime<T>(complaint: string, wait: () => Promise<T>): Promise<T> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new Error(complaint)), PATIENCE_MS);
  });
  try {
    return await Promise.race([wait(), late]);
  } finally {
    clearTimeout(timer);
  }
}
