// A line on the console that ends the run: for guests that have neither a hypercall nor a power device with a code, which is any program on any
// kernel. The line is one of a program (the kernel's lines are taken out), and complete: the word, a blank and a decimal number, nothing else.
import { ConsoleStreams } from './console-streams.ts';

/** Longest line that is looked at; of longer ones the end. */
const MAX_LINE = 4096;

export class ExitLine {
  private readonly streams: ConsoleStreams;
  private readonly pattern: RegExp;
  private readonly exit: (code: number) => void;
  private line = '';

  /** `exit` is told the number of such a line. */
  constructor(word: string, exit: (code: number) => void) {
    this.pattern = new RegExp(`^${word.replace(/[\\^$.*+?()[\]{}|]/g, '\\$&')} (-?\\d{1,15})$`);
    this.exit = exit;
    this.streams = new ConsoleStreams({
      piece: (from, text) => {
        if (from === 'program') this.add(text);
      },
    });
  }

  /** The guest put out bytes. */
  consoleOutput(bytes: Uint8Array): void {
    this.streams.write(bytes);
  }

  private add(text: string): void {
    const lines = (this.line + text).split('\n');
    this.line = lines.pop()!.slice(-MAX_LINE);
    const match = lines.map((line) => this.pattern.exec(line)).find((found) => found !== null);
    if (match) this.exit(Number(match[1]));
  }
}
