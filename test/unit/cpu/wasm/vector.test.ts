import { describe, expect, it } from 'vitest';
import { VECTOR, VECTOR_MEMORY, type VectorMemoryOp, type VectorOp } from '../../../../src/cpu/wasm/opcodes.ts';
import { printCode } from '../../../../src/cpu/wasm/printer.ts';
import { FunctionWriter } from '../../../../src/cpu/wasm/writer.ts';

const print = (build: (w: FunctionWriter) => void): string => {
  const w = new FunctionWriter(['i32']);
  build(w);
  return printCode(w.code.bytes);
};
const BYTES = Array.from({ length: 16 }, (_, i) => i * 2);

describe('vector instructions', () => {
  it.each(Object.keys(VECTOR) as VectorOp[])('%s is printed by its text name', (name) => {
    expect(print((w) => w.vector(name))).toBe(`${name}\n`);
  });

  it.each(Object.keys(VECTOR_MEMORY) as VectorMemoryOp[])('%s is printed with its offset', (name) => {
    expect(print((w) => w.vectorMemory(name, 300))).toBe(`${name} offset=300\n`);
  });

  it('constants, shuffles and lanes are printed with their immediates', () => {
    expect(print((w) => w.vectorBytes('v128.const', BYTES))).toBe(`v128.const ${BYTES.join(' ')}\n`);
    expect(print((w) => w.vectorBytes('i8x16.shuffle', BYTES))).toBe(`i8x16.shuffle ${BYTES.join(' ')}\n`);
    expect(print((w) => w.extractLane64(1))).toBe('i64x2.extract_lane 1\n');
  });

  it('have 16 bytes of immediate, or none', () => {
    expect(() => print((w) => w.vectorBytes('v128.const', [1]))).toThrow('1 bytes');
  });
});
