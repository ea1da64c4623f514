// Options of a test that mean nothing are mistakes.
import { describe, expect, it } from 'vitest';
import type { TestOptions } from '../../../src/regress/define.ts';
import { checkOptions } from '../../../src/regress/test-options.ts';

const check = (options: object) => () => checkOptions('t', options as TestOptions);

describe("a test's options", () => {
  it('are those of the library', () => {
    expect(
      check({ kernel: 'k', memory: 64, disks: ['a', 'b:cow'], agent: false, faults: 'allow', initrd: undefined }),
    ).not.toThrow();
  });

  it.each([
    [{}, /the option kernel must be a path/],
    [{ kernel: 'k', mem: '64M' }, /no option mem; did you mean memory\?/],
    [{ kernel: 'k', memmory: '64M' }, /no option memmory; did you mean memory\?/],
    [{ kernel: 'k', 'on-oops': 'stop' }, /no option on-oops; did you mean onOops\?/],
    [{ kernel: 'k', exit_line: 'X' }, /did you mean exitLine\?/],
    [{ kernel: 'k', colour: 'red' }, /no option colour; they are kernel, initrd/],
    [{ kernel: 'k', params: 5 }, /the option params must be a string, not 5/],
    [{ kernel: 'k', faults: 'alow' }, /faults is 'fail' or 'allow', not 'alow'/],
    [null, /must be an object/],
  ])('%j is refused', (options, why) => {
    expect(check(options as object)).toThrow(why);
  });
});
