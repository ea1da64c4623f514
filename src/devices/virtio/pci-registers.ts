// The register structures of virtio over PCI: struct virtio_pci_common_cfg (virtio 1.2, 4.1.4.3) and the legacy header (4.1.4.10). All fields
// are little-endian; a driver accesses each by its own width, and 64-bit addresses as two halves. There is no MSI-X: a vector
// never takes.

import type { DeviceState } from '../device.ts';
import { type MisuseListener, RegisterBlock, type RegisterSpec, type SizedRegisterView } from '../registers.ts';
import type { SavedState } from '../state.ts';
import * as v from './constants.ts';
import { featureWord, type VirtioDevice } from './device.ts';

type Field = 'device_feature_select' | 'driver_feature_select' | 'queue_select';

/** What the driver wrote about one queue. */
type QueueSetup = Record<(typeof SETUP_KEYS)[number], number>;
const SETUP_KEYS = [
  'size',
  'descLow',
  'descHigh',
  'driverLow',
  'driverHigh',
  'deviceLow',
  'deviceHigh',
  /** Legacy: the page of the rings. */
  'pfn',
] as const;

/** What the structures need of the transport they are part of. */
export interface VirtioPciShared {
  /** The driver wrote status 0. */
  driverReset(): void;
  /** The ISR status, which a read clears. */
  takeIsr(): number;
  peekIsr(): number;
}

export class VirtioPciRegisters {
  readonly common: RegisterBlock<Field>;
  readonly legacy: RegisterBlock<never>;
  private readonly device: VirtioDevice;
  private readonly shared: VirtioPciShared;
  private readonly setups: QueueSetup[];

  constructor(device: VirtioDevice, shared: VirtioPciShared) {
    this.device = device;
    this.shared = shared;
    this.setups = device.queues.map((queue) => powerOnSetup(queue.maxSize));
    const misuse: MisuseListener = () => device.misuse('access to a register that does not take it');
    this.common = new RegisterBlock<Field>([...this.commonRegisters(), ...this.queueRegisters()], misuse);
    this.legacy = new RegisterBlock<never>(this.legacyRegisters(), misuse);
  }

  /** What a reset of the device forgets. */
  reset(): void {
    this.common.reset();
    this.setups.forEach((setup, i) => {
      Object.assign(setup, powerOnSetup(this.device.queues[i]!.maxSize));
    });
  }

  save(): DeviceState {
    return { common: this.common.save(), setups: this.setups.map((setup) => ({ ...setup })) };
  }

  restore(saved: SavedState): void {
    const setups = saved.objects('setups', this.setups.length);
    if (setups.length !== this.setups.length) throw saved.bad('setups', `a list of ${this.setups.length}`);
    this.common.restore(saved.object('common'));
    this.setups.forEach((setup, i) => {
      for (const key of SETUP_KEYS) setup[key] = setups[i]!.integer(key, 0xffffffff);
    });
  }

  legacyViews(): SizedRegisterView[] {
    return this.legacy.views().map((view) => ({ ...view, name: `legacy ${view.name}` }));
  }

  private get selected(): number {
    return this.common.get('queue_select');
  }

  private commonRegisters(): RegisterSpec<Field>[] {
    return [
      {
        name: 'device_feature_select',
        offset: v.VIRTIO_PCI_COMMON_DEVICE_FEATURE_SELECT,
        access: 'rw',
        reset: 0,
      },
      {
        name: 'device_feature',
        offset: v.VIRTIO_PCI_COMMON_DEVICE_FEATURE,
        access: 'r',
        read: () => featureWord(this.device.offeredFeatures, this.common.get('device_feature_select')),
      },
      {
        name: 'driver_feature_select',
        offset: v.VIRTIO_PCI_COMMON_DRIVER_FEATURE_SELECT,
        access: 'rw',
        reset: 0,
      },
      {
        name: 'driver_feature',
        offset: v.VIRTIO_PCI_COMMON_DRIVER_FEATURE,
        access: 'rw',
        read: () => featureWord(this.device.driverFeatures, this.common.get('driver_feature_select')),
        write: (bits) => this.device.acceptFeatures(this.common.get('driver_feature_select'), bits),
      },
      noVector('config_msix_vector', v.VIRTIO_PCI_COMMON_CONFIG_MSIX_VECTOR),
      {
        name: 'num_queues',
        offset: v.VIRTIO_PCI_COMMON_NUM_QUEUES,
        width: 2,
        access: 'r',
        read: () => this.device.queues.length,
      },
      this.status('device_status', v.VIRTIO_PCI_COMMON_DEVICE_STATUS),
      {
        name: 'config_generation',
        offset: v.VIRTIO_PCI_COMMON_CONFIG_GENERATION,
        width: 1,
        access: 'r',
        read: () => this.device.configGeneration & 0xff,
      },
      { name: 'queue_select', offset: v.VIRTIO_PCI_COMMON_QUEUE_SELECT, width: 2, access: 'rw', reset: 0 },
    ];
  }

  private queueRegisters(): RegisterSpec<Field>[] {
    const queue = () => this.device.queues[this.selected];
    const address = (name: string, offset: number, key: 'desc' | 'driver' | 'device'): RegisterSpec<Field>[] => [
      this.setupRegister(`${name}_lo`, offset, 4, `${key}Low`),
      this.setupRegister(`${name}_hi`, offset + 4, 4, `${key}High`),
    ];
    return [
      this.setupRegister('queue_size', v.VIRTIO_PCI_COMMON_QUEUE_SIZE, 2, 'size'),
      noVector('queue_msix_vector', v.VIRTIO_PCI_COMMON_QUEUE_MSIX_VECTOR),
      {
        name: 'queue_enable',
        offset: v.VIRTIO_PCI_COMMON_QUEUE_ENABLE,
        width: 2,
        access: 'rw',
        read: () => (queue()?.ready ? 1 : 0),
        write: (value) => this.enableQueue(value),
      },
      {
        name: 'queue_notify_off',
        offset: v.VIRTIO_PCI_COMMON_QUEUE_NOTIFY_OFF,
        width: 2,
        access: 'r',
        read: () => (queue() ? this.selected : 0),
      },
      ...address('queue_desc', v.VIRTIO_PCI_COMMON_QUEUE_DESC, 'desc'),
      ...address('queue_driver', v.VIRTIO_PCI_COMMON_QUEUE_DRIVER, 'driver'),
      ...address('queue_device', v.VIRTIO_PCI_COMMON_QUEUE_DEVICE, 'device'),
    ];
  }

  private legacyRegisters(): RegisterSpec<never>[] {
    return [
      {
        name: 'device_features',
        offset: v.VIRTIO_PCI_LEGACY_DEVICE_FEATURES,
        access: 'r',
        read: () => featureWord(this.device.offeredFeatures, 0),
      },
      {
        name: 'driver_features',
        offset: v.VIRTIO_PCI_LEGACY_DRIVER_FEATURES,
        access: 'rw',
        read: () => featureWord(this.device.driverFeatures, 0),
        write: (bits) => this.device.acceptFeatures(0, bits),
      },
      {
        name: 'queue_address',
        offset: v.VIRTIO_PCI_LEGACY_QUEUE_ADDRESS,
        access: 'rw',
        read: () => this.setups[this.selected]?.pfn ?? 0,
        write: (pfn) => this.placeQueue(pfn),
      },
      {
        name: 'queue_size',
        offset: v.VIRTIO_PCI_LEGACY_QUEUE_SIZE,
        width: 2,
        access: 'r',
        read: () => this.device.queues[this.selected]?.maxSize ?? 0,
      },
      {
        name: 'queue_select',
        offset: v.VIRTIO_PCI_LEGACY_QUEUE_SELECT,
        width: 2,
        access: 'rw',
        read: () => this.selected,
        write: (queue) => this.common.set('queue_select', queue),
      },
      {
        name: 'queue_notify',
        offset: v.VIRTIO_PCI_LEGACY_QUEUE_NOTIFY,
        width: 2,
        access: 'rw',
        read: () => 0,
        write: (queue) => this.device.notify(queue),
      },
      this.status('device_status', v.VIRTIO_PCI_LEGACY_DEVICE_STATUS),
      {
        name: 'isr_status',
        offset: v.VIRTIO_PCI_LEGACY_ISR_STATUS,
        width: 1,
        access: 'r',
        read: () => this.shared.takeIsr(),
        peek: () => this.shared.peekIsr(),
      },
    ];
  }

  private status(name: string, offset: number): RegisterSpec<never> {
    return {
      name,
      offset,
      width: 1,
      access: 'rw',
      read: () => this.device.status,
      write: (value) => (value === 0 ? this.shared.driverReset() : this.device.writeStatus(value)),
    };
  }

  /** A register of the selected queue that only remembers what the driver wrote. */
  private setupRegister(name: string, offset: number, width: 2 | 4, key: keyof QueueSetup): RegisterSpec<Field> {
    return {
      name,
      offset,
      width,
      access: 'rw',
      read: () => this.setups[this.selected]?.[key] ?? 0,
      write: (value) => {
        const setup = this.setups[this.selected];
        if (!setup) this.device.misuse('set-up of a queue that does not exist');
        else if (this.device.queues[this.selected]!.ready) this.device.misuse('set-up of a queue that is enabled');
        else setup[key] = value;
      },
    };
  }

  /** A driver can only enable; what it enabled it takes back by a reset (4.1.4.3.2). */
  private enableQueue(value: number): void {
    const setup = this.setups[this.selected];
    if (!setup) this.device.misuse('set-up of a queue that does not exist');
    else if (value !== 1 || this.device.queues[this.selected]!.ready)
      this.device.misuse('queue_enable written with something else than a first 1');
    else
      this.device.enableQueue(this.selected, {
        size: setup.size,
        desc: setup.descHigh * 2 ** 32 + setup.descLow,
        driver: setup.driverHigh * 2 ** 32 + setup.driverLow,
        device: setup.deviceHigh * 2 ** 32 + setup.deviceLow,
      });
  }

  /** Legacy: one page number places all three parts of a queue of the largest size (2.7.2); 0 takes it back. */
  private placeQueue(pfn: number): void {
    const index = this.selected;
    const setup = this.setups[index];
    if (!setup) {
      this.device.misuse('set-up of a queue that does not exist');
      return;
    }
    setup.pfn = pfn;
    this.device.disableQueue(index);
    if (pfn === 0) return;
    const page = v.VIRTIO_PCI_LEGACY_PAGE;
    const size = this.device.queues[index]!.maxSize;
    const desc = pfn * page;
    const driver = desc + v.VIRTQ_DESC_SIZE * size;
    this.device.enableQueue(index, { size, desc, driver, device: Math.ceil((driver + 6 + 2 * size) / page) * page });
  }
}

function noVector(name: string, offset: number): RegisterSpec<never> {
  return { name, offset, width: 2, access: 'rw', read: () => v.VIRTIO_MSI_NO_VECTOR, write: () => {} };
}

function powerOnSetup(size: number): QueueSetup {
  const setup = Object.fromEntries(SETUP_KEYS.map((key) => [key, 0])) as QueueSetup;
  setup.size = size;
  return setup;
}
