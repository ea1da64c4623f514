// Trace events of small programs (reference MIPS.md A12): the kernel's events in the kernel's order (arch/mips/kvm/mips.c, emulate.c, trace.h;
// virt/kvm/kvm_main.c; kvm_mmio as x86 and ARM trace it). A visit to KVM reads kvm_exit, what was done, kvm_reenter; KVM_RUN reads kvm_enter,
// kvm_out, kvm_userspace_exit. MMIO and what else ends KVM_RUN: kvm-trace-exits.test.ts.
import { describe, expect, it } from 'vitest';
import { ExitReason } from '../../src/kvm/constants.ts';
import { KVM_TRACE_COP0, KVM_TRACE_HWR } from '../../src/kvm/trace.ts';
import { CODE, CP0_EPC, CP0_STATUS, enterUser, Guest, IE, IP2 } from '../support/kvm/guest.ts';
import {
  addiu,
  b,
  breakpoint,
  COUNT,
  cache,
  di,
  ENTRYHI,
  EPC,
  eret,
  label,
  lw,
  mfc0,
  mtc0,
  nop,
  rdhwr,
  STATUS,
  sw,
  syscall,
  t0,
  t1,
  teq,
  tlbr,
  USERLOCAL,
  wait,
  zero,
} from '../support/kvm/mips-words.ts';
import { guestWith, handled, idle, record, traced } from '../support/kvm/trace.ts';

describe('KVM_RUN', () => {
  it('without events in the guest: enter, the deadline, out, the exit to user space', () => {
    const guest = guestWith([nop, nop]);
    const recording = record(guest);
    guest.enter(2);
    expect(recording.lines).toEqual(['kvm_enter +0', 'kvm_exit +8 Signal', 'kvm_out +8', 'kvm_userspace_exit 10 -4']);
    expect(recording.places.map(({ vcpu, instructions, now }) => [vcpu, instructions, now])).toEqual([
      [0, 0, 0],
      [0, 2, 20],
      [0, 2, 20],
      [0, 2, 20],
    ]);
  });

  it('with immediate_exit: nothing is entered, and exit_reason is what it was', () => {
    const guest = guestWith(nop);
    guest.vcpu.run.immediateExit = true;
    guest.vcpu.run.exitReason = ExitReason.HLT;
    expect(traced(guest, 10)).toEqual(['kvm_userspace_exit 5 -4']);
  });

  it('of another vCPU names it', () => {
    const guest = new Guest({ vcpus: 2 });
    guest.load(idle);
    const { places } = record(guest);
    guest.enter(3, guest.vcpus[1]);
    expect(places.map(({ vcpu }) => vcpu)).toEqual([1, 1, 1, 1]);
  });

  it('with an interrupt pending enters where the guest is; it is delivered without an event', () => {
    const guest = guestWith(nop);
    guest.vcpu.setOneReg(CP0_STATUS, BigInt(IP2 | IE));
    guest.vcpu.interrupt({ cpu: -1, irq: 2 });
    expect(traced(guest, 1)).toEqual([
      'kvm_enter +0',
      expect.stringMatching(/^kvm_exit 0x4000018\w Signal/),
      expect.stringMatching(/^kvm_out/),
      'kvm_userspace_exit 10 -4',
    ]);
  });

  it('that is not observed is not traced, nor any longer when observing ends', () => {
    const guest = guestWith(syscall);
    const { lines } = record(guest);
    guest.vm.observe({ stats: true, trace: null });
    guest.enter(10);
    expect(lines).toEqual([]);
  });
});

describe('kvm_hwr', () => {
  it("numbers registers as the kernel's KVM_TRACE_COP0 and KVM_TRACE_HWR do", () => {
    expect([KVM_TRACE_COP0(12, 0), KVM_TRACE_COP0(31, 7)]).toEqual([0x60, 0xff]);
    expect([KVM_TRACE_HWR(2, 0), KVM_TRACE_HWR(29, 0)]).toEqual([0x110, 0x1e8]);
  });

  it('MFC0: what was read', () => {
    const status = (guest: Guest) => guest.vcpu.setOneReg(CP0_STATUS, 0x0000ff02n);
    expect(handled([nop, mfc0(t0, STATUS)], 2, status)).toEqual([
      'kvm_exit +4 COP0/1 Unusable',
      'kvm_hwr MFC0 0x60 0xff02',
      'kvm_reenter +8',
    ]);
  });

  it.each([
    ['MFC0 Count', mfc0(t0, COUNT), 'kvm_exit +8 COP0/1 Unusable', 'kvm_hwr MFC0 0x48'],
    [
      'RDHWR of Count, a reserved instruction that KVM emulates',
      rdhwr(t0, 2),
      'kvm_exit +8 Reserved Inst',
      'kvm_hwr RDHWR 0x110',
    ],
  ])('%s: the value that the guest gets', (_what, code, exit, hwr) => {
    const guest = guestWith([nop, nop, code]);
    const lines = traced(guest, 4).slice(1, -3);
    expect(guest.gpr(t0)).toBeLessThan(4);
    expect(lines).toEqual([exit, `${hwr} 0x${guest.gpr(t0)}`, 'kvm_reenter +12']);
  });

  it('MTC0: what was written, whatever becomes of it', () => {
    expect(handled([mtc0(t0, USERLOCAL), mtc0(t0, [16, 1])], 2)).toEqual([
      'kvm_exit +0 COP0/1 Unusable',
      'kvm_hwr MTC0 0x22 0x89abcdef',
      'kvm_reenter +4',
      'kvm_exit +4 COP0/1 Unusable',
      'kvm_hwr MTC0 0x81 0x89abcdef',
      'kvm_reenter +8',
    ]);
  });

  it('not when RDHWR is refused: the guest gets its exception', () => {
    expect(handled(rdhwr(t0, 7), 1)).toEqual(['kvm_exit +0 Reserved Inst', 'kvm_reenter general']);
  });

  it('in a delay slot: the exit is at the branch, the guest goes on at its target', () => {
    expect(handled([b('on'), mtc0(t0, USERLOCAL), nop, label('on')], 2)).toEqual([
      'kvm_exit +0 COP0/1 Unusable',
      'kvm_hwr MTC0 0x22 0x89abcdef',
      'kvm_reenter +12',
    ]);
  });
});

describe('kvm_asid_change', () => {
  it('MTC0 EntryHi to another ASID: old and new, with pc moved on as the kernel has it by then', () => {
    const guest = guestWith(mtc0(t0, ENTRYHI), 0x60004012);
    guest.vcpu.setOneReg(0x7030_0000_0001_0050n, 0x40004005n);
    expect(traced(guest, 2).slice(1, -3)).toEqual([
      'kvm_exit +0 COP0/1 Unusable',
      'kvm_hwr MTC0 0x50 0x60004012',
      'kvm_asid_change +4 0x5 0x12',
      'kvm_reenter +4',
    ]);
  });

  it('none when the ASID stays', () => {
    expect(handled(mtc0(t0, ENTRYHI), 1, (guest) => guest.setGpr(t0, 0x60004000))).toHaveLength(3);
  });

  it('TLBR of an entry of another ASID', () => {
    const code = [mtc0(t0, ENTRYHI), 0x42000002 /* tlbwi */, mtc0(zero, ENTRYHI), tlbr];
    const guest = guestWith(code, 0x00004003);
    expect(traced(guest, 4).filter((event) => event.startsWith('kvm_asid_change'))).toEqual([
      'kvm_asid_change +4 0x0 0x3',
      'kvm_asid_change +12 0x3 0x0',
      'kvm_asid_change +16 0x0 0x3',
    ]);
  });
});

describe('kvm_exit and kvm_reenter', () => {
  it('at the deadline: KVM has handled the exit, finds the signal, and does not enter the guest again', () => {
    expect(traced(guestWith(syscall), 1)).toEqual([
      'kvm_enter +0',
      'kvm_exit +0 System Call',
      'kvm_exit general Signal',
      'kvm_out general',
      'kvm_userspace_exit 10 -4',
    ]);
  });

  it.each([
    ['SYSCALL', syscall, 'System Call', 'general'],
    ['BREAK', breakpoint, 'Break Inst', 'general'],
    ['a trap', teq(zero, zero), 'Trap Inst', 'general'],
    ['a reserved instruction', 0x0000003f, 'Reserved Inst', 'general'],
    ['an FPU instruction', 0x46020080, 'COP0/1 Unusable', 'general'],
    ['an unaligned load', lw(t0, 2, t1), 'Address Error (LD)', 'general'],
    ['an unaligned store', sw(t0, 2, t1), 'Address Err (ST)', 'general'],
    ['a load that misses the TLB', lw(t0, 0x6000, zero), 'TLB Miss (LD)', 'refill'],
    ['a store that misses it', sw(t0, 0x6000, zero), 'TLB Miss (ST)', 'refill'],
  ])('%s: to the guest, at its vector', (_what, code, reason, vector) => {
    expect(handled([nop, code], 2)).toEqual([`kvm_exit +4 ${reason}`, `kvm_reenter ${vector}`]);
    expect(handled([b('on'), code, nop, label('on')], 2)).toEqual([`kvm_exit +0 ${reason}`, `kvm_reenter ${vector}`]);
  });

  it('a privileged instruction in user mode: to the guest', () => {
    const guest = guestWith(enterUser(0x4000, 0x80000));
    guest.load([mfc0(t0, STATUS), nop], 0x40080000);
    guest.enter(18);
    const { lines } = record(guest);
    guest.enter(2);
    expect(lines.slice(0, 3)).toEqual(['kvm_enter 0x4000', 'kvm_exit 0x4000 COP0/1 Unusable', 'kvm_reenter general']);
  });

  it('DI and TLBR: a visit each', () => {
    expect(handled([di, tlbr], 2)).toEqual([
      'kvm_exit +0 COP0/1 Unusable',
      'kvm_reenter +4',
      'kvm_exit +4 COP0/1 Unusable',
      'kvm_reenter +8',
    ]);
  });

  it('ERET: it goes on at EPC', () => {
    const prepare = (guest: Guest): void => {
      guest.vcpu.setOneReg(CP0_STATUS, 2n);
      guest.vcpu.setOneReg(CP0_EPC, BigInt(CODE + 16));
    };
    expect(handled([eret, nop, nop, nop], 1, prepare)).toEqual(['kvm_exit +0 COP0/1 Unusable', 'kvm_reenter +16']);
  });

  it('CACHE: a second reason, with pc still there', () => {
    expect(handled([nop, cache(0x01, 0, zero)], 2)).toEqual([
      'kvm_exit +4 COP0/1 Unusable',
      'kvm_exit +4 CACHE',
      'kvm_reenter +8',
    ]);
  });

  it('WAIT with an interrupt pending: a second reason, with pc moved on, and the guest goes on', () => {
    const prepare = (guest: Guest): void => {
      guest.vcpu.setOneReg(CP0_STATUS, BigInt(IP2));
      guest.vcpu.interrupt({ cpu: -1, irq: 2 });
    };
    expect(handled([wait, nop], 2, prepare)).toEqual([
      'kvm_exit +0 COP0/1 Unusable',
      'kvm_exit +4 WAIT',
      'kvm_reenter +4',
    ]);
  });

  it('WAIT that waits: KVM_RUN comes back', () => {
    const guest = guestWith([wait, nop]);
    guest.vcpu.setOneReg(CP0_STATUS, BigInt(IP2 | IE));
    expect(traced(guest, 100)).toEqual([
      'kvm_enter +0',
      'kvm_exit +0 COP0/1 Unusable',
      'kvm_exit +4 WAIT',
      'kvm_out +4',
      'kvm_userspace_exit 10 -4',
    ]);
  });

  it('an instruction that lets an interrupt in: KVM delivers it before the guest goes on', () => {
    const prepare = (guest: Guest): void => {
      guest.setGpr(t0, IP2 | IE);
      guest.vcpu.interrupt({ cpu: -1, irq: 2 });
    };
    expect(handled([mtc0(t0, STATUS), nop], 1, prepare)).toEqual([
      'kvm_exit +0 COP0/1 Unusable',
      'kvm_hwr MTC0 0x60 0x401',
      'kvm_reenter general',
    ]);
  });

  it('ordinary instructions, branches and memory: none', () => {
    expect(handled([addiu(t0, zero, 1), sw(t0, 0x100, t1), nop], 3, (guest) => guest.setGpr(t1, 0x40020000))).toEqual(
      [],
    );
    expect(handled([mtc0(zero, EPC), nop, nop], 3)).toHaveLength(3);
  });
});
