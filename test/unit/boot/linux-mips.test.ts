import { describe, expect, it } from 'vitest';
import { KSEG0, TE_KSEG0, writeBootArguments } from '../../../src/boot/linux-mips.ts';
import { makeRam, readBytes } from '../../support/boot/guest-ram.ts';

describe.each(['little', 'big'] as const)('boot arguments of a %s-endian MIPS guest', (order) => {
  it.each([
    ['trap-and-emulate', TE_KSEG0],
    ['ordinary', KSEG0],
  ])('give a %s guest argc, argv and the whole line as one string', (_mode, base) => {
    const memory = makeRam(0x10_0000, order);
    const taken = [{ start: 0x1_0000, end: 0x8_0000 }];
    const args = writeBootArguments('mem=1M@0 quiet', memory, taken, base);
    expect(args).toEqual({ a0: 1, a1: base + 0x2000, a2: 0, a3: 0, range: { start: 0x2000, end: 0x2017 } });
    const string = memory.readU32(0x2000, order) - base;
    expect(memory.readU32(0x2004, order)).toBe(0);
    expect(String.fromCharCode(...readBytes(memory, string, 15))).toBe('mem=1M@0 quiet\0');
  });

  it('keep away from the kernel', () => {
    const memory = makeRam(0x10_0000, order);
    const taken = [
      { start: 0x2800, end: 0x3004 },
      { start: 0, end: 0x100 },
      { start: 0x4000, end: 0x4800 },
    ];
    const { range } = writeBootArguments('x'.repeat(4000), memory, taken, TE_KSEG0);
    expect(range).toEqual({ start: 0x5000, end: 0x5000 + 4009 });
  });
});

it('a guest without a free page is refused', () => {
  const taken = [{ start: 0x1000, end: 0x4000 }];
  expect(() => writeBootArguments('', makeRam(0x4000), taken, KSEG0)).toThrow(
    expect.objectContaining({ code: 'image-too-large' }),
  );
});

it('RAM that starts high is used from its start', () => {
  expect(writeBootArguments('', makeRam(0x4000, 'little', 0x100_0000), [], KSEG0).a1).toBe(0x8100_0000);
});
