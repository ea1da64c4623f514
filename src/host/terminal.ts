// The host's terminal while a guest has it: raw mode, and back to what it was however tsvm ends.
import type { ReadStream } from 'node:tty';

export interface RawTerminal {
  /** Put the terminal back; again does nothing. */
  restore(): void;
}

/**
 * Raw mode: every key is the guest's. Restored by `restore`, when the process exits (also after an uncaught exception), and set again
 * when the process is continued after a stop.
 */
export function enterRawMode(stdin: ReadStream): RawTerminal {
  let raw = true;
  const restore = (): void => {
    if (!raw) return;
    raw = false;
    process.off('exit', restore);
    process.off('SIGCONT', again);
    setRawMode(stdin, false);
  };
  const again = (): void => {
    setRawMode(stdin, false);
    setRawMode(stdin, true);
  };
  process.on('exit', restore);
  process.on('SIGCONT', again);
  setRawMode(stdin, true);
  return { restore };
}

/** A terminal that has gone (hang-up) cannot be set, and need not be. */
function setRawMode(stdin: ReadStream, raw: boolean): void {
  try {
    stdin.setRawMode(raw);
  } catch (error) {
    if (raw && !stdin.destroyed) throw error;
  }
}
