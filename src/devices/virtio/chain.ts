// Descriptor chains of the split virtqueue (virtio 1.2 section 2.7.5), read whole and checked before a device sees a byte.
// The guest writes descriptors and may write anything: a chain that breaks a rule is a VirtqueueError, never a loop or a throw
// from guest memory.
import type { Endianness, GuestMemory } from '../../memory/guest-memory.ts';
import { VIRTQ_DESC_F_INDIRECT, VIRTQ_DESC_F_NEXT, VIRTQ_DESC_F_WRITE, VIRTQ_DESC_SIZE } from './constants.ts';

/** The driver broke a rule. The message is a fixed text without guest numbers, so that it can key a OnceLog. */
export class VirtqueueError extends Error {}

/**
 * Longest chain taken from an indirect table. The specification allows no more than the queue size, but Linux drivers go beyond it
 * (a block request of 254 segments on a small queue), so the bound is ours.
 */
const MAX_INDIRECT = 1024;

/** One guest buffer; not empty, wholly in RAM when the chain was read. */
export interface GuestBuffer {
  readonly gpa: number;
  readonly length: number;
}

/** The descriptor table that a chain starts in. */
export interface DescriptorTable {
  readonly gpa: number;
  readonly entries: number;
  readonly order: Endianness;
  /** VIRTIO_F_INDIRECT_DESC was negotiated. */
  readonly indirect: boolean;
}

export class DescriptorChain {
  /** Index of the first descriptor: what the used ring reports. */
  readonly head: number;
  /** Device-readable buffers, in order. */
  readonly readable: readonly GuestBuffer[];
  /** Device-writable buffers, in order. */
  readonly writable: readonly GuestBuffer[];
  private readonly memory: GuestMemory;

  constructor(memory: GuestMemory, head: number, readable: readonly GuestBuffer[], writable: readonly GuestBuffer[]) {
    this.memory = memory;
    this.head = head;
    this.readable = readable;
    this.writable = writable;
  }

  /** Bytes the device may read. */
  get readableLength(): number {
    return total(this.readable);
  }

  /** Bytes the device may write. */
  get writableLength(): number {
    return total(this.writable);
  }

  /** Copy the first bytes of the readable part into `into`; returns how many there were. */
  readInto(into: Uint8Array): number {
    let done = 0;
    for (const { gpa, length } of this.readable) {
      const count = Math.min(length, into.length - done);
      if (count === 0) break;
      this.memory.read(gpa, into.subarray(done, done + count));
      done += count;
    }
    return done;
  }

  /** Hand the readable part to `take` in order, in fresh arrays of at most `piece` bytes. */
  forEachPiece(piece: number, take: (bytes: Uint8Array) => void): void {
    for (const { gpa, length } of this.readable)
      for (let done = 0; done < length; done += piece) {
        const bytes = new Uint8Array(Math.min(piece, length - done));
        this.memory.read(gpa + done, bytes);
        take(bytes);
      }
  }

  /** Copy `bytes` to the start of the writable part; returns how many fitted. */
  write(bytes: Uint8Array): number {
    let done = 0;
    for (const { gpa, length } of this.writable) {
      const count = Math.min(length, bytes.length - done);
      if (count === 0) break;
      this.memory.write(gpa, bytes.subarray(done, done + count));
      done += count;
    }
    return done;
  }
}

/** Read the chain that starts at `head`. Throws VirtqueueError. Work is bounded by the queue size plus MAX_INDIRECT. */
export function readChain(memory: GuestMemory, table: DescriptorTable, head: number): DescriptorChain {
  const readable: GuestBuffer[] = [];
  const writable: GuestBuffer[] = [];
  let { gpa: base, entries } = table;
  let inIndirect = false;
  let index = head;
  let left = entries;
  for (;;) {
    if (index >= entries) throw new VirtqueueError('descriptor index beyond the table');
    if (left-- === 0) throw new VirtqueueError('descriptor chain loops or is too long');
    const at = base + index * VIRTQ_DESC_SIZE;
    const gpa = readAddress(memory, at, table.order);
    const length = memory.readU32(at + 8, table.order);
    const flags = memory.readU16(at + 12, table.order);
    if (flags & VIRTQ_DESC_F_INDIRECT) {
      if (!table.indirect) throw new VirtqueueError('indirect descriptor without VIRTIO_F_INDIRECT_DESC');
      if (inIndirect) throw new VirtqueueError('indirect descriptor inside an indirect table');
      if (flags & VIRTQ_DESC_F_NEXT) throw new VirtqueueError('indirect descriptor with a next');
      if (length === 0 || length % VIRTQ_DESC_SIZE !== 0) throw new VirtqueueError('indirect table of a bad length');
      if (!memory.contains(gpa, length)) throw new VirtqueueError('indirect table outside RAM');
      inIndirect = true;
      base = gpa;
      entries = length / VIRTQ_DESC_SIZE;
      index = 0;
      left = Math.min(entries, MAX_INDIRECT);
      continue;
    }
    const write = (flags & VIRTQ_DESC_F_WRITE) !== 0;
    if (!write && writable.length > 0) throw new VirtqueueError('device-readable descriptor after a writable one');
    // Empty buffers are useless but harmless; drivers exist that send them.
    if (length > 0) {
      if (!memory.contains(gpa, length)) throw new VirtqueueError('buffer outside RAM');
      (write ? writable : readable).push({ gpa, length });
    }
    if (!(flags & VIRTQ_DESC_F_NEXT)) return new DescriptorChain(memory, head, readable, writable);
    index = memory.readU16(at + 14, table.order);
  }
}

/** A 64-bit address as a number: exact for everything that can be RAM, and never a safe integer when it is not exact. */
function readAddress(memory: GuestMemory, at: number, order: Endianness): number {
  const high = memory.readU32(order === 'little' ? at + 4 : at, order);
  const low = memory.readU32(order === 'little' ? at : at + 4, order);
  return high * 2 ** 32 + low;
}

function total(buffers: readonly GuestBuffer[]): number {
  return buffers.reduce((sum, buffer) => sum + buffer.length, 0);
}
