// The legacy devices of a board as the contract suite takes them: all windows of a device side by side, and guest time that passes
// with every access, because their registers change with it.
import { BootRom } from '../../../src/devices/boot-rom.ts';
import type { Device, DeviceState, DeviceWindow } from '../../../src/devices/device.ts';
import { Dma8237 } from '../../../src/devices/dma-8237.ts';
import { I8259 } from '../../../src/devices/irqchip/i8259.ts';
import { MaltaFpga } from '../../../src/devices/malta-fpga.ts';
import type { SizedRegisterView } from '../../../src/devices/registers.ts';
import { RtcMc146818 } from '../../../src/devices/rtc-mc146818.ts';
import { Serial16550 } from '../../../src/devices/serial-16550.ts';
import { SavedState } from '../../../src/devices/state.ts';
import { TestFinisher } from '../../../src/devices/test-finisher.ts';
import { I8254 } from '../../../src/devices/timer/i8254.ts';
import { FakeBackend, FakeLine, FakeTimer } from './fakes.ts';

type Placed = readonly [base: number, window: DeviceWindow];
type Length = 1 | 2 | 4;

/** A device with its windows in one, at the bases that are given; the rest reads 0. The time that passes is part of its state. */
export class SideBySide implements Device {
  readonly name: string;
  readonly size: number;
  readonly device: Device;
  /** Time stands. */
  still = false;
  private readonly windows: readonly Placed[];
  private readonly timer: FakeTimer;
  private readonly steps: readonly number[];
  private accesses = 0;

  /** One of `steps`, in guest nanoseconds, passes with each access in turn. */
  constructor(device: Device, windows: readonly Placed[], timer = new FakeTimer(), steps: readonly number[] = [0]) {
    this.name = device.name;
    this.device = device;
    this.windows = windows;
    this.timer = timer;
    this.steps = steps;
    this.size = Math.max(...windows.map(([base, window]) => base + window.size));
  }

  read(offset: number, length: Length): number {
    this.pass();
    const placed = this.find(offset);
    return placed ? placed[1].read(offset - placed[0], length) : 0;
  }

  write(offset: number, length: Length, value: number): void {
    this.pass();
    const placed = this.find(offset);
    placed?.[1].write(offset - placed[0], length, value);
  }

  reset(): void {
    this.timer.now = 0;
    this.accesses = 0;
    this.device.reset();
  }

  /** Views without a place of their own in a window cannot be read by an access: they get no read. */
  registers(): readonly SizedRegisterView[] {
    return this.device.registers().map((view) => ({ ...NO_PLACE, ...view, ...('width' in view ? {} : NO_PLACE) }));
  }

  saveState(): DeviceState {
    return { now: this.timer.now, accesses: this.accesses, device: this.device.saveState() };
  }

  restoreState(state: DeviceState): void {
    const saved = new SavedState('side by side', state);
    this.timer.now = saved.integer('now', 1e15);
    this.accesses = saved.integer('accesses', 1e6);
    this.device.restoreState((state as { device: DeviceState }).device);
  }

  private pass(): void {
    if (!this.still) this.timer.pass(this.steps[this.accesses++ % this.steps.length]!);
  }

  private find(offset: number): Placed | undefined {
    return this.windows.find(([base, window]) => offset >= base && offset < base + window.size);
  }
}

const NO_PLACE = { offset: 0, width: 1, access: 'w' } as const;

function createI8259(): SideBySide {
  const pic = new I8259({ output: new FakeLine() });
  return new SideBySide(pic, [
    [0, pic.masterWindow],
    [2, pic.slaveWindow],
    [4, pic.elcrWindow],
  ]);
}

function createI8254(): SideBySide {
  const timer = new FakeTimer();
  const pit = new I8254({ irq: new FakeLine(), timer });
  return new SideBySide(
    pit,
    [
      [0, pit.window],
      [4, pit.portB],
    ],
    timer,
    [0, 838, 1, 5000, 60_000],
  );
}

function createRtc(): SideBySide {
  const timer = new FakeTimer();
  const rtc = new RtcMc146818({ irq: new FakeLine(), timer });
  return new SideBySide(rtc, [[0, rtc.window]], timer, [0, 500_000, 1, 0, 700_000_000]);
}

function createSerial(stride: number): SideBySide {
  const timer = new FakeTimer();
  const uart = new Serial16550({ irq: new FakeLine(), timer }, { name: 'serial0', backend: new FakeBackend(), stride });
  return new SideBySide(uart, [[0, uart.window]], timer, [0, 1000, 200_000]);
}

function createDma(): SideBySide {
  const dma = new Dma8237();
  return new SideBySide(dma, [
    [0, dma.dma1Window],
    [16, dma.pageWindow],
    [32, dma.dma2Window],
  ]);
}

function createFpga(): SideBySide {
  const fpga = new MaltaFpga({ bigEndian: false, onReset: () => {} });
  return new SideBySide(fpga, [
    [0, fpga.window],
    [0xa00, fpga.pinWindow],
  ]);
}

export type Load = (device: DeviceWindow, name: string) => number | undefined;

/** `load` at one instant. */
export function atOnce(load: Load): Load {
  return (device, name) => {
    (device as SideBySide).still = true;
    return load(device, name);
  };
}

const port = (device: DeviceWindow, offset: number): number => device.read(offset, 1);

/** What the guest reads after it wrote `commands` (offset, value). */
function after(device: DeviceWindow, commands: readonly (readonly [number, number])[], offset: number): number {
  for (const [at, value] of commands) device.write(at, 1, value);
  return port(device, offset);
}

/** The registers of an 8259 behind its command port. A pending poll takes the first read, an initialization the first writes. */
function loadI8259(device: DeviceWindow, name: string): number | undefined {
  const [chip, register] = name.split('_');
  const base = chip === 'master' ? 0 : 2;
  if (register === 'elcr') return port(device, chip === 'master' ? 4 : 5);
  const noPoll = [base, 0x08] as const;
  if (register === 'imr') return after(device, [noPoll], base + 1);
  if (register === 'irr') return after(device, [[base, 0x0a]], base);
  return register === 'isr' ? after(device, [[base, 0x0b]], base) : undefined;
}

function loadRtc(device: DeviceWindow, name: string): number | undefined {
  if (name === 'index') return undefined;
  const index = RTC_NAMES.indexOf(name);
  return after(device, [[0, index < 0 ? Number.parseInt(name.slice('ram_'.length), 16) : index]], 1);
}

const RTC_NAMES = [
  ...['seconds', 'seconds_alarm', 'minutes', 'minutes_alarm', 'hours', 'hours_alarm'],
  ...['day_of_week', 'day_of_month', 'month', 'year', 'register_a', 'register_b', 'register_c', 'register_d'],
];

const loadSerial =
  (stride: number) =>
  (device: DeviceWindow, name: string): number => {
    const lcr = port(device, 3 * stride);
    if (name === 'lcr') return lcr;
    const divisor = name === 'dll' || name === 'dlm';
    const register = ['rbr', 'ier', 'iir', 'lcr', 'mcr', 'lsr', 'msr', 'scr'].indexOf(name);
    const wanted = divisor ? lcr | 0x80 : lcr & 0x7f;
    const at = divisor ? ['dll', 'dlm'].indexOf(name) : register;
    return after(device, [[3 * stride, wanted]], at * stride);
  };

export const ISA_SUBJECTS = [
  {
    title: 'i8259',
    create: createI8259,
    start: (side: DeviceWindow) => {
      for (const [at, value] of [
        [0, 0x11],
        [1, 0x20],
        [1, 4],
        [1, 1],
        [2, 0x11],
        [3, 0x28],
        [3, 2],
        [3, 1],
      ] as const)
        side.write(at, 1, value);
      const pic = (side as SideBySide).device as I8259;
      for (const irq of [12, 3, 9, 6]) pic.setLine(irq, true);
      pic.acknowledge();
    },
    load: atOnce(loadI8259),
  },
  {
    title: 'i8254',
    create: createI8254,
    start: (side: DeviceWindow) => {
      for (const [at, value] of [
        [3, 0x34],
        [0, 50],
        [0, 0],
        [4, 1],
        [3, 0xb6],
        [2, 0],
        [2, 1],
      ] as const)
        side.write(at, 1, value);
    },
  },
  {
    title: 'rtc-mc146818',
    create: createRtc,
    start: (side: DeviceWindow) => {
      for (const [at, value] of [
        [0, 1],
        [1, 0xff],
        [0, 3],
        [1, 0xff],
        [0, 0x0b],
        [1, 0x72],
        [0, 0x0c],
      ] as const)
        side.write(at, 1, value);
    },
    load: atOnce(loadRtc),
  },
  ...[1, 8].map((stride) => ({
    title: `serial-16550, registers ${stride} apart`,
    create: () => createSerial(stride),
    start: (side: DeviceWindow) => {
      for (const [register, value] of [
        [2, 0x81],
        [3, 3],
        [4, 0x0b],
        [1, 0x0f],
      ] as const)
        side.write(register * stride, 1, value);
      const uart = (side as SideBySide).device as Serial16550;
      uart.input(Uint8Array.from([1, 2, 3]));
      uart.inputBreak();
    },
    load: atOnce(loadSerial(stride)),
  })),
  { title: 'dma-8237', create: createDma, start: (side: DeviceWindow) => side.write(0x0a, 1, 0x02) },
  {
    title: 'test-finisher',
    create: () => new TestFinisher({ onPass: () => {}, onFail: () => {}, onReset: () => {} }),
    start: () => {},
    stateless: true,
  },
  { title: 'malta-fpga', create: createFpga, start: (side: DeviceWindow) => side.write(0x410, 4, 0xbeef) },
  {
    title: 'boot-rom',
    create: () => new BootRom({ words: [[0x10, 0x420]], bigEndian: false, size: 0x200 }),
    start: () => {},
    stateless: true,
  },
];
