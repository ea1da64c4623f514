// Terminals for tests: a tmux server of its own, with windows that are typed into as somebody would, and whose screens are read. What is waited for is a
// text on the screen, at most so long; a wait that fails shows the screen.
import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { promisify } from 'node:util';

const run = promisify(execFile);

/** Columns and rows of a window: no line of ours is longer. */
const COLUMNS = 132;
const ROWS = 40;
const HISTORY = 20_000;
/** Wall seconds after which a text does not come any more; many programs may share this machine. */
const PATIENCE = 120;
const LOOK_MS = 100;

/** Why there is no tmux here, or null. */
export async function tmuxMissing(): Promise<string | null> {
  try {
    await run('tmux', ['-V']);
    return null;
  } catch {
    return 'tmux is not installed (package tmux)';
  }
}

export interface TmuxOptions {
  /** Where the windows' shells are, and the server's socket is made. */
  readonly folder: string;
  /** All that the shells have in their environment. */
  readonly env: Readonly<Record<string, string>>;
}

export class Tmux {
  private readonly options: TmuxOptions;
  private readonly socket: string;

  constructor(options: TmuxOptions) {
    this.options = options;
    this.socket = join(options.folder, 'tmux');
  }

  /** A new window with a plain shell: no line editing, so that nobody but the programs in it sets the terminal's modes. */
  async open(name: string): Promise<Pane> {
    const { folder } = this.options;
    // The server stays when its last window has gone.
    const stays = ['set-option', '-s', 'exit-empty', 'off', ';'];
    const first = [...stays, 'set-option', '-g', 'history-limit', `${HISTORY}`, ';'];
    const size = ['-x', `${COLUMNS}`, '-y', `${ROWS}`];
    const where = ['-n', name, '-c', folder, '-P', '-F', '#{pane_id} #{pane_tty}'];
    const said = await this.command(...first, 'new-session', '-d', ...size, ...where, 'sh');
    const [pane = '', tty = ''] = said.trim().split(' ');
    return new Pane(this, name, pane, tty);
  }

  /** One command of tmux, or several with `;` between them; what it printed. */
  async command(...args: string[]): Promise<string> {
    const { folder, env } = this.options;
    const fixed = ['-u', '-S', this.socket, '-f', '/dev/null'];
    const { stdout } = await run('tmux', [...fixed, ...args], { cwd: folder, env: { ...env }, maxBuffer: 1 << 26 });
    return stdout;
  }

  /** End the server; whatever runs in its windows is hung up. */
  async close(): Promise<void> {
    await this.command('kill-server').catch(() => {});
  }
}

/** A window's only pane. */
export class Pane {
  readonly name: string;
  private readonly tmux: Tmux;
  private readonly id: string;
  /** Path of its terminal. */
  private readonly tty: string;

  constructor(tmux: Tmux, name: string, id: string, tty: string) {
    this.tmux = tmux;
    this.name = name;
    this.id = id;
    this.tty = tty;
  }

  /** Type a text and Enter, and wait for `expected` to be shown on the line of the cursor or below. Returns what is shown from that line on. */
  async line(text: string, expected?: string | RegExp): Promise<string> {
    return this.acting(async () => {
      if (text !== '') await this.tmux.command('send-keys', '-t', this.id, '-l', text);
      await this.tmux.command('send-keys', '-t', this.id, 'Enter');
    }, expected);
  }

  /** Type a text, without Enter; as `line`. */
  async type(text: string, expected?: string | RegExp): Promise<string> {
    return this.acting(() => this.tmux.command('send-keys', '-t', this.id, '-l', text), expected);
  }

  /** Press keys as tmux calls them (`C-a`, `Tab`, `Up`); as `line`. */
  async press(keys: readonly string[], expected?: string | RegExp): Promise<string> {
    return this.acting(() => this.tmux.command('send-keys', '-t', this.id, ...keys), expected);
  }

  /** Paste what `command('set-buffer', ...)` was given, as a terminal does: between marks when the program there asks for them. */
  async paste(): Promise<void> {
    await this.tmux.command('paste-buffer', '-p', '-t', this.id);
    await this.tmux.command('send-keys', '-t', this.id, 'Enter');
  }

  /**
   * Wait for `expected` to be shown on the line where the cursor was before `action`, or below; what was there already does not count. Returns what is
   * shown from that line on.
   */
  async acting(action: () => Promise<unknown>, expected?: string | RegExp): Promise<string> {
    const { lines, cursor } = await this.screen();
    await action();
    return expected === undefined ? '' : this.waitForAfter(expected, cursor, textOf(lines.slice(cursor)));
  }

  /** Wait for `expected` to be shown. @throws with the screen */
  waitFor(expected: string | RegExp): Promise<string> {
    return this.waitForAfter(expected, 0, null);
  }

  private async waitForAfter(expected: string | RegExp, from: number, before: string | null): Promise<string> {
    for (const end = performance.now() + PATIENCE * 1000; ; await sleep(LOOK_MS)) {
      const shown = textOf((await this.screen()).lines.slice(from));
      const has = typeof expected === 'string' ? shown.includes(expected) : expected.test(shown);
      if (has && shown !== before) return shown;
      if (performance.now() > end)
        throw new Error(`window ${this.name} does not show ${expected} within ${PATIENCE} s, but:\n${shown}`);
    }
  }

  /** All that it has shown. */
  async shown(): Promise<string> {
    return textOf((await this.screen()).lines);
  }

  /** The terminal's modes, in the words of `stty -g`. */
  async modes(): Promise<string> {
    return (await run('stty', ['-F', this.tty, '-g'])).stdout.trim();
  }

  /** Which of these modes the terminal has (`stty -a` says `-echo` of one that it has not). */
  async has(...modes: readonly string[]): Promise<string[]> {
    const { stdout } = await run('stty', ['-F', this.tty, '-a']);
    return modes.filter((mode) => stdout.split(/[\s;]+/).includes(mode));
  }

  /** Wait until the terminal has these modes. @throws with those that it has not */
  async waitForModes(modes: readonly string[]): Promise<void> {
    for (const end = performance.now() + PATIENCE * 1000; ; await sleep(LOOK_MS)) {
      const has = await this.has(...modes);
      if (has.length === modes.length) return;
      if (performance.now() > end)
        throw new Error(`window ${this.name} has of ${modes.join(', ')} only ${has.join(', ')} after ${PATIENCE} s`);
    }
  }

  /** The terminal hangs up. Again does nothing. */
  async hangUp(): Promise<void> {
    await this.tmux.command('kill-pane', '-t', this.id).catch(() => {});
  }

  /** Every line from the first on, and the number of that with the cursor. */
  private async screen(): Promise<{ lines: string[]; cursor: number }> {
    const where = ['display-message', '-p', '-t', this.id, '#{e|+:#{history_size},#{cursor_y}}', ';'];
    const all = await this.tmux.command(...where, 'capture-pane', '-p', '-S', '-', '-t', this.id);
    const [cursor = '', ...lines] = all.split('\n');
    return { lines, cursor: Number(cursor) };
  }
}

/** Without the empty lines below. */
function textOf(lines: readonly string[]): string {
  return lines.join('\n').trimEnd();
}
