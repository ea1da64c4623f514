// Devices on PCI, window by window, as the contract suite of devices takes them: each window is one MMIO device.
import type { Device, DeviceState, DeviceWindow } from '../../../src/devices/device.ts';
import { PciBus } from '../../../src/devices/pci/bus.ts';
import type { PciFunction } from '../../../src/devices/pci/function.ts';
import { GenericEcamHost } from '../../../src/devices/pci/generic-ecam.ts';
import type { SizedRegisterView } from '../../../src/devices/registers.ts';
import {
  VIRTIO_BLK_T_IN,
  VIRTIO_BLK_T_OUT,
  VIRTIO_CONSOLE_F_MULTIPORT,
} from '../../../src/devices/virtio/constants.ts';
import { VirtioPci } from '../../../src/devices/virtio/pci.ts';
import { Bus } from '../../../src/memory/bus.ts';
import type { GuestMemory } from '../../../src/memory/guest-memory.ts';
import { BlkDriver, BlkMachine } from './blk-machine.ts';
import { ConsoleMachine, INTERFACES } from './console-machine.ts';
import { FakeDisk, FakeTimer, ram } from './fakes.ts';
import { MaltaPci } from './malta-pci.ts';
import { VirtioDriver } from './virtio-driver.ts';
import { VirtioOnPci } from './virtio-on-pci.ts';

type Views = () => readonly SizedRegisterView[];

/** A device by one of its windows. */
class Windowed implements Device {
  readonly name: string;
  readonly size: number;
  readonly pci: PciBus;
  readonly registers: Views;
  private readonly device: Device;
  private readonly window: DeviceWindow;

  constructor(pci: PciBus, device: Device, window: DeviceWindow, registers: Views) {
    this.pci = pci;
    this.device = device;
    this.window = window;
    this.name = window.name;
    this.size = window.size;
    this.registers = registers;
  }

  read(offset: number, length: 1 | 2 | 4): number {
    return this.window.read(offset, length);
  }

  write(offset: number, length: 1 | 2 | 4, value: number): void {
    this.window.write(offset, length, value);
  }

  reset(): void {
    this.device.reset();
  }

  saveState(): DeviceState {
    return this.device.saveState();
  }

  restoreState(state: DeviceState): void {
    this.device.restoreState(state);
  }
}

/** Configuration space as a window. */
function configuration(fn: PciFunction): DeviceWindow {
  return {
    name: fn.name,
    size: 256,
    read: (offset, length) => fn.readConfig(offset, length),
    write: (offset, length, value) => fn.writeConfig(offset, length, value),
  };
}

const SLOT = 18;

/** `kind` says which of the device's windows: configuration space, BAR 4 or BAR 0. */
function windowed(virtio: VirtioPci, kind: 'configuration' | 'modern' | 'legacy'): Windowed {
  const pci = new PciBus({ io: new Bus(), memory: new Bus(), swizzle: () => 0, setLine: () => {} });
  pci.add(SLOT, 0, virtio.function);
  if (kind === 'modern') return new Windowed(pci, virtio, virtio.modernWindow!, () => virtio.modernViews());
  if (kind === 'legacy') return new Windowed(pci, virtio, virtio.legacyWindow!, () => virtio.legacyViews());
  // What a read of pci_cfg_data returns is the structure it is aimed at; a debugger must not read that.
  return new Windowed(pci, virtio, configuration(virtio.function), () =>
    virtio.function.views().filter(({ name }) => name !== 'pci_cfg_data'),
  );
}

function onPci(device: DeviceWindow, legacy: boolean) {
  return new VirtioOnPci((device as Windowed).pci, SLOT, { legacy }).mmio;
}

const startConsole = (memory: GuestMemory, legacy: boolean) => (device: DeviceWindow) => {
  const driver = new VirtioDriver(onPci(device, legacy), memory).start(VIRTIO_CONSOLE_F_MULTIPORT, 6, 64);
  driver.queues[1]!.send('hello');
  driver.queues[3]!.post([{ bytes: new Uint8Array(8) }]);
  driver.queues[3]!.notify();
};

const startBlk = (memory: GuestMemory, legacy: boolean) => (device: DeviceWindow) => {
  const mmio = onPci(device, legacy);
  const driver = new BlkDriver({ mmio, memory, timer: new FakeTimer(), disk: new FakeDisk() }, undefined, 128);
  driver.submit(VIRTIO_BLK_T_OUT, 1, { out: new Uint8Array(1024) });
  driver.submit(VIRTIO_BLK_T_IN, 2, { room: 512 });
};

const virtioSubjects = INTERFACES.flatMap(({ title, legacy, endianness }) => {
  const memory = ram(0x40000, endianness);
  const kind = legacy ? 'legacy' : 'modern';
  const bigEndianFrom = legacy && endianness === 'big' ? 0x14 : undefined;
  const machine = { legacy, endianness, memory };
  const console = () => new ConsoleMachine({ ...machine, ports: ['', 'second'] }).console;
  const blk = () => new BlkMachine(machine).blk;
  return [
    {
      title: `virtio-console on PCI, ${title}`,
      create: () => windowed(new VirtioPci(console(), { interface: kind }), kind),
      start: startConsole(memory, legacy),
      bigEndianFrom,
    },
    {
      title: `virtio-blk on PCI, ${title}`,
      create: () => windowed(new VirtioPci(blk(), { interface: kind }), kind),
      start: startBlk(memory, legacy),
      bigEndianFrom,
    },
    {
      title: `configuration of a transitional virtio-console, ${title}`,
      create: () => windowed(new VirtioPci(console(), { interface: 'transitional' }), 'configuration'),
      start: startConsole(memory, legacy),
    },
  ];
});

const without =
  (views: Views, prefix: string): Views =>
  () =>
    views().filter(({ name }) => !name.startsWith(prefix));

function piix4(number: number, prefix: string): () => Windowed {
  return () => {
    const { pci, piix4: device } = new MaltaPci();
    const views = (): SizedRegisterView[] => device.registers().filter(({ name }) => name.startsWith(prefix));
    return new Windowed(pci, device, configuration(pci.find(0, 10, number)!), views);
  };
}

export const PCI_SUBJECTS = [
  ...virtioSubjects,
  {
    title: 'generic-ecam',
    create: () => {
      const pci = new PciBus({ io: new Bus(), memory: new Bus(), swizzle: () => 0, setLine: () => {} });
      const host = new GenericEcamHost(pci);
      return new Windowed(pci, host, host, () => host.registers());
    },
    start: (device: DeviceWindow) => device.write(0x3c, 1, 0x20),
  },
  {
    title: 'gt64120',
    create: () => {
      const { pci, gt } = new MaltaPci();
      return new Windowed(
        pci,
        gt,
        gt,
        without(() => gt.registers(), 'pci '),
      );
    },
    start: (device: DeviceWindow) => {
      device.write(0x48, 4, 0x90);
      device.write(0xcf8, 4, 0x80000020);
      device.write(0xcfc, 4, 0x1be00000);
    },
  },
  ...(['isa ', 'ide ', 'pm '] as const).map((prefix, i) => ({
    title: `piix4 ${prefix.trim()} configuration`,
    create: piix4([0, 1, 3][i]!, prefix),
    start: (device: DeviceWindow) => {
      device.write(0x60, 4, 0x0b0a0985);
      device.write(0x40, 4, 0x80018001);
    },
  })),
  {
    title: 'piix4 power management block',
    create: () => {
      const { pci, piix4: device } = new MaltaPci();
      const block = pci.io.find(0x1000)!.target as DeviceWindow;
      return new Windowed(pci, device, block, () => device.registers().filter(({ name }) => name.startsWith('block ')));
    },
    start: (device: DeviceWindow) => device.write(0x04, 2, 0x2000),
  },
];
