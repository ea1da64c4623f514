// The control socket of a run: claims the VM's name before the VM is built, serves it while it runs, and goes when it has ended.
import { eventLoopTurn, oneShot } from '../../host/clock.ts';
import { listenAt, type SocketLink, type SocketListener } from '../../host/unix-socket.ts';
import { TsvmError } from '../../util/errors.ts';
import { ConsoleTail } from './console-tail.ts';
import type { ControlledVm, VmEnd } from './controlled-vm.ts';
import { CONTROL_VERSION, MOST_RECENT } from './protocol.ts';
import { type ControlEnv, isVmName, openRuntimeFolder, runtimeFolder, socketPath } from './runtime-folder.ts';
import { ControlSession, type SessionHost } from './session.ts';

const MOST_CONNECTIONS = 64;
/** Host milliseconds that clients have to read their last lines. */
const LAST_LINES_MS = 1000;

export interface ControlOptions {
  readonly env: ControlEnv;
  /** `--name`; default: `guest-PID`, as kvmtool has it. */
  readonly name: string | undefined;
  /** Of tsvm. */
  readonly version: string;
  /** Told why a run has no socket. It goes on without. */
  readonly warn: (message: string) => void;
}

/**
 * Claim the name and open its socket; null when nothing is to be served, or cannot be.
 * @throws TsvmError usage when a VM of that name runs
 */
export async function openControl({ env, name, version, warn }: ControlOptions): Promise<ControlServer | null> {
  const folder = runtimeFolder(env);
  const called = name ?? `guest-${process.pid}`;
  // What is no name is refused where all options are.
  if (folder === null || !isVmName(called)) return null;
  try {
    openRuntimeFolder(folder);
    const server = new ControlServer(called, version);
    if (await server.open(socketPath(folder, called))) return server;
  } catch (error) {
    const details = error instanceof TsvmError && error.details.next ? `; ${error.details.next}` : '';
    const why = error instanceof Error ? error.message : String(error);
    warn(`no control socket: ${why}${details}`);
    return null;
  }
  throw new TsvmError('usage', `--name ${called}: a VM of that name is running`, {
    cause: `it answers at ${socketPath(folder, called)}`,
    next: `give another name, or end it: tsvm stop ${called}`,
  });
}

export class ControlServer {
  readonly name: string;
  private readonly host: SessionHost;
  /** The one that said something longest ago first. */
  private readonly sessions = new Map<ControlSession, SocketLink>();
  private listener: SocketListener | null = null;
  private unsubscribe: (() => void)[] = [];
  private built: (vm: ControlledVm) => void = () => {};
  private failed: (error: Error) => void = () => {};

  constructor(name: string, version: string) {
    this.name = name;
    const vm = new Promise<ControlledVm>((resolve, reject) => {
      this.built = resolve;
      this.failed = reject;
    });
    // Nobody may have asked by then.
    vm.catch(() => {});
    this.host = {
      hello: { tsvm: version, control: CONTROL_VERSION, name },
      vm,
      tails: new Map(),
      turn: eventLoopTurn,
      sleep: (ms) => new Promise((resolve) => oneShot(ms, resolve)),
    };
  }

  /** False: somebody else listens there. @throws the host's errors */
  async open(path: string): Promise<boolean> {
    this.listener = await listenAt(path, (link) => this.accept(link));
    return this.listener !== null;
  }

  /** The VM is built: whoever has asked before gets an answer now. */
  serve(vm: ControlledVm): void {
    for (const console of vm.info().consoles) {
      const tail = new ConsoleTail(MOST_RECENT);
      this.host.tails.set(console, tail);
      this.unsubscribe.push(vm.subscribeConsole((bytes) => tail.add(bytes), console));
    }
    this.built(vm);
  }

  /** The run is over, or never began (null): everybody is told, and the socket goes. Again does nothing. */
  close(end: VmEnd | null): void {
    if (!this.listener) return;
    this.listener.close();
    this.listener = null;
    for (const unsubscribe of this.unsubscribe) unsubscribe();
    this.failed(new TsvmError('usage', 'the run has ended'));
    const open = [...this.sessions];
    for (const [session] of open) session.runEnded(end);
    if (open.length > 0) {
      oneShot(LAST_LINES_MS, () => {
        for (const [, link] of open) link.destroy();
      });
    }
  }

  private accept(link: SocketLink): {
    bytes(bytes: Uint8Array): void;
    ended(): void;
    closed(): void;
  } {
    if (this.sessions.size >= MOST_CONNECTIONS) this.makeRoom();
    const session = new ControlSession(this.host, link);
    this.sessions.set(session, link);
    return {
      bytes: (bytes) => {
        if (this.sessions.delete(session)) this.sessions.set(session, link);
        session.bytes(bytes);
      },
      ended: () => session.ended(),
      closed: () => {
        this.sessions.delete(session);
        session.closed();
      },
    };
  }

  /** The idlest connection goes: first of those where nobody watches the console or debugs. */
  private makeRoom(): void {
    const all = [...this.sessions];
    const [session, link] = all.find(([{ busy }]) => !busy) ?? all[0]!;
    this.sessions.delete(session);
    link.destroy();
  }
}
