// tsvm's own lines on stderr. The guest may have left the cursor in the middle of a line: when stdout and stderr are the
// same terminal a line of ours starts on a fresh one; anywhere else the streams are separate and stay untouched.
import type { Writable } from 'node:stream';
import { printable } from '../util/format.ts';
import type { LogLevel } from '../util/log.ts';
import type { Style, TerminalFacts } from './style.ts';

export class StderrLines {
  readonly style: Style;
  /** Columns of the terminal; 0 when stderr is none. */
  readonly columns: number;
  /**
   * Says (and forgets) whether the guest has left the cursor of this very terminal in the middle of a line since the
   * last line of ours. Set by the verb that has a guest.
   */
  cursorMoved = (): boolean => false;
  private readonly stream: Writable;

  constructor(stream: Writable & TerminalFacts, style: Style) {
    this.stream = stream;
    this.style = style;
    this.columns = stream.isTTY === true ? (stream.columns ?? 0) : 0;
    // Nobody reads stderr any more: the run goes on, and its result is in the exit code.
    stream.on('error', () => {});
  }

  /** Write one or more lines (without the last newline). */
  lines(text: string): void {
    this.stream.write(`${this.cursorMoved() ? '\n' : ''}${text}\n`);
  }

  /** A message from inside the machine. */
  log(level: LogLevel, message: string): void {
    const paint = { error: this.style.bad, warning: this.style.warn, info: this.style.dim, debug: this.style.dim }[
      level
    ];
    this.lines(paint(`# ${level}: ${printable(message)}`));
  }
}
