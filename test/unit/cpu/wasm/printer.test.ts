import { describe, expect, it } from 'vitest';
import { MEMORY, type MemoryOp, PLAIN, type PlainOp } from '../../../../src/cpu/wasm/opcodes.ts';
import { printCode } from '../../../../src/cpu/wasm/printer.ts';
import { FunctionWriter } from '../../../../src/cpu/wasm/writer.ts';

const print = (build: (w: FunctionWriter) => void): string => {
  const w = new FunctionWriter(['i32']);
  build(w);
  return printCode(w.code.bytes);
};

describe('the WebAssembly printer', () => {
  it.each(Object.keys(PLAIN) as PlainOp[])('prints %s by its text name', (name) => {
    expect(print((w) => w.op(name))).toBe(`${name}\n`);
  });

  it.each(Object.keys(MEMORY) as MemoryOp[])('prints %s with its offset', (name) => {
    expect(print((w) => w.memory(name, 0))).toBe(`${name}\n`);
    expect(print((w) => w.memory(name, 70_000))).toBe(`${name} offset=70000\n`);
  });

  it.each([0, 1, 63, 64, -1, -64, -65, 0x7fffffff, -0x80000000])('prints the constant %i', (value) => {
    expect(print((w) => w.i32(value))).toBe(`i32.const ${value}\n`);
    expect(print((w) => w.i64(BigInt(value) * 0x10001n))).toBe(`i64.const ${BigInt(value) * 0x10001n}\n`);
  });

  it('indents by nesting and counts branch depths as WebAssembly does', () => {
    const text = print((w) => {
      const out = w.block('out', 'i32');
      const again = w.loop();
      w.get(0).if();
      w.br(again).else().i32(5).br(out).end();
      w.get(0).brIf(again).brTable([again, out], out);
      w.end().end();
    });
    expect(text.split('\n')).toEqual([
      'block (result i32)',
      '  loop',
      '    local.get 0',
      '    if',
      '      br 1',
      '    else',
      '      i32.const 5',
      '      br 2',
      '    end',
      '    local.get 0',
      '    br_if 0',
      '    br_table 0 1 1',
      '  end',
      'end',
      '',
    ]);
  });

  it('names what it is given names for', () => {
    const w = new FunctionWriter([]);
    w.get(0).set(1).tee(2).globalGet(0).globalSet(1).call(7).callIndirect(3).memory('i32.load', 16);
    const named = printCode(w.code.bytes, {
      local: (index) => ['ip', 'nip'][index],
      global: (index) => (index === 0 ? 'DELTA' : undefined),
      function: () => 'slowLoad',
      offset: (offset) => (offset === 16 ? 'PC' : undefined),
    });
    expect(named.split('\n')).toEqual([
      'local.get $ip',
      'local.set $nip',
      'local.tee 2',
      'global.get $DELTA',
      'global.set 1',
      'call $slowLoad',
      'call_indirect (type 3)',
      'i32.load offset=16 (;PC;)',
      '',
    ]);
  });

  it('refuses an opcode it does not know, and code that ends too early', () => {
    expect(() => printCode([0xff])).toThrow('opcode 0xff');
    expect(() => printCode([0x41, 0x80])).toThrow('ends in the middle');
  });
});
