// A second terminal of a running VM: shows its console, types at it, and can open its debug shell. The VM goes on when the terminal leaves.
import type { ControlClient } from '../../api/control/client.ts';
import type { Keyboard, OpenKeyboard } from '../../api/control/keyboard.ts';
import type { OnConsole } from '../../api/control/protocol.ts';
import { printable } from '../../util/format.ts';
import type { Cli } from '../command.ts';
import { EXIT_INTERRUPTED, READER_PATIENCE } from '../errors.ts';
import { GuestOutput } from '../guest-output.ts';
import { ATTACH_HELP, type AttachAction } from './attach-keys.ts';
import { ConsoleKeys } from './console-keys.ts';
import { EXIT_NO_ANSWER } from './each-vm.ts';
import { RemoteShell } from './remote-shell.ts';
import { followWindowSize } from './window-size.ts';

/** Bytes of the console's output from before that are shown. */
const RECENT = 4096;
/** Bytes of input that wait for the VM until no more are read. */
const MOST_QUEUED = 64 << 10;

export class AttachedTerminal {
  private readonly cli: Cli;
  private readonly client: ControlClient;
  private readonly on: OnConsole;
  private readonly output: GuestOutput;
  /** Null: what is typed is no terminal's, and all of it the guest's. */
  private readonly keys: ConsoleKeys | null;
  private readonly keyboard: Keyboard;
  private open: OpenKeyboard | null = null;
  /** By its user: what the guest says then is not shown any more. */
  private detached = false;
  private left: (exitCode: number) => void = () => {};

  /** `on`: which of its consoles. */
  constructor(cli: Cli, client: ControlClient, keyboard: Keyboard, on: OnConsole = {}) {
    this.cli = cli;
    this.client = client;
    this.on = on;
    this.keyboard = keyboard;
    this.keys = keyboard.isTerminal
      ? new ConsoleKeys(cli, {
          send: (bytes) => this.send(bytes),
          openShell: () => RemoteShell.open(client, process.cwd()),
          act: (action) => this.act(action),
        })
      : null;
    this.output = new GuestOutput(cli.stdout);
    cli.said.cursorMoved = () => cli.sameTerminal && this.output.takeMidLine();
  }

  /** Until somebody leaves. Resolves to the exit code. @throws NoAnswer; TsvmError usage when there is no such console */
  async toTheEnd(): Promise<number> {
    const { cli, client, on, output } = this;
    const { style } = cli.said;
    const left = new Promise<number>((resolve) => {
      this.left = resolve;
    });
    output.onGone = () => this.left(0);
    const what = on.console === undefined ? client.name : `${printable(on.console)} of ${client.name}`;
    const begins = (): void => {
      if (this.keys) cli.said.lines(style.dim(`# attached to ${what} (Ctrl-a d detaches, Ctrl-a h helps)`));
    };
    // First the keyboard: what the console shows may ask the terminal something, and it is not to echo its answer.
    this.open = this.keyboard.open({
      bytes: (bytes) => (this.keys ? this.keys.typed(bytes) : this.send(bytes)),
      // The pipe is at its end: what the guest says is still wanted. A terminal that went away wants nothing.
      end: () => this.keyboard.isTerminal && this.left(0),
      signal: () => this.left(EXIT_INTERRUPTED),
    });
    try {
      await client.attach(RECENT, { begins, output: (bytes) => this.show(bytes) }, on);
    } catch (error) {
      this.open.close();
      throw error;
    }
    const stopResizing = this.keys
      ? followWindowSize(cli, (columns, rows) => client.tell({ request: 'resize', columns, rows, ...on }))
      : () => {};
    const exitCode = (await Promise.race([left, client.closed])) ?? this.lost();
    stopResizing();
    this.keys?.end();
    // With the answer everything that was typed has arrived. Only then is the terminal put back: it may still answer what the console has asked it.
    await client.ask({ request: 'detach' }, READER_PATIENCE).catch(() => {});
    this.open.close();
    client.close();
    await output.flush(client.ended ? undefined : READER_PATIENCE);
    return exitCode;
  }

  private lost(): number {
    const { said } = this.cli;
    said.lines(said.style.dim(endOf(this.client)));
    return this.client.ended ? 0 : EXIT_NO_ANSWER;
  }

  private show(bytes: Uint8Array): void {
    if (this.detached) return;
    const slow = this.output.write(bytes);
    if (!slow) return;
    this.client.hold();
    void slow.then(() => this.client.release());
  }

  private act(action: Exclude<AttachAction, 'debug'>): void {
    const { said } = this.cli;
    if (action === 'help') said.lines(said.style.dim(ATTACH_HELP));
    else if (action === 'quit')
      said.lines(said.style.dim(`# Ctrl-a d detaches; the run is ended by: tsvm stop ${this.client.name}`));
    else {
      said.lines(said.style.dim(`# detached from ${this.client.name}`));
      this.detached = true;
      this.left(0);
    }
  }

  private send(bytes: Uint8Array): void {
    const { client, on, open } = this;
    for (let at = 0; at < bytes.length; at += MOST_QUEUED / 2)
      client.tell({ request: 'input', bytes: bytes.subarray(at, at + MOST_QUEUED / 2), ...on });
    if (client.queued <= MOST_QUEUED) return;
    open?.hold();
    void client.drained().then(() => open?.release());
  }
}

/** Why there is no VM at the other end any more. */
export function endOf({ name, ended }: ControlClient): string {
  if (ended) return `# ${name} ended: ${printable(ended.summary)} (exit ${ended.exitCode})`;
  return `# ${name}: the connection is lost: it was killed, or what its guest said was not read here`;
}
