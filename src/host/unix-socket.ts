// Unix sockets that nobody but their owner can reach: listening at a path (mode 0600), finding out whether somebody listens there, taking over what
// a killed process has left, and talking over them without ever waiting for the other end.
import { linkSync, lstatSync, renameSync, unlinkSync } from 'node:fs';
import { createConnection, createServer, type Socket } from 'node:net';
import { oneShot } from './clock.ts';
import { codeOf } from './error-code.ts';

/** Longest path of a socket in bytes: sun_path less the zero at its end. */
export const MAX_SOCKET_PATH = process.platform === 'linux' ? 107 : 103;
/** Only the owner. */
const PRIVATE = 0o177;
/** How often a path is tried that others take and leave meanwhile. */
const ATTEMPTS = 5;

/** One end of a connection. After `end` and `destroy` nothing more is sent. */
export interface SocketLink {
  /** Queues it; see `queued`. */
  send(text: string): void;
  /** Bytes that the other end has not taken. */
  readonly queued: number;
  /** Resolves when all was taken, or the connection is over. */
  drained(): Promise<void>;
  /** Stop reading until `release`. */
  hold(): void;
  release(): void;
  /** Close it when all was taken. */
  end(): void;
  destroy(): void;
}

/** Whom a connection belongs to. */
export interface LinkListener {
  bytes(bytes: Uint8Array): void;
  /** The other end will send nothing more, and may still read. */
  ended(): void;
  /** The connection is over, whoever closed it. Called once. */
  closed(): void;
}

export interface SocketListener {
  readonly path: string;
  /** Take no more connections, and remove the socket. Those that there are stay. */
  close(): void;
}

/** Who is behind a path: somebody, nobody any more, nothing at all, or no socket of ours. */
export type SocketState = 'live' | 'stale' | 'gone' | 'foreign';

/**
 * Listen at `path`, in place of a stale socket if there is one. The socket is removed when the process exits, too. Null: somebody else listens there.
 * @throws the host's errors
 */
export async function listenAt(
  path: string,
  accept: (link: SocketLink) => LinkListener,
): Promise<SocketListener | null> {
  for (let attempt = 0; attempt < ATTEMPTS; attempt++) {
    const listener = await tryToListen(path, accept);
    if (listener !== null) return listener;
    const found = await clearSocket(path);
    if (found === 'live') return null;
    if (found === 'foreign') throw new Error(`${path}: there is something that is no socket of ours`);
  }
  return null;
}

/** Null: there is something at `path`. */
function tryToListen(path: string, accept: (link: SocketLink) => LinkListener): Promise<SocketListener | null> {
  const server = createServer({ allowHalfOpen: true }, (socket) => {
    const link = linkOf(socket);
    follow(socket, accept(link));
  });
  return new Promise((resolve, reject) => {
    server.once('error', (error) => (codeOf(error) === 'EADDRINUSE' ? resolve(null) : reject(error)));
    server.once('listening', () => {
      // A connection that the host cannot take now (no descriptors left) is lost, and that is all.
      server.on('error', () => {});
      const remove = (): void => removeQuietly(path);
      process.on('exit', remove);
      resolve({
        path,
        close: () => {
          process.off('exit', remove);
          server.close();
          removeQuietly(path);
        },
      });
    });
    // The socket is made in this very call.
    const mask = process.umask(PRIVATE);
    try {
      server.listen(path);
    } finally {
      process.umask(mask);
    }
  });
}

/** Remove the socket at `path` if nobody answers there; says what was found. */
export async function clearSocket(path: string): Promise<SocketState> {
  const found = identityOf(path);
  if (found === null) return 'gone';
  const state = await probe(path);
  if (state === 'stale') removeSame(path, found);
  return state;
}

/** Does somebody listen there? A process that is stopped does. */
function probe(path: string): Promise<SocketState> {
  if (!isSocket(path)) return Promise.resolve('foreign');
  return new Promise((resolve) => {
    const socket = createConnection(path);
    const answer = (state: SocketState): void => {
      socket.destroy();
      resolve(state);
    };
    socket.on('connect', () => answer('live'));
    socket.on('error', (error) => {
      const code = codeOf(error);
      if (code === 'ECONNREFUSED') answer('stale');
      else if (code === 'ENOENT') answer('gone');
      // A queue that is full (EAGAIN) is somebody's.
      else answer(code === 'EAGAIN' ? 'live' : 'foreign');
    });
  });
}

/**
 * Connect to `path`. `greet` is called with the connection and says whom it belongs to. Rejects with the host's error, and when it takes longer
 * than `patience` milliseconds.
 */
export function dial(path: string, patience: number, greet: (link: SocketLink) => LinkListener): Promise<SocketLink> {
  return new Promise((resolve, reject) => {
    const socket = createConnection({ path, allowHalfOpen: true });
    const cancel = oneShot(patience, () => socket.destroy(new Error('nobody takes the connection')));
    socket.once('error', (error) => {
      cancel();
      reject(error);
    });
    socket.once('connect', () => {
      cancel();
      const link = linkOf(socket);
      follow(socket, greet(link));
      resolve(link);
    });
  });
}

function linkOf(socket: Socket): SocketLink {
  const waiting = new Set<() => void>();
  const wake = (): void => {
    for (const resolve of waiting) resolve();
    waiting.clear();
  };
  socket.on('drain', wake);
  socket.on('close', wake);
  // What is wrong with a connection ends it, and is told by 'close'.
  socket.on('error', () => {});
  return {
    send: (text) => {
      if (socket.writable) socket.write(text);
    },
    get queued() {
      return socket.writableLength;
    },
    drained: () =>
      socket.destroyed || !socket.writableNeedDrain
        ? Promise.resolve()
        : new Promise((resolve) => waiting.add(resolve)),
    hold: () => {
      socket.pause();
    },
    release: () => {
      socket.resume();
    },
    end: () => {
      // The other end may never read: what was queued is all it can have.
      if (socket.writable) socket.end();
      socket.resume();
    },
    destroy: () => {
      socket.destroy();
    },
  };
}

function follow(socket: Socket, listener: LinkListener): void {
  socket.on('data', (bytes: Buffer) => listener.bytes(bytes));
  socket.on('end', () => listener.ended());
  socket.on('close', () => listener.closed());
}

function isSocket(path: string): boolean {
  return lstatSync(path, { throwIfNoEntry: false })?.isSocket() === true;
}

/** What tells a file from another one that takes its place, and stays when it is renamed; null: there is none. */
function identityOf(path: string): string | null {
  const stat = lstatSync(path, { bigint: true, throwIfNoEntry: false });
  return stat ? `${stat.dev} ${stat.ino} ${stat.mtimeNs}` : null;
}

/** Remove what was found; another process may have taken its place meanwhile, and keeps it. */
function removeSame(path: string, found: string): void {
  const aside = `${path}.${process.pid}.stale`;
  try {
    renameSync(path, aside);
    if (identityOf(aside) !== found) linkSync(aside, path);
  } catch {
    // Somebody else was quicker.
  }
  removeQuietly(aside);
}

function removeQuietly(path: string): void {
  try {
    unlinkSync(path);
  } catch {
    // It is gone already.
  }
}
