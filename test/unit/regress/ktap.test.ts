import { describe, expect, it } from 'vitest';
import { KtapParser } from '../../../src/regress/ktap.ts';
import type { KtapReport, KtapTest } from '../../../src/regress/ktap-report.ts';

/** Lines as they are written, without the blanks that this file's own indentation adds. */
function lines(text: string): string[] {
  const all = text.replace(/^\n/, '').trimEnd().split('\n');
  const margin = Math.min(...all.filter((line) => line.trim() !== '').map((line) => line.search(/\S/)));
  return all.map((line) => line.slice(margin));
}

function parse(text: string | readonly string[], options?: { version?: boolean }): KtapReport {
  const parser = new KtapParser(options);
  for (const line of typeof text === 'string' ? lines(text) : text) parser.line(line);
  return parser.end();
}

const NONE = { passed: 0, failed: 0, skipped: 0, todo: 0, missing: 0, errors: 0 };

/** Name, outcome and reason of every test, children indented. */
function tree(tests: readonly KtapTest[], indent = ''): string[] {
  return tests.flatMap(({ name, outcome, reason, children }) => [
    `${indent}${outcome} ${name}${reason && `: ${reason}`}`,
    ...tree(children, `${indent}  `),
  ]);
}

/** What a kernel 6.1 with CONFIG_KUNIT_EXAMPLE_TEST and others puts on its console, with messages of other drivers in between. */
const KUNIT_6_1 = `
[    0.000000] Linux version 6.1.0 (build@host) (mips-linux-gnu-gcc 12.2.0) #1 SMP
[    0.412000] printk: console [ttyS0] enabled
[    1.204113] TAP version 14
[    1.204870] 1..3
[    1.205532]     # Subtest: example
[    1.205561]     1..4
[    1.207011]     # example_simple_test: initializing
[    1.208214]     ok 1 - example_simple_test
[    1.208900] 8021q: 802.1Q VLAN Support v1.8
[    1.209114]     # example_skip_test: initializing
[    1.209870]     # example_skip_test: You should not see a line below.
[    1.210233]     ok 2 - example_skip_test # SKIP this test should be skipped
[    1.211002]         # Subtest: example_params_test
[    1.211508]     # example_params_test: initializing
[    1.212087]         ok 1 - example value 2
[    1.212733]         ok 2 - example value 1
[    1.213219]         ok 3 - example value 0 # SKIP unsupported param value
[    1.213902]     # example_params_test: pass:2 fail:0 skip:1 total:3
[    1.214515]     ok 3 - example_params_test
[    1.215120]     # example_all_expect_macros_test: initializing
[    1.215733]     ok 4 - example_all_expect_macros_test
[    1.216340] # example: pass:3 fail:0 skip:1 total:4
[    1.216901] # Totals: pass:4 fail:0 skip:2 total:6
[    1.217456] ok 1 - example
[    1.218012]     # Subtest: string-stream-test
[    1.218077]     1..2
[    1.219204]     # string_stream_test_not_empty_after_add: EXPECTATION FAILED at lib/kunit/string-stream-test.c:30
[    1.219204]     Expected string_stream_is_empty(stream) to be false, but is true
[    1.220480]     not ok 1 - string_stream_test_not_empty_after_add
[    1.221004]     ok 2 - string_stream_test_get_string
[    1.221650] # string-stream-test: pass:1 fail:1 skip:0 total:2
[    1.222201] not ok 2 - string-stream-test
[    1.222914]     # Subtest: sysctl_test
[    1.222980]     1..1
[    1.223701]     ok 1 - sysctl_test_api_dointvec_null_tbl_data
[    1.224302] ok 3 - sysctl_test
[    1.301022] VFS: Mounted root (ext4 filesystem) readonly on device 254:0.
`;

describe('the KUnit output of a kernel', () => {
  it('of 6.1 is read through printk prefixes, CR LF and messages of drivers', () => {
    const report = parse(
      KUNIT_6_1.trim()
        .split('\n')
        .map((line) => `${line}\r`),
    );
    // The kernel's own parser: "Ran 9 tests: passed: 6, failed: 1, skipped: 2".
    expect(report.counts).toEqual({ ...NONE, passed: 6, failed: 1, skipped: 2 });
    expect(report.errors).toEqual([]);
    expect(report.ok).toBe(false);
    expect(tree(report.tests)).toEqual([
      'pass example',
      '  pass example_simple_test',
      '  skip example_skip_test: this test should be skipped',
      '  pass example_params_test',
      '    pass example value 2',
      '    pass example value 1',
      '    skip example value 0: unsupported param value',
      '  pass example_all_expect_macros_test',
      'fail string-stream-test: 1 of its 2 tests failed',
      '  fail string_stream_test_not_empty_after_add',
      '  pass string_stream_test_get_string',
      'pass sysctl_test',
      '  pass sysctl_test_api_dointvec_null_tbl_data',
    ]);
  });

  it('keeps the diagnostics with the tests that they precede, and messages out', () => {
    const [example, stream] = parse(KUNIT_6_1.trim().split('\n')).tests;
    expect(example!.children.map(({ diagnostics }) => diagnostics)).toEqual([
      ['example_simple_test: initializing'],
      ['example_skip_test: initializing', 'example_skip_test: You should not see a line below.'],
      ['example_params_test: initializing', 'example_params_test: pass:2 fail:0 skip:1 total:3'],
      ['example_all_expect_macros_test: initializing'],
    ]);
    expect(example!.diagnostics).toEqual([
      'example: pass:3 fail:0 skip:1 total:4',
      'Totals: pass:4 fail:0 skip:2 total:6',
    ]);
    expect(stream!.children[0]!.diagnostics).toEqual([
      'string_stream_test_not_empty_after_add: EXPECTATION FAILED at lib/kunit/string-stream-test.c:30',
    ]);
  });

  it('keeps diagnostics that stand left of an indented stream', () => {
    expect(parse(['   KTAP version 1', '# left', '   ok 1 a']).tests[0]!.diagnostics).toEqual(['left']);
  });

  it('of 6.2 and later has a version line in every suite', () => {
    const report = parse(`
      KTAP version 1
      1..2
          KTAP version 1
          # Subtest: example
          # module: kunit_example_test
          1..2
          ok 1 example_simple_test
              KTAP version 1
              # Subtest: example_params_test
              ok 1 example value 3
              ok 2 example value 2
          # example_params_test: pass:2 fail:0 skip:0 total:2
          ok 2 example_params_test
      ok 1 example
          KTAP version 1
          # Subtest: time_test_cases
          1..1
          ok 1 time64_to_tm_test_date_range.speed # SKIP slow
      ok 2 time_test_cases
    `);
    expect(report.errors).toEqual([]);
    expect(report).toMatchObject({ ok: true, counts: { ...NONE, passed: 3, skipped: 1 } });
    expect(report.tests.map(({ name, plan, number }) => [name, plan, number])).toEqual([
      ['example', 2, 1],
      ['time_test_cases', 1, 2],
    ]);
  });

  it('of 5.6 is indented by tabs, and may have the caller in the prefix', () => {
    const report = parse([
      '[    0.060000][    T1] TAP version 14',
      '[    0.060000][    T1] 1..1',
      '[    0.060000][    T1] \t# Subtest: kunit-try-catch-test',
      '[    0.060000][  C3] \t1..1',
      '<6>[    0.060000] \tok 1 - kunit_test_try_catch_successful_try_no_catch',
      '[    T1] ok 1 - kunit-try-catch-test',
    ]);
    expect(report).toMatchObject({ ok: true, counts: { ...NONE, passed: 1 }, tests: [{ plan: 1, children: [{}] }] });
  });

  it('of modules comes as one stream for each', () => {
    const suite = (name: string) => [
      'KTAP version 1',
      '1..1',
      '    KTAP version 1',
      `    # Subtest: ${name}`,
      '    1..1',
    ];
    const report = parse([
      ...[...suite('a'), '    ok 1 a1', 'ok 1 a'],
      ...[...suite('b'), '    not ok 1 b1', 'not ok 1 b'],
    ]);
    expect(report.errors).toEqual([]);
    expect(report.counts).toEqual({ ...NONE, passed: 1, failed: 1 });
    expect(tree(report.tests)).toEqual(['pass a', '  pass a1', 'fail b: 1 of its 1 tests failed', '  fail b1']);
  });

  it('that a panic ends says what is missing at every depth', () => {
    const report = parse(`
      [    0.060000] TAP version 14
      [    0.060000] 1..3
      [    0.060000]     # Subtest: resources
      [    0.060000]     1..5
      [    0.060000]     ok 1 - init
      [    0.060000]     ok 2 - alloc
      [    0.060000] Kernel panic - not syncing: Fatal exception
    `);
    // The kernel's own parser: 2 passed, 3 + 2 crashed; 5 subtests and one result line are missing.
    expect(report).toMatchObject({ ok: false, counts: { ...NONE, passed: 2, missing: 5, errors: 6 } });
    expect(report.errors).toEqual([
      'resources: 3 of 5 planned tests are missing',
      'resources has no result line',
      'the plan: 2 of 3 planned tests are missing',
    ]);
    expect(tree(report.tests)[0]).toBe('fail resources: has no result line, and 3 of its 5 planned tests are missing');
    expect(report.tests[0]).toMatchObject({ number: null, plan: 5, missing: 3 });
  });
});

describe('the examples of ktap.rst', () => {
  it('nest by two spaces, with the name in the result line alone', () => {
    const report = parse(`
      KTAP version 1
      1..1
        KTAP version 1
        1..3
          KTAP version 1
          1..1
          # test_1: initializing test_1
          ok 1 test_1
        ok 1 example_test_1
          KTAP version 1
          1..2
          ok 1 test_1 # SKIP test_1 skipped
          ok 2 test_2
        ok 2 example_test_2
          KTAP version 1
          1..3
          ok 1 test_1
          # test_2: FAIL
          not ok 2 test_2
          ok 3 test_3 # SKIP test_3 skipped
        not ok 3 example_test_3
      not ok 1 main_test
    `);
    expect(report).toMatchObject({ ok: false, errors: [], counts: { ...NONE, passed: 3, failed: 1, skipped: 2 } });
    expect(tree(report.tests)).toEqual([
      'fail main_test: 1 of its 3 tests failed',
      '  pass example_test_1',
      '    pass test_1',
      '  pass example_test_2',
      '    skip test_1: test_1 skipped',
      '    pass test_2',
      '  fail example_test_3: 1 of its 3 tests failed',
      '    pass test_1',
      '    fail test_2',
      '    skip test_3: test_3 skipped',
    ]);
    expect(report.tests[0]!.children[0]!.children[0]!.diagnostics).toEqual(['test_1: initializing test_1']);
  });

  it.each([
    ['ok 1 test_case_name', 'pass', 'test_case_name', ''],
    ['not ok 1 test_case_name', 'fail', 'test_case_name', ''],
    ['ok 1', 'pass', '', ''],
    ['ok 1 test # SKIP necessary dependency unavailable', 'skip', 'test', 'necessary dependency unavailable'],
    ['not ok 1 - test # SKIP', 'skip', 'test', ''],
    ['ok 1 # skipped: no hardware', 'skip', '', 'no hardware'],
    ['not ok 1 test # TODO is known to be broken', 'todo', 'test', 'is known to be broken'],
    ['ok 1 test # todo', 'todo', 'test', ''],
    ['ok 1 test # XFAIL overflow', 'todo', 'test', 'XFAIL overflow'],
    ['not ok 1 test # TIMEOUT 30 seconds', 'fail', 'test', 'TIMEOUT 30 seconds'],
    ['ok 1 test # ERROR in setup', 'fail', 'test', 'ERROR in setup'],
    ['ok 1 check return code # rcode=0', 'pass', 'check return code', 'rcode=0'],
    ['ok 1 - queue #3 # SKIP no queue', 'skip', 'queue #3', 'no queue'],
    ['ok 1 - skipping # todolist=3', 'pass', 'skipping', 'todolist=3'],
    ['ok 1 - all \\# SKIP of it', 'pass', 'all # SKIP of it', ''],
    ['ok 1 -1 is negative', 'pass', '-1 is negative', ''],
  ])('%s', (line, outcome, name, reason) => {
    const report = parse(['KTAP version 1', '1..1', line]);
    expect(report.tests).toEqual([
      { number: 1, name, outcome, reason, diagnostics: [], plan: null, missing: 0, children: [] },
    ]);
    expect(report.ok).toBe(outcome !== 'fail');
    const key = { pass: 'passed', fail: 'failed', skip: 'skipped', todo: 'todo' }[outcome]!;
    expect(report.counts).toEqual({ ...NONE, [key]: 1 });
  });
});

describe('a plan', () => {
  it.each([0, 1, 2])('of 3 with %i results is a failure that says how many are missing', (results) => {
    const report = parse(['KTAP version 1', '1..3', ...['ok 1 a', 'ok 2 b'].slice(0, results)]);
    const missing = 3 - results;
    expect(report).toMatchObject({ ok: false, counts: { ...NONE, passed: results, missing, errors: missing } });
    expect(report.errors).toEqual([
      results === 2
        ? 'the plan: 1 of 3 planned tests is missing'
        : `the plan: ${missing} of 3 planned tests are missing`,
    ]);
  });

  it('that is truncated inside fails the suite, though its line says ok', () => {
    const report = parse(`
      KTAP version 1
      1..1
        KTAP version 1
        1..3
        ok 1 a
      ok 1 suite
    `);
    expect(report).toMatchObject({ ok: false, counts: { ...NONE, passed: 1, missing: 2, errors: 2 } });
    expect(tree(report.tests)).toEqual(['fail suite: says ok, but 2 of its 3 planned tests are missing', '  pass a']);
  });

  it('may come after the results', () => {
    const text = ['TAP version 13', 'ok 1 a', 'ok 2 b'];
    expect(parse([...text, '1..2'])).toMatchObject({ ok: true, counts: { ...NONE, passed: 2 } });
    expect(parse([...text, '1..3']).counts.missing).toBe(1);
    expect(parse([...text, '1..1']).errors).toEqual(['planned 1 tests after 2 had come']);
  });

  it('that is left out is no success: nobody knows whether all have come', () => {
    expect(parse(['KTAP version 1', 'ok 1 a'])).toMatchObject({ ok: false, planned: false, errors: [] });
    expect(parse(['KTAP version 1'])).toMatchObject({ ok: false, errors: ['no tests ran'] });
  });

  it('with a reason may run nothing', () => {
    const report = parse(['TAP version 13', '1..0 # SKIP no such CPU']);
    expect(report).toMatchObject({ ok: true, skipped: 'no such CPU', counts: NONE });
    expect(parse(['TAP version 13', '1..0'])).toMatchObject({ ok: false, skipped: null, errors: ['no tests ran'] });
  });

  it('of a suite with a reason makes it a skipped test', () => {
    const nothing = (plan: string) => parse(['KTAP version 1', '1..1', '  KTAP version 1', `  ${plan}`, 'ok 1 suite']);
    expect(nothing('1..0 # SKIP no such CPU')).toMatchObject({ ok: true, counts: { ...NONE, skipped: 1 } });
    expect(nothing('1..0 # SKIP no such CPU').tests[0]).toMatchObject({ outcome: 'skip', reason: 'no such CPU' });
    expect(nothing('1..0')).toMatchObject({ ok: false, errors: ['suite ran no tests'] });
  });

  it('is exceeded by a result too many', () => {
    const report = parse(['KTAP version 1', '1..1', 'ok 1 a', 'ok 2 b']);
    expect(report).toMatchObject({ ok: false, errors: ['b is test 2 of a plan of 1'] });
  });

  it('is given once', () => {
    const report = parse(['KTAP version 1', '1..2', 'ok 1 a', '1..1', 'ok 2 b']);
    expect(report).toMatchObject({ ok: false, errors: ['a second plan, 1..1'], counts: { passed: 2, missing: 0 } });
  });
});

describe('a suite', () => {
  it('that says ok with a failed test is a failure', () => {
    const report = parse(`
      KTAP version 1
      1..1
        # Subtest: outer
        1..1
          # Subtest: inner
          1..2
          not ok 1 bad
          ok 2 good
        ok 1 inner
      ok 1 outer
    `);
    expect(report.ok).toBe(false);
    expect(tree(report.tests)).toEqual([
      'fail outer: says ok, but 1 of its 1 tests failed',
      '  fail inner: says ok, but 1 of its 2 tests failed',
      '    fail bad',
      '    pass good',
    ]);
    expect(report.counts).toEqual({ ...NONE, passed: 1, failed: 1 });
  });

  it.each(['SKIP', 'TODO'])('that says %s with a failed test is a failure', (word) => {
    const report = parse(['KTAP version 1', '1..1', '  1..1', '  not ok 1 bad', `ok 1 suite # ${word}`]);
    expect(report.tests[0]).toMatchObject({ outcome: 'fail', reason: `says ${word}, but 1 of its 1 tests failed` });
  });

  it('is no failure when its tests are skipped or known to be broken', () => {
    const report = parse(['KTAP version 1', '1..1', '  1..2', '  ok 1 a # SKIP', '  not ok 2 b # TODO', 'ok 1 suite']);
    expect(report).toMatchObject({ ok: true, counts: { ...NONE, skipped: 1, todo: 1 } });
  });

  it('that says not ok fails though all its tests passed; the kernel counts leaf tests alone', () => {
    const report = parse(['KTAP version 1', '1..1', '  1..1', '  ok 1 a', 'not ok 1 suite # ERROR in exit']);
    expect(report).toMatchObject({ ok: false, counts: { ...NONE, passed: 1 } });
    expect(report.tests[0]).toMatchObject({ outcome: 'fail', reason: 'ERROR in exit' });
  });

  it('without a result line is a failure, and the next line is not taken for it', () => {
    const report = parse(`
      TAP version 14
      1..2
          # Subtest: first
          1..1
          ok 1 - a
      ok 2 - second
    `);
    expect(report).toMatchObject({ ok: false, counts: { ...NONE, passed: 2, errors: 1 } });
    expect(report.errors).toEqual(['first has no result line']);
    expect(tree(report.tests)).toEqual(['fail first: has no result line', '  pass a', 'pass second']);
  });

  it.each([
    ['of 6.1', ['    # Subtest: b', '    1..1']],
    ['of 6.2', ['    KTAP version 1', '    # Subtest: b', '    1..1']],
    ['without a plan', ['    # Subtest: b']],
  ])('without a result line ends where the next one begins (KUnit %s)', (_kernel, header) => {
    const report = parse([
      'TAP version 14',
      '1..2',
      '    # Subtest: a',
      '    1..1',
      '    ok 1 - a1',
      ...header,
      '    ok 1 - b1',
      'ok 2 - b',
    ]);
    expect(report.errors).toEqual(['a has no result line']);
    expect(tree(report.tests)).toEqual(['fail a: has no result line', '  pass a1', 'pass b', '  pass b1']);
  });

  it('without a name and a result line ends where the next version line is', () => {
    const suite = (...results: string[]) => ['  KTAP version 1', `  1..${results.length}`, ...results];
    const report = parse(['KTAP version 1', '1..2', ...suite('  ok 1 a'), ...suite('  ok 1 b'), 'ok 2 second']);
    expect(report.errors).toEqual(['a suite has no result line']);
    expect(tree(report.tests)).toEqual(['fail : has no result line', '  pass a', 'pass second', '  pass b']);
  });

  it('none of whose tests came counts by what is missing alone', () => {
    const report = parse(['TAP version 14', '1..1', '    # Subtest: s', '    1..3', 'not ok 1 - s']);
    expect(report.counts).toEqual({ ...NONE, missing: 3, errors: 3 });
    expect(report.tests[0]).toMatchObject({ outcome: 'fail', reason: '3 of its 3 planned tests are missing' });
  });

  it('is named one level above by TAP 14', () => {
    const report = parse(`
      TAP version 14
      # Subtest: foo.tap
          ok 1
          ok 2 - this
          1..2
      ok 1 - foo.tap
      # Subtest: bar.tap
          1..1
          ok 1
      ok 2 - bar.tap # time=12ms
      1..2
    `);
    expect(report).toMatchObject({ ok: true, errors: [], counts: { ...NONE, passed: 3 } });
    expect(tree(report.tests)).toEqual([
      'pass foo.tap',
      '  pass ',
      '  pass this',
      'pass bar.tap: time=12ms',
      '  pass ',
    ]);
  });

  it('is named once: the next one has its own name', () => {
    const unused = parse(['TAP version 14', '# Subtest: a', 'ok 1 a', '    ok 1 x', 'ok 2 b']);
    expect(unused).toMatchObject({ planned: false, errors: [] });
    const used = parse(['TAP version 14', '# Subtest: a', '    ok 1 x', '  ok 1 y', 'ok 2 b']);
    expect(used.errors).toEqual(['a has no result line']);
  });

  it('that announces itself and runs nothing is an error, and counts as the kernel counts it', () => {
    const report = parse(`
      TAP version 14
      1..1
        # Subtest: suite
        1..1
          # Subtest: case
        ok 1 - case
      ok 1 - suite
    `);
    expect(report).toMatchObject({ ok: false, counts: { ...NONE, passed: 1, errors: 1 } });
    expect(report.errors).toEqual(['suite: case ran no tests']);
  });
});

describe('numbers', () => {
  it.each([
    ['out of order', ['ok 2 b', 'ok 1 a'], ['b has number 2 where 1 was due', 'a has number 1 where 2 was due']],
    ['twice', ['ok 1 a', 'ok 1 b'], ['b has number 1 where 2 was due']],
    ['with a gap', ['ok 1 a', 'ok 3 c'], ['c has number 3 where 2 was due']],
  ])('%s are errors', (_what, results, errors) => {
    const report = parse(['KTAP version 1', '1..2', ...results]);
    expect(report).toMatchObject({ ok: false, errors, counts: { ...NONE, passed: 2, errors: errors.length } });
  });

  it('say in which suite they are wrong', () => {
    const report = parse(['TAP version 14', '1..1', '    # Subtest: s', '    1..1', '    ok 7 - x', 'ok 1 - s']);
    expect(report.errors).toEqual(['s: x has number 7 where 1 was due']);
  });

  it('may be left out in TAP, not in KTAP', () => {
    const text = ['1..3', 'ok', 'not ok - second', 'ok # SKIP'];
    expect(parse(['TAP version 13', ...text]).counts).toEqual({ ...NONE, passed: 1, failed: 1, skipped: 1 });
    expect(parse(['KTAP version 1', ...text]).counts).toMatchObject({ passed: 0, missing: 3 });
    const inside = parse(['KTAP version 1', '1..1', '  TAP version 13', '  ok', '  ok 1 a', 'ok', 'ok 1 s']);
    expect(inside).toMatchObject({ ok: true, counts: { ...NONE, passed: 1 } });
  });

  it('of any size are read', () => {
    const nines = '9'.repeat(900);
    const report = parse(['KTAP version 1', `1..${nines}`, `ok ${nines} a`]);
    expect(report.ok).toBe(false);
    expect(report.counts).toMatchObject({ passed: 1, missing: Number.MAX_SAFE_INTEGER - 1 });
  });
});

describe('what is not TAP', () => {
  it.each([
    'init: ok 2 - x',
    '[    1.000000] random: not ok 2 - x',
    'ok2 x',
    'okay 2',
    'ok, done',
    'ok then',
    'not  ok 2',
    'OK 2 x',
    '1..5 seconds left',
    'range 1..5',
    'see Bail out! in the manual',
    'the KTAP version 1 is out',
    'Expected 1 + 1 == 3, but 1 + 1 == 2 (0x2)',
    '',
    '   ',
    '---[ end trace 0000000000000000 ]---',
  ])('is ignored: %s', (noise) => {
    const report = parse(['KTAP version 1', '1..1', noise, 'ok 1 a']);
    expect(report).toMatchObject({ ok: true, counts: { ...NONE, passed: 1 }, bailOut: null, diagnostics: [] });
    expect(report.tests[0]!.diagnostics).toEqual([]);
  });

  it('is everything before the version line', () => {
    const report = parse(['1..7', 'not ok 1 - early', '# early', 'Bail out!', 'KTAP version 1', '1..1', 'ok 1 a']);
    expect(report).toMatchObject({ ok: true, bailOut: null, tests: [{ name: 'a', diagnostics: [] }] });
  });

  it('may be all there is, and that is no success', () => {
    const report = parse(['[    1.0] hello', '1..1', 'ok 1 a']);
    expect(report).toMatchObject({ ok: false, errors: ['no KTAP came'], counts: { ...NONE, errors: 1 }, tests: [] });
  });
});

describe('without a version line', () => {
  it('a plan is enough when that is allowed', () => {
    const report = parse(['hello', '# not yet', '1..2', 'ok 1 a', 'not ok 2 b', '# bye'], { version: false });
    expect(report).toMatchObject({ ok: false, counts: { ...NONE, passed: 1, failed: 1 }, diagnostics: ['bye'] });
  });

  it('a KUnit suite of a module is read', () => {
    const text = ['    # Subtest: example', '    1..1', '    ok 1 - a', 'ok 1 - example'];
    expect(tree(parse(text, { version: false }).tests)).toEqual(['pass example', '  pass a']);
    expect(parse(text).tests).toEqual([]);
  });

  it('results alone are read, and a word that has no number begins nothing', () => {
    expect(parse(['ok', 'ok 1 a'], { version: false })).toMatchObject({
      planned: false,
      counts: { ...NONE, passed: 1 },
    });
    expect(parse(['ok'], { version: false }).ok).toBe(false);
  });

  it('the beginning may be lost: what it belongs to comes later', () => {
    const report = parse(['    1..1', '    ok 1 - a', 'ok 1 - suite'], { version: false });
    expect(report).toMatchObject({ planned: false, errors: [], counts: { ...NONE, passed: 1 } });
    expect(tree(report.tests)).toEqual(['pass suite', '  pass a']);
  });
});

describe('a version', () => {
  it.each([
    ['KTAP version 1', []],
    ['TAP version 13', []],
    ['TAP version 14', []],
    ['KTAP version 2', ['KTAP version 2 is not known']],
    ['TAP version 12', ['TAP version 12 is not known']],
  ])('%s', (version, errors) => {
    expect(parse([version, '1..1', 'ok 1 a'])).toMatchObject({ errors, counts: { passed: 1 } });
  });
});

describe('Bail out!', () => {
  it('fails with its reason, and nothing after it counts', () => {
    const report = parse(['TAP version 13', '1..3', 'ok 1 a', 'Bail out! no memory', 'ok 2 b', 'ok 3 c']);
    expect(report).toMatchObject({ ok: false, bailOut: 'no memory', counts: { passed: 1, missing: 2 } });
  });

  it('fails though nothing is missing', () => {
    const report = parse(['TAP version 13', 'ok 1 a', 'Bail out!'], { version: false });
    expect(report).toMatchObject({ ok: false, bailOut: '', counts: { ...NONE, passed: 1 } });
  });

  it('is final without a version line too, until a version line begins anew', () => {
    const text = ['1..1', 'ok 1 a', 'Bail out!', 'not ok 1 b'];
    expect(parse(text, { version: false }).counts).toEqual({ ...NONE, passed: 1 });
    expect(parse([...text, 'TAP version 13', 'not ok 1 c'], { version: false }).counts.failed).toBe(1);
  });

  it('inside of a suite ends the suites around it', () => {
    const report = parse(['KTAP version 1', '1..1', '  # Subtest: s', '  1..2', '  ok 1 a', '  Bail out! x', 'ok 1 s']);
    expect(report).toMatchObject({ bailOut: 'x', counts: { passed: 1, missing: 1 }, tests: [{ outcome: 'fail' }] });
  });
});

describe('asked while it runs', () => {
  it('knows the results so far; what a plan still lacks is not missing yet', () => {
    const parser = new KtapParser();
    const seen = [
      'TAP version 14',
      '1..2',
      '    # Subtest: s',
      '    1..2',
      '    ok 1 - a',
      '    not ok 2 - b',
      'not ok 1 - s',
    ].map((line) => {
      parser.line(line);
      const { passed, failed, missing } = parser.counts;
      return [passed, failed, missing];
    });
    expect(seen.slice(3)).toEqual([
      [0, 0, 0],
      [1, 0, 0],
      [1, 1, 0],
      [1, 1, 0],
    ]);
    expect(parser.end().counts.missing).toBe(1);
  });

  it('ends once', () => {
    const parser = new KtapParser();
    for (const line of ['KTAP version 1', '1..2', 'ok 1 a']) parser.line(line);
    const report = parser.end();
    parser.line('ok 2 b');
    expect(parser.end()).toBe(report);
    expect(report.counts).toMatchObject({ passed: 1, missing: 1 });
  });
});

describe('hostile output', () => {
  it('nests without end', () => {
    const report = parse(['KTAP version 1', ...Array.from({ length: 3000 }, (_, n) => `${' '.repeat(n)}1..1`)]);
    expect(report.ok).toBe(false);
    expect(report.counts.missing).toBe(1);
    expect(report.errors).toHaveLength(100);
    expect(report.errors.at(0)).toBe('a line is nested deeper than 128 columns');
    let depth = 0;
    for (let [test] = report.tests; test; test = test.children[0]) depth++;
    expect(depth).toBe(128);
  });

  it('comes out of its nesting step by step', () => {
    const steps = Array.from({ length: 2000 }, (_, n) => `${' '.repeat(2000 - n)}ok 1 x`);
    const report = parse(['1..1', ...steps], { version: false });
    expect(report.counts).toMatchObject({ passed: 128 });
    const outwards = parse(steps.slice(-129), { version: false });
    expect(outwards.counts).toMatchObject({ passed: 1, missing: 0 });
    expect(tree(outwards.tests)).toHaveLength(128);
  });

  it('has more tests than a report holds: they are counted', () => {
    const parser = new KtapParser();
    parser.line('KTAP version 1');
    for (let n = 1; n <= 60_000; n++) parser.line(`${n % 2 ? 'ok' : 'not ok'} ${n} test`);
    const report = parser.end();
    expect(report).toMatchObject({ ok: false, omitted: 10_000, counts: { ...NONE, passed: 30_000, failed: 30_000 } });
    expect(report.tests).toHaveLength(50_000);
  });

  it('has more diagnostics than a report holds', () => {
    const report = parse([
      'KTAP version 1',
      '1..2',
      ...Array.from({ length: 5000 }, (_, n) => `# ${n}`),
      'ok 1 a',
      'ok 2 b',
    ]);
    expect(report.tests[0]!.diagnostics).toHaveLength(101);
    expect(report.tests[0]!.diagnostics.slice(-2)).toEqual(['99', '(4900 more lines are not kept)']);
    expect(report.tests[1]!.diagnostics).toEqual([]);
    const many = parse([
      'KTAP version 1',
      ...Array.from({ length: 20_000 }, (_, n) => (n % 2 ? `ok ${n} a` : `# ${n}`)),
    ]);
    expect(many.tests.flatMap(({ diagnostics }) => diagnostics).length).toBeLessThanOrEqual(10_000 * 2);
  });

  it('starts a stream again and again', () => {
    const report = parse(Array.from({ length: 30_000 }, (_, n) => ['KTAP version 1', '# x', `1..${n % 3}`][n % 3]!));
    expect(report.diagnostics.length).toBeLessThanOrEqual(100);
    expect(report.errors).toHaveLength(100);
    expect(report.ok).toBe(false);
  });

  it('has lines of megabytes, in time that grows with their length', () => {
    const long = 4_000_000;
    const report = parse([
      'KTAP version 1',
      ' '.repeat(long),
      `# ${'#'.repeat(long)}`,
      `[${' '.repeat(long)}`,
      `1..${'9'.repeat(long)}x`,
      `ok 1 ${' #'.repeat(long / 2)}`,
      `not ok 2 ${'x'.repeat(long)} # SKIP`,
    ]);
    expect(report.counts).toMatchObject({ passed: 1, failed: 1 });
    expect(report.tests[1]!.name.length).toBeLessThan(1100);
  });
});
