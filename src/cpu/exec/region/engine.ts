// The second gear: finds hot code by looking where the guest is when a run ends (which costs nothing), and has it compiled. What is compiled
// when changes no result: both engines count alike.
import { Access } from '../../isa/architecture.ts';
import type { CodeListener } from '../code-pages.ts';
import type { CompiledCode, RegionTuning } from '../core-options.ts';
import { CODE_LINE_SHIFT, GLOBAL, LEFT_TO, LEFT_TO_ENTRY, LONGEST_RUN, WORD } from '../layout.ts';
import { RegionCache, type RegionEntry, type RegionSource } from './cache.ts';
import { CodeReader, type RegionHost } from './code-reader.ts';
import { compileRegion } from './compile.ts';
import { edgesOf, type Flow } from './graph.ts';
import { InstructionExpander } from './instruction.ts';
import { RegionModule, regionName } from './module.ts';
import { selectFlow } from './select.ts';
import { type CompileRequest, JumpSites } from './sites.ts';

/** Bytes of WebAssembly kept. */
const MAX_BYTES = 16 << 20;
/** A run that left its last region with less than this was walking to its end. */
const NEAR_THE_END = 1024;
/** Places remembered that were seen, and not yet often enough. */
const MOST_PLACES = 8192;

/** Hot: about as much time has gone into the code as compiling it takes. */
const TUNING: RegionTuning = { hot: 12, left: 4096, sampledRun: 40_000, batch: 8, patience: 24 };

/** A region that waits for its module. */
interface Pending {
  readonly entries: readonly RegionEntry[];
  /** Host addresses of its instructions. */
  readonly code: readonly number[];
  readonly size: number;
  readonly source: RegionSource | null;
  /** Its code has changed since. */
  dead: boolean;
}

export class RegionEngine implements CodeListener {
  private readonly host: RegionHost;
  private readonly tuning: RegionTuning;
  private readonly cache: RegionCache;
  private readonly expander: InstructionExpander;
  private readonly sites: JumpSites;
  private readonly i32: Int32Array;
  private readonly blockState: number | null;
  private exports: WebAssembly.Exports;
  /** Looks so far, by 256-byte line of guest code; and by pc where compiled code was found interpreted. */
  private readonly seen = new Map<number, number>();
  private readonly seenAgain = new Map<number, number>();
  private module: RegionModule;
  private readonly pending: Pending[] = [];
  /** Samples since the first pending region. */
  private waited = 0;
  private compiled = 0;
  private modules = 0;
  /** Instruction count of the next look at the guest, and instructions between two. */
  private nextLook: number;
  private interval: number;

  constructor(host: RegionHost, exports: WebAssembly.Exports, tuning: RegionTuning = TUNING) {
    this.host = host;
    this.tuning = tuning;
    this.interval = tuning.sampledRun;
    this.nextLook = this.interval;
    this.exports = exports;
    this.i32 = new Int32Array(host.wasmMemory.buffer);
    const { architecture, table } = host.program;
    const { interworking } = architecture;
    this.cache = new RegionCache(host.wasmMemory.buffer, exports.table as WebAssembly.Table, table.pairs, interworking);
    this.blockState = interworking ? host.banks.it!.offset : null;
    host.codePages.listener = this;
    this.expander = new InstructionExpander(host.program.architecture, host.banks, host.codePages.decoders);
    this.sites = new JumpSites(host.wasmMemory.buffer);
    this.i32[WORD.OFTEN_LEFT >>> 2] = tuning.left - 1;
    this.module = this.emptyModule();
  }

  get stats(): CompiledCode {
    return { regions: this.cache.count, compiled: this.compiled, modules: this.modules, bytes: this.cache.size };
  }

  /** What the region at `slot` of the table was made from; null when it has gone, or nobody asked to keep it. */
  sourceOf(slot: number): RegionSource | null {
    return this.cache.sourceOf(slot);
  }

  /** Another program runs from now on; the regions of the one before went with its records. */
  use(exports: WebAssembly.Exports): void {
    this.exports = exports;
    this.cache.use(exports.table as WebAssembly.Table);
  }

  codeGoes(from: number, to: number): boolean {
    let keeps = this.cache.forget(from, to);
    for (const region of this.pending) {
      if (region.dead) continue;
      if (region.code.some((host) => host < to && host + 4 > from)) region.dead = true;
      else if (region.code.some((host) => host >>> CODE_LINE_SHIFT === from >>> CODE_LINE_SHIFT)) keeps = true;
    }
    return keeps;
  }

  allGo(): void {
    this.cache.forgetAll();
    for (const region of this.pending) region.dead = true;
  }

  /** Most instructions that the next run should have: up to the next look at the guest. */
  longestRun(instructions: number): number {
    return Math.max(1, this.nextLook - instructions);
  }

  /** A run has ended; `anywhere`: just because it was long enough, and may be looked at. */
  ran(instructions: number, anywhere: boolean): void {
    if (instructions < this.nextLook) return;
    if (anywhere) this.look();
    this.nextLook = instructions + this.interval;
  }

  private look(): void {
    const { sampledRun, batch, patience } = this.tuning;
    const jumped = (this.exports[`g${GLOBAL.TARGET}`] as WebAssembly.Global).value as number;
    const inside = this.sample(this.host.pc, jumped >>> 0);
    this.interval = inside ? Math.min(2 * this.interval, LONGEST_RUN) : sampledRun;
    const again = inside ? this.sites.check() : undefined;
    if (again) this.compile(again, new CodeReader(this.host, this.expander));
    this.compileWhereLeft();
    if (this.pending.length === 0) return;
    this.waited++;
    if (this.pending.length >= batch || this.waited >= patience) this.install();
  }

  /** Compile places where compiled code has often gone on, a batch at a time, if they are what they were in the current address space. */
  private compileWhereLeft(): void {
    let end = this.i32[WORD.PLACES_LEFT >>> 2]!;
    while (end > 0 && this.pending.length < this.tuning.batch) {
      end -= LEFT_TO_ENTRY;
      const pc = this.i32[(LEFT_TO + end) >>> 2]! >>> 0;
      const code = new CodeReader(this.host, this.expander);
      if (code.recordOf(pc) !== this.i32[(LEFT_TO + end + 4) >>> 2]! >>> 0) continue;
      const host = code.hostOf(pc);
      if (this.isEntry(code, pc) || this.isPending(host)) continue;
      this.compile({ pc, root: pc, innermost: false, onwards: true }, code);
    }
    this.i32[WORD.PLACES_LEFT >>> 2] = end;
  }

  private isPending(host: number): boolean {
    return this.pending.some(({ code, dead }) => !dead && code.includes(host));
  }

  /** The guest was seen at `pc`, having last jumped to `jumped`. True when that is compiled. */
  private sample(pc: number, jumped: number): boolean {
    const host = this.host.hostAddress(this.host.place(pc).address, Access.FETCH);
    if (host === undefined) return false;
    const covered = this.cache.covers(host);
    if (covered && this.i32[WORD.REGION_LEFT >>> 2]! < NEAR_THE_END) return true;
    // Code that is compiled and yet interpreted was entered where it has no entry: such a place gets a region of its own, once.
    const looks = covered ? countAt(this.seenAgain, pc) : countAt(this.seen, pc >>> CODE_LINE_SHIFT);
    if (covered ? looks !== this.tuning.hot : looks < this.tuning.hot) return covered;
    if (!covered) this.seen.delete(pc >>> CODE_LINE_SHIFT);
    if (this.isPending(host)) return covered;
    const code = new CodeReader(this.host, this.expander);
    this.compile({ pc, root: covered ? pc : this.rootFor(code, pc, jumped), innermost: covered, onwards: false }, code);
    return covered;
  }

  /** Where the code seen at `pc` was entered, if that is not compiled yet. */
  private rootFor(code: CodeReader, pc: number, jumped: number): number {
    return code.recordOf(jumped) === undefined || this.isEntry(code, jumped) ? pc : jumped;
  }

  /** Does compiled code begin at `pc`, or will it when what is pending is installed? */
  private isEntry(code: CodeReader, pc: number): boolean {
    const record = code.recordOf(pc);
    if (record === undefined) return false;
    return (
      this.cache.isEntry(record) || this.pending.some(({ entries }) => entries.some((entry) => entry.record === record))
    );
  }

  private compile(request: CompileRequest, code: CodeReader): void {
    const { host, module } = this;
    const isElsewhere = (pc: number): boolean => this.isEntry(code, pc);
    const flow = selectFlow(code, this.sites.seen, request, host.banks, isElsewhere);
    if (flow.entries.length === 0) return;
    const body = compileRegion(flow, {
      banks: host.banks,
      bigEndian: host.bigEndian,
      logStores: host.logStores,
      raise: host.program.architecture.raise,
      fetchEntry: (at) => code.fetchEntry(at),
      comparisonFlags: host.program.architecture.comparisonFlags,
      blockState: this.blockState,
      jumpSite: (at) => this.sites.addressOf(at, request),
      callee: (name) => module.callee(name),
    });
    module.add(body);
    const entries = flow.entries.flatMap((block) => {
      const at = code.entryRecord(block.pc);
      return at === undefined ? [] : [{ pc: block.pc | 0, record: at, block: block.number }];
    });
    const source = host.logStores ? { flow, body, imports: module.imports } : null;
    this.expectBehind(flow, code);
    const instructions = code.codeOf(flow);
    this.pending.push({ entries, code: instructions, size: body.code.bytes.length, source, dead: false });
    this.cache.watch(instructions);
  }

  /** Where a region leads to is as hot as the region: a sixteenth of the times is enough there. */
  private expectBehind({ blocks }: Flow, code: CodeReader): void {
    const { left } = this.tuning;
    for (const block of blocks)
      for (const { pc, to } of edgesOf(block)) {
        const record = to ? undefined : code.recordOf(pc);
        if (record !== undefined) this.cache.countFrom(record, left - left / 16);
      }
  }

  /** Make the module of what is pending, and let records lead to it. */
  private install(): void {
    if (this.pending.some(({ dead }) => !dead)) this.makeModule();
    this.pending.length = 0;
    this.waited = 0;
    this.module = this.emptyModule();
  }

  private makeModule(): void {
    const { module, exports, host } = this;
    const imports = Object.fromEntries(module.imports.map((name) => [name, exports[name]!]));
    const instance = new WebAssembly.Instance(new WebAssembly.Module(module.encode()), {
      e: { memory: host.wasmMemory, ...imports },
    });
    this.pending.forEach(({ entries, code, size, source, dead }, i) => {
      if (dead) return;
      this.cache.shrink(MAX_BYTES - size);
      this.cache.install(instance.exports[regionName(i)] as object, entries, code, size, source);
      this.compiled++;
    });
    this.modules++;
  }

  private emptyModule(): RegionModule {
    return new RegionModule(this.host.program.architecture, this.host.banks);
  }
}

/** Count a look at a place. A full list is begun anew: what is hot is seen again soon. */
function countAt(looks: Map<number, number>, place: number): number {
  const count = (looks.get(place) ?? 0) + 1;
  if (looks.size === MOST_PLACES) looks.clear();
  looks.set(place, count);
  return count;
}
