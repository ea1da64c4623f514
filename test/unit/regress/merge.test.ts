// Shards' results as one suite.
import { describe, expect, it } from 'vitest';
import { exitCodeOf, json } from '../../../src/regress/report/index.ts';
import { mergeReports } from '../../../src/regress/report/merge.ts';
import { failed, failureOf, passed, suite } from '../../support/regress/suites.ts';

const report = (name: string, result: ReturnType<typeof suite>) => ({ name, text: json(result) });

describe('reports of shards', () => {
  it('come to what one run of all would have: results, broken files, exit code', () => {
    const first = suite([passed('a.test.ts', 'boots')]);
    const second = suite(
      [failed('b.test.ts', 'mounts', failureOf('no'))],
      [{ file: 'c.test.ts', failure: failureOf('syntax') }],
    );
    const merged = mergeReports([report('1.json', first), report('2.json', second), report('3.json', suite([]))]);
    expect(merged.results).toMatchObject([...first.results, ...second.results]);
    expect(merged.broken).toMatchObject(second.broken);
    expect(exitCodeOf(merged)).toBe(1);
  });

  it('that have no test together are no suite', () => {
    expect(exitCodeOf(mergeReports([report('1.json', suite([])), report('2.json', suite([]))]))).toBe(2);
  });

  it.each([
    ['not JSON', 'x', /^r: line 1 is not JSON/],
    ['nothing', '', /^r: no whole report/],
    ['cut off', json(suite([passed('a', 'b')])).split('\n')[0]!, /^r: no whole report/],
    ['something else', '{"event":"start"}\n', /^r: line 1 is no result/],
    ['a number', '5\n', /^r: line 1 is no result/],
    ['half a test', '{"event":"test","file":"a"}\n', /^r: line 1 is no result/],
  ])('are refused when they are none: %s', (_, text, why) => {
    expect(() => mergeReports([{ name: 'r', text }])).toThrow(why);
  });
});
