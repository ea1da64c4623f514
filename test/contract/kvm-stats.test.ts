// Exit counters (reference MIPS.md A11; src/kvm/stats.ts): one count per architectural event under the kernel's names, as on a trap-and-emulate
// host without dynamic translation, where every privileged instruction is a coprocessor-unusable exit. Interrupts delivered count nothing.
import { describe, expect, it } from 'vitest';
import { STAT_NAMES, statSpec, sumStats } from '../../src/kvm/stats.ts';
import { type Counts, counts } from '../support/kvm/counters.ts';
import {
  CODE,
  CP0_COMPARE,
  CP0_STATUS,
  DATA,
  EBASE,
  enterUser,
  GENERAL_VECTOR,
  Guest,
  IP2,
  MMIO,
  mapPage,
} from '../support/kvm/guest.ts';
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
  eret,
  hypcall,
  INDEX,
  jal,
  jr,
  k0,
  type Line,
  label,
  li,
  lw,
  mfc0,
  mtc0,
  nop,
  PAGEMASK,
  rdhwr,
  STATUS,
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
  wrpgpr,
  zero,
} from '../support/kvm/mips-words.ts';

interface Setup {
  readonly user?: boolean;
  readonly prepare?: (guest: Guest) => void;
}

/** What is counted when `code` runs, to the spin after it or in its handler. Exits are answered with zeros. */
function counted(code: Line, { user = false, prepare }: Setup = {}): Counts {
  const guest = new Guest();
  for (const vector of [EBASE, GENERAL_VECTOR]) guest.load(spin, vector);
  guest.setGpr(t1, MMIO);
  guest.setGpr(t2, DATA);
  if (user) {
    guest.load([enterUser(0x4000, 0x80000), nop]);
    guest.load([code, ...spin], 0x40080000);
    guest.enter(18);
    expect(guest.pc).toBe(0x4000);
  } else guest.load([code, ...spin]);
  prepare?.(guest);
  guest.vm.observe({ stats: true, trace: null });
  for (let enters = 0; enters < 50 && guest.vcpu.waiting === 'none'; enters++) guest.enter(100);
  guest.enter(100);
  return counts(guest);
}

const status = (value: number) => (guest: Guest) => guest.vcpu.setOneReg(CP0_STATUS, BigInt(value));

describe('the counters', () => {
  it("have the kernel's names and order, and those of MMIO", () => {
    expect(STAT_NAMES).toEqual([
      ...['wait', 'cache', 'signal', 'interrupt', 'cop_unusable', 'tlbmod', 'tlbmiss_ld', 'tlbmiss_st'],
      ...['addrerr_st', 'addrerr_ld', 'syscall', 'resvd_inst', 'break_inst', 'trap_inst', 'msa_fpe', 'fpe'],
      ...['msa_disabled', 'flush_dcache', 'vz_gpsi', 'vz_gsfc', 'vz_hc', 'vz_grr', 'vz_gva', 'vz_ghfc', 'vz_gpa'],
      ...['vz_resvd', 'halt_successful_poll', 'halt_attempted_poll', 'halt_poll_success_ns'],
      ...['halt_poll_fail_ns', 'halt_poll_invalid', 'halt_wakeup', 'hvc_exit_stat', 'wfe_exit_stat', 'wfi_exit_stat'],
      ...['mmio_exit_user', 'mmio_exit_kernel'],
    ]);
  });

  it('that are hot are null until the guest is observed, and again when it no longer is; the others are numbers', () => {
    const guest = new Guest();
    const shown = () => STAT_NAMES.filter((name) => guest.vcpu.stats()[name] !== null);
    const always = STAT_NAMES.filter((name) => !statSpec(name).hot);
    expect(shown()).toEqual(always);
    expect(always).toContain('mmio_exit_user');
    expect(always).not.toContain('cop_unusable');
    guest.vm.observe({ stats: true, trace: null });
    expect(shown()).toEqual(STAT_NAMES);
    guest.vm.observe({ stats: false, trace: null });
    expect(shown()).toEqual(always);
  });

  it('start at 0, and nothing but counted events changes them', () => {
    expect(counted([addiu(t0, t0, 1), lw(t0, 0, t2), sw(t0, 4, t2), jal('on'), nop, label('on'), nop])).toEqual({});
  });

  it('are those of one vCPU', () => {
    const guest = new Guest({ vcpus: 2 });
    guest.vm.observe({ stats: true, trace: null });
    guest.load([mfc0(t0, COUNT), mfc0(t0, COUNT), ...spin]);
    guest.enter(2, guest.vcpus[1]);
    guest.enter(1, guest.vcpus[0]);
    expect(guest.vcpus.map((vcpu) => vcpu.stats().cop_unusable)).toEqual([1, 2]);
  });

  it('of several vCPUs add up; what one of them does not count is not counted', () => {
    const guest = new Guest({ vcpus: 2 });
    guest.load([wait, ...spin]);
    for (const vcpu of guest.vcpus) guest.enter(10, vcpu);
    const sum = sumStats(guest.vcpus.map((vcpu) => vcpu.stats()));
    expect([sum.wait, sum.interrupt, sum.cop_unusable]).toEqual([2, 0, null]);
    expect(Object.keys(sum)).toEqual(STAT_NAMES);
  });

  it('signal counts how often KVM_RUN came back at its deadline', () => {
    const guest = new Guest();
    guest.load([label('again'), b('again'), addiu(t0, t0, 1)]);
    for (let n = 0; n < 5; n++) guest.enter(10);
    expect(guest.vcpu.stats().signal).toBe(5);
  });
});

describe('a privileged instruction of the guest kernel counts cop_unusable', () => {
  const privileged: readonly (readonly [string, Line])[] = [
    ['MFC0', mfc0(t0, STATUS)],
    ['MFC0 Count', mfc0(t0, COUNT)],
    ['MFC0 Cause', mfc0(t0, CAUSE)],
    ['MTC0 EntryLo0', mtc0(t0, ENTRYLO0)],
    ['MTC0 EntryHi', mtc0(zero, ENTRYHI)],
    ['MTC0 Count', mtc0(t0, COUNT)],
    ['MTC0 Compare', mtc0(t0, COMPARE)],
    ['MTC0 Status', mtc0(zero, STATUS)],
    ['MTC0 Cause', mtc0(zero, CAUSE)],
    ['MTC0 of what is read-only', mtc0(t0, [16, 1])],
    ['EI', ei],
    ['DI', di],
    ['TLBR', tlbr],
    ['TLBWI', tlbwi],
    ['TLBWR', tlbwr],
    ['TLBP', tlbp],
    ['WRPGPR', wrpgpr(t0, t1)],
    ['HYPCALL', [addiu(v0, zero, 6), hypcall()]],
    ['HYPCALL that no one knows', [addiu(v0, zero, 99), hypcall()]],
    ['HYPCALL that leaves and comes back', [addiu(v0, zero, 8), hypcall()]],
  ];
  it.each(privileged)('%s: once', (_name, code) => {
    expect(counted(code)).toEqual({ cop_unusable: 1 });
  });

  it.each(privileged)('%s in a delay slot: once', (_name, code) => {
    const [before, instruction] = Array.isArray(code) ? [code.slice(0, -1), code.at(-1)!] : [[], code];
    expect(counted([before, b('on'), instruction, nop, label('on')])).toEqual({ cop_unusable: 1 });
  });

  it('ERET: once', () => {
    const prepare = (guest: Guest): void => {
      status(2)(guest);
      guest.setGpr(k0, CODE + 8);
    };
    expect(counted([mtc0(k0, EPC), eret], { prepare })).toEqual({ cop_unusable: 2 });
  });

  it('CACHE: and cache', () => {
    // Index Writeback Inv D, Hit Inv I, Hit Writeback Inv D: what Linux uses.
    for (const operation of [0x01, 0x10, 0x15])
      expect(counted(cache(operation, 0, t2))).toEqual({ cop_unusable: 1, cache: 1 });
  });

  it('WAIT: and wait; woken, halt_wakeup', () => {
    const guest = new Guest();
    guest.load([wait, nop, wait, ...spin]);
    guest.vm.observe({ stats: true, trace: null });
    status(IP2)(guest);
    for (let n = 0; n < 3; n++) guest.enter(10); // entered in vain does not count
    expect(counts(guest)).toEqual({ cop_unusable: 1, wait: 1 });
    guest.vcpu.interrupt({ cpu: -1, irq: 2 });
    guest.enter(1);
    expect(counts(guest)).toEqual({ cop_unusable: 1, wait: 1, halt_wakeup: 1 });
  });

  it('WAIT with an interrupt pending: it does not wait, so nobody is woken', () => {
    const prepare = (guest: Guest): void => {
      status(IP2)(guest);
      guest.vcpu.interrupt({ cpu: -1, irq: 2 });
    };
    expect(counted(wait, { prepare })).toEqual({ cop_unusable: 1, wait: 1 });
  });

  it('WAIT woken by the timer', () => {
    const guest = new Guest();
    guest.load([wait, nop, ...spin]);
    guest.vm.observe({ stats: true, trace: null });
    status(1 << 15)(guest);
    guest.vcpu.setOneReg(CP0_COMPARE, 100n);
    guest.enter(1000);
    guest.vm.clock.skipTo(guest.vcpu.wakeAt);
    guest.enter(1);
    expect(counts(guest)).toEqual({ cop_unusable: 1, wait: 1, halt_wakeup: 1 });
  });
});

describe('a guest exception counts under its code, once', () => {
  it.each([
    ['SYSCALL', syscall, { syscall: 1 }],
    ['BREAK', breakpoint, { break_inst: 1 }],
    ['a trap that is taken', teq(t0, t0), { trap_inst: 1 }],
    ['a trap that is not', teq(t1, t2), {}],
    ['a reserved instruction', 0x0000003f, { resvd_inst: 1 }],
    ['an FPU instruction', 0x46020080, { cop_unusable: 1 }],
    ['an MSA instruction', 0x7802080e, { resvd_inst: 1 }],
    ['an overflow, which has no counter', [li(t0, 0x7fffffff), add(t0, t0, t0)], {}],
    ['an unaligned load', lw(t0, 2, t2), { addrerr_ld: 1 }],
    ['an unaligned store', sw(t0, 2, t2), { addrerr_st: 1 }],
    ['an unaligned fetch', [addiu(t2, t2, 2), jr(t2), nop], { addrerr_ld: 1 }],
    ['a load that misses the TLB', lw(t0, 0x6000, zero), { tlbmiss_ld: 1 }],
    ['a store that misses it', sw(t0, 0x6000, zero), { tlbmiss_st: 1 }],
    ['a fetch that misses it', [li(t0, 0x60004000), jr(t0), nop], { tlbmiss_ld: 1 }],
    ['RDHWR', rdhwr(t0, 2), { resvd_inst: 1 }],
    ['RDHWR of what is not there', rdhwr(t0, 7), { resvd_inst: 1 }],
  ] as const)('%s', (_what, code, expected) => {
    expect(counted(code)).toEqual(expected);
  });

  it.each([
    ['SYSCALL', syscall, { syscall: 1 }],
    ['BREAK', breakpoint, { break_inst: 1 }],
    ['a load that misses the TLB', lw(t0, 0x6000, zero), { tlbmiss_ld: 1 }],
    ['an unaligned store', sw(t0, 2, t2), { addrerr_st: 1 }],
    ['RDHWR', rdhwr(t0, 2), { resvd_inst: 1 }],
  ] as const)('%s in a delay slot', (_what, instruction, expected) => {
    expect(counted([b('on'), instruction, nop, label('on')])).toEqual(expected);
  });

  it.each([
    ['MFC0', mfc0(t0, STATUS), { cop_unusable: 1 }],
    ['ERET', eret, { cop_unusable: 1 }],
    ['HYPCALL', hypcall(), { cop_unusable: 1 }],
    ['TLBWR', tlbwr, { cop_unusable: 1 }],
    ['WAIT, which does not wait', wait, { cop_unusable: 1 }],
    ['CACHE, which does nothing', cache(0x15, 0, zero), { cop_unusable: 1 }],
    ['RDHWR that HWREna refuses', rdhwr(t0, 2), { resvd_inst: 1 }],
    ['a load from a kernel segment', lw(t0, 0, t2), { addrerr_ld: 1 }],
    ['a store to a device segment', sw(t0, 0, t1), { addrerr_st: 1 }],
    ['a fetch from a kernel segment', [jr(t2), nop], { addrerr_ld: 1 }],
    ['SYSCALL', syscall, { syscall: 1 }],
    ['a load that misses the TLB', lw(t0, 0x6000, zero), { tlbmiss_ld: 1 }],
  ] as const)('in user mode: %s', (_what, code, expected) => {
    expect(counted(code, { user: true })).toEqual(expected);
  });

  it('in user mode: RDHWR that HWREna allows', () => {
    const prepare = (guest: Guest): void => guest.vcpu.setOneReg(0x7020000000010038n, 4n);
    expect(counted(rdhwr(t0, 2), { user: true, prepare })).toEqual({ resvd_inst: 1 });
  });

  it('an entry that is not valid is a miss, one that is not dirty is tlbmod, one that matches is nothing', () => {
    const mapped = (lo: number, access: number): Counts =>
      counted([
        mtc0(zero, PAGEMASK),
        mapPage(0x4000, 0x80000),
        li(k0, (0x80000 >>> 6) | lo | 1),
        mtc0(k0, ENTRYLO0),
        mtc0(zero, INDEX),
        tlbwi,
        access,
      ]);
    const filling = 1 + 5 + 3; // MTC0 and TLBWI above
    const [valid, dirty] = [2, 4];
    expect(mapped(0, lw(t0, 0x4000, zero))).toEqual({ cop_unusable: filling, tlbmiss_ld: 1 });
    expect(mapped(0, sw(t0, 0x4000, zero))).toEqual({ cop_unusable: filling, tlbmiss_st: 1 });
    expect(mapped(valid, sw(t0, 0x4000, zero))).toEqual({ cop_unusable: filling, tlbmod: 1 });
    expect(mapped(valid, lw(t0, 0x4000, zero))).toEqual({ cop_unusable: filling });
    expect(mapped(valid | dirty, sw(t0, 0x4000, zero))).toEqual({ cop_unusable: filling });
  });

  it('again and again: as often as it happens', () => {
    const guest = new Guest();
    guest.load([label('again'), syscall, b('again'), nop]);
    guest.load([mfc0(k0, EPC), addiu(k0, k0, 4), mtc0(k0, EPC), eret], GENERAL_VECTOR);
    guest.vm.observe({ stats: true, trace: null });
    guest.enter(7 * 100);
    expect(counts(guest)).toEqual({ syscall: 100, cop_unusable: 300 });
  });
});
