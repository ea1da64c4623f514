// What a vCPU that does not want to run says of itself: WAIT and proven spins (reference MIPS.md A8; src/kvm/contract.ts).
import { describe, expect, it } from 'vitest';
import { ExitReason } from '../../src/kvm/constants.ts';
import {
  CODE,
  CP0_CAUSE,
  CP0_COMPARE,
  CP0_EPC,
  CP0_STATUS,
  GENERAL_VECTOR,
  Guest,
  IE,
  IP2,
  IP7,
  NS,
} from '../support/kvm/guest.ts';
import { addiu, b, beq, j, label, li, nop, s0, s1, spin, t0, wait, zero } from '../support/kvm/mips-words.ts';

const EINTR = -4;

const setStatus = (guest: Guest, status: number): void => guest.vcpu.setOneReg(CP0_STATUS, BigInt(status));

/** A guest whose handler counts in s1 and spins. */
function guestWith(...code: Parameters<Guest['load']>[0][]): Guest {
  const guest = new Guest();
  guest.load([...code, ...spin]);
  guest.load([addiu(s1, s1, 1), ...spin], GENERAL_VECTOR);
  return guest;
}

describe('WAIT', () => {
  const waiting = (status: number, ...after: number[]): Guest => {
    const guest = guestWith(nop, wait, ...after);
    setStatus(guest, status);
    return guest;
  };

  it('returns -EINTR before the deadline, and says that the vCPU waits and is not runnable', () => {
    const guest = waiting(IP2 | IE);
    expect(guest.vcpu.runnable).toBe(true);
    expect(guest.enter(1000)).toBe(EINTR);
    expect(guest.vcpu.run.exitReason).toBe(ExitReason.INTR);
    expect([guest.vcpu.waiting, guest.vcpu.runnable, guest.vcpu.wakeAt]).toEqual([
      'wait',
      false,
      Number.POSITIVE_INFINITY,
    ]);
    expect([guest.instructions, guest.pc]).toEqual([2, CODE + 8]);
    expect(guest.enter(1000)).toBe(EINTR); // entering a vCPU that waits runs nothing
    expect(guest.instructions).toBe(2);
  });

  it('ends with an interrupt; EPC is the instruction after WAIT', () => {
    const guest = waiting(IP2 | IE);
    guest.enter(1000);
    guest.vcpu.interrupt({ cpu: -1, irq: 2 });
    expect(guest.vcpu.runnable).toBe(true);
    guest.enter(2);
    expect([guest.gpr(s1), guest.cp0(CP0_EPC)]).toEqual([1, CODE + 8]);
  });

  it('ends with an interrupt that IM lets through even with IE clear, without delivering it (Config7.WII)', () => {
    const guest = waiting(IP2, addiu(s0, zero, 1));
    guest.enter(1000);
    expect(guest.vcpu.waiting).toBe('wait');
    guest.vcpu.interrupt({ cpu: -1, irq: 2 });
    guest.enter(1);
    expect([guest.gpr(s0), guest.gpr(s1)]).toEqual([1, 0]);
  });

  it('does not end with a masked interrupt', () => {
    const guest = waiting(IP7 | IE);
    guest.enter(1000);
    guest.vcpu.interrupt({ cpu: -1, irq: 2 });
    expect(guest.vcpu.runnable).toBe(false);
    guest.enter(1000);
    expect(guest.vcpu.waiting).toBe('wait');
  });

  it('does not wait when an interrupt is pending already', () => {
    const guest = waiting(IP2, addiu(s0, zero, 1));
    guest.vcpu.interrupt({ cpu: -1, irq: 2 });
    guest.enter(3);
    expect(guest.gpr(s0)).toBe(1);
  });

  it('knows when its own timer wakes it, and wakes then', () => {
    const guest = waiting(IP7 | IE, addiu(s0, zero, 1));
    guest.vcpu.setOneReg(CP0_COMPARE, 500n);
    guest.enter(10_000);
    expect([guest.vcpu.waiting, guest.vcpu.wakeAt]).toEqual(['wait', 500 * NS]);
    guest.vm.clock.skipTo(guest.vcpu.wakeAt - 1);
    expect(guest.vcpu.runnable).toBe(false);
    guest.vm.clock.skipTo(guest.vcpu.wakeAt);
    expect(guest.vcpu.runnable).toBe(true);
    guest.enter(2);
    expect([guest.gpr(s1), guest.gpr(s0)]).toEqual([1, 0]);
  });

  it('with the timer masked has no instant to wake at', () => {
    const guest = waiting(IP2 | IE);
    guest.vcpu.setOneReg(CP0_COMPARE, 500n);
    guest.enter(10_000);
    expect(guest.vcpu.wakeAt).toBe(Number.POSITIVE_INFINITY);
  });

  it('in a delay slot waits at the target of the branch', () => {
    const guest = guestWith(b('there'), wait, nop, label('there'), addiu(s0, zero, 1));
    setStatus(guest, IP2);
    guest.enter(1000);
    expect([guest.vcpu.waiting, guest.pc, guest.instructions]).toEqual(['wait', CODE + 12, 2]);
    guest.vcpu.interrupt({ cpu: -1, irq: 2 });
    guest.enter(1);
    expect(guest.gpr(s0)).toBe(1);
  });

  it('is entered in vain without that changing the state hash', () => {
    const guest = waiting(IP2 | IE);
    guest.vcpu.setOneReg(CP0_COMPARE, 500n);
    guest.enter(10);
    guest.vm.clock.skipTo(1000 * NS);
    const before = guest.hash();
    guest.enter(10);
    expect(guest.vcpu.waiting).toBe('wait');
    expect(guest.hash()).toBe(before);
  });

  it('is asked whether it is runnable without that changing the state hash', () => {
    const guest = waiting(IP7 | IE);
    guest.vcpu.setOneReg(CP0_COMPARE, 500n);
    guest.enter(10);
    guest.vm.clock.skipTo(1000 * NS);
    const before = guest.hash();
    expect(guest.vcpu.runnable).toBe(true);
    expect(guest.hash()).toBe(before);
  });
});

describe('a jump to itself', () => {
  it.each([
    ['b .', [label('here'), b('here'), nop]],
    ['beq t0, t0, .', [label('here'), beq(t0, t0, 'here'), nop]],
    ['j .', [label('here'), j('here'), nop]],
  ])('%s with interrupts off is a proven hang, said at once', (_name, code) => {
    const guest = guestWith(nop, code);
    expect(guest.vcpu.enter(1_000_000_000)).toBe(EINTR);
    expect([guest.vcpu.waiting, guest.vcpu.wakeAt, guest.pc]).toEqual(['spin', Number.POSITIVE_INFINITY, CODE + 4]);
    expect(guest.instructions).toBe(1);
    expect(guest.vcpu.enter(Number.POSITIVE_INFINITY)).toBe(EINTR);
    expect(guest.vcpu.waiting).toBe('spin');
  });

  it('with an interrupt line open is no hang, and ends with the interrupt', () => {
    const guest = guestWith(nop);
    setStatus(guest, IP2 | IE);
    expect(guest.enter(1001)).toBe(EINTR);
    expect(guest.vcpu.waiting).toBe('none');
    expect(guest.instructions).toBe(1001);
    guest.vcpu.interrupt({ cpu: -1, irq: 2 });
    guest.enter(2);
    expect([guest.gpr(s1), guest.cp0(CP0_EPC)]).toEqual([1, CODE + 4]);
  });

  it('with the timer open ends exactly when the timer is due', () => {
    const guest = guestWith(nop);
    setStatus(guest, IP7 | IE);
    guest.vcpu.setOneReg(CP0_COMPARE, 10_001n);
    guest.enter(1_000_000);
    expect([guest.gpr(s1), guest.cp0(CP0_EPC), guest.instructions]).toEqual([1, CODE + 4, 10_002]);
  });

  it('with only an outside line open and no deadline waits for that interrupt', () => {
    const guest = guestWith(nop);
    setStatus(guest, IP2 | IE);
    expect(guest.vcpu.enter(Number.POSITIVE_INFINITY)).toBe(EINTR);
    const { waiting, runnable, wakeAt } = guest.vcpu;
    expect([waiting, runnable, wakeAt]).toEqual(['wait', false, Number.POSITIVE_INFINITY]);
    guest.vcpu.interrupt({ cpu: -1, irq: 2 });
    expect(guest.vcpu.runnable).toBe(true);
    guest.enter(2);
    expect(guest.gpr(s1)).toBe(1);
  });

  it('with something in its slot is not one', () => {
    const guest = guestWith(label('here'), b('here'), addiu(s0, s0, 1));
    expect(guest.enter(1000)).toBe(EINTR);
    expect([guest.vcpu.waiting, guest.gpr(s0)]).toEqual(['none', 500]);
  });

  it('at one address is none at another address of the same page', () => {
    const guest = new Guest();
    // J keeps the upper address bits of its slot and takes the lower 28 from the word: not a self-jump everywhere.
    guest.load([j('here'), nop, label('here'), addiu(s0, zero, 1), ...spin]);
    guest.enter(4);
    expect(guest.gpr(s0)).toBe(1);
  });

  it('sitting in a delay slot is a reserved instruction there, not a hang', () => {
    const guest = guestWith(nop, b('away'), label('here'), b('here'), nop, label('away'), nop);
    guest.enter(100);
    expect(guest.exceptionCode).toBe(10);
    expect([guest.cp0(CP0_EPC), guest.cp0(CP0_CAUSE) >>> 31]).toEqual([CODE + 4, 1]);
  });

  it('stops being one when user space changes it', () => {
    const guest = guestWith(nop);
    guest.enter(1000);
    guest.load([...li(s0, 5), ...spin], CODE + 4);
    guest.enter(2);
    expect(guest.gpr(s0)).toBe(5);
  });

  it('keeps Cause up to date while it spins past Compare', () => {
    const guest = guestWith(nop);
    setStatus(guest, IP2 | IE);
    guest.vcpu.setOneReg(CP0_COMPARE, 300n);
    guest.enter(1000);
    expect(guest.cp0(CP0_CAUSE) & IP7).toBe(IP7);
  });
});

describe('WAIT with every interrupt masked', () => {
  it.each([
    ['is deaf, with IE or without', 0, true],
    ['is deaf, with IE or without', IE, true],
    ['is not while one is let through', IP2, false],
  ])('%s', (_what, status, deaf) => {
    const guest = guestWith(wait);
    setStatus(guest, status);
    expect(guest.vcpu.deaf).toBe(false);
    expect(guest.enter(10)).toBe(EINTR);
    expect([guest.vcpu.waiting, guest.vcpu.deaf]).toEqual(['wait', deaf]);
  });
});
