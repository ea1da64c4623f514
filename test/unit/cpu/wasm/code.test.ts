// Functions written as expressions: what they compute in a module of their own.
import { describe, expect, it } from 'vitest';
import { add, buildFunction, eqz, load, mul, select, sub, type WasmFunction } from '../../../../src/cpu/wasm/code.ts';
import { encodeModule, TypeSection } from '../../../../src/cpu/wasm/module.ts';

function exportsOf(functions: readonly WasmFunction[]): Record<string, (...args: unknown[]) => unknown> {
  const index = (name: string): number => functions.findIndex((f) => f.name === name);
  const bytes = encodeModule(
    {
      imports: [],
      functions: functions.map((f) => ({ type: f.type, body: buildFunction(f, index), exportName: f.name })),
      globals: 0,
      table: [],
      memory: { minPages: 1, maxPages: 1 },
    },
    new TypeSection(),
  );
  const memory = new WebAssembly.Memory({ initial: 1, maximum: 1, shared: true });
  const { exports } = new WebAssembly.Instance(new WebAssembly.Module(bytes), { e: { memory } });
  return exports as Record<string, (...args: unknown[]) => unknown>;
}

describe('a function written as expressions', () => {
  it('loops, branches and keeps values in locals', () => {
    const power: WasmFunction = {
      name: 'power',
      type: { parameters: ['i64'], results: ['i64'] },
      build(code) {
        const base = code.parameter(0);
        const result = code.let(1n);
        code.repeat(5, () => code.set(result, mul(result, base)));
        code.if(
          eqz(base),
          () => code.set(result, -1n),
          () => code.set(result, add(result, 0n)),
        );
        code.return(result);
      },
    };
    const { power: call } = exportsOf([power]);
    expect(call!(3n)).toBe(243n);
    expect(call!(0n)).toBe(-1n);
  });

  it('calls others with several results, in order', () => {
    const pair: WasmFunction = {
      name: 'pair',
      type: { parameters: ['i32'], results: ['i32', 'i64'] },
      build: (code) => code.return(add(code.parameter(0), 1), 10n),
    };
    const caller: WasmFunction = {
      name: 'caller',
      type: { parameters: ['i32'], results: ['i64'] },
      build(code) {
        const [small, large] = code.callFor('pair', ['i32', 'i64'], code.parameter(0));
        code.store('i32.store', 8, small!);
        code.return(select(eqz(sub(load('i32.load', 8), 5)), large!, 0n));
      },
    };
    const { caller: call } = exportsOf([pair, caller]);
    expect(call!(4)).toBe(10n);
    expect(call!(5)).toBe(0n);
  });

  it('refuses operands of different types', () => {
    expect(() => add(1, 1n)).toThrow('add of i32 and i64');
  });
});
