// Clients of a control socket that mean no good, or have bad luck: whatever they do, the VM and everybody else goes on.
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { ControlClient } from '../../../../src/api/control/client.ts';
import { ConsoleTail } from '../../../../src/api/control/console-tail.ts';
import { MOST_REQUEST } from '../../../../src/api/control/protocol.ts';
import { type ControlServer, openControl } from '../../../../src/api/control/server.ts';
import { ControlSession } from '../../../../src/api/control/session.ts';
import { FakeLink, FakeVm, RawClient } from './fakes.ts';
import { fuzzControl } from './fuzz.ts';

let folder = '';
let server!: ControlServer;
let vm = new FakeVm();
let path = '';
const clients: RawClient[] = [];

beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), 'tsvm-hostile-'));
  vm = new FakeVm();
  server = (await openControl({ env: { TSVM_RUNTIME_DIR: folder }, name: 'vm0', version: '0', warn: () => {} }))!;
  server.serve(vm);
  path = join(folder, 'vm0.sock');
});
afterEach(() => {
  for (const client of clients.splice(0)) client.destroy();
  server.close(null);
  rmSync(folder, { recursive: true, force: true });
});

function raw(): RawClient {
  const client = new RawClient(path);
  clients.push(client);
  return client;
}

/** Somebody who behaves is served. */
async function isServed(): Promise<void> {
  const client = await ControlClient.connect('vm0', path);
  expect((await client.info()).name).toBe('vm0');
  client.close();
  expect(vm.stops).toEqual([]);
}

async function eventually(holds: () => boolean): Promise<void> {
  while (!holds()) await new Promise(setImmediate);
}

describe('a hostile client', () => {
  test('that sends garbage is told so, line for line', async () => {
    const client = raw()
      .send(Buffer.from([0xff, 0xfe, 0x00, 0x0a]))
      .send('GET / HTTP/1.1\r\nHost: x\r\n\r\n');
    await client.until(() => client.replies.length === 3);
    expect(client.replies.every(({ ok }) => ok === false)).toBe(true);
    await isServed();
  });

  test('that sends a line without end is told so, and put out', async () => {
    const client = raw();
    for (let n = 0; n < 5; n++) client.send('x'.repeat(MOST_REQUEST / 4));
    await client.untilClosed();
    expect(client.replies).toMatchObject([
      { ok: false, error: { message: `a request is longer than ${MOST_REQUEST} bytes` } },
    ]);
    await isServed();
  });

  test('that nests its JSON as deep as a line allows does no harm', async () => {
    const client = raw().send(`{"request":${'['.repeat(MOST_REQUEST - 20)}\n`);
    await client.until(() => client.replies.length === 1);
    await isServed();
  });

  test('that watches the console and does not read is given up, and the guest never waits', async () => {
    const client = raw();
    await client.ask({ request: 'attach' });
    client.stopReading();
    const piece = 'x'.repeat(64 << 10);
    let said = 0;
    // Nothing is waited for in between but the event loop.
    for (; vm.watchers > 1; said += piece.length) {
      vm.says(piece);
      await new Promise(setImmediate);
      expect(said).toBeLessThan(8 << 20);
    }
    await isServed();
  });

  test('that asks without end and does not read waits for itself', async () => {
    const client = raw().stopReading();
    const many = '{"request":"stat"}\n'.repeat(3000);
    for (let n = 0; n < 10; n++) client.send(many);
    for (let n = 0; n < 20; n++) await isServed();
  });

  test('that comes a thousand times and stays pushes out only those who are idle', async () => {
    const watcher = await ControlClient.connect('vm0', path);
    let shown = '';
    await watcher.attach(0, {
      output: (bytes) => {
        shown += Buffer.from(bytes).toString();
      },
    });
    const many = Array.from({ length: 1000 }, raw);
    await Promise.all(many.map((client) => client.until(() => client.closed || client.text.includes('\n'))));
    await isServed();
    vm.says('still here');
    await watcher.info();
    expect(shown).toBe('still here');
    await eventually(() => many.filter(({ closed }) => !closed).length < 64);
    watcher.close();
  });

  test('that closes its side only is served to the end, and one that goes is forgotten', async () => {
    const half = raw();
    await half.ask({ request: 'attach' });
    half.halfClose();
    const gone = raw();
    await gone.ask({ request: 'attach' });
    expect(vm.watchers).toBe(3);
    gone.destroy();
    await eventually(() => vm.watchers === 2);
    vm.says('for the other one');
    await half.until(() => half.text.includes('"output"'));
    await isServed();
  });

  test('that never closes its side does not keep the socket of a run that is over', async () => {
    const client = raw();
    await client.ask({ request: 'info' });
    server.close({ summary: 'guest powered off', exitCode: 0 });
    await client.untilClosed();
    expect(client.replies.at(-1)).toEqual({ event: 'ended', summary: 'guest powered off', exitCode: 0 });
  });

  test('whose reader is slow gets its answers later, and no more is read from it', async () => {
    const link = new FakeLink();
    link.takes = false;
    const session = new ControlSession(
      {
        hello: { tsvm: '0', control: 2, name: 'vm0' },
        vm: Promise.resolve(vm),
        tails: new Map([['uart0', new ConsoleTail(10)]]),
        turn: () => new Promise(setImmediate),
        sleep: async () => {},
      },
      link,
    );
    session.bytes(Buffer.from('{"request":"stat"}\n'.repeat(10_000)));
    await eventually(() => link.queued > 256 << 10);
    for (let n = 0; n < 50; n++) await new Promise(setImmediate);
    expect(link.held).toBe(true);
    expect(link.queued).toBeLessThan(300 << 10);
    link.takes = true;
    link.readAll();
    await eventually(() => link.sent.length === 10_001);
    await eventually(() => !link.held);
    session.closed();
  });
});

describe('random lines', () => {
  test.each([1, 2])('do no harm (seed %d)', async (seed) => {
    const counts = await fuzzControl(seed, 10_000);
    expect(counts.lines).toBe(10_000);
    expect(counts.requests).toBeGreaterThan(1000);
    expect(counts.refused).toBeGreaterThan(1000);
  });
});
