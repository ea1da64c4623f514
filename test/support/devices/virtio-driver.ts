// A guest's virtio-mmio driver in TypeScript: it probes, negotiates, lays out rings in guest memory and moves buffers, modern or
// legacy, with the byte order that the interface asks for. Tests also reach past it to write what no driver should.
import type { MmioDevice } from '../../../src/devices/device.ts';
import * as v from '../../../src/devices/virtio/constants.ts';
import type { Endianness, GuestMemory } from '../../../src/memory/guest-memory.ts';

const PAGE = 4096;

/** One buffer of a chain: bytes for the device to read, or room for it to write. */
export type Part = { readonly bytes: Uint8Array } | { readonly room: number };

export interface Used {
  readonly head: number;
  readonly length: number;
  /** What the device wrote into the chain's rooms. */
  readonly bytes: Uint8Array;
}

export class VirtioDriver {
  readonly device: MmioDevice;
  readonly memory: GuestMemory;
  readonly legacy: boolean;
  readonly order: Endianness;
  features = 0n;
  readonly queues: DriverQueue[] = [];
  private heap: number;

  /** `heap` is where the driver's rings and buffers start, page-aligned. */
  constructor(device: MmioDevice, memory: GuestMemory, heap = 0x1000) {
    this.device = device;
    this.memory = memory;
    this.heap = heap;
    this.legacy = this.get(v.VIRTIO_MMIO_VERSION) === 1;
    this.order = this.legacy ? memory.endianness : 'little';
  }

  get(offset: number): number {
    return this.device.read(offset, 4);
  }

  set(offset: number, value: number): void {
    this.device.write(offset, 4, value);
  }

  /** Guest memory for the driver's own use. */
  allocate(size: number, align = 16): number {
    const gpa = Math.ceil(this.heap / align) * align;
    this.heap = gpa + size;
    return gpa;
  }

  offered(): bigint {
    this.set(v.VIRTIO_MMIO_DEVICE_FEATURES_SEL, 1);
    const high = BigInt(this.get(v.VIRTIO_MMIO_DEVICE_FEATURES));
    this.set(v.VIRTIO_MMIO_DEVICE_FEATURES_SEL, 0);
    return (high << 32n) | BigInt(this.get(v.VIRTIO_MMIO_DEVICE_FEATURES));
  }

  writeFeatures(features: bigint): void {
    this.set(v.VIRTIO_MMIO_DRIVER_FEATURES_SEL, 1);
    this.set(v.VIRTIO_MMIO_DRIVER_FEATURES, Number(features >> 32n));
    this.set(v.VIRTIO_MMIO_DRIVER_FEATURES_SEL, 0);
    this.set(v.VIRTIO_MMIO_DRIVER_FEATURES, Number(features & 0xffffffffn));
  }

  /** Reset, then negotiate `features` (VERSION_1 added when modern) as 3.1.1 says. Returns whether the device agreed. */
  negotiate(features = 0n): boolean {
    if (this.legacy) this.set(v.VIRTIO_MMIO_GUEST_PAGE_SIZE, PAGE);
    this.set(v.VIRTIO_MMIO_STATUS, 0);
    this.addStatus(v.VIRTIO_CONFIG_S_ACKNOWLEDGE);
    this.addStatus(v.VIRTIO_CONFIG_S_DRIVER);
    this.features = this.legacy ? features : features | v.VIRTIO_F_VERSION_1;
    this.writeFeatures(this.features);
    if (this.legacy) return true;
    this.addStatus(v.VIRTIO_CONFIG_S_FEATURES_OK);
    return (this.get(v.VIRTIO_MMIO_STATUS) & v.VIRTIO_CONFIG_S_FEATURES_OK) !== 0;
  }

  addStatus(bit: number): void {
    this.set(v.VIRTIO_MMIO_STATUS, this.get(v.VIRTIO_MMIO_STATUS) | bit);
  }

  /** Negotiate, set up `count` queues of `size` entries, and go live. */
  start(features = 0n, count = 2, size = 16): this {
    if (!this.negotiate(features)) throw new Error('the device did not accept the features');
    for (let i = 0; i < count; i++) this.queues[i] = new DriverQueue(this, i, size);
    this.addStatus(v.VIRTIO_CONFIG_S_DRIVER_OK);
    return this;
  }

  /** Read InterruptStatus and acknowledge what it says. */
  acknowledge(): number {
    const status = this.get(v.VIRTIO_MMIO_INTERRUPT_STATUS);
    this.set(v.VIRTIO_MMIO_INTERRUPT_ACK, status);
    return status;
  }

  get needsReset(): boolean {
    return (this.get(v.VIRTIO_MMIO_STATUS) & v.VIRTIO_CONFIG_S_NEEDS_RESET) !== 0;
  }
}

class DriverQueue {
  readonly index: number;
  readonly size: number;
  readonly desc: number;
  readonly avail: number;
  readonly used: number;
  private readonly driver: VirtioDriver;
  private readonly rooms = new Map<number, { gpa: number; length: number }[]>();
  private nextDesc = 0;
  private availIdx = 0;
  private seenUsed = 0;

  constructor(driver: VirtioDriver, index: number, size: number) {
    this.driver = driver;
    this.index = index;
    this.size = size;
    const availBytes = 6 + 2 * size;
    this.desc = driver.allocate(16 * size + PAGE + 6 + 8 * size + availBytes, PAGE);
    this.avail = this.desc + 16 * size;
    this.used = Math.ceil((this.avail + availBytes) / PAGE) * PAGE;
    driver.memory.fill(this.desc, 0, this.used + 6 + 8 * size - this.desc);
    driver.set(v.VIRTIO_MMIO_QUEUE_SEL, index);
    driver.set(v.VIRTIO_MMIO_QUEUE_NUM, size);
    if (driver.legacy) {
      driver.set(v.VIRTIO_MMIO_QUEUE_ALIGN, PAGE);
      driver.set(v.VIRTIO_MMIO_QUEUE_PFN, this.desc / PAGE);
    } else {
      driver.set(v.VIRTIO_MMIO_QUEUE_DESC_LOW, this.desc);
      driver.set(v.VIRTIO_MMIO_QUEUE_DRIVER_LOW, this.avail);
      driver.set(v.VIRTIO_MMIO_QUEUE_DEVICE_LOW, this.used);
      driver.set(v.VIRTIO_MMIO_QUEUE_READY, 1);
    }
  }

  /** Write one descriptor of a table at `table`. */
  describe(table: number, slot: number, gpa: number, length: number, flags: number, next = 0): void {
    const { memory, order } = this.driver;
    memory.writeU64(table + 16 * slot, BigInt(gpa), order);
    memory.writeU32(table + 16 * slot + 8, length, order);
    memory.writeU16(table + 16 * slot + 12, flags, order);
    memory.writeU16(table + 16 * slot + 14, next, order);
  }

  /** Put buffers in memory, chain them and make them available; returns the head. No notification. */
  post(buffers: readonly Part[], indirect = false): number {
    const { memory } = this.driver;
    const count = indirect ? 1 : buffers.length;
    const head = this.nextDesc;
    const slots = Array.from({ length: count }, (_, i) => (head + i) % this.size);
    this.nextDesc = (head + count) % this.size;
    const table = indirect ? this.driver.allocate(16 * buffers.length) : this.desc;
    if (indirect) this.describe(this.desc, head, table, 16 * buffers.length, v.VIRTQ_DESC_F_INDIRECT);
    const rooms: { gpa: number; length: number }[] = [];
    buffers.forEach((buffer, i) => {
      const length = 'room' in buffer ? buffer.room : buffer.bytes.length;
      const gpa = this.driver.allocate(length);
      if ('bytes' in buffer) memory.write(gpa, buffer.bytes);
      else rooms.push({ gpa, length });
      const more = i + 1 < buffers.length;
      const flags = ('room' in buffer ? v.VIRTQ_DESC_F_WRITE : 0) | (more ? v.VIRTQ_DESC_F_NEXT : 0);
      const place = (k: number): number => (indirect ? k : slots[k]!);
      this.describe(table, place(i), gpa, length, flags, more ? place(i + 1) : 0);
    });
    this.rooms.set(head, rooms);
    this.makeAvailable(head);
    return head;
  }

  /** Put a descriptor index in the available ring. */
  makeAvailable(head: number): void {
    const { memory, order } = this.driver;
    memory.writeU16(this.avail + 4 + 2 * (this.availIdx % this.size), head, order);
    this.availIdx = (this.availIdx + 1) & 0xffff;
    memory.writeU16(this.avail + 2, this.availIdx, order);
  }

  notify(): void {
    this.driver.set(v.VIRTIO_MMIO_QUEUE_NOTIFY, this.index);
  }

  /** Post text for the device and notify. */
  send(text: string): void {
    this.post([{ bytes: new TextEncoder().encode(text) }]);
    this.notify();
  }

  /** Chains the device gave back since the last call. */
  collect(): Used[] {
    const { memory, order } = this.driver;
    const result: Used[] = [];
    const end = memory.readU16(this.used + 2, order);
    for (; this.seenUsed !== end; this.seenUsed = (this.seenUsed + 1) & 0xffff) {
      const at = this.used + 4 + 8 * (this.seenUsed % this.size);
      const head = memory.readU32(at, order);
      const length = memory.readU32(at + 4, order);
      const bytes = new Uint8Array(length);
      let done = 0;
      for (const room of this.rooms.get(head) ?? []) {
        const part = bytes.subarray(done, Math.min(done + room.length, length));
        memory.read(room.gpa, part);
        done += part.length;
      }
      result.push({ head, length, bytes });
    }
    return result;
  }

  /** As collect, with all bytes of the rooms, whatever the device counted. */
  collectWhole(): Used[] {
    return this.collect().map(({ head, length }) => {
      const bytes = (this.rooms.get(head) ?? []).map(({ gpa, length: room }) => {
        const part = new Uint8Array(room);
        this.driver.memory.read(gpa, part);
        return part;
      });
      return { head, length, bytes: new Uint8Array(Buffer.concat(bytes)) };
    });
  }

  /** With VIRTIO_F_EVENT_IDX: interrupt only when the used index passes `index`. */
  setUsedEvent(index: number): void {
    this.driver.memory.writeU16(this.avail + 4 + 2 * this.size, index, this.driver.order);
  }

  /** With VIRTIO_F_EVENT_IDX: the available index whose passing the device wants to hear of. */
  availEvent(): number {
    return this.driver.memory.readU16(this.used + 4 + 8 * this.size, this.driver.order);
  }

  /** The available ring's flags. */
  setAvailFlags(flags: number): void {
    this.driver.memory.writeU16(this.avail, flags, this.driver.order);
  }

  setAvailIndex(index: number): void {
    this.driver.memory.writeU16(this.avail + 2, index, this.driver.order);
  }
}
