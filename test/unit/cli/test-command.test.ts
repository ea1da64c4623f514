// What `tsvm test` refuses before it runs anything. What it does else is test/boot/suite.test.ts, for it needs the built package.
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, test } from 'vitest';
import { tsvm } from './fakes.ts';

const folder = mkdtempSync(join(tmpdir(), 'tsvm-test-command-'));
afterAll(() => rmSync(folder, { recursive: true }));

describe('test refuses', () => {
  test.each<[string[], string]>([
    [['-j', '0'], '--jobs 0: must be a whole number from 1 to 256'],
    [['-j', '257'], '--jobs 257: must be'],
    [['-j', '1.5'], '--jobs 1.5: must be'],
    [['--shard', '0/2'], '--shard 0/2: not a shard'],
    [['--shard', '3/2'], '--shard 3/2: not a shard'],
    [['--shard', '1'], '--shard 1: not a shard'],
    [['--seed', '2..1'], '--seed 2..1: not a range of seeds'],
    [['--seed', 'x'], '--seed x: not a range of seeds'],
    [['--repeat', '0'], '--repeat 0: must be a whole number from 1 to 10000'],
    [['--repeat', '-1'], '--repeat -1: must be'],
    [['--timeout', 'soon'], '--timeout soon: not a duration'],
    [['--timeout', '0'], '--timeout 0: too short'],
    [['--report', 'nice'], '--report nice: there is no such report'],
    [['--report', 'junit='], '--report junit=: the file name is missing'],
    [['-t', '('], '-t (: Invalid regular expression'],
  ])('%j', async (args, message) => {
    const run = await tsvm(['test', folder, ...args]);
    expect(run.exitCode).toBe(2);
    expect(run.stderr).toContain(`tsvm: ${message}`);
    expect(run.stdout).toBe('');
  });

  test('to run without a path, or one that is not there', async () => {
    expect(await tsvm(['test'])).toMatchObject({ exitCode: 2, stderr: expect.stringContaining("argument 'paths'") });
    expect(await tsvm(['test', '/nowhere'])).toMatchObject({
      exitCode: 127,
      stderr: expect.stringContaining('/nowhere: no such file (tests)'),
    });
  });
});

test('a folder without tests is no success', async () => {
  const run = await tsvm(['test', folder]);
  expect(run.exitCode).toBe(2);
  expect(run.stdout).toContain('no test');
});
