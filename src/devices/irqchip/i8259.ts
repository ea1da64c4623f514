// The pair of 8259A interrupt controllers of a PC south bridge (PIIX4 data sheet 290562, section 8.3; Linux's driver is
// drivers/irqchip/irq-i8259.c): lines 0 to 7 are the master's, 8 to 15 the slave's, whose INT output is line 2 of the master. What one
// controller does is i8259-chip.ts.
import { ByteWindow } from '../byte-window.ts';
import type { Device, DeviceState, DeviceWindow, IrqLine } from '../device.ts';
import type { SizedRegisterView } from '../registers.ts';
import { SavedState } from '../state.ts';
import { I8259Chip } from './i8259-chip.ts';

const LINES = 16;
const CASCADE = 2;
/** An acknowledge that no controller answers. */
const IDLE_BUS = 0xff;

export interface I8259Options {
  /** The master's INT output. */
  readonly output: IrqLine;
  /** Lines that firmware made level-triggered (ELCR), for devices that share them; none when left out. */
  readonly levelTriggered?: readonly number[];
}

export class I8259 implements Device {
  readonly name = 'i8259';
  /** Ports 0x20 and 0x21. */
  readonly masterWindow: DeviceWindow;
  /** Ports 0xa0 and 0xa1. */
  readonly slaveWindow: DeviceWindow;
  /** Ports 0x4d0 and 0x4d1: a bit set makes its line level-triggered. */
  readonly elcrWindow: DeviceWindow;
  private readonly output: IrqLine;
  /** A bit for each line. */
  private readonly levelTriggered: number;
  // ELCR bits of timer, keyboard and cascade, of RTC and coprocessor stay 0.
  private readonly master = new I8259Chip({ elcrMask: 0xf8, slaves: 1 << CASCADE });
  private readonly slave = new I8259Chip({ elcrMask: 0xde, slaves: 0 });
  private level = false;

  constructor(options: I8259Options) {
    this.output = options.output;
    this.levelTriggered = (options.levelTriggered ?? []).reduce((bits, line) => bits | (1 << line), 0);
    this.masterWindow = this.window('i8259-master', this.master);
    this.slaveWindow = this.window('i8259-slave', this.slave);
    const chip = (offset: number): I8259Chip => (offset === 0 ? this.master : this.slave);
    this.elcrWindow = new ByteWindow('i8259-elcr', 2, {
      read: (offset) => chip(offset).readElcr(),
      write: (offset, value) => {
        chip(offset).writeElcr(value);
        this.settle();
      },
    });
  }

  /** Input line `irq`, 0 to 15; line 2 leads nowhere, the slave is there. False when there is no such line. */
  setLine(irq: number, level: boolean): boolean {
    if (!Number.isInteger(irq) || irq < 0 || irq >= LINES) return false;
    if (irq === CASCADE) return true;
    if (irq < 8) this.master.setLine(irq, level);
    else this.slave.setLine(irq - 8, level);
    this.settle();
    return true;
  }

  /** An interrupt acknowledge cycle: the vector, 0 to 255, and the line is in service from here on. */
  acknowledge(): number {
    const line = this.master.acknowledge();
    let vector = this.master.vector(line);
    // A spurious line 7 comes from the master itself.
    if (this.master.hasSlave(line)) {
      vector = IDLE_BUS;
      if (line === CASCADE && this.slave.slaveId === CASCADE) {
        vector = this.slave.vector(this.slave.acknowledge());
        this.master.slaveAcknowledged(CASCADE);
      }
    }
    this.settle();
    return vector;
  }

  reset(): void {
    this.master.reset();
    this.slave.reset();
    this.master.writeElcr(this.levelTriggered & 0xff);
    this.slave.writeElcr(this.levelTriggered >>> 8);
    this.settle();
  }

  registers(): readonly SizedRegisterView[] {
    return (['master', 'slave'] as const).flatMap((which, at) => {
      const chip = this[which];
      const { irr, isr, imr, icw2 } = chip.views();
      const byte = (name: string, offset: number, value: number): SizedRegisterView => ({
        ...{ name: `${which}_${name}`, offset, value },
        ...{ width: 1, access: 'rw' },
      });
      return [
        byte('irr', 0, irr),
        byte('isr', 0, isr),
        byte('imr', 1, imr),
        byte('icw2', 1, icw2),
        byte('elcr', at, chip.readElcr()),
      ];
    });
  }

  saveState(): DeviceState {
    return { master: this.master.save(), slave: this.slave.save() };
  }

  /** Does not drive the output: each vCPU restores its own pending lines. */
  restoreState(state: DeviceState): void {
    const saved = new SavedState(this.name, state);
    this.master.restore(saved.object('master'));
    this.slave.restore(saved.object('slave'));
    this.level = this.master.int;
  }

  private window(name: string, chip: I8259Chip): DeviceWindow {
    return new ByteWindow(name, 2, {
      read: (port) => {
        const acknowledged = chip.polled;
        const value = chip.read(port);
        if (acknowledged && chip === this.slave) this.master.slaveAcknowledged(CASCADE);
        this.settle();
        return value;
      },
      write: (port, value) => {
        chip.write(port, value);
        this.settle();
      },
    });
  }

  /** Carry the slave's INT to the master, and the master's to the output. */
  private settle(): void {
    this.master.setLine(CASCADE, this.slave.int);
    const level = this.master.int;
    if (level === this.level) return;
    this.level = level;
    this.output.set(level);
  }
}
