// ARM's PrimeCells as the contract suite takes them, in guest time that passes with every access.
import type { DeviceWindow } from '../../../src/devices/device.ts';
import { RtcPl031 } from '../../../src/devices/rtc-pl031.ts';
import { SerialPl011 } from '../../../src/devices/serial-pl011.ts';
import { FakeBackend, FakeLine, FakeTimer } from './fakes.ts';
import { atOnce, type Load, SideBySide } from './isa-subjects.ts';

function createSerial(): SideBySide {
  const timer = new FakeTimer();
  const uart = new SerialPl011({ irq: new FakeLine(), timer }, { name: 'serial0', backend: new FakeBackend() });
  return new SideBySide(uart, [[0, uart]], timer, [0, 1000, 200_000]);
}

function createRtc(): SideBySide {
  const timer = new FakeTimer();
  const rtc = new RtcPl031({ irq: new FakeLine(), timer }, { start: 2 ** 32 - 60 });
  return new SideBySide(rtc, [[0, rtc]], timer, [0, 500_000_000, 1, 30_000_000_000]);
}

/** An access at the register's place. */
const load: Load = (device, name) => {
  const view = (device as SideBySide).registers().find((each) => each.name === name)!;
  return view.access === 'w' ? undefined : device.read(view.offset, view.width);
};

export const PRIMECELL_SUBJECTS = [
  {
    title: 'serial-pl011',
    create: createSerial,
    start: (side: DeviceWindow) => {
      for (const [offset, value] of [
        [0x24, 13],
        [0x2c, 0x70],
        [0x30, 0x301],
        [0x38, 0x50],
      ] as const)
        side.write(offset, 4, value);
      const uart = (side as SideBySide).device as SerialPl011;
      uart.input(Uint8Array.from([1, 2, 3]));
      uart.inputBreak();
    },
    load: atOnce(load),
  },
  {
    title: 'rtc-pl031',
    create: createRtc,
    start: (side: DeviceWindow) => {
      side.write(0x04, 4, 2 ** 32 - 10);
      side.write(0x10, 4, 1);
    },
    load: atOnce(load),
  },
];
