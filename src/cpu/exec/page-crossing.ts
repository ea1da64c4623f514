// How the interpreter's main function goes from page to page: at the end of one, by a jump, and in the middle of an instruction. Part of
// main-function.ts.
import type { Label } from '../wasm/writer.ts';
import { SPLIT } from './conventions.ts';
import { pushMisses, pushRecord } from './fetch-entry.ts';
import { GLOBAL, HANDLER, RECORD_SIZE, WORD } from './layout.ts';
import type { Labels, RegionFrame } from './region-entry.ts';

/** What the main function lends. */
export interface CrossingFrame extends RegionFrame {
  readonly delaySlots: boolean;
  /** Function index of `missedFetch`. */
  readonly slowFetch: number;
  /** See HandlerTable. */
  readonly firstInside: number;
  /** Dispatch again without having executed anything. */
  again(dispatch: Label): void;
}

/** The record after the last of a page: go on with the next page's first. */
export function endOfPage(main: CrossingFrame, { dispatch, fault }: Labels): void {
  const { w, ip, nip, t0, t1 } = main;
  main.pushPc();
  w.set(t1);
  lookUp(main, fault);
  if (!main.delaySlots) {
    forgetOutside(main);
    main.enterPage();
    main.again(dispatch);
    return;
  }
  // A branch in the last word has its slot on this page: keep nip and the slot mark.
  w.get(t0).i32(RECORD_SIZE).op('i32.add').get(nip);
  w.get(nip).get(ip).i32(RECORD_SIZE).op('i32.add').op('i32.eq').op('select').set(nip);
  main.pushInSlot();
  w.if();
  // The branch's record seems to precede the slot's, wherever it is; its link moves along.
  w.i32(0).memory('i32.load', WORD.LINK_BRANCH).globalGet(GLOBAL.BRANCH).op('i32.eq').if();
  w.i32(0).get(t0).i32(RECORD_SIZE).op('i32.sub').memory('i32.store', WORD.LINK_BRANCH);
  w.end();
  w.get(t0).i32(RECORD_SIZE).op('i32.sub').globalSet(GLOBAL.BRANCH);
  w.else().i32(0).globalSet(GLOBAL.BRANCH);
  w.end();
  main.enterPage();
  main.again(dispatch);
}

/** Perform a jump to the address in TARGET. */
export function jumpRecord(main: CrossingFrame, { dispatch, fault }: Labels): void {
  const { w, nip, t0, t1 } = main;
  w.globalGet(GLOBAL.TARGET).set(t1);
  lookUp(main, fault);
  if (main.delaySlots) {
    w.i32(0).globalSet(GLOBAL.BRANCH);
    w.get(t0).i32(RECORD_SIZE).op('i32.add').set(nip);
  } else forgetOutside(main);
  main.enterPage();
  main.again(dispatch);
}

/** The instruction goes on on the next page: its record is made in a place of its own. */
export function splitInstruction(main: CrossingFrame, { dispatch, fault }: Labels): void {
  const { w, t0, t1 } = main;
  main.pushPc();
  w.tee(t1).call(SPLIT).tee(t0).op('i32.eqz').brIf(fault);
  main.enterPage();
  main.again(dispatch);
}

/** Control comes into a block from elsewhere, to the record t0 of address t1: it must be one that is right inside of a block. Words stand in none. */
function forgetOutside({ w, t0, t1, blockState, firstInside }: CrossingFrame): void {
  if (blockState === null) return;
  w.i32(0).memory('i32.load', blockState).i32(0).op('i32.ne').get(t1).i32(1).ops('i32.and', 'i32.and').if();
  w.get(t0).memory('i32.load16_u', 0).i32(firstInside).op('i32.lt_u').if();
  w.get(t0).i32(HANDLER.UNDECODED).memory('i32.store16', 0).end().end();
}

/** t0 := the record of address t1, or leave: a fault there, or WHY.FETCH for what the host has to do. */
function lookUp(main: CrossingFrame, fault: Label): void {
  const { w, t0, t1, interworking } = main;
  main.pushFetchEntry();
  pushMisses(w, t0, t1, interworking);
  w.if();
  w.get(t1).call(main.slowFetch).tee(t0).op('i32.eqz').brIf(fault).else();
  pushRecord(w, t0, t1, interworking);
  w.set(t0).end();
}
