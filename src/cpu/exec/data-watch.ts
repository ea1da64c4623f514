// Data that the host watches: accesses of vCPUs to it are told before they happen, and cost nothing elsewhere. A page with watched bytes gets no table
// entries, so that all accesses to it come to the host (memory-access.ts). No state of the guest is here. Device DMA and table walks are not seen.
import { PAGE_SIZE } from './layout.ts';

/** Bytes [address, address + length), guest-physical or virtual (then in every address space). */
export interface WatchedData {
  readonly address: number;
  readonly length: number;
  readonly virtual: boolean;
  readonly reads: boolean;
  readonly writes: boolean;
}

/** An access that is about to happen. */
export interface DataAccess {
  readonly cpu: number;
  /** Virtual. */
  readonly address: number;
  readonly physical: number;
  /** Bytes. */
  readonly length: number;
  readonly isWrite: boolean;
  /** What will be written. */
  readonly value: number | null;
}

/** With its number among those to watched data since the run of the program began: from 1 on. */
export interface WatchedAccess extends DataAccess {
  readonly ordinal: number;
}

/** Is KVM_RUN to come back before the instruction that makes it? */
export type DataListener = (access: WatchedAccess) => boolean;

const pageOf = (address: number): number => Math.floor(address / PAGE_SIZE);

export class DataWatch {
  private data: readonly WatchedData[] = [];
  private listener: DataListener = () => false;
  private told = 0;
  private readonly virtualPages = new Set<number>();
  private readonly physicalPages = new Set<number>();

  /** Is anything watched? */
  get on(): boolean {
    return this.data.length > 0;
  }

  /** Instead of what was watched before; the caller drops the table entries. */
  set(data: readonly WatchedData[], listener: DataListener): void {
    this.data = data;
    this.listener = listener;
    this.virtualPages.clear();
    this.physicalPages.clear();
    for (const { address, length, virtual } of data)
      for (let page = pageOf(address); page <= pageOf(address + length - 1); page++)
        (virtual ? this.virtualPages : this.physicalPages).add(page);
  }

  /** A run of the program begins. */
  begins(): void {
    this.told = 0;
  }

  /** May the page of such an access have a table entry? */
  mayFill(address: number, physical: number): boolean {
    return !this.virtualPages.has(pageOf(address >>> 0)) && !this.physicalPages.has(pageOf(physical));
  }

  /** True: the access is not to happen now. */
  accesses(access: DataAccess): boolean {
    const { address, physical, length, isWrite } = access;
    const touched = this.data.some((watched) => {
      if (!(isWrite ? watched.writes : watched.reads)) return false;
      const at = watched.virtual ? address : physical;
      return at < watched.address + watched.length && watched.address < at + length;
    });
    return touched && this.listener({ ...access, ordinal: ++this.told });
  }
}
