// Exit counters and trace events of ARM guests (reference ARM.md 4; arch/arm/kvm/{guest,handle_exit,trace}): the exits that KVM/ARM has, in its words. Where
// MIPS has kvm_enter, kvm_reenter and kvm_out, KVM/ARM has kvm_entry; where KVM_RUN comes back at its deadline, an interrupt of the host.
import { describe, expect, it } from 'vitest';
import type { StatName } from '../../src/kvm/stats.ts';
import { eventText } from '../../src/kvm/trace-text.ts';
import {
  GIC,
  HVC,
  MASKED,
  mov,
  NOP,
  SELF,
  SEV,
  SMC,
  SystemMachine,
  WFE,
  WFI,
} from '../unit/arch/arm/system-machine.ts';

const CODE = 0x1000;
const DEVICE = 0x20000000;
const ldr = (rt: number, rn: number): number => (0xe5900000 | (rn << 16) | (rt << 12)) >>> 0;
const str = (rt: number, rn: number): number => (0xe5800000 | (rn << 16) | (rt << 12)) >>> 0;
const ldm = (rn: number, list: number): number => (0xe8900000 | (rn << 16) | list) >>> 0;
const T32_WFI = 0xbf30;
const T32_NOP = 0xbf00;
const T = 0x20;
const PSCI_VERSION = 0x84000000;

function traced(machine: SystemMachine, instructions: number): string[] {
  const lines: string[] = [];
  machine.vm.observe({
    stats: true,
    trace: { trace: (_place, event) => lines.push(`${event.event} ${eventText(event).replace(/0x00001/g, '+')}`) },
  });
  machine.run(instructions);
  return lines;
}

const counts = (machine: SystemMachine, ...names: StatName[]): (number | null)[] =>
  names.map((name) => machine.vcpu.stats()[name]);

const guest = (code: readonly number[], kind: 'svc' | 'hyp' = 'svc'): SystemMachine =>
  new SystemMachine(kind).code(CODE, [...code, SELF]).at(CODE, kind === 'svc' ? MASKED.SVC : MASKED.HYP);

/** What comes when KVM_RUN has come to its deadline at `pc`. */
const deadline = (pc: string): string[] => [
  `kvm_exit IRQ: HSR_EC: 0x0000 (Unknown), PC: ${pc}`,
  'kvm_userspace_exit reason restart (4)',
];

describe('KVM_RUN of an ARM guest', () => {
  it('without exits: an entry, the deadline', () => {
    expect(traced(guest([NOP, NOP]), 2)).toEqual(['kvm_entry PC: +000', ...deadline('+008')]);
  });

  it('a store to a device: a data abort that leaves to user space', () => {
    const machine = guest([NOP, str(0, 1)])
      .setReg(1, DEVICE)
      .setReg(0, 0x41);
    expect(traced(machine, 5)).toEqual([
      'kvm_entry PC: +000',
      'kvm_exit TRAP: HSR_EC: 0x0024 (DABT), PC: +004',
      'kvm_mmio mmio write len 4 gpa 0x20000000 val 0x41',
      'kvm_userspace_exit reason KVM_EXIT_MMIO (6)',
    ]);
    expect(counts(machine, 'mmio_exit_user', 'mmio_exit_kernel')).toEqual([1, 0]);
  });

  it('a load from a device that KVM serves itself: the guest goes on behind it', () => {
    const machine = guest([ldr(0, 1), NOP, NOP]).setReg(1, GIC);
    expect(traced(machine, 3)).toEqual([
      'kvm_entry PC: +000',
      'kvm_exit TRAP: HSR_EC: 0x0024 (DABT), PC: +000',
      'kvm_mmio mmio read len 4 gpa 0x10000000 val 0x0',
      'kvm_entry PC: +004',
      ...deadline('+00c'),
    ]);
    expect(counts(machine, 'mmio_exit_user', 'mmio_exit_kernel')).toEqual([0, 1]);
  });

  it('a load of several registers says where it is, too', () => {
    const lines = traced(guest([NOP, NOP, ldm(1, 0b1100)]).setReg(1, DEVICE), 5);
    expect(lines.slice(1)).toEqual([
      'kvm_exit TRAP: HSR_EC: 0x0024 (DABT), PC: +008',
      'kvm_mmio mmio unsatisfied-read len 4 gpa 0x20000000 val 0x0',
      'kvm_userspace_exit reason KVM_EXIT_MMIO (6)',
    ]);
  });

  it.each([
    ['WFI', WFI, 'wfi', [1, 0]],
    ['WFE', WFE, 'wfe', [0, 1]],
  ] as const)('%s that waits is trapped, and counted', (_what, word, name, counted) => {
    const machine = guest([NOP, word, NOP]);
    expect(traced(machine, 50)).toEqual([
      'kvm_entry PC: +000',
      'kvm_exit TRAP: HSR_EC: 0x0001 (WFI), PC: +004',
      `kvm_wfx guest executed ${name} at: +004`,
      'kvm_userspace_exit reason restart (4)',
    ]);
    expect(counts(machine, 'wfi_exit_stat', 'wfe_exit_stat')).toEqual(counted);
    expect(counts(machine, 'wait')).toEqual([1]);
  });

  it('WFI of T32: addresses are even', () => {
    const machine = new SystemMachine('svc').halfwords(CODE, [T32_NOP, T32_WFI]).at(CODE, MASKED.SVC | T);
    expect(traced(machine, 50).slice(0, 3)).toEqual([
      'kvm_entry PC: +000',
      'kvm_exit TRAP: HSR_EC: 0x0001 (WFI), PC: +002',
      'kvm_wfx guest executed wfi at: +002',
    ]);
  });

  it('WFE when an event has come, and WFI when an interrupt has, do not wait and are no exits', () => {
    const other = guest([SEV, WFE, NOP]);
    expect(traced(other, 3)).toEqual(['kvm_entry PC: +000', ...deadline('+00c')]);
    expect(counts(other, 'wfe_exit_stat')).toEqual([0]);
    const interrupted = guest([WFI, NOP]);
    interrupted.vcpu.interrupt({ cpu: -1, irq: 1 });
    expect(traced(interrupted, 2)).toEqual(['kvm_entry PC: +000', ...deadline('+008')]);
    expect(counts(interrupted, 'wfi_exit_stat')).toEqual([0]);
  });

  it('HVC: a call of PSCI, with its function', () => {
    const machine = guest([HVC(0), NOP, NOP]).setReg(0, PSCI_VERSION);
    expect(traced(machine, 2)).toEqual([
      'kvm_entry PC: +000',
      'kvm_exit TRAP: HSR_EC: 0x0012 (HVC), PC: +000',
      'kvm_hvc HVC at +000 (r0: 0x84000000, imm: 0x0)',
      'kvm_entry PC: +004',
      ...deadline('+008'),
    ]);
    expect(counts(machine, 'hvc_exit_stat')).toEqual([1]);
    expect(machine.reg(0)).toBe(0x10000);
  });

  it('SMC of the bare machine calls its firmware; HVC there is its own affair', () => {
    const machine = guest([SMC, NOP], 'hyp').setReg(0, PSCI_VERSION);
    expect(traced(machine, 3).slice(1, 3)).toEqual([
      'kvm_exit TRAP: HSR_EC: 0x0013 (SMC), PC: +000',
      'kvm_entry PC: +004',
    ]);
    const hvc = guest([HVC(1)], 'hyp');
    expect(traced(hvc, 1).filter((line) => line.includes('TRAP'))).toEqual([]);
    expect(counts(hvc, 'hvc_exit_stat')).toEqual([0]);
  });

  it("KVM_IRQ_LINE is kvm_irq_line, with the GIC's number", () => {
    const machine = guest([NOP]);
    const lines: string[] = [];
    machine.vm.observe({
      stats: false,
      trace: { trace: (_, event) => lines.push(`${event.event} ${eventText(event)}`) },
    });
    machine.vm.irqLine({ irq: 49, level: 1 });
    expect(lines).toEqual(['kvm_irq_line Inject VGIC SPI interrupt (1), vcpu->idx: 0, num: 49, level: 1']);
  });
});

describe('observing an ARM guest', () => {
  it('changes nothing in it', () => {
    const code = [mov(0, 1), str(0, 1), ldr(2, 3), WFE, NOP, HVC(0), mov(0, 2)];
    const run = (observe: boolean): number[] => {
      const machine = guest(code).setReg(1, DEVICE).setReg(3, GIC);
      if (observe) machine.vm.observe({ stats: true, trace: { trace() {} } });
      for (let n = 0; n < 20; n++) machine.run(1);
      return Array.from({ length: 17 }, (_, n) => machine.reg(n));
    };
    expect(run(true)).toEqual(run(false));
  });
});
