// A GICv2 CPU interface without Security Extensions (ARM IHI 0048B, sections 2.3, 3.2 to 3.5 and 4.4; section 5.5 for the virtual one): priority mask, preemption by group
// priority, acknowledge, priority drop and deactivation, and the signals nIRQ and nFIQ. Every access counts as a Secure one, as the
// specification says for a GIC without these extensions: GICC_IAR is for Group 0, and for Group 1 only with GICC_CTLR.AckCtl; GICC_AIAR is
// for Group 1. There are no legacy interrupt inputs, so the bypass bits of GICC_CTLR are kept and do nothing.
import type { DeviceState } from '../device.ts';
import type { SavedState } from '../state.ts';
import { lowestBit, PRIORITY_BITS } from './gic-bank.ts';

const GICC_CTLR_ACKCTL = 1 << 2;
const GICC_CTLR_FIQEN = 1 << 3;
const GICC_CTLR_CBPR = 1 << 4;
const GICC_CTLR_EOIMODE = 1 << 9;
/** Smallest binary points: with 5 bits of priority, all of them can be group priority. */
const MIN_BPR = 2;
const MIN_ABPR = 3;
/** No pending interrupt. */
const SPURIOUS = 1023;
/** A Group 1 interrupt pends that GICC_IAR does not give out. */
const SPURIOUS_GROUP1 = 1022;
/** Running priority when no interrupt is active. */
const IDLE_PRIORITY = 0xff;

/** What a CPU interface signals: nothing, an interrupt on nIRQ, or one on nFIQ. */
export type GicSignal = 'none' | 'irq' | 'fiq';

/** The interrupts of a CPU interface: the distributor's for one CPU, or the list registers'. A pending one goes by a number of the source's own. */
export interface GicInterruptSource {
  /** The highest priority pending interrupt, or undefined. */
  highestPending(): number | undefined;
  groupOf(interrupt: number): 0 | 1;
  priorityOf(interrupt: number): number;
  /** What GICC_IAR says of it: bits 9:0 the interrupt ID, bits 12:10 the CPU that sent the SGI. */
  valueOf(interrupt: number): number;
  /** It becomes active. */
  acknowledge(interrupt: number): void;
  /** Does a write of `value` to GICC_EOIR (0), GICC_AEOIR (1) or GICC_DIR (0) name an interrupt that the register ends? */
  ends(register: 0 | 1, value: number): boolean;
  /** The interrupt of `value` becomes inactive; `dropped`: by a GICC_DIR, or a GICC_EOIR that cleared an active priority. */
  deactivate(value: number, dropped: boolean): void;
}

interface GicCpuInterfaceOptions {
  /** Bits of the control register that exist. */
  readonly ctlrBits: number;
  /** Registers of active priorities: one for each group, or one for both. */
  readonly aprs: 1 | 2;
}

export class GicCpuInterface {
  /** Active group priorities, a bit for each of the 32, the highest priority in bit 0: GICC_APR0 and GICC_NSAPR0. */
  readonly aprs: number[];
  private readonly source: GicInterruptSource;
  private readonly ctlrBits: number;
  private control = 0;
  private mask = 0;
  private point = MIN_BPR;
  private aliasedPoint = MIN_ABPR;

  constructor(source: GicInterruptSource, options: GicCpuInterfaceOptions) {
    this.source = source;
    this.ctlrBits = options.ctlrBits;
    this.aprs = Array.from({ length: options.aprs }, () => 0);
  }

  reset(): void {
    this.ctlr = 0;
    this.pmr = 0;
    this.bpr = MIN_BPR;
    this.abpr = MIN_ABPR;
    this.aprs.fill(0);
  }

  /** Is the group enabled and the priority above the mask? */
  accepts(group: 0 | 1, priority: number): boolean {
    return (this.control & (1 << group)) !== 0 && priority < this.mask;
  }

  /** Do interrupts of group 0 come by nFIQ? */
  get usesFiq(): boolean {
    return (this.control & GICC_CTLR_FIQEN) !== 0;
  }

  get signal(): GicSignal {
    const interrupt = this.deliverable();
    if (interrupt === undefined) return 'none';
    return this.usesFiq && this.source.groupOf(interrupt) === 0 ? 'fiq' : 'irq';
  }

  /** A read of GICC_IAR (0) or GICC_AIAR (1): the interrupt becomes active. */
  acknowledge(register: 0 | 1): number {
    const interrupt = this.deliverable();
    const value = this.shown(register, interrupt);
    if (interrupt === undefined || value === SPURIOUS || value === SPURIOUS_GROUP1) return value;
    const at = this.source.groupOf(interrupt) % this.aprs.length;
    this.aprs[at] = (this.aprs[at]! | (1 << (this.groupPriority(interrupt) >>> 3))) >>> 0;
    this.source.acknowledge(interrupt);
    return value;
  }

  /** What a read of GICC_IAR (0) or GICC_AIAR (1) would return. */
  peekAcknowledge(register: 0 | 1): number {
    return this.shown(register, this.deliverable());
  }

  /** GICC_HPPIR (0) and GICC_AHPPIR (1): neither mask nor running priority counts. */
  highestPending(register: 0 | 1): number {
    return this.shown(register, this.source.highestPending());
  }

  /** A write to GICC_EOIR (0) or GICC_AEOIR (1): the running priority drops; with EOImode 0 the interrupt is deactivated. */
  endOfInterrupt(register: 0 | 1, value: number): void {
    if (!this.source.ends(register, value)) return;
    const active = this.active;
    const highest = active & -active;
    const at = this.aprs.findIndex((apr) => (apr & highest) !== 0);
    if (at >= 0) this.aprs[at] = (this.aprs[at]! & ~highest) >>> 0;
    if (!(this.control & GICC_CTLR_EOIMODE)) this.source.deactivate(value, at >= 0);
  }

  /** A write to GICC_DIR; without EOImode 1 it is unpredictable, here ignored. */
  deactivateInterrupt(value: number): void {
    if (this.control & GICC_CTLR_EOIMODE && this.source.ends(0, value)) this.source.deactivate(value, true);
  }

  get ctlr(): number {
    return this.control;
  }

  set ctlr(value: number) {
    this.control = value & this.ctlrBits;
  }

  get pmr(): number {
    return this.mask;
  }

  set pmr(value: number) {
    this.mask = value & PRIORITY_BITS;
  }

  get bpr(): number {
    return this.point;
  }

  /** A binary point below the smallest one sets the smallest one. */
  set bpr(value: number) {
    this.point = Math.max(value & 7, MIN_BPR);
  }

  get abpr(): number {
    return this.aliasedPoint;
  }

  set abpr(value: number) {
    this.aliasedPoint = Math.max(value & 7, MIN_ABPR);
  }

  /** The highest active group priority; 0xff when none is active. */
  get runningPriority(): number {
    const { active } = this;
    return active === 0 ? IDLE_PRIORITY : lowestBit(active) << 3;
  }

  save(): DeviceState {
    const { ctlr, pmr, bpr, abpr, aprs } = this;
    return { ctlr, pmr, bpr, abpr, aprs: [...aprs] };
  }

  /** Takes all or, when a value does not fit, throws TsvmError and takes nothing. */
  restore(saved: SavedState): void {
    const [ctlr, pmr] = [saved.integer('ctlr', 0xffffffff), saved.integer('pmr', 0xff)];
    const [bpr, abpr] = [saved.integer('bpr', 7), saved.integer('abpr', 7)];
    const aprs = saved.integers('aprs', this.aprs.length, 0xffffffff);
    if (aprs.length !== this.aprs.length) throw saved.bad('aprs', `a list of ${this.aprs.length}`);
    this.ctlr = ctlr;
    this.pmr = pmr;
    this.bpr = bpr;
    this.abpr = abpr;
    this.aprs.splice(0, aprs.length, ...aprs);
  }

  private get active(): number {
    return this.aprs.reduce((all, apr) => all | apr, 0);
  }

  /** The pending interrupt that the CPU is told of: not masked, its group enabled, and above the running priority. */
  private deliverable(): number | undefined {
    const interrupt = this.source.highestPending();
    if (interrupt === undefined) return undefined;
    if (!this.accepts(this.source.groupOf(interrupt), this.source.priorityOf(interrupt))) return undefined;
    return this.groupPriority(interrupt) < this.runningPriority ? interrupt : undefined;
  }

  /** What a register of a group shows of `interrupt`. */
  private shown(register: 0 | 1, interrupt: number | undefined): number {
    if (interrupt === undefined) return SPURIOUS;
    const group = this.source.groupOf(interrupt);
    if (register === 1 && group === 0) return SPURIOUS;
    if (register === 0 && group === 1 && !(this.control & GICC_CTLR_ACKCTL)) return SPURIOUS_GROUP1;
    return this.source.valueOf(interrupt);
  }

  /** The bits of an interrupt's priority that decide about preemption (IHI 0048B, table 3-2). */
  private groupPriority(interrupt: number): number {
    const own = this.source.groupOf(interrupt) === 1 && !(this.control & GICC_CTLR_CBPR);
    const point = own ? this.aliasedPoint - 1 : this.point;
    return this.source.priorityOf(interrupt) & (0xff << (point + 1));
  }
}
