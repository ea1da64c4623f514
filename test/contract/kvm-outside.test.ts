// What user space may do between two KVM_RUNs, and inside one through its listeners, without losing an event, time or a slot.
import { describe, expect, it } from 'vitest';
import { ExitReason, KVM_MEM_READONLY, KVM_SYSTEM_EVENT_SHUTDOWN } from '../../src/kvm/constants.ts';
import { EventFd } from '../../src/kvm/eventfd.ts';
import { RecordingDevice } from '../support/kvm/devices.ts';
import {
  CODE,
  CP0_CAUSE,
  CP0_COMPARE,
  CP0_STATUS,
  DATA,
  Guest,
  MMIO,
  MMIO_PHYSICAL,
  NS,
  SPARE,
} from '../support/kvm/guest.ts';
import { addiu, label, li, ll, lw, s0, sc, spin, sw, swr, t0, t1, wait, zero } from '../support/kvm/mips-words.ts';

describe('a system event', () => {
  it('waits behind a write that the same instruction makes to user space', () => {
    const guest = new Guest();
    const write = (): void => guest.vm.requestSystemEvent(KVM_SYSTEM_EVENT_SHUTDOWN, 0);
    guest.vm.addInKernelDevice({
      base: MMIO_PHYSICAL + 1,
      order: 'little',
      device: new RecordingDevice({ size: 1, write }),
    });
    guest.load([[li(t1, MMIO), swr(t0, 1, t1), addiu(s0, s0, 1)], ...spin]);
    expect([guest.enter(1000), guest.vcpu.run.exitReason]).toEqual([0, ExitReason.MMIO]);
    expect([guest.enter(1000), guest.vcpu.run.exitReason]).toEqual([0, ExitReason.SYSTEM_EVENT]);
    expect(guest.gpr(s0)).toBe(0);
  });
});

describe('a pc that user space moves to a jump to itself while an MMIO read is pending', () => {
  const moved = (status: number, compare: number | null): Guest => {
    const guest = new Guest();
    guest.load([li(t1, MMIO), lw(t0, 0, t1)]);
    guest.load([...spin], CODE + 0x100);
    if (compare !== null) guest.vcpu.setOneReg(CP0_COMPARE, BigInt(compare));
    guest.vcpu.setOneReg(CP0_STATUS, BigInt(status));
    expect([guest.enter(100), guest.vcpu.run.exitReason]).toEqual([0, ExitReason.MMIO]);
    guest.pc = CODE + 0x100;
    return guest;
  };

  it('runs to the deadline, not to the next timer', () => {
    const guest = moved(0x8001, 100_000_000);
    const deadline = guest.vm.clock.now + 1000 * NS;
    guest.vcpu.enter(deadline);
    expect(guest.vm.clock.now).toBeGreaterThanOrEqual(deadline);
    expect(guest.vm.clock.now).toBeLessThanOrEqual(deadline + 2 * NS);
  });

  it('does not say that the guest waits', () => {
    const guest = moved(0x401, null);
    expect(guest.enter(1000)).toBeLessThan(0);
    expect(guest.vcpu.waiting).toBe('none');
  });
});

describe('a slot that is put onto another backing between LL and SC', () => {
  it('ends the reservation', () => {
    const guest = new Guest();
    const slot = { slot: 1, flags: 0, guestPhysAddr: 0x1000000, memorySize: 0x1000, userspaceAddr: SPARE };
    guest.vm.setUserMemoryRegion(slot);
    guest.load([[li(t1, 0x41000000), ll(t0, 0, t1), addiu(t0, zero, 5), sc(t0, 0, t1)], ...spin]);
    guest.enter(3);
    guest.vm.setUserMemoryRegion({ ...slot, memorySize: 0 });
    guest.vm.setUserMemoryRegion({ ...slot, userspaceAddr: SPARE + 0x1000 });
    guest.enter(100);
    expect([guest.gpr(t0), guest.word(0x41000000)]).toEqual([0, 0]);
  });
});

describe('SC', () => {
  it.each([
    ['to a device', MMIO, KVM_MEM_READONLY],
    ['to a READONLY slot', 0x41000000, KVM_MEM_READONLY],
  ])('%s is what KVM cannot emulate', (_where, address, flags) => {
    const guest = new Guest();
    const slot = { slot: 1, flags, guestPhysAddr: 0x1000000, memorySize: 0x1000, userspaceAddr: SPARE };
    guest.vm.setUserMemoryRegion(slot);
    const at = guest.load([[li(t1, DATA), li(s0, address), ll(t0, 0, t1)], label('sc'), sc(t0, 0, s0), ...spin])('sc');
    expect([guest.enter(100), guest.vcpu.run.exitReason]).toEqual([0, ExitReason.INTERNAL_ERROR]);
    expect(guest.vcpu.run.internal.pc).toBe(at);
  });
});

describe('immediate_exit on a vCPU that waits', () => {
  it('does not end the wait', () => {
    const guest = new Guest();
    guest.load([wait, ...spin]);
    guest.enter(100);
    expect(guest.vcpu.waiting).toBe('wait');
    guest.vcpu.run.immediateExit = true;
    guest.enter(100);
    guest.vcpu.run.immediateExit = false;
    expect([guest.vcpu.waiting, guest.vcpu.runnable]).toEqual(['wait', false]);
  });
});

describe('a listener in the middle of an instruction', () => {
  it.each<[string, (guest: Guest) => void]>([
    ['KVM_RUN', (guest) => guest.enter(1)],
    ['KVM_RUN of another vCPU', (guest) => guest.enter(1, guest.vcpus[1]!)],
    ['observe', (guest) => guest.vm.observe({ stats: true, trace: null })],
  ])('is refused %s', (_call, call) => {
    const guest = new Guest({ vcpus: 2 });
    const fd = new EventFd(() => call(guest));
    guest.vm.ioeventfd({ datamatch: 0n, addr: MMIO_PHYSICAL, len: 4, fd, flags: 0 });
    guest.load([[li(t1, MMIO), sw(t0, 0, t1)], ...spin]);
    expect(() => guest.enter(100)).toThrow('in the middle of an instruction');
  });
});

describe('a listener that throws', () => {
  it('leaves the interrupt lines working', () => {
    const guest = new Guest();
    const fd = new EventFd(() => {
      throw new Error('listener');
    });
    guest.vm.ioeventfd({ datamatch: 0n, addr: MMIO_PHYSICAL, len: 4, fd, flags: 0 });
    guest.load([[li(t1, MMIO), sw(t0, 0, t1)], ...spin]);
    expect(() => guest.enter(100)).toThrow('listener');
    guest.vcpu.interrupt({ cpu: -1, irq: 2 });
    expect(guest.cp0(CP0_CAUSE) & 0x400).toBe(0x400);
  });
});

describe('a region record that user space fills again', () => {
  it('does not change the slot that was made with it', () => {
    const guest = new Guest();
    const region = { slot: 1, flags: 0, guestPhysAddr: 0x1000000, memorySize: 0x1000, userspaceAddr: SPARE };
    guest.vm.setUserMemoryRegion(region);
    Object.assign(region, { slot: 2, guestPhysAddr: 0x1001000, userspaceAddr: SPARE + 0x1000 });
    guest.vm.setUserMemoryRegion(region);
    expect(guest.vm.memory.contains(0x1000000, 0x2000)).toBe(true);
  });
});
