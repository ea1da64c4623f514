// The interpreter's main function, `run`: from WORD.PC until WORD.WHY says why not further. A switch over predecoded records for hot
// handlers, a call_indirect for the rest, exception entry, and the page crossings.
//
// Control: `ip` is the current record, `nip` the next one; a branch does ip := nip, nip := target, so delay slots cost nothing. The deadline
// is tested between steps only: a branch and its slot are one step.
import { Lowering, Temporaries } from '../emit/lower.ts';
import type { ArchitectureDefinition } from '../isa/architecture.ts';
import type { TypeSection } from '../wasm/module.ts';
import { FunctionWriter, type Label } from '../wasm/writer.ts';
import { COLD_FAULT, COLD_FLAGS, COLD_JUMP, COLD_TYPE, DECODE } from './conventions.ts';
import type { Handler } from './handlers.ts';
import {
  FETCH_TABLE,
  GLOBAL,
  HALF_RECORD_SIZE,
  HANDLER,
  JUMP_RECORD,
  PAGE_SHIFT,
  RECORD_SHIFT,
  RECORD_SIZE,
  WHY,
  WORD,
} from './layout.ts';
import { type CrossingFrame, endOfPage, jumpRecord, splitInstruction } from './page-crossing.ts';
import type { Pair } from './pairs.ts';
import { enterRegions, type Labels, leaveAtRegion } from './region-entry.ts';
import type { InterpreterSemantics } from './semantics.ts';
import type { Callees, Frame } from './semantics-frame.ts';

export interface MainFunctionOptions {
  readonly architecture: ArchitectureDefinition;
  readonly types: TypeSection;
  /** Leave to the host where compiled code begins (lockstep.ts). */
  readonly leavesAtRegions: boolean;
  /** See HandlerTable. */
  readonly firstInside: number;
  /** Address of the state of the block that the next instruction stands in, where the architecture has such. */
  readonly blockState: number | null;
}

/** The labels that instructions without delay slots go on by, by the bytes of their records. */
interface NextLabels {
  readonly word: Label;
  readonly half: Label;
}

/** The function `run`: from WORD.PC until WORD.WHY says why not further. */
export class MainFunction implements CrossingFrame {
  readonly w = new FunctionWriter([]);
  private readonly hot: readonly Handler[];
  private readonly pairs: readonly Pair[];
  private readonly coldCount: number;
  private readonly callees: Callees;
  private readonly architecture: ArchitectureDefinition;
  readonly types: TypeSection;
  private readonly leavesAtRegions: boolean;
  readonly firstInside: number;
  readonly blockState: number | null;
  private following: NextLabels | null = null;
  private readonly semantics: InterpreterSemantics;
  readonly ip: number;
  readonly nip: number;
  readonly left: number;
  readonly t0: number;
  readonly t1: number;
  /** Number of the handler that runs, and a region entry's descriptor. */
  readonly handler: number;
  readonly descriptor: number;

  constructor(
    hot: readonly Handler[],
    pairs: readonly Pair[],
    coldCount: number,
    callees: Callees,
    { architecture, types, leavesAtRegions, firstInside, blockState }: MainFunctionOptions,
    semantics: (w: FunctionWriter) => InterpreterSemantics,
  ) {
    this.hot = hot;
    this.pairs = pairs;
    this.coldCount = coldCount;
    this.callees = callees;
    this.architecture = architecture;
    this.types = types;
    this.leavesAtRegions = leavesAtRegions;
    this.firstInside = firstInside;
    this.blockState = blockState;
    const { w } = this;
    this.ip = w.local('i32');
    this.nip = w.local('i32');
    this.left = w.local('i32');
    this.t0 = w.local('i32');
    this.t1 = w.local('i32');
    this.handler = w.local('i32');
    this.descriptor = w.local('i32');
    this.semantics = semantics(w);
  }

  get delaySlots(): boolean {
    return this.architecture.delaySlots;
  }

  get slowFetch(): number {
    return this.callees.slowFetch;
  }

  get interworking(): boolean {
    return this.architecture.interworking;
  }

  /** Number of the first handler that is not in the switch. */
  private get firstCold(): number {
    return HANDLER.FIRST_ROW + this.hot.length + this.pairs.length;
  }

  build(): FunctionWriter {
    const { w, ip, nip, left } = this;
    w.i32(0).i32(WHY.BUDGET).memory('i32.store', WORD.WHY);
    w.i32(0).memory('i32.load', WORD.PC).globalSet(GLOBAL.TARGET);
    w.i32(0).memory('i32.load', WORD.LEFT).set(left);
    w.i32(JUMP_RECORD)
      .set(ip)
      .i32(JUMP_RECORD + RECORD_SIZE)
      .set(nip);
    w.i32(0).globalSet(GLOBAL.BRANCH);
    const exit = w.block('exit');
    const top = w.loop('top');
    const fault = w.block('fault');
    w.get(left).i32(0).op('i32.le_s').brIf(exit);
    const dispatch = w.loop('dispatch');
    w.get(left).i32(1).op('i32.sub').set(left);
    w.get(ip).memory('i32.load16_u', 0).set(this.handler);
    const handle = w.loop('handle');
    const next = w.block('next');
    const { delaySlots } = this.architecture;
    if (!delaySlots) this.following = { half: w.block('after a halfword'), word: w.block('after a word') };
    this.bodies({ exit, top, fault, dispatch, handle, next });
    if (!delaySlots)
      for (const size of [RECORD_SIZE, HALF_RECORD_SIZE]) {
        w.end();
        w.get(ip).i32(size).op('i32.add').set(ip).br(top);
      }
    w.end(); // next
    if (delaySlots) w.get(nip).tee(ip).i32(RECORD_SIZE).op('i32.add').set(nip).br(top);
    else w.get(nip).set(ip).br(top);
    w.end(); // handle
    w.end(); // dispatch
    w.end(); // fault: WORD.WHY says what
    w.i32(0).memory('i32.load', WORD.WHY).i32(WHY.TRAP).op('i32.ne').if();
    w.get(left).i32(1).op('i32.add').set(left).br(exit);
    w.end();
    this.raise();
    w.br(top);
    w.end(); // top
    w.end(); // exit
    this.save();
    return w;
  }

  /** What has left or faulted in a delay slot begins again at its branch: take the branch's link back. */
  private undoLink(): void {
    const { w } = this;
    if (!this.architecture.delaySlots) return;
    this.pushInSlot();
    w.i32(0).memory('i32.load', WORD.LINK_BRANCH).globalGet(GLOBAL.BRANCH).ops('i32.eq', 'i32.and').if();
    w.i32(0).memory('i32.load', WORD.LINK_ADDRESS).i32(0).memory('i32.load', WORD.LINK_OLD).memory('i32.store', 0);
    w.end();
  }

  private raise(): void {
    const { w, ip, left } = this;
    this.undoLink();
    w.i32(0).i32(WHY.BUDGET).memory('i32.store', WORD.WHY);
    w.i32(0).get(left).memory('i32.store', WORD.LEFT);
    w.i32(0).memory('i32.load', WORD.TRAP_CODE);
    this.pushPlace();
    this.pushInSlot();
    w.call(this.callees.routine('noteException')).op('drop');
    w.i32(0).memory('i32.load', WORD.TRAP_CODE);
    this.pushPlace();
    this.pushInSlot();
    w.call(this.callees.routine(this.architecture.raise)).globalSet(GLOBAL.TARGET);
    w.i32(0).memory('i32.load', WORD.LEFT).set(left);
    w.i32(JUMP_RECORD).set(ip);
  }

  private bodies(labels: Labels): void {
    const { w, ip } = this;
    const bodies: (() => void)[] = [];
    bodies[HANDLER.UNDECODED] = () => {
      w.get(ip).call(DECODE);
      this.again(labels.dispatch);
    };
    bodies[HANDLER.END_OF_PAGE] = () => endOfPage(this, labels);
    bodies[HANDLER.JUMP] = () => jumpRecord(this, labels);
    bodies[HANDLER.RESERVED] = () => this.reserved(labels.fault);
    bodies[HANDLER.REGION] = () => (this.leavesAtRegions ? leaveAtRegion(this, labels) : enterRegions(this, labels));
    bodies[HANDLER.SELF_JUMP] = () => {
      if (this.architecture.delaySlots) {
        this.pushInSlot();
        w.if();
        this.reserved(labels.fault); // like every branch in a slot
        w.end();
      }
      this.leave(WHY.SPIN, labels.fault);
    };
    bodies[HANDLER.SPLIT] = () => splitInstruction(this, labels);
    bodies[HANDLER.WATCH] = () => this.leave(WHY.WATCH, labels.fault);
    for (const handler of this.hot) bodies.push(() => this.hotBody(handler, labels));
    for (const pair of this.pairs) bodies.push(() => this.pairBody(pair, labels));
    if (bodies.length !== this.firstCold) throw new Error('handlers out of step with their numbers');
    bodies.push(() => this.callCold(labels));
    const temporaryBlocks = bodies.map((_, i) => `handler ${i}`);
    // The last block opened is the first to end: open them backwards.
    const blocks: Label[] = [];
    for (let i = bodies.length - 1; i >= 0; i--) blocks[i] = w.block(temporaryBlocks[i]);
    w.get(this.handler).brTable(blocks.slice(0, -1), blocks.at(-1)!);
    bodies.forEach((body) => {
      w.end();
      body();
    });
  }

  private readonly temporaries = new Temporaries(this.w);

  private hotBody(handler: Handler, labels: Labels): void {
    this.body(handler, this.frame(labels));
  }

  /**
   * Two instructions. Where the second is not what follows the first, or not now, the pair ends after the first, as that does by itself: at the
   * deadline, in the slot of a branch that is taken, and when the host may have changed records or ended the run.
   */
  private pairBody({ first, second }: Pair, labels: Labels): void {
    const { w, ip, nip, left, handler, t0 } = this;
    const frame = this.frame(labels);
    const pushFollowing = () => w.get(ip).i32(RECORD_SIZE).op('i32.add');
    const alone = HANDLER.UNDECODED;
    let leaves = false;
    const pushAlone = () => (leaves ? w.get(handler).i32(alone).op('i32.eq') : w.i32(0));
    this.body(first, {
      ...frame,
      // Wherever the host may have been at work, the instructions left are loaded anew.
      loadLeft: () => {
        leaves = true;
        frame.loadLeft();
        w.i32(alone).set(handler);
      },
      next: () => {
        pushFollowing().tee(t0).get(nip).op('i32.ne').get(left).i32(0).ops('i32.le_s', 'i32.or');
        pushAlone();
        w.op('i32.or').brIf(labels.next);
        w.get(t0).tee(ip).i32(RECORD_SIZE).op('i32.add').set(nip);
      },
      jump: (target) => {
        pushFollowing().set(ip).get(target).set(nip); // not in a slot itself, or it would have faulted
        pushAlone();
        w.brIf(labels.dispatch);
      },
    });
    w.get(left).i32(1).op('i32.sub').set(left);
    this.body(second, frame);
  }

  private body(handler: Handler, frame: Frame): void {
    this.semantics.begin(handler, frame);
    new Lowering(this.w, this.temporaries, this.semantics).run(handler.statements);
    this.semantics.finish();
  }

  private frame({ dispatch, next, fault }: Labels): Frame {
    const { w, ip, nip, left } = this;
    return {
      ip,
      nip,
      pushTables: () => this.pushTables(),
      saveLeft: () => w.i32(0).get(left).memory('i32.store', WORD.LEFT),
      loadLeft: () => w.i32(0).memory('i32.load', WORD.LEFT).set(left),
      next: (size) => {
        if (size === undefined) w.br(next);
        else w.br(size === RECORD_SIZE ? this.following!.word : this.following!.half);
      },
      again: () => this.again(dispatch),
      jump: (target) => w.get(nip).set(ip).get(target).set(nip).br(dispatch),
      fault: () => w.br(fault),
    };
  }

  private callCold({ top, dispatch, fault }: { top: Label; dispatch: Label; fault: Label }): void {
    const { w, ip, nip, left, t0, t1 } = this;
    if (this.coldCount === 0) {
      w.op('unreachable');
      return;
    }
    w.i32(0).get(left).memory('i32.store', WORD.LEFT);
    w.get(ip).get(nip).get(this.handler);
    w.i32(this.firstCold).op('i32.sub').callIndirect(this.types.index(COLD_TYPE)).set(t1).set(t0);
    w.i32(0).memory('i32.load', WORD.LEFT).set(left);
    w.get(t0).i32(COLD_FAULT).op('i32.and').brIf(fault);
    w.get(t1).set(nip);
    w.get(t0).i32(~COLD_FLAGS).op('i32.and').set(ip);
    w.get(t0).i32(COLD_JUMP).op('i32.and').brIf(dispatch);
    w.br(top);
  }

  pushFetchEntry(): void {
    const { w } = this;
    w.get(this.t1)
      .i32(PAGE_SHIFT - 2)
      .op('i32.shr_u')
      .i32(0x3ffffc)
      .op('i32.and');
    this.pushTables();
    w.op('i32.add').memory('i32.load', FETCH_TABLE);
  }

  /** ip := t0, the record of address t1; pc follows. */
  enterPage(): void {
    const { w, ip, t0, t1 } = this;
    w.get(t1).get(t0).tee(ip).i32(RECORD_SHIFT).op('i32.shr_u').op('i32.sub').globalSet(GLOBAL.DELTA);
  }

  /** Dispatch again without having executed anything. */
  again(dispatch: Label): void {
    const { w, left } = this;
    w.get(left).i32(1).op('i32.add').set(left).br(dispatch);
  }

  private reserved(fault: Label): void {
    this.w.i32(0).i32(this.architecture.reservedInstruction).memory('i32.store', WORD.TRAP_CODE);
    this.leave(WHY.TRAP, fault);
  }

  leave(why: number, fault: Label): void {
    this.w.i32(0).i32(why).memory('i32.store', WORD.WHY).br(fault);
  }

  /** No local: one less that lives from instruction to instruction. */
  pushTables(): void {
    this.w.i32(0).memory('i32.load', WORD.CURRENT_TABLES);
  }

  /** Push the address of the record at ip (which is not the jump record). */
  pushPc(): void {
    this.w.get(this.ip).i32(RECORD_SHIFT).op('i32.shr_u').globalGet(GLOBAL.DELTA).op('i32.add');
  }

  /** Push the address of the instruction at ip, which may be one that the jump record has yet to find. */
  private pushPlace(): void {
    this.pushPc();
    this.w.globalGet(GLOBAL.TARGET).get(this.ip).i32(JUMP_RECORD).ops('i32.ne', 'select');
  }

  pushInSlot(): void {
    if (!this.architecture.delaySlots) this.w.i32(0);
    else this.w.globalGet(GLOBAL.BRANCH).i32(RECORD_SIZE).op('i32.add').get(this.ip).op('i32.eq');
  }

  private save(): void {
    const { w, left } = this;
    w.i32(0);
    this.pushPlace();
    w.memory('i32.store', WORD.PC);
    this.undoLink();
    w.i32(0);
    this.pushInSlot();
    w.memory('i32.store', WORD.IN_SLOT).i32(0).get(left).memory('i32.store', WORD.LEFT);
  }
}
