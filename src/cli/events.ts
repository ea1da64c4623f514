// --json: the facts of stderr as events, one JSON object per line, each with its `event`. Every line is written at once,
// so that a killed run leaves what was known.
import { closeSync, openSync, writeSync } from 'node:fs';
import { TsvmError } from '../util/errors.ts';

export type JsonEvent = {
  readonly event: 'start' | 'inferred' | 'log' | 'oops' | 'panic' | 'verdict' | 'error';
} & Readonly<Record<string, unknown>>;

export interface EventSink {
  emit(event: JsonEvent): void;
  close(): void;
}

/** Without --json. */
export const noEvents: EventSink = { emit() {}, close() {} };

/**
 * Open the file of --json, truncating it. Throws TsvmError 'io' when it cannot be written. `onFailure` is called once
 * when a later write fails; the run goes on without events.
 */
export function openEvents(path: string, onFailure: (message: string) => void): EventSink {
  let fd: number | null;
  try {
    fd = openSync(path, 'w');
  } catch (error) {
    throw new TsvmError('io', `--json ${path}: cannot be written (${reason(error)})`, {
      next: 'give a file in a folder that exists and is yours',
    });
  }
  return {
    emit(event) {
      if (fd === null) return;
      try {
        const line = Buffer.from(`${JSON.stringify(event)}\n`);
        for (let done = 0; done < line.length; ) done += writeSync(fd, line, done);
      } catch (error) {
        closeQuietly(fd);
        fd = null;
        onFailure(`--json ${path}: no more events, a write failed (${reason(error)})`);
      }
    },
    close() {
      if (fd !== null) closeQuietly(fd);
      fd = null;
    },
  };
}

function closeQuietly(fd: number): void {
  try {
    closeSync(fd);
  } catch {
    // Every event was written or reported before; nothing is left that closing could save.
  }
}

function reason(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
