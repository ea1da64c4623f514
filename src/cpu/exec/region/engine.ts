// The second gear: finds hot code by looking where the guest is when a run ends (which costs nothing), and has it compiled. What is compiled
// when changes no result: both engines count alike.
import { Access } from '../../isa/architecture.ts';
import type { Banks } from '../../isa/register-file.ts';
import type { CodeListener, CodePages } from '../code-pages.ts';
import type { RegionTuning } from '../core-options.ts';
import { GLOBAL, HANDLER, LONGEST_RUN, PAGE_SHIFT, PAGE_SIZE, RECORD_SHIFT } from '../layout.ts';
import type { Program } from '../program.ts';
import { RegionCache } from './cache.ts';
import { compileRegion } from './compile.ts';
import { type Block, exploreFlow, type Flow, type FlowLimits, successors } from './flow.ts';
import { InstructionExpander, type RegionInstruction } from './instruction.ts';
import { RegionModule, regionName } from './module.ts';
import { type Level, structureFlow } from './structure.ts';

const LIMITS: FlowLimits = { blocks: 64, instructions: 400, inlined: 24 };
/** Bytes of WebAssembly kept. */
const MAX_BYTES = 16 << 20;

/** Hot: about as much time has gone into the code as compiling it takes. */
const TUNING: RegionTuning = { hot: 4, sampledRun: 25_000, shortestSampled: 1_000 };

/** What the engine needs of the core. */
export interface RegionHost {
  readonly program: Program;
  readonly banks: Banks;
  readonly wasmMemory: WebAssembly.Memory;
  readonly codePages: CodePages;
  readonly bigEndian: boolean;
  /** Host address of a virtual one, in the current address space and privilege. */
  hostAddress(address: number, access: Access): number | undefined;
}

interface Page {
  readonly host: number;
  readonly records: number;
}

export class RegionEngine implements CodeListener {
  private readonly host: RegionHost;
  private readonly cache: RegionCache;
  private readonly expander: InstructionExpander;
  private readonly u16: Uint16Array;
  private exports: WebAssembly.Exports;
  private readonly samples = new Map<number, number>();
  private compiled = 0;
  /** Most instructions that the next run should have. */
  longestRun: number;
  private readonly tuning: RegionTuning;

  constructor(host: RegionHost, exports: WebAssembly.Exports, tuning: RegionTuning = TUNING) {
    this.tuning = tuning;
    this.longestRun = tuning.sampledRun;
    this.host = host;
    this.exports = exports;
    this.u16 = new Uint16Array(host.wasmMemory.buffer);
    this.cache = new RegionCache(host.wasmMemory.buffer, exports.table as WebAssembly.Table);
    host.codePages.listener = this;
    this.expander = new InstructionExpander(host.program.architecture, host.banks);
  }

  /** Regions there are, and have been. */
  get stats(): { readonly regions: number; readonly compiled: number; readonly bytes: number } {
    return { regions: this.cache.count, compiled: this.compiled, bytes: this.cache.size };
  }

  /** Another program runs from now on; the regions of the one before went with its records. */
  use(exports: WebAssembly.Exports): void {
    this.exports = exports;
    this.cache.use(exports.table as WebAssembly.Table);
  }

  lineGoes(line: number): void {
    this.cache.forgetLine(line);
  }

  allGo(): void {
    this.cache.forgetAll();
  }

  /** A run of `budget` instructions has ended at `pc`, wherever that is. */
  ranOut(pc: number, budget: number): void {
    const { sampledRun, shortestSampled } = this.tuning;
    if (budget < shortestSampled) return;
    const jumped = (this.exports[`g${GLOBAL.TARGET}`] as WebAssembly.Global).value as number;
    this.longestRun = this.sample(pc, jumped >>> 0) ? LONGEST_RUN : sampledRun;
  }

  /** The guest was seen at `pc`, having last jumped to `jumped`. True when that is compiled. */
  private sample(pc: number, jumped: number): boolean {
    const host = this.host.hostAddress(pc, Access.FETCH);
    if (host === undefined) return false;
    if (this.cache.covers(host)) return true;
    const code = new CodeReader(this.host, this.expander);
    const known = code.recordOf(jumped);
    const useful = known !== undefined && this.u16[known >>> 1] !== HANDLER.REGION;
    const root = useful ? jumped : pc;
    const count = (this.samples.get(root) ?? 0) + 1;
    if (count < this.tuning.hot) {
      this.samples.set(root, count);
      return false;
    }
    this.samples.delete(root);
    this.compile(this.choose(code, root, pc), code);
    return false;
  }

  /** The flow to compile for code that is hot at `pc` and was entered at `root`. */
  private choose(code: CodeReader, root: number, pc: number): Flow {
    const explore = (from: number): Flow => exploreFlow([from], code.at, () => [], LIMITS);
    const fromRoot = explore(root);
    if (root !== pc && fromRoot.blocks.some((block) => holds(block, pc))) return withLoops(fromRoot);
    const here = explore(pc);
    const header = loopAround(here, pc);
    return withLoops(header === undefined || header === pc ? here : explore(header));
  }

  private compile(flow: Flow, code: CodeReader): void {
    if (flow.blocks.length === 0 || flow.entries.length === 0) return;
    const { host } = this;
    const module = new RegionModule(host.program.architecture, host.banks);
    const body = compileRegion(flow, {
      banks: host.banks,
      bigEndian: host.bigEndian,
      raise: host.program.architecture.raise,
      fetchEntry: (page) => code.fetchEntry(page),
      callee: (name) => module.callee(name),
    });
    module.add(body);
    const bytes = module.encode();
    const imports = Object.fromEntries(module.imports.map((name) => [name, this.exports[name]!]));
    const instance = new WebAssembly.Instance(new WebAssembly.Module(bytes), {
      e: { memory: host.wasmMemory, ...imports },
    });
    const entries = flow.entries.flatMap((block) => {
      const record = code.entryRecord(block.pc);
      return record === undefined ? [] : [{ pc: block.pc | 0, record, block: block.number }];
    });
    const size = body.code.bytes.length;
    this.cache.shrink(MAX_BYTES - size);
    this.cache.install(instance.exports[regionName(0)] as object, entries, code.codeOf(flow), size);
    this.compiled++;
  }
}

/** Reads guest code as it is now. */
class CodeReader {
  private readonly host: RegionHost;
  private readonly expander: InstructionExpander;
  private readonly words: Int32Array;
  private readonly handlers: Uint16Array;
  private readonly pages = new Map<number, Page | undefined>();
  private readonly instructions = new Map<number, RegionInstruction | undefined>();

  constructor(host: RegionHost, expander: InstructionExpander) {
    this.host = host;
    this.expander = expander;
    this.words = new Int32Array(host.wasmMemory.buffer);
    this.handlers = new Uint16Array(host.wasmMemory.buffer);
  }

  readonly at = (pc: number): RegionInstruction | undefined => {
    const known = this.instructions.get(pc);
    if (known || this.instructions.has(pc)) return known;
    const instruction = this.read(pc);
    this.instructions.set(pc, instruction);
    return instruction;
  };

  private read(pc: number): RegionInstruction | undefined {
    const page = (pc & 3) === 0 ? this.page(pc) : undefined;
    if (!page) return undefined;
    const { program, codePages } = this.host;
    const address = page.host + (pc & (PAGE_SIZE - 1));
    const word = this.words[address >>> 2]!;
    if (codePages.watched.has(address) || program.architecture.isSelfJump(word, pc & (PAGE_SIZE - 1), pc))
      return undefined;
    const row = codePages.decoder.decode(word);
    return row && this.expander.expand(row, word, pc);
  }

  /** Only pages that have records: making some could make all others go. */
  private page(pc: number): Page | undefined {
    const number = pc >>> PAGE_SHIFT;
    if (this.pages.has(number)) return this.pages.get(number);
    const host = this.host.hostAddress(pc & -PAGE_SIZE, Access.FETCH);
    const records = host === undefined ? undefined : this.host.codePages.recordsOf(host);
    const page = records === undefined ? undefined : { host: host!, records };
    this.pages.set(number, page);
    return page;
  }

  fetchEntry(page: number): number {
    return (this.page((page << PAGE_SHIFT) >>> 0)!.records - ((page << PAGE_SHIFT) << RECORD_SHIFT)) | 1;
  }

  recordOf(pc: number): number | undefined {
    const page = this.page(pc);
    return page && page.records + ((pc & (PAGE_SIZE - 1)) << RECORD_SHIFT);
  }

  /** The record of an entry, decoded; undefined when its handler is none of a row. */
  entryRecord(pc: number): number | undefined {
    const page = this.page(pc);
    if (!page) return undefined;
    const record = this.host.codePages.decoded(page.host + (pc & (PAGE_SIZE - 1)));
    const handler = this.handlers[record >>> 1]!;
    return handler >= HANDLER.FIRST_ROW || handler === HANDLER.REGION ? record : undefined;
  }

  /** Host addresses of a flow's instructions, each once. */
  codeOf({ blocks }: Flow): readonly number[] {
    const code = new Set<number>();
    const add = (pc: number): void => {
      code.add(this.page(pc)!.host + (pc & (PAGE_SIZE - 1)));
    };
    for (const { instructions, end } of blocks) {
      for (const { pc } of instructions) add(pc);
      if (end.kind !== 'goto') add(end.at.pc);
      if (end.kind === 'branch') add(end.slot.pc);
    }
    return [...code];
  }
}

/** Is the instruction at `pc` in this block? */
function holds(block: Block, pc: number): boolean {
  const extra = block.end.kind === 'branch' ? 2 : block.end.kind === 'last' ? 1 : 0;
  return block.context === 0 && pc >= block.pc && pc < block.pc + 4 * (block.instructions.length + extra);
}

/** Headers of loops may be entered as well: a loop that is left in its middle is soon back in compiled code. */
function withLoops(flow: Flow): Flow {
  const entries = new Set(flow.entries);
  const visit = (level: Level): void => {
    for (const item of level.items) {
      if (item.kind !== 'loop') continue;
      for (const header of item.headers) if (header.context === 0) entries.add(header);
      visit(item.body);
    }
  };
  visit(structureFlow(flow));
  return { blocks: flow.blocks, entries: [...entries] };
}

/** Where a loop that holds `pc` begins: the first place in memory that a branch of it goes back to. */
function loopAround(flow: Flow, pc: number): number | undefined {
  const start = flow.blocks.find((block) => holds(block, pc));
  if (!start) return undefined;
  const loop = flow.blocks.filter((block) => reaches(start, block) && reaches(block, start));
  const targets = loop.flatMap((block) => successors(block).filter((to) => loop.includes(to) && to.pc <= block.pc));
  return targets.length === 0 ? undefined : Math.min(...targets.map((block) => block.pc >>> 0));
}

function reaches(from: Block, to: Block): boolean {
  const seen = new Set<Block>();
  const todo = [...successors(from)];
  for (let block = todo.pop(); block; block = todo.pop()) {
    if (block === to) return true;
    if (seen.has(block)) continue;
    seen.add(block);
    todo.push(...successors(block));
  }
  return false;
}
