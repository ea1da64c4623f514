// When virtio-blk does what: guest instants, order, and requests that a reset finds in flight.
import { describe, expect, it } from 'vitest';
import * as v from '../../../../src/devices/virtio/constants.ts';
import { BlkMachine } from '../../../support/devices/blk-machine.ts';
import { INTERFACES } from '../../../support/devices/console-machine.ts';
import { FakeDisk } from '../../../support/devices/fakes.ts';

const { VIRTIO_BLK_T_IN: IN, VIRTIO_BLK_T_OUT: OUT, VIRTIO_BLK_T_FLUSH: FLUSH } = v;
const SECTOR = 512;

function start(options: ConstructorParameters<typeof BlkMachine>[0] = {}) {
  const machine = new BlkMachine(options);
  const { disk, timer, irq, memory, mmio } = machine;
  return { machine, disk, timer, irq, memory, mmio, driver: machine.driver() };
}

describe('the instant at which a virtio-blk request completes', () => {
  it('is 20 us and a nanosecond per byte after the notification; nothing happens before', () => {
    const { disk, timer, driver, irq } = start();
    timer.pass(1000);
    driver.submit(OUT, 0, { out: new Uint8Array(1024).fill(7) });
    expect(timer.pending).toEqual([1000 + 20_000 + 1024]);
    timer.pass(21_023);
    expect([disk.calls, driver.answers(), irq.level]).toEqual([[], [], false]);
    timer.pass(1);
    expect(disk.calls).toEqual(['write 0 1024']);
    expect(driver.answers()).toHaveLength(1);
    expect(irq.level).toBe(true);
  });

  it('comes for one request after the other, in the order of the ring', () => {
    const { disk, timer, driver } = start();
    const queue = driver.queues[0]!;
    const heads = [0, 1, 2].map((sector) =>
      queue.post([{ bytes: driver.header(IN, sector) }, { room: SECTOR }, { room: 1 }]),
    );
    queue.notify();
    const ends: number[] = [];
    const order: number[] = [];
    while (timer.pending[0] !== undefined) {
      ends.push(timer.pending[0]);
      timer.pass(timer.pending[0] - timer.now);
      order.push(...queue.collect().map(({ head }) => head));
    }
    expect(ends).toEqual([20_512, 41_024, 61_536]);
    expect(order).toEqual(heads);
    expect(disk.calls).toEqual(['read 0 512', 'read 512 512', 'read 1024 512']);
  });

  it('does not move when the callback is late', () => {
    const { timer, driver } = start();
    driver.submit(FLUSH, 0);
    driver.submit(FLUSH, 0);
    const callback = timer.pending[0]!;
    timer.now = callback + 55;
    timer.pass(0);
    expect(timer.pending).toEqual([40_000]);
  });

  it('is that of new work when the disk was idle before', () => {
    const { timer, driver } = start();
    driver.request(FLUSH, 0);
    const now = timer.now;
    driver.submit(FLUSH, 0);
    expect(timer.pending).toEqual([now + 20_000]);
  });

  it('is heard of once for many requests with event indices', () => {
    const machine = new BlkMachine();
    const driver = machine.driver(v.VIRTIO_BLK_F_FLUSH | v.VIRTIO_F_EVENT_IDX);
    const queue = driver.queues[0]!;
    queue.setUsedEvent(2);
    for (let i = 0; i < 3; i++) queue.post([{ bytes: driver.header(FLUSH, 0) }, { room: 1 }]);
    queue.notify();
    machine.timer.pass(59_999);
    expect(machine.irq.rises).toBe(0);
    machine.timer.pass(1);
    expect(machine.irq.rises).toBe(1);
  });
});

describe.each(INTERFACES)('a virtio-blk request in flight, $title', ({ legacy, endianness }) => {
  const everything = (memory: { read(gpa: number, into: Uint8Array): void }) => {
    const bytes = new Uint8Array(0x100000);
    memory.read(0, bytes);
    return Buffer.from(bytes);
  };

  it.each([
    ['a reset by the driver', ({ driver }: ReturnType<typeof start>) => driver.set(v.VIRTIO_MMIO_STATUS, 0)],
    ['a reset of the machine', ({ mmio }: ReturnType<typeof start>) => mmio.reset()],
    [
      'taking the queue back',
      ({ driver }: ReturnType<typeof start>) => {
        driver.set(v.VIRTIO_MMIO_QUEUE_SEL, 0);
        driver.set(legacy ? v.VIRTIO_MMIO_QUEUE_PFN : v.VIRTIO_MMIO_QUEUE_READY, 0);
      },
    ],
  ])('is dropped by %s: neither memory nor disk is touched after it', (_what, stop) => {
    const started = start({ legacy, endianness });
    const { driver, timer, disk, memory, irq } = started;
    driver.submit(IN, 0, { room: SECTOR });
    driver.submit(OUT, 0, { out: new Uint8Array(SECTOR) });
    timer.pass(100);
    stop(started);
    const before = everything(memory);
    timer.pass(1e9);
    expect(everything(memory).equals(before)).toBe(true);
    expect([disk.calls, irq.level, timer.pending]).toEqual([[], false, []]);
  });

  it('is not finished by the same queue when that is set up anew', () => {
    const { machine, driver, timer, disk } = start({ legacy, endianness });
    driver.submit(IN, 0, { room: SECTOR });
    const again = machine.driver();
    expect(again.read(5, SECTOR)).toMatchObject({ status: v.VIRTIO_BLK_S_OK });
    timer.pass(1e9);
    expect(disk.calls).toEqual(['read 2560 512']);
  });

  it('goes on after save and restore as if nothing had happened, with what is queued behind it', () => {
    const { machine, driver, timer, memory, disk } = start({ legacy, endianness });
    driver.submit(IN, 2, { room: SECTOR });
    driver.submit(OUT, 3, { out: new Uint8Array(SECTOR).fill(9) });
    timer.pass(5_000);
    const saved = JSON.parse(JSON.stringify(machine.mmio.saveState()));
    const copy = new BlkMachine({ legacy, endianness, memory, disk });
    copy.timer.now = timer.now;
    copy.mmio.restoreState(saved);
    expect(copy.mmio.saveState()).toEqual(saved);
    expect(copy.timer.pending).toEqual(timer.pending);
    copy.timer.pass(1e6);
    expect(disk.calls).toEqual(['read 1024 512', 'write 1536 512']);
    const answers = driver.answers();
    expect(answers).toMatchObject([{ status: v.VIRTIO_BLK_S_OK }, { status: v.VIRTIO_BLK_S_OK }]);
    expect(answers[0]!.data).toEqual(disk.bytes.subarray(1024, 1536));
  });

  it('is dropped by a restore of a state without one', () => {
    const { machine, driver, timer, disk } = start({ legacy, endianness });
    const idle = machine.mmio.saveState();
    driver.submit(IN, 0, { room: SECTOR });
    machine.mmio.restoreState(idle);
    timer.pass(1e9);
    expect(disk.calls).toEqual([]);
  });

  it('whose memory is gone when it completes is a broken rule, not a crash', () => {
    const { driver, timer, memory, disk, machine } = start({ legacy, endianness });
    driver.submit(IN, 0, { room: SECTOR });
    memory.setRanges([{ gpa: 0, size: 0x1000, offset: 0, readonly: false }]);
    expect(() => timer.pass(1e9)).not.toThrow();
    expect(disk.calls).toEqual([]);
    expect(machine.log.lines).toHaveLength(1);
    expect(driver.needsReset).toBe(!legacy);
  });
});

it('a broken chain behind a good one does not take the good one with it', () => {
  const { driver, timer } = start({ disk: new FakeDisk() });
  driver.submit(IN, 0, { room: SECTOR });
  driver.queues[0]!.makeAvailable(999);
  timer.pass(1e9);
  expect(driver.answers()).toMatchObject([{ status: v.VIRTIO_BLK_S_OK }]);
  expect(driver.needsReset).toBe(true);
});
