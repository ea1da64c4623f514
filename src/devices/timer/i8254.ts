// The 8254 interval timer of a PC south bridge (Intel 8254 data sheet, order 231164; PIIX4 data sheet 290562; Linux's driver is
// drivers/clocksource/i8253.c): three counters at 1.193182 MHz of guest time, and port 0x61, through which counter 2 drives a
// speaker that nobody hears. The output of counter 0 is an interrupt line.
import { ByteWindow } from '../byte-window.ts';
import type { Device, DeviceContext, DeviceState, DeviceWindow, GuestTimer, IrqLine, RegisterView } from '../device.ts';
import { OneShot } from '../one-shot.ts';
import { SavedState } from '../state.ts';
import { instantOf, ticksAt } from '../ticks.ts';
import { I8254Channel } from './i8254-channel.ts';

const HZ = 1_193_182;
/** Thirty years. */
const MAX_TICK = 2 ** 50;
const CONTROL = 3;
const READ_BACK = 3;
/** Read-back: latch the count, latch the status; both active low. */
const NO_COUNT = 0x20;
const NO_STATUS = 0x10;

/** Port 0x61: what can be written (gate of counter 2, speaker, two check enables), and what is read besides. */
const PORT_B_WRITABLE = 0x0f;
const PORT_B_GATE2 = 0x01;
const PORT_B_REFRESH = 0x10;
const PORT_B_OUT2 = 0x20;
/** Ticks from one refresh of the DRAM to the next (15.09 us): the refresh bit changes at each. */
const REFRESH_TICKS = 18;

export class I8254 implements Device {
  readonly name = 'i8254';
  /** Ports 0x40 to 0x43. */
  readonly window: DeviceWindow;
  /** Port 0x61. */
  readonly portB: DeviceWindow;
  private readonly irq: IrqLine;
  private readonly timer: GuestTimer;
  // The gates of counters 0 and 1 are tied high.
  private readonly channels = [new I8254Channel(true), new I8254Channel(true), new I8254Channel(false)] as const;
  private portBLatch = 0;
  /** What `irq` was told last. */
  private level = false;
  private readonly wake: OneShot;
  /** Tick at which `wake` fires. */
  private edge: number | undefined;

  /** `irq` carries the output of counter 0. */
  constructor(context: Pick<DeviceContext, 'irq' | 'timer'>) {
    this.irq = context.irq;
    this.timer = context.timer;
    this.wake = new OneShot(context.timer, () => {
      this.serveEdges();
      this.arm();
    });
    this.window = new ByteWindow('i8254', 4, {
      // The control port is not driven when it is read.
      read: (offset) => this.channels[offset]?.read(this.tick) ?? 0xff,
      write: (offset, value) => this.write(offset, value),
    });
    this.portB = new ByteWindow('port-b', 1, {
      read: () => this.readPortB(),
      write: (_, value) => {
        this.portBLatch = value & PORT_B_WRITABLE;
        this.channels[2].setGate((value & PORT_B_GATE2) !== 0, this.tick);
      },
    });
  }

  reset(): void {
    for (const channel of this.channels) channel.reset();
    this.portBLatch = 0;
    this.drive(false);
    this.arm();
  }

  registers(): readonly RegisterView[] {
    const { tick } = this;
    const counters = this.channels.flatMap((channel, offset) => [
      { name: `counter${offset}`, offset, value: channel.count(tick) },
      { name: `counter${offset}_status`, offset, value: channel.status(tick) },
    ]);
    return [...counters, { name: 'port_b', offset: 0, value: this.readPortB() }];
  }

  saveState(): DeviceState {
    const [counter0, counter1, counter2] = this.channels;
    return {
      counter0: counter0.save(),
      counter1: counter1.save(),
      counter2: counter2.save(),
      portB: this.portBLatch,
      level: this.level,
      edge: this.edge === undefined ? [] : [this.edge],
    };
  }

  /** Does not drive the output; what it ends in restores its own level. */
  restoreState(state: DeviceState): void {
    const saved = new SavedState(this.name, state);
    this.channels.forEach((channel, i) => {
      channel.restore(saved.object(`counter${i}`));
    });
    this.portBLatch = saved.integer('portB', PORT_B_WRITABLE);
    this.level = saved.boolean('level');
    this.arm(saved.integers('edge', 1, MAX_TICK)[0]);
  }

  private get tick(): number {
    return ticksAt(this.timer.now, HZ);
  }

  private write(offset: number, value: number): void {
    const { tick } = this;
    this.serveEdges();
    if (offset !== CONTROL) this.channels[offset]!.write(value, tick);
    else if (value >>> 6 === READ_BACK) this.readBack(value, tick);
    else {
      const channel = this.channels[value >>> 6]!;
      if (value & 0x30) channel.writeControl(value, tick);
      else channel.latchCount(tick);
    }
    this.drive(this.channels[0].out(tick));
    this.arm();
  }

  private readBack(value: number, tick: number): void {
    this.channels.forEach((channel, i) => {
      if (!(value & (2 << i))) return;
      if (!(value & NO_COUNT)) channel.latchCount(tick);
      if (!(value & NO_STATUS)) channel.latchStatus(tick);
    });
  }

  private readPortB(): number {
    const { tick } = this;
    const refresh = Math.floor(tick / REFRESH_TICKS) & 1;
    return this.portBLatch | (refresh ? PORT_B_REFRESH : 0) | (this.channels[2].out(tick) ? PORT_B_OUT2 : 0);
  }

  /** The output of counter 0 up to now. A pulse that began and ended since the last call is still seen as one. */
  private serveEdges(): void {
    const { tick } = this;
    const out = this.channels[0].out(tick);
    if (this.edge !== undefined && this.edge <= tick && out === this.level) this.drive(!out);
    this.drive(out);
  }

  /** Be called at tick `edge`: when left out, at the next edge of counter 0. */
  private arm(edge = this.channels[0].nextEdge(this.tick)): void {
    this.edge = edge;
    this.wake.set(edge === undefined ? undefined : instantOf(edge, HZ));
  }

  private drive(level: boolean): void {
    if (level === this.level) return;
    this.level = level;
    this.irq.set(level);
  }
}
