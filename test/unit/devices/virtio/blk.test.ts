import { describe, expect, it } from 'vitest';
import * as v from '../../../../src/devices/virtio/constants.ts';
import { BlkMachine } from '../../../support/devices/blk-machine.ts';
import { INTERFACES } from '../../../support/devices/console-machine.ts';
import { FakeDisk, ram } from '../../../support/devices/fakes.ts';

const { VIRTIO_BLK_S_OK: OK, VIRTIO_BLK_S_IOERR: IOERR, VIRTIO_BLK_S_UNSUPP: UNSUPP } = v;
const { VIRTIO_BLK_T_IN: IN, VIRTIO_BLK_T_OUT: OUT, VIRTIO_BLK_T_FLUSH: FLUSH, VIRTIO_BLK_T_GET_ID: GET_ID } = v;
const { VIRTIO_BLK_T_DISCARD: DISCARD, VIRTIO_BLK_T_WRITE_ZEROES: WRITE_ZEROES } = v;
const SECTOR = 512;

const pattern = (length: number) => Uint8Array.from({ length }, (_, i) => i * 3 + (i >>> 8));

/** struct virtio_blk_discard_write_zeroes, little-endian on every transport. */
function segments(...list: readonly [sector: number, sectors: number, flags?: number][]): Uint8Array {
  const view = new DataView(new ArrayBuffer(16 * list.length));
  list.forEach(([sector, sectors, flags = 0], i) => {
    view.setBigUint64(16 * i, BigInt(sector), true);
    view.setUint32(16 * i + 8, sectors, true);
    view.setUint32(16 * i + 12, flags, true);
  });
  return new Uint8Array(view.buffer);
}

describe.each(INTERFACES)('virtio-blk, $title', ({ legacy, endianness }) => {
  const start = (disk = new FakeDisk(), features?: bigint) => {
    const machine = new BlkMachine({ legacy, endianness, disk });
    return { ...machine, machine, disk, driver: machine.driver(features) };
  };

  it('reads sectors', () => {
    const { disk, driver, irq } = start();
    expect(driver.read(3, 1024)).toEqual({
      status: OK,
      data: disk.bytes.subarray(3 * SECTOR, 5 * SECTOR),
      length: 1025,
    });
    expect(irq.level).toBe(true);
  });

  it('writes sectors', () => {
    const { disk, driver } = start();
    const before = disk.bytes.slice();
    expect(driver.write(10, pattern(1536))).toMatchObject({ status: OK, length: 1 });
    before.set(pattern(1536), 10 * SECTOR);
    expect(disk.bytes).toEqual(before);
  });

  it('flushes', () => {
    const { disk, driver } = start();
    driver.write(0, pattern(SECTOR));
    expect(driver.request(FLUSH, 0)).toMatchObject({ status: OK, length: 1 });
    expect(disk.calls).toEqual(['write 0 512', 'flush']);
  });

  it('gives its name in 20 bytes', () => {
    const id = (name: string, room = 20) => start(new FakeDisk(8, { id: name })).driver.request(GET_ID, 0, { room });
    const text = ({ data }: { data: Uint8Array }) => String.fromCharCode(...data);
    expect(text(id('root.img'))).toBe('root.img'.padEnd(20, '\0'));
    expect(text(id('a name that is longer than twenty'))).toBe('a_name_that_is_longe');
    expect(text(id('Größe\x1b'))).toBe('Gr__e_'.padEnd(20, '\0'));
    expect(id('root.img', 4)).toMatchObject({ status: OK, length: 5 });
    expect(id('root.img', 512)).toMatchObject({ status: OK, length: 20 });
    expect(id('root.img', 0)).toMatchObject({ status: OK, length: 1 });
  });

  it('discards and zeroes several ranges in one request', () => {
    const { disk, driver } = start();
    expect(driver.request(DISCARD, 0, { out: segments([8, 8], [0, 0], [63, 1]) })).toMatchObject({ status: OK });
    expect(disk.calls).toEqual(['discard 4096 4096', 'discard 32256 512']);
    const unmap = v.VIRTIO_BLK_WRITE_ZEROES_FLAG_UNMAP;
    expect(driver.request(WRITE_ZEROES, 0, { out: segments([1, 2], [4, 1, unmap]) }).status).toBe(OK);
    expect(disk.calls.slice(2)).toEqual(['writeZeroes 512 1024', 'writeZeroes 2048 512']);
  });

  it.each([
    ['a read of the sector after the last', IN, 64, { room: SECTOR }],
    ['a read across the end', IN, 63, { room: 2 * SECTOR }],
    ['a write across the end', OUT, 63, { out: pattern(2 * SECTOR) }],
    ['a read whose sector number is huge', IN, 2 ** 53 - 1, { room: SECTOR }],
    ['a write at a sector that would wrap to 0', OUT, 2 ** 50, { out: pattern(SECTOR) }],
    ['a read of half a sector', IN, 0, { room: 256 }],
    ['a write of half a sector', OUT, 0, { out: pattern(256) }],
    ['a discard across the end', DISCARD, 0, { out: segments([0, 1], [60, 5]) }],
    ['a discard of 2 TiB', DISCARD, 0, { out: segments([0, 0xffffffff]) }],
    ['zeroes across the end', WRITE_ZEROES, 0, { out: segments([64, 1]) }],
    ['zeroes beyond the limit', WRITE_ZEROES, 0, { out: segments([0, 32769]) }],
    ['a discard without a segment', DISCARD, 0, {}],
    ['a discard with half a segment', DISCARD, 0, { out: pattern(24) }],
    ['a discard with too many segments', DISCARD, 0, { out: pattern(16 * 65) }],
    ['zeroes with too many segments', WRITE_ZEROES, 0, { out: new Uint8Array(16 * 5) }],
  ])('answers IOERR to %s, and touches nothing', (_what, type, sector, data) => {
    const { disk, driver } = start();
    const answer = driver.request(type, sector, data);
    expect(answer).toMatchObject({ status: IOERR });
    expect(answer.data.every((byte) => byte === 0)).toBe(true);
    expect(disk.calls).toEqual([]);
  });

  it.each([
    ['a type that does not exist', 99, {}],
    ['a SCSI command', 2, { out: pattern(32), room: 96 }],
    ['a secure erase', 14, { out: segments([0, 1]) }],
    ['a discard that asks to unmap', DISCARD, { out: segments([0, 1], [1, 1, 1]) }],
    ['a discard with an unknown flag', DISCARD, { out: segments([0, 1, 2]) }],
    ['zeroes with an unknown flag', WRITE_ZEROES, { out: segments([0, 1, 3]) }],
  ])('answers UNSUPP to %s, and touches nothing', (_what, type, data) => {
    const { disk, driver } = start();
    expect(driver.request(type, 0, data)).toMatchObject({ status: UNSUPP });
    expect(disk.calls).toEqual([]);
  });

  it('answers UNSUPP to discards that were not negotiated', () => {
    const { disk, driver } = start(new FakeDisk(), 0n);
    for (const type of [DISCARD, WRITE_ZEROES])
      expect(driver.request(type, 0, { out: segments([0, 1]) }).status).toBe(UNSUPP);
    expect(disk.calls).toEqual([]);
  });

  it('is read-only when its image is: writes are IOERR and never reach it', () => {
    const { disk, driver } = start(new FakeDisk(64, { readonly: true }));
    expect(driver.offered() & v.VIRTIO_BLK_F_RO).not.toBe(0n);
    expect(driver.offered() & (v.VIRTIO_BLK_F_DISCARD | v.VIRTIO_BLK_F_WRITE_ZEROES)).toBe(0n);
    expect(driver.write(0, pattern(SECTOR)).status).toBe(IOERR);
    for (const type of [DISCARD, WRITE_ZEROES])
      expect(driver.request(type, 0, { out: segments([0, 1]) }).status).toBe(IOERR);
    expect(disk.calls).toEqual([]);
    expect(driver.read(0, SECTOR).status).toBe(OK);
    expect(driver.request(FLUSH, 0).status).toBe(OK);
  });

  it('reports an error of the host as IOERR, says it once, and goes on', () => {
    const { disk, driver, log } = start();
    disk.failing = new Set(['read', 'write', 'flush', 'discard', 'writeZeroes']);
    expect(driver.read(0, SECTOR)).toMatchObject({ status: IOERR, length: 0 });
    expect(driver.write(0, pattern(SECTOR)).status).toBe(IOERR);
    expect(driver.request(FLUSH, 0).status).toBe(IOERR);
    expect(driver.request(DISCARD, 0, { out: segments([0, 1]) }).status).toBe(IOERR);
    expect(driver.request(WRITE_ZEROES, 0, { out: segments([0, 1]) }).status).toBe(IOERR);
    expect(log.lines).toEqual([
      'error: virtio-blk0: disk.img: a read failed (EIO: i/o error); the guest gets an I/O error (said once)',
    ]);
    disk.failing.clear();
    expect(driver.read(0, SECTOR).status).toBe(OK);
  });

  it('moves a request of megabytes in pieces', () => {
    const disk = new FakeDisk(8192);
    const machine = new BlkMachine({ legacy, endianness, memory: ram(16 << 20, endianness), disk });
    const driver = machine.driver();
    const bytes = pattern(3 << 20);
    expect(driver.write(8, bytes).status).toBe(OK);
    expect(disk.calls).toHaveLength(24);
    expect(Buffer.compare(disk.bytes.subarray(4096, 4096 + bytes.length), bytes)).toBe(0);
    const { status, data } = driver.read(8, bytes.length);
    expect(status).toBe(OK);
    expect(Buffer.compare(data, bytes)).toBe(0);
  });

  it('refuses a request that is larger than its limits allow, without moving a byte', () => {
    const disk = new FakeDisk(8);
    const machine = new BlkMachine({ legacy, endianness, disk });
    const driver = machine.driver();
    // Overlapping buffers make 65 MiB out of one.
    const big = Object.defineProperty(disk, 'size', { value: 2 ** 40 });
    const queue = driver.queues[0]!;
    const table = driver.allocate(16 * 100);
    const header = driver.allocate(16);
    machine.memory.write(header, driver.header(IN, 0));
    queue.describe(table, 0, header, 16, v.VIRTQ_DESC_F_NEXT, 1);
    for (let i = 1; i <= 65; i++)
      queue.describe(table, i, 0, 1 << 20, v.VIRTQ_DESC_F_WRITE | v.VIRTQ_DESC_F_NEXT, i + 1);
    const status = driver.allocate(1);
    queue.describe(table, 66, status, 1, v.VIRTQ_DESC_F_WRITE);
    queue.describe(queue.desc, 0, table, 16 * 67, v.VIRTQ_DESC_F_INDIRECT);
    machine.memory.writeU8(status, 0xff);
    queue.makeAvailable(0);
    queue.notify();
    machine.timer.pass(1e9);
    expect(machine.memory.readU8(status)).toBe(IOERR);
    expect(big.calls).toEqual([]);
  });

  it('tells its size and its blocks', () => {
    const disk = Object.defineProperty(new FakeDisk(8), 'size', { value: 0x1_2345_6789 * SECTOR });
    const machine = new BlkMachine({ legacy, endianness, disk });
    const fields = Object.fromEntries(machine.mmio.registers().map(({ name, value }) => [name, value]));
    const words = [machine.mmio.read(0x100, 4), machine.mmio.read(0x104, 4)];
    const bytes = new DataView(new ArrayBuffer(8));
    words.forEach((word, i) => {
      bytes.setUint32(4 * i, word, true);
    });
    expect(bytes.getBigUint64(0, !(legacy && endianness === 'big'))).toBe(0x1_2345_6789n);
    expect(fields).toMatchObject({
      size_max: 0x40000,
      seg_max: 254,
      blk_size: 512,
      physical_block_exp: 3,
      alignment_offset: 0,
      min_io_size: 8,
      opt_io_size: 0,
      max_discard_sectors: 1 << 21,
      max_discard_seg: 64,
      discard_sector_alignment: 8,
      max_write_zeroes_sectors: 32768,
      max_write_zeroes_seg: 4,
      write_zeroes_may_unmap: 0,
    });
    // A chain of seg_max segments, header and status fits the queue.
    expect(machine.blk.queues[0]!.maxSize).toBe(fields.seg_max! + 2);
  });
});

describe('virtio-blk: any framing', () => {
  const cuts = (bytes: Uint8Array, ...lengths: number[]) => {
    const ends = lengths.map((_, i) => lengths.slice(0, i + 1).reduce((sum, length) => sum + length, 0));
    return [...ends, bytes.length].map((end, i) => ({ bytes: bytes.subarray(i === 0 ? 0 : ends[i - 1], end) }));
  };

  it.each([
    ['header and data in one descriptor', []],
    ['the header in two', [7]],
    ['byte by byte at first', [1, 1, 1, 13, 1, 1]],
    ['a cut inside a sector', [20, 300]],
  ])('takes a write with %s', (_what, lengths) => {
    const { driver, disk, timer } = ((machine) => ({ ...machine, driver: machine.driver() }))(new BlkMachine());
    const request = Uint8Array.from([...driver.header(OUT, 5), ...pattern(1024)]);
    driver.queues[0]!.post([...cuts(request, ...lengths), { room: 1 }]);
    driver.queues[0]!.notify();
    timer.pass(1e6);
    expect(driver.answers()).toMatchObject([{ status: OK, length: 1 }]);
    expect(disk.bytes.subarray(5 * SECTOR, 7 * SECTOR)).toEqual(pattern(1024));
  });

  it.each([
    ['data and status in one descriptor', [1025]],
    ['the status behind the last data byte of a later one', [1, 510, 514]],
    ['the status alone', [512, 512, 1]],
    ['an indirect table', [100, 925], true],
  ])('answers a read with %s', (_what, rooms, indirect = false) => {
    const { driver, disk, timer } = ((machine) => ({ ...machine, driver: machine.driver() }))(new BlkMachine());
    driver.queues[0]!.post(
      [{ bytes: driver.header(IN, 1) }, ...(rooms as number[]).map((room) => ({ room }))],
      indirect as boolean,
    );
    driver.queues[0]!.notify();
    timer.pass(1e6);
    expect(driver.answers()).toEqual([{ status: OK, length: 1025, data: disk.bytes.subarray(SECTOR, 3 * SECTOR) }]);
  });

  it.each([
    ['no room for a status', (header: Uint8Array) => [{ bytes: header }]],
    ['half a header', (header: Uint8Array) => [{ bytes: header.subarray(0, 8) }, { room: 1 }]],
    ['only room', () => [{ room: 513 }]],
  ])('asks for a reset after a chain with %s, says so once, and works again after the reset', (_what, parts) => {
    const machine = new BlkMachine();
    const driver = machine.driver();
    driver.queues[0]!.post(parts(driver.header(IN, 0)));
    driver.queues[0]!.notify();
    driver.queues[0]!.notify();
    machine.timer.pass(1e6);
    expect(driver.needsReset).toBe(true);
    expect(driver.answers()).toEqual([]);
    expect(machine.log.lines).toHaveLength(1);
    expect(machine.driver().read(0, SECTOR).status).toBe(OK);
  });
});

describe('virtio-blk: the cache', () => {
  const start = (features: bigint) => {
    const machine = new BlkMachine();
    return { ...machine, driver: machine.driver(features), mmio: machine.mmio };
  };
  const WRITEBACK = 0x120;

  it('is write-through for a driver that cannot flush', () => {
    const { driver, disk, mmio } = start(v.VIRTIO_BLK_F_WRITE_ZEROES);
    expect(mmio.read(WRITEBACK, 1)).toBe(0);
    driver.write(0, pattern(SECTOR));
    expect(disk.calls).toEqual(['write 0 512', 'flush']);
    driver.request(WRITE_ZEROES, 0, { out: segments([0, 1]) });
    expect(disk.calls.slice(2)).toEqual(['writeZeroes 0 512', 'flush']);
  });

  it('is a cache for one that can', () => {
    const { driver, disk, mmio } = start(v.VIRTIO_BLK_F_FLUSH);
    expect(mmio.read(WRITEBACK, 1)).toBe(1);
    driver.write(0, pattern(SECTOR));
    expect(disk.calls).toEqual(['write 0 512']);
    // Without CONFIG_WCE the field cannot be written.
    mmio.write(WRITEBACK, 1, 0);
    expect(mmio.read(WRITEBACK, 1)).toBe(1);
  });

  it('is what a driver with CONFIG_WCE chooses, and nothing stays behind in it when it is turned off', () => {
    const { driver, disk, mmio } = start(v.VIRTIO_BLK_F_FLUSH | v.VIRTIO_BLK_F_CONFIG_WCE);
    expect(mmio.read(WRITEBACK, 1)).toBe(1);
    driver.write(0, pattern(SECTOR));
    mmio.write(WRITEBACK, 1, 0);
    expect(disk.calls).toEqual(['write 0 512', 'flush']);
    driver.write(1, pattern(SECTOR));
    expect(disk.calls.slice(2)).toEqual(['write 512 512', 'flush']);
    mmio.write(WRITEBACK, 1, 1);
    driver.write(2, pattern(SECTOR));
    expect(disk.calls.slice(4)).toEqual(['write 1024 512']);
    disk.failing.add('flush');
    expect(() => mmio.write(WRITEBACK, 1, 0)).not.toThrow();
    expect(mmio.read(WRITEBACK, 1)).toBe(0);
    driver.negotiate(v.VIRTIO_BLK_F_FLUSH | v.VIRTIO_BLK_F_CONFIG_WCE);
    expect(mmio.read(WRITEBACK, 1)).toBe(1);
  });

  it('starts write-through with CONFIG_WCE but without FLUSH', () => {
    const { mmio } = start(v.VIRTIO_BLK_F_CONFIG_WCE);
    expect(mmio.read(WRITEBACK, 1)).toBe(0);
  });

  it('completes a write-through write with IOERR when it did not reach the medium', () => {
    const { driver, disk } = start(0n);
    disk.failing.add('flush');
    expect(driver.write(0, pattern(SECTOR)).status).toBe(IOERR);
  });
});
