// "Never wait silently": a spinner while a machine is being built, shown only when that takes noticeably long and only on
// a real terminal. ora is loaded then and not before; it spins for ever on a terminal of 0 columns and colours pipes,
// which is why it is never started on either.
import type { Writable } from 'node:stream';
import { type Env, isInteractive, type TerminalFacts, wantsColour } from './style.ts';

/** Wall milliseconds of silence that nobody minds. */
const PATIENCE = 300;

/** Start waiting; call the result to end it, after which the line is clean. */
export function startSpinner(stream: Writable & TerminalFacts, env: Env, text: string): () => void {
  if (!isInteractive(stream, env)) return () => {};
  let ended = false;
  let stop = (): void => {};
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
    const spinner = ora(options).start();
    stop = () => spinner.stop();
  }, PATIENCE);
  return () => {
    ended = true;
    clearTimeout(timer);
    stop();
  };
}
