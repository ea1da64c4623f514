import { describe, expect, it } from 'vitest';
import { writeMaltaArguments } from '../../../src/boot/linux-malta.ts';
import { makeRam, readBytes } from '../../support/boot/guest-ram.ts';

const KSEG0 = 0x8000_0000;

describe.each(['little', 'big'] as const)('what a %s-endian Linux finds on a Malta', (order) => {
  const memory = makeRam(0x10_0000, order);
  const args = writeMaltaArguments(memory, {
    commandLine: 'console=ttyS0 quiet',
    environment: [
      ['memsize', '1048576'],
      ['modetty0', '38400n8r'],
    ],
    memorySize: 0x10_0000,
    taken: [{ start: 0x3000, end: 0x8000 }],
  });
  const pointer = (at: number) => memory.readU32(at - KSEG0, order);
  const text = (at: number): string => {
    const bytes = readBytes(memory, at - KSEG0, 64);
    return String.fromCharCode(...bytes.slice(0, bytes.indexOf(0)));
  };
  const table = (at: number): string[] => {
    const strings: string[] = [];
    for (let entry = at; pointer(entry) !== 0; entry += 4) strings.push(text(pointer(entry)));
    return strings;
  };

  it('has its tables in KSEG0 as the CPU knows it, also for a trap-and-emulate kernel', () => {
    expect([args.a1, args.a2].every((address) => address >= KSEG0 && address < 0xa000_0000)).toBe(true);
    expect(args.a3).toBe(0x10_0000);
  });

  it('is argv of two strings and names and values in turn, each array ended by a null pointer', () => {
    expect(args.a0).toBe(2);
    expect(table(args.a1)).toEqual(['vmlinux', 'console=ttyS0 quiet']);
    expect(table(args.a2)).toEqual(['memsize', '1048576', 'modetty0', '38400n8r']);
  });

  it('lies in one free range, behind the exception vectors', () => {
    expect(args.range.start).toBe(0x2000);
    expect(args.range.end).toBeLessThanOrEqual(0x3000);
  });
});

it('a guest without room for it is refused', () => {
  const options = { commandLine: 'x'.repeat(5000), environment: [], memorySize: 0x4000 };
  expect(() => writeMaltaArguments(makeRam(0x4000), { ...options, taken: [{ start: 0x3000, end: 0x4000 }] })).toThrow(
    expect.objectContaining({ code: 'image-too-large' }),
  );
});
