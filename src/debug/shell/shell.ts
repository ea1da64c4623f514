// The debug shell: a line in, text out (HOUSE.md section 3, control; UX.md). It knows a guest only through DebugTarget and is the same on the console
// (Ctrl-a c), over the control socket, in scripts and behind gdb's `monitor`.
import { TsvmError } from '../../util/errors.ts';
import { printable } from '../../util/format.ts';
import type { DebugEvent, DebugTarget, Stop } from '../target.ts';
import { Arguments, type ShellCommand } from './command.ts';
import { COMMANDS } from './commands/index.ts';
import { commandNamed, withoutAccess, withoutInfo } from './lookup.ts';
import type { ShellCompletion, ShellFiles, ShellPort, ShellReply } from './port.ts';
import { ShellSession } from './session.ts';
import { described } from './stops.ts';
import { cutWords } from './words.ts';

/** Characters of a line. */
const MAX_LINE = 16_384;
const MOST_CANDIDATES = 200;

/** A command's name, and gdb's format behind it: `x/4wx`. */
const COMMAND = /^\s*([A-Za-z][\w-]*|[?.])(?:\/(\w*))?/;

export interface DebugShellOptions {
  readonly files: ShellFiles;
  /** Commands beside the shell's own. */
  readonly commands?: readonly ShellCommand[];
}

export class DebugShell implements ShellPort {
  private readonly target: DebugTarget;
  private readonly session: ShellSession;
  private readonly foundRunning: boolean;
  private readonly unsubscribe: () => void;
  private readonly listeners = new Set<(text: string) => void>();
  private last: Promise<unknown> = Promise.resolve();
  private closed = false;
  /** The guest stands for one command that looks at it, and nobody is told. */
  private looking = false;

  constructor(target: DebugTarget, { files, commands = [] }: DebugShellOptions) {
    this.target = target;
    this.foundRunning = target.stopped === null;
    const session = new ShellSession(target, files);
    session.commands = [...COMMANDS, ...commands];
    session.runLine = (line) => this.one(line);
    this.session = session;
    this.unsubscribe = target.subscribe((event) => this.happened(event));
  }

  execute(line: string): Promise<ShellReply> {
    const reply = this.last.then(async () => {
      this.session.interrupted = false;
      return await this.one(line);
    });
    this.last = reply;
    return reply;
  }

  async complete(line: string, cursor: number): Promise<ShellCompletion> {
    const text = line.slice(0, cursor);
    try {
      return this.candidates(text);
    } catch {
      // Nothing can be offered where the line means nothing, or the guest runs.
      return { from: text.length, candidates: [] };
    }
  }

  async prompt(): Promise<string> {
    const { target, session } = this;
    const cpu = target.cpus === 1 ? '' : ` cpu${session.selected}`;
    return target.stopped === null ? '(tsvm running) ' : `(tsvm${cpu}) `;
  }

  interrupt(): void {
    this.session.interrupted = true;
    if (this.session.waits) this.target.pause().catch(() => {});
  }

  onNotice(listener: (text: string) => void): () => void {
    this.listeners.add(listener);
    return () => this.listeners.delete(listener);
  }

  /** The session is over: its breakpoints go, tracing ends, and a guest that it found running goes on. Again does nothing. */
  async close(): Promise<void> {
    if (this.closed) return;
    this.closed = true;
    const { target, session } = this;
    this.unsubscribe();
    this.listeners.clear();
    for (const id of session.own.keys()) target.removeBreakpoint(id);
    session.own.clear();
    const leave = session.leave ?? 'found';
    const ran = target.stopped === null;
    const observes = session.counting || session.trace.on;
    if (ran && (observes || leave === 'standing')) await target.pause();
    if (observes) target.observe(false, null);
    const goesOn = leave === 'running' || (leave === 'found' && (ran || this.foundRunning));
    if (goesOn && target.stopped !== null && target.stopped.kind !== 'ended') void session.letGo();
  }

  private async one(line: string): Promise<ShellReply> {
    const { session } = this;
    if (this.closed) return { output: 'error: this session is over\n', ok: false, quit: true };
    const { repeat } = session;
    const meant = line.trim() === '' ? (repeat ?? '') : line.trim();
    if (meant === '' || meant.startsWith('#')) return { output: '', ok: true };
    session.repeat = null;
    try {
      const lines = await this.run(meant);
      if (session.leave === null) return reply(lines, true);
      await this.close();
      return { ...reply(lines, true), quit: true };
    } catch (error) {
      return reply(errorLines(error), false);
    }
  }

  private async run(line: string): Promise<readonly string[]> {
    if (line.length > MAX_LINE) throw new TsvmError('usage', `a line has at most ${MAX_LINE} characters`);
    const { command, args } = this.parsed(withoutAccess(withoutInfo(line)));
    const { needs = 'look' } = command;
    const { target, session } = this;
    if (needs === 'any' || target.stopped !== null) return await command.run(session, args);
    if (needs === 'standing')
      throw new TsvmError('usage', `${command.name}: the guest runs`, {
        next: 'pause, or Ctrl-C where it was let run',
      });
    return await this.look(() => command.run(session, args));
  }

  /** Stop the guest for one command. When something else has stopped it meanwhile, that is told, and it stands. */
  private async look(act: () => readonly string[] | Promise<readonly string[]>): Promise<readonly string[]> {
    const { target, session } = this;
    this.looking = true;
    try {
      const stop = await target.pause();
      const lines = stop.kind === 'paused' ? [] : described(session, stop);
      try {
        return [...lines, ...(await act())];
      } finally {
        if (target.stopped?.kind === 'paused') void session.letGo();
      }
    } finally {
      this.looking = false;
    }
  }

  private parsed(line: string): { command: ShellCommand; args: Arguments } {
    const found = COMMAND.exec(line);
    if (!found)
      throw new TsvmError('usage', `${printable(cutWords(line)[0]?.text ?? line)} is no command`, {
        next: 'help lists them; print EXPR computes',
      });
    const [whole, word, format] = found;
    const command = commandNamed(this.session.commands, word!);
    return { command, args: new Arguments(command, line, whole.length, format) };
  }

  private candidates(text: string): ShellCompletion {
    const { session } = this;
    const words = cutWords(text);
    const typing = words.at(-1)?.end === text.length && text !== '' ? words.pop() : undefined;
    const word = typing === undefined ? '' : text.slice(typing.start);
    const from = text.length - word.length;
    if (words.length === 0)
      return offered(
        from,
        word,
        session.commands.map(({ name }) => name),
      );
    const before = words.map((one) => one.text);
    if (before[0] === 'info') before.shift();
    if (before.length === 0)
      return offered(
        from,
        word,
        session.commands.map(({ name }) => name),
      );
    const command = commandNamed(session.commands, before[0]!.replace(/\/.*$/, ''));
    return offered(from, word, command.complete?.(session, before.slice(1), word) ?? []);
  }

  private happened(event: DebugEvent): void {
    if (event.event !== 'stopped' || this.session.waits || this.looking) return;
    const text = reply(this.notice(event.stop), true).output;
    for (const listener of [...this.listeners]) listener(text);
  }

  private notice(stop: Stop): readonly string[] {
    const { session } = this;
    if ('cpu' in stop) session.selected = stop.cpu;
    try {
      return described(session, stop);
    } catch (error) {
      return errorLines(error);
    }
  }
}

function offered(from: number, word: string, candidates: readonly string[]): ShellCompletion {
  // Names may come from the guest: what could not be typed, or would steer the terminal, is not offered.
  const isWord = (candidate: string): boolean => candidate.startsWith(word) && /^[\x21-\x7e]*$/.test(candidate);
  const fitting = [...new Set(candidates.filter(isWord))].sort();
  return { from, candidates: fitting.slice(0, MOST_CANDIDATES) };
}

function reply(lines: readonly string[], ok: boolean): ShellReply {
  return { output: lines.map((line) => `${line}\n`).join(''), ok };
}

/** What went wrong, and what to do. A bug of ours is told too: it must not take the VM with it. */
function errorLines(error: unknown): string[] {
  if (!(error instanceof TsvmError)) return [`error: tsvm failed: ${printable(String(error))}`];
  const [first = '', ...rest] = error.message.split('\n');
  const { cause, next } = error.details;
  return [
    `error: ${printable(first)}`,
    ...rest.map((line) => `  ${printable(line)}`),
    ...(cause === undefined ? [] : [`  ${printable(cause)}`]),
    ...(next === undefined ? [] : [`  ${printable(next)}`]),
  ];
}
