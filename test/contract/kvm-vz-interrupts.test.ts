// Time and interrupts of a VZ vCPU: KVM_INTERRUPT as guest lines (Linux 5.10 arch/mips/kvm/mips.c kvm_vcpu_ioctl_interrupt and
// kvm_default_priority_to_irq; vz.c kvm_vz_irq_deliver_cb), the guest's own Count and Compare, and WAIT (reference MIPS.md C4).
import { describe, expect, it } from 'vitest';
import { KVM_REG_MIPS_COUNT_CTL, KVM_REG_MIPS_COUNT_HZ } from '../../src/kvm/mips.ts';
import {
  CP0_CAUSE,
  CP0_COMPARE,
  CP0_COUNT,
  CP0_EPC,
  CP0_STATUS,
  errnoOf,
  type Guest,
  IE,
  IP2,
  IP7,
  NS,
  TI,
} from '../support/kvm/guest.ts';
import {
  addiu,
  b,
  CAUSE,
  COMPARE,
  COUNT,
  type Line,
  label,
  li,
  mfc0,
  mtc0,
  nop,
  rdhwr,
  s0,
  s1,
  spin,
  t0,
  t1,
  t2,
  wait,
  zero,
} from '../support/kvm/mips-words.ts';
import { CODE, CPU_MODELS, GENERAL_VECTOR, INTERRUPT_VECTOR, ran, vzGuest } from '../support/kvm/vz-guest.ts';

const [EXL, ERL] = [2, 4];
const IV = 1 << 23;
const DC = 1 << 27;
const CAUSE_IP = 0xff00;
const idle = [label('idle'), nop, nop, b('idle'), nop];
/** One instruction per step, unlike a branch with its slot. */
const straight: Line = new Array<number>(200).fill(nop);

const setStatus = (guest: Guest, status: number): void => guest.vcpu.setOneReg(CP0_STATUS, BigInt(status));
const ip = (guest: Guest, vcpu = guest.vcpu): number => guest.cp0(CP0_CAUSE, vcpu) & CAUSE_IP;
const timer = (guest: Guest): number => guest.cp0(CP0_CAUSE) & (TI | IP7);

/** A guest whose handler counts in s1 and spins. */
function guestWith(...code: Line[]): Guest {
  const guest = vzGuest();
  guest.load([...code, ...spin]);
  guest.load([addiu(s1, s1, 1), ...spin], GENERAL_VECTOR);
  guest.load([addiu(s1, s1, 16), ...spin], INTERRUPT_VECTOR);
  return guest;
}

describe('KVM_INTERRUPT', () => {
  it.each([
    [2, 1 << 10],
    [3, 1 << 11],
    [4, 1 << 12],
  ])('irq %d is line IP%d of the guest until the negative number', (irq, bit) => {
    const guest = vzGuest();
    for (let twice = 0; twice < 2; twice++) guest.vcpu.interrupt({ cpu: -1, irq });
    expect(ip(guest)).toBe(bit);
    for (let twice = 0; twice < 2; twice++) guest.vcpu.interrupt({ cpu: -1, irq: -irq });
    expect(ip(guest)).toBe(0);
  });

  it('irq 6 is taken, but has no line in the default table of priorities: nothing happens', () => {
    const guest = guestWith(nop, nop);
    setStatus(guest, CAUSE_IP | IE);
    expect(errnoOf(() => guest.vcpu.interrupt({ cpu: -1, irq: 6 }))).toBe('success');
    guest.enter(2);
    expect([ip(guest), guest.gpr(s1)]).toEqual([0, 0]);
    expect(errnoOf(() => guest.vcpu.interrupt({ cpu: -1, irq: -6 }))).toBe('success');
  });

  it('refuses other numbers and other vCPUs with EINVAL: IP5 and IP7 are not for user space', () => {
    const { vcpu } = vzGuest();
    for (const irq of [0, 1, 5, 7, -1, -5, -7, 8, 34])
      expect(errnoOf(() => vcpu.interrupt({ cpu: -1, irq }))).toBe('EINVAL');
    for (const cpu of [1, -2]) expect(errnoOf(() => vcpu.interrupt({ cpu, irq: 2 }))).toBe('EINVAL');
  });

  it('reaches the vCPU it names', () => {
    const guest = vzGuest({ vcpus: 2 });
    const [first, second] = guest.vcpus;
    first!.interrupt({ cpu: 1, irq: 3 });
    expect([ip(guest, first!), ip(guest, second!)]).toEqual([0, 1 << 11]);
  });
});

describe('an interrupt', () => {
  it('is taken before the next instruction: EPC there, ExcCode 0, EXL', () => {
    const guest = guestWith(label('again'), addiu(s0, s0, 1), b('again'), nop);
    setStatus(guest, IP2 | IE);
    guest.enter(3);
    guest.vcpu.interrupt({ cpu: -1, irq: 2 });
    guest.enter(2);
    expect(guest.exceptionCode).toBe(0);
    expect([guest.gpr(s0), guest.gpr(s1), guest.cp0(CP0_EPC)]).toEqual([1, 1, CODE]);
    expect(guest.cp0(CP0_STATUS)).toBe(IP2 | IE | EXL);
  });

  it('goes to + 0x200 with Cause.IV, at once after the guest sets that', () => {
    const guest = guestWith(mtc0(t0, CAUSE), nop, nop);
    setStatus(guest, IP2 | IE);
    guest.setGpr(t0, IV);
    guest.enter(1);
    guest.vcpu.interrupt({ cpu: -1, irq: 2 });
    guest.enter(3);
    expect(guest.gpr(s1)).toBe(16);
  });

  it.each([
    ['IE is clear', IP2],
    ['EXL is set', IP2 | IE | EXL],
    ['ERL is set', IP2 | IE | ERL],
    ['its IM bit is clear', CAUSE_IP - IP2 + IE],
  ])('waits while %s', (_why, status) => {
    const guest = guestWith(nop, nop, nop, nop);
    setStatus(guest, status);
    guest.vcpu.interrupt({ cpu: -1, irq: 2 });
    guest.enter(3);
    expect([guest.gpr(s1), guest.pc]).toEqual([0, CODE + 12]);
  });

  it('of software, Cause.IP0 and IP1, is the guest its own', () => {
    const guest = guestWith(mtc0(t0, CAUSE), nop, nop);
    setStatus(guest, 0x200 | IE);
    guest.setGpr(t0, 0x300);
    guest.enter(4);
    expect([guest.gpr(s1), guest.cp0(CP0_EPC)]).toEqual([1, CODE + 4]);
  });
});

describe.each(CPU_MODELS)('Count of a %s', (cpuModel) => {
  it('runs at 100 MHz from 0, as CC does', () => {
    const guest = ran([nop, mfc0(t0, COUNT), rdhwr(t1, 2), nop, mfc0(t2, COUNT)], 0, () => {}, { cpuModel });
    expect(guest.gpr(t0)).toBeLessThan(3);
    expect([guest.gpr(t1) - guest.gpr(t0), guest.gpr(t2) - guest.gpr(t0)]).toEqual([1, 3]);
    expect(guest.vcpu.getOneReg(KVM_REG_MIPS_COUNT_HZ)).toBe(100_000_000n);
  });
});

describe('the timer', () => {
  it('raises TI and, for IntCtl.IPTI is 7, IP7 when Count reaches Compare', () => {
    const guest = guestWith(straight);
    guest.vcpu.setOneReg(CP0_COMPARE, 100n);
    guest.enter(99);
    expect([guest.cp0(CP0_COUNT), timer(guest)]).toEqual([99, 0]);
    guest.enter(1);
    expect([guest.cp0(CP0_COUNT), timer(guest)]).toEqual([100, TI | IP7]);
  });

  it('interrupts, and a write of Compare by the guest takes it back', () => {
    const guest = guestWith(li(t1, 20), mtc0(t1, COMPARE), idle);
    guest.load([mtc0(t2, COMPARE), mfc0(t0, CAUSE), addiu(s1, s1, 1), ...spin], GENERAL_VECTOR);
    setStatus(guest, IP7 | IE);
    guest.enter(60);
    expect([guest.gpr(s1), guest.gpr(t0) & (TI | IP7)]).toEqual([1, 0]);
    expect(guest.exceptionCode).toBe(0);
  });

  it('is not taken back by user space writing Compare', () => {
    const guest = vzGuest();
    guest.load(idle);
    guest.vcpu.setOneReg(CP0_COMPARE, 10n);
    guest.enter(12);
    guest.vcpu.setOneReg(CP0_COMPARE, 5000n);
    expect(timer(guest)).toBe(TI | IP7);
  });

  it('Count written by the guest goes on from there', () => {
    const guest = ran([mtc0(t0, COUNT), nop, mfc0(t1, COUNT)], 0xfffffffe);
    expect(guest.gpr(t1)).toBe(0);
  });

  it.each<[string, Line, (guest: Guest) => void]>([
    ['by the guest, Cause.DC', [li(t0, DC), mtc0(t0, CAUSE), idle], () => {}],
    ['by user space, Cause.DC', idle, ({ vcpu }) => vcpu.setOneReg(CP0_CAUSE, BigInt(DC))],
    ['by user space, COUNT_CTL.DC', idle, ({ vcpu }) => vcpu.setOneReg(KVM_REG_MIPS_COUNT_CTL, 1n)],
  ])('stands still when stopped %s', (_how, code, stop) => {
    const guest = guestWith(code);
    guest.vcpu.setOneReg(CP0_COMPARE, 50n);
    stop(guest);
    guest.enter(3);
    const stopped = guest.cp0(CP0_COUNT);
    guest.enter(1000);
    expect([guest.cp0(CP0_COUNT), timer(guest)]).toEqual([stopped, 0]);
  });

  it('at another COUNT_HZ is as exact', () => {
    const guest = guestWith(straight);
    guest.vcpu.setOneReg(KVM_REG_MIPS_COUNT_HZ, 25_000_000n);
    guest.vcpu.setOneReg(CP0_COMPARE, 10n);
    guest.enter(39);
    expect(timer(guest)).toBe(0);
    guest.enter(1);
    expect([guest.cp0(CP0_COUNT), timer(guest)]).toEqual([10, TI | IP7]);
  });
});

describe('WAIT', () => {
  const waiting = (status: number): Guest => {
    const guest = guestWith(nop, wait, addiu(s0, zero, 1));
    setStatus(guest, status);
    return guest;
  };

  it('makes the vCPU wait, until an interrupt that Status.IM lets through; with IE that is taken after it', () => {
    const guest = waiting(IP2 | IE);
    guest.enter(1000);
    expect([guest.vcpu.waiting, guest.vcpu.runnable, guest.pc]).toEqual(['wait', false, CODE + 8]);
    guest.vcpu.interrupt({ cpu: -1, irq: 6 });
    expect(guest.vcpu.runnable).toBe(false);
    guest.vcpu.interrupt({ cpu: -1, irq: 2 });
    guest.enter(2);
    expect([guest.gpr(s1), guest.cp0(CP0_EPC)]).toEqual([1, CODE + 8]);
  });

  it('ends without IE, and nothing is taken: Config7.WII', () => {
    const guest = waiting(IP2);
    guest.enter(1000);
    guest.vcpu.interrupt({ cpu: -1, irq: 2 });
    guest.enter(1);
    expect([guest.gpr(s0), guest.gpr(s1)]).toEqual([1, 0]);
  });

  it('ends by the timer, at its instant', () => {
    const guest = waiting(IP7);
    guest.vcpu.setOneReg(CP0_COMPARE, 500n);
    guest.enter(1000);
    expect([guest.vcpu.waiting, guest.vcpu.wakeAt]).toEqual(['wait', 500 * NS]);
    guest.vm.clock.skipTo(guest.vcpu.wakeAt);
    guest.enter(1);
    expect(guest.gpr(s0)).toBe(1);
  });

  it('does not wait when an interrupt is pending already', () => {
    const guest = waiting(IP2);
    guest.vcpu.interrupt({ cpu: -1, irq: 2 });
    guest.enter(3);
    expect(guest.gpr(s0)).toBe(1);
  });
});
