// The files that commands of the debug shell name: relative to the folder where its user is.
import { closeSync, ftruncateSync, openSync, readFileSync, statSync, writeSync } from 'node:fs';
import { resolve } from 'node:path';
import type { ShellFiles } from '../../debug/shell/port.ts';
import { TsvmError } from '../../util/errors.ts';

/** Bytes of a file that is read. */
const MOST_READ = 512 << 20;
const ZEROES = Buffer.alloc(1 << 16);

export function shellFiles(folder: string): ShellFiles {
  return {
    read: (path) =>
      guarded(path, 'read', () => {
        const full = resolve(folder, path);
        const stat = statSync(full);
        if (!stat.isFile()) throw new Error('it is not a regular file');
        if (stat.size > MOST_READ) throw new Error(`it has more than ${MOST_READ >> 20} MiB`);
        return new Uint8Array(readFileSync(full));
      }),
    write: (path, chunks) =>
      guarded(path, 'written', () => {
        const full = resolve(folder, path);
        // A pipe without a reader would hold the VM.
        if (statSync(full, { throwIfNoEntry: false })?.isFile() === false) throw new Error('it is not a regular file');
        const fd = openSync(full, 'w');
        try {
          let at = 0;
          for (const chunk of chunks) {
            if (!isZero(chunk))
              for (let done = 0; done < chunk.length; )
                done += writeSync(fd, chunk, done, chunk.length - done, at + done);
            at += chunk.length;
          }
          ftruncateSync(fd, at);
        } finally {
          closeSync(fd);
        }
      }),
  };
}

/** Does a piece of memory need no place on the disk? */
function isZero(bytes: Uint8Array): boolean {
  return bytes.length <= ZEROES.length && ZEROES.subarray(0, bytes.length).equals(bytes);
}

/** @throws TsvmError io */
function guarded<T>(path: string, what: string, action: () => T): T {
  try {
    return action();
  } catch (error) {
    if (error instanceof TsvmError) throw error;
    throw new TsvmError('io', `${path}: cannot be ${what} (${error instanceof Error ? error.message : String(error)})`);
  }
}
