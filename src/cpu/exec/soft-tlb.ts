// The software TLB: flat tables per vCPU and privilege, 4 bytes per 4 KiB page of the address space, zero for a miss. Filled pages
// are listed, so that a flush never clears megabytes.
//
// Read and write entries are (host address - guest address) - 1; a write entry of a page that holds predecoded code lacks the -1, which
// fails the fast test and leads to the code store. Fetch entries lead from 4 * address to the record and have bit 0 set.
import type { DirtyPages } from '../../memory/dirty-pages.ts';
import type { Translation } from '../isa/architecture.ts';
import {
  FETCH_TABLE,
  PAGE_SHIFT,
  PAGE_SIZE,
  READ_TABLE,
  RECORD_SHIFT,
  SET_SIZE,
  TABLE_SETS,
  WRITE_TABLE,
} from './layout.ts';

const PAGE_MASK = ~(PAGE_SIZE - 1);
/** Entries in one list before it is emptied: 256 MiB worth of pages. */
const MAX_LISTED = 65536;

/** Where a filled page comes from, and so what drops it. */
const FillKind = { FIXED: 0, GLOBAL: 1, SPACE: 2 } as const;
type FillKind = (typeof FillKind)[keyof typeof FillKind];

/** A growing list of numbers without boxing. */
class IntList {
  private items = new Int32Array(256);
  length = 0;

  push(value: number): void {
    if (this.length === this.items.length) {
      const larger = new Int32Array(this.length * 2);
      larger.set(this.items);
      this.items = larger;
    }
    this.items[this.length++] = value;
  }

  at(index: number): number {
    return this.items[index]!;
  }
}

export class SoftTlb {
  private readonly i32: Int32Array;
  private readonly privileges: number;
  /** Per vCPU and fill kind: byte addresses of filled read entries. */
  private readonly filled: IntList[][];

  constructor(i32: Int32Array, vcpus: number, privileges: number) {
    this.i32 = i32;
    this.privileges = privileges;
    this.filled = Array.from({ length: vcpus }, () => [new IntList(), new IntList(), new IntList()]);
  }

  /** Byte address of a vCPU's first table set. */
  tables(vcpu: number): number {
    return TABLE_SETS + vcpu * this.privileges * SET_SIZE;
  }

  fillRead(vcpu: number, set: number, address: number, host: number, kind: FillKind): void {
    this.put(vcpu, set, READ_TABLE, address, pageDifference(host, address) - 1, kind);
  }

  fillWrite(vcpu: number, set: number, address: number, host: number, holdsCode: boolean, kind: FillKind): void {
    this.put(vcpu, set, WRITE_TABLE, address, pageDifference(host, address) - (holdsCode ? 0 : 1), kind);
  }

  fillFetch(vcpu: number, set: number, address: number, records: number, kind: FillKind): void {
    this.put(vcpu, set, FETCH_TABLE, address, (records - ((address & PAGE_MASK) << RECORD_SHIFT)) | 1, kind);
  }

  /** Drop what came from the guest's TLB. */
  dropMapped(vcpu: number, which: 'all' | 'not-global'): void {
    this.dropList(this.filled[vcpu]![FillKind.SPACE]!);
    if (which === 'all') this.dropList(this.filled[vcpu]![FillKind.GLOBAL]!);
  }

  dropPages(vcpu: number, address: number, pages: number): void {
    for (let set = 0; set < this.privileges; set++) {
      const base = this.tables(vcpu) + set * SET_SIZE;
      for (let page = 0; page < pages; page++) this.zero(base + ((((address >>> PAGE_SHIFT) + page) & 0xfffff) << 2));
    }
  }

  /** Slots changed: everything of every vCPU goes. */
  dropAll(): void {
    for (const lists of this.filled) for (const list of lists) this.dropList(list);
  }

  /** Forget every fetch entry (the records moved). */
  dropFetches(): void {
    this.forEach((entry) => {
      this.i32[(entry + FETCH_TABLE) >>> 2] = 0;
    });
  }

  /** The page at `host` now holds code: its write entries must fail the fast test. */
  protectWrites(host: number): void {
    this.forEach((entry) => {
      const at = (entry + WRITE_TABLE) >>> 2;
      const value = this.i32[at]!;
      if (value === 0) return;
      const address = (((entry - TABLE_SETS) % SET_SIZE) >>> 2) << PAGE_SHIFT;
      if (((address + value + 1) & PAGE_MASK) === (host & PAGE_MASK)) this.i32[at] = 0;
    });
  }

  /** Pages of memory at `host` became clean: the next write to each of them must be seen. */
  dropCleanWrites(host: number, dirty: DirtyPages): void {
    const end = host + dirty.pages * PAGE_SIZE;
    this.forEach((entry) => {
      const at = (entry + WRITE_TABLE) >>> 2;
      const value = this.i32[at]!;
      if (value === 0) return;
      const address = (((entry - TABLE_SETS) % SET_SIZE) >>> 2) << PAGE_SHIFT;
      const page = ((address + value + 1) & PAGE_MASK) >>> 0;
      if (page >= host && page < end && !dirty.isDirty((page - host) >>> PAGE_SHIFT)) this.i32[at] = 0;
    });
  }

  private put(vcpu: number, set: number, table: number, address: number, value: number, kind: FillKind): void {
    const entry = this.tables(vcpu) + set * SET_SIZE + ((address >>> PAGE_SHIFT) << 2);
    const known =
      this.i32[(entry + READ_TABLE) >>> 2]! |
      this.i32[(entry + WRITE_TABLE) >>> 2]! |
      this.i32[(entry + FETCH_TABLE) >>> 2]!;
    if (known === 0) this.list(this.filled[vcpu]![kind]!, entry);
    this.i32[(entry + table) >>> 2] = value;
  }

  /**
   * Entries dropped one by one stay listed, so a list could grow for ever: a full one is emptied, which costs its pages a slow access
   * each.
   */
  private list(list: IntList, entry: number): void {
    if (list.length === MAX_LISTED) this.dropList(list);
    list.push(entry);
  }

  private zero(entry: number): void {
    this.i32[(entry + READ_TABLE) >>> 2] = 0;
    this.i32[(entry + WRITE_TABLE) >>> 2] = 0;
    this.i32[(entry + FETCH_TABLE) >>> 2] = 0;
  }

  private dropList(list: IntList): void {
    for (let i = 0; i < list.length; i++) this.zero(list.at(i));
    list.length = 0;
  }

  private forEach(visit: (entry: number) => void): void {
    for (const lists of this.filled) for (const list of lists) for (let i = 0; i < list.length; i++) visit(list.at(i));
  }
}

function pageDifference(host: number, address: number): number {
  return (host & PAGE_MASK) - (address & PAGE_MASK);
}

/** What drops a page filled from this translation. */
export function fillKind(translation: Translation): FillKind {
  if (!translation.mapped) return FillKind.FIXED;
  return translation.global ? FillKind.GLOBAL : FillKind.SPACE;
}
