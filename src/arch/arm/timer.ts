// The generic timer of a vCPU: when its timers raise their lines, and the event stream that ends a WFE (ARM DDI 0406C: B8.1). Counters and registers are
// read and written by generated code; here is what time does to them. All of it works on the active vCPU.
import type { CoreServices } from '../../cpu/isa/architecture.ts';
import { NS_PER_TICK_SHIFT, PLACE } from './cp15/places.ts';
import { CP15, WAITING } from './registers.ts';

/** A timer: its registers, its private line, and whether it counts from the virtual counter. */
interface Timer {
  readonly ctl: number;
  readonly cval: number;
  readonly line: number;
  /** Its bit in PLACE.LEVELS. */
  readonly level: number;
  readonly isVirtual: boolean;
}

const TIMERS: readonly Timer[] = [
  { ctl: CP15.CNTP_CTL, cval: CP15.CNTP_CVAL, line: 30, level: 1, isVirtual: false },
  { ctl: CP15.CNTV_CTL, cval: CP15.CNTV_CVAL, line: 27, level: 2, isVirtual: true },
  { ctl: CP15.CNTHP_CTL, cval: CP15.CNTHP_CVAL, line: 26, level: 4, isVirtual: false },
];

const CTL_ENABLE = 1;
const CTL_IMASK = 2;
/** CNTKCTL: the event stream. */
const EVNTEN = 1 << 2;
const EVNTDIR = 1 << 3;
const EVNTI_SHIFT = 4;
const TICK = BigInt(NS_PER_TICK_SHIFT);
const NEVER = Number.POSITIVE_INFINITY;

export class ArmTimers {
  private readonly services: CoreServices;
  private readonly i32: Int32Array;
  private readonly cp15: number;
  private readonly waiting: number;
  private readonly event: number;

  constructor(services: CoreServices) {
    const { banks } = services;
    this.services = services;
    this.i32 = services.i32;
    this.cp15 = banks.cp15!.offset >> 2;
    this.waiting = banks.waiting!.offset >> 2;
    this.event = banks.event!.offset >> 2;
  }

  /** Bring the lines up to `now`. */
  update(now: number): void {
    for (const timer of TIMERS) this.setLine(timer.line, timer.level, this.asks(timer, now));
    this.updateEvents(now);
  }

  /** Guest instant at which a line, or the event register, changes next, or has changed already; Infinity when nothing will. */
  deadline(now: number): number {
    let earliest = this.eventAt || NEVER;
    for (const timer of TIMERS) {
      if (!this.isRunning(timer) || (this.word(PLACE.LEVELS) & timer.level) !== 0) continue;
      if (this.asks(timer, now)) return now; // it passed while the vCPU waited
      const left = BigInt.asUintN(64, this.pair(timer.cval) - this.count(timer, now));
      const at = ((BigInt(now) >> TICK) + left) << TICK;
      if (at < BigInt(Number.MAX_SAFE_INTEGER)) earliest = Math.min(earliest, Number(at));
    }
    return earliest;
  }

  /** Tell the interrupt controller of a private line when its level changes. `bit` is its own in PLACE.LEVELS. */
  setLine(line: number, bit: number, level: boolean): void {
    const levels = this.word(PLACE.LEVELS);
    if (((levels & bit) !== 0) === level) return;
    this.i32[this.cp15 + PLACE.LEVELS] = levels ^ bit;
    this.services.privateLine(line, level);
  }

  private isRunning({ ctl }: Timer): boolean {
    return (this.word(ctl) & (CTL_ENABLE | CTL_IMASK)) === CTL_ENABLE;
  }

  private asks(timer: Timer, now: number): boolean {
    return this.isRunning(timer) && this.count(timer, now) >= this.pair(timer.cval);
  }

  private count({ isVirtual }: Timer, now: number): bigint {
    const physical = BigInt(now) >> TICK;
    return isVirtual ? BigInt.asUintN(64, physical - this.pair(CP15.CNTVOFF)) : physical;
  }

  /** Does the event stream end a WFE that waits? */
  get hasEvents(): boolean {
    return this.eventAt !== 0;
  }

  private get eventAt(): number {
    return Number(this.pair(PLACE.EVENT_AT));
  }

  /** A WFE that waits ends at the next change of the counter's bit; what came before it is not remembered. */
  private updateEvents(now: number): void {
    const at = this.eventAt;
    if (this.i32[this.waiting] !== WAITING.WFE) {
      if (at !== 0) this.setEventAt(0n);
      return;
    }
    if (at === 0) {
      this.setEventAt(this.nextEvent(now));
      return;
    }
    if (at > now) return;
    this.setEventAt(0n);
    this.i32[this.event] = 1;
  }

  private nextEvent(now: number): bigint {
    const control = this.word(CP15.CNTKCTL);
    if ((control & EVNTEN) === 0) return 0n;
    const bit = BigInt((control >> EVNTI_SHIFT) & 15);
    const period = 2n << bit;
    const phase = (control & EVNTDIR) === 0 ? 1n << bit : 0n;
    const physical = BigInt(now) >> TICK;
    const virtual = physical - this.pair(CP15.CNTVOFF);
    const after = (((phase - virtual - 1n) % period) + period) % period;
    return (physical + after + 1n) << TICK;
  }

  private setEventAt(at: bigint): void {
    this.i32[this.cp15 + PLACE.EVENT_AT] = Number(BigInt.asIntN(32, at));
    this.i32[this.cp15 + PLACE.EVENT_AT + 1] = Number(BigInt.asIntN(32, at >> 32n));
  }

  private word(place: number): number {
    return this.i32[this.cp15 + place]!;
  }

  /** Two words as an unsigned number. */
  private pair(place: number): bigint {
    return BigInt(this.word(place) >>> 0) | (BigInt(this.word(place + 1) >>> 0) << 32n);
  }
}
