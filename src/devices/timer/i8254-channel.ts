// One counter of an 8254 interval timer (Intel 8254 data sheet, order 231164). Nothing happens at a tick of its clock: count and output
// are functions of the tick's number and of what was written when. "Tick n" is an instant of the clock since the
// machine's start; all methods are told the tick that passed last.
import { fromBcd, toBcd } from '../bcd.ts';
import type { DeviceState } from '../device.ts';
import type { SavedState } from '../state.ts';
import { countAfter, highHalf, type I8254Mode, nextChange, outputAfter } from './i8254-modes.ts';

/** The counting element counts from `count` (1 to 65536 or 10000); at tick `start` it has counted `skipped` ticks. */
interface Run {
  readonly start: number;
  readonly count: number;
  readonly skipped: number;
  /** Begun by loading the count register at `start`, which no gate holds up; not by the end of a period. */
  readonly loaded: boolean;
}

const LOW_BYTE = 1;
const HIGH_BYTE = 2;
const BOTH_BYTES = 3;
const MAX_TICK = Number.MAX_SAFE_INTEGER;

export class I8254Channel {
  private readonly initialGate: boolean;
  private gate: boolean;
  /** Bits 5:0 of the control word as written; access 0 until there is one. */
  private control = 0;
  /** The count register. */
  private register = 0;
  /** Low byte of a two-byte count that is being written. */
  private lowByte: number | null = null;
  /** `register` waits for the gate before it is counted. */
  private waiting = false;
  private run: Run | null = null;
  /** What it goes on with from tick `next.start`. */
  private next: Run | null = null;
  /** Ticks that `run` had counted when the gate stopped it. */
  private stopped = 0;
  /** What the counting element shows without a run. */
  private idleCount = 0;
  /** The next byte read of a two-byte count is the high one. */
  private readHigh = false;
  private latchedCount: number | null = null;
  private latchedStatus: number | null = null;

  constructor(gate: boolean) {
    this.initialGate = gate;
    this.gate = gate;
  }

  reset(): void {
    this.gate = this.initialGate;
    this.control = 0;
    this.idleCount = 0;
    this.forget();
  }

  /** A control word for this counter; bits 5:4 are not zero. */
  writeControl(value: number, tick: number): void {
    this.idleCount = this.count(tick);
    this.forget();
    this.control = value & 0x3f;
  }

  /** A byte of the count. */
  write(value: number, tick: number): void {
    if (this.access === LOW_BYTE) this.writeCount(value, tick);
    else if (this.access === HIGH_BYTE) this.writeCount(value << 8, tick);
    else if (this.access === BOTH_BYTES && this.lowByte === null) {
      this.lowByte = value;
      // In mode 0 the first byte stops the count and lowers the output.
      if (this.mode === 0) this.stop(tick);
    } else if (this.lowByte !== null) {
      const low = this.lowByte;
      this.lowByte = null;
      this.writeCount((value << 8) | low, tick);
    }
  }

  /** A guest read: a latched status, then a latched count, then the count as it is. */
  read(tick: number): number {
    const value = this.peek(tick);
    if (this.latchedStatus !== null) this.latchedStatus = null;
    else {
      if (this.access !== BOTH_BYTES || this.readHigh) this.latchedCount = null;
      if (this.access === BOTH_BYTES) this.readHigh = !this.readHigh;
    }
    return value;
  }

  /** What `read` would return. */
  peek(tick: number): number {
    if (this.latchedStatus !== null) return this.latchedStatus;
    const count = this.latchedCount ?? this.shownCount(tick);
    const high = this.access === HIGH_BYTE || (this.access === BOTH_BYTES && this.readHigh);
    return high ? count >>> 8 : count & 0xff;
  }

  /** A count that is latched already stays until it was read. */
  latchCount(tick: number): void {
    this.latchedCount ??= this.shownCount(tick);
  }

  latchStatus(tick: number): void {
    this.latchedStatus ??= this.status(tick);
  }

  get gateLevel(): boolean {
    return this.gate;
  }

  setGate(level: boolean, tick: number): void {
    if (level === this.gate) return;
    this.goTo(tick);
    const { run } = this;
    if (!level && run && !this.gateIsTrigger) {
      this.stopped = this.elapsed(run, tick);
      // A count that waits for the end of the period now waits for the gate.
      if (this.next && !this.next.loaded) {
        this.waiting = true;
        this.next = null;
      }
    }
    this.gate = level;
    if (!level) return;
    if (this.gateIsTrigger || this.periodic) {
      if (run || this.next || this.waiting) this.load(tick);
    } else if (run) this.run = { ...run, start: tick, skipped: this.stopped };
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

  /** Output, null count, and the control word as written. */
  status(tick: number): number {
    const run = this.current(tick);
    const nullCount = !run || this.waiting || (this.next !== null && run !== this.next);
    return (this.out(tick) ? 0x80 : 0) | (nullCount ? 0x40 : 0) | this.control;
  }

  /** The counting element as a number, 0 for 65536 or 10000. */
  count(tick: number): number {
    const run = this.current(tick);
    if (!run) return this.idleCount;
    const count = countAfter(this.mode, run.count, this.elapsed(run, tick)) % this.modulus;
    return count < 0 ? count + this.modulus : count;
  }

  save(): DeviceState {
    const { gate, control, register, waiting, stopped, readHigh, idleCount } = this;
    const optional = (value: number | null): number[] => (value === null ? [] : [value]);
    const run = (value: Run | null): DeviceState => (value ? [{ ...value }] : []);
    return {
      ...{ gate, control, register, waiting, stopped, readHigh, idleCount },
      lowByte: optional(this.lowByte),
      latchedCount: optional(this.latchedCount),
      latchedStatus: optional(this.latchedStatus),
      run: run(this.run),
      next: run(this.next),
    };
  }

  restore(saved: SavedState): void {
    const optional = (key: string, max: number): number | null => saved.integers(key, 1, max)[0] ?? null;
    this.gate = saved.boolean('gate');
    this.control = saved.integer('control', 0x3f);
    this.register = saved.integer('register', 0xffff);
    this.waiting = saved.boolean('waiting');
    this.readHigh = saved.boolean('readHigh');
    this.idleCount = saved.integer('idleCount', 0xffff);
    this.lowByte = optional('lowByte', 0xff);
    this.stopped = saved.integer('stopped', MAX_TICK);
    this.latchedCount = optional('latchedCount', 0xffff);
    this.latchedStatus = optional('latchedStatus', 0xff);
    this.run = savedRun(saved, 'run');
    this.next = savedRun(saved, 'next');
  }

  private get access(): number {
    return this.control >>> 4;
  }

  private get mode(): I8254Mode {
    const mode = (this.control >>> 1) & 7;
    return (mode > 5 ? mode - 4 : mode) as I8254Mode;
  }

  private get bcd(): boolean {
    return (this.control & 1) !== 0;
  }

  private get modulus(): number {
    return this.bcd ? 10_000 : 0x10000;
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
    return !this.gate && !this.gateIsTrigger;
  }

  private forget(): void {
    this.register = 0;
    this.lowByte = null;
    this.waiting = false;
    this.run = null;
    this.next = null;
    this.stopped = 0;
    this.readHigh = false;
    this.latchedCount = null;
    this.latchedStatus = null;
  }

  private writeCount(register: number, tick: number): void {
    this.register = register;
    this.goTo(tick);
    if (this.mode === 0) this.stop(tick);
    if (this.gateIsTrigger) this.waiting = true;
    else if (!this.periodic || !this.run) this.load(tick);
    else if (!this.gate) this.waiting = true;
    else if (this.next?.loaded) this.next = { ...this.next, count: this.loadedCount };
    else this.next = this.afterPeriod(this.run, tick);
  }

  /** The count register goes into the counting element at the next tick. */
  private load(tick: number): void {
    this.next = { start: tick + 1, count: this.loadedCount, skipped: 0, loaded: true };
    this.waiting = false;
  }

  private stop(tick: number): void {
    this.idleCount = this.count(tick);
    this.run = null;
    this.next = null;
  }

  /** What was to begin by now has begun. */
  private goTo(tick: number): void {
    if (!this.next || tick < this.next.start) return;
    this.run = this.next;
    this.next = null;
    this.stopped = 0;
  }

  private get loadedCount(): number {
    return (this.bcd ? fromBcd(this.register, 4) % 10_000 : this.register) || this.modulus;
  }

  /** How it goes on with a new count: mode 2 at the end of the period, mode 3 at the end of the half period. */
  private afterPeriod(run: Run, tick: number): Run {
    const count = this.loadedCount;
    const within = this.elapsed(run, tick) % run.count;
    const high = highHalf(run.count);
    if (this.mode === 3 && within < high)
      return { start: tick - within + high, count, skipped: highHalf(count), loaded: false };
    return { start: tick - within + run.count, count, skipped: 0, loaded: false };
  }

  private current(tick: number): Run | null {
    return this.next && tick >= this.next.start ? this.next : this.run;
  }

  private elapsed(run: Run, tick: number): number {
    if (!this.held) return tick - run.start + run.skipped;
    return run === this.next ? 0 : this.stopped;
  }

  private outOf(run: Run | null, tick: number): boolean {
    if (this.access === 0) return false;
    if (!run) return this.mode !== 0;
    if (this.periodic && !this.gate) return true;
    return outputAfter(this.mode, run.count, this.elapsed(run, tick));
  }

  private edgeOf(run: Run, tick: number): number | undefined {
    const change = this.held ? undefined : nextChange(this.mode, run.count, this.elapsed(run, tick));
    return change === undefined ? undefined : run.start - run.skipped + change;
  }

  /** The count as the ports show it: four decimal digits in BCD. */
  private shownCount(tick: number): number {
    const count = this.count(tick);
    return this.bcd ? toBcd(count, 4) : count;
  }
}

function savedRun(saved: SavedState, key: string): Run | null {
  const [run] = saved.objects(key, 1);
  if (!run) return null;
  const count = run.integer('count', 0x10000);
  if (count === 0) throw run.bad('count', 'more than 0');
  return {
    start: run.integer('start', MAX_TICK),
    count,
    skipped: run.integer('skipped', MAX_TICK),
    loaded: run.boolean('loaded'),
  };
}
