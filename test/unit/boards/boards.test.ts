import { describe, expect, it } from 'vitest';
import {
  type BoardContext,
  fillRam,
  type Irqchip,
  maxDisks,
  maxMemory,
  physicalAddress,
  presentDevices,
} from '../../../src/boards/board.ts';
import { buildBoard } from '../../../src/boards/build.ts';
import { BOARDS } from '../../../src/boards/index.ts';
import { malta } from '../../../src/boards/malta.ts';
import { mipsParavirt } from '../../../src/boards/mips-paravirt.ts';
import type { MmioDevice } from '../../../src/devices/device.ts';
import { Bus } from '../../../src/memory/bus.ts';
import { OnceLog, silentLog } from '../../../src/util/log.ts';
import { makeRam } from '../../support/boot/guest-ram.ts';
import { BlkDriver } from '../../support/devices/blk-machine.ts';
import { FakeDisk, FakeTimer } from '../../support/devices/fakes.ts';
import { VirtioDriver } from '../../support/devices/virtio-driver.ts';

const MIB = 1 << 20;
const IRQCHIP = 0x1e010000;
const CONSOLE = 0x12000000;

/** What the other consoles have put out: `uart1 65`. */
const elsewhere: string[] = [];

function build(order: 'little' | 'big' = 'little', change: Partial<BoardContext> = {}, board = mipsParavirt) {
  const memory = makeRam(MIB, order);
  const interrupts: [number, number][] = [];
  const output: number[] = [];
  /** What KVM serves itself. */
  const kernel = new Bus();
  let irqchip: Irqchip | null = null;
  const built = buildBoard(board, {
    memory,
    timer: { now: 0, schedule: () => 0, cancel() {} },
    log: new OnceLog(silentLog),
    cpus: 2,
    virtio: null,
    console: 'virtio',
    transport: 'mmio',
    vmType: board.images[0]!.vmType,
    startDate: 0,
    stall: () => {},
    agentOutput: null,
    systemEvent: () => {},
    disks: [],
    consoleOutput: { write: (bytes) => output.push(...bytes) },
    otherConsole: (name) => ({ write: (bytes) => elsewhere.push(`${name} ${bytes.join(' ')}`) }),
    createIrqchip: (chip, places) => {
      for (const [n, { base, order }] of places.entries()) {
        const { name, size, read, write } = chip.windows[n]!;
        kernel.add(
          base,
          {
            name,
            size,
            read: (offset, length) => read.call(chip.windows[n]!, offset, length, 0),
            write: (offset, length, value) => write.call(chip.windows[n]!, offset, length, value, 0),
          },
          order,
        );
      }
      irqchip = chip;
    },
    irqLine: (irq, level) => expect(irqchip!.setLine(irq, level)).toBe(true),
    interrupt: (cpu, irq) => interrupts.push([cpu, irq]),
    ...change,
  });
  interrupts.length = 0;
  const busOf = (address: number) => (kernel.find(address) ? kernel : built.bus);
  const store = (address: number, ...data: number[]) =>
    busOf(address).write(address, Uint8Array.from(data), data.length);
  const load = (address: number) => {
    const data = new Uint8Array(4);
    expect(busOf(address).read(address, data, 4)).toBe(true);
    return [...data];
  };
  return { ...built, memory, interrupts, output, store, load };
}

describe.each(BOARDS.map((board) => [board.name, board] as const))('board %s', (_name, board) => {
  const machine = { console: Object.keys(board.consoles)[0]!, transport: board.transports[0]! };

  it('gives every device windows of its own, outside RAM, as large as they say', () => {
    const context = { ...machine, disks: Array.from({ length: maxDisks(board) }, () => new FakeDisk()) };
    const { devices, bus } = build('little', context, board);
    const rows = presentDevices(board, { ...machine, disks: maxDisks(board), agent: false });
    expect(devices.map(({ name }) => name)).toEqual(
      [...(board.irqchip ? [board.irqchip] : []), ...rows].map(({ name }) => name),
    );
    for (const { name, windows } of rows)
      for (const { bus: space, address, size } of windows.filter((window) => window.bus === undefined)) {
        expect([name, bus.find(address)?.base, bus.find(address)?.target.size, space]).toEqual([
          name,
          address,
          size,
          undefined,
        ]);
        for (const ram of board.ram) expect(address >= ram.base + ram.size || address + size <= ram.base).toBe(true);
      }
  });

  it('has a device for every disk that is given, and none for others', () => {
    for (const transport of board.transports)
      for (let disks = 0; disks <= maxDisks(board); disks++)
        expect(presentDevices(board, { ...machine, transport, disks, agent: false })).toHaveLength(
          presentDevices(board, { ...machine, transport, disks: 0, agent: false }).length + disks,
        );
  });

  it('has a console and RAM, and takes kernels where its CPU finds RAM without a TLB', () => {
    expect(Object.keys(board.consoles).length).toBeGreaterThan(0);
    expect(maxMemory(board)).toBeGreaterThanOrEqual(256 * MIB);
    for (const { segment } of board.images) if (segment) expect(board.segments).toContain(segment);
  });
});

const paravirtDevices = (disks: number) =>
  presentDevices(mipsParavirt, { disks, console: 'virtio', transport: 'mmio', agent: false });

describe('board mips-paravirt', () => {
  it('splits RAM at 256 MiB, around its devices', () => {
    expect(fillRam(mipsParavirt.ram, 64 * MIB)).toEqual([{ base: 0, size: 64 * MIB }]);
    expect(fillRam(mipsParavirt.ram, 300 * MIB)).toEqual([
      { base: 0, size: 256 * MIB },
      { base: 0x20000000, size: 44 * MIB },
    ]);
    expect(fillRam(mipsParavirt.ram, maxMemory(mipsParavirt) + 1)).toBeUndefined();
  });

  it('tells Linux its memory, its CPUs, its virtio slots and its console', () => {
    const ram = fillRam(mipsParavirt.ram, 300 * MIB)!;
    expect(mipsParavirt.commandLine({ ram, cpus: 2, console: 'hvc0', devices: paravirtDevices(0) })).toEqual([
      'mem=262144K@0x0',
      'mem=45056K@0x20000000',
      'numcpus=2',
      'virtio_mmio.device=0x200@0x12000000:16',
      'console=hvc0',
    ]);
  });

  it('has room for 8 disks, behind its console, and tells Linux of those that are there', () => {
    expect(maxDisks(mipsParavirt)).toBe(8);
    const devices = paravirtDevices(2);
    expect(mipsParavirt.commandLine({ ram: [], cpus: 1, console: 'hvc0', devices }).slice(1, -1)).toEqual([
      'virtio_mmio.device=0x200@0x12000000:16',
      'virtio_mmio.device=0x200@0x12000200:17',
      'virtio_mmio.device=0x200@0x12000400:18',
    ]);
  });

  it.each(['modern', 'legacy'] as const)(
    'gives each disk its own slot, its own interrupt and its name, %s',
    (virtio) => {
      const timer = new FakeTimer();
      const disks = [new FakeDisk(8), new FakeDisk(16)];
      const { bus, devices, memory, interrupts, store } = build('little', { disks, virtio, timer });
      expect(devices.slice(2).map(({ name, device }) => [name, device.name])).toEqual([
        ['virtio-mmio1', 'virtio-blk0'],
        ['virtio-mmio2', 'virtio-blk1'],
        ['finisher', 'test-finisher'],
      ]);
      // en_w1s of vCPU 0: line 18.
      store(IRQCHIP + 0x30, 0, 0, 4, 0);
      const mmio = devices[3]!.device as MmioDevice;
      const driver = new BlkDriver({ mmio, memory, timer, disk: disks[1]! });
      expect(driver.read(3, 512).data).toEqual(disks[1]!.bytes.subarray(3 * 512, 4 * 512));
      expect(interrupts).toEqual([[0, 2]]);
      expect(bus.find(0x12000600)).toBeFalsy();
    },
  );

  it('knows the unmapped segments of trap-and-emulate and of ordinary guests', () => {
    const physical = (address: number) => physicalAddress(mipsParavirt.segments, address);
    expect([0x40001000, 0x5fffffff, 0x80001000, 0xa0001000].map(physical)).toEqual([
      0x1000, 0x1fffffff, 0x1000, 0x1000,
    ]);
    expect([0, 0x3fffffff, 0x60000000, 0xc0000000].map(physical)).toEqual([undefined, undefined, undefined, undefined]);
  });

  it.each(['little', 'big'] as const)(
    'shows a %s-endian guest virtio registers in little-endian, irqchip in its own order',
    (order) => {
      const { load } = build(order);
      expect(String.fromCharCode(...load(CONSOLE))).toBe('virt');
      expect(load(IRQCHIP)).toEqual(order === 'little' ? [64, 0, 0, 0] : [0, 0, 0, 64]);
    },
  );

  it('takes the legacy interface when asked', () => {
    expect(build('little', { virtio: 'legacy' }).load(CONSOLE + 4)).toEqual([1, 0, 0, 0]);
    expect(build().load(CONSOLE + 4)).toEqual([2, 0, 0, 0]);
  });

  it('raises IP2 of a vCPU that enabled line 16 when console input arrives, and lowers it', () => {
    const { devices, memory, console, interrupts, store } = build();
    const driver = new VirtioDriver(devices[1]!.device as MmioDevice, memory);
    driver.start();
    const queue = driver.queues[0]!;
    // en_w1s of vCPU 1: 0x20 + 1 * 0x20 + 0x10.
    store(IRQCHIP + 0x50, 0, 0, 1, 0);
    expect(console.room()).toBe(0);
    queue.post([{ room: 16 }]);
    queue.notify();
    expect(console.room()).toBe(16);
    expect(console.input(Uint8Array.of(1, 2, 3))).toBe(3);
    expect(interrupts).toEqual([[1, 2]]);
    driver.acknowledge();
    expect(interrupts).toEqual([
      [1, 2],
      [1, -2],
    ]);
  });
});

describe('the serial lines of malta', () => {
  const UART0 = 0x1800_03f8;
  const UART1 = 0x1800_02f8;
  const CBUS_UART = 0x1f00_0900;

  it.each([
    ['serial', ['uart0', 'uart1', 'uart2'], ['uart1 66', 'uart2 67']],
    ['virtio', ['virtio-console', 'uart0', 'uart1', 'uart2'], ['uart0 65', 'uart1 66', 'uart2 67']],
  ])('are consoles of their own but for the first, which the run shows: --console %s', (console, names, others) => {
    elsewhere.length = 0;
    const { store, output, consoles } = build('little', { console, transport: 'pci', cpus: 1 }, malta);
    store(UART0, 0x41);
    store(UART1, 0x42);
    store(CBUS_UART, 0x43);
    expect(output).toEqual([0x41]);
    expect(elsewhere).toEqual(others);
    expect([...consoles.keys()]).toEqual(names);
  });
});
