// The generic timer of ARMv7-A with the virtualization extensions (ARM DDI 0406C, chapter B8): one counter for the system, and for each CPU the
// physical timer, the virtual timer with the offset of its counter, and the hypervisor's. The counter is guest time; nothing drifts, and
// an output rises at the first guest nanosecond at which its condition holds.
//
// These are the registers behind CP15, not CP15: CNTFRQ, CNTKCTL and CNTHCTL are the CPU's, and so is who may reach what.
import type { Device, DeviceState, GuestTimer, IrqLine, RegisterView } from '../device.ts';
import { SavedState } from '../state.ts';
import { ArmCpuTimer, halves, whole } from './arm-cpu-timer.ts';

const SECOND = 1_000_000_000n;
const DEFAULT_HZ = 62_500_000;
/** A counter that is faster than guest time itself would skip values. */
const MAX_HZ = 1_000_000_000;

/** The timers of a CPU: physical, virtual, hypervisor. */
const TIMERS = ['cntp', 'cntv', 'cnthp'] as const;
type TimerName = (typeof TIMERS)[number];

export interface ArmGenericTimerOptions {
  readonly cpus: number;
  readonly timer: GuestTimer;
  /** Hz, what CNTFRQ is to say; 62.5 MHz when left out. RangeError when it is no integer from 1 to 1,000,000,000. */
  readonly frequency?: number;
  /** Where the output of a CPU's timer ends. */
  readonly output: (cpu: number, timer: TimerName) => IrqLine;
}

export class ArmGenericTimer implements Device {
  readonly name = 'arm-generic-timer';
  /** Hz. */
  readonly frequency: number;
  /** By CPU number. */
  readonly cpus: readonly ArmCpuTimers[];

  constructor({ cpus, timer, frequency = DEFAULT_HZ, output }: ArmGenericTimerOptions) {
    if (!Number.isInteger(frequency) || frequency < 1 || frequency > MAX_HZ)
      throw new RangeError(`${this.name}: a frequency of ${frequency} Hz is not 1 to ${MAX_HZ}`);
    this.frequency = frequency;
    const counter = new SystemCounter(timer, BigInt(frequency));
    this.cpus = Array.from({ length: cpus }, (_, cpu) => new ArmCpuTimers(counter, timer, (name) => output(cpu, name)));
  }

  reset(): void {
    for (const cpu of this.cpus) cpu.reset();
  }

  /** 64-bit registers in two words. The offset is a CPU's number. */
  registers(): readonly RegisterView[] {
    return this.cpus.flatMap((cpu, offset) =>
      cpu.registers().map(({ name, value }) => ({ name: `cpu${offset}_${name}`, offset, value })),
    );
  }

  saveState(): DeviceState {
    return { cpus: this.cpus.map((cpu) => cpu.save()) };
  }

  /** Does not drive the outputs; what they end in restores its own levels. */
  restoreState(state: DeviceState): void {
    const saved = new SavedState(this.name, state);
    const cpus = saved.objects('cpus', this.cpus.length);
    if (cpus.length !== this.cpus.length) throw saved.bad('cpus', `a list of ${this.cpus.length}`);
    this.cpus.forEach((cpu, n) => {
      cpu.restore(cpus[n]!);
    });
  }
}

/** What one CPU has of the generic timer. All counts are 64 bits, unsigned. */
export class ArmCpuTimers {
  readonly cntp: ArmCpuTimer;
  readonly cntv: ArmCpuTimer;
  readonly cnthp: ArmCpuTimer;
  private readonly counter: SystemCounter;
  private offset = 0n;

  constructor(counter: SystemCounter, timer: GuestTimer, output: (timer: TimerName) => IrqLine) {
    this.counter = counter;
    const make = (name: TimerName, count: () => bigint): ArmCpuTimer =>
      new ArmCpuTimer({
        ...{ name, timer, count, irq: output(name) },
        instantAfter: (ticks) => counter.instantOf(counter.value + ticks),
      });
    this.cntp = make('cntp', () => this.cntpct);
    this.cntv = make('cntv', () => this.cntvct);
    this.cnthp = make('cnthp', () => this.cntpct);
  }

  /** The physical count. */
  get cntpct(): bigint {
    return this.counter.value;
  }

  /** The virtual count: CNTPCT less CNTVOFF. */
  get cntvct(): bigint {
    return BigInt.asUintN(64, this.counter.value - this.offset);
  }

  get cntvoff(): bigint {
    return this.offset;
  }

  set cntvoff(value: bigint) {
    this.offset = BigInt.asUintN(64, value);
    this.cntv.update();
  }

  /** Every timer is disabled; the offset, which the manual leaves open, is 0. */
  reset(): void {
    this.offset = 0n;
    for (const name of TIMERS) this[name].reset();
  }

  registers(): readonly Pick<RegisterView, 'name' | 'value'>[] {
    const words = (name: string, value: bigint): Pick<RegisterView, 'name' | 'value'>[] => {
      const [low, high] = halves(value);
      return [
        { name: `${name}_low`, value: low },
        { name: `${name}_high`, value: high },
      ];
    };
    const counts = [
      ...words('cntpct', this.cntpct),
      ...words('cntvct', this.cntvct),
      ...words('cntvoff', this.cntvoff),
    ];
    return [...counts, ...TIMERS.flatMap((name) => this[name].registers())];
  }

  save(): DeviceState {
    const { cntp, cntv, cnthp } = this;
    return { cntvoff: halves(this.offset), cntp: cntp.save(), cntv: cntv.save(), cnthp: cnthp.save() };
  }

  restore(saved: SavedState): void {
    this.offset = whole(saved, 'cntvoff');
    for (const name of TIMERS) this[name].restore(saved.object(name));
  }
}

/** The system counter: 0 at guest time 0. */
class SystemCounter {
  private readonly timer: GuestTimer;
  private readonly hz: bigint;

  constructor(timer: GuestTimer, hz: bigint) {
    this.timer = timer;
    this.hz = hz;
  }

  get value(): bigint {
    return (BigInt(Math.floor(this.timer.now)) * this.hz) / SECOND;
  }

  /** The first guest nanosecond at which the counter is `value` or more. */
  instantOf(value: bigint): bigint {
    return (value * SECOND + this.hz - 1n) / this.hz;
  }
}
