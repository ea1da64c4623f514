// Guest calls between regions (ENGINE.md 2: "guest call = Wasm call"): the function of the program that a region calls in place of leaving. It
// goes from region to region as the main function does (region-entry.ts), until control is back at the return address, or has come to where
// nothing is compiled. It is of the program and not of the regions' modules because V8 keeps every module alive that has the function table.
import type { FunctionType, TypeSection } from '../wasm/module.ts';
import { FunctionWriter } from '../wasm/writer.ts';
import { callDescriptor, pushMisses, pushRecord, pushRegionWord } from './fetch-entry.ts';
import { DESCRIPTOR, FETCH_TABLE, HANDLER, PAGE_SHIFT, WORD } from './layout.ts';

/** (address called, instructions left, tables, how many calls deep it may go, return address) -> (instructions left, pc). */
export const CALL_REGION_TYPE: FunctionType = {
  parameters: ['i32', 'i32', 'i32', 'i32', 'i32'],
  results: ['i32', 'i32'],
};
const [PC, LEFT, TABLES, DEPTH, RETURN] = [0, 1, 2, 3, 4];

/** Its body. Registers are in memory whenever it calls or is called. `blockState`: see RegionFrame. */
export function callRegion(types: TypeSection, interworking: boolean, blockState: number | null): FunctionWriter {
  const w = new FunctionWriter(CALL_REGION_TYPE.parameters);
  const record = w.local('i32');
  const descriptor = w.local('i32');
  const before = w.local('i32');
  const done = w.block('done');
  w.get(DEPTH).op('i32.eqz').brIf(done);
  const chain = w.loop('chain');
  w.get(TABLES).get(PC).i32(PAGE_SHIFT).op('i32.shr_u').i32(2).ops('i32.shl', 'i32.add');
  w.memory('i32.load', FETCH_TABLE);
  pushMisses(w, record, PC, interworking);
  w.brIf(done);
  pushRecord(w, record, PC, interworking);
  w.tee(record).memory('i32.load16_u', 0).i32(HANDLER.REGION).op('i32.ne').brIf(done);
  pushRegionWord(w, record, interworking);
  w.memory('i32.load', 0).tee(descriptor);
  w.memory('i32.load', DESCRIPTOR.PC).get(PC).op('i32.ne').brIf(done);
  w.get(LEFT).set(before);
  const locals = { descriptor, left: LEFT, tables: TABLES };
  callDescriptor(w, types, locals, () => w.get(DEPTH).i32(1).op('i32.sub'));
  w.set(PC).set(LEFT);
  w.get(LEFT).get(before).op('i32.eq').brIf(done);
  if (blockState !== null) w.i32(0).memory('i32.load', blockState).brIf(done);
  w.get(PC).get(RETURN).op('i32.eq').brIf(done);
  w.i32(0).memory('i32.load', WORD.CURRENT_TABLES).get(TABLES).op('i32.eq').brIf(chain);
  w.end();
  w.end();
  w.get(LEFT).get(PC);
  return w;
}
