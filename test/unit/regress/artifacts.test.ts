// What is left of a test on disk: in a folder of its own whatever it is called, complete, and of the last run only.
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, dirname, join, relative, resolve } from 'node:path';
import { afterAll, beforeEach, describe, expect, it } from 'vitest';
import { recordedRun } from '../../../src/api/record.ts';
import { artifactFolder } from '../../../src/regress/artifacts.ts';
import type { TestVm } from '../../../src/regress/define.ts';
import type { TestResult } from '../../../src/regress/results.ts';
import { runTest } from '../../../src/regress/run-test.ts';
import { guestFile, runAgain } from '../../support/vmm/records.ts';

const scratch = mkdtempSync(join(tmpdir(), 'tsvm-artifacts-'));
afterAll(() => rmSync(scratch, { recursive: true }));

let root = '';
let count = 0;
beforeEach(() => {
  root = join(scratch, `results ${count++}`);
});

type Body = (m: TestVm) => unknown;

const hello: Body = async (m) => {
  m.send('hello\n');
  await m.waitFor('hello');
};
const fails: Body = async (m) => {
  await hello(m);
  throw new Error('not so');
};

function run(
  body: Body,
  { name = 'says hello', repeat = 1, artifacts = root as string | null, kernel = 'echo-te-el' } = {},
) {
  const policy = { path: '/t/a.test.ts', file: 't/a.test.ts', repeat, artifacts, onWait: () => {} };
  const options = { kernel: kernel.startsWith('/') ? kernel : guestFile(kernel), memory: '16M' };
  return runTest(policy, { name, options, body, skipped: null }, null);
}

const files = ({ artifacts }: TestResult): string[] => readdirSync(artifacts!).sort();

describe('artifacts', () => {
  it('of a test that passes: console, verdict, command and journal', async () => {
    const result = await run(hello);
    expect(result).toMatchObject({ outcome: 'pass', failure: null });
    expect(files(result)).toEqual(['command.txt', 'console.txt', 'journal.jsonl', 'result.json']);
    const read = (name: string): string => readFileSync(join(result.artifacts!, name), 'utf8');
    expect(read('console.txt')).toContain('hello');
    const told = JSON.parse(read('result.json')) as TestResult;
    expect(told).toMatchObject({ name: 'says hello', outcome: 'pass', runs: [{ kind: 'interrupted' }] });
    const [boot, replay] = read('command.txt').split('\n');
    expect(boot).toBe(result.runs[0]!.command);
    expect(replay).toBe(`tsvm replay '${join(result.artifacts!, 'journal.jsonl')}'`); // the folder has a blank in it
    const again = await runAgain(recordedRun(read('journal.jsonl')).options);
    expect(again.stateHash).toBe(result.runs[0]!.stateHash);
    expect(told.runs[0]!.stateHash).toBe(again.stateHash);
  });

  it('of one that fails: its last instructions, too', async () => {
    const result = await run(fails);
    expect(result.outcome).toBe('fail');
    expect(files(result)).toEqual(['command.txt', 'console.txt', 'journal.jsonl', 'result.json', 'trace.txt']);
    expect(readFileSync(join(result.artifacts!, 'trace.txt'), 'utf8')).toMatch(/^@\d+ {2}cpu0 {2}0x4/);
  });

  it('of equal repetitions: one of them', async () => {
    const result = await run(hello, { repeat: 3 });
    expect(result.runs).toHaveLength(3);
    expect(files(result)).toEqual(['command.txt', 'console.txt', 'journal.jsonl', 'result.json']);
  });

  it('of repetitions that differ: the first and the other', async () => {
    let n = 0;
    const result = await run(
      async (m) => {
        m.send(n++ < 2 ? 'one\n' : 'two\n');
        await m.waitFor('\n');
      },
      { repeat: 9 },
    );
    expect(result.failure?.message).toMatch(/^run 3 came to something else than run 1/);
    expect(files(result)).toEqual(
      ['1-', '2-']
        .flatMap((run) => ['command.txt', 'console.txt', 'journal.jsonl', 'trace.txt'].map((name) => run + name))
        .concat('result.json'),
    );
    const typed = ['1', '2'].map((which) => {
      const { journal } = recordedRun(readFileSync(join(result.artifacts!, `${which}-journal.jsonl`), 'utf8'));
      const event = journal.entries[0]!.event;
      return 'bytes' in event ? Buffer.from(event.bytes).toString() : event.type;
    });
    expect(typed).toEqual(['one\n', 'two\n']);
  });

  it('of one whose VM could not start: the result', async () => {
    expect(files(await run(hello, { kernel: '/nowhere/vmlinux' }))).toEqual(['result.json']);
  });

  it('of one that still runs: the journal so far, which can be replayed', async () => {
    const result = await run(async (m) => {
      await hello(m);
      const folder = artifactFolder(root, 't/a.test.ts', 'says hello');
      expect(readdirSync(folder)).toEqual(['unfinished.jsonl']);
      const { journal, end } = recordedRun(readFileSync(join(folder, 'unfinished.jsonl'), 'utf8'));
      expect(journal.entries).toHaveLength(1);
      expect(end).toBeNull();
    });
    expect(result).toMatchObject({ outcome: 'pass', failure: null });
    expect(files(result)).not.toContain('unfinished.jsonl');
  });

  it('of an earlier run are gone, and what is not of tsvm stays', async () => {
    const first = await run(fails, { repeat: 2 });
    writeFileSync(join(first.artifacts!, 'notes.txt'), 'mine');
    expect(files(await run(hello))).toEqual([
      'command.txt',
      'console.txt',
      'journal.jsonl',
      'notes.txt',
      'result.json',
    ]);
  });

  it('are not there when nobody asked', async () => {
    expect(await run(hello, { artifacts: null })).toMatchObject({ artifacts: null, outcome: 'pass' });
    expect(existsSync(root)).toBe(false);
  });
});

describe('artifacts that cannot be written', () => {
  it('make a test fail that would pass', async () => {
    writeFileSync(root, 'a file');
    const result = await run(hello);
    expect(result.outcome).toBe('fail');
    expect(result.failure?.message).toMatch(/^--artifacts .*(ENOTDIR|EEXIST)/);
  });

  it('do not hide why a test fails', async () => {
    writeFileSync(root, 'a file');
    const { failure, runs } = await run(fails);
    expect(failure?.message).toBe('not so');
    expect(failure?.details).toContain('--artifacts');
    expect(runs).toHaveLength(1);
  });

  it('do not keep a test waiting', async () => {
    expect((await run(hello, { artifacts: '/proc/nowhere' })).failure?.message).toContain('ENOENT');
  });
});

describe("a test's folder", () => {
  const names = [
    'plain',
    'a b',
    'a-b',
    'a/b',
    'a//b',
    '/a/b',
    '../../../../etc/passwd',
    '..',
    '.',
    '...',
    '-',
    ' ',
    '~',
    '\0',
    'a\nb',
    'emoji 🐧',
    'emoji 🐙',
    'ünïcode',
    'x'.repeat(300),
    `${'x'.repeat(300)}y`,
    'CON',
    'C:\\x',
    'name [seed 1]',
    'name [seed 2]',
  ];

  it('lies below the folder of all, by names that every file system takes', () => {
    for (const name of names) {
      const folder = artifactFolder('/results', name, name);
      expect(relative('/results', resolve(folder)).split('/'), name).toHaveLength(2);
      expect(basename(folder), name).toMatch(/^[\w-][\w.-]{0,110}$/);
      expect(basename(dirname(folder))).toMatch(/^[\w-][\w.-]{0,110}$/);
    }
  });

  it('is its own', () => {
    expect(new Set(names.map((name) => artifactFolder('/results', 'file', name))).size).toBe(names.length);
    expect(new Set(names.map((name) => artifactFolder('/results', name, 'test'))).size).toBe(names.length);
  });

  it('can be made', async () => {
    mkdirSync(root);
    for (const name of ['..', 'x'.repeat(300), '\0', 'emoji 🐧'])
      expect(statSync((await run(hello, { name })).artifacts!).isDirectory()).toBe(true);
    expect(readdirSync(root)).toHaveLength(1);
    expect(readdirSync(join(root, readdirSync(root)[0]!))).toHaveLength(4);
  });
});
