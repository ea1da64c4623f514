// Where a hostile driver lays its rings and buffers: side by side most of the time, and in each other, across slots and outside RAM when
// it means harm; and how it tells the device.
import * as v from '../../../../src/devices/virtio/constants.ts';
import type { Choice } from './choice.ts';
import { PLACES } from './hostile-values.ts';
import type { FuzzMachine } from './machine.ts';

/** Rings are laid out from here on, buffers from there on (into the second slot, whose backing is elsewhere). */
const RINGS = { from: 0x1000, to: 0xc000 };
const BUFFERS = { from: 0xc000, to: 0x13f00 };

export interface Ring {
  readonly index: number;
  size: number;
  desc: number;
  avail: number;
  used: number;
  availIdx: number;
  nextDesc: number;
}

export class RingLayout {
  private readonly m: FuzzMachine;
  private readonly choice: Choice;
  private readonly rings: readonly Ring[];
  private ringHeap = RINGS.from;
  private bufferHeap = BUFFERS.from;

  /** `rings` are those of the driver, which adds to them. */
  constructor(machine: FuzzMachine, choice: Choice, rings: readonly Ring[]) {
    this.m = machine;
    this.choice = choice;
    this.rings = rings;
    if (choice.oneIn(2)) this.bufferHeap += choice.below(0x6000) & ~3;
  }

  /** Find a place for a queue and hand it over. */
  place(ring: Ring, hostile: boolean): void {
    const { m, choice } = this;
    const max = m.variant.device === 'blk' ? 256 : 64;
    const tidySizes = m.variant.legacy ? [4, 8, 8, 16] : [1, 2, 4, 8, 8, 16, 32, max];
    const size = hostile && choice.oneIn(4) ? choice.pick([0, 3, 2 * max, 0xffff, 0x80000000]) : choice.pick(tidySizes);
    // Memory is written for a ring of a sane size, whatever the device is told.
    ring.size = size > 0 && size <= max ? size : 8;
    ring.availIdx = 0;
    ring.nextDesc = 0;
    this.set(v.VIRTIO_MMIO_QUEUE_SEL, ring.index);
    this.set(v.VIRTIO_MMIO_QUEUE_NUM, size);
    if (m.variant.legacy) this.placeLegacy(ring, hostile);
    else this.placeModern(ring, hostile);
  }

  private placeModern(ring: Ring, hostile: boolean): void {
    const { choice } = this;
    const { size } = ring;
    const others = this.rings.flatMap(({ desc, avail, used }) => [desc, avail, used]);
    const spot = (bytes: number, align: number): number => {
      if (!hostile || choice.oneIn(2)) return this.ringRoom(bytes, align);
      if (choice.oneIn(2)) return choice.pick(others) + align * choice.below(8);
      const border = choice.pick(PLACES);
      return choice.oneIn(2) ? border : Math.max(0, border - align * choice.below(1 + bytes / align));
    };
    ring.desc = spot(16 * size, 16);
    ring.avail = spot(6 + 2 * size, 2);
    ring.used = spot(6 + 8 * size, 4);
    if (!hostile) this.clear(ring);
    this.set(v.VIRTIO_MMIO_QUEUE_DESC_LOW, ring.desc % 2 ** 32);
    this.set(v.VIRTIO_MMIO_QUEUE_DESC_HIGH, Math.floor(ring.desc / 2 ** 32));
    this.set(v.VIRTIO_MMIO_QUEUE_DRIVER_LOW, ring.avail % 2 ** 32);
    this.set(v.VIRTIO_MMIO_QUEUE_DRIVER_HIGH, Math.floor(ring.avail / 2 ** 32));
    this.set(v.VIRTIO_MMIO_QUEUE_DEVICE_LOW, ring.used % 2 ** 32);
    this.set(v.VIRTIO_MMIO_QUEUE_DEVICE_HIGH, Math.floor(ring.used / 2 ** 32));
    this.set(v.VIRTIO_MMIO_QUEUE_READY, 1);
  }

  private placeLegacy(ring: Ring, hostile: boolean): void {
    const { choice } = this;
    const align = hostile ? choice.pick([4096, 4, 4, 16, 1, 2, 3, 0, 0x80000000]) : choice.pick([4096, 64]);
    const pages = hostile && choice.oneIn(2) ? choice.pick([1, 2, 9, 15, 16, 19, 20, 24, 27, 0xfffff, 0x80000000]) : 0;
    ring.desc = pages > 0 ? pages * 4096 : this.ringRoom(2 * 4096, 4096);
    ring.avail = ring.desc + 16 * ring.size;
    const end = ring.avail + 6 + 2 * ring.size;
    ring.used = align > 4 ? Math.ceil(end / align) * align : end;
    if (!hostile) this.clear(ring);
    this.set(v.VIRTIO_MMIO_QUEUE_ALIGN, align);
    this.set(v.VIRTIO_MMIO_QUEUE_PFN, Math.floor(ring.desc / 4096) >>> 0);
  }

  private clear({ desc, avail, used, size }: Ring): void {
    this.m.pokeBytes(desc, new Uint8Array(16 * size));
    this.m.pokeBytes(avail, new Uint8Array(6 + 2 * size));
    this.m.pokeBytes(used, new Uint8Array(6 + 8 * size));
  }

  /** Room for a buffer or an indirect table. */
  room(length: number): number {
    if (this.bufferHeap + length > BUFFERS.to) this.bufferHeap = BUFFERS.from;
    const gpa = this.bufferHeap;
    this.bufferHeap += length + 3;
    this.bufferHeap -= this.bufferHeap % 4;
    return gpa;
  }

  private ringRoom(bytes: number, align: number): number {
    let gpa = Math.ceil(this.ringHeap / align) * align;
    if (gpa + bytes > RINGS.to) gpa = RINGS.from;
    this.ringHeap = gpa + bytes;
    return gpa;
  }

  private set(offset: number, value: number): void {
    this.m.write(offset, 4, value);
  }
}
