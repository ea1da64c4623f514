// What --trace-instructions takes (src/api/trace/instruction-range.ts).
import { describe, expect, it } from 'vitest';
import { checkInstructionRange, parseInstructionRange } from '../../../../src/api/trace/instruction-range.ts';
import { TsvmError } from '../../../../src/util/errors.ts';

const symbols = { find: (name: string) => ({ schedule: 0x80101000, 'a.part.0': 0x80102000 })[name] };

describe('a range of instructions', () => {
  it.each([
    ['1000..1500', { kind: 'instructions', from: 1000, to: 1500, cpu: null }],
    ['0..1@cpu3', { kind: 'instructions', from: 0, to: 1, cpu: 3 }],
    ['0x80101000..0x80101040', { kind: 'addresses', from: 0x80101000, to: 0x80101040, cpu: null }],
    ['schedule..schedule+0x40', { kind: 'addresses', from: 0x80101000, to: 0x80101040, cpu: null }],
    ['schedule+16..a.part.0@1', { kind: 'addresses', from: 0x80101010, to: 0x80102000, cpu: 1 }],
  ])('%s is one', (text, range) => {
    checkInstructionRange(text);
    expect(parseInstructionRange(text, symbols)).toEqual(range);
  });

  it.each([
    ['1000', /not a range/],
    ['1000..', /not a range/],
    ['..5', /not a range/],
    ['5..5', /nothing in it/],
    ['9..5', /nothing in it/],
    ['5..0x10', /one end is an instruction count/],
    ['a b..c', /a b is no address/],
    ['0x123456789..0x12345678a', /is no address/],
  ])('%s is none, which is said before anything is started', (text, why) => {
    expect(() => checkInstructionRange(text)).toThrow(TsvmError);
    expect(() => checkInstructionRange(text)).toThrow(why);
  });

  it('with a symbol that the kernel does not have is told once the kernel is known', () => {
    checkInstructionRange('nosuch..nosuch+4');
    expect(() => parseInstructionRange('nosuch..nosuch+4', symbols)).toThrow('the kernel has no symbol nosuch');
    expect(() => parseInstructionRange('schedule+8..schedule', symbols)).toThrow(/nothing in it/);
  });
});
