// All functions of the generated program that ARM rows call and that are written in WebAssembly directly.
import type { Banks } from '../../cpu/isa/register-file.ts';
import type { WasmFunction } from '../../cpu/wasm/code.ts';
import { fpFunctions } from './fp/functions.ts';
import { mmuFunctions } from './mmu/functions.ts';
import { maintenanceFunctions } from './mmu/maintenance.ts';
import { PROCESSING_FUNCTIONS } from './semantics/functions.ts';
import { simdFunctions } from './simd/functions.ts';

export function armFunctions(banks: Banks): readonly WasmFunction[] {
  return [
    ...PROCESSING_FUNCTIONS,
    ...mmuFunctions(banks),
    ...maintenanceFunctions(banks),
    ...fpFunctions(banks),
    ...simdFunctions(banks),
  ];
}
