// Real guests behind control sockets, side by side: what is asked of one is done to that one, and nothing that a debugger looks at changes a result.
import { mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { ControlClient } from '../../../../src/api/control/client.ts';
import { liveVms } from '../../../../src/api/control/live-vms.ts';
import { openControl } from '../../../../src/api/control/server.ts';
import { type RunningVm, type StartVmOptions, startVm } from '../../../../src/api/index.ts';
import { ConsoleListeners, controlledRun } from '../../../../src/cli/control/controlled-run.ts';

const guest = (name: string): string => join(import.meta.dirname, '../../../../guests/bin', `${name}.elf`);

let folder = '';
const clients: ControlClient[] = [];
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'tsvm-real-'));
});
afterEach(() => {
  for (const client of clients.splice(0)) client.close();
  rmSync(folder, { recursive: true, force: true });
});

interface Started {
  readonly vm: RunningVm;
  readonly client: ControlClient;
  /** All of the guest's console. */
  text(): string;
  /** Resolves when the console has it. */
  until(text: string): Promise<void>;
}

async function start(name: string, kernel: string, options: Partial<StartVmOptions> = {}): Promise<Started> {
  const env = { TSVM_RUNTIME_DIR: folder };
  const control = (await openControl({ env, name, version: '0', warn: () => {} }))!;
  const listeners = new ConsoleListeners();
  let shown = '';
  let changed = (): void => {};
  listeners.subscribe((bytes) => {
    shown += Buffer.from(bytes).toString('latin1');
    changed();
  });
  const vm = await startVm({
    kernel: guest(kernel),
    name,
    input: 'api',
    onConsole: (bytes) => listeners.write(bytes),
    ...options,
  });
  control.serve(controlledRun(vm, name, listeners));
  void vm.wait().then((verdict) => control.close(verdict));
  const client = await ControlClient.connect(name, join(folder, `${name}.sock`));
  clients.push(client);
  return {
    vm,
    client,
    text: () => shown,
    until: async (text) => {
      while (!shown.includes(text))
        await new Promise<void>((resolve) => {
          changed = resolve;
        });
    },
  };
}

describe('three guests side by side', () => {
  test('are paused, typed at and stopped one by one', async () => {
    const [le, eb, arm] = await Promise.all([
      start('le', 'echo-te-el'),
      start('eb', 'echo-te-eb'),
      start('arm', 'smp-arm', { cpus: 2, input: 'none', stopAtStart: true }),
    ]);
    expect((await liveVms({ TSVM_RUNTIME_DIR: folder })).map(({ name }) => name)).toEqual(['arm', 'eb', 'le']);
    expect(await arm.client.info()).toMatchObject({ state: 'paused', machine: 'arm-virt', cpus: 2, instructions: 0 });
    await Promise.all([le.until('exit N"'), eb.until('exit N"')]);
    await le.client.ask({ request: 'pause' });
    const before = await le.client.info();
    await le.client.ask({ request: 'input', bytes: Buffer.from('to le\r') });
    await eb.client.ask({ request: 'input', bytes: Buffer.from('to eb\r') });
    await eb.until('to eb');
    expect(await le.client.info()).toEqual({ ...before, state: 'paused' });
    expect(le.text()).not.toContain('to le');
    await le.client.ask({ request: 'resume' });
    await le.until('to le');
    await arm.client.ask({ request: 'resume' });
    expect((await arm.vm.wait()).exitCode).toBe(0);
    await arm.client.closed;
    expect(arm.client.ended?.exitCode).toBe(0);
    await le.client.ask({ request: 'stop', reason: 'done with it' });
    expect(await le.vm.wait()).toMatchObject({ kind: 'interrupted', exitCode: 130, summary: 'done with it' });
    await eb.client.ask({ request: 'input', bytes: Buffer.from('exit 21\r') });
    expect((await eb.vm.wait()).exitCode).toBe(21);
    await eb.client.closed;
    expect(readdirSync(folder)).toEqual([]);
  });
});

describe('a guest that is looked at', () => {
  test.each(['timer-te-el', 'smp-arm'])('comes to the same as one that is not: %s', async (kernel) => {
    const cpus = kernel === 'smp-arm' ? 2 : 1;
    const plain = await (await startVm({ kernel: guest(kernel), cpus })).wait();
    const { vm, client } = await start('vm0', kernel, { cpus, input: 'none', stopAtStart: true });
    await client.ask({ request: 'shell', folder });
    for (const line of ['regs', 'step 100', 'bt', 'cpus', 'goto @50000', 'tlb'])
      await client.ask({ request: 'execute', line }, null);
    await client.ask({ request: 'leave' });
    const ended = vm.wait();
    let over = false;
    void ended.then(() => {
      over = true;
    });
    while (!over) {
      await client.ask({ request: 'pause' }).catch(() => {});
      await client.ask({ request: 'stat', ms: 0 }).catch(() => {});
      await client.ask({ request: 'resume' }).catch(() => {});
      await new Promise(setImmediate);
    }
    const { stateHash, instructions, guestTimeNs, runId, exitCode } = await ended;
    expect({ stateHash, instructions, guestTimeNs, runId, exitCode }).toEqual({
      stateHash: plain.stateHash,
      instructions: plain.instructions,
      guestTimeNs: plain.guestTimeNs,
      runId: plain.runId,
      exitCode: plain.exitCode,
    });
  });

  test('can be repeated with all that was typed at it from outside', async () => {
    const { vm, client, until } = await start('vm0', 'echo-te-el');
    await until('exit N"');
    await client.ask({ request: 'resize', columns: 100, rows: 40 });
    await client.ask({ request: 'input', bytes: Buffer.from('one\rexit 21\r') });
    const first = await vm.wait();
    const again = await (await startVm({ kernel: guest('echo-te-el'), replay: vm.journal() })).wait();
    expect(first.exitCode).toBe(21);
    expect([again.stateHash, again.runId]).toEqual([first.stateHash, first.runId]);
  });
});
