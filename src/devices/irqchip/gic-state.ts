// What a GICv2 distributor forwards, and to which CPU (ARM IHI 0048B, sections 2.2, 3.1 and 3.3): all interrupts' state, and the choice of the
// highest priority pending interrupt. Among equal priorities the lowest interrupt ID wins.
//
// The 1-N model: an SPI with several targets is offered to one CPU at a time, the lowest whose CPU interface lets it through, so that a run never
// depends on who is faster. When none does, it waits at the lowest target.
import type { DeviceState } from '../device.ts';
import type { SavedState } from '../state.ts';
import { BANK_SIZE, GicBank, lowestBit } from './gic-bank.ts';
import type { GicInterruptSource } from './gic-cpu-interface.ts';

/** Interrupt IDs from here on have a special meaning. */
const SPECIAL_IDS = 1020;
/** Interrupt ID in what GICC_IAR returns and GICC_EOIR takes. */
const ID = 0x3ff;
/** GICD_CTLR: EnableGrp0 and EnableGrp1. */
const ENABLES = 3;

/** Does the CPU interface of `cpu` let an interrupt of this group and priority through? */
type Accepts = (cpu: number, group: 0 | 1, priority: number) => boolean;

export class GicState {
  readonly cpus: number;
  /** Banks of 32 interrupts that one CPU sees. */
  readonly bankCount: number;
  private readonly interrupts: number;
  private readonly accepts: Accepts;
  private enables = 0;
  private banked: readonly GicBank[];
  private shared: readonly GicBank[];

  /** `cpus` from 1 to 8; `interrupts` counts SGIs, PPIs and SPIs, a multiple of 32 up to 1024, of which 1020 exist. */
  constructor(cpus: number, interrupts: number, accepts: Accepts) {
    this.cpus = cpus;
    this.interrupts = Math.min(interrupts, SPECIAL_IDS);
    this.bankCount = interrupts / BANK_SIZE;
    this.accepts = accepts;
    const mask = (1 << cpus) - 1;
    this.banked = Array.from({ length: cpus }, () => new GicBank({ banked: true, present: 0xffffffff, cpus: mask }));
    this.shared = Array.from({ length: this.bankCount - 1 }, (_, i) => {
      const missing = Math.max((i + 2) * BANK_SIZE - SPECIAL_IDS, 0);
      return new GicBank({ banked: false, present: 0xffffffff >>> missing, cpus: mask });
    });
  }

  reset(): void {
    this.enables = 0;
    for (const bank of [...this.banked, ...this.shared]) bank.reset();
  }

  /** GICD_CTLR. */
  get ctlr(): number {
    return this.enables;
  }

  set ctlr(value: number) {
    this.enables = value & ENABLES;
  }

  /** Interrupts 32 × `index` and up, as `cpu` sees them. */
  bank(index: number, cpu: number): GicBank {
    return index === 0 ? this.banked[cpu]! : this.shared[index - 1]!;
  }

  /** Is `id` one of this GIC's interrupts? */
  exists(id: number): boolean {
    return Number.isInteger(id) && id >= 0 && id < this.interrupts;
  }

  /** The bank of interrupt `id` as `cpu` sees it. */
  bankOf(id: number, cpu: number): GicBank {
    return this.bank(id >>> 5, cpu);
  }

  /** The interrupts that `cpu` sees, by interrupt ID. */
  sourceFor(cpu: number): GicInterruptSource {
    const bankOf = (id: number): GicBank => this.bankOf(id, cpu);
    const groupOf = (id: number): 0 | 1 => ((bankOf(id).group >>> (id & 31)) & 1) as 0 | 1;
    return {
      highestPending: () => this.highestPending(cpu),
      groupOf,
      priorityOf: (id) => bankOf(id).priorities[id & 31]!,
      valueOf: (id) => id | (bankOf(id).source(id & 31) << 10),
      acknowledge: (id) => bankOf(id).acknowledge(id & 31),
      ends: (register, value) => this.exists(value & ID) && (register === 0 || groupOf(value & ID) === 1),
      deactivate: (value) => bankOf(value & ID).deactivate(1 << (value & 31)),
    };
  }

  save(): DeviceState {
    return {
      enables: this.enables,
      banked: this.banked.map((bank) => bank.save()),
      shared: this.shared.map((bank) => bank.save()),
    };
  }

  /** Takes all or, when a value does not fit, throws TsvmError and takes nothing. */
  restore(saved: SavedState): void {
    const enables = saved.integer('enables', ENABLES);
    const banks = (key: string, from: readonly GicBank[]): GicBank[] => {
      const states = saved.objects(key, from.length);
      if (states.length !== from.length) throw saved.bad(key, `a list of ${from.length}`);
      return from.map((bank, i) => bank.restored(states[i]!));
    };
    const banked = banks('banked', this.banked);
    const shared = banks('shared', this.shared);
    this.enables = enables;
    this.banked = banked;
    this.shared = shared;
  }

  /** The highest priority pending interrupt that the distributor forwards to `cpu`. One that is active is not forwarded again. */
  private highestPending(cpu: number): number | undefined {
    let best: number | undefined;
    let bestPriority = 0x100;
    for (let index = 0; index < this.bankCount; index++) {
      const bank = this.bank(index, cpu);
      const { group } = bank;
      const forwarded = (this.enables & 1 ? ~group : 0) | (this.enables & 2 ? group : 0);
      let candidates = bank.pending & bank.enabled & ~bank.active & forwarded;
      while (candidates !== 0) {
        const n = lowestBit(candidates);
        candidates &= candidates - 1;
        const priority = bank.priorities[n]!;
        if (priority >= bestPriority || (index > 0 && this.receiver(bank, n) !== cpu)) continue;
        best = index * BANK_SIZE + n;
        bestPriority = priority;
      }
    }
    return best;
  }

  /** The CPU that SPI `n` of `bank` is offered to; undefined when it targets none. With one CPU every SPI targets that one. */
  private receiver(bank: GicBank, n: number): number | undefined {
    if (this.cpus === 1) return 0;
    const group = ((bank.group >>> n) & 1) as 0 | 1;
    const targets = bank.targets[n]!;
    for (let rest = targets; rest !== 0; rest &= rest - 1) {
      const cpu = lowestBit(rest);
      if (this.accepts(cpu, group, bank.priorities[n]!)) return cpu;
    }
    return targets === 0 ? undefined : lowestBit(targets);
  }
}
