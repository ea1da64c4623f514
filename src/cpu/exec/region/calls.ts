// Guest calls between regions as WebAssembly calls (ENGINE.md 2): the caller looks for the compiled code of the address in a local, as the
// dispatcher does (region-entry.ts), calls it, and goes on when control has come back to where the guest call returns to. Otherwise, and where
// nothing is compiled, the caller leaves to where control is.
import type { FunctionWriter } from '../../wasm/writer.ts';
import { DESCRIPTOR, FETCH_TABLE, HANDLER, PAGE_SHIFT, RECORD_SHIFT, WORD } from '../layout.ts';

export interface CallLocals {
  readonly left: number;
  readonly tables: number;
  readonly depth: number;
  /** In: where the call goes; out: where control is. */
  readonly pc: number;
  /** Two to use. */
  readonly record: number;
  readonly descriptor: number;
}

/**
 * Emit the call of the region at local `pc`; `back` is emitted for control at `returnPc`, and must not fall through. Registers are in memory
 * before and after. `regionWords`: a record's region word is at record / 4 + this; `regionType`: index of the regions' function type.
 */
export function callRegion(
  w: FunctionWriter,
  { left, tables, depth, pc, record, descriptor }: CallLocals,
  { regionWords, regionType }: { readonly regionWords: number; readonly regionType: number },
  returnPc: number,
  back: () => void,
): void {
  const away = w.block('away');
  w.get(depth).op('i32.eqz').brIf(away);
  w.get(tables).get(pc).i32(PAGE_SHIFT).op('i32.shr_u').i32(2).ops('i32.shl', 'i32.add');
  w.memory('i32.load', FETCH_TABLE).tee(record);
  w.i32(1).op('i32.xor').get(pc).op('i32.or').i32(3).op('i32.and').brIf(away);
  w.get(pc).i32(RECORD_SHIFT).op('i32.shl').get(record).op('i32.add').i32(1).op('i32.sub').tee(record);
  w.memory('i32.load16_u', 0).i32(HANDLER.REGION).op('i32.ne').brIf(away);
  w.get(record).i32(2).op('i32.shr_u').memory('i32.load', regionWords).tee(descriptor);
  w.memory('i32.load', DESCRIPTOR.PC).get(pc).op('i32.ne').brIf(away);
  w.get(descriptor).memory('i32.load', DESCRIPTOR.BLOCK).get(left).get(tables).get(depth).i32(1).op('i32.sub');
  w.get(descriptor).memory('i32.load', DESCRIPTOR.FUNCTION).callIndirect(regionType).set(pc).set(left);
  w.get(pc).i32(returnPc).op('i32.ne').brIf(away);
  w.i32(0).memory('i32.load', WORD.CURRENT_TABLES).get(tables).op('i32.ne').brIf(away);
  back();
  w.end();
}
