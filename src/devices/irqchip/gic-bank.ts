// 32 interrupts of a GICv2 distributor (ARM IHI 0048B, sections 3.2 and 4.3): the ones that one bit, byte or bit pair of each distributor
// register stands for. Interrupts 0 to 31 have a bank for every CPU (SGIs 0 to 15, PPIs 16 to 31); SPIs share theirs.
import type { DeviceState } from '../device.ts';
import type { SavedState } from '../state.ts';

const SGIS = 16;
const SGI_BITS = 0x0000ffff;
/** Interrupts of a bank. */
export const BANK_SIZE = 32;
/** Bits of a priority that exist: 32 levels, as in the GIC-400. A lower number is a higher priority. */
export const PRIORITY_BITS = 0xf8;

interface GicBankOptions {
  /** SGIs and PPIs of one CPU; SPIs otherwise. */
  readonly banked: boolean;
  /** Interrupts of the bank that exist, a bit each. */
  readonly present: number;
  /** CPUs that exist, a bit each. */
  readonly cpus: number;
}

export class GicBank {
  /** Priority of each interrupt. */
  readonly priorities = new Uint8Array(BANK_SIZE);
  /** CPUs that each SPI targets, a bit each; empty for SGIs and PPIs. */
  readonly targets: Uint8Array;
  /** CPUs from which each SGI pends, a bit each; empty for SPIs. */
  readonly sources: Uint8Array;
  private readonly options: GicBankOptions;
  private enables = 0;
  /** Pending by an edge, by an SGI or by GICD_ISPENDR, whatever the input lines say. */
  private latched = 0;
  private actives = 0;
  private lines = 0;
  private edges = 0;
  private groups = 0;

  constructor(options: GicBankOptions) {
    this.options = options;
    this.targets = new Uint8Array(options.banked ? 0 : BANK_SIZE);
    this.sources = new Uint8Array(options.banked ? SGIS : 0);
    this.reset();
  }

  reset(): void {
    this.priorities.fill(0);
    this.targets.fill(0);
    this.sources.fill(0);
    this.enables = this.sgis;
    this.latched = 0;
    this.actives = 0;
    this.lines = 0;
    this.edges = this.sgis;
    this.groups = 0;
  }

  get enabled(): number {
    return this.enables;
  }

  get active(): number {
    return this.actives;
  }

  /** Bits of interrupts in Group 1; the others are in Group 0. */
  get group(): number {
    return this.groups;
  }

  /** Bits of edge-triggered interrupts; the others are level-sensitive. */
  get edge(): number {
    return this.edges;
  }

  /** Pending, and active and pending (IHI 0048B figure 4-10): a level-sensitive interrupt pends while its input is high. */
  get pending(): number {
    return (this.latched | (this.lines & ~this.edges)) >>> 0;
  }

  enable(bits: number): void {
    this.enables = (this.enables | (bits & this.options.present)) >>> 0;
  }

  /** SGIs stay enabled. */
  disable(bits: number): void {
    this.enables = ((this.enables & ~bits) | this.sgis) >>> 0;
  }

  /** GICD_ISPENDR: not for SGIs. */
  setPending(bits: number): void {
    this.latched = (this.latched | (bits & this.options.present & ~this.sgis)) >>> 0;
  }

  /** GICD_ICPENDR: not for SGIs; a level-sensitive interrupt whose input is high stays pending. */
  clearPending(bits: number): void {
    this.latched = (this.latched & ~(bits & ~this.sgis)) >>> 0;
  }

  activate(bits: number): void {
    this.actives = (this.actives | (bits & this.options.present)) >>> 0;
  }

  deactivate(bits: number): void {
    this.actives = (this.actives & ~bits) >>> 0;
  }

  setGroup(bits: number): void {
    this.groups = (bits & this.options.present) >>> 0;
  }

  /** Triggering of SPIs; that of SGIs (edge) and PPIs (level) is fixed. */
  setEdge(bits: number): void {
    if (!this.options.banked) this.edges = (bits & this.options.present) >>> 0;
  }

  /** `priority` of interrupt `n` of the bank; bits that do not exist are dropped. */
  setPriority(n: number, priority: number): void {
    this.priorities[n] = this.has(n) ? priority & PRIORITY_BITS : 0;
  }

  /** CPUs that SPI `n` of the bank targets, a bit each. */
  setTargets(n: number, cpus: number): void {
    this.targets[n] = this.has(n) ? cpus & this.options.cpus : 0;
  }

  /** CPUs from which SGI `n` pends, a bit each: `set` are added to them, `clear` are taken away. */
  changeSources(n: number, set: number, clear: number): void {
    const sources = ((this.sources[n]! & ~clear) | set) & this.options.cpus;
    this.sources[n] = sources;
    this.latched = (sources === 0 ? this.latched & ~(1 << n) : this.latched | (1 << n)) >>> 0;
  }

  /** The CPU that the next acknowledge of interrupt `n` names: the lowest that sent the SGI; 0 for other interrupts. */
  source(n: number): number {
    const sources = this.sources[n] ?? 0;
    return sources === 0 ? 0 : lowestBit(sources);
  }

  /** Interrupt `n` becomes active. It stays pending only by its input's level, or by another CPU's SGI. */
  acknowledge(n: number): void {
    if (n < this.sources.length) this.changeSources(n, 0, 1 << this.source(n));
    else this.clearPending(1 << n);
    this.activate(1 << n);
  }

  /** Level of the input of interrupt `n`. False when it has no input. */
  setLine(n: number, level: boolean): boolean {
    const bit = 1 << n;
    if (!this.has(n) || this.sgis & bit) return false;
    if (level && !(this.lines & bit) && this.edges & bit) this.setPending(bit);
    this.lines = (level ? this.lines | bit : this.lines & ~bit) >>> 0;
    return true;
  }

  save(): DeviceState {
    const { enables, latched, actives, lines, edges, groups, priorities, targets, sources } = this;
    return {
      ...{ enables, latched, actives, lines, edges, groups },
      priorities: [...priorities],
      targets: [...targets],
      sources: [...sources],
    };
  }

  /** A bank like this one, in the saved state. */
  restored(saved: SavedState): GicBank {
    const bits = (key: string): number => saved.integer(key, 0xffffffff);
    const bytes = (key: string, length: number): number[] => {
      const list = saved.integers(key, length, 0xff);
      if (list.length !== length) throw saved.bad(key, `a list of ${length}`);
      return list;
    };
    const bank = new GicBank(this.options);
    bank.enable(bits('enables'));
    bank.setPending(bits('latched'));
    bank.activate(bits('actives'));
    bank.lines = (bits('lines') & this.options.present & ~this.sgis) >>> 0;
    bank.setEdge(bits('edges'));
    bank.setGroup(bits('groups'));
    bytes('priorities', BANK_SIZE).forEach((priority, n) => {
      bank.setPriority(n, priority);
    });
    bytes('targets', this.targets.length).forEach((cpus, n) => {
      bank.setTargets(n, cpus);
    });
    bytes('sources', this.sources.length).forEach((cpus, n) => {
      bank.changeSources(n, cpus, 0);
    });
    return bank;
  }

  /** Bits of the SGIs, which are always enabled and edge-triggered, and pend by their sources. */
  private get sgis(): number {
    return this.options.banked ? SGI_BITS : 0;
  }

  private has(n: number): boolean {
    return (this.options.present & (1 << n)) !== 0;
  }
}

/** Number of the lowest bit set; `bits` is not 0. */
export function lowestBit(bits: number): number {
  return 31 - Math.clz32(bits & -bits);
}
