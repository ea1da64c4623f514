// What the host may want to hear of a guest without the guest noticing: that an instruction is about to run, and that a vCPU has been in user
// mode. No state of the guest is here; costs nothing when nobody asks.
import type { GuestMemory } from '../../memory/guest-memory.ts';
import type { CodePages } from './code-pages.ts';
import { type DataListener, DataWatch, type WatchedData } from './data-watch.ts';
import { PAGE_SIZE, WORD } from './layout.ts';
import type { SoftTlb } from './soft-tlb.ts';

/**
 * vCPU `cpu` is about to run the instruction at virtual address `pc`, which lies at guest-physical address `physical`; its state may be looked at. Is
 * KVM_RUN to come back before it?
 */
export type ExecutionListener = (cpu: number, pc: number, physical: number) => boolean;

export interface WatchedCore {
  readonly i32: Int32Array;
  readonly memory: GuestMemory;
  readonly codePages: CodePages;
  readonly tlb: SoftTlb;
  /** Host address of the arena. */
  readonly arena: number;
  /** Comparing engines make each access twice. */
  readonly logStores: boolean;
  /** The slots as the program knows them, written anew. */
  writeSlots(): void;
}

export class HostWatch {
  private readonly core: WatchedCore;
  private listener: ExecutionListener = () => false;
  /** Host addresses: of the guest-physical addresses that are watched, and of the virtual ones as far as they were seen. */
  private readonly hosts = new Set<number>();
  private virtual: ReadonlySet<number> = new Set();
  readonly data = new DataWatch();

  constructor(core: WatchedCore) {
    this.core = core;
  }

  /**
   * Tell `hit` before an instruction at one of these guest-physical or virtual addresses runs (not of one in a delay slot; it may be told of others, which
   * lie where a virtual address has led). Replaces what was watched before. A virtual address is one in every address space, whenever it is mapped.
   */
  execution(physical: readonly number[], hit: ExecutionListener, virtual: readonly number[] = []): void {
    const { memory, arena, codePages, i32, tlb } = this.core;
    this.listener = hit;
    this.hosts.clear();
    for (const gpa of physical) {
      const range = memory.find(gpa);
      if (range) this.hosts.add(arena + range.offset + (gpa - range.gpa));
    }
    if (virtual.length > 0) tlb.dropFetches(); // each page is seen when it is fetched from
    this.virtual = new Set(virtual);
    i32[WORD.FETCH_WATCHED >>> 2] = virtual.length;
    i32[WORD.LINK_BRANCH >>> 2] = 0; // records may go
    codePages.watch(new Set(this.hosts));
  }

  /** The page of virtual `address`, which lies at `host`, is about to be fetched from. */
  fetches(address: number, host: number): void {
    const before = this.hosts.size;
    const page = address - (address & (PAGE_SIZE - 1));
    for (const virtual of this.virtual)
      if (virtual - page >= 0 && virtual - page < PAGE_SIZE)
        this.hosts.add(host - (address & (PAGE_SIZE - 1)) + (virtual - page));
    if (this.hosts.size > before) this.core.codePages.watch(new Set(this.hosts));
  }

  /** Fill a fetch entry by `fill`, though fetches are watched. */
  unwatched(fill: () => void): void {
    const { i32 } = this.core;
    i32[WORD.FETCH_WATCHED >>> 2] = 0;
    fill();
    i32[WORD.FETCH_WATCHED >>> 2] = this.virtual.size;
  }

  /** A watched instruction, which lies at `host`, is about to run. True: it is not to run now. */
  executes(cpu: number, pc: number, host: number): boolean {
    const { memory, arena } = this.core;
    const range = memory.getRanges().find(({ offset, size }) => host - arena >= offset && host - arena < offset + size);
    return range !== undefined && this.listener(cpu, pc, range.gpa + (host - arena - range.offset));
  }

  /** Tell `hit` before an instruction accesses such data; instead of what was watched before. False: this engine cannot watch data. */
  watchData(data: readonly WatchedData[], hit: DataListener): boolean {
    const { core } = this;
    if (core.logStores && data.length > 0) return false;
    this.data.set(data, hit);
    core.writeSlots();
    core.tlb.dropAll();
    return true;
  }

  /** Has a vCPU been in user mode since `forgetUserMode`? */
  get userModeSeen(): boolean {
    return (this.core.i32[WORD.USER_SEEN >>> 2]! & 1) !== 0;
  }

  forgetUserMode(): void {
    this.core.i32[WORD.USER_SEEN >>> 2] = 0;
  }
}
