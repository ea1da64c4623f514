// The virtio-mmio transport, with a console behind it.
import { describe, expect, it } from 'vitest';
import * as v from '../../../../src/devices/virtio/constants.ts';
import { Bus } from '../../../../src/memory/bus.ts';
import { ConsoleMachine, INTERFACES } from '../../../support/devices/console-machine.ts';

describe.each(INTERFACES)('virtio-mmio, $title', ({ legacy, endianness }) => {
  const machine = () => new ConsoleMachine({ legacy, endianness });

  it('identifies itself', () => {
    const { mmio } = machine();
    const ids = [0, 4, 8, 12].map((offset) => mmio.read(offset, 4));
    expect(ids).toEqual([0x74726976, legacy ? 1 : 2, 3, 0x4d565354]);
  });

  it('offers VIRTIO_F_VERSION_1 only to a modern driver, and reads 0 beyond 64 feature bits', () => {
    const m = machine();
    const driver = m.driver();
    expect((driver.offered() & v.VIRTIO_F_VERSION_1) !== 0n).toBe(!legacy);
    expect((driver.offered() & v.VIRTIO_F_ANY_LAYOUT) !== 0n).toBe(legacy);
    expect(driver.offered() & v.VIRTIO_F_EVENT_IDX).toBe(v.VIRTIO_F_EVENT_IDX);
    driver.set(v.VIRTIO_MMIO_DEVICE_FEATURES_SEL, 2);
    expect(driver.get(v.VIRTIO_MMIO_DEVICE_FEATURES)).toBe(0);
  });

  it('says which queues exist', () => {
    const driver = machine().driver();
    const sizes = [0, 1, 2, 0xffffffff].map((queue) => {
      driver.set(v.VIRTIO_MMIO_QUEUE_SEL, queue);
      return driver.get(v.VIRTIO_MMIO_QUEUE_NUM_MAX);
    });
    expect(sizes).toEqual([64, 64, 0, 0]);
  });

  it('interrupts for used buffers until they are acknowledged', () => {
    const m = machine();
    const driver = m.driver().start();
    driver.queues[1]!.send('hi');
    expect(m.output).toBe('hi');
    expect(m.irq.level).toBe(true);
    expect(driver.acknowledge()).toBe(v.VIRTIO_MMIO_INT_VRING);
    expect(m.irq.level).toBe(false);
    expect(driver.get(v.VIRTIO_MMIO_INTERRUPT_STATUS)).toBe(0);
  });

  it('keeps the line up while another reason is not acknowledged', () => {
    const m = machine();
    const driver = m.driver().start(v.VIRTIO_CONSOLE_F_SIZE);
    driver.queues[1]!.send('x');
    m.console.resize(100, 50);
    driver.set(v.VIRTIO_MMIO_INTERRUPT_ACK, v.VIRTIO_MMIO_INT_VRING);
    expect(m.irq.level).toBe(true);
    driver.set(v.VIRTIO_MMIO_INTERRUPT_ACK, v.VIRTIO_MMIO_INT_CONFIG);
    expect(m.irq.level).toBe(false);
  });

  it('forgets queues, features and interrupts when the driver writes status 0', () => {
    const m = machine();
    const driver = m.driver().start(v.VIRTIO_CONSOLE_F_SIZE);
    driver.queues[1]!.post([{ bytes: Uint8Array.of(65) }]);
    m.console.resize(90, 30);
    driver.set(v.VIRTIO_MMIO_STATUS, 0);
    expect(driver.get(v.VIRTIO_MMIO_STATUS)).toBe(0);
    expect(driver.get(v.VIRTIO_MMIO_INTERRUPT_STATUS)).toBe(0);
    expect(m.irq.level).toBe(false);
    driver.queues[1]!.notify();
    expect(m.output).toBe('');
    m.console.resize(91, 30);
    expect(m.irq.level).toBe(false);
  });

  it('serves a driver that starts again after a reset', () => {
    const m = machine();
    m.driver().start().queues[1]!.send('one ');
    m.driver()
      .start(v.VIRTIO_F_EVENT_IDX | v.VIRTIO_F_INDIRECT_DESC)
      .queues[1]!.send('two');
    expect(m.output).toBe('one two');
  });

  it('takes indirect chains and event indices', () => {
    const m = machine();
    const driver = m.driver().start(v.VIRTIO_F_EVENT_IDX | v.VIRTIO_F_INDIRECT_DESC);
    const tx = driver.queues[1]!;
    tx.setUsedEvent(1);
    const text = (s: string) => ({ bytes: new TextEncoder().encode(s) });
    tx.post([text('in'), text('di'), text('rect')], true);
    tx.notify();
    expect([m.output, m.irq.level, tx.availEvent()]).toEqual(['indirect', false, 1]);
    tx.post([text('!')], true);
    tx.notify();
    expect([m.output, m.irq.level, tx.availEvent()]).toEqual(['indirect!', true, 2]);
  });

  it('raises no interrupt when the driver asks for none', () => {
    const m = machine();
    const tx = m.driver().start().queues[1]!;
    tx.setAvailFlags(v.VIRTQ_AVAIL_F_NO_INTERRUPT);
    tx.send('quiet');
    expect([m.output, m.irq.level, tx.collect().length]).toEqual(['quiet', false, 1]);
  });

  it('stops after a broken ring, says so once, and works again after a reset', () => {
    const m = machine();
    const driver = m.driver().start();
    for (let i = 0; i < 3; i++) {
      driver.queues[1]!.setAvailIndex(0x4000);
      driver.queues[1]!.notify();
    }
    driver.queues[1]!.setAvailIndex(0);
    driver.queues[1]!.send('lost');
    expect(m.output).toBe('');
    expect(driver.needsReset).toBe(!legacy);
    expect(driver.acknowledge()).toBe(legacy ? 0 : v.VIRTIO_MMIO_INT_CONFIG);
    expect(m.log.lines).toEqual([
      'warning: virtio-console: available index ran ahead of the ring; stopped until the driver resets it',
    ]);
    m.driver().start().queues[1]!.send('back');
    expect([m.output, m.driver().needsReset]).toEqual(['back', false]);
  });

  it('survives notifications and set-up of queues that do not exist', () => {
    const m = machine();
    const driver = m.driver().start();
    driver.set(v.VIRTIO_MMIO_QUEUE_NOTIFY, 7);
    driver.set(v.VIRTIO_MMIO_QUEUE_SEL, 7);
    driver.set(v.VIRTIO_MMIO_QUEUE_NUM, 4);
    driver.set(legacy ? v.VIRTIO_MMIO_QUEUE_PFN : v.VIRTIO_MMIO_QUEUE_READY, 1);
    driver.queues[1]!.send('alive');
    expect(m.output).toBe('alive');
    expect(m.log.lines).toHaveLength(2);
  });

  it('refuses saved state of the other interface', () => {
    const saved = machine().mmio.saveState();
    const other = new ConsoleMachine({ legacy: !legacy, endianness });
    expect(() => other.mmio.restoreState(saved)).toThrow('legacy');
  });

  it('goes on from saved state in another instance', () => {
    const m = machine();
    const driver = m.driver().start(v.VIRTIO_F_EVENT_IDX);
    driver.queues[1]!.send('before ');
    const saved = JSON.parse(JSON.stringify(m.mmio.saveState()));
    const later = new ConsoleMachine({ legacy, endianness, memory: m.memory });
    later.mmio.restoreState(saved);
    expect(later.mmio.saveState()).toEqual(saved);
    Object.assign(driver, { device: later.mmio });
    driver.queues[1]!.send('after');
    expect(later.output).toBe('after');
    expect(driver.queues[1]!.collect()).toHaveLength(2);
    expect(driver.queues[1]!.availEvent()).toBe(2);
  });
});

describe('a modern driver', () => {
  it('must accept VIRTIO_F_VERSION_1 and nothing that is not offered', () => {
    const m = new ConsoleMachine();
    const driver = m.driver();
    expect(driver.negotiate(1n << 40n)).toBe(false);
    expect(driver.negotiate(v.VIRTIO_CONSOLE_F_MULTIPORT)).toBe(false);
    driver.set(v.VIRTIO_MMIO_STATUS, 0);
    driver.writeFeatures(v.VIRTIO_CONSOLE_F_SIZE);
    driver.addStatus(v.VIRTIO_CONFIG_S_FEATURES_OK);
    expect(driver.get(v.VIRTIO_MMIO_STATUS) & v.VIRTIO_CONFIG_S_FEATURES_OK).toBe(0);
    expect(driver.negotiate(v.VIRTIO_CONSOLE_F_SIZE)).toBe(true);
  });

  it('cannot change features once they are settled', () => {
    const m = new ConsoleMachine();
    const driver = m.driver().start();
    driver.writeFeatures(v.VIRTIO_CONSOLE_F_SIZE | v.VIRTIO_F_VERSION_1);
    m.console.resize(100, 40);
    expect(m.irq.level).toBe(false);
  });

  it('does not go live without FEATURES_OK', () => {
    const m = new ConsoleMachine();
    const driver = m.driver();
    driver.addStatus(v.VIRTIO_CONFIG_S_DRIVER_OK);
    expect(driver.get(v.VIRTIO_MMIO_STATUS)).toBe(0);
  });

  it('has buffers taken at DRIVER_OK that it made available before', () => {
    const m = new ConsoleMachine();
    const driver = m.driver();
    const real = driver.addStatus.bind(driver);
    driver.addStatus = (bit) => {
      if (bit === v.VIRTIO_CONFIG_S_DRIVER_OK) {
        driver.queues[1]!.send('early');
        expect(m.output).toBe('');
      }
      real(bit);
    };
    driver.start();
    expect(m.output).toBe('early');
  });

  it('reads no queue ready and a broken device when its rings lie outside RAM', () => {
    const m = new ConsoleMachine();
    const driver = m.driver();
    driver.negotiate();
    driver.set(v.VIRTIO_MMIO_QUEUE_SEL, 0);
    driver.set(v.VIRTIO_MMIO_QUEUE_DESC_HIGH, 0xffffffff);
    driver.set(v.VIRTIO_MMIO_QUEUE_READY, 1);
    expect(driver.get(v.VIRTIO_MMIO_QUEUE_READY)).toBe(0);
    expect(driver.needsReset).toBe(true);
    expect(m.irq.level).toBe(false); // no notifications before DRIVER_OK
  });

  it('stops a queue by clearing QueueReady', () => {
    const m = new ConsoleMachine();
    const driver = m.driver().start();
    driver.set(v.VIRTIO_MMIO_QUEUE_SEL, 1);
    expect(driver.get(v.VIRTIO_MMIO_QUEUE_READY)).toBe(1);
    driver.set(v.VIRTIO_MMIO_QUEUE_READY, 0);
    expect(driver.get(v.VIRTIO_MMIO_QUEUE_READY)).toBe(0);
    driver.queues[1]!.send('nobody');
    expect(m.output).toBe('');
  });

  it('finds no shared memory regions', () => {
    const { mmio } = new ConsoleMachine();
    expect([0x0b0, 0x0b4, 0x0b8, 0x0bc].map((offset) => mmio.read(offset, 4))).toEqual(Array(4).fill(0xffffffff));
  });
});

describe('a legacy driver', () => {
  it('has no features after a reset until it writes some', () => {
    const m = new ConsoleMachine({ legacy: true });
    m.driver().start(v.VIRTIO_F_EVENT_IDX);
    const driver = m.driver();
    driver.writeFeatures = () => {};
    const tx = driver.start().queues[1]!;
    tx.setUsedEvent(9);
    tx.send('x');
    expect([m.irq.level, tx.availEvent()]).toEqual([true, 0]);
  });

  it('keeps its page size across a reset, which Linux does after writing it', () => {
    const m = new ConsoleMachine({ legacy: true });
    const driver = m.driver();
    driver.set(v.VIRTIO_MMIO_GUEST_PAGE_SIZE, 4096);
    const real = driver.set.bind(driver);
    driver.set = (offset, value) => {
      if (offset !== v.VIRTIO_MMIO_GUEST_PAGE_SIZE) real(offset, value);
    };
    driver.start().queues[1]!.send('paged');
    expect(m.output).toBe('paged');
  });

  it('reads back the page number of a queue, and takes the queue back with 0', () => {
    const m = new ConsoleMachine({ legacy: true });
    const driver = m.driver().start();
    driver.set(v.VIRTIO_MMIO_QUEUE_SEL, 1);
    expect(driver.get(v.VIRTIO_MMIO_QUEUE_PFN)).toBe(driver.queues[1]!.desc / 4096);
    driver.set(v.VIRTIO_MMIO_QUEUE_PFN, 0);
    driver.queues[1]!.send('nobody');
    expect([m.output, driver.get(v.VIRTIO_MMIO_QUEUE_PFN)]).toEqual(['', 0]);
  });

  it('may use the device before DRIVER_OK', () => {
    const m = new ConsoleMachine({ legacy: true });
    const driver = m.driver();
    const real = driver.addStatus.bind(driver);
    driver.addStatus = (bit) => {
      if (bit !== v.VIRTIO_CONFIG_S_DRIVER_OK) real(bit);
    };
    driver.start().queues[1]!.send('early');
    expect(m.output).toBe('early');
  });

  it('sees none of the modern registers', () => {
    const { mmio, log } = new ConsoleMachine({ legacy: true });
    mmio.write(v.VIRTIO_MMIO_QUEUE_READY, 4, 1);
    expect(mmio.read(v.VIRTIO_MMIO_QUEUE_READY, 4)).toBe(0);
    expect(mmio.read(v.VIRTIO_MMIO_CONFIG_GENERATION, 4)).toBe(0);
    expect(log.lines).toHaveLength(1);
  });
});

describe('a big-endian guest on the bus', () => {
  const bytes = (bus: Bus, address: number, length: number): number[] => {
    const data = new Uint8Array(length);
    expect(bus.read(address, data, length)).toBe(true);
    return [...data];
  };

  it('sees little-endian registers on a little-endian window, and swaps them itself', () => {
    const bus = new Bus();
    bus.add(0x1000, new ConsoleMachine({ endianness: 'big' }).mmio, 'little');
    expect(bytes(bus, 0x1000, 4)).toEqual([...Buffer.from('virt')]);
  });

  it('loads the magic value plainly from a big-endian window', () => {
    const bus = new Bus();
    bus.add(0x1000, new ConsoleMachine({ endianness: 'big' }).mmio, 'big');
    expect(bytes(bus, 0x1000, 4)).toEqual([0x74, 0x72, 0x69, 0x76]);
  });

  it('reads a legacy configuration byte by byte in its own order, whichever the window', () => {
    for (const order of ['little', 'big'] as const) {
      const bus = new Bus();
      bus.add(0x1000, new ConsoleMachine({ endianness: 'big', legacy: true, cols: 0x1234 }).mmio, order);
      expect([...bytes(bus, 0x1100, 1), ...bytes(bus, 0x1101, 1)]).toEqual([0x12, 0x34]);
    }
  });
});
