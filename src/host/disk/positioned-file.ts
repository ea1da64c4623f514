// A host file as disks use it: bytes by position, synchronous, whole transfers, errors in the user's words. An interface, so
// that tests can crash a disk between any two operations.
import { closeSync, fdatasyncSync, fstatSync, readSync, writeSync } from 'node:fs';
import { TsvmError } from '../../util/errors.ts';

/** No descriptor: every call of the host refuses it. */
const CLOSED = -1;

export interface PositionedFile {
  /** Bytes now. */
  size(): number;
  /** Fill `into` from `position`; returns bytes read, fewer only at the end of the file. */
  read(position: number, into: Uint8Array): number;
  write(position: number, bytes: Uint8Array): void;
  /** Everything written before is on the medium when it returns. */
  sync(): void;
  close(): void;
}

/** Takes the descriptor over; `path` is for messages. Every method but close throws TsvmError `io`, after close too. */
export function positionedFile(opened: number, path: string): PositionedFile {
  let fd = opened;
  /**
   * A failed sync leaves the host's cache in a state that a later one does not see: Linux drops the dirty pages and reports the
   * loss once. So the first failure is the answer to every later sync.
   */
  let syncFailure: TsvmError | null = null;
  return {
    size: () => attempt(path, 'cannot be looked at', () => fstatSync(fd).size),
    read: (position, into) => attempt(path, 'a read failed', () => readWhole(fd, position, into)),
    write: (position, bytes) => attempt(path, 'a write failed', () => writeWhole(fd, position, bytes)),
    sync: () => {
      if (syncFailure) throw syncFailure;
      try {
        attempt(path, 'a flush failed', () => fdatasyncSync(fd));
      } catch (error) {
        if (error instanceof TsvmError) syncFailure = error;
        throw error;
      }
    },
    close: () => {
      if (fd >= 0) closeSync(fd);
      // The number may be another file's soon.
      fd = CLOSED;
    },
  };
}

function readWhole(fd: number, position: number, into: Uint8Array): number {
  let done = 0;
  while (done < into.length) {
    const count = readSync(fd, into, done, into.length - done, position + done);
    if (count === 0) break;
    done += count;
  }
  return done;
}

function writeWhole(fd: number, position: number, bytes: Uint8Array): void {
  let done = 0;
  while (done < bytes.length) done += writeSync(fd, bytes, done, bytes.length - done, position + done);
}

function attempt<T>(path: string, what: string, work: () => T): T {
  try {
    return work();
  } catch (error) {
    throw new TsvmError('io', `${path}: ${what} (${error instanceof Error ? error.message : String(error)})`);
  }
}
