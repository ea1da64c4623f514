// virtio over PCI: virtio 1.2 section 4.1. `modern` is a device that only drivers of virtio 1.0 and later find; `transitional` is found by
// both, and serves the one that comes; `legacy` is what there was before. A sibling of mmio.ts over the same device types.
//
// Interrupts are INTx, whose cause is the ISR status; there is no MSI-X, and Linux falls back to the line. The modern structures lie in memory BAR 4,
// each on a page of its own, the legacy header in I/O BAR 0; both have PCI's little-endian order. What follows a legacy driver's
// byte order is the device configuration and the rings (2.4.3, 2.7.3): the configuration is bytes here, which keep their address
// in the windows of a host bridge.
//
// A transitional device belongs to the interface by which the driver resets it, or first touches it while it is reset; the
// other one's writes are then ignored until the next reset (4.1.5.1.1.1 forbids a driver to mix them).
import type { BusTarget } from '../../memory/bus.ts';
import type { Device, DeviceState, DeviceWindow } from '../device.ts';
import { PciFunction, type PciFunctionOptions } from '../pci/function.ts';
import type { PciCapability, PciIds, PciPin } from '../pci/registers.ts';
import type { SizedRegisterView } from '../registers.ts';
import { SavedState } from '../state.ts';
import * as v from './constants.ts';
import type { VirtioDevice, VirtioTransport } from './device.ts';
import { VirtioPciRegisters } from './pci-registers.ts';

export type VirtioPciInterface = 'legacy' | 'transitional' | 'modern';

export interface VirtioPciOptions {
  readonly interface: VirtioPciInterface;
  /** INTA when left out. */
  readonly interruptPin?: PciPin;
}

/** What the class code says, by device type: drivers do not look at it, lspci does. */
const CLASS_CODES: Readonly<Record<number, number>> = { 1: 0x020000, 2: 0x018000, 3: 0x078000, 8: 0x010000 };
const OTHER_CLASS = 0xff0000;

const LEGACY_BAR = 0;
const MODERN_BAR = 4;
const COMMON = 0x0000;
const ISR = 0x1000;
const CONFIG = 0x2000;
const NOTIFY = 0x3000;
const MODERN_SIZE = 0x4000;
/** Bytes between the notification addresses of two queues. */
const NOTIFY_MULTIPLIER = 4;

export class VirtioPci implements Device, VirtioTransport {
  readonly name: string;
  /** What the board puts on the PCI bus. */
  readonly function: PciFunction;
  /** The structures in BAR 4 and the ports in BAR 0; null when the interface has none. */
  readonly modernWindow: DeviceWindow | null;
  readonly legacyWindow: DeviceWindow | null;
  private readonly device: VirtioDevice;
  private readonly interface: VirtioPciInterface;
  private readonly block: VirtioPciRegisters;
  private usesLegacy: boolean;
  private isr = 0;

  /** Throws RangeError for a device type that has no identity before 1.0, unless `modern`. */
  constructor(device: VirtioDevice, options: VirtioPciOptions) {
    this.name = device.name;
    this.device = device;
    this.interface = options.interface;
    this.usesLegacy = this.firstLegacy;
    this.block = new VirtioPciRegisters(device, {
      driverReset: () => this.driverReset(),
      takeIsr: () => this.takeIsr(),
      peekIsr: () => this.isr,
    });
    device.connect(this);
    this.modernWindow = options.interface === 'legacy' ? null : this.modern();
    this.legacyWindow = options.interface === 'modern' ? null : this.ports();
    this.function = new PciFunction({
      ...identity(device, options.interface),
      interruptPin: options.interruptPin ?? 0,
      bars: {
        ...(this.legacyWindow && { [LEGACY_BAR]: { kind: 'io', target: this.legacyWindow } }),
        ...(this.modernWindow && { [MODERN_BAR]: { kind: 'memory32', target: this.modernWindow } }),
      },
      capabilities: this.modernWindow ? this.capabilities() : [],
    });
  }

  /** The driver that is there now speaks the legacy interface. */
  get legacy(): boolean {
    return this.usesLegacy;
  }

  reset(): void {
    this.function.reset();
    this.isr = 0;
    this.usesLegacy = this.firstLegacy;
    this.block.reset();
    this.device.interfaceChanged();
    this.device.reset();
    this.function.irq.set(false);
  }

  registers(): readonly SizedRegisterView[] {
    return [
      ...this.function.views().map((view) => ({ ...view, name: `pci ${view.name}` })),
      ...(this.modernWindow ? this.modernViews() : []),
      ...(this.legacyWindow ? this.legacyViews() : []),
    ];
  }

  /** The registers in BAR 4. */
  modernViews(): SizedRegisterView[] {
    const isr: SizedRegisterView = { name: 'isr_status', offset: ISR, width: 1, access: 'r', value: this.isr };
    return [...this.block.common.views(), isr, ...this.device.configViews(CONFIG)];
  }

  /** The registers in BAR 0. */
  legacyViews(): SizedRegisterView[] {
    const config = this.device.configViews(v.VIRTIO_PCI_LEGACY_CONFIG);
    return [...this.block.legacyViews(), ...config.map((view) => ({ ...view, name: `legacy ${view.name}` }))];
  }

  saveState(): DeviceState {
    return {
      ports: this.legacyWindow !== null,
      structures: this.modernWindow !== null,
      legacy: this.legacy,
      isr: this.isr,
      function: this.function.save(),
      registers: this.block.save(),
      device: this.device.saveState(),
    };
  }

  /** Does not drive the interrupt line: its other end restores its own level. */
  restoreState(state: DeviceState): void {
    const saved = new SavedState(this.name, state);
    const same = saved.boolean('ports') === (this.legacyWindow !== null);
    if (!same || saved.boolean('structures') !== (this.modernWindow !== null))
      throw saved.bad('ports', `those of a ${this.interface} device`);
    const legacy = saved.boolean('legacy');
    if (!this.serves(legacy)) throw saved.bad('legacy', `possible for a ${this.interface} device`);
    const isr = saved.integer('isr', v.VIRTIO_PCI_ISR_QUEUE | v.VIRTIO_PCI_ISR_CONFIG);
    this.function.restore(saved.object('function'));
    this.block.restore(saved.object('registers'));
    this.usesLegacy = legacy;
    this.isr = isr;
    this.device.interfaceChanged();
    this.device.restoreState(saved.object('device'));
  }

  queueInterrupt(): void {
    this.raise(v.VIRTIO_PCI_ISR_QUEUE);
  }

  configInterrupt(): void {
    this.raise(v.VIRTIO_PCI_ISR_CONFIG);
  }

  /** Whose a transitional device is before any driver comes: the old ones read features before they reset. */
  private get firstLegacy(): boolean {
    return this.interface !== 'modern';
  }

  private serves(legacy: boolean): boolean {
    return legacy ? this.interface !== 'modern' : this.interface !== 'legacy';
  }

  private raise(cause: number): void {
    this.isr |= cause;
    this.function.irq.set(true);
  }

  private takeIsr(): number {
    const { isr } = this;
    this.isr = 0;
    this.function.irq.set(false);
    return isr;
  }

  private driverReset(): void {
    this.block.reset();
    this.device.driverReset();
    this.takeIsr();
  }

  /** A driver comes by one of the interfaces. True when the device is, or becomes, that one's. */
  private enter(legacy: boolean, resets = false): boolean {
    if (legacy === this.usesLegacy) return true;
    if (this.device.status !== 0 && !resets) return false;
    this.driverReset();
    this.usesLegacy = legacy;
    this.device.interfaceChanged();
    return true;
  }

  private mixed(): void {
    this.device.misuse('a driver mixes the legacy and the modern interface');
  }

  private modern(): DeviceWindow {
    return {
      name: `${this.name} modern`,
      size: MODERN_SIZE,
      read: (offset, length) => {
        if (offset >= NOTIFY) return 0;
        if (offset >= ISR && offset < CONFIG) return offset === ISR ? this.takeIsr() : 0;
        this.enter(false);
        if (offset >= CONFIG) return this.device.readConfig(offset - CONFIG, length);
        return this.block.common.read(offset, length);
      },
      write: (offset, length, value) => {
        const resets = offset === v.VIRTIO_PCI_COMMON_DEVICE_STATUS && (value & 0xff) === 0;
        if (!this.enter(false, resets)) this.mixed();
        else if (offset >= NOTIFY) this.notified(offset - NOTIFY);
        else if (offset >= CONFIG) this.device.writeConfig(offset - CONFIG, length, value >>> 0);
        else if (offset < ISR) this.block.common.write(offset, length, value >>> 0);
      },
    };
  }

  private ports(): DeviceWindow {
    const config = v.VIRTIO_PCI_LEGACY_CONFIG;
    return {
      name: `${this.name} legacy`,
      size: 2 ** Math.ceil(Math.log2(config + configSize(this.device))),
      read: (offset, length) => {
        if (offset !== v.VIRTIO_PCI_LEGACY_ISR_STATUS) this.enter(true);
        if (offset >= config) return this.device.readConfig(offset - config, length);
        return this.block.legacy.read(offset, length);
      },
      write: (offset, length, value) => {
        const resets = offset === v.VIRTIO_PCI_LEGACY_DEVICE_STATUS && (value & 0xff) === 0;
        if (!this.enter(true, resets)) this.mixed();
        else if (offset >= config) this.device.writeConfig(offset - config, length, value >>> 0);
        else this.block.legacy.write(offset, length, value >>> 0);
      },
    };
  }

  /** The address says which queue; what is written says it too (4.1.5.2). */
  private notified(offset: number): void {
    if (offset % NOTIFY_MULTIPLIER === 0) this.device.notify(offset / NOTIFY_MULTIPLIER);
    else this.device.misuse('notification beside an address for it');
  }

  private capabilities(): PciCapability[] {
    const config = configSize(this.device);
    const cap = (type: number, offset: number, length: number, more: readonly number[] = []): PciCapability => ({
      id: v.VIRTIO_PCI_CAP_VENDOR_SPECIFIC,
      body: [16 + more.length, type, MODERN_BAR, 0, 0, 0, ...le32(offset), ...le32(length), ...more],
    });
    return [
      cap(v.VIRTIO_PCI_CAP_COMMON_CFG, COMMON, v.VIRTIO_PCI_COMMON_SIZE),
      cap(v.VIRTIO_PCI_CAP_ISR_CFG, ISR, 1),
      ...(config > 0 ? [cap(v.VIRTIO_PCI_CAP_DEVICE_CFG, CONFIG, config)] : []),
      cap(v.VIRTIO_PCI_CAP_NOTIFY_CFG, NOTIFY, NOTIFY_MULTIPLIER * this.device.queues.length, le32(NOTIFY_MULTIPLIER)),
      this.configAccess(),
    ];
  }

  /** The window into the BARs from configuration space (4.1.4.9), for drivers that cannot map them. */
  private configAccess(): PciCapability {
    const access = (): { target: BusTarget; offset: number; length: 1 | 2 | 4 } | null => {
      const bar = this.function.field('cap.bar');
      const target = bar === MODERN_BAR ? this.modernWindow : bar === LEGACY_BAR ? this.legacyWindow : null;
      const offset = this.function.field('cap.offset');
      const length = this.function.field('cap.length');
      if (!target || (length !== 1 && length !== 2 && length !== 4)) return null;
      return offset % length === 0 && offset + length <= target.size ? { target, offset, length } : null;
    };
    return {
      id: v.VIRTIO_PCI_CAP_VENDOR_SPECIFIC,
      body: [20, v.VIRTIO_PCI_CAP_PCI_CFG, 0, 0, 0, 0, ...le32(0), ...le32(0), ...le32(0)],
      registers: [
        { name: 'cap.bar', offset: 4, width: 1, mask: 0xff },
        { name: 'cap.offset', offset: 8, width: 4, mask: 0xffffffff },
        { name: 'cap.length', offset: 12, width: 4, mask: 0xffffffff },
        {
          name: 'pci_cfg_data',
          offset: 16,
          width: 4,
          mask: 0xffffffff,
          read: () => {
            const what = access();
            return what ? what.target.read(what.offset, what.length) : 0;
          },
          peek: () => this.function.field('pci_cfg_data'),
          written: () => {
            const what = access();
            const data = this.function.field('pci_cfg_data') % 2 ** (8 * (what?.length ?? 4));
            if (what) what.target.write(what.offset, what.length, data);
            else this.device.misuse('configuration access to a place that does not exist');
          },
        },
      ],
    };
  }
}

function identity(device: VirtioDevice, kind: VirtioPciInterface): Pick<PciFunctionOptions, 'name' | keyof PciIds> {
  const common = {
    name: `${device.name} pci`,
    vendorId: v.VIRTIO_PCI_VENDOR,
    classCode: CLASS_CODES[device.deviceId] ?? OTHER_CLASS,
    subsystemVendorId: v.VIRTIO_PCI_VENDOR,
  };
  if (kind === 'modern')
    return {
      ...common,
      deviceId: v.VIRTIO_PCI_MODERN_ID + device.deviceId,
      revision: 1,
      subsystemId: v.VIRTIO_PCI_MODERN_SUBSYSTEM,
    };
  const deviceId = v.VIRTIO_PCI_TRANSITIONAL_IDS[device.deviceId];
  if (deviceId === undefined) throw new RangeError(`${device.name} has no ${kind} PCI identity`);
  return { ...common, deviceId, revision: 0, subsystemId: device.deviceId };
}

/** Bytes of the device configuration. */
function configSize(device: VirtioDevice): number {
  return Math.max(0, ...device.configViews(0).map(({ offset, width }) => offset + width));
}

function le32(value: number): number[] {
  return [0, 8, 16, 24].map((shift) => (value >>> shift) & 0xff);
}
