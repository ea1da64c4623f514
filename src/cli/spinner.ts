// "Never wait silently": a spinner while a machine is being built, shown only when that takes noticeably long and only on
// a real terminal. ora is loaded then and not before; it spins for ever on a terminal of 0 columns and colours pipes,
// which is why it is never started on either.
import type { Writable } from 'node:stream';
import type { Ora } from 'ora';
import { type Env, isInteractive, type TerminalFacts, wantsColour } from './style.ts';

/** Columns that the spinner itself takes. */
const MARGIN = 4;
/** Wall milliseconds of silence that nobody minds. */
const PATIENCE = 300;

/** A line that says what goes on, until it is stopped. */
export interface Progress {
  say(text: string): void;
  /** Do something that writes to the same terminal, on a clean line. */
  apart(write: () => void): void;
  stop(): void;
}

/** Start waiting; call the result to end it, after which the line is clean. */
export function startSpinner(stream: Writable & TerminalFacts, env: Env, text: string): () => void {
  const progress = startProgress(stream, env, text);
  return () => progress.stop();
}

/** Start a line that says what goes on: on a terminal, once it takes noticeably long; elsewhere nothing. */
export function startProgress(stream: Writable & TerminalFacts, env: Env, first: string): Progress {
  if (!isInteractive(stream, env)) return { say() {}, apart: (write) => write(), stop() {} };
  let ended = false;
  let text = first;
  let spinner: Ora | null = null;
  const timer = setTimeout(async () => {
    const { default: ora } = await import('ora');
    if (ended) return;
    const color = wantsColour(stream, env) ? 'cyan' : false;
    // What ora would find out by itself (a terminal? CI?) is decided above.
    const options = {
      stream: stream as NodeJS.WriteStream,
      discardStdin: false,
      isEnabled: true,
      color,
      text,
    } as const;
    spinner = ora(options).start();
  }, PATIENCE);
  return {
    say: (now) => {
      text = now.slice(0, Math.max(1, (stream.columns ?? 80) - MARGIN));
      if (spinner) spinner.text = text;
    },
    apart: (write) => {
      spinner?.clear();
      write();
    },
    stop: () => {
      ended = true;
      clearTimeout(timer);
      spinner?.stop();
    },
  };
}
