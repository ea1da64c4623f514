// Where the records of runs are kept, so that a run can be named by its id: $TSVM_RUNS, else a folder of the user's state (XDG Base Directory
// Specification). Only the owner can read them, for they hold what was typed. The newest ones stay. Keeping one never stops a run.
import {
  closeSync,
  existsSync,
  mkdirSync,
  openSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  writeSync,
} from 'node:fs';
import { homedir } from 'node:os';
import { dirname, join } from 'node:path';
import { TsvmError } from '../util/errors.ts';

export type RunStoreEnv = Readonly<Record<string, string | undefined>>;

/** Records that are kept. */
const KEPT = 500;
const RUN_ID = /^[0-9a-f]{8}$/;
const RECORD = /^[0-9a-f]{8}\.jsonl$/;
const UNFINISHED = /^unfinished-(\d+)-\d+\.jsonl$/;

/** The folder; null: TSVM_RUNS is empty, and nothing is kept. */
function folderOf({ TSVM_RUNS, XDG_STATE_HOME }: RunStoreEnv): string | null {
  if (TSVM_RUNS !== undefined) return TSVM_RUNS === '' ? null : TSVM_RUNS;
  return join(XDG_STATE_HOME?.startsWith('/') ? XDG_STATE_HOME : join(homedir(), '.local', 'state'), 'tsvm', 'runs');
}

export interface RunKeeper {
  /** For StartVmOptions.onRecord. */
  readonly line: (line: string) => void;
  /** The run is over, and this is its id. */
  end(runId: string): void;
}

let begun = 0;

/**
 * Keep the record of a run that is about to start. Where that is impossible nothing is kept, and nothing said. `isReplay`: a record that is there
 * already stays, for it is that of the run which is replayed.
 */
export function keepRun(env: RunStoreEnv, isReplay = false): RunKeeper {
  const folder = folderOf(env);
  if (folder === null) return { line() {}, end() {} };
  let file: OpenRecord | null = null;
  /** Nothing more is written. */
  let closed = false;
  const attempt = (what: () => void): void => {
    if (closed) return;
    try {
      what();
    } catch {
      // No room, no right: the run goes on, and cannot be replayed by its id.
      closed = true;
      if (file) discard(file);
    }
  };
  return {
    line: (line) =>
      attempt(() => {
        file ??= openRecord(folder);
        const bytes = Buffer.from(`${line}\n`);
        for (let done = 0; done < bytes.length; ) done += writeSync(file.fd, bytes, done);
      }),
    end: (runId) =>
      attempt(() => {
        const ended = file;
        file = null;
        closed = true;
        if (!ended) return;
        closeSync(ended.fd);
        const path = join(folder, `${runId}.jsonl`);
        if (!RUN_ID.test(runId) || (isReplay && existsSync(path))) rmSync(ended.path);
        else renameSync(ended.path, path);
        prune(folder);
      }),
  };
}

/** Make a folder and what it lies in. Not mkdirSync's own way, which tries for ever where the kernel answers ENOENT (/proc). Throws as mkdirSync. */
export function makeFolder(path: string, mode?: number): void {
  if (existsSync(path)) return;
  const parent = dirname(path);
  if (parent !== path) makeFolder(parent, mode);
  try {
    mkdirSync(path, { mode });
  } catch (error) {
    // Another process was quicker.
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
  }
}

interface OpenRecord {
  readonly path: string;
  readonly fd: number;
}

/** A file of its own: what a killed process has left may have the name that this one would take. */
function openRecord(folder: string): OpenRecord {
  makeFolder(folder, 0o700);
  for (;;) {
    const path = join(folder, `unfinished-${process.pid}-${++begun}.jsonl`);
    try {
      return { path, fd: openSync(path, 'ax', 0o600) };
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
    }
  }
}

function discard({ fd, path }: OpenRecord): void {
  try {
    closeSync(fd);
    rmSync(path, { force: true });
  } catch {
    // As it is, then.
  }
}

/** Old records go, and those whose process has gone without an end long ago. */
function prune(folder: string): void {
  const names = readdirSync(folder).filter((name) => RECORD.test(name) || (UNFINISHED.test(name) && isLeft(name)));
  if (names.length <= KEPT) return;
  const aged = names.map((name) => ({
    name,
    at: statSync(join(folder, name), { throwIfNoEntry: false })?.mtimeMs ?? 0,
  }));
  aged.sort((a, b) => b.at - a.at);
  for (const { name } of aged.slice(KEPT)) rmSync(join(folder, name), { force: true });
}

/** Has the process of an unfinished record gone? */
function isLeft(name: string): boolean {
  try {
    process.kill(Number(UNFINISHED.exec(name)?.[1]), 0);
    return false;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'ESRCH';
  }
}

/** The text of a record: `run` is a run id, or the path of a journal. @throws TsvmError not-found, io */
export function readRun(run: string, env: RunStoreEnv): { readonly path: string; readonly text: string } {
  const folder = folderOf(env);
  const stored = RUN_ID.test(run) && folder !== null ? join(folder, `${run}.jsonl`) : null;
  const path = stored !== null && existsSync(stored) ? stored : run;
  try {
    return { path, text: readFileSync(path, 'utf8') };
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException;
    const missing = code === 'ENOENT' || code === 'ENOTDIR' || code === 'EISDIR';
    throw new TsvmError(
      missing ? 'not-found' : 'io',
      `${run}: ${missing ? 'no such run, and no such journal' : message}`,
      {
        cause:
          folder === null
            ? 'TSVM_RUNS is empty, so no runs are kept'
            : `runs are kept in ${folder}, the newest ${KEPT}`,
        next: 'give the id that a verdict showed after "run", or a file that --journal wrote',
      },
    );
  }
}
