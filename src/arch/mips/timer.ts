// CP0 Count and Compare against guest time (MIPS32 Volume III; KVM's COUNT_CTL, COUNT_RESUME, COUNT_HZ).
// Count = countBase + floor((now - countStart) * countRate / 1e9), so that reads are exact at any instruction.
import type { CoreServices } from '../../cpu/isa/architecture.ts';
import { CAUSE, CP0, TIMER } from './registers.ts';

const NS_PER_SECOND = 1_000_000_000n;
const WRAP = 1n << 32n;
const NEVER = -1n;
/** countStart moves forward in whole seconds, which is exact at any rate, so that the product in the row stays inside 64 bits. */
const REBASE_AFTER = 4n * NS_PER_SECOND;

export class MipsTimer {
  private readonly services: CoreServices;
  private readonly i32: Int32Array;
  private readonly i64: BigInt64Array;
  private readonly base: number;
  private readonly start: number;
  private readonly rate: number;
  private readonly hz: number;
  private readonly changed: number;
  private readonly at: number;
  private readonly cp0: number;

  constructor(services: CoreServices) {
    const { banks } = services;
    this.services = services;
    this.i32 = services.i32;
    this.i64 = services.i64;
    this.base = banks.countBase!.offset >> 2;
    this.start = banks.countStart!.offset >> 3;
    this.rate = banks.countRate!.offset >> 2;
    this.hz = banks.countHz!.offset >> 2;
    this.changed = banks.timerChanged!.offset >> 2;
    this.at = banks.timerAt!.offset >> 3;
    this.cp0 = banks.cp0!.offset >> 2;
  }

  reset(hz: number): void {
    this.i32[this.base] = 0;
    this.i64[this.start] = BigInt(this.services.now());
    this.i32[this.rate] = hz;
    this.i32[this.hz] = hz;
    this.i32[this.changed] = TIMER.SET_ANEW;
    this.i64[this.at] = NEVER;
  }

  /** Count at `now`, unsigned. */
  count(now: number): number {
    return Number(BigInt.asUintN(32, BigInt(this.i32[this.base]!) + this.ticks(BigInt(now))));
  }

  setCount(value: number, now: number): void {
    this.i32[this.base] = value;
    this.i64[this.start] = BigInt(now);
    this.i32[this.changed] = TIMER.SET_ANEW;
  }

  get frequency(): number {
    return this.i32[this.hz]!;
  }

  /** Change the rate; Count stays continuous. */
  setFrequency(hz: number, now: number): void {
    this.setCount(this.count(now), now);
    this.i32[this.hz] = hz;
    if (this.i32[this.rate] !== 0) this.i32[this.rate] = hz;
  }

  /** Stop or start Count (Cause.DC, COUNT_CTL.DC). */
  setRunning(running: boolean, now: number): void {
    this.setCount(this.count(now), now);
    this.i32[this.rate] = running ? this.i32[this.hz]! : 0;
  }

  /** Raise the timer interrupt when it is due, and set the next one. */
  update(now: number): void {
    const at = this.i64[this.at]!;
    const instant = BigInt(now);
    // The step that reached Compare may have gone on to write it.
    const due = at !== NEVER && at <= instant && this.i32[this.changed] !== TIMER.ACKNOWLEDGED;
    if (due) this.i32[this.cp0 + CP0.CAUSE]! |= CAUSE.TI | CAUSE.IP7;
    if (due || this.i32[this.changed] !== TIMER.UNCHANGED) {
      this.i32[this.changed] = TIMER.UNCHANGED;
      this.i64[this.at] = this.nextMatch(instant);
    }
    if (instant - this.i64[this.start]! >= REBASE_AFTER) this.rebase(now);
  }

  /** Guest instant of the next match, or Infinity. */
  deadline(): number {
    const at = this.i64[this.at]!;
    return at === NEVER ? Number.POSITIVE_INFINITY : Number(at);
  }

  private ticks(now: bigint): bigint {
    return ((now - this.i64[this.start]!) * BigInt(this.i32[this.rate]!)) / NS_PER_SECOND;
  }

  /** The first instant after `now` at which Count becomes equal to Compare. */
  private nextMatch(now: bigint): bigint {
    const rate = BigInt(this.i32[this.rate]!);
    if (rate === 0n) return NEVER;
    const elapsed = this.ticks(now);
    const count = BigInt(this.i32[this.base]!) + elapsed;
    let distance = BigInt.asUintN(32, BigInt(this.i32[this.cp0 + CP0.COMPARE]!) - count);
    if (distance === 0n) distance = WRAP;
    const ticks = elapsed + distance;
    return this.i64[this.start]! + (ticks * NS_PER_SECOND + rate - 1n) / rate;
  }

  /** Move countStart forward by whole seconds; no reader can tell. */
  rebase(now: number): void {
    const seconds = (BigInt(now) - this.i64[this.start]!) / NS_PER_SECOND;
    this.i64[this.start]! += seconds * NS_PER_SECOND;
    this.i32[this.base] = Number(
      BigInt.asIntN(32, BigInt(this.i32[this.base]!) + seconds * BigInt(this.i32[this.rate]!)),
    );
  }
}
