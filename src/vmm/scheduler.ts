// Which vCPU runs next and until when: round robin with quanta in guest time, their lengths and the first vCPU from the seed.
// Nothing of the host (slices, measured speed) reaches this file, so that the schedule is the same on every machine.
import type { Vcpu } from '../kvm/contract.ts';
import { SeededRandom } from './random.ts';

/** Mean quantum in instructions; each is between half and one and a half of it. */
export const MEAN_QUANTUM_INSTRUCTIONS = 50_000;

/** What the vCPUs, all of them not runnable, wait for. */
export interface IdleState {
  /** Earliest instant at which a vCPU's own timer wakes it, or Infinity. */
  readonly wakeAt: number;
  readonly spinning: number;
  readonly waiting: number;
  /** Those that wait with every interrupt masked. */
  readonly deaf: number;
}

export class Scheduler {
  private readonly vcpus: readonly Vcpu[];
  private readonly random: SeededRandom;
  private readonly meanNs: number;
  private current: number;
  private quantumEnd = Number.NEGATIVE_INFINITY;
  private kicked = false;
  private readonly spunAt = new Map<number, number>();

  constructor(vcpus: readonly Vcpu[], nsPerInstruction: number, seed: number) {
    this.vcpus = vcpus;
    this.random = new SeededRandom(seed);
    this.meanNs = MEAN_QUANTUM_INSTRUCTIONS * nsPerInstruction;
    this.current = this.random.below(vcpus.length);
    // The first pick goes to the vCPU after `current`.
  }

  /** Guest instant at which the quantum of the vCPU that pick() gave ends. */
  get deadline(): number {
    return this.kicked ? Number.NEGATIVE_INFINITY : this.quantumEnd;
  }

  /**
   * The vCPU to run from guest instant `now`: the current one while its quantum lasts, else the next runnable one. Null when
   * none is runnable, and then nothing has changed.
   */
  pick(now: number): Vcpu | null {
    const current = this.vcpus[this.current]!;
    if (now < this.deadline && this.canRun(current, now)) return current;
    for (let step = 1; step <= this.vcpus.length; step++) {
      const index = (this.current + step) % this.vcpus.length;
      const vcpu = this.vcpus[index]!;
      if (!this.canRun(vcpu, now)) continue;
      this.current = index;
      this.kicked = false;
      this.quantumEnd = this.vcpus.length === 1 ? Number.POSITIVE_INFINITY : now + this.quantum();
      return vcpu;
    }
    return null;
  }

  /** An interrupt was raised for vCPU `id`: if it is another one, the quantum ends at this instruction. */
  interruptRaised(id: number): void {
    if (this.vcpus[this.current]!.id !== id) this.kicked = true;
  }

  /** The vCPU came back before its deadline (it yielded, or raised something for another in the core): its quantum is over. */
  yielded(): void {
    this.kicked = true;
  }

  /**
   * At `now`, `vcpu` did nothing but branch to itself with interrupts off. It is tried again when time has passed, for another vCPU
   * may have rewritten its code.
   */
  spins(vcpu: Vcpu, now: number): void {
    this.spunAt.set(vcpu.id, now);
    this.yielded();
  }

  idleState(): IdleState {
    let wakeAt = Number.POSITIVE_INFINITY;
    let spinning = 0;
    let deaf = 0;
    for (const vcpu of this.vcpus) {
      wakeAt = Math.min(wakeAt, vcpu.wakeAt);
      if (vcpu.waiting === 'spin') spinning++;
      else if (vcpu.deaf) deaf++;
    }
    return { wakeAt, spinning, waiting: this.vcpus.length - spinning, deaf };
  }

  private canRun(vcpu: Vcpu, now: number): boolean {
    return vcpu.waiting === 'spin' ? this.spunAt.get(vcpu.id) !== now : vcpu.runnable;
  }

  private quantum(): number {
    return Math.floor(this.meanNs / 2) + this.random.below(this.meanNs);
  }
}
