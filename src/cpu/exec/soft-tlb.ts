// The software TLB: flat tables per vCPU and privilege, 4 bytes per 4 KiB page of the address space, zero for a miss. The program fills them
// itself and lists what it has filled (slow-paths.ts); here is what concerns all vCPUs, or pages of memory instead of addresses.
//
// Read and write entries are (host address - guest address) - 1; a write entry of a page that holds predecoded code lacks the -1, which
// fails the fast test and leads to the slow store. Fetch entries lead from 4 * address to the record and have bit 0 set.
import type { DirtyPages } from '../../memory/dirty-pages.ts';
import type { CoreServices } from '../isa/architecture.ts';
import {
  FETCH_TABLE,
  FILL,
  FILL_LIST_SIZE,
  FILL_LISTS,
  PAGE_SHIFT,
  PAGE_SIZE,
  SET_SIZE,
  TABLE_SETS,
  WRITE_TABLE,
} from './layout.ts';

const PAGE_MASK = ~(PAGE_SIZE - 1);

export class SoftTlb {
  private readonly i32: Int32Array;
  private readonly privileges: number;
  private readonly sets: number;
  private readonly program: Pick<CoreServices, 'i32' | 'routine'>;

  constructor(program: Pick<CoreServices, 'i32' | 'routine'>, vcpus: number, privileges: number) {
    this.program = program;
    this.i32 = program.i32;
    this.privileges = privileges;
    this.sets = vcpus * privileges;
  }

  /** Byte address of a vCPU's first table set. */
  tables(vcpu: number): number {
    return TABLE_SETS + vcpu * this.privileges * SET_SIZE;
  }

  /** Fill the write entry of a page of the running vCPU; `translation` is what `translate` said of the address. */
  fillWrite(address: number, host: number, holdsCode: boolean, translation: number): void {
    const difference = (host & PAGE_MASK) - (address & PAGE_MASK);
    this.program.routine('fill', WRITE_TABLE, address, difference - (holdsCode ? 0 : 1), translation);
  }

  /** Drop what came from the guest's TLB. */
  dropMapped(vcpu: number, which: 'all' | 'not-global'): void {
    this.program.routine('forgetMapped', this.tables(vcpu), which === 'all' ? 1 : 0);
  }

  /** Slots changed: everything of every vCPU goes. */
  dropAll(): void {
    for (const list of this.lists()) this.program.routine('forgetList', list);
  }

  /** Forget every fetch entry (the records moved). */
  dropFetches(): void {
    this.forEach((entry) => {
      this.i32[(entry + FETCH_TABLE) >>> 2] = 0;
    });
  }

  /** The page at `host` now holds code: its write entries must fail the fast test. */
  protectWrites(host: number): void {
    this.dropWrites((page) => page === (host & PAGE_MASK) >>> 0);
  }

  /** Pages of memory at `host` became clean: the next write to each of them must be seen. */
  dropCleanWrites(host: number, dirty: DirtyPages): void {
    const end = host + dirty.pages * PAGE_SIZE;
    this.dropWrites((page) => page >= host && page < end && !dirty.isDirty((page - host) >>> PAGE_SHIFT));
  }

  /** Drop write entries that lead to pages of memory (host addresses) of which `is` holds. */
  private dropWrites(is: (page: number) => boolean): void {
    this.forEach((entry) => {
      const at = (entry + WRITE_TABLE) >>> 2;
      const value = this.i32[at]!;
      if (value === 0) return;
      const address = (((entry - TABLE_SETS) % SET_SIZE) >>> 2) << PAGE_SHIFT;
      if (is(((address + value + 1) & PAGE_MASK) >>> 0)) this.i32[at] = 0;
    });
  }

  private *lists(): Iterable<number> {
    for (let set = 0; set < this.sets; set++)
      for (let kind = 0; kind < FILL.COUNT; kind++)
        yield TABLE_SETS + set * SET_SIZE + FILL_LISTS + kind * FILL_LIST_SIZE;
  }

  private forEach(visit: (entry: number) => void): void {
    for (const list of this.lists()) {
      const first = (list >>> 2) + 1;
      const end = first + this.i32[list >>> 2]!;
      for (let at = first; at < end; at++) visit(this.i32[at]! >>> 0);
    }
  }
}
