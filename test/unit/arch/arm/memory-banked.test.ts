// LDM and STM of user-mode registers from privileged modes (ARM DDI 0406C: B9.3.6, B9.3.17).
import { describe, expect, it } from 'vitest';
import { ArmEmitter } from '../../../../src/arch/arm/emitter.ts';
import { MEMORY_A32_ROWS } from '../../../../src/arch/arm/insns/memory-a32.ts';
import { BANKS, MODE, MODE_BANK } from '../../../../src/arch/arm/registers.ts';
import { Decoders } from '../../../../src/cpu/isa/decoder.ts';
import { rawFields } from '../../../../src/cpu/isa/insn.ts';
import { layOutBanks } from '../../../../src/cpu/isa/register-file.ts';
import { StatementRunner } from '../../../support/arm/evaluator.ts';

const BASE = 0x1000;
const decoders = new Decoders(MEMORY_A32_ROWS, true);
const { banks, end } = layOutBanks(BANKS, 64, 16);

/** r13 and r14 of user mode are 0x1d and 0x1e, its r8 to r12 in FIQ mode 0x28 to 0x2c, and the current mode's registers 0x100 and on. */
class Machine {
  readonly words = new Map<number, number>();
  private readonly state = new DataView(new ArrayBuffer(end));
  private readonly runner = new StatementRunner(
    banks,
    this.state,
    {
      load: (_width, _signed, address) => this.words.get(address) ?? 0,
      store: (_width, address, value) => void this.words.set(address, value),
    },
    () => undefined,
  );

  constructor(mode: number) {
    this.set('cpsr', 0, mode);
    for (let i = 0; i < 15; i++) this.set('gpr', i, 0x100 + i);
    this.set('bankedSp', MODE_BANK.USR, 0x1d);
    this.set('bankedLr', MODE_BANK.USR, 0x1e);
    for (let i = 0; i < 5; i++) this.set('bankedHigh', 5 + i, 0x28 + i);
  }

  get(bank: string, index: number): number {
    return this.state.getInt32(banks[bank]!.offset + 4 * index, true);
  }
  set(bank: string, index: number, value: number): void {
    this.state.setInt32(banks[bank]!.offset + 4 * index, value, true);
  }

  run(word: number): void {
    const row = decoders.words.decode(word)!;
    const fields = rawFields(row, word);
    const emitter = new ArmEmitter(banks);
    const operands = Object.keys(fields).map((name) => [name, { op: 'field', type: 'i32', name } as unknown as number]);
    (row.variants?.pick(fields, 0) ?? row).build(emitter, Object.fromEntries(operands) as Record<string, number>);
    const results = { before: null, depth: 0, parameters: [], results: [], target: null, returned: null };
    const activation = { ...results, fields, pc: 0x8000, size: 4 };
    this.runner.begin(activation);
    this.runner.compile(emitter.statements)(activation);
  }
}

const stored = ({ words }: Machine, from: number, count: number): (number | undefined)[] =>
  Array.from({ length: count }, (_, i) => words.get(from + 4 * i));

describe('STM of user registers', () => {
  it('takes SP and LR from their banks', () => {
    const machine = new Machine(MODE.SVC);
    machine.set('gpr', 0, BASE);
    machine.run(0xe9406000); // stmdb r0, {sp, lr}^
    expect(stored(machine, BASE - 8, 2)).toEqual([0x1d, 0x1e]);
    expect(machine.get('gpr', 0)).toBe(BASE);
  });

  it('takes r8 to r12 from theirs in FIQ mode only, and R15 as an operand', () => {
    const registers = (mode: number): (number | undefined)[] => {
      const machine = new Machine(mode);
      machine.set('gpr', 0, BASE);
      machine.run(0xe8c0b182); // stm r0, {r1, r7, r8, r12, sp, pc}^
      return stored(machine, BASE, 6);
    };
    expect(registers(MODE.IRQ)).toEqual([0x101, 0x107, 0x108, 0x10c, 0x1d, 0x8008]);
    expect(registers(MODE.FIQ)).toEqual([0x101, 0x107, 0x28, 0x2c, 0x1d, 0x8008]);
  });
});

describe('LDM of user registers', () => {
  it('leaves the current mode its SP and LR', () => {
    const machine = new Machine(MODE.SVC);
    machine.set('gpr', 13, BASE);
    for (let i = 0; i < 14; i++) machine.words.set(BASE - 56 + 4 * i, i + 1);
    machine.run(0xe95d7ffe); // ldmdb sp, {r1-lr}^
    expect(Array.from({ length: 13 }, (_, i) => machine.get('gpr', i))).toEqual([
      0x100, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12,
    ]);
    expect([machine.get('gpr', 13), machine.get('gpr', 14)]).toEqual([BASE, 0x10e]);
    expect([machine.get('bankedSp', MODE_BANK.USR), machine.get('bankedLr', MODE_BANK.USR)]).toEqual([13, 14]);
  });

  it('puts r8 to r12 into their bank in FIQ mode', () => {
    const machine = new Machine(MODE.FIQ);
    machine.set('gpr', 0, BASE);
    [1, 2, 3].forEach((value, i) => void machine.words.set(BASE + 4 * i, value));
    machine.run(0xe8d01102 | 0x80); // ldm r0, {r1, r7, r8, r12}^
    machine.words.set(BASE + 12, 4);
    expect([machine.get('gpr', 1), machine.get('gpr', 7), machine.get('gpr', 8)]).toEqual([1, 2, 0x108]);
    expect([machine.get('bankedHigh', 5), machine.get('bankedHigh', 9)]).toEqual([3, 0]);
  });

  it.each([MODE.USR, MODE.SYS, MODE.HYP])('is undefined in mode 0x%s', (mode) => {
    expect(() => new Machine(mode).run(0xe8d00002)).toThrow();
  });
});
