// How the interpreter reaches memory: the tables of the current privilege on the fast path, a call on the slow one.
import type { Manner, Statement } from '../emit/values.ts';
import type { FunctionWriter } from '../wasm/writer.ts';
import { ACCESS_LINKED, ACCESS_REPORTED, ACCESS_SIGNED, ACCESS_UNALIGNED, ACCESS_USER } from './conventions.ts';
import { FastMemory } from './fast-memory.ts';
import { WORD } from './layout.ts';
import type { Frame, SemanticsOptions } from './semantics-frame.ts';

const MANNERS: Record<Manner, number> = {
  aligned: 0,
  unaligned: ACCESS_UNALIGNED,
  user: ACCESS_UNALIGNED | ACCESS_USER,
};

export class MemorySemantics {
  private readonly w: FunctionWriter;
  private readonly options: SemanticsOptions;
  private readonly saveExitPc: () => void;
  private readonly leaveIfAsked: () => void;
  private readonly fast: FastMemory;

  /** `entry` is a local to use; `saveExitPc` notes where the instruction is; `leaveIfAsked` ends the instruction when a slow path said so. */
  constructor(
    w: FunctionWriter,
    options: SemanticsOptions,
    entry: number,
    saveExitPc: () => void,
    leaveIfAsked: () => void,
  ) {
    this.w = w;
    this.options = options;
    this.saveExitPc = saveExitPc;
    this.leaveIfAsked = leaveIfAsked;
    this.fast = new FastMemory(w, options.bigEndian, entry, options.logStores);
  }

  load(
    frame: Frame,
    statement: Extract<Statement, { kind: 'load' }>,
    address: number,
    result: number,
    reported: (() => void) | null,
  ): void {
    const { width, signed, linked, manner } = statement;
    const w = this.w;
    const slow = (): void => {
      this.saveForSlowPath(frame);
      this.report(reported);
      const how = (signed ? ACCESS_SIGNED : 0) | (linked ? ACCESS_LINKED : 0) | MANNERS[manner];
      w.get(address).i32((reported ? ACCESS_REPORTED : 0) | width | how);
      w.call(this.options.callees.slowLoad).set(result);
      frame.loadLeft();
      this.leaveIfAsked();
    };
    if (manner === 'user') slow();
    else this.fast.load(() => frame.pushTables(), statement, address, result, slow);
  }

  store(
    frame: Frame,
    statement: Extract<Statement, { kind: 'store' }>,
    address: number,
    value: () => void,
    reported: (() => void) | null,
  ): void {
    const { width, linked, manner } = statement;
    const w = this.w;
    const slow = (): void => {
      this.saveForSlowPath(frame);
      this.report(reported);
      w.get(address).i32(width | (reported ? ACCESS_REPORTED : 0) | (linked ? ACCESS_LINKED : 0) | MANNERS[manner]);
      value();
      w.call(this.options.callees.slowStore);
      frame.loadLeft();
      this.leaveIfAsked();
    };
    if (manner === 'user') slow();
    else this.fast.store(() => frame.pushTables(), statement, address, value, slow);
  }

  /** Many registers at once: a function does it, and says when it has not. `base` is the bank's first byte. */
  many(frame: Frame, callee: number, list: () => void, address: number, base: number): void {
    this.saveForSlowPath(frame);
    list();
    this.w.get(address).i32(base).call(callee).op('drop');
    frame.loadLeft();
    this.leaveIfAsked();
  }

  private saveForSlowPath(frame: Frame): void {
    frame.saveLeft();
    if (this.options.observing) this.saveExitPc();
  }

  private report(reported: (() => void) | null): void {
    if (!reported) return;
    this.w.i32(0);
    reported();
    this.w.memory('i32.store', WORD.FAULT_ADDRESS);
  }
}
