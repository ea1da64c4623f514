// The PL031, ARM's PrimeCell real-time clock (ARM DDI 0224; Linux's driver is drivers/rtc/rtc-pl031.c): a 32-bit counter of seconds, and an
// interrupt when it reaches a match value. Its time is guest time since `start`; it runs from power-on, as firmware would have started it.
//
// Nothing runs every second: the counter is what guest time says, the raw interrupt is brought up to now when somebody looks, and the timer is
// only asked for the instant of a match whose interrupt is enabled. There is no battery: reset is power-on.
import type { DeviceContext, DeviceState, GuestTimer, IrqLine, MmioDevice } from './device.ts';
import { OneShot } from './one-shot.ts';
import { apbRead, apbWrite, identification, PRIMECELL_SIZE } from './primecell.ts';
import { type MisuseListener, RegisterBlock, type RegisterSpec, type SizedRegisterView } from './registers.ts';
import { SavedState } from './state.ts';

const SECOND = 1_000_000_000;
/** Seconds after which the counter begins anew. */
const WRAP = 2 ** 32;
const CR_START = 1;
/** The one bit of RTCIMSC, RTCRIS, RTCMIS and RTCICR. */
const RTCINTR = 1;

export interface RtcPl031Options {
  /** Seconds since 1970 at guest time 0. RangeError when they do not fit the counter, which ends in 2106. */
  readonly start: number;
  /** Told of guest accesses that no register takes. */
  readonly misuse?: MisuseListener;
}

export class RtcPl031 implements MmioDevice {
  readonly name = 'rtc-pl031';
  readonly size = PRIMECELL_SIZE;
  private readonly irq: IrqLine;
  private readonly timer: GuestTimer;
  private readonly start: number;
  private readonly block: RegisterBlock;
  /** What the counter had at guest time 0. */
  private offset: number;
  /** The guest second up to which matches have been seen. */
  private servedTo: number;
  /** A match that the guest has not cleared, up to `servedTo`. */
  private raw = false;
  private level = false;
  private readonly wake: OneShot;

  constructor(context: Pick<DeviceContext, 'irq' | 'timer'>, { start, misuse = () => {} }: RtcPl031Options) {
    if (!Number.isInteger(start) || start < 0 || start >= WRAP)
      throw new RangeError(`${this.name} starts in the years 1970 to 2106, not at ${start} seconds since 1970`);
    this.irq = context.irq;
    this.timer = context.timer;
    this.wake = new OneShot(context.timer, () => this.drive());
    this.start = start;
    this.offset = start;
    this.servedTo = this.seconds;
    this.block = new RegisterBlock(this.declare(), misuse);
  }

  read(offset: number, length: 1 | 2 | 4): number {
    return apbRead(this.block, offset, length);
  }

  write(offset: number, length: 1 | 2 | 4, value: number): void {
    this.raw = this.matched;
    this.servedTo = this.seconds;
    apbWrite(this.block, offset, length, value);
    this.drive();
  }

  reset(): void {
    this.block.reset();
    this.offset = this.start;
    this.servedTo = this.seconds;
    this.raw = false;
    this.drive();
  }

  registers(): readonly SizedRegisterView[] {
    return this.block.views();
  }

  saveState(): DeviceState {
    const { offset, servedTo, raw, level } = this;
    return { offset, servedTo, raw, level, registers: this.block.save() };
  }

  /** Does not drive the interrupt line; what it ends in restores its own level. */
  restoreState(state: DeviceState): void {
    const saved = new SavedState(this.name, state);
    this.offset = saved.integer('offset', WRAP - 1);
    this.servedTo = saved.integer('servedTo', Number.MAX_SAFE_INTEGER);
    this.raw = saved.boolean('raw');
    this.level = saved.boolean('level');
    this.block.restore(saved.object('registers'));
    this.arm();
  }

  private declare(): RegisterSpec<string>[] {
    return [
      { name: 'dr', offset: 0x000, access: 'r', read: () => this.counter },
      {
        ...{ name: 'mr', offset: 0x004, access: 'rw', reset: 0 },
        write: (value) => {
          this.block.set('mr', value);
          this.compare();
        },
      },
      {
        ...{ name: 'lr', offset: 0x008, access: 'rw', reset: 0 },
        write: (value) => {
          this.block.set('lr', value);
          this.offset = wrapped(value - this.seconds);
          this.compare();
        },
      },
      // A clock that runs cannot be stopped.
      { name: 'cr', offset: 0x00c, access: 'rw', read: () => CR_START, write: () => {} },
      { name: 'imsc', offset: 0x010, access: 'rw', reset: 0, mask: RTCINTR },
      { name: 'ris', offset: 0x014, access: 'r', read: () => (this.matched ? RTCINTR : 0) },
      { name: 'mis', offset: 0x018, access: 'r', read: () => (this.matched ? this.block.get('imsc') : 0) },
      {
        ...{ name: 'icr', offset: 0x01c, access: 'w' },
        write: (value) => {
          if (value & RTCINTR) this.raw = false;
        },
      },
      ...identification(0x031, 0),
    ];
  }

  private get seconds(): number {
    return Math.floor(this.timer.now / SECOND);
  }

  private get counter(): number {
    return wrapped(this.offset + this.seconds);
  }

  /** The next guest second after `servedTo` at which the counter has the match value. */
  private get nextMatch(): number {
    return this.servedTo + (wrapped(this.block.get('mr') - this.offset - this.servedTo) || WRAP);
  }

  /** The raw interrupt as it is now. */
  private get matched(): boolean {
    return this.raw || this.nextMatch <= this.seconds;
  }

  /** The counter or the match value is new. */
  private compare(): void {
    if (this.counter === this.block.get('mr')) this.raw = true;
  }

  private drive(): void {
    const level = this.matched && this.block.get('imsc') !== 0;
    if (level !== this.level) {
      this.level = level;
      this.irq.set(level);
    }
    this.arm();
  }

  /** While the line is up nothing more can happen to it until the guest clears the interrupt. */
  private arm(): void {
    this.wake.set(this.level || this.block.get('imsc') === 0 ? undefined : this.nextMatch * SECOND);
  }
}

/** `seconds` as the counter has them. */
function wrapped(seconds: number): number {
  return ((seconds % WRAP) + WRAP) % WRAP;
}
