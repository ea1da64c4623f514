// Reading the files a user names: whole, bounded, and with errors in the user's words.
import { constants, writeFileSync } from 'node:fs';
import { access, open, realpath } from 'node:fs/promises';
import { TsvmError } from '../util/errors.ts';
import { codeOf } from './error-code.ts';

/** Larger than any kernel, initrd or symbol file. */
const MAX_FILE = 2 ** 31 - 1;

/**
 * Read a regular file. `role` is what the user meant it to be ("kernel", "initrd").
 * @throws TsvmError not-found, not-runnable (a directory, a device), io
 */
export async function readImage(role: string, path: string): Promise<Uint8Array> {
  try {
    // Non-blocking, so that a FIFO is refused instead of waited for.
    const file = await open(path, constants.O_RDONLY | constants.O_NONBLOCK);
    try {
      const stat = await file.stat();
      if (stat.isDirectory()) throw notRunnable(role, path, 'it is a directory');
      if (!stat.isFile()) throw notRunnable(role, path, 'it is not a regular file');
      if (stat.size > MAX_FILE) throw notRunnable(role, path, `it has ${stat.size} bytes, more than tsvm reads`);
      return await file.readFile();
    } finally {
      await file.close();
    }
  } catch (error) {
    throw inWords(role, path, error);
  }
}

/** Write a file that the user named with `option`. @throws TsvmError io */
export function writeWhole(option: string, path: string, bytes: Uint8Array): void {
  try {
    writeFileSync(path, bytes);
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error);
    throw new TsvmError('io', `${option} ${path}: cannot be written (${why})`, {
      next: 'give a file in a folder that exists and is yours',
    });
  }
}

/** Is there a readable file at `path`? */
export async function isReadable(path: string): Promise<boolean> {
  return access(path, constants.R_OK).then(
    () => true,
    () => false,
  );
}

/** Where `path` leads when its links are followed; itself when they lead nowhere. */
export function realPath(path: string): Promise<string> {
  return realpath(path).catch(() => path);
}

function inWords(role: string, path: string, error: unknown): TsvmError {
  if (error instanceof TsvmError) return error;
  const code = codeOf(error);
  if (code === 'ENOENT' || code === 'ENOTDIR')
    return new TsvmError('not-found', `${path}: no such file (${role})`, { next: 'check the path' });
  if (code === 'EACCES' || code === 'EPERM')
    return notRunnable(role, path, 'permission denied', `make it readable: chmod +r ${path}`);
  if (code === 'ELOOP' || code === 'ENAMETOOLONG')
    return notRunnable(
      role,
      path,
      code === 'ELOOP' ? 'its links lead in a circle' : 'the path is too long',
      'check the path',
    );
  return new TsvmError('io', `${path}: cannot be read (${role}): ${error instanceof Error ? error.message : code}`);
}

function notRunnable(role: string, path: string, why: string, next?: string): TsvmError {
  return new TsvmError('not-runnable', `${path}: cannot be the ${role}: ${why}`, next === undefined ? {} : { next });
}
