// The built command line on a terminal: escapes, raw mode and its restoration, colour.
import { spawnSync } from 'node:child_process';
import { rmSync } from 'node:fs';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { buildPackage, guest, runOnTerminal } from './cli-support.ts';

/** A pseudo-terminal needs python3's pty module; Node has none. CI has it, and there its absence is a failure. */
const canOpenTerminal = process.env.CI !== undefined || spawnSync('python3', ['-c', 'import pty']).status === 0;
if (!canOpenTerminal)
  console.warn('skipped: the tests of a terminal, for there is no python3 to open a pseudo-terminal with');

let folder = '';
beforeAll(() => {
  folder = buildPackage();
}, 60_000);
afterAll(() => {
  if (folder !== '') rmSync(folder, { recursive: true, force: true });
});

const READY = [{ expect: 'type "quit"' }, { raw: true }] as const;
const CTRL_A = '\x01';
const CTRL_C = '\x03';

describe.runIf(canOpenTerminal)('a terminal', () => {
  test('is raw while the guest runs, and as before after it', async () => {
    const run = await runOnTerminal(folder, ['run', guest('echo-te-el')], [...READY, { send: 'hello\rquit\r' }]);
    expect(run).toMatchObject({ failed: null, exitCode: 0, restored: true });
    expect(run.output).toContain('hello');
    expect(run.output).toContain('Ctrl-a h help');
    expect(run.output).toMatch(/# ok: /);
  });

  test('Ctrl-a x quits', async () => {
    const run = await runOnTerminal(folder, ['run', guest('echo-te-el')], [...READY, { send: `${CTRL_A}x` }]);
    expect(run).toMatchObject({ failed: null, exitCode: 130, restored: true });
    expect(run.output).toContain('INTERRUPTED');
    expect(run.output).toContain('# exit 130');
  });

  test("Ctrl-a h helps, Ctrl-a Ctrl-a and Ctrl-C are the guest's", async () => {
    const run = await runOnTerminal(
      folder,
      ['run', guest('echo-te-el')],
      [
        ...READY,
        { send: `${CTRL_A}h` },
        { expect: 'send a Ctrl-a to the guest' },
        { send: `<${CTRL_A}${CTRL_A}${CTRL_C}>` },
        { expect: `<${CTRL_A}${CTRL_C}>` },
        { send: '\rexit 21\r' },
      ],
    );
    expect(run).toMatchObject({ failed: null, exitCode: 21, restored: true });
  });

  test.each(['INT', 'TERM', 'HUP', 'QUIT'] as const)('is restored when SIG%s ends the run', async (signal) => {
    const run = await runOnTerminal(folder, ['run', guest('echo-te-el')], [...READY, { signal }]);
    expect(run).toMatchObject({ failed: null, exitCode: 130, restored: true });
  });

  test('that goes away ends the run, with the exit code of an interruption', async () => {
    const run = await runOnTerminal(folder, ['run', guest('echo-te-el')], [...READY, { hangup: true }]);
    expect(run).toMatchObject({ failed: null, exitCode: 130 });
  });

  test("is coloured, and the guest's bytes are not", async () => {
    const run = await runOnTerminal(folder, ['run', guest('hello-te-el')], []);
    expect(run.output).toContain('\x1b[32m# ok: ');
    expect(run.output).toContain('\r\nHello from a MIPS trap-and-emulate guest\r\n');
  });

  test.each([
    ['of 0 columns', 0, {}],
    ['with NO_COLOR', 80, { NO_COLOR: '1' }],
    ['in CI', 80, { CI: 'true' }],
  ])('%s is not coloured', async (_what, columns, env) => {
    const run = await runOnTerminal(folder, ['run', guest('hello-te-el')], [], { columns, env });
    expect(run).toMatchObject({ failed: null, exitCode: 0, restored: true });
    expect(run.output).not.toContain('\x1b');
  });

  test('help for a person, and a bad option, end as they should there too', async () => {
    expect(await runOnTerminal(folder, ['help'], [])).toMatchObject({ exitCode: 0, restored: true });
    const bad = await runOnTerminal(folder, ['run', '--bogus'], []);
    expect(bad).toMatchObject({ exitCode: 2, restored: true });
    expect(bad.output).toMatch(/ exit 2\r\n$/);
  });
});
