// The built command line in pipes and files: streams, verdicts, exit codes, input, signals (the manual's rules 1 to 9).
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { formatJournal } from '../../src/vmm/journal-text.ts';
import { buildPackage, guest, runPiped, runShell } from './cli-support.ts';

let folder = '';
let scratch = '';
beforeAll(() => {
  folder = buildPackage();
  scratch = mkdtempSync(join(tmpdir(), 'tsvm-cli-'));
}, 60_000);
afterAll(() => {
  for (const path of [folder, scratch]) if (path !== '') rmSync(path, { recursive: true, force: true });
});

const VERDICT_OK =
  /^# ok: .+ {3}\d+\.\d+s @ [\d,]+ {2}\(wall \d+(\.\d)? m?s(, [\d.]+ MIPS)?\) {3}run [0-9a-f]{8} state [0-9a-f]{8}$/;
/** The state hash of a run's verdict. */
const stateOf = (said: readonly string[]): string | undefined => /state ([0-9a-f]{8})/.exec(said.join('\n'))?.[1];

/**
 * A journal in which somebody types about `length` bytes and then `quit`, at a pace that the echo guest keeps up with, and
 * what that guest answers.
 */
function speech(length: number): { path: string; echoed: string } {
  const line = `${'0123456789'.repeat(7)}\n`;
  const lines: string[] = new Array(Math.ceil(length / line.length)).fill(line);
  const entries = [...lines, 'quit\n'].map((text, i) => ({
    instructions: i,
    at: (i + 1) * 5_000_000,
    event: { type: 'console' as const, bytes: Buffer.from(text) },
  }));
  const path = join(scratch, `speech-${length}`);
  writeFileSync(path, formatJournal({ input: 'live', entries }));
  return { path, echoed: `echo: type "quit", or "exit N"\n${lines.join('')}quit\n` };
}

describe('without a guest', () => {
  test('the launcher says what to do when the build is missing', async () => {
    const { exitCode, stderr } = await runShell(
      folder,
      `mkdir ${scratch}/clone && cp -r ${folder}/bin ${scratch}/clone/ && "${process.execPath}" ${scratch}/clone/bin/tsvm.js run x`,
    );
    expect(exitCode).toBe(125);
    expect(stderr).toContain('npm ci');
    expect(stderr).toContain('npm run build');
  });

  test('version and help go to stdout', async () => {
    const { version } = JSON.parse(readFileSync('package.json', 'utf8'));
    expect(await runPiped(folder, ['--version'])).toMatchObject({ exitCode: 0, stdout: `${version}\n`, stderr: '' });
    expect((await runPiped(folder, ['help', 'run'])).stdout).toContain('--debug-mmio');
  });

  test('a reader that leaves early is no error', async () => {
    const run = await runShell(folder, `tsvm help | head -n 1; exit "\${PIPESTATUS[0]}"`);
    expect(run).toMatchObject({ exitCode: 0, stderr: '' });
  });

  test('an image that is not there, is no kernel, or is a folder', async () => {
    const missing = await runPiped(folder, ['run', join(scratch, 'nosuch')]);
    expect(missing.exitCode).toBe(127);
    expect(missing.said[0]).toContain(join(scratch, 'nosuch'));
    expect(missing.said.at(-1)).toMatch(/exit 127$/);

    const text = join(scratch, 'text');
    writeFileSync(text, 'this is no kernel\n'.repeat(100));
    expect((await runPiped(folder, ['run', text])).exitCode).toBe(126);
    expect((await runPiped(folder, ['run', scratch])).exitCode).toBe(126);
  });

  test('bad usage', async () => {
    const { exitCode, stdout, stderr } = await runPiped(folder, ['run', '--mem', 'lots', 'x']);
    expect({ exitCode, stdout }).toEqual({ exitCode: 2, stdout: '' });
    expect(stderr).toContain('--mem lots');
    expect(stderr).not.toMatch(/\n\s+at /);
  });

  test('machines', async () => {
    const { exitCode, stdout } = await runPiped(folder, ['machines']);
    expect(exitCode).toBe(0);
    expect(stdout).toContain('mips-paravirt');
  });
});

describe('a guest', () => {
  test.each(['hello-te-el', 'hello-te-eb'])('%s prints through its console and powers off', async (name) => {
    const { exitCode, stdout, said } = await runPiped(folder, ['run', guest(name)]);
    expect(said.at(-1)).toMatch(VERDICT_OK);
    expect(exitCode).toBe(0);
    expect(stdout).toMatch(/^Hello from a MIPS trap-and-emulate guest\n/);
    expect(stdout).not.toContain('#');
    expect(said[0]).toMatch(/^# tsvm run --machine mips-paravirt --mem 128M --cpus 1 --seed 1 /);
    const endian = name.endsWith('eb') ? 'big' : 'little';
    expect(said[1]).toMatch(
      new RegExp(`^# ELF32 MIPS32r2 ${endian}-endian, entry 0x4[0-9a-f]{7}, trap-and-emulate guest -> mips-paravirt$`),
    );
  });

  test('the first line repeats the run to the bit', async () => {
    const first = await runPiped(folder, ['run', guest('hello-te-el'), '-p', "say 'hi there'", '-m', '64']);
    const again = await runShell(folder, first.said[0]!.replace(/^# /, ''));
    expect(again.stdout).toBe(first.stdout);
    expect(first.stdout).toContain("say 'hi there'");
    expect(stateOf(first.said)).toMatch(/^[0-9a-f]{8}$/);
    expect(stateOf(again.said)).toBe(stateOf(first.said));
  });

  test.each([
    ['code=0', 0],
    ['code=42', 42],
    ['code=99', 99],
    ['code=10', 10],
    ['code=9', 1],
    ['code=100', 1],
    ['code=-1', 1],
    ['plain', 0],
  ])('its own exit code: %s', async (params, exitCode) => {
    const run = await runPiped(folder, ['run', guest('exitcode-te-el'), '-p', params]);
    expect(run.exitCode).toBe(exitCode);
    if (exitCode === 0) expect(run.said.at(-1)).toMatch(VERDICT_OK);
    else {
      expect(run.said.at(-1)).toBe(`# exit ${exitCode}`);
      expect(run.stderr).toContain(`code ${params.split('=')[1]} `);
    }
  });

  test.each(['wait', 'spin'])('a hang (%s) is proven at once', async (params) => {
    const run = await runPiped(folder, ['run', guest('hang-te-el'), '-p', params]);
    expect(run.exitCode).toBe(103);
    expect(run.stderr).toMatch(/^# HANG, proven at \d+\.\d+s @ [\d,]+: /m);
    expect(run.said.at(-1)).toBe('# exit 103');
  });

  test.each([
    'exceptions-te-el',
    'exceptions-te-eb',
    'selfcheck-te-el',
    'selfcheck-te-eb',
    'timer-te-el',
    'timer-te-eb',
  ])('%s finds nothing wrong', async (name) => {
    const run = await runPiped(folder, ['run', guest(name), '--timeout', '15s']);
    expect(run.said.at(-1), `${run.stdout}\n${run.stderr}`).toMatch(VERDICT_OK);
  });

  test('guest time and wall time end a run that will not', async () => {
    // An open pipe that may still speak keeps the echo guest from being proven to hang.
    const limit = runPiped(folder, ['run', guest('echo-te-el'), '--limit', '50ms'], { input: null });
    const timeout = runPiped(folder, ['run', guest('echo-te-el'), '--timeout', '300ms'], { input: null });
    expect(await limit).toMatchObject({ exitCode: 104 });
    expect(await timeout).toMatchObject({ exitCode: 105 });
  });
});

describe('console input without a terminal', () => {
  test('from a pipe', async () => {
    const run = await runPiped(folder, ['run', guest('echo-te-el')], { input: 'hi there\nquit\n' });
    expect(run).toMatchObject({ exitCode: 0 });
    expect(run.stdout).toContain('hi there');
  });

  test('from a file, which the first line then names', async () => {
    const file = join(scratch, 'it is input');
    writeFileSync(file, 'from a file\nexit 17\n');
    const run = await runShell(folder, `tsvm run ${guest('echo-te-el')} < '${file}'`);
    expect(run.exitCode).toBe(17);
    expect(run.stdout).toContain('from a file');
    expect(run.said[0]!.endsWith(` < '${file}'`)).toBe(true);
    const again = await runShell(folder, run.said[0]!.replace(/^# /, ''));
    expect(stateOf(again.said)).toBe(stateOf(run.said));
  });

  test('a pipe that has ended can wake nobody: a proven hang', async () => {
    const run = await runPiped(folder, ['run', guest('echo-te-el')], { input: 'no goodbye\n' });
    expect(run.exitCode).toBe(103);
    expect(run.stdout).toContain('no goodbye');
  });

  test('a journal repeats what a pipe said, to the bit', async () => {
    const journal = join(scratch, 'journal');
    const first = await runPiped(folder, ['run', guest('echo-te-el'), '--journal', journal], {
      input: 'one\nexit 33\n',
    });
    expect(first.exitCode).toBe(33);
    const again = await runPiped(folder, ['run', guest('echo-te-el'), '--replay', journal]);
    expect(again.exitCode).toBe(33);
    expect(again.stdout).toBe(first.stdout);
    expect(stateOf(again.said)).toBe(stateOf(first.said));
  });
});

describe('being ended from outside', () => {
  test.each(['SIGINT', 'SIGTERM', 'SIGHUP'] as const)('%s interrupts the run, with a verdict', async (signal) => {
    let sent = false;
    const run = await runPiped(folder, ['run', guest('echo-te-el')], {
      input: null,
      onOutput(stdout, kill) {
        if (sent || !stdout.includes('\n')) return;
        sent = true;
        kill(signal);
      },
    });
    expect(run).toMatchObject({ exitCode: 130, signal: null });
    expect(run.stderr).toMatch(/^# INTERRUPTED at /m);
    expect(run.said.at(-1)).toBe('# exit 130');
  });

  test('a reader that leaves ends a talkative guest quietly', async () => {
    const run = await runShell(
      folder,
      `yes | tsvm run ${guest('echo-te-el')} --timeout 15s | head -n 3; exit "\${PIPESTATUS[1]}"`,
    );
    expect(run.exitCode).toBe(130);
    expect(run.stdout.split('\n')).toHaveLength(4);
    expect(run.stderr).toContain('the reader of standard output left');
    expect(run.stderr).not.toMatch(/EPIPE|\n\s+at /);
  });

  test('no byte is lost to a reader slower than the guest', async () => {
    const { path, echoed } = speech(100_000);
    const run = await runShell(folder, `tsvm run ${guest('echo-te-el')} --replay ${path} | { sleep 1; cat; }`);
    expect(run.stdout.length, run.stderr).toBe(echoed.length);
    expect(run.stdout === echoed).toBe(true);
    expect(run.said.at(-1)).toMatch(VERDICT_OK);
  });

  test('a reader that has stopped reading does not hold up the end', async () => {
    const { path } = speech(400_000);
    const run = await runShell(
      folder,
      `timeout --preserve-status -s INT 3 $TSVM run ${guest('echo-te-el')} --replay ${path} | sleep 6; exit "\${PIPESTATUS[0]}"`,
    );
    expect(run.exitCode, run.stderr).toBe(130);
    expect(run.stderr).toContain('were not taken by the reader of standard output');
    expect(run.said.at(-1)).toBe('# exit 130');
  });

  test('a full disk is told', async () => {
    if (!existsSync('/dev/full')) throw new Error('this test needs /dev/full');
    const run = await runShell(folder, `tsvm run ${guest('hello-te-el')} > /dev/full`);
    expect(run.exitCode).toBe(125);
    expect(run.said.at(-1)).toMatch(/exit 125$/);
    expect(run.stderr).toContain('standard output');
  });
});

test('--json carries the verdict of a real run', async () => {
  const path = join(scratch, 'events.jsonl');
  const run = await runPiped(folder, ['run', guest('exitcode-te-el'), '-p', 'code=42', '--json', path]);
  const events = readFileSync(path, 'utf8')
    .trimEnd()
    .split('\n')
    .map((line) => JSON.parse(line));
  expect(events[0]).toMatchObject({ event: 'start', command: run.said[0]!.slice(2) });
  expect(events[1]).toMatchObject({ event: 'inferred', machine: 'mips-paravirt', endianness: 'little' });
  expect(events.at(-1)).toMatchObject({
    event: 'verdict',
    kind: 'guest-exit',
    exitCode: 42,
    stateHash: stateOf(run.said),
    consoleBytes: run.stdout.length,
  });
});
