// Return from an exception (ARM DDI 0406C: B1.8.10, B9.3).
import type { I32 } from '../../cpu/emit/values.ts';
import type { ArmEmitter } from './emitter.ts';
import { finishChange } from './modes.ts';
import { PSR } from './registers.ts';

/** Go to `target`, which says nothing of T, with CPSR from `spsr`. Registers that are written before it are those of the mode that is left. */
export function returnFromException(e: ArmEmitter, target: I32, spsr: I32): void {
  const thumb = e.isSet(spsr, PSR.T);
  e.restoresBlock();
  e.branchTo(e.select(thumb, e.or(target, e.const(1)), e.and(target, e.const(-4))));
  finishChange(e, e.call('restorePsr', spsr));
}
