// The lock file beside a writable image: one tsvm at a time writes to it. It says which process holds it, by id and start time,
// so that a lock whose process is gone is taken over, and a new process with an old id is not mistaken for it.
//
// Races. A lock appears whole: its text is written under a private name, which link() then makes the lock's, or fails when
// there is one. A dead holder's lock is replaced only by the process that holds the claim on it: a lock of the same kind, named
// after the dead holder. Nobody but the claim's holder changes a dead holder's lock, and a holder never comes back (its boot
// id, process id and start time are never used again), so what is read under the claim stays true until it is replaced.
import { linkSync, readdirSync, readFileSync, readlinkSync, renameSync, unlinkSync, writeFileSync } from 'node:fs';
import { hostname } from 'node:os';
import { basename, dirname, join } from 'node:path';
import { TsvmError } from '../../util/errors.ts';

const SUFFIX = '.tsvm-lock';
/** File systems without hard links say one of these. */
const NO_LINKS: readonly string[] = ['EPERM', 'ENOSYS', 'ENOTSUP', 'EOPNOTSUPP'];
/** A claim on a claim on a claim is left by as many crashes within microseconds. */
const MAX_CLAIMS = 4;
/** Somebody else may take or leave the lock between two looks at it; that often in a row is no chance. */
const MAX_TRIES = 1000;

/** Who holds a lock: enough to tell whether that process is still there. */
interface Holder {
  readonly pid: number;
  /** Field 22 of /proc/PID/stat, or `-` where there is no /proc. */
  readonly start: string;
  readonly host: string;
  readonly boot: string;
  /** Where `pid` means something. */
  readonly namespace: string;
}

type Life = 'alive' | 'dead' | 'unknown';

export interface ImageLock {
  /** Give the lock back. Called again it does nothing. */
  release(): void;
}

let privateNames = 0;

/**
 * Lock the image at `path`, which has no symbolic links in it.
 * @throws TsvmError io: somebody else has it, or the lock file cannot be written
 */
export function lockImage(path: string): ImageLock {
  const lock = path + SUFFIX;
  const self = thisProcess();
  const holder = take(lock, lock, self, 0);
  if (holder) throw heldBy(path, lock, holder);
  let held = true;
  return {
    release: () => {
      if (held && readText(lock) === textOf(self)) unlinkQuietly(lock);
      held = false;
    },
  };
}

/** The id of the process that writes to the image at `path` now, or null. */
export function writerOf(path: string): number | null {
  const text = readText(path + SUFFIX);
  const holder = text === null ? null : parseHolder(text);
  return holder && lifeOf(holder) !== 'dead' ? holder.pid : null;
}

/** Take the lock file `lock`. Returns null, or who has it (`damaged`: nobody can tell). Claims are named after `root`. */
function take(lock: string, root: string, self: Holder, depth: number): Holder | 'damaged' | null {
  let last: Holder | 'damaged' = 'damaged';
  for (let tries = 0; tries < MAX_TRIES; tries++) {
    if (create(lock, root, self)) return null;
    const text = readText(lock);
    if (text === null) continue; // given back since
    const holder = parseHolder(text);
    if (!holder) return 'damaged';
    if (lifeOf(holder) !== 'dead') return holder;
    if (depth === MAX_CLAIMS) return 'damaged';
    const claim = `${root}.${holder.boot.slice(0, 8)}-${holder.pid}-${holder.start}`;
    const claimant = take(claim, root, self, depth + 1);
    if (claimant === 'damaged') return 'damaged';
    if (claimant) {
      // It is about to replace the lock, and will then be seen to hold it.
      last = claimant;
      sleepOneMs();
      continue;
    }
    try {
      if (readText(lock) === text) {
        const name = privateName(root, self);
        writeFileSync(name, textOf(self), { flag: 'wx' });
        renameSync(name, lock);
        if (depth === 0) removeLeftovers(root, claim);
        return null;
      }
    } finally {
      unlinkQuietly(claim);
    }
  }
  return last;
}

/** Make the lock file, with its whole text, if there is none. */
function create(lock: string, root: string, self: Holder): boolean {
  const name = privateName(root, self);
  try {
    writeFileSync(name, textOf(self), { flag: 'wx' });
    linkSync(name, lock);
    return true;
  } catch (error) {
    if (codeOf(error) === 'EEXIST') return false;
    if (NO_LINKS.includes(codeOf(error))) return createWithoutLinks(lock, self);
    throw cannotLock(lock, error);
  } finally {
    unlinkQuietly(name);
  }
}

/** Between the two steps inside, the file is empty: who then looks finds it damaged and is refused, which is safe. */
function createWithoutLinks(lock: string, self: Holder): boolean {
  try {
    writeFileSync(lock, textOf(self), { flag: 'wx' });
    return true;
  } catch (error) {
    if (codeOf(error) === 'EEXIST') return false;
    throw cannotLock(lock, error);
  }
}

/**
 * After a take-over: private names and claims of processes that ended in the middle of theirs. A claim on a holder that is gone
 * means nothing.
 */
function removeLeftovers(root: string, ownClaim: string): void {
  const folder = dirname(root);
  for (const name of readdirSync(folder)) {
    const path = join(folder, name);
    if (!name.startsWith(`${basename(root)}.`) || path === ownClaim) continue;
    const holder = parseHolder(readText(path) ?? '');
    if (holder && lifeOf(holder) === 'dead') unlinkQuietly(path);
  }
}

function privateName(root: string, { pid, start }: Holder): string {
  return `${root}.new-${pid}-${start}-${++privateNames}`;
}

function thisProcess(): Holder {
  const { pid } = process;
  return { pid, start: statOf(pid)?.start ?? '-', host: hostname(), boot: bootId(), namespace: pidNamespace() };
}

function textOf(holder: Holder): string {
  return `${JSON.stringify(holder)}\n`;
}

/** Null for a text that tsvm did not write. */
function parseHolder(text: string): Holder | null {
  try {
    const { pid, start, host, boot, namespace } = JSON.parse(text) as Record<string, unknown>;
    if (!Number.isSafeInteger(pid) || (pid as number) <= 0 || !/^(\d+|-)$/.test(String(start))) return null;
    if (typeof host !== 'string' || !/^[\w-]*$/.test(String(boot)) || typeof namespace !== 'string') return null;
    return { pid: pid as number, start: String(start), host, boot: String(boot), namespace };
  } catch {
    return null;
  }
}

function lifeOf(holder: Holder): Life {
  if (holder.host !== hostname()) return 'unknown';
  if (holder.boot !== bootId()) return 'dead';
  if (holder.namespace !== pidNamespace()) return 'unknown';
  try {
    process.kill(holder.pid, 0);
  } catch (error) {
    if (codeOf(error) === 'ESRCH') return 'dead';
  }
  const stat = statOf(holder.pid);
  if (!stat) return 'alive';
  // A zombie has closed its files.
  return stat.start === holder.start && !'ZX'.includes(stat.state) ? 'alive' : 'dead';
}

/** State and start time of a process, or null where that cannot be read. */
function statOf(pid: number): { state: string; start: string } | null {
  const text = readText(`/proc/${pid}/stat`);
  if (text === null) return null;
  // The second field is a name in parentheses, in which anything may stand.
  const fields = text.slice(text.lastIndexOf(')') + 2).split(' ');
  const [state, start] = [fields[0], fields[19]];
  return state === undefined || start === undefined ? null : { state, start };
}

function bootId(): string {
  return readText('/proc/sys/kernel/random/boot_id')?.trim() ?? '';
}

function pidNamespace(): string {
  try {
    return readlinkSync('/proc/self/ns/pid');
  } catch {
    return '';
  }
}

/** Null: there is no such file. Empty: it cannot be read. */
function readText(path: string): string | null {
  try {
    return readFileSync(path, 'utf8');
  } catch (error) {
    return codeOf(error) === 'ENOENT' ? null : '';
  }
}

function unlinkQuietly(path: string): void {
  try {
    unlinkSync(path);
  } catch {
    // gone already
  }
}

function sleepOneMs(): void {
  Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 1);
}

function codeOf(error: unknown): string {
  return error instanceof Error && 'code' in error ? String(error.code) : '';
}

function heldBy(path: string, lock: string, holder: Holder | 'damaged'): TsvmError {
  if (holder === 'damaged')
    return new TsvmError('io', `${path}: its lock file is damaged or cannot be read: ${lock}`, {
      next: 'if no tsvm uses the image, remove the lock file',
    });
  const { pid, host } = holder;
  if (lifeOf(holder) === 'unknown')
    return new TsvmError('io', `${path}: in use by process ${pid} of ${host}, which cannot be seen from here`, {
      cause: 'two machines that write to one image destroy it',
      next: `end that VM; if it is gone, remove ${lock}`,
    });
  return new TsvmError('io', `${path}: in use by process ${pid}`, {
    cause: 'two machines that write to one image destroy it',
    next: `end that VM, or use the image without writing to it: ${path}:cow or ${path}:ro`,
  });
}

function cannotLock(lock: string, error: unknown): TsvmError {
  const why = error instanceof Error ? error.message : String(error);
  return new TsvmError('io', `${lock}: the lock file of a disk cannot be written (${why})`, {
    next: 'put the image into a folder that you may write to, or use it with :cow or :ro',
  });
}
