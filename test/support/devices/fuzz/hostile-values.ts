// table: the numbers a hostile driver likes: edges, places in guest-physical space, maps of memory slots, registers.
import * as v from '../../../../src/devices/virtio/constants.ts';
import type { BackedRange } from '../../../../src/memory/guest-memory.ts';
import { STANDARD_RANGES } from './watched.ts';

const KIB = 1024;

/** Numbers that break things more often than others. */
export const EDGES = [0, 1, 2, 3, 7, 8, 15, 16, 63, 64, 255, 256, 0x7fff, 0x8000, 0xfffe, 0xffff];
export const WIDE_EDGES = [...EDGES, 0x10000, 0x100000, 0x7fffffff, 0x80000000, 0xfffffff0, 0xffffffff];
/** Guest-physical addresses: ends and borders of slots, the hole, the READONLY slot, the end of 4 GiB, the virtio window, beyond. */
export const PLACES = [
  0,
  0x10,
  0x1001,
  0xfff0,
  0xfff8,
  0xffff,
  0x10000,
  0x13ff0,
  0x13ff8,
  0x14000,
  0x16000,
  0x17ff8,
  0x18000,
  0x1bff0,
  0x1c000,
  0x12000000,
  0xfffff000,
  0xfffffff0,
  0xfffffff8,
  0x1_0000_0000,
  0x1_0000_1000,
  2 ** 53,
  2 ** 63,
  2 ** 64 - 4096,
];

export const SLOT_MAPS: readonly (readonly BackedRange[])[] = [
  STANDARD_RANGES,
  [],
  STANDARD_RANGES.slice(1),
  [STANDARD_RANGES[0]],
  [{ ...STANDARD_RANGES[0], size: 24 * KIB }, STANDARD_RANGES[1]],
  [{ ...STANDARD_RANGES[0], size: 36 * KIB }, ...STANDARD_RANGES.slice(1)],
  [{ ...STANDARD_RANGES[0], readonly: true }, ...STANDARD_RANGES.slice(1)],
  [{ ...STANDARD_RANGES[0], gpa: 0x8000, size: 32 * KIB, offset: 48 * KIB }, STANDARD_RANGES[1]],
  // The same addresses on other backing, and two slots on one.
  [{ ...STANDARD_RANGES[0], offset: 36 * KIB }, STANDARD_RANGES[3]],
  [STANDARD_RANGES[0], { ...STANDARD_RANGES[1], offset: 20 * KIB }],
];

/** Registers a driver writes, most of them of both interfaces. */
export const REGISTERS = [
  v.VIRTIO_MMIO_DEVICE_FEATURES_SEL,
  v.VIRTIO_MMIO_DRIVER_FEATURES,
  v.VIRTIO_MMIO_DRIVER_FEATURES_SEL,
  v.VIRTIO_MMIO_GUEST_PAGE_SIZE,
  v.VIRTIO_MMIO_QUEUE_SEL,
  v.VIRTIO_MMIO_QUEUE_SEL,
  v.VIRTIO_MMIO_QUEUE_NUM,
  v.VIRTIO_MMIO_QUEUE_ALIGN,
  v.VIRTIO_MMIO_QUEUE_PFN,
  v.VIRTIO_MMIO_QUEUE_READY,
  v.VIRTIO_MMIO_QUEUE_READY,
  v.VIRTIO_MMIO_QUEUE_NOTIFY,
  v.VIRTIO_MMIO_QUEUE_NOTIFY,
  v.VIRTIO_MMIO_QUEUE_NOTIFY,
  v.VIRTIO_MMIO_INTERRUPT_ACK,
  v.VIRTIO_MMIO_STATUS,
  v.VIRTIO_MMIO_STATUS,
  v.VIRTIO_MMIO_QUEUE_DESC_LOW,
  v.VIRTIO_MMIO_QUEUE_DESC_HIGH,
  v.VIRTIO_MMIO_QUEUE_DRIVER_LOW,
  v.VIRTIO_MMIO_QUEUE_DRIVER_HIGH,
  v.VIRTIO_MMIO_QUEUE_DEVICE_LOW,
  v.VIRTIO_MMIO_QUEUE_DEVICE_HIGH,
  v.VIRTIO_MMIO_SHM_SEL,
];
