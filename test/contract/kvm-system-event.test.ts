// KVM_EXIT_SYSTEM_EVENT (reference KVM-API.md 2): an in-kernel device ends, resets or crashes the system; the vCPU that made it do so leaves.
import { describe, expect, it } from 'vitest';
import {
  ExitReason,
  KVM_SYSTEM_EVENT_CRASH,
  KVM_SYSTEM_EVENT_RESET,
  KVM_SYSTEM_EVENT_SHUTDOWN,
} from '../../src/kvm/constants.ts';
import { RecordingDevice } from '../support/kvm/devices.ts';
import { CODE, Guest, MMIO, MMIO_PHYSICAL } from '../support/kvm/guest.ts';
import { addiu, b, label, nop, s0, spin, sw, t0, t1 } from '../support/kvm/mips-words.ts';

const EINTR = -4;

/** A guest with a device at MMIO whose register, written, is an event of `type` with the value as its flags; t1 leads there. */
function machine(type: number, vcpus = 1): Guest {
  const guest = new Guest({ vcpus });
  const device = new RecordingDevice({ write: (_offset, value) => guest.vm.requestSystemEvent(type, value) });
  guest.vm.addInKernelDevice({ base: MMIO_PHYSICAL, order: 'little', device });
  for (const vcpu of guest.vcpus) guest.setGpr(t1, MMIO, vcpu);
  return guest;
}

describe('KVM_EXIT_SYSTEM_EVENT', () => {
  it.each([
    ['shutdown', KVM_SYSTEM_EVENT_SHUTDOWN, 1],
    ['reset', KVM_SYSTEM_EVENT_RESET, 2],
    ['crash', KVM_SYSTEM_EVENT_CRASH, 3],
  ])('%s: the vCPU leaves after the store, with type and flags', (_name, type, number) => {
    const guest = machine(type);
    guest.load([addiu(t0, 0, 5), sw(t0, 0, t1), addiu(s0, 0, 1), ...spin]);
    expect(guest.enter(100)).toBe(0);
    expect(guest.vcpu.run.exitReason).toBe(ExitReason.SYSTEM_EVENT);
    expect(guest.vcpu.run.systemEvent).toEqual({ type: number, flags: 5 });
    expect([guest.pc, guest.instructions, guest.gpr(s0)]).toEqual([CODE + 8, 2, 0]);
    // Entered again it goes on.
    expect(guest.enter(100)).toBe(EINTR);
    expect(guest.gpr(s0)).toBe(1);
  });

  it('in a delay slot leaves at the target, and only for the vCPU that asked', () => {
    const guest = machine(KVM_SYSTEM_EVENT_SHUTDOWN, 2);
    guest.load([b('on'), sw(t0, 0, t1), nop, label('on'), ...spin]);
    expect(guest.enter(100)).toBe(0);
    expect(guest.pc).toBe(CODE + 12);
    guest.vcpus[1]!.setRegs({ ...guest.vcpus[1]!.getRegs(), pc: BigInt(CODE + 12) });
    expect(guest.enter(100, guest.vcpus[1])).toBe(EINTR);
  });

  it('comes even when the store was the last instruction before the deadline', () => {
    const guest = machine(KVM_SYSTEM_EVENT_RESET);
    guest.load([sw(t0, 0, t1), ...spin]);
    expect(guest.enter(1)).toBe(0);
    expect(guest.vcpu.run.exitReason).toBe(ExitReason.SYSTEM_EVENT);
  });
});
