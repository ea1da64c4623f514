// Control sockets in a folder of the test's own: names, several VMs side by side, what is asked of them, and that nothing is left.
import { execFileSync } from 'node:child_process';
import { existsSync, lstatSync, mkdtempSync, readdirSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { createServer, type Server } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { ControlClient, NoAnswer } from '../../../../src/api/control/client.ts';
import { askInfo, liveVms } from '../../../../src/api/control/live-vms.ts';
import { type ControlServer, openControl } from '../../../../src/api/control/server.ts';
import { FakeVm, INFO, RawClient } from './fakes.ts';

let folder = '';
let env: Record<string, string> = {};
let open: ControlServer[] = [];
const warnings: string[] = [];

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'tsvm-ctl-'));
  env = { TSVM_RUNTIME_DIR: folder };
  warnings.length = 0;
});
afterEach(() => {
  for (const server of open) server.close(null);
  open = [];
  rmSync(folder, { recursive: true, force: true });
});

async function started(name: string | undefined): Promise<ControlServer | null> {
  const server = await openControl({ env, name, version: '1.2.3', warn: (message) => warnings.push(message) });
  if (server) open.push(server);
  return server;
}

async function served(name: string | undefined, vm = new FakeVm()): Promise<FakeVm> {
  (await started(name))!.serve(vm);
  return vm;
}

const pathOf = (name: string): string => join(folder, `${name}.sock`);
const connect = (name: string): Promise<ControlClient> => ControlClient.connect(name, pathOf(name));

/** Let the event loop turn until it is so. */
async function eventually(holds: () => boolean): Promise<void> {
  while (!holds()) await new Promise(setImmediate);
}

/** A socket that a killed process has left. */
function leaveStaleSocket(name: string): void {
  const script = `require('node:net').createServer().listen(process.argv[1], () => process.kill(process.pid, 'SIGKILL'))`;
  try {
    execFileSync(process.execPath, ['-e', script, pathOf(name)]);
  } catch {
    // It was killed, as it should be.
  }
  expect(lstatSync(pathOf(name)).isSocket()).toBe(true);
}

describe('the socket of a run', () => {
  test('is there for its owner alone, and goes with the run', async () => {
    await served('vm0');
    expect(statSync(pathOf('vm0')).mode & 0o777).toBe(0o600);
    open[0]!.close(null);
    expect(readdirSync(folder)).toEqual([]);
    open[0]!.close(null);
  });

  test('is called as the process when the run has no name', async () => {
    await served(undefined);
    expect(readdirSync(folder)).toEqual([`guest-${process.pid}.sock`]);
  });

  test('of a name that lives is refused to a second run', async () => {
    const vm = await served('vm0');
    await expect(started('vm0')).rejects.toThrow('--name vm0: a VM of that name is running');
    await expect(started('vm0')).rejects.toMatchObject({ code: 'usage' });
    expect(existsSync(pathOf('vm0'))).toBe(true);
    const client = await connect('vm0');
    expect(await client.info()).toEqual({ ...INFO, name: 'vm0' });
    client.close();
    expect(vm.stops).toEqual([]);
  });

  test('takes the place of one that a killed process has left', async () => {
    leaveStaleSocket('vm0');
    await served('vm0');
    const client = await connect('vm0');
    expect((await client.info()).name).toBe('vm0');
    client.close();
    expect(readdirSync(folder)).toEqual(['vm0.sock']);
  });

  test('of one name is claimed by one of many runs that start together', async () => {
    leaveStaleSocket('vm0');
    const results = await Promise.allSettled(Array.from({ length: 20 }, () => started('vm0')));
    expect(results.filter(({ status }) => status === 'fulfilled')).toHaveLength(1);
    open[0]!.serve(new FakeVm());
    expect(await liveVms(env)).toEqual([{ name: 'vm0', path: pathOf('vm0') }]);
    expect(readdirSync(folder)).toEqual(['vm0.sock']);
  });

  test('is not opened over a file that is no socket, and the run goes on', async () => {
    writeFileSync(pathOf('vm0'), 'precious');
    expect(await started('vm0')).toBe(null);
    expect(warnings).toEqual([expect.stringMatching(/vm0.sock: there is something that is no socket/)]);
    expect(statSync(pathOf('vm0')).size).toBe(8);
  });

  test('is not opened where others have access, and the run goes on with a warning', async () => {
    execFileSync('chmod', ['777', folder]);
    expect(await started('vm0')).toBe(null);
    expect(warnings).toEqual([expect.stringMatching(/^no control socket: .*mode 777.*chmod 700/)]);
    expect(readdirSync(folder)).toEqual([]);
  });

  test('is not opened when its path is too long, and the run goes on with a warning', async () => {
    env = { TSVM_RUNTIME_DIR: join(folder, 'x'.repeat(100)) };
    expect(await started('vm0')).toBe(null);
    expect(warnings).toEqual([expect.stringMatching(/too long for a socket .*shorter/)]);
  });

  test('is not wanted when TSVM_RUNTIME_DIR is empty', async () => {
    env = { TSVM_RUNTIME_DIR: '' };
    expect(await started('vm0')).toBe(null);
    expect(await liveVms(env)).toEqual([]);
    expect(warnings).toEqual([]);
  });
});

describe('VMs side by side', () => {
  test('are listed, each answers for itself, and stale sockets go', async () => {
    const vms = [];
    for (const name of ['vm2', 'vm0', 'vm1']) {
      const vm = await served(name);
      vm.changes = { name, machine: `board of ${name}` };
      vms.push(vm);
    }
    leaveStaleSocket('dead');
    expect((await liveVms(env)).map(({ name }) => name)).toEqual(['vm0', 'vm1', 'vm2']);
    expect(existsSync(pathOf('dead'))).toBe(false);
    const infos = await Promise.all((await liveVms(env)).map(askInfo));
    expect(infos).toMatchObject(['vm0', 'vm1', 'vm2'].map((name) => ({ name, machine: `board of ${name}` })));
    const client = await connect('vm0');
    await client.ask({ request: 'pause' });
    client.close();
    expect(vms.map(({ paused }) => paused)).toEqual([false, true, false]);
  });

  test('that have ended are not there any more', async () => {
    await served('vm0');
    const [live] = await liveVms(env);
    open[0]!.close(null);
    await expect(ControlClient.connect('vm0', live!.path)).rejects.toThrow(NoAnswer);
    expect(await askInfo(live!)).toBe('it has ended');
  });
});

describe('a running VM', () => {
  let vm = new FakeVm();
  let client!: ControlClient;
  beforeEach(async () => {
    vm = await served('vm0');
    client = await connect('vm0');
  });
  afterEach(() => client.close());

  test('is paused and goes on', async () => {
    expect((await client.ask({ request: 'pause' })).info).toMatchObject({ state: 'paused' });
    expect((await client.info()).state).toBe('paused');
    expect((await client.ask({ request: 'resume' })).info).toMatchObject({ state: 'running' });
    expect(vm.paused).toBe(false);
  });

  test('is stopped for a reason, and says how it ended', async () => {
    await client.ask({ request: 'stop', reason: 'enough' });
    expect(vm.stops).toEqual(['enough']);
    open[0]!.close({ summary: 'enough', exitCode: 130 });
    await client.closed;
    expect(client.ended).toEqual({ summary: 'enough', exitCode: 130 });
    await expect(client.info()).rejects.toThrow('it has ended');
  });

  test('tells its counters', async () => {
    expect((await client.ask({ request: 'stat', ms: 100 })).stat).toEqual(await vm.stat(100));
  });

  test('takes input to the byte, in order', async () => {
    const all = Uint8Array.from({ length: 256 }, (_, n) => n);
    for (let n = 0; n < 256; n += 64) client.tell({ request: 'input', bytes: all.subarray(n, n + 64) });
    await client.info();
    expect(vm.typed).toBe(Buffer.from(all).toString('latin1'));
  });

  test('that takes no input says so', async () => {
    vm.takesInput = false;
    await expect(client.ask({ request: 'input', bytes: Uint8Array.of(1) })).rejects.toThrow(
      'vm0: the guest takes no input',
    );
  });

  test('that has much input waiting gets no more until it has taken some', async () => {
    vm.backlog = 1 << 20;
    let done = false;
    const asked = client.ask({ request: 'input', bytes: Uint8Array.of(0x61) }, null).then(() => {
      done = true;
    });
    const other = await connect('vm0');
    await other.info();
    expect({ done, typed: vm.typed }).toEqual({ done: false, typed: '' });
    vm.backlog = 0;
    await asked;
    expect(vm.typed).toBe('a');
    other.close();
  });

  test.each([
    ['a serial line gets a SysRq after a break', true, 't'],
    ['virtio gets a SysRq after Ctrl-O, as Linux expects it there', false, '\x0ft'],
  ])('with a console on %s', async (_what, hasLine, typed) => {
    vm.hasLine = hasLine;
    await client.ask({ request: 'sysrq', key: 't' });
    expect({ breaks: vm.breaks, typed: vm.typed }).toEqual({ breaks: hasLine ? 1 : 0, typed });
  });

  test('shows its console to two terminals, from a little before they came', async () => {
    vm.says('one\ntwo\n');
    const shown: [string, string] = ['', ''];
    const second = await connect('vm0');
    const watch = (who: ControlClient, n: 0 | 1) =>
      who.attach(5, {
        output: (bytes) => {
          shown[n] += Buffer.from(bytes).toString('latin1');
        },
      });
    await watch(client, 0);
    vm.says('three\xff');
    await watch(second, 1);
    client.tell({ request: 'resize', columns: 100, rows: 40 });
    client.tell({ request: 'input', bytes: Buffer.from('k') });
    await client.info();
    await second.info();
    expect(shown).toEqual(['two\nthree\xff', 'hree\xff']);
    expect({ typed: vm.typed, sizes: vm.sizes }).toEqual({ typed: 'k', sizes: [[100, 40]] });
    expect(vm.watchers).toBe(3);
    second.close();
    await eventually(() => vm.watchers === 2);
    await client.ask({ request: 'detach' });
    expect(vm.watchers).toBe(1);
  });

  test('shows another console to who attaches there, from a little before, and takes what is for it', async () => {
    vm.says('on its own\n');
    vm.says('login: ', 'uart1');
    let shown = '';
    const output = (bytes: Uint8Array): void => {
      shown += Buffer.from(bytes).toString('latin1');
    };
    await client.attach(100, { output }, { console: 'uart1' });
    vm.says('on its own again\n');
    vm.says('# ', 'uart1');
    await client.ask({ request: 'resize', columns: 80, rows: 24, console: 'uart1' });
    // What waits for the machine's own console is not in the way.
    vm.backlog = 1 << 20;
    await client.ask({ request: 'input', bytes: Buffer.from('ls'), console: 'uart1' });
    await client.ask({ request: 'sysrq', key: 't', console: 'uart1' });
    expect({ shown, on: vm.onUart1 }).toEqual({ shown: 'login: # ', on: '(80x24)ls#t' });
    expect({ typed: vm.typed, breaks: vm.breaks, sizes: vm.sizes }).toEqual({ typed: '', breaks: 0, sizes: [] });
    // One console at a time.
    await client.attach(100, { output });
    expect([vm.watchers, vm.watchersOf('uart1')]).toEqual([2, 1]);
  });

  test.each([
    { request: 'attach', recent: 9 },
    { request: 'input', bytes: Uint8Array.of(1) },
    { request: 'sysrq', key: 't' },
    { request: 'resize', columns: 1, rows: 1 },
  ] as const)('has no such console for $request', async (request) => {
    await client.attach(0, { output: () => {} });
    await expect(client.ask({ ...request, console: 'uart9' })).rejects.toMatchObject({
      message: 'vm0: there is no console called "uart9"',
      details: { next: 'one of uart0, uart1' },
    });
    expect([vm.watchers, vm.watchersOf('uart1')]).toEqual([2, 1]);
  });

  test('has a debug shell for each connection that wants one', async () => {
    const other = await connect('vm0');
    expect(await client.ask({ request: 'shell', folder: '/tmp/a' })).toMatchObject({ prompt: '(tsvm 0) ' });
    await other.ask({ request: 'shell', folder: '/tmp/b' });
    expect(vm.shells.map((shell) => shell.folder)).toEqual(['/tmp/a', '/tmp/b']);
    expect(await client.ask({ request: 'execute', line: 'regs' })).toMatchObject({
      output: 'regs!\n',
      failed: false,
      quit: false,
      prompt: '(tsvm 1) ',
    });
    expect(await client.ask({ request: 'execute', line: 'bad' })).toMatchObject({ failed: true });
    expect(await client.ask({ request: 'execute', line: 'quit' })).toMatchObject({ quit: true });
    expect(await client.ask({ request: 'complete', line: 'reg', cursor: 3 })).toMatchObject({
      from: 3,
      candidates: ['regs'],
    });
    await expect(client.ask({ request: 'execute', line: 'throw' })).rejects.toThrow('a bug of the shell');
    const notices: string[] = [];
    client.onNotice = (text) => notices.push(text);
    vm.shells[0]!.notice('breakpoint 1\n');
    await client.ask({ request: 'leave' });
    expect(notices).toEqual(['breakpoint 1\n']);
    expect(vm.shells.map(({ closed }) => closed)).toEqual([true, false]);
    await expect(client.ask({ request: 'execute', line: 'regs' })).rejects.toThrow('the debug shell is not open');
    other.close();
    await eventually(() => vm.shells[1]!.closed);
  });

  test('answers while a command of the shell lets the guest run, and can interrupt that', async () => {
    await client.ask({ request: 'shell', folder: '.' });
    const running = client.ask({ request: 'execute', line: 'continue' }, null);
    await client.info();
    await expect(client.ask({ request: 'execute', line: 'regs' })).rejects.toThrow('is being executed');
    await client.ask({ request: 'interrupt' });
    expect(await running).toMatchObject({ output: 'continue!\n' });
  });

  test('has the shell of a client that left in the middle of a command stopped and closed', async () => {
    await client.ask({ request: 'shell', folder: '.' });
    client.tell({ request: 'execute', line: 'continue' });
    await client.info();
    client.close();
    await eventually(() => vm.shells[0]!.closed);
    expect(vm.shells[0]!.interrupts).toBe(1);
  });
});

describe('a server that is none of ours', () => {
  /** Says `hello` to whoever comes, and answers everything with `answer`. */
  async function impostor(hello: string, answer = ''): Promise<Server> {
    const server = createServer((socket) => {
      socket.on('error', () => {});
      socket.on('data', () => socket.write(answer));
      socket.write(hello);
    });
    await new Promise<void>((resolve) => server.listen(pathOf('vm0'), resolve));
    return server;
  }

  test.each([
    ['', '', 'no answer within 0.05 s'],
    ['no JSON\n', '', 'it has closed the connection'],
    ['{"control":2}\n', '', 'no answer within 0.05 s'],
    ['{"control":2}\n', '[]\n', 'it has closed the connection'],
    ['{"control":2}\n', '{"id":1,"ok":true}\n', 'it says nothing of itself'],
    ['{"control":2}\n', '{"id":1,"error":7}\n', 'vm0: it refuses, and does not say why'],
    ['{"control":7,"tsvm":"9.9"}\n', '', 'speaks version 7 of the protocol, this tsvm 2'],
  ])('%j, then %j: %s', async (hello, answer, message) => {
    const server = await impostor(hello, answer);
    const asked = async () => {
      const client = await ControlClient.connect('vm0', pathOf('vm0'), 50);
      try {
        return await client.info(50);
      } finally {
        client.close();
      }
    };
    await expect(asked()).rejects.toThrow(message);
    server.close();
  });
});

describe('a client by hand', () => {
  test('may ask before the VM is built, and hears when it never is', async () => {
    await started('vm0');
    await started('vm1');
    const [first, second] = ['vm0', 'vm1'].map((name) => new RawClient(pathOf(name)));
    const reply = first!.ask({ request: 'info' });
    second!.send('{"request":"info"}\n');
    await second!.until(() => second!.text.includes('\n'));
    open[0]!.serve(new FakeVm());
    expect(await reply).toMatchObject({ ok: true, info: { name: 'vm0' } });
    open[1]!.close(null);
    await second!.untilClosed();
    first!.destroy();
  });

  test('is greeted, may pipe requests in, and gets every answer after it has closed its side', async () => {
    const vm = await served('vm0');
    const client = new RawClient(pathOf('vm0'));
    client.send('{"id":1,"request":"pause"}\n{"id":2,"request":"info"}\n{"id":3,"request":"nonsense"}\nnonsense\n');
    client.halfClose();
    await client.untilClosed();
    expect(client.text.split('\n')[0]).toBe('{"tsvm":"1.2.3","control":2,"name":"vm0"}');
    expect(client.replies).toMatchObject([
      { id: 1, ok: true },
      { id: 2, ok: true, info: { state: 'paused' } },
      { id: 3, ok: false, error: { code: 'usage', next: expect.stringContaining('pause') } },
      { id: null, ok: false },
    ]);
    expect(vm.paused).toBe(true);
  });
});
