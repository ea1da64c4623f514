// What every virtio device type shares, whatever the transport (virtio 1.2 sections 2 and 3): status, feature negotiation, queues,
// the device configuration space, and what happens when the driver breaks the rules.
//
// A driver that breaks a rule of the queues gets DEVICE_NEEDS_RESET and a configuration interrupt (2.1.2); the device then takes nothing
// more until the driver resets it. A legacy driver has no such bit: its device just falls silent. Either way one line is logged
// and the VM goes on.
import type { Endianness, GuestMemory } from '../../memory/guest-memory.ts';
import type { OnceLog } from '../../util/log.ts';
import type { DeviceState } from '../device.ts';
import type { RegisterWidth, SizedRegisterView } from '../registers.ts';
import type { SavedState } from '../state.ts';
import { VirtqueueError } from './chain.ts';
import {
  VIRTIO_CONFIG_S_DRIVER_OK,
  VIRTIO_CONFIG_S_FEATURES_OK,
  VIRTIO_CONFIG_S_NEEDS_RESET,
  VIRTIO_F_ANY_LAYOUT,
  VIRTIO_F_EVENT_IDX,
  VIRTIO_F_INDIRECT_DESC,
  VIRTIO_F_VERSION_1,
} from './constants.ts';
import { type RingPlace, VirtQueue } from './queue.ts';

/** What a transport (mmio, pci) does for its device. */
export interface VirtioTransport {
  /** The driver speaks the legacy interface: guest-endian rings and configuration, no FEATURES_OK, no VIRTIO_F_VERSION_1. */
  readonly legacy: boolean;
  /** Used Buffer Notification for one queue. */
  queueInterrupt(queue: number): void;
  /** Configuration Change Notification. */
  configInterrupt(): void;
}

/** One field of the device configuration space, declared once. */
export interface ConfigField {
  readonly name: string;
  /** Bytes from the start of the configuration space. */
  readonly offset: number;
  readonly width: RegisterWidth;
  readonly read: () => number;
  /** The field's new value, and a mask of the bits that this guest access wrote (drivers write fields byte by byte too). */
  readonly write?: (value: number, touched: number) => void;
}

export interface VirtioDeviceOptions {
  readonly name: string;
  /** Device type, section 5. */
  readonly deviceId: number;
  /** Features of the type; the shared ones are added. */
  readonly features: bigint;
  /** Largest size of each queue, powers of two. */
  readonly queueSizes: readonly number[];
  readonly memory: GuestMemory;
  readonly log: OnceLog;
}

export abstract class VirtioDevice {
  readonly name: string;
  readonly deviceId: number;
  readonly queues: readonly VirtQueue[];
  protected readonly memory: GuestMemory;
  private readonly log: OnceLog;
  private readonly typeFeatures: bigint;
  private transport: VirtioTransport | null = null;
  private statusBits = 0;
  private driverBits = 0n;
  private generation = 0;
  private broken = false;

  constructor(options: VirtioDeviceOptions) {
    this.name = options.name;
    this.deviceId = options.deviceId;
    this.typeFeatures = options.features;
    this.memory = options.memory;
    this.log = options.log;
    this.queues = options.queueSizes.map((size) => new VirtQueue(options.memory, size));
  }

  /** The device configuration space, in ascending order of offset. */
  protected abstract readonly configFields: readonly ConfigField[];
  /** The driver made buffers available in queue `index`, which is ready. May throw VirtqueueError. */
  protected abstract queueNotified(index: number): void;
  /** The driver reset the device: forget everything it said. */
  protected abstract deviceReset(): void;
  /** The driver took queue `index` back: drop what was taken from it. A device that finishes chains as it takes them has nothing to do. */
  protected queueDisabled(_index: number): void {}
  protected abstract saveDevice(): DeviceState;
  protected abstract restoreDevice(saved: SavedState): void;

  /** A device sits on one transport, which calls this once. */
  connect(transport: VirtioTransport): void {
    this.transport = transport;
    this.interfaceChanged();
  }

  /** The transport's `legacy` is another now. Only for a device that is reset. */
  interfaceChanged(): void {
    for (const queue of this.queues) queue.order = this.order;
  }

  /** Byte order of rings, configuration space and structures in buffers. */
  get order(): Endianness {
    return this.transport?.legacy ? this.memory.endianness : 'little';
  }

  get status(): number {
    return this.statusBits;
  }

  get configGeneration(): number {
    return this.generation;
  }

  get offeredFeatures(): bigint {
    const shared = VIRTIO_F_INDIRECT_DESC | VIRTIO_F_EVENT_IDX;
    return this.typeFeatures | shared | (this.transport?.legacy ? VIRTIO_F_ANY_LAYOUT : VIRTIO_F_VERSION_1);
  }

  get driverFeatures(): bigint {
    return this.driverBits;
  }

  /** Was a feature offered and accepted? */
  negotiated(feature: bigint): boolean {
    return (this.driverBits & this.offeredFeatures & feature) !== 0n;
  }

  /** The driver writes 32 feature bits, `word` 0 for bits 0-31 and 1 for bits 32-63. */
  acceptFeatures(word: number, bits: number): void {
    if (word > 1) return;
    if (this.statusBits & (VIRTIO_CONFIG_S_FEATURES_OK | VIRTIO_CONFIG_S_DRIVER_OK)) {
      this.misuse('features written after they were settled');
      return;
    }
    const shift = BigInt(32 * word);
    this.driverBits = (this.driverBits & ~(0xffffffffn << shift)) | (BigInt(bits) << shift);
    this.applyFeatures();
  }

  /** The driver writes a status that is not 0; bits only ever get set, until a reset (2.1.1). */
  writeStatus(value: number): void {
    let added = value & 0xff & ~this.statusBits & ~VIRTIO_CONFIG_S_NEEDS_RESET;
    if (!this.transport?.legacy) {
      if (added & VIRTIO_CONFIG_S_FEATURES_OK && !this.featuresAcceptable()) {
        this.misuse('driver asked for features that were not offered, or without VIRTIO_F_VERSION_1');
        added &= ~VIRTIO_CONFIG_S_FEATURES_OK;
      }
      if (added & VIRTIO_CONFIG_S_DRIVER_OK && !((this.statusBits | added) & VIRTIO_CONFIG_S_FEATURES_OK)) {
        this.misuse('DRIVER_OK without FEATURES_OK');
        added &= ~VIRTIO_CONFIG_S_DRIVER_OK;
      }
    }
    this.statusBits |= added;
    // Buffers may have been made available, and notified, before the device went live.
    if (added & VIRTIO_CONFIG_S_DRIVER_OK) for (let i = 0; i < this.queues.length; i++) this.notify(i);
  }

  /** The driver reset the device (status 0). The configuration generation goes on counting. */
  driverReset(): void {
    this.statusBits = 0;
    this.driverBits = 0n;
    this.broken = false;
    for (const queue of this.queues) queue.reset();
    this.applyFeatures();
    this.deviceReset();
  }

  /** Power-on state. */
  reset(): void {
    this.driverReset();
    this.generation = 0;
  }

  enableQueue(index: number, place: RingPlace): void {
    this.guard(() => this.queues[index]?.enable(place));
  }

  /** The driver takes one queue back (QueueReady 0, or QueuePFN on a legacy transport). */
  disableQueue(index: number): void {
    this.queues[index]?.reset();
    this.queueDisabled(index);
  }

  /** Queue notification by the driver. */
  notify(index: number): void {
    if (!this.queues[index]) this.misuse('notification of a queue that does not exist');
    else if (this.usable(index)) this.guard(() => this.queueNotified(index));
  }

  /** A guest read of the configuration space; bytes beyond its fields read 0. The first byte is the value's lowest. */
  readConfig(offset: number, length: number): number {
    let value = 0;
    for (const field of this.configFields) {
      if (field.offset + field.width <= offset || offset + length <= field.offset) continue;
      const bytes = this.inOrder(field.read(), field.width);
      for (let i = 0; i < field.width; i++) {
        const at = field.offset + i - offset;
        if (at >= 0 && at < length) value |= ((bytes >>> (8 * i)) & 0xff) << (8 * at);
      }
    }
    return value >>> 0;
  }

  /** A guest write of the configuration space; read-only fields and gaps ignore it. */
  writeConfig(offset: number, length: number, value: number): void {
    for (const field of this.configFields) {
      if (!field.write || field.offset + field.width <= offset || offset + length <= field.offset) continue;
      let bytes = this.inOrder(field.read(), field.width);
      let touched = 0;
      for (let i = 0; i < field.width; i++) {
        const at = field.offset + i - offset;
        if (at < 0 || at >= length) continue;
        bytes = (bytes & ~(0xff << (8 * i))) | (((value >>> (8 * at)) & 0xff) << (8 * i));
        touched |= 0xff << (8 * i);
      }
      field.write(this.inOrder(bytes, field.width), this.inOrder(touched, field.width));
    }
  }

  /** The configuration space for the debugger; `base` is where the transport shows it. */
  configViews(base: number): SizedRegisterView[] {
    return this.configFields.map(({ name, offset, width, read, write }) => ({
      name,
      offset: base + offset,
      width,
      access: write ? 'rw' : 'r',
      value: read(),
    }));
  }

  saveState(): DeviceState {
    return {
      status: this.statusBits,
      featuresLow: Number(this.driverBits & 0xffffffffn),
      featuresHigh: Number(this.driverBits >> 32n),
      generation: this.generation,
      broken: this.broken,
      queues: this.queues.map((queue) => queue.save()),
      device: this.saveDevice(),
    };
  }

  /** Throws TsvmError for a state that is not of this device. Drives no interrupt line: its other end restores its own level. */
  restoreState(saved: SavedState): void {
    const queues = saved.objects('queues', this.queues.length);
    if (queues.length !== this.queues.length) throw saved.bad('queues', `a list of ${this.queues.length}`);
    this.statusBits = saved.integer('status', 0xff);
    this.driverBits =
      (BigInt(saved.integer('featuresHigh', 0xffffffff)) << 32n) | BigInt(saved.integer('featuresLow', 0xffffffff));
    this.generation = saved.integer('generation', 0xffffffff);
    this.broken = saved.boolean('broken');
    this.queues.forEach((queue, i) => {
      queue.restore(queues[i]!);
    });
    this.applyFeatures();
    this.restoreDevice(saved.object('device'));
  }

  /** May the device take buffers from queue `index` now? Legacy drivers use queues before DRIVER_OK (3.1.2). */
  protected usable(index: number): boolean {
    const live = this.transport?.legacy || (this.statusBits & VIRTIO_CONFIG_S_DRIVER_OK) !== 0;
    return live && !this.broken && this.queues[index]?.ready === true;
  }

  /** Interrupt the driver if it wants to hear of what was completed in queue `index`. */
  protected interruptQueue(index: number): void {
    if (this.queues[index]?.interruptDue()) this.transport?.queueInterrupt(index);
  }

  /** The configuration space has changed. */
  protected configChanged(): void {
    this.generation = (this.generation + 1) >>> 0;
    if (this.statusBits & VIRTIO_CONFIG_S_DRIVER_OK) this.transport?.configInterrupt();
  }

  /** Run work that reads what the guest wrote: a broken rule ends in DEVICE_NEEDS_RESET. */
  protected guard(work: () => void): void {
    try {
      work();
    } catch (error) {
      if (!(error instanceof VirtqueueError)) throw error;
      this.fail(error.message);
    }
  }

  /** Guest misbehaviour that the device survives without a reset; `what` is a fixed text. */
  misuse(what: string): void {
    this.log.once(`${this.name}: ${what}`, 'warning', `${this.name}: ${what}`);
  }

  private fail(rule: string): void {
    if (this.broken) return;
    this.broken = true;
    this.log.once(`${this.name}: ${rule}`, 'warning', `${this.name}: ${rule}; stopped until the driver resets it`);
    if (this.transport?.legacy) return;
    this.statusBits |= VIRTIO_CONFIG_S_NEEDS_RESET;
    if (this.statusBits & VIRTIO_CONFIG_S_DRIVER_OK) this.transport?.configInterrupt();
  }

  private featuresAcceptable(): boolean {
    return (this.driverBits & ~this.offeredFeatures) === 0n && (this.driverBits & VIRTIO_F_VERSION_1) !== 0n;
  }

  private applyFeatures(): void {
    for (const queue of this.queues) {
      queue.eventIdx = this.negotiated(VIRTIO_F_EVENT_IDX);
      queue.indirect = this.negotiated(VIRTIO_F_INDIRECT_DESC);
    }
  }

  /** A field's value as a number whose lowest byte comes first in the configuration space, or back. */
  private inOrder(value: number, width: RegisterWidth): number {
    if (this.order === 'little') return value;
    let swapped = 0;
    for (let i = 0; i < width; i++) swapped = (swapped << 8) | ((value >>> (8 * i)) & 0xff);
    return swapped >>> 0;
  }
}

/** 32 of 64 feature bits, as transports show them; selectors beyond 1 read 0. */
export function featureWord(features: bigint, select: number): number {
  return select > 1 ? 0 : Number((features >> BigInt(32 * select)) & 0xffffffffn);
}
