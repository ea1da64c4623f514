// list, pause, resume, stop, stat, input and what chooses the VM: what is asked of running VMs, what is printed, and the exit code.
import { createServer } from 'node:net';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import type { FakeVm } from '../../api/control/fakes.ts';
import { RunningVms } from './running-vms.ts';

let vms!: RunningVms;
beforeEach(() => {
  vms = new RunningVms();
});
afterEach(() => vms.close());

const json = (text: string): unknown => JSON.parse(text) as unknown;

describe('list', () => {
  test('shows each VM with what it is and does', async () => {
    const paused = await vms.start('vm10');
    paused.paused = true;
    paused.changes = {
      name: 'vm10',
      machine: 'arm-virt',
      cpus: 8,
      memory: 1 << 30,
      guestTimeNs: 1000,
      kernel: 'a b\x1b',
    };
    await vms.start('vm0');
    const { stdout, stderr, exitCode } = await vms.tsvm('list');
    expect(stdout).toBe(
      'NAME   PID  STATE    MACHINE   CPUS  MEMORY  GUEST TIME  KERNEL\n' +
        'vm0   4711  running  malta        2    128M      3.412s  vmlinux\n' +
        'vm10  4711  paused   arm-virt     8   1024M   0.000001s  a b\\x1b\n',
    );
    expect({ stderr, exitCode }).toEqual({ stderr: '', exitCode: 0 });
  });

  test('is only its head when nothing runs', async () => {
    const { stdout, exitCode } = await vms.tsvm('list');
    expect(stdout.split('\n')).toHaveLength(2);
    expect(exitCode).toBe(0);
    expect((await vms.tsvm('list', '--json')).stdout).toBe('[]\n');
  });

  test('is objects with --json', async () => {
    await vms.start('vm0');
    expect(json((await vms.tsvm('list', '--json')).stdout)).toEqual([
      {
        ok: true,
        name: 'vm0',
        pid: 4711,
        state: 'running',
        machine: 'malta',
        cpus: 2,
        memory: 134217728,
        guestTimeNs: 3412000000,
        instructions: 412885103,
        kernel: 'vmlinux',
        consoles: ['uart0', 'uart1'],
        socket: vms.path('vm0'),
      },
    ]);
  });

  test('names one that is no VM, or none of ours, and that is a failure', async () => {
    await vms.start('vm0');
    const mute = createServer((socket) => {
      socket.on('error', () => {});
      socket.end('{"hello":"I am something else"}\n');
    });
    await new Promise<void>((resolve) => mute.listen(vms.path('other'), resolve));
    const { stdout, stderr, exitCode } = await vms.tsvm('list');
    expect(stdout).toMatch(/^other +- +no answer .* it has closed the connection$/m);
    expect(stdout).toMatch(/^vm0 /m);
    expect(stderr).toBe('tsvm: other: it has closed the connection\n');
    expect(exitCode).toBe(1);
    mute.close();
  });
});

describe('which VM is meant', () => {
  test('is clear when one runs', async () => {
    const vm = await vms.start('vm0');
    expect((await vms.tsvm('pause')).stdout).toBe('vm0 paused   3.412s @ 412,885,103\n');
    expect(vm.paused).toBe(true);
  });

  test.each([
    [[], 'pause: several VMs are running', 'running: vm0, vm1'],
    [['vm2'], 'vm2: no VM of that name is running', 'did you mean vm'],
    [['-n', 'other'], 'other: no VM of that name is running', 'tsvm list'],
    [['-n', 'vm0', 'vm1'], 'pause: two VMs', 'name one'],
    [['-a', 'vm1'], 'pause: -a means every VM', 'leave one out'],
  ])('%j is bad usage', async (argv, what, more) => {
    const both = [await vms.start('vm0'), await vms.start('vm1')];
    const { stderr, stdout, exitCode } = await vms.tsvm('pause', ...argv);
    expect(exitCode).toBe(2);
    expect(stdout).toBe('');
    expect(stderr).toContain(what);
    expect(stderr).toContain(more);
    expect(both.map(({ paused }) => paused)).toEqual([false, false]);
  });

  test('is bad usage when none runs, but for all of none', async () => {
    const none = await vms.tsvm('pause');
    expect(none.stderr).toContain('pause: no VM is running');
    expect(none.exitCode).toBe(2);
    expect(await vms.tsvm('pause', '-a')).toMatchObject({ exitCode: 0, stdout: '' });
  });
});

describe('pause, resume and stop', () => {
  let both: FakeVm[] = [];
  beforeEach(async () => {
    both = [await vms.start('vm0'), await vms.start('vm1')];
  });

  test('are done to one, by either way to name it, or to all', async () => {
    expect((await vms.tsvm('pause', 'vm1')).exitCode).toBe(0);
    expect(both.map(({ paused }) => paused)).toEqual([false, true]);
    expect((await vms.tsvm('pause', '-a')).stdout).toMatch(/^vm0 paused .*\nvm1 paused .*\n$/);
    expect((await vms.tsvm('resume', '-n', 'vm0')).stdout).toMatch(/^vm0 running /);
    expect(both.map(({ paused }) => paused)).toEqual([false, true]);
  });

  test('say the VM as it is then with --json', async () => {
    expect(json((await vms.tsvm('pause', '-a', '--json')).stdout)).toMatchObject([
      { name: 'vm0', ok: true, state: 'paused' },
      { name: 'vm1', ok: true, state: 'paused' },
    ]);
  });

  test('stop comes back when the run has ended, and says how', async () => {
    const { stdout, exitCode } = await vms.tsvm('stop', 'vm0');
    expect({ stdout, exitCode }).toEqual({ stdout: 'vm0 ended: stopped by tsvm stop\n', exitCode: 0 });
    expect(both[0]!.stops).toEqual(['stopped by tsvm stop']);
    expect(json((await vms.tsvm('stop', '-a', '--json')).stdout)).toEqual([
      { name: 'vm1', ok: true, summary: 'stopped by tsvm stop', exitCode: 130 },
    ]);
    expect((await vms.tsvm('list', '--json')).stdout).toBe('[]\n');
  });

  test('one that refuses is told of, and the others are done', async () => {
    both[0]!.pause = () => Promise.reject(new Error('it would not'));
    const { stdout, stderr, exitCode } = await vms.tsvm('pause', '-a');
    expect(stdout).toMatch(/^vm1 paused /);
    expect(stderr).toBe('tsvm: vm0: it would not\n');
    expect(exitCode).toBe(1);
    expect(json((await vms.tsvm('pause', '-a', '--json')).stdout)).toMatchObject([
      { name: 'vm0', ok: false, error: 'vm0: it would not' },
      { name: 'vm1', ok: true },
    ]);
  });
});

describe('stat', () => {
  test('shows what is counted, and looks so long as it is told', async () => {
    await vms.start('vm0');
    const { stdout, exitCode } = await vms.tsvm('stat', '--for', '20ms');
    expect(stdout).toMatch(/^vm0:\n(.*\n)* +wait +12 /);
    expect(exitCode).toBe(0);
    expect(json((await vms.tsvm('stat', '--for', '20ms', '--json')).stdout)).toMatchObject([
      { name: 'vm0', ok: true, guestTimeNs: 20, lines: [{ name: 'wait', count: 12 }, {}] },
    ]);
    expect(json((await vms.tsvm('stat', '--for', '0', '--json')).stdout)).toMatchObject([{ guestTimeNs: 0 }]);
  });

  test.each(['soon', '61s', '-1s'])('--for %s is bad usage', async (time) => {
    await vms.start('vm0');
    expect((await vms.tsvm('stat', `--for=${time}`)).exitCode).toBe(2);
  });
});

describe('input', () => {
  test('types words with Enter behind them', async () => {
    const vm = await vms.start('vm0');
    expect(await vms.tsvm('input', 'ls', '-l', '/')).toMatchObject({ exitCode: 0, stdout: '' });
    expect(await vms.tsvm('input', '-n', 'vm0', '--', 'ls', '-n', 'ä')).toMatchObject({ exitCode: 0, stdout: '' });
    expect(vm.typed).toBe('ls -l /\rls -n \xc3\xa4\r');
    await vms.tsvm('input', '--no-enter', '--eof', 'x');
    expect(vm.typed).toBe('ls -l /\rls -n \xc3\xa4\rx\x04');
  });

  test('at every VM with -a, and says to which with --json', async () => {
    const [one, two] = [await vms.start('vm0'), await vms.start('vm1')];
    expect(await vms.tsvm('input', '-a', 'x')).toMatchObject({ exitCode: 0, stdout: '' });
    expect([one.typed, two.typed]).toEqual(['x\r', 'x\r']);
    const { stdout } = await vms.tsvm('input', '-a', '--json', 'y');
    expect(JSON.parse(stdout)).toEqual([
      { name: 'vm0', ok: true, typed: 2 },
      { name: 'vm1', ok: true, typed: 2 },
    ]);
    expect((await vms.tsvm('input', '-a')).exitCode).toBe(2);
  });

  test('is for another console that is named, and for none that is not there', async () => {
    const vm = await vms.start('vm0');
    expect(await vms.tsvm('input', '-n', 'vm0', '--console', 'uart1', '--no-enter', 'ls')).toMatchObject({
      exitCode: 0,
    });
    expect([vm.onUart1, vm.typed]).toEqual(['ls', '']);
    const { stderr, exitCode } = await vms.tsvm('input', '-n', 'vm0', '--console', 'uart9', 'x');
    expect(stderr).toContain('vm0: there is no console called "uart9"');
    expect(stderr).toContain('one of uart0, uart1');
    expect(exitCode).toBe(2);
  });

  test('says when the guest takes none', async () => {
    (await vms.start('vm0')).takesInput = false;
    const { stderr, exitCode } = await vms.tsvm('input', 'x');
    expect(stderr).toContain('vm0: the guest takes no input');
    expect(exitCode).not.toBe(0);
  });
});

describe('debug', () => {
  test('runs commands in the shell of a running VM, and shows them with what they say', async () => {
    const vm = await vms.start('vm0');
    const { stdout, exitCode } = await vms.tsvm('debug', 'vm0', '-e', 'regs', '-e', '-bad', '-e', 'bt');
    expect(stdout).toBe('(tsvm) regs\nregs!\n(tsvm) -bad\nbad!\n(tsvm) bt\nbt!\n');
    expect(exitCode).toBe(0);
    expect(vm.shells).toMatchObject([{ folder: process.cwd(), closed: true }]);
  });

  test('stops at the first command that fails', async () => {
    const vm = await vms.start('vm0');
    const { stdout, exitCode } = await vms.tsvm('debug', '-n', 'vm0', '-e', 'bad', '-e', 'bt');
    expect(stdout).toBe('(tsvm) bad\nbad!\n');
    expect(exitCode).toBe(1);
    expect(vm.shells[0]!.closed).toBe(true);
  });

  test('presses a key of SysRq', async () => {
    const vm = await vms.start('vm0');
    expect(await vms.tsvm('debug', '-n', 'vm0', '--sysrq', 't')).toMatchObject({ exitCode: 0, stdout: '' });
    expect({ breaks: vm.breaks, typed: vm.typed }).toEqual({ breaks: 1, typed: 't' });
    await vms.tsvm('debug', '-n', 'vm0', '--sysrq', 'm', '--console', 'uart1');
    expect({ breaks: vm.breaks, on: vm.onUart1 }).toEqual({ breaks: 1, on: '#m' });
    expect((await vms.tsvm('debug', '-n', 'vm0', '--sysrq', 'help')).stderr).toContain('sysrq help: not a key');
  });

  test.each([
    [['nothing'], 'nothing: neither a running VM nor a kernel', 'running: vm0'],
    [['-n', 'other', '-e', 'regs'], 'other: no VM of that name is running', 'vm0'],
    [['vm0', '--exec', '/no/such/script'], '--exec /no/such/script: cannot be read', 'command on each line'],
    [['package.json', '--repeat', '2', '-e', 'regs'], '--repeat and a range of seeds are for tsvm run', ''],
    [['package.json', '-s', 't'], '--sysrq is for a VM that is running', ''],
  ])('%j says what is wrong', async (argv, what, more) => {
    await vms.start('vm0');
    const { stderr, exitCode } = await vms.tsvm('debug', ...argv);
    expect(stderr).toContain(what);
    expect(stderr).toContain(more);
    expect([2, 125]).toContain(exitCode);
  });
});
