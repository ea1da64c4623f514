// The tiny guests of guests/verdicts, one for each way to end: exact verdict and exit code of each, by the library and some by the command line.
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type KernelFault, scriptVm, startVm, type Verdict } from '../../src/api/index.ts';
import { makeExpect } from '../../src/regress/expect.ts';
import { KtapParser } from '../../src/regress/ktap.ts';
import { buildPackage, runPiped } from './cli-support.ts';
import { programsThere, startOptions, type VerdictRun, verdictRuns } from './verdicts-list.ts';

const runs = verdictRuns();
const named = (some: readonly VerdictRun[]): [string, VerdictRun][] => some.map((run) => [run.name, run]);
const runOf = (guest: string): VerdictRun => runs.find((run) => run.guest === guest)!;

interface Ran {
  readonly verdict: Verdict;
  /** Nanoseconds. */
  readonly limit: number | null;
  readonly console: string;
  readonly logs: readonly string[];
}

async function run(of: VerdictRun, engine = 'regions'): Promise<Ran> {
  const logs: string[] = [];
  let console = '';
  const vm = await startVm({
    ...startOptions(of),
    engine,
    onConsole: (bytes) => {
      console += Buffer.from(bytes).toString('latin1');
    },
    log: { log: (_level, message) => logs.push(message) },
  });
  return { verdict: await vm.wait(), limit: vm.config.limit, console, logs };
}

function factsOf({ kind, cpu, backtrace, likely }: KernelFault, traced: boolean) {
  return { kind, cpu, trace: traced ? backtrace.map(({ name }) => name).join(' <- ') : null, likely };
}

/** The first line of what is wrong with the KTAP on a console. */
function ktapComplaint(console: string): string {
  const parser = new KtapParser();
  for (const line of console.split('\n')) parser.line(line);
  try {
    makeExpect(
      () => [],
      () => parser.end(),
    ).ktapOk();
    return 'ok';
  } catch (error) {
    return (error as Error).message.split('\n')[0]!;
  }
}

describe('expected.json', () => {
  it('names every program that is there, and no other', () => {
    expect([...new Set(runs.map(({ guest }) => guest))].sort()).toEqual(programsThere().sort());
  });
});

describe('the verdict', () => {
  it.each(named(runs))('of %s', async (_name, expected) => {
    const { verdict, limit, console, logs } = await run(expected);
    const { kind, exitCode, summary } = verdict;
    expect({ kind, exitCode, summary }).toEqual({
      kind: expected.kind,
      exitCode: expected.exit,
      summary: expected.summary,
    });
    const { faults = [], prints = [], never = [] } = expected;
    expect(verdict.faults.map((fault, i) => factsOf(fault, faults[i]?.trace !== null))).toEqual(faults);
    if (expected.loops !== undefined)
      expect(verdict.progress?.cpus.map(({ loops, places }) => (loops ? places : null))).toEqual(expected.loops);
    if (expected.details) expect(verdict.details).toEqual(expected.details);
    // A branch and its slot are one step.
    if (kind === 'guest-time-limit') expect(verdict.guestTimeNs - limit!).oneOf([0, 10]);
    if (expected.guestTimeNs !== undefined) expect(verdict.guestTimeNs).toBe(expected.guestTimeNs);
    for (const text of prints) expect(console).toContain(text);
    for (const text of never) expect(console).not.toContain(text);
    if (expected.ktap !== undefined) expect(ktapComplaint(console)).toBe(expected.ktap);
    expect(logs).toEqual(expected.logs ?? []);
  });

  // A wall-clock limit ends a run where the host happens to be.
  const repeatable = runs.filter(({ words, kernel }) => !words.includes('--timeout') && kernel.endsWith('-el.elf'));
  it.each(named(repeatable))('of %s is the same on the interpreter, at the same instruction', async (_name, of) => {
    const [compiled, interpreted] = await Promise.all([run(of), run(of, 'interpreter')]);
    const { kind, exitCode, instructions, guestTimeNs, stateHash, runId } = compiled.verdict;
    expect(interpreted.verdict).toMatchObject({ kind, exitCode, instructions, guestTimeNs, stateHash, runId });
    expect(interpreted.console).toBe(compiled.console);
  });
});

describe('a proven hang', () => {
  const hangs = runs.filter(({ kind, prints }) => kind === 'hang' && prints?.includes('at the end\n'));
  it.each(named(hangs))('of %s comes at once', async (_name, of) => {
    // In guest time; scripts/check-verdicts.ts measures the host's.
    const m = await scriptVm(startOptions(of));
    await m.waitFor('at the end\n');
    const reached = m.vm.clock.guestTimeNs;
    const verdict = await m.end();
    expect(verdict.kind).toBe('hang');
    // What is left of the hypercall and of main, and of a quantum of other vCPUs.
    expect(verdict.guestTimeNs - reached).toBeLessThan(1e6);
  });

  it.each(['hang-masked', 'hang-self-branch'])(
    'of %s needs no end of the input: nothing can be heard',
    async (guest) => {
      const vm = await startVm({ ...startOptions(runOf(guest)), input: 'api' });
      expect(await vm.wait()).toMatchObject({ kind: 'hang', exitCode: 103 });
    },
  );

  it('is one only once no input can come any more', async () => {
    const m = await scriptVm(startOptions(runOf('input-waits')));
    await expect(m.waitFor('never')).rejects.toMatchObject({ why: 'waiting' });
    m.send('abc');
    await expect(m.waitFor('never')).rejects.toMatchObject({ why: 'waiting' });
    expect(await m.end()).toMatchObject({ kind: 'hang', exitCode: 103 });
  });

  it('is none when what is waited for comes', async () => {
    const m = await scriptVm(startOptions(runOf('input-waits')));
    await m.waitFor('type\n');
    m.send('abcq');
    expect(await m.end()).toMatchObject({ kind: 'guest-exit', exitCode: 42 });
  });
});

describe('a guest that is stopped', () => {
  it('was interrupted, whatever it did', async () => {
    const m = await scriptVm(startOptions(runOf('spin-three')));
    await m.runFor('1ms');
    expect(await m.stop()).toMatchObject({ kind: 'interrupted', exitCode: 130, summary: 'stopped by the script' });
  });
});

describe('a marker with kernel lines in it', () => {
  const spliced = runs.filter(({ program }) => program !== undefined);
  it.each(named(spliced))('%s is one text of a program', async (_name, of) => {
    const m = await scriptVm(startOptions(of));
    if (of.program !== '') expect(await m.waitFor(/^TSVM-MARKER$/m)).toMatchObject({ in: 'program' });
    expect(await m.end()).toMatchObject({ exitCode: of.exit });
    expect(m.console.program).toBe(of.program);
    expect(m.console.kernel).toMatch(/^(\[ +\d+\.\d{6}\](\[ +T1\])? [^\n]*\n)+$/);
  });
});

describe('the command line', () => {
  let built = '';
  beforeAll(() => {
    built = buildPackage();
  }, 60_000);
  afterAll(() => {
    if (built !== '') rmSync(built, { recursive: true, force: true });
  });

  const some = runs.filter(({ cli, kernel }) => cli && kernel.endsWith('-el.elf'));
  it.concurrent.each(named(some))(
    'ends %s with its exit code',
    async (_name, { kernel, words, exit, summary, prints = [] }) => {
      const done = await runPiped(built, ['run', kernel, ...words]);
      expect(done.exitCode, done.stderr).toBe(exit);
      expect(done.stderr).toContain(summary);
      for (const text of prints) expect(done.stdout).toContain(text);
      if (exit !== 0) expect(done.said.at(-1)).toBe(`# exit ${exit}`);
    },
  );

  it('proves a hang while a pipe is open that nobody could hear', async () => {
    const { kernel, exit } = runOf('hang-masked');
    expect(await runPiped(built, ['run', kernel], { input: null })).toMatchObject({ exitCode: exit });
  });

  it('tests: a guest that ends well with a truncated plan has failed', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'tsvm-verdicts-'));
    const tests = ['ktap-ok', 'ktap-truncated'].map(
      (guest) =>
        `test('${guest}', { kernel: ${JSON.stringify(runOf(guest).kernel)} }, async (m) => {
           m.expect((await m.end()).exitCode).toBe(0);
           m.expect.ktapOk();
         });`,
    );
    writeFileSync(join(folder, 'plan.test.mjs'), `import { test } from 'tsvm/test';\n${tests.join('\n')}`);
    const done = await runPiped(built, ['test', folder]);
    rmSync(folder, { recursive: true });
    expect(done.exitCode, done.stdout).toBe(1);
    expect(done.stdout).toContain('1 failed, 1 passed');
    expect(done.stdout).toContain('KTAP: 0 failed, 3 passed, 2 missing of 5');
  });
});
