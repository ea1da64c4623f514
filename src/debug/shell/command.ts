// What a command of the debug shell is, and the words that it is given.
import { TsvmError } from '../../util/errors.ts';
import { printable } from '../../util/format.ts';
import type { ShellSession } from './session.ts';
import { cutWords, type Word } from './words.ts';

/** Headings of `help`, in its order. */
export const FAMILIES = ['running', 'breakpoints', 'looking', 'memory', 'machine', 'linux', 'shell'] as const;

const UNITS: Readonly<Record<string, number>> = { K: 1 << 10, M: 1 << 20, G: 1 << 30 };

export interface ShellCommand {
  readonly name: string;
  /** gdb's names, and obvious ones. */
  readonly aliases?: readonly string[];
  readonly family: (typeof FAMILIES)[number];
  /** `break [PLACE] [if EXPR]` */
  readonly usage: string;
  /** One line. */
  readonly summary: string;
  /** More lines for `help NAME`. */
  readonly help?: readonly string[];
  readonly examples: readonly string[];
  /**
   * The guest that it wants. `standing`: one that stands. `any`: whatever it does. `look`, the default: one that runs is stopped for the moment, and
   * goes on afterwards.
   */
  readonly needs?: 'standing' | 'look' | 'any';
  /** Words that may stand where `word` is being typed; `before` are those between the command and it. Only what begins with `word` is kept. */
  complete?(session: ShellSession, before: readonly string[], word: string): readonly string[];
  /** Lines without newlines; safe for a terminal. @throws TsvmError what the command does not take, or cannot do */
  run(session: ShellSession, args: Arguments): readonly string[] | Promise<readonly string[]>;
}

/** The words behind a command, taken one after the other. */
export class Arguments {
  /** What follows a slash behind the command's name, as in gdb: `4wx` of `x/4wx`. */
  readonly format: string;
  private readonly command: Pick<ShellCommand, 'name' | 'usage'>;
  private readonly line: string;
  private readonly words: readonly Word[];
  private taken = 0;

  constructor(command: Pick<ShellCommand, 'name' | 'usage'>, line: string, from = 0, format = '') {
    this.command = command;
    this.line = line;
    this.words = cutWords(line, from);
    this.format = format;
  }

  /** The next word, without taking it. */
  get next(): string | undefined {
    return this.words[this.taken]?.text;
  }

  /** Is the next word in quotes? */
  get nextIsQuoted(): boolean {
    return this.words[this.taken]?.quoted ?? false;
  }

  take(): string | undefined {
    return this.words[this.taken++]?.text;
  }

  /** The next word; `what` it should be is said when there is none. */
  need(what: string): string {
    const word = this.take();
    if (word === undefined) throw this.refuse(`${what} is missing`);
    return word;
  }

  /** Take the next word when it is one of `words`. */
  takeIf<T extends string>(...words: readonly T[]): T | undefined {
    const { next } = this;
    const found = this.nextIsQuoted ? undefined : words.find((word) => word === next);
    if (found !== undefined) this.taken++;
    return found;
  }

  /** A whole number from 1 to `most`, decimal or 0x; `otherwise` when there is no word. */
  count(what: string, otherwise: number, most: number): number {
    const word = this.take();
    return word === undefined ? otherwise : this.number(word, what, 1, most);
  }

  /** `word` as a number; commas may part its thousands. */
  number(word: string, what: string, least: number, most: number): number {
    const plain = word.replaceAll(',', '');
    const value = /^(0x[0-9a-f]+|\d+)$/i.test(plain) ? Number(plain) : Number.NaN;
    return this.within(value, word, what, least, most);
  }

  /** The next word as bytes, from 1 to `most`: a number, or digits with K, M or G behind them. */
  size(what: string, most: number): number {
    const word = this.need(what);
    const [, digits, unit] = /^(\d+)([KMG])$/i.exec(word) ?? [];
    if (digits === undefined || unit === undefined) return this.number(word, what, 1, most);
    return this.within(Number(digits) * UNITS[unit.toUpperCase()]!, word, what, 1, most);
  }

  /** The rest of the line as it was typed. */
  rest(): string {
    const word = this.words[this.taken];
    this.taken = this.words.length;
    return word === undefined ? '' : this.line.slice(word.start).trimEnd();
  }

  /** Refuses words that nobody has taken. */
  done(): void {
    const { next } = this;
    if (next === undefined) return;
    const hint = /^[-+*/&|^<>=!]/.test(next) ? '; an expression with blanks goes into parentheses' : '';
    throw this.refuse(`${printable(next)} is too much${hint}`);
  }

  private within(value: number, word: string, what: string, least: number, most: number): number {
    if (!(value >= least && value <= most))
      throw this.refuse(`${printable(word)}: ${what} is a number from ${least} to ${most}`);
    return value;
  }

  /** An error of usage that says how the command is written. */
  refuse(what: string): TsvmError {
    return new TsvmError('usage', `${this.command.name}: ${what}`, { next: `usage: ${this.command.usage}` });
  }
}
