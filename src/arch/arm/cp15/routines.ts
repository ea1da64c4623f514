// The routines behind MRC, MCR, MRRC and MCRR.
import type { Routine } from '../../../cpu/isa/architecture.ts';
import { ACCESS_ROUTINES } from './access.ts';
import { READ_ROUTINES } from './reads.ts';
import { WRITE_ROUTINES } from './writes.ts';

export const CP15_ROUTINES: readonly Routine[] = [...ACCESS_ROUTINES, ...READ_ROUTINES, ...WRITE_ROUTINES];
