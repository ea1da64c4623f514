// `tsvm run` against a fake machine: what is asked of it, what is said where, and the exit code.
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { COMMANDS } from '../../../src/cli/commands/index.ts';
import { commandLine } from '../../../src/cli/main.ts';
import { TsvmError } from '../../../src/util/errors.ts';
import { BrokenSink, type FakeGuest, fakeApi, HANG, OK, PANIC, Sink, SlowSink, surroundings, tsvm } from './fakes.ts';

let folder = '';
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'tsvm-cli-'));
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

describe('run', () => {
  test('says the command, what was inferred, and the verdict; stdout is the guest alone', async () => {
    const run = await tsvm(['run', 'vmlinux'], {
      async life(options) {
        await options.onConsole?.(Buffer.from('hello\r\nno newline at the end\xff'));
        return undefined;
      },
    });
    expect(run.exitCode).toBe(0);
    expect(run.stdout).toBe('hello\r\nno newline at the end\xff');
    expect(run.lines).toEqual([
      '# tsvm run --machine mips-paravirt --mem 128M --cpus 1 --seed 1 vmlinux',
      '# ELF32 MIPS32r2 little-endian, entry 0x40591a70, trap-and-emulate guest -> mips-paravirt',
      '# ok: guest powered off   3.412s @ 412,885,103  (wall 2.9 s, 142 MIPS)   run 7f3a19c2 state 9b0e44d1',
    ]);
  });

  test('puts a long report into a file of its own, and says where before the verdict', async () => {
    const verdict = { ...OK, kind: 'engines-differ', exitCode: 125, summary: 'gpr[2]', report: 'all of it\n' } as const;
    const run = await tsvm(['run', 'vmlinux'], { verdict });
    expect(run.exitCode).toBe(125);
    const path = /^# the whole report: (.*)$/m.exec(run.stderr)![1]!;
    expect(readFileSync(path, 'utf8')).toBe('all of it\n');
    rmSync(dirname(path), { recursive: true });
    expect(run.lines.at(-1)).toBe('# exit 125');
    expect(run.stderr.indexOf(path)).toBeLessThan(run.stderr.indexOf('# ENGINES DIFFER at'));
  });

  test('passes every option on under the name of the API', async () => {
    const line =
      'run -k vmlinux -m 64M -c 2 -p root=/dev/vda -p quiet -i initrd.gz --name vm0 --console virtio --machine mips-paravirt ' +
      '--seed 7 --ns-per-instruction 20 --rtc now --limit 10s --timeout 1m --loglevel info --debug-mmio --symbols System.map --on-oops stop --virtio legacy -d a.img -d b.img:cow=c --engine interpreter --boot svc --dump-dtb board.dtb';
    const { seen, exitCode } = await tsvm(line.split(' '));
    expect(exitCode).toBe(0);
    expect(seen.options).toMatchObject({
      kernel: 'vmlinux',
      memory: '64M',
      cpus: '2',
      params: 'root=/dev/vda quiet',
      initrd: 'initrd.gz',
      name: 'vm0',
      console: 'virtio',
      machine: 'mips-paravirt',
      seed: '7',
      nsPerInstruction: '20',
      rtc: 'now',
      limit: '10s',
      timeout: '1m',
      loglevel: 'info',
      debugMmio: true,
      symbols: 'System.map',
      onOops: 'stop',
      virtio: 'legacy',
      boot: 'svc',
      dumpDtb: 'board.dtb',
      disks: ['a.img', 'b.img:cow=c'],
      input: 'stdin',
      handleSignals: true,
    });
  });

  test('options may follow the kernel, and a value may look like an option', async () => {
    const { seen } = await tsvm(['run', 'vmlinux', '-c2', '--params', '-x=1', '--mem=32M']);
    expect(seen.options).toMatchObject({ kernel: 'vmlinux', cpus: '2', params: '-x=1', memory: '32M' });
  });

  test('--debug is --loglevel debug unless another level is given', async () => {
    expect((await tsvm(['run', 'x', '--debug'])).seen.options?.loglevel).toBe('debug');
    expect((await tsvm(['run', 'x', '--debug', '--loglevel', 'error'])).seen.options?.loglevel).toBe('error');
  });

  test("a guest's own end decides the exit code", async () => {
    const run = await tsvm(['run', 'x'], { verdict: HANG });
    expect(run.exitCode).toBe(103);
    expect(run.lines[2]).toMatch(/^# HANG, proven at /);
    expect(run.lines[3]).toContain('idle+0x8');
    expect(run.lines.at(-1)).toBe('# exit 103');
  });

  test('messages of the machine stand on stderr after the first lines, even those from before', async () => {
    const run = await tsvm(['run', 'x'], {
      async life(options) {
        options.log?.log('warning', 'virtio-console: bad \x1b descriptor');
        return undefined;
      },
    });
    expect(run.lines[2]).toBe('# warning: virtio-console: bad \\x1b descriptor');
    expect(run.lines).toHaveLength(4);
  });

  test('input from a file is part of the command that repeats the run', async () => {
    const run = await tsvm(['run', 'x'], {}, { stdinFile: "/tmp/it's.txt" });
    expect(run.lines[0]).toBe(
      "# tsvm run --machine mips-paravirt --mem 128M --cpus 1 --seed 1 x < '/tmp/it'\\''s.txt'",
    );
  });

  test.each([
    [true, 'login: \n# ok'],
    [false, 'login: # ok'],
  ])('a verdict after half a line starts a new one only on the same terminal (%s)', async (sameTerminal, together) => {
    const { api } = fakeApi({
      verdict: OK,
      async life(options) {
        await options.onConsole?.(Buffer.from('login: '));
        return undefined;
      },
    });
    const around = surroundings(api, { sameTerminal });
    await commandLine(['run', 'x'], { ...around.cli }, COMMANDS);
    const afterTheFirstLines = around.stderr.text.split('mips-paravirt\n').at(-1)!;
    expect(around.stdout.text).toBe('login: ');
    expect(`login: ${afterTheFirstLines}`.startsWith(together)).toBe(true);
  });

  test('a journal is written, and a journal is fed back instead of live input', async () => {
    const path = join(folder, 'journal');
    await tsvm(['run', 'x', '--journal', path]);
    expect(readFileSync(path, 'utf8')).toBe('{"journal":1}\n');
    const { seen, lines } = await tsvm(['run', 'x', '--replay', path, '--journal', path]);
    expect(seen.options).toMatchObject({ replay: '{"journal":1}\n', input: 'stdin' });
    expect(lines[0]).toContain(` --replay ${path}`);
    expect(lines[0]).not.toContain('--journal');
  });

  test.each([
    ['line 1 is not JSON', 'not a journal of tsvm (line 1 is not JSON)'],
    ['line 3 goes back in time', 'a damaged journal (line 3 goes back in time)'],
  ])('what is wrong with a journal is said with its name (%s)', async (why, shown) => {
    const path = join(folder, 'README.md');
    writeFileSync(path, '# tsvm');
    const failStart = new TsvmError('usage', `journal ${why}`);
    const run = await tsvm(['run', 'x', '--replay', path], { failStart });
    expect(run.exitCode).toBe(2);
    expect(run.lines).toEqual([`tsvm: --replay ${path}: ${shown}`, '  give a file that --journal wrote   exit 2']);
  });

  test.each([
    ['none', 127, ': no such file (journal)'],
    ['.', 126, ': it is a directory'],
  ])('a journal that is no file is refused before anything runs (%s)', async (name, exitCode, what) => {
    const path = `${folder}/${name}`;
    const run = await tsvm(['run', 'x', '--replay', path]);
    expect(run.exitCode).toBe(exitCode);
    expect(run.seen.options).toBeNull();
    expect(run.lines).toEqual([
      `tsvm: --replay ${path}${what}`,
      `  give a file that --journal wrote   exit ${exitCode}`,
    ]);
  });

  test('the window size follows on a terminal, and help is given there', async () => {
    const window = Object.assign(new Sink(), { isTTY: true, columns: 80, rows: 24 });
    const run = await tsvm(
      ['run', 'x'],
      {
        interactive: true,
        async life(options) {
          options.onTerminalRequest?.('help');
          options.onTerminalRequest?.('debug');
          window.columns = 100;
          window.emit('resize');
          window.columns = 0;
          window.emit('resize');
          return undefined;
        },
      },
      { stdout: window },
    );
    expect(run.seen.sizes).toEqual([
      [80, 24],
      [100, 24],
    ]);
    expect(window.listenerCount('resize')).toBe(0);
    expect(run.lines[1]).toMatch(/Ctrl-a h help$/);
    expect(run.stderr).toContain('Ctrl-a x       quit');
    expect(run.stderr).toContain('debug shell');
  });
});

describe('standard output that fails', () => {
  const chatter: FakeGuest['life'] = async (options, stopped) => {
    await options.onConsole?.(new Uint8Array(0x8000));
    return { ...OK, kind: 'interrupted', exitCode: 130, summary: await stopped };
  };

  test('a reader that left (| head) ends the run quietly, as an interruption', async () => {
    const run = await tsvm(['run', 'x'], { life: chatter }, { stdout: new BrokenSink('EPIPE') });
    expect(run.exitCode).toBe(130);
    expect(run.stderr).toContain('# INTERRUPTED at 3.412s @ 412,885,103: the reader of standard output left');
    expect(run.stderr).not.toMatch(/EPIPE|bug/);
  });

  test('a full disk is an error, because output was lost', async () => {
    const run = await tsvm(['run', 'x'], { life: chatter }, { stdout: new BrokenSink('ENOSPC') });
    expect(run.exitCode).toBe(125);
    expect(run.lines.slice(-3)).toEqual([
      'tsvm: standard output: a write failed (write ENOSPC)',
      "  the guest's console output is incomplete, so the run was ended",
      '  make room on the disk and run again   exit 125',
    ]);
    expect(run.stderr).toContain('# INTERRUPTED');
    expect(run.stderr).not.toContain('exit 130');
  });

  test('an interrupted run does not wait for ever for a reader that has stopped', async () => {
    const run = await tsvm(
      ['run', 'x'],
      {
        async life(options) {
          void options.onConsole?.(new Uint8Array(5000));
          return { ...OK, kind: 'interrupted', exitCode: 130 };
        },
      },
      { stdout: new SlowSink() },
    );
    expect(run.exitCode).toBe(130);
    expect(run.stderr).toContain('# warning: 5000 bytes of console output were not taken');
  });
});

describe('--json', () => {
  const events = (path: string): Record<string, unknown>[] =>
    readFileSync(path, 'utf8')
      .trimEnd()
      .split('\n')
      .map((line) => JSON.parse(line));

  test('carries the same facts as stderr, one event per line', async () => {
    const path = join(folder, 'events.jsonl');
    await tsvm(['run', 'x', '--json', path], {
      verdict: HANG,
      async life(options) {
        await options.onConsole?.(Buffer.from('12345'));
        options.log?.log('warning', 'odd');
        return undefined;
      },
    });
    const all = events(path);
    expect(all.map((event) => event.event)).toEqual(['start', 'inferred', 'log', 'verdict']);
    expect(all[0]).toMatchObject({ tsvm: '1.2.3', config: { kernel: 'x', memory: 2 ** 27, seed: 1 } });
    expect(all[1]).toMatchObject({ elfClass: 32, entry: 0x4059_1a70, machine: 'mips-paravirt' });
    expect(all[2]).toEqual({ event: 'log', level: 'warning', message: 'odd' });
    expect(all[3]).toMatchObject({
      kind: 'hang',
      exitCode: 103,
      instructions: 24_902_117,
      stateHash: '9b0e44d1',
      consoleBytes: 5,
      vcpus: [{ cpu: 0, pc: 0x4000_1234, state: 'wait', symbol: 'idle+0x8' }, {}],
    });
  });

  test('an oops is said when it happens; a panic is an event with its message and backtrace', async () => {
    const path = join(folder, 'faults.jsonl');
    const [panic] = PANIC.faults;
    const run = await tsvm(['run', 'x', '--json', path], {
      verdict: PANIC,
      async life(options) {
        options.onFault?.({ ...panic!, kind: 'oops', message: 'Oops' });
        options.onFault?.(panic!);
        return undefined;
      },
    });
    expect(run.exitCode).toBe(100);
    expect(run.lines[2]).toMatch(/oops at 1\.204s @ 96,331,870 on cpu0: "Oops"; the run ends with exit 100$/);
    const all = events(path);
    expect(all.map((event) => event.event)).toEqual(['start', 'inferred', 'oops', 'panic', 'verdict']);
    const { kind: _kind, ...facts } = panic!;
    expect(all[3]).toEqual({ event: 'panic', ...facts });
    expect(all[4]).toMatchObject({ kind: 'panic', exitCode: 100, faults: [panic] });
  });

  test('an error is an event too', async () => {
    const path = join(folder, 'error.jsonl');
    const failStart = new TsvmError('not-found', 'nosuch: not found', { next: 'check the path' });
    const run = await tsvm(['run', 'nosuch', '--json', path], { failStart });
    expect(run.exitCode).toBe(127);
    expect(events(path)).toEqual([
      {
        event: 'error',
        code: 'not-found',
        exitCode: 127,
        message: 'nosuch: not found',
        cause: null,
        next: 'check the path',
      },
    ]);
  });

  test('a file that cannot be written is an error before anything runs', async () => {
    const run = await tsvm(['run', 'x', '--json', join(folder, 'no/such/folder')]);
    expect(run.exitCode).toBe(125);
    expect(run.seen.options).toBeNull();
    expect(run.stderr).toContain('--json');
  });
});
