// Segments and the guest's TLB of a trap-and-emulate vCPU (reference MIPS.md A1, A5, A6): what is mapped, who sees a miss, where exceptions go.
import { describe, expect, it } from 'vitest';
import { ExitReason } from '../../src/kvm/constants.ts';
import { KVM_REG_MIPS_CP0_32, KVM_REG_MIPS_CP0_64 } from '../../src/kvm/mips.ts';
import { CODE, CP0_CAUSE, CP0_EPC, CP0_STATUS, EBASE, errnoOf, GENERAL_VECTOR, Guest } from '../support/kvm/guest.ts';
import {
  b,
  ENTRYHI,
  ENTRYLO0,
  ENTRYLO1,
  INDEX,
  k0,
  type Line,
  label,
  li,
  lw,
  mfc0,
  mtc0,
  nop,
  PAGEMASK,
  s0,
  s1,
  spin,
  sw,
  syscall,
  t0,
  t1,
  tlbp,
  tlbr,
  tlbwi,
  tlbwr,
  zero,
} from '../support/kvm/mips-words.ts';

const TLBMOD = 1;
const TLBL = 2;
const TLBS = 3;
const ADEL = 4;
const ADES = 5;
const [VALID, DIRTY, GLOBAL] = [2, 4, 1];

/** EntryLo for a guest-physical page. */
const lo = (gpa: number, flags: number): number => (gpa >>> 6) | flags;

/** Write TLB entry `index`: `hi` is a virtual address with an ASID. */
const entry = (index: number, hi: number, lo0: number, lo1: number, mask = 0): Line => [
  [li(k0, index), mtc0(k0, INDEX), li(k0, hi), mtc0(k0, ENTRYHI), li(k0, lo0), mtc0(k0, ENTRYLO0)],
  [li(k0, lo1), mtc0(k0, ENTRYLO1), li(k0, mask), mtc0(k0, PAGEMASK), tlbwi],
];
const asid = (value: number): Line => [li(k0, value), mtc0(k0, ENTRYHI)];

/** Run `code` until it spins or a handler does. */
function execute(code: Line, prepare: (guest: Guest) => void = () => {}): Guest {
  const guest = new Guest();
  guest.load([code, label('end'), ...spin]);
  for (const vector of [EBASE, GENERAL_VECTOR]) guest.load(spin, vector);
  for (let page = 0; page < 16; page++) guest.vm.memory.writeU32(0x80000 + 0x1000 * page, 0x1000 + page, 'little');
  prepare(guest);
  guest.enter(1000);
  return guest;
}
/** The code and the vector of the exception that a load or store of `va` raises after `code`; 'none' when it goes through. */
function access(code: Line, instruction: number, va: number): string {
  const guest = execute([code, li(t1, va), instruction]);
  if (guest.vcpu.waiting === 'spin' && guest.pc !== EBASE && guest.pc !== GENERAL_VECTOR) return 'none';
  return `${guest.exceptionCode} ${guest.pc === EBASE ? 'refill' : 'general'}`;
}
const LOAD = lw(t0, 0, t1);
const STORE = sw(t0, 0, t1);

describe('the segments', () => {
  it.each([
    ['0x40000000', 0x40080000, 0x80000],
    ['0x5FFFFFFF, the same memory', 0x40080000 + 0x1000, 0x81000],
  ])('KSEG0 and KSEG1 from 0x40000000 to 0x5FFFFFFF lead to guest-physical va & 0x1FFFFFFF: %s', (_what, va, gpa) => {
    const guest = execute([li(t1, va), LOAD]);
    expect(guest.gpr(t0)).toBe(guest.vm.memory.readU32(gpa, 'little'));
  });

  it.each([0x00000000, 0x00007000, 0x3ffff000, 0x60000000, 0x7ffff000])(
    '0x%s is mapped: a miss goes to the guest',
    (va) => {
      expect(access([], LOAD, va)).toBe(`${TLBL} refill`);
      expect(access([], STORE, va)).toBe(`${TLBS} refill`);
      expect(
        access(entry(0, va, lo(0x80000, VALID | DIRTY | GLOBAL), lo(0x81000, VALID | DIRTY | GLOBAL)), STORE, va),
      ).toBe('none');
    },
  );

  it.each([0x40000000, 0x5ffff000, 0x60000000, 0x7ffff000, 0x80000000, 0xbffff000, 0xc0000000, 0xfffff000])(
    'user mode has nothing from 0x40000000 on: address errors at %d',
    (va) => {
      for (const [instruction, code] of [
        [LOAD, ADEL],
        [STORE, ADES],
      ] as const) {
        const guest = execute([entry(0, 0x4000, lo(0x80000, VALID | GLOBAL), GLOBAL), spin]);
        guest.load([instruction, ...spin], 0x40080000);
        guest.setGpr(t1, va);
        guest.vcpu.setOneReg(CP0_STATUS, 0x10n);
        guest.pc = 0x4000;
        guest.enter(10);
        expect([guest.exceptionCode, guest.pc, guest.cp0(CP0_EPC)]).toEqual([code, GENERAL_VECTOR, 0x4000]);
        expect(guest.cp0(KVM_REG_MIPS_CP0_64(8, 0))).toBe(va);
      }
    },
  );

  it.each([
    ['UM alone is user mode', 0x10, ADEL],
    ['EXL makes it kernel mode', 0x12, 0],
    ['ERL makes it kernel mode', 0x14, 0],
    ['supervisor counts as kernel', 0x08, 0],
  ])('%s', (_what, status, code) => {
    const guest = execute([entry(0, 0x4000, lo(0x80000, VALID | GLOBAL), GLOBAL), spin]);
    guest.load([LOAD, ...spin], 0x40080000);
    guest.setGpr(t1, 0x40080000);
    guest.vcpu.setOneReg(CP0_STATUS, BigInt(status));
    guest.pc = 0x4000;
    guest.enter(1);
    expect(guest.exceptionCode).toBe(code);
    expect(guest.pc).toBe(code === 0 ? 0x4004 : GENERAL_VECTOR);
  });
});

describe('what a TLB entry says', () => {
  const both = (flags: number): Line => entry(5, 0x6000, lo(0x80000, flags), lo(0x81000, flags));

  it('even and odd page', () => {
    const guest = execute([both(VALID | GLOBAL), li(t1, 0x6000), lw(s0, 0, t1), li(t1, 0x7000), lw(s1, 0, t1)]);
    expect([guest.gpr(s0), guest.gpr(s1)]).toEqual([0x1000, 0x1001]);
  });

  it('not valid: TLBL and TLBS at the general vector', () => {
    expect(access(both(GLOBAL), LOAD, 0x6000)).toBe(`${TLBL} general`);
    expect(access(both(GLOBAL | DIRTY), STORE, 0x7000)).toBe(`${TLBS} general`);
  });

  it('not dirty: Mod for a store, nothing for a load', () => {
    expect(access(both(GLOBAL | VALID), STORE, 0x6000)).toBe(`${TLBMOD} general`);
    expect(access(both(GLOBAL | VALID), LOAD, 0x6000)).toBe('none');
  });

  it('another address space: a miss, unless both halves are global', () => {
    const own = entry(0, 0x6005, lo(0x80000, VALID), lo(0x81000, VALID));
    expect(access([own, asid(5)], LOAD, 0x6000)).toBe('none');
    expect(access([own, asid(6)], LOAD, 0x6000)).toBe(`${TLBL} refill`);
    const half = entry(0, 0x6005, lo(0x80000, VALID | GLOBAL), lo(0x81000, VALID));
    expect(access([half, asid(6)], LOAD, 0x6000)).toBe(`${TLBL} refill`);
    const global = entry(0, 0x6005, lo(0x80000, VALID | GLOBAL), lo(0x81000, VALID | GLOBAL));
    expect(access([global, asid(6)], LOAD, 0x6000)).toBe('none');
  });

  it('larger pages by PageMask', () => {
    // Pairs of 16 KiB pages: 0x8000-0xbfff and 0xc000-0xffff.
    const large = entry(0, 0x8000, lo(0x80000, VALID | GLOBAL), lo(0x84000, VALID | GLOBAL), 0x6000);
    const guest = execute([large, li(t1, 0xa000), lw(s0, 0, t1), li(t1, 0xf000), lw(s1, 0, t1)]);
    expect([guest.gpr(s0), guest.gpr(s1)]).toEqual([0x1002, 0x1007]);
    expect(access(large, LOAD, 0x10000)).toBe(`${TLBL} refill`);
  });

  it('overwritten is gone at once', () => {
    const flags = VALID | GLOBAL;
    const guest = execute([
      [entry(9, 0x6000, lo(0x80000, flags), lo(0, flags)), li(t1, 0x6000), lw(s0, 0, t1)],
      [entry(9, 0x6000, lo(0x83000, flags), lo(0, flags)), li(t1, 0x6000), lw(s1, 0, t1)],
    ]);
    expect([guest.gpr(s0), guest.gpr(s1)]).toEqual([0x1000, 0x1003]);
  });
});

describe('TLB instructions', () => {
  it('TLBWI and TLBR: all 64 entries, as written', () => {
    const guest = new Guest();
    const write = entry(0, 0, lo(0x80000, VALID | DIRTY), lo(0x81000, VALID)) as Line[];
    guest.load([write, ...spin]);
    for (const index of [0, 1, 31, 63]) {
      guest.load([entry(index, 0x100000 + 0x2000 * index, lo(0x80000, VALID | DIRTY), lo(0x81000, VALID)), ...spin]);
      guest.pc = CODE;
      guest.enter(100);
    }
    for (const index of [63, 31, 1, 0]) {
      guest.load([
        [
          li(k0, index),
          mtc0(k0, INDEX),
          tlbr,
          mfc0(t0, ENTRYHI),
          mfc0(t1, ENTRYLO0),
          mfc0(s0, ENTRYLO1),
          mfc0(s1, PAGEMASK),
        ],
        ...spin,
      ]);
      guest.pc = CODE;
      guest.enter(100);
      expect([guest.gpr(t0), guest.gpr(t1), guest.gpr(s0), guest.gpr(s1)]).toEqual([
        0x100000 + 0x2000 * index,
        lo(0x80000, VALID | DIRTY),
        lo(0x81000, VALID),
        0,
      ]);
    }
  });

  it('TLBP: the index of the entry that matches, or a negative number', () => {
    const probe = (hi: number): number => {
      const own = entry(17, 0x6005, lo(0x80000, VALID), lo(0x81000, VALID));
      return execute([own, li(k0, hi), mtc0(k0, ENTRYHI), tlbp, mfc0(s0, INDEX)]).gpr(s0) | 0;
    };
    expect(probe(0x6005)).toBe(17);
    expect(probe(0x6006)).toBeLessThan(0);
    expect(probe(0x8005)).toBeLessThan(0);
  });

  it('TLBWR: one entry, found afterwards', () => {
    const filled: Line = [
      [li(k0, 0x6000), mtc0(k0, ENTRYHI), li(k0, lo(0x80000, VALID | GLOBAL)), mtc0(k0, ENTRYLO0)],
      [li(k0, GLOBAL), mtc0(k0, ENTRYLO1), mtc0(zero, PAGEMASK), tlbwr],
    ];
    expect(execute([filled, tlbp, mfc0(s0, INDEX)]).gpr(s0)).toBeLessThan(64);
    expect(access(filled, LOAD, 0x6000)).toBe('none');
  });
});

describe('an exception', () => {
  it('TLB: BadVAddr, EntryHi.VPN2 with the ASID kept, Context.BadVPN2, EPC', () => {
    const guest = execute([asid(0x5a), li(t1, 0x12345678), lw(t0, 0, t1)]);
    expect([guest.pc, guest.exceptionCode]).toEqual([EBASE, TLBL]);
    expect(guest.cp0(KVM_REG_MIPS_CP0_64(8, 0))).toBe(0x12345678);
    expect(guest.cp0(KVM_REG_MIPS_CP0_64(10, 0))).toBe(0x1234405a);
    expect(guest.cp0(KVM_REG_MIPS_CP0_64(4, 0)) & 0x7ffff0).toBe((0x12345678 >>> 13) << 4);
    expect(guest.cp0(CP0_EPC)).toBe(CODE + 20);
    expect(guest.cp0(CP0_STATUS) & 2).toBe(2);
  });

  it('in a delay slot: EPC is the branch, Cause.BD is set', () => {
    const guest = execute([li(t1, 0x6000), b(1), LOAD, nop]);
    expect([guest.pc, guest.cp0(CP0_EPC), guest.cp0(CP0_CAUSE) >>> 31]).toEqual([EBASE, CODE + 8, 1]);
  });

  it('a refill with EXL set goes to the general vector and leaves EPC and BD', () => {
    const guest = execute([li(t1, 0x6000), LOAD], ({ vcpu }) => {
      vcpu.setOneReg(CP0_STATUS, 2n);
      vcpu.setOneReg(CP0_EPC, 0x1234n);
    });
    expect([guest.pc, guest.exceptionCode, guest.cp0(CP0_EPC)]).toEqual([GENERAL_VECTOR, TLBL, 0x1234]);
  });

  it('goes to EBase, or with BEV to 0x5FC00200', () => {
    const moved = execute(syscall, (guest) => {
      guest.vcpu.setOneReg(KVM_REG_MIPS_CP0_64(15, 1), 0x40020000n);
      guest.load(spin, 0x40020180);
    });
    expect(moved.pc).toBe(0x40020180);
    const boot = execute(syscall, (guest) => {
      guest.vm.setUserMemoryRegion({
        slot: 1,
        flags: 0,
        guestPhysAddr: 0x1fc00000,
        memorySize: 0x1000,
        userspaceAddr: 0x200000,
      });
      guest.load(spin, 0x5fc00380);
      guest.vcpu.setOneReg(CP0_STATUS, BigInt(1 << 22));
    });
    expect(boot.pc).toBe(0x5fc00380);
  });

  it('whose vector has no memory leaves KVM_EXIT_INTERNAL_ERROR there', () => {
    const guest = new Guest();
    guest.load(syscall);
    guest.vcpu.setOneReg(CP0_STATUS, BigInt(1 << 22));
    expect(guest.enter(10)).toBe(0);
    expect(guest.vcpu.run.exitReason).toBe(ExitReason.INTERNAL_ERROR);
    expect(guest.pc).toBe(0x5fc00380);
    expect(errnoOf(() => guest.vcpu.getOneReg(KVM_REG_MIPS_CP0_32(13, 0)))).toBe('success');
  });
});
