// A driver that keeps the rules long enough to get somewhere and then breaks them: it lays out rings, posts requests that mean something to
// the device, spoils what it wrote, and writes any register at any moment. All it does follows from its seed and from what is in memory.
import * as v from '../../../../src/devices/virtio/constants.ts';
import type { Choice } from './choice.ts';
import { EDGES, PLACES, REGISTERS, SLOT_MAPS, WIDE_EDGES } from './hostile-values.ts';
import type { FuzzMachine } from './machine.ts';
import { consolePayload, diskPayload, type Part } from './payloads.ts';
import { type Ring, RingLayout } from './ring-layout.ts';

export class HostileDriver {
  private readonly m: FuzzMachine;
  private readonly choice: Choice;
  private readonly rings: Ring[] = [];
  private features = 0n;
  private readonly layout: RingLayout;

  constructor(machine: FuzzMachine, choice: Choice) {
    this.m = machine;
    this.choice = choice;
    this.layout = new RingLayout(machine, choice, this.rings);
  }

  /** Bring the device up as the specification says; a hostile one forgets a step or puts rings where they must not be. */
  start(hostile: boolean): void {
    const { m, choice } = this;
    const forgets = (): boolean => hostile && choice.oneIn(12);
    if (m.variant.legacy)
      this.set(v.VIRTIO_MMIO_GUEST_PAGE_SIZE, hostile && choice.oneIn(4) ? choice.pick([0, 1, 512, 65536]) : 4096);
    if (!forgets()) this.set(v.VIRTIO_MMIO_STATUS, 0);
    let status = 0;
    const add = (bit: number): void => {
      status |= bit;
      if (!forgets()) this.set(v.VIRTIO_MMIO_STATUS, status);
    };
    add(v.VIRTIO_CONFIG_S_ACKNOWLEDGE);
    add(v.VIRTIO_CONFIG_S_DRIVER);
    this.writeFeatures(hostile);
    if (!m.variant.legacy) add(v.VIRTIO_CONFIG_S_FEATURES_OK);
    const count = m.variant.device === 'blk' ? 1 : choice.oneIn(4) ? 2 : m.queueCount;
    this.rings.length = 0;
    for (let index = 0; index < count; index++) {
      const ring = { index, size: 8, desc: 0, avail: 0, used: 0, availIdx: 0, nextDesc: 0 };
      this.rings.push(ring);
      if (!forgets()) this.layout.place(ring, hostile && choice.oneIn(3));
    }
    add(v.VIRTIO_CONFIG_S_DRIVER_OK);
  }

  /** A chain in a queue, with a meaning most of the time; the device is told of it or not. */
  post(): void {
    const { m, choice } = this;
    if (this.rings.length === 0) return;
    const ring = choice.pick(this.rings);
    const parts =
      m.variant.device === 'blk' ? diskPayload(choice, m.order) : consolePayload(choice, m.order, ring.index);
    const indirect = choice.oneIn(this.features & v.VIRTIO_F_INDIRECT_DESC ? 2 : 40);
    const head = ring.nextDesc;
    const table = indirect ? this.layout.room(16 * parts.length) : ring.desc;
    const slot = (i: number): number => (indirect ? i : (head + i) % ring.size);
    parts.forEach((part, i) => {
      const last = i === parts.length - 1;
      const flags = (part.writable ? v.VIRTQ_DESC_F_WRITE : 0) | (last ? 0 : v.VIRTQ_DESC_F_NEXT);
      this.describe(table + 16 * slot(i), this.buffer(part), part.length, flags, last ? 0 : slot(i + 1));
    });
    if (indirect) this.describe(ring.desc + 16 * head, table, 16 * parts.length, v.VIRTQ_DESC_F_INDIRECT, 0);
    ring.nextDesc = (head + (indirect ? 1 : parts.length)) % ring.size;
    m.poke(ring.avail + 4 + 2 * (ring.availIdx % ring.size), 2, head);
    ring.availIdx = (ring.availIdx + 1) & 0xffff;
    m.poke(ring.avail + 2, 2, ring.availIdx);
    if (choice.oneIn(2)) this.set(v.VIRTIO_MMIO_QUEUE_NOTIFY, ring.index);
  }

  /** Spoil one thing of what lies in memory. */
  spoil(): void {
    const { choice } = this;
    if (this.rings.length === 0) return;
    const ring = choice.pick(this.rings);
    const dice = choice.below(12);
    if (dice < 7) this.spoilDescriptor(ring);
    else if (dice < 11) this.spoilAvailable(ring);
    else this.m.poke(choice.pick([ring.desc, ring.avail, ring.used]) + choice.below(0x400), 4, choice.pick(WIDE_EDGES));
  }

  private spoilDescriptor(ring: Ring): void {
    const { m, choice } = this;
    const slot = this.lately(ring.nextDesc, ring.size);
    const at = ring.desc + 16 * slot;
    const other = choice.below(ring.size);
    const dice = choice.below(7);
    if (dice === 0) {
      const address = choice.oneIn(3) ? choice.pick(PLACES) : choice.pick([ring.desc, ring.avail, ring.used, at]);
      this.writeAddress(at, address + choice.pick([0, 0, 4, 8, 16 * choice.below(8)]));
    } else if (dice === 1) m.poke(at + (choice.oneIn(2) ? 4 : 0), 4, choice.pick(WIDE_EDGES));
    else if (dice === 2) m.poke(at + 8, 4, choice.pick([...WIDE_EDGES, 16 * choice.below(40), 0x4000, 0xc000]));
    else if (dice === 3) m.poke(at + 12, 2, choice.below(8));
    else if (dice === 4) m.poke(at + 14, 2, choice.oneIn(3) ? choice.pick([...EDGES, ring.size, ring.size]) : other);
    else if (dice === 5) {
      // A loop.
      m.poke(at + 12, 2, choice.pick([1, 3]));
      m.poke(at + 14, 2, choice.oneIn(2) ? slot : other);
    } else {
      // An indirect table: in itself, in the rings, anywhere.
      const table = choice.pick([ring.desc, at, ring.used, ring.avail, ...PLACES]);
      const length = choice.pick([16, 16, 32, 16 * ring.size, 8, 0, 24, 0x8000, 0xfffffff0]);
      this.describe(at, table, length, v.VIRTQ_DESC_F_INDIRECT | choice.below(4), other);
    }
  }

  /** Mostly one of the last few entries before `next`: what the device has not looked at yet. */
  private lately(next: number, size: number): number {
    const { choice } = this;
    return choice.oneIn(4) ? choice.below(size) : (next + size - 1 - choice.below(Math.min(4, size))) % size;
  }

  private spoilAvailable(ring: Ring): void {
    const { m, choice } = this;
    const { avail, availIdx, size } = ring;
    const dice = choice.below(4);
    if (dice === 0)
      m.poke(
        avail + 4 + 2 * this.lately(availIdx, size),
        2,
        choice.oneIn(2) ? choice.pick([...EDGES, size, size]) : choice.below(size),
      );
    else if (dice === 1) m.poke(avail + 2, 2, availIdx + choice.pick([1, 2, size, size + 1, -1, 0x7fff, 0x8000]));
    else if (dice === 2) m.poke(avail + 4 + 2 * size, 2, availIdx + choice.pick([0, -1, 1, -size, 0x8000]));
    else m.poke(avail, 2, choice.pick([0, 1, 1, 2, 0xffff]));
  }

  /** Put a live queue somewhere else, taking it back first or not. */
  move(): void {
    const { choice } = this;
    if (this.rings.length === 0) return;
    const ring = choice.pick(this.rings);
    this.set(v.VIRTIO_MMIO_QUEUE_SEL, ring.index);
    if (!choice.oneIn(4)) this.disable();
    if (!choice.oneIn(4)) this.layout.place(ring, choice.oneIn(3));
    else if (choice.oneIn(2)) this.set(v.VIRTIO_MMIO_QUEUE_READY, 1);
  }

  notify(): void {
    const { choice } = this;
    const odd = choice.oneIn(20);
    this.set(v.VIRTIO_MMIO_QUEUE_NOTIFY, odd ? choice.pick(WIDE_EDGES) : choice.below(this.m.queueCount));
  }

  reset(): void {
    this.set(v.VIRTIO_MMIO_STATUS, 0);
  }

  /** Any register, any width, any value; mostly those that mean something. */
  register(): void {
    const { m, choice } = this;
    const offset = choice.oneIn(8)
      ? choice.below(0x200)
      : choice.oneIn(8)
        ? 0x100 + choice.below(0x40)
        : choice.pick(REGISTERS);
    const length = choice.oneIn(6) ? choice.pick([1, 2] as const) : 4;
    const at = Math.min(choice.oneIn(16) ? offset + choice.below(4) : offset, 0x200 - length);
    if (choice.oneIn(6)) {
      m.read(at, length);
      return;
    }
    m.write(at, length, (this.registerValue(at) & (length === 4 ? -1 : 2 ** (8 * length) - 1)) >>> 0);
  }

  slots(): void {
    this.m.slots(this.choice.pick(SLOT_MAPS));
  }

  acknowledge(): void {
    this.set(v.VIRTIO_MMIO_INTERRUPT_ACK, this.choice.oneIn(4) ? this.choice.pick(WIDE_EDGES) : 3);
  }

  private registerValue(offset: number): number {
    const { choice } = this;
    if (choice.oneIn(10)) return choice.pick(WIDE_EDGES);
    switch (offset) {
      case v.VIRTIO_MMIO_STATUS:
        return choice.pick([0, 1, 3, 0xb, 0xf, 0xf, 4, 7, 0x40, 0x80, 0xff]);
      case v.VIRTIO_MMIO_QUEUE_NUM:
        return choice.pick([0, 1, 2, 3, 8, 16, 64, 256, 512]);
      case v.VIRTIO_MMIO_QUEUE_PFN:
        return choice.pick([0, 1, 2, 3, 9, 15, 16, 24, 0xfffff, 0xffffffff]);
      case v.VIRTIO_MMIO_GUEST_PAGE_SIZE:
        return choice.pick([0, 1, 512, 4096, 4096, 65536]);
      case v.VIRTIO_MMIO_QUEUE_ALIGN:
        return choice.pick([0, 1, 2, 3, 4, 4096, 4096, 0x80000000]);
      case v.VIRTIO_MMIO_QUEUE_DESC_HIGH:
      case v.VIRTIO_MMIO_QUEUE_DRIVER_HIGH:
      case v.VIRTIO_MMIO_QUEUE_DEVICE_HIGH:
        return choice.pick([0, 0, 0, 1, 0x1fffff, 0x200000, 0xffffffff]);
      case v.VIRTIO_MMIO_QUEUE_DESC_LOW:
      case v.VIRTIO_MMIO_QUEUE_DRIVER_LOW:
      case v.VIRTIO_MMIO_QUEUE_DEVICE_LOW: {
        const ring = this.rings.length > 0 ? choice.pick(this.rings) : null;
        return choice.pick([...PLACES, ring?.desc ?? 0, ring?.avail ?? 0, ring?.used ?? 0]) >>> 0;
      }
      default:
        return choice.below(8);
    }
  }

  private writeFeatures(hostile: boolean): void {
    const { m, choice } = this;
    const optional =
      m.variant.device === 'blk'
        ? [v.VIRTIO_BLK_F_FLUSH, v.VIRTIO_BLK_F_CONFIG_WCE, v.VIRTIO_BLK_F_DISCARD, v.VIRTIO_BLK_F_WRITE_ZEROES]
        : [v.VIRTIO_CONSOLE_F_SIZE, v.VIRTIO_CONSOLE_F_MULTIPORT, v.VIRTIO_CONSOLE_F_MULTIPORT];
    this.features = m.variant.legacy ? 0n : v.VIRTIO_F_VERSION_1;
    for (const feature of [...optional, v.VIRTIO_F_INDIRECT_DESC, v.VIRTIO_F_EVENT_IDX])
      if (choice.oneIn(2)) this.features |= feature;
    // A read-only disk does not offer all of them: ask first, as drivers do.
    this.set(v.VIRTIO_MMIO_DEVICE_FEATURES_SEL, 0);
    const offered = BigInt(m.read(v.VIRTIO_MMIO_DEVICE_FEATURES, 4)) | v.VIRTIO_F_VERSION_1;
    if (!(hostile && choice.oneIn(10))) this.features &= offered;
    for (const word of [1, 0]) {
      this.set(v.VIRTIO_MMIO_DRIVER_FEATURES_SEL, word);
      this.set(v.VIRTIO_MMIO_DRIVER_FEATURES, Number((this.features >> BigInt(32 * word)) & 0xffffffffn));
    }
  }

  private disable(): void {
    this.set(this.m.variant.legacy ? v.VIRTIO_MMIO_QUEUE_PFN : v.VIRTIO_MMIO_QUEUE_READY, 0);
  }

  private set(offset: number, value: number): void {
    this.m.write(offset, 4, value);
  }

  private describe(at: number, gpa: number, length: number, flags: number, next: number): void {
    this.writeAddress(at, gpa);
    this.m.poke(at + 8, 4, length);
    this.m.poke(at + 12, 2, flags);
    this.m.poke(at + 14, 2, next);
  }

  private writeAddress(at: number, gpa: number): void {
    const [low, high] = this.m.order === 'little' ? [at, at + 4] : [at + 4, at];
    this.m.poke(low, 4, gpa % 2 ** 32);
    this.m.poke(high, 4, Math.floor(gpa / 2 ** 32));
  }

  /** Where a part lies: in the buffer heap, and now and then at a border or in the rings. */
  private buffer({ length, bytes }: Part): number {
    const { choice } = this;
    const odd = choice.oneIn(40);
    const gpa = odd
      ? choice.pick([...PLACES, ...this.rings.flatMap(({ desc, used }) => [desc, used])])
      : this.layout.room(length);
    if (bytes) this.m.pokeBytes(gpa, bytes);
    return gpa;
  }
}
