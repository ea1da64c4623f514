// The first instruction that two runs did not do alike: in guests of which it is known.
import { describe, expect, it } from 'vitest';
import { diffRuns, type RunsDifference, startVm } from '../../../src/api/index.ts';
import { recordedRun } from '../../../src/api/record.ts';
import { guestFile, recordEcho, recordRun, recordScript } from '../../support/vmm/records.ts';

type At = Extract<RunsDifference, { kind: 'instruction' }>;

async function instruction(a: string, b: string): Promise<At> {
  const found = await diffRuns(a, b);
  if (found.kind !== 'instruction') throw new Error(`no instruction differs: ${found.kind}`);
  return found;
}

/** Both records run again by `step` after `step`: where their registers first differ. Slow and sure. */
async function firstByStepping(a: string, b: string, from: number): Promise<number> {
  const [one, other] = await Promise.all(
    [a, b].map(async (text) => startVm({ ...recordedRun(text).options, driven: true })),
  );
  for (let at = from; ; at = one!.clock.instructions) {
    for (const vm of [one!, other!]) await vm.drive({ instructions: at + 1 });
    const differs = one!.inspect.registers().some(({ value }, n) => value !== other!.inspect.registers()[n]?.value);
    if (!differs) continue;
    for (const vm of [one!, other!]) vm.stop();
    return at;
  }
}

const hello = (params: string): Promise<{ text: string }> => recordRun('hello-te-el', { params });

describe('two runs', () => {
  it('that are the same', async () => {
    const [a, b] = [await recordEcho('hello\nquit\n'), await recordEcho('hello\nquit\n')];
    expect(await diffRuns(a.text, b.text)).toMatchObject({
      kind: 'none',
      verdict: { stateHash: a.verdict.stateHash, instructions: a.verdict.instructions },
    });
  });

  it('that are the same but for the engine', async () => {
    const [a, b] = [await recordEcho('hello\nquit\n'), await recordEcho('hello\nquit\n', { engine: 'interpreter' })];
    expect(await diffRuns(a.text, b.text)).toMatchObject({ kind: 'none' });
  });

  it('of another byte order differ before the first instruction', async () => {
    const [a, b] = [await recordRun('hello-te-el'), await recordRun('hello-te-eb')];
    const found = await instruction(a.text, b.text);
    expect(found.instructions).toBe(0);
    expect(found.registers.map(({ name }) => name)).toContain('config');
    expect(found.a.vcpus[0]?.pc).toBe(found.before.vcpus[0]?.pc);
  });

  it('of other seeds differ in who runs first', async () => {
    const smp = async (seed: number) => recordRun('smp-te-el', { cpus: 4, params: 'test=order', seed, limit: '1ms' });
    const [a, b] = [await smp(1), await smp(2)];
    const found = await instruction(a.text, b.text);
    expect(found.instructions).toBe(0);
    expect(found.a.vcpus.map(({ pc }) => pc)).not.toEqual(found.b.vcpus.map(({ pc }) => pc));
    expect(found.code).toHaveLength(1); // both have begun at the entry
    expect(await diffRuns(a.text, (await smp(1)).text)).toMatchObject({ kind: 'none' });
  });

  it('of other parameters differ where these are first read', async () => {
    const [a, b] = [(await hello('x')).text, (await hello('y')).text];
    const found = await instruction(a, b);
    expect(found.instructions).toBe(await firstByStepping(a, b, found.instructions - 100));
    expect(found.code.join()).toMatch(/\blbu?\b/);
    expect(found.registers).toEqual([{ cpu: 0, name: expect.stringMatching(/^\w+$/), a: 0x78, b: 0x79 }]);
  });

  it('of another input differ where it is first used, however soon both do the same again', async () => {
    const [a, b] = [(await recordEcho('hello\nquit\n')).text, (await recordEcho('hellp\nquit\n')).text];
    const found = await instruction(a, b);
    expect(found.instructions).toBe(await firstByStepping(a, b, found.instructions - 300));
    expect(found.registers).toEqual([{ cpu: 0, name: expect.stringMatching(/^\w+$/), a: 0x6f, b: 0x70 }]);
    expect(found.code.join()).toMatch(/\blbu?\b/);
  });

  it('that differ for a hundred instructions, and in memory from there on, differ there', async () => {
    const run = (value: number) =>
      recordScript('smp-te-el', async (m) => {
        await m.runTo(40_000);
        m.write({ physical: 0xf00000 }, Uint8Array.of(value));
        m.setRegister('k1', value);
        await m.runTo(40_100);
        m.setRegister('k1', 0);
        await m.runTo(150_000);
      });
    const found = await instruction((await run(1)).text, (await run(2)).text);
    expect(found.registers).toEqual([{ cpu: 0, name: 'k1', a: 1, b: 2 }]);
    expect(found.instructions).toBe(39_999);
  });

  it('that differ in memory for long before it is used, and then for a hundred instructions, differ there', async () => {
    const run = (value: number) =>
      recordScript('smp-te-el', async (m) => {
        await m.runTo(20_000);
        m.write({ physical: 0xf00000 }, Uint8Array.of(value));
        await m.runTo(80_000);
        m.write({ physical: 0xf10000 }, Uint8Array.of(value));
        m.setRegister('k1', value);
        await m.runTo(80_100);
        m.setRegister('k1', 0);
        await m.runTo(150_000);
      });
    const found = await instruction((await run(1)).text, (await run(2)).text);
    expect(found.registers).toEqual([{ cpu: 0, name: 'k1', a: 1, b: 2 }]);
    expect(found.instructions).toBe(79_999);
  });

  it('that differ in what they print, and in nothing that is left, differ where that was read', async () => {
    const run = (letter: string) =>
      recordScript('echo-te-el', async (m) => {
        const ram = (): string => Buffer.from(m.read({ physical: 0x100000 }, 0x100000)).toString('latin1');
        m.write({ physical: 0x100000 + ram().indexOf('echo: type') + 2 }, letter);
        await m.waitFor('N');
        for (const { index } of ram().matchAll(/ec[XY]o: type/g)) m.write({ physical: 0x100000 + index + 2 }, 'Z');
        m.send('a\n'.repeat(300));
        await m.runFor('2ms');
      });
    const [a, b] = [await run('X'), await run('Y')];
    expect(a.verdict.stateHash).toBe(b.verdict.stateHash);
    const found = await instruction(a.text, b.text);
    expect(found.registers).toEqual([{ cpu: 0, name: expect.stringMatching(/^\w+$/), a: 0x58, b: 0x59 }]);
  });

  it('that end with something else in a register differ where it came there', async () => {
    const set = (value: number) =>
      recordScript('echo-te-el', async (m) => {
        await m.runTo(40_000);
        m.setRegister('k1', value);
        await m.runFor('100ns');
      });
    const found = await instruction((await set(1)).text, (await set(2)).text);
    expect(found.registers).toEqual([{ cpu: 0, name: 'k1', a: 1, b: 2 }]);
    expect(found.instructions).toBe(39_999); // what enters behind an instruction counts as its
  });

  it('of which one ends earlier differ there', async () => {
    const [all, cut] = [await recordRun('hello-te-el'), await recordRun('hello-te-el', { limit: '900us' })];
    const found = await instruction(all.text, cut.text);
    expect(found.instructions).toBeGreaterThanOrEqual(cut.verdict.instructions - 2);
    expect(found.a.verdict).toBeNull();
    expect(found.b.verdict).toMatchObject({ kind: 'guest-time-limit', stateHash: cut.verdict.stateHash });
    expect((await instruction(cut.text, all.text)).a.verdict).toMatchObject({ kind: 'guest-time-limit' });
  });

  it('that differ in the last instruction', async () => {
    const until = (count: number) => recordScript('hello-te-el', (m) => m.runTo(count));
    const [a, b] = [await until(70_010), await until(70_000)];
    const found = await instruction(a.text, b.text);
    expect(found).toMatchObject({
      instructions: 70_000,
      a: { verdict: null },
      b: { verdict: { kind: 'interrupted' } },
    });
  });

  it('that leave something else in memory and use it nowhere', async () => {
    const leave = (byte: number) =>
      recordScript('hello-te-el', async (m) => {
        await m.runTo(1000);
        m.write({ physical: 0xf00000 }, Uint8Array.of(byte));
        await m.end();
      });
    const [a, b] = [await leave(1), await leave(2)];
    expect(await diffRuns(a.text, b.text)).toMatchObject({
      kind: 'state',
      a: { stateHash: a.verdict.stateHash },
      b: { stateHash: b.verdict.stateHash },
    });
  });

  it('tell how far they have been compared', async () => {
    const { text } = await recordRun('smp-te-el', { params: 'test=order', limit: '5ms' });
    const told: number[] = [];
    await diffRuns(text, text, (count) => told.push(count));
    expect(told.length).toBeGreaterThan(10);
    expect(told).toEqual(told.toSorted((a, b) => a - b));
  });
});

describe('what cannot be compared', () => {
  it('is another number of vCPUs, or another machine', async () => {
    const [one, two] = [await recordRun('hello-te-el'), await recordRun('hello-te-el', { cpus: 2 })];
    await expect(diffRuns(one.text, two.text)).rejects.toMatchObject({
      code: 'usage',
      message: 'the runs are of different machines: mips-paravirt with 1 vCPUs and mips-paravirt with 2 vCPUs',
    });
  });

  it('is a damaged record, and one whose kernel has changed', async () => {
    const { text } = await recordRun('hello-te-el');
    await expect(diffRuns(text, 'x')).rejects.toMatchObject({ code: 'usage' });
    const changed = text.replace(guestFile('hello-te-el'), guestFile('echo-te-el'));
    await expect(diffRuns(text, changed)).rejects.toThrow('the kernel has changed');
  });
});
