// The performance monitors of a vCPU (ARM DDI 0406C: C12): the cycle counter, of one cycle in each nanosecond of guest time, and six event counters,
// which count cycles and software increments. A running counter lies in its register less the cycles since guest time began.
import type { CoreServices } from '../../cpu/isa/architecture.ts';
import { WHAT } from './cp15/description.ts';
import { PLACE, PMU_COUNTERS } from './cp15/places.ts';
import { CP15 } from './registers.ts';
import type { ArmTimers } from './timer.ts';

const PMCR = { E: 1, P: 2, C: 4, D: 8, WRITABLE: 0x39 };
const CYCLE = 1 << 31;
const COUNTERS = CYCLE | ((1 << PMU_COUNTERS) - 1);
const EVENT = { INCREMENT: 0x00, CYCLES: 0x11 };
const DIVIDED_BY = 64;
const WRAP = 2 ** 32;
/** PMSELR: the cycle counter's filter. */
const SELECTS_FILTER = 31;
/** PMCEID0: software increments, cycles. */
const EVENTS = (1 << EVENT.INCREMENT) | (1 << EVENT.CYCLES);

/** The registers that the table says by numbers of its own. */
const PLACES = { CNTENSET: 1, CNTENCLR: 2, OVSR: 3, SWINC: 4, OVSSET: 5, CEID0: 6, CEID1: 7, INTENSET: 8, INTENCLR: 9 };

const LINE = 23;
const LEVEL = 8;

export class ArmPmu {
  private readonly services: CoreServices;
  private readonly timers: ArmTimers;
  private readonly i32: Int32Array;
  private readonly cp15: number;

  constructor(services: CoreServices, timers: ArmTimers) {
    this.services = services;
    this.timers = timers;
    this.i32 = services.i32;
    this.cp15 = services.banks.cp15!.offset >> 2;
  }

  /** MRC; `what` says the register. */
  read(what: number): number {
    if (this.isAbsent(what)) return 0;
    const place = what & WHAT.PLACE;
    const now = this.services.now();
    switch (place) {
      case PLACES.CNTENSET:
      case PLACES.CNTENCLR:
        return this.word(CP15.PMCNTENSET);
      case PLACES.OVSR:
      case PLACES.OVSSET:
        this.noteOverflows(now);
        return this.word(CP15.PMOVSR);
      case PLACES.CEID0:
        return EVENTS;
      case PLACES.CEID1:
        return 0;
      case PLACES.INTENSET:
      case PLACES.INTENCLR:
        return this.word(CP15.PMINTENSET);
      case PLACE.PMCCNTR:
        return this.value(PMU_COUNTERS, now) | 0;
      case PLACE.PMEVTYPER:
        return this.selected === SELECTS_FILTER ? this.word(PLACE.PMCCFILTR) : this.ofSelected(PLACE.PMEVTYPER);
      case PLACE.PMEVCNTR:
        return this.selected < PMU_COUNTERS ? this.value(this.selected, now) | 0 : 0;
      default:
        return this.word(place);
    }
  }

  /** MCR. */
  write(what: number, value: number): void {
    if (this.isAbsent(what)) return;
    const now = this.services.now();
    this.noteOverflows(now);
    // Counters stop, whatever changes, and go on with the value that they have then.
    const values = Array.from({ length: PMU_COUNTERS + 1 }, (_, n) => this.value(n, now));
    this.change(what & WHAT.PLACE, value, values);
    for (const [n, counted] of values.entries()) this.set(this.counterAt(n), counted - this.ticksOf(n, now));
    this.update(now);
  }

  /** Note overflows up to `now`, and drive the interrupt. */
  update(now: number): void {
    if (this.isOn) this.noteOverflows(now);
    const asks = (this.word(CP15.PMOVSR) & this.word(CP15.PMINTENSET)) !== 0;
    this.timers.setLine(LINE, LEVEL, asks && this.isOn);
  }

  /** Guest instant of the next overflow that is not noted yet, or Infinity. */
  deadline(): number {
    let earliest = Number.POSITIVE_INFINITY;
    if (!this.isOn || this.word(CP15.PMINTENSET) === 0) return earliest;
    const seen = Number(this.pair(PLACE.PMU_SEEN));
    for (let n = 0; n <= PMU_COUNTERS; n++) {
      const period = this.nsPerCount(n);
      if (period === 0) continue;
      const left = WRAP - this.value(n, seen);
      earliest = Math.min(earliest, (Math.floor(seen / period) + left) * period);
    }
    return earliest;
  }

  private change(place: number, value: number, values: number[]): void {
    switch (place) {
      case CP15.PMCR:
        if ((value & PMCR.P) !== 0) values.fill(0, 0, PMU_COUNTERS);
        if ((value & PMCR.C) !== 0) values[PMU_COUNTERS] = 0;
        this.set(place, (this.word(place) & ~PMCR.WRITABLE) | (value & PMCR.WRITABLE));
        return;
      case PLACES.CNTENSET:
        this.set(CP15.PMCNTENSET, this.word(CP15.PMCNTENSET) | (value & COUNTERS));
        return;
      case PLACES.CNTENCLR:
        this.set(CP15.PMCNTENSET, this.word(CP15.PMCNTENSET) & ~value);
        return;
      case PLACES.OVSR:
        this.set(CP15.PMOVSR, this.word(CP15.PMOVSR) & ~value);
        return;
      case PLACES.OVSSET:
        this.set(CP15.PMOVSR, this.word(CP15.PMOVSR) | (value & COUNTERS));
        return;
      case PLACES.SWINC:
        this.increment(value, values);
        return;
      case PLACES.INTENSET:
        this.set(CP15.PMINTENSET, this.word(CP15.PMINTENSET) | (value & COUNTERS));
        return;
      case PLACES.INTENCLR:
        this.set(CP15.PMINTENSET, this.word(CP15.PMINTENSET) & ~value);
        return;
      case PLACE.PMCCNTR:
        values[PMU_COUNTERS] = value >>> 0;
        return;
      case PLACE.PMEVTYPER:
        if (this.selected === SELECTS_FILTER) this.set(PLACE.PMCCFILTR, value & 0xf8000000);
        else if (this.selected < PMU_COUNTERS) this.set(PLACE.PMEVTYPER + this.selected, value & 0xf80000ff);
        return;
      case PLACE.PMEVCNTR:
        if (this.selected < PMU_COUNTERS) values[this.selected] = value >>> 0;
        return;
      case CP15.PMSELR:
        this.set(place, value & 31);
        return;
      case CP15.PMUSERENR:
        this.set(place, value & 1);
    }
  }

  /** PMSWINC. */
  private increment(which: number, values: number[]): void {
    for (let n = 0; n < PMU_COUNTERS; n++) {
      const counts = (which & this.word(CP15.PMCNTENSET) & (1 << n)) !== 0 && this.isOn;
      if (!counts || (this.word(PLACE.PMEVTYPER + n) & 0xff) !== EVENT.INCREMENT) continue;
      values[n] = (values[n]! + 1) % WRAP;
      if (values[n] === 0) this.set(CP15.PMOVSR, this.word(CP15.PMOVSR) | (1 << n));
    }
  }

  private noteOverflows(now: number): void {
    const seen = Number(this.pair(PLACE.PMU_SEEN));
    for (let n = 0; n <= PMU_COUNTERS; n++) {
      const period = this.nsPerCount(n);
      if (period === 0) continue;
      const counted = Math.floor(now / period) - Math.floor(seen / period);
      if (this.value(n, seen) + counted < WRAP) continue;
      this.set(CP15.PMOVSR, this.word(CP15.PMOVSR) | (n === PMU_COUNTERS ? CYCLE : 1 << n));
    }
    this.set(PLACE.PMU_SEEN, now % WRAP);
    this.set(PLACE.PMU_SEEN + 1, Math.floor(now / WRAP));
  }

  /** Nanoseconds for each count of a counter (the last one counts cycles); 0: it does not run by itself. */
  private nsPerCount(n: number): number {
    const enabled = n === PMU_COUNTERS ? CYCLE : 1 << n;
    if (!this.isOn || (this.word(CP15.PMCNTENSET) & enabled) === 0) return 0;
    if (n === PMU_COUNTERS) return (this.word(CP15.PMCR) & PMCR.D) !== 0 ? DIVIDED_BY : 1;
    return (this.word(PLACE.PMEVTYPER + n) & 0xff) === EVENT.CYCLES ? 1 : 0;
  }

  private ticksOf(n: number, now: number): number {
    const period = this.nsPerCount(n);
    return period === 0 ? 0 : Math.floor(now / period) % WRAP;
  }

  private value(n: number, now: number): number {
    return (this.word(this.counterAt(n)) + this.ticksOf(n, now)) >>> 0;
  }

  private counterAt(n: number): number {
    return n === PMU_COUNTERS ? PLACE.PMCCNTR : PLACE.PMEVCNTR + n;
  }

  private ofSelected(place: number): number {
    return this.selected < PMU_COUNTERS ? this.word(place + this.selected) : 0;
  }

  private get selected(): number {
    return this.word(CP15.PMSELR);
  }

  private get isOn(): boolean {
    return (this.word(CP15.PMCR) & PMCR.E) !== 0;
  }

  private isAbsent(what: number): boolean {
    return (what & WHAT.ONLY_BARE) !== 0 && this.word(PLACE.HAS_HYP) === 0;
  }

  private word(place: number): number {
    return this.i32[this.cp15 + place]!;
  }

  private set(place: number, value: number): void {
    this.i32[this.cp15 + place] = value;
  }

  private pair(place: number): bigint {
    return BigInt(this.word(place) >>> 0) | (BigInt(this.word(place + 1) >>> 0) << 32n);
  }
}
