// Standard input as a console input source, whatever it is: a tty, a pipe or socket, a regular file, or nothing.
import { fstatSync, readSync, type Stats, statSync } from 'node:fs';
import { isatty, type ReadStream } from 'node:tty';
import { TsvmError } from '../util/errors.ts';

export type StdinKind = 'tty' | 'pipe' | 'file' | 'none';

const STDIN = 0;

/** What standard input is. /dev/null and a closed stdin are `none`; a directory is TsvmError 'io'. */
export function stdinKind(): StdinKind {
  let stat: Stats;
  try {
    stat = fstatSync(STDIN);
  } catch {
    return 'none';
  }
  if (isatty(STDIN)) return 'tty';
  if (stat.isDirectory())
    throw new TsvmError('io', 'standard input is a directory', { next: 'give a file, or < /dev/null' });
  if (stat.isFile()) return 'file';
  if (stat.isCharacterDevice() && stat.rdev === nullDevice()) return 'none';
  return 'pipe';
}

/** Reads standard input, a regular file, from where it stands. */
export function pullStdin(): { read(max: number): Uint8Array } {
  return {
    read: (max) => {
      const bytes = new Uint8Array(max);
      try {
        return bytes.subarray(0, readSync(STDIN, bytes, 0, max, null));
      } catch (error) {
        throw new TsvmError('io', `standard input cannot be read: ${error instanceof Error ? error.message : error}`);
      }
    },
  };
}

export interface InputListener {
  bytes(bytes: Uint8Array): void;
  /** No more will come. */
  end(): void;
}

/** A tty or pipe on standard input, read as it comes. */
export interface StdinStream {
  /** Do not read on until `release`. */
  hold(): void;
  release(): void;
  /** Stop reading and let the process end. */
  close(): void;
}

export function streamStdin(listener: InputListener): StdinStream {
  const { stdin } = process;
  const onData = (chunk: Buffer): void => listener.bytes(new Uint8Array(chunk));
  // A terminal that hangs up reads as EIO; it is the end of input all the same.
  const onEnd = (): void => {
    if (ended) return;
    ended = true;
    listener.end();
  };
  let ended = false;
  stdin.on('data', onData);
  stdin.on('end', onEnd);
  stdin.on('error', onEnd);
  stdin.resume();
  return {
    hold: () => {
      stdin.pause();
    },
    release: () => {
      stdin.resume();
    },
    close: () => {
      stdin.off('data', onData);
      stdin.off('end', onEnd);
      stdin.pause();
      stdin.unref?.(); // a character device such as /dev/zero is read as a file, which has none
    },
  };
}

/** Standard input when it is a tty. */
export function ttyStdin(): ReadStream {
  return process.stdin;
}

function nullDevice(): number | undefined {
  try {
    return statSync('/dev/null').rdev;
  } catch {
    return undefined;
  }
}
