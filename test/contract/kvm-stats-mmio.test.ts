// Exit counters of MMIO and of interrupts (reference MIPS.md A11, A1): an access that no memory serves counts the exception it would be on the
// host, and who served it; an access that leaves and is made again counts once.
import { describe, expect, it } from 'vitest';
import { KVM_MEM_READONLY } from '../../src/kvm/constants.ts';
import { EventFd } from '../../src/kvm/eventfd.ts';
import { type Counts, counts } from '../support/kvm/counters.ts';
import { RecordingDevice } from '../support/kvm/devices.ts';
import { CP0_STATUS, GENERAL_VECTOR, Guest, IE, IP2, MMIO, MMIO_PHYSICAL, mapPage } from '../support/kvm/guest.ts';
import {
  addiu,
  b,
  hypcall,
  type Line,
  label,
  li,
  lw,
  nop,
  s0,
  spin,
  sw,
  t0,
  t1,
  v0,
} from '../support/kvm/mips-words.ts';
import { HIGH, HIGH_VA, setSlot } from '../support/kvm/slots.ts';

/** What is counted when `code` runs to the spin after it; t1 leads to MMIO. */
function counted(code: Line, prepare: (guest: Guest) => void = () => {}, slice = 100): Counts {
  const guest = new Guest();
  guest.load([code, ...spin]);
  guest.setGpr(t1, MMIO);
  prepare(guest);
  guest.vm.observe({ stats: true, trace: null });
  for (let enters = 0; enters < 200 && guest.vcpu.waiting === 'none'; enters++) guest.enter(slice);
  expect(guest.vcpu.waiting).toBe('spin');
  return counts(guest);
}

describe('an MMIO access through host KSEG0 and KSEG1', () => {
  it.each([
    ['load', lw(t0, 0, t1), { addrerr_ld: 1, mmio_exit_user: 1 }],
    ['store', sw(t0, 0, t1), { addrerr_st: 1, mmio_exit_user: 1 }],
    ['load in a delay slot', [b('on'), lw(t0, 0, t1), nop, label('on')], { addrerr_ld: 1, mmio_exit_user: 1 }],
    ['store in a delay slot', [b('on'), sw(t0, 0, t1), nop, label('on')], { addrerr_st: 1, mmio_exit_user: 1 }],
    [
      'load, load and store',
      [lw(t0, 0, t1), lw(t0, 4, t1), sw(t0, 8, t1)],
      { addrerr_ld: 2, addrerr_st: 1, mmio_exit_user: 3 },
    ],
  ] as const)('that leaves: %s', (_what, code, expected) => {
    expect(counted(code)).toEqual(expected);
    expect(counted(code, undefined, 1)).toEqual(expected);
  });

  const code = [lw(t0, 0, t1), sw(t0, 0, t1)];
  it('that an in-kernel device serves', () => {
    const device = (guest: Guest): void =>
      guest.vm.addInKernelDevice({ base: MMIO_PHYSICAL, order: 'little', device: new RecordingDevice() });
    expect(counted(code, device)).toEqual({ addrerr_ld: 1, addrerr_st: 1, mmio_exit_kernel: 2 });
  });

  it('whose store an ioeventfd or the coalesced ring takes', () => {
    const ioeventfd = (guest: Guest): void =>
      guest.vm.ioeventfd({ addr: MMIO_PHYSICAL, len: 4, datamatch: 0n, flags: 0, fd: new EventFd() });
    const zone = (guest: Guest): void => guest.vm.registerCoalescedMmio({ addr: MMIO_PHYSICAL, size: 4, pio: 0 });
    for (const prepare of [ioeventfd, zone])
      expect(counted(code, prepare)).toEqual({ addrerr_ld: 1, addrerr_st: 1, mmio_exit_user: 1, mmio_exit_kernel: 1 });
  });

  it('that finds the ring full leaves', () => {
    const full = (guest: Guest): void => {
      guest.vm.registerCoalescedMmio({ addr: MMIO_PHYSICAL, size: 4, pio: 0 });
      guest.vm.coalescedMmioRing.last = 169;
    };
    expect(counted(sw(t0, 0, t1), full)).toEqual({ addrerr_st: 1, mmio_exit_user: 1 });
  });
});

describe('an MMIO access through KSEG0 or the TLB, to a page without a slot', () => {
  const through = (va: number) => (guest: Guest) => guest.setGpr(t1, va);

  it.each([
    ['load', lw(t0, 0, t1), { tlbmiss_ld: 1, mmio_exit_user: 1 }],
    ['store', sw(t0, 0, t1), { tlbmiss_st: 1, mmio_exit_user: 1 }],
  ] as const)('is a TLB miss of the host: %s', (_what, code, expected) => {
    expect(counted(code, through(0x52000000))).toEqual(expected);
    const filling = { cop_unusable: 5 };
    expect(counted([mapPage(0x60004000, 0x12000000), li(t1, 0x60004000), code])).toEqual({ ...filling, ...expected });
  });

  it('again and again is one each time', () => {
    const code = [lw(t0, 0, t1), lw(t0, 0, t1), sw(t0, 0, t1), sw(t0, 4, t1)];
    expect(counted(code, through(0x52000000))).toEqual({ tlbmiss_ld: 2, tlbmiss_st: 2, mmio_exit_user: 4 });
  });

  it('a store to a READONLY slot is tlbmod; its loads are nothing', () => {
    const readonly = (guest: Guest): void => {
      setSlot(guest, { flags: KVM_MEM_READONLY });
      guest.setGpr(t1, HIGH_VA);
    };
    expect(counted([lw(t0, 0, t1), sw(t0, 0, t1), sw(t0, 4, t1)], readonly)).toEqual({ tlbmod: 2, mmio_exit_user: 2 });
    expect(HIGH_VA & 0x1fffffff).toBe(HIGH);
  });
});

describe('what counts nothing', () => {
  it('an interrupt that is delivered', () => {
    const guest = new Guest();
    guest.load([label('again'), addiu(s0, s0, 1), b('again'), nop]);
    guest.load(spin, GENERAL_VECTOR);
    guest.vcpu.setOneReg(CP0_STATUS, BigInt(IP2 | IE));
    guest.vm.observe({ stats: true, trace: null });
    guest.enter(10);
    guest.vcpu.interrupt({ cpu: -1, irq: 2 });
    guest.enter(10);
    expect(guest.pc).toBe(GENERAL_VECTOR);
    expect(counts(guest)).toEqual({});
  });

  it('memory: loads, stores and fetches of slots, the first ones of each page too, code that is changed', () => {
    const code = [lw(t0, 0, t1), sw(t0, 0, t1), li(t0, addiu(s0, s0, 1)), sw(t0, 0x1000, t1)];
    expect(counted(code, (guest) => guest.setGpr(t1, 0x40010000 + 0x40))).toEqual({});
  });

  it.each([
    ['an MMIO read', lw(t0, 0, t1)],
    ['an MMIO read in a delay slot', [b('on'), lw(t0, 0, t1), nop, label('on')]],
    ['a hypercall', hypcall()],
  ] as const)('%s that left before observing began, when it is finished', (_what, code) => {
    const guest = new Guest();
    guest.load([code, ...spin]);
    guest.setGpr(t1, MMIO);
    guest.setGpr(v0, 8);
    expect(guest.enter(100)).toBe(0);
    guest.vcpu.run.mmio.data.set([9, 0, 0, 0]);
    const before = guest.vcpu.stats();
    guest.vm.observe({ stats: true, trace: null });
    guest.enter(100);
    expect(guest.vcpu.waiting).toBe('spin');
    expect(counts(guest)).toEqual(before.mmio_exit_user === 0 ? {} : { mmio_exit_user: 1 });
  });

  it('what user space does: registers, interrupts, slots, writes', () => {
    const guest = new Guest();
    guest.vm.observe({ stats: true, trace: null });
    guest.vcpu.setOneReg(CP0_STATUS, 0n);
    guest.vcpu.interrupt({ cpu: -1, irq: 2 });
    setSlot(guest);
    guest.vm.memory.writeU32(HIGH, 1, 'little');
    expect(counts(guest)).toEqual({});
  });
});
