// Lines of a trace (src/kvm/trace-text.ts): ftrace's columns, and what the kernel's TP_printk gives for each event.
import { describe, expect, it } from 'vitest';
import {
  KVM_TRACE_COP0,
  KVM_TRACE_EXIT_ARM_IRQ,
  KVM_TRACE_EXIT_ARM_TRAP_BASE,
  KVM_TRACE_EXIT_GEXCCODE_BASE,
  KVM_TRACE_EXIT_SIGNAL,
  KVM_TRACE_HWR,
  type TraceEvent,
} from '../../../src/kvm/trace.ts';
import { eventText, exitCounterName, hwrRegisterName, TRACE_HEADER, traceLine } from '../../../src/kvm/trace-text.ts';

const place = { vcpu: 0, instructions: 12_345_678, now: 123_456_789 };
/** What trace-cmd and the trace viewers take a line of ftrace's to be (without the column of flags). */
const FTRACE = /^\s*(.+)-(\d+)\s+\[(\d+)\]\s*(\d+\.\d+):\s+(\S+):\s(.*)$/;

describe('a line of a trace', () => {
  it('has task, CPU, guest seconds, the event, what the kernel prints of it, and the instruction count', () => {
    expect(traceLine(place, { event: 'kvm_exit', pc: 0x80101234, reason: 8 })).toBe(
      '      tsvm-1 [000]     0.123456789: kvm_exit: [System Call]PC: 0x80101234  @12345678',
    );
  });

  it('is one that readers of ftrace understand, whatever vCPU and time', () => {
    const line = traceLine({ vcpu: 11, instructions: 0, now: 98_765_000_000_010 }, { event: 'kvm_enter', pc: 0x10 });
    expect(FTRACE.exec(line)?.slice(1)).toEqual([
      'tsvm',
      '12',
      '011',
      '98765.000000010',
      'kvm_enter',
      'PC: 0x00000010  @0',
    ]);
  });

  it('comes below a header of comments', () => {
    expect(TRACE_HEADER.split('\n').every((line) => line.startsWith('#'))).toBe(true);
  });
});

describe("an event's text", () => {
  const GEXC = KVM_TRACE_EXIT_GEXCCODE_BASE;
  const ARM = KVM_TRACE_EXIT_ARM_TRAP_BASE;
  it.each<[TraceEvent, string]>([
    [{ event: 'kvm_enter', pc: 0x40000400 }, 'PC: 0x40000400'],
    [{ event: 'kvm_reenter', pc: 0x400 }, 'PC: 0x00000400'],
    [{ event: 'kvm_out', pc: 0xffffffff }, 'PC: 0xffffffff'],
    [{ event: 'kvm_entry', pc: 0xc0008000 }, 'PC: 0xc0008000'],
    [{ event: 'kvm_exit', pc: 0, reason: 2 }, '[TLB Miss (LD)]PC: 0x00000000'],
    [{ event: 'kvm_exit', pc: 0, reason: 5 }, '[Address Err (ST)]PC: 0x00000000'],
    [{ event: 'kvm_exit', pc: 0, reason: KVM_TRACE_EXIT_SIGNAL }, '[Signal]PC: 0x00000000'],
    [{ event: 'kvm_exit', pc: 0, reason: GEXC + 2 }, '[HC]PC: 0x00000000'],
    [{ event: 'kvm_exit', pc: 0, reason: 7 }, '[0x7]PC: 0x00000000'],
    [{ event: 'kvm_exit', pc: 4, reason: ARM + 0x24 }, 'TRAP: HSR_EC: 0x0024 (DABT), PC: 0x00000004'],
    [{ event: 'kvm_exit', pc: 4, reason: ARM + 0x12 }, 'TRAP: HSR_EC: 0x0012 (HVC), PC: 0x00000004'],
    [{ event: 'kvm_exit', pc: 4, reason: ARM + 0x3f }, 'TRAP: HSR_EC: 0x003f (0x17f), PC: 0x00000004'],
    [{ event: 'kvm_exit', pc: 4, reason: KVM_TRACE_EXIT_ARM_IRQ }, 'IRQ: HSR_EC: 0x0000 (Unknown), PC: 0x00000004'],
    [{ event: 'kvm_hwr', op: 'MTC0', reg: KVM_TRACE_COP0(11, 0), val: 0x1234 }, 'MTC0 Compare (COP0:11:0) 0x00001234'],
    [{ event: 'kvm_hwr', op: 'RDHWR', reg: KVM_TRACE_HWR(29, 0), val: 1 }, 'RDHWR ULR (HWR:29:0) 0x00000001'],
    [{ event: 'kvm_hwr', op: 'MFC0', reg: KVM_TRACE_COP0(16, 6), val: 0 }, 'MFC0 0x86 (COP0:16:6) 0x00000000'],
    [{ event: 'kvm_aux', pc: 8, op: 'restore', state: 'FPU' }, 'restore FPU PC: 0x00000008'],
    [{ event: 'kvm_asid_change', pc: 8, old: 5, new: 0x12 }, 'PC: 0x00000008 old: 0x05 new: 0x12'],
    [{ event: 'kvm_userspace_exit', reason: 6, errno: 0 }, 'reason KVM_EXIT_MMIO (6)'],
    [{ event: 'kvm_userspace_exit', reason: 10, errno: -4 }, 'reason restart (4)'],
    [{ event: 'kvm_userspace_exit', reason: 6, errno: -22 }, 'reason error (22)'],
    [{ event: 'kvm_userspace_exit', reason: 99, errno: 0 }, 'reason 0x63 (99)'],
    [{ event: 'kvm_mmio', type: 2, len: 1, gpa: 0x180003f8, val: 0x41 }, 'mmio write len 1 gpa 0x180003f8 val 0x41'],
    [
      { event: 'kvm_mmio', type: 0, len: 4, gpa: 0x10_1234_5678, val: 0 },
      'mmio unsatisfied-read len 4 gpa 0x1012345678 val 0x0',
    ],
    [{ event: 'kvm_set_irq', gsi: 4, level: 1 }, 'gsi 4 level 1 source 0'],
    [
      { event: 'kvm_irq_line', type: 1, vcpu: 0, num: 49, level: 1 },
      'Inject VGIC SPI interrupt (1), vcpu->idx: 0, num: 49, level: 1',
    ],
    [{ event: 'kvm_hvc', pc: 0x10, r0: 0x84000003, imm: 0 }, 'HVC at 0x00000010 (r0: 0x84000003, imm: 0x0)'],
    [{ event: 'kvm_wfx', pc: 0x10, isWfe: false }, 'guest executed wfi at: 0x00000010'],
  ])('%o is %s', (event, text) => {
    expect(eventText(event)).toBe(text);
  });
});

describe('names', () => {
  it("of exits are those of KVM's counters", () => {
    expect([2, 11, 27, 32, 64].map(exitCounterName)).toEqual(['tlbmiss_ld', 'cop_unusable', 'vz', 'wait', 'vz_gpsi']);
    expect(exitCounterName(12)).toBe('reason 12');
  });

  it("of registers are the kernel's, numbers for those it has none for", () => {
    expect(hwrRegisterName(KVM_TRACE_COP0(12, 0))).toBe('Status');
    expect(hwrRegisterName(KVM_TRACE_HWR(2, 0))).toBe('CC');
    expect(hwrRegisterName(KVM_TRACE_COP0(25, 1))).toBe('0xc9');
  });
});
