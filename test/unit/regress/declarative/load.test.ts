// Declarative test files: what is refused and where, what tests they come to, and what a step asks of the machine.
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { ShellResult, type Verdict, type VerdictKind } from '../../../../src/api/index.ts';
import { type DeclaredTest, loadDeclarative } from '../../../../src/regress/declarative/load.ts';
import type { TestVm } from '../../../../src/regress/define.ts';
import { makeExpect } from '../../../../src/regress/expect.ts';
import { failureOf } from '../../../../src/regress/failure.ts';
import { KtapParser } from '../../../../src/regress/ktap.ts';
import type { Failure } from '../../../../src/regress/results.ts';

const folder = mkdtempSync(join(tmpdir(), 'tsvm declarative-'));
afterAll(() => rmSync(folder, { recursive: true }));
const path = join(folder, 'a.test.yaml');

function load(source: string | Uint8Array): Promise<readonly DeclaredTest[]> {
  writeFileSync(path, source);
  return loadDeclarative(path);
}

const failing = async (what: Promise<unknown>): Promise<Failure> =>
  what.then(
    () => ({ message: 'nothing failed', details: '', place: null }),
    (error: unknown) => failureOf(error, path),
  );

/** A file of one test with these lines. */
const oneTest = (...lines: readonly string[]): string => ['name: boots', 'kernel: vmlinux', ...lines, ''].join('\n');

describe('a file that cannot be understood', () => {
  it.each([
    ['nothing in it', '', 1, 1, 'the file: must be a test', ''],
    ['a list', '- a', 1, 1, 'the file: must be a test', ''],
    [
      'an unknown option',
      oneTest('mem: 16M', 'steps: [x]'),
      3,
      1,
      '"mem" is not known here; did you mean memory?',
      'allowed: name, kernel',
    ],
    ['an option in the way of other tools', oneTest('on-oops: stop'), 3, 1, 'did you mean onOops?', ''],
    [
      'an option that is far from all',
      oneTest('colour: red'),
      3,
      1,
      'the test: "colour" is not known here',
      'allowed:',
    ],
    ['a property of every object', oneTest('constructor: x'), 3, 1, '"constructor" is not known', ''],
    ['a wrong size', oneTest('memory: 16X', 'steps: [x]'), 3, 9, 'memory: 16X: not a size', 'such as 128M'],
    [
      'a wrong option in the defaults',
      'defaults:\n  cpus: 99\ntests: []',
      2,
      9,
      'cpus: 99: must be a whole number',
      '',
    ],
    ['a prompt that is a key', oneTest('steps:', '  - login:'), 4, 5, '"login:" must stand in quotes', ''],
    [
      'a prompt that is a key in a step',
      oneTest('steps:', '  - waitFor: login: '),
      4,
      14,
      'not YAML',
      'must stand in quotes',
    ],
    ['a list where text must be', oneTest('params: [a, b]'), 3, 9, 'params: must be text, not a list of 2', ''],
    ['a value that is not there', oneTest('params:'), 3, 8, 'params: has no value', 'quotes'],
    ['one disk where disks must be', oneTest('disks: a.img'), 3, 8, 'disks: must be a list, not "a.img"', ''],
    ['yes for true', oneTest('agent: yes'), 3, 8, 'agent: must be one of true, false, not "yes"', ''],
    ['no name', 'kernel: vmlinux\nsteps: [x]', 1, 1, 'the test: name is missing', ''],
    ['no kernel', 'tests:\n  - name: a\n    steps: [x]', 2, 5, 'the test "a" has no kernel', ''],
    ['nothing to do', oneTest('memory: 16M'), 1, 1, 'the test "boots" has neither steps nor anything to expect', ''],
    ['no tests', 'defaults: { kernel: a }', 1, 1, 'the file: tests is missing', ''],
    [
      'a name twice',
      'defaults: {kernel: k}\ntests:\n- {name: a, steps: [x]}\n- {name: a, steps: [x]}',
      4,
      3,
      'a test called "a" is there already',
      '',
    ],
    [
      'an unknown step',
      oneTest('steps:', '  - wait-for: x'),
      4,
      5,
      'a step: "wait-for" is not known here; did you mean waitFor?',
      'sendLine',
    ],
    [
      'two steps in one',
      oneTest('steps:', '  - waitFor: x', '    send: y'),
      5,
      5,
      'a step does one thing: send must be',
      '',
    ],
    ['a step of nothing', oneTest('steps:', '  -'), 4, 4, 'a step: must be text to wait for', ''],
    [
      'a step with a name alone',
      oneTest('steps: [{ name: x }]'),
      3,
      9,
      'a step without anything to do',
      'one of waitFor',
    ],
    [
      'a wait for nothing',
      oneTest('steps: [{ waitFor: "" }]'),
      3,
      20,
      'waitFor: must be text with something in it',
      '',
    ],
    [
      'a wait for two',
      oneTest('steps: [{ waitFor: { text: a, pattern: /b/ } }]'),
      3,
      20,
      'needs one of text, pattern, and has text and pattern',
      '',
    ],
    [
      'a pattern without slashes',
      oneTest('steps: [{ waitFor: { pattern: "a+" } }]'),
      3,
      31,
      'a regular expression such as',
      '',
    ],
    ['a pattern that is none', oneTest('steps: [/(a/]'), 3, 9, 'waitFor: Invalid regular expression', ''],
    ['a wrong time', oneTest('steps: [{ runFor: 5 days }]'), 3, 19, 'runFor: must be a guest time such as 10s', ''],
    [
      'a wrong status',
      oneTest('steps: [{ sh: { run: ls, status: zero } }]'),
      3,
      34,
      'a status from 0 to 255, or any, not "zero"',
      '',
    ],
    [
      'half a byte',
      oneTest('steps: [{ read: { at: 0x80001000, bytes: abc } }]'),
      3,
      42,
      'pairs of hexadecimal digits',
      '',
    ],
    [
      'a physical symbol',
      oneTest('steps: [{ read: { at: jiffies, physical: true, word: 1 } }]'),
      3,
      17,
      'a physical address is a number',
      '',
    ],
    [
      'a word of more than 32 bits',
      oneTest('steps: [{ register: { name: a0, is: 0x100000000 } }]'),
      3,
      37,
      'is: must be a whole number',
      '',
    ],
    ['a verdict that is none', oneTest('expect: { verdict: poweroff }'), 3, 20, 'did you mean power-off?', ''],
    [
      'an end that is expected in the middle',
      oneTest('steps: [{ expect: { verdict: panic } }]'),
      3,
      21,
      '"verdict" is not known here',
      'console',
    ],
    ['a large count', oneTest('steps: [{ runTo: 99999999999999999 }]'), 3, 18, 'runTo: must be a whole number', ''],
    ['broken YAML', oneTest('steps: [x'), 4, 1, 'not YAML', ''],
  ])('has %s', async (_what, source, line, column, message, details) => {
    const failure = await failing(load(source));
    expect(failure.message).toContain(message);
    expect(failure.details).toContain(details);
    expect(failure.place).toEqual({ file: path, line, column });
  });

  it('is shown with the line, and a mark below the place', async () => {
    const { details } = await failing(load(oneTest('steps: [{ runFor: long }]')));
    expect(details).toBe('3 | steps: [{ runFor: long }]\n                      ^');
  });

  it('is not UTF-8', async () => {
    const { message, place } = await failing(load(Uint8Array.of(0x6e, 0xff)));
    expect(message).toBe('the file is not UTF-8');
    expect(place).toEqual({ file: path, line: 1, column: 1 });
  });
});

describe('the tests of a file', () => {
  it('have the options under the names of the library, as text', async () => {
    const [test, ...others] = await load(
      oneTest('memory: 64', 'cpus: 2', 'disks: [a.img:ro]', 'agent: true', 'faults: allow', 'steps: [x]'),
    );
    expect(others).toEqual([]);
    expect(test).toMatchObject({ name: 'boots', skipped: null, place: { file: path, line: 1, column: 1 } });
    expect(test?.options).toEqual({
      kernel: 'vmlinux',
      memory: '64',
      cpus: '2',
      disks: ['a.img:ro'],
      agent: true,
      faults: 'allow',
    });
  });

  it('share defaults, which their own options go before', async () => {
    const tests = await load(`
defaults: { kernel: a, memory: 16M }
tests:
  - { name: one, steps: [x] }
  - { name: two, kernel: b, steps: [x] }`);
    expect(tests.map(({ name, options }) => [name, options.kernel, options.memory])).toEqual([
      ['one', 'a', '16M'],
      ['two', 'b', '16M'],
    ]);
  });

  it.each([
    ['skip: not yet', 'not yet'],
    ['skip: true', 'skip: true'],
    ['skip: false', null],
  ])('with %s', async (line, skipped) => {
    expect((await load(oneTest(line, 'steps: [x]')))[0]?.skipped).toBe(skipped);
  });

  it.each([
    ['verdict: panic', 'allow'],
    ['verdict: oops', 'allow'],
    ['exitCode: 100', 'allow'],
    ['verdict: hang', undefined],
  ])('that expect %s take a kernel that breaks so: %s', async (line, faults) => {
    expect((await load(oneTest(`expect: { ${line} }`)))[0]?.options.faults).toBe(faults);
  });
});

/** What a fake guest answers. */
interface Answers {
  readonly kind?: VerdictKind;
  readonly exitCode?: number;
  readonly console?: string;
  /** Status, standard output, standard error of each command. */
  readonly sh?: readonly [waitStatus: number, stdout: string, stderr: string];
  readonly word?: number;
  readonly bytes?: string;
}

/** A machine that notes what is asked of it. */
function fakeVm({ kind = 'power-off', exitCode = 0, console = '', sh = [0, '', ''], word = 0, bytes = '' }: Answers): {
  m: TestVm;
  calls: unknown[][];
} {
  const calls: unknown[][] = [];
  const note =
    <T>(name: string, answer: (...given: unknown[]) => T) =>
    (...given: unknown[]): T => {
      calls.push([name, ...given]);
      return answer(...given);
    };
  const report = (): ReturnType<KtapParser['end']> => {
    const parser = new KtapParser();
    for (const line of console.split('\n')) parser.line(line);
    return parser.end();
  };
  const nothing = (): void => {};
  const verdict = { kind, exitCode, summary: 'so it ended', details: [] } as unknown as Verdict;
  const fake = {
    console: { text: console, program: console, kernel: '' },
    waitFor: note('waitFor', nothing),
    send: note('send', nothing),
    sh: note('sh', async (run) => new ShellResult(String(run), ...sh)),
    runFor: note('runFor', nothing),
    runTo: note('runTo', nothing),
    until: note('until', nothing),
    read: note('read', () => new TextEncoder().encode(bytes)),
    readWord: note('readWord', () => word),
    write: note('write', nothing),
    writeWord: note('writeWord', nothing),
    register: note('register', () => word),
    setRegister: note('setRegister', nothing),
    end: note('end', async () => verdict),
    ktap: report,
    waitForKtap: note('waitForKtap', async () => report()),
    expect: makeExpect(() => [], report),
  };
  return { m: fake as unknown as TestVm, calls };
}

/** Run the one test of a file on a fake machine. */
async function run(source: string, answers: Answers = {}): Promise<{ calls: unknown[][]; failure: Failure | null }> {
  const [test] = await load(source);
  const { m, calls } = fakeVm(answers);
  let failure: Failure | null = null;
  try {
    await test?.body(m);
  } catch (error) {
    failure = failureOf(error, path);
  }
  return { calls, failure };
}

describe('a step asks of the machine', () => {
  it.each<[step: string, calls: unknown[][], answers?: Answers]>([
    ['"login:"', [['waitFor', 'login:']]],
    ["'/ # '", [['waitFor', '/ # ']]],
    ['/usr/bin', [['waitFor', '/usr/bin']]],
    ['/usr/bin/sh', [['waitFor', '/usr/bin/sh']]],
    ['/v\\d+/i', [['waitFor', /v\d+/i]]],
    ['waitFor: { text: /a/, within: 5s }', [['waitFor', '/a/', { within: '5s' }]]],
    ["waitFor: { pattern: '/[/]a/' }", [['waitFor', /[/]a/, { within: undefined }]]],
    ['send: "a\\x03"', [['send', 'a\x03']]],
    ['sendLine: root', [['send', 'root\n']]],
    ['sh: true', [['sh', 'true', { input: undefined, within: undefined }]]],
    ['sh: { run: cat, input: abc, within: 2s }', [['sh', 'cat', { input: 'abc', within: '2s' }]]],
    ['runFor: 5ms', [['runFor', '5ms']]],
    ['runTo: 0x10', [['runTo', 16]]],
    ['until: start_kernel', [['until', 'start_kernel']]],
    ['until: { at: 0x80100000, within: 1s }', [['until', 0x80100000, { within: '1s' }]]],
    ['read: { at: jiffies+4, word: 5 }', [['readWord', 'jiffies+4']], { word: 5 }],
    ['read: { at: banner, bytes: "61 62" }', [['read', 'banner', 2]], { bytes: 'ab' }],
    ['read: { at: 0x1000, physical: true, text: é }', [['read', { physical: 0x1000 }, 2]], { bytes: 'é' }],
    ['write: { at: flag, word: -1 }', [['writeWord', 'flag', 0xffffffff]]],
    ['write: { at: name, bytes: 0aff }', [['write', 'name', Uint8Array.of(10, 255)]]],
    ['register: { name: a0, is: -2, cpu: 1 }', [['register', 'a0', 1]], { word: 0xfffffffe }],
    ['setRegister: { name: pc, to: 0x80100000 }', [['setRegister', 'pc', 0x80100000, 0]]],
    ['end: true', [['end']]],
    [
      'waitForKtap: { within: 3s, passed: 1 }',
      [['waitForKtap', { within: '3s' }]],
      { console: 'KTAP version 1\n1..1\nok 1 a' },
    ],
  ])('%s', async (step, calls, answers) => {
    const done = await run(oneTest('steps:', `  - ${step}`), answers);
    expect(done.failure).toBeNull();
    expect(done.calls).toEqual(calls);
  });

  it('one thing after the other, and expectations after all of them', async () => {
    const { calls } = await run(
      oneTest('steps: [a, {runFor: 1s}, {sendLine: b}]', 'expect: { exitCode: 0, verdict: power-off }'),
    );
    expect(calls.map(([name]) => name)).toEqual(['waitFor', 'runFor', 'send', 'end']);
  });
});

const KTAP = 'KTAP version 1\n1..3\nok 1 a\nnot ok 2 b\nok 3 c # SKIP no\n';

describe('what is expected and does not hold', () => {
  it.each<[line: string, message: string, answers: Answers]>([
    ['sh: ls', 'sh "ls": it ended with status 2, not status 0', { sh: [0x200, '', 'no such thing'] }],
    ['sh: { run: ls, status: 1 }', 'it ended with status 0, not status 1', {}],
    ['sh: { run: ls, signal: 9 }', 'it ended with status 0, not signal 9', {}],
    ['sh: ls', 'it ended with signal 11, not status 0', { sh: [11, '', ''] }],
    ['sh: { run: ls, stdout: ho }', 'its standard output is "hi", not "ho"', { sh: [0, 'hi\n', ''] }],
    ['sh: { run: ls, stdout: /^a$/ }', 'its standard output does not match /^a$/', { sh: [0, 'b', ''] }],
    ['sh: { run: ls, stdoutContains: [h, x] }', 'its standard output does not have "x"', { sh: [0, 'hi', ''] }],
    ['sh: { run: ls, stderr: "" }', 'its standard error is "oh", not ""', { sh: [0, '', 'oh\n'] }],
    ['read: { at: 0x80001000, word: 5 }', 'the word at 0x80001000 is 0x00000006, not 0x00000005', { word: 6 }],
    [
      'read: { at: 4096, physical: true, text: ab }',
      'the 2 bytes at physical 0x00001000 are 61 63, not 61 62',
      { bytes: 'ac' },
    ],
    ['register: { name: a0, is: 1 }', 'a0 of cpu0 is 0x00000000, not 0x00000001', {}],
    ['end: true', 'the run ended with hang (exit 103): so it ended', { kind: 'hang', exitCode: 103 }],
    ['expect: { console: /c/ }', 'the console does not have /c/', { console: 'ab' }],
    ['expect: { notConsole: [x, b] }', 'the console has "b"', { console: 'ab' }],
    ['ktap: ok', 'KTAP: 1 failed, 1 passed', { console: KTAP }],
    ['ktap: ok', 'KTAP: 0 failed, 0 passed', {}],
    ['ktap: { passed: 2, failed: 1 }', 'KTAP: 1 passed, not 2', { console: KTAP }],
    ['ktap: { failed: 1 }', 'KTAP: 1 missing, not 0', { console: KTAP.replace(/ok 3.*/, '') }],
    ['ktap: { failed: 1 }', 'KTAP: 1 errors, not 0', { console: KTAP.replace('ok 3', 'ok 4') }],
    ['waitForKtap: { skipped: 1 }', 'KTAP: 1 failed, 1 passed', { console: KTAP }],
  ])('fails: %s', async (line, message, answers) => {
    const { failure } = await run(oneTest('steps:', '  - runFor: 1s', `  - ${line}`), answers);
    expect(failure?.message).toContain(message);
    expect(failure?.place).toMatchObject({ file: path, line: 5 });
  });

  it.each([
    ['verdict: power-off', 'the run must end with power-off, and ended with panic (exit 100)'],
    ['exitCode: 42', 'the run must end with exit 42, and ended with panic (exit 100)'],
    ['summary: /nicely/', 'the verdict must say /nicely/, and says panic (exit 100): so it ended'],
  ])('fails: %s', async (line, message) => {
    const { failure } = await run(oneTest('expect:', `  ${line}`), {
      kind: 'panic',
      exitCode: 100,
      console: 'the last\n',
    });
    expect(failure?.message).toContain(message);
    expect(failure?.details).toContain('| the last');
    expect(failure?.place).toMatchObject({ file: path, line: 4 });
  });

  it('holds where what is wrong is what must be', async () => {
    const truncated = oneTest('steps: [{ ktap: { failed: 1, missing: 1 } }]');
    expect((await run(truncated, { console: KTAP.replace(/ok 3.*/, '') })).failure).toBeNull();
    const lines = [
      'steps:',
      '  - ktap: { passed: 1, failed: 1, skipped: 1 }',
      '  - end: true',
      'expect: { verdict: hang }',
    ];
    expect((await run(oneTest(...lines), { kind: 'hang', exitCode: 103, console: KTAP })).failure).toBeNull();
    const whatever = oneTest('steps: [{ sh: { run: x, status: any, stdout: "a\\n\\n" } }]');
    expect((await run(whatever, { sh: [0x500, 'a\n', ''] })).failure).toBeNull();
  });

  it('is told under the name of its step, at the check inside it, and never where the guest says', async () => {
    const { failure } = await run(
      oneTest('steps:', '  - name: greeting', '    expect:', '      console:', '        - hello'),
      {
        console: `x\n    at ${path}:9:9\n`,
      },
    );
    expect(failure?.message).toBe('greeting: the console does not have "hello"');
    expect(failure?.place).toEqual({ file: path, line: 7, column: 11 });
    const forged = `a${'\n'.repeat(70)}    at file://${path}:9:9`;
    const { failure: second } = await run(oneTest('steps: [{ sh: { run: x, stdout: y } }]'), { sh: [0, forged, ''] });
    expect(second?.place).toMatchObject({ line: 3 });
  });
});
