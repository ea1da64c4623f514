// `tsvm replay` against a fake machine: what is run again, what is said about it, and the exit code.
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeEach, describe, expect, test } from 'vitest';
import { keepRun } from '../../../src/api/run-store.ts';
import { parseVmConfig, type VmConfigInput } from '../../../src/vmm/config.ts';
import { recordEnd, recordHeader } from '../../../src/vmm/run-record.ts';
import type { Verdict } from '../../../src/vmm/verdict.ts';
import { HANG, OK, PANIC, tsvm } from './fakes.ts';

const folder = mkdtempSync(join(tmpdir(), 'tsvm-replay-'));
afterAll(() => rmSync(folder, { recursive: true }));

let env: { TSVM_RUNS: string };
let count = 0;
beforeEach(() => {
  env = { TSVM_RUNS: join(folder, `runs-${count++}`) };
});

/** The lines of a record of `vmlinux` in /somewhere, which ended so; null: it was killed. */
function record(config: Partial<VmConfigInput> = {}, end: Verdict | null = OK): string[] {
  const header = {
    config: parseVmConfig({ kernel: 'vmlinux', engine: 'interpreter', ...config }),
    machine: 'mips-paravirt',
    kernel: '00',
    initrd: null,
    disks: [],
    cwd: '/somewhere',
  };
  return [recordHeader('live', header), ...(end === null ? [] : [recordEnd(end)])];
}

function stored(lines: readonly string[], id = OK.runId): string {
  const keeper = keepRun(env);
  for (const line of lines) keeper.line(line);
  keeper.end(id);
  return id;
}

function file(lines: readonly string[], name = 'journal.jsonl'): string {
  const path = join(folder, name);
  writeFileSync(path, `${lines.join('\n')}\n`);
  return path;
}

describe('replay', () => {
  test('runs the run with that id again, and says that it was the same', async () => {
    const lines = record({ memory: '64M', timeout: '5s', name: 'vm0', limit: '10s' });
    const { seen, exitCode, lines: said } = await tsvm(['replay', stored(lines)], {}, { env });
    expect(exitCode).toBe(0);
    expect(seen.options).toMatchObject({
      kernel: '/somewhere/vmlinux',
      memory: 64 << 20,
      machine: 'mips-paravirt',
      limit: '10s',
      replay: `${lines.join('\n')}\n`,
      input: 'stdin',
      handleSignals: true,
    });
    expect(seen.options?.timeout).toBeUndefined();
    expect(said[0]).toBe('# tsvm replay 7f3a19c2');
    expect(said[2]).toBe('# the same as the recorded run, to the bit');
    expect(said.at(-1)).toContain('# ok: guest powered off');
  });

  test('runs what a file has, which may be named by any path', async () => {
    const path = file(record(), 'my journal.jsonl');
    const { seen, lines } = await tsvm(['replay', path], {}, { env });
    expect(seen.options).toMatchObject({ kernel: '/somewhere/vmlinux' });
    expect(lines[0]).toBe(`# tsvm replay '${path}'`);
  });

  test('uses the engine of the run, or another one', async () => {
    const id = stored(record());
    expect((await tsvm(['replay', id], {}, { env })).seen.options?.engine).toBe('interpreter');
    const other = await tsvm(['replay', id, '--engine', 'lockstep', '--stat'], {}, { env });
    expect(other.seen.options).toMatchObject({ engine: 'lockstep', stat: true });
  });

  test.each<[string, Verdict, number]>([
    ['panicked', PANIC, 100],
    ['hung', HANG, 103],
  ])('has the exit code of a run that %s', async (_how, verdict, exitCode) => {
    const run = await tsvm(['replay', stored(record({}, verdict))], { verdict }, { env });
    expect(run.exitCode).toBe(exitCode);
    expect(run.stderr).toContain('the same as the recorded run');
  });

  test.each<[string, Partial<Verdict>]>([
    ['kind was power-off', { kind: 'hang' }],
    ['stateHash was 9b0e44d1', { stateHash: '00000000' }],
    ['instructions was 412885103, stateHash was 9b0e44d1', { instructions: 1, stateHash: '11111111' }],
    ['guestTimeNs was 3412000000', { guestTimeNs: 1 }],
    ['exitCode was 0', { exitCode: 12 }],
  ])('is 1 and says what differs: %s', async (what, change) => {
    const run = await tsvm(['replay', stored(record())], { verdict: { ...OK, ...change } }, { env });
    expect(run.exitCode).toBe(1);
    expect(run.stderr).toContain(`# NOT the recorded run: ${what}\n`);
  });

  test('that is interrupted is no other run', async () => {
    const verdict: Verdict = { ...OK, kind: 'interrupted', exitCode: 130, guestTimeNs: 5, instructions: 1 };
    const run = await tsvm(['replay', stored(record())], { verdict }, { env });
    expect(run.exitCode).toBe(130);
    expect(run.stderr).toContain('# interrupted before the end of the recorded run');
    expect(run.stderr).not.toContain('NOT');
  });

  test('of a run that was interrupted must be interrupted there', async () => {
    const ended: Verdict = { ...OK, kind: 'interrupted', exitCode: 130 };
    const id = stored(record({}, ended));
    expect((await tsvm(['replay', id], { verdict: ended }, { env })).stderr).toContain('the same as the recorded run');
    const other = await tsvm(['replay', id], { verdict: { ...ended, stateHash: '00000000' } }, { env });
    expect(other.exitCode).toBe(1);
  });

  test('of a killed run says so', async () => {
    const path = file(record({}, null));
    const run = await tsvm(['replay', path], {}, { env });
    expect(run.exitCode).toBe(0);
    expect(run.stderr).toContain(`${path}: the record has no end (tsvm was killed); no input comes after it`);
    expect(run.stderr).not.toContain('recorded run');
  });

  test('leaves the record as it is', async () => {
    const lines = record();
    const id = stored(lines);
    const other = { ...OK, stateHash: '00000000' };
    await tsvm(['replay', id], { verdict: other }, { env });
    expect(readFileSync(join(env.TSVM_RUNS, `${id}.jsonl`), 'utf8')).toBe(`${lines.join('\n')}\n`);
  });

  test('writes to no disk, and says which overlay it leaves out', async () => {
    const lines = record({ disks: ['a.img', 'b.img:cow=kept'] });
    const header = JSON.parse(lines[0]!) as { run: { disks: unknown[] } };
    header.run.disks = [1, 2].map((size) => ({ size, mtimeMs: 0 }));
    const { seen, stderr } = await tsvm(['replay', stored([JSON.stringify(header), lines[1]!])], {}, { env });
    expect(seen.options?.disks).toEqual(['/somewhere/a.img:cow', '/somewhere/b.img:cow']);
    expect(stderr).toContain('b.img: the overlay kept is left out');
  });

  test('puts its events where --json says, but not over the record or the kernel', async () => {
    const path = file(record({ kernel: file(['kernel'], 'kernel') }), 'own.jsonl');
    const before = readFileSync(path, 'utf8');
    for (const [target, role] of [
      [path, '--replay'],
      [join(folder, 'kernel'), 'the kernel'],
    ] as const) {
      const refused = await tsvm(['replay', path, '--json', target], {}, { env });
      expect(refused.exitCode).toBe(2);
      expect(refused.stderr).toContain(`that is ${role} too, and would be overwritten`);
    }
    expect(readFileSync(path, 'utf8')).toBe(before);
    const events = join(folder, 'events');
    await tsvm(['replay', path, '--json', events], {}, { env });
    const kinds = readFileSync(events, 'utf8')
      .trimEnd()
      .split('\n')
      .map((line) => JSON.parse(line).event as string);
    expect(kinds).toEqual(['start', 'inferred', 'verdict']);
    await tsvm(['replay', path, '--json', events], { failStart: new Error('broken') }, { env });
    expect(readFileSync(events, 'utf8')).toContain('"event":"error"');
  });
});

describe('replay fails', () => {
  test.each<[string, string[], number, string]>([
    ['without a run', [], 2, "missing required argument 'run'"],
    ['for an id that is not kept', ['00000000'], 127, '00000000: no such run, and no such journal'],
    ['for a file that is not there', ['none.jsonl'], 127, 'none.jsonl: no such run, and no such journal'],
    ['for what is no journal', ['package.json'], 2, 'package.json: not a journal of tsvm (line 1'],
    ['with an option of run', ['00000000', '--seed', '2'], 2, 'unknown option --seed'],
    ['with --json -', ['package.json', '--json', '-'], 2, 'package.json: not a journal'],
  ])('%s', async (_why, args, exitCode, what) => {
    const run = await tsvm(['replay', ...args], {}, { env });
    expect(run.exitCode).toBe(exitCode);
    expect(run.stderr).toContain(what);
    expect(run.seen.options).toBeNull();
  });

  test('where nothing is kept, and says why', async () => {
    const run = await tsvm(['replay', '7f3a19c2'], {}, { env: { TSVM_RUNS: '' } });
    expect(run.exitCode).toBe(127);
    expect(run.stderr).toContain('TSVM_RUNS is empty, so no runs are kept');
  });

  test('for a damaged record, by its line', async () => {
    const path = file([...record(), 'x', '{}'], 'damaged.jsonl');
    const run = await tsvm(['replay', path], {}, { env });
    expect(run.exitCode).toBe(2);
    expect(run.stderr).toContain(`${path}: a damaged journal (line 3 is not JSON)`);
  });
});

describe('run', () => {
  test('keeps its record under the id that the verdict shows', async () => {
    await tsvm(['run', 'vmlinux'], {}, { env });
    expect(readFileSync(join(env.TSVM_RUNS, '7f3a19c2.jsonl'), 'utf8')).toBe('{"journal":1}\n');
  });

  test('keeps nothing where TSVM_RUNS is empty, and does not mind where nothing can be kept', async () => {
    expect((await tsvm(['run', 'x'], {}, { env: { TSVM_RUNS: '' } })).exitCode).toBe(0);
    expect(existsSync('7f3a19c2.jsonl')).toBe(false);
    const run = await tsvm(['run', 'x'], {}, { env: { TSVM_RUNS: '/dev/null/runs' } });
    expect(run).toMatchObject({ exitCode: 0, lines: expect.toSatisfy((lines: string[]) => lines.length === 3) });
  });
});
