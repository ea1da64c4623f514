import { describe, expect, it } from 'vitest';
import { expandFormat, matchesFormat } from '../../../src/vmm/panic-format.ts';

function expand(format: string, ...args: (number | string)[]): string | null {
  return expandFormat(format, {
    argument: (n) => (typeof args[n] === 'string' ? 0x4000_0000 + n : args[n]),
    text: (address) => {
      const text = args[address - 0x4000_0000];
      return typeof text === 'string' ? text : undefined;
    },
  });
}

describe('a panic format', () => {
  it.each([
    ['System is deadlocked on memory\n', [], 'System is deadlocked on memory'],
    ['VFS: Unable to mount root fs on %s', ['vda'], 'VFS: Unable to mount root fs on vda'],
    ['Attempted to kill init! exitcode=0x%08x\n', [0x300], 'Attempted to kill init! exitcode=0x00000300'],
    ['%s: %d of %u, %i%%', ['a', 0xffff_ffff, 0xffff_ffff, 7], 'a: -1 of 4294967295, 7%'],
    ['[%-4d|%4d|%c|%.2s|%lx|%p]', [1, 2, 65, 'abc', 255, 16], '[1   |   2|A|ab|ff|00000010]'],
    ['%pS failed', [0x4010_0000], '40100000 failed'],
    ['100%', [], '100%'],
  ])('%j with %j', (format, args, message) => {
    expect(expand(format, ...args)).toBe(message);
  });

  it.each([
    ['a text that is not there', '%s', [5]],
    ['a missing argument', '%d %d', [5]],
    ['64 bits', '%llx', [5, 6]],
    ['a width from an argument', '%*d', [5, 6]],
    ['%n', '%n', [5]],
  ])('is left alone with %s', (_what, format, args) => {
    expect(expand(format, ...args)).toBeNull();
  });

  it('does not become as long as a guest wants', () => {
    expect(expand('%99999999d', 1)).toBe('1');
  });
});

describe('a message on the console', () => {
  it.each([
    ['VFS: Unable to mount root fs on %s', 'VFS: Unable to mount root fs on unknown-block(0,0)', true],
    ['VFS: Unable to mount root fs on %s', 'VFS: forged', false],
    ['Attempted to kill init! exitcode=0x%08x\n', 'Attempted to kill init! exitcode=0x00000300', true],
    ['%s', 'anything', true],
    ['Fatal exception', 'Fatal exception', true],
    ['Fatal exception', 'Fatal exception in interrupt', false],
    ['%d of %d.', '1 of 2.', true],
    ['%d of %d.', '1 of 2', false],
    ['100%% of %s', '100% of it', true],
    ['a.c %s', 'abc x', false],
  ])('%j: %j %s', (format, message, fits) => {
    expect(matchesFormat(format, message)).toBe(fits);
  });

  it('takes no time to compare, whatever the guest says', () => {
    const start = performance.now();
    matchesFormat('%s'.repeat(500), 'a'.repeat(4000));
    matchesFormat(`${'%s a'.repeat(200)}b`, 'a '.repeat(2000));
    expect(performance.now() - start).toBeLessThan(500);
  });
});
