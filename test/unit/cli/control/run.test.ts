// `tsvm run` as the others see it: its name, its socket, its console; and what becomes of a run that has none.
import { chmodSync, readdirSync } from 'node:fs';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { ControlClient } from '../../../../src/api/control/client.ts';
import { noEvents } from '../../../../src/cli/events.ts';
import { manyRuns } from '../../../../src/cli/many-runs.ts';
import { runRequest } from '../../../../src/cli/options.ts';
import { type FakeGuest, fakeApi, OK, surroundings, tsvm } from '../fakes.ts';
import { RunningVms } from './running-vms.ts';

let vms!: RunningVms;
beforeEach(() => {
  vms = new RunningVms();
});
afterEach(() => vms.close());

const run = (argv: string[], guest: Partial<FakeGuest> = {}) => tsvm(['run', ...argv], guest, { env: vms.env });

describe('a run', () => {
  test('is listed by its name while it runs, and its socket goes with it', async () => {
    let listed = '';
    const { exitCode, stderr } = await run(['vmlinux', '--name', 'vm0', '-m', '64M'], {
      async life() {
        listed = (await vms.tsvm('list')).stdout;
        return undefined;
      },
    });
    expect(listed).toMatch(/^vm0 +\d+ +running +mips-paravirt +1 +64M +0\.000000s +vmlinux$/m);
    expect(exitCode).toBe(0);
    expect(stderr.split('\n')).toHaveLength(4);
    expect(readdirSync(vms.folder)).toEqual([]);
  });

  test('without a name is called by its process', async () => {
    let names: string[] = [];
    await run(['vmlinux'], {
      async life() {
        names = readdirSync(vms.folder);
        return undefined;
      },
    });
    expect(names).toEqual([`guest-${process.pid}.sock`]);
  });

  test('of a name that lives is refused before anything is started', async () => {
    await vms.start('vm0');
    const { exitCode, stderr, seen } = await run(['vmlinux', '--name', 'vm0']);
    expect(exitCode).toBe(2);
    expect(stderr).toContain('--name vm0: a VM of that name is running');
    expect(stderr).toContain('tsvm stop vm0');
    expect(seen.options).toBeNull();
    expect(readdirSync(vms.folder)).toEqual(['vm0.sock']);
  });

  test('that cannot start leaves no socket', async () => {
    await run(['vmlinux', '--name', 'vm0'], { failStart: new Error('no') });
    await run(['vmlinux', '--name', '../x']);
    expect(readdirSync(vms.folder)).toEqual([]);
  });

  test('goes on without a socket, with a warning, where others have access to the folder', async () => {
    chmodSync(vms.folder, 0o755);
    const { exitCode, lines } = await run(['vmlinux']);
    expect(exitCode).toBe(0);
    expect(lines[2]).toMatch(/^# warning: no control socket: .*others may use it \(mode 755\)/);
    chmodSync(vms.folder, 0o700);
  });

  test('several times has no socket', async () => {
    const names: string[][] = [];
    const { api } = fakeApi({
      verdict: OK,
      async life() {
        names.push(readdirSync(vms.folder));
        return undefined;
      },
    });
    const { cli } = surroundings(api, { env: vms.env });
    const request = runRequest('vmlinux', { repeat: '2', name: 'vm0' });
    await manyRuns({ ...cli, help: () => '' }, request, noEvents, async () => 'none');
    expect(names).toEqual([[], []]);
  });

  test('is ended from outside, and tells those who watch how', async () => {
    let watcher: ControlClient | null = null;
    let shown = '';
    const { exitCode, seen, stdout } = await run(['vmlinux', '--name', 'vm0'], {
      async life(options, stopped) {
        watcher = await ControlClient.connect('vm0', vms.path('vm0'));
        await watcher.attach(0, {
          output: (bytes) => {
            shown += Buffer.from(bytes).toString('latin1');
          },
        });
        await options.onConsole?.(Buffer.from('hello\xff', 'latin1'));
        watcher.tell({ request: 'stop', reason: 'enough of it' });
        return { ...OK, kind: 'interrupted', exitCode: 130, summary: await stopped };
      },
    });
    expect(exitCode).toBe(130);
    expect(seen.stops).toEqual(['enough of it']);
    await watcher!.closed;
    expect(watcher!.ended).toEqual({ summary: 'enough of it', exitCode: 130 });
    expect(shown).toBe('hello\xff');
    expect(stdout).toContain('hello');
  });
});
