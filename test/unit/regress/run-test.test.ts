// One test, once or several times: what it comes to.
import { mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it, vi } from 'vitest';
import { readRun } from '../../../src/api/run-store.ts';
import type { TestDefinition, TestOptions } from '../../../src/regress/define.ts';
import type { TestResult } from '../../../src/regress/results.ts';
import { runTest, strayError, titleOf } from '../../../src/regress/run-test.ts';
import { guestFile } from '../../support/vmm/records.ts';

const folder = mkdtempSync(join(tmpdir(), 'tsvm-run-test-'));
afterAll(() => rmSync(folder, { recursive: true }));

interface How {
  readonly repeat?: number;
  readonly seed?: number | null;
  readonly guest?: string;
  readonly options?: Partial<TestOptions>;
  readonly skipped?: string | null;
  readonly onWait?: (what: string, guestTimeNs: number) => void;
}

function run(body: TestDefinition['body'], how: How = {}): Promise<TestResult> {
  const { repeat = 1, seed = null, guest = 'echo-te-el', options = {}, skipped = null, onWait = () => {} } = how;
  const policy = { path: '/t/a.test.ts', file: 't/a.test.ts', repeat, artifacts: null, onWait };
  const all = { kernel: guestFile(guest), memory: '16M', ...options };
  return runTest(policy, { name: 'a test', options: all, body, skipped }, seed);
}

const hello: TestDefinition['body'] = async (m) => {
  m.send('hello\n');
  await m.waitFor('hello');
};

describe('a test', () => {
  it('passes when its body does, and has the facts of its run', async () => {
    const result = await run(hello);
    expect(result).toMatchObject({
      file: 't/a.test.ts',
      name: 'a test',
      outcome: 'pass',
      failure: null,
      artifacts: null,
    });
    expect(result.runs).toMatchObject([
      {
        kind: 'interrupted',
        command: expect.stringMatching(/^tsvm run --machine mips-paravirt --mem 16M /),
        stateHash: expect.stringMatching(/^[0-9a-f]{8}$/),
        runId: expect.stringMatching(/^[0-9a-f]{8}$/),
      },
    ]);
  });

  it.each<[string, TestDefinition['body'], RegExp]>([
    ['throws', () => Promise.reject(new Error('no')), /^no$/],
    ['throws what is no error', () => Promise.reject('text'), /^thrown: text$/],
    ['expects something else', (m) => m.expect(1).toBe(2), /strictly equal/],
    ['waits in vain', (m) => m.waitFor('never', { within: '1ms' }), /^waitFor "never"/],
    [
      'does not see that the run has ended',
      async (m) => {
        m.send('exit 12\n');
        await m.vm.drive({});
      },
      /did not look how/,
    ],
  ])('fails when its body %s', async (_how, body, message) => {
    const result = await run(body);
    if (result.outcome === 'pass') expect.fail('it passed');
    expect(result.failure?.message).toMatch(message);
    expect(result.runs).toHaveLength(1);
  });

  it('fails when its VM cannot start, without a run', async () => {
    const result = await run(hello, { options: { kernel: '/nowhere' } });
    expect(result).toMatchObject({
      outcome: 'fail',
      runs: [],
      failure: { message: expect.stringContaining('/nowhere') },
    });
  });

  it('that is skipped runs nothing', async () => {
    const body = vi.fn();
    expect(await run(body, { skipped: 'not today' })).toMatchObject({
      outcome: 'skip',
      skipped: 'not today',
      runs: [],
    });
    expect(body).not.toHaveBeenCalled();
  });

  it('has its seed, or the one it is given', async () => {
    const smp = { guest: 'smp-te-el', options: { cpus: 4, params: 'test=order', seed: 2 } };
    const body: TestDefinition['body'] = (m) => m.runTo(100_000);
    const hashes = await Promise.all([null, 2, 3].map(async (seed) => run(body, { ...smp, seed })));
    expect(hashes.map(({ name }) => name)).toEqual(['a test', 'a test [seed 2]', 'a test [seed 3]']);
    const [own, two, three] = hashes.map(({ runs }) => runs[0]!.stateHash);
    expect(two).toBe(own);
    expect(three).not.toBe(own);
    expect(titleOf('x', 7)).toBe('x [seed 7]');
  });

  it('tells what it waits for, and when', async () => {
    const told: string[] = [];
    await run(hello, { onWait: (what) => told.push(what) });
    expect(told).toEqual(['"hello"']);
  });

  it('leaves the record of its run where it can be replayed', async () => {
    vi.stubEnv('TSVM_RUNS', join(folder, 'runs'));
    try {
      const { runs } = await run(hello);
      expect(readRun(runs[0]!.runId, process.env).text).toContain('"type":"console"');
      expect(readdirSync(join(folder, 'runs'))).toEqual([`${runs[0]!.runId}.jsonl`]);
    } finally {
      vi.unstubAllEnvs();
    }
  });
});

describe('a test that is repeated', () => {
  it('comes to one hash', async () => {
    const { runs, outcome } = await run(hello, { repeat: 5 });
    expect(outcome).toBe('pass');
    expect(runs).toHaveLength(5);
    expect(new Set(runs.map(({ stateHash, runId }) => stateHash + runId)).size).toBe(1);
  });

  it('stops at the first failure', async () => {
    let n = 0;
    const { runs, failure } = await run(
      async (m) => {
        await hello(m);
        if (++n === 2) throw new Error('the second');
      },
      { repeat: 5 },
    );
    expect(runs).toHaveLength(2);
    expect(failure?.message).toBe('the second');
  });

  it('that puts in something else each time fails, and says how to compare', async () => {
    let n = 0;
    const { runs, failure } = await run((m) => m.send(`${n++}\n`), { repeat: 5 });
    expect(failure?.message).toBe(
      `run 2 came to something else than run 1: state ${runs[1]!.stateHash} at ${runs[1]!.instructions}, not ${runs[0]!.stateHash} at ${runs[0]!.instructions}`,
    );
    expect(failure?.details).toBe(`the test has put in something else: tsvm diff ${runs[0]!.runId} ${runs[1]!.runId}`);
  });

  it('that writes to its disk says that this is why', async () => {
    const disk = join(folder, 'disk.img');
    writeFileSync(disk, new Uint8Array(0x40000));
    const params = 'disk.test=verify,64K,1';
    let n = 0;
    const body: TestDefinition['body'] = async (m) => {
      writeFileSync(disk, new Uint8Array(0x40000).fill(n++));
      m.expect((await m.end()).kind).toBe('guest-exit');
    };
    const { failure } = await run(body, { guest: 'disk-te-el', options: { disk, params }, repeat: 3 });
    expect(failure?.details).toBe(`each run writes to ${disk}, for the next one to begin with: use ${disk}:cow`);
  });
});

describe('a run that ends badly', () => {
  const exit42: TestDefinition['body'] = async (m) => {
    m.send('exit 42\n');
    await m.end();
  };

  it('fails a test that does not look how it ended, however it came to the end', async () => {
    const unseen = /^the run had ended, and the test did not look how: guest exited with code 42/;
    expect((await run(exit42)).failure?.message).toMatch(unseen);
    const ktap: TestDefinition['body'] = async (m) => {
      m.send('exit 42\n');
      await m.waitForKtap({ within: '1s' });
    };
    expect((await run(ktap)).failure?.message).toMatch(unseen);
  });

  it.each<[string, TestDefinition['body']]>([
    [
      'looks at its verdict',
      async (m) => {
        m.send('exit 42\n');
        m.expect((await m.end()).exitCode).toBe(42);
      },
    ],
    [
      'is told by a wait that fails',
      async (m) => {
        m.send('exit 42\n');
        await m.waitFor('never').catch(() => {});
      },
    ],
  ])('passes one that %s', async (_, body) => {
    expect((await run(body)).failure).toBeNull();
  });
});

describe('an error that nobody awaits', () => {
  it('is the failure of the test that it belongs to', async () => {
    const listeners = process.listeners('unhandledRejection');
    process.removeAllListeners('unhandledRejection');
    process.on('unhandledRejection', strayError);
    try {
      const { failure } = await run((m) => void m.waitFor('never'));
      expect(failure?.message).toMatch(/^waitFor "never": .*is an await missing\?/);
      expect(strayError(new Error('later'))).toBe(false);
    } finally {
      process.off('unhandledRejection', strayError);
      for (const listener of listeners) process.on('unhandledRejection', listener);
    }
  });
});

describe('options that are a function', () => {
  it('are made anew for each run', async () => {
    let made = 0;
    const options = async (): Promise<TestOptions> => {
      made++;
      return { kernel: guestFile('echo-te-el'), memory: '16M' };
    };
    const policy = { path: '/t/a.test.ts', file: 't/a.test.ts', repeat: 3, artifacts: null, onWait: () => {} };
    const result = await runTest(policy, { name: 'a test', options, body: hello, skipped: null }, 7);
    expect(result).toMatchObject({ outcome: 'pass', seed: 7 });
    expect(made).toBe(3);
  });

  it('are checked like others', async () => {
    const policy = { path: '/t/a.test.ts', file: 't/a.test.ts', repeat: 1, artifacts: null, onWait: () => {} };
    const options = () => ({ kernel: 'x', mem: '1M' }) as TestOptions;
    const { failure } = await runTest(policy, { name: 'a test', options, body: hello, skipped: null }, null);
    expect(failure?.message).toMatch(/no option mem; did you mean memory/);
  });
});
