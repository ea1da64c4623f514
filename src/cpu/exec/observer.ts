// Who watches a VM's guest: exit counters and trace events of its vCPUs (kvm/stats.ts, kvm/trace.ts). Counters that cost nothing are always
// kept; the hot ones, and traces, come from a program that reports its events, which runs only while somebody observes.
import { STAT_NAMES, type StatName, statSpec, type VcpuStats } from '../../kvm/stats.ts';
import type { TraceEvent, TraceSink } from '../../kvm/trace.ts';
import type { ArchitectureDefinition, CoreObserver } from '../isa/architecture.ts';
import { lowBytes } from './exit-box.ts';

/** What to observe. */
export interface Observation {
  /** Keep the hot counters too. */
  readonly stats: boolean;
  readonly trace: TraceSink | null;
}

/** Where the guest is. */
export interface ObservedCore {
  readonly active: number;
  /** Guest nanoseconds and instructions, exact in the middle of a run. */
  now(): number;
  instructions(): number;
  cut(): void;
  /** WORD.EXIT_PC. */
  readonly exitPc: number;
  readonly program: { readonly architecture: Pick<ArchitectureDefinition, 'kvmWords'> };
}

export class Observer implements CoreObserver {
  /** An exit that KVM handles itself was traced: kvm_reenter follows when the instruction is done. */
  private reenters = false;
  private asidChange: { readonly old: number; readonly new: number } | null = null;
  private readonly core: ObservedCore;
  private readonly counts: readonly Record<StatName, number>[];
  private observation: Observation = { stats: false, trace: null };

  constructor(core: ObservedCore, vcpus: number) {
    this.core = core;
    const zero = Object.fromEntries(STAT_NAMES.map((name) => [name, 0])) as Record<StatName, number>;
    this.counts = Array.from({ length: vcpus }, () => ({ ...zero }));
  }

  get on(): boolean {
    return this.observation.stats || this.tracing;
  }

  get tracing(): boolean {
    return this.observation.trace !== null;
  }

  get exitPc(): number {
    return this.core.exitPc;
  }

  observe(observation: Observation): void {
    this.observation = { ...observation };
    this.forget();
  }

  /** KVM_RUN begins: nothing is outstanding. */
  forget(): void {
    this.reenters = false;
    this.asidChange = null;
  }

  stats(vcpu: number): VcpuStats {
    const { stats } = this.observation;
    const counts = this.counts[vcpu]!;
    const shown = STAT_NAMES.map((name) => [name, stats || !statSpec(name).hot ? counts[name] : null]);
    return Object.fromEntries(shown) as VcpuStats;
  }

  count(stat: StatName): void {
    this.counts[this.core.active]![stat]++;
  }

  trace(event: TraceEvent): void {
    this.say(event);
  }

  /** False: nobody listens, or the architecture's KVM has no such event. */
  private say(event: TraceEvent): boolean {
    const { core } = this;
    const { trace } = this.observation;
    if (!trace) return false;
    const { architecture } = core.program;
    const said = architecture.kvmWords ? architecture.kvmWords(event) : event;
    if (!said) return false;
    trace.trace({ vcpu: core.active, instructions: core.instructions(), now: core.now() }, said);
    return true;
  }

  exit(pc: number, reason: number): void {
    if (!this.tracing || !this.say({ event: 'kvm_exit', pc: pc >>> 0, reason })) return;
    this.reenters = true;
    this.core.cut();
  }

  asidChanged(old: number, now: number): void {
    if (this.tracing) this.asidChange = { old, new: now };
  }

  /** The instruction of the last exit is done; the next one is at `pc`. */
  instructionDone(pc: number): void {
    if (this.asidChange) this.trace({ event: 'kvm_asid_change', pc, ...this.asidChange });
    this.asidChange = null;
  }

  /** The guest goes on at `pc`. */
  goesOn(pc: number): void {
    if (this.reenters) this.trace({ event: 'kvm_reenter', pc });
    this.reenters = false;
  }

  mmio(type: number, physical: number, length: number, value: number): void {
    if (!this.tracing) return;
    this.trace({ event: 'kvm_mmio', type, len: length, gpa: physical, val: lowBytes(value, length) });
  }
}
