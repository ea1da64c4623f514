// A virtio device on a PCI bus as a driver finds it: capabilities read, base address registers sized and placed, decoding switched on. It
// answers to virtio-mmio's registers, so that the drivers of these tests (virtio-driver.ts) work over PCI as they are.
import type { MmioDevice } from '../../../src/devices/device.ts';
import type { PciBus } from '../../../src/devices/pci/bus.ts';
import * as v from '../../../src/devices/virtio/constants.ts';
import type { Bus } from '../../../src/memory/bus.ts';

interface Structure {
  readonly space: Bus;
  readonly address: number;
  readonly length: number;
}

type Width = 1 | 2 | 4;

/** virtio-mmio register -> field of struct virtio_pci_common_cfg. */
const COMMON: Readonly<Record<number, readonly [offset: number, width: Width]>> = {
  [v.VIRTIO_MMIO_DEVICE_FEATURES_SEL]: [v.VIRTIO_PCI_COMMON_DEVICE_FEATURE_SELECT, 4],
  [v.VIRTIO_MMIO_DEVICE_FEATURES]: [v.VIRTIO_PCI_COMMON_DEVICE_FEATURE, 4],
  [v.VIRTIO_MMIO_DRIVER_FEATURES_SEL]: [v.VIRTIO_PCI_COMMON_DRIVER_FEATURE_SELECT, 4],
  [v.VIRTIO_MMIO_DRIVER_FEATURES]: [v.VIRTIO_PCI_COMMON_DRIVER_FEATURE, 4],
  [v.VIRTIO_MMIO_STATUS]: [v.VIRTIO_PCI_COMMON_DEVICE_STATUS, 1],
  [v.VIRTIO_MMIO_CONFIG_GENERATION]: [v.VIRTIO_PCI_COMMON_CONFIG_GENERATION, 1],
  [v.VIRTIO_MMIO_QUEUE_SEL]: [v.VIRTIO_PCI_COMMON_QUEUE_SELECT, 2],
  [v.VIRTIO_MMIO_QUEUE_NUM]: [v.VIRTIO_PCI_COMMON_QUEUE_SIZE, 2],
  [v.VIRTIO_MMIO_QUEUE_NUM_MAX]: [v.VIRTIO_PCI_COMMON_QUEUE_SIZE, 2],
  [v.VIRTIO_MMIO_QUEUE_READY]: [v.VIRTIO_PCI_COMMON_QUEUE_ENABLE, 2],
  [v.VIRTIO_MMIO_QUEUE_DESC_LOW]: [v.VIRTIO_PCI_COMMON_QUEUE_DESC, 4],
  [v.VIRTIO_MMIO_QUEUE_DESC_HIGH]: [v.VIRTIO_PCI_COMMON_QUEUE_DESC + 4, 4],
  [v.VIRTIO_MMIO_QUEUE_DRIVER_LOW]: [v.VIRTIO_PCI_COMMON_QUEUE_DRIVER, 4],
  [v.VIRTIO_MMIO_QUEUE_DRIVER_HIGH]: [v.VIRTIO_PCI_COMMON_QUEUE_DRIVER + 4, 4],
  [v.VIRTIO_MMIO_QUEUE_DEVICE_LOW]: [v.VIRTIO_PCI_COMMON_QUEUE_DEVICE, 4],
  [v.VIRTIO_MMIO_QUEUE_DEVICE_HIGH]: [v.VIRTIO_PCI_COMMON_QUEUE_DEVICE + 4, 4],
};
const LEGACY: Readonly<Record<number, readonly [offset: number, width: Width]>> = {
  [v.VIRTIO_MMIO_DEVICE_FEATURES]: [v.VIRTIO_PCI_LEGACY_DEVICE_FEATURES, 4],
  [v.VIRTIO_MMIO_DRIVER_FEATURES]: [v.VIRTIO_PCI_LEGACY_DRIVER_FEATURES, 4],
  [v.VIRTIO_MMIO_STATUS]: [v.VIRTIO_PCI_LEGACY_DEVICE_STATUS, 1],
  [v.VIRTIO_MMIO_QUEUE_SEL]: [v.VIRTIO_PCI_LEGACY_QUEUE_SELECT, 2],
  [v.VIRTIO_MMIO_QUEUE_NUM_MAX]: [v.VIRTIO_PCI_LEGACY_QUEUE_SIZE, 2],
  [v.VIRTIO_MMIO_QUEUE_PFN]: [v.VIRTIO_PCI_LEGACY_QUEUE_ADDRESS, 4],
  [v.VIRTIO_MMIO_QUEUE_NOTIFY]: [v.VIRTIO_PCI_LEGACY_QUEUE_NOTIFY, 2],
};

export class VirtioOnPci {
  readonly structures = new Map<number, Structure>();
  readonly bars: { readonly size: number; readonly address: number; readonly space: Bus }[] = [];
  notifyMultiplier = 0;
  private readonly pci: PciBus;
  private readonly slot: number;
  private readonly legacy: boolean;
  private interrupts = 0;
  private word = 0;

  /** Find the device, give it addresses from `base` on in both spaces, and use it by one of its interfaces. */
  constructor(pci: PciBus, slot: number, { legacy, base = 0x10000 * (slot + 1) }: { legacy: boolean; base?: number }) {
    this.pci = pci;
    this.slot = slot;
    this.legacy = legacy;
    this.placeBars(base);
    if (legacy) this.structures.set(0, { ...this.bars[0]!, length: this.bars[0]!.size });
    else this.findStructures();
    this.config(0x04, 2, 0x7);
  }

  /** As the device behind virtio-mmio registers. */
  get mmio(): MmioDevice {
    return { read: this.read.bind(this), write: this.write.bind(this) } as MmioDevice;
  }

  read(offset: number, length: Width): number {
    if (offset === v.VIRTIO_MMIO_VERSION) return this.legacy ? 1 : 2;
    if (offset === v.VIRTIO_MMIO_INTERRUPT_STATUS) {
      this.interrupts |= this.legacy
        ? this.load(0, v.VIRTIO_PCI_LEGACY_ISR_STATUS, 1)
        : this.load(v.VIRTIO_PCI_CAP_ISR_CFG, 0, 1);
      return this.interrupts;
    }
    if (offset >= v.VIRTIO_MMIO_CONFIG) return this.load(this.configId, this.configAt(offset), length);
    if (this.legacy && offset === v.VIRTIO_MMIO_DEVICE_FEATURES && this.word > 0) return 0;
    const field = (this.legacy ? LEGACY : COMMON)[offset];
    return field ? this.load(this.legacy ? 0 : v.VIRTIO_PCI_CAP_COMMON_CFG, ...field) : 0;
  }

  write(offset: number, length: Width, value: number): void {
    if (offset === v.VIRTIO_MMIO_INTERRUPT_ACK) this.interrupts &= ~value;
    else if (offset >= v.VIRTIO_MMIO_CONFIG) this.store(this.configId, this.configAt(offset), length, value);
    else if (!this.legacy && offset === v.VIRTIO_MMIO_QUEUE_NOTIFY)
      this.store(v.VIRTIO_PCI_CAP_NOTIFY_CFG, value * this.notifyMultiplier, 2, value);
    else if (this.legacy && /* 32 features are all there are */ this.skipped(offset, value)) return;
    else {
      const field = (this.legacy ? LEGACY : COMMON)[offset];
      if (field) this.store(this.legacy ? 0 : v.VIRTIO_PCI_CAP_COMMON_CFG, ...field, value);
    }
  }

  load(structure: number, offset: number, width: Width): number {
    const { space, address } = this.structures.get(structure)!;
    return space.load(address + offset, width);
  }

  store(structure: number, offset: number, width: Width, value: number): void {
    const { space, address } = this.structures.get(structure)!;
    space.store(address + offset, width, value);
  }

  /** A configuration read, or write when there is a value. */
  config(register: number, width: Width, value?: number): number {
    if (value !== undefined) this.pci.writeConfig(0, this.slot, 0, register, width, value);
    return this.pci.readConfig(0, this.slot, 0, register, width);
  }

  /** Offsets of the vendor-specific capabilities, by type. */
  capabilities(): Map<number, number> {
    const found = new Map<number, number>();
    if (!(this.config(0x06, 2) & 0x10)) return found;
    for (let at = this.config(0x34, 1); at !== 0; at = this.config(at + 1, 1))
      if (this.config(at, 1) === v.VIRTIO_PCI_CAP_VENDOR_SPECIFIC) found.set(this.config(at + 3, 1), at);
    return found;
  }

  private get configId(): number {
    return this.legacy ? 0 : v.VIRTIO_PCI_CAP_DEVICE_CFG;
  }

  private configAt(offset: number): number {
    return offset - v.VIRTIO_MMIO_CONFIG + (this.legacy ? v.VIRTIO_PCI_LEGACY_CONFIG : 0);
  }

  private skipped(offset: number, value: number): boolean {
    if (offset === v.VIRTIO_MMIO_DEVICE_FEATURES_SEL || offset === v.VIRTIO_MMIO_DRIVER_FEATURES_SEL) this.word = value;
    return offset === v.VIRTIO_MMIO_DRIVER_FEATURES && this.word > 0;
  }

  private placeBars(base: number): void {
    let next = base;
    for (let i = 0; i < 6; i++) {
      const bar = 0x10 + 4 * i;
      const mask = this.config(bar, 4, 0xffffffff);
      if (mask === 0) continue;
      const io = (mask & 1) !== 0;
      const size = (~(mask & (io ? ~0x3 : ~0xf)) + 1) >>> 0;
      const address = Math.ceil(next / size) * size;
      next = address + size;
      this.config(bar, 4, address);
      this.bars[i] = { size, address, space: io ? this.pci.io : this.pci.memory };
    }
  }

  private findStructures(): void {
    for (const [type, at] of this.capabilities()) {
      if (type === v.VIRTIO_PCI_CAP_PCI_CFG) continue;
      const { address, space } = this.bars[this.config(at + 4, 1)]!;
      this.structures.set(type, {
        space,
        address: address + this.config(at + 8, 4),
        length: this.config(at + 12, 4),
      });
      if (type === v.VIRTIO_PCI_CAP_NOTIFY_CFG) this.notifyMultiplier = this.config(at + 16, 4);
    }
  }
}
