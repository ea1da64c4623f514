// One connection to a control socket. Requests are answered one after the other: the next line is looked at when the one before it is answered, and no
// more is read until then, so a client that does not read, or sends without end, waits for itself. Nothing here waits in the VM's way.
import type { SocketLink } from '../../host/unix-socket.ts';
import { TsvmError } from '../../util/errors.ts';
import type { ConsoleTail } from './console-tail.ts';
import type { ControlledVm, ShellSession, VmEnd } from './controlled-vm.ts';
import { LineReader } from './line-reader.ts';
import {
  type ControlEvent,
  type ControlRequest,
  encodeBytes,
  type Fields,
  type Hello,
  idOf,
  MOST_OUTPUT,
  MOST_REQUEST,
  parseLine,
  parseRequest,
  type RequestId,
} from './protocol.ts';

/** Bytes that wait for a client until it gets no more answers. */
const SLOW = 256 << 10;
/** Bytes of console output that wait for a client until it is given up. */
const TOO_SLOW = 1 << 20;
/** Bytes of input that wait in the VM until a client's next bytes have to wait in the socket. */
const MOST_BACKLOG = 64 << 10;
/** Host milliseconds between two looks at the backlog. */
const LOOK_MS = 50;
/** Lines that are answered before the VM has its turn. */
const AT_ONCE = 16;
/** Linux' hvc console takes the next key for SysRq after this one: Ctrl-O (drivers/tty/hvc/hvc_console.c, hvc_poll). */
const HVC_SYSRQ = 0x0f;

/** What a session shares with the others of its VM. */
export interface SessionHost {
  readonly hello: Hello;
  /** The VM, when it has been built; rejects when it never is. */
  readonly vm: Promise<ControlledVm>;
  /** What each console has put out last. */
  readonly tails: Map<string, ConsoleTail>;
  /** The event loop's next turn. */
  turn(): Promise<void>;
  /** Resolves after so many host milliseconds. */
  sleep(ms: number): Promise<void>;
}

export class ControlSession {
  private readonly host: SessionHost;
  private readonly link: SocketLink;
  private readonly lines = new LineReader(MOST_REQUEST);
  private working = false;
  /** The other end sends nothing more. */
  private halfClosed = false;
  private over = false;
  private unsubscribe: (() => void) | null = null;
  private shell: ShellSession | null = null;
  private stopNotices: () => void = () => {};
  private executing = false;

  constructor(host: SessionHost, link: SocketLink) {
    this.host = host;
    this.link = link;
    this.say(host.hello);
  }

  /** It watches the console, or is in the debug shell: somebody is there. */
  get busy(): boolean {
    return this.unsubscribe !== null || this.shell !== null;
  }

  bytes(bytes: Uint8Array): void {
    if (this.over) return;
    this.lines.add(bytes);
    if (!this.working) void this.work();
  }

  ended(): void {
    this.halfClosed = true;
    this.endIfDone();
    // Has it gone for good? A connection says so only to those who write to it: an empty line.
    if (!this.over) this.link.send('\n');
  }

  closed(): void {
    if (this.over) return;
    this.over = true;
    this.detach();
    // There is nobody left to tell what goes wrong.
    this.leaveShell().catch(() => {});
  }

  /** The run is over. */
  runEnded(end: VmEnd | null): void {
    if (this.over) return;
    if (end) this.tell({ event: 'ended', ...end });
    this.end();
  }

  private async work(): Promise<void> {
    this.working = true;
    this.link.hold();
    for (let count = 1; !this.over; count++) {
      const line = this.lines.next();
      if (line === undefined) break;
      if (line.trim() === '') continue;
      await this.answer(line);
      if (this.link.queued > SLOW) await this.link.drained();
      else if (count % AT_ONCE === 0) await this.host.turn();
    }
    this.working = false;
    if (this.over) return;
    if (this.lines.tooLong) {
      this.fail(null, new TsvmError('usage', `a request is longer than ${MOST_REQUEST} bytes`));
      this.end();
      return;
    }
    this.link.release();
    this.endIfDone();
  }

  private async answer(line: string): Promise<void> {
    let id: RequestId = null;
    try {
      const fields = parseLine(line);
      id = idOf(fields);
      const request = parseRequest(fields);
      const vm = await this.host.vm;
      if (this.over) return;
      if (request.request === 'execute') this.execute(id, request.line);
      else this.succeed(id, await this.done(vm, request));
    } catch (error) {
      this.fail(id, error);
    }
  }

  /** What the reply says. */
  private async done(vm: ControlledVm, request: ControlRequest): Promise<Fields> {
    switch (request.request) {
      case 'info':
        break;
      case 'pause':
        await vm.pause();
        break;
      case 'resume':
        vm.resume();
        break;
      case 'stop':
        vm.stop(request.reason === '' ? 'stopped by tsvm stop' : request.reason);
        return {};
      case 'stat':
        return { stat: await vm.stat(request.ms) };
      case 'input':
        await this.input(vm, [request.bytes], request.console);
        return {};
      case 'sysrq':
        await this.sysrq(vm, request.key, request.console);
        return {};
      case 'resize':
        vm.resize(request.columns, request.rows, request.console);
        return {};
      case 'attach':
        return this.attach(vm, request.recent, request.console);
      case 'detach':
        this.detach();
        return {};
      case 'shell':
        return this.openShell(vm, request.folder);
      case 'leave':
        await this.leaveShell();
        return {};
      case 'interrupt':
        this.shell?.interrupt();
        return {};
      case 'complete':
        return { ...(await this.opened().complete(request.line, request.cursor)) };
      case 'execute':
        return {};
    }
    return { info: { ...vm.info(), name: this.host.hello.name } };
  }

  private async input(vm: ControlledVm, pieces: readonly Uint8Array[], console?: string): Promise<void> {
    while (vm.inputBacklog(console) >= MOST_BACKLOG) {
      await this.host.sleep(LOOK_MS);
      if (this.over) return;
    }
    for (const bytes of pieces)
      if (bytes.length > 0 && !vm.input(bytes, console))
        throw new TsvmError('usage', 'the guest takes no input', {
          cause: 'it is replayed from a record, or has ended',
        });
  }

  private async sysrq(vm: ControlledVm, key: string, console?: string): Promise<void> {
    const bytes = new TextEncoder().encode(key);
    // A console without a line that could break is virtio's.
    await this.input(vm, vm.sendBreak(console) ? [bytes] : [Uint8Array.of(HVC_SYSRQ), bytes], console);
  }

  private attach(vm: ControlledVm, recent: number, console?: string): Fields {
    const unsubscribe = vm.subscribeConsole((bytes) => {
      if (this.link.queued > TOO_SLOW) this.link.destroy();
      else this.tell({ event: 'output', data: encodeBytes(bytes) });
    }, console);
    this.detach();
    this.unsubscribe = unsubscribe;
    const info = vm.info();
    const tail = this.host.tails.get(console ?? info.consoles[0]!);
    const data = encodeBytes(tail?.last(recent) ?? new Uint8Array(0));
    return { info: { ...info, name: this.host.hello.name }, recent: data };
  }

  private detach(): void {
    this.unsubscribe?.();
    this.unsubscribe = null;
  }

  private async openShell(vm: ControlledVm, folder: string): Promise<Fields> {
    if (this.executing) throw new TsvmError('usage', 'a command of the shell is being executed');
    await this.leaveShell();
    const shell = await vm.openShell(folder);
    if (this.over) await shell.close();
    else {
      this.shell = shell;
      this.stopNotices = shell.onNotice?.((text) => this.tell({ event: 'notice', text })) ?? (() => {});
    }
    return { prompt: await shell.prompt() };
  }

  private async leaveShell(): Promise<void> {
    const { shell } = this;
    this.shell = null;
    this.stopNotices();
    if (shell && this.executing) shell.interrupt();
    await shell?.close();
  }

  private opened(): ShellSession {
    if (this.shell) return this.shell;
    throw new TsvmError('usage', 'the debug shell is not open', { next: 'send {"request":"shell"} before' });
  }

  /** Other requests are answered meanwhile: `interrupt` is one. */
  private execute(id: RequestId, line: string): void {
    const shell = this.opened();
    if (this.executing) throw new TsvmError('usage', 'a command of the shell is being executed');
    this.executing = true;
    const run = async (): Promise<Fields> => {
      const { output, ok, quit = false } = await shell.execute(line);
      return { output: shortened(output), failed: !ok, quit, prompt: await shell.prompt() };
    };
    run()
      .finally(() => {
        this.executing = false;
      })
      .then(
        (fields) => this.succeed(id, fields),
        (error: unknown) => this.fail(id, error),
      )
      .finally(() => this.endIfDone());
  }

  private succeed(id: RequestId, fields: Fields): void {
    this.say({ id, ok: true, ...fields });
  }

  private fail(id: RequestId, error: unknown): void {
    const { code, message, details } =
      error instanceof TsvmError
        ? error
        : new TsvmError('internal', error instanceof Error ? error.message : `${error}`);
    this.say({ id, ok: false, error: { code, message, ...details } });
  }

  private tell(event: ControlEvent): void {
    this.say(event);
  }

  private say(value: Hello | ControlEvent | Fields): void {
    if (!this.over) this.link.send(`${JSON.stringify(value)}\n`);
  }

  /** A client that sends nothing more has its answers, and keeps what it watches. */
  private endIfDone(): void {
    if (this.halfClosed && !this.working && !this.executing && this.unsubscribe === null) this.end();
  }

  private end(): void {
    this.closed();
    this.link.end();
  }
}

function shortened(output: string): string {
  if (output.length <= MOST_OUTPUT) return output;
  return `${output.slice(0, MOST_OUTPUT)}\n(${output.length - MOST_OUTPUT} more characters are left out)\n`;
}
