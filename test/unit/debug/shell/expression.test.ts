// Expressions of the debug shell: values, places, and errors that point at what they mean.
import { describe, expect, it } from 'vitest';
import { type Names, parseExpression } from '../../../../src/debug/shell/expression.ts';
import { TsvmError } from '../../../../src/util/errors.ts';

const SYMBOLS: Readonly<Record<string, number>> = {
  jiffies: 0x8040_1000,
  start_kernel: 0x8010_0000,
  'foo.part.0': 0x20,
};
const REGISTERS: Readonly<Record<string, number>> = {
  a0: 3,
  sp: 0x8050_0000,
  'cp0.status': 0x1000_ff01,
  'status.ie': 1,
};

const names: Names = {
  symbol: (name) => SYMBOLS[name],
  register: (name) => REGISTERS[name],
  load: ({ address, space }, bytes) =>
    address >= 0x9000_0000
      ? undefined
      : ((space === 'physical' ? 0x11223344 : 0xaabbccdd) & (2 ** (8 * bytes) - 1)) >>> 0,
  similar: (name) => (name.startsWith('jif') ? 'jiffies' : undefined),
};

const value = (text: string): number => parseExpression(text).evaluate(names).address;

function refusal(text: string): string {
  try {
    parseExpression(text).evaluate(names);
  } catch (error) {
    if (error instanceof TsvmError) return error.message;
    throw error;
  }
  return 'was taken';
}

describe('an expression', () => {
  it.each([
    ['16', 16],
    ['0x10', 16],
    ['0b101', 5],
    ['0xffffffff', 0xffff_ffff],
    ['jiffies+0x10', 0x8040_1010],
    ['foo.part.0', 0x20],
    ['$a0', 3],
    ['$cp0.status & 0xff', 1],
    ['2 + 3 * 4', 14],
    ['(2 + 3) * 4', 20],
    ['10 - 3 - 2', 5],
    ['1 << 4 | 1', 17],
    ['1 + 1 << 4', 32],
    ['6 & 3 ^ 1 | 8', 11],
    ['7 / 2', 3],
    ['7 % 4', 3],
    ['-1', 0xffff_ffff],
    ['~0 >> 28', 0xf],
    ['1 << 32', 0],
    ['1 >> 32', 0],
    ['0xffffffff + 2', 1],
    ['0xffffffff * 0xffffffff', 1],
    ['0x12345678 * 0x9abcdef1', Number((0x12345678n * 0x9abcdef1n) & 0xffff_ffffn)],
    ['*jiffies', 0xaabb_ccdd],
    ['*w:jiffies', 0xaabb_ccdd],
    ['*h:jiffies', 0xccdd],
    ['*b:jiffies', 0xdd],
    ['*(jiffies + 4) & 0xff', 0xdd],
    ['*phys:0x400', 0x1122_3344],
    ['*b:phys:0x400', 0x44],
    ['**jiffies', -1],
  ])('%s', (text, expected) => {
    if (expected >= 0) expect(value(text)).toBe(expected);
    else expect(refusal(text)).toContain('no memory can be read at 0xaabbccdd');
  });

  it.each([
    ['$a0 == 3', 1],
    ['$a0 != 3', 0],
    ['$a0 < 4 && $sp >= 0x80500000', 1],
    ['$a0 > 3 || 0', 0],
    ['0xffffffff > 1', 1],
    ['-1 == 0xffffffff', 1],
    ['!$a0', 0],
    ['!0', 1],
    ['$a0 <= 3', 1],
    ['1 == 1 == 1', 1],
    // What is not asked is not read.
    ['0 && *0xa0000000', 0],
    ['1 || *0xa0000000', 1],
  ])('as a condition: %s', (text, expected) => {
    expect(value(text)).toBe(expected);
  });

  it('keeps an address in its space by the arithmetic of addresses', () => {
    const space = (text: string): string => parseExpression(text).evaluate(names).space;
    expect(space('phys:0x400')).toBe('physical');
    expect(space('phys:0x400 + 4')).toBe('physical');
    expect(space('4 + phys:(0x400)')).toBe('physical');
    expect(space('phys:0x400 & ~3')).toBe('physical');
    expect(space('phys:0x400 == 0x400')).toBe('virtual');
    expect(space('*phys:0x400')).toBe('virtual');
    expect(space('jiffies')).toBe('virtual');
  });
});

describe('an expression that means nothing is refused with a caret at the place', () => {
  it.each([
    ['', 'an expression is missing\n\n^'],
    ['1 +', 'the expression ends too early\n1 +\n   ^'],
    ['(1', "a ')' is missing\n(1\n  ^"],
    ['1 2', "'2' does not go on an expression\n1 2\n  ^"],
    ['1 ) 2', "')' does not go on an expression\n1 ) 2\n  ^"],
    ['* / 2', "'/' cannot begin a value\n* / 2\n  ^"],
    ['2 @ 3', 'this is no number, symbol, register or operator\n2 @ 3\n  ^'],
    ['0x1ffffffff', 'more than 32 bits\n0x1ffffffff\n^'],
    ['12ab', 'this is no number, symbol, register or operator\n12ab\n^'],
    ['1 / ($a0 - 3)', 'division by 0\n1 / ($a0 - 3)\n  ^'],
    ['1 + jifies', 'no symbol jifies; did you mean jiffies?\n1 + jifies\n    ^'],
    ['deadbeef', 'no symbol deadbeef; a hexadecimal number begins with 0x: 0xdeadbeef\ndeadbeef\n^'],
    ['$zz', 'this cpu has no register $zz\n$zz\n^'],
    ['1 + *phys:0x90000000', 'no memory can be read at physical 0x90000000\n1 + *phys:0x90000000\n    ^'],
    ['\x1b[2J', 'this is no number, symbol, register or operator\n\\x1b[2J\n^'],
  ])('%j', (text, expected) => {
    expect(refusal(text)).toBe(expected);
  });

  it('nested too deep', () => {
    expect(refusal(`${'('.repeat(1000)}1${')'.repeat(1000)}`)).toContain('nested deeper than 64');
    expect(refusal(`${'-'.repeat(10_000)}1`)).toContain('nested deeper than 64');
    expect(value(`${'('.repeat(60)}1${')'.repeat(60)}`)).toBe(1);
  });
});
