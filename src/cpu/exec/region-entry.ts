// How the interpreter's main function goes into compiled code: region after region, found through the records of their entries, without leaving
// the function (ENGINE.md 2: "chained by a Wasm dispatcher"). Part of main-function.ts.
import type { TypeSection } from '../wasm/module.ts';
import type { FunctionWriter, Label } from '../wasm/writer.ts';
import { MOST_NESTED } from './conventions.ts';
import { callDescriptor, pushMisses, pushRecord, pushRegionWord } from './fetch-entry.ts';
import {
  DESCRIPTOR,
  GLOBAL,
  HANDLER,
  JUMP_RECORD,
  LEFT_TO,
  LEFT_TO_ENTRY,
  LEFT_TO_SIZE,
  RECORD_SIZE,
  WHY,
  WORD,
} from './layout.ts';

/** Where the main function's code can go. */
export interface Labels {
  readonly exit: Label;
  readonly top: Label;
  readonly fault: Label;
  readonly dispatch: Label;
  /** Run the handler whose number is in local `handler`. */
  readonly handle: Label;
  readonly next: Label;
}

/** What the main function lends: locals, and pieces of code. */
export interface RegionFrame {
  readonly w: FunctionWriter;
  readonly types: TypeSection;
  /** See ArchitectureDefinition. */
  readonly interworking: boolean;
  /** Address of the state of the block that the next instruction stands in, where the architecture has such. */
  readonly blockState: number | null;
  readonly ip: number;
  readonly nip: number;
  readonly left: number;
  readonly t0: number;
  readonly t1: number;
  /** Number of the handler that runs, and a region entry's descriptor. */
  readonly handler: number;
  readonly descriptor: number;
  pushInSlot(): void;
  pushPc(): void;
  /** Push the fetch entry of address t1. */
  pushFetchEntry(): void;
  /** ip := t0, the record of address t1; pc follows. */
  enterPage(): void;
  /** Push the address of the current table set. */
  pushTables(): void;
  leave(why: number, fault: Label): void;
}

/**
 * Compiled code begins here. Regions follow one another without leaving this function; where one makes no headway, and in a delay slot, the
 * record's own handler runs.
 */
export function enterRegions(main: RegionFrame, { top, handle }: Labels): void {
  const { w, ip, nip, left, t0, t1, handler, descriptor } = main;
  w.get(left).i32(1).op('i32.add').set(left);
  loadDescriptor(main);
  const own = w.block('own handler');
  main.pushInSlot();
  w.brIf(own);
  main.pushPc();
  w.set(t1);
  const chain = w.loop('chain');
  w.get(descriptor).memory('i32.load', DESCRIPTOR.PC).get(t1).op('i32.ne').brIf(own);
  main.pushTables();
  w.set(t0);
  callDescriptor(w, main.types, { descriptor, left, tables: t0 }, () => w.i32(MOST_NESTED));
  w.set(t1).set(t0);
  w.get(t0).get(left).op('i32.eq').brIf(own);
  w.get(t0).set(left);
  w.i32(0).get(left).memory('i32.store', WORD.REGION_LEFT);
  w.i32(0).globalSet(GLOBAL.BRANCH);
  const anew = w.block('anew');
  w.get(left).i32(0).op('i32.le_s').brIf(anew);
  // Left in a block's middle: what goes on there must know.
  if (main.blockState !== null) w.i32(0).memory('i32.load', main.blockState).brIf(anew);
  main.pushFetchEntry();
  pushMisses(w, t0, t1, main.interworking);
  w.brIf(anew);
  pushRecord(w, t0, t1, main.interworking);
  w.set(t0);
  main.enterPage();
  w.get(ip).i32(RECORD_SIZE).op('i32.add').set(nip);
  w.get(ip).memory('i32.load16_u', 0).tee(handler).i32(HANDLER.REGION).op('i32.eq').if();
  loadDescriptor(main);
  w.br(chain);
  w.end();
  noteLeaving(main);
  w.get(left).i32(1).op('i32.sub').set(left).br(handle);
  w.end(); // anew
  w.get(t1).globalSet(GLOBAL.TARGET);
  w.i32(JUMP_RECORD)
    .set(ip)
    .i32(JUMP_RECORD + RECORD_SIZE)
    .set(nip)
    .br(top);
  w.end(); // chain
  w.end(); // own handler
  w.get(descriptor).memory('i32.load', DESCRIPTOR.HANDLER).set(handler);
  w.get(left).i32(1).op('i32.sub').set(left).br(handle);
}

/** Compiled code goes on at the record `ip`, at t1, where nothing is compiled: count that in its region word, and note the place now and then. */
function noteLeaving({ w, ip, t0, t1, interworking }: RegionFrame): void {
  const count = () => w.i32(0).memory('i32.load', WORD.PLACES_LEFT);
  pushRegionWord(w, ip, interworking);
  w.tee(t0);
  w.get(t0).memory('i32.load', 0).i32(1).op('i32.add').memory('i32.store', 0);
  w.get(t0).memory('i32.load', 0).i32(0).memory('i32.load', WORD.OFTEN_LEFT).op('i32.and').op('i32.eqz');
  count();
  w.i32(LEFT_TO_SIZE).ops('i32.lt_u', 'i32.and').if();
  count();
  w.get(t1).memory('i32.store', LEFT_TO);
  count();
  w.get(ip).memory('i32.store', LEFT_TO + 4);
  w.i32(0);
  count();
  w.i32(LEFT_TO_ENTRY).op('i32.add').memory('i32.store', WORD.PLACES_LEFT);
  w.end();
}

/** Lockstep: the host runs the compiled code that begins here, unless it wants the record's own handler to run. */
export function leaveAtRegion(main: RegionFrame, { fault, handle }: Labels): void {
  const { w, descriptor, handler } = main;
  loadDescriptor(main);
  const own = w.block('own handler');
  main.pushInSlot();
  w.brIf(own);
  w.get(descriptor).memory('i32.load', DESCRIPTOR.PC);
  main.pushPc();
  w.op('i32.ne').brIf(own);
  w.i32(0).memory('i32.load', WORD.OWN_HANDLERS).if();
  w.i32(0).i32(0).memory('i32.load', WORD.OWN_HANDLERS).i32(1).op('i32.sub').memory('i32.store', WORD.OWN_HANDLERS);
  w.br(own);
  w.end();
  w.i32(0).get(descriptor).memory('i32.store', WORD.DESCRIPTOR);
  main.leave(WHY.REGION, fault);
  w.end(); // own handler
  w.get(descriptor).memory('i32.load', DESCRIPTOR.HANDLER).set(handler).br(handle);
}

function loadDescriptor(main: RegionFrame): void {
  const { w, ip, descriptor } = main;
  pushRegionWord(w, ip, main.interworking);
  w.memory('i32.load', 0).set(descriptor);
}
