// The other end of a control socket: asks a running VM. What comes back is looked at, too: a socket may be of another version, or no tsvm at all.
import { oneShot } from '../../host/clock.ts';
import { codeOf } from '../../host/error-code.ts';
import { dial, type SocketLink } from '../../host/unix-socket.ts';
import { type ErrorCode, TsvmError } from '../../util/errors.ts';
import type { VmEnd, VmInfo } from './controlled-vm.ts';
import { LineReader } from './line-reader.ts';
import {
  CONTROL_VERSION,
  type ControlRequest,
  decodeBytes,
  encodeBytes,
  type Fields,
  MOST_REPLY,
  type OnConsole,
  parseLine,
} from './protocol.ts';

/** Host milliseconds until a VM that says nothing counts as not answering. */
export const PATIENCE_MS = 5000;

/** A request as it is sent: bytes are base64. */
type Sent<R extends ControlRequest = ControlRequest> = R extends { bytes: Uint8Array }
  ? Omit<R, 'bytes'> & { readonly data: string }
  : R;

export interface ConsoleWatcher {
  /** The console is there; its output follows. */
  begins?(): void;
  output(bytes: Uint8Array): void;
}

interface Waiting {
  readonly resolve: (reply: Fields) => void;
  readonly reject: (error: TsvmError) => void;
}

/** A VM that does not answer, or no longer. */
export class NoAnswer extends Error {}

export class ControlClient {
  readonly name: string;
  /** How the run ended, once it has and that was told. */
  ended: VmEnd | null = null;
  /** Resolves when the connection is over. */
  readonly closed: Promise<void>;
  private readonly lines = new LineReader(MOST_REPLY);
  private readonly waiting = new Map<number, Waiting>();
  private link: SocketLink | null = null;
  private watcher: ConsoleWatcher | null = null;
  /** Told of the debug shell's notices: whole lines. */
  onNotice: (text: string) => void = () => {};
  private lastId = 0;
  private greeted: (hello: Fields) => void = () => {};
  private isOver = false;
  private over: () => void = () => {};

  private constructor(name: string) {
    this.name = name;
    this.closed = new Promise((resolve) => {
      this.over = resolve;
    });
  }

  /** @throws NoAnswer, TsvmError usage for a version that cannot be understood */
  static async connect(name: string, path: string, patience: number = PATIENCE_MS): Promise<ControlClient> {
    const client = new ControlClient(name);
    const hello = new Promise<Fields>((resolve) => {
      client.greeted = resolve;
    });
    try {
      client.link = await dial(path, patience, () => ({
        bytes: (bytes) => client.bytes(bytes),
        ended: () => client.close(),
        closed: () => client.lost(),
      }));
    } catch (error) {
      throw new NoAnswer(codeOf(error) === 'ENOENT' ? 'it has ended' : `no connection (${(error as Error).message})`);
    }
    const said = await client.within(patience, Promise.race([hello, client.closed]));
    if (said?.control === CONTROL_VERSION) return client;
    client.close();
    if (said === undefined) throw new NoAnswer('it has closed the connection');
    throw new TsvmError(
      'usage',
      `${name}: speaks version ${said.control} of the protocol, this tsvm ${CONTROL_VERSION}`,
      {
        next: `use the tsvm that it was started with (${said.tsvm})`,
      },
    );
  }

  /**
   * Ask, and wait for the answer: at most `patience` milliseconds, or as long as it takes (null).
   * @throws NoAnswer; TsvmError with what the VM objects
   */
  async ask(request: ControlRequest, patience: number | null = PATIENCE_MS): Promise<Fields> {
    const id = ++this.lastId;
    const answer = new Promise<Fields>((resolve, reject) => this.waiting.set(id, { resolve, reject }));
    const lost = this.closed.then(() => {
      throw new NoAnswer(this.ended ? 'it has ended' : 'it has closed the connection');
    });
    this.send(id, request);
    try {
      const either = Promise.race([answer, lost]);
      return await (patience === null ? either : this.within(patience, either));
    } finally {
      this.waiting.delete(id);
    }
  }

  /** The VM as it is now. @throws as ask */
  async info(patience?: number): Promise<VmInfo> {
    return infoOf(await this.ask({ request: 'info' }, patience));
  }

  /** Without waiting for an answer. */
  tell(request: ControlRequest): void {
    this.send(null, request);
  }

  /** Get the console's output from now on, and first up to `recent` bytes of what it was before. @throws as ask */
  async attach(recent: number, watcher: ConsoleWatcher, on: OnConsole = {}): Promise<void> {
    // Output may follow the answer in the same piece.
    const held: Uint8Array[] = [];
    this.watcher = { output: (bytes) => held.push(bytes) };
    const { recent: data } = await this.ask({ request: 'attach', recent, ...on });
    watcher.begins?.();
    if (typeof data === 'string') watcher.output(decodeBytes(data));
    for (const bytes of held) watcher.output(bytes);
    this.watcher = watcher;
  }

  /** Bytes that were sent and not taken. */
  get queued(): number {
    return this.link?.queued ?? 0;
  }

  drained(): Promise<void> {
    return this.link?.drained() ?? Promise.resolve();
  }

  /** Read nothing more until `release`. */
  hold(): void {
    this.link?.hold();
  }

  release(): void {
    this.link?.release();
  }

  close(): void {
    this.link?.destroy();
    this.lost();
  }

  private send(id: number | null, request: ControlRequest): void {
    const { bytes, ...rest } = { bytes: undefined, ...request };
    const sent = (bytes === undefined ? rest : { ...rest, data: encodeBytes(bytes) }) as Sent;
    this.link?.send(`${JSON.stringify({ id, ...sent })}\n`);
  }

  private bytes(bytes: Uint8Array): void {
    this.lines.add(bytes);
    for (let line = this.lines.next(); line !== undefined; line = this.lines.next()) {
      try {
        this.take(parseLine(line));
      } catch {
        // Whoever speaks so is not what we wait for.
        this.close();
      }
    }
    if (this.lines.tooLong) this.close();
  }

  private take(said: Fields): void {
    if (typeof said.control === 'number') this.greeted(said);
    else if (said.event === 'output' && typeof said.data === 'string') this.watcher?.output(decodeBytes(said.data));
    else if (said.event === 'notice') this.onNotice(`${said.text}`);
    else if (said.event === 'ended') this.ended = { summary: `${said.summary}`, exitCode: Number(said.exitCode) };
    else if (typeof said.id === 'number') this.answered(said.id, said);
  }

  private answered(id: number, reply: Fields): void {
    const waiting = this.waiting.get(id);
    if (reply.ok === true) waiting?.resolve(reply);
    else waiting?.reject(errorOf(this.name, reply.error));
  }

  private lost(): void {
    if (this.isOver) return;
    this.isOver = true;
    this.over();
  }

  /** @throws NoAnswer when it takes longer */
  private within<T>(patience: number, what: Promise<T>): Promise<T> {
    return new Promise((resolve, reject) => {
      const cancel = oneShot(patience, () => reject(new NoAnswer(`no answer within ${patience / 1000} s`)));
      what.then(resolve, reject).finally(cancel);
    });
  }
}

const CODES: readonly ErrorCode[] = ['usage', 'not-found', 'not-runnable', 'io', 'kvm'];

/** What a VM objects, as an error of ours. */
function errorOf(name: string, error: unknown): TsvmError {
  const { code, message, cause, next } = (typeof error === 'object' && error !== null ? error : {}) as Fields;
  const why = typeof message === 'string' ? message : 'it refuses, and does not say why';
  return new TsvmError(CODES.find((known) => known === code) ?? 'io', `${name}: ${why}`, {
    ...(typeof cause === 'string' ? { cause } : {}),
    ...(typeof next === 'string' ? { next } : {}),
  });
}

/** The facts of a reply. @throws NoAnswer when they are not there */
export function infoOf({ info }: Fields): VmInfo {
  const facts = (typeof info === 'object' && info !== null ? info : {}) as Partial<Record<keyof VmInfo, unknown>>;
  const text = (key: keyof VmInfo): string => (typeof facts[key] === 'string' ? facts[key] : '?');
  const number = (key: keyof VmInfo): number => (typeof facts[key] === 'number' ? facts[key] : 0);
  if (typeof facts.name !== 'string') throw new NoAnswer('it says nothing of itself');
  return {
    name: facts.name,
    pid: number('pid'),
    state: facts.state === 'paused' ? 'paused' : 'running',
    machine: text('machine'),
    cpus: number('cpus'),
    memory: number('memory'),
    guestTimeNs: number('guestTimeNs'),
    instructions: number('instructions'),
    kernel: text('kernel'),
    consoles: Array.isArray(facts.consoles) ? facts.consoles.filter((name) => typeof name === 'string') : [],
  };
}
