// Register sequences for the paravirt interrupt controller, judged by a model of 64-bit masks (reference MIPS.md B3).
import type { DeviceState } from '../../../../src/devices/device.ts';
import { ParavirtIrqchip } from '../../../../src/devices/irqchip/paravirt.ts';
import { FakeLine } from '../fakes.ts';
import type { CaseResult } from './case.ts';
import type { Choice } from './choice.ts';
import { Violation } from './watched.ts';

const ALL = 8;
const LINES = 0xffff_ffff_ffff_fe00n;
const RAW = 0x08;
const PER_CPU = 0x20;
const END = PER_CPU + 0x20 * ALL;
const WORD = 0xffff_ffffn;

class Model {
  raw = 0n;
  readonly enabled = new Array<bigint>(ALL).fill(0n);

  read(offset: number, length: number): number {
    if (length < 4 || offset % 4 !== 0 || offset >= END) return 0;
    if (offset < RAW) return offset === 0 ? 64 : ALL;
    const [mask] = this.at(offset);
    return Number((mask >> BigInt(8 * (offset & 4))) & WORD);
  }

  write(offset: number, length: number, value: number): void {
    if (length < 4 || offset % 4 !== 0 || offset < RAW || offset >= END) return;
    const [mask, how, set] = this.at(offset);
    const shift = BigInt(8 * (offset & 4));
    const bits = (BigInt(value >>> 0) << shift) & LINES;
    if (how === 'plain') set((mask & ~(WORD << shift)) | bits);
    else if (how === 'set') set(mask | bits);
    else if (how === 'clear') set(mask & ~bits);
  }

  line(irq: number, level: boolean): void {
    const bit = (1n << BigInt(irq)) & LINES;
    this.raw = level ? this.raw | bit : this.raw & ~bit;
  }

  output(cpu: number): boolean {
    return (this.raw & this.enabled[cpu]!) !== 0n;
  }

  /** What an offset shows, what writing there does, and where the result goes. */
  private at(offset: number): [bigint, 'plain' | 'set' | 'clear' | 'nothing', (mask: bigint) => void] {
    const toRaw = (mask: bigint): void => {
      this.raw = mask;
    };
    if (offset < PER_CPU) return [this.raw, (['plain', 'set', 'clear'] as const)[(offset - RAW) >> 3]!, toRaw];
    const cpu = (offset - PER_CPU) >> 5;
    const way = ((offset - PER_CPU) & 0x1f) >> 3;
    const enabled = this.enabled[cpu]!;
    if (way === 0) return [this.raw & enabled, 'nothing', () => {}];
    const toCpu = (mask: bigint): void => {
      this.enabled[cpu] = mask;
    };
    return [enabled, (['plain', 'set', 'clear'] as const)[way - 1]!, toCpu];
  }
}

/** Throws Violation. */
export function runIrqchipCase(choice: Choice, trace: ((line: string) => void) | null): CaseResult {
  const cpus = 1 + choice.below(ALL);
  const outputs = Array.from({ length: cpus }, () => new FakeLine());
  const lines = new Set<string>();
  const create = (): ParavirtIrqchip =>
    new ParavirtIrqchip({ cpus, output: (cpu) => outputs[cpu]!, misuse: (what) => lines.add(what) });
  let chip = create();
  let model = new Model();
  const actions = 20 + choice.below(60);
  let twice = false;
  let raised = 0;
  for (let i = 0; i < actions; i++) {
    const dice = choice.below(100);
    try {
      if (dice < 55) write(chip, model, choice, trace);
      else if (dice < 80) {
        const irq = choice.oneIn(20) ? choice.pick([-1, 64, 1000, 0.5]) : choice.below(64);
        const level = choice.oneIn(2);
        trace?.(`line ${irq} ${level ? 'up' : 'down'}`);
        const there = Number.isInteger(irq) && irq >= 0 && irq < 64;
        if (chip.setLine(irq, level) !== there) throw new Violation(`line ${irq} is ${there ? 'not ' : ''}there`);
        if (there) model.line(irq, level);
      } else if (dice < 97) read(chip, model, choice);
      else if (dice < 99) {
        trace?.('saved and restored');
        const state = JSON.parse(JSON.stringify(chip.saveState())) as DeviceState;
        chip = create();
        chip.restoreState(state);
        twice = true;
      } else {
        trace?.('reset');
        chip.reset();
        model = new Model();
      }
    } catch (error) {
      throw error instanceof Violation ? error : new Violation(`threw ${(error as Error).stack}`);
    }
    outputs.forEach(({ level }, cpu) => {
      if (level !== model.output(cpu)) throw new Violation(`output of cpu ${cpu} is ${level}`);
      if (level) raised++;
    });
  }
  return {
    title: `irqchip, ${cpus} cpus`,
    kind: 'registers',
    outcome: raised > 0 ? 'served' : 'never live',
    completed: 0,
    lines: lines.size > 0 ? ['access that no register takes'] : [],
    twice,
  };
}

function place(choice: Choice): [number, 1 | 2 | 4] {
  const length = choice.oneIn(8) ? choice.pick([1, 2] as const) : 4;
  if (choice.oneIn(12)) return [choice.below(0x1000 - length), length];
  return [4 * choice.below(END / 4), length];
}

function write(chip: ParavirtIrqchip, model: Model, choice: Choice, trace: ((line: string) => void) | null): void {
  const [offset, length] = place(choice);
  const value = choice.oneIn(2) ? (1 << choice.below(32)) >>> 0 : choice.pick([0, 0x1ff, 0xfffffe00, 0xffffffff]);
  const masked = length === 4 ? value : value & (2 ** (8 * length) - 1);
  trace?.(`write ${length} at 0x${offset.toString(16)}: 0x${masked.toString(16)}`);
  chip.write(offset, length, masked);
  model.write(offset, length, masked);
}

function read(chip: ParavirtIrqchip, model: Model, choice: Choice): void {
  const [offset, length] = place(choice);
  const value = chip.read(offset, length);
  const expected = model.read(offset, length);
  if (value !== expected)
    throw new Violation(`read of ${length} at 0x${offset.toString(16)} gave ${value}, not ${expected}`);
}
