// Records and suites of the built command line, as a user meets them: killed, interrupted and timed-out runs replayed, several at once, artifacts of tests
// whose process was killed, progress on a terminal.
import { execFileSync, spawn, spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { buildPackage, type Finished, guest, runOnTerminal, runShell } from './cli-support.ts';

const canOpenTerminal = process.env.CI !== undefined || spawnSync('python3', ['-c', 'import pty']).status === 0;

let built = '';
let folder = '';
beforeAll(() => {
  built = buildPackage();
  folder = mkdtempSync(join(tmpdir(), 'tsvm-again-'));
}, 60_000);
afterAll(() => {
  for (const made of [built, folder]) if (made !== '') rmSync(made, { recursive: true, force: true });
});

let stores = 0;

/** Run bash in the scratch folder, with a store of runs of its own; `last` prints the newest id. */
function shell(script: string): Promise<Finished> {
  const store = join(folder, `runs-${++stores}`);
  return runShell(
    built,
    `export TSVM_RUNS='${store}' ECHO='${guest('echo-te-el')}'; cd '${folder}'
     last() { ls -t "$TSVM_RUNS" | grep -v unfinished | head -n 1 | cut -c 1-8; }
     ${script}`,
  );
}

/** What a script prints about the last run's replay: its own exit code. */
const AGAIN = 'tsvm replay $(last) > again.out 2> again.err; echo "replay $?"; cat again.err';

describe('a run is replayed', () => {
  test('that was typed into through a pipe, by id, file, and another engine', async () => {
    const run = await shell(`
      printf 'hello\\nexit 21\\n' | tsvm run $ECHO --journal j.jsonl > first.out
      for what in "$(last)" "$(last) --engine interpreter" j.jsonl; do
        tsvm replay $what > again.out; echo "replay $?"; cmp first.out again.out
      done`);
    expect(run.stdout).toBe('replay 21\n'.repeat(3));
    expect(run.stderr.match(/# the same as the recorded run, to the bit/g)).toHaveLength(3);
    expect(
      run.stderr.match(/run [0-9a-f]{8} state [0-9a-f]{8}/g)!.filter((line, _n, [first]) => line === first),
    ).toHaveLength(4);
  });

  test('whose input was a file that is gone', async () => {
    const run = await shell(
      `printf 'from a file\\nexit 22\\n' > in; tsvm run $ECHO < in > /dev/null; rm in; ${AGAIN}; cat again.out`,
    );
    expect(run.stdout).toContain('replay 22\n');
    expect(run.stdout).toContain('the same as the recorded run');
    expect(run.stdout).toContain('from a file');
  });

  test('that was killed, as far as it came', async () => {
    const run = await shell(`
      mkfifo pipe; $TSVM run $ECHO --journal killed.jsonl < pipe > killed.out & exec 3> pipe
      printf 'hello\\n' >&3; while ! grep -q hello killed.out; do sleep 0.05; done
      kill -KILL $!; wait $!; echo "run $?"
      tsvm replay killed.jsonl > again.out; echo "replay $?"; cmp killed.out again.out
      tsvm replay "$TSVM_RUNS"/unfinished-* > again.out 2> /dev/null; echo "replay $?"`);
    expect(run.stdout).toBe('run 137\nreplay 103\nreplay 103\n');
    expect(run.stderr).toContain('the record has no end (tsvm was killed)');
  });

  test.each([
    ['SIGINT', '', 'kill -INT $!; wait $!', 130],
    ['--timeout', '--timeout 1s', 'wait $!', 105],
  ])('that %s ended, at the same instant', async (_what, options, end, exitCode) => {
    const run = await shell(`
      rm -f held; mkfifo held; $TSVM run $ECHO ${options} < held > ended.out 2> ended.err & exec 3> held
      printf 'hello\\n' >&3; while ! grep -q hello ended.out; do sleep 0.05; done
      ${end}; echo "run $?"; tail -n 2 ended.err; ${AGAIN}`);
    expect(run.stdout).toContain(`run ${exitCode}\n`);
    expect(run.stdout).toContain(`replay ${exitCode}\n`);
    expect(run.stdout).toContain('# the same as the recorded run, to the bit');
  });

  test('with a disk that was written, and is not written again', async () => {
    const disk = join(folder, 'disk.img');
    writeFileSync(disk, new Uint8Array(1 << 20));
    const sha = (): string => createHash('sha256').update(readFileSync(disk)).digest('hex');
    const empty = sha();
    const run = await shell(`
      tsvm run ${guest('disk-te-el')} -d disk.img -p disk.test=write,64K,7,16K < /dev/null > /dev/null
      cp disk.img written.img; ${AGAIN}; cmp disk.img written.img && ls "$TSVM_RUNS" | wc -l
      tsvm run ${guest('disk-te-el')} -d disk.img -p disk.test=verify,64K,7 < /dev/null > /dev/null; ${AGAIN}`);
    expect(sha()).not.toBe(empty);
    expect(run.stdout.match(/replay 0\n/g)).toHaveLength(2);
    expect(run.stdout).toContain('disk 0 differ'); // by the run itself
    expect(run.stdout.match(/the same as the recorded run/g)).toHaveLength(2);
  });

  test.runIf(canOpenTerminal)('that was typed on a terminal', async () => {
    const journal = join(folder, 'terminal.jsonl');
    const typed = await runOnTerminal(
      built,
      ['run', guest('echo-te-el'), '--journal', journal],
      [{ expect: 'type "quit"' }, { raw: true }, { send: 'hello\r' }, { expect: 'hello' }, { send: 'exit 23\r' }],
    );
    expect(typed).toMatchObject({ failed: null, exitCode: 23 });
    expect(readFileSync(journal, 'utf8')).toContain('"type":"resize","columns":80');
    const again = await shell(`tsvm replay '${journal}' > /dev/null; echo "replay $?"`);
    expect(again.stdout).toBe('replay 23\n');
    expect(again.stderr).toContain('the same as the recorded run');
  });
});

describe('several runs', () => {
  test('get the same input from a pipe, and come to one hash', async () => {
    const run = await shell(
      `(printf 'hello\\n'; sleep 0.2; printf 'exit 21\\n') | tsvm run $ECHO --repeat 3; echo "run $?"`,
    );
    expect(run.stdout).toMatch(/hello\nexit 21\nrun 21\n$/);
    expect(run.stderr).toContain('# 3 runs, one state hash\n# exit 21');
  });

  test('of several vCPUs come to one hash for each seed, and are told apart', async () => {
    const run = await shell(`
      tsvm run ${guest('smp-te-el')} -c 4 -m 16M -p test=order --seed 1..3 --repeat 2 < /dev/null > /dev/null; echo "run $?"
      tsvm diff $(ls "$TSVM_RUNS" | head -n 2 | cut -c 1-8); echo "diff $?"; tsvm diff $(last) $(last); echo "diff $?"`);
    expect(run.stdout).toMatch(
      /^run 0\ngiven differently: seed\nthe same up to 0\.000000s @ 0; the next step differs\n/,
    );
    expect(run.stdout).toMatch(/diff 1\nthe same: .*\ndiff 0\n$/);
    expect(run.stderr).toContain('# ok: 6 runs, 3 seeds, one state hash each');
    const states = [...run.stderr.matchAll(/state ([0-9a-f]{8})$/gm)].map((match) => match[1]);
    expect(new Set(states).size).toBe(3);
  });
});

const TEST = `import { test } from 'tsvm/test';
const ECHO = { kernel: process.env.ECHO, memory: '16M' };
const hello = async (m) => { m.send('hello\\n'); await m.waitFor('hello'); };
`;

function suite(name: string, text: string): string {
  mkdirSync(join(folder, name));
  writeFileSync(join(folder, name, 'a.test.mjs'), TEST + text);
  return name;
}

describe('a suite', () => {
  test('kills a test that loops, and leaves what it came to', async () => {
    const name = suite(
      'loops',
      `test('first', ECHO, hello);
       test('loops', ECHO, async (m) => { await hello(m); for (;;); });`,
    );
    const run = await shell(
      `tsvm test ${name} --timeout 800ms --artifacts left; echo "test $?"; tsvm replay left/*/loops/unfinished.jsonl`,
    );
    expect(run.stdout).toMatch(/1 passed, 1 broken file.*exit 1\ntest 1\n/);
    expect(run.stdout).toContain('loops: took more than 800 ms of wall time, and was killed');
    expect(run.stdout).toMatch(/what is left of it: .*\/loops\n/);
    expect(run.stdout).toMatch(/hello\n$/);
    expect(readdirSync(join(folder, 'left', readdirSync(join(folder, 'left'))[0]!))).toEqual(['first', 'loops']);
  });

  test('is not kept by what a test has started', async () => {
    const name = suite(
      'starts',
      `import { spawn } from 'node:child_process';
       test('starts', ECHO, async (m) => {
         const { pid } = spawn('sleep', ['15'], { stdio: 'inherit' });
         console.log('started ' + pid); // killed below, by this number
         await hello(m);
       });`,
    );
    const began = performance.now();
    const run = await shell(`tsvm test ${name} 2> said; echo "test $?"; kill "$(sed -n 's/^started //p' said)"`);
    expect(run.stdout).toContain('test 0\n');
    expect(performance.now() - began).toBeLessThan(10_000);
  });

  test('that is interrupted reports what it has, leaves no process, and ends 130', async () => {
    const name = suite(
      'endless',
      `test('first', ECHO, hello);
       test('loops', ECHO, async () => { process.stderr.write('pid ' + process.pid + '\\n'); for (;;); });`,
    );
    const child = spawn(process.execPath, [join(built, 'bin/tsvm.js'), 'test', name], {
      cwd: folder,
      env: { ...process.env, ECHO: guest('echo-te-el') },
      timeout: 20_000,
      killSignal: 'SIGKILL',
    });
    let said = '';
    let report = '';
    child.stdout.on('data', (text: Buffer) => {
      report += text.toString();
    });
    child.stderr.on('data', (text: Buffer) => {
      said += text.toString();
      if (/pid \d+\n/.test(said) && !child.killed) child.kill('SIGINT');
    });
    const exitCode = await new Promise((done) => child.on('close', done));
    expect(exitCode).toBe(130);
    expect(report).toContain('loops: interrupted');
    expect(report).toContain('1 passed');
    const worker = /pid (\d+)/.exec(said)![1]!;
    expect(existsSync(`/proc/${worker}/exe`)).toBe(false);
  });

  test.runIf(canOpenTerminal)('shows on a terminal what it waits for, and nowhere else', async () => {
    const name = suite(
      'waits',
      `test('slow', ECHO, async (m) => { await hello(m); await new Promise((done) => setTimeout(done, 600)); });`,
    );
    const progress = '0/1 files';
    const env = { ECHO: guest('echo-te-el'), TSVM_RUNS: '' };
    const [seen, colourless, narrow, ci] = await Promise.all([
      runOnTerminal(built, ['test', join(folder, name)], [], { env, columns: 300 }),
      runOnTerminal(built, ['test', join(folder, name)], [], { env: { ...env, NO_COLOR: '1' }, columns: 300 }),
      runOnTerminal(built, ['test', join(folder, name)], [], { env, columns: 0 }),
      runOnTerminal(built, ['test', join(folder, name)], [], { env: { ...env, CI: '1' }, columns: 300 }),
    ]);
    for (const run of [seen, colourless, narrow, ci])
      expect(run).toMatchObject({ failed: null, exitCode: 0, restored: true });
    expect(seen.output).toMatch(/0\/1 files {2}.*a\.test\.mjs > slow: waits for "hello" at 0\.0/);
    expect(seen.output).toContain('\x1b[36m');
    expect(seen.output.lastIndexOf('\x1b[?25h')).toBeGreaterThan(seen.output.lastIndexOf('\x1b[?25l')); // the cursor is back
    expect(colourless.output).toContain(progress);
    expect(colourless.output).not.toContain('\x1b[36m');
    for (const run of [narrow, ci]) {
      expect(run.output).not.toContain(progress);
      expect(run.output).not.toContain('\x1b');
    }
    const piped = execFileSync('bash', ['-c', `${process.execPath} ${built}/bin/tsvm.js test ${name} 2>&1`], {
      cwd: folder,
      env: { ...process.env, ...env },
    });
    expect(piped.toString()).not.toContain(progress);
  });
});
