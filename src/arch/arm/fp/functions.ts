// Floating-point functions of the ARM program (ARM DDI 0406C: A2.7), which rows call by `e.call` (i32 results) and `e.call64` (i64 results).
//
// `mode` is an FPSCR: its AHP, DN, FZ and RMode say how an operation is done (`e.fpscr()`, or STANDARD_FPSCR for Advanced SIMD). What happens is
// added to the cumulative flags of bank fpscr: so a row that writes bank fpscr itself does it before the call, or reads it by `bankSample`.
// Values are bits: i32 of binary32, i64 of binary64. N below is 32 or 64.
//
//   addN subN mulN divN (a, b, mode)   sqrtN (a, mode)   fmaN (addend, a, b, mode): addend + a * b rounded once
//   Negating an operand or a result is the caller's (xor of the sign bit), as FPNeg is apart from the operation in the manual.
//   orderN (a, b, signalling, mode): -1 less, 0 equal, 1 greater, 2 unordered; a quiet NaN is invalid when `signalling` is not 0
//   compareN (a, b, signalling, mode): the same; N, Z, C and V of bank fpscr are set; returns 0
//   eq32 (quiet), ge32, gt32 (a, b, mode): -1 or 0     max32 min32 (a, b, mode): FPMax, FPMin
//   toFixedN (a, fraction, kind, mode) -> i32     fromFixedN (i32, fraction, kind, mode); kind: FIXED bits; fraction: bits behind the point (0: integer)
//   toDouble (single, mode) -> i64   toSingle (double, mode) -> i32   fromHalf (half, mode) -> single   toHalf (single, mode) -> half
//   recipEstimate32 rsqrtEstimate32 (a, mode)   recipStep32 rsqrtStep32 (a, b, mode)   recipEstimateU32 rsqrtEstimateU32 (u32): VRECPE, VRSQRTE, ...
//   fpAccess (kind): see access.ts
import type { Banks } from '../../../cpu/isa/register-file.ts';
import { softfloatFunctions } from '../../../cpu/softfloat/functions.ts';
import type { WasmFunction } from '../../../cpu/wasm/code.ts';
import { accessFunctions } from './access.ts';
import { arithmeticFunctions } from './arithmetic.ts';
import { compareFunctions } from './compare.ts';
import { conversionFunctions } from './convert.ts';
import { estimateFunctions } from './estimate.ts';
import { FLUSH_FLAGS, Fpscr, flagBits, fpscrFunctions } from './fpscr.ts';
import { halfFunctions } from './half.ts';
import { stageFunctions } from './stage.ts';

/** ARMv7 has no rounding to integral values. */
const NOT_CALLED: ReadonlySet<string> = new Set(['fpRoundToIntegral', 'fpToInteger', 'fpFromInteger', 'fpIntegral']);

export function fpFunctions(banks: Banks): readonly WasmFunction[] {
  const fpscr = new Fpscr(banks);
  const softfloat = softfloatFunctions({
    quietBit: 'set',
    defaultNanSign: 0,
    propagation: 'signaling-first',
    fusedOrder: 'cab',
    fusedInvalid: 'default',
    tininess: 'before',
    flushFlags: FLUSH_FLAGS,
    flagsAddress: fpscr.address,
    flagBits,
  });
  return [
    ...softfloat.filter(({ name }) => !NOT_CALLED.has(name)),
    ...fpscrFunctions,
    ...arithmeticFunctions(fpscr),
    ...compareFunctions(fpscr),
    ...conversionFunctions(fpscr),
    ...halfFunctions(fpscr),
    ...estimateFunctions(fpscr),
    ...accessFunctions(banks),
    ...stageFunctions(banks),
  ];
}
