// KVM_INTERRUPT and the delivery of interrupts (reference KVM-API.md 8; MIPS.md A5, A8).
import { describe, expect, it } from 'vitest';
import {
  CODE,
  CP0_CAUSE,
  CP0_EPC,
  CP0_STATUS,
  EBASE,
  errnoOf,
  GENERAL_VECTOR,
  Guest,
  IE,
  IP2,
  MMIO,
} from '../support/kvm/guest.ts';
import {
  addiu,
  b,
  di,
  ei,
  eret,
  label,
  lw,
  mtc0,
  nop,
  STATUS,
  s0,
  s1,
  spin,
  t0,
  t1,
  zero,
} from '../support/kvm/mips-words.ts';

const IV = 1 << 23;
const CAUSE_IP = 0xff00;

const setStatus = (guest: Guest, status: number): void => guest.vcpu.setOneReg(CP0_STATUS, BigInt(status));
const ip = (guest: Guest, vcpu = guest.vcpu): number => guest.cp0(CP0_CAUSE, vcpu) & CAUSE_IP;

/** A guest whose handler counts in s1 and spins. */
function guestWith(...code: Parameters<Guest['load']>[0][]): Guest {
  const guest = new Guest();
  guest.load([...code, ...spin]);
  guest.load([addiu(s1, s1, 1), ...spin], GENERAL_VECTOR);
  return guest;
}

describe('KVM_INTERRUPT', () => {
  it.each([
    [2, 1 << 10],
    [3, 1 << 11],
    [4, 1 << 12],
    [6, 1 << 14],
  ])('irq %d raises its Cause.IP bit, and the negative number lowers it', (irq, bit) => {
    const guest = new Guest();
    guest.vcpu.interrupt({ cpu: -1, irq });
    guest.vcpu.interrupt({ cpu: -1, irq }); // a level: twice is once
    expect(ip(guest)).toBe(bit);
    guest.vcpu.interrupt({ cpu: -1, irq: -irq });
    expect(ip(guest)).toBe(0);
    guest.vcpu.interrupt({ cpu: -1, irq: -irq });
    expect(ip(guest)).toBe(0);
  });

  it('refuses other numbers and other vCPUs with EINVAL', () => {
    const { vcpu } = new Guest();
    for (const irq of [0, 1, 5, 7, -1, -5, -7, 8, 34, 2.5, Number.NaN])
      expect(errnoOf(() => vcpu.interrupt({ cpu: -1, irq }))).toBe('EINVAL');
    for (const cpu of [1, -2, 0.5, Number.NaN]) expect(errnoOf(() => vcpu.interrupt({ cpu, irq: 2 }))).toBe('EINVAL');
  });

  it('reaches the vCPU it names', () => {
    const guest = new Guest({ vcpus: 2 });
    const [first, second] = guest.vcpus;
    first!.interrupt({ cpu: 1, irq: 3 });
    expect([ip(guest, first!), ip(guest, second!)]).toEqual([0, 1 << 11]);
    second!.interrupt({ cpu: -1, irq: -3 });
    second!.interrupt({ cpu: 0, irq: 4 });
    expect([ip(guest, first!), ip(guest, second!)]).toEqual([1 << 12, 0]);
  });
});

describe('an interrupt', () => {
  it('is delivered before the next instruction: EPC there, ExcCode 0, EXL set, one more counted', () => {
    const guest = guestWith(label('again'), addiu(s0, s0, 1), b('again'), nop);
    setStatus(guest, IP2 | IE);
    guest.enter(3);
    guest.vcpu.interrupt({ cpu: -1, irq: 2 });
    guest.enter(2);
    expect(guest.exceptionCode).toBe(0);
    expect([guest.gpr(s0), guest.gpr(s1), guest.cp0(CP0_EPC)]).toEqual([1, 1, CODE]);
    expect(guest.cp0(CP0_STATUS)).toBe(IP2 | IE | 2);
  });

  it.each([
    ['IE is clear', IP2],
    ['EXL is set', IP2 | IE | 2],
    ['ERL is set', IP2 | IE | 4],
    ['its IM bit is clear', 0xff00 - IP2 + IE],
  ])('waits while %s', (_why, status) => {
    const guest = guestWith(nop, nop, nop, nop);
    setStatus(guest, status);
    guest.vcpu.interrupt({ cpu: -1, irq: 2 });
    guest.enter(3);
    expect([guest.gpr(s1), guest.pc]).toEqual([0, CODE + 12]);
  });

  it('goes to offset 0x200 with Cause.IV', () => {
    const guest = guestWith(nop);
    guest.load(spin, EBASE + 0x200);
    guest.vcpu.setOneReg(CP0_CAUSE, BigInt(IV));
    setStatus(guest, IP2 | IE);
    guest.vcpu.interrupt({ cpu: -1, irq: 2 });
    guest.enter(10);
    expect(guest.pc).toBe(EBASE + 0x200);
  });

  it('that is raised and lowered before the guest runs never happened', () => {
    const guest = guestWith(nop, nop);
    setStatus(guest, IP2 | IE);
    guest.vcpu.interrupt({ cpu: -1, irq: 2 });
    guest.vcpu.interrupt({ cpu: -1, irq: -2 });
    guest.enter(2);
    expect(guest.gpr(s1)).toBe(0);
  });

  it.each([
    ['EI', [ei], IP2],
    ['MTC0 Status', [mtc0(t0, STATUS)], 0],
    ['ERET', [eret], IP2 | IE | 2],
  ])('comes right after the %s that lets it in', (_name, code, status) => {
    const guest = guestWith(code, addiu(s0, zero, 1));
    guest.vcpu.setOneReg(CP0_EPC, BigInt(CODE + 4));
    setStatus(guest, status);
    guest.setGpr(t0, IP2 | IE);
    guest.vcpu.interrupt({ cpu: -1, irq: 2 });
    guest.enter(1000);
    expect([guest.gpr(s0), guest.gpr(s1), guest.cp0(CP0_EPC)]).toEqual([0, 1, CODE + 4]);
  });

  it('comes after the delay slot in which it was let in, at the target of the branch', () => {
    const guest = guestWith(b('there'), ei, nop, label('there'), addiu(s0, zero, 1));
    setStatus(guest, IP2);
    guest.vcpu.interrupt({ cpu: -1, irq: 2 });
    guest.enter(1000);
    expect([guest.gpr(s0), guest.gpr(s1), guest.cp0(CP0_EPC)]).toEqual([0, 1, CODE + 12]);
    expect(guest.cp0(CP0_CAUSE) >>> 31).toBe(0);
  });

  it('does not come after DI', () => {
    const guest = guestWith(di, addiu(s0, zero, 1));
    setStatus(guest, IP2 | IE);
    guest.enter(1);
    guest.vcpu.interrupt({ cpu: -1, irq: 2 });
    guest.enter(1);
    expect([guest.gpr(s0), guest.gpr(s1)]).toEqual([1, 0]);
  });

  it('raised while an MMIO read is pending comes after the read', () => {
    const guest = guestWith(lw(t0, 0, t1), addiu(s0, zero, 1));
    setStatus(guest, IP2 | IE);
    guest.setGpr(t1, MMIO);
    expect(guest.enter(100)).toBe(0);
    guest.vcpu.run.mmio.data.set([9, 0, 0, 0]);
    guest.vcpu.interrupt({ cpu: -1, irq: 2 });
    guest.enter(100);
    expect([guest.gpr(t0), guest.gpr(s0), guest.gpr(s1), guest.cp0(CP0_EPC)]).toEqual([9, 0, 1, CODE + 4]);
  });
});
