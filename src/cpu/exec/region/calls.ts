// A guest call out of a region, as code of the region: call, and go on when control has come back to where the guest call returns to, in the same
// privilege; else leave to where control is (region-call.ts).
import type { FunctionWriter } from '../../wasm/writer.ts';
import { WORD } from '../layout.ts';

export interface CallLocals {
  readonly left: number;
  readonly tables: number;
  readonly depth: number;
  /** In: where the call goes; out: where control is. */
  readonly pc: number;
}

/**
 * Emit the call of the code at local `pc`; `back` is emitted for control at `returnPc`, and must not fall through. Registers are in memory
 * before and after. `callee`: index of the function `callRegion`.
 */
export function callOut(
  w: FunctionWriter,
  { left, tables, depth, pc }: CallLocals,
  callee: number,
  returnPc: number,
  back: () => void,
): void {
  const away = w.block('away');
  w.get(pc).get(left).get(tables).get(depth).i32(returnPc).call(callee).set(pc).set(left);
  w.get(pc).i32(returnPc).op('i32.ne').brIf(away);
  w.i32(0).memory('i32.load', WORD.CURRENT_TABLES).get(tables).op('i32.ne').brIf(away);
  back();
  w.end();
}
