// Where two recorded runs part: both are run again, side by side, and compared at instruction counts that come closer and closer. What is compared is
// what instructions do: the registers of every vCPU, and the guest's time. A difference that is only in memory shows when it is read.

import { hex } from '../util/bits.ts';
import type { Verdict } from '../vmm/verdict.ts';
import { disassemble } from './disassemble.ts';
import { recordedRun } from './record.ts';
import type { RunningVm, StartVmOptions } from './types.ts';

/** Instructions between two comparisons, from far to near. */
const STRIDES = [0x10000, 0x400, 1] as const;

/** A register that is not the same in both. */
export interface RegisterDifference {
  readonly cpu: number;
  readonly name: string;
  readonly a: number;
  readonly b: number;
}

/** Where one of the runs stands. */
export interface RunPlace {
  readonly guestTimeNs: number;
  readonly vcpus: readonly { readonly cpu: number; readonly pc: number; readonly symbol: string | null }[];
  /** Set when the run is over there. */
  readonly verdict: Verdict | null;
}

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

/** One of the runs, run again and held where it is wanted. */
class HeldRun {
  readonly vm: RunningVm;
  verdict: Verdict | null = null;

  constructor(vm: RunningVm) {
    this.vm = vm;
  }

  async runTo(instructions: number): Promise<void> {
    if (this.verdict || this.vm.clock.instructions >= instructions) return;
    if ((await this.vm.drive({ instructions })) === 'ended') this.verdict = await this.vm.wait();
  }

  get place(): RunPlace {
    const { vm, verdict } = this;
    const pcs = (verdict?.vcpus ?? vm.inspect.registers().filter(({ name }) => name === 'pc')).map((at) => ({
      cpu: at.cpu,
      pc: 'pc' in at ? at.pc : at.value,
    }));
    const vcpus = pcs.map((at) => ({ ...at, symbol: vm.symbolize(at.pc) }));
    return { guestTimeNs: vm.clock.guestTimeNs, vcpus, verdict };
  }

  async close(): Promise<void> {
    if (!this.verdict) this.vm.stop('compared');
    await this.vm.wait();
  }
}

/** Both runs at the same count. */
class RunPair {
  readonly a: HeldRun;
  readonly b: HeldRun;

  constructor(a: HeldRun, b: HeldRun) {
    this.a = a;
    this.b = b;
  }

  async runTo(instructions: number): Promise<void> {
    await this.a.runTo(instructions);
    await this.b.runTo(instructions);
  }

  get instructions(): number {
    return Math.max(this.a.vm.clock.instructions, this.b.vm.clock.instructions);
  }

  get over(): boolean {
    return this.a.verdict !== null && this.b.verdict !== null;
  }

  /** Registers that differ. */
  get registers(): RegisterDifference[] {
    if (this.a.verdict || this.b.verdict) return [];
    const others = this.b.vm.inspect.registers();
    return this.a.vm.inspect.registers().flatMap(({ cpu, name, value }, n) => {
      const b = others[n]?.value ?? 0;
      return value === b ? [] : [{ cpu, name, a: value, b }];
    });
  }

  get same(): boolean {
    const [a, b] = [this.a.vm.clock, this.b.vm.clock];
    if (a.instructions !== b.instructions || a.guestTimeNs !== b.guestTimeNs) return false;
    if (this.a.verdict?.kind !== this.b.verdict?.kind || this.a.verdict?.exitCode !== this.b.verdict?.exitCode)
      return false;
    return this.registers.length === 0;
  }

  async close(): Promise<void> {
    await this.a.close();
    await this.b.close();
  }
}

/**
 * Find the first instruction that did not do the same in the recorded runs `a` and `b` (the texts of their journals). `progress` is told up to which
 * count they are known to be the same. What differs for less than 1,024 instructions and is the same again is not found.
 * @throws TsvmError usage when a record is damaged or its kernel has changed; what startVm throws
 */
export async function diffRunsWith(
  start: Start,
  a: string,
  b: string,
  progress: (instructions: number) => void = () => {},
): Promise<RunsDifference> {
  const begin = async (text: string): Promise<HeldRun> =>
    new HeldRun(await start({ ...recordedRun(text).options, driven: true }));
  let known = 0;
  for (const stride of STRIDES) {
    const pair = new RunPair(await begin(a), await begin(b));
    try {
      await pair.runTo(known);
      while (pair.same) {
        known = pair.instructions;
        progress(known);
        if (pair.over) return compareEnds(pair.a.verdict!, pair.b.verdict!);
        // Not finer than it has to be: the last stride is one step at a time.
        if (stride === 1) {
          const before = pair.a.place;
          await pair.runTo(known + 1);
          if (!pair.same) return { kind: 'instruction', instructions: known, before, ...(await outcome(pair, before)) };
        } else await pair.runTo(known + stride);
      }
      if (known === 0 && pair.instructions === 0)
        return { kind: 'instruction', instructions: 0, before: pair.a.place, ...(await outcome(pair, pair.a.place)) };
    } finally {
      await pair.close();
    }
  }
  throw new Error('what differed at a distance does not differ close by');
}

async function outcome(
  pair: RunPair,
  before: RunPlace,
): Promise<Pick<Extract<RunsDifference, { kind: 'instruction' }>, 'a' | 'b' | 'registers' | 'code'>> {
  const [a, b] = [pair.a.place, pair.b.place];
  const ran = before.vcpus.filter(({ cpu, pc }) => a.vcpus[cpu]?.pc !== pc || b.vcpus[cpu]?.pc !== pc);
  const code = await Promise.all(ran.map(({ pc }) => codeAt(pair.a.vm, pc)));
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

function compareEnds(a: Verdict, b: Verdict): RunsDifference {
  return a.stateHash === b.stateHash ? { kind: 'none', verdict: a } : { kind: 'state', a, b };
}
