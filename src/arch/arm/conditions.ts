// Conditions that are known only when an instruction runs (ARM DDI 0406C: A8.3): those of IT blocks.
import type { Routine } from '../../cpu/isa/architecture.ts';
import { arm } from './emitter.ts';

/** (condition, 0 to 15) -> does it hold: 0 or 1. */
const conditionHolds: Routine = {
  name: 'conditionHolds',
  parameters: 1,
  build(emitter) {
    const e = arm(emitter);
    const condition = e.parameter(0);
    // The even conditions below AL; each odd one is the contrary of the one before it. 14 and 15 always hold.
    const pair = e.shrU(condition, e.const(1));
    const positive = [0, 1, 2, 3, 4, 5, 6].reduce(
      (others, n) => e.select(e.eq(pair, e.const(n)), e.holds(n * 2), others),
      e.const(1),
    );
    const contrary = e.and(condition, e.ne(pair, e.const(7)));
    e.return(e.xor(positive, contrary));
  },
};

export const CONDITION_ROUTINES: readonly Routine[] = [conditionHolds];
