// How the interpreter reaches memory: the tables of the current privilege on the fast path, a call on the slow one.
import type { AccessWidth, Statement } from '../emit/values.ts';
import type { MemoryOp } from '../wasm/opcodes.ts';
import type { FunctionWriter } from '../wasm/writer.ts';
import { ACCESS_LINKED, ACCESS_REPORTED, ACCESS_SIGNED } from './conventions.ts';
import { PAGE_SHIFT, READ_TABLE, WORD, WRITE_TABLE } from './layout.ts';
import type { Frame, SemanticsOptions } from './semantics.ts';

const LOAD: Record<string, MemoryOp> = {
  '8u': 'i32.load8_u',
  '8s': 'i32.load8_s',
  '16u': 'i32.load16_u',
  '16s': 'i32.load16_s',
  '32u': 'i32.load',
  '32s': 'i32.load',
};
const STORE: Record<AccessWidth, MemoryOp> = { 8: 'i32.store8', 16: 'i32.store16', 32: 'i32.store' };

export class MemorySemantics {
  private readonly w: FunctionWriter;
  private readonly options: SemanticsOptions;
  private readonly saveExitPc: () => void;
  private readonly leaveIfAsked: () => void;
  private readonly entry: number;

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
    this.entry = entry;
  }

  load(
    frame: Frame,
    statement: Extract<Statement, { kind: 'load' }>,
    address: number,
    result: number,
    reported: (() => void) | null,
  ): void {
    const { width, signed, linked } = statement;
    const w = this.w;
    const { entry } = this;
    this.tableEntry(frame, address, READ_TABLE, entry);
    this.misses(address, entry, width);
    w.if();
    this.saveForSlowPath(frame);
    this.report(reported);
    w.get(address).i32(
      (reported ? ACCESS_REPORTED : 0) | width | (signed ? ACCESS_SIGNED : 0) | (linked ? ACCESS_LINKED : 0),
    );
    w.call(this.options.callees.slowLoad).set(result);
    frame.loadLeft();
    this.leaveIfAsked();
    w.else();
    this.hostAddress(address, entry, width);
    if (linked)
      w.tee(result).i32(1).op('i32.add').set(entry).i32(0).get(entry).memory('i32.store', WORD.RESERVATION).get(result);
    w.memory(LOAD[`${width}${signed ? 's' : 'u'}`]!, 1).set(result);
    w.end();
  }

  store(
    frame: Frame,
    statement: Extract<Statement, { kind: 'store' }>,
    address: number,
    value: () => void,
    reported: (() => void) | null,
  ): void {
    const { width, linked } = statement;
    const w = this.w;
    const { entry } = this;
    this.tableEntry(frame, address, WRITE_TABLE, entry);
    this.misses(address, entry, width);
    w.if();
    this.saveForSlowPath(frame);
    this.report(reported);
    w.get(address).i32(width | (reported ? ACCESS_REPORTED : 0) | (linked ? ACCESS_LINKED : 0));
    value();
    w.call(this.options.callees.slowStore);
    frame.loadLeft();
    this.leaveIfAsked();
    w.else();
    this.hostAddress(address, entry, width);
    value();
    w.memory(STORE[width], 1);
    w.end();
  }

  private tableEntry(frame: Frame, address: number, table: number, entry: number): void {
    this.w
      .get(address)
      .i32(PAGE_SHIFT - 2)
      .op('i32.shr_u')
      .i32(0x3ffffc)
      .op('i32.and');
    frame.pushTables();
    this.w.op('i32.add').memory('i32.load', table).set(entry);
  }

  /** Valid entries are addend - 1, so that zeroed tables miss; one test covers miss, flags and misalignment. */
  private misses(address: number, entry: number, width: AccessWidth): void {
    const w = this.w;
    w.get(entry).i32(1).op('i32.add');
    if (width > 8) w.get(address).op('i32.or');
    w.i32(width === 32 ? 3 : 1).op('i32.and');
  }

  /** Push the host address less one (the access adds it back through its static offset). */
  private hostAddress(address: number, entry: number, width: AccessWidth): void {
    const w = this.w;
    w.get(address);
    // Big-endian RAM is kept as host-order words: only bytes and halfwords move within their word.
    if (this.options.bigEndian && width < 32) w.i32(width === 8 ? 3 : 2).op('i32.xor');
    w.get(entry).op('i32.add');
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
