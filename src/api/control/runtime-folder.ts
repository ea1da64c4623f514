// The folder of the control sockets, one NAME.sock for each VM (kvmtool has ~/.lkvm): $TSVM_RUNTIME_DIR, else $XDG_RUNTIME_DIR/tsvm (XDG Base
// Directory Specification), else /tmp/tsvm-UID. Whoever can write there can make themselves a VM, so it must be the owner's alone.
import { lstatSync, readdirSync, type Stats } from 'node:fs';
import { join } from 'node:path';
import { codeOf } from '../../host/error-code.ts';
import { MAX_SOCKET_PATH } from '../../host/unix-socket.ts';
import { TsvmError } from '../../util/errors.ts';
import { makeFolder } from '../run-store.ts';

export type ControlEnv = Readonly<Record<string, string | undefined>>;

const SUFFIX = '.sock';
/** As `--name` allows it. */
const NAME = /^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$/;
const OTHERS = 0o077;

/** Can a VM be called so? */
export function isVmName(name: string): boolean {
  return NAME.test(name);
}

/** The folder; null: TSVM_RUNTIME_DIR is empty, and no VM is served. */
export function runtimeFolder({ TSVM_RUNTIME_DIR, XDG_RUNTIME_DIR }: ControlEnv): string | null {
  if (TSVM_RUNTIME_DIR !== undefined) return TSVM_RUNTIME_DIR === '' ? null : TSVM_RUNTIME_DIR;
  if (XDG_RUNTIME_DIR?.startsWith('/')) return join(XDG_RUNTIME_DIR, 'tsvm');
  // Not TMPDIR, which is another one in every other session.
  return `/tmp/tsvm-${process.getuid?.() ?? 'user'}`;
}

/** Make the folder if there is none, and see that it is private. @throws TsvmError io when it is not, or cannot be made */
export function openRuntimeFolder(folder: string): void {
  let problem: string | null;
  try {
    makeFolder(folder, 0o700);
    problem = problemOf(folder);
  } catch (error) {
    problem = `it cannot be made (${error instanceof Error ? error.message : String(error)})`;
  }
  if (problem !== null) throw notPrivate(folder, problem);
}

/** Why sockets in `folder` are not to be trusted; null: they are. Throws as lstatSync when it is not there. */
function problemOf(folder: string): string | null {
  const stat: Stats = lstatSync(folder);
  if (stat.isSymbolicLink()) return 'it is a symbolic link';
  if (!stat.isDirectory()) return 'it is no folder';
  if (process.getuid !== undefined && stat.uid !== process.getuid()) return `it belongs to user ${stat.uid}`;
  const mode = (stat.mode & 0o777).toString(8);
  return (stat.mode & OTHERS) === 0 ? null : `others may use it (mode ${mode})`;
}

function notPrivate(folder: string, problem: string): TsvmError {
  return new TsvmError('io', `${folder}: not the place for control sockets: ${problem}`, {
    next: `make it yours alone (chmod 700 ${folder}), or set TSVM_RUNTIME_DIR to a folder of your own`,
  });
}

/** Names of the sockets in the folder, live or stale, in order. @throws TsvmError io when the folder is not to be trusted */
export function socketNames(folder: string): string[] {
  let files: string[];
  try {
    const problem = problemOf(folder);
    if (problem !== null) throw notPrivate(folder, problem);
    files = readdirSync(folder);
  } catch (error) {
    if (codeOf(error) === 'ENOENT') return [];
    throw error instanceof TsvmError ? error : notPrivate(folder, String(error));
  }
  return files
    .filter((file) => file.endsWith(SUFFIX))
    .map((file) => file.slice(0, -SUFFIX.length))
    .filter(isVmName)
    .sort();
}

/** Where the socket of a VM is. @throws TsvmError usage when there is no room for its name in an address */
export function socketPath(folder: string, name: string): string {
  const path = join(folder, `${name}${SUFFIX}`);
  const length = Buffer.byteLength(path);
  if (length <= MAX_SOCKET_PATH) return path;
  throw new TsvmError('usage', `${path}: too long for a socket (${length} bytes, at most ${MAX_SOCKET_PATH})`, {
    next: 'give a shorter --name, or set TSVM_RUNTIME_DIR to a shorter path',
  });
}
