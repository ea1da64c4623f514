// One timer of the ARM generic timer (ARM DDI 0406C, B8.1.5): a 64-bit CompareValue against a counter, the 32-bit TimerValue that is the same
// seen as a downcounter, and a control register. The output is a level: it holds as long as the condition does.
import type { DeviceState, GuestTimer, IrqLine, RegisterView } from '../device.ts';
import { OneShot } from '../one-shot.ts';
import type { SavedState } from '../state.ts';

/** Bits of CNTP_CTL, CNTV_CTL and CNTHP_CTL. */
const CTL_ENABLE = 1;
const CTL_IMASK = 2;
const CTL_ISTATUS = 4;

const WRAP = 1n << 64n;

export interface ArmCpuTimerOptions {
  /** Such as `cntv`. */
  readonly name: string;
  readonly timer: GuestTimer;
  readonly irq: IrqLine;
  /** The counter as this timer sees it, its offset taken off: 64 bits. */
  readonly count: () => bigint;
  /** The first guest nanosecond at which the counter will have gone on by `ticks` (1 or more) from now. */
  readonly instantAfter: (ticks: bigint) => bigint;
}

export class ArmCpuTimer {
  private readonly options: ArmCpuTimerOptions;
  private compareValue = 0n;
  private control = 0;
  private level = false;
  private readonly wake: OneShot;

  constructor(options: ArmCpuTimerOptions) {
    this.options = options;
    this.wake = new OneShot(options.timer, () => this.update());
  }

  /** CVAL: 64 bits, unsigned. */
  get cval(): bigint {
    return this.compareValue;
  }

  set cval(value: bigint) {
    this.compareValue = BigInt.asUintN(64, value);
    this.update();
  }

  /** TVAL: 32 bits, unsigned. Ticks until the condition holds, or negative since when it does; written, it is taken as signed. */
  get tval(): number {
    return Number(BigInt.asUintN(32, this.compareValue - this.options.count()));
  }

  set tval(value: number) {
    this.cval = this.options.count() + BigInt(value | 0);
  }

  /** CTL: ENABLE, IMASK, and ISTATUS, which is 0 while the timer is not enabled (the manual leaves it open) and cannot be written. */
  get ctl(): number {
    return this.control | (this.control & CTL_ENABLE && this.conditionMet ? CTL_ISTATUS : 0);
  }

  set ctl(value: number) {
    this.control = value & (CTL_ENABLE | CTL_IMASK);
    this.update();
  }

  /** Disabled. The manual leaves the rest open at reset; here it is 0. */
  reset(): void {
    this.compareValue = 0n;
    this.control = 0;
    this.update();
  }

  /** The output as it is now, and a call when it changes next. To be called when the offset of the counter changed. */
  update(): void {
    const { level } = this;
    this.level = this.asks;
    this.wake.set(this.nextChange());
    if (this.level !== level) this.options.irq.set(this.level);
  }

  registers(): readonly RegisterView[] {
    const { name } = this.options;
    const [low, high] = halves(this.compareValue);
    const values = { ctl: this.ctl, tval: this.tval, cval_low: low, cval_high: high };
    return Object.entries(values).map(([register, value], offset) => ({ name: `${name}_${register}`, offset, value }));
  }

  save(): DeviceState {
    const { control, level } = this;
    return { cval: halves(this.compareValue), control, level };
  }

  /** Does not drive the output; what it ends in restores its own level. */
  restore(saved: SavedState): void {
    this.compareValue = whole(saved, 'cval');
    this.control = saved.integer('control', CTL_ENABLE | CTL_IMASK);
    this.level = saved.boolean('level');
    this.wake.set(this.nextChange());
  }

  /** Unsigned, as the manual has it: with a CVAL at the counter's end the condition holds only until the counter wraps. */
  private get conditionMet(): boolean {
    return this.options.count() >= this.compareValue;
  }

  private get asks(): boolean {
    return (this.control & (CTL_ENABLE | CTL_IMASK)) === CTL_ENABLE && this.conditionMet;
  }

  /** The guest instant at which the output changes; undefined: it does not before guest time ends. */
  private nextChange(): number | undefined {
    const { timer, count, instantAfter } = this.options;
    if (this.asks !== this.level) return timer.now;
    if (this.control !== CTL_ENABLE || this.compareValue === 0n) return undefined;
    const at = instantAfter((this.level ? WRAP : this.compareValue) - count());
    return at <= BigInt(Number.MAX_SAFE_INTEGER) ? Number(at) : undefined;
  }
}

/** 64 bits as saved state has them: low word, high word. */
export function halves(value: bigint): [low: number, high: number] {
  return [Number(value & 0xffffffffn), Number(value >> 32n)];
}

/** What `halves` made. Throws TsvmError `internal` when it is something else. */
export function whole(saved: SavedState, key: string): bigint {
  const [low, high] = saved.integers(key, 2, 0xffffffff);
  if (low === undefined || high === undefined) throw saved.bad(key, 'two words');
  return (BigInt(high) << 32n) | BigInt(low);
}
