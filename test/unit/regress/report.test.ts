// Reports of a suite: each in its own format's words, and none that a hostile name, message or console can break.
import { describe, expect, test } from 'vitest';
import { exitCodeOf, github, json, junit, pretty, REPORTS, tap } from '../../../src/regress/report/index.ts';
import { readJunit } from '../../support/regress/junit-schema.ts';
import { failed, failureOf, GOOD_RUN, HANG, passed, skipped, suite } from '../../support/regress/suites.ts';
import type { XmlElement } from '../../support/regress/xml.ts';

const FS = 'tests/fs.test.ts';
const MIXED = suite(
  [
    passed('tests/boot.test.ts', 'boots'),
    passed('tests/boot.test.ts', 'powers off', [GOOD_RUN, GOOD_RUN]),
    skipped('tests/boot.test.ts', 'floppy', 'no #1 floppy'),
    failed(FS, 'remount', failureOf('expected "hi"', '+ ""\n- "hi"\n', { file: `/w/${FS}`, line: 12, column: 5 })),
    passed(FS, 'mount'),
    skipped('tests/net.test.ts', 'ping', null),
  ],
  [{ file: 'tests/bad.test.ts', failure: failureOf('SyntaxError: Unexpected token') }],
);
const ALL_PASSED = suite([passed('a.test.ts', 'boots')]);
const NOTHING = suite([]);

/** What may come from a guest or a file name. */
const HOSTILE = [
  'two\nlines\r\nok 1 - forged\n::error::forged\n<testcase/>',
  '\x1b[2J\x1b]0;title\x07\x9b31m\0\x7f\b',
  ']]></failure><!--&amp;&#0;\'"`$(id)',
  'right\u202eto\u2066left\u200f\u061c \u2028\u2029',
  'half \ud800 a \udc00 pair, \ufffe\uffff, whole \u{1f600}',
  '# SKIP not really \\# \\\\# TODO %0A%25 a:b,c',
  '---\n  ...\nBail out!',
  ' ',
  `cut in half: ${'\u{1f600}'.repeat(500)}x${'\u{1f600}'.repeat(500)}`,
];
const hostileSuite = (text: string) =>
  suite(
    [
      passed(text, text, [{ ...HANG, command: text, summary: text }]),
      skipped(text, `${text}2`, text),
      failed(text, `${text}3`, failureOf(text, `${text}\n${text}`, { file: text, line: 1, column: 2 }), [
        { ...HANG, command: text, summary: text },
      ]),
    ],
    [{ file: `${text}4`, failure: failureOf(text, text) }],
  );

test('the exit code: 0 passed, 1 failed or broken, 2 no test', () => {
  expect(exitCodeOf(ALL_PASSED)).toBe(0);
  expect(exitCodeOf(suite([skipped('a', 'b', null)]))).toBe(0);
  expect(exitCodeOf(suite([passed('a', 'b'), failed('a', 'c', failureOf('no'))]))).toBe(1);
  expect(exitCodeOf(suite([passed('a', 'b')], [{ file: 'c', failure: failureOf('no') }]))).toBe(1);
  expect(exitCodeOf(suite([], [{ file: 'c', failure: failureOf('no') }]))).toBe(1);
  expect(exitCodeOf(NOTHING)).toBe(2);
});

describe('every report', () => {
  test.each([...REPORTS.keys()])('%s keeps a terminal safe and ends in a newline', (name) => {
    const { render, extension } = REPORTS.get(name)!;
    expect(extension).toMatch(/^\.[a-z]+$/);
    for (const result of [MIXED, ALL_PASSED, NOTHING, ...HOSTILE.map(hostileSuite)]) {
      const text = render(result);
      expect(text).toMatch(/\n$/);
      expect(text.replaceAll('\n', '').match(/[\p{Cc}\p{Zl}\p{Zp}\p{Bidi_Control}\p{Cs}\ufffe\uffff]/u)).toBeNull();
    }
  });
});

describe('pretty', () => {
  const plain = { colour: (_kind: string, text: string) => text };

  test('a suite that passed is a line for each file and one for itself', () => {
    expect(pretty(ALL_PASSED, plain)).toBe(
      'ok    a.test.ts  1 passed  (412 ms)\n\nok: 1 passed in 1 file (wall 2.9 s)\n',
    );
  });

  test('what failed is shown with everything to go on with', () => {
    expect(pretty(MIXED, plain).split('\n')).toEqual([
      'ok    tests/boot.test.ts  2 passed, 1 skipped  (825 ms)',
      '      skipped: no #1 floppy',
      'FAIL  tests/fs.test.ts    1 failed, 1 passed  (1.9 s)',
      'skip  tests/net.test.ts   1 skipped  (0 ms)',
      'FAIL  tests/bad.test.ts   broken  (0 ms)',
      '',
      'FAIL  tests/fs.test.ts > remount',
      '  expected "hi"',
      '  at tests/fs.test.ts:12:5',
      '  | + ""',
      '  | - "hi"',
      '  hang at 12.346s @ 1,234,567,890, exit 103: all 2 cpus in WAIT, no timer armed   run 7f3a19c2 state 9b0e44d1',
      '  replay it: tsvm replay 7f3a19c2',
      '  boot it again: tsvm run --machine malta --mem 128M vmlinux',
      "  test it again: tsvm test tests/fs.test.ts -t '^remount$'",
      '',
      'FAIL  tests/bad.test.ts: the file is broken',
      '  SyntaxError: Unexpected token',
      '',
      'FAIL: 1 failed, 3 passed, 2 skipped, 1 broken file in 4 files (wall 2.9 s)   exit 1',
      '',
    ]);
  });

  test('no test at all is said', () => {
    expect(pretty(NOTHING, plain)).toBe(
      'FAIL: no test at all: no file had one, or none was asked for (wall 2.9 s)   exit 2\n',
    );
  });

  test('with the runs of every test, when that is asked for', () => {
    const lines = pretty(MIXED, { ...plain, verbose: true }).split('\n');
    expect(lines.slice(0, 4)).toEqual([
      'ok    tests/boot.test.ts  2 passed, 1 skipped  (825 ms)',
      '      ok    boots   run 7f3a19c2 state 9b0e44d1',
      '      ok    powers off   run 7f3a19c2 state 9b0e44d1, 2 runs',
      '      skip  floppy   no #1 floppy',
    ]);
  });

  test('colours are for marks and the end, by kind', () => {
    const marked = pretty(MIXED, { colour: (kind, text) => `<${kind}>${text}</>` });
    expect(marked).toContain('<good>ok  </>  tests/boot');
    expect(marked).toContain('<warn>skip</>  tests/net');
    expect(marked).toContain('<bad>FAIL: 1 failed');
    expect(marked).toContain('  <dim>|</> - "hi"');
  });

  test('a guest that says very much is cut short, at both ends of it', () => {
    const lines = Array.from({ length: 1000 }, (_, i) => `line ${i} ${'x'.repeat(1000)}`);
    const shown = pretty(suite([failed('a', 'b', failureOf('no', lines.join('\n')))]), plain).split('\n');
    expect(shown.length).toBeLessThan(80);
    expect(Math.max(...shown.map(({ length }) => length))).toBeLessThan(420);
    expect(shown.filter((line) => /^ {2}\| line (29|970) x/.test(line))).toHaveLength(2);
    expect(shown).toContain('  | ... 940 lines more: --report json has them all');
  });

  test('the command finds the test by exactly its name, whatever that is', () => {
    const name = "it's (a|b) $HOME + 2^3?";
    const shown = pretty(suite([failed('-x.test.ts', name, failureOf('no'), [])]), plain);
    const [, pattern] = /test it again: tsvm test \.\/-x\.test\.ts -t '(.*)'\n/.exec(shown)!;
    const filter = new RegExp(pattern!.replaceAll("'\\''", "'"));
    expect(filter.test(name)).toBe(true);
    expect(filter.test(`${name} `)).toBe(false);
  });
});

/** Test points as a TAP 14 harness reads them: plan checked, descriptions unescaped, directives found, YAML taken off. */
function readTap(text: string) {
  const lines = text.trimEnd().split('\n');
  expect(lines.shift()).toBe('TAP version 13');
  const plan = /^1\.\.(\d+)$/.exec(lines.shift()!)!;
  const points: { ok: boolean; description: string; directive: string; yaml: string[] }[] = [];
  for (let line = lines.shift(); line !== undefined; line = lines.shift()) {
    const [, not, number, rest] = /^(not )?ok (\d+) - (.*)$/.exec(line)!;
    expect(Number(number)).toBe(points.length + 1);
    const [, description = '', directive = ''] = /^((?:\\[\\#]|[^#\\]|\\)*?)(?: # (.*))?$/.exec(rest!)!;
    const yaml: string[] = [];
    if (lines[0] === '  ---') {
      const end = lines.indexOf('  ...');
      yaml.push(...lines.splice(0, end + 1).slice(1, -1));
    }
    points.push({ ok: not === undefined, description: description.replace(/\\([\\#])/g, '$1'), directive, yaml });
  }
  expect(points).toHaveLength(Number(plan[1]));
  return points;
}

describe('tap', () => {
  test('a plan, test points, directives, and diagnostics of what failed', () => {
    expect(tap(MIXED).split('\n')).toEqual([
      'TAP version 13',
      '1..7',
      'ok 1 - tests/boot.test.ts > boots # time=412.250ms',
      'ok 2 - tests/boot.test.ts > powers off # time=412.250ms',
      'ok 3 - tests/boot.test.ts > floppy # SKIP no \\#1 floppy',
      'not ok 4 - tests/fs.test.ts > remount # time=1500.000ms',
      '  ---',
      '  message: "expected \\"hi\\""',
      '  at:',
      '    file: "tests/fs.test.ts"',
      '    line: 12',
      '    column: 5',
      '  details: |',
      '    | + ""',
      '    | - "hi"',
      '  test: "tsvm test tests/fs.test.ts -t \'^remount$\'"',
      '  runs:',
      '    - command: "tsvm run --machine malta --mem 128M vmlinux"',
      '      verdict: "hang: all 2 cpus in WAIT, no timer armed"',
      '      exit: 103',
      '      at: "12.346s @ 1,234,567,890"',
      '      run: "7f3a19c2"',
      '      state: "9b0e44d1"',
      '  ...',
      'ok 5 - tests/fs.test.ts > mount # time=412.250ms',
      'ok 6 - tests/net.test.ts > ping # SKIP',
      'not ok 7 - tests/bad.test.ts: the file is broken',
      '  ---',
      '  message: "SyntaxError: Unexpected token"',
      '  ...',
      '',
    ]);
  });

  test('no test is no success: a plan of none alone would be', () => {
    expect(tap(NOTHING)).toMatch(/^TAP version 13\n1\.\.0 # no test at all.*\nBail out! no test at all.*\n$/);
  });

  test.each(HOSTILE)('%j forges no test point and no directive', (text) => {
    const points = readTap(tap(hostileSuite(text)));
    expect(points.map(({ ok }) => ok)).toEqual([true, true, false, false]);
    expect(points.map(({ directive }) => directive.split(/[ =]/)[0])).toEqual(['time', 'SKIP', 'time', '']);
    const [message] = points[2]!.yaml;
    const wellFormed = text.replace(/\p{Cs}/gu, '\ufffd');
    expect(JSON.parse(message!.replace(/^ {2}message: /, ''))).toBe(wellFormed);
    for (const line of points[2]!.yaml)
      expect(line).toMatch(/^ +(\| .*|(- )?([a-z]+:( \||)|[a-z]+: \d+|([a-z]+: )?".*"))$/);
  });
});

describe('junit', () => {
  const child = (element: XmlElement, name: string): XmlElement | undefined =>
    element.children.find((other) => other.name === name);

  test('a valid document with a testsuite for each file', () => {
    const root = readJunit(junit(MIXED));
    const shown = (element: XmlElement): string => Object.values(Object.fromEntries(element.attributes)).join(' ');
    const [boot, fs, net, bad] = ['tests/boot.test.ts', FS, 'tests/net.test.ts', 'tests/bad.test.ts'];
    expect(root.children.map(shown)).toEqual([
      `0 ${boot} ${boot} 2026-11-21T16:00:00 localhost 3 0 0 1 0.825`,
      `1 ${fs} ${fs} 2026-11-21T16:00:00 localhost 2 1 0 0 1.912`,
      `2 ${net} ${net} 2026-11-21T16:00:00 localhost 1 0 0 1 0.000`,
      `3 ${bad} ${bad} 2026-11-21T16:00:00 localhost 1 0 1 0 0.000`,
    ]);
  });

  test('a failure has its kind, message, place and lines; a run its command, id and state', () => {
    const [boot, fs, net, bad] = readJunit(junit(MIXED)).children;
    const remount = child(fs!, 'testcase')!;
    expect(Object.fromEntries(remount.attributes)).toEqual({ classname: FS, name: 'remount', time: '1.500' });
    const failure = child(remount, 'failure')!;
    expect(Object.fromEntries(failure.attributes)).toEqual({ message: 'expected "hi"', type: 'hang' });
    expect(failure.text).toBe('expected "hi"\nat tests/fs.test.ts:12:5\n+ ""\n- "hi"');
    expect(child(fs!, 'system-out')!.text.split('\n').slice(0, 4)).toEqual([
      'remount',
      "  tsvm test tests/fs.test.ts -t '^remount$'",
      '  tsvm run --machine malta --mem 128M vmlinux',
      '  hang at 12.346s @ 1,234,567,890, exit 103: all 2 cpus in WAIT, no timer armed   run 7f3a19c2 state 9b0e44d1',
    ]);
    const properties = child(boot!, 'properties')!.children.map(({ attributes }) => [...attributes.values()].join('='));
    expect(properties).toEqual([
      'boots / run=7f3a19c2',
      'boots / state=9b0e44d1',
      'powers off / run 1=7f3a19c2',
      'powers off / state 1=9b0e44d1',
      'powers off / run 2=7f3a19c2',
      'powers off / state 2=9b0e44d1',
    ]);
    const floppy = boot!.children.findLast(({ name }) => name === 'testcase')!;
    expect(child(floppy, 'skipped')!.attributes.get('message')).toBe('no #1 floppy');
    expect(child(net!, 'properties')!.children).toEqual([]);
    expect(child(child(bad!, 'testcase')!, 'error')!.attributes.get('type')).toBe('broken-file');
  });

  test('a run that was only ended is not why its test failed', () => {
    const stopped = failed('a', 'b', failureOf('no'), [{ ...HANG, kind: 'interrupted', exitCode: 130, stateHash: '' }]);
    expect(junit(suite([stopped]))).toContain('<failure message="no" type="failure">');
    expect(junit(suite([stopped]))).not.toContain('/ state');
  });

  test('no test, and a failure that nobody explained, are valid too', () => {
    expect(readJunit(junit(NOTHING)).children).toEqual([]);
    const unexplained = { ...failed('a', 'b', failureOf('')), failure: null };
    expect(junit(suite([unexplained]))).toContain('message="failed, and nobody said why"');
    expect(() => readJunit(junit(suite([unexplained])))).not.toThrow();
  });

  // A testsuite's name may not be blank; a file that is called so is no test file.
  test.each(HOSTILE.filter((text) => text.trim() !== ''))('%j is read back, but for what XML cannot have', (text) => {
    const [file] = readJunit(junit(hostileSuite(text))).children;
    const possible = [...text]
      .map((char) => (/[\ufffe\uffff]|\p{Cs}/u.test(char) || isC0(char) ? '\ufffd' : char))
      .join('');
    expect(file!.attributes.get('name')).toBe(possible);
    const [, , third] = file!.children.filter(({ name }) => name === 'testcase');
    expect(child(third!, 'failure')!.attributes.get('message')).toBe(possible);
    expect(child(third!, 'failure')!.text.startsWith(possible)).toBe(true);
  });

  test('the validator refuses what is not valid', () => {
    const good = junit(MIXED);
    const edits: readonly (readonly [from: string | RegExp, to: string])[] = [
      ['classname="tests/fs.test.ts" ', ''],
      ['name="remount"', 'name="remount" name="again"'],
      ['tests="3"', 'tests="three"'],
      ['tests="3"', 'tests="4"'],
      ['time="0.825"', 'time="0,8"'],
      ['type="hang"', 'kind="hang"'],
      ['<system-out>', '<stdout>'],
      ['<system-err/>', ''],
      [/ timestamp="[^"]*"/, ''],
      ['T16:00:00"', 'T16:00:00Z"'],
      [/<\/testcase>\n<testcase/, '</testcase>\n<properties/><testcase'],
      ['<skipped message="no #1 floppy"/>', '<skipped/><system-out>x</system-out>'],
      ['<skipped message="no #1 floppy"/>', 'text'],
      ['<skipped message="no #1 floppy"/>', '<skipped/><error type="x"/>'],
      ['+ &quot;', ']]>'],
      ['+ &quot;', '\x1b'],
      ['+ &quot;', '&#27;'],
      ['+ &quot;', 'a & b'],
      ['</testsuites>', ''],
      ['</testsuites>', '</testsuites><testsuites/>'],
    ];
    for (const [from, to] of edits) {
      const spoilt = good.replace(from, to);
      expect(spoilt).not.toBe(good);
      expect(() => readJunit(spoilt), `${from} -> ${to}`).toThrow();
    }
  });
});

function isC0(char: string): boolean {
  return char < ' ' && !'\t\n\r'.includes(char);
}

describe('json', () => {
  const eventsOf = (text: string): unknown[] =>
    text
      .trimEnd()
      .split('\n')
      .map((line) => JSON.parse(line));

  test('an event on each line, the suite last', () => {
    const events = eventsOf(json(MIXED));
    expect(events.slice(0, 6)).toEqual(MIXED.results.map((result) => ({ event: 'test', ...result })));
    expect(events.slice(6)).toEqual([
      { event: 'broken', ...MIXED.broken[0] },
      {
        ...{ event: 'suite', passed: 3, failed: 1, skipped: 2, broken: 1 },
        ...{ startedAt: '2026-11-21T16:00:00Z', wallMs: 2900, exitCode: 1 },
      },
    ]);
  });

  test.each(HOSTILE)('%j is read back exactly', (text) => {
    const result = hostileSuite(text);
    const events = eventsOf(json(result));
    expect(events).toHaveLength(5);
    expect(events.slice(0, 3)).toEqual(result.results.map((one) => ({ event: 'test', ...one })));
  });
});

describe('github', () => {
  test('an error at the place of each failure, and one notice', () => {
    const [error, broken, notice, ...rest] = github(MIXED).split('\n');
    expect(error).toBe(
      '::error file=/w/tests/fs.test.ts,line=12,col=5,title=remount::expected "hi"%0A+ ""%0A- "hi"%0A' +
        'hang at 12.346s @ 1,234,567,890, exit 103: all 2 cpus in WAIT, no timer armed   run 7f3a19c2 state 9b0e44d1%0A' +
        'boot it again: tsvm run --machine malta --mem 128M vmlinux%0A' +
        "test it again: tsvm test tests/fs.test.ts -t '^remount$'",
    );
    expect(broken).toBe('::error file=tests/bad.test.ts,title=the file is broken::SyntaxError: Unexpected token');
    expect(notice).toBe('::notice::tsvm test: 1 failed, 3 passed, 2 skipped, 1 broken file in 4 files (wall 2.9 s)');
    expect(rest).toEqual(['']);
  });

  test.each(HOSTILE)('%j is no command of its own, and no property', (text) => {
    const lines = github(hostileSuite(text)).trimEnd().split('\n');
    expect(lines.map((line) => /^::(error|notice)/.exec(line)?.[1])).toEqual(['error', 'error', 'notice']);
    const properties = /^::error (.*?)::/.exec(lines[0]!)![1]!.split(',');
    expect(properties.map((one) => one.split('=')[0])).toEqual(['file', 'line', 'col', 'title']);
    for (const one of properties) expect(one).not.toMatch(/:|%(?!25|3A|2C)/);
  });

  test('percent signs, colons and commas are escaped once', () => {
    const [error] = github(suite([failed('a:b,c.ts', '100%, a: b', failureOf('50% of a: b, c'), [])])).split('\n');
    expect(error).toMatch(/^::error file=a%3Ab%2Cc\.ts,title=100%25%2C a%3A b::50%25 of a: b, c%0A/);
  });
});
