// Lockstep: both engines, compared. Where compiled code begins, the program leaves to the host (WHY.REGION). The host runs the region, takes
// what it has made of the vCPU and of memory, undoes it, lets the interpreter execute as many instructions from the same state, and compares.
// The run goes on from the interpreter's state, so nothing that a region does wrong reaches the guest.
//
// Both engines log what their stores overwrite: at an address that neither has stored to, memory cannot differ.
import { forEachStatement } from '../../emit/tree.ts';
import type { Statement } from '../../emit/values.ts';
import { beginRun, executed, type InstructionClock } from '../clock.ts';
import { MOST_NESTED } from '../conventions.ts';
import type { HostImports } from '../instance.ts';
import {
  DESCRIPTOR,
  FETCH_TABLE,
  GLOBAL,
  LONGEST_RUN,
  PAGE_SHIFT,
  STATE_BASE,
  STORE_LOG,
  STORE_LOG_ENTRY,
  STORE_LOG_SIZE,
  WHY,
  WORD,
} from '../layout.ts';
import type { Program } from '../program.ts';
import { COMPARED_WORDS, type Difference, differingRegisters } from './differences.ts';
import { instructionsOf } from './graph.ts';
import { explainDifference, type Reported } from './lockstep-report.ts';

const LOG = STORE_LOG >>> 2;
const LOG_STEP = STORE_LOG_ENTRY >>> 2;
const LOG_ENTRIES = STORE_LOG_SIZE / STORE_LOG_ENTRY;
/** So many records at region entries run their own handler: all of a run. */
const ALL = 2 * LONGEST_RUN;
const COMPARED = COMPARED_WORDS.map((name) => WORD[name] >>> 2);

/** What lockstep needs of the core. */
export interface LockstepHost extends Reported {
  readonly clock: InstructionClock;
  /** Run the program once; retires what it has executed and returns WORD.WHY. */
  runOnce(budget: number): number;
  /** Fill the fetch entry of the pc. */
  fetch(): unknown;
}

/** A region whose outcome is not the interpreter's. */
export interface Finding {
  /** Where the region begins, and instructions retired until there. */
  readonly entry: number;
  readonly instructions: number;
  /** Address of its descriptor. */
  readonly descriptor: number;
  /** Most instructions that the region was allowed. */
  readonly budget: number;
  /** Instructions that the region says it has executed. */
  readonly count: number;
  readonly differences: readonly Difference[];
  /** How the interpreter ended, where it did not simply execute as many instructions. */
  readonly problem: string | null;
  /** The interpreter has called the host, so that its part cannot be repeated. */
  readonly final: boolean;
}

type RegionFunction = (
  block: number,
  left: number,
  tables: number,
  depth: number,
) => readonly [left: number, pc: number];

export class Lockstep {
  private readonly host: LockstepHost;
  private readonly i32: Int32Array;
  private exports: WebAssembly.Exports = {};
  /** Words [0, stateEnd): engine words and the active vCPU's state; as they were before, and as the region left them. */
  private readonly words: Int32Array;
  private readonly before: Int32Array;
  private readonly after: Int32Array;
  /** Words that the region has stored to, in order, what they held before, and what the region has left there. */
  private readonly stored = new Uint32Array(LOG_ENTRIES);
  private readonly overwritten = new Int32Array(LOG_ENTRIES);
  private readonly left = new Int32Array(LOG_ENTRIES);
  /** Words of the state block that are nothing between instructions: those that take writes to register 0, and passing banks. */
  private readonly sinks: readonly number[];
  /** Most instructions whose stores the log holds. */
  private readonly longest: number;
  /** Calls of the interpreter to the host in the middle of instructions: slow accesses, helpers. */
  private hostCalls = 0;

  constructor(host: LockstepHost) {
    const { i32, program } = host;
    this.host = host;
    this.i32 = i32;
    this.words = i32.subarray(0, program.stateEnd >>> 2);
    this.before = new Int32Array(this.words.length);
    this.after = new Int32Array(this.words.length);
    this.sinks = Object.values(program.banks).flatMap(({ zero, offset, sink, size, passing, count }) => {
      if (passing) return Array.from({ length: (count * size) >>> 2 }, (_, i) => (offset >>> 2) + i);
      return zero ? [(offset + sink * size) >>> 2] : [];
    });
    this.longest = Math.floor(LOG_ENTRIES / mostStores(program));
  }

  /** Another program runs from now on. */
  use(exports: WebAssembly.Exports): void {
    this.exports = exports;
  }

  /** The host's part of the program, with its calls counted. */
  counted(imports: HostImports): HostImports {
    const counted =
      <Args extends number[], Result>(call: (...args: Args) => Result) =>
      (...args: Args): Result => {
        this.hostCalls++;
        return call(...args);
      };
    const { slowLoad, slowStore, helper } = imports;
    return { ...imports, slowLoad: counted(slowLoad), slowStore: counted(slowStore), helper: counted(helper) };
  }

  /** Run at most `budget` instructions, every region of them in both engines; returns WORD.WHY. */
  run(budget: number): number {
    const { host } = this;
    const { clock } = host;
    const end = clock.instructions + budget;
    let why = host.runOnce(budget);
    while (why === WHY.REGION) {
      const jumped = this.jumped;
      this.fillFetchEntry();
      this.step(end - clock.instructions);
      const resumed = host.pc;
      why = clock.instructions < end ? host.runOnce(end - clock.instructions) : WHY.BUDGET;
      // Sampling asks where the guest has last jumped to; beginning a run is none of its jumps.
      if (this.jumped === resumed || clock.instructions >= end) this.jumped = jumped;
    }
    return why;
  }

  /** The page's entry may have gone since the program went there: the list of filled entries is bounded. */
  private fillFetchEntry(): void {
    const { i32, host } = this;
    const entry = i32[WORD.CURRENT_TABLES >>> 2]! + FETCH_TABLE + 4 * (host.pc >>> PAGE_SHIFT);
    const found = i32[entry >>> 2]!;
    const isOther = host.program.architecture.interworking && (found & 1) !== (host.pc & 1);
    if (found === 0 || isOther) host.fetch();
  }

  private get jumped(): number {
    return (this.exports[`g${GLOBAL.TARGET}`] as WebAssembly.Global).value >>> 0;
  }

  private set jumped(address: number) {
    (this.exports[`g${GLOBAL.TARGET}`] as WebAssembly.Global).value = address | 0;
  }

  /**
   * The program has come to compiled code, with `left` instructions left of its run: execute it in both engines. When the region makes no headway,
   * the record's own handler runs next. Throws EnginesDiffer.
   */
  private step(left: number): void {
    const finding = this.execute(this.i32[WORD.DESCRIPTOR >>> 2]!, Math.min(left, this.longest));
    if (finding) throw explainDifference(this, finding, this.host);
  }

  /** Execute a region in both engines with at most `budget` instructions; what is different, or null. */
  execute(descriptor: number, budget: number): Finding | null {
    const { host, i32 } = this;
    const { instructions } = host.clock;
    const [left, pc] = this.runRegion(descriptor, budget);
    const count = budget - left;
    const stores = this.takeRegion();
    const calls = this.hostCalls;
    const problem = count === 0 ? null : this.interpret(count);
    if (count === 0) i32[WORD.OWN_HANDLERS >>> 2] = 1;
    if (problem === null) {
      const begun = count < budget ? this.begunStores(descriptor, pc, stores - (count === 0 ? 0 : this.logged)) : 0;
      if (this.isSame(pc, stores - begun, count, begun)) return null;
    }
    const entry = this.before[WORD.PC >>> 2]! >>> 0;
    const differences = this.differences(pc, stores);
    const final = this.hostCalls !== calls;
    return { entry, instructions, descriptor, budget, count, differences, problem, final };
  }

  private runRegion(descriptor: number, budget: number): readonly [left: number, pc: number] {
    const { i32, host } = this;
    const table = this.exports.table as WebAssembly.Table;
    const run = table.get(i32[(descriptor + DESCRIPTOR.FUNCTION) >>> 2]!) as RegionFunction;
    beginRun(i32, budget, host.clock.now);
    i32[WORD.STORES_LOGGED >>> 2] = 0;
    this.before.set(this.words);
    return run(i32[(descriptor + DESCRIPTOR.BLOCK) >>> 2]!, budget, i32[WORD.CURRENT_TABLES >>> 2]!, MOST_NESTED);
  }

  /** Set what the region has done aside, and undo it. Returns how many stores it has made. */
  private takeRegion(): number {
    const { i32, after, words, before, stored, overwritten, left } = this;
    after.set(words);
    const stores = this.logged;
    for (let i = 0, at = LOG; i < stores; i++, at += LOG_STEP) {
      stored[i] = i32[at]!;
      overwritten[i] = i32[at + 1]!;
      left[i] = i32[stored[i]! >>> 2]!;
    }
    for (let i = stores - 1; i >= 0; i--) i32[stored[i]! >>> 2] = overwritten[i]!;
    words.set(before);
    return stores;
  }

  /** Let the interpreter execute `count` instructions. What it did instead, or null. */
  private interpret(count: number): string | null {
    const { host, i32 } = this;
    const calls = this.hostCalls;
    i32[WORD.OWN_HANDLERS >>> 2] = ALL;
    const why = host.runOnce(count);
    i32[WORD.OWN_HANDLERS >>> 2] = 0;
    const done = executed(i32);
    if (why !== WHY.BUDGET) return `the interpreter ended after ${done} of ${count} instructions: ${nameOfWhy(why)}`;
    if (done !== count) return `the interpreter executed ${done} instructions, the region ${count}`;
    const made = this.hostCalls - calls;
    return made === 0 ? null : `the interpreter called the host ${made} times: a slow access, or a helper`;
  }

  private get logged(): number {
    return this.i32[WORD.STORES_LOGGED >>> 2]! / STORE_LOG_ENTRY;
  }

  /**
   * An instruction of several stores may leave the region after the first of them: the interpreter makes it again, from the first on. `extra` is how many
   * stores the region has made too many; returns as many of them as are such.
   */
  private begunStores(descriptor: number, pc: number, extra: number): number {
    if (extra <= 0) return 0;
    const source = this.host.regions?.sourceOf(this.i32[(descriptor + DESCRIPTOR.FUNCTION) >>> 2]!);
    const instructions = source?.flow.blocks.flatMap(instructionsOf) ?? [];
    const makesMore = instructions.some((at) => at.pc >>> 0 === pc >>> 0 && storesIn(at.statements) > extra);
    return makesMore ? extra : 0;
  }

  /** Is the region's outcome, set aside, the state as it is now? The last `begun` stores, after the first `stores`, are taken for not made. */
  private isSame(pc: number, stores: number, count: number, begun: number): boolean {
    const { i32, after, words, stored, left } = this;
    if (pc !== i32[WORD.PC >>> 2]!) return false;
    if (stores !== (count === 0 ? 0 : this.logged)) return false;
    for (const word of COMPARED) if (after[word] !== words[word]) return false;
    for (const word of this.sinks) after[word] = words[word]!;
    for (let word = STATE_BASE >>> 2; word < words.length; word++) if (after[word] !== words[word]) return false;
    for (let i = 0, at = LOG; i < stores; i++, at += LOG_STEP) {
      if (stored[i] !== i32[at]! >>> 0) return false;
      const again = begun > 0 && stored.subarray(stores, stores + begun).includes(stored[i]!);
      if (!again && left[i] !== i32[stored[i]! >>> 2]!) return false;
    }
    return true;
  }

  private differences(pc: number, stores: number): readonly Difference[] {
    const { i32, before, after, words } = this;
    for (const word of this.sinks) after[word] = words[word]!;
    const found = differingRegisters(before, after, words, this.host.program.banks);
    const interpreted = i32[WORD.PC >>> 2]!;
    if (pc !== interpreted)
      found.unshift({
        what: 'pc',
        before: before[WORD.PC >>> 2]! >>> 0,
        region: pc >>> 0,
        interpreter: interpreted >>> 0,
      });
    return [...found, ...this.memoryDifferences(stores)];
  }

  /** At every address that either engine has stored to. */
  private memoryDifferences(stores: number): Difference[] {
    const { i32, stored, overwritten, left } = this;
    const words = new Map<number, { before: number; region: number }>();
    for (let i = 0; i < stores; i++) {
      const known = words.get(stored[i]!);
      words.set(stored[i]!, { before: known?.before ?? overwritten[i]!, region: left[i]! });
    }
    for (let i = 0, at = LOG; i < this.logged; i++, at += LOG_STEP) {
      const address = i32[at]! >>> 0;
      if (!words.has(address)) words.set(address, { before: i32[at + 1]!, region: i32[at + 1]! });
    }
    return [...words].flatMap(([address, { before, region }]) => {
      const interpreter = i32[address >>> 2]!;
      if (region === interpreter) return [];
      const what = `memory at host address 0x${address.toString(16)}`;
      return [{ what, before: before >>> 0, region: region >>> 0, interpreter: interpreter >>> 0 }];
    });
  }

  /** Undo what the interpreter has done since `execute` began: the state is again that before the region. */
  rewind(): void {
    const { i32, words, before, host } = this;
    for (let i = this.logged - 1; i >= 0; i--) i32[i32[LOG + i * LOG_STEP]! >>> 2] = i32[LOG + i * LOG_STEP + 1]!;
    host.clock.retire(-executed(i32));
    words.set(before);
    i32[WORD.STORES_LOGGED >>> 2] = 0;
  }

  /** One step of the interpreter (a branch takes its slot along); returns how many instructions that were. */
  interpretOne(): number {
    const { host, i32 } = this;
    const { instructions } = host.clock;
    i32[WORD.OWN_HANDLERS >>> 2] = ALL;
    host.runOnce(1);
    i32[WORD.OWN_HANDLERS >>> 2] = 0;
    return host.clock.instructions - instructions;
  }
}

function nameOfWhy(why: number): string {
  return Object.entries(WHY).find(([, value]) => value === why)?.[0] ?? String(why);
}

/** Most stores that one instruction makes. */
function mostStores({ table }: Program): number {
  return Math.max(1, ...table.handlers.map(({ statements }) => storesIn(statements)));
}

/** Most registers that one statement stores. */
const MANY = 32;

function storesIn(statements: readonly Statement[]): number {
  let stores = 0;
  forEachStatement(statements, ({ kind }) => {
    if (kind === 'store') stores++;
    else if (kind === 'storeMany') stores += MANY;
  });
  return stores;
}
