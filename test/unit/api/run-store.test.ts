// Where records are kept: by the id of their run, for the owner alone, not too many, and never in the way of a run.
import { execFileSync } from 'node:child_process';
import {
  chmodSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { afterAll, beforeEach, describe, expect, it } from 'vitest';
import { keepRun, makeFolder, readRun } from '../../../src/api/run-store.ts';

const scratch = mkdtempSync(join(tmpdir(), 'tsvm-store-'));
afterAll(() => rmSync(scratch, { recursive: true, force: true }));

let folder = '';
let env: { TSVM_RUNS: string };
let count = 0;
beforeEach(() => {
  folder = join(scratch, `store-${count++}`, 'runs');
  env = { TSVM_RUNS: folder };
});

function keep(id: string, text: string, isReplay = false): void {
  const keeper = keepRun(env, isReplay);
  keeper.line(text);
  keeper.end(id);
}

/** Run bash in which `$NODE ARGUMENT` is a process that runs `script`, with keepRun. */
function inProcesses(command: string, script: string): void {
  const store = JSON.stringify(join(import.meta.dirname, '../../../src/api/run-store.ts'));
  execFileSync('bash', ['-c', command.replaceAll('$NODE', '"$EXEC" --import tsx --input-type=module -e "$SCRIPT"')], {
    env: { ...process.env, ...env, EXEC: process.execPath, SCRIPT: `import { keepRun } from ${store};\n${script}` },
  });
}

const id = (n: number): string => n.toString(16).padStart(8, '0');

describe('the store of runs', () => {
  it('has a record under the id of its run, readable for the owner alone', () => {
    keep('7f3a19c2', 'one\ntwo');
    expect(readRun('7f3a19c2', env)).toEqual({ path: join(folder, '7f3a19c2.jsonl'), text: 'one\ntwo\n' });
    expect(statSync(folder).mode & 0o777).toBe(0o700);
    expect(statSync(join(folder, '7f3a19c2.jsonl')).mode & 0o777).toBe(0o600);
  });

  it('has what entered while the run still goes on', () => {
    const keeper = keepRun(env);
    keeper.line('header');
    keeper.line('typed');
    const [name] = readdirSync(folder);
    expect(name).toMatch(/^unfinished-/);
    expect(readFileSync(join(folder, name!), 'utf8')).toBe('header\ntyped\n');
    keeper.end('7f3a19c2');
    expect(readdirSync(folder)).toEqual(['7f3a19c2.jsonl']);
    keeper.line('too late');
    keeper.end('00000000');
    expect(readdirSync(folder)).toEqual(['7f3a19c2.jsonl']);
  });

  it('lies in $TSVM_RUNS, $XDG_STATE_HOME or the home folder', () => {
    keep('7f3a19c2', 'here');
    const state = join(scratch, `state-${count}`);
    const keeper = keepRun({ XDG_STATE_HOME: state });
    keeper.line('there');
    keeper.end('7f3a19c2');
    expect(readRun('7f3a19c2', { XDG_STATE_HOME: state }).text).toBe('there\n');
    expect(readRun('7f3a19c2', env).text).toBe('here\n');
  });

  it('is nowhere when TSVM_RUNS is empty', () => {
    env = { TSVM_RUNS: '' };
    keep('7f3a19c2', 'x');
    expect(() => readRun('7f3a19c2', env)).toThrow(
      expect.objectContaining({
        code: 'not-found',
        details: expect.objectContaining({ cause: 'TSVM_RUNS is empty, so no runs are kept' }),
      }),
    );
  });

  it('has the newest of the same run, but not that of its replay', () => {
    keep('7f3a19c2', 'first');
    keep('7f3a19c2', 'second');
    keep('7f3a19c2', 'replayed', true);
    keep('80f1e2d3', 'interrupted replay', true);
    expect(readRun('7f3a19c2', env).text).toBe('second\n');
    expect(readRun('80f1e2d3', env).text).toBe('interrupted replay\n');
    expect(readdirSync(folder)).toHaveLength(2);
  });

  it('keeps no file for what is no id', () => {
    for (const bad of ['', '../../x', '7F3A19C2', '7f3a19c20']) keep(bad, 'x');
    expect(readdirSync(folder)).toEqual([]);
  });

  it('takes another name when a killed process has left one that is the same', () => {
    // The next numbers of this process, as if another with its number had been killed.
    makeFolder(folder);
    for (let n = 0; n < 200; n++) writeFileSync(join(folder, `unfinished-${process.pid}-${n}.jsonl`), 'left\n');
    keep('7f3a19c2', 'new');
    expect(readRun('7f3a19c2', env).text).toBe('new\n');
  });

  it('has two processes at once, each with its own records', () => {
    inProcesses(
      'for p in 1 2; do $NODE $p & done; wait',
      `for (let n = 0; n < 200; n++) {
        const keeper = keepRun(process.env);
        for (let line = 0; line < 3; line++) keeper.line(process.argv[1] + ' ' + n);
        keeper.end((Number(process.argv[1]) * 0x1000 + n).toString(16).padStart(8, '0'));
      }`,
    );
    expect(readdirSync(folder)).toHaveLength(400);
    for (const process of [1, 2])
      for (const n of [0, 77, 199])
        expect(readRun(id(process * 0x1000 + n), env).text).toBe(`${process} ${n}\n`.repeat(3));
  });
});

describe('more than 500 records', () => {
  const old = (name: string, seconds: number): void => {
    writeFileSync(join(folder, name), 'old\n');
    utimesSync(join(folder, name), seconds, seconds);
  };

  it('lose the oldest, and what was left by processes that have gone; nothing else in the folder', () => {
    makeFolder(folder);
    for (let n = 0; n < 500; n++) old(`${id(n)}.jsonl`, 1000 + n);
    old('unfinished-999999999-1.jsonl', 10);
    old(`unfinished-${process.ppid}-1.jsonl`, 10); // its process still runs
    old('notes.txt', 10);
    mkdirSync(join(folder, 'folder'));
    keep('7f3a19c2', 'new');
    const names = readdirSync(folder);
    expect(names.filter((name) => /^[0-9a-f]{8}\.jsonl$/.test(name))).toHaveLength(500);
    expect(names).not.toContain(`${id(0)}.jsonl`);
    expect(names).not.toContain('unfinished-999999999-1.jsonl');
    expect(names).toEqual(expect.arrayContaining([`${id(1)}.jsonl`, '7f3a19c2.jsonl', 'notes.txt', 'folder']));
    expect(names).toContain(`unfinished-${process.ppid}-1.jsonl`);
  });
});

describe('a store that cannot be written', () => {
  it.each([
    ['is a file', 'file'],
    ['lies in a file', 'file/runs'],
    ['is where no folder can be made', '/proc/nowhere/runs'],
    ['has a name that is too long', 'x'.repeat(300)],
    ['has a NUL in its name', 'a\0b'],
  ])('because it %s does not matter to a run', (_why, place) => {
    writeFileSync(join(scratch, 'file'), '');
    env = { TSVM_RUNS: resolve(scratch, place) };
    expect(() => keep('7f3a19c2', 'x')).not.toThrow();
    expect(() => readRun('7f3a19c2', env)).toThrow(
      expect.objectContaining({ code: expect.stringMatching(/not-found|io/) }),
    );
  });

  it.runIf(process.getuid?.() !== 0)('because it is read-only does not matter to a run', () => {
    makeFolder(folder);
    chmodSync(folder, 0o500);
    expect(() => keep('7f3a19c2', 'x')).not.toThrow();
  });

  it('any more, because the disk is full, keeps no half of a record', () => {
    // No file may have more than 8 KiB.
    inProcesses(
      'ulimit -f 8; $NODE 1',
      `const keeper = keepRun(process.env);
      for (let line = 0; line < 9; line++) keeper.line('x'.repeat(1000)); // the last does not fit as a whole
      keeper.end('7f3a19c2');
      const small = keepRun(process.env);
      small.line('fits');
      small.end('80f1e2d3');`,
    );
    expect(readdirSync(folder)).toEqual(['80f1e2d3.jsonl']);
  });
});

describe('what is to be run again', () => {
  it('may be a path', () => {
    makeFolder(folder);
    const path = join(folder, 'x.jsonl');
    writeFileSync(path, 'text');
    expect(readRun(path, env)).toEqual({ path, text: 'text' });
  });

  it.each(['7f3a19c2', 'none.jsonl', '/', '', '/dev/null/x'])('and is not there (%j): what to give is said', (run) => {
    expect(() => readRun(run, env)).toThrow(
      expect.objectContaining({
        code: 'not-found',
        message: `${run}: no such run, and no such journal`,
        details: expect.objectContaining({ cause: `runs are kept in ${folder}, the newest 500` }),
      }),
    );
  });
});
