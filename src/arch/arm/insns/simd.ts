// All rows of Advanced SIMD (ARM DDI 0406C: A7.4 to A7.7). VMOV and VDUP between general registers and scalars, VLDM, VSTM, VLDR and VSTR are
// floating point's too: vfp.ts.
import type { Row } from '../../../cpu/isa/insn.ts';
import { SIMD_LONG_ROWS } from './simd-long.ts';
import { SIMD_MISC_ROWS } from './simd-misc.ts';
import { SIMD_SAME_ROWS } from './simd-same.ts';
import { SIMD_SHIFT_ROWS } from './simd-shift.ts';
import { SIMD_STRUCTURE_ROWS } from './simd-structures.ts';

export const SIMD_ROWS: readonly Row[] = [
  ...SIMD_SAME_ROWS,
  ...SIMD_LONG_ROWS,
  ...SIMD_SHIFT_ROWS,
  ...SIMD_MISC_ROWS,
  ...SIMD_STRUCTURE_ROWS,
];
