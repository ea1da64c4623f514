// VMs that run, for verbs of the command line: fakes behind real sockets in a folder of the test's own.
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Keyboard, KeyboardListener } from '../../../../src/api/control/keyboard.ts';
import { type ControlServer, openControl } from '../../../../src/api/control/server.ts';
import { FakeVm } from '../../api/control/fakes.ts';
import { tsvm } from '../fakes.ts';

export class RunningVms {
  readonly folder = mkdtempSync(join(tmpdir(), 'tsvm-verbs-'));
  readonly env = { TSVM_RUNS: '', TSVM_RUNTIME_DIR: this.folder, XDG_STATE_HOME: this.folder };
  private readonly servers = new Map<string, ControlServer>();

  async start(name: string): Promise<FakeVm> {
    const vm = new FakeVm();
    vm.changes = { name };
    const server = await openControl({ env: this.env, name, version: '1.2.3', warn: () => {} });
    server!.serve(vm);
    this.servers.set(name, server!);
    vm.onStop = () => this.end(name, vm.stops.at(-1)!);
    return vm;
  }

  /** The run ends. */
  end(name: string, summary = 'guest powered off', exitCode = 130): void {
    this.servers.get(name)!.close({ summary, exitCode });
  }

  path(name: string): string {
    return join(this.folder, `${name}.sock`);
  }

  /** One command line. */
  tsvm(...argv: string[]) {
    return tsvm(argv, {}, { env: this.env });
  }

  close(): void {
    for (const server of this.servers.values()) server.close(null);
    rmSync(this.folder, { recursive: true, force: true });
  }
}

/** Standard input, as somebody at the test's hand uses it. */
export class FakeKeyboard implements Keyboard {
  readonly isTerminal: boolean;
  /** Is it raw now? */
  raw = false;
  held = false;
  private listener: KeyboardListener | null = null;
  private opened: () => void = () => {};
  private readonly isOpen = new Promise<void>((resolve) => {
    this.opened = resolve;
  });

  constructor(isTerminal: boolean) {
    this.isTerminal = isTerminal;
  }

  open(listener: KeyboardListener) {
    this.listener = listener;
    this.raw = this.isTerminal;
    this.opened();
    return {
      hold: () => {
        this.held = true;
      },
      release: () => {
        this.held = false;
      },
      close: () => {
        this.raw = false;
        this.listener = null;
      },
    };
  }

  async types(text: string): Promise<void> {
    await this.isOpen;
    this.listener?.bytes(Buffer.from(text, 'latin1'));
  }

  async ends(): Promise<void> {
    await this.isOpen;
    this.listener?.end();
  }

  async signal(name: string): Promise<void> {
    await this.isOpen;
    const { listener } = this;
    this.raw = false;
    listener?.signal(name);
  }
}

/** Let the event loop turn until it is so. */
export async function eventually(holds: () => boolean): Promise<void> {
  while (!holds()) await new Promise(setImmediate);
}
