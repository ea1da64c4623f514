import { describe, expect, it } from 'vitest';
import * as v from '../../../../src/devices/virtio/constants.ts';
import { ConsoleMachine, INTERFACES } from '../../../support/devices/console-machine.ts';
import type { VirtioDriver } from '../../../support/devices/virtio-driver.ts';

const ascii = (text: string): Uint8Array => new TextEncoder().encode(text);
const text = (bytes: Uint8Array): string => new TextDecoder().decode(bytes);

interface Control {
  readonly id: number;
  readonly event: number;
  readonly value: number;
  readonly rest: Uint8Array;
}

/** The control queues of a multiport driver. */
class ControlChannel {
  private readonly driver: VirtioDriver;

  constructor(driver: VirtioDriver) {
    this.driver = driver;
  }

  /** Post `count` buffers for messages from the device. */
  listen(count = 16, room = 64): void {
    for (let i = 0; i < count; i++) this.driver.queues[2]!.post([{ room }]);
    this.driver.queues[2]!.notify();
  }

  send(id: number, event: number, value = 1): void {
    const view = new DataView(new ArrayBuffer(8));
    const little = this.driver.order === 'little';
    view.setUint32(0, id, little);
    view.setUint16(4, event, little);
    view.setUint16(6, value, little);
    this.driver.queues[3]!.post([{ bytes: new Uint8Array(view.buffer) }]);
    this.driver.queues[3]!.notify();
  }

  heard(): Control[] {
    const little = this.driver.order === 'little';
    return this.driver.queues[2]!.collect().map(({ bytes }) => {
      const view = new DataView(bytes.buffer);
      return {
        id: view.getUint32(0, little),
        event: view.getUint16(4, little),
        value: view.getUint16(6, little),
        rest: bytes.subarray(8),
      };
    });
  }
}

function multiport(options: ConstructorParameters<typeof ConsoleMachine>[0] = {}) {
  const machine = new ConsoleMachine({ ports: ['', 'org.tsvm.log'], ...options });
  const driver = machine.driver().start(v.VIRTIO_CONSOLE_F_MULTIPORT | v.VIRTIO_CONSOLE_F_SIZE, 6, 64);
  return { machine, driver, control: new ControlChannel(driver) };
}

describe.each(INTERFACES)('virtio-console, $title', ({ legacy, endianness }) => {
  it('prints what the guest sends, chain by chain', () => {
    const m = new ConsoleMachine({ legacy, endianness });
    const tx = m.driver().start().queues[1]!;
    tx.post([{ bytes: ascii('hello, ') }, { bytes: ascii('world') }]);
    tx.post([{ bytes: ascii('\n') }]);
    tx.notify();
    expect(m.output).toBe('hello, world\n');
    expect(tx.collect().map(({ head, length }) => [head, length])).toEqual([
      [0, 0],
      [2, 0],
    ]);
  });

  it('hands over input into the buffers posted for it, and leaves the rest with the caller', () => {
    const m = new ConsoleMachine({ legacy, endianness });
    const rx = m.driver().start().queues[0]!;
    const port = m.console.port(0);
    expect([port.room(), port.input(ascii('nobody'))]).toEqual([0, 0]);
    rx.post([{ room: 4 }]);
    rx.post([{ room: 2 }, { room: 3 }]);
    expect(port.room()).toBe(9);
    expect(port.input(ascii('abcdefghijkl'))).toBe(9);
    expect(rx.collect().map(({ bytes }) => text(bytes))).toEqual(['abcd', 'efghi']);
    expect(m.irq.level).toBe(true);
    expect([port.room(), port.input(ascii('jkl'))]).toEqual([0, 0]);
  });

  it('uses one buffer per input that fits', () => {
    const m = new ConsoleMachine({ legacy, endianness });
    const rx = m.driver().start().queues[0]!;
    for (let i = 0; i < 3; i++) rx.post([{ room: 100 }]);
    expect(m.console.port(0).input(ascii('ls\n'))).toBe(3);
    expect(m.console.port(0).room()).toBe(200);
    expect(rx.collect().map(({ bytes }) => text(bytes))).toEqual(['ls\n']);
  });

  it("shows its size in the configuration space, in the interface's byte order", () => {
    const m = new ConsoleMachine({ legacy, endianness, cols: 132, rows: 43 });
    const little = !legacy || endianness === 'little';
    const bytes = Array.from({ length: 12 }, (_, i) => m.mmio.read(0x100 + i, 1));
    const view = new DataView(Uint8Array.from(bytes).buffer);
    expect([view.getUint16(0, little), view.getUint16(2, little), view.getUint32(4, little)]).toEqual([132, 43, 1]);
    expect(m.mmio.read(0x100, 4)).toBe((bytes[0]! | (bytes[1]! << 8) | (bytes[2]! << 16) | (bytes[3]! << 24)) >>> 0);
    expect(m.mmio.read(0x1fc, 4)).toBe(0);
  });

  it('prints an emergency character before any negotiation', () => {
    const m = new ConsoleMachine({ legacy, endianness });
    const word = (char: string) =>
      (legacy && endianness === 'big' ? char.charCodeAt(0) << 24 : char.charCodeAt(0)) >>> 0;
    m.mmio.write(0x108, 4, word('E'));
    m.mmio.write(0x108, 4, word('!'));
    expect(m.output).toBe('E!');
  });

  it('prints an emergency character once when the guest writes the field byte by byte', () => {
    const m = new ConsoleMachine({ legacy, endianness });
    const bytes = legacy && endianness === 'big' ? [0, 0, 0, 69] : [69, 0, 0, 0];
    bytes.forEach((byte, i) => {
      m.mmio.write(0x108 + i, 1, byte);
    });
    expect(m.output).toBe('E');
  });

  it('introduces its ports to a multiport driver', () => {
    const { control } = multiport({ legacy, endianness, cols: 80, rows: 24 });
    control.listen();
    control.send(0, v.VIRTIO_CONSOLE_DEVICE_READY);
    expect(control.heard()).toMatchObject([
      { id: 0, event: v.VIRTIO_CONSOLE_PORT_ADD },
      { id: 1, event: v.VIRTIO_CONSOLE_PORT_ADD },
    ]);
    control.send(0, v.VIRTIO_CONSOLE_PORT_READY);
    const first = control.heard();
    expect(first).toMatchObject([
      { id: 0, event: v.VIRTIO_CONSOLE_CONSOLE_PORT, value: 1 },
      { id: 0, event: v.VIRTIO_CONSOLE_RESIZE },
      { id: 0, event: v.VIRTIO_CONSOLE_PORT_OPEN, value: 1 },
    ]);
    const little = !legacy || endianness === 'little';
    expect([...first[1]!.rest]).toEqual(little ? [80, 0, 24, 0] : [0, 80, 0, 24]);
    control.send(1, v.VIRTIO_CONSOLE_PORT_READY);
    const second = control.heard();
    expect(second).toMatchObject([
      { id: 1, event: v.VIRTIO_CONSOLE_PORT_NAME },
      { id: 1, event: v.VIRTIO_CONSOLE_PORT_OPEN, value: 1 },
    ]);
    expect(text(second[0]!.rest)).toBe('org.tsvm.log');
  });
});

describe('a driver without MULTIPORT', () => {
  it('has port 0 and no other on a console of several ports', () => {
    const m = new ConsoleMachine({ ports: ['a', 'b'] });
    const driver = m.driver().start(0n, 6);
    for (const queue of [0, 4]) driver.queues[queue]!.post([{ room: 10 }]);
    expect([m.console.port(0).room(), m.console.port(1).room()]).toEqual([10, 0]);
    expect(m.console.port(1).input(ascii('x'))).toBe(0);
  });

  it('hears of a new size by a configuration change, if it took SIZE', () => {
    const m = new ConsoleMachine();
    const driver = m.driver().start(v.VIRTIO_CONSOLE_F_SIZE);
    const before = driver.get(v.VIRTIO_MMIO_CONFIG_GENERATION);
    m.console.resize(100, 40);
    expect(driver.acknowledge()).toBe(v.VIRTIO_MMIO_INT_CONFIG);
    expect(driver.get(v.VIRTIO_MMIO_CONFIG_GENERATION)).not.toBe(before);
    expect([m.mmio.read(0x100, 2), m.mmio.read(0x102, 2)]).toEqual([100, 40]);
    m.console.resize(100, 40);
    expect(m.irq.level).toBe(false);
  });

  it('hears nothing of a new size if it did not take SIZE', () => {
    const m = new ConsoleMachine();
    m.driver().start();
    m.console.resize(100, 40);
    expect(m.irq.level).toBe(false);
  });

  it('finds the size of now after a reset of the machine, and the generation started again', () => {
    const m = new ConsoleMachine({ cols: 80, rows: 24 });
    const driver = m.driver().start(v.VIRTIO_CONSOLE_F_SIZE);
    m.console.resize(100, 1e9);
    driver.set(v.VIRTIO_MMIO_STATUS, 0);
    expect(driver.get(v.VIRTIO_MMIO_CONFIG_GENERATION)).toBe(1);
    m.mmio.reset();
    expect(driver.get(v.VIRTIO_MMIO_CONFIG_GENERATION)).toBe(0);
    expect([m.mmio.read(0x100, 2), m.mmio.read(0x102, 2)]).toEqual([100, 0xffff]);
  });
});

describe('a driver with MULTIPORT', () => {
  it('is interrupted for what it sent and for what it hears', () => {
    const { machine, driver, control } = multiport();
    control.send(1, v.VIRTIO_CONSOLE_PORT_OPEN);
    expect(driver.acknowledge()).toBe(v.VIRTIO_MMIO_INT_VRING);
    control.send(0, v.VIRTIO_CONSOLE_DEVICE_READY);
    driver.acknowledge();
    control.listen();
    expect(machine.irq.level).toBe(true);
  });

  it('gets messages that waited for buffers, a few at a time', () => {
    const { control } = multiport();
    control.send(0, v.VIRTIO_CONSOLE_DEVICE_READY);
    expect(control.heard()).toEqual([]);
    control.listen(1);
    expect(control.heard()).toHaveLength(1);
    control.listen(5);
    expect(control.heard()).toMatchObject([{ id: 1, event: v.VIRTIO_CONSOLE_PORT_ADD }]);
  });

  it('may ask for ever: each message waits once', () => {
    const { control, machine } = multiport();
    for (let i = 0; i < 500; i++) control.send(0, v.VIRTIO_CONSOLE_DEVICE_READY);
    for (let i = 0; i < 500; i++) control.send(i % 2, v.VIRTIO_CONSOLE_PORT_READY);
    control.listen(60);
    expect(control.heard()).toHaveLength(2 + 3 + 2);
    expect(machine.log.lines).toEqual([]);
  });

  it('gives input to a port only while the guest has it open, console or not', () => {
    const { machine, driver, control } = multiport();
    for (const queue of [0, 4]) driver.queues[queue]!.post([{ room: 10 }]);
    const rooms = () => [machine.console.port(0).room(), machine.console.port(1).room()];
    expect(rooms()).toEqual([0, 0]);
    control.send(1, v.VIRTIO_CONSOLE_PORT_OPEN, 1);
    expect(rooms()).toEqual([0, 10]);
    control.send(0, v.VIRTIO_CONSOLE_PORT_OPEN, 1);
    expect(rooms()).toEqual([10, 10]);
    expect(machine.console.port(1).input(ascii('data'))).toBe(4);
    expect(text(driver.queues[4]!.collect()[0]!.bytes)).toBe('data');
    control.send(1, v.VIRTIO_CONSOLE_PORT_OPEN, 0);
    driver.queues[4]!.post([{ room: 10 }]);
    expect(rooms()).toEqual([10, 0]);
  });

  it("sends each port's output to its own backend", () => {
    const { machine, driver } = multiport();
    driver.queues[1]!.send('console');
    driver.queues[5]!.send('log');
    expect(machine.backends.map((backend) => backend.text)).toEqual(['console', 'log']);
  });

  it.each([
    ['cols-rows', [100, 0, 40, 0]],
    ['rows-cols', [40, 0, 100, 0]],
  ] as const)('hears of a new size by a RESIZE message, %s, once it has the console', (resizeOrder, bytes) => {
    const { machine, control } = multiport({ resizeOrder });
    control.listen();
    machine.console.resize(90, 30);
    expect(control.heard()).toEqual([]);
    control.send(0, v.VIRTIO_CONSOLE_PORT_READY);
    control.send(1, v.VIRTIO_CONSOLE_PORT_READY);
    control.heard();
    machine.console.resize(100, 40);
    const heard = control.heard();
    expect(heard).toMatchObject([{ id: 0, event: v.VIRTIO_CONSOLE_RESIZE }]);
    expect([...heard[0]!.rest]).toEqual(bytes);
  });

  it('gets only the last size when it was not listening', () => {
    const { machine, control } = multiport();
    control.send(0, v.VIRTIO_CONSOLE_PORT_READY);
    machine.console.resize(90, 30);
    machine.console.resize(91, 31);
    control.listen();
    const sizes = control.heard().filter(({ event }) => event === v.VIRTIO_CONSOLE_RESIZE);
    expect(sizes.map(({ rest }) => [...rest])).toEqual([[91, 0, 31, 0]]);
  });

  it('is told to reset when its buffer cannot hold a message', () => {
    const { driver, control } = multiport();
    control.listen(1, 4);
    control.send(0, v.VIRTIO_CONSOLE_DEVICE_READY);
    expect(driver.needsReset).toBe(true);
  });

  it('is not harmed by nonsense on the control queue', () => {
    const { machine, driver, control } = multiport();
    control.listen();
    control.send(99, v.VIRTIO_CONSOLE_PORT_READY);
    control.send(0, 0xffff);
    driver.queues[3]!.post([{ bytes: Uint8Array.of(1, 2, 3) }]);
    driver.queues[3]!.post([{ room: 8 }]);
    driver.queues[3]!.notify();
    expect(driver.queues[3]!.collect()).toHaveLength(4);
    expect(machine.log.lines).toHaveLength(2);
    control.send(0, v.VIRTIO_CONSOLE_DEVICE_READY);
    expect(control.heard()).toHaveLength(2);
  });

  it('keeps open ports and waiting messages across save and restore', () => {
    const { machine, driver, control } = multiport();
    control.send(1, v.VIRTIO_CONSOLE_PORT_OPEN);
    control.send(1, v.VIRTIO_CONSOLE_PORT_READY);
    driver.queues[4]!.post([{ room: 10 }]);
    const later = new ConsoleMachine({ ports: ['', 'org.tsvm.log'], memory: machine.memory });
    later.mmio.restoreState(JSON.parse(JSON.stringify(machine.mmio.saveState())));
    Object.assign(driver, { device: later.mmio });
    expect(later.console.port(1).room()).toBe(10);
    control.listen();
    expect(control.heard().map(({ event }) => event)).toEqual([v.VIRTIO_CONSOLE_PORT_NAME, v.VIRTIO_CONSOLE_PORT_OPEN]);
  });
});

describe('a hostile driver', () => {
  it('cannot make the console print more than 1 MiB with one chain', () => {
    const m = new ConsoleMachine();
    const driver = m.driver().start(0n, 2, 64);
    const tx = driver.queues[1]!;
    for (let i = 0; i < 64; i++) tx.describe(tx.desc, i, 0, 0x8000, i < 63 ? v.VIRTQ_DESC_F_NEXT : 0, i + 1);
    tx.makeAvailable(0);
    tx.notify();
    expect(m.output).toHaveLength(0);
    expect(driver.needsReset).toBe(true);
  });

  it('learns of a bad input buffer when it posts it, and asking for room changes nothing', () => {
    const m = new ConsoleMachine();
    const driver = m.driver().start();
    const rx = driver.queues[0]!;
    rx.post([{ room: 5 }]);
    rx.makeAvailable(999);
    expect(m.console.port(0).room()).toBe(5);
    expect(driver.needsReset).toBe(false);
    expect(m.console.port(0).input(ascii('12345678'))).toBe(5);
    expect(driver.needsReset).toBe(true);

    const again = m.driver().start();
    again.queues[0]!.makeAvailable(999);
    again.queues[0]!.notify();
    expect(again.needsReset).toBe(true);
    expect([m.console.port(0).room(), m.console.port(0).input(ascii('x'))]).toEqual([0, 0]);
  });

  it('ignores writable buffers in an output chain', () => {
    const m = new ConsoleMachine();
    const tx = m.driver().start().queues[1]!;
    tx.post([{ bytes: ascii('out') }, { room: 16 }]);
    tx.notify();
    expect([m.output, tx.collect()[0]!.length]).toEqual(['out', 0]);
  });
});

describe('a console', () => {
  it('has between 1 and 31 ports', () => {
    expect(() => new ConsoleMachine({ ports: [] })).toThrow('0 ports');
    expect(() => new ConsoleMachine({ ports: Array(32).fill('p') })).toThrow('32 ports');
    expect(() => new ConsoleMachine({ ports: ['a', 'b'], multiport: false })).toThrow('needs multiport');
    expect(() => new ConsoleMachine().console.port(1)).toThrow('no port 1');
  });

  it('refuses saved state of a console with other ports', () => {
    const saved = multiport().machine.mmio.saveState();
    expect(() => new ConsoleMachine().mmio.restoreState(saved)).toThrow('setups');
    expect(() => new ConsoleMachine({ ports: ['a', 'b', 'c'] }).mmio.restoreState(saved)).toThrow('setups');
  });
});
