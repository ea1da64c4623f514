// Rows of the floating-point extension VFPv4-D32, A32 and T32 (ARM DDI 0406C: A7).
import type { Row } from '../../../cpu/isa/insn.ts';
import { VFP_ARITHMETIC_ROWS } from './vfp-arithmetic.ts';
import { VFP_CONVERSION_ROWS } from './vfp-convert.ts';
import { VFP_MEMORY_ROWS } from './vfp-memory.ts';
import { VFP_MOVE_ROWS } from './vfp-moves.ts';
import { VFP_MULTIPLE_ROWS } from './vfp-multiple.ts';

export const VFP_ROWS: readonly Row[] = [
  ...VFP_MEMORY_ROWS,
  ...VFP_MULTIPLE_ROWS,
  ...VFP_MOVE_ROWS,
  ...VFP_ARITHMETIC_ROWS,
  ...VFP_CONVERSION_ROWS,
];
