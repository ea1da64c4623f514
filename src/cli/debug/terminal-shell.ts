// The debug shell's users at a terminal, and scripts: both work on a ShellPort, whether the shell is in this process or at a socket's other end.

import type { ShellPort } from '../../debug/shell/port.ts';
import { printable } from '../../util/format.ts';
import { History, type HistoryStore } from './history.ts';
import { type Key, KeyDecoder } from './keys.ts';
import { type EditorEvent, LineEditor } from './line-editor.ts';
import { characters, widthOf } from './text-width.ts';

/** A terminal in raw mode; who gives it sets the mode, and sets it back. */
export interface ShellTerminal {
  /** Columns now; 0 when it has none. */
  columns(): number;
  write(text: string): void;
  /** Be told of what is typed; null: the terminal has gone. Returns how to unsubscribe. */
  keys(listener: (bytes: Uint8Array | null) => void): () => void;
  /** Be told when `columns` has changed. Returns how to unsubscribe. */
  resized?(listener: () => void): () => void;
  /** Takes what is typed while a command runs, but for Ctrl-C; without it that waits for the next prompt. */
  running?(bytes: Uint8Array): void;
}

export interface TerminalShellOptions {
  /** Lines that are run and shown first. */
  readonly begin?: readonly string[];
  readonly history?: HistoryStore;
}

const CTRL_C = 3;
const DEFAULT_COLUMNS = 80;
/** Bytes typed ahead. */
const MAX_AHEAD = 65_536;
const PASTE_ON = '\x1b[?2004h';
/** Written by whoever ends the process while a shell is open. */
export const PASTE_OFF = '\x1b[?2004l';
const CLEAR_SCREEN = '\x1b[H\x1b[2J';
const BELL = '\x07';

/**
 * Serve somebody who types. Resolves when he has left the shell, or the terminal has gone.
 * @throws what the port rejects with, such as a lost connection
 */
export function runShellOnTerminal(
  terminal: ShellTerminal,
  port: ShellPort,
  options: TerminalShellOptions = {},
): Promise<void> {
  return new TerminalShell(terminal, port, options).serve(options.begin ?? []);
}

class TerminalShell {
  private readonly terminal: ShellTerminal;
  private readonly port: ShellPort;
  private readonly editor: LineEditor;
  private readonly decoder = new KeyDecoder();
  /** Keys that nobody has looked at yet; null: the terminal has gone. */
  private readonly keys: (Key | null)[] = [];
  private wake: () => void = () => {};
  private state: 'editing' | 'running' = 'running';
  private ahead: number[] = [];

  constructor(terminal: ShellTerminal, port: ShellPort, { history }: TerminalShellOptions) {
    this.terminal = terminal;
    this.port = port;
    this.editor = new LineEditor(new History(history));
  }

  async serve(begin: readonly string[]): Promise<void> {
    const { terminal, port } = this;
    const unsubscribe = [
      terminal.keys((bytes) => this.typed(bytes)),
      terminal.resized?.(() => this.redraw()),
      port.onNotice?.((text) => this.notice(text)),
    ];
    terminal.write(PASTE_ON);
    try {
      for (const line of begin) {
        this.print(`${await port.prompt()}${printable(line)}\n`);
        if (!(await this.execute(line))) return;
      }
      while (await this.oneLine());
    } finally {
      for (const end of unsubscribe) end?.();
      terminal.write(PASTE_OFF);
    }
  }

  private get columns(): number {
    return Math.max(this.terminal.columns(), 0) || DEFAULT_COLUMNS;
  }

  /** False: it was the last one. */
  private async oneLine(): Promise<boolean> {
    const { editor } = this;
    editor.prompt = await this.port.prompt();
    editor.next();
    this.state = 'editing';
    this.redraw();
    for (;;) {
      const key = await this.nextKey();
      if (key === null) return false;
      const event = editor.press(key);
      this.redraw();
      if (event === null) continue;
      const ends = await this.happened(event);
      if (ends !== undefined) return ends;
    }
  }

  /** What the editor says of a key. A value ends the line: is there another one? */
  private async happened(event: EditorEvent): Promise<boolean | undefined> {
    const { editor, terminal } = this;
    switch (event.kind) {
      case 'bell':
        terminal.write(BELL);
        return undefined;
      case 'clear':
        terminal.write(`${editor.erase(this.columns)}${CLEAR_SCREEN}`);
        this.redraw();
        return undefined;
      case 'complete':
        await this.complete(event.line, event.cursor);
        return undefined;
      case 'interrupt':
        terminal.write(`^C${editor.leave(this.columns)}`);
        return true;
      case 'end':
        terminal.write(`quit${editor.leave(this.columns)}`);
        return await this.execute('quit');
      case 'line':
        terminal.write(editor.leave(this.columns));
        return await this.execute(event.text);
    }
  }

  /** False: the session is over. */
  private async execute(line: string): Promise<boolean> {
    this.state = 'running';
    const { output, quit } = await this.port.execute(line);
    this.print(output);
    const typed = Uint8Array.from(this.ahead);
    this.ahead = [];
    this.keys.push(...this.decoder.decode(typed));
    return quit !== true;
  }

  private async complete(line: string, cursor: number): Promise<void> {
    const { editor, terminal } = this;
    const several = editor.offer(await this.port.complete(line, cursor));
    if (several.length > 0) {
      terminal.write(editor.leave(this.columns));
      this.print(inColumns(several.map(printable), this.columns));
    }
    this.redraw();
  }

  private typed(bytes: Uint8Array | null): void {
    if (bytes === null) {
      // What runs is given up: nobody is there to see it.
      if (this.state === 'running') this.port.interrupt();
      this.keys.push(null);
    } else if (this.state === 'editing') this.keys.push(...this.decoder.decode(bytes));
    else this.typedWhileRunning(bytes);
    this.wake();
  }

  private typedWhileRunning(bytes: Uint8Array): void {
    const at = bytes.lastIndexOf(CTRL_C);
    if (at >= 0) {
      this.port.interrupt();
      // What was typed before it was not meant for after it.
      this.ahead = [];
    }
    const rest = bytes.subarray(at + 1);
    if (rest.length === 0) return;
    if (this.terminal.running) this.terminal.running(rest);
    else this.ahead.push(...rest.subarray(0, Math.max(0, MAX_AHEAD - this.ahead.length)));
  }

  private async nextKey(): Promise<Key | null> {
    while (this.keys.length === 0)
      await new Promise<void>((resolve) => {
        this.wake = resolve;
      });
    return this.keys.shift()!;
  }

  private redraw(): void {
    if (this.state === 'editing') this.terminal.write(this.editor.draw(this.columns));
  }

  private notice(text: string): void {
    if (this.state === 'editing') this.terminal.write(this.editor.erase(this.columns));
    this.print(text);
    this.redraw();
  }

  /** The terminal is raw: a newline only goes down. */
  private print(text: string): void {
    if (text !== '') this.terminal.write(text.replaceAll('\n', '\r\n'));
  }
}

/** Words below each other in as many columns as fit, as `ls` does. */
function inColumns(words: readonly string[], columns: number): string {
  const widthIn = (word: string): number => characters(word).reduce((sum, one) => sum + widthOf(one), 0);
  const width = Math.max(...words.map(widthIn)) + 2;
  const across = Math.max(1, Math.floor(columns / width));
  const rows = Math.ceil(words.length / across);
  return Array.from({ length: rows }, (_, row) => {
    const line = words.filter((_word, i) => i % rows === row);
    return `${line
      .map((word) => word + ' '.repeat(width - widthIn(word)))
      .join('')
      .trimEnd()}\n`;
  }).join('');
}

/**
 * Run a script: each line is shown as it would have been typed, then what it says. Blank lines and those that begin with # are left out.
 * @returns false when a line failed that does not begin with `-`: it was the last one
 */
export async function runShellScript(text: string, port: ShellPort, write: (text: string) => void): Promise<boolean> {
  for (const raw of text.split('\n')) {
    const line = raw.trim();
    if (line === '' || line.startsWith('#')) continue;
    write(`(tsvm) ${printable(line)}\n`);
    const mayFail = line.startsWith('-');
    const { output, ok, quit } = await port.execute(mayFail ? line.slice(1).trim() : line);
    write(output);
    if (quit) return true;
    if (!ok && !mayFail) return false;
  }
  return true;
}
