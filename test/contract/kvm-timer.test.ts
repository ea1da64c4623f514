// CP0 Count and Compare against guest time (reference MIPS.md A7). Count runs at 100 MHz: one tick per instruction here.
import { describe, expect, it } from 'vitest';
import { KVM_REG_MIPS_COUNT_HZ } from '../../src/kvm/mips.ts';
import { CAUSE_DC, count, idle, idleGuest, pending, TICKS_PER_SECOND } from '../support/kvm/count.ts';
import {
  CODE,
  CP0_CAUSE,
  CP0_COMPARE,
  CP0_COUNT,
  CP0_EPC,
  CP0_STATUS,
  GENERAL_VECTOR,
  Guest,
  IE,
  IP7,
  NS,
  TI,
} from '../support/kvm/guest.ts';
import {
  b,
  CAUSE,
  COMPARE,
  COUNT,
  label,
  li,
  mfc0,
  mtc0,
  nop,
  spin,
  t0,
  t1,
  t2,
  zero,
} from '../support/kvm/mips-words.ts';

describe('Count', () => {
  it('starts at 0 and follows guest time at 100 MHz, executed or skipped', () => {
    const guest = idleGuest();
    expect(count(guest)).toBe(0);
    guest.enter(40);
    expect(count(guest)).toBe(40);
    guest.vm.clock.skipTo(guest.vm.clock.now + 1_000_000);
    expect(count(guest)).toBe(40 + 100_000);
  });

  it('is read exactly by the guest: each instruction is a tick', () => {
    const guest = new Guest();
    guest.load([mfc0(t0, COUNT), mfc0(t1, COUNT), nop, mfc0(t2, COUNT), ...spin]);
    guest.enter(4);
    expect([guest.gpr(t1) - guest.gpr(t0), guest.gpr(t2) - guest.gpr(t0)]).toEqual([1, 3]);
  });

  it('set by user space or by the guest goes on from there, and wraps at 2^32', () => {
    const guest = idleGuest();
    guest.vcpu.setOneReg(CP0_COUNT, 0xfffffff0n);
    guest.enter(20);
    expect(count(guest)).toBe(4);
    guest.load([li(t0, 0x1000), mtc0(t0, COUNT), nop, mfc0(t1, COUNT), ...spin]);
    guest.pc = CODE;
    guest.enter(5);
    expect(guest.gpr(t1)).toBe(0x1002);
  });

  it('stays exact over many seconds', () => {
    const guest = idleGuest(0xffffffff);
    for (let seconds = 1; seconds <= 60; seconds += 7) {
      guest.vm.clock.skipTo(seconds * 1_000_000_000 + 330);
      guest.enter(4);
      expect(count(guest)).toBe((seconds * TICKS_PER_SECOND + 37) % 2 ** 32);
    }
  });

  it('stops and goes on continuously with Cause.DC, by the guest and by user space', () => {
    const guest = new Guest();
    guest.load([li(t0, CAUSE_DC), mtc0(t0, CAUSE), mfc0(t1, COUNT), nop, mfc0(t2, COUNT), mtc0(zero, CAUSE), idle]);
    guest.enter(6);
    expect(guest.gpr(t2)).toBe(guest.gpr(t1));
    const stopped = guest.gpr(t2);
    guest.vm.clock.skipTo(1_000_000);
    expect(count(guest)).toBe(stopped);
    guest.enter(1);
    guest.enter(10);
    expect(count(guest)).toBe(stopped + 10);
    guest.vcpu.setOneReg(CP0_CAUSE, BigInt(CAUSE_DC));
    guest.enter(100);
    guest.vcpu.setOneReg(CP0_CAUSE, 0n);
    expect(count(guest)).toBe(stopped + 10);
  });

  it('is not disturbed by a write of Cause that leaves DC alone', () => {
    const guest = idleGuest();
    // 3 ticks in 70 ns, with a rest: 43 MHz has no whole number of nanoseconds.
    guest.vcpu.setOneReg(KVM_REG_MIPS_COUNT_HZ, 43_000_000n);
    for (let i = 0; i < 100; i++) {
      guest.enter(4);
      guest.vcpu.setOneReg(CP0_CAUSE, 0n);
    }
    expect(count(guest)).toBe(Math.floor((400 * NS * 43) / 1000));
  });
});

describe('the timer interrupt', () => {
  it('raises TI and IP7 at the instant Count reaches Compare, not before', () => {
    const guest = idleGuest(100);
    guest.enter(98);
    guest.enter(1);
    expect([count(guest), pending(guest)]).toEqual([100, TI | IP7]);
    const late = idleGuest(102);
    late.enter(101);
    expect([count(late), pending(late)]).toEqual([101, 0]);
  });

  it('interrupts the guest at that very instruction', () => {
    const guest = idleGuest(1001);
    guest.load(spin, GENERAL_VECTOR);
    guest.vcpu.setOneReg(CP0_STATUS, BigInt(IP7 | IE));
    guest.enter(5000);
    expect(guest.exceptionCode).toBe(0);
    // Instruction 1001 is the first of a group of four again.
    expect(guest.cp0(CP0_EPC)).toBe(CODE + 4);
  });

  it('is acknowledged by the guest writing Compare, and comes again after a full turn of Count', () => {
    const guest = new Guest();
    guest.vcpu.setOneReg(CP0_COMPARE, 2n);
    guest.load([nop, nop, mfc0(t0, CAUSE), li(t1, 50), mtc0(t1, COMPARE), mfc0(t2, CAUSE), idle]);
    guest.enter(7);
    expect([guest.gpr(t0), guest.gpr(t2)]).toEqual([TI | IP7, 0]);
    guest.enter(50);
    expect(pending(guest)).toBe(TI | IP7);
    guest.vcpu.setOneReg(CP0_CAUSE, 0n);
    guest.vm.clock.skipTo((2 ** 32 + 49) * NS);
    guest.enter(2);
    expect(pending(guest)).toBe(TI | IP7);
  });

  it('acknowledged in the delay slot that reaches Compare is gone', () => {
    const guest = new Guest();
    guest.vcpu.setOneReg(CP0_COMPARE, 3n);
    // The branch is instruction 3; its slot writes Compare.
    guest.load([li(t1, 0x1000), b('there'), mtc0(t1, COMPARE), label('there'), mfc0(t0, CAUSE), ...spin]);
    guest.enter(5);
    expect(guest.gpr(t0)).toBe(0);
  });

  it('is not acknowledged by user space writing Compare', () => {
    const guest = idleGuest(10);
    guest.enter(12);
    guest.vcpu.setOneReg(CP0_COMPARE, 5000n);
    expect(pending(guest)).toBe(TI | IP7);
  });

  it('follows a Compare set by user space', () => {
    const guest = idleGuest();
    guest.enter(4);
    guest.vcpu.setOneReg(CP0_COMPARE, 20n);
    guest.enter(8);
    expect(pending(guest)).toBe(0);
    guest.enter(8);
    expect(pending(guest)).toBe(TI | IP7);
  });

  it('does not come while Count stands still', () => {
    const guest = idleGuest(100);
    guest.vcpu.setOneReg(CP0_CAUSE, BigInt(CAUSE_DC));
    guest.enter(1000);
    expect(pending(guest)).toBe(0);
    guest.vcpu.setOneReg(CP0_CAUSE, 0n);
    guest.enter(96);
    expect(pending(guest)).toBe(0);
    guest.enter(4);
    expect(pending(guest)).toBe(TI | IP7);
  });
});
