// A second terminal on a running VM, and a pipe in its place: what is shown, what is typed, how it ends; the terminal is as before.
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { ControlClient } from '../../../../src/api/control/client.ts';
import type { OnConsole } from '../../../../src/api/control/protocol.ts';
import { debugLive } from '../../../../src/cli/commands/debug.ts';
import { typeAll } from '../../../../src/cli/commands/input.ts';
import { AttachKeys } from '../../../../src/cli/control/attach-keys.ts';
import { AttachedTerminal } from '../../../../src/cli/control/attached-terminal.ts';
import { StderrLines } from '../../../../src/cli/stderr.ts';
import { plainStyle } from '../../../../src/cli/style.ts';
import type { FakeVm } from '../../api/control/fakes.ts';
import { fakeApi, OK, Sink, SlowSink } from '../fakes.ts';
import { eventually, FakeKeyboard, RunningVms } from './running-vms.ts';

let vms!: RunningVms;
let vm!: FakeVm;
beforeEach(async () => {
  vms = new RunningVms();
  vm = await vms.start('vm0');
});
afterEach(() => vms.close());

const connect = (): Promise<ControlClient> => ControlClient.connect('vm0', vms.path('vm0'));

function surroundings(stdout: Sink = new Sink()) {
  const stderr = new Sink();
  const { api } = fakeApi({ verdict: OK });
  const cli = {
    stdout,
    stderr,
    said: new StderrLines(stderr, plainStyle),
    env: vms.env,
    sameTerminal: false,
    stdinFile: null,
    version: '1.2.3',
    loadApi: async () => api,
    help: () => '',
  };
  return { cli, stdout, stderr };
}

async function attached(isTerminal: boolean, stdout?: Sink, on?: OnConsole) {
  const around = surroundings(stdout);
  const keyboard = new FakeKeyboard(isTerminal);
  const client = await connect();
  let exitCode: number | null = null;
  const end = new AttachedTerminal(around.cli, client, keyboard, on).toTheEnd().then((code) => {
    exitCode = code;
    return code;
  });
  await eventually(() => vm.watchersOf(on?.console ?? 'uart0') > 1);
  return { ...around, keyboard, client, end, exitCode: () => exitCode };
}

describe('a terminal that is attached', () => {
  test('shows what was said last and what is said now, and types', async () => {
    vm.says('login: ');
    const { keyboard, stdout, end, stderr } = await attached(true);
    vm.says('\xff\r\n# ');
    await keyboard.types('root\r\x03');
    await eventually(() => vm.typed === 'root\r\x03');
    await eventually(() => stdout.bytes.toString('latin1') === 'login: \xff\r\n# ');
    expect(keyboard.raw).toBe(true);
    await keyboard.types('\x01d');
    expect(await end).toBe(0);
    expect(keyboard.raw).toBe(false);
    expect(stderr.text).toBe('# attached to vm0 (Ctrl-a d detaches, Ctrl-a h helps)\n# detached from vm0\n');
    await eventually(() => vm.watchers === 1);
    expect(vm.stops).toEqual([]);
  });

  test('can be at another console', async () => {
    const window = Object.assign(new Sink(), { isTTY: true, columns: 100, rows: 40 });
    vm.says('login: ', 'uart1');
    const { keyboard, stdout, end, stderr } = await attached(true, window, { console: 'uart1' });
    vm.says('not here');
    vm.says('# ', 'uart1');
    await keyboard.types('ls\r');
    // Keys and the window's size may come in either order.
    await eventually(() => ['(100x40)ls\r', 'ls\r(100x40)'].includes(vm.onUart1));
    await eventually(() => stdout.text === 'login: # ');
    await keyboard.types('\x01d');
    expect(await end).toBe(0);
    expect(stderr.text).toContain('# attached to uart1 of vm0 (Ctrl-a d detaches, Ctrl-a h helps)\n');
    expect([vm.typed, vm.sizes]).toEqual(['', []]);
  });

  test('helps, and does not end the run', async () => {
    const { keyboard, stderr, end } = await attached(true);
    await keyboard.types('\x01h\x01x\x01\x01\x01q\x01');
    await keyboard.types('d');
    await end;
    expect(stderr.text).toContain('# Ctrl-a c       debug shell\n');
    expect(stderr.text).toContain('tsvm stop vm0');
    expect({ typed: vm.typed, stops: vm.stops }).toEqual({ typed: '\x01q', stops: [] });
  });

  test('says its size, and follows the window', async () => {
    const window = Object.assign(new Sink(), { isTTY: true, columns: 100, rows: 40 });
    const { keyboard, end } = await attached(true, window);
    await eventually(() => vm.sizes.length === 1);
    window.rows = 50;
    window.emit('resize');
    await eventually(() => vm.sizes.length === 2);
    expect(vm.sizes).toEqual([
      [100, 40],
      [100, 50],
    ]);
    await keyboard.types('\x01d');
    await end;
    expect(window.listenerCount('resize')).toBe(0);
  });

  test('is told how the run ended', async () => {
    const { end, stderr, keyboard } = await attached(true);
    vms.end('vm0', 'guest powered off\x1b', 0);
    expect(await end).toBe(0);
    expect(stderr.text).toContain('# vm0 ended: guest powered off\\x1b (exit 0)\n');
    expect(keyboard.raw).toBe(false);
  });

  test.each(['SIGTERM', 'SIGHUP', 'SIGINT'])('is restored by %s', async (signal) => {
    const { end, keyboard } = await attached(true);
    await keyboard.signal(signal);
    expect(await end).toBe(130);
    expect(keyboard.raw).toBe(false);
    expect(vm.stops).toEqual([]);
  });

  test('that goes away leaves the VM alone', async () => {
    const { end, keyboard } = await attached(true);
    await keyboard.ends();
    expect(await end).toBe(0);
    expect(vm.stops).toEqual([]);
  });

  test('has the debug shell of the VM, and keys for the guest while that runs', async () => {
    const { keyboard, stderr, end } = await attached(true);
    await keyboard.types('a\x01c');
    await eventually(() => stderr.text.includes('pause!'));
    await keyboard.types('regs\r');
    await eventually(() => stderr.text.includes('regs!'));
    await keyboard.types('continue\r');
    await eventually(() => vm.shells[0]!.lines.includes('continue'));
    await keyboard.types('for the guest');
    await keyboard.types('\x03');
    await eventually(() => stderr.text.includes('continue!'));
    await keyboard.types('quit\r');
    await eventually(() => vm.shells[0]!.closed);
    await keyboard.types('b\x01d');
    expect(await end).toBe(0);
    expect(vm.shells[0]!.lines).toEqual(['pause', 'regs', 'continue', 'quit']);
    expect(vm.typed).toBe('afor the guestb');
  });
});

describe('a pipe that is attached', () => {
  test('types all of it, Ctrl-a too, and shows the console until the VM ends', async () => {
    const { keyboard, stdout, end, exitCode, stderr } = await attached(false);
    await keyboard.types('ls\n\x01d');
    await keyboard.ends();
    await eventually(() => vm.typed === 'ls\n\x01d');
    vm.says('bin etc\n');
    await eventually(() => stdout.text === 'bin etc\n');
    expect(exitCode()).toBe(null);
    vms.end('vm0');
    expect(await end).toBe(0);
    expect(stderr.text).toBe('# vm0 ended: guest powered off (exit 130)\n');
  });

  test('is slow without losing anything', async () => {
    const slow = new SlowSink();
    const { end } = await attached(false, slow);
    for (let n = 0; n < 30; n++) {
      vm.says(`${n}`.padEnd(10_000, '.'));
      await new Promise(setImmediate);
    }
    slow.open();
    await eventually(() => slow.bytes.length === 300_000);
    vms.end('vm0');
    expect(await end).toBe(0);
  });
});

describe('the escape key', () => {
  const parts = (...typed: string[]) => {
    const keys = new AttachKeys();
    return typed
      .flatMap((text) => keys.feed(Buffer.from(text)))
      .map((part) => (typeof part === 'string' ? part : `"${Buffer.from(part).toString()}"`))
      .join(' ');
  };

  test.each([
    [['ab'], '"ab"'],
    [['a\x01hb'], '"a" help "b"'],
    [['\x01', 'c'], 'debug'],
    [['\x01\x01d'], '"\x01d"'],
    [['a\x01dgone'], '"a" detach'],
    [['\x01xq'], 'quit "q"'],
    [['\x01q\x01'], '"q"'],
  ])('%j', (typed, expected) => {
    expect(parts(...typed)).toBe(expected);
  });
});

describe('input from a pipe', () => {
  const choice = { verb: 'input', name: 'vm0', all: false };

  test('is typed to the byte, and Ctrl-D behind it', async () => {
    const { cli } = surroundings();
    const keyboard = new FakeKeyboard(false);
    const done = typeAll(cli, choice, keyboard, [0x04]);
    const text = Array.from({ length: 100_000 }, (_, n) => String.fromCharCode(n & 0xff)).join('');
    await keyboard.types(text);
    await keyboard.ends();
    expect(await done).toBe(0);
    expect(vm.typed).toBe(`${text}\x04`);
    expect(keyboard.held).toBe(false);
  });

  test('is for the console that is named', async () => {
    const { cli } = surroundings();
    const keyboard = new FakeKeyboard(false);
    const done = typeAll(cli, choice, keyboard, [0x04], { console: 'uart1' });
    await keyboard.types('ls\r');
    await keyboard.ends();
    expect(await done).toBe(0);
    expect([vm.onUart1, vm.typed]).toEqual(['ls\r\x04', '']);
  });

  test('waits in the pipe while the guest takes nothing', async () => {
    const { cli } = surroundings();
    const keyboard = new FakeKeyboard(false);
    vm.backlog = 1 << 20;
    const done = typeAll(cli, choice, keyboard, []);
    await keyboard.types('x');
    await eventually(() => keyboard.held);
    await keyboard.ends();
    expect(vm.typed).toBe('');
    vm.backlog = 0;
    expect(await done).toBe(0);
    expect(vm.typed).toBe('x');
  });

  test('that is a terminal is bad usage, unless only Ctrl-D is wanted', async () => {
    const { cli } = surroundings();
    await expect(typeAll(cli, choice, new FakeKeyboard(true), [])).rejects.toThrow('standard input is a terminal');
    expect(await typeAll(cli, choice, new FakeKeyboard(true), [0x04])).toBe(0);
    expect(vm.typed).toBe('\x04');
  });
});

describe('the debug shell of a running VM on a terminal', () => {
  async function debugging() {
    const around = surroundings();
    const keyboard = new FakeKeyboard(true);
    const client = await connect();
    const end = debugLive(around.cli, client, null, keyboard);
    await eventually(() => around.stderr.text.includes('pause!'));
    return { ...around, keyboard, end, client };
  }

  test('makes the guest stand, and is left with quit', async () => {
    const { keyboard, end, stderr } = await debugging();
    await keyboard.types('quit\r');
    expect(await end).toBe(0);
    expect(keyboard.raw).toBe(false);
    expect(stderr.text).toContain('quit!');
    await eventually(() => vm.shells[0]!.closed);
  });

  test('is over when the VM ends, and says so', async () => {
    const { end, stderr, keyboard } = await debugging();
    vms.end('vm0', 'guest powered off', 0);
    expect(await end).toBe(0);
    expect(stderr.text).toContain('# vm0 ended: guest powered off (exit 0)');
    expect(keyboard.raw).toBe(false);
  });

  test('is over when a signal comes, also in the middle of a command', async () => {
    const { end, keyboard } = await debugging();
    await keyboard.types('continue\r');
    await eventually(() => vm.shells[0]!.lines.includes('continue'));
    await keyboard.signal('SIGTERM');
    expect(await end).toBe(130);
    await eventually(() => vm.shells[0]!.closed);
    expect(vm.stops).toEqual([]);
  });
});
