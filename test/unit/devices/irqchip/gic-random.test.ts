// Random runs of the GICv2 against the plain model of test/support/devices/gic-reference.ts: after each step every CPU's signals, running
// priority and highest pending interrupt, and the states of all interrupts, are the same.
import { describe, expect, it } from 'vitest';
import { Gic } from '../../../../src/devices/irqchip/gic.ts';
import { FakeLine, random } from '../../../support/devices/fakes.ts';
import { GicReference } from '../../../support/devices/gic-reference.ts';

const CPUS = 3;
const INTERRUPTS = 64;
/** Few interrupts, so that they meet: SGIs, a PPI, SPIs. */
const IDS = [0, 5, 15, 27, 32, 33, 45, 63] as const;
const STEPS = 1500;

class Pair {
  readonly model = new GicReference(CPUS, INTERRUPTS);
  readonly irq = Array.from({ length: CPUS }, () => new FakeLine());
  readonly fiq = Array.from({ length: CPUS }, () => new FakeLine());
  readonly gic = new Gic({
    ...{ cpus: CPUS, interrupts: INTERRUPTS },
    irq: (cpu) => this.irq[cpu]!,
    fiq: (cpu) => this.fiq[cpu]!,
  });
  /** What a CPU acknowledged last, which it mostly ends. */
  private readonly acknowledged: number[][] = Array.from({ length: CPUS }, () => []);
  private readonly next: () => number;

  constructor(seed: number) {
    this.next = random(seed);
  }

  /** One step of one CPU or input; says what it was. */
  step(): string {
    const cpu = this.pick(CPUS);
    const id = IDS[this.pick(IDS.length)]!;
    const kinds = [this.input, this.acknowledge, this.end, this.send, this.configure, this.software, this.control];
    // Every fourth step configures, so that there is time for interrupts in between.
    const kind = kinds[this.pick(this.pick(4) === 0 ? kinds.length : 4)]!;
    return `${kind.name} cpu ${cpu} id ${id}: ${kind.call(this, cpu, id)}`;
  }

  seen(): unknown {
    const read = (offset: number, cpu: number): number => this.gic.cpuInterface.read(offset, 4, cpu);
    return this.irq.map((line, cpu) => ({
      signals: { irq: line.level, fiq: this.fiq[cpu]!.level },
      rpr: read(0x14, cpu),
      hppir: [read(0x18, cpu), read(0x28, cpu)],
      pending: IDS.map((id) => this.bit(0x200, cpu, id)),
      active: IDS.map((id) => this.bit(0x300, cpu, id)),
    }));
  }

  expected(): unknown {
    return this.irq.map((_, cpu) => ({
      signals: this.model.signals(cpu),
      rpr: this.model.runningPriority(cpu),
      hppir: [this.model.hppir(cpu, 0), this.model.hppir(cpu, 1)],
      pending: IDS.map((id) => this.model.isPending(this.model.interrupt(cpu, id))),
      active: IDS.map((id) => this.model.interrupt(cpu, id).active),
    }));
  }

  private input(cpu: number, id: number): string {
    if (id < 16) return 'none';
    const level = this.pick(2) === 1;
    if (id < 32) this.gic.setPpi(cpu, id, level);
    else this.gic.setLine(id, level);
    this.model.setInput(cpu, id, level);
    return `${level}`;
  }

  private acknowledge(cpu: number): string {
    const register = this.pick(4) === 0 ? 1 : 0;
    const value = this.gic.cpuInterface.read(register ? 0x20 : 0x0c, 4, cpu);
    expect(value).toBe(this.model.acknowledge(cpu, register));
    if (value < 1022 || value > 1023) this.acknowledged[cpu]!.push(value);
    return `${value}`;
  }

  private end(cpu: number, id: number): string {
    const value = this.pick(8) === 0 ? id : this.acknowledged[cpu]!.pop();
    if (value === undefined) return 'nothing';
    const register = this.pick(8) === 0 ? 1 : 0;
    this.gic.cpuInterface.write(register ? 0x24 : 0x10, 4, value, cpu);
    this.model.end(cpu, register, value & 0x3ff);
    if (this.pick(8) !== 0) {
      this.gic.cpuInterface.write(0x1000, 4, value, cpu);
      this.model.deactivate(cpu, value & 0x3ff);
    }
    return `${value} by register ${register}`;
  }

  private send(cpu: number, id: number): string {
    const list = this.pick(8);
    const filter = this.pick(3);
    this.gic.distributor.write(0xf00, 4, (filter << 24) | (list << 16) | (id & 15), cpu);
    const all = [0, 1, 2];
    const listed = all.filter((each) => list & (1 << each));
    const to = [listed, all.filter((each) => each !== cpu), [cpu]][filter]!;
    this.model.sendSgi(cpu, to, id & 15);
    return `to ${to}`;
  }

  private configure(cpu: number, id: number): string {
    const interrupt = this.model.interrupt(cpu, id);
    const priority = 8 * this.pick(32);
    this.gic.distributor.write(0x400 + id, 1, priority, cpu);
    interrupt.priority = priority;
    const enabled = this.pick(4) !== 0;
    this.gic.distributor.write((enabled ? 0x100 : 0x180) + 4 * (id >> 5), 4, 2 ** (id & 31), cpu);
    interrupt.enabled = enabled || id < 16;
    interrupt.group = this.pick(2);
    this.modify(0x80 + 4 * (id >> 5), cpu, 2 ** (id & 31), interrupt.group === 1);
    if (id >= 32) {
      const targets = this.pick(8);
      this.gic.distributor.write(0x800 + id, 1, targets, cpu);
      interrupt.targets = [0, 1, 2].filter((each) => targets & (1 << each));
      interrupt.edge = this.pick(2) === 1;
      this.modify(0xc00 + 4 * (id >> 4), cpu, 2 ** (2 * (id & 15) + 1), interrupt.edge);
    }
    return JSON.stringify(interrupt);
  }

  /** Pending and active states set and cleared by software. */
  private software(cpu: number, id: number): string {
    const interrupt = this.model.interrupt(cpu, id);
    const which = this.pick(4);
    this.gic.distributor.write([0x200, 0x280, 0x300, 0x380][which]! + 4 * (id >> 5), 4, 2 ** (id & 31), cpu);
    if (which >= 2) interrupt.active = which === 2;
    else if (id >= 16) interrupt.latched = which === 0;
    return `${which}`;
  }

  private control(cpu: number): string {
    const bits = this.pick(8) === 0 ? 0 : 3;
    this.gic.distributor.write(0, 4, bits, cpu);
    this.model.enabled = [bits !== 0, bits !== 0];
    const ctlr = (this.next() & 0x21f) | (this.pick(2) === 0 ? 0 : 3);
    const mask = this.pick(3) === 0 ? 8 * this.pick(32) : 0xf8;
    const [point, aliased] = [this.pick(8), this.pick(8)];
    [ctlr, mask, point].forEach((value, i) => {
      this.gic.cpuInterface.write(4 * i, 4, value, cpu);
    });
    this.gic.cpuInterface.write(0x1c, 4, aliased, cpu);
    const has = (bit: number): boolean => (ctlr & (1 << bit)) !== 0;
    Object.assign(this.model.interfaces[cpu]!, {
      ...{ enabled: [has(0), has(1)], ackCtl: has(2), fiqEn: has(3), cbpr: has(4), eoiMode: has(9) ? 1 : 0 },
      ...{ mask, points: [Math.max(point, 2), Math.max(aliased, 3)] },
    });
    return `CTLR ${ctlr.toString(16)}`;
  }

  private modify(offset: number, cpu: number, bits: number, set: boolean): void {
    const before = this.gic.distributor.read(offset, 4, cpu);
    this.gic.distributor.write(offset, 4, set ? before | bits : before & ~bits, cpu);
  }

  private bit(base: number, cpu: number, id: number): boolean {
    return (this.gic.distributor.read(base + 4 * (id >> 5), 4, cpu) & (1 << (id & 31))) !== 0;
  }

  private pick(count: number): number {
    return this.next() % count;
  }
}

describe('the GICv2 and its model agree', () => {
  it.each([1, 2, 3, 4, 5, 6])('seed %i', (seed) => {
    const pair = new Pair(seed);
    const taken: string[] = [];
    for (let i = 0; i < STEPS; i++) {
      taken.push(pair.step());
      expect(pair.seen(), taken.slice(-8).join('\n')).toEqual(pair.expected());
    }
    // The run met interrupts in earnest.
    expect(taken.filter((step) => /^acknowledge .*: (?!102[23])\d+$/.test(step)).length).toBeGreaterThan(40);
  });
});
