// Two recorded runs, run again side by side, held at the same instruction count, and compared there: the registers of every vCPU, the guest's time and
// what it has printed, for these are cheap; and all of RAM.
import type { Verdict } from '../vmm/verdict.ts';
import type { RunningVm } from './types.ts';

/** Bytes of RAM that are compared at once. */
const PIECE = 0x10000;
/** Bytes that differ which are told apart. */
const MOST_BYTES = 0x1000;

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

/** One of the runs, run again and held where it is wanted. */
export class HeldRun {
  readonly vm: RunningVm;
  verdict: Verdict | null = null;
  /** FNV-1a of what it has printed. */
  printed = 0x811c9dc5;

  constructor(vm: RunningVm) {
    this.vm = vm;
  }

  async runTo(instructions: number): Promise<void> {
    if (this.verdict || this.vm.clock.instructions >= instructions) return;
    const onOutput = (bytes: Uint8Array): void => {
      for (const byte of bytes) this.printed = Math.imul(this.printed ^ byte, 0x01000193);
    };
    if ((await this.vm.drive({ instructions, onOutput })) === 'ended') this.verdict = await this.vm.wait();
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

  /** Bytes of RAM, or null where there is none. */
  ram(physical: number): Uint8Array | null {
    try {
      return this.vm.inspect.readMemory({ physical }, PIECE);
    } catch {
      return null;
    }
  }

  async close(): Promise<void> {
    if (!this.verdict) this.vm.stop('compared');
    await this.vm.wait();
  }
}

/** Both runs at the same count. */
export class RunPair {
  readonly a: HeldRun;
  readonly b: HeldRun;
  /** Where RAM is. */
  private readonly pieces: readonly number[];

  constructor(a: HeldRun, b: HeldRun) {
    this.a = a;
    this.b = b;
    const pieces: number[] = [];
    // It may have holes: every board has it below 4 GiB.
    for (let at = 0; at < 2 ** 32 && pieces.length * PIECE < a.vm.config.memory; at += PIECE)
      if (a.ram(at)) pieces.push(at);
    this.pieces = pieces;
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

  /** Registers that differ; none where only one of them is over. */
  get registers(): RegisterDifference[] {
    if (Boolean(this.a.verdict) !== Boolean(this.b.verdict)) return [];
    const others = this.b.vm.inspect.registers();
    return this.a.vm.inspect.registers().flatMap(({ cpu, name, value }, n) => {
      const b = others[n]?.value ?? 0;
      return value === b ? [] : [{ cpu, name, a: value, b }];
    });
  }

  /** Has one of them ended where the other goes on? */
  get endsOne(): boolean {
    return this.sameInstant && Boolean(this.a.verdict) !== Boolean(this.b.verdict);
  }

  private get sameInstant(): boolean {
    const [a, b] = [this.a.vm.clock, this.b.vm.clock];
    return a.instructions === b.instructions && a.guestTimeNs === b.guestTimeNs;
  }

  get same(): boolean {
    if (!this.sameInstant || this.a.printed !== this.b.printed) return false;
    if (this.a.verdict?.kind !== this.b.verdict?.kind || this.a.verdict?.exitCode !== this.b.verdict?.exitCode)
      return false;
    return this.registers.length === 0;
  }

  /** Which bytes of RAM differ, and in what, as a text; empty: none. */
  get memory(): string {
    const found: string[] = [];
    for (const piece of this.pieces) {
      const [a, b] = [this.a.ram(piece), this.b.ram(piece)];
      if (!a || !b || Buffer.compare(a, b) === 0) continue;
      for (let n = 0; n < PIECE && found.length < MOST_BYTES; n++)
        if (a[n] !== b[n]) found.push(`${piece + n}:${a[n]! ^ b[n]!}`);
    }
    return found.join(' ');
  }

  async close(): Promise<void> {
    await this.a.close();
    await this.b.close();
  }
}
