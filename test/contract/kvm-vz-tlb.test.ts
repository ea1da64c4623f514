// The TLB of a VZ guest, its own and in hardware (MIPS32 Volume III, "TLB-Based Virtual Memory"): what an entry says, what the TLB instructions do,
// what misses leave behind. KVM sees none of it (reference MIPS.md C1).
import { describe, expect, it } from 'vitest';
import { KVM_REG_MIPS_CP0_64 } from '../../src/kvm/mips.ts';
import { CP0_CAUSE, CP0_ENTRYHI, CP0_EPC, CP0_STATUS, type Guest } from '../support/kvm/guest.ts';
import {
  addiu,
  addu,
  b,
  bne,
  CONTEXT,
  ENTRYHI,
  ENTRYLO0,
  ENTRYLO1,
  eret,
  INDEX,
  jr,
  k0,
  k1,
  type Line,
  la,
  label,
  li,
  lw,
  mfc0,
  mtc0,
  nop,
  PAGEMASK,
  s0,
  s1,
  s2,
  s3,
  s4,
  sw,
  t0,
  t1,
  t2,
  tlbp,
  tlbr,
  tlbwi,
  tlbwr,
  WIRED,
  zero,
} from '../support/kvm/mips-words.ts';
import { CODE, CPU_MODELS, GENERAL_VECTOR, REFILL_VECTOR, ran, settled, vzGuest } from '../support/kvm/vz-guest.ts';

const [MOD, TLBL, TLBS] = [1, 2, 3];
const [GLOBAL, VALID, DIRTY] = [1, 2, 4];
const RANDOM = [1, 0] as const;
const LOAD = lw(t0, 0, t1);
const STORE = sw(t0, 0, t1);
const KiB = 1024;

/** EntryLo for a guest-physical page. */
const lo = (gpa: number, flags: number): number => ((gpa >>> 6) | flags) >>> 0;

/** Write TLB entry `index`: `hi` is a virtual address with an ASID. */
const entry = (index: number, hi: number, lo0: number, lo1: number, mask = 0): Line => [
  [li(k0, index), mtc0(k0, INDEX), li(k0, hi), mtc0(k0, ENTRYHI), li(k0, lo0), mtc0(k0, ENTRYLO0)],
  [li(k0, lo1), mtc0(k0, ENTRYLO1), li(k0, mask), mtc0(k0, PAGEMASK), tlbwi],
];
const asid = (value: number): Line => [li(k0, value), mtc0(k0, ENTRYHI)];

/** Pages from 0x80000 on begin with their number. */
function numberPages(guest: Guest): void {
  for (let page = 0x80; page < 0x200; page++) guest.vm.memory.writeU32(page << 12, page, guest.endianness);
}
const run = (code: Line): Guest => settled(code, numberPages);

/** The vector and code of the exception that a load or store of `va` raises after `code`; 'none' when it goes through. */
function access(code: Line, instruction: number, va: number): string {
  const guest = run([code, li(t1, va), instruction]);
  if (guest.pc === REFILL_VECTOR) return `refill ${guest.exceptionCode}`;
  return guest.pc === GENERAL_VECTOR ? `general ${guest.exceptionCode}` : 'none';
}

describe('what a TLB entry says', () => {
  const both = (flags: number): Line => entry(5, 0x6000, lo(0x80000, flags), lo(0x81000, flags));

  it('even and odd page', () => {
    const guest = run([both(VALID | GLOBAL), li(t1, 0x6000), lw(s0, 0, t1), li(t1, 0x7000), lw(s1, 0, t1)]);
    expect([guest.gpr(s0), guest.gpr(s1)]).toEqual([0x80, 0x81]);
  });

  it('not valid: TLBL or TLBS at the general vector', () => {
    expect(access(both(GLOBAL), LOAD, 0x6000)).toBe(`general ${TLBL}`);
    expect(access(both(GLOBAL | DIRTY), STORE, 0x7000)).toBe(`general ${TLBS}`);
  });

  it('not dirty: Mod for a store, nothing for a load', () => {
    expect(access(both(GLOBAL | VALID), STORE, 0x6000)).toBe(`general ${MOD}`);
    expect(access(both(GLOBAL | VALID), LOAD, 0x6000)).toBe('none');
    expect(access(both(GLOBAL | VALID | DIRTY), STORE, 0x7000)).toBe('none');
  });

  it('another address space: a refill, unless both halves are global', () => {
    const own = entry(0, 0x6005, lo(0x80000, VALID), lo(0x81000, VALID));
    expect(access([own, asid(5)], LOAD, 0x6000)).toBe('none');
    expect(access([own, asid(6)], LOAD, 0x6000)).toBe(`refill ${TLBL}`);
    const half = entry(0, 0x6005, lo(0x80000, VALID | GLOBAL), lo(0x81000, VALID));
    expect(access([half, asid(6)], LOAD, 0x6000)).toBe(`refill ${TLBL}`);
    const global = entry(0, 0x6005, lo(0x80000, VALID | GLOBAL), lo(0x81000, VALID | GLOBAL));
    expect(access([global, asid(6)], LOAD, 0x6000)).toBe('none');
  });

  it('read through in one address space, gone in the next, back again', () => {
    const own = entry(0, 0x6005, lo(0x80000, VALID), lo(0x81000, VALID));
    const other = entry(1, 0x6006, lo(0x90000, VALID), lo(0x91000, VALID));
    const guest = run([
      [own, other, li(t1, 0x6000), asid(5), lw(s0, 0, t1)],
      [asid(6), lw(s1, 0, t1), asid(5), lw(s2, 0, t1)],
    ]);
    expect([s0, s1, s2].map((register) => guest.gpr(register))).toEqual([0x80, 0x90, 0x80]);
  });

  // PageMask: a pair of pages of 4 KiB times a power of 4, to 256 MiB.
  it.each([
    [16 * KiB, 0x00006000],
    [64 * KiB, 0x0001e000],
    [256 * KiB, 0x0007e000],
    [1024 * KiB, 0x001fe000],
    [4096 * KiB, 0x007fe000],
    [16384 * KiB, 0x01ffe000],
    [65536 * KiB, 0x07ffe000],
    [262144 * KiB, 0x1fffe000],
  ])('pages of %i bytes: PageMask 0x%s', (size, mask) => {
    const va = 0x40000000;
    const large = entry(63, va, lo(0, VALID | DIRTY | GLOBAL), lo(0, VALID | GLOBAL), mask);
    // Both pages begin at guest-physical 0; the frame's low bits below the page size do not count.
    const guest = run([large, li(t1, va + 0x2000), sw(t1, 0, t1), li(t1, va + size + 0x2000), lw(s0, 0, t1)]);
    expect(guest.gpr(s0)).toBe(va + 0x2000);
    expect(access(large, STORE, va + size)).toBe(`general ${MOD}`);
    if (va + 2 * size < 0x80000000) expect(access(large, LOAD, va + 2 * size)).toBe(`refill ${TLBL}`);
    expect(access(large, LOAD, va - 4)).toBe(`refill ${TLBL}`);
  });

  it('overwritten is gone at once, large pages too', () => {
    const flags = VALID | GLOBAL;
    for (const mask of [0, 0x0007e000]) {
      const guest = run([
        [entry(9, 0x80000, lo(0x80000, flags), lo(0, flags), mask), li(t1, 0x80000), lw(s0, 0, t1)],
        [entry(9, 0x80000, lo(0xc0000, flags), lo(0, flags), mask), li(t1, 0x80000), lw(s1, 0, t1)],
      ]);
      expect([guest.gpr(s0), guest.gpr(s1)]).toEqual([0x80, 0xc0]);
    }
  });

  it('code: a page that is remapped executes what is there now', () => {
    const flags = VALID | GLOBAL;
    const page = (gpa: number): Line => entry(9, 0x6000, lo(gpa, flags), lo(0, flags));
    const call = (from: string): Line => [la(s1, from), jr(t1), nop, label(from)];
    const guest = settled([li(t1, 0x6000), page(0x80000), call('once'), page(0x81000), call('again')], (vm) => {
      vm.load([addiu(s0, s0, 1), jr(s1), nop], 0x80080000);
      vm.load([addiu(s0, s0, 16), jr(s1), nop], 0x80081000);
    });
    expect(guest.gpr(s0)).toBe(17);
  });
});

describe.each(CPU_MODELS)('the TLB of a %s', (cpuModel) => {
  it('has 64 entries: each holds what TLBWI wrote, and TLBR reads it back', () => {
    const guest = vzGuest({ cpuModel });
    const at = (index: number): readonly number[] => [
      (0x100000 + 0x2000 * index + index) >>> 0,
      lo(0x80000 + 0x1000 * index, VALID | DIRTY),
      lo(0x90000 + 0x1000 * index, VALID | (3 << 3)),
    ];
    const execute = (code: Line, registers: readonly number[] = []): void => {
      guest.load([code, b(-1), nop]);
      for (const [n, value] of registers.entries()) guest.setGpr(s0 + n, value);
      guest.pc = CODE;
      guest.enter(100);
    };
    for (let index = 0; index < 64; index++)
      execute(
        [mtc0(s0, INDEX), mtc0(s1, ENTRYHI), mtc0(s2, ENTRYLO0), mtc0(s3, ENTRYLO1), mtc0(zero, PAGEMASK), tlbwi],
        [index, ...at(index)],
      );
    for (let index = 63; index >= 0; index--) {
      execute(
        [...[mtc0(s0, INDEX), tlbr, mfc0(s1, ENTRYHI), mfc0(s2, ENTRYLO0), mfc0(s3, ENTRYLO1)], mfc0(s4, PAGEMASK)],
        [index],
      );
      expect([s1, s2, s3, s4].map((register) => guest.gpr(register))).toEqual([...at(index), 0]);
    }
  });
});

describe('TLB instructions', () => {
  it('TLBR gives G only when both halves have it', () => {
    const read = (lo0: number, lo1: number): number[] => {
      const guest = run([
        [entry(7, 0x6000, lo(0x80000, lo0), lo(0x81000, lo1)), tlbr],
        [mfc0(s0, ENTRYLO0), mfc0(s1, ENTRYLO1)],
      ]);
      return [guest.gpr(s0) & 1, guest.gpr(s1) & 1];
    };
    expect(read(GLOBAL, GLOBAL)).toEqual([1, 1]);
    expect(read(GLOBAL, 0)).toEqual([0, 0]);
  });

  it('TLBR of another ASID changes the address space', () => {
    const own = entry(0, 0x6005, lo(0x80000, VALID), lo(0x81000, VALID));
    const other = entry(1, 0x6006, lo(0x90000, VALID), lo(0x91000, VALID));
    const code = [own, other, li(t1, 0x6000), asid(5), lw(s0, 0, t1), addiu(k0, zero, 1), mtc0(k0, INDEX), tlbr];
    expect(run([code, lw(s1, 0, t1)]).gpr(s1)).toBe(0x90);
  });

  it('TLBP: the index of the entry that matches, or P', () => {
    const probe = (hi: number): number => {
      const own = entry(17, 0x6005, lo(0x80000, VALID), lo(0x81000, VALID));
      return run([own, li(k0, hi), mtc0(k0, ENTRYHI), tlbp, mfc0(s0, INDEX)]).gpr(s0);
    };
    expect(probe(0x6005)).toBe(17);
    expect(probe(0x7005)).toBe(17); // EntryHi has no bit 12
    expect(probe(0x6006)).toBe(0x80000000);
    expect(probe(0x8005)).toBe(0x80000000);
  });

  it('TLBWR: an entry from Wired on; Random says which it may be', () => {
    for (const wired of [0, 1, 32, 62, 63]) {
      const guest = vzGuest();
      guest.load([
        [addiu(k0, zero, wired), mtc0(k0, WIRED), addiu(s4, zero, 50), label('again'), mtc0(s0, ENTRYHI)],
        [tlbwr, tlbp, mfc0(s1, INDEX), mfc0(s2, RANDOM), sw(s1, 0, t1), sw(s2, 4, t1), addiu(t1, t1, 8)],
        [li(s3, 0x2000), addiu(s4, s4, -1), bne(s4, zero, 'again'), addu(s0, s0, s3), label('end'), b('end'), nop],
      ]);
      guest.setGpr(t1, 0x80100000);
      guest.enter(2000);
      const values = Array.from({ length: 100 }, (_, n) => guest.word(0x80100000 + 4 * n));
      for (const value of values) {
        expect(value).toBeGreaterThanOrEqual(wired);
        expect(value).toBeLessThan(64);
      }
      if (wired < 32) expect(new Set(values).size).toBeGreaterThan(10);
    }
  });

  it('Random is read-only', () => {
    const guest = ran([mtc0(t0, RANDOM), mfc0(t1, RANDOM)], 0xffffffff);
    expect(guest.gpr(t1)).toBeLessThan(64);
  });

  it('no entry matches when the vCPU starts', () => {
    expect(access([], LOAD, 0)).toBe(`refill ${TLBL}`);
    expect(access([], LOAD, 0xc0000000)).toBe(`refill ${TLBL}`);
  });
});

describe('a TLB exception', () => {
  it('leaves BadVAddr, Context.BadVPN2, EntryHi with the ASID kept, EPC and EXL', () => {
    const guest = settled([asid(0x5a), li(t0, 0xc0800000), mtc0(t0, CONTEXT), li(t1, 0x12345678), LOAD]);
    expect([guest.pc, guest.exceptionCode, guest.cp0(CP0_STATUS)]).toEqual([REFILL_VECTOR, TLBL, 2]);
    expect(guest.cp0(KVM_REG_MIPS_CP0_64(8, 0))).toBe(0x12345678);
    expect(guest.cp0(CP0_ENTRYHI)).toBe(0x1234405a);
    expect(guest.cp0(KVM_REG_MIPS_CP0_64(4, 0))).toBe(0xc0800000 + ((0x12345678 >>> 13) << 4));
    expect(guest.cp0(CP0_EPC)).toBe(CODE + 32);
    expect(guest.cp0(CP0_CAUSE) & 0x80000000).toBe(0);
  });

  it('of a fetch has BadVAddr = EPC', () => {
    const guest = settled([li(t1, 0xc0004000), jr(t1), nop]);
    expect([guest.pc, guest.exceptionCode]).toEqual([REFILL_VECTOR, TLBL]);
    expect([guest.cp0(CP0_EPC), guest.cp0(KVM_REG_MIPS_CP0_64(8, 0))]).toEqual([0xc0004000, 0xc0004000]);
  });

  it('in a delay slot: EPC is the branch, Cause.BD is set', () => {
    const guest = settled([li(t1, 0x6000), b(1), LOAD, nop]);
    expect([guest.pc, guest.cp0(CP0_EPC), guest.cp0(CP0_CAUSE) >>> 31]).toEqual([REFILL_VECTOR, CODE + 8, 1]);
  });

  it.each(['little', 'big'] as const)(
    'is handled by the guest alone, from a page table that Context points into: %s endian',
    (endianness) => {
      const guest = vzGuest({ endianness });
      const [va, pair] = [0x20000000, 0x100000]; // Context = PTEBase | 16 * (va / 8 KiB)
      guest.load([lw(s0, 0, t1), lw(s1, 4, t2), label('end'), b('end'), nop]);
      guest.load(
        [
          [mfc0(k0, CONTEXT), lw(k1, 0, k0), mtc0(k1, ENTRYLO0), lw(k1, 8, k0), mtc0(k1, ENTRYLO1)],
          [addiu(s3, s3, 1), tlbwr, eret],
        ],
        REFILL_VECTOR,
      );
      guest.vm.memory.writeU32(pair, lo(0x80000, VALID | GLOBAL), endianness);
      guest.vm.memory.writeU32(pair + 8, lo(0x84000, VALID | GLOBAL), endianness);
      guest.vm.memory.writeU32(0x80000, 111, endianness);
      guest.vm.memory.writeU32(0x84004, 222, endianness);
      guest.vcpu.setOneReg(KVM_REG_MIPS_CP0_64(4, 0), 0x80000000n);
      guest.setGpr(t1, va);
      guest.setGpr(t2, va + 0x1000);
      guest.enter(100);
      expect([guest.gpr(s0), guest.gpr(s1), guest.gpr(s3)]).toEqual([111, 222, 1]);
      expect([guest.pc, guest.cp0(CP0_STATUS)]).toEqual([CODE + 8, 0]);
    },
  );
});
