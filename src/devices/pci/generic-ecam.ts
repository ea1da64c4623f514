// A PCI host that is nothing but the configuration space of bus 0 as a window of memory (PCI Express Base Specification, 7.2.2, ECAM; Linux's driver is
// drivers/pci/controller/pci-host-generic.c), and the bridge's own function, 00:00.0, which does nothing. Interrupts, and the windows of memory
// and I/O space, are the board's.
import type { DeviceState, MmioDevice } from '../device.ts';
import type { SizedRegisterView } from '../registers.ts';
import { SavedState } from '../state.ts';
import type { PciBus } from './bus.ts';
import { PciFunction } from './function.ts';
import { PCI_CONFIG_SIZE } from './registers.ts';

/** 32 devices of 8 functions with 4 KiB each. */
const BUS_SIZE = 0x10_0000;
/** The identity of QEMU's generic host. */
const RED_HAT = 0x1b36;
const HOST_BRIDGE = 0x0008;
const CLASS_HOST_BRIDGE = 0x06_0000;

export class GenericEcamHost implements MmioDevice {
  readonly name = 'pcie';
  readonly size = BUS_SIZE;
  private readonly pci: PciBus;
  private readonly bridge = new PciFunction({
    name: 'host-bridge',
    vendorId: RED_HAT,
    deviceId: HOST_BRIDGE,
    classCode: CLASS_HOST_BRIDGE,
  });

  constructor(pci: PciBus) {
    this.pci = pci;
    pci.add(0, 0, this.bridge);
  }

  /** Functions have no extended configuration space: it reads 0, as that of a conventional device behind a bridge. */
  read(offset: number, length: 1 | 2 | 4): number {
    const { device, number, register } = place(offset);
    if (register >= PCI_CONFIG_SIZE && this.pci.find(0, device, number)) return 0;
    return this.pci.readConfig(0, device, number, register, length);
  }

  write(offset: number, length: 1 | 2 | 4, value: number): void {
    const { device, number, register } = place(offset);
    if (register < PCI_CONFIG_SIZE) this.pci.writeConfig(0, device, number, register, length, value);
  }

  reset(): void {
    this.bridge.reset();
  }

  /** Those of the bridge: the other functions show their own. */
  registers(): readonly SizedRegisterView[] {
    return this.bridge.views();
  }

  saveState(): DeviceState {
    return { bridge: this.bridge.save() };
  }

  restoreState(state: DeviceState): void {
    this.bridge.restore(new SavedState(this.name, state).object('bridge'));
  }
}

function place(offset: number): { device: number; number: number; register: number } {
  return { device: offset >>> 15, number: (offset >>> 12) & 7, register: offset & 0xfff };
}
