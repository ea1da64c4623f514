// The same guest twice: interpreted, and with its code compiled as soon as it is seen. Whatever a test does to both, they stay equal.
import { expect } from 'vitest';
import type { RegionTuning } from '../../../src/cpu/exec/core-options.ts';
import type { RegionCache } from '../../../src/cpu/exec/region/cache.ts';
import type { RegionEngine } from '../../../src/cpu/exec/region/engine.ts';
import { Guest, type GuestOptions } from '../kvm/guest.ts';
import type { Line } from '../kvm/mips-words.ts';

/** Code is compiled the first time it is seen, a few instructions after it began. */
export const EAGER: RegionTuning = { hot: 1, left: 1, sampledRun: 7, batch: 1, patience: 1 };

export class Twins {
  readonly interpreted: Guest;
  readonly compiled: Guest;
  private readonly engine: RegionEngine;

  constructor(options: GuestOptions = {}) {
    this.interpreted = new Guest({ ...options, engine: 'interpreter' });
    this.compiled = new Guest({ regions: EAGER, ...options, engine: 'regions' });
    this.engine = (Reflect.get(this.compiled.vm, 'core') as { regions: RegionEngine }).regions;
  }

  both(act: (guest: Guest) => void): void {
    act(this.interpreted);
    act(this.compiled);
  }

  /** Put code at a KSEG0 address of both; returns the addresses of its labels. */
  load(source: Line, at?: number): (label: string) => number {
    this.interpreted.load(source, at);
    return this.compiled.load(source, at);
  }

  /** KVM_RUN of both for at most `instructions`; its result. */
  enter(instructions: number, vcpu = 0): number {
    const [expected, got] = [this.interpreted, this.compiled].map((guest) =>
      guest.enter(instructions, guest.vcpus[vcpu]),
    );
    expect(got).toBe(expected);
    this.expectEqual();
    return got!;
  }

  /** KVM_RUN of both, again and again for a few instructions, `instructions` together: deadlines fall everywhere. */
  creep(instructions: number, most = 13): void {
    for (let left = instructions, n = 0; left > 0; n++) {
      const step = 1 + (n % most);
      this.enter(Math.min(step, left));
      left -= step;
    }
  }

  expectEqual(): void {
    const { interpreted, compiled } = this;
    expect([compiled.instructions, compiled.pc.toString(16)]).toEqual([
      interpreted.instructions,
      interpreted.pc.toString(16),
    ]);
    for (const [i, vcpu] of compiled.vcpus.entries()) expect(vcpu.getRegs()).toEqual(interpreted.vcpus[i]!.getRegs());
    expect(compiled.hash()).toBe(interpreted.hash());
  }

  /** Register of both. */
  gpr(index: number): number {
    return this.compiled.gpr(index);
  }

  /** Compiled regions there are now. */
  get regions(): number {
    return this.engine.stats.regions;
  }

  /** Throw compiled code away, the oldest first, until there are at most `bytes` of WebAssembly. */
  makeRoom(bytes: number): void {
    this.cache.shrink(bytes);
  }

  /** Places for compiled functions, used or not. */
  get tableSize(): number {
    return (Reflect.get(this.cache, 'table') as WebAssembly.Table).length;
  }

  private get cache(): RegionCache {
    return Reflect.get(this.engine, 'cache') as RegionCache;
  }

  /** Regions compiled so far. */
  get everCompiled(): number {
    return this.engine.stats.compiled;
  }
}
