// Lockstep: both engines, compared. Where compiled code begins, the program leaves to the host (WHY.REGION). The host runs the region, takes what
// it has made of the vCPU and of memory, undoes it, lets the interpreter execute as many instructions from the same state, and compares. The run
// goes on from the interpreter's state, so nothing that a region does wrong reaches the guest.
import { forEachStatement } from '../../emit/tree.ts';
import {
  DESCRIPTOR,
  LONGEST_RUN,
  STATE_BASE,
  STORE_LOG,
  STORE_LOG_ENTRY,
  STORE_LOG_SIZE,
  WHY,
  WORD,
} from '../layout.ts';
import type { Program } from '../program.ts';

const LOG_ENTRIES = STORE_LOG_SIZE / STORE_LOG_ENTRY;
/** Record handlers that run their own code for as long as a run can be. */
const ALL = 2 * LONGEST_RUN;

/** What lockstep needs of the core. */
export interface LockstepHost {
  readonly program: Program;
  readonly i32: Int32Array;
  readonly active: number;
  readonly pc: number;
  readonly clock: { readonly instructions: number };
  /** Calls to the host in the middle of instructions so far: slow accesses, helpers. */
  readonly hostCalls: number;
  /** Prepare for a run of at most `budget` instructions. */
  begin(budget: number): void;
  /** Run the program for at most `budget` instructions; returns WORD.WHY. */
  runOnce(budget: number): number;
}

type RegionFunction = (block: number, left: number, tables: number) => number;

/** A region's work, taken aside. */
interface Outcome {
  readonly count: number;
  readonly pc: number;
  readonly stores: number;
}

export class Lockstep {
  private readonly host: LockstepHost;
  private readonly i32: Int32Array;
  private table: WebAssembly.Table;
  /** Words [0, stateEnd): engine words and the active vCPU's state. */
  private readonly words: Int32Array;
  private readonly before: Int32Array;
  private readonly after: Int32Array;
  /** Addresses that the region stored to, in order, and what it left there. */
  private readonly stored = new Uint32Array(LOG_ENTRIES);
  private readonly left = new Int32Array(LOG_ENTRIES);
  /** Words of the state block that need not be equal. */
  private readonly ignored: ReadonlySet<number>;
  private readonly longest: number;
  /** Regions run, and instructions compared. */
  readonly stats = { runs: 0, instructions: 0, idle: 0 };

  constructor(host: LockstepHost, exports: WebAssembly.Exports) {
    const { i32, program } = host;
    this.host = host;
    this.i32 = i32;
    this.table = exports.table as WebAssembly.Table;
    this.words = i32.subarray(0, program.stateEnd >>> 2);
    this.before = new Int32Array(this.words.length);
    this.after = new Int32Array(this.words.length);
    this.ignored = new Set(
      Object.values(program.banks).flatMap(({ zero, offset, sink, size }) =>
        zero ? [(offset + sink * size) >>> 2] : [],
      ),
    );
    this.longest = Math.floor(LOG_ENTRIES / mostStores(program));
  }

  /** Another program runs from now on. */
  use(exports: WebAssembly.Exports): void {
    this.table = exports.table as WebAssembly.Table;
  }

  /**
   * The program has come to compiled code, with `left` instructions left of its run: execute it in both engines. Returns how many instructions
   * that were; 0 when the region makes no headway: then the record's own handler runs next. Throws EnginesDiffer.
   */
  step(left: number): number {
    const budget = Math.min(left, this.longest);
    const { count, pc, stores } = this.region(budget);
    const { host, i32 } = this;
    if (count === 0) {
      this.stats.idle++;
      this.take(stores);
      this.compare(0, i32[WORD.PC >>> 2]!, stores, 0);
      i32[WORD.OWN_HANDLERS >>> 2] = 1;
      return 0;
    }
    this.take(stores);
    i32[WORD.OWN_HANDLERS >>> 2] = ALL;
    const calls = host.hostCalls;
    const why = host.runOnce(count);
    i32[WORD.OWN_HANDLERS >>> 2] = 0;
    const executed = i32[WORD.BUDGET >>> 2]! - i32[WORD.LEFT >>> 2]!;
    if (why !== WHY.BUDGET || executed !== count || host.hostCalls !== calls)
      this.fail(count, pc, `the interpreter: why ${why}, ${executed} of ${count}, host calls ${host.hostCalls - calls}`);
    this.compare(count, pc, stores, i32[WORD.STORES_LOGGED >>> 2]! / STORE_LOG_ENTRY);
    this.stats.runs++;
    this.stats.instructions += count;
    return count;
  }

  /** Run the region that begins here, keeping the state before it. */
  private region(budget: number): Outcome {
    const { i32, host } = this;
    const descriptor = i32[WORD.DESCRIPTOR >>> 2]!;
    const run = this.table.get(i32[(descriptor + DESCRIPTOR.FUNCTION) >>> 2]!) as unknown as RegionFunction;
    host.begin(budget);
    i32[WORD.STORES_LOGGED >>> 2] = 0;
    this.before.set(this.words);
    const left = run(i32[(descriptor + DESCRIPTOR.BLOCK) >>> 2]!, budget, i32[WORD.CURRENT_TABLES >>> 2]!);
    return {
      count: budget - left,
      pc: i32[WORD.REGION_PC >>> 2]!,
      stores: i32[WORD.STORES_LOGGED >>> 2]! / STORE_LOG_ENTRY,
    };
  }

  /** Set what the region has done aside, and undo it. */
  private take(stores: number): void {
    const { i32, after, words, before, stored, left } = this;
    after.set(words);
    for (let i = 0, at = STORE_LOG >>> 2; i < stores; i++, at += STORE_LOG_ENTRY >>> 2) {
      stored[i] = i32[at]!;
      left[i] = i32[stored[i]! >>> 2]!;
    }
    for (let i = stores - 1, at = (STORE_LOG + i * STORE_LOG_ENTRY) >>> 2; i >= 0; i--, at -= STORE_LOG_ENTRY >>> 2)
      i32[i32[at]! >>> 2] = i32[at + 1]!;
    words.set(before);
  }

  /** The region's outcome, taken aside, against the state as it is now. */
  private compare(count: number, pc: number, stores: number, logged: number): void {
    const { i32, after, words, stored, left } = this;
    let same = pc === i32[WORD.PC >>> 2]! && stores === logged;
    for (const word of COMPARED) same &&= after[word] === words[word];
    for (const word of this.ignored) after[word] = words[word]!;
    for (let i = STATE_BASE >>> 2; i < words.length; i++) if (after[i] !== words[i]) this.fail(count, pc, 'state');
    for (let i = 0; i < stores; i++) same &&= left[i] === i32[stored[i]! >>> 2] && (i >= logged || stored[i] === i32[(STORE_LOG + i * STORE_LOG_ENTRY) >>> 2]! >>> 0);
    if (same) return;
    this.fail(count, pc, 'state');
  }

  private fail(count: number, pc: number, why: string): never {
    const { i32, before, after, words } = this;
    const lines = [
      `${why}; entry ${hex(before[WORD.PC >>> 2]!)} cpu ${this.host.active} @${this.host.clock.instructions} (after ${count})`,
      `pc region ${hex(pc)} interpreter ${hex(i32[WORD.PC >>> 2]!)}`,
    ];
    for (let i = 0; i < words.length; i++)
      if (after[i] !== words[i] && (i >= STATE_BASE >>> 2 || COMPARED.includes(i)) && !this.ignored.has(i)) {
        const bank = Object.values(this.host.program.banks).find(b => i * 4 >= b.offset && i * 4 < b.offset + b.count * b.size);
        lines.push(`word ${hex(i * 4)} ${bank?.name}[${bank ? (i * 4 - bank.offset) / bank.size : ''}] before ${hex(before[i]!)} region ${hex(after[i]!)} interpreter ${hex(words[i]!)}`);
      }
    const logged = i32[WORD.STORES_LOGGED >>> 2]! / STORE_LOG_ENTRY;
    lines.push(`interpreter stores ${logged}`);
    for (let i = 0; i < logged; i++) lines.push(`  ${hex(i32[(STORE_LOG + i * 8) >>> 2]!)} now ${hex(i32[i32[(STORE_LOG + i * 8) >>> 2]! >>> 2]!)} region's ${i}: ${hex(this.stored[i]!)} ${hex(this.left[i]!)}`);
    throw new Error(lines.join('\n'));
  }
}

const hex = (n: number): string => `0x${(n >>> 0).toString(16)}`;

/** Engine words that must be equal. */
const COMPARED = [WORD.RESERVATION >>> 2, WORD.CURRENT_TABLES >>> 2, WORD.USER_SEEN >>> 2];

/** Most stores that one instruction makes. */
function mostStores({ table }: Program): number {
  let most = 1;
  for (const { statements } of table.handlers) {
    let stores = 0;
    forEachStatement(statements, ({ kind }) => {
      if (kind === 'store') stores++;
    });
    most = Math.max(most, stores);
  }
  return most;
}
