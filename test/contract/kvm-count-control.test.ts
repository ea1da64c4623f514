// KVM's control of the timer: COUNT_HZ, COUNT_CTL, COUNT_RESUME (reference KVM-API.md 7.1; the rules are those of Linux
// arch/mips/kvm/emulate.c and asm/kvm.h).
import { describe, expect, it } from 'vitest';
import { KVM_REG_MIPS_COUNT_CTL, KVM_REG_MIPS_COUNT_HZ, KVM_REG_MIPS_COUNT_RESUME } from '../../src/kvm/mips.ts';
import { CAUSE_DC, count, idleGuest, pending, TICKS_PER_SECOND } from '../support/kvm/count.ts';
import { CP0_CAUSE, CP0_COUNT, errnoOf, Guest, IP7, NS, TI } from '../support/kvm/guest.ts';
import { addiu, COUNT, k0, mfc0, s0, spin, t0, t1, zero } from '../support/kvm/mips-words.ts';

const stop = (guest: Guest): void => guest.vcpu.setOneReg(KVM_REG_MIPS_COUNT_CTL, 1n);
const restart = (guest: Guest): void => guest.vcpu.setOneReg(KVM_REG_MIPS_COUNT_CTL, 0n);

describe('COUNT_HZ', () => {
  it('starts at 100 MHz, takes 1 to 1,000,000,000, and refuses the rest with EINVAL', () => {
    const { vcpu } = new Guest();
    expect(vcpu.getOneReg(KVM_REG_MIPS_COUNT_HZ)).toBe(100_000_000n);
    for (const hz of [1n, 1_000_000_000n]) {
      vcpu.setOneReg(KVM_REG_MIPS_COUNT_HZ, hz);
      expect(vcpu.getOneReg(KVM_REG_MIPS_COUNT_HZ)).toBe(hz);
    }
    for (const hz of [0n, -1n, 1_000_000_001n, 1n << 63n])
      expect(errnoOf(() => vcpu.setOneReg(KVM_REG_MIPS_COUNT_HZ, hz))).toBe('EINVAL');
  });

  it('changes the pace; Count itself is continuous, running or stopped', () => {
    const guest = idleGuest();
    guest.enter(1000);
    guest.vcpu.setOneReg(KVM_REG_MIPS_COUNT_HZ, 50_000_000n);
    expect(count(guest)).toBe(1000);
    guest.enter(100);
    expect(count(guest)).toBe(1050);
    guest.vcpu.setOneReg(CP0_CAUSE, BigInt(CAUSE_DC));
    guest.vcpu.setOneReg(KVM_REG_MIPS_COUNT_HZ, 200_000_000n);
    expect(count(guest)).toBe(1050);
    guest.vcpu.setOneReg(CP0_CAUSE, 0n);
    guest.enter(100);
    expect(count(guest)).toBe(1250);
  });

  it('moves the timer interrupt', () => {
    const guest = idleGuest(200);
    guest.vcpu.setOneReg(KVM_REG_MIPS_COUNT_HZ, 50_000_000n);
    guest.enter(396);
    expect(pending(guest)).toBe(0);
    guest.enter(4);
    expect(pending(guest)).toBe(TI | IP7);
  });
});

describe('COUNT_CTL and COUNT_RESUME', () => {
  it('only DC may change: anything else is EINVAL', () => {
    const { vcpu } = new Guest();
    for (const value of [2n, 3n, 1n << 63n, -1n])
      expect(errnoOf(() => vcpu.setOneReg(KVM_REG_MIPS_COUNT_CTL, value))).toBe('EINVAL');
    expect(vcpu.getOneReg(KVM_REG_MIPS_COUNT_CTL)).toBe(0n);
  });

  it('setting DC freezes Count and notes the time; setting it again notes nothing', () => {
    const guest = idleGuest();
    guest.enter(100);
    stop(guest);
    expect(guest.vcpu.getOneReg(KVM_REG_MIPS_COUNT_RESUME)).toBe(BigInt(100 * NS));
    guest.enter(100);
    stop(guest);
    expect(count(guest)).toBe(100);
    expect(guest.vcpu.getOneReg(KVM_REG_MIPS_COUNT_RESUME)).toBe(BigInt(100 * NS));
  });

  it('clearing DC goes on with the same bias: Count is where it would be had it never stopped', () => {
    const guest = idleGuest();
    guest.enter(100);
    stop(guest);
    guest.enter(400);
    restart(guest);
    expect(count(guest)).toBe(500);
    guest.enter(100);
    expect(count(guest)).toBe(600);
  });

  it('the hash of a stopped vCPU does not disturb that', () => {
    const guest = idleGuest();
    guest.enter(100);
    stop(guest);
    guest.vm.clock.skipTo(7_000_000_000);
    guest.hash();
    guest.enter(100);
    restart(guest);
    expect(count(guest)).toBe(7 * TICKS_PER_SECOND + 100);
  });

  it('a timer interrupt missed while stopped is delivered at the restart', () => {
    const guest = idleGuest(300);
    guest.enter(100);
    stop(guest);
    guest.enter(400);
    expect(pending(guest)).toBe(0);
    restart(guest);
    expect(pending(guest)).toBe(TI | IP7);
  });

  it('one that is not due yet comes at its time', () => {
    const guest = idleGuest(600);
    guest.enter(100);
    stop(guest);
    guest.enter(400);
    restart(guest);
    expect(pending(guest)).toBe(0);
    guest.enter(96);
    expect(pending(guest)).toBe(0);
    guest.enter(4);
    expect(pending(guest)).toBe(TI | IP7);
  });

  it('one that was due when it stopped is not lost', () => {
    const guest = idleGuest(1000);
    guest.enter(100);
    guest.vm.clock.skipTo(2000 * NS);
    stop(guest);
    restart(guest);
    guest.enter(1);
    expect(pending(guest)).toBe(TI | IP7);
  });

  it('with Cause.DC set only the master changes', () => {
    const guest = idleGuest(300);
    guest.enter(100);
    guest.vcpu.setOneReg(CP0_CAUSE, BigInt(CAUSE_DC));
    stop(guest);
    guest.enter(400);
    restart(guest);
    guest.enter(100);
    expect([count(guest), pending(guest)]).toEqual([100, 0]);
  });

  it('COUNT_RESUME may not lie in the future (EINVAL) and can be set back, as migration does', () => {
    const guest = idleGuest();
    guest.enter(1000);
    stop(guest);
    const set = (ns: bigint) => errnoOf(() => guest.vcpu.setOneReg(KVM_REG_MIPS_COUNT_RESUME, ns));
    expect(set(BigInt(1001 * NS))).toBe('EINVAL');
    expect(set(1n << 63n)).toBe('EINVAL');
    expect(set(-1n)).toBe('EINVAL');
    expect(set(BigInt(800 * NS))).toBe('success');
    // Reads and writes of Count happen at that time.
    guest.vcpu.setOneReg(CP0_COUNT, 0x5000n);
    expect(count(guest)).toBe(0x5000);
    restart(guest);
    expect(count(guest)).toBe(0x5000 + 200);
  });

  it('the guest sees it too: it counts on from where the restart put it', () => {
    const guest = new Guest();
    guest.load([mfc0(t0, COUNT), mfc0(t1, COUNT), addiu(s0, zero, 1), mfc0(k0, COUNT), ...spin]);
    guest.enter(1);
    stop(guest);
    guest.enter(1);
    expect(guest.gpr(t1)).toBe(1);
    restart(guest);
    guest.enter(2);
    expect(guest.gpr(k0) - guest.gpr(t0)).toBe(3);
  });
});
