// The row function of MIPS, with the MIPS emitter's types.
import { insnFor } from '../../../cpu/isa/insn.ts';
import type { MipsEmitter } from '../emitter.ts';

export const insn = insnFor<MipsEmitter>();

/** Rows in the interpreter's main switch. */
export const hot = { hot: true } as const;
