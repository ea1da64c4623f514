// The interpreter, generated as one WebAssembly program from an architecture's rows: a switch over predecoded records for hot rows,
// call_indirect for the rest, and the architecture's routines. It can execute everything.
//
// Control: `ip` is the current record, `nip` the next one; a branch does ip := nip, nip := target, so delay slots cost nothing. The deadline
// is tested between steps only: a branch and its slot are one step.
import { Lowering, Temporaries } from '../emit/lower.ts';
import type { ArchitectureDefinition } from '../isa/architecture.ts';
import type { Banks } from '../isa/register-file.ts';
import { encodeModule, type FunctionDefinition, type FunctionType, TypeSection } from '../wasm/module.ts';
import { FunctionWriter, type Label } from '../wasm/writer.ts';
import { expandRows, type Handler, type HandlerTable } from './handlers.ts';
import {
  CODE_LINE_SHIFT,
  CODE_MAP,
  FETCH_TABLE,
  GLOBAL,
  HANDLER,
  JUMP_RECORD,
  MAX_WASM_PAGES,
  PAGE_SHIFT,
  RECORD_SHIFT,
  RECORD_SIZE,
  WHY,
  WORD,
  WRITE_TABLE,
} from './layout.ts';
import { type Callees, type Frame, InterpreterSemantics } from './semantics.ts';

const I32_TO_I32: FunctionType = { parameters: ['i32', 'i32'], results: ['i32'] };
const STORE_TYPE: FunctionType = { parameters: ['i32', 'i32', 'i32'], results: [] };
const HELPER_TYPE: FunctionType = { parameters: ['i32', 'i32', 'i32'], results: ['i32'] };
const DECODE_TYPE: FunctionType = { parameters: ['i32'], results: [] };
const COLD_TYPE: FunctionType = { parameters: ['i32', 'i32'], results: ['i32', 'i32'] };
const RUN_TYPE: FunctionType = { parameters: [], results: [] };

/** Imports, in order; `e.<name>`. */
const IMPORTS = [
  { name: 'slowLoad', type: I32_TO_I32 },
  { name: 'slowStore', type: STORE_TYPE },
  { name: 'decode', type: DECODE_TYPE },
  { name: 'helper', type: HELPER_TYPE },
] as const;
const SLOW_LOAD = 0;
const SLOW_STORE = 1;
const DECODE = 2;
const HELPER = 3;

/** What a cold handler adds to the ip it returns (records are 16-byte aligned). */
const COLD_FAULT = 1;
const COLD_JUMP = 2;
const COLD_FLAGS = 3;

export interface InterpreterProgram {
  readonly bytes: Uint8Array<ArrayBuffer>;
  readonly table: HandlerTable;
  /** Bytes of the main function: kept under about 25 KB (ENGINE: larger switches fall off a cliff). */
  readonly mainSize: number;
}

/** Generate the program of an architecture for one guest endianness. */
export function generateInterpreter(
  architecture: ArchitectureDefinition,
  banks: Banks,
  bigEndian: boolean,
): InterpreterProgram {
  return new Generator(architecture, banks, bigEndian).generate();
}

class Generator {
  private readonly architecture: ArchitectureDefinition;
  private readonly banks: Banks;
  private readonly bigEndian: boolean;
  private readonly types = new TypeSection();
  private readonly table: HandlerTable;
  private readonly hot: readonly Handler[];
  private readonly cold: readonly Handler[];

  constructor(architecture: ArchitectureDefinition, banks: Banks, bigEndian: boolean) {
    this.architecture = architecture;
    this.banks = banks;
    this.bigEndian = bigEndian;
    this.table = expandRows(architecture, banks);
    this.hot = this.table.handlers.filter((handler) => handler.row.hot);
    this.cold = this.table.handlers.filter((handler) => !handler.row.hot);
  }

  generate(): InterpreterProgram {
    const main = this.main();
    const functions: FunctionDefinition[] = [{ type: RUN_TYPE, body: main, exportName: 'run' }, this.codeStore()];
    for (const routine of this.architecture.routines) functions.push(this.routine(routine.name));
    const firstCold = IMPORTS.length + functions.length;
    for (const handler of this.cold) functions.push(this.coldFunction(handler));
    const bytes = encodeModule(
      {
        imports: IMPORTS,
        functions,
        globals: GLOBAL.COUNT,
        table: this.cold.map((_, i) => firstCold + i),
        memory: { minPages: 1, maxPages: MAX_WASM_PAGES },
      },
      this.types,
    );
    return { bytes, table: this.table, mainSize: main.code.bytes.length };
  }

  private readonly callees: Callees = {
    slowLoad: SLOW_LOAD,
    slowStore: IMPORTS.length + 1, // codeStore, right after run
    helper: HELPER,
    routine: (name) => {
      const at = this.architecture.routines.findIndex((routine) => routine.name === name);
      if (at < 0) throw new Error(`no routine ${name}`);
      return IMPORTS.length + 2 + at;
    },
    helperNumber: (name) => {
      const at = this.architecture.helpers.indexOf(name);
      if (at < 0) throw new Error(`no helper ${name}`);
      return at;
    },
  };

  private semantics(w: FunctionWriter): InterpreterSemantics {
    return new InterpreterSemantics(w, this.banks, this.callees, this.bigEndian, this.architecture.reservedInstruction);
  }

  private routine(name: string): FunctionDefinition {
    const routine = this.architecture.routines.find((r) => r.name === name)!;
    const type: FunctionType = {
      parameters: Array.from({ length: routine.parameters }, () => 'i32' as const),
      results: ['i32'],
    };
    const w = new FunctionWriter(type.parameters);
    const semantics = this.semantics(w);
    const emitter = this.architecture.createEmitter(this.banks);
    routine.build(emitter);
    semantics.begin(null, null);
    new Lowering(w, new Temporaries(w), semantics).run(emitter.statements);
    w.op('unreachable');
    return { type, body: w, exportName: name };
  }

  /** One rare row: (ip, nip) -> next (ip + flags, nip). The caller keeps WORD.LEFT current around it. */
  private coldFunction(handler: Handler): FunctionDefinition {
    const w = new FunctionWriter(COLD_TYPE.parameters);
    const semantics = this.semantics(w);
    const frame: Frame = {
      ip: 0,
      nip: 1,
      pushTables: () => w.i32(0).memory('i32.load', WORD.CURRENT_TABLES),
      saveLeft: () => {},
      loadLeft: () => {},
      next: () => w.get(1).get(1).i32(RECORD_SIZE).ops('i32.add', 'return'),
      jump: (target) => w.get(1).i32(COLD_JUMP).op('i32.add').get(target).op('return'),
      fault: () => w.i32(COLD_FAULT).i32(0).op('return'),
    };
    semantics.begin(handler, frame);
    new Lowering(w, new Temporaries(w), semantics).run(handler.statements);
    semantics.finish();
    w.op('unreachable');
    return { type: COLD_TYPE, body: w };
  }

  /**
   * Slow store: (address, descriptor, value). A store to a page that holds predecoded code is done here when its line holds
   * none (write entries of such pages are the addend itself: valid address, failing fast test).
   */
  private codeStore(): FunctionDefinition {
    const w = new FunctionWriter(STORE_TYPE.parameters);
    const [address, descriptor, value] = [0, 1, 2];
    const entry = w.local('i32');
    const host = w.local('i32');
    const slow = w.block('slow');
    w.get(address)
      .i32(PAGE_SHIFT - 2)
      .op('i32.shr_u')
      .i32(0x3ffffc)
      .op('i32.and');
    w.i32(0).memory('i32.load', WORD.CURRENT_TABLES).op('i32.add').memory('i32.load', WRITE_TABLE).tee(entry);
    w.op('i32.eqz').brIf(slow);
    w.get(entry).i32(0xfff).op('i32.and').brIf(slow);
    w.get(address)
      .get(descriptor)
      .i32(0xff)
      .op('i32.and')
      .i32(3)
      .op('i32.shr_u')
      .i32(1)
      .op('i32.sub')
      .op('i32.and')
      .brIf(slow); // misaligned
    w.get(address).get(entry).op('i32.add').tee(host);
    w.i32(CODE_LINE_SHIFT).op('i32.shr_u').memory('i32.load8_u', CODE_MAP).brIf(slow);
    const width = (bits: number, store: 'i32.store8' | 'i32.store16' | 'i32.store', swap: number): void => {
      w.get(descriptor).i32(0xff).op('i32.and').i32(bits).op('i32.eq').if();
      w.get(host);
      if (this.bigEndian && swap) w.i32(swap).op('i32.xor');
      w.get(value).memory(store, 0).op('return').end();
    };
    width(32, 'i32.store', 0);
    width(16, 'i32.store16', 2);
    width(8, 'i32.store8', 3);
    w.end();
    w.get(address).get(descriptor).get(value).call(SLOW_STORE);
    return { type: STORE_TYPE, body: w };
  }

  private main(): FunctionWriter {
    return new MainFunction(this.hot, this.cold.length, this.callees, this.architecture, this.types, (w) =>
      this.semantics(w),
    ).build();
  }
}

/** The function `run`: from WORD.PC until WORD.WHY says why not further. */
class MainFunction {
  private readonly w = new FunctionWriter([]);
  private readonly hot: readonly Handler[];
  private readonly coldCount: number;
  private readonly callees: Callees;
  private readonly architecture: ArchitectureDefinition;
  private readonly types: TypeSection;
  private readonly semantics: InterpreterSemantics;
  private readonly ip: number;
  private readonly nip: number;
  private readonly left: number;
  private readonly tables: number;
  private readonly t0: number;
  private readonly t1: number;

  constructor(
    hot: readonly Handler[],
    coldCount: number,
    callees: Callees,
    architecture: ArchitectureDefinition,
    types: TypeSection,
    semantics: (w: FunctionWriter) => InterpreterSemantics,
  ) {
    this.hot = hot;
    this.coldCount = coldCount;
    this.callees = callees;
    this.architecture = architecture;
    this.types = types;
    const { w } = this;
    this.ip = w.local('i32');
    this.nip = w.local('i32');
    this.left = w.local('i32');
    this.tables = w.local('i32');
    this.t0 = w.local('i32');
    this.t1 = w.local('i32');
    this.semantics = semantics(w);
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
    this.reloadTables();
    const exit = w.block('exit');
    const top = w.loop('top');
    const fault = w.block('fault');
    w.get(left).i32(0).op('i32.le_s').brIf(exit);
    const dispatch = w.loop('dispatch');
    w.get(left).i32(1).op('i32.sub').set(left);
    const next = w.block('next');
    this.bodies({ exit, top, fault, dispatch, next });
    w.end(); // next
    w.get(nip).tee(ip).i32(RECORD_SIZE).op('i32.add').set(nip).br(top);
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

  private raise(): void {
    const { w, ip, left } = this;
    w.i32(0).i32(WHY.BUDGET).memory('i32.store', WORD.WHY);
    w.i32(0).get(left).memory('i32.store', WORD.LEFT);
    w.i32(0).memory('i32.load', WORD.TRAP_CODE);
    this.pushPc();
    this.pushInSlot();
    w.call(this.callees.routine(this.architecture.raise)).globalSet(GLOBAL.TARGET);
    w.i32(0).memory('i32.load', WORD.LEFT).set(left);
    w.i32(JUMP_RECORD).set(ip);
    this.reloadTables();
  }

  private bodies(labels: { exit: Label; top: Label; fault: Label; dispatch: Label; next: Label }): void {
    const { w, ip } = this;
    const bodies: (() => void)[] = [];
    bodies[HANDLER.UNDECODED] = () => {
      w.get(ip).call(DECODE);
      this.again(labels.dispatch);
    };
    bodies[HANDLER.END_OF_PAGE] = () => this.endOfPage(labels);
    bodies[HANDLER.JUMP] = () => this.jumpRecord(labels);
    bodies[HANDLER.RESERVED] = () => {
      w.i32(0).i32(this.architecture.reservedInstruction).memory('i32.store', WORD.TRAP_CODE);
      this.leave(WHY.TRAP, labels.fault);
    };
    bodies[HANDLER.REGION] = () => w.op('unreachable');
    bodies[HANDLER.SELF_JUMP] = () => this.leave(WHY.SPIN, labels.fault);
    for (const handler of this.hot) bodies.push(() => this.hotBody(handler, labels));
    if (bodies.length !== HANDLER.FIRST_ROW + this.hot.length)
      throw new Error('handlers out of step with their numbers');
    bodies.push(() => this.callCold(labels));
    const temporaryBlocks = bodies.map((_, i) => `handler ${i}`);
    // The last block opened is the first to end: open them backwards.
    const blocks: Label[] = [];
    for (let i = bodies.length - 1; i >= 0; i--) blocks[i] = w.block(temporaryBlocks[i]);
    w.get(ip).memory('i32.load16_u', 0).brTable(blocks.slice(0, -1), blocks.at(-1)!);
    bodies.forEach((body) => {
      w.end();
      body();
    });
  }

  private readonly temporaries = new Temporaries(this.w);

  private hotBody(handler: Handler, { dispatch, next, fault }: { dispatch: Label; next: Label; fault: Label }): void {
    const { w, ip, nip, left } = this;
    const frame: Frame = {
      ip,
      nip,
      pushTables: () => w.get(this.tables),
      saveLeft: () => w.i32(0).get(left).memory('i32.store', WORD.LEFT),
      loadLeft: () => w.i32(0).memory('i32.load', WORD.LEFT).set(left),
      next: () => w.br(next),
      jump: (target) => w.get(nip).set(ip).get(target).set(nip).br(dispatch),
      fault: () => w.br(fault),
    };
    this.semantics.begin(handler, frame);
    new Lowering(w, this.temporaries, this.semantics).run(handler.statements);
    this.semantics.finish();
  }

  private callCold({ top, dispatch, fault }: { top: Label; dispatch: Label; fault: Label }): void {
    const { w, ip, nip, left, t0, t1 } = this;
    if (this.coldCount === 0) {
      w.op('unreachable');
      return;
    }
    w.i32(0).get(left).memory('i32.store', WORD.LEFT);
    w.get(ip).get(nip).get(ip).memory('i32.load16_u', 0);
    w.i32(HANDLER.FIRST_ROW + this.hot.length)
      .op('i32.sub')
      .callIndirect(this.types.index(COLD_TYPE))
      .set(t1)
      .set(t0);
    w.i32(0).memory('i32.load', WORD.LEFT).set(left);
    w.get(t0).i32(COLD_FAULT).op('i32.and').brIf(fault);
    w.get(t1).set(nip);
    w.get(t0).i32(~COLD_FLAGS).op('i32.and').set(ip);
    w.get(t0).i32(COLD_JUMP).op('i32.and').brIf(dispatch);
    this.reloadTables();
    w.br(top);
  }

  /** The record after the last of a page: go on with the next page's first. */
  private endOfPage({ dispatch, fault }: { dispatch: Label; fault: Label }): void {
    const { w, ip, nip, t0, t1 } = this;
    this.pushPc();
    w.set(t1);
    this.lookUp(fault);
    // A branch in the last word has its slot on this page: keep nip and the slot mark.
    w.get(t0).i32(RECORD_SIZE).op('i32.add').get(nip);
    w.get(nip).get(ip).i32(RECORD_SIZE).op('i32.add').op('i32.eq').op('select').set(nip);
    w.get(t0).i32(RECORD_SIZE).op('i32.sub').i32(0);
    this.pushInSlot();
    w.op('select').globalSet(GLOBAL.BRANCH);
    this.enterPage();
    this.again(dispatch);
  }

  /** Perform a jump to the address in TARGET. */
  private jumpRecord({ dispatch, fault }: { dispatch: Label; fault: Label }): void {
    const { w, nip, t0, t1 } = this;
    w.globalGet(GLOBAL.TARGET).set(t1);
    this.lookUp(fault);
    w.i32(0).globalSet(GLOBAL.BRANCH);
    w.get(t0).i32(RECORD_SIZE).op('i32.add').set(nip);
    this.enterPage();
    this.again(dispatch);
  }

  /** t0 := the record of address t1, or leave with WHY.FETCH. */
  private lookUp(fault: Label): void {
    const { w, t0, t1 } = this;
    w.get(t1)
      .i32(PAGE_SHIFT - 2)
      .op('i32.shr_u')
      .i32(0x3ffffc)
      .op('i32.and');
    w.get(this.tables).op('i32.add').memory('i32.load', FETCH_TABLE).tee(t0);
    // Valid entries have bit 0 set: the addend from four times the address to the record.
    w.i32(1).op('i32.xor').get(t1).op('i32.or').i32(3).op('i32.and').if();
    this.leave(WHY.FETCH, fault);
    w.end();
    w.get(t1).i32(RECORD_SHIFT).op('i32.shl').get(t0).op('i32.add').i32(1).op('i32.sub').set(t0);
  }

  /** ip := t0, the record of address t1; pc follows. */
  private enterPage(): void {
    const { w, ip, t0, t1 } = this;
    w.get(t1).get(t0).tee(ip).i32(RECORD_SHIFT).op('i32.shr_u').op('i32.sub').globalSet(GLOBAL.DELTA);
  }

  /** Dispatch again without having executed anything. */
  private again(dispatch: Label): void {
    const { w, left } = this;
    w.get(left).i32(1).op('i32.add').set(left).br(dispatch);
  }

  private leave(why: number, fault: Label): void {
    this.w.i32(0).i32(why).memory('i32.store', WORD.WHY).br(fault);
  }

  private reloadTables(): void {
    this.w.i32(0).memory('i32.load', WORD.CURRENT_TABLES).set(this.tables);
  }

  /** Push the address of the record at ip (which is not the jump record). */
  private pushPc(): void {
    this.w.get(this.ip).i32(RECORD_SHIFT).op('i32.shr_u').globalGet(GLOBAL.DELTA).op('i32.add');
  }

  private pushInSlot(): void {
    this.w.globalGet(GLOBAL.BRANCH).i32(RECORD_SIZE).op('i32.add').get(this.ip).op('i32.eq');
  }

  private save(): void {
    const { w, ip, left } = this;
    w.i32(0).globalGet(GLOBAL.TARGET);
    this.pushPc();
    w.get(ip).i32(JUMP_RECORD).op('i32.eq').op('select').memory('i32.store', WORD.PC);
    w.i32(0);
    this.pushInSlot();
    w.memory('i32.store', WORD.IN_SLOT);
    w.i32(0).get(left).memory('i32.store', WORD.LEFT);
  }
}
