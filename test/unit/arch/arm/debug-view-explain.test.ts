// What `why` says of exceptions that the fault zoo does not have: old ones, changed registers, Hyp mode's, and nonsense.
import { describe, expect, it } from 'vitest';
import { armDebugView as view } from '../../../../src/arch/arm/debug-view/index.ts';
import { memoryOperand, operandValues, touches } from '../../../../src/arch/arm/debug-view/operands.ts';
import { ABORT, TRAP } from '../../../../src/arch/arm/registers.ts';
import type { DebuggedCpu, TakenException } from '../../../../src/cpu/isa/debug-view.ts';
import { debuggedCpu, explainContext, whyOf } from '../../../support/arm/debugged.ts';
import { Random } from '../../../support/boot/random.ts';
import { HVC, MASKED, mcr, mrc, SELF, SMC, SVC, SystemMachine, USR, WFI } from './system-machine.ts';

const LDR_R0_R1 = 0xe5910000;
const LDRT_R0_R1 = 0xe4b10000;
const MOV_R1_0 = 0xe3a01000;
const TABLES = 0x10000;
const HVBAR = 0x8000;
const SECTION = { ALL: 0xc02, KERNEL: 0x402 };

/** The first MiB to itself, the second one for PL1 only; loops at the vectors. */
function machineOf(kind: 'svc' | 'hyp' = 'svc'): SystemMachine {
  const machine = new SystemMachine(kind);
  for (let vector = 0; vector < 0x20; vector += 4) machine.code(vector, [SELF]).code(HVBAR + vector, [SELF]);
  machine.code(TABLES, [SECTION.ALL, SECTION.KERNEL]);
  machine.setCp15(0, 2, 0, 0, TABLES).setCp15(0, 2, 0, 2, 0).setCp15(0, 3, 0, 0, 1).setCp15(0, 1, 0, 0, 0x00c50079);
  return kind === 'svc' ? machine : machine.setCp15(4, 12, 0, 0, HVBAR);
}

const ran = (machine: SystemMachine, words: readonly number[], cpsr: number, steps = words.length): SystemMachine =>
  machine
    .code(0x1000, [...words, SELF])
    .at(0x1000, cpsr)
    .run(steps);
const linesOf = (machine: SystemMachine): string => whyOf(machine).lines.join('\n');

describe('why', () => {
  it('leaves operands out when they have changed since', () => {
    const machine = machineOf().code(0x10, [MOV_R1_0, SELF]).setReg(1, 0x300000);
    expect(linesOf(ran(machine, [LDR_R0_R1], MASKED.SVC, 1))).toContain('r1 = 0x00300000 is no pointer to anything');
    const lines = linesOf(machine.run(1));
    expect(lines).toContain('ldr r0, [r1]   (its registers have changed since)');
    expect(lines).not.toContain('NULL');
  });

  it('says that tables have changed since', () => {
    const machine = ran(machineOf().setReg(1, 0x300000), [LDR_R0_R1], MASKED.SVC);
    machine.code(TABLES + 12, [0x300000 | SECTION.ALL]);
    const lines = linesOf(machine);
    expect(lines).toContain('the tables say otherwise by now: they lead to 0x00300000');
    expect(lines).toContain('mapped when it is first touched');
  });

  it('takes a page whose domain is shut by now for one that was mapped since', () => {
    const machine = ran(machineOf().setReg(1, 0x300000), [LDR_R0_R1], MASKED.SVC);
    machine.code(TABLES + 12, [0x300000 | SECTION.ALL | (3 << 5)]);
    expect(linesOf(machine)).toContain('mapped when it is first touched');
  });

  it('says of an old exception what its code says', () => {
    const machine = ran(machineOf().setReg(1, 0x300000), [LDR_R0_R1], USR);
    const cpu = debuggedCpu(machine);
    const [exception] = cpu.exceptions() as [TakenException];
    const { title, lines } = view.explain(cpu, exception, false, explainContext(cpu));
    expect(title).toBe('data abort on load, 0x00300000');
    expect(lines).toContain('other exceptions came after it: registers and tables are not as they were');
    expect(lines.join('\n')).not.toMatch(/r1 =|taken from/);
  });

  it('takes a call of firmware for nothing that has changed registers of exceptions', () => {
    const machine = machineOf('hyp').code(0x10, [SMC, SELF]).setReg(1, 0x300000);
    const cpu = debuggedCpu(ran(machine, [LDR_R0_R1], MASKED.SVC, 3));
    const taken = cpu.exceptions();
    expect(taken.map(view.exceptionName)).toEqual(['secure monitor call', 'data abort on load']);
    expect(view.explain(cpu, taken[1]!, false, explainContext(cpu)).lines.join('\n')).toContain('r1 = 0x00300000');
    expect(view.explain(cpu, taken[0]!, true, explainContext(cpu)).lines).toEqual([
      'smc #0',
      'answered by the firmware (PSCI)',
    ]);
  });

  it('finds out by whose rights an old access was refused', () => {
    const machine = ran(machineOf().setReg(1, 0x100004), [LDR_R0_R1], USR);
    const cpu = debuggedCpu(machine);
    const { lines } = view.explain(cpu, cpu.exceptions()[0]!, false, explainContext(cpu));
    expect(lines.join('\n')).toContain('user access to kernel memory');
  });

  it('tells accesses with user rights from those of user mode', () => {
    const of = (word: number, cpsr: number): string => linesOf(ran(machineOf().setReg(1, 0x100004), [word], cpsr));
    expect(of(LDRT_R0_R1, MASKED.SVC)).toContain('an access with user rights (ldrt, strt) to kernel memory');
    expect(of(LDR_R0_R1, USR)).toContain('user access to kernel memory');
  });

  it('names what Hyp mode traps, and by which control', () => {
    const under = (hcr: number, hstr: number, word: number): ReturnType<typeof whyOf> =>
      whyOf(ran(machineOf('hyp').setCp15(4, 1, 1, 0, hcr).setCp15(4, 1, 1, 3, hstr), [word], MASKED.SVC));
    const sctlr = under(1 << 26, 0, mcr(0, 0, 1, 0, 0));
    expect(sctlr.title).toBe('trap to Hyp mode: mcr of SCTLR');
    expect(sctlr.lines.join('\n')).toContain('trapped by HCR.TVM');
    expect(under(0, 1 << 13, mrc(0, 0, 13, 0, 1)).lines.join('\n')).toContain(
      'mrc of CONTEXTIDR is trapped by HSTR.T13',
    );
    expect(under(1 << 13, 0, WFI).lines.join('\n')).toContain('trapped by HCR.TWI');
    expect(under(0, 0, HVC(0x123)).title).toBe('hypervisor call #291');
  });

  it('tells faults from calls, interrupts and waits', () => {
    const isFault = (trap: number): boolean => view.isFault({ trap, pc: 0, inSlot: false, address: 0, now: 0 });
    const all = Object.entries(TRAP).filter(([, trap]) => isFault(trap));
    expect(all.map(([name]) => name)).toEqual(['UNDEFINED', 'PREFETCH_ABORT', 'DATA_ABORT', 'HYP', 'BREAKPOINT']);
    expect(isFault(TRAP.HYP | (1 << 24))).toBe(false); // WFI
    const call = whyOf(ran(machineOf().setReg(7, 4), [SVC(5)], USR));
    expect([call.title, call.lines[1]]).toEqual([
      'supervisor call #5',
      'r7 = 4: for Linux the number of the system call',
    ]);
  });

  it('knows that SMC is undefined where no firmware answers to it', () => {
    const { title, lines } = whyOf(ran(machineOf(), [SMC], MASKED.SVC));
    expect(title).toBe('undefined instruction, 0xe1600070');
    expect(lines.join('\n')).toContain('PSCI by the wrong conduit');
  });

  it('finds vectors that are not there', () => {
    const machine = machineOf().setCp15(0, 12, 0, 0, 0x700000).setReg(1, 0x300000);
    const { title, lines } = whyOf(ran(machine, [LDR_R0_R1], USR, 3));
    expect(title).toBe('prefetch abort, 0x0070000c');
    expect(lines.join('\n')).toContain(
      'an exception came, and there are no handlers: the vectors are at VBAR 0x00700000',
    );
    expect(lines).toContain("taken from abt (A32) to abt, inside of another exception's handler");
  });

  it("speaks of Hyp mode's own pages as such", () => {
    const STR_R0_R1 = 0xe5810000;
    const machine = machineOf('hyp').code(0x20000, [0x21003, 0]).code(0x21000, [0x741, 0, 0x7c1, 0]);
    machine.setCp15Pair(4, 2, 0x20000n).setCp15(4, 1, 0, 0, 0x30c50879).setReg(1, 0x200000);
    const { lines } = whyOf(ran(machine, [STR_R0_R1], MASKED.HYP));
    expect(lines[1]).toBe('write of 0x00200000: permission fault, level 2: PL2 write, AP[2:1]=11 gives PL2 r');
    expect(lines).toContain('likely: a write to read-only memory');
  });

  it('takes a push below 0 for a stack pointer that was never set', () => {
    const PUSH_R0_LR = 0xe92d4001;
    const { title, lines } = whyOf(ran(machineOf(), [PUSH_R0_LR], MASKED.SVC));
    expect(title).toBe('data abort on store, 0xfffffff8');
    expect(lines.join('\n')).toContain('a stack pointer that was never set: sp = 0x00000000');
  });

  it('tells the second half of an instruction from the first', () => {
    const machine = machineOf()
      .halfwords(0xffffe, [0xf8d1])
      .at(0xffffe, USR | 0x20);
    const { title, lines } = whyOf(machine.run(1));
    expect(title).toBe('prefetch abort, 0x00100000');
    expect(lines).toContain('the second half of the instruction at 0x000ffffe');
  });

  it('bears whatever a guest can be in', () => {
    const random = new Random(5);
    const kinds = Object.values(TRAP);
    const machines = [machineOf(), machineOf('hyp')];
    for (let i = 0; i < 6000; i++) {
      const real = debuggedCpu(machines[i & 1]!);
      const wild = random.below(2) === 0;
      const cpu: DebuggedCpu = {
        ...real,
        bank: (name, index) => (wild && name !== 'cpsr' ? random.u32() : real.bank(name, index)),
        physicalWord: (address) => (wild ? random.u32() : real.physicalWord(address)),
      };
      const trap = random.below(2) === 0 ? random.u32() : (random.u32() & 0xffff0) | kinds[random.below(kinds.length)]!;
      const exception = { trap: trap >>> 0, pc: random.u32(), inSlot: false, address: random.u32(), now: 0 };
      const word = random.below(3) === 0 ? null : random.u32();
      const context = {
        ...explainContext(real),
        word: () => word,
        symbolize: () => (random.below(2) === 0 ? null : 'name+0x10'),
      };
      const { title, lines } = view.explain(cpu, exception, random.below(2) === 0, context);
      for (const line of [title, ...lines, view.exceptionName(exception), view.mode(cpu), ...view.interrupts(cpu)])
        expect(line).not.toMatch(/undefined(?! instruction)|NaN|null|\[object|\n/);
    }
  });
});

describe('names of exceptions', () => {
  it.each([
    [TRAP.DATA_ABORT, 'data abort on load'],
    [TRAP.DATA_ABORT | ABORT.WRITE, 'data abort on store'],
    [TRAP.DATA_ABORT | ABORT.WRITE | ABORT.MAINTENANCE, 'data abort on a maintenance operation'],
    [TRAP.PREFETCH_ABORT | ABORT.STAGE2 | ABORT.LONG, 'stage 2 prefetch abort'],
    [TRAP.DATA_ABORT | (1 << 24), 'virtual asynchronous abort'],
    [TRAP.VIRQ, 'virtual IRQ'],
    [0, 'exception 0x0'],
  ])('%#x is a %s', (trap, name) => {
    expect(view.exceptionName({ trap, pc: 0, inSlot: false, address: 0, now: 0 })).toBe(name);
  });
});

describe('operands', () => {
  const read = (number: number): number => (number === 15 ? 0x1008 : 0x1000 * number);

  it.each([
    ['ldr r0, [r1, #16]', 'r1 = 0x00001000'],
    ['str r0, [r1, r2, lsl #2]!', 'r0 = 0x00000000, r1 = 0x00001000, r2 = 0x00002000'],
    ['push {r0, r1, lr}', 'sp = 0x0000d000'],
    ['ldm r4!, {r0, r1}', 'r4 = 0x00004000'],
    ['strex r0, r1, [r2]', 'r1 = 0x00001000, r2 = 0x00002000'],
    ['blx r3', 'r3 = 0x00003000'],
    ['mrc p15, #0, r0, c1, c0, #0', ''],
    ['vldr d0, [r5, #8]', 'r5 = 0x00005000'],
    ['add r0, r1, r2', 'r1 = 0x00001000, r2 = 0x00002000'],
    ['nop', ''],
  ])('of %s', (text, values) => {
    expect(operandValues(text, read)).toBe(values);
  });

  it.each([
    ['ldr r0, [r1, #-16]', 0xff0, 4],
    ['ldr r0, [r1, -r2]', 0xfffff000, 4],
    ['ldr r0, [r1, r2, lsl #2]', 0x9000, 4],
    ['ldr r0, [r1, -r2, asr #3]', 0xc00, 4],
    ['ldr r0, [r1], #4', 0x1000, 4],
    ['ldr r0, [pc, #16]', 0x1018, 4],
    ['ldrd r2, r3, [r1, #8]', 0x1008, 8],
    ['push {r0, r1, lr}', 0xcff4, 12],
    ['pop {r4, pc}', 0xd000, 8],
    ['stmda r1, {r2, r3}', 0xffc, 8],
    ['ldmib r1, {r2, r3}', 0x1004, 8],
    ['vpush {d8, d9}', 0xcff0, 16],
    ['vld1.8 {d0}, [r1:64]!', 0x1000, 64],
  ])('%s goes to %#x', (text, address, length) => {
    const operand = memoryOperand(text, read)!;
    expect([operand.address, operand.length]).toEqual([address, length]);
    expect([touches(operand, address), touches(operand, address + length - 1)]).toEqual([true, true]);
    expect([touches(operand, (address - 1) >>> 0), touches(operand, (address + length) >>> 0)]).toEqual([false, false]);
  });

  it('are not there where nobody knows the registers', () => {
    expect(memoryOperand('ldr r0, [r1]', () => null)).toBeNull();
    expect(memoryOperand('add r0, r1, r2', read)).toBeNull();
    expect(operandValues('ldr r0, [r1]', () => null)).toBe('');
  });
});
