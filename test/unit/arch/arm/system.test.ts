// Modes, exceptions and their returns on the engine (ARM DDI 0406C: B1.3, B1.8, B1.9, B9.3).
import { describe, expect, it } from 'vitest';
import {
  ERET,
  HVC,
  MASKED,
  MOVS_PC_LR,
  mov,
  mrs,
  msr,
  NOP,
  SELF,
  SMC,
  SUBS_PC_LR_4,
  SVC,
  SystemMachine,
  UDF,
  USR,
} from './system-machine.ts';

/** Words of struct kvm_regs. */
const R = {
  SP: 13,
  LR: 14,
  SP_SVC: 18,
  LR_SVC: 19,
  SPSR_SVC: 20,
  LR_ABT: 22,
  LR_UND: 25,
  SPSR_UND: 26,
  SP_IRQ: 27,
  LR_IRQ: 28,
  SPSR_IRQ: 29,
  R8_FIQ: 30,
  ELR_HYP: 39,
  SPSR_HYP: 40,
};
const NZCV = 0xf0000000;

describe('the program status registers', () => {
  it('are read without T, J and IT, and written by fields', () => {
    const machine = new SystemMachine('svc')
      .code(0x1000, [mrs(0), msr(8, 1), mrs(2), msr(4, 1), mrs(3), SELF])
      .at(0x1000, MASKED.SVC)
      .setReg(1, 0xffffffff)
      .run(6);
    expect(machine.reg(0)).toBe(MASKED.SVC);
    expect(machine.reg(2)).toBe((0xf8000000 | MASKED.SVC) >>> 0);
    expect(machine.reg(3)).toBe((0xf80f0000 | MASKED.SVC) >>> 0);
  });

  it('let User mode change flags and byte order only', () => {
    const machine = new SystemMachine('svc')
      .code(0x1000, [msr(15, 1), mrs(0), SELF])
      .at(0x1000, USR)
      .setReg(1, 0xf00001d3)
      .run(3);
    expect(machine.reg(0)).toBe((NZCV | USR) >>> 0);
  });

  it('bank SP and LR, and R8 to R12 for FIQ mode', () => {
    const program = [];
    for (const mode of [0x11, 0x12, 0x17, 0x1b, 0x1f])
      program.push(mov(0, 0xc0 | mode), msr(1, 0), mov(8, mode), mov(13, mode), mov(14, mode + 1));
    const machine = new SystemMachine('svc').code(0x1000, [...program, SELF]).at(0x1000, MASKED.SVC);
    machine.setReg(R.SP_SVC, 0x13).run(program.length + 1);
    expect(machine.cpsr).toBe(0x1df);
    expect([17, 18, 19].map((n) => machine.reg(n))).toEqual([0, 0x13, 0]);
    expect([R.SP, R.LR, 8].map((n) => machine.reg(n))).toEqual([0x1f, 0x20, 0x1f]);
    expect([R.R8_FIQ, 35, 36].map((n) => machine.reg(n))).toEqual([0x11, 0x11, 0x12]);
    expect([R.SP_IRQ, R.LR_IRQ].map((n) => machine.reg(n))).toEqual([0x12, 0x13]);
    expect([21, 22, 24, 25].map((n) => machine.reg(n))).toEqual([0x17, 0x18, 0x1b, 0x1c]);
  });

  it('refuse modes that there are not, and Hyp mode', () => {
    const machine = new SystemMachine('hyp')
      .code(0x1000, [mov(0, 0xda), msr(1, 0), mrs(1), mov(0, 0xd6), msr(1, 0), mrs(2), SELF])
      .at(0x1000, MASKED.SVC)
      .run(7);
    expect([machine.reg(1), machine.reg(2)]).toEqual([MASKED.SVC, MASKED.SVC]);
  });

  it('change masks by CPS, in privileged modes only', () => {
    const [cpsie, cpsid, cpsMode] = [0xf10801c0, 0xf10c0080, 0xf1020011];
    const machine = new SystemMachine('svc')
      .code(0x1000, [cpsie, mrs(0), cpsid, mrs(1), cpsMode, mrs(2), SELF])
      .code(0x2000, [cpsid, mrs(0), SELF])
      .at(0x1000, MASKED.SVC)
      .run(7);
    expect([0, 1, 2].map((n) => machine.reg(n))).toEqual([0x13, 0x93, 0x91]);
    expect(machine.at(0x2000, USR).run(3).reg(0)).toBe(USR);
  });
});

describe('exceptions', () => {
  it('are entered with LR and SPSR, and returned from', () => {
    const machine = new SystemMachine('svc')
      .code(0x0004, [MOVS_PC_LR, MOVS_PC_LR]) // undefined, SVC
      .code(0x1000, [SVC(5), UDF, mov(0, 7), SELF])
      .at(0x1000, (USR | 0x60000000) >>> 0)
      .run(6);
    expect(machine.pc).toBe(0x100c);
    expect(machine.reg(0)).toBe(7);
    expect(machine.cpsr).toBe(0x60000010);
    expect([R.LR_SVC, R.SPSR_SVC, R.LR_UND, R.SPSR_UND].map((n) => machine.reg(n))).toEqual([
      0x1004, 0x60000010, 0x1008, 0x60000010,
    ]);
  });

  it('go to VBAR, or to the high vectors', () => {
    const machine = new SystemMachine('svc').code(0x1000, [SVC(0)]).code(0x8008, [SELF]);
    machine.setCp15(0, 12, 0, 0, 0x8000).at(0x1000, USR).run(2);
    expect([machine.pc, machine.cpsr]).toEqual([0x8008, 0x93]);
    machine
      .setCp15(0, 1, 0, 0, machine.cp15(0, 1, 0, 0) | (1 << 13))
      .at(0x1000, USR)
      .run(1);
    expect(machine.pc).toBe(0xffff0008);
  });

  it('leave T32 with its addresses, T and ITSTATE', () => {
    const machine = new SystemMachine('svc')
      .code(0x0008, [SELF])
      .halfwords(0x1000, [0xbf08, 0xdf05, 0xbf00]) // it eq; svceq
      .at(0x1000, (USR | 0x40000020) >>> 0)
      .run(3);
    expect(machine.reg(R.LR_SVC)).toBe(0x1004);
    expect(machine.reg(R.SPSR_SVC)).toBe(0x40000030);
    const block = new SystemMachine('svc')
      .code(0x0004, [SELF])
      .halfwords(0x1000, [0xbf04, 0xde00, 0xbf00]) // itt eq; udfeq; nopeq
      .at(0x1000, (USR | 0x40000020) >>> 0)
      .run(3);
    expect(block.reg(R.LR_UND)).toBe(0x1004);
    expect(block.reg(R.SPSR_UND)).toBe(0x40000430);
  });

  it('return into an IT block', () => {
    const machine = new SystemMachine('svc')
      .code(0x0008, [MOVS_PC_LR])
      .halfwords(0x1000, [0xbf04, 0xdf00, 0x2007, 0x2108, 0xe7fe]) // itt eq; svceq; moveq r0, #7; movs r1, #8
      .at(0x1000, (USR | 0x40000020) >>> 0)
      .run(6);
    expect(machine.reg(0)).toBe(7);
    expect(machine.reg(1)).toBe(8);
    expect(machine.cpsr & NZCV).toBe(0);
  });

  it('take an interrupt between instructions, and mask further ones', () => {
    const machine = new SystemMachine('svc')
      .code(0x0018, [SUBS_PC_LR_4])
      .code(0x1000, [NOP, NOP, SELF])
      .at(0x1000, 0x113)
      .run(1);
    machine.vcpu.interrupt({ cpu: -1, irq: 1 });
    machine.vcpu.enter(machine.vm.clock.now);
    expect([machine.pc, machine.cpsr]).toEqual([0x18, 0x192]);
    expect([machine.reg(R.LR_IRQ), machine.reg(R.SPSR_IRQ)]).toEqual([0x1008, 0x113]);
    machine.vcpu.interrupt({ cpu: -1, irq: -1 });
    machine.run(2);
    expect([machine.pc, machine.cpsr]).toEqual([0x1008, 0x113]);
  });
});

describe('Hyp mode', () => {
  it('is where the bare machine begins, and ERET leaves it', () => {
    const machine = new SystemMachine('hyp');
    expect(machine.cpsr).toBe(MASKED.HYP);
    machine
      .code(0x1000, [ERET])
      .code(0x2000, [SELF])
      .setReg(R.ELR_HYP, 0x2000)
      .setReg(R.SPSR_HYP, 0x1d3)
      .setReg(15, 0x1000)
      .run(2);
    expect([machine.pc, machine.cpsr]).toEqual([0x2000, 0x1d3]);
  });

  it('is called by HVC', () => {
    const machine = new SystemMachine('hyp').code(0x1000, [HVC(0x1234)]).code(0x8014, [SELF]);
    machine.setCp15(4, 12, 0, 0, 0x8000).at(0x1000, 0x1d3).run(2);
    expect([machine.pc, machine.cpsr]).toEqual([0x8014, MASKED.HYP]);
    expect(machine.cp15(4, 5, 2, 0)).toBe((0x12 << 26) | (1 << 25) | 0x1234 | 0);
    expect([machine.reg(R.ELR_HYP), machine.reg(R.SPSR_HYP)]).toEqual([0x1004, 0x1d3]);
  });

  it('is not there for a guest of KVM', () => {
    const machine = new SystemMachine('svc').code(0x0004, [SELF]).code(0x1000, [SMC]);
    machine.at(0x1000, MASKED.SVC).run(2);
    expect(machine.pc).toBe(4);
  });
});
