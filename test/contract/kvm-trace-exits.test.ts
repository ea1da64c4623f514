// Trace events of MMIO and of the exits that end KVM_RUN (reference MIPS.md A12; kvm_mmio as x86 and ARM trace it; arch/mips/kvm/mips.c
// kvm_arch_vcpu_ioctl_run for the order).
import { describe, expect, it } from 'vitest';
import { KVM_MEM_READONLY } from '../../src/kvm/constants.ts';
import { EventFd } from '../../src/kvm/eventfd.ts';
import { type DeviceActions, RecordingDevice, RecordingIrqchip } from '../support/kvm/devices.ts';
import { type Guest, MMIO_PHYSICAL } from '../support/kvm/guest.ts';
import { addiu, b, hypcall, label, lh, lw, nop, sb, sw, t0, t1, v0, zero } from '../support/kvm/mips-words.ts';
import { HIGH_VA, setSlot } from '../support/kvm/slots.ts';
import { guestWith, handled, record, traced } from '../support/kvm/trace.ts';

describe('MMIO', () => {
  const GPA = '0x10000008';

  it('a store that leaves: out with pc moved on', () => {
    const guest = guestWith([nop, sw(t0, 8, t1), nop]);
    expect(traced(guest, 10)).toEqual([
      'kvm_enter +0',
      'kvm_exit +4 Address Err (ST)',
      `kvm_mmio write 4 ${GPA} 0x89abcdef`,
      'kvm_out +8',
      'kvm_userspace_exit 6 0',
    ]);
    expect(traced(guest, 1)[0]).toBe('kvm_enter +8');
  });

  it('SB writes its byte', () => {
    expect(traced(guestWith(sb(t0, 8, t1)), 10)).toContain(`kvm_mmio write 1 ${GPA} 0xef`);
  });

  it('a load that leaves: out where it is; it is finished before the next KVM_RUN enters, and made once', () => {
    const guest = guestWith([nop, lh(t0, 8, t1), nop]);
    expect(traced(guest, 10)).toEqual([
      'kvm_enter +0',
      'kvm_exit +4 Address Error (LD)',
      `kvm_mmio unsatisfied-read 2 ${GPA} 0x0`,
      'kvm_out +4',
      'kvm_userspace_exit 6 0',
    ]);
    guest.vcpu.run.mmio.data.set([0x34, 0x92]);
    expect(traced(guest, 2)).toEqual([
      `kvm_mmio read 2 ${GPA} 0x9234`,
      'kvm_enter +8',
      'kvm_exit +12 Signal',
      'kvm_out +12',
      'kvm_userspace_exit 10 -4',
    ]);
  });

  it('a load that leaves, finished by immediate_exit: nothing is entered', () => {
    const guest = guestWith([lw(t0, 8, t1), nop]);
    guest.enter(10);
    guest.vcpu.run.mmio.data.set([1, 0, 0, 0]);
    guest.vcpu.run.immediateExit = true;
    expect(traced(guest, 10)).toEqual([`kvm_mmio read 4 ${GPA} 0x1`, 'kvm_userspace_exit 6 -4']);
  });

  it('in a delay slot: the exit is at the branch', () => {
    const store = guestWith([b('on'), sw(t0, 8, t1), nop, label('on')]);
    expect(traced(store, 10).filter((event) => !event.startsWith('kvm_mmio'))).toEqual([
      'kvm_enter +0',
      'kvm_exit +0 Address Err (ST)',
      'kvm_out +12',
      'kvm_userspace_exit 6 0',
    ]);
    const load = guestWith([b('on'), lw(t0, 8, t1), nop, label('on')]);
    expect(traced(load, 10)).toContain('kvm_out +0');
    expect(traced(load, 1)).toContain('kvm_enter +12');
  });

  it.each([
    ['a page without memory, a load', 0x52000000, lw(t0, 0, t1), 'TLB Miss (LD)', 'unsatisfied-read'],
    ['a page without memory, a store', 0x52000000, sw(t0, 0, t1), 'TLB Miss (ST)', 'write'],
    ['a READONLY slot', HIGH_VA, sw(t0, 0, t1), 'TLB Mod', 'write'],
  ])('%s', (_what, va, code, reason, type) => {
    const guest = guestWith(code);
    setSlot(guest, { flags: KVM_MEM_READONLY });
    guest.setGpr(t1, va);
    const lines = traced(guest, 10);
    expect(lines[1]).toBe(`kvm_exit +0 ${reason}`);
    expect(lines[2]).toContain(`kvm_mmio ${type} 4 0x${(va & 0x1fffffff).toString(16)} `);
  });

  const device = (actions: DeviceActions) => (guest: Guest) =>
    guest.vm.addInKernelDevice({ base: MMIO_PHYSICAL, order: 'little', device: new RecordingDevice(actions) });

  it('that an in-kernel device serves: a visit to KVM', () => {
    expect(handled([lw(t0, 8, t1), sw(t0, 8, t1)], 2, device({ read: () => 0x77 }))).toEqual([
      'kvm_exit +0 Address Error (LD)',
      `kvm_mmio read 4 ${GPA} 0x77`,
      'kvm_reenter +4',
      'kvm_exit +4 Address Err (ST)',
      `kvm_mmio write 4 ${GPA} 0x77`,
      'kvm_reenter +8',
    ]);
  });

  it('that an ioeventfd takes: a visit to KVM', () => {
    const ioeventfd = (guest: Guest): void =>
      guest.vm.ioeventfd({ addr: MMIO_PHYSICAL + 8, len: 4, datamatch: 0n, flags: 0, fd: new EventFd() });
    expect(handled(sw(t0, 8, t1), 1, ioeventfd)).toEqual([
      'kvm_exit +0 Address Err (ST)',
      `kvm_mmio write 4 ${GPA} 0x89abcdef`,
      'kvm_reenter +4',
    ]);
  });

  it('that ends the system', () => {
    const guest = guestWith(sw(t0, 8, t1));
    device({ write: () => guest.vm.requestSystemEvent(1, 0) })(guest);
    expect(traced(guest, 10)).toEqual([
      'kvm_enter +0',
      'kvm_exit +0 Address Err (ST)',
      `kvm_mmio write 4 ${GPA} 0x89abcdef`,
      'kvm_out +4',
      'kvm_userspace_exit 24 0',
    ]);
  });
});

describe('other ends of KVM_RUN', () => {
  it('KVM_EXIT_SHUTDOWN', () => {
    expect(traced(guestWith([addiu(v0, zero, 7), hypcall()]), 10)).toEqual([
      'kvm_enter +0',
      'kvm_exit +4 COP0/1 Unusable',
      expect.stringMatching(/^kvm_out/),
      'kvm_userspace_exit 8 0',
    ]);
  });

  it('KVM_EXIT_INTERNAL_ERROR', () => {
    expect(traced(guestWith(hypcall(5)), 10)).toEqual([
      'kvm_enter +0',
      'kvm_exit +0 COP0/1 Unusable',
      'kvm_out +0',
      'kvm_userspace_exit 17 0',
    ]);
  });

  it('KVM_EXIT_HYPERCALL: one visit, also when it is finished', () => {
    const guest = guestWith([addiu(v0, zero, 8), hypcall(), nop]);
    const first = traced(guest, 10);
    expect(first.filter((event) => event.startsWith('kvm_exit'))).toEqual(['kvm_exit +4 COP0/1 Unusable']);
    expect(first.at(-1)).toBe('kvm_userspace_exit 3 0');
    expect(traced(guest, 2).filter((event) => event.startsWith('kvm_exit'))).toEqual(['kvm_exit +12 Signal']);
  });
});

describe('kvm_set_irq', () => {
  it('KVM_IRQ_LINE: line and level', () => {
    const guest = guestWith(nop);
    guest.vm.provideIrqchip({ base: MMIO_PHYSICAL, order: 'little', device: new RecordingIrqchip() });
    guest.vm.createIrqchip();
    const { lines } = record(guest);
    guest.vm.irqLine({ irq: 10, level: 1 });
    guest.vm.irqLine({ irq: 10, level: 0 });
    expect(lines).toEqual(['kvm_set_irq 10 1', 'kvm_set_irq 10 0']);
  });
});
