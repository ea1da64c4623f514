// `tsvm debug KERNEL` and Ctrl-a c on real guests: the shell from the first instruction on, on a terminal and by a script, and how the run ends then.
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import * as api from '../../../../src/api/index.ts';
import type { Debugging } from '../../../../src/cli/control/debug-session.ts';
import { noEvents } from '../../../../src/cli/events.ts';
import { OneRun } from '../../../../src/cli/one-run.ts';
import { runRequest } from '../../../../src/cli/options.ts';
import { type Sink, surroundings } from '../fakes.ts';
import { eventually, FakeKeyboard } from './running-vms.ts';

const guest = (name: string): string => join(import.meta.dirname, '../../../../guests/bin', `${name}.elf`);

function debugged(kernel: string, debugging: Debugging) {
  const around = surroundings(api, { env: { TSVM_RUNS: '', TSVM_RUNTIME_DIR: '', XDG_STATE_HOME: '/dev/null' } });
  const cli = { ...around.cli, help: () => '' };
  const end = new OneRun(cli, runRequest(guest(kernel), {}), noEvents, { debugging }).toTheEnd();
  return { end, stdout: around.stdout, stderr: around.stderr };
}

const script = (...lines: string[]): Debugging => ({ script: lines.join('\n'), keyboard: null, input: 'none' });

describe('a script', () => {
  test('begins at the first instruction, and with its last line the run is over', async () => {
    const { end, stdout, stderr } = debugged('hello-te-el', script('regs pc', 'step', 'regs pc'));
    expect(await end).toBe(0);
    expect(stdout.text).toMatch(
      /^\(tsvm\) regs pc\npc +0x40100000\n\(tsvm\) step\n.*\n\(tsvm\) regs pc\npc +0x40100004\n$/s,
    );
    expect(stderr.text).toMatch(/INTERRUPTED at 0\.000000s @ 1: the debug script has ended/);
    expect(stderr.lines.at(-1)).toBe('# ok: the script came to its end');
  });

  test('that leaves the shell lets the guest go on to its end', async () => {
    const { end, stdout, stderr } = debugged('hello-te-el', script('step 10', 'quit'));
    expect(await end).toBe(0);
    expect(stdout.text).toMatch(/\(tsvm\) quit\nHello .*$/s);
    expect(stderr.lines.at(-1)).toMatch(/^# ok: guest exited with code 0 /);
  });

  test('shows the console where the guest has spoken, and can look at what has ended', async () => {
    const { end, stdout, stderr } = debugged('hello-te-el', script('continue', 'regs pc'));
    expect(await end).toBe(0);
    expect(stdout.text).toMatch(/^\(tsvm\) continue\nHello .*the guest has ended: .*\n\(tsvm\) regs pc\npc /s);
    expect(stderr.lines.at(-1)).toMatch(/^# ok: guest exited with code 0 /);
  });

  test('is over with the first command that fails', async () => {
    const { end, stdout, stderr } = debugged('hello-te-el', script('-nonsense', 'nonsense', 'continue'));
    expect(await end).toBe(1);
    expect(stdout.text).not.toContain('(tsvm) continue');
    expect(stderr.lines.at(-1)).toBe('# exit 1');
  });

  test('says the same each time', async () => {
    const lines = script('regs', 'step 1000', 'cpus', 'disassemble', 'continue', 'stats');
    const texts = [];
    for (let n = 0; n < 2; n++) {
      const { end, stdout } = debugged('hello-te-el', lines);
      await end;
      texts.push(stdout.text);
    }
    expect(texts[1]).toBe(texts[0]);
  });
});

describe('a terminal', () => {
  const onTerminal = (kernel: string) => {
    const keyboard = new FakeKeyboard(true);
    return { keyboard, ...debugged(kernel, { script: null, keyboard, input: 'api' }) };
  };
  /** The shell gives the keys back some turns after its last line. */
  const typesUntil = async (keyboard: FakeKeyboard, keys: string, holds: () => boolean): Promise<void> => {
    while (!holds()) {
      await keyboard.types(keys);
      for (let turn = 0; turn < 20; turn++) await new Promise(setImmediate);
    }
  };
  const prompts = (stderr: Sink): number => stderr.text.split('(tsvm) ').length - 1;

  test('has the shell first, and is the console when that is left', async () => {
    const { keyboard, end, stdout, stderr } = onTerminal('echo-te-el');
    await eventually(() => prompts(stderr) > 0);
    expect(stdout.text).toBe('');
    await keyboard.types('continue\r');
    await eventually(() => stdout.text.includes('exit N"'));
    await keyboard.types('one\r');
    await eventually(() => stdout.text.includes('one'));
    await keyboard.types('\x03');
    await eventually(() => stderr.text.includes('paused, cpu0'));
    await keyboard.types('quit\r');
    await typesUntil(keyboard, 'two\r', () => stdout.text.includes('two'));
    await keyboard.types('\x01c');
    await eventually(() => stderr.text.split('paused, cpu0').length > 2);
    await keyboard.types('quit\r');
    let over = false;
    void end.then(() => {
      over = true;
    });
    await typesUntil(keyboard, '\x01x', () => over);
    expect(await end).toBe(130);
    expect(stdout.text).toContain('two');
    expect(keyboard.raw).toBe(false);
  });

  test('keeps the shell when the guest has ended, to look why', async () => {
    const { keyboard, end, stderr } = onTerminal('hello-te-el');
    await eventually(() => prompts(stderr) > 0);
    await keyboard.types('continue\r');
    await eventually(() => stderr.text.includes('the guest has ended'));
    await keyboard.types('regs pc\r');
    await eventually(() => stderr.text.includes('pc  0x'));
    expect(stderr.text).not.toContain('# ok');
    await keyboard.types('\x04');
    expect(await end).toBe(0);
    expect(stderr.text).toContain('# ok: guest exited with code 0');
    expect(keyboard.raw).toBe(false);
  });

  test.each(['goes away', 'SIGTERM'])('that is lost (%s) ends the run', async (how) => {
    const { keyboard, end, stderr } = onTerminal('echo-te-el');
    await eventually(() => prompts(stderr) > 0);
    if (how === 'SIGTERM') await keyboard.signal(how);
    else await keyboard.ends();
    expect(await end).toBe(130);
    expect(keyboard.raw).toBe(false);
  });
});
