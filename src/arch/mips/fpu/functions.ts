// All functions of the generated program that the FPU's rows call.
import type { Banks } from '../../../cpu/isa/register-file.ts';
import { softfloatFunctions } from '../../../cpu/softfloat/functions.ts';
import type { WasmFunction } from '../../../cpu/wasm/code.ts';
import { exactFunctions, Fpu } from './exact.ts';
import { nativeFunctions } from './native.ts';

/** MIPS32 release 2 has no fused multiply-add and no rounding to integral values. */
const NOT_CALLED: ReadonlySet<string> = new Set(['fpFma', 'fpJam128', 'fpRoundToIntegral']);

/**
 * Legacy NaNs, results as of qemu's 24Kf: every NaN result is the default NaN, and a result that FS flushes raises nothing.
 */
export function fpuFunctions(banks: Banks): readonly WasmFunction[] {
  const fpu = new Fpu(banks);
  const softfloat = softfloatFunctions({
    quietBit: 'clear',
    defaultNanSign: 0,
    propagation: 'default',
    fusedOrder: 'abc',
    fusedInvalid: 'default',
    tininess: 'after',
    flushFlags: 0,
    flagsAddress: fpu.flagsAddress,
  });
  return [...softfloat.filter(({ name }) => !NOT_CALLED.has(name)), ...exactFunctions(fpu), ...nativeFunctions(fpu)];
}
