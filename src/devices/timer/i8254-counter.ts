// The counting element of an 8254 counter (Intel 8254 data sheet, order 231164). Nothing happens at a tick of its clock: count and output
// are functions of the tick's number and of what was written when. "Tick n" is an instant of the clock since the
// machine's start; all methods are told the tick that passed last.
import type { DeviceState } from '../device.ts';
import type { SavedState } from '../state.ts';
import { countAfter, highHalf, type I8254Mode, nextChange, outputAfter } from './i8254-modes.ts';

/** It counts from `count` (1 to 65536); at tick `start` it has counted `skipped` ticks. */
interface Run {
  readonly start: number;
  readonly count: number;
  readonly skipped: number;
  /** Begun by loading the count register at `start`, which no gate holds up; not by the end of a period. */
  readonly loaded: boolean;
}

const MAX_COUNT = 0x10000;
/** Thirty years: a sum of ticks in a saved state stays exact. */
const MAX_TICK = 2 ** 50;

export class I8254Counter {
  private readonly initialGate: boolean;
  private gateLevel: boolean;
  private mode: I8254Mode = 0;
  /** Where the count wraps: 65536, or 10000 in BCD. */
  private modulus = MAX_COUNT;
  /** The count register. */
  private register = MAX_COUNT;
  /** A count was written since the control word. */
  private written = false;
  /** What was written last is in the count register only (data sheet: null count). */
  private fresh = true;
  private run: Run | null = null;
  /** What it goes on with from tick `next.start`. */
  private next: Run | null = null;
  /** Ticks that `run` had counted when the gate stopped it. */
  private stopped = 0;
  /** What it shows while nothing runs. */
  private idleCount = 0;

  constructor(gate: boolean) {
    this.initialGate = gate;
    this.gateLevel = gate;
  }

  reset(): void {
    this.gateLevel = this.initialGate;
    this.setMode(0, MAX_COUNT, 0);
    this.idleCount = 0;
  }

  /** A control word: all stops until a count is written. */
  setMode(mode: I8254Mode, modulus: number, tick: number): void {
    this.stop(tick);
    this.mode = mode;
    this.modulus = modulus;
    this.register = modulus;
    this.written = false;
    this.fresh = true;
    this.stopped = 0;
  }

  /** A whole count, 1 to `modulus`, is in the count register. */
  setCount(count: number, tick: number): void {
    this.goTo(tick);
    this.register = count;
    this.written = true;
    this.fresh = true;
    if (this.mode === 0) this.stop(tick);
    if (this.next?.loaded) this.next = { ...this.next, count };
    else if (!this.periodic) {
      if (!this.gateIsTrigger) this.load(tick);
    } else if (!this.run) this.load(tick);
    else if (this.gateLevel) this.next = this.afterPeriod(this.run, tick);
  }

  /** The count stands still; in mode 0 the output falls. */
  stop(tick: number): void {
    this.goTo(tick);
    this.idleCount = this.count(tick);
    this.run = null;
    this.next = null;
  }

  get gate(): boolean {
    return this.gateLevel;
  }

  setGate(level: boolean, tick: number): void {
    if (level === this.gateLevel) return;
    this.goTo(tick);
    if (!level && this.run && !this.gateIsTrigger) {
      this.stopped = this.elapsed(this.run, tick);
      // The end of the period will not come.
      if (!this.next?.loaded) this.next = null;
    }
    // The output stays up until the new period begins.
    if (level && this.periodic) this.stop(tick);
    this.gateLevel = level;
    if (!level) return;
    if (this.periodic || this.gateIsTrigger) {
      if (this.written) this.load(tick);
    } else if (this.run) this.run = { ...this.run, start: tick, skipped: this.stopped };
  }

  out(tick: number): boolean {
    return this.outOf(this.current(tick), tick);
  }

  /** The first tick after `tick` at which the output changes, if nothing is written before; undefined: it does not change. */
  nextEdge(tick: number): number | undefined {
    const run = this.current(tick);
    const edge = run ? this.edgeOf(run, tick) : undefined;
    const { next } = this;
    if (!next || run === next || (edge !== undefined && edge < next.start)) return edge;
    return this.outOf(next, next.start) === this.outOf(run, tick) ? this.edgeOf(next, next.start) : next.start;
  }

  /** What was written last is not being counted yet. */
  nullCount(tick: number): boolean {
    return this.fresh && !(this.next && tick >= this.next.start);
  }

  /** The count, less than the modulus. */
  count(tick: number): number {
    const run = this.current(tick);
    if (!run) return this.idleCount;
    const count = countAfter(this.mode, run.count, this.elapsed(run, tick)) % this.modulus;
    return count < 0 ? count + this.modulus : count;
  }

  save(): DeviceState {
    const { gateLevel, register, written, fresh, stopped, idleCount } = this;
    const run = (value: Run | null): DeviceState => (value ? [{ ...value }] : []);
    return { gateLevel, register, written, fresh, stopped, idleCount, run: run(this.run), next: run(this.next) };
  }

  /** `mode` and `modulus` follow from the control word. */
  restore(saved: SavedState, mode: I8254Mode, modulus: number): void {
    this.mode = mode;
    this.modulus = modulus;
    this.gateLevel = saved.boolean('gateLevel');
    this.register = saved.integer('register', MAX_COUNT);
    this.written = saved.boolean('written');
    this.fresh = saved.boolean('fresh');
    this.stopped = saved.integer('stopped', MAX_TICK);
    this.idleCount = saved.integer('idleCount', MAX_COUNT - 1);
    this.run = savedRun(saved, 'run');
    this.next = savedRun(saved, 'next');
  }

  private get periodic(): boolean {
    return this.mode === 2 || this.mode === 3;
  }

  /** Modes 1 and 5: the gate starts the count and does not stop it. */
  private get gateIsTrigger(): boolean {
    return this.mode === 1 || this.mode === 5;
  }

  /** The gate stops the count. */
  private get held(): boolean {
    return !this.gateLevel && !this.gateIsTrigger;
  }

  /** The count register goes into the counting element at the next tick. */
  private load(tick: number): void {
    this.next = { start: tick + 1, count: this.register, skipped: 0, loaded: true };
  }

  /** What was to begin by now has begun. */
  private goTo(tick: number): void {
    if (!this.next || tick < this.next.start) return;
    this.run = this.next;
    this.next = null;
    this.stopped = 0;
    this.fresh = false;
  }

  /** How it goes on with a new count: mode 2 at the end of the period, mode 3 at the end of the half period. */
  private afterPeriod(run: Run, tick: number): Run {
    const count = this.register;
    const within = this.elapsed(run, tick) % run.count;
    const high = highHalf(run.count);
    const [end, skipped] = this.mode === 3 && within < high ? [high, highHalf(count)] : [run.count, 0];
    return { start: tick - within + end, count, skipped, loaded: false };
  }

  private current(tick: number): Run | null {
    return this.next && tick >= this.next.start ? this.next : this.run;
  }

  private elapsed(run: Run, tick: number): number {
    if (!this.held) return tick - run.start + run.skipped;
    return run === this.next ? 0 : this.stopped;
  }

  private outOf(run: Run | null, tick: number): boolean {
    if (!run) return this.mode !== 0;
    if (this.periodic && this.held) return true;
    return outputAfter(this.mode, run.count, this.elapsed(run, tick));
  }

  private edgeOf(run: Run, tick: number): number | undefined {
    const change = this.held ? undefined : nextChange(this.mode, run.count, this.elapsed(run, tick));
    return change === undefined ? undefined : run.start - run.skipped + change;
  }
}

function savedRun(saved: SavedState, key: string): Run | null {
  const [run] = saved.objects(key, 1);
  if (!run) return null;
  const count = run.integer('count', MAX_COUNT);
  if (count === 0) throw run.bad('count', 'more than 0');
  return {
    start: run.integer('start', MAX_TICK),
    count,
    skipped: run.integer('skipped', MAX_TICK),
    loaded: run.boolean('loaded'),
  };
}
