// The GICv2 as the contract suite takes it: the windows of two CPUs behind one another, for what an access reaches depends on its CPU.
import type { DeviceState, MmioDevice } from '../../../src/devices/device.ts';
import { Gic } from '../../../src/devices/irqchip/gic.ts';
import type { GicWindow } from '../../../src/devices/irqchip/gic-window.ts';
import type { SizedRegisterView } from '../../../src/devices/registers.ts';
import { FakeLine } from './fakes.ts';

type Length = 1 | 2 | 4;

/** Bytes that a CPU's windows take, and the places among them of GICC, GICH and GICV; GICD is the first. */
const CPU = 0x6000;
const PLACES = { GICD: 0, GICC: 0x1000, GICH: 0x3000, GICV: 0x4000 } as const;

class TwoCpus implements MmioDevice {
  readonly name = 'gic';
  readonly size = 2 * CPU;
  private readonly gic: Gic;
  private readonly windows: readonly (readonly [from: number, window: GicWindow])[];

  constructor() {
    const lines = { irq: () => new FakeLine(), fiq: () => new FakeLine() };
    this.gic = new Gic({ cpus: 2, interrupts: 64, ...lines, virtual: lines });
    const { hypervisor, cpuInterface } = this.gic.virtualization!;
    this.windows = [
      [PLACES.GICV, cpuInterface],
      [PLACES.GICH, hypervisor],
      [PLACES.GICC, this.gic.cpuInterface],
      [PLACES.GICD, this.gic.distributor],
    ];
  }

  read(offset: number, length: Length): number {
    const { window, at, cpu } = this.find(offset);
    return window.read(at, length, cpu);
  }

  write(offset: number, length: Length, value: number): void {
    const { window, at, cpu } = this.find(offset);
    window.write(at, length, value, cpu);
  }

  reset(): void {
    this.gic.reset();
  }

  registers(): readonly SizedRegisterView[] {
    return this.gic.registers().map((view) => {
      const cpu = view.name.startsWith('cpu1.') ? CPU : 0;
      const place = PLACES[view.name.match(/GIC[DCHV]/)![0] as keyof typeof PLACES];
      return { ...view, offset: view.offset + cpu + place };
    });
  }

  saveState(): DeviceState {
    return this.gic.saveState();
  }

  restoreState(state: DeviceState): void {
    this.gic.restoreState(state);
  }

  private find(offset: number): { readonly window: GicWindow; readonly at: number; readonly cpu: number } {
    const cpu = offset < CPU ? 0 : 1;
    const [from, window] = this.windows.find(([start]) => offset - CPU * cpu >= start)!;
    return { window, at: offset - CPU * cpu - from, cpu };
  }
}

/** Where each register lies. */
const REGISTERS = new Map(new TwoCpus().registers().map((view) => [view.name, view]));

export const GIC_SUBJECTS = [
  {
    title: 'gic with virtualization, two CPUs',
    create: () => new TwoCpus(),
    /** Both groups forwarded, every priority let through, SGI 3 from CPU 1 pending at CPU 0 and SGI 2 active there; one virtual interrupt. */
    start: (device: MmioDevice) => {
      device.write(0, 4, 3);
      for (const cpu of [0, CPU]) {
        device.write(cpu + PLACES.GICC, 4, 7);
        device.write(cpu + PLACES.GICC + 4, 4, 0xff);
      }
      device.write(0xf00, 4, 0x02000002);
      device.read(PLACES.GICC + 0x0c, 4);
      device.write(CPU + 0xf00, 4, 0x00010003);
      device.write(PLACES.GICH, 4, 1);
      device.write(PLACES.GICH + 8, 4, 0xf8000003);
      device.write(PLACES.GICH + 0x100, 4, 0x10000022);
    },
    /** A read of GICC_IAR acknowledges, so each register is read on a copy. */
    load: (device: MmioDevice, name: string) => {
      const view = REGISTERS.get(name);
      return view && view.access !== 'w' ? device.read(view.offset, view.width) : undefined;
    },
  },
];
