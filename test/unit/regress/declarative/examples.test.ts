// The declarative examples on the guests of this repository, as `tsvm test examples/declarative` runs them.
import { readdirSync, writeFileSync } from 'node:fs';
import { mkdtemp } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { beforeEach, describe, expect, it, vi } from 'vitest';
import { scriptVm } from '../../../../src/api/index.ts';
import type { TestResult } from '../../../../src/regress/results.ts';
import { runFile } from '../../../../src/regress/run-file.ts';

const EXAMPLES = resolve(import.meta.dirname, '../../../../examples/declarative');

async function resultsOf(path: string): Promise<readonly TestResult[]> {
  const results: TestResult[] = [];
  const request = { path, file: path, filter: null, shard: null, seeds: null, repeat: 1, artifacts: null };
  await runFile(request, {
    planned: () => {},
    begin: () => {},
    wait: () => {},
    result: (result) => results.push(result),
  });
  return results;
}

// No record of these runs is kept.
beforeEach(() => void vi.stubEnv('TSVM_RUNS', ''));

describe('the declarative examples', () => {
  it.each(readdirSync(EXAMPLES))('%s passes', async (name) => {
    const results = await resultsOf(join(EXAMPLES, name));
    expect(results.map(({ failure }) => failure).filter((failure) => failure !== null)).toEqual([]);
    expect(results.some(({ outcome }) => outcome === 'pass')).toBe(true);
  });
});

describe('a test of a file', () => {
  const echo = `kernel: ${resolve(EXAMPLES, '../../guests/bin/echo-te-el.elf')}\nmemory: 16M\n`;

  async function resultOf(lines: string): Promise<TestResult | undefined> {
    const path = join(await mkdtemp(join(tmpdir(), 'tsvm-declared-')), 'a.test.yaml');
    writeFileSync(path, `name: a\n${lines}`);
    return (await resultsOf(path))[0];
  }

  it('fails where its step stands, with the console', async () => {
    const result = await resultOf(`${echo}steps:\n  - sendLine: hello\n  - waitFor: { text: never, within: 1s }\n`);
    expect(result?.failure).toMatchObject({
      message: 'waitFor "never": the guest waits for input, and no timer is armed in it (at 0.001013s)',
      details: expect.stringContaining('| hello'),
      place: { line: 6, column: 5 },
    });
  });

  it('fails where the test stands when its VM does not start', async () => {
    const result = await resultOf('kernel: /nowhere\nsteps: [x]\n');
    expect(result?.failure).toMatchObject({
      message: '/nowhere: no such file (kernel)',
      place: { line: 1, column: 1 },
    });
  });

  it('comes to the state that a script comes to', async () => {
    const declared = await resultOf(`${echo}steps: [{ sendLine: exit 42 }]\nexpect: { exitCode: 42 }\n`);
    const m = await scriptVm({ kernel: 'guests/bin/echo-te-el.elf', memory: '16M' });
    m.send('exit 42\n');
    const { stateHash, instructions } = await m.end();
    expect(declared).toMatchObject({ outcome: 'pass', runs: [{ stateHash, instructions, exitCode: 42 }] });
  });
});
