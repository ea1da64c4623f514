// Record pages: which physical (host) page has its predecoded records where. The pool is bounded; when it runs out, all records go.
import type { Decoders } from '../isa/decoder.ts';
import {
  CODE_LINE_SHIFT,
  CODE_MAP,
  HANDLER,
  type MemoryPlan,
  PAGE,
  PAGE_MAP,
  PAGE_MAP_SIZE,
  PAGE_SHIFT,
  PAGE_SIZE,
  RECORD_PAGE_SIZE,
  RECORD_SHIFT,
  RECORD_SIZE,
  SPLIT_RECORD,
} from './layout.ts';
import type { CodePage, Predecoder } from './predecoder.ts';
import type { SoftTlb } from './soft-tlb.ts';

/** Who must know that code is not what it was. */
export interface CodeListener {
  /** Bytes [from, to) of one 256-byte line change. True when something was made of other code of that line, and must go on being told. */
  codeGoes(from: number, to: number): boolean;
  /** All records go. */
  allGo(): void;
}

/** Instruction sets: their records are apart, also where they are of the same memory. */
const SETS = [0, 1] as const;
export type InstructionSet = (typeof SETS)[number];

/** A line is forgotten whole so often, then its words are so often, and so on. */
const [LINES_FIRST, WORDS_THEN] = [4, 64];
/** Lines remembered. */
const MOST_REWRITTEN = 4096;

export class CodePages {
  private readonly plan: MemoryPlan;
  private readonly u8: Uint8Array;
  private readonly u16: Uint16Array;
  private readonly u32: Uint32Array;
  private predecoder: Predecoder;
  private readonly tlb: SoftTlb;
  /** Record page -> host address of the page; PAGE_MAP leads the other way. */
  private readonly hostPageOf: Int32Array;
  private readonly setOf: Uint8Array;
  /** The state of the block that the next instruction stands in, or 0. */
  private readonly blockState: () => number;
  private used = 0;
  /** Writes to lines with records. */
  private readonly rewritten = new Map<number, number>();
  listener: CodeListener | null = null;

  constructor(
    plan: MemoryPlan,
    buffer: ArrayBufferLike,
    predecoder: Predecoder,
    tlb: SoftTlb,
    blockState: () => number,
  ) {
    this.plan = plan;
    this.u8 = new Uint8Array(buffer);
    this.u16 = new Uint16Array(buffer);
    this.u32 = new Uint32Array(buffer);
    this.predecoder = predecoder;
    this.tlb = tlb;
    this.hostPageOf = new Int32Array(plan.recordPages);
    this.setOf = new Uint8Array(plan.recordPages);
    this.blockState = blockState;
  }

  /** From now on records are made by `predecoder`; those that exist go. */
  use(predecoder: Predecoder): void {
    this.forgetAll();
    predecoder.watched = this.predecoder.watched;
    this.predecoder = predecoder;
  }

  /** Instructions at these host addresses leave with WHY.WATCH before they run; instead of those watched before. */
  watch(hosts: ReadonlySet<number>): void {
    for (const host of [...this.predecoder.watched, ...hosts]) this.wrote(host, 4);
    this.predecoder.watched = hosts;
  }

  get decoders(): Decoders {
    return this.predecoder.decoders;
  }

  /** Host addresses of instructions that leave before they run. */
  get watched(): ReadonlySet<number> {
    return this.predecoder.watched;
  }

  /** The records of the page at `host`, if there are any. */
  recordsOf(host: number, set: InstructionSet = 0): number | undefined {
    const known = this.u32[pageWord(host, set)]!;
    return known > PAGE.WRITTEN ? known : undefined;
  }

  /** The record of the instruction at `host`, decoded, in a page that has records. */
  decoded(host: number, set: InstructionSet = 0): number {
    const offset = host & (PAGE_SIZE - 1);
    const code = { page: host - offset, records: this.records(host, set), set };
    const record = code.records + (offset << RECORD_SHIFT);
    if (this.u16[record >>> 1] === HANDLER.UNDECODED) this.predecoder.decodeLine(code, offset, 0);
    return record;
  }

  /** Does the page at `host` have records? */
  holdsCode(host: number): boolean {
    return SETS.some((set) => this.u32[pageWord(host, set)]! > PAGE.WRITTEN);
  }

  /** GuestMemory knows of a write to the page at `host`: another one needs no host any more, unless there are records. */
  written(host: number): void {
    if (!this.holdsCode(host)) this.u32[pageWord(host, 0)] = PAGE.WRITTEN;
  }

  /** The records of the page at `host`; made when there are none. */
  records(host: number, set: InstructionSet = 0): number {
    const known = this.u32[pageWord(host, set)]!;
    if (known > PAGE.WRITTEN) return known;
    if (this.used === this.plan.recordPages) this.forgetAll();
    const index = this.used++;
    const records = this.base(index);
    if (this.u32[pageWord(host, 0)] === PAGE.WRITTEN) {
      this.tlb.protectWrites(host); // else there are no write entries
      this.u32[pageWord(host, 0)] = PAGE.UNKNOWN;
    }
    this.u32[pageWord(host, set)] = records;
    this.hostPageOf[index] = host & ~(PAGE_SIZE - 1);
    this.setOf[index] = set;
    const sentinel = records + (PAGE_SIZE / 4) * RECORD_SIZE;
    this.u16[sentinel >>> 1] = HANDLER.END_OF_PAGE;
    return records;
  }

  /** The interpreter met an undecoded record. */
  decode(ip: number): void {
    const { code, offset } = this.locate(ip >>> 0);
    this.predecoder.decodeLine(code, offset, this.blockState());
  }

  /** Is the watched instruction at `host` an idle loop? */
  idles(host: number, set: InstructionSet): boolean {
    const offset = host & (PAGE_SIZE - 1);
    return this.predecoder.idles({ page: host - offset, set }, offset, this.blockState());
  }

  /** Make the record of an instruction of which `word` has both halves, each on its page. */
  decodeSplit(word: number): number {
    this.predecoder.decodeSplit(word, this.blockState());
    return SPLIT_RECORD;
  }

  /**
   * A self-jump record that is an ordinary jump at the address it is executed at (its page has two), or a watch record whose execution has
   * been told: `run` executes the instruction itself. The record is made anew after that, so that what a record once was makes no difference.
   */
  asPlain<T>(host: number, set: InstructionSet, run: () => T): T {
    const offset = host & (PAGE_SIZE - 1);
    const code = (): CodePage => ({ page: host - offset, records: this.records(host, set), set });
    const record = (): number => code().records + (offset << RECORD_SHIFT);
    const { predecoder } = this;
    predecoder.decodePlain(code(), offset, record(), this.blockState());
    predecoder.told = host; // it may be decoded once more before it runs: where a block goes on in it
    const result = run();
    predecoder.told = null;
    predecoder.forget(record());
    return result;
  }

  /** Bytes [host, host + length) change: forget the records of their lines, or only those of their words. */
  wrote(host: number, length: number): void {
    const end = host + length;
    for (let line = host >>> CODE_LINE_SHIFT; line <= (end - 1) >>> CODE_LINE_SHIFT; line++) {
      if (this.u8[CODE_MAP + line] === 0) continue;
      const start = (line << CODE_LINE_SHIFT) >>> 0;
      const from = Math.max(host, start);
      const to = Math.min(end, start + (1 << CODE_LINE_SHIFT));
      const page = (start & ~(PAGE_SIZE - 1)) >>> 0;
      const keeps = this.listener?.codeGoes(from, to) ?? false;
      const words = keeps || this.isWrittenOften(line);
      for (const set of SETS) {
        const records = this.recordsOf(start, set);
        if (records === undefined) continue;
        if (words) this.predecoder.forgetWords({ page, records, set }, from - page, to - page);
        else this.predecoder.forgetLine({ page, records, set }, start - page);
      }
    }
  }

  /**
   * To forget a line whole makes the next write to it cheap, and is right where code goes for good; where code and data share a line it makes
   * a loop decode the line anew each time. So some writes are taken word by word when a line has been forgotten before.
   */
  private isWrittenOften(line: number): boolean {
    const times = this.rewritten.get(line) ?? 0;
    if (this.rewritten.size === MOST_REWRITTEN) this.rewritten.clear();
    this.rewritten.set(line, times === LINES_FIRST + WORDS_THEN ? 0 : times + 1);
    return times >= LINES_FIRST;
  }

  private forgetAll(): void {
    this.listener?.allGo();
    for (let i = 0; i < this.used; i++) {
      const host = this.hostPageOf[i]! >>> 0;
      for (const set of SETS) this.u32[pageWord(host, set)] = PAGE.UNKNOWN;
      const line = CODE_MAP + (host >>> CODE_LINE_SHIFT);
      this.u8.fill(0, line, line + (PAGE_SIZE >>> CODE_LINE_SHIFT));
    }
    this.u8.fill(0, this.plan.records, this.plan.records + this.used * RECORD_PAGE_SIZE);
    this.used = 0;
    this.tlb.dropFetches();
  }

  private base(index: number): number {
    return this.plan.records + index * RECORD_PAGE_SIZE;
  }

  private locate(ip: number): { code: CodePage; offset: number } {
    const index = Math.floor((ip - this.plan.records) / RECORD_PAGE_SIZE);
    const records = this.base(index);
    const code = { page: this.hostPageOf[index]! >>> 0, records, set: this.setOf[index]! };
    return { code, offset: (ip - records) >>> RECORD_SHIFT };
  }
}

/** Index of a page's word in the page map of an instruction set. */
function pageWord(host: number, set: InstructionSet): number {
  return ((PAGE_MAP + set * PAGE_MAP_SIZE) >>> 2) + (host >>> PAGE_SHIFT);
}
