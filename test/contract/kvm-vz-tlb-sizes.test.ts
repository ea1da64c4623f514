// The TLB of a VZ guest with pages of several sizes at once: the search finds every entry, wherever the engine looks for it first
// (MIPS32 Volume III, "TLB-Based Virtual Memory").
import { expect, it } from 'vitest';
import {
  b,
  ENTRYHI,
  ENTRYLO0,
  ENTRYLO1,
  INDEX,
  type Line,
  mfc0,
  mtc0,
  nop,
  PAGEMASK,
  s0,
  s1,
  s2,
  s4,
  tlbp,
  tlbwi,
  zero,
} from '../support/kvm/mips-words.ts';
import { CODE, vzGuest } from '../support/kvm/vz-guest.ts';

const ENTRIES = 64;
const NOT_FOUND = 0x80000000;
/** PageMask of 4, 16, 64 KiB and 1 MiB; bytes of the pair. */
const MASKS = [0, 0x6000, 0x1e000, 0x1fe000] as const;
const pairOf = (mask: number): number => (mask | 0x1fff) + 1;
/** Each entry has 4 MiB of its own. */
const OWN = 0x400000;

it('TLBP finds each of 64 entries while the usual page size changes', () => {
  const guest = vzGuest();
  const execute = (code: Line, registers: readonly number[]): number => {
    guest.load([code, mfc0(s4, INDEX), b(-1), nop]);
    for (const [n, value] of registers.entries()) guest.setGpr(s0 + n, value);
    guest.pc = CODE;
    guest.enter(100);
    return guest.gpr(s4);
  };
  const write = (index: number, hi: number, mask: number): number =>
    execute(
      [mtc0(s0, INDEX), mtc0(s1, ENTRYHI), mtc0(s2, PAGEMASK), mtc0(zero, ENTRYLO0), mtc0(zero, ENTRYLO1), tlbwi],
      [index, hi, mask],
    );
  const probe = (hi: number): number => execute([mtc0(s0, ENTRYHI), tlbp], [hi]);

  let seed = 1;
  const below = (limit: number): number => {
    seed = (Math.imul(seed, 1103515245) + 12345) >>> 0;
    return (seed >>> 8) % limit;
  };
  const written: (number | undefined)[] = new Array(ENTRIES).fill(undefined);
  const sizes = new Array<number>(ENTRIES).fill(0);
  for (let round = 0; round < 600; round++) {
    // Two thirds of the writes have the size of their phase: it becomes the usual one.
    const mask = MASKS[below(3) > 0 ? Math.floor(round / 150) : below(MASKS.length)]!;
    const index = below(ENTRIES);
    const before = written[index];
    const hi = OWN * index + pairOf(mask) * below(OWN / pairOf(mask));
    write(index, hi, mask);
    written[index] = hi;
    sizes[index] = pairOf(mask);
    if (before !== undefined && (before < hi || before >= hi + pairOf(mask))) expect(probe(before)).toBe(NOT_FOUND);
    const other = below(ENTRIES);
    if (written[other] !== undefined) expect(probe(written[other] + sizes[other]! - 0x2000)).toBe(other);
  }
});
