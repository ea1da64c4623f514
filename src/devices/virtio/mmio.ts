// virtio over MMIO: virtio 1.2 section 4.2, both the modern interface (Version 2) and the legacy one (Version 1, 4.2.4). The board
// chooses which; a window is 0x200 bytes with one level interrupt.
//
// Control registers are 32-bit little-endian (4.2.2): this file sees their values. What a big-endian guest must do for that is the
// board's to know, through Bus.add's order. Its Linux reads them with readl. Where readl swaps (PowerPC, ARM BE8, MIPS with
// SWAP_IO_SPACE) the window goes on the bus as 'little'. Where readl does not swap (other MIPS) it goes as 'big', and a plain load gives
// the same value. The configuration space at +0x100 is bytes: a modern driver reads it little-endian, a legacy driver byte by
// byte in the guest's order; either bus order serves both, since it never moves single bytes.
//
// VendorID is "TSVM" read as little-endian characters.
import type { DeviceContext, DeviceState, IrqLine, MmioDevice } from '../device.ts';
import { RegisterBlock, type RegisterSpec, type SizedRegisterView } from '../registers.ts';
import { SavedState } from '../state.ts';
import * as v from './constants.ts';
import { featureWord, type VirtioDevice, type VirtioTransport } from './device.ts';

const VENDOR_ID = 0x4d565354;
const WINDOW = 0x200;

type Field = 'DeviceFeaturesSel' | 'DriverFeaturesSel' | 'GuestPageSize' | 'QueueSel' | 'InterruptStatus' | 'SHMSel';

/** What the driver wrote about one queue before it enabled it. */
type QueueSetup = Record<(typeof SETUP_KEYS)[number], number>;
const SETUP_KEYS = [
  'num',
  'descLow',
  'descHigh',
  'driverLow',
  'driverHigh',
  'deviceLow',
  'deviceHigh',
  'align',
  'pfn',
] as const;

export interface VirtioMmioOptions {
  /** The legacy interface instead of the modern one. */
  readonly legacy?: boolean;
}

export class VirtioMmio implements MmioDevice, VirtioTransport {
  readonly name: string;
  readonly size = WINDOW;
  readonly legacy: boolean;
  private readonly device: VirtioDevice;
  private readonly irq: IrqLine;
  private readonly block: RegisterBlock<Field>;
  private readonly setups: QueueSetup[];

  constructor(context: Pick<DeviceContext, 'irq'>, device: VirtioDevice, options: VirtioMmioOptions = {}) {
    this.name = device.name;
    this.device = device;
    this.irq = context.irq;
    this.legacy = options.legacy ?? false;
    this.setups = device.queues.map((queue) => powerOnSetup(queue.maxSize));
    const specs = [...this.sharedRegisters(), ...(this.legacy ? this.legacyRegisters() : this.modernRegisters())];
    this.block = new RegisterBlock<Field>(specs, () => device.misuse('access to a register that does not take it'));
    device.connect(this);
  }

  read(offset: number, length: 1 | 2 | 4): number {
    if (offset >= v.VIRTIO_MMIO_CONFIG) return this.device.readConfig(offset - v.VIRTIO_MMIO_CONFIG, length);
    return this.block.read(offset, length);
  }

  write(offset: number, length: 1 | 2 | 4, value: number): void {
    if (offset >= v.VIRTIO_MMIO_CONFIG) this.device.writeConfig(offset - v.VIRTIO_MMIO_CONFIG, length, value >>> 0);
    else this.block.write(offset, length, value >>> 0);
  }

  reset(): void {
    this.block.reset();
    this.resetSetups();
    this.device.reset();
    this.irq.set(false);
  }

  registers(): readonly SizedRegisterView[] {
    return [...this.block.views(), ...this.device.configViews(v.VIRTIO_MMIO_CONFIG)];
  }

  saveState(): DeviceState {
    return {
      legacy: this.legacy,
      registers: this.block.save(),
      setups: this.setups.map((setup) => ({ ...setup })),
      device: this.device.saveState(),
    };
  }

  /** Does not drive the interrupt line: its other end restores its own level. */
  restoreState(state: DeviceState): void {
    const saved = new SavedState(this.name, state);
    if (saved.boolean('legacy') !== this.legacy) throw saved.bad('legacy', String(this.legacy));
    const setups = saved.objects('setups', this.setups.length);
    if (setups.length !== this.setups.length) throw saved.bad('setups', `a list of ${this.setups.length}`);
    this.block.restore(saved.object('registers'));
    this.setups.forEach((setup, i) => {
      for (const key of SETUP_KEYS) setup[key] = setups[i]!.integer(key, 0xffffffff);
    });
    this.device.restoreState(saved.object('device'));
  }

  queueInterrupt(): void {
    this.raise(v.VIRTIO_MMIO_INT_VRING);
  }

  configInterrupt(): void {
    this.raise(v.VIRTIO_MMIO_INT_CONFIG);
  }

  private raise(bit: number): void {
    this.block.set('InterruptStatus', this.block.get('InterruptStatus') | bit);
    this.irq.set(true);
  }

  private acknowledge(bits: number): void {
    const left = this.block.get('InterruptStatus') & ~bits;
    this.block.set('InterruptStatus', left);
    if (left === 0) this.irq.set(false);
  }

  private sharedRegisters(): RegisterSpec<Field>[] {
    return [
      { name: 'MagicValue', offset: v.VIRTIO_MMIO_MAGIC_VALUE, access: 'r', read: () => v.VIRTIO_MMIO_MAGIC },
      { name: 'Version', offset: v.VIRTIO_MMIO_VERSION, access: 'r', read: () => (this.legacy ? 1 : 2) },
      { name: 'DeviceID', offset: v.VIRTIO_MMIO_DEVICE_ID, access: 'r', read: () => this.device.deviceId },
      { name: 'VendorID', offset: v.VIRTIO_MMIO_VENDOR_ID, access: 'r', read: () => VENDOR_ID },
      {
        name: 'DeviceFeatures',
        offset: v.VIRTIO_MMIO_DEVICE_FEATURES,
        access: 'r',
        read: () => featureWord(this.device.offeredFeatures, this.block.get('DeviceFeaturesSel')),
      },
      { name: 'DeviceFeaturesSel', offset: v.VIRTIO_MMIO_DEVICE_FEATURES_SEL, access: 'w', reset: 0 },
      {
        name: 'DriverFeatures',
        offset: v.VIRTIO_MMIO_DRIVER_FEATURES,
        access: 'w',
        peek: () => featureWord(this.device.driverFeatures, this.block.get('DriverFeaturesSel')),
        write: (bits) => this.device.acceptFeatures(this.block.get('DriverFeaturesSel'), bits),
      },
      { name: 'DriverFeaturesSel', offset: v.VIRTIO_MMIO_DRIVER_FEATURES_SEL, access: 'w', reset: 0 },
      { name: 'QueueSel', offset: v.VIRTIO_MMIO_QUEUE_SEL, access: 'w', reset: 0 },
      {
        name: 'QueueNumMax',
        offset: v.VIRTIO_MMIO_QUEUE_NUM_MAX,
        access: 'r',
        read: () => this.device.queues[this.block.get('QueueSel')]?.maxSize ?? 0,
      },
      this.setupRegister('QueueNum', v.VIRTIO_MMIO_QUEUE_NUM, 'num'),
      {
        name: 'QueueNotify',
        offset: v.VIRTIO_MMIO_QUEUE_NOTIFY,
        access: 'w',
        write: (queue) => this.device.notify(queue),
      },
      { name: 'InterruptStatus', offset: v.VIRTIO_MMIO_INTERRUPT_STATUS, access: 'r', reset: 0 },
      {
        name: 'InterruptACK',
        offset: v.VIRTIO_MMIO_INTERRUPT_ACK,
        access: 'w',
        write: (bits) => this.acknowledge(bits),
      },
      {
        name: 'Status',
        offset: v.VIRTIO_MMIO_STATUS,
        access: 'rw',
        read: () => this.device.status,
        write: (value) => (value === 0 ? this.driverReset() : this.device.writeStatus(value)),
      },
    ];
  }

  private modernRegisters(): RegisterSpec<Field>[] {
    // There is no shared memory region: its length and base read as all ones (4.2.2).
    const none = (name: string, offset: number): RegisterSpec<Field> => ({
      name,
      offset,
      access: 'r',
      read: () => 0xffffffff,
    });
    return [
      {
        name: 'QueueReady',
        offset: v.VIRTIO_MMIO_QUEUE_READY,
        access: 'rw',
        read: () => (this.device.queues[this.block.get('QueueSel')]?.ready ? 1 : 0),
        write: (value) => this.writeQueueReady(value),
      },
      this.setupRegister('QueueDescLow', v.VIRTIO_MMIO_QUEUE_DESC_LOW, 'descLow'),
      this.setupRegister('QueueDescHigh', v.VIRTIO_MMIO_QUEUE_DESC_HIGH, 'descHigh'),
      this.setupRegister('QueueDriverLow', v.VIRTIO_MMIO_QUEUE_DRIVER_LOW, 'driverLow'),
      this.setupRegister('QueueDriverHigh', v.VIRTIO_MMIO_QUEUE_DRIVER_HIGH, 'driverHigh'),
      this.setupRegister('QueueDeviceLow', v.VIRTIO_MMIO_QUEUE_DEVICE_LOW, 'deviceLow'),
      this.setupRegister('QueueDeviceHigh', v.VIRTIO_MMIO_QUEUE_DEVICE_HIGH, 'deviceHigh'),
      { name: 'SHMSel', offset: v.VIRTIO_MMIO_SHM_SEL, access: 'w', reset: 0 },
      none('SHMLenLow', v.VIRTIO_MMIO_SHM_LEN_LOW),
      none('SHMLenHigh', v.VIRTIO_MMIO_SHM_LEN_HIGH),
      none('SHMBaseLow', v.VIRTIO_MMIO_SHM_BASE_LOW),
      none('SHMBaseHigh', v.VIRTIO_MMIO_SHM_BASE_HIGH),
      {
        name: 'ConfigGeneration',
        offset: v.VIRTIO_MMIO_CONFIG_GENERATION,
        access: 'r',
        read: () => this.device.configGeneration,
      },
    ];
  }

  private legacyRegisters(): RegisterSpec<Field>[] {
    return [
      { name: 'GuestPageSize', offset: v.VIRTIO_MMIO_GUEST_PAGE_SIZE, access: 'w', reset: 0 },
      this.setupRegister('QueueAlign', v.VIRTIO_MMIO_QUEUE_ALIGN, 'align'),
      {
        name: 'QueuePFN',
        offset: v.VIRTIO_MMIO_QUEUE_PFN,
        access: 'rw',
        read: () => this.setups[this.block.get('QueueSel')]?.pfn ?? 0,
        write: (value) => this.writeQueuePfn(value),
      },
    ];
  }

  /** A write-only register of the selected queue that only remembers what the driver wrote. */
  private setupRegister(name: string, offset: number, key: keyof QueueSetup): RegisterSpec<Field> {
    const selected = (): QueueSetup | undefined => this.setups[this.block.get('QueueSel')];
    return {
      name,
      offset,
      access: 'w',
      peek: () => selected()?.[key] ?? 0,
      write: (value) => {
        const setup = selected();
        if (setup) setup[key] = value;
        else this.device.misuse('set-up of a queue that does not exist');
      },
    };
  }

  private writeQueueReady(value: number): void {
    const index = this.block.get('QueueSel');
    const setup = this.setups[index];
    const queue = this.device.queues[index];
    if (!setup || !queue) this.device.misuse('set-up of a queue that does not exist');
    else if (!(value & 1)) this.device.disableQueue(index);
    else if (queue.ready) this.device.misuse('QueueReady written for a queue that is ready');
    else
      this.device.enableQueue(index, {
        size: setup.num,
        desc: setup.descHigh * 2 ** 32 + setup.descLow,
        driver: setup.driverHigh * 2 ** 32 + setup.driverLow,
        device: setup.deviceHigh * 2 ** 32 + setup.deviceLow,
      });
  }

  /** Legacy: one page number places all three parts (2.7.2); 0 takes the queue back. */
  private writeQueuePfn(pfn: number): void {
    const index = this.block.get('QueueSel');
    const setup = this.setups[index];
    const queue = this.device.queues[index];
    if (!setup || !queue) {
      this.device.misuse('set-up of a queue that does not exist');
      return;
    }
    setup.pfn = pfn;
    this.device.disableQueue(index);
    if (pfn === 0) return;
    const desc = pfn * this.block.get('GuestPageSize');
    const driver = desc + 16 * setup.num;
    const align = setup.align === 0 ? 1 : setup.align;
    const device = Math.ceil((driver + 6 + 2 * setup.num) / align) * align;
    this.device.enableQueue(index, { size: setup.num, desc, driver, device });
  }

  /**
   * Status 0. GuestPageSize stays: Linux writes it once, when it finds the device, and resets the device after that.
   */
  private driverReset(): void {
    const pageSize = this.block.get('GuestPageSize');
    this.block.reset();
    if (this.legacy) this.block.set('GuestPageSize', pageSize);
    this.resetSetups();
    this.device.driverReset();
    this.irq.set(false);
  }

  private resetSetups(): void {
    this.setups.forEach((setup, i) => {
      Object.assign(setup, powerOnSetup(this.device.queues[i]!.maxSize));
    });
  }
}

/** A driver that never writes QueueNum means the largest size. */
function powerOnSetup(num: number): QueueSetup {
  const setup = Object.fromEntries(SETUP_KEYS.map((key) => [key, 0])) as QueueSetup;
  setup.num = num;
  return setup;
}
