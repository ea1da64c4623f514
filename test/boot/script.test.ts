// A script and a guest, by the library: the guest stands still while the script thinks, so that the two together are one deterministic run.
import { describe, expect, it } from 'vitest';
import { type ScriptedVm, type ScriptOptions, scriptVm, startVm, WaitFailed } from '../../src/api/index.ts';
import { guest } from './cli-support.ts';

const echo = (options: Partial<ScriptOptions> = {}): Promise<ScriptedVm> =>
  scriptVm({ kernel: guest('echo-te-el'), memory: '16M', ...options });

/** Wall time passes in which the guest must not run. */
const think = (): Promise<void> => new Promise((resolve) => setTimeout(resolve, 30));

async function conversation(options: Partial<ScriptOptions>, thinking: () => Promise<void>) {
  const m = await echo(options);
  await thinking();
  m.send('hello\n');
  await m.waitFor('hello');
  await thinking();
  await m.runFor('5ms');
  m.send('two words\n');
  expect((await m.waitFor(/two (\w+)\n/)).groups).toEqual(['words']);
  await thinking();
  m.send('exit 42\n');
  return { m, verdict: await m.end() };
}

describe('a scripted VM', () => {
  it('is one run, however long the script thinks and whatever executes it', async () => {
    const results = [];
    for (const [engine, thinking] of [
      ['regions', async () => {}],
      ['regions', think],
      ['interpreter', think],
    ] as const) {
      const { m, verdict } = await conversation({ engine }, thinking);
      const { kind, exitCode, instructions, stateHash, runId } = verdict;
      results.push({ kind, exitCode, instructions, stateHash, runId, console: m.console.text });
    }
    expect(results[0]).toMatchObject({ kind: 'guest-exit', exitCode: 42 });
    expect(results[1]).toEqual(results[0]);
    expect(results[2]).toEqual(results[0]);
  });

  it('is repeated by its journal, without the script', async () => {
    const { m, verdict } = await conversation({}, think);
    const again = await startVm({ kernel: guest('echo-te-el'), memory: '16M', replay: m.vm.journal() });
    const { stateHash, instructions, runId } = verdict;
    expect(await again.wait()).toMatchObject({ stateHash, instructions, runId });
  });

  it('stands where it is told to', async () => {
    const m = await echo();
    expect(m.vm.clock.instructions).toBe(0);
    await m.runTo(1234);
    await think();
    expect(m.vm.clock.instructions).toBe(1234);
    const verdict = await m.stop();
    expect(verdict).toMatchObject({ kind: 'interrupted', instructions: 1234 });
  });

  it('says at once that what is waited for cannot come, and goes on when the script does', async () => {
    const m = await echo();
    const failed = await m.waitFor('never', { within: '1h' }).catch((error: unknown) => error);
    expect(failed).toBeInstanceOf(WaitFailed);
    expect(failed).toMatchObject({ why: 'waiting', verdict: null });
    expect((failed as WaitFailed).message).toContain('waitFor "never": the guest waits for input');
    m.send('still there\n');
    expect((await m.waitFor('there')).before).toContain('still ');
    await m.stop();
  });

  it('tells how the run ended when it did, with the last lines of the console', async () => {
    const m = await echo();
    m.send('bye\nexit 7\n');
    const failed = (await m.waitFor(/never/).catch((error: unknown) => error)) as WaitFailed;
    expect(failed).toMatchObject({ why: 'ended', verdict: { kind: 'guest-exit', exitCode: 1 } });
    expect(failed.message).toMatch(/^waitFor \/never\/: the run ended before: guest exited with code 7/);
    expect(failed.message).toContain('  | bye');
    await expect(m.runFor(1)).rejects.toThrow('runFor 1: the run ended before');
    expect((await m.end()).exitCode).toBe(1);
  });

  it('does not wait longer than the guest time given', async () => {
    const m = await scriptVm({ kernel: guest('hang-te-el'), memory: '16M', params: 'spin' });
    const failed = await m.waitFor('never', { within: '20ms' }).catch((error: unknown) => error);
    expect(failed).toMatchObject({ name: 'WaitFailed' });
    await m.stop();
  });

  it('proves a hang when no input can come any more', async () => {
    const m = await echo();
    await m.waitFor('never').catch(() => {});
    expect(await m.end()).toMatchObject({ kind: 'hang', exitCode: 103 });
  });

  it('refuses what makes no sense', async () => {
    await expect(echo({ kernel: '/nowhere' })).rejects.toMatchObject({ code: 'not-found' });
    const m = await echo();
    await expect(m.waitFor('x', { within: 'soon' })).rejects.toMatchObject({ code: 'usage' });
    await m.end();
    expect(() => m.send('x')).toThrow('before closeInput');
    const vm = await startVm({ kernel: guest('hello-te-el') });
    await expect(vm.drive({})).rejects.toMatchObject({ code: 'usage' });
    await vm.wait();
  });
});
