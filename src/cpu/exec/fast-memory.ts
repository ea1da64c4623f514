// Guest memory accesses through the flat tables, as code: one load of the table entry, one test that covers miss, flags and misalignment, and
// the access. What happens on a miss is the engine's business. (Entries: soft-tlb.ts; ENGINE.md, "soft MMU on each access".)
import type { AccessWidth, Statement } from '../emit/values.ts';
import type { MemoryOp } from '../wasm/opcodes.ts';
import type { FunctionWriter } from '../wasm/writer.ts';
import {
  PAGE_SHIFT,
  PAGE_SIZE,
  READ_TABLE,
  STORE_LOG,
  STORE_LOG_ENTRY,
  STORE_LOG_SIZE,
  WORD,
  WRITE_TABLE,
} from './layout.ts';

const LOAD: Record<string, MemoryOp> = {
  '8u': 'i32.load8_u',
  '8s': 'i32.load8_s',
  '16u': 'i32.load16_u',
  '16s': 'i32.load16_s',
  '32u': 'i32.load',
  '32s': 'i32.load',
};
const STORE: Record<AccessWidth, MemoryOp> = { 8: 'i32.store8', 16: 'i32.store16', 32: 'i32.store' };

export class FastMemory {
  private readonly w: FunctionWriter;
  private readonly bigEndian: boolean;
  private readonly entry: number;
  private readonly logStores: boolean;

  /** `entry` is a local to use; `logStores`: write down what stores overwrite (lockstep.ts). */
  constructor(w: FunctionWriter, bigEndian: boolean, entry: number, logStores: boolean) {
    this.w = w;
    this.bigEndian = bigEndian;
    this.entry = entry;
    this.logStores = logStores;
  }

  /** `pushTables` pushes the address of the current table set; `miss` must leave, or put the value into local `result`. */
  load(
    pushTables: () => void,
    { width, signed, linked }: Extract<Statement, { kind: 'load' }>,
    address: number,
    result: number,
    miss: () => void,
  ): void {
    const { w, entry } = this;
    this.tableEntry(pushTables, address, READ_TABLE);
    this.misses(address, width);
    w.if();
    miss();
    w.else();
    this.hostAddress(address, width);
    if (linked)
      w.tee(result).i32(1).op('i32.add').set(entry).i32(0).get(entry).memory('i32.store', WORD.RESERVATION).get(result);
    w.memory(LOAD[`${width}${signed ? 's' : 'u'}`]!, 1).set(result);
    w.end();
  }

  store(
    pushTables: () => void,
    { width }: Extract<Statement, { kind: 'store' }>,
    address: number,
    value: () => void,
    miss: () => void,
  ): void {
    const { w } = this;
    this.tableEntry(pushTables, address, WRITE_TABLE);
    this.misses(address, width);
    w.if();
    miss();
    w.else();
    this.hostAddress(address, width);
    if (this.logStores) this.log();
    value();
    w.memory(STORE[width], 1);
    w.end();
  }

  /** Words from local `address` on: `body` gets what pushes the one at an offset, when all of them are on one page that has an entry. */
  loadMany(
    pushTables: () => void,
    address: number,
    bytes: number,
    miss: () => void,
    body: (load: (offset: number) => void) => void,
  ): void {
    const { w, entry } = this;
    this.words(pushTables, address, READ_TABLE, bytes, miss);
    body((offset) => w.get(entry).memory('i32.load', 1 + offset));
  }

  storeMany(
    pushTables: () => void,
    address: number,
    bytes: number,
    miss: () => void,
    body: (store: (offset: number, value: () => void) => void) => void,
  ): void {
    const { w, entry } = this;
    this.words(pushTables, address, WRITE_TABLE, bytes, miss);
    body((offset, value) => {
      if (this.logStores) {
        w.get(entry).i32(offset).op('i32.add');
        const base = w.local('i32', 'base');
        w.get(entry).set(base);
        this.log();
        w.op('drop').get(base).set(entry);
      }
      w.get(entry);
      value();
      w.memory('i32.store', 1 + offset);
    });
  }

  /** `entry` := the host address of words on one page, less one. */
  private words(pushTables: () => void, address: number, table: number, bytes: number, miss: () => void): void {
    const { w, entry } = this;
    this.tableEntry(pushTables, address, table);
    this.misses(address, 32);
    w.get(address)
      .i32(PAGE_SIZE - 1)
      .op('i32.and')
      .i32(PAGE_SIZE - bytes)
      .ops('i32.gt_u', 'i32.or')
      .if();
    miss();
    w.end();
    w.get(address).get(entry).op('i32.add').set(entry);
  }

  /** The word at the address on the stack (less one) is about to change. */
  private log(): void {
    const { w, entry } = this;
    const next = () => w.i32(0).memory('i32.load', WORD.STORES_LOGGED);
    const word = () => w.get(entry).i32(1).op('i32.add').i32(-4).op('i32.and');
    w.set(entry);
    next();
    word().memory('i32.store', STORE_LOG);
    next();
    word()
      .memory('i32.load', 0)
      .memory('i32.store', STORE_LOG + 4);
    w.i32(0);
    next();
    w.i32(STORE_LOG_ENTRY)
      .op('i32.add')
      .i32(STORE_LOG_SIZE - 1)
      .op('i32.and')
      .memory('i32.store', WORD.STORES_LOGGED);
    w.get(entry);
  }

  private tableEntry(pushTables: () => void, address: number, table: number): void {
    // tables + 4 * page: shifting down and up again leaves hosts one operation fewer than a mask.
    pushTables();
    this.w
      .get(address)
      .i32(PAGE_SHIFT)
      .op('i32.shr_u')
      .i32(2)
      .ops('i32.shl', 'i32.add')
      .memory('i32.load', table)
      .set(this.entry);
  }

  /** Valid entries are addend - 1, so that zeroed tables miss; one test covers miss, flags and misalignment. */
  private misses(address: number, width: AccessWidth): void {
    const w = this.w;
    w.get(this.entry).i32(1).op('i32.add');
    if (width > 8) w.get(address).op('i32.or');
    w.i32(width === 32 ? 3 : 1).op('i32.and');
  }

  /** Push the host address less one (the access adds it back through its static offset). */
  private hostAddress(address: number, width: AccessWidth): void {
    const w = this.w;
    w.get(address);
    // Big-endian RAM is kept as host-order words: only bytes and halfwords move within their word.
    if (this.bigEndian && width < 32) w.i32(width === 8 ? 3 : 2).op('i32.xor');
    w.get(this.entry).op('i32.add');
  }
}
