// One of the three counters of an 8254 as its port shows it (Intel 8254 data sheet, order 231164): control word, counts in one or two
// bytes, binary or BCD, and latches. What it counts is i8254-counter.ts.
import { fromBcd, toBcd } from '../bcd.ts';
import type { DeviceState } from '../device.ts';
import type { SavedState } from '../state.ts';
import { I8254Counter } from './i8254-counter.ts';
import type { I8254Mode } from './i8254-modes.ts';

const LOW_BYTE = 1;
const HIGH_BYTE = 2;
const BOTH_BYTES = 3;

export class I8254Channel {
  private readonly counter: I8254Counter;
  /** Bits 5:0 of the control word as written; no access before there is one. */
  private control = 0;
  /** Low byte of a two-byte count that is being written. */
  private lowByte: number | null = null;
  /** The next byte read of a two-byte count is the high one. */
  private readHigh = false;
  private latchedCount: number | null = null;
  private latchedStatus: number | null = null;

  constructor(gate: boolean) {
    this.counter = new I8254Counter(gate);
  }

  reset(): void {
    this.counter.reset();
    this.setControl(0);
  }

  /** A control word for this counter; bits 5:4 are not zero. */
  writeControl(value: number, tick: number): void {
    this.setControl(value & 0x3f);
    this.counter.setMode(this.mode, this.modulus, tick);
  }

  /** A byte of the count. */
  write(value: number, tick: number): void {
    if (this.access === LOW_BYTE) this.writeCount(value, tick);
    else if (this.access === HIGH_BYTE) this.writeCount(value << 8, tick);
    else if (this.access === BOTH_BYTES && this.lowByte === null) {
      this.lowByte = value;
      if (this.mode === 0) this.counter.stop(tick);
    } else if (this.lowByte !== null) {
      this.writeCount((value << 8) | this.lowByte, tick);
      this.lowByte = null;
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
    const count = this.latchedCount ?? this.count(tick);
    const high = this.access === HIGH_BYTE || (this.access === BOTH_BYTES && this.readHigh);
    return high ? count >>> 8 : count & 0xff;
  }

  /** A count that is latched already stays until it was read. */
  latchCount(tick: number): void {
    this.latchedCount ??= this.count(tick);
  }

  latchStatus(tick: number): void {
    this.latchedStatus ??= this.status(tick);
  }

  setGate(level: boolean, tick: number): void {
    this.counter.setGate(level, tick);
  }

  /** Low before the first control word. */
  out(tick: number): boolean {
    return this.access !== 0 && this.counter.out(tick);
  }

  /** The next tick at which the output changes, if nothing is written before; undefined: it does not change. */
  nextEdge(tick: number): number | undefined {
    return this.counter.nextEdge(tick);
  }

  /** Output, null count, and the control word as written. */
  status(tick: number): number {
    return (this.out(tick) ? 0x80 : 0) | (this.counter.nullCount(tick) ? 0x40 : 0) | this.control;
  }

  /** The count, four decimal digits in BCD. */
  count(tick: number): number {
    const count = this.counter.count(tick);
    return this.bcd ? toBcd(count, 4) : count;
  }

  save(): DeviceState {
    const { control, lowByte, readHigh, latchedCount, latchedStatus } = this;
    const optional = (value: number | null): number[] => (value === null ? [] : [value]);
    return {
      ...{ control, readHigh },
      lowByte: optional(lowByte),
      latchedCount: optional(latchedCount),
      latchedStatus: optional(latchedStatus),
      counter: this.counter.save(),
    };
  }

  restore(saved: SavedState): void {
    const optional = (key: string, max: number): number | null => saved.integers(key, 1, max)[0] ?? null;
    this.control = saved.integer('control', 0x3f);
    this.readHigh = saved.boolean('readHigh');
    this.lowByte = optional('lowByte', 0xff);
    this.latchedCount = optional('latchedCount', 0xffff);
    this.latchedStatus = optional('latchedStatus', 0xff);
    this.counter.restore(saved.object('counter'), this.mode, this.modulus);
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

  private setControl(control: number): void {
    this.control = control;
    this.lowByte = null;
    this.readHigh = false;
    this.latchedCount = null;
    this.latchedStatus = null;
  }

  /** 0 is the largest count. */
  private writeCount(register: number, tick: number): void {
    const count = this.bcd ? fromBcd(register, 4) % this.modulus : register;
    this.counter.setCount(count || this.modulus, tick);
  }
}
