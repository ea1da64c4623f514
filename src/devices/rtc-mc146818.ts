// The MC146818 real-time clock of a PC south bridge (Motorola MC146818A data sheet; PIIX4 data sheet 290562; Linux's drivers are
// drivers/rtc/rtc-cmos.c and arch/mips/mti-malta/malta-time.c): clock, alarm, periodic interrupt and 114 bytes of RAM behind an index
// and a data port. Its time is guest time since `start`. What a byte of time means is rtc-time.ts.
//
// The divider makes seconds out of guest time. Nothing runs every second: time and flags are brought up to now when somebody looks, and the
// timer is only asked for the instant at which an enabled interrupt comes. The crystal is taken to fit the divider setting, DSE and SQWE
// do nothing, and there is no battery: reset is power-on.
import { ByteWindow } from './byte-window.ts';
import type { Device, DeviceContext, DeviceState, DeviceWindow, GuestTimer, IrqLine, RegisterView } from './device.ts';
import { OneShot } from './one-shot.ts';
import { advanceTime, secondsToAlarm, writeTime } from './rtc-time.ts';
import { SavedState } from './state.ts';
import { instantOf, ticksAt } from './ticks.ts';

const SECOND = 1_000_000_000;
/** UIP rises 244 us before the update, which takes 1984 us and ends with the second. */
const UPDATE_NS = 244_000 + 1_984_000;
/** The first update after the divider was let go. */
const FIRST_UPDATE_NS = SECOND / 2;
/** 2026-01-01 00:00:00 UTC in seconds since 1970. */
const DEFAULT_START = 1_767_225_600;
/** 10000-01-01 00:00:00 UTC: a century byte holds no more. */
const END_OF_TIME = 253_402_300_800;

const CMOS_SIZE = 128;
const REGISTER_A = 0x0a;
const REGISTER_B = 0x0b;
const REGISTER_C = 0x0c;
const REGISTER_D = 0x0d;
const A_UIP = 0x80;
/** 32.768 kHz, 1024 Hz. */
const A_POWER_ON = 0x26;
const A_DIVIDER = 0x70;
const A_DIVIDER_32KHZ = 0x20;
/** Both bits set: the divider is held. */
const A_DIVIDER_RESET = 0x60;
const B_SET = 0x80;
const B_UIE = 0x10;
const B_POWER_ON = 0x02;
/** Register C. Register B has the enables of the three flags in the same bits. */
const IRQF = 0x80;
const PF = 0x40;
const AF = 0x20;
const UF = 0x10;
const D_VRT = 0x80;

/** Names for the debugger. */
const NAMES = [
  ...['seconds', 'seconds_alarm', 'minutes', 'minutes_alarm', 'hours', 'hours_alarm'],
  ...['day_of_week', 'day_of_month', 'month', 'year', 'register_a', 'register_b', 'register_c', 'register_d'],
];

export interface RtcOptions {
  /** Instance start: seconds since 1970 at guest time 0; 2026-01-01 UTC when left out. RangeError when it is not in the years 1970 to 9999. */
  readonly start?: number;
}

export class RtcMc146818 implements Device {
  readonly name = 'rtc-mc146818';
  /** Ports 0x70 (index) and 0x71 (data). */
  readonly window: DeviceWindow;
  private readonly irq: IrqLine;
  private readonly timer: GuestTimer;
  private readonly start: number;
  private index = 0;
  /** All bytes by index; A without UIP, C without IRQF. */
  private readonly cmos = new Uint8Array(CMOS_SIZE);
  /** Guest nanoseconds modulo a second at which seconds begin. */
  private phase = 0;
  /** Guest instant in nanoseconds up to which time and flags have been brought. */
  private servedTo = 0;
  private level = false;
  private readonly wake: OneShot;

  constructor(context: Pick<DeviceContext, 'irq' | 'timer'>, options: RtcOptions = {}) {
    const start = options.start ?? DEFAULT_START;
    if (!Number.isInteger(start) || start < 0 || start >= END_OF_TIME)
      throw new RangeError(`${this.name} starts in the years 1970 to 9999, not at ${start} seconds since 1970`);
    this.irq = context.irq;
    this.timer = context.timer;
    this.wake = new OneShot(context.timer, () => {
      this.bringUp();
      this.drive();
    });
    this.start = start;
    this.window = new ByteWindow(this.name, 2, {
      // The index port is write-only.
      read: (offset) => (offset === 0 ? 0xff : this.read()),
      write: (offset, value) => {
        // Bit 7 of the index port is the NMI mask of a PC.
        if (offset === 0) this.index = value & (CMOS_SIZE - 1);
        else this.write(value);
      },
    });
    this.powerOn();
  }

  reset(): void {
    this.powerOn();
    this.drive();
  }

  registers(): readonly RegisterView[] {
    const now = this.cmos.slice();
    this.advance(now);
    const bytes = Array.from({ length: CMOS_SIZE }, (_, offset) => ({
      name: NAMES[offset] ?? `ram_${offset.toString(16)}`,
      offset,
      value: this.shown(offset, now),
    }));
    return [...bytes, { name: 'index', offset: 0, value: this.index }];
  }

  saveState(): DeviceState {
    const { index, phase, servedTo, level } = this;
    return { index, phase, servedTo, level, cmos: [...this.cmos] };
  }

  /** Does not drive the interrupt line; what it ends in restores its own level. */
  restoreState(state: DeviceState): void {
    const saved = new SavedState(this.name, state);
    const cmos = saved.integers('cmos', CMOS_SIZE, 0xff);
    if (cmos.length !== CMOS_SIZE) throw saved.bad('cmos', `${CMOS_SIZE} bytes`);
    this.index = saved.integer('index', CMOS_SIZE - 1);
    this.phase = saved.integer('phase', SECOND - 1);
    this.servedTo = saved.integer('servedTo', Number.MAX_SAFE_INTEGER);
    this.level = saved.boolean('level');
    this.cmos.set(cmos);
    this.cmos[REGISTER_A]! &= ~A_UIP;
    this.cmos[REGISTER_C]! &= PF | AF | UF;
    this.arm();
  }

  private get now(): number {
    return Math.floor(this.timer.now);
  }

  private powerOn(): void {
    const { now } = this;
    this.index = 0;
    this.cmos.fill(0);
    this.cmos[REGISTER_A] = A_POWER_ON;
    this.cmos[REGISTER_B] = B_POWER_ON;
    this.cmos[REGISTER_D] = D_VRT;
    this.phase = 0;
    this.servedTo = now;
    writeTime(this.cmos, B_POWER_ON, this.start + Math.floor(now / SECOND));
  }

  private read(): number {
    this.bringUp();
    const value = this.shown(this.index, this.cmos);
    if (this.index === REGISTER_C) {
      this.cmos[REGISTER_C] = 0;
      this.drive();
    }
    return value;
  }

  private write(value: number): void {
    this.bringUp();
    if (this.index === REGISTER_A) this.writeA(value);
    else if (this.index === REGISTER_B) {
      // SET takes the update interrupt away.
      const rises = value & B_SET && !(this.cmos[REGISTER_B]! & B_SET);
      this.cmos[REGISTER_B] = rises ? value & ~B_UIE : value;
    } else if (this.index === 0) this.cmos[0] = value & 0x7f;
    else if (this.index !== REGISTER_C && this.index !== REGISTER_D) this.cmos[this.index] = value;
    this.drive();
  }

  private writeA(value: number): void {
    const held = this.held;
    this.cmos[REGISTER_A] = value & ~A_UIP;
    if (held && !this.held) this.phase = (this.now + SECOND - FIRST_UPDATE_NS) % SECOND;
  }

  /** A byte as the guest reads it. */
  private shown(index: number, cmos: Uint8Array): number {
    const byte = cmos[index]!;
    if (index === REGISTER_A) return this.updating ? byte | A_UIP : byte;
    if (index === REGISTER_C) return byte & this.cmos[REGISTER_B]! ? byte | IRQF : byte;
    return byte;
  }

  private get held(): boolean {
    return (this.cmos[REGISTER_A]! & A_DIVIDER_RESET) === A_DIVIDER_RESET;
  }

  /** Seconds go on. */
  private get running(): boolean {
    return !this.held && !(this.cmos[REGISTER_B]! & B_SET);
  }

  private get updating(): boolean {
    return this.running && (this.now - this.phase + SECOND) % SECOND >= SECOND - UPDATE_NS;
  }

  /** Rate of the periodic interrupt in Hz, 0 for none. */
  private get rate(): number {
    const a = this.cmos[REGISTER_A]!;
    const select = a & 0x0f;
    if (select === 0 || this.held) return 0;
    // The two fastest taps of a 32 kHz divider do not exist.
    const tap = select <= 2 && (a & A_DIVIDER) === A_DIVIDER_32KHZ ? select + 7 : select;
    return 0x10000 >>> tap;
  }

  /** Bring time and flags to now. */
  private bringUp(): void {
    this.advance(this.cmos);
    this.servedTo = this.now;
  }

  /** Let what has passed since `servedTo` happen to `cmos`. */
  private advance(cmos: Uint8Array): void {
    const passed = (hz: number): number => ticksAt(this.now - this.phase, hz) - ticksAt(this.servedTo - this.phase, hz);
    const { rate } = this;
    if (rate > 0 && passed(rate) > 0) cmos[REGISTER_C]! |= PF;
    const seconds = this.running ? passed(1) : 0;
    if (seconds <= 0) return;
    const b = cmos[REGISTER_B]!;
    const toAlarm = secondsToAlarm(cmos, b);
    cmos[REGISTER_C]! |= toAlarm !== undefined && toAlarm <= seconds ? AF | UF : UF;
    advanceTime(cmos, b, seconds);
  }

  /** The guest instant at which a flag comes that is enabled and not there; undefined: none will. */
  private nextInterrupt(): number | undefined {
    const wanted = this.cmos[REGISTER_B]! & ~this.cmos[REGISTER_C]!;
    const after = (ticks: number, hz: number): number =>
      this.phase + instantOf(ticksAt(this.servedTo - this.phase, hz) + ticks, hz);
    const instants: number[] = [];
    const { rate } = this;
    if (wanted & PF && rate > 0) instants.push(after(1, rate));
    if (this.running) {
      if (wanted & UF) instants.push(after(1, 1));
      const toAlarm = wanted & AF ? secondsToAlarm(this.cmos, this.cmos[REGISTER_B]!) : undefined;
      if (toAlarm !== undefined) instants.push(after(toAlarm, 1));
    }
    return instants.length > 0 ? Math.min(...instants) : undefined;
  }

  /** The interrupt line follows IRQF. */
  private drive(): void {
    const level = (this.cmos[REGISTER_B]! & this.cmos[REGISTER_C]!) !== 0;
    if (level !== this.level) {
      this.level = level;
      this.irq.set(level);
    }
    this.arm();
  }

  /** While the line is up nothing more can happen to it until the guest reads Register C. */
  private arm(): void {
    this.wake.set(this.level ? undefined : this.nextInterrupt());
  }
}
