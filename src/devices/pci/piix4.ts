// The Intel PIIX4 (82371AB) south bridge as a Malta needs it: the ISA bridge's configuration space with the routing of PCI interrupts to ISA
// lines (function 0), the IDE controller's configuration space (function 1), and power management with its I/O block (function 3).
// Facts: Linux 5.10 arch/mips/pci/fixup-malta.c, arch/mips/include/asm/mips-boards/piix4.h, drivers/power/reset/piix4-poweroff.c.
//
// Left out: USB (function 2: Linux's fixups do not ask for it, and its driver would want working registers); the IDE ports, so
// that no disk is found behind function 1; SMBus (SMBBA reads as not set, and Linux's driver then leaves it alone); wake-up events,
// so that status bits stay 0.
//
// Power off. On hardware the PIIX4 takes SUS_EN, and sleeps when it sees a Stop Grant special cycle from the processor's side; on a Malta software
// must make that cycle by a configuration write (device 31, function 7). Linux's GT-64120 code refuses every access to device 31, so there
// the cycle never comes, and a machine that waited for it would hang in its power-off. So the write of SUS_EN with SUS_TYP 0
// powers off; a special cycle after that changes nothing, and one without it means nothing.
import type { Device, DeviceState, DeviceWindow, GuestTimer } from '../device.ts';
import { type MisuseListener, RegisterBlock, type RegisterSpec, type SizedRegisterView } from '../registers.ts';
import { SavedState } from '../state.ts';
import { ticksAt } from '../ticks.ts';
import type { PciBus } from './bus.ts';
import { PciFunction } from './function.ts';
import {
  PCI_COMMAND,
  PCI_COMMAND_IO,
  PCI_COMMAND_MASTER,
  PCI_COMMAND_MEMORY,
  PCI_COMMAND_SPECIAL,
} from './registers.ts';

const INTEL = 0x8086;
const PIRQS = [0, 1, 2, 3] as const;
const PIRQRC = 0x60;
const PIRQRC_DISABLE = 0x80;
/** ISA lines that a PIRQ can be routed to. */
const ROUTABLE = 0b1101_1110_1111_1000;
const PMBA = 0x40;
const PMREGMISC = 0x80;
const PMREGMISC_PMIOSE = 1;

/** Bytes of the power management block. */
const PM_SIZE = 0x40;
const PMCNTRL_SUS_TYP = 0x1c00;
const PMCNTRL_SUS_TYP_SOFT_OFF = 0x0000;
const PMCNTRL_SUS_EN = 0x2000;
/** The timer's clock in Hz, and the values it can have. */
const PM_TIMER_HZ = 3_579_545;
const PM_TIMER_VALUES = 2 ** 24;

export interface Piix4Options {
  readonly pci: PciBus;
  /** Its device number on the bus. */
  readonly device: number;
  readonly timer: GuestTimer;
  /** An ISA interrupt line as PCI drives it; the board joins it with what else is on that line. */
  readonly setIsaLine: (irq: number, level: boolean) => void;
  /** The guest powered the machine off. Called once until the next reset. */
  readonly powerOff: () => void;
  /** Where PIRQA to PIRQD lead at power on, as firmware would have set it; not routed when left out. */
  readonly pirqRouting?: readonly [number, number, number, number];
  /** I/O address of the power management block at power on, as firmware would have set it; switched off when left out. */
  readonly pmBase?: number;
  /** Told of guest accesses that no register takes. */
  readonly misuse?: MisuseListener;
}

type PmField = 'PMSTS' | 'PMEN' | 'PMCNTRL' | 'GPSTS' | 'GPEN' | 'PCNTRL';

export class Piix4 implements Device {
  readonly name = 'piix4';
  private readonly options: Piix4Options;
  private readonly isa: PciFunction;
  private readonly ide: PciFunction;
  private readonly pm: PciFunction;
  private readonly block: RegisterBlock<PmField>;
  /** Levels of PIRQA to PIRQD, a bit each. */
  private pirqs = 0;
  /** ISA lines as they were last driven, a bit each. */
  private driven = 0;
  private off = false;

  constructor(options: Piix4Options) {
    this.options = options;
    this.isa = isaBridge(options.pirqRouting, () => this.route());
    this.ide = ideController();
    this.block = new RegisterBlock<PmField>(this.declare(), options.misuse ?? (() => {}));
    this.pm = powerManagement(options.pmBase, {
      name: 'piix4 power management',
      size: PM_SIZE,
      read: (offset, length) => this.block.read(offset, length),
      write: (offset, length, value) => this.block.write(offset, length, value >>> 0),
    });
    const { pci, device } = options;
    pci.add(device, 0, this.isa);
    pci.add(device, 1, this.ide);
    pci.add(device, 3, this.pm);
  }

  /** PCI interrupt line `n`, 0 for PIRQA: what the bus's swizzle leads to. */
  setPirq(n: number, level: boolean): void {
    if (n < 0 || n >= PIRQS.length) return;
    this.pirqs = level ? this.pirqs | (1 << n) : this.pirqs & ~(1 << n);
    this.route();
  }

  /** Power-on state. The lines are the devices' and keep their level; they reset themselves. */
  reset(): void {
    for (const fn of [this.isa, this.ide, this.pm]) fn.reset();
    this.block.reset();
    this.off = false;
    this.route();
  }

  registers(): readonly SizedRegisterView[] {
    const named = (prefix: string, views: readonly SizedRegisterView[]): SizedRegisterView[] =>
      views.map((view) => ({ ...view, name: `${prefix} ${view.name}` }));
    return [
      ...named('isa', this.isa.views()),
      ...named('ide', this.ide.views()),
      ...named('pm', this.pm.views()),
      ...named('block', this.block.views()),
    ];
  }

  saveState(): DeviceState {
    return {
      isa: this.isa.save(),
      ide: this.ide.save(),
      pm: this.pm.save(),
      block: this.block.save(),
      pirqs: this.pirqs,
      off: this.off,
    };
  }

  /** Does not drive the ISA lines: their other end restores its own levels. */
  restoreState(state: DeviceState): void {
    const saved = new SavedState(this.name, state);
    const pirqs = saved.integer('pirqs', 0xf);
    const off = saved.boolean('off');
    this.isa.restore(saved.object('isa'));
    this.ide.restore(saved.object('ide'));
    this.pm.restore(saved.object('pm'));
    this.block.restore(saved.object('block'));
    this.pirqs = pirqs;
    this.off = off;
    this.driven = this.routed();
  }

  private declare(): RegisterSpec<PmField>[] {
    return [
      { name: 'PMSTS', offset: 0x00, width: 2, access: 'rw', reset: 0, mask: 0 },
      { name: 'PMEN', offset: 0x02, width: 2, access: 'rw', reset: 0, mask: 0x0521 },
      { name: 'PMCNTRL', offset: 0x04, width: 2, access: 'rw', reset: 0, write: (value) => this.control(value) },
      {
        name: 'PMTMR',
        offset: 0x08,
        width: 4,
        access: 'r',
        read: () => ticksAt(this.options.timer.now, PM_TIMER_HZ) % PM_TIMER_VALUES,
      },
      { name: 'GPSTS', offset: 0x0c, width: 2, access: 'rw', reset: 0, mask: 0 },
      { name: 'GPEN', offset: 0x0e, width: 2, access: 'rw', reset: 0, mask: 0x0f01 },
      { name: 'PCNTRL', offset: 0x10, width: 4, access: 'rw', reset: 0, mask: 0x0003_3e1e },
    ];
  }

  /** SUS_EN acts when it is written and reads 0. */
  private control(value: number): void {
    this.block.set('PMCNTRL', value & (PMCNTRL_SUS_TYP | 0x3));
    if (!(value & PMCNTRL_SUS_EN) || (value & PMCNTRL_SUS_TYP) !== PMCNTRL_SUS_TYP_SOFT_OFF || this.off) return;
    this.off = true;
    this.options.powerOff();
  }

  /** ISA lines that some asserted PIRQ leads to. */
  private routed(): number {
    let lines = 0;
    for (const n of PIRQS) {
      const control = this.isa.get(PIRQRC + n, 1);
      if (this.pirqs & (1 << n) && !(control & PIRQRC_DISABLE)) lines |= 1 << (control & 0xf);
    }
    return lines & ROUTABLE;
  }

  private route(): void {
    const lines = this.routed();
    const changed = lines ^ this.driven;
    this.driven = lines;
    for (let irq = 0; irq < 16; irq++)
      if (changed & (1 << irq)) this.options.setIsaLine(irq, (lines & (1 << irq)) !== 0);
  }
}

function isaBridge(routing: Piix4Options['pirqRouting'], routed: () => void): PciFunction {
  // The bridge is always a master and decodes both spaces; only special cycles can be chosen.
  const fixed = PCI_COMMAND_IO | PCI_COMMAND_MEMORY | PCI_COMMAND_MASTER;
  return new PciFunction({
    name: 'piix4 isa',
    vendorId: INTEL,
    deviceId: 0x7110,
    revision: 0x02,
    classCode: 0x060100,
    registers: [
      { name: 'command', offset: PCI_COMMAND, width: 2, reset: fixed, mask: PCI_COMMAND_SPECIAL },
      { name: 'IORT', offset: 0x4c, width: 1, reset: 0x4d, mask: 0x7f },
      { name: 'XBCS', offset: 0x4e, width: 2, reset: 0x0003, mask: 0x07ff },
      ...PIRQS.map((n) => ({
        name: `PIRQRC${'ABCD'[n]}`,
        offset: PIRQRC + n,
        width: 1 as const,
        reset: routing?.[n] ?? PIRQRC_DISABLE,
        mask: PIRQRC_DISABLE | 0xf,
        written: routed,
      })),
      { name: 'SERIRQC', offset: 0x64, width: 1, reset: 0x10, mask: 0xff },
      { name: 'TOM', offset: 0x69, width: 1, reset: 0x02, mask: 0xfa },
      { name: 'DLC', offset: 0x82, width: 1, mask: 0x0f },
      { name: 'GENCFG', offset: 0xb0, width: 4, mask: 0xffffffff },
    ],
  });
}

function ideController(): PciFunction {
  return new PciFunction({
    name: 'piix4 ide',
    vendorId: INTEL,
    deviceId: 0x7111,
    revision: 0x01,
    classCode: 0x010180,
    registers: [
      { name: 'IDETIM_PRIMARY', offset: 0x40, width: 2, mask: 0xf3ff },
      { name: 'IDETIM_SECONDARY', offset: 0x42, width: 2, mask: 0xf3ff },
      { name: 'SIDETIM', offset: 0x44, width: 1, mask: 0xff },
      { name: 'UDMACTL', offset: 0x48, width: 1, mask: 0x0f },
      { name: 'UDMATIM', offset: 0x4a, width: 2, mask: 0x3333 },
    ],
  });
}

function powerManagement(base: number | undefined, block: DeviceWindow): PciFunction {
  return new PciFunction({
    name: 'piix4 pm',
    vendorId: INTEL,
    deviceId: 0x7113,
    revision: 0x02,
    classCode: 0x068000,
    windows: [
      {
        space: 'io',
        target: block,
        address: (pm) => (pm.get(PMREGMISC, 1) & PMREGMISC_PMIOSE ? pm.get(PMBA, 4) & -PM_SIZE : null),
      },
    ],
    registers: [
      // Bit 0 says I/O space.
      { name: 'PMBA', offset: PMBA, width: 4, reset: (base ?? 0) | 1, mask: 0xffc0 },
      {
        name: 'PMREGMISC',
        offset: PMREGMISC,
        width: 1,
        reset: base === undefined ? 0 : PMREGMISC_PMIOSE,
        mask: PMREGMISC_PMIOSE,
      },
      { name: 'SMBBA', offset: 0x90, width: 4, reset: 1 },
    ],
  });
}
