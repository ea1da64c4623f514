// Stand-ins for a running VM and for a socket, as the control server and its sessions see them.
import { connect } from 'node:net';
import type { ControlledVm, ShellSession, VmInfo } from '../../../../src/api/control/controlled-vm.ts';
import type { StatTable } from '../../../../src/api/stats.ts';
import type { SocketLink } from '../../../../src/host/unix-socket.ts';
import { TsvmError } from '../../../../src/util/errors.ts';

export const INFO: VmInfo = {
  name: 'vm0',
  pid: 4711,
  state: 'running',
  machine: 'malta',
  cpus: 2,
  memory: 128 << 20,
  guestTimeNs: 3_412_000_000,
  instructions: 412_885_103,
  kernel: 'vmlinux',
  consoles: ['uart0', 'uart1'],
};

/** A guest that runs until somebody stops it, and keeps what was done to it. */
export class FakeVm implements ControlledVm {
  paused = false;
  readonly stops: string[] = [];
  readonly sizes: [number, number][] = [];
  breaks = 0;
  typed = '';
  /** What was done to uart1, as it came: input, `#` for a break, sizes. */
  onUart1 = '';
  /** Bytes that the guest does not take from its own console. */
  backlog = 0;
  takesInput = true;
  hasLine = true;
  changes: Partial<VmInfo> = {};
  readonly shells: FakeShell[] = [];
  onStop: () => void = () => {};
  private readonly listeners = new Map<(bytes: Uint8Array) => void, string>();

  info(): VmInfo {
    return { ...INFO, ...this.changes, state: this.paused ? 'paused' : 'running' };
  }

  async pause(): Promise<void> {
    await new Promise(setImmediate);
    this.paused = true;
  }

  resume(): void {
    this.paused = false;
  }

  stop(reason: string): void {
    this.stops.push(reason);
    this.onStop();
  }

  async stat(forMs: number): Promise<StatTable> {
    return {
      guestTimeNs: forMs,
      instructions: 7,
      exits: null,
      lines: [
        { name: 'wait', count: 12, means: 'WAIT executed' },
        { name: 'cache', count: null, means: 'CACHE executed' },
      ],
    };
  }

  input(bytes: Uint8Array, console?: string): boolean {
    const text = Buffer.from(bytes).toString('latin1');
    if (this.takesInput && this.isOwn(console)) this.typed += text;
    else if (this.takesInput) this.onUart1 += text;
    return this.takesInput;
  }

  inputBacklog(console?: string): number {
    return this.isOwn(console) ? this.backlog : 0;
  }

  sendBreak(console?: string): boolean {
    if (this.hasLine && this.isOwn(console)) this.breaks++;
    else if (this.hasLine) this.onUart1 += '#';
    return this.hasLine;
  }

  resize(columns: number, rows: number, console?: string): void {
    if (this.isOwn(console)) this.sizes.push([columns, rows]);
    else this.onUart1 += `(${columns}x${rows})`;
  }

  subscribeConsole(listener: (bytes: Uint8Array) => void, console = 'uart0'): () => void {
    this.isOwn(console);
    const own = (bytes: Uint8Array): void => listener(bytes);
    this.listeners.set(own, console);
    return () => this.listeners.delete(own);
  }

  private isOwn(console = 'uart0'): boolean {
    if (INFO.consoles.includes(console)) return console === 'uart0';
    throw new TsvmError('usage', `there is no console called "${console}"`, { next: 'one of uart0, uart1' });
  }

  /** How many listen to its console. */
  get watchers(): number {
    return this.watchersOf('uart0');
  }

  watchersOf(console: string): number {
    return [...this.listeners.values()].filter((name) => name === console).length;
  }

  /** The guest says something. */
  says(text: string, on = 'uart0'): void {
    for (const [listener, console] of this.listeners) if (console === on) listener(Buffer.from(text, 'latin1'));
  }

  async openShell(folder: string): Promise<ShellSession> {
    const shell = new FakeShell(folder);
    this.shells.push(shell);
    return shell;
  }
}

/** Echoes; `bad` fails, `quit` quits, `continue` comes back when it is interrupted. */
class FakeShell implements ShellSession {
  readonly folder: string;
  closed = false;
  interrupts = 0;
  readonly lines: string[] = [];
  notice: (text: string) => void = () => {};
  private stopped: () => void = () => {};

  constructor(folder: string) {
    this.folder = folder;
  }

  async execute(line: string) {
    this.lines.push(line);
    if (line === 'throw') throw new Error('a bug of the shell');
    if (line === 'continue') {
      await new Promise<void>((resolve) => {
        this.stopped = resolve;
      });
    }
    return { output: `${line}!\n`, ok: line !== 'bad', quit: line === 'quit' };
  }

  async complete(line: string, cursor: number) {
    return { from: cursor, candidates: [`${line}s`] };
  }

  async prompt(): Promise<string> {
    return `(tsvm ${this.lines.length}) `;
  }

  interrupt(): void {
    this.interrupts++;
    this.stopped();
  }

  onNotice(listener: (text: string) => void): () => void {
    this.notice = listener;
    return () => {
      this.notice = () => {};
    };
  }

  async close(): Promise<void> {
    this.closed = true;
  }
}

/** A connection whose other end reads everything, or nothing (`takes` false). */
export class FakeLink implements SocketLink {
  readonly sent: string[] = [];
  takes = true;
  queued = 0;
  held = false;
  ended = false;
  destroyed = false;
  private read: () => void = () => {};

  send(text: string): void {
    if (this.ended || this.destroyed) return;
    this.sent.push(text);
    if (!this.takes) this.queued += text.length;
  }

  drained(): Promise<void> {
    if (this.queued === 0) return Promise.resolve();
    return new Promise((resolve) => {
      this.read = resolve;
    });
  }

  /** The other end reads. */
  readAll(): void {
    this.queued = 0;
    this.read();
  }

  hold(): void {
    this.held = true;
  }

  release(): void {
    this.held = false;
  }

  end(): void {
    this.ended = true;
  }

  destroy(): void {
    this.destroyed = true;
    this.read();
  }
}

/** A client that is no tsvm: sends what it likes. */
export class RawClient {
  text = '';
  closed = false;
  private readonly socket;
  private changed: () => void = () => {};

  constructor(path: string, allowHalfOpen = true) {
    this.socket = connect({ path, allowHalfOpen });
    this.socket.setEncoding('utf8');
    this.socket.on('data', (text: string) => {
      this.text += text;
      this.changed();
    });
    this.socket.on('error', () => {});
    for (const event of ['close', 'end'] as const)
      this.socket.on(event, () => {
        this.closed = true;
        this.changed();
      });
  }

  send(text: string | Uint8Array): this {
    this.socket.write(text);
    return this;
  }

  /** A request, and its reply. */
  async ask(request: Record<string, unknown>): Promise<Record<string, unknown>> {
    const id = `${Math.max(0, this.replies.length)}-${request.request}`;
    this.send(`${JSON.stringify({ ...request, id })}\n`);
    await this.until(() => this.replies.some((reply) => reply.id === id));
    return this.replies.find((reply) => reply.id === id)!;
  }

  /** Nothing more is sent; it still reads. */
  halfClose(): this {
    this.socket.end();
    return this;
  }

  /** Read nothing more. */
  stopReading(): this {
    this.socket.pause();
    return this;
  }

  destroy(): void {
    this.socket.destroy();
  }

  /** Everything but the hello, as objects. */
  get replies(): Record<string, unknown>[] {
    const lines = this.text
      .split('\n')
      .slice(0, -1)
      .filter((line) => line !== '');
    return lines
      .map((line) => JSON.parse(line) as Record<string, unknown>)
      .filter((said) => said.control === undefined);
  }

  async until(holds: () => boolean): Promise<void> {
    while (!holds()) {
      await new Promise<void>((resolve) => {
        this.changed = resolve;
      });
    }
  }

  untilClosed(): Promise<void> {
    return this.until(() => this.closed);
  }
}
