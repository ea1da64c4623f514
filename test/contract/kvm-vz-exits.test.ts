// What a VZ guest makes KVM do, and what of it is counted and traced (Linux 5.10 arch/mips/kvm/vz.c kvm_trap_vz_handle_guest_exit and what it calls,
// mips.c kvm_mips_handle_exit, trace.h, hypcall.c; reference MIPS.md C4, A10 to A12). The host has GuestCtl0Ext, and a timer of 100 MHz that the guest
// owns while its own runs at that rate.
import { describe, expect, it } from 'vitest';
import { Cap, ExitReason, KVM_MEM_READONLY } from '../../src/kvm/constants.ts';
import { KVM_REG_MIPS_COUNT_CTL, KVM_REG_MIPS_COUNT_HZ, KVM_REG_MIPS_CP0_32 } from '../../src/kvm/mips.ts';
import { type Counts, counts } from '../support/kvm/counters.ts';
import { CP0_CAUSE, CP0_STATUS, enterUser, type Guest, IP2, SPARE } from '../support/kvm/guest.ts';
import {
  add,
  addiu,
  b,
  breakpoint,
  CAUSE,
  COMPARE,
  COUNT,
  cache,
  di,
  ENTRYHI,
  ENTRYLO0,
  EPC,
  ei,
  HWRENA,
  hypcall,
  INDEX,
  type Line,
  label,
  li,
  lw,
  mfc0,
  mtc0,
  nop,
  rdhwr,
  STATUS,
  s0,
  spin,
  sw,
  syscall,
  t0,
  t1,
  t2,
  teq,
  tlbp,
  tlbr,
  tlbwi,
  tlbwr,
  v0,
  wait,
  zero,
} from '../support/kvm/mips-words.ts';
import { idle, record } from '../support/kvm/trace.ts';
import { CODE, DATA, DEVICE, GENERAL_VECTOR, REFILL_VECTOR, type VzOptions, vzGuest } from '../support/kvm/vz-guest.ts';

const CU1 = 1 << 29;
const FR = 1 << 26;
const DC = 1 << 27;
const IV = 1 << 23;
const ENOSYS = -1000;
type Prepare = (guest: Guest) => void;

/** A guest with `code` and handlers that spin; t0 = 0x12345678, t1 = a device, t2 = memory. */
function guestWith(code: Line, prepare: Prepare = () => {}, options: VzOptions = {}): Guest {
  const guest = vzGuest({ paravirtHypercalls: false, ...options });
  guest.load([code, ...spin]);
  for (const vector of [REFILL_VECTOR, GENERAL_VECTOR]) guest.load(spin, vector);
  guest.setGpr(t0, 0x12345678);
  guest.setGpr(t1, DEVICE);
  guest.setGpr(t2, DATA);
  prepare(guest);
  return guest;
}

/** What is counted while `code` runs; exits are answered with zeros. */
function counted(code: Line, prepare?: Prepare, options?: VzOptions): Counts {
  const guest = guestWith(code, prepare, options);
  guest.vm.observe({ stats: true, trace: null });
  for (let enters = 0; enters < 10; enters++) guest.enter(100);
  return counts(guest);
}

/** The events between kvm_enter and the deadline, `instructions` later; the first instruction is at +0. */
function traced(code: Line, instructions: number, prepare?: Prepare): string[] {
  const guest = guestWith([code, idle], prepare);
  for (const vector of [REFILL_VECTOR, GENERAL_VECTOR]) guest.load(idle, vector);
  const { lines } = record(guest);
  guest.enter(instructions + 1);
  expect(lines.at(0)).toBe('kvm_enter +0');
  expect(lines.at(-3)).toMatch(/^kvm_exit .* Signal$/);
  return lines.slice(1, -3);
}

const gpsi = (at: string, ...inside: string[]): string[] => [
  `kvm_exit ${at} Guest Exit`,
  `kvm_exit ${at} GPSI`,
  ...inside,
];
const cp0 = (rd: number, sel: number): string => `0x${(8 * rd + sel).toString(16)}`;
const oneReg =
  (id: bigint, value: number): Prepare =>
  ({ vcpu }) =>
    vcpu.setOneReg(id, BigInt(value));
const softTimer = oneReg(KVM_REG_MIPS_COUNT_HZ, 50_000_000);
const withFpu: Prepare = ({ vcpu }) => {
  vcpu.enableCap(Cap.MIPS_FPU, 0, [0n]);
  vcpu.setOneReg(KVM_REG_MIPS_CP0_32(16, 1), 0x80000001n);
};

describe('the guest runs by itself: nothing is counted for', () => {
  it.each<[string, Line]>([
    [
      'its CP0 registers',
      [mfc0(t0, STATUS), mtc0(t0, EPC), mtc0(t0, ENTRYLO0), mtc0(zero, ENTRYHI), mtc0(zero, HWRENA)],
    ],
    ['Config and EBase', [mfc0(t0, [16, 0]), mtc0(t0, [16, 0]), mfc0(t0, [16, 3]), mtc0(t0, [15, 1])]],
    ['registers that it does not have', [mfc0(t0, [16, 4]), mtc0(t0, [16, 5]), mtc0(t0, [31, 2]), mfc0(t0, [17, 1])]],
    ['Status, but for CU1 and FR', [li(t0, 0x1000ff01), mtc0(t0, STATUS), di, ei]],
    ['Cause, but for DC and IV', [li(t0, 0x300), mtc0(t0, CAUSE)]],
    ['TLB instructions', [mtc0(zero, INDEX), tlbwi, tlbr, tlbp, tlbwr]],
    [
      'Count, Compare and CC of the hardware timer',
      [mfc0(t0, COUNT), mfc0(t0, COMPARE), mtc0(t0, COMPARE), rdhwr(t0, 2)],
    ],
    ['RDHWR', [rdhwr(t0, 0), rdhwr(t0, 1), rdhwr(t0, 3)]],
    ['CACHE by address', [cache(0x10, 0, t2), cache(0x11, 0, t2), cache(0x15, 0, t2), cache(0x19, 0, t2)]],
    ['CACHE that invalidates by index', [cache(0x00, 0, t2), cache(0x01, 0, t2)]],
    ['SYSCALL', syscall],
    ['BREAK', breakpoint],
    ['a trap', teq(t0, t0)],
    ['an overflow', [li(t0, 0x7fffffff), add(t0, t0, t0)]],
    ['a reserved instruction', 0x0000003f],
    ['an FPU instruction without an FPU', 0x46020080],
    ['an unaligned load', lw(t0, 2, t2)],
    ['an address error in user mode', enterUser(0x4000, 0x80000)],
    ['TLB misses', lw(t0, 0x6000, zero)],
    ['loads and stores', [lw(t0, 0, t2), sw(t0, 4, t2)]],
  ])('%s', (_what, code) => {
    expect(counted(code)).toEqual({});
  });

  it('and nothing is traced', () => {
    expect(traced([mfc0(t0, STATUS), mtc0(t0, EPC), tlbwr, mfc0(t0, COUNT)], 4)).toEqual([]);
    expect(traced([syscall, nop], 1)).toEqual([]);
    expect(traced(lw(t0, 0x6000, zero), 1)).toEqual([]);
  });

  it('an interrupt that it takes', () => {
    const interrupted: Prepare = (guest) => {
      oneReg(CP0_STATUS, IP2 | 1)(guest);
      guest.vcpu.interrupt({ cpu: -1, irq: 2 });
    };
    expect(counted(nop, interrupted)).toEqual({});
  });
});

describe('GPSI: what the guest has not, KVM does for it', () => {
  it.each<[string, readonly [number, number], number]>([
    ['SRSCtl', [12, 2], 0],
    ['SRSMap', [12, 3], 0],
    ['PRId', [15, 0], 0x00019300],
    ['CDMMBase', [15, 2], 0],
    ['CMGCRBase', [15, 3], 0],
    ['Config6', [16, 6], 0],
    ['Config7', [16, 7], 0x80010400],
    ['LLAddr', [17, 0], 0],
    ['ErrCtl', [26, 0], 0],
  ])('MFC0 %s', (_name, from, value) => {
    expect(counted(mfc0(t0, from))).toEqual({ vz_gpsi: 1 });
    expect(traced(mfc0(t0, from), 1)).toEqual(
      gpsi('+0', `kvm_hwr MFC0 ${cp0(...from)} 0x${value.toString(16)}`, 'kvm_reenter +4'),
    );
  });

  it.each<[string, readonly [number, number], number]>([
    ['Config6: kept', [16, 6], 0x12345678],
    ['LLAddr: dropped', [17, 0], 0],
    ['ErrCtl: dropped', [26, 0], 0],
  ])('MTC0 %s', (_name, to, value) => {
    expect(counted(mtc0(t0, to))).toEqual({ vz_gpsi: 1 });
    expect(traced([mtc0(t0, to), mfc0(t0, to)], 2)).toEqual([
      ...gpsi('+0', `kvm_hwr MTC0 ${cp0(...to)} 0x12345678`, 'kvm_reenter +4'),
      ...gpsi('+4', `kvm_hwr MFC0 ${cp0(...to)} 0x${value.toString(16)}`, 'kvm_reenter +8'),
    ]);
  });

  it('in a delay slot: kvm_exit at the branch, once', () => {
    expect(counted([b('on'), mfc0(t0, [15, 0]), nop, label('on')])).toEqual({ vz_gpsi: 1 });
    expect(traced([b('on'), mfc0(t0, [15, 0]), nop, label('on')], 2)).toEqual(
      gpsi('+0', `kvm_hwr MFC0 ${cp0(15, 0)} 0x19300`, 'kvm_reenter +12'),
    );
  });

  it('a write of Count: the hardware has no such thing', () => {
    expect(counted(mtc0(t0, COUNT))).toEqual({ vz_gpsi: 1 });
    expect(traced(mtc0(t0, COUNT), 1)).toEqual(gpsi('+0', `kvm_hwr MTC0 ${cp0(9, 0)} 0x12345678`, 'kvm_reenter +4'));
  });

  it.each<[string, Prepare]>([
    ['at another rate', softTimer],
    ['stopped by Cause.DC', oneReg(CP0_CAUSE, DC)],
    ['stopped by COUNT_CTL.DC', oneReg(KVM_REG_MIPS_COUNT_CTL, 1)],
  ])('Count, Compare and CC of a timer that KVM keeps: %s', (_why, prepare) => {
    for (const word of [mfc0(t0, COUNT), mtc0(t0, COUNT), mfc0(t0, COMPARE), mtc0(t0, COMPARE), rdhwr(t0, 2)])
      expect(counted(word, prepare)).toEqual({ vz_gpsi: 1 });
    expect(counted([rdhwr(t0, 0), rdhwr(t0, 3)], prepare)).toEqual({});
  });

  it('RDHWR CC of such a timer is traced as a hardware register', () => {
    expect(traced([nop, nop, rdhwr(t0, 2)], 3, softTimer)).toEqual(
      gpsi('+8', 'kvm_hwr RDHWR 0x110 0x1', 'kvm_reenter +12'),
    );
  });

  it('WAIT, with its own reason and counter; woken, halt_wakeup', () => {
    const guest = guestWith([wait, nop, nop], oneReg(CP0_STATUS, IP2));
    guest.vm.observe({ stats: true, trace: null });
    guest.enter(10);
    expect(counts(guest)).toEqual({ vz_gpsi: 1, wait: 1 });
    guest.vcpu.interrupt({ cpu: -1, irq: 2 });
    guest.enter(1);
    expect(counts(guest)).toEqual({ vz_gpsi: 1, wait: 1, halt_wakeup: 1 });
    expect(
      traced(wait, 1, (vm) => {
        oneReg(CP0_STATUS, IP2)(vm);
        vm.vcpu.interrupt({ cpu: -1, irq: 2 });
      }),
    ).toEqual(gpsi('+0', 'kvm_exit +4 WAIT', 'kvm_reenter +4'));
  });

  it.each([
    ['Index Load Tag, L2', 0x07],
    ['Index Store Tag, L2', 0x0b],
  ])('CACHE %s: ignored, and not counted as cache', (_name, operation) => {
    expect(counted(cache(operation, 0, t2))).toEqual({ vz_gpsi: 1 });
    expect(traced(cache(operation, 0, t2), 1)).toEqual(gpsi('+0', 'kvm_exit +0 CACHE', 'kvm_reenter +4'));
  });
});

describe('GSFC: fields whose change KVM polices', () => {
  const gsfc = (value: number, register: readonly [number, number]): string[] => [
    'kvm_exit +0 Guest Exit',
    'kvm_exit +0 GSFC',
    `kvm_hwr MTC0 ${cp0(...register)} 0x${value.toString(16)}`,
    'kvm_reenter +4',
  ];
  const write = (value: number, register: readonly [number, number]): Line => [li(t0, value), mtc0(t0, register)];

  it.each([
    ['Status.CU1', CU1, STATUS],
    ['Status.FR', FR, STATUS],
    ['Cause.DC', DC, CAUSE],
    ['Cause.IV', IV, CAUSE],
  ] as const)('%s', (_name, value, register) => {
    expect(counted(write(value, register), withFpu)).toEqual({ vz_gsfc: 1 });
    expect(
      traced(mtc0(t0, register), 1, (guest) => {
        withFpu(guest);
        guest.setGpr(t0, value);
      }),
    ).toEqual(gsfc(value, register));
  });

  it('only a change: the same again is none', () => {
    expect(
      counted([write(CU1 | FR, STATUS), write(CU1 | FR | 1, STATUS), write(IV, CAUSE), write(IV, CAUSE)], withFpu),
    ).toEqual({
      vz_gsfc: 2,
    });
    expect(counted([write(CU1, STATUS), write(0, STATUS)], withFpu)).toEqual({ vz_gsfc: 2 });
  });

  it('CU1 and FR read as 0 when the guest has no FPU', () => {
    const guest = guestWith([write(CU1 | FR, STATUS), mfc0(s0, STATUS)]);
    guest.enter(10);
    expect(guest.gpr(s0)).toBe(0);
  });

  it('FR is there in an FPU with 64-bit registers', () => {
    const guest = guestWith([write(CU1 | FR, STATUS), mfc0(s0, STATUS)], withFpu);
    guest.enter(10);
    expect(guest.gpr(s0)).toBe(CU1 | FR);
  });
});

describe('HC: HYPCALL', () => {
  const call = (nr: number, code = 0): Line => [addiu(v0, zero, nr), hypcall(code)];

  it.each([0, 1, 6, 7, 8, 999])('number %d gets -ENOSYS: mainline KVM knows none', (nr) => {
    const guest = guestWith(call(nr));
    guest.enter(10);
    expect(guest.gpr(v0) | 0).toBe(ENOSYS);
    expect(counted(call(nr))).toEqual({ vz_hc: 1 });
  });

  it('is traced as a guest exit', () => {
    expect(traced(hypcall(), 1)).toEqual(['kvm_exit +0 Guest Exit', 'kvm_exit +0 HC', 'kvm_reenter +4']);
  });

  it('with a code is an internal error', () => {
    const guest = guestWith(call(1, 5));
    guest.vm.observe({ stats: true, trace: null });
    expect(guest.enter(10)).toBe(0);
    expect([guest.vcpu.run.exitReason, guest.pc]).toEqual([ExitReason.INTERNAL_ERROR, CODE + 4]);
    expect(counts(guest)).toEqual({ vz_hc: 1 });
  });

  it('of the paravirt board that leaves to user space counts once, with its answer', () => {
    const guest = guestWith(call(8), () => {}, { paravirtHypercalls: true });
    guest.vm.observe({ stats: true, trace: null });
    expect(guest.enter(10)).toBe(0);
    expect(guest.vcpu.run.exitReason).toBe(ExitReason.HYPERCALL);
    guest.vcpu.run.hypercall.ret = 5;
    guest.enter(10);
    expect([guest.gpr(v0), counts(guest)]).toEqual([5, { vz_hc: 1 }]);
  });
});

describe('an access to a device', () => {
  it.each([
    [
      'a load: a root TLB miss',
      lw(t0, 8, t1),
      { tlbmiss_ld: 1, mmio_exit_user: 1 },
      'TLB Miss (LD)',
      'unsatisfied-read 4 0x10000008 0x0',
    ],
    ['a store', sw(t0, 8, t1), { tlbmiss_st: 1, mmio_exit_user: 1 }, 'TLB Miss (ST)', 'write 4 0x10000008 0x12345678'],
  ] as const)('%s', (_what, word, expected, reason, mmio) => {
    expect(counted(word)).toEqual(expected);
    const guest = guestWith(word);
    const { lines } = record(guest);
    guest.enter(10);
    expect(lines.slice(0, 3)).toEqual(['kvm_enter +0', `kvm_exit +0 ${reason}`, `kvm_mmio ${mmio}`]);
    expect(lines.at(-1)).toBe('kvm_userspace_exit 6 0');
  });

  it('a store to a READONLY slot: TLB modified', () => {
    const readonly: Prepare = (guest) => {
      guest.setGpr(t1, 0x90000000);
      guest.vm.setUserMemoryRegion({
        ...{ slot: 1, flags: KVM_MEM_READONLY, memorySize: 0x1000, userspaceAddr: SPARE },
        guestPhysAddr: 0x10000000,
      });
    };
    expect(counted([lw(t0, 0, t1), sw(t0, 0, t1)], readonly)).toEqual({ tlbmod: 1, mmio_exit_user: 1 });
  });
});
