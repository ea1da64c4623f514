// The split virtqueue, device side (virtio 1.2 section 2.7): available ring in, used ring out, and who must be told when (2.7.7,
// 2.7.10: flags, or event indices with VIRTIO_F_EVENT_IDX). Knows no transport: it is given the addresses of its three parts.
//
// The rings are checked to be in RAM at every use, because memory slots may change while the guest runs.
import type { Endianness, GuestMemory } from '../../memory/guest-memory.ts';
import type { DeviceState } from '../device.ts';
import type { SavedState } from '../state.ts';
import { type DescriptorChain, readChain, VirtqueueError } from './chain.ts';
import { VIRTQ_AVAIL_F_NO_INTERRUPT, VIRTQ_DESC_SIZE } from './constants.ts';

/** Where the driver put a queue: sizes in entries, addresses guest-physical. */
export interface RingPlace {
  readonly size: number;
  readonly desc: number;
  /** The available ring ("driver area"). */
  readonly driver: number;
  /** The used ring ("device area"). */
  readonly device: number;
}

const NOWHERE: RingPlace = { size: 0, desc: 0, driver: 0, device: 0 };

export class VirtQueue {
  /** Largest size the device takes, a power of two. */
  readonly maxSize: number;
  /** Byte order of the rings; little-endian except for a legacy driver of a big-endian guest. */
  order: Endianness = 'little';
  /** VIRTIO_F_EVENT_IDX was negotiated. */
  eventIdx = false;
  /** VIRTIO_F_INDIRECT_DESC was negotiated. */
  indirect = false;
  private readonly memory: GuestMemory;
  private place = NOWHERE;
  private lastAvail = 0;
  private usedIdx = 0;
  /** usedIdx when the driver was last asked about an interrupt. */
  private asked = 0;

  constructor(memory: GuestMemory, maxSize: number) {
    this.memory = memory;
    this.maxSize = maxSize;
  }

  get ready(): boolean {
    return this.place.size !== 0;
  }

  /** Start to use the rings. Throws VirtqueueError, and stays stopped, when they cannot be used. */
  enable(place: RingPlace): void {
    const { size, desc, driver, device } = place;
    if (size === 0 || size > this.maxSize || (size & (size - 1)) !== 0) throw new VirtqueueError('bad queue size');
    if (desc % 16 !== 0 || driver % 2 !== 0 || device % 4 !== 0) throw new VirtqueueError('rings not aligned');
    this.checkRings(place);
    this.reset();
    this.place = place;
  }

  /** Forget rings and indices. */
  reset(): void {
    this.place = NOWHERE;
    this.lastAvail = 0;
    this.usedIdx = 0;
    this.asked = 0;
  }

  /** Chains the driver made available and the device has not taken. Throws VirtqueueError. */
  available(): number {
    if (!this.ready) return 0;
    this.checkRings(this.place);
    const count = (this.memory.readU16(this.place.driver + 2, this.order) - this.lastAvail) & 0xffff;
    if (count > this.place.size) throw new VirtqueueError('available index ran ahead of the ring');
    return count;
  }

  /** The chain `ahead` places after the next one, not taken; it must be one of available(). Throws VirtqueueError. */
  peek(ahead: number): DescriptorChain {
    const { size, desc, driver } = this.place;
    const slot = (this.lastAvail + ahead) & (size - 1);
    const head = this.memory.readU16(driver + 4 + 2 * slot, this.order);
    return readChain(this.memory, { gpa: desc, entries: size, order: this.order, indirect: this.indirect }, head);
  }

  /** Take the next chain, or null when there is none. Throws VirtqueueError. */
  take(): DescriptorChain | null {
    if (this.available() === 0) return null;
    const chain = this.peek(0);
    this.lastAvail = (this.lastAvail + 1) & 0xffff;
    // With event indices the driver notifies only for the chain named here; without, always (used flags stay 0).
    if (this.eventIdx) this.memory.writeU16(this.place.device + 4 + 8 * this.place.size, this.lastAvail, this.order);
    return chain;
  }

  /** Give a chain back with `written` bytes in its writable part. Throws VirtqueueError. */
  complete(chain: DescriptorChain, written: number): void {
    this.checkRings(this.place);
    const { size, device } = this.place;
    const at = device + 4 + 8 * (this.usedIdx & (size - 1));
    this.memory.writeU32(at, chain.head, this.order);
    this.memory.writeU32(at + 4, written, this.order);
    this.usedIdx = (this.usedIdx + 1) & 0xffff;
    this.memory.writeU16(device + 2, this.usedIdx, this.order);
  }

  /** Does the driver want an interrupt for what was completed since the last call? (2.7.7.2, 2.7.10.1) */
  interruptDue(): boolean {
    const completed = (this.usedIdx - this.asked) & 0xffff;
    const asked = this.asked;
    this.asked = this.usedIdx;
    if (completed === 0) return false;
    const { size, driver } = this.place;
    if (!this.eventIdx) return (this.memory.readU16(driver, this.order) & VIRTQ_AVAIL_F_NO_INTERRUPT) === 0;
    const usedEvent = this.memory.readU16(driver + 4 + 2 * size, this.order);
    return ((usedEvent - asked) & 0xffff) < completed;
  }

  save(): DeviceState {
    const { size, desc, driver, device } = this.place;
    return { size, desc, driver, device, lastAvail: this.lastAvail, usedIdx: this.usedIdx, asked: this.asked };
  }

  restore(saved: SavedState): void {
    const address = Number.MAX_SAFE_INTEGER;
    const size = saved.integer('size', this.maxSize);
    if ((size & (size - 1)) !== 0) throw saved.bad('size', 'a power of two');
    this.place = {
      size,
      desc: saved.integer('desc', address),
      driver: saved.integer('driver', address),
      device: saved.integer('device', address),
    };
    this.lastAvail = saved.integer('lastAvail', 0xffff);
    this.usedIdx = saved.integer('usedIdx', 0xffff);
    this.asked = saved.integer('asked', 0xffff);
  }

  private checkRings({ size, desc, driver, device }: RingPlace): void {
    const header = this.eventIdx ? 6 : 4;
    if (
      !this.memory.contains(desc, size * VIRTQ_DESC_SIZE) ||
      !this.memory.contains(driver, header + 2 * size) ||
      !this.memory.contains(device, header + 8 * size)
    )
      throw new VirtqueueError('rings outside RAM');
  }
}
