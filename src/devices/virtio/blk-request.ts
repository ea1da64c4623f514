// One request of virtio-blk (virtio 1.2 section 5.2.6): header, data, status byte, in any framing. Data moves in pieces, so that a
// request of many megabytes needs little memory.
//
// Statuses: UNSUPP for a type or a flag that is not known or was not negotiated; IOERR for a request out of range, of a wrong
// size, to a read-only disk, and for what the host could not do.
import type { Endianness, GuestMemory } from '../../memory/guest-memory.ts';
import { TsvmError } from '../../util/errors.ts';
import type { BlockBackend } from '../device.ts';
import { BufferStream } from './buffer-stream.ts';
import type { DescriptorChain } from './chain.ts';
import * as v from './constants.ts';

const SECTOR = 512;
/** type, reserved, sector. */
const HEADER_SIZE = 16;
/** struct virtio_blk_discard_write_zeroes: sector, num_sectors, flags. */
const SEGMENT_SIZE = 16;
/** Data of one request; beyond it a driver ignored size_max or seg_max, and the work of one request would have no bound. */
export const MAX_REQUEST = 64 * 1024 * 1024;
/** Limits of one DISCARD and of one WRITE_ZEROES. Zeroes are written, so theirs is small. */
export const MAX_DISCARD = { bytes: 1024 * 1024 * 1024, segments: 64 } as const;
export const MAX_WRITE_ZEROES = { bytes: 16 * 1024 * 1024, segments: 4 } as const;
const PIECE = 128 * 1024;

/** What a request needs of its device. */
export interface BlkServices {
  readonly memory: GuestMemory;
  /** Byte order of the header. */
  readonly order: Endianness;
  readonly backend: BlockBackend;
  /** A write completes only when it is on the medium. */
  readonly writeThrough: boolean;
  negotiated(feature: bigint): boolean;
  hostFailed(error: TsvmError): void;
  misuse(what: string): void;
}

interface Segment {
  readonly position: number;
  readonly length: number;
  readonly flags: number;
}

/** Is there a whole header, and room for the status byte? */
export function isRequest(chain: DescriptorChain): boolean {
  return chain.readableLength >= HEADER_SIZE && chain.writableLength >= 1;
}

/** Bytes of data, both ways. */
export function dataLength(chain: DescriptorChain): number {
  return chain.readableLength - HEADER_SIZE + chain.writableLength - 1;
}

/** Do what the backend does; the error when the host could not. */
export function hostError(work: () => void): TsvmError | null {
  try {
    work();
    return null;
  } catch (error) {
    if (error instanceof TsvmError && error.code === 'io') return error;
    throw error;
  }
}

/**
 * Do the request of `chain`, for which isRequest holds. Returns bytes written for the used ring. Throws VirtqueueError, before
 * anything is done.
 */
export function serveRequest(chain: DescriptorChain, services: BlkServices): number {
  return new Request(chain, services).serve();
}

class Request {
  private readonly services: BlkServices;
  private readonly readable: BufferStream;
  private readonly writable: BufferStream;
  /** Bytes of data to the device, and room for data to the driver. */
  private readonly outLength: number;
  private readonly inRoom: number;
  private inDone = 0;

  constructor(chain: DescriptorChain, services: BlkServices) {
    this.services = services;
    this.readable = new BufferStream(services.memory, chain.readable);
    this.writable = new BufferStream(services.memory, chain.writable);
    this.outLength = chain.readableLength - HEADER_SIZE;
    this.inRoom = chain.writableLength - 1;
  }

  serve(): number {
    const header = new DataView(new ArrayBuffer(HEADER_SIZE));
    this.readable.read(new Uint8Array(header.buffer));
    const little = this.services.order === 'little';
    const status = this.statusOf(
      header.getUint32(0, little),
      header.getUint32(little ? 12 : 8, little) * 2 ** 32 + header.getUint32(little ? 8 : 12, little),
    );
    this.writable.skip(this.inRoom - this.inDone);
    this.writable.write(Uint8Array.of(status));
    // The count is of bytes without a gap (2.7.8): the status byte belongs to it only when all the data does.
    return this.inDone === this.inRoom ? this.inRoom + 1 : this.inDone;
  }

  private statusOf(type: number, sector: number): number {
    const { services, inRoom, outLength } = this;
    if (inRoom + outLength > MAX_REQUEST) return this.refuse('request with more data than seg_max and size_max allow');
    switch (type) {
      case v.VIRTIO_BLK_T_IN:
        if (inRoom % SECTOR !== 0) return this.refuse('read of a part of a sector');
        return this.inRange(sector * SECTOR, inRoom) ? this.host(() => this.readData(sector * SECTOR)) : this.outside();
      case v.VIRTIO_BLK_T_OUT:
        if (services.backend.readonly) return this.refuse('write to a read-only disk');
        if (outLength % SECTOR !== 0) return this.refuse('write of a part of a sector');
        return this.inRange(sector * SECTOR, outLength)
          ? this.host(() => this.writeData(sector * SECTOR))
          : this.outside();
      case v.VIRTIO_BLK_T_FLUSH:
        return this.host(() => services.backend.flush());
      case v.VIRTIO_BLK_T_GET_ID:
        this.give(idBytes(services.backend.id).subarray(0, inRoom));
        return v.VIRTIO_BLK_S_OK;
      case v.VIRTIO_BLK_T_DISCARD:
        return this.onSegments(v.VIRTIO_BLK_F_DISCARD, MAX_DISCARD, 0, ({ position, length }) =>
          services.backend.discard(position, length),
        );
      case v.VIRTIO_BLK_T_WRITE_ZEROES:
        return this.onSegments(
          v.VIRTIO_BLK_F_WRITE_ZEROES,
          MAX_WRITE_ZEROES,
          v.VIRTIO_BLK_WRITE_ZEROES_FLAG_UNMAP,
          ({ position, length }) => services.backend.writeZeroes(position, length),
        );
      default:
        return v.VIRTIO_BLK_S_UNSUPP;
    }
  }

  private readData(position: number): void {
    const piece = new Uint8Array(Math.min(PIECE, this.inRoom));
    for (let done = 0; done < this.inRoom; done += piece.length) {
      const part = piece.subarray(0, this.inRoom - done);
      this.services.backend.read(position + done, part);
      this.give(part);
    }
  }

  private writeData(position: number): void {
    const piece = new Uint8Array(Math.min(PIECE, this.outLength));
    for (let done = 0; done < this.outLength; done += piece.length) {
      const part = piece.subarray(0, this.outLength - done);
      this.readable.read(part);
      this.services.backend.write(position + done, part);
    }
    if (this.services.writeThrough) this.services.backend.flush();
  }

  /** DISCARD and WRITE_ZEROES: every segment is looked at before anything is done. */
  private onSegments(
    feature: bigint,
    limit: typeof MAX_DISCARD | typeof MAX_WRITE_ZEROES,
    knownFlags: number,
    each: (segment: Segment) => void,
  ): number {
    const { services, outLength } = this;
    // A read-only disk does not offer them, and says IOERR as for every write (5.2.6.2).
    if (services.backend.readonly) return this.refuse('write to a read-only disk');
    if (!services.negotiated(feature)) return v.VIRTIO_BLK_S_UNSUPP;
    if (outLength === 0 || outLength % SEGMENT_SIZE !== 0 || outLength / SEGMENT_SIZE > limit.segments)
      return this.refuse('discard or write zeroes with a wrong number of segments');
    const segments = this.readSegments();
    if (segments.some(({ flags }) => (flags & ~knownFlags) !== 0)) return v.VIRTIO_BLK_S_UNSUPP;
    if (segments.some(({ length }) => length > limit.bytes))
      return this.refuse('discard or write zeroes of more than its limit');
    if (!segments.every(({ position, length }) => this.inRange(position, length))) return this.outside();
    return this.host(() => {
      for (const segment of segments) if (segment.length > 0) each(segment);
      if (services.writeThrough) services.backend.flush();
    });
  }

  /** Little-endian for a legacy driver too: Linux writes them so, and 5.2.6.4 names only the header. */
  private readSegments(): Segment[] {
    const view = new DataView(new ArrayBuffer(this.outLength));
    this.readable.read(new Uint8Array(view.buffer));
    return Array.from({ length: this.outLength / SEGMENT_SIZE }, (_, i) => {
      const at = i * SEGMENT_SIZE;
      return {
        position: (view.getUint32(at + 4, true) * 2 ** 32 + view.getUint32(at, true)) * SECTOR,
        length: view.getUint32(at + 8, true) * SECTOR,
        flags: view.getUint32(at + 12, true),
      };
    });
  }

  private give(bytes: Uint8Array): void {
    this.writable.write(bytes);
    this.inDone += bytes.length;
  }

  /** Exact: a position that a number cannot hold is far beyond every disk. */
  private inRange(position: number, length: number): boolean {
    return position + length <= this.services.backend.size;
  }

  private outside(): number {
    return this.refuse('request beyond the end of the disk');
  }

  private refuse(why: string): number {
    this.services.misuse(why);
    return v.VIRTIO_BLK_S_IOERR;
  }

  private host(work: () => void): number {
    const error = hostError(work);
    if (!error) return v.VIRTIO_BLK_S_OK;
    this.services.hostFailed(error);
    return v.VIRTIO_BLK_S_IOERR;
  }
}

/** The name in 20 bytes, padded with NUL; what is not printable ASCII becomes an underscore. */
function idBytes(id: string): Uint8Array {
  const bytes = new Uint8Array(v.VIRTIO_BLK_ID_BYTES);
  bytes.set(new TextEncoder().encode(id.replace(/[^\x21-\x7e]/gu, '_')).subarray(0, v.VIRTIO_BLK_ID_BYTES));
  return bytes;
}
