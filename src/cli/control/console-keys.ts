// Who gets what is typed at a terminal that shows a guest's console: the guest, the escape keys, or the debug shell while it is open.
import type { ShellSession } from '../../api/control/controlled-vm.ts';
import { printable } from '../../util/format.ts';
import type { Cli } from '../command.ts';
import { historyFile } from '../debug/history-file.ts';
import { PASTE_OFF, runShellOnTerminal, type ShellTerminal } from '../debug/terminal-shell.ts';
import { type AttachAction, AttachKeys } from './attach-keys.ts';

export interface ConsoleKeysPort {
  /** To the guest. */
  send(bytes: Uint8Array): void;
  /** @throws what keeps it from being opened */
  openShell(): Promise<ShellSession>;
  /** An escape key that is not the shell's. */
  act(action: Exclude<AttachAction, 'debug'>): void;
}

export class ConsoleKeys {
  private readonly cli: Cli;
  private readonly port: ConsoleKeysPort;
  private readonly escapes = new AttachKeys();
  private shell: ((bytes: Uint8Array | null) => void) | null = null;
  private debugging = false;
  private gone = false;

  constructor(cli: Cli, port: ConsoleKeysPort) {
    this.cli = cli;
    this.port = port;
  }

  typed(bytes: Uint8Array): void {
    if (this.shell) {
      this.shell(bytes);
      return;
    }
    for (const part of this.escapes.feed(bytes)) {
      if (typeof part !== 'string') this.port.send(part);
      else if (part === 'debug') void this.debug(['pause']);
      else this.port.act(part);
    }
  }

  /** The terminal, or what it shows, is gone: so is the shell. */
  end(): void {
    this.gone = true;
    this.shell?.(null);
  }

  /** The debug shell has the terminal until it is left; `begin`: its first lines. Does nothing while one is open. */
  async debug(begin: readonly string[]): Promise<void> {
    if (this.debugging || this.gone) return;
    this.debugging = true;
    const { cli, port } = this;
    // Until it listens, keys are nobody's.
    this.shell = () => {};
    // Also when tsvm ends by a mistake of its own.
    const takePasteBack = (): void => void cli.stderr.write(PASTE_OFF);
    process.on('exit', takePasteBack);
    try {
      const session = await port.openShell();
      try {
        await runShellOnTerminal(this.terminal(), session, { begin, history: historyFile(cli.env) });
      } finally {
        this.shell = null;
        await session.close();
      }
    } catch (error) {
      cli.said.lines(
        `${cli.said.style.bad('tsvm:')} ${printable(error instanceof Error ? error.message : `${error}`)}`,
      );
    }
    process.off('exit', takePasteBack);
    this.shell = null;
    this.debugging = false;
    // Else what is said next stands behind the prompt.
    if (this.gone) cli.stderr.write('\r\n');
  }

  private terminal(): ShellTerminal {
    const { stdout, stderr, said } = this.cli;
    const window = stderr.isTTY === true ? stderr : stdout;
    return {
      columns: () => window.columns ?? 0,
      // The guest may have left the cursor in the middle of a line.
      write: (text) => void stderr.write(`${said.cursorMoved() ? '\r\n' : ''}${text}`),
      keys: (listener) => {
        this.shell = listener;
        if (this.gone) listener(null);
        return () => {
          this.shell = () => {};
        };
      },
      resized: (listener) => {
        window.on('resize', listener);
        return () => window.off('resize', listener);
      },
      running: (bytes) => this.port.send(bytes),
    };
  }
}
