// `tsvm debug KERNEL`: the debug shell on a run of this process that stands at its first instruction, on the terminal or by a script.

import type { ShellSession } from '../../api/control/controlled-vm.ts';
import type { Keyboard, OpenKeyboard } from '../../api/control/keyboard.ts';
import type { RunningVm } from '../../api/index.ts';
import type { ShellCompletion, ShellReply } from '../../debug/shell/port.ts';
import type { Cli } from '../command.ts';
import { runShellScript } from '../debug/terminal-shell.ts';
import { TERMINAL_HELP } from '../render.ts';
import { ConsoleKeys } from './console-keys.ts';
import { openShell } from './controlled-run.ts';

const EXIT_FAIL = 1;

export interface Debugging {
  /** Commands, a line each; null: they are typed. */
  readonly script: string | null;
  /** The terminal that they are typed at, which is the guest's when the shell is left. */
  readonly keyboard: Keyboard | null;
  /** Where the guest's console input comes from: `api` is the keyboard. */
  readonly input: 'stdin' | 'none' | 'api';
}

export class DebugSession {
  private readonly cli: Cli;
  private readonly vm: RunningVm;
  private readonly debugging: Debugging;
  private begun = false;

  constructor(cli: Cli, vm: RunningVm, debugging: Debugging) {
    this.cli = cli;
    this.vm = vm;
    this.debugging = debugging;
  }

  /** Resolves when the shell is left; it may stay when the run has ended. Null: the exit code is that of the run. */
  toTheEnd(): Promise<number | null> {
    const { script, keyboard } = this.debugging;
    return script === null ? this.onTerminal(keyboard!) : this.byScript(script);
  }

  private async onTerminal(keyboard: Keyboard): Promise<null> {
    const { cli, vm } = this;
    const keys = new ConsoleKeys(cli, {
      send: (bytes) => void vm.sendInput(bytes),
      openShell: () => this.openShell(),
      act: (action) => {
        if (action === 'quit') vm.stop('stopped from the console (Ctrl-a x)');
        else cli.said.lines(cli.said.style.dim(TERMINAL_HELP));
      },
    });
    const leave = (): void => {
      keys.end();
      vm.stop('the terminal went away');
    };
    const open: OpenKeyboard = keyboard.open({ bytes: (bytes) => keys.typed(bytes), end: leave, signal: leave });
    await keys.debug([]);
    // The guest has the terminal now.
    await vm.wait();
    keys.end();
    open.close();
    return null;
  }

  private async openShell(): Promise<LeftRunning> {
    // It was started to stand, and does so in a moment.
    if (!this.begun) await this.vm.pause();
    this.begun = true;
    return new LeftRunning(await openShell(this.vm, process.cwd()), this.vm);
  }

  /** A script that does not leave the shell ends the run with its last line. */
  private async byScript(script: string): Promise<number | null> {
    const { cli, vm } = this;
    const shell = await this.openShell();
    const ok = await runShellScript(script, shell, (text) => void cli.stdout.write(text));
    if (ok && shell.quit) await shell.close();
    const ended = (await vm.debugTarget()).stopped?.kind === 'ended';
    if (ok && (shell.quit || ended)) return null;
    vm.stop(ok ? 'the debug script has ended' : 'the debug script has failed');
    return ok ? 0 : EXIT_FAIL;
  }
}

/** The shell of a guest that stands only because the shell was to be there first: left, it goes on. */
class LeftRunning implements ShellSession {
  /** It has been left by a command. */
  quit = false;
  private readonly shell: ShellSession;
  private readonly vm: RunningVm;
  private stands = false;

  constructor(shell: ShellSession, vm: RunningVm) {
    this.shell = shell;
    this.vm = vm;
  }

  async execute(line: string): Promise<ShellReply> {
    const reply = await this.shell.execute(line);
    if (reply.quit) {
      this.quit = true;
      this.stands = /\spaused\s*$/.test(line);
    }
    return reply;
  }

  complete(line: string, cursor: number): Promise<ShellCompletion> {
    return this.shell.complete(line, cursor);
  }

  prompt(): Promise<string> {
    return this.shell.prompt();
  }

  interrupt(): void {
    this.shell.interrupt();
  }

  onNotice(listener: (text: string) => void): () => void {
    return this.shell.onNotice?.(listener) ?? (() => {});
  }

  async close(): Promise<void> {
    await this.shell.close();
    if (!this.stands) this.vm.resume();
  }
}
