// A plain model of a GICv2, written from ARM IHI 0048B and sharing nothing with src: interrupts are objects with states, the active priorities
// of a CPU are a list, and the highest priority pending interrupt is found by sorting.

interface Interrupt {
  readonly id: number;
  enabled: boolean;
  group: number;
  priority: number;
  edge: boolean;
  input: boolean;
  /** Pending by an edge or by software. */
  latched: boolean;
  active: boolean;
  targets: number[];
  /** CPUs whose SGI pends. */
  sources: number[];
}

interface CpuInterface {
  enabled: boolean[];
  ackCtl: boolean;
  fiqEn: boolean;
  cbpr: boolean;
  eoiMode: number;
  mask: number;
  /** Binary points of Group 0 and Group 1. */
  points: number[];
  running: number[];
}

export class GicReference {
  /** The distributor's enables of Group 0 and Group 1. */
  enabled = [false, false];
  readonly interfaces: CpuInterface[];
  private readonly own: Interrupt[][];
  private readonly shared: Interrupt[];

  constructor(cpus: number, interrupts: number) {
    const create = (id: number): Interrupt => ({
      ...{ id, enabled: id < 16, group: 0, priority: 0, edge: id < 16 },
      ...{ input: false, latched: false, active: false, targets: [], sources: [] },
    });
    const range = (from: number, to: number): Interrupt[] =>
      Array.from({ length: to - from }, (_, i) => create(from + i));
    this.own = Array.from({ length: cpus }, () => range(0, 32));
    this.shared = range(32, interrupts);
    this.interfaces = this.own.map(() => ({
      ...{ enabled: [false, false], ackCtl: false, fiqEn: false, cbpr: false, eoiMode: 0 },
      ...{ mask: 0, points: [2, 3], running: [] },
    }));
  }

  interrupt(cpu: number, id: number): Interrupt {
    return id < 32 ? this.own[cpu]![id]! : this.shared[id - 32]!;
  }

  isPending({ edge, input, latched, sources }: Interrupt): boolean {
    return latched || sources.length > 0 || (!edge && input);
  }

  setInput(cpu: number, id: number, level: boolean): void {
    const interrupt = this.interrupt(cpu, id);
    if (interrupt.edge && level && !interrupt.input) interrupt.latched = true;
    interrupt.input = level;
  }

  sendSgi(from: number, to: readonly number[], id: number): void {
    for (const cpu of to) {
      const { sources } = this.interrupt(cpu, id);
      if (!sources.includes(from)) sources.push(from);
      sources.sort();
    }
  }

  /** GICC_HPPIR (group 0) or GICC_AHPPIR (group 1). */
  hppir(cpu: number, register: number): number {
    return this.value(cpu, register, this.highest(cpu));
  }

  /** GICC_IAR (group 0) or GICC_AIAR (group 1). */
  acknowledge(cpu: number, register: number): number {
    const interrupt = this.signaled(cpu);
    const value = this.value(cpu, register, interrupt);
    if (!interrupt || value === 1022 || value === 1023) return value;
    this.interfaces[cpu]!.running.push(this.groupPriority(cpu, interrupt));
    interrupt.active = true;
    interrupt.latched = false;
    interrupt.sources.shift();
    return value;
  }

  /** GICC_EOIR (group 0) or GICC_AEOIR (group 1). */
  end(cpu: number, register: number, id: number): void {
    const interrupt = this.interrupt(cpu, id);
    if (register === 1 && interrupt.group === 0) return;
    const { running, eoiMode } = this.interfaces[cpu]!;
    const highest = running.indexOf(Math.min(...running));
    if (highest >= 0) running.splice(highest, 1);
    if (eoiMode === 0) interrupt.active = false;
  }

  /** GICC_DIR. */
  deactivate(cpu: number, id: number): void {
    if (this.interfaces[cpu]!.eoiMode === 1) this.interrupt(cpu, id).active = false;
  }

  runningPriority(cpu: number): number {
    return Math.min(0xff, ...this.interfaces[cpu]!.running);
  }

  /** Levels of the CPU's nIRQ and nFIQ, as asserted or not. */
  signals(cpu: number): { readonly irq: boolean; readonly fiq: boolean } {
    const interrupt = this.signaled(cpu);
    const fiq = interrupt?.group === 0 && this.interfaces[cpu]!.fiqEn;
    return { irq: interrupt !== undefined && !fiq, fiq };
  }

  private signaled(cpu: number): Interrupt | undefined {
    const interrupt = this.highest(cpu);
    if (!interrupt || !this.passes(cpu, interrupt)) return undefined;
    return this.groupPriority(cpu, interrupt) < this.runningPriority(cpu) ? interrupt : undefined;
  }

  private highest(cpu: number): Interrupt | undefined {
    return [...this.own[cpu]!, ...this.shared]
      .filter((interrupt) => interrupt.enabled && !interrupt.active && this.isPending(interrupt))
      .filter(({ group }) => this.enabled[group])
      .filter((interrupt) => interrupt.id < 32 || this.chosen(interrupt) === cpu)
      .sort((a, b) => a.priority - b.priority || a.id - b.id)[0];
  }

  /** 1 of N: the lowest target that lets it through, else the lowest target. */
  private chosen(interrupt: Interrupt): number | undefined {
    const targets = [...interrupt.targets].sort();
    return targets.find((cpu) => this.passes(cpu, interrupt)) ?? targets[0];
  }

  private passes(cpu: number, { group, priority }: Interrupt): boolean {
    const { enabled, mask } = this.interfaces[cpu]!;
    return enabled[group]! && priority < mask;
  }

  private groupPriority(cpu: number, { group, priority }: Interrupt): number {
    const { cbpr, points } = this.interfaces[cpu]!;
    // Table 3-2: Group 0 with binary point n ignores n + 1 bits, Group 1 ignores n.
    const ignored = group === 1 && !cbpr ? points[1]! : points[0]! + 1;
    return Math.floor(priority / 2 ** ignored) * 2 ** ignored;
  }

  private value(cpu: number, register: number, interrupt: Interrupt | undefined): number {
    if (!interrupt || (register === 1 && interrupt.group === 0)) return 1023;
    if (register === 0 && interrupt.group === 1 && !this.interfaces[cpu]!.ackCtl) return 1022;
    return interrupt.id + 1024 * (interrupt.sources[0] ?? 0);
  }
}
