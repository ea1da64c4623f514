// Words of the command line: terminal safety, near matches.
import { expect, test } from 'vitest';
import { printable } from '../../../src/util/format.ts';
import { nearest } from '../../../src/util/words.ts';

test('near matches are slips, not guesses', () => {
  expect(nearest('rum', ['run', 'help'])).toBe('run');
  expect(nearest('machine', ['run', 'machines'])).toBe('machines');
  expect(nearest('vmlinux', ['run', 'machines', 'help', 'version'])).toBeUndefined();
});

test('text of a guest cannot steer the terminal', () => {
  expect(printable('a\x1b[2Jb\r\nc\u009bd\u202ee')).toBe('a\\x1b[2Jb\\x0d\\x0ac\\u009bd\\u202ee');
});
