// The lock file beside a writable image: one tsvm at a time writes to it. It says which process holds it, by id and start time,
// so that a lock whose process is gone is taken over, and a new process with an old id is not mistaken for it.
//
// Races. A lock appears whole: its text is written under a private name, which link() then makes the lock's, or fails when
// there is one. A dead holder's lock is replaced only by the process that holds the claim on it: a lock of the same kind, named
// after the dead holder. Nobody but the claim's holder changes a dead holder's lock, and a holder never comes back (its boot
// id, process id and start time are never used again), so what is read under the claim stays true until it is replaced.
import { linkSync, readdirSync, renameSync, unlinkSync, writeFileSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { TsvmError } from '../../util/errors.ts';
import { codeOf } from '../error-code.ts';
import { type Holder, hostOf, lifeOf, parseHolder, readText, textOf, thisProcess } from './lock-holder.ts';

const SUFFIX = '.tsvm-lock';
/** File systems without hard links say one of these. */
const NO_LINKS: readonly string[] = ['EPERM', 'ENOSYS', 'ENOTSUP', 'EOPNOTSUPP'];
/** A claim on a claim on a claim is left by as many crashes within microseconds. */
const MAX_CLAIMS = 4;
/** Somebody else may take or leave the lock between two looks at it; that often in a row is no chance. */
const MAX_TRIES = 1000;

export interface ImageLock {
  /** Give the lock back. Called again it does nothing. */
  release(): void;
}

let privateNames = 0;

/**
 * Lock the image or overlay at `path`, which has no symbolic links in it.
 * @throws TsvmError io: somebody else has it, or the lock file cannot be written
 */
export function lockImage(path: string, role: 'image' | 'overlay' = 'image'): ImageLock {
  const lock = path + SUFFIX;
  const self = thisProcess();
  const holder = takeOrTell(lock, self, path, role);
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

function takeOrTell(lock: string, self: Holder, path: string, role: 'image' | 'overlay'): ReturnType<typeof take> {
  try {
    return take(lock, lock, self, 0);
  } catch (error) {
    throw codeOf(error) === '' ? error : cannotLock(path, role, error);
  }
}

/**
 * Take the lock file `lock`. Returns null, or who has it (`damaged`: nobody can tell). Claims are named after `root`. Throws
 * the host's own errors.
 */
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
        replace(lock, root, self);
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
    throw error;
  } finally {
    unlinkQuietly(name);
  }
}

/** Put this process's lock in the place of a dead holder's. */
function replace(lock: string, root: string, self: Holder): void {
  const name = privateName(root, self);
  try {
    writeFileSync(name, textOf(self), { flag: 'wx' });
    renameSync(name, lock);
  } catch (error) {
    unlinkQuietly(name);
    throw error;
  }
}

/** Between the two steps inside, the file is empty: who then looks finds it damaged and is refused, which is safe. */
function createWithoutLinks(lock: string, self: Holder): boolean {
  try {
    writeFileSync(lock, textOf(self), { flag: 'wx' });
    return true;
  } catch (error) {
    if (codeOf(error) === 'EEXIST') return false;
    throw error;
  }
}

/**
 * After a take-over: private names and claims of processes that ended in the middle of theirs. A claim on a holder that is gone
 * means nothing.
 */
function removeLeftovers(root: string, ownClaim: string): void {
  const folder = dirname(root);
  for (const name of namesIn(folder)) {
    const path = join(folder, name);
    if (!name.startsWith(`${basename(root)}.`) || path === ownClaim) continue;
    const holder = parseHolder(readText(path) ?? '');
    if (holder && lifeOf(holder) === 'dead') unlinkQuietly(path);
  }
}

/** None where the folder may be written to and not be read. */
function namesIn(folder: string): string[] {
  try {
    return readdirSync(folder);
  } catch {
    return [];
  }
}

function privateName(root: string, { pid, start }: Holder): string {
  return `${root}.new-${pid}-${start}-${++privateNames}`;
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

function heldBy(path: string, lock: string, holder: Holder | 'damaged'): TsvmError {
  if (holder === 'damaged')
    return new TsvmError('io', `${path}: its lock file is damaged or cannot be read: ${lock}`, {
      next: 'if no tsvm uses the image, remove the lock file',
    });
  const { pid } = holder;
  if (lifeOf(holder) === 'unknown')
    return new TsvmError(
      'io',
      `${path}: in use by process ${pid} of ${hostOf(holder)}, which cannot be seen from here`,
      {
        cause: 'two machines that write to one image destroy it',
        next: `end that VM; if it is gone, remove ${lock}`,
      },
    );
  return new TsvmError('io', `${path}: in use by process ${pid}`, {
    cause: 'two machines that write to one image destroy it',
    next: `end that VM, or use the image without writing to it: ${path}:cow or ${path}:ro`,
  });
}

/** The host's failures in words; never its own sentence, which names a private file. */
const FAILURES: Readonly<Record<string, string>> = {
  EACCES: 'permission denied',
  EPERM: 'permission denied',
  EROFS: 'it is read-only',
  ENOSPC: 'no room',
  EDQUOT: 'no room for you',
  ENOENT: 'it is gone',
  ENAMETOOLONG: 'the name is too long',
};

function cannotLock(image: string, role: 'image' | 'overlay', error: unknown): TsvmError {
  const code = codeOf(error);
  const why = FAILURES[code] ?? code;
  const around =
    role === 'image'
      ? `use it without writing to it: ${image}:ro or ${image}:cow`
      : 'give an overlay in a folder that you may write to';
  return new TsvmError('io', `${image}: cannot be locked, as no file can be made in ${dirname(image)} (${why})`, {
    cause: 'a lock file beside what is written keeps two writers apart',
    next: code === 'ENOSPC' || code === 'EDQUOT' ? `make room on that disk, or ${around}` : around,
  });
}
