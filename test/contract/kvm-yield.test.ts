// PAUSE (MIPS32 Volume II-A): the guest spins until LLbit is cleared, so the vCPU gives its quantum up; without a linked load it does nothing.
import { describe, expect, it } from 'vitest';
import { Errno } from '../../src/kvm/constants.ts';
import { DATA, Guest } from '../support/kvm/guest.ts';
import { addiu, li, ll, nop, pause, s0, spin, t0, t1, zero } from '../support/kvm/mips-words.ts';

describe('PAUSE', () => {
  it('ends KVM_RUN right after it while a linked load is outstanding', () => {
    const guest = new Guest();
    guest.load([li(t0, DATA), ll(t1, 0, t0), pause, addiu(s0, zero, 1), ...spin]);
    expect(guest.enter(1000)).toBe(-Errno.EINTR);
    expect(guest.vcpu.waiting).toBe('none');
    expect(guest.gpr(s0)).toBe(0);
    expect(guest.vm.clock.instructions).toBe(4);
    guest.enter(10);
    expect(guest.gpr(s0)).toBe(1);
  });

  it('does nothing when LLbit is clear', () => {
    const guest = new Guest();
    guest.load([pause, nop, addiu(s0, zero, 1), ...spin]);
    guest.enter(3);
    expect(guest.gpr(s0)).toBe(1);
  });
});
