// What device.ts promises, held against every device. A new device adds one entry to DEVICES.
import { describe, expect, it } from 'vitest';
import type { MmioDevice } from '../../src/devices/device.ts';
import { ParavirtIrqchip } from '../../src/devices/irqchip/paravirt.ts';
import type { SizedRegisterView } from '../../src/devices/registers.ts';
import { VIRTIO_BLK_T_IN, VIRTIO_BLK_T_OUT, VIRTIO_CONSOLE_F_MULTIPORT } from '../../src/devices/virtio/constants.ts';
import { TsvmError } from '../../src/util/errors.ts';
import { BlkDriver, BlkMachine } from '../support/devices/blk-machine.ts';
import { ConsoleMachine, INTERFACES } from '../support/devices/console-machine.ts';
import { FakeDisk, FakeLine, FakeTimer, ram, random } from '../support/devices/fakes.ts';
import { GIC_SUBJECTS } from '../support/devices/gic-subjects.ts';
import { ISA_SUBJECTS } from '../support/devices/isa-subjects.ts';
import { PCI_SUBJECTS } from '../support/devices/pci-subjects.ts';
import { PRIMECELL_SUBJECTS } from '../support/devices/primecell-subjects.ts';
import { VirtioDriver } from '../support/devices/virtio-driver.ts';

type Device = Omit<MmioDevice, 'registers'> & { registers(): readonly SizedRegisterView[] };

interface Subject {
  readonly title: string;
  readonly create: () => Device;
  /** Bring a fresh instance to where it does real work. */
  readonly start: (device: Device) => void;
  /** Registers from this offset on are in the guest's big-endian order. */
  readonly bigEndianFrom?: number;
  /** How a guest reads the register `name`, where an access at the register's offset is not enough; undefined: it cannot. */
  readonly load?: (device: Device, name: string) => number | undefined;
  /** Nothing that a guest does leaves a trace. */
  readonly stateless?: boolean;
}

const DEVICES: readonly Subject[] = [
  ...INTERFACES.map(({ title, legacy, endianness }) => {
    const memory = ram(0x40000, endianness);
    return {
      title: `virtio-console on virtio-mmio, ${title}`,
      create: () => new ConsoleMachine({ legacy, endianness, memory, ports: ['', 'second'] }).mmio,
      start: (device: MmioDevice) => {
        const driver = new VirtioDriver(device, memory).start(VIRTIO_CONSOLE_F_MULTIPORT, 6);
        driver.queues[1]!.send('hello');
        driver.queues[3]!.post([{ bytes: new Uint8Array(8) }]);
        driver.queues[3]!.notify();
      },
      bigEndianFrom: legacy && endianness === 'big' ? 0x100 : undefined,
    };
  }),
  ...INTERFACES.map(({ title, legacy, endianness }) => {
    const memory = ram(0x40000, endianness);
    return {
      title: `virtio-blk on virtio-mmio, ${title}`,
      create: () => new BlkMachine({ legacy, endianness, memory }).mmio,
      // One request in flight, one waiting behind it.
      start: (device: MmioDevice) => {
        const driver = new BlkDriver({ mmio: device, memory, timer: new FakeTimer(), disk: new FakeDisk() });
        driver.submit(VIRTIO_BLK_T_OUT, 1, { out: new Uint8Array(1024) });
        driver.submit(VIRTIO_BLK_T_IN, 2, { room: 512 });
      },
      bigEndianFrom: legacy && endianness === 'big' ? 0x100 : undefined,
    };
  }),
  {
    title: 'paravirt-irqchip',
    create: () => new ParavirtIrqchip({ cpus: 2, output: () => new FakeLine() }),
    start: (device) => {
      device.write(0x28, 4, 0xffffffff);
      device.write(0x10, 4, 0x600);
    },
  },
  ...PCI_SUBJECTS,
  ...ISA_SUBJECTS,
  ...GIC_SUBJECTS,
  ...PRIMECELL_SUBJECTS,
];

const SIZES = [1, 2, 4] as const;

/** Guest accesses of every size, half of them near the start of the window where registers are. */
function scramble(device: Device, seed: number, count: number): void {
  const next = random(seed);
  for (let i = 0; i < count; i++) {
    const length = SIZES[next() % 3]!;
    const span = next() & 1 ? device.size : Math.min(device.size, 0x120);
    const aligned = next() & 3 ? ~3 : ~0;
    const offset = Math.min((next() % span) & aligned, device.size - length);
    if (next() & 1) {
      const value = device.read(offset, length);
      if (!Number.isInteger(value) || value < 0 || value >= 2 ** (8 * length))
        throw new Error(`read(${offset}, ${length}) gave ${value}`);
    } else device.write(offset, length, next() & 1 ? next() : next() & 0xf);
  }
}

const json = (device: Device): unknown => JSON.parse(JSON.stringify(device.saveState()));

describe.each(DEVICES)('$title', ({ create, start, bigEndianFrom = Infinity, load, stateless = false }) => {
  it('has registers with names of their own, inside its window', () => {
    const device = create();
    const views = device.registers();
    expect(views.length).toBeGreaterThan(0);
    expect(new Set(views.map(({ name }) => name)).size).toBe(views.length);
    for (const { offset, width } of views) expect(offset + width).toBeLessThanOrEqual(device.size);
  });

  it('shows the debugger what a guest would read, and looking changes nothing', () => {
    const device = create();
    start(device);
    for (let seed = 1; seed <= 20; seed++) {
      scramble(device, seed, 50);
      const before = json(device);
      const views = device.registers();
      expect(device.registers()).toEqual(views);
      expect(json(device)).toEqual(before);
      for (const { name, offset, width, access, value } of views) {
        if (load) {
          const copy = create();
          copy.restoreState(before as never);
          expect(`${name} ${load(copy, name) ?? value}`).toBe(`${name} ${value}`);
          continue;
        }
        if (access === 'w') continue;
        let loaded = device.read(offset, width);
        if (offset >= bigEndianFrom) {
          const view = new DataView(new ArrayBuffer(4));
          view.setUint32(0, loaded, true);
          loaded = view.getUint32(0, false) >>> (8 * (4 - width));
        }
        expect(`${name} ${loaded}`).toBe(`${name} ${value}`);
      }
    }
  });

  it('never throws, whatever a guest reads and writes', () => {
    const device = create();
    start(device);
    expect(() => scramble(device, 7, 20_000)).not.toThrow();
  });

  it('reads and writes every size at every offset', () => {
    const device = create();
    for (const length of SIZES)
      for (let offset = 0; offset + length <= device.size; offset++) {
        device.read(offset, length);
        device.write(offset, length, 0xffffffff);
      }
    expect(device.registers()).toHaveLength(create().registers().length);
  });

  it('returns to its power-on state at reset', () => {
    const device = create();
    for (const use of [() => start(device), () => scramble(device, 3, 5_000)]) {
      use();
      if (!stateless) expect(json(device)).not.toEqual(json(create()));
      device.reset();
      expect(json(device)).toEqual(json(create()));
    }
    expect(device.registers()).toEqual(create().registers());
  });

  it('goes through JSON into a fresh instance unchanged', () => {
    for (let seed = 1; seed <= 20; seed++) {
      const device = create();
      start(device);
      scramble(device, seed, 30 * seed);
      const fresh = create();
      fresh.restoreState(JSON.parse(JSON.stringify(device.saveState())));
      expect(fresh.saveState()).toEqual(device.saveState());
      expect(fresh.registers()).toEqual(device.registers());
      scramble(device, seed + 100, 200);
      scramble(fresh, seed + 100, 200);
      expect(fresh.saveState()).toEqual(device.saveState());
    }
  });

  it('refuses saved state that is damaged, with an error of ours', () => {
    const damages = [null, [], -1, 2 ** 60];
    const device = create();
    start(device);
    const saved = json(device);
    for (const path of paths(saved))
      for (const damage of damages) {
        const fresh = create();
        try {
          fresh.restoreState(replaced(saved, path, damage) as never);
        } catch (error) {
          expect(error).toBeInstanceOf(TsvmError);
        }
        scramble(fresh, 5, 20);
      }
    expect(() => create().restoreState({})).toThrow(TsvmError);
  });
});

/** Every key path of a JSON value, the empty one first. */
function paths(value: unknown): string[][] {
  if (typeof value !== 'object' || value === null) return [[]];
  return [[], ...Object.entries(value).flatMap(([key, item]) => paths(item).map((path) => [key, ...path]))];
}

function replaced(value: unknown, path: readonly string[], by: unknown): unknown {
  const [key, ...rest] = path;
  if (key === undefined) return by;
  const copy = structuredClone(value) as Record<string, unknown>;
  copy[key] = replaced(copy[key], rest, by);
  return copy;
}
