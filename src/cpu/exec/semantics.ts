// How the interpreter fills in the lowering's hooks: operands from predecoded records, registers in memory, memory through the
// tables of the current privilege.
import type { LoweringHooks, Push } from '../emit/lower.ts';
import { forEachStatement } from '../emit/tree.ts';
import type { Node, Statement } from '../emit/values.ts';
import type { Bank, Banks } from '../isa/register-file.ts';
import type { FunctionWriter } from '../wasm/writer.ts';
import type { Handler, SlotKind } from './handlers.ts';
import { GLOBAL, HANDLER, JUMP_RECORD, RECORD_SHIFT, RECORD_SIZE, SET_SIZE, WHY, WORD } from './layout.ts';
import { MemorySemantics } from './memory-semantics.ts';
import type { Callees, Frame, SemanticsOptions } from './semantics-frame.ts';

export class InterpreterSemantics implements LoweringHooks {
  private readonly w: FunctionWriter;
  private readonly banks: Banks;
  private readonly callees: Callees;
  private readonly accesses: MemorySemantics;
  private readonly branchInSlot: number;
  private handler: Handler | null = null;
  private frame: Frame | null = null;
  private readonly scratch: number;
  private readonly jumpTarget: number;
  private branched: 'no' | 'delayed' | 'now' = 'no';
  private readonly delaySlots: boolean;
  private readonly firstInside: number;
  /** Does nip say where control goes? */
  private usesNip = true;

  constructor(w: FunctionWriter, options: SemanticsOptions) {
    const { banks, callees, branchInSlot } = options;
    this.delaySlots = options.delaySlots;
    this.firstInside = options.firstInside;
    this.w = w;
    this.banks = banks;
    this.callees = callees;
    this.branchInSlot = branchInSlot;
    this.scratch = w.local('i32');
    this.accesses = new MemorySemantics(
      w,
      options,
      this.scratch,
      () => this.saveExitPc(),
      () => this.leaveIfAsked(),
    );
    this.jumpTarget = w.local('i32');
  }

  /** Start a handler, or a routine when `handler` is null. */
  begin(handler: Handler | null, frame: Frame | null): void {
    this.handler = handler;
    this.frame = frame;
    this.branched = 'no';
    if (this.delaySlots || !handler || !frame) return;
    this.usesNip = false;
    forEachStatement(handler.statements, ({ kind }) => {
      if (kind === 'branch' || kind === 'helper' || kind === 'tables') this.usesNip = true;
    });
    if (this.usesNip) this.w.get(frame.ip).i32(handler.recordSize).op('i32.add').set(frame.nip);
  }

  /** Complete the instruction: go where control goes. */
  finish(): void {
    const frame = this.inFrame();
    if (this.branched === 'delayed') frame.jump(this.jumpTarget);
    else if (this.usesNip) frame.next();
    else frame.next(this.handler!.recordSize);
  }

  field(name: string): void {
    this.record(name, 'immediate', null);
  }

  pc(): void {
    this.w.get(this.inFrame().ip).i32(RECORD_SHIFT).op('i32.shr_u').globalGet(GLOBAL.DELTA).op('i32.add');
  }

  now(): void {
    const w = this.w;
    w.i32(0).memory('i64.load', WORD.NOW_BASE);
    w.i32(0).memory('i32.load', WORD.BUDGET).i32(0).memory('i32.load', WORD.LEFT).op('i32.sub').op('i64.extend_i32_s');
    w.i32(0).memory('i64.load', WORD.NS_PER_INSTRUCTION).op('i64.mul').op('i64.add');
  }

  readRegister(bankName: string, index: Node, push: Push): void {
    const bank = this.bank(bankName);
    const offset = this.registerAddress(bank, index, 'source', push);
    this.w.memory(bank.width === 64 ? 'i64.load' : 'i32.load', offset);
  }

  writeRegister(bankName: string, index: Node, push: Push, value: () => void): void {
    const bank = this.bank(bankName);
    const offset = this.registerAddress(bank, index, 'destination', push);
    value();
    this.w.memory(bank.width === 64 ? 'i64.store' : 'i32.store', offset);
  }

  load(
    statement: Extract<Statement, { kind: 'load' }>,
    address: number,
    result: number,
    reported: (() => void) | null,
  ): void {
    this.accesses.load(this.inFrame(), statement, address, result, reported);
  }

  store(
    statement: Extract<Statement, { kind: 'store' }>,
    address: number,
    value: () => void,
    reported: (() => void) | null,
  ): void {
    this.accesses.store(this.inFrame(), statement, address, value, reported);
  }

  many(statement: Extract<Statement, { kind: 'loadMany' | 'storeMany' }>, list: () => void, address: number): void {
    const { kind, bank } = statement;
    this.accesses.many(this.inFrame(), this.callees.routine(kind), list, address, this.bank(bank).offset);
  }

  redecode(which: 'this' | 'next'): void {
    const w = this.w;
    const frame = this.inFrame();
    if (which === 'this') {
      w.get(frame.ip).i32(HANDLER.UNDECODED).memory('i32.store16', 0);
      frame.again();
      return;
    }
    const next = this.handler!.recordSize;
    const push = () => w.get(frame.ip).memory('i32.load16_u', next);
    push().i32(this.firstInside).op('i32.lt_u');
    push().i32(HANDLER.END_OF_PAGE).ops('i32.ne', 'i32.and').if();
    w.get(frame.ip).i32(HANDLER.UNDECODED).memory('i32.store16', next).end();
  }

  branch(statement: Extract<Statement, { kind: 'branch' }>, push: Push): void {
    const w = this.w;
    const frame = this.inFrame();
    const { condition, slot, link } = statement;
    if (this.delaySlots) this.trapInSlot();
    if (slot === 'now') {
      if (condition) {
        push(condition);
        w.if();
      }
      this.pushTarget(statement, push, this.far() || statement.target.kind !== 'relative');
      w.set(frame.nip);
      if (condition) w.end();
      else this.branched = 'now';
      return;
    }
    if (slot === 'likely') {
      if (!condition) throw new Error('a branch-likely has a condition');
      push(condition);
      w.op('i32.eqz').if();
      this.writeLink(link, push);
      // The slot is nullified: the instruction after it is next.
      if (this.far()) {
        this.pc();
        w.i32(8).op('i32.add').globalSet(GLOBAL.TARGET).i32(JUMP_RECORD).set(frame.nip);
      } else w.get(frame.nip).i32(RECORD_SIZE).op('i32.add').set(frame.nip);
      frame.next();
      w.end();
      w.get(frame.ip).globalSet(GLOBAL.BRANCH);
      this.pushTarget(statement, push, this.far());
      w.set(this.jumpTarget);
    } else {
      w.get(frame.ip).globalSet(GLOBAL.BRANCH);
      if (condition) {
        push(condition);
        w.if('i32');
        this.pushTarget(statement, push, this.far());
        w.else().get(frame.nip).i32(RECORD_SIZE).op('i32.add').end();
      } else this.pushTarget(statement, push, this.far());
      w.set(this.jumpTarget);
    }
    this.writeLink(link, push);
    this.branched = 'delayed';
  }

  call(routine: string, args: () => void, result: number): void {
    args();
    this.w.call(this.callees.routine(routine));
    this.take(result);
  }

  helper(name: string, args: () => void, result: number): void {
    this.frame?.saveLeft();
    this.w.i32(this.callees.helperNumber(name));
    args();
    this.w.call(this.callees.helper);
    this.take(result);
    this.frame?.loadLeft();
    if (!this.frame) return;
    this.leaveIfAsked();
    this.refetch();
  }

  event(name: string, args: () => void): void {
    this.frame?.saveLeft();
    if (this.frame) this.saveExitPc();
    this.w.i32(this.callees.eventNumber(name));
    args();
    this.w.call(this.callees.event);
    this.frame?.loadLeft();
  }

  trap(code: () => void): void {
    const w = this.w;
    w.i32(0);
    code();
    w.memory('i32.store', WORD.TRAP_CODE).i32(0).i32(WHY.TRAP).memory('i32.store', WORD.WHY);
    this.inFrame().fault();
  }

  cut(): void {
    const w = this.w;
    this.frame?.saveLeft();
    w.i32(0).i32(0).memory('i32.load', WORD.BUDGET).i32(0).memory('i32.load', WORD.LEFT).op('i32.sub');
    w.memory('i32.store', WORD.BUDGET).i32(0).i32(0).memory('i32.store', WORD.LEFT);
    this.frame?.loadLeft();
  }

  tables(set: () => void): void {
    const w = this.w;
    w.i32(0).i32(0).memory('i32.load', WORD.TABLES);
    set();
    w.i32(SET_SIZE).ops('i32.mul', 'i32.add').memory('i32.store', WORD.CURRENT_TABLES);
    w.i32(0).i32(0).memory('i32.load', WORD.USER_SEEN);
    set();
    w.op('i32.or').memory('i32.store', WORD.USER_SEEN);
    if (this.frame && (this.branched === 'no' || !this.delaySlots)) this.refetch();
  }

  /** Privilege or translations may have changed: the next instruction is looked up anew, as it would be after a slice's end. */
  private refetch(): void {
    const w = this.w;
    const { nip } = this.inFrame();
    w.get(nip).i32(JUMP_RECORD).op('i32.ne').if();
    w.get(nip).i32(RECORD_SHIFT).op('i32.shr_u').globalGet(GLOBAL.DELTA).op('i32.add').globalSet(GLOBAL.TARGET);
    w.i32(JUMP_RECORD).set(nip).end();
  }

  private take(result: number): void {
    if (result >= 0) this.w.set(result);
    else this.w.op('drop');
  }

  private bank(name: string): Bank {
    const bank = this.banks[name];
    if (!bank) throw new Error(`no register bank ${name}`);
    return bank;
  }

  private inFrame(): Frame {
    if (!this.frame) throw new Error('a routine cannot do this');
    return this.frame;
  }

  private far(): boolean {
    return this.handler?.reach === 'far';
  }

  /** Push an operand of the current record. */
  private record(name: string, kind: SlotKind, bank: Bank | null): void {
    const slot = this.handler?.slots.find((s) => s.name === name && s.kind === kind && s.bank === bank);
    if (!slot) throw new Error(`${this.handler?.row.mnemonic ?? 'routine'}: no ${kind} operand ${name}`);
    const short = kind === 'relative' ? 'i32.load16_s' : 'i32.load16_u';
    this.w.get(this.inFrame().ip).memory(slot.bytes === 2 ? short : 'i32.load', slot.at);
  }

  /** Push the dynamic part of a register's address; returns the static offset. */
  private registerAddress(bank: Bank, index: Node, kind: 'source' | 'destination', push: Push): number {
    if (index.op === 'const') {
      this.w.i32(0);
      return bank.offset + index.value * bank.size;
    }
    if (index.op === 'field') this.record(index.name, kind, bank);
    else {
      push(index);
      this.w.i32(Math.log2(bank.size)).op('i32.shl');
    }
    return bank.offset;
  }

  private saveExitPc(): void {
    this.w.i32(0);
    this.pc();
    if (this.delaySlots) {
      this.inSlot();
      this.w.i32(2).ops('i32.shl', 'i32.sub');
    }
    this.w.memory('i32.store', WORD.EXIT_PC);
  }

  /** Push whether the instruction sits in a delay slot. */
  private inSlot(): void {
    this.w.globalGet(GLOBAL.BRANCH).i32(RECORD_SIZE).op('i32.add').get(this.inFrame().ip).op('i32.eq');
  }

  private leaveIfAsked(): void {
    this.w.i32(0).memory('i32.load', WORD.WHY).if();
    this.inFrame().fault();
    this.w.end();
  }

  /** A branch (or ERET) in a delay slot is a reserved instruction here, for every architecture with slots. */
  private trapInSlot(): void {
    const w = this.w;
    this.inSlot();
    w.if();
    this.trap(() => w.i32(this.branchInSlot));
    w.end();
  }

  /** Push the ip of the target: a record on this page, or the jump record with the address in TARGET. */
  private pushTarget(statement: Extract<Statement, { kind: 'branch' }>, push: Push, far: boolean): void {
    const w = this.w;
    const { target } = statement;
    if (target.kind === 'relative') {
      const name = target.offset.op === 'field' ? target.offset.name : '';
      if (!far) {
        w.get(this.inFrame().ip);
        this.record(name, 'relative', null);
        w.op('i32.add');
        return;
      }
      this.pc();
      w.i32(this.handler!.row.pattern.width >>> 3).op('i32.add');
      this.record(name, 'relative', null);
      w.op('i32.add');
    } else if (target.kind === 'region') {
      this.pc();
      w.i32(4).op('i32.add').i32(0xf0000000).op('i32.and');
      this.record(target.index.op === 'field' ? target.index.name : '', 'region', null);
      w.i32(2).op('i32.shl').op('i32.or');
    } else push(target.address);
    w.globalSet(GLOBAL.TARGET).i32(JUMP_RECORD);
  }

  private writeLink(link: Extract<Statement, { kind: 'branch' }>['link'], push: Push): void {
    if (!link) return;
    const w = this.w;
    const bank = this.bank(link.bank);
    w.i32(0);
    const offset = this.registerAddress(bank, link.index, 'destination', push);
    w.i32(offset).op('i32.add').tee(this.scratch).memory('i32.store', WORD.LINK_ADDRESS);
    w.i32(0).get(this.scratch).memory('i32.load', 0).memory('i32.store', WORD.LINK_OLD);
    w.i32(0).get(this.inFrame().ip).memory('i32.store', WORD.LINK_BRANCH);
    w.get(this.scratch);
    this.pc();
    w.i32(8).op('i32.add').memory('i32.store', 0);
  }
}
