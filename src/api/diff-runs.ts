// Where two recorded runs part: both are run again, side by side, and compared at instruction counts that come closer and closer; by registers, and
// where that finds nothing, or too late, by all of RAM.

import { hex } from '../util/bits.ts';
import { TsvmError } from '../util/errors.ts';
import type { RunHeader } from '../vmm/run-record.ts';
import type { Verdict } from '../vmm/verdict.ts';
import { disassemble } from './disassemble.ts';
import { recordedRun } from './record.ts';
import { HeldRun, type RegisterDifference, RunPair, type RunPlace } from './run-pair.ts';
import type { RunningVm, StartVmOptions } from './types.ts';

export type { RegisterDifference, RunPlace } from './run-pair.ts';

/** Instructions between two comparisons from the beginning on. What one of them leaves is gone through step by step. */
const STRIDE = 0x4000;
/** Places between two others at which RAM is compared in one go. */
const PARTS = 16;
/** Steps behind the first difference in RAM among which the first instruction that uses it is looked for. */
const NEAR = 0x2000;

export type RunsDifference =
  /** They are the same to the end. */
  | { readonly kind: 'none'; readonly verdict: Verdict }
  /** No instruction did something else, and yet memory or devices are not the same in the end. */
  | { readonly kind: 'state'; readonly a: Verdict; readonly b: Verdict }
  /** The step behind the first `instructions` ones is the first that did something else. */
  | {
      readonly kind: 'instruction';
      readonly instructions: number;
      /** Where they stood before it, alike. */
      readonly before: RunPlace;
      readonly a: RunPlace;
      readonly b: RunPlace;
      readonly registers: readonly RegisterDifference[];
      /** The instructions that were run in that step, where the kernel's file has them. */
      readonly code: readonly string[];
    };

/** Starts a VM, as startVm does. */
type Start = (options: StartVmOptions) => Promise<RunningVm>;

/** Between these counts something begins to differ. */
interface Window {
  readonly from: number;
  readonly to: number;
}

type Ends = Extract<RunsDifference, { kind: 'none' | 'state' }>;

class Search {
  private readonly begin: () => Promise<RunPair>;
  private readonly progress: (instructions: number) => void;

  constructor(begin: () => Promise<RunPair>, progress: (instructions: number) => void) {
    this.begin = begin;
    this.progress = progress;
  }

  async find(): Promise<RunsDifference> {
    const { ends, window } = await this.far();
    if (ends?.kind === 'none') return ends;
    const early = window.from > 0 && (await this.usedEarly(window.from));
    if (early) return early;
    const found = ends ?? (await this.step(window));
    if (found) return found;
    throw new Error('what differed at a distance does not differ close by');
  }

  /** From the beginning on, by what is cheap to compare: where it differs for the first time, or how both end. */
  private far(): Promise<{ readonly ends: Ends | null; readonly window: Window }> {
    return this.withPair(async (pair) => {
      for (let known = 0; ; ) {
        const window = { from: known, to: pair.instructions };
        if (!pair.same) return { ends: null, window };
        known = pair.instructions;
        this.progress(known);
        if (pair.over)
          return { ends: compareEnds(pair.a.verdict!, pair.b.verdict!), window: { from: known, to: known } };
        await pair.runTo(known + STRIDE);
      }
    });
  }

  /**
   * What is in RAM may differ long before registers do at the places that were looked at: an input, for one. The first instruction up to `last` that
   * uses such a difference, at once or when it spreads in RAM; null: there is none.
   */
  private async usedEarly(last: number): Promise<RunsDifference | null> {
    const came = await this.narrow({ from: 0, to: last }, (pair) => pair.memory === '');
    if (!came) return null;
    const used = await this.step({ from: came.from, to: Math.min(last, came.to + NEAR) });
    if (used) return used;
    const then = await this.withPair(async (pair) => {
      await pair.runTo(came.to);
      return pair.memory;
    });
    const spread = await this.narrow({ from: came.to, to: last }, (pair) => pair.memory === then);
    return spread && (await this.step(spread));
  }

  /** Ever smaller windows at whose end the runs are not `same` any more, down to one that can be gone through step by step; null: there is none. */
  private async narrow(all: Window, same: (pair: RunPair) => boolean): Promise<Window | null> {
    let window = await this.part(all, same);
    while (window && window.to - window.from > STRIDE) window = await this.part(window, same);
    return window;
  }

  private part({ from, to }: Window, same: (pair: RunPair) => boolean): Promise<Window | null> {
    return this.withPair(async (pair) => {
      let known = from;
      for (let part = 1; part <= PARTS; part++) {
        await pair.runTo(from + Math.ceil(((to - from) * part) / PARTS));
        if (!pair.same || !same(pair)) return { from: known, to: pair.instructions };
        known = pair.instructions;
        this.progress(known);
      }
      return null;
    });
  }

  /** The first step in the window that does something else; null: none does. */
  private step({ from, to }: Window): Promise<RunsDifference | null> {
    return this.withPair(async (pair) => {
      await pair.runTo(from);
      let before = pair.a.place;
      let instructions = from;
      while (pair.same) {
        instructions = pair.instructions;
        if (instructions > to || pair.over) return null;
        before = pair.a.place;
        await pair.runTo(instructions + 1);
      }
      if (pair.endsOne) {
        // The last step was the same yet; what the other does next is not.
        instructions = pair.instructions;
        before = (pair.a.verdict ? pair.b : pair.a).place;
        await pair.runTo(instructions + 1);
      }
      return { kind: 'instruction', instructions, before, ...(await outcome(pair, before)) };
    });
  }

  private async withPair<T>(use: (pair: RunPair) => Promise<T>): Promise<T> {
    const pair = await this.begin();
    try {
      return await use(pair);
    } finally {
      await pair.close();
    }
  }
}

/**
 * Find the first instruction that did not do the same in the recorded runs `a` and `b` (the texts of their journals). `progress` is told up to which
 * count they have been compared. What differed for a while and left nothing behind, neither in RAM nor on the console, is not found.
 * @throws TsvmError usage when a record is damaged, its kernel has changed, or the machines cannot be compared; what startVm throws
 */
export async function diffRunsWith(
  start: Start,
  a: string,
  b: string,
  progress: (instructions: number) => void = () => {},
): Promise<RunsDifference> {
  const [one, other] = [recordedRun(a), recordedRun(b)];
  requireComparable(one.header, other.header);
  const begin = async (options: StartVmOptions): Promise<HeldRun> =>
    new HeldRun(await start({ ...options, driven: true }));
  return new Search(async () => new RunPair(await begin(one.options), await begin(other.options)), progress).find();
}

/** Registers are compared one with one. */
function requireComparable(a: RunHeader, b: RunHeader): void {
  const machines = [a, b].map(({ machine, config }) => `${machine} with ${config.cpus} vCPUs`);
  if (machines[0] === machines[1]) return;
  throw new TsvmError('usage', `the runs are of different machines: ${machines.join(' and ')}`, {
    next: 'compare runs of the same --machine and --cpus',
  });
}

async function outcome(
  pair: RunPair,
  before: RunPlace,
): Promise<Pick<Extract<RunsDifference, { kind: 'instruction' }>, 'a' | 'b' | 'registers' | 'code'>> {
  const [a, b] = [pair.a.place, pair.b.place];
  const ran = before.vcpus.filter(({ cpu, pc }) => a.vcpus[cpu]?.pc !== pc || b.vcpus[cpu]?.pc !== pc);
  const code = await Promise.all([...new Set(ran.map(({ pc }) => pc))].map((pc) => codeAt(pair.a.vm, pc)));
  return { a, b, registers: pair.registers, code: code.flat() };
}

/** None where the kernel's file does not say: in a program, or in what the kernel has loaded. */
async function codeAt({ config: { kernel, symbols } }: RunningVm, pc: number): Promise<string[]> {
  try {
    return (await disassemble({ kernel, symbols: symbols ?? undefined, where: hex(pc) })).trimEnd().split('\n');
  } catch {
    return [];
  }
}

function compareEnds(a: Verdict, b: Verdict): Ends {
  return a.stateHash === b.stateHash ? { kind: 'none', verdict: a } : { kind: 'state', a, b };
}
