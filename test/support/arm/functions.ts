// The WebAssembly functions that ARM rows call (floating point, Advanced SIMD), in a module of their own, for the evaluator. Those that call
// something of the engine are left out: no user-mode instruction needs them.
import { armFunctions } from '../../../src/arch/arm/functions.ts';
import type { Banks } from '../../../src/cpu/isa/register-file.ts';
import { buildFunction, type WasmFunction } from '../../../src/cpu/wasm/code.ts';
import { encodeModule, TypeSection } from '../../../src/cpu/wasm/module.ts';

export interface Functions {
  readonly memory: WebAssembly.Memory;
  readonly call: (name: string) => ((...args: (number | bigint)[]) => number | bigint) | undefined;
}

/** The functions that call no others than these. */
function closed(all: readonly WasmFunction[]): readonly WasmFunction[] {
  const names = new Set(all.map(({ name }) => name));
  const open = all.filter((definition) => {
    let missing = false;
    buildFunction(definition, (name) => {
      missing ||= !names.has(name);
      return 0;
    });
    return missing;
  });
  return open.length === 0 ? all : closed(all.filter((definition) => !open.includes(definition)));
}

export function instantiate(banks: Banks): Functions {
  const all = closed(armFunctions(banks));
  const memory = new WebAssembly.Memory({ initial: 1, maximum: 1, shared: true });
  const index = (name: string): number => all.findIndex((definition) => definition.name === name);
  const bytes = encodeModule(
    {
      imports: [],
      functions: all.map((definition) => ({
        type: definition.type,
        body: buildFunction(definition, index),
        exportName: definition.name,
      })),
      globals: 0,
      table: [],
      memory: { minPages: 1, maxPages: 1 },
    },
    new TypeSection(),
  );
  const { exports } = new WebAssembly.Instance(new WebAssembly.Module(bytes), { e: { memory } });
  return { memory, call: (name) => exports[name] as ReturnType<Functions['call']> };
}
