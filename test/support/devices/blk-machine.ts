// A virtio-blk on a virtio-mmio window with everything around it faked, and a driver that speaks its requests.
import type { MmioDevice } from '../../../src/devices/device.ts';
import { VirtioBlk } from '../../../src/devices/virtio/blk.ts';
import * as v from '../../../src/devices/virtio/constants.ts';
import { VirtioMmio } from '../../../src/devices/virtio/mmio.ts';
import type { Endianness, GuestMemory } from '../../../src/memory/guest-memory.ts';
import { FakeDisk, FakeLine, FakeLog, FakeTimer, ram } from './fakes.ts';
import { type Part, VirtioDriver } from './virtio-driver.ts';

export interface BlkMachineOptions {
  readonly legacy?: boolean;
  readonly endianness?: Endianness;
  readonly memory?: GuestMemory;
  readonly disk?: FakeDisk;
}

/** Bytes for the disk, and room for bytes from it. */
interface BlkData {
  readonly out?: Uint8Array;
  readonly room?: number;
}

const NOTHING: Uint8Array = new Uint8Array(0);

/** What a driver gets back for a request. */
export interface BlkAnswer {
  readonly status: number;
  readonly data: Uint8Array;
  /** The used ring's count. */
  readonly length: number;
}

const ALL =
  v.VIRTIO_BLK_F_SEG_MAX |
  v.VIRTIO_BLK_F_SIZE_MAX |
  v.VIRTIO_BLK_F_FLUSH |
  v.VIRTIO_BLK_F_DISCARD |
  v.VIRTIO_BLK_F_WRITE_ZEROES |
  v.VIRTIO_F_INDIRECT_DESC;

export class BlkMachine {
  readonly memory: GuestMemory;
  readonly irq = new FakeLine();
  readonly log = new FakeLog();
  readonly timer = new FakeTimer();
  readonly disk: FakeDisk;
  readonly blk: VirtioBlk;
  readonly mmio: VirtioMmio;

  constructor({ legacy, endianness, memory, disk = new FakeDisk() }: BlkMachineOptions = {}) {
    this.memory = memory ?? ram(0x100000, endianness);
    this.disk = disk;
    this.blk = new VirtioBlk(
      { memory: this.memory, log: this.log.once, timer: this.timer },
      { name: 'virtio-blk0', backend: disk },
    );
    this.mmio = new VirtioMmio({ irq: this.irq }, this.blk, { legacy });
  }

  driver(features?: bigint): BlkDriver {
    return new BlkDriver(this, features);
  }
}

/** What a driver is for, and the time that passes while it waits. */
interface BlkDriverOptions {
  readonly mmio: MmioDevice;
  readonly memory: GuestMemory;
  readonly timer: FakeTimer;
  readonly disk: FakeDisk;
}

export class BlkDriver extends VirtioDriver {
  private readonly timer: FakeTimer;

  constructor({ mmio, memory, timer, disk }: BlkDriverOptions, features = ALL, size = 64) {
    super(mmio, memory);
    this.timer = timer;
    this.start(disk.readonly ? features & ~(v.VIRTIO_BLK_F_DISCARD | v.VIRTIO_BLK_F_WRITE_ZEROES) : features, 1, size);
  }

  /** struct virtio_blk_req up to the data. */
  header(type: number, sector: number): Uint8Array {
    const view = new DataView(new ArrayBuffer(16));
    view.setUint32(0, type, this.order === 'little');
    view.setBigUint64(8, BigInt(sector), this.order === 'little');
    return new Uint8Array(view.buffer);
  }

  /** Post one request as its usual three parts and notify. */
  submit(type: number, sector: number, { out = NOTHING, room = 0 }: BlkData = {}): void {
    const data: Part[] = [...(out.length > 0 ? [{ bytes: out }] : []), ...(room > 0 ? [{ room }] : [])];
    this.queues[0]!.post([{ bytes: this.header(type, sector) }, ...data, { room: 1 }]);
    this.queues[0]!.notify();
  }

  /** What has come back since the last call. The status is looked at in memory, behind what the used ring counts. */
  answers(): BlkAnswer[] {
    return this.queues[0]!.collectWhole().map(({ length, bytes }) => ({
      length,
      status: bytes.at(-1) ?? -1,
      data: bytes.subarray(0, -1),
    }));
  }

  /** One request, from notification to answer. */
  request(type: number, sector: number, data: BlkData = {}): BlkAnswer {
    this.submit(type, sector, data);
    this.timer.pass(1_000_000_000);
    const [answer, ...more] = this.answers();
    if (!answer || more.length > 0) throw new Error('the device did not give exactly one answer');
    return answer;
  }

  read(sector: number, bytes: number): BlkAnswer {
    return this.request(v.VIRTIO_BLK_T_IN, sector, { room: bytes });
  }

  write(sector: number, out: Uint8Array): BlkAnswer {
    return this.request(v.VIRTIO_BLK_T_OUT, sector, { out });
  }
}
