// Performance monitors (ARM DDI 0406C: C12), the timers' registers at their borders, and the calls of PSCI that vary (ARM DEN 0022).
import { describe, expect, it } from 'vitest';
import { HVC, MASKED, mcr, mrc, NOP, SELF, SMC, SystemMachine } from './system-machine.ts';

const NS = 16;
const CODE = 0x1000;
const PPI = 23;
const SELECT = mcr(0, 0, 9, 12, 5);
const PMCR = (rt: number): number => mcr(0, rt, 9, 12, 0);
const ENABLE = (rt: number): number => mcr(0, rt, 9, 12, 1);
const READ_CYCLES = (rt: number): number => mrc(0, rt, 9, 13, 0);
const WRITE_CYCLES = (rt: number): number => mcr(0, rt, 9, 13, 0);
const OVERFLOWS = (rt: number): number => mrc(0, rt, 9, 12, 3);
const CYCLE = 0x80000000;

const machineWith = (program: readonly number[], registers: Readonly<Record<number, number>>): SystemMachine => {
  const machine = new SystemMachine('hyp').code(CODE, [...program, SELF]).at(CODE, MASKED.SVC);
  for (const [n, value] of Object.entries(registers)) machine.setReg(Number(n), value);
  return machine;
};
const run = (program: readonly number[], registers: Readonly<Record<number, number>>): SystemMachine =>
  machineWith(program, registers).run(program.length);

describe('the cycle counter', () => {
  it('counts every 64th cycle with PMCR.D, and stands while PMCR.E is not set', () => {
    const wait = Array.from({ length: 40 }, () => NOP);
    const divided = run(
      [PMCR(1), ENABLE(2), ...wait, READ_CYCLES(3), PMCR(4), READ_CYCLES(5), ...wait, READ_CYCLES(6)],
      {
        ...{ 1: 1 | 4 | 8, 2: CYCLE, 4: 8 },
      },
    );
    expect([divided.reg(3), divided.reg(5), divided.reg(6)]).toEqual([10, 11, 11]); // a write counts to its end
  });

  it('is cleared by PMCR.C, which reads as 0, and stopped by PMCNTENCLR', () => {
    const machine = run(
      [
        PMCR(1),
        ENABLE(2),
        NOP,
        PMCR(3),
        READ_CYCLES(4),
        mrc(0, 5, 9, 12, 0),
        mcr(0, 2, 9, 12, 2),
        NOP,
        READ_CYCLES(6),
        NOP,
        READ_CYCLES(7),
      ],
      { 1: 1, 2: CYCLE, 3: 1 | 4 },
    );
    expect([machine.reg(4), machine.reg(5) & 7]).toEqual([NS, 1]);
    expect(machine.reg(6)).toBe(3 * NS);
    expect(machine.reg(7)).toBe(machine.reg(6));
  });

  it('raises its line by an overflow that interrupts, until PMOVSR is cleared', () => {
    const program = [
      WRITE_CYCLES(1),
      mcr(0, 2, 9, 14, 1),
      ENABLE(2),
      PMCR(3),
      NOP,
      NOP,
      NOP,
      NOP,
      OVERFLOWS(4),
      mcr(0, 2, 9, 12, 3),
      OVERFLOWS(5),
    ];
    const machine = run(program, { 1: -3 * NS, 2: CYCLE, 3: 1 });
    expect([machine.reg(4), machine.reg(5)]).toEqual([CYCLE, 0]);
    expect(machine.lines).toEqual([
      [0, PPI, true],
      [0, PPI, false],
    ]);
  });

  it('wakes a guest that waits', () => {
    const machine = machineWith([WRITE_CYCLES(1), mcr(0, 2, 9, 14, 1), ENABLE(2), PMCR(3), 0xe320f003], {
      ...{ 1: -1000, 2: CYCLE, 3: 1 },
    }).run(5);
    expect(machine.vcpu.waiting).toBe('wait');
    expect(machine.vcpu.wakeAt).toBe(1000 + 4 * NS);
  });
});

describe('event counters', () => {
  it('count software increments, and PMCR.P clears them but not the cycles', () => {
    const program = [
      ...[SELECT, mcr(0, 6, 9, 13, 1), ENABLE(2), PMCR(3)],
      ...[mcr(0, 2, 9, 12, 4), mcr(0, 2, 9, 12, 4), mrc(0, 4, 9, 13, 2), PMCR(5), mrc(0, 7, 9, 13, 2), READ_CYCLES(8)],
    ];
    const machine = run(program, { 0: 2, 2: 0x80000004, 3: 1, 5: 3, 6: 0 });
    expect([machine.reg(4), machine.reg(7)]).toEqual([2, 0]);
    expect(machine.reg(8)).toBe(6 * NS);
  });

  it('that there are not read as zero', () => {
    expect(run([SELECT, mcr(0, 1, 9, 13, 2), mrc(0, 4, 9, 13, 2)], { 0: 30, 1: 77 }).reg(4)).toBe(0);
  });
});

describe('a timer', () => {
  it('has a signed TimerValue, and tells what it would ask though it is masked', () => {
    const machine = run(
      [
        mcr(0, 1, 14, 3, 0),
        mcr(0, 2, 14, 3, 1),
        mrc(0, 3, 14, 3, 1),
        mrc(0, 4, 14, 3, 0),
        mcr(0, 5, 14, 3, 0),
        mrc(0, 6, 14, 3, 1),
      ],
      { 1: 0, 2: 3, 5: 0x7fffffff },
    );
    expect(machine.reg(3)).toBe(7);
    expect(machine.reg(4) | 0).toBe(-3);
    expect(machine.reg(6)).toBe(3);
    expect(machine.lines).toEqual([]);
  });
});

describe('PSCI', () => {
  const call = (machine: SystemMachine, word: number, ...args: number[]): number => {
    for (const [n, arg] of args.entries()) machine.setReg(n, arg);
    machine.code(CODE, [word, SELF]).setReg(15, CODE).run(1);
    expect(machine.pc).toBe(CODE + 4);
    return machine.reg(0) | 0;
  };
  const [ON, INFO, FEATURES, SUSPEND] = [0x84000003, 0x84000004, 0x8400000a, 0x84000001];

  it('tells of levels of affinity', () => {
    const machine = new SystemMachine('svc', 2).at(CODE, MASKED.SVC);
    expect([0, 1, 2, 3, 4].map((level) => call(machine, HVC(0), INFO, 1, level))).toEqual([1, 0, 0, 0, -2]);
    expect(call(machine, HVC(0), INFO, 0x100, 1)).toBe(-2);
  });

  it('has the functions that it says it has', () => {
    const machine = new SystemMachine('hyp', 2).at(CODE, MASKED.SVC);
    const known = Array.from({ length: 32 }, (_, n) => n).filter(
      (n) => call(machine, SMC, FEATURES, 0x84000000 + n) === 0,
    );
    expect(known).toEqual([0, 1, 2, 3, 4, 6, 8, 9, 10]);
    expect(call(machine, SMC, 0xc4000003, 1, 0, 0)).toBe(-1);
    expect(call(machine, SMC, 0x84000005, 1)).toBe(-1);
  });

  it.each([
    ['standby', 0],
    ['power-down', 1 << 16],
  ] as const)('suspends by %s until an interrupt', (_, state) => {
    const machine = new SystemMachine('svc').at(CODE, MASKED.SVC);
    expect(call(machine, HVC(0), SUSPEND, state, 0x9000, 5)).toBe(0);
    machine.vcpu.enter(machine.vm.clock.now + 10 * NS);
    expect(machine.vcpu.waiting).toBe('wait');
    machine.vcpu.interrupt({ cpu: -1, irq: 1 });
    machine.run(1);
    expect([machine.pc, machine.reg(0)]).toEqual([CODE + 4, 0]);
  });

  it('starts a vCPU with the byte order of the caller, in T32 where bit 0 says so', () => {
    const machine = new SystemMachine('hyp', 2).at(CODE, MASKED.HYP | 0x200);
    expect(call(machine, SMC, ON, 1, 0x2001, 0x1234)).toBe(0);
    const second = machine.vcpus[1]!;
    machine.on(second).halfwords(0x2000, [0xe7fe]);
    machine.run(1);
    expect([machine.pc, machine.cpsr, machine.reg(0)]).toEqual([0x2000, MASKED.HYP | 0x220, 0x1234]);
    expect(machine.cp15(0, 1, 0, 0) & (1 << 25)).not.toBe(0);
    expect(machine.cp15(4, 1, 0, 0) & (1 << 25)).not.toBe(0);
  });
});
