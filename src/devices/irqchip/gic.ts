// The GICv2 interrupt controller of the ARMv7 machines (ARM IHI 0048B; Linux's driver is drivers/irqchip/irq-gic.c): up to 8 CPUs and 1020
// interrupts, both interrupt groups, no Security Extensions, and the virtualization part if asked for. Its windows are banked: a board hands them the number of the CPU that
// makes the access. What the parts do is in gic-distributor.ts, gic-state.ts and gic-bank.ts, gic-cpu-interface.ts and gic-hypervisor.ts.
import type { Device, DeviceState, IrqLine } from '../device.ts';
import type { MisuseListener, SizedRegisterView } from '../registers.ts';
import { SavedState } from '../state.ts';
import { BANK_SIZE } from './gic-bank.ts';
import { GicCpuInterface, type GicSignal } from './gic-cpu-interface.ts';
import { createCpuInterfaceWindow } from './gic-cpu-registers.ts';
import { createDistributor } from './gic-distributor.ts';
import { createHypervisorWindow, GicVirtualInterface } from './gic-hypervisor.ts';
import { GicState } from './gic-state.ts';
import type { GicWindow } from './gic-window.ts';

const MAX_CPUS = 8;
const MAX_INTERRUPTS = 1024;
const GICC_CTLR_BITS = 0x3ff;
/** The PPI of the maintenance interrupt, as in the GIC-400. */
const MAINTENANCE = 25;
/** Offsets at which the distributor has registers of each CPU's own: those of bank 0, and the SGI registers. */
const BANKED = [
  ...[0x080, 0x100, 0x180, 0x200, 0x280, 0x300, 0x380].map((from) => [from, from + 4] as const),
  ...[0x400, 0x800].map((from) => [from, from + 0x20] as const),
  [0xc00, 0xc08] as const,
  [0xf10, 0xf30] as const,
];

/** The two interrupt inputs of a CPU; `true` is asserted. */
interface GicOutputs {
  readonly irq: (cpu: number) => IrqLine;
  readonly fiq: (cpu: number) => IrqLine;
}

export interface GicOptions extends GicOutputs {
  /** CPUs that exist, 1 to 8. */
  readonly cpus: number;
  /** SGIs, PPIs and SPIs together: a multiple of 32 from 32 to 1024, of which 1020 exist. */
  readonly interrupts: number;
  /** Virtual nIRQ and nFIQ of each CPU: the GIC has the virtualization part, whose maintenance interrupt is PPI 25. */
  readonly virtual?: GicOutputs;
  /** Told of guest accesses that no register takes. */
  readonly misuse?: MisuseListener;
}

/** A CPU interface and the lines that it drives. */
class Output {
  private readonly cpuInterface: GicCpuInterface;
  private readonly lines: { readonly irq: IrqLine; readonly fiq: IrqLine };
  private signal: GicSignal = 'none';

  constructor(cpuInterface: GicCpuInterface, outputs: GicOutputs, cpu: number) {
    this.cpuInterface = cpuInterface;
    this.lines = { irq: outputs.irq(cpu), fiq: outputs.fiq(cpu) };
  }

  /** Tell the CPU when its nIRQ or nFIQ changes. */
  drive(): void {
    const { signal: before, lines } = this;
    this.settle();
    if (this.signal === before) return;
    if (before !== 'none') lines[before].set(false);
    if (this.signal !== 'none') lines[this.signal].set(true);
  }

  /** Take the signal as known to the CPU. */
  settle(): void {
    this.signal = this.cpuInterface.signal;
  }
}

export class Gic implements Device {
  readonly name = 'gic';
  /** GICD: 4 KiB. */
  readonly distributor: GicWindow;
  /** GICC: 8 KiB, GICC_DIR in the second 4 KiB. */
  readonly cpuInterface: GicWindow;
  /** GICH, 4 KiB, and GICV, 8 KiB. */
  readonly virtualization: { readonly hypervisor: GicWindow; readonly cpuInterface: GicWindow } | undefined;
  private readonly state: GicState;
  private readonly interfaces: readonly GicCpuInterface[];
  /** One for each CPU, or none. */
  private readonly virtual: readonly GicVirtualInterface[];
  private readonly outputs: readonly Output[];

  constructor(options: GicOptions) {
    const { cpus, interrupts, virtual, misuse = () => {} } = options;
    if (!Number.isInteger(cpus) || cpus < 1 || cpus > MAX_CPUS)
      throw new RangeError(`${this.name} serves 1 to ${MAX_CPUS} CPUs, not ${cpus}`);
    if (interrupts % BANK_SIZE !== 0 || interrupts < BANK_SIZE || interrupts > MAX_INTERRUPTS)
      throw new RangeError(`${this.name} has a multiple of 32 interrupts up to ${MAX_INTERRUPTS}, not ${interrupts}`);
    const numbers = Array.from({ length: cpus }, (_, cpu) => cpu);
    this.state = new GicState(cpus, interrupts, (cpu, group, priority) =>
      this.interfaces[cpu]!.accepts(group, priority),
    );
    const sources = numbers.map((cpu) => this.state.sourceFor(cpu));
    this.interfaces = sources.map((source) => new GicCpuInterface(source, { ctlrBits: GICC_CTLR_BITS, aprs: 2 }));
    this.outputs = this.interfaces.map((each, cpu) => new Output(each, options, cpu));
    this.virtual = virtual ? sources.map((source) => new GicVirtualInterface(source)) : [];
    if (virtual)
      this.outputs = [
        ...this.outputs,
        ...this.virtual.map(({ cpuInterface }, cpu) => new Output(cpuInterface, virtual, cpu)),
      ];
    const drive = (): void => this.drive();
    this.distributor = createDistributor(this.state, misuse, drive);
    this.cpuInterface = createCpuInterfaceWindow('GICC', this.interfaces, misuse, drive);
    if (virtual)
      this.virtualization = {
        hypervisor: createHypervisorWindow(this.virtual, misuse, drive),
        cpuInterface: createCpuInterfaceWindow(
          'GICV',
          this.virtual.map(({ cpuInterface }) => cpuInterface),
          misuse,
          drive,
        ),
      };
  }

  /** Input of SPI `id`, 32 and up. False when there is no such SPI. */
  setLine(id: number, level: boolean): boolean {
    return id >= BANK_SIZE && this.setInput(id, 0, level);
  }

  /** Input of PPI `id`, 16 to 31, of `cpu`; `true` is asserted. False when there is no such PPI or CPU, or the GIC drives it itself. */
  setPpi(cpu: number, id: number, level: boolean): boolean {
    if (id >= BANK_SIZE || !(cpu in this.interfaces) || (id === MAINTENANCE && cpu in this.virtual)) return false;
    return this.setInput(id, cpu, level);
  }

  /** Has `cpu` told its interface to use nFIQ? */
  mayUseFiq(cpu: number): boolean {
    return this.interfaces[cpu]!.usesFiq;
  }

  reset(): void {
    this.state.reset();
    for (const each of [...this.interfaces, ...this.virtual]) each.reset();
    this.drive();
  }

  /** The distributor as CPU 0 sees it, what the other CPUs have of their own there, and every CPU interface. */
  registers(): readonly SizedRegisterView[] {
    return this.interfaces.flatMap((_, cpu) => {
      const distributor = this.distributor.views(cpu);
      const own = distributor.filter(({ offset }) => BANKED.some(([from, to]) => offset >= from && offset < to));
      const { hypervisor, cpuInterface } = this.virtualization ?? {};
      const views = [
        ...(cpu === 0 ? distributor : own),
        ...this.cpuInterface.views(cpu),
        ...(hypervisor?.views(cpu) ?? []),
        ...(cpuInterface?.views(cpu) ?? []),
      ];
      return views.map((view) => ({ ...view, name: cpu === 0 ? view.name : `cpu${cpu}.${view.name}` }));
    });
  }

  saveState(): DeviceState {
    return {
      distributor: this.state.save(),
      interfaces: this.interfaces.map((each) => each.save()),
      virtual: this.virtual.map((each) => each.save()),
    };
  }

  /** Does not drive the outputs: each vCPU restores its own pending lines. */
  restoreState(state: DeviceState): void {
    const saved = new SavedState(this.name, state);
    const parts = (key: string, count: number): SavedState[] => {
      const states = saved.objects(key, count);
      if (states.length !== count) throw saved.bad(key, `a list of ${count}`);
      return states;
    };
    const interfaces = parts('interfaces', this.interfaces.length);
    const virtual = parts('virtual', this.virtual.length);
    this.state.restore(saved.object('distributor'));
    for (const [cpu, each] of this.interfaces.entries()) each.restore(interfaces[cpu]!);
    for (const [cpu, each] of this.virtual.entries()) each.restore(virtual[cpu]!);
    this.setMaintenance();
    for (const output of this.outputs) output.settle();
  }

  private setInput(id: number, cpu: number, level: boolean): boolean {
    if (!this.state.exists(id) || !this.state.bankOf(id, cpu).setLine(id & 31, level)) return false;
    this.drive();
    return true;
  }

  private drive(): void {
    this.setMaintenance();
    for (const output of this.outputs) output.drive();
  }

  private setMaintenance(): void {
    for (const [cpu, { maintenance }] of this.virtual.entries())
      this.state.bankOf(MAINTENANCE, cpu).setLine(MAINTENANCE, maintenance);
  }
}
