// KTAP as kernels wrote it on tsvm (scripts/check-kunit.ts --fixtures records the samples), held to what the kernel's own parser finds
// there, and what consoles look like that lost something.
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { KtapParser } from '../../../src/regress/ktap.ts';
import type { KtapReport } from '../../../src/regress/ktap-report.ts';
import { difference, type Findings, failing, ourFindings } from '../../support/linux/kunit-findings.ts';

const FIXTURES = join(import.meta.dirname, 'fixtures');

function parse(lines: readonly string[]): KtapReport {
  const parser = new KtapParser();
  for (const line of lines) parser.line(line);
  return parser.end();
}

describe('KUnit of a real kernel', () => {
  it.each([
    ['kunit-6.1-fail', ['tsvm_endings/expects', 'tsvm_endings/breaks', 'tsvm_endings/takes_numbers/number 2']],
    ['kunit-6.1-skip', []],
    ['kunit-6.1-panic', []],
    ['kunit-6.1-oops', ['tsvm_endings/breaks']],
    ['kunit-5.10-fail', ['tsvm_endings/expects', 'tsvm_endings/breaks']],
  ])('%s: what its own parser finds', (name, failed) => {
    const console = readFileSync(join(FIXTURES, `${name}.log`), 'latin1');
    const kernels: Findings = JSON.parse(readFileSync(join(FIXTURES, `${name}.json`), 'utf8'));
    const ours = ourFindings(console);
    expect(difference(ours, kernels)).toBeNull();
    expect(failing(ours)).toEqual(failed);
    expect(ours.ok).toBe(name.endsWith('skip'));
  });
});

describe('a console that ends', () => {
  it('with the version line of a suite has one error for that', () => {
    const report = parse(['KTAP version 1', '1..2', '    KTAP version 1']);
    expect(report.errors).toEqual(['a suite ran no tests', 'the plan: 1 of 2 planned tests is missing']);
    expect(report.counts).toMatchObject({ passed: 0, missing: 1, errors: 2 });
  });

  it('before anything countable ran in a suite misses that suite', () => {
    const report = parse(['KTAP version 1', '1..2', '    # Subtest: a', '    1..1', '        # Subtest: case']);
    expect(report.counts).toMatchObject({ missing: 2 });
    expect(report.tests).toMatchObject([{ name: 'a', outcome: 'fail', missing: 0 }]);
  });

  it('before anything countable ran at all misses one test', () => {
    const report = parse(['KTAP version 1', '1..1', '    # Subtest: a']);
    expect(report.counts).toMatchObject({ passed: 0, failed: 0, missing: 1 });
  });
});

describe('a console that lost', () => {
  const suite = ['    KTAP version 1', '    # Subtest: a', '    1..1', '    ok 1 x', 'ok 1 a'];

  it('the first version line: the plan behind it still holds, and it is an error', () => {
    expect(parse(['1..1', ...suite])).toMatchObject({
      ok: false,
      errors: ['no version line came before the plan 1..1'],
      counts: { passed: 1, missing: 0 },
    });
    expect(parse(['1..3', ...suite]).counts).toMatchObject({ passed: 1, missing: 2 });
  });

  it('nothing but an earlier plan of somebody else is whole', () => {
    expect(parse(['1..3', 'KTAP version 1', '1..1', ...suite])).toMatchObject({ ok: true, errors: [] });
    expect(parse(['    1..3', ...suite])).toMatchObject({ ok: false, planned: false, errors: [] });
    const after = parse(['1..3', 'KTAP version 1', '1..1', 'ok 1 x', 'Bail out!', ...suite]);
    expect(after).toMatchObject({ errors: [], counts: { passed: 2 } });
  });

  it.each([
    ['of its header', ['    # Subtest: [    1.000000] eth0: link is up', '    1..1', '    ok 1 x', 'ok 1 a']],
    ['of its result line', ['    # Subtest: a', '    1..1', '    ok 1 x', 'ok 1 [    1.000000] eth0: link is up']],
  ])('the name of a suite, %s: the number says whose result it is', (_where, broken) => {
    const report = parse(['KTAP version 1', '1..2', ...broken, '    # Subtest: b', '    1..1', '    ok 1 y', 'ok 2 b']);
    expect(report).toMatchObject({ ok: false, counts: { passed: 2, failed: 0, missing: 0, errors: 1 } });
    expect(report.tests).toHaveLength(2);
  });
});

describe('a header', () => {
  it('may be repeated', () => {
    const header = ['    # Subtest: a', '    # Subtest: a', '        # Subtest: case'];
    const report = parse(['KTAP version 1', '1..1', ...header, '        ok 1 x', '    ok 1 case', 'ok 1 a']);
    expect(report).toMatchObject({ ok: true, errors: [], tests: [{ name: 'a', children: [{ name: 'case' }] }] });
  });

  it('of TAP 14 names a level, and the next header the level in it', () => {
    const inner = ['    # Subtest: bar', '        ok 1 - x', '        1..1', '    ok 1 - bar', '    1..1'];
    const report = parse(['TAP version 14', '# Subtest: foo', ...inner, 'ok 1 - foo', '1..1']);
    expect(report).toMatchObject({ ok: true, errors: [], tests: [{ name: 'foo', children: [{ name: 'bar' }] }] });
  });
});
