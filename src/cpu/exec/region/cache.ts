// Compiled regions of one VM: where they are entered, what they were made from, and how they go (ENGINE.md 6). A region is found through the
// record of its entry: the record's handler is REGION, its region word leads to a descriptor. All vCPUs share them.
import type { FunctionWriter } from '../../wasm/writer.ts';
import {
  CODE_LINE_SHIFT,
  CODE_MAP,
  DESCRIPTOR,
  DESCRIPTOR_SIZE,
  DESCRIPTORS,
  DESCRIPTORS_END,
  HANDLER,
  PAGE_SHIFT,
  PAGE_SIZE,
  regionWordShift,
  WORD,
} from '../layout.ts';
import { type Pair, RecordPairs } from '../pairs.ts';
import type { Flow } from './graph.ts';

/** One compiled region, and where it lies. */
export interface InstalledRegion {
  readonly entries: readonly InstalledEntry[];
  /** Host addresses of its instructions. */
  readonly code: readonly number[];
  /** The 256-byte lines they lie in. */
  readonly lines: readonly number[];
  /** Place in the function table. */
  readonly slot: number;
  /** Bytes of WebAssembly. */
  readonly size: number;
  /** What it was made from; kept for lockstep only. */
  readonly source: RegionSource | null;
}

/** A region as its compiler had it. */
export interface RegionSource {
  readonly flow: Flow;
  readonly body: FunctionWriter;
  /** Names of what its function calls, by index. */
  readonly imports: readonly string[];
}

interface InstalledEntry {
  readonly record: number;
  readonly descriptor: number;
}

export interface RegionEntry {
  readonly pc: number;
  /** Address of the entry's record, decoded. */
  readonly record: number;
  /** Number of the block to begin at. */
  readonly block: number;
}

export class RegionCache {
  private readonly i32: Int32Array;
  private readonly u16: Uint16Array;
  private readonly u8: Uint8Array;
  /** A record's region word is at record / 4 + this. */
  private readonly words: number;
  private readonly pairs: RecordPairs;
  /** Bytes of code for one place: a word, or a halfword; and a record's region word lies at its address shifted down by so much. */
  private readonly unit: number;
  private readonly recordShift: number;
  private readonly byLine = new Map<number, Set<InstalledRegion>>();
  /** By host page: how many regions have each of its instructions. */
  private readonly coverage = new Map<number, Uint16Array>();
  private readonly all = new Set<InstalledRegion>();
  private readonly freeDescriptors: number[] = [];
  private nextDescriptor = DESCRIPTORS;
  private readonly freeSlots: number[] = [];
  private nextSlot: number;
  private table: WebAssembly.Table;
  private bytes = 0;

  /** `pairs`: those that the program's interpreter knows; another program of the architecture has the same. */
  constructor(buffer: ArrayBufferLike, table: WebAssembly.Table, pairs: readonly Pair[], interworking = false) {
    this.unit = interworking ? 2 : 4;
    this.recordShift = regionWordShift(interworking);
    this.i32 = new Int32Array(buffer);
    this.u16 = new Uint16Array(buffer);
    this.u8 = new Uint8Array(buffer);
    this.words = this.i32[WORD.REGION_WORDS >>> 2]!;
    this.pairs = new RecordPairs(pairs, buffer);
    this.table = table;
    this.nextSlot = table.length;
  }

  /** Another program's table; there must be no regions. */
  use(table: WebAssembly.Table): void {
    this.table = table;
    this.freeSlots.length = 0;
    this.nextSlot = table.length;
  }

  get count(): number {
    return this.all.size;
  }

  /** Bytes of WebAssembly of all regions. */
  get size(): number {
    return this.bytes;
  }

  /** Is there compiled code for the instruction whose record this is? */
  isEntry(record: number): boolean {
    return this.u16[record >>> 1] === HANDLER.REGION;
  }

  /** A place that is not compiled has been gone on at so often, at least. */
  countFrom(record: number, times: number): void {
    const word = this.regionWord(record);
    if (!this.isEntry(record)) this.i32[word] = Math.max(this.i32[word]!, times);
  }

  /** What the region at `slot` of the table was made from, where that was kept. */
  sourceOf(slot: number): RegionSource | null {
    for (const region of this.all) if (region.slot === slot) return region.source;
    return null;
  }

  /** Is the instruction at this host address part of a region? */
  covers(host: number): boolean {
    const page = this.coverage.get(host >>> PAGE_SHIFT);
    return page !== undefined && page[(host & (PAGE_SIZE - 1)) / this.unit] !== 0;
  }

  /** Index of a record's region word. */
  private regionWord(record: number): number {
    return ((record >>> this.recordShift) + this.words) >>> 2;
  }

  /** Notice when these instructions change. */
  watch(code: readonly number[]): void {
    for (const host of code) this.u8[CODE_MAP + (host >>> CODE_LINE_SHIFT)] = 1;
  }

  private cover(code: readonly number[], by: number): void {
    for (const host of code) {
      let page = this.coverage.get(host >>> PAGE_SHIFT);
      if (!page) {
        page = new Uint16Array(PAGE_SIZE / this.unit);
        this.coverage.set(host >>> PAGE_SHIFT, page);
      }
      page[(host & (PAGE_SIZE - 1)) / this.unit]! += by;
    }
  }

  /** `code`: host addresses of the region's instructions, each once. The oldest regions make room for its descriptors. */
  install(
    region: object,
    entries: readonly RegionEntry[],
    code: readonly number[],
    size: number,
    source: RegionSource | null = null,
  ): void {
    for (const oldest of this.all) {
      if (this.descriptorsLeft >= entries.length) break;
      this.remove(oldest);
    }
    const slot = this.freeSlots.pop() ?? this.nextSlot++;
    if (slot >= this.table.length) this.table.grow(Math.max(64, this.table.length));
    this.table.set(slot, region as never);
    const lines = [...new Set(code.map((host) => host >>> CODE_LINE_SHIFT))];
    const installed: InstalledRegion = {
      entries: entries.map((entry) => this.enter(entry, slot)),
      code,
      lines,
      slot,
      size,
      source,
    };
    this.cover(code, 1);
    for (const line of lines) {
      const there = this.byLine.get(line);
      if (there) there.add(installed);
      else this.byLine.set(line, new Set([installed]));
    }
    this.all.add(installed);
    this.bytes += size;
  }

  private get descriptorsLeft(): number {
    return this.freeDescriptors.length + (DESCRIPTORS_END - this.nextDescriptor) / DESCRIPTOR_SIZE;
  }

  private enter({ pc, record, block }: RegionEntry, slot: number): InstalledEntry {
    const descriptor = this.freeDescriptors.pop() ?? this.nextDescriptor;
    if (descriptor === this.nextDescriptor) this.nextDescriptor += DESCRIPTOR_SIZE;
    const word = this.regionWord(record);
    const own = this.isEntry(record) ? this.i32[(this.i32[word]! + DESCRIPTOR.HANDLER) >>> 2]! : this.pairs.own(record);
    this.i32[(descriptor + DESCRIPTOR.PC) >>> 2] = pc;
    this.i32[(descriptor + DESCRIPTOR.FUNCTION) >>> 2] = slot;
    this.i32[(descriptor + DESCRIPTOR.BLOCK) >>> 2] = block;
    this.i32[(descriptor + DESCRIPTOR.HANDLER) >>> 2] = own;
    this.i32[word] = descriptor;
    this.u16[record >>> 1] = HANDLER.REGION;
    this.pairs.split(record);
    return { record, descriptor };
  }

  /** Bytes [from, to) of one line change: the regions made from them go. True when there are others of that line. */
  forget(from: number, to: number): boolean {
    const line = from >>> CODE_LINE_SHIFT;
    const there = this.byLine.get(line);
    if (!there) return false;
    const { unit } = this;
    for (let host = (from & -unit) >>> 0; host < to; host += unit) {
      if (!this.covers(host)) continue;
      for (const region of [...there]) if (region.code.includes(host)) this.remove(region);
    }
    return this.byLine.has(line);
  }

  forgetAll(): void {
    for (const region of [...this.all]) this.remove(region);
  }

  /** Forget the oldest regions until no more than `bytes` of WebAssembly are left. */
  shrink(bytes: number): void {
    for (const region of this.all) {
      if (this.bytes <= bytes) return;
      this.remove(region);
    }
  }

  private remove(region: InstalledRegion): void {
    for (const { record, descriptor } of region.entries) {
      // A later region may have taken the entry over.
      const word = this.regionWord(record);
      if (this.isEntry(record) && this.i32[word] === descriptor) {
        this.u16[record >>> 1] = this.i32[(descriptor + DESCRIPTOR.HANDLER) >>> 2]!;
        this.i32[word] = 0; // it counts from now on (region-entry.ts)
      }
      this.freeDescriptors.push(descriptor);
    }
    for (const line of region.lines) {
      const there = this.byLine.get(line);
      there?.delete(region);
      if (there?.size === 0) this.byLine.delete(line);
    }
    this.cover(region.code, -1);
    this.table.set(region.slot, null);
    this.freeSlots.push(region.slot);
    this.all.delete(region);
    this.bytes -= region.size;
  }
}
