// Conditions of breakpoints in gdb's bytecode; opcodes are written as numbers, from gdb's manual.
import { describe, expect, it } from 'vitest';
import { type AgentContext, evaluate } from '../../../../src/debug/gdb/agent-expression.ts';
import { TsvmError } from '../../../../src/util/errors.ts';

const CONTEXT: AgentContext = {
  register: (number) => BigInt(number) * 0x10n,
  memory(address, bytes) {
    if (address !== 0x8000_1000) throw new TsvmError('usage', 'no RAM');
    return BigInt.asUintN(8 * bytes, 0x1122_3344_5566_7788n);
  },
};
const value = (...code: number[]): bigint => evaluate(Uint8Array.from(code), CONTEXT);
const END = 0x27;
const c8 = (n: number): number[] => [0x22, n];
/** -1 as 64 bits: 0xff, sign-extended. */
const MINUS_1 = [...c8(0xff), 0x16, 8];
const ALL_ONES = 0xffff_ffff_ffff_ffffn;

describe('an agent expression', () => {
  it.each([
    ['add', 0x02, 7, 3, 10n],
    ['sub', 0x03, 3, 7, ALL_ONES - 3n],
    ['mul', 0x04, 7, 3, 21n],
    ['div_signed', 0x05, 7, 3, 2n],
    ['div_unsigned', 0x06, 7, 3, 2n],
    ['rem_signed', 0x07, 7, 3, 1n],
    ['rem_unsigned', 0x08, 7, 3, 1n],
    ['lsh', 0x09, 7, 3, 56n],
    ['rsh_signed', 0x0a, 7, 1, 3n],
    ['rsh_unsigned', 0x0b, 7, 1, 3n],
    ['bit_and', 0x0f, 6, 3, 2n],
    ['bit_or', 0x10, 6, 3, 7n],
    ['bit_xor', 0x11, 6, 3, 5n],
    ['equal', 0x13, 7, 7, 1n],
    ['less_signed', 0x14, 3, 7, 1n],
    ['less_unsigned', 0x15, 7, 3, 0n],
  ])('has %s', (_name, op, a, b, result) => {
    expect(value(...c8(a), ...c8(b), op, END)).toBe(result);
  });

  it('tells signed from unsigned', () => {
    expect(value(...MINUS_1, ...c8(2), 0x05, END)).toBe(0n);
    expect(value(...MINUS_1, ...c8(2), 0x06, END)).toBe(ALL_ONES >> 1n);
    expect(value(...MINUS_1, ...c8(2), 0x07, END)).toBe(ALL_ONES);
    expect(value(...MINUS_1, ...c8(1), 0x0a, END)).toBe(ALL_ONES);
    expect(value(...MINUS_1, ...c8(1), 0x0b, END)).toBe(ALL_ONES >> 1n);
    expect(value(...MINUS_1, ...c8(1), 0x14, END)).toBe(1n);
    expect(value(...MINUS_1, ...c8(1), 0x15, END)).toBe(0n);
  });

  it('shifts everything out by 64 and more', () => {
    for (const by of [[...c8(64)], MINUS_1]) {
      expect(value(...c8(1), ...by, 0x09, END)).toBe(0n);
      expect(value(...MINUS_1, ...by, 0x0a, END)).toBe(ALL_ONES);
      expect(value(...MINUS_1, ...by, 0x0b, END)).toBe(0n);
    }
  });

  it('has what takes one operand', () => {
    expect(value(...c8(0), 0x0e, END)).toBe(1n);
    expect(value(...c8(5), 0x0e, END)).toBe(0n);
    expect(value(...c8(0), 0x12, END)).toBe(ALL_ONES);
    expect(value(...c8(0x85), 0x16, 8, END)).toBe(ALL_ONES - 0x7an);
    expect(value(...MINUS_1, 0x2a, 16, END)).toBe(0xffffn);
  });

  it('has constants, the most significant byte first', () => {
    expect(value(0x22, 0x81, END)).toBe(0x81n);
    expect(value(0x23, 0x81, 0x02, END)).toBe(0x8102n);
    expect(value(0x24, 0x81, 2, 3, 4, END)).toBe(0x8102_0304n);
    expect(value(0x25, 0x81, 2, 3, 4, 5, 6, 7, 8, END)).toBe(0x8102_0304_0506_0708n);
  });

  it('reads registers, and memory of four sizes at a 32-bit address', () => {
    expect(value(0x26, 0, 37, END)).toBe(0x250n);
    expect(value(0x26, 1, 0, END)).toBe(0x1000n);
    const pointer = [0x24, 0x80, 0x00, 0x10, 0x00];
    expect([0x17, 0x18, 0x19, 0x1a].map((ref) => value(...pointer, ref, END))).toEqual([
      0x88n,
      0x7788n,
      0x5566_7788n,
      0x1122_3344_5566_7788n,
    ]);
    // gdb sign-extends MIPS pointers.
    expect(value(...pointer, 0x16, 32, 0x17, END)).toBe(0x88n);
  });

  it('moves the stack', () => {
    expect(value(...c8(9), 0x28, 0x02, END)).toBe(18n);
    expect(value(...c8(9), ...c8(1), 0x29, END)).toBe(9n);
    expect(value(...c8(9), ...c8(1), 0x2b, 0x03, END)).toBe(ALL_ONES - 7n);
    // a b c => c a b, then b is on top.
    expect(value(...c8(1), ...c8(2), ...c8(3), 0x33, END)).toBe(2n);
    expect(value(...c8(1), ...c8(2), ...c8(3), 0x33, 0x29, 0x29, END)).toBe(3n);
    expect(value(...c8(1), ...c8(2), ...c8(3), 0x32, 2, END)).toBe(1n);
  });

  it('jumps', () => {
    // if (0) 1 else 2; then the same with 5.
    const branch = (n: number) => [...c8(n), 0x20, 0, 8, ...c8(2), END, ...c8(1), END];
    expect(value(...branch(0))).toBe(2n);
    expect(value(...branch(5))).toBe(1n);
    expect(value(0x21, 0, 5, ...c8(2), ...c8(7), END)).toBe(7n);
  });

  it.each([
    ['that is empty', []],
    ['without an end', c8(1)],
    ['that ends in an operand', [0x24, 1, 2]],
    ['with nothing on its stack', [END]],
    ['that takes more than there is', [...c8(1), 0x02, END]],
    ['that rotates two values', [...c8(1), ...c8(1), 0x33, END]],
    ['that divides by zero', [...c8(1), ...c8(0), 0x05, END]],
    ['that takes the rest of a division by zero', [...c8(1), ...c8(0), 0x08, END]],
    ['that jumps beyond its end', [0x21, 0xff, 0xff]],
    ['that never ends', [0x21, 0, 0]],
    ['that fills its stack', [...c8(1), 0x21, 0, 0]],
    ['with a floating point bytecode', [...c8(1), 0x1e, END]],
    ['with a tracing bytecode', [...c8(1), ...c8(1), 0x0c, END]],
    ['with an unknown bytecode', [0xff, END]],
    ['that reads where there is no RAM', [...c8(0), 0x19, END]],
  ])('%s is an error', (_name, code) => {
    expect(() => value(...code)).toThrow(TsvmError);
  });
});
