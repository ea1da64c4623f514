// virtio over PCI, with a console and a disk behind it: what drivers of either age find, and do with it.
import { describe, expect, it } from 'vitest';
import { PciBus } from '../../../../src/devices/pci/bus.ts';
import { VirtioBlk } from '../../../../src/devices/virtio/blk.ts';
import { VirtioConsole } from '../../../../src/devices/virtio/console.ts';
import * as v from '../../../../src/devices/virtio/constants.ts';
import { VirtioPci, type VirtioPciInterface } from '../../../../src/devices/virtio/pci.ts';
import { Bus } from '../../../../src/memory/bus.ts';
import type { Endianness, GuestMemory } from '../../../../src/memory/guest-memory.ts';
import { BlkDriver } from '../../../support/devices/blk-machine.ts';
import { FakeBackend, FakeDisk, FakeLine, FakeLog, FakeTimer, ram } from '../../../support/devices/fakes.ts';
import { VirtioDriver } from '../../../support/devices/virtio-driver.ts';
import { VirtioOnPci } from '../../../support/devices/virtio-on-pci.ts';

const CONSOLE = 18;
const DISK = 19;
/** Queue size of the console, which a legacy driver cannot choose. */
const SIZE = 64;

class Machine {
  readonly memory: GuestMemory;
  readonly line = new FakeLine();
  readonly log = new FakeLog();
  readonly timer = new FakeTimer();
  readonly disk = new FakeDisk();
  readonly backend = new FakeBackend();
  readonly console: VirtioConsole;
  readonly virtio: VirtioPci;
  readonly blk: VirtioPci;
  readonly pci: PciBus;

  constructor(kind: VirtioPciInterface, endianness: Endianness = 'little', memory = ram(0x100000, endianness)) {
    this.memory = memory;
    const context = { memory, log: this.log.once, timer: this.timer };
    this.console = new VirtioConsole(context, { ports: [{ name: '', backend: this.backend }] });
    this.virtio = new VirtioPci(this.console, { interface: kind });
    this.blk = new VirtioPci(new VirtioBlk(context, { name: 'virtio-blk0', backend: this.disk }), { interface: kind });
    this.pci = new PciBus({
      io: new Bus(),
      memory: new Bus(),
      swizzle: () => 0,
      setLine: (_, level) => this.line.set(level),
    });
    this.pci.add(CONSOLE, 0, this.virtio.function);
    this.pci.add(DISK, 0, this.blk.function);
  }

  config(register: number, width: 1 | 2 | 4): number {
    return this.pci.readConfig(0, CONSOLE, 0, register, width);
  }

  on(legacy: boolean, slot = CONSOLE): VirtioOnPci {
    return new VirtioOnPci(this.pci, slot, { legacy });
  }

  driver(legacy: boolean): VirtioDriver {
    return new VirtioDriver(this.on(legacy).mmio, this.memory);
  }
}

const WAYS = [
  { title: 'modern device, modern driver', kind: 'modern', legacy: false },
  { title: 'transitional device, modern driver', kind: 'transitional', legacy: false },
  { title: 'transitional device, legacy driver', kind: 'transitional', legacy: true },
  { title: 'legacy device and driver', kind: 'legacy', legacy: true },
] as const;

describe('identity', () => {
  it.each([
    ['modern', CONSOLE, [0x1af4, 0x1043, 1, 0x0780, 0x40]],
    ['transitional', CONSOLE, [0x1af4, 0x1003, 0, 0x0780, 3]],
    ['legacy', DISK, [0x1af4, 0x1001, 0, 0x0180, 2]],
    ['modern', DISK, [0x1af4, 0x1042, 1, 0x0180, 0x40]],
  ] as const)('of a %s device in slot %d', (kind, slot, expected) => {
    const { pci } = new Machine(kind);
    const read = (register: number, width: 1 | 2) => pci.readConfig(0, slot, 0, register, width);
    expect([read(0, 2), read(2, 2), read(8, 1), read(0xa, 2), read(0x2e, 2)]).toEqual(expected);
    expect([read(0x2c, 2), read(0x3d, 1)]).toEqual([0x1af4, 1]);
  });

  it('has ports in BAR 0 for legacy drivers, memory in BAR 4 for modern ones, and no MSI-X', () => {
    const bars = (kind: VirtioPciInterface) => new Machine(kind).on(kind === 'legacy').bars.map((bar) => bar?.size);
    expect(bars('modern')).toEqual([undefined, undefined, undefined, undefined, 0x4000]);
    expect(bars('transitional')).toEqual([32, undefined, undefined, undefined, 0x4000]);
    expect(bars('legacy')).toEqual([32]);
    expect(new Machine('transitional').on(false, DISK).bars[0]!.size).toBe(128);
    for (const kind of ['modern', 'transitional'] as const) {
      const m = new Machine(kind);
      for (let at = m.config(0x34, 1); at !== 0; at = m.config(at + 1, 1)) expect(m.config(at, 1)).toBe(9);
    }
  });

  it('names the structures of 4.1.4 in its capabilities', () => {
    const found = new Machine('modern').on(false);
    expect([...found.capabilities().keys()].sort()).toEqual([1, 2, 3, 4, 5]);
    const lengths = [1, 2, 3, 4].map((type) => found.structures.get(type)!.length);
    expect(lengths).toEqual([0x38, 2 * 4, 1, 12]);
    expect(found.notifyMultiplier).toBe(4);
    expect(new Machine('legacy').on(true).capabilities().size).toBe(0);
  });
});

describe.each(WAYS.flatMap((way) => (['little', 'big'] as const).map((endianness) => ({ ...way, endianness }))))(
  '$title, $endianness-endian guest',
  ({ kind, legacy, endianness }) => {
    const machine = () => new Machine(kind, endianness);

    it('offers VIRTIO_F_VERSION_1 only to a modern driver', () => {
      const driver = machine().driver(legacy);
      expect((driver.offered() & v.VIRTIO_F_VERSION_1) !== 0n).toBe(!legacy);
      expect((driver.offered() & v.VIRTIO_F_ANY_LAYOUT) !== 0n).toBe(legacy);
    });

    it('moves console bytes both ways and interrupts until the ISR is read', () => {
      const m = machine();
      const driver = m.driver(legacy).start(0n, 2, SIZE);
      driver.queues[1]!.send('hello');
      expect([m.backend.text, m.line.level]).toEqual(['hello', true]);
      expect([driver.acknowledge(), m.line.level]).toEqual([v.VIRTIO_PCI_ISR_QUEUE, false]);
      expect(driver.acknowledge()).toBe(0);
      driver.queues[0]!.post([{ room: 8 }]);
      driver.queues[0]!.notify();
      m.console.port(0).input(Uint8Array.of(7, 8, 9));
      expect(driver.queues[0]!.collect()[0]!.bytes).toEqual(Uint8Array.of(7, 8, 9));
      expect(m.line.level).toBe(true);
    });

    it('reads and writes sectors', () => {
      const m = machine();
      const mmio = m.on(legacy, DISK).mmio;
      // The only size that a legacy driver can have.
      const size = mmio.read(v.VIRTIO_MMIO_QUEUE_NUM_MAX, 4);
      const driver = new BlkDriver({ mmio, memory: m.memory, timer: m.timer, disk: m.disk }, undefined, size);
      const data = Uint8Array.from({ length: 1024 }, (_, i) => i * 5);
      expect(driver.write(3, data).status).toBe(0);
      expect(m.disk.bytes.subarray(3 * 512, 5 * 512)).toEqual(data);
      expect(driver.read(3, 1024).data).toEqual(data);
    });

    it('shows the device configuration in the order of the driver', () => {
      const m = machine();
      m.console.resize(0x1234, 0x56);
      const { mmio } = m.on(legacy);
      const bytes = [0, 1, 2, 3].map((i) => mmio.read(v.VIRTIO_MMIO_CONFIG + i, 1));
      expect(bytes).toEqual(legacy && endianness === 'big' ? [0x12, 0x34, 0, 0x56] : [0x34, 0x12, 0x56, 0]);
    });

    it('interrupts for a configuration change', () => {
      const m = machine();
      const driver = m.driver(legacy).start(v.VIRTIO_CONSOLE_F_SIZE, 2, SIZE);
      m.console.resize(100, 40);
      expect([m.line.level, driver.acknowledge(), m.line.level]).toEqual([true, v.VIRTIO_PCI_ISR_CONFIG, false]);
    });

    it('forgets everything at status 0, and serves the next driver', () => {
      const m = machine();
      const driver = m.driver(legacy).start(0n, 2, SIZE);
      driver.queues[1]!.send('one ');
      driver.set(v.VIRTIO_MMIO_STATUS, 0);
      expect([driver.get(v.VIRTIO_MMIO_STATUS), m.line.level]).toEqual([0, false]);
      driver.queues[1]!.send('lost');
      m.driver(legacy).start(0n, 2, SIZE).queues[1]!.send('two');
      expect(m.backend.text).toBe('one two');
    });

    it('stops after a broken ring until its reset', () => {
      const m = machine();
      const driver = m.driver(legacy).start(0n, 2, SIZE);
      driver.queues[1]!.setAvailIndex(0x4000);
      driver.queues[1]!.notify();
      expect(driver.needsReset).toBe(!legacy);
      m.driver(legacy).start(0n, 2, SIZE).queues[1]!.send('back');
      expect(m.backend.text).toBe('back');
    });

    it('goes on from saved state in another instance', () => {
      const m = machine();
      const driver = m.driver(legacy).start(0n, 2, SIZE);
      driver.queues[1]!.send('before');
      const saved = JSON.parse(JSON.stringify(m.virtio.saveState()));
      const later = new Machine(kind, endianness, m.memory);
      later.virtio.restoreState(saved);
      expect(later.virtio.saveState()).toEqual(saved);
      expect(later.virtio.registers()).toEqual(m.virtio.registers());
      // Its windows are placed again: the same driver goes on, on the other bus.
      const { mmio } = new VirtioOnPci(later.pci, CONSOLE, { legacy });
      Object.assign(driver, { device: mmio });
      expect(driver.acknowledge()).toBe(v.VIRTIO_PCI_ISR_QUEUE);
      driver.queues[1]!.send(' after');
      expect([m.backend.text, later.backend.text]).toEqual(['before', ' after']);
    });
  },
);

describe('a modern queue', () => {
  it('is set up field by field, and not again while it is enabled', () => {
    const m = new Machine('modern');
    const { mmio } = m.on(false);
    new VirtioDriver(mmio, m.memory).start(0n, 1, 16);
    expect(mmio.read(v.VIRTIO_MMIO_QUEUE_NUM, 2)).toBe(16);
    const desc = mmio.read(v.VIRTIO_MMIO_QUEUE_DESC_LOW, 4);
    expect(desc).toBeGreaterThan(0);
    mmio.write(v.VIRTIO_MMIO_QUEUE_DESC_LOW, 4, 0x5000);
    mmio.write(v.VIRTIO_MMIO_QUEUE_NUM, 2, 8);
    mmio.write(v.VIRTIO_MMIO_QUEUE_READY, 2, 0);
    expect([desc, 16, 1]).toEqual([
      mmio.read(v.VIRTIO_MMIO_QUEUE_DESC_LOW, 4),
      mmio.read(v.VIRTIO_MMIO_QUEUE_NUM, 2),
      mmio.read(v.VIRTIO_MMIO_QUEUE_READY, 2),
    ]);
    expect(m.log.lines).toHaveLength(2);
  });

  it('that does not exist has size 0', () => {
    const m = new Machine('modern');
    const on = m.on(false);
    const common = v.VIRTIO_PCI_CAP_COMMON_CFG;
    expect(on.load(common, v.VIRTIO_PCI_COMMON_NUM_QUEUES, 2)).toBe(2);
    on.store(common, v.VIRTIO_PCI_COMMON_QUEUE_ENABLE, 2, 2);
    expect(on.load(common, v.VIRTIO_PCI_COMMON_QUEUE_ENABLE, 2)).toBe(0);
    on.store(common, v.VIRTIO_PCI_COMMON_QUEUE_SELECT, 2, 2);
    expect(on.load(common, v.VIRTIO_PCI_COMMON_QUEUE_SIZE, 2)).toBe(0);
    on.store(common, v.VIRTIO_PCI_COMMON_QUEUE_ENABLE, 2, 1);
    on.store(v.VIRTIO_PCI_CAP_NOTIFY_CFG, 8, 2, 2);
    on.store(v.VIRTIO_PCI_CAP_NOTIFY_CFG, 1, 2, 0);
    expect(m.log.lines).toHaveLength(4);
  });

  it('gets no MSI-X vector', () => {
    const on = new Machine('modern').on(false);
    for (const offset of [v.VIRTIO_PCI_COMMON_CONFIG_MSIX_VECTOR, v.VIRTIO_PCI_COMMON_QUEUE_MSIX_VECTOR]) {
      on.store(v.VIRTIO_PCI_CAP_COMMON_CFG, offset, 2, 0);
      expect(on.load(v.VIRTIO_PCI_CAP_COMMON_CFG, offset, 2)).toBe(v.VIRTIO_MSI_NO_VECTOR);
    }
  });
});

describe('a transitional device', () => {
  it('changes hands at a reset: boot loader first, kernel after it', () => {
    const m = new Machine('transitional', 'big');
    m.driver(true).start(0n, 2, SIZE).queues[1]!.send('old ');
    expect(m.virtio.legacy).toBe(true);
    m.driver(false).start(0n, 2, SIZE).queues[1]!.send('new ');
    expect(m.virtio.legacy).toBe(false);
    m.driver(true).start(0n, 2, SIZE).queues[1]!.send('old again');
    expect(m.backend.text).toBe('old new old again');
  });

  it('ignores the other interface while one is in use', () => {
    const m = new Machine('transitional');
    const modern = m.driver(false).start(0n, 2, SIZE);
    const ports = m.on(true).mmio;
    ports.write(v.VIRTIO_MMIO_QUEUE_SEL, 2, 1);
    ports.write(v.VIRTIO_MMIO_QUEUE_PFN, 4, 0);
    ports.write(v.VIRTIO_MMIO_STATUS, 1, 0x80);
    modern.queues[1]!.send('unmoved');
    expect([m.backend.text, modern.get(v.VIRTIO_MMIO_STATUS)]).toEqual(['unmoved', 0xf]);
    expect(m.log.lines).toEqual(['warning: virtio-console: a driver mixes the legacy and the modern interface']);
  });

  it('is refused for a device type without an identity before 1.0', () => {
    const odd = Object.create(new Machine('modern').console, { deviceId: { value: 40 } }) as VirtioConsole;
    for (const kind of ['legacy', 'transitional'] as const)
      expect(() => new VirtioPci(odd, { interface: kind })).toThrow(RangeError);
    expect(() => new VirtioPci(odd, { interface: 'modern' })).not.toThrow();
  });
});

describe('the configuration access capability', () => {
  function access(m: Machine) {
    const on = m.on(false);
    const at = on.capabilities().get(v.VIRTIO_PCI_CAP_PCI_CFG)!;
    const aim = (bar: number, offset: number, length: number): void => {
      on.config(at + 4, 1, bar);
      on.config(at + 8, 4, offset);
      on.config(at + 12, 4, length);
    };
    return {
      on,
      read: (bar: number, offset: number, length: 1 | 2 | 4): number => {
        aim(bar, offset, length);
        return on.config(at + 16, length);
      },
      write: (bar: number, offset: number, length: 1 | 2 | 4, value: number): void => {
        aim(bar, offset, length);
        m.pci.writeConfig(0, CONSOLE, 0, at + 16, length, value);
      },
      aim,
      at,
    };
  }

  it('reaches the structures though memory decoding is off', () => {
    const m = new Machine('modern');
    const { on, read, write } = access(m);
    on.config(0x04, 2, 0);
    write(4, v.VIRTIO_PCI_COMMON_DEVICE_STATUS, 1, 3);
    expect(read(4, v.VIRTIO_PCI_COMMON_DEVICE_STATUS, 1)).toBe(3);
    expect(read(4, v.VIRTIO_PCI_COMMON_NUM_QUEUES, 2)).toBe(2);
    write(4, v.VIRTIO_PCI_COMMON_DEVICE_FEATURE_SELECT, 4, 1);
    expect(read(4, v.VIRTIO_PCI_COMMON_DEVICE_FEATURE, 4) & 1).toBe(1);
  });

  it('reaches nothing else', () => {
    const m = new Machine('modern');
    const { aim, at, on, read } = access(m);
    expect([read(0, 0, 4), read(9, 0, 4), read(4, 0x4000, 4), read(4, 0xfffffffc, 4), read(4, 2, 4)]).toEqual([
      0, 0, 0, 0, 0,
    ]);
    aim(4, 0, 3);
    expect(on.config(at + 16, 4)).toBe(0);
    on.config(at + 16, 4, 0xffffffff);
    aim(4, 0x4000, 2);
    on.config(at + 16, 2, 0);
    expect(m.log.lines).toEqual(['warning: virtio-console: configuration access to a place that does not exist']);
  });

  it('shows the debugger the ISR without clearing it', () => {
    const m = new Machine('modern');
    const { aim } = access(m);
    const driver = m.driver(false).start(0n, 2, SIZE);
    aim(4, 0x1000, 1);
    driver.queues[1]!.send('x');
    m.virtio.registers();
    expect(m.line.level).toBe(true);
  });
});

describe('saved state', () => {
  it('of another interface is refused', () => {
    const kinds = ['legacy', 'transitional', 'modern'] as const;
    for (const from of kinds)
      for (const to of kinds.filter((kind) => kind !== from)) {
        const saved = new Machine(from).virtio.saveState();
        expect(() => new Machine(to).virtio.restoreState(saved)).toThrow('saved state of virtio-console');
      }
  });

  it('for a driver that the device cannot have is refused', () => {
    const saved = new Machine('modern').virtio.saveState() as Record<string, never>;
    expect(() => new Machine('modern').virtio.restoreState({ ...saved, legacy: true })).toThrow('legacy');
  });
});

describe('the interrupt', () => {
  it('is held back by INTX_DISABLE, and shown in the status register', () => {
    const m = new Machine('modern');
    const driver = m.driver(false).start(0n, 2, SIZE);
    driver.queues[1]!.send('x');
    expect([m.line.level, m.config(6, 2) & 8]).toEqual([true, 8]);
    m.pci.writeConfig(0, CONSOLE, 0, 4, 2, 0x406);
    expect([m.line.level, m.config(6, 2) & 8]).toEqual([false, 8]);
    m.pci.writeConfig(0, CONSOLE, 0, 4, 2, 0x006);
    expect(m.line.level).toBe(true);
    driver.acknowledge();
    expect([m.line.level, m.config(6, 2) & 8]).toEqual([false, 0]);
  });
});
