// All functions of softfloat for one instruction set, to be put into its generated program. Each adds to the flags word what happened.
import type { WasmFunction } from '../wasm/code.ts';
import { arithmeticFunctions } from './arithmetic.ts';
import { conversionFunctions } from './conversions.ts';
import { fusedFunctions } from './fused.ts';
import { numberFunctions } from './numbers.ts';
import type { SoftfloatRules } from './rules.ts';

/** fpAdd, fpMul, fpDiv, fpSqrt, fpFma, fpCompare, fpConvert, fpToInteger, fpFromInteger, fpRoundToIntegral, and what they call. */
export function softfloatFunctions(rules: SoftfloatRules): readonly WasmFunction[] {
  return [
    ...numberFunctions(rules),
    ...arithmeticFunctions(rules),
    ...fusedFunctions(rules),
    ...conversionFunctions(rules),
  ];
}
