// What a hostile driver says to a device: requests that mean something, and some that do not.
import * as v from '../../../../src/devices/virtio/constants.ts';
import type { Endianness } from '../../../../src/memory/guest-memory.ts';
import type { Choice } from './choice.ts';
import { DISK_SIZE } from './watched.ts';

/** One buffer of a chain, device-readable ones with their bytes. */
export interface Part {
  readonly writable: boolean;
  readonly length: number;
  readonly bytes?: Uint8Array;
}

const SECTORS = DISK_SIZE / 512;
const room = (length: number): Part => ({ writable: true, length });
const given = (bytes: Uint8Array): Part => ({ writable: false, length: bytes.length, bytes });

export function consolePayload(choice: Choice, order: Endianness, queue: number): Part[] {
  if (queue === 3) return [given(controlMessage(choice, order))];
  // About as much output as one chain may hold.
  if (queue % 2 === 1 && choice.oneIn(80))
    return Array.from({ length: choice.pick([31, 32, 33, 40]) }, () => ({ writable: false, length: 0x8000 }));
  const lengths = Array.from({ length: 1 + choice.below(3) }, () =>
    choice.oneIn(30) ? choice.pick([0, 4096, 0x8000, 0x100000]) : 1 + choice.below(queue === 2 ? 64 : 100),
  );
  if (queue % 2 === 0) return lengths.map(room);
  // Long buffers are not filled: what lies there is sent.
  return lengths.map((length) => (length > 100 ? { writable: false, length } : given(choice.bytes(length))));
}

function controlMessage(choice: Choice, order: Endianness): Uint8Array {
  const view = new DataView(new ArrayBuffer(choice.oneIn(12) ? choice.below(12) : 8));
  if (view.byteLength < 8) return new Uint8Array(view.buffer);
  const little = order === 'little';
  view.setUint32(0, choice.oneIn(8) ? choice.pick([2, 31, 0xffffffff]) : choice.below(2), little);
  view.setUint16(4, choice.oneIn(8) ? choice.below(0x10000) : choice.pick([0, 3, 3, 6, 6]), little);
  view.setUint16(6, choice.oneIn(6) ? choice.below(3) : 1, little);
  return new Uint8Array(view.buffer);
}

const TYPES = [
  v.VIRTIO_BLK_T_IN,
  v.VIRTIO_BLK_T_IN,
  v.VIRTIO_BLK_T_OUT,
  v.VIRTIO_BLK_T_OUT,
  v.VIRTIO_BLK_T_FLUSH,
  v.VIRTIO_BLK_T_GET_ID,
  v.VIRTIO_BLK_T_DISCARD,
  v.VIRTIO_BLK_T_WRITE_ZEROES,
];

export function diskPayload(choice: Choice, order: Endianness): Part[] {
  const type = choice.oneIn(16) ? choice.pick([2, 3, 9, 99, 0x80000000, 0xffffffff]) : choice.pick(TYPES);
  const header = diskHeader(choice, order, type);
  const parts = [...cut(choice, header), ...diskData(choice, type)];
  if (!choice.oneIn(24)) parts.push(room(choice.oneIn(16) ? choice.below(20) : 1));
  return parts;
}

function diskHeader(choice: Choice, order: Endianness, type: number): Uint8Array {
  const view = new DataView(new ArrayBuffer(choice.oneIn(24) ? 8 + choice.below(16) : 16));
  const little = order === 'little';
  view.setUint32(0, type, little);
  if (view.byteLength >= 16) view.setBigUint64(8, sector(choice), little);
  return new Uint8Array(view.buffer);
}

function sector(choice: Choice): bigint {
  if (!choice.oneIn(8)) return BigInt(choice.below(SECTORS));
  return choice.pick([BigInt(SECTORS - 1), BigInt(SECTORS), 1n << 31n, 1n << 44n, (1n << 55n) - 1n, (1n << 64n) - 1n]);
}

function diskData(choice: Choice, type: number): Part[] {
  const length = choice.oneIn(10) ? choice.pick([0, 1, 511, 513, 0x8000, 0x8200]) : 512 * (1 + choice.below(4));
  switch (type) {
    case v.VIRTIO_BLK_T_OUT:
      return length > 2048 ? [{ writable: false, length }] : cut(choice, choice.bytes(length));
    case v.VIRTIO_BLK_T_GET_ID:
      return [room(choice.pick([20, 20, 0, 1, 19, 21]))];
    case v.VIRTIO_BLK_T_DISCARD:
    case v.VIRTIO_BLK_T_WRITE_ZEROES:
      return cut(choice, segments(choice));
    case v.VIRTIO_BLK_T_FLUSH:
      return choice.oneIn(6) ? [room(length)] : [];
    default:
      return choice.oneIn(3) ? [room(length >> 1), room(length - (length >> 1))] : [room(length)];
  }
}

/** struct virtio_blk_discard_write_zeroes, little-endian always. */
function segments(choice: Choice): Uint8Array {
  const count = choice.oneIn(10) ? choice.pick([0, 5, 64, 65]) : 1 + choice.below(2);
  const view = new DataView(new ArrayBuffer(16 * count + (choice.oneIn(20) ? 4 : 0)));
  for (let i = 0; i < count; i++) {
    view.setBigUint64(16 * i, sector(choice), true);
    view.setUint32(
      16 * i + 8,
      choice.oneIn(8) ? choice.pick([0, SECTORS, 0x7fffff, 0xffffffff]) : choice.below(8),
      true,
    );
    view.setUint32(16 * i + 12, choice.oneIn(8) ? choice.below(4) : 0, true);
  }
  return new Uint8Array(view.buffer);
}

/** The same bytes in one descriptor, or in two. */
function cut(choice: Choice, bytes: Uint8Array): Part[] {
  if (bytes.length < 2 || !choice.oneIn(4)) return [given(bytes)];
  const at = 1 + choice.below(bytes.length - 1);
  return [given(bytes.slice(0, at)), given(bytes.slice(at))];
}
