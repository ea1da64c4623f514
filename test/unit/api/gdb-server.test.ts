// Where gdb connects to a VM: ports and sockets, one gdb at a time.
import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { createConnection, createServer, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { parseGdbPlace } from '../../../src/api/gdb-place.ts';
import { type GdbServer, type GdbServerOptions, serveGdb } from '../../../src/api/gdb-server.ts';
import { FakeTarget } from '../../support/debug/fake-target.ts';
import { framed } from '../../support/debug/gdb-client.ts';

describe("--gdb's value", () => {
  it.each([
    ['', { kind: 'tcp', host: '127.0.0.1', port: 1234 }],
    ['4000', { kind: 'tcp', host: '127.0.0.1', port: 4000 }],
    [':4000', { kind: 'tcp', host: '127.0.0.1', port: 4000 }],
    [':', { kind: 'tcp', host: '127.0.0.1', port: 1234 }],
    ['0', { kind: 'tcp', host: '127.0.0.1', port: 0 }],
    ['localhost:4000', { kind: 'tcp', host: 'localhost', port: 4000 }],
    ['0.0.0.0:4000', { kind: 'tcp', host: '0.0.0.0', port: 4000 }],
    ['[::1]:4000', { kind: 'tcp', host: '::1', port: 4000 }],
    ['./gdb.sock', { kind: 'unix', path: './gdb.sock' }],
    ['/run/gdb', { kind: 'unix', path: '/run/gdb' }],
  ])('%j is a place', (text, place) => {
    expect(parseGdbPlace(text)).toEqual(place);
  });

  it.each(['gdb', '65536', '-1', 'host:', 'host:x', '1:2:3', '12 34', '[::1]'])('%j is none', (text) => {
    expect(() => parseGdbPlace(text)).toThrow(/neither a port nor a path/);
  });
});

class Client {
  readonly socket: Socket;
  said = '';
  closed = false;
  private wake = (): void => {};

  constructor(address: string) {
    const tcp = /^(.*):(\d+)$/.exec(address);
    this.socket = tcp ? createConnection(Number(tcp[2]), tcp[1]) : createConnection(address);
    this.socket.on('data', (bytes) => {
      this.said += bytes.toString('latin1');
      this.wake();
    });
    this.socket.on('close', () => {
      this.closed = true;
      this.wake();
    });
    this.socket.on('error', () => {});
  }

  ask(data: string): void {
    this.socket.write(framed(data));
  }

  async until(done: () => boolean): Promise<void> {
    while (!done())
      await new Promise<void>((resolve) => {
        this.wake = resolve;
      });
  }

  async answer(data: string, expected: string): Promise<void> {
    this.ask(data);
    await this.until(() => this.said.includes(expected));
  }
}

describe('a gdb server', () => {
  let folder: string;
  let target: FakeTarget;
  let logged: string[];
  let shells: { lines: string[]; interrupts: number; closes: number }[];
  const open: (GdbServer | Client)[] = [];

  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'tsvm-gdb-'));
    target = new FakeTarget();
    logged = [];
    shells = [];
  });

  afterEach(async () => {
    for (const item of open.splice(0)) {
      if (item instanceof Client) item.socket.destroy();
      else await item.close();
    }
    rmSync(folder, { recursive: true });
  });

  async function serve(place: string, options: Partial<GdbServerOptions> = {}): Promise<GdbServer> {
    const server = await serveGdb({
      target,
      place: parseGdbPlace(place),
      waits: false,
      kernel: async () => new Uint8Array(0),
      openShell: () => {
        const shell = { lines: [] as string[], interrupts: 0, closes: 0 };
        shells.push(shell);
        return {
          execute: async (line) => {
            shell.lines.push(line);
            return { output: `did ${line}\n`, ok: true, quit: line === 'quit' };
          },
          interrupt: () => {
            shell.interrupts++;
          },
          close: () => {
            shell.closes++;
          },
        };
      },
      log: { log: (level, message) => logged.push(`${level}: ${message}`) },
      ...options,
    });
    open.push(server);
    return server;
  }

  function connect(server: GdbServer): Client {
    const client = new Client(server.address);
    open.push(client);
    return client;
  }

  it('answers on a free port of the loopback address', async () => {
    const server = await serve('0');
    expect(server.address).toMatch(/^127\.0\.0\.1:[1-9]\d*$/);
    await connect(server).answer('qC', '+$QC1#');
    expect(logged).toEqual(['info: gdb has connected']);
  });

  it('answers on a socket of its own, and takes it with it', async () => {
    const path = join(folder, 'gdb');
    const server = await serve(path);
    expect(server.address).toBe(path);
    expect(statSync(path).mode & 0o777).toBe(0o600);
    await connect(server).answer('qC', '+$QC1#');
    await server.close();
    expect(() => statSync(path)).toThrow('ENOENT');
  });

  it('takes the place of a socket that nobody serves, and of nothing else', async () => {
    const path = join(folder, 'gdb');
    const left = createServer();
    await new Promise<void>((resolve) => left.listen(path, resolve));
    await expect(serve(path)).rejects.toThrow('somebody listens there already');
    await new Promise<void>((resolve) => left.close(() => resolve()));
    writeFileSync(path, 'mine');
    await expect(serve(path)).rejects.toThrow('no socket of yours');
    rmSync(path);
    // What is killed leaves its socket.
    const listens = `require('net').createServer().listen(${JSON.stringify(path)}, () => process.kill(process.pid, 'SIGKILL'))`;
    spawnSync(process.execPath, ['-e', listens]);
    expect(statSync(path).isSocket()).toBe(true);
    await connect(await serve(path)).answer('qC', 'QC1');
  });

  it('says what is wrong with a place', async () => {
    const { address } = await serve('0');
    await expect(serve(address)).rejects.toThrow(`--gdb ${address}: somebody listens there already`);
    await expect(serve(`/${'x'.repeat(200)}`)).rejects.toThrow('at most');
    await expect(serve(join(folder, 'no/gdb'))).rejects.toThrow('--gdb');
  });

  it('has one gdb at a time, and tells the next', async () => {
    const server = await serve('0');
    const first = connect(server);
    await first.answer('qC', 'QC1');
    const second = connect(server);
    await second.until(() => second.closed);
    expect(second.said).toContain('E.another gdb is connected');
    await first.answer('qAttached', '$1#');
    first.socket.destroy();
    // When the first one has gone there is room.
    for (;;) {
      const third = connect(server);
      third.ask('qC');
      await third.until(() => third.closed || third.said.includes('QC1'));
      if (!third.closed) break;
    }
  });

  it('is not blocked, and the guest not stopped, by somebody who says nothing', async () => {
    void target.resume({ kind: 'continue' });
    const server = await serve('0', { waits: true });
    const silent = connect(server);
    silent.socket.write('GET / HTTP/1.1\r\n\r\n');
    await new Promise<void>((resolve) => silent.socket.on('connect', () => resolve()));
    await connect(server).answer('qC', 'QC1');
    await silent.until(() => silent.closed);
    expect(silent.said).toBe('');
    expect(logged).toEqual(['info: gdb has connected']);
  });

  it('lets the guest go on when a gdb closes one half of its connection', async () => {
    void target.resume({ kind: 'continue' });
    const gdb = connect(await serve('0'));
    await gdb.answer('?', 'T05');
    expect(target.stopped).not.toBeNull();
    gdb.socket.end();
    await gdb.until(() => gdb.closed);
    expect(target.stopped).toBeNull();
  });

  it('lets the guest go on when the gdb leaves that it waited for', async () => {
    const server = await serve('0', { waits: true });
    const gdb = connect(server);
    await gdb.answer('Z0,80000400,4', 'OK');
    gdb.socket.destroy();
    await new Promise<void>((resolve) => {
      target.subscribe(() => resolve());
    });
    expect(target.stopped).toBeNull();
    expect(target.breakpoints()).toEqual([]);
  });

  it('ends a connection when gdb detaches', async () => {
    const gdb = connect(await serve('0'));
    gdb.ask('D');
    await gdb.until(() => gdb.closed);
    expect(gdb.said).toContain('$OK#9a');
  });

  it('has room for the next gdb as soon as one has detached', async () => {
    const server = await serve('0');
    // In extended mode gdb keeps its connection.
    const first = connect(server);
    first.socket.allowHalfOpen = true;
    await first.answer('!', 'OK');
    first.said = '';
    await first.answer('D', 'OK');
    await connect(server).answer('qC', 'QC1');
  });

  it('says its last words at its end', async () => {
    const server = await serve('0');
    const gdb = connect(server);
    await gdb.answer('qC', 'QC1');
    gdb.ask('c');
    await new Promise<void>((resolve) => {
      target.subscribe(() => resolve());
    });
    target.stop({ kind: 'ended', summary: 'panic', exitCode: 100 });
    await server.close();
    await gdb.until(() => gdb.closed);
    expect(gdb.said).toMatch(/\$W64#..$/);
  });

  it('gives each gdb a shell of its own, when it asks for one', async () => {
    const server = await serve('0');
    const gdb = connect(server);
    await gdb.answer('qC', 'QC1');
    expect(shells).toEqual([]);
    const line = (text: string) => `qRcmd,${Buffer.from(text).toString('hex')}`;
    await gdb.answer(line('bt'), Buffer.from('did bt\n').toString('hex'));
    await gdb.answer(line('quit'), Buffer.from('did quit\n').toString('hex'));
    await gdb.answer(line('bt 1'), Buffer.from('did bt 1\n').toString('hex'));
    expect(shells.map(({ lines }) => lines)).toEqual([['bt', 'quit'], ['bt 1']]);
    gdb.socket.end();
    await gdb.until(() => gdb.closed);
    expect(shells[1]!.closes).toBe(1);
  });

  it('does not pile up answers for a gdb that does not read', async () => {
    const gdb = connect(await serve('0'));
    await gdb.answer('QStartNoAckMode', 'OK');
    gdb.socket.pause();
    let reads = 0;
    const { readVirtual } = target;
    target.readVirtual = (...call) => {
      reads++;
      return readVirtual.apply(target, call);
    };
    // 16 KiB each: 800 MB in all.
    const heap = Buffer.concat(Array.from({ length: 50_000 }, () => framed('m80000000,1ff0')));
    gdb.socket.write(heap);
    for (let turns = 0; turns < 200; turns++) await new Promise((resolve) => setImmediate(resolve));
    expect(reads).toBeGreaterThan(0);
    expect(reads).toBeLessThan(10_000);
    gdb.socket.destroy();
  });
});
