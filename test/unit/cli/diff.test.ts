// `tsvm diff`: what is found (by a fake) as a person reads it, and the exit code.
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, test } from 'vitest';
import type { RunPlace, RunsDifference } from '../../../src/api/index.ts';
import { COMMANDS } from '../../../src/cli/commands/index.ts';
import { commandLine } from '../../../src/cli/main.ts';
import { parseVmConfig, type VmConfigInput } from '../../../src/vmm/config.ts';
import type { JournalEntry } from '../../../src/vmm/journal.ts';
import { journalLine } from '../../../src/vmm/journal-text.ts';
import { recordEnd, recordHeader, recordPulled } from '../../../src/vmm/run-record.ts';
import { fakeApi, HANG, OK, surroundings } from './fakes.ts';

const folder = mkdtempSync(join(tmpdir(), 'tsvm-diff-'));
afterAll(() => rmSync(folder, { recursive: true }));

interface Given {
  readonly config?: Partial<VmConfigInput>;
  readonly kernel?: string;
  readonly entries?: readonly JournalEntry[];
  readonly pulled?: string;
  readonly end?: typeof OK;
}

function record(name: string, { config, kernel = '00', entries = [], pulled = '', end = OK }: Given = {}): string {
  const path = join(folder, name);
  const header = {
    config: parseVmConfig({ kernel: 'vmlinux', ...config }),
    machine: 'mips-paravirt',
    kernel,
    initrd: null,
    disks: (config?.disks ?? []).map(() => ({ size: 5, mtimeMs: 5 })),
    cwd: folder,
  };
  const bytes = recordPulled(new TextEncoder().encode(pulled));
  writeFileSync(
    path,
    [recordHeader('live', header), ...entries.map(journalLine), bytes, recordEnd(end), ''].join('\n'),
  );
  return path;
}

const typed = (at: number, text: string): JournalEntry => ({
  instructions: at,
  at: at * 10,
  event: { type: 'console', bytes: new TextEncoder().encode(text) },
});

/** Compare two records, of which this is found. */
async function diff(a: string, b: string, found: RunsDifference) {
  const { api } = fakeApi({ verdict: OK });
  const around = surroundings({ ...api, diffRuns: async () => found });
  const exitCode = await commandLine(['diff', a, b], around.cli, COMMANDS);
  return { exitCode, stdout: around.stdout.text, stderr: around.stderr.text };
}

const place = (pc: number, changes: Partial<RunPlace> = {}): RunPlace => ({
  guestTimeNs: 984_050,
  vcpus: [{ cpu: 0, pc, symbol: 'copy+0x8' }],
  verdict: null,
  ...changes,
});

const SAME: RunsDifference = { kind: 'none', verdict: OK };
const INSTRUCTION: RunsDifference = {
  kind: 'instruction',
  instructions: 98_405,
  before: place(0x40101868),
  a: place(0x4010186c),
  b: place(0x4010186c, { vcpus: [{ cpu: 0, pc: 0x4010186c, symbol: null }] }),
  registers: [{ cpu: 0, name: 'a1', a: 0x6f, b: 0x70 }],
  code: ['0x40101868  90850000  lbu $a1, 0($a0)'],
};

describe('diff', () => {
  test('of runs that are the same is 0', async () => {
    const run = await diff(record('a'), record('b'), SAME);
    expect(run).toEqual({ exitCode: 0, stderr: '', stdout: 'the same: 3.412s @ 412,885,103, state 9b0e44d1\n' });
  });

  test('shows the step, the instruction, and the registers on both sides', async () => {
    const [a, b] = [record('a'), record('b')];
    const { exitCode, stdout } = await diff(a, b, INSTRUCTION);
    expect(exitCode).toBe(1);
    expect(stdout.trimEnd().split('\n')).toEqual([
      'the same up to 0.000984s @ 98,405; the next step differs',
      '  both before it: cpu0 at 0x40101868 copy+0x8, 0.000984s',
      '    0x40101868  90850000  lbu $a1, 0($a0)',
      `  ${a} after it: cpu0 at 0x4010186c copy+0x8, 0.000984s`,
      `  ${b} after it: cpu0 at 0x4010186c, 0.000984s`,
      `  registers in ${a} and in ${b}:`,
      '  cpu0 a1        0x0000006f  0x00000070',
    ]);
  });

  test('shows how the run that ended ended, and not more registers than one reads', async () => {
    const registers = Array.from({ length: 20 }, (_, n) => ({ cpu: 0, name: `r${n}`, a: 1, b: 2 }));
    const b = place(0, { verdict: HANG });
    const { stdout } = await diff(record('a'), record('b'), { ...INSTRUCTION, b, registers });
    expect(stdout).toContain('after it: ended, all 2 cpus in WAIT');
    expect(stdout).toContain('(hang, exit 103)');
    expect(stdout).toMatch(/r15 .*\n {2}4 more\n$/);
  });

  test('of runs that differ in memory alone is 1, with both ends', async () => {
    const other = { ...OK, stateHash: '11111111' };
    const run = await diff(record('a'), record('b', { end: other }), { kind: 'state', a: OK, b: other });
    expect(run).toMatchObject({ exitCode: 1, stderr: '' });
    expect(run.stdout).toMatch(/memory or devices differ.*\n.*state 9b0e44d1.*\n.*state 11111111/);
  });

  test('says what was given differently', async () => {
    const b = record('b', { config: { seed: 2, params: 'quiet' }, kernel: '01' });
    const { stdout } = await diff(record('a'), b, INSTRUCTION);
    expect(stdout).toMatch(/^given differently: kernel, params, seed\n/);
  });

  test.each<[string, Given, Given, string]>([
    ['other bytes', { entries: [typed(5, 'a')] }, { entries: [typed(5, 'b')] }, '0.000000s @ 5'],
    ['the same later', { entries: [typed(500, 'a')] }, { entries: [typed(90, 'a')] }, '0.000001s @ 90'],
    ['one more', { entries: [typed(5, 'a')] }, { entries: [typed(5, 'a'), typed(700, 'c')] }, '0.000007s @ 700'],
    ['one less', { entries: [typed(5, 'a'), typed(700, 'c')] }, { entries: [typed(5, 'a')] }, '0.000007s @ 700'],
  ])('says where the input differs: %s', async (_what, a, b, where) => {
    const { stdout } = await diff(record('a', a), record('b', b), INSTRUCTION);
    expect(stdout).toMatch(/^other input from /);
    expect(stdout.split('\n')[0]).toBe(`other input from ${where} on`);
  });

  test('says that another file was typed', async () => {
    const { stdout } = await diff(record('a', { pulled: 'x' }), record('b', { pulled: 'y' }), INSTRUCTION);
    expect(stdout).toMatch(/^other input from a file\n/);
  });

  test('warns when the runs do not come to what was recorded, and of disks that have changed', async () => {
    const a = record('a', { end: { ...OK, stateHash: '22222222' }, config: { disks: ['gone.img', 'x.img:cow=over'] } });
    const { stderr, exitCode } = await diff(a, record('b'), SAME);
    expect(exitCode).toBe(0);
    expect(stderr).toContain(`${a}: gone.img: the disk has changed since the run was recorded`);
    expect(stderr).toContain(`${a}: x.img: the overlay over is left out`);
    expect(stderr).toContain(`${a}: it was recorded to end in state 22222222, and does not any more`);
    expect(stderr.match(/it was recorded/g)).toHaveLength(1);
  });

  test('does not let a name steer the terminal', async () => {
    const a = record('\x1b[31m');
    const { stdout } = await diff(a, record('b'), INSTRUCTION);
    expect(stdout).toContain('\\x1b[31m');
    expect(stdout).not.toContain('\x1b');
  });
});

describe('diff fails', () => {
  test.each<[string[], number, string]>([
    [[], 2, "missing required argument 'a'"],
    [['00000000'], 2, "missing required argument 'b'"],
    [['00000000', '11111111'], 127, '00000000: no such run'],
    [['package.json', 'package.json'], 2, 'package.json: not a journal of tsvm'],
  ])('for %j', async (args, exitCode, what) => {
    const { api } = fakeApi({ verdict: OK });
    const around = surroundings(api);
    expect(await commandLine(['diff', ...args], around.cli, COMMANDS)).toBe(exitCode);
    expect(around.stderr.text).toContain(what);
    expect(around.stdout.text).toBe('');
  });
});
