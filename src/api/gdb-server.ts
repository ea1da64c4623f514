// `--gdb`: where gdb finds a VM, a TCP port or a Unix socket, and one gdb at a time on it (src/debug/gdb speaks with it). Whoever can connect controls
// the guest: TCP is bound to the loopback address unless an address is given, and the Unix socket is its owner's alone.
import { createServer, type Server, type Socket } from 'node:net';
import { unpackKernel } from '../boot/kernel-image.ts';
import { packet } from '../debug/gdb/packets.ts';
import { GdbSession } from '../debug/gdb/session.ts';
import type { ShellPort } from '../debug/shell/port.ts';
import type { DebugTarget } from '../debug/target.ts';
import { oneShot } from '../host/clock.ts';
import { codeOf } from '../host/error-code.ts';
import { readImage } from '../host/file.ts';
import { gunzip } from '../host/gunzip.ts';
import { clearSocket, MAX_SOCKET_PATH } from '../host/unix-socket.ts';
import { TsvmError } from '../util/errors.ts';
import type { Log } from '../util/log.ts';
import type { GdbPlace } from './gdb-place.ts';

/** Mode 0600. */
const PRIVATE = 0o177;
/** Bytes of gdb's that are taken at a time, so that answers to a heap of packets do not pile up before the other end has read some. */
const SLICE = 256;
/** Host milliseconds that the other end has to read what was said last. */
const LAST_WORDS_MS = 1000;

/** A debug shell of its own for each gdb. */
export interface MonitorShell extends Pick<ShellPort, 'execute' | 'interrupt'> {
  close(): unknown;
}

export interface GdbServerOptions {
  readonly target: DebugTarget;
  readonly place: GdbPlace;
  /** For `monitor`. */
  openShell(): MonitorShell;
  /** Does the guest stand until gdb lets it go on (`--wait`)? It goes on when the first gdb leaves that has said something. */
  readonly waits: boolean;
  /** The kernel's file, unpacked, for a gdb that was given none (kernelFile()). Asked once by each. */
  kernel(): Promise<Uint8Array>;
  readonly log: Log;
}

export interface GdbServer {
  /** What `target remote` takes: `127.0.0.1:1234`, or the path. */
  readonly address: string;
  /** Take nobody any more; resolves when the gdb that is connected has been told what it was to be told, or does not listen. */
  close(): Promise<void>;
}

/** A kernel's file as gdb reads it: unpacked. @throws TsvmError not-found, not-runnable, image-*, io */
export async function kernelFile(path: string): Promise<Uint8Array> {
  return (await unpackKernel(await readImage('kernel', path), gunzip)).bytes;
}

/** @throws TsvmError usage or io: somebody else listens there, the path is too long, the host refuses */
export async function serveGdb(options: GdbServerOptions): Promise<GdbServer> {
  const { place, log } = options;
  let current: Connection | null = null;
  let { waits } = options;
  const server = createServer((socket) => {
    if (current?.isSpeaking) {
      refuse(socket);
      log.log('info', 'a second gdb has tried to connect: there is one already');
      return;
    }
    // Somebody who has connected and says nothing keeps nobody out, nor who has detached and stays.
    current?.drop();
    const connection: Connection = new Connection(socket, { ...options, waits }, () => {
      if (current === connection) current = null;
      if (!connection.hasSpoken) return;
      waits = false;
      log.log('info', 'gdb has left');
    });
    current = connection;
  });
  await listen(server, place);
  // A connection that the host cannot take now is lost, and that is all.
  server.on('error', (error) => log.log('warning', `gdb cannot connect: ${error.message}`));
  const address = addressOf(server, place);
  if (place.kind === 'tcp' && !isLoopback(place.host))
    log.log('warning', `whoever reaches ${address} controls the guest`);
  return {
    address,
    close: async () => {
      server.close();
      await current?.end();
    },
  };
}

function addressOf(server: Server, place: GdbPlace): string {
  const address = server.address();
  if (place.kind === 'unix' || address === null || typeof address === 'string')
    return place.kind === 'unix' ? place.path : place.host;
  return `${place.host.includes(':') ? `[${place.host}]` : place.host}:${address.port}`;
}

const isLoopback = (host: string): boolean => host === 'localhost' || host === '::1' || /^127\./.test(host);

async function listen(server: Server, place: GdbPlace): Promise<void> {
  if (place.kind === 'unix') await clearPlace(place.path);
  await new Promise<void>((resolve, reject) => {
    server.once('error', (error) => reject(refusedBy(error, place)));
    server.once('listening', resolve);
    if (place.kind === 'tcp') server.listen(place.port, place.host);
    else {
      // The socket is made in this very call.
      const mask = process.umask(PRIVATE);
      try {
        server.listen(place.path);
      } finally {
        process.umask(mask);
      }
    }
  });
  server.removeAllListeners('error');
}

/** Remove the socket that a run has left behind which was killed; anything else that is there stays. */
async function clearPlace(path: string): Promise<void> {
  if (Buffer.byteLength(path) > MAX_SOCKET_PATH)
    throw new TsvmError('usage', `--gdb ${path}: the path of a socket has at most ${MAX_SOCKET_PATH} bytes`, {
      next: 'give a shorter path, such as one in /tmp',
    });
  const found = await clearSocket(path);
  if (found === 'live') throw taken(path);
  if (found === 'foreign')
    throw new TsvmError('usage', `--gdb ${path}: there is something that is no socket of yours`, {
      next: 'give another path, or remove it',
    });
}

function refusedBy(error: Error, place: GdbPlace): TsvmError {
  const said = place.kind === 'unix' ? place.path : `${place.host}:${place.port}`;
  if (codeOf(error) === 'EADDRINUSE') return taken(said);
  return new TsvmError('io', `--gdb ${said}: ${error.message}`, { next: 'give another port or path' });
}

function taken(said: string): TsvmError {
  return new TsvmError('usage', `--gdb ${said}: somebody listens there already`, {
    next: 'give another one, or --gdb 0 for a port that is free',
  });
}

/** There is one gdb: a second one is told. */
function refuse(socket: Socket): void {
  socket.on('error', () => {});
  socket.end(packet('E.another gdb is connected'));
  socket.resume();
}

/** One gdb's connection. */
class Connection {
  private readonly socket: Socket;
  private readonly session: GdbSession;
  private readonly log: Log;
  /** Opened at the first line, for it leaves the guest as it has found it: standing. */
  private shell: MonitorShell | null = null;
  private over = false;
  private readonly gone: Promise<void>;
  private waiting: Uint8Array = new Uint8Array(0);

  constructor(socket: Socket, options: GdbServerOptions, left: () => void) {
    const { target, waits, kernel, log } = options;
    this.socket = socket;
    this.log = log;
    // Every step is a question and an answer.
    socket.setNoDelay(true);
    this.session = new GdbSession({
      target,
      send: (bytes) => {
        if (socket.writable) socket.write(bytes);
      },
      monitor: {
        execute: async (line) => {
          this.shell ??= options.openShell();
          const { output, quit } = await this.shell.execute(line);
          if (quit) this.shell = null;
          return output;
        },
        interrupt: () => this.shell?.interrupt(),
      },
      close: () => void this.end(),
      held: waits,
      kernel,
      onBug: (error) => log.log('error', `gdb: ${error instanceof Error ? error.stack : String(error)}`),
    });
    this.gone = new Promise((resolve) => {
      socket.on('close', () => {
        this.shell?.close();
        this.session.closed();
        left();
        resolve();
      });
    });
    // What is wrong with a connection ends it, and is told by 'close'.
    socket.on('error', () => {});
    socket.on('data', (bytes: Buffer) => {
      this.waiting = this.waiting.length === 0 ? bytes : Buffer.concat([this.waiting, bytes]);
      this.serve();
    });
    socket.on('drain', () => this.serve());
  }

  private serve(): void {
    const { socket } = this;
    while (this.waiting.length > 0 && !socket.writableNeedDrain) {
      const piece = this.waiting.subarray(0, SLICE);
      this.waiting = this.waiting.subarray(SLICE);
      const before = this.hasSpoken;
      this.session.receive(piece);
      if (this.hasSpoken && !before) this.log.log('info', 'gdb has connected');
    }
    if (this.waiting.length > 0) socket.pause();
    else socket.resume();
  }

  get hasSpoken(): boolean {
    return this.session.hasSpoken;
  }

  get isSpeaking(): boolean {
    return this.hasSpoken && !this.over;
  }

  drop(): void {
    this.socket.destroy();
  }

  /** Nothing more is taken from it. */
  async end(): Promise<void> {
    const { socket } = this;
    this.over = true;
    this.session.closed();
    socket.end();
    const cancel = oneShot(LAST_WORDS_MS, () => socket.destroy());
    await this.gone;
    cancel();
  }
}
