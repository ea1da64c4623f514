// Timers, interrupts, waits and PSCI (ARM DDI 0406C: B1.8.13, B1.9.10 to B1.9.13, B8; ARM DEN 0022).
import { describe, expect, it } from 'vitest';
import { ExitReason } from '../../../../src/kvm/constants.ts';
import {
  GIC,
  HVC,
  MASKED,
  mcr,
  mcrr,
  mov,
  mrc,
  mrrc,
  NOP,
  SELF,
  SEV,
  SMC,
  SystemMachine,
  WFE,
  WFI,
} from './system-machine.ts';

const NS = 16; // an instruction, and a tick of the counter
const R0_RESULT = 0;
const R_ELR_HYP = 39;

function interrupt(machine: SystemMachine, irq: number): SystemMachine {
  machine.vcpu.interrupt({ cpu: -1, irq });
  return machine;
}

/** Where the guest is before its next instruction, interrupts taken. */
function place(machine: SystemMachine): number {
  machine.vcpu.enter(machine.vm.clock.now);
  return machine.pc;
}

describe('the counters', () => {
  it('go on with guest time, the virtual one by its offset', () => {
    const machine = new SystemMachine('hyp')
      .code(0x1000, [mrrc(0, 0, 1, 14), mrrc(1, 2, 3, 14), mrrc(0, 4, 5, 14), SELF])
      .setCp15Pair(4, 14, 0x100000000n)
      .at(0x1000, MASKED.SVC)
      .run(4);
    expect([0, 1, 2, 3, 4, 5].map((n) => machine.reg(n))).toEqual([1, 0, 2, 0xffffffff, 3, 0]);
  });

  it('are what KVM_REG_ARM_TIMER_CNT sets', () => {
    const machine = new SystemMachine('svc').code(0x1000, [mrrc(1, 0, 1, 14), SELF]);
    machine.setCp15Pair(1, 14, 0x500000000n).at(0x1000, MASKED.SVC).run(2);
    expect([machine.reg(0), machine.reg(1)]).toEqual([1, 5]);
  });
});

describe('the timers', () => {
  const [PHYSICAL, VIRTUAL, HYP] = [2, 3, 2];

  it.each([
    ['physical', 0, PHYSICAL, 30, MASKED.SVC],
    ['virtual', 0, VIRTUAL, 27, MASKED.SVC],
    ["Hyp mode's", 4, HYP, 26, MASKED.HYP],
  ] as const)('%s: raises its line at the tick, and lowers it when it is masked', (_, opc1, crm, line, cpsr) => {
    const machine = new SystemMachine('hyp')
      .code(0x1000, [mcr(opc1, 1, 14, crm, 0), mcr(opc1, 2, 14, crm, 1), mrc(opc1, 3, 14, crm, 1), NOP, NOP, NOP])
      .code(0x1018, [NOP, NOP, mrc(opc1, 4, 14, crm, 1), mrc(opc1, 5, 14, crm, 0), mcr(opc1, 6, 14, crm, 1), NOP, SELF])
      .setReg(1, 7) // at tick 8
      .setReg(2, 1)
      .setReg(6, 3)
      .at(0x1000, cpsr)
      .run(7);
    expect(machine.lines).toEqual([]);
    machine.run(1);
    machine.vcpu.enter(machine.vm.clock.now);
    expect(machine.lines).toEqual([[0, line, true]]);
    machine.run(5);
    expect([3, 4, 5].map((n) => machine.reg(n))).toEqual([1, 5, 0xfffffffe]);
    expect(machine.lines).toEqual([
      [0, line, true],
      [0, line, false],
    ]);
  });

  it('compare all 64 bits', () => {
    const machine = new SystemMachine('svc')
      .code(0x1000, [mcrr(3, 0, 1, 14), mcr(0, 1, 14, 3, 1), mrrc(3, 2, 3, 14), SELF])
      .setReg(0, 0)
      .setReg(1, 1)
      .at(0x1000, MASKED.SVC)
      .run(50);
    expect(machine.lines).toEqual([]);
    expect([machine.reg(2), machine.reg(3)]).toEqual([0, 1]);
  });

  it('wake a guest that waits at their very instant', () => {
    const machine = new SystemMachine('svc')
      .code(0x1000, [mcr(0, 1, 14, 3, 0), mcr(0, 2, 14, 3, 1), WFI, SELF])
      .setReg(1, 1000)
      .setReg(2, 1)
      .at(0x1000, MASKED.SVC)
      .run(5000);
    expect(machine.vcpu.waiting).toBe('wait');
    expect(machine.vcpu.wakeAt).toBe(1001 * NS);
    machine.vm.clock.skipTo(machine.vcpu.wakeAt);
    machine.vcpu.enter(machine.vm.clock.now);
    expect(machine.lines).toEqual([[0, 27, true]]);
    expect(machine.vcpu.waiting).toBe('wait'); // until the interrupt controller says so
    interrupt(machine, 1).run(1);
    expect(machine.vcpu.waiting).not.toBe('wait');
  });

  it('wake a guest whose turn comes later than their instant', () => {
    const machine = new SystemMachine('svc').code(0x1000, [mcr(0, 1, 14, 3, 0), mcr(0, 2, 14, 3, 1), WFI, SELF]);
    machine.setReg(1, 100).setReg(2, 1).at(0x1000, MASKED.SVC).run(50);
    expect(machine.vcpu.runnable).toBe(false);
    machine.vm.clock.skipTo(5000 * NS);
    expect(machine.vcpu.runnable).toBe(true);
  });
});

describe('interrupts', () => {
  const HCR = { FMO: 8, IMO: 16, VF: 64, VI: 128, TGE: 1 << 27 };
  const OPEN_SVC = 0x113;
  const machineAt = (cpsr: number): SystemMachine => {
    const machine = new SystemMachine('hyp').setCp15(4, 12, 0, 0, 0x8000).setCp15(0, 12, 0, 0, 0x4000);
    return machine.code(0x1000, [NOP, SELF]).at(0x1000, cpsr);
  };
  const withHcr = (bits: number, cpsr: number): SystemMachine => machineAt(cpsr).setCp15(4, 1, 1, 0, bits);

  it('are masked by I and F', () => {
    expect(place(interrupt(machineAt(OPEN_SVC), 1))).toBe(0x4018);
    expect(place(interrupt(machineAt(OPEN_SVC | 0x80), 1))).toBe(0x1000);
    expect(place(interrupt(machineAt(OPEN_SVC), 2))).toBe(0x401c);
    expect(place(interrupt(machineAt(OPEN_SVC | 0x40), 2))).toBe(0x1000);
  });

  it('go to Hyp mode when HCR routes them, whatever masks them', () => {
    const machine = interrupt(withHcr(HCR.IMO, MASKED.SVC), 1);
    expect(place(machine)).toBe(0x8018);
    expect(machine.reg(R_ELR_HYP)).toBe(0x1000);
    expect(machine.cpsr).toBe(MASKED.HYP);
    expect(place(interrupt(withHcr(HCR.FMO, MASKED.SVC), 2))).toBe(0x801c);
    expect(place(interrupt(withHcr(HCR.IMO, MASKED.HYP), 1))).toBe(0x1000);
    expect(place(interrupt(machineAt(0x15a), 1))).toBe(0x8018); // in Hyp mode, not masked
  });

  it('of the virtual kind are there where the physical ones are routed', () => {
    expect(place(withHcr(HCR.VI, OPEN_SVC))).toBe(0x1000);
    expect(place(withHcr(HCR.VI | HCR.IMO, OPEN_SVC))).toBe(0x4018);
    expect(place(withHcr(HCR.VI | HCR.IMO, OPEN_SVC | 0x80))).toBe(0x1000);
    expect(place(withHcr(HCR.VF | HCR.FMO, OPEN_SVC))).toBe(0x401c);
    expect(place(withHcr(HCR.VI | HCR.IMO | HCR.TGE, OPEN_SVC))).toBe(0x1000);
    expect(place(interrupt(withHcr(HCR.IMO, OPEN_SVC), 3))).toBe(0x4018);
    expect(place(interrupt(withHcr(HCR.FMO, OPEN_SVC), 4))).toBe(0x401c);
    expect(place(interrupt(withHcr(HCR.IMO, 0x15a), 3))).toBe(0x1000);
  });

  it('of the virtual kind include an asynchronous abort, once', () => {
    const [VA, AMO] = [256, 32];
    const machine = withHcr(VA | AMO, OPEN_SVC & ~0x100);
    expect(place(machine)).toBe(0x4010);
    expect(machine.cp15(0, 5, 0, 0)).toBe(0x406);
    expect([machine.cp15(4, 1, 1, 0), machine.reg(22)]).toEqual([AMO, 0x1008]);
    expect(place(withHcr(VA | AMO, OPEN_SVC))).toBe(0x1000);
  });

  it('are seen in ISR', () => {
    const machine = interrupt(interrupt(machineAt(MASKED.SVC), 1), 2)
      .code(0x1000, [mrc(0, 0, 12, 1, 0), SELF])
      .run(2);
    expect(machine.reg(0)).toBe(0xc0);
    const guest = interrupt(withHcr(HCR.IMO | HCR.VI | HCR.FMO, MASKED.SVC), 4);
    expect(
      guest
        .code(0x1000, [mrc(0, 0, 12, 1, 0), SELF])
        .run(2)
        .reg(0),
    ).toBe(0xc0);
  });

  it('are taken as soon as a mask goes', () => {
    const machine = interrupt(machineAt(MASKED.SVC), 1).code(0x1000, [0xf1080080, NOP, SELF]); // cpsie i
    machine.run(1);
    expect([place(machine), machine.reg(28)]).toEqual([0x4018, 0x1008]);
  });
});

describe('waits', () => {
  it('of WFI end on an interrupt that is masked', () => {
    const machine = new SystemMachine('svc')
      .code(0x1000, [WFI, mov(0, 1), SELF])
      .at(0x1000, MASKED.SVC)
      .run(10);
    expect([machine.vcpu.waiting, machine.pc]).toEqual(['wait', 0x1004]);
    interrupt(machine, 1).run(2);
    expect(machine.reg(0)).toBe(1);
  });

  it('of WFE do not end on an interrupt that is masked, and then nothing ends them', () => {
    const machine = new SystemMachine('svc')
      .code(0x1000, [WFE, mov(0, 1), SELF])
      .at(0x1000, MASKED.SVC)
      .run(10);
    interrupt(machine, 1);
    expect([machine.vcpu.runnable, machine.vcpu.deaf]).toEqual([false, true]);
    machine.at(0x1000, MASKED.SVC & ~0x80).run(2);
    expect([machine.vcpu.runnable, machine.vcpu.deaf]).toEqual([true, false]);
  });

  it('in a branch to itself without IRQs are for ever, unless FIQs can come', () => {
    const withIrqMasked = MASKED.SVC & ~0x40;
    const idle = new SystemMachine('svc', 1, undefined, true).code(0x1000, [SELF]).at(0x1000, withIrqMasked).run(10);
    expect(idle.vcpu.waiting).toBe('spin');
    const fast = new SystemMachine('svc', 1, undefined, true)
      .code(0x1000, [0xe5801000, SELF]) // str r1, [r0]
      .setReg(0, GIC + 0x2000)
      .setReg(1, 8)
      .at(0x1000, withIrqMasked)
      .run(10);
    expect([fast.vcpu.waiting, fast.pc]).toEqual(['none', 0x1004]);
  });

  it('of WFE end on an event, of this vCPU or another', () => {
    const machine = new SystemMachine('svc', 2)
      .code(0x1000, [HVC(0), SEV, WFE, WFE, mov(4, 1), SELF])
      .code(0x2000, [NOP, SEV, SELF])
      .at(0x1000, MASKED.SVC);
    machine.setReg(0, 0x84000003).setReg(1, 1).setReg(2, 0x2000);
    machine.run(10);
    while (machine.vcpu.waiting !== 'wait') machine.run(10); // the second vCPU's start ends the quantum
    expect([machine.pc, machine.vcpu.runnable]).toEqual([0x1010, false]);
    machine.vcpus[1]!.enter(machine.vm.clock.now + 2 * NS);
    expect(machine.vcpu.runnable).toBe(true);
    machine.run(2);
    expect(machine.reg(4)).toBe(1);
  });

  it('of WFE end by the event stream', () => {
    const machine = new SystemMachine('svc').code(0x1000, [WFE, SELF]).setCp15(0, 14, 1, 0, 4 | (4 << 4));
    machine.at(0x1000, MASKED.SVC).run(100);
    expect(machine.vcpu.wakeAt).toBe(16 * NS);
    machine.vm.clock.skipTo(16 * NS);
    machine.run(2);
    expect([machine.vcpu.waiting, machine.pc]).toEqual(['spin', 0x1004]);
  });
});

describe('PSCI', () => {
  const call = (machine: SystemMachine, word: number, ...args: number[]): number => {
    for (const [n, arg] of args.entries()) machine.setReg(n, arg);
    machine.code(0x1000, [word, SELF]).setReg(15, 0x1000).run(1);
    expect(machine.pc).toBe(0x1004);
    return machine.reg(R0_RESULT) | 0;
  };

  it.each([
    ['svc', HVC(0), MASKED.SVC],
    ['hyp', SMC, MASKED.SVC],
    ['hyp', SMC, MASKED.HYP],
  ] as const)('answers on the %s machine', (kind, word, cpsr) => {
    const machine = new SystemMachine(kind, 2).at(0x1000, cpsr);
    expect(call(machine, word, 0x84000000)).toBe(0x10000);
    expect(call(machine, word, 0x84000006)).toBe(2);
    expect(call(machine, word, 0x8400000a, 0x84000003)).toBe(0);
    expect(call(machine, word, 0x8400000a, 0x84000005)).toBe(-1);
    expect(call(machine, word, 0x84000099)).toBe(-1);
    expect(call(machine, word, 0x84000004, 0, 0)).toBe(0);
    expect(call(machine, word, 0x84000004, 1, 0)).toBe(1);
    expect(call(machine, word, 0x84000004, 7, 0)).toBe(-2);
    expect(call(machine, word, 0x84000003, 0, 0x2000, 0)).toBe(-4);
    expect(call(machine, word, 0x84000003, 9, 0x2000, 0)).toBe(-2);
  });

  it.each(['svc', 'hyp'] as const)('switches vCPUs of the %s machine on and off', (kind) => {
    const word = kind === 'svc' ? HVC(0) : SMC;
    const cpsr = kind === 'svc' ? MASKED.SVC : MASKED.HYP;
    const machine = new SystemMachine(kind, 2).at(0x1000, cpsr);
    const second = machine.vcpus[1]!;
    second.enter(machine.vm.clock.now + 100 * NS);
    expect([second.waiting, second.deaf, second.runnable]).toEqual(['wait', true, false]);
    expect(call(machine, word, 0x84000003, 1, 0x2000, 0x1234)).toBe(0);
    expect(second.runnable).toBe(true);
    machine.code(0x2000, [mov(1, 5), word, SELF]);
    second.enter(machine.vm.clock.now + NS);
    const register = (n: number): bigint => second.getOneReg(0x4020000000100000n | BigInt(n));
    expect([0, 1, 15, 16].map(register)).toEqual([0x1234n, 5n, 0x2004n, BigInt(cpsr)]);
    expect(call(machine, word, 0x84000004, 1, 0)).toBe(0);
    second.setOneReg(0x4020000000100000n, 0x84000002n);
    second.enter(machine.vm.clock.now + 10 * NS);
    expect([second.waiting, second.deaf]).toEqual(['wait', true]);
    expect(call(machine, word, 0x84000004, 1, 0)).toBe(1);
    expect(call(machine, word, 0x84000003, 1, 0x2001, 0)).toBe(0);
    expect(Number(register(16)) & 0x20).toBe(0x20);
  });

  it('asks user space to shut down and to reset', () => {
    for (const [number, type] of [
      [0x84000008, 1],
      [0x84000009, 2],
    ] as const) {
      const machine = new SystemMachine('hyp').code(0x1000, [SMC, SELF]).setReg(0, number).setReg(15, 0x1000);
      expect(machine.vcpu.enter(machine.vm.clock.now + 100 * NS)).toBe(0);
      expect(machine.vcpu.run.exitReason).toBe(ExitReason.SYSTEM_EVENT);
      expect(machine.vcpu.run.systemEvent.type).toBe(type);
    }
  });

  it('suspends until an interrupt', () => {
    const machine = new SystemMachine('svc').at(0x1000, MASKED.SVC);
    expect(call(machine, HVC(0), 0x84000001)).toBe(0);
    expect(machine.vcpu.enter(machine.vm.clock.now + 100 * NS)).not.toBe(0);
    expect(machine.vcpu.waiting).toBe('wait');
    interrupt(machine, 1).run(1);
    expect(machine.vcpu.waiting).toBe('spin');
  });
});
