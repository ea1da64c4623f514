// virtio-blk, virtio 1.2 section 5.2: a disk behind one queue of requests. What a request does is blk-request.ts; here is when,
// and in which order.
//
// Time. The device works on one request at a time. When it takes a request it fixes the guest instant at which the request
// completes, and does nothing before that instant: then it moves the bytes, answers, and takes the next one. So a reset only
// has to drop one request that has not begun, requests complete in order, and the host's speed shows nowhere
// (docs/adr/0006-disks.md).
import type { TsvmError } from '../../util/errors.ts';
import type { OnceLog } from '../../util/log.ts';
import type { BlockBackend, DeviceContext, DeviceState, GuestTimer } from '../device.ts';
import type { SavedState } from '../state.ts';
import {
  dataLength,
  hostError,
  isRequest,
  MAX_DISCARD,
  MAX_REQUEST,
  MAX_WRITE_ZEROES,
  serveRequest,
} from './blk-request.ts';
import { DescriptorChain, type GuestBuffer, VirtqueueError } from './chain.ts';
import * as v from './constants.ts';
import { type ConfigField, VirtioDevice } from './device.ts';

const REQUESTS = 0;
const QUEUE_SIZE = 256;
/** A chain has room for the header and the status byte besides. */
const SEG_MAX = QUEUE_SIZE - 2;
/** SEG_MAX of these are less than MAX_REQUEST, so that no driver that keeps to both limits is refused. */
const SIZE_MAX = 256 * 1024;
const SECTOR = 512;
/**
 * The block a file system should not write less of: 2 to this power of sectors. A constant, because the host's own would change
 * the run.
 */
const PHYSICAL_BLOCK_EXP = 3;

/** Guest nanoseconds a request takes, and what a byte of data adds: a disk of 50,000 requests and 1 GB a second. */
const REQUEST_NS = 20_000;
const BYTE_NS = 1;

/** The driver has written nothing to `writeback`. */
const UNCHOSEN = 2;
/** More buffers than a chain can have. */
const MAX_BUFFERS = 2048;

export interface VirtioBlkOptions {
  /** Instance name, such as `virtio-blk0`. */
  readonly name: string;
  readonly backend: BlockBackend;
}

interface Taken {
  readonly chain: DescriptorChain;
  /** Guest instant in nanoseconds at which it completes. */
  readonly due: number;
}

export class VirtioBlk extends VirtioDevice {
  protected readonly configFields: readonly ConfigField[];
  private readonly backend: BlockBackend;
  private readonly timer: GuestTimer;
  private readonly said: OnceLog;
  private taken: Taken | null = null;
  private timerHandle = 0;
  /** What the driver wrote to `writeback`, or UNCHOSEN. */
  private cacheMode = UNCHOSEN;

  constructor(context: Pick<DeviceContext, 'memory' | 'log' | 'timer'>, options: VirtioBlkOptions) {
    const { name, backend } = options;
    super({
      name,
      memory: context.memory,
      log: context.log,
      deviceId: v.VIRTIO_ID_BLOCK,
      features:
        v.VIRTIO_BLK_F_SIZE_MAX |
        v.VIRTIO_BLK_F_SEG_MAX |
        v.VIRTIO_BLK_F_BLK_SIZE |
        v.VIRTIO_BLK_F_FLUSH |
        v.VIRTIO_BLK_F_TOPOLOGY |
        (backend.readonly
          ? v.VIRTIO_BLK_F_RO
          : v.VIRTIO_BLK_F_CONFIG_WCE | v.VIRTIO_BLK_F_DISCARD | v.VIRTIO_BLK_F_WRITE_ZEROES),
      queueSizes: [QUEUE_SIZE],
    });
    this.backend = backend;
    this.timer = context.timer;
    this.said = context.log;
    this.configFields = this.configuration();
  }

  protected queueNotified(): void {
    if (!this.taken) this.takeNext(this.timer.now);
  }

  protected deviceReset(): void {
    this.drop();
    this.cacheMode = UNCHOSEN;
  }

  protected override queueDisabled(): void {
    this.drop();
  }

  protected saveDevice(): DeviceState {
    const inFlight = this.taken
      ? [
          {
            head: this.taken.chain.head,
            due: this.taken.due,
            readable: this.taken.chain.readable.map(({ gpa, length }) => ({ gpa, length })),
            writable: this.taken.chain.writable.map(({ gpa, length }) => ({ gpa, length })),
          },
        ]
      : [];
    return { inFlight, cacheMode: this.cacheMode };
  }

  protected restoreDevice(saved: SavedState): void {
    this.drop();
    this.cacheMode = saved.integer('cacheMode', UNCHOSEN);
    const [request] = saved.objects('inFlight', 1);
    if (!request) return;
    const chain = new DescriptorChain(
      this.memory,
      request.integer('head', 0xffff),
      buffersOf(request, 'readable'),
      buffersOf(request, 'writable'),
    );
    if (!isRequest(chain)) throw request.bad('writable', 'room for a status byte');
    this.wait(chain, request.integer('due', Number.MAX_SAFE_INTEGER));
  }

  /** Take the next request, if there is one; the device turns to it at guest instant `from`. Throws VirtqueueError. */
  private takeNext(from: number): void {
    const chain = this.queues[REQUESTS]!.take();
    if (!chain) return;
    if (!isRequest(chain)) throw new VirtqueueError('block request without a whole header or room for its status');
    this.wait(chain, Math.ceil(from) + REQUEST_NS + Math.min(dataLength(chain), MAX_REQUEST) * BYTE_NS);
  }

  private wait(chain: DescriptorChain, due: number): void {
    this.taken = { chain, due };
    this.timerHandle = this.timer.schedule(due, () => this.finish());
  }

  /** The instant has come. */
  private finish(): void {
    const taken = this.taken;
    this.taken = null;
    if (!taken || !this.usable(REQUESTS)) return;
    this.guard(() => {
      const queue = this.queues[REQUESTS]!;
      const written = serveRequest(taken.chain, {
        memory: this.memory,
        order: this.order,
        backend: this.backend,
        writeThrough: !this.writeback,
        negotiated: (feature) => this.negotiated(feature),
        hostFailed: (error) => this.hostFailed(error),
        misuse: (what) => this.misuse(what),
      });
      queue.complete(taken.chain, written);
      this.interruptQueue(REQUESTS);
      this.takeNext(taken.due);
    });
  }

  private drop(): void {
    if (this.taken) this.timer.cancel(this.timerHandle);
    this.taken = null;
  }

  /**
   * May a write complete before it is on the medium? (5.2.5.2, 5.2.6.2) The driver chooses through CONFIG_WCE; one that did not
   * negotiate it gets what it can handle: a cache when it can flush, none when it cannot.
   */
  private get writeback(): boolean {
    const able = this.negotiated(v.VIRTIO_BLK_F_FLUSH);
    if (!this.negotiated(v.VIRTIO_BLK_F_CONFIG_WCE) || this.cacheMode === UNCHOSEN) return able;
    return this.cacheMode === 1;
  }

  private writeCacheMode(value: number): void {
    if (!this.negotiated(v.VIRTIO_BLK_F_CONFIG_WCE)) {
      this.misuse('cache mode written without VIRTIO_BLK_F_CONFIG_WCE');
      return;
    }
    const before = this.writeback;
    this.cacheMode = value & 1;
    // What was written before must not stay in a cache that the driver believes to be gone.
    const error = before && !this.writeback ? hostError(() => this.backend.flush()) : null;
    if (error) this.hostFailed(error);
  }

  private hostFailed(error: TsvmError): void {
    this.said.once(
      `${this.name}: host`,
      'error',
      `${this.name}: ${error.message}; the guest gets an I/O error (said once)`,
    );
  }

  private configuration(): ConfigField[] {
    const sectors = this.backend.size / SECTOR;
    const low = sectors % 2 ** 32;
    const high = Math.floor(sectors / 2 ** 32);
    const constant = (name: string, offset: number, width: ConfigField['width'], value: number): ConfigField => ({
      name,
      offset,
      width,
      read: () => value,
    });
    const discards = this.backend.readonly ? 0 : 1;
    return [
      // One le64: a big-endian legacy guest finds its high word first.
      { name: 'capacity', offset: 0, width: 4, read: () => (this.order === 'little' ? low : high) },
      { name: 'capacity+4', offset: 4, width: 4, read: () => (this.order === 'little' ? high : low) },
      constant('size_max', 8, 4, SIZE_MAX),
      constant('seg_max', 12, 4, SEG_MAX),
      constant('blk_size', 20, 4, SECTOR),
      constant('physical_block_exp', 24, 1, PHYSICAL_BLOCK_EXP),
      constant('alignment_offset', 25, 1, 0),
      constant('min_io_size', 26, 2, 2 ** PHYSICAL_BLOCK_EXP),
      constant('opt_io_size', 28, 4, 0),
      {
        name: 'writeback',
        offset: 32,
        width: 1,
        read: () => (this.writeback ? 1 : 0),
        write: (value) => this.writeCacheMode(value),
      },
      constant('max_discard_sectors', 36, 4, discards * (MAX_DISCARD.bytes / SECTOR)),
      constant('max_discard_seg', 40, 4, discards * MAX_DISCARD.segments),
      constant('discard_sector_alignment', 44, 4, discards * 2 ** PHYSICAL_BLOCK_EXP),
      constant('max_write_zeroes_sectors', 48, 4, discards * (MAX_WRITE_ZEROES.bytes / SECTOR)),
      constant('max_write_zeroes_seg', 52, 4, discards * MAX_WRITE_ZEROES.segments),
      constant('write_zeroes_may_unmap', 56, 1, 0),
    ];
  }
}

function buffersOf(saved: SavedState, key: string): GuestBuffer[] {
  return saved.objects(key, MAX_BUFFERS).map((buffer) => ({
    gpa: buffer.integer('gpa', Number.MAX_SAFE_INTEGER),
    length: buffer.integer('length', 0xffffffff),
  }));
}
