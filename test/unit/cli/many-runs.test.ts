// `--repeat` and ranges of seeds against a fake machine: what each run is given, what they come to together, and the exit code.
import { mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, test } from 'vitest';
import type { StartVmOptions, Verdict } from '../../../src/api/index.ts';
import type { Cli } from '../../../src/cli/command.ts';
import type { JsonEvent } from '../../../src/cli/events.ts';
import { manyRuns } from '../../../src/cli/many-runs.ts';
import { type ParsedOptions, runRequest } from '../../../src/cli/options.ts';
import { BrokenSink, fakeApi, HANG, OK, PANIC, surroundings } from './fakes.ts';

const folder = mkdtempSync(join(tmpdir(), 'tsvm-many-'));
afterAll(() => rmSync(folder, { recursive: true }));

/** Run `vmlinux` so; the nth run ends as `ends` says, the last of them all that follow. */
async function many(
  options: ParsedOptions,
  ends: readonly Verdict[] = [OK],
  { changes = {}, input = 'none' }: { changes?: Partial<Cli>; input?: Uint8Array | 'none' } = {},
) {
  const given: StartVmOptions[] = [];
  const events: JsonEvent[] = [];
  const guest = { verdict: OK, life: (options: StartVmOptions) => life(options) };
  const life = async (options: StartVmOptions): Promise<Verdict> => {
    given.push(options);
    const text = new TextEncoder().encode(`console of run ${given.length}\n`);
    await options.onConsole?.(text);
    return ends[given.length - 1] ?? ends.at(-1)!;
  };
  const around = surroundings(fakeApi(guest).api, changes);
  const cli: Cli = { ...around.cli, help: () => '' };
  const sink = { emit: (event: JsonEvent) => void events.push(event), close() {} };
  const exitCode = await manyRuns(cli, runRequest('vmlinux', options), sink, async () => input);
  return { exitCode, given, events, stdout: around.stdout.text, lines: around.stderr.lines };
}

const SECOND: Verdict = { ...OK, stateHash: '11111111' };
const STOPPED: Verdict = { ...OK, kind: 'interrupted', exitCode: 130, summary: 'SIGINT', instructions: 5 };
const LATE: Verdict = { ...OK, kind: 'wall-time-limit', exitCode: 105, summary: 'too late', instructions: 6 };

describe('--repeat', () => {
  test('runs it so often with the same input, and shows the console once', async () => {
    const input = Uint8Array.of(104, 105);
    const { exitCode, given, stdout, lines } = await many({ repeat: '3' }, [OK], { input });
    expect(exitCode).toBe(0);
    expect(given.map((options) => options.input)).toEqual([input, input, input]);
    expect(stdout).toBe('console of run 1\n');
    expect(lines[0]).toBe('# tsvm run --repeat 3 --machine mips-paravirt --mem 128M --cpus 1 --seed 1 vmlinux');
    expect(lines.slice(1, 4).map((line) => line.split(':')[0])).toEqual([
      '# run 1 of 3',
      '# run 2 of 3',
      '# run 3 of 3',
    ]);
    expect(lines.at(-1)).toBe('# ok: 3 runs, one state hash');
  });

  test('names the file that input came from as a shell reads it', async () => {
    const { lines } = await many({ repeat: '2' }, [OK], { changes: { stdinFile: "/tmp/it's here" } });
    expect(lines[0]).toMatch(/ vmlinux < '\/tmp\/it'\\''s here'$/);
  });

  test.each<[string, Verdict]>([
    ['another state', SECOND],
    ['another count', { ...OK, instructions: 1 }],
    ['another end', { ...OK, exitCode: 12 }],
  ])('is 1 when one comes to %s', async (_what, other) => {
    const { exitCode, lines } = await many({ repeat: '3' }, [OK, other, OK]);
    expect(exitCode).toBe(1);
    expect(lines.at(-2)).toBe('# NOT DETERMINISTIC: run 2 of 3 came to something else than the first');
    expect(lines.at(-1)).toBe('# exit 1');
  });

  test('has the exit code of a guest that ends badly, which is told once', async () => {
    const { exitCode, lines } = await many({ repeat: '2' }, [HANG]);
    expect(exitCode).toBe(103);
    expect(lines.filter((line) => line.startsWith('# HANG, proven'))).toHaveLength(1);
    expect(lines.slice(-2)).toEqual(['# 2 runs, one state hash', '# exit 103']);
  });

  test('ends when it is interrupted, which is no other result', async () => {
    const { exitCode, given, lines } = await many({ repeat: '9' }, [OK, OK, STOPPED]);
    expect(given).toHaveLength(3);
    expect(exitCode).toBe(130);
    expect(lines.at(-2)).toBe('# 2 runs, one state hash; 1 of 3 runs ended from outside');
  });

  test('does not take the wall-clock limit for another result', async () => {
    const { exitCode, lines } = await many({ repeat: '2', timeout: '1s' }, [LATE, { ...LATE, stateHash: '5' }]);
    expect(exitCode).toBe(105);
    expect(lines.slice(-2)).toEqual(['# 2 of 2 runs ended from outside', '# exit 105']);
  });

  test('ends when the reader of the console leaves', async () => {
    const { given } = await many({ repeat: '9' }, [OK], { changes: { stdout: new BrokenSink('EPIPE') } });
    expect(given.length).toBeLessThan(3);
  });

  test('keeps a record of each, under the id of its run', async () => {
    const env = { TSVM_RUNS: join(folder, 'runs') };
    await many({ seed: '1..2' }, [OK, { ...OK, runId: '00000002' }], { changes: { env } });
    expect(readdirSync(env.TSVM_RUNS)).toEqual(['00000002.jsonl', '7f3a19c2.jsonl']);
  });
});

describe('a range of seeds', () => {
  test('runs it with each', async () => {
    const { exitCode, given, lines, events } = await many({ seed: '4..6' });
    expect(exitCode).toBe(0);
    expect(given.map(({ seed }) => seed)).toEqual([4, 5, 6]);
    expect(lines[0]).toBe('# tsvm run --machine mips-paravirt --mem 128M --cpus 1 --seed 4..6 vmlinux');
    expect(lines[1]).toMatch(
      /^# seed 4: ok: guest powered off {3}3\.412s @ 412,885,103 .* run 7f3a19c2 state 9b0e44d1$/,
    );
    expect(lines.at(-1)).toBe('# ok: 3 runs, 3 seeds');
    expect(events).toMatchObject([
      { event: 'verdict', seed: 4, round: 1, stateHash: '9b0e44d1' },
      { event: 'verdict', seed: 5, round: 1 },
      { event: 'verdict', seed: 6, round: 1 },
    ]);
  });

  test('with --repeat: each seed has a result of its own', async () => {
    const { exitCode, given, lines, events } = await many({ seed: '1..2', repeat: '2' }, [OK, OK, SECOND, SECOND]);
    expect(exitCode).toBe(0);
    expect(given.map(({ seed }) => seed)).toEqual([1, 1, 2, 2]);
    expect(lines.at(-1)).toBe('# ok: 4 runs, 2 seeds, one state hash each');
    expect(events.map(({ round }) => round)).toEqual([1, 2, 1, 2]);
    const other = await many({ seed: '1..2', repeat: '2' }, [OK, OK, SECOND, OK]);
    expect(other.exitCode).toBe(1);
    expect(other.lines.at(-2)).toContain('NOT DETERMINISTIC: seed 2, run 2 of 2');
  });

  test('is the exit code of the first that ends badly, of which more is told', async () => {
    const { exitCode, lines } = await many({ seed: '1..4' }, [OK, PANIC, HANG, OK]);
    expect(exitCode).toBe(100);
    expect(lines.join('\n')).toContain('# PANIC at 1.204s');
    expect(lines.join('\n')).not.toContain('# HANG, proven');
    expect(lines.slice(-2)).toEqual(['# 4 runs, 4 seeds; 2 ended badly, first seed 2', '# exit 100']);
  });
});

describe('several runs refuse', () => {
  test.each<[string, ParsedOptions, string]>([
    ['to write one journal', { repeat: '2', journal: 'j' }, '--journal and --replay: these are for one run'],
    ['to replay', { seed: '1..2', replay: 'j' }, '--journal and --replay: these are for one run'],
    ['a disk that each would change', { repeat: '2', disk: ['a.img:cow', 'b.img'] }, '--disk b.img: it is written to'],
    ['an overlay that is kept', { seed: '1..2', disk: ['a.img:cow=o'] }, '--disk a.img:cow=o: it is written to'],
  ])('%s', async (_what, options, message) => {
    await expect(many(options)).rejects.toMatchObject({ code: 'usage', message });
  });

  test('nothing that begins the same each time', async () => {
    expect((await many({ repeat: '2', disk: ['a.img:cow', 'b.img:ro'] })).exitCode).toBe(0);
  });

  test.each<[ParsedOptions, string]>([
    [{ repeat: '0' }, '--repeat 0: must be a whole number from 1 to 10000'],
    [{ repeat: '1e3' }, '--repeat 1e3: must be'],
    [{ seed: '3..1' }, '--seed 3..1: not a range of seeds'],
    [{ seed: '1..99999' }, '--seed 1..99999: not a range of seeds'],
    [{ seed: '1..4294967296' }, 'not a range of seeds'],
  ])('%j', (options, message) => {
    expect(() => runRequest('vmlinux', options)).toThrow(message);
  });
});
