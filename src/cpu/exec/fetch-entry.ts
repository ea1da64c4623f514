// Fetch entries and what they lead to, as code: from an address to its record, and from the record of a region entry into the region. (Entries:
// soft-tlb.ts; bit 0 is set in those that are valid, the rest is what four times the address takes to the record. Where bit 0 of an address says
// which instruction set follows, bit 1 is set in valid entries, and bit 0 says which one's records they lead to.)
import type { TypeSection } from '../wasm/module.ts';
import type { FunctionWriter } from '../wasm/writer.ts';
import { REGION_TYPE } from './conventions.ts';
import { DESCRIPTOR, RECORD_SHIFT, regionWordShift, WORD } from './layout.ts';

/** The fetch entry on the stack goes to local `entry`; push whether it leads nowhere, or the address in local `pc` is misaligned. */
export function pushMisses(w: FunctionWriter, entry: number, pc: number, interworking: boolean): void {
  if (interworking) w.tee(entry).i32(2).op('i32.xor').get(pc).i32(1).ops('i32.and', 'i32.xor').i32(3).op('i32.and');
  else w.tee(entry).i32(1).op('i32.xor').get(pc).op('i32.or').i32(3).op('i32.and');
}

/** Push the record of the address in local `pc`, by the valid entry in local `entry`. */
export function pushRecord(w: FunctionWriter, entry: number, pc: number, interworking: boolean): void {
  w.get(pc).i32(RECORD_SHIFT).op('i32.shl').get(entry);
  if (interworking) w.i32(-4).op('i32.and').op('i32.add');
  else w.op('i32.add').i32(1).op('i32.sub');
}

/** Push the address of the region word of the record in local `record`. */
export function pushRegionWord(w: FunctionWriter, record: number, interworking: boolean): void {
  w.get(record)
    .i32(regionWordShift(interworking))
    .op('i32.shr_u')
    .i32(0)
    .memory('i32.load', WORD.REGION_WORDS)
    .op('i32.add');
}

/** Call the region of a descriptor; its results are on the stack, the instructions left below the pc. All but `pushDepth` are locals. */
export function callDescriptor(
  w: FunctionWriter,
  types: TypeSection,
  { descriptor, left, tables }: { readonly descriptor: number; readonly left: number; readonly tables: number },
  pushDepth: () => void,
): void {
  w.get(descriptor).memory('i32.load', DESCRIPTOR.BLOCK).get(left).get(tables);
  pushDepth();
  w.get(descriptor).memory('i32.load', DESCRIPTOR.FUNCTION).callIndirect(types.index(REGION_TYPE));
}
