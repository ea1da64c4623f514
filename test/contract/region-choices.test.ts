// Short branches that compiled code turns into choices: whatever the condition, and wherever a deadline falls, the same as the interpreter.
import { describe, expect, it } from 'vitest';
import {
  addiu,
  addu,
  andi,
  assemble,
  b,
  beq,
  bne,
  ENTRYHI,
  ENTRYLO0,
  ENTRYLO1,
  INDEX,
  jalr,
  jr,
  k0,
  type Line,
  la,
  li,
  lw,
  mtc0,
  nop,
  ra,
  s0,
  s1,
  s2,
  s3,
  s4,
  sll,
  spin,
  srl,
  sw,
  t0,
  t1,
  t2,
  tlbwi,
  xor,
  zero,
} from '../support/kvm/mips-words.ts';
import { Twins } from '../support/region/twins.ts';

/** s0 := the next of a sequence whose bits nobody foresees; t2 := one of them. */
const random: Line = [
  [sll(t0, s0, 13), xor(s0, s0, t0), srl(t0, s0, 17), xor(s0, s0, t0), sll(t0, s0, 5), xor(s0, s0, t0)],
  [srl(t2, s0, 9), andi(t2, t2, 1)],
];

const KSEG0 = 0x40000000;
const CODE = KSEG0 + 0x30000;
/** Words in the lines by which changes of code are known. */
const LINE_WORDS = 64;

/** A loop around a branch on a random bit; runs in both engines, in pieces of all sizes. */
function expectSame(branch: Line): Twins {
  const twins = new Twins();
  twins.load([
    li(s0, 0x1234567),
    { label: 'round' },
    random,
    branch,
    { label: 'joined' },
    b('round'),
    addiu(s3, s3, 1),
  ]);
  twins.enter(2000);
  expect(twins.regions).toBeGreaterThan(0);
  twins.creep(600);
  expect(twins.gpr(s3)).toBeGreaterThan(50);
  return twins;
}

describe('a branch whose ways meet again soon', () => {
  it('has a way of its own on one side', () => {
    const twins = expectSame([beq(t2, zero, 'joined'), addiu(s1, s1, 1), addiu(s2, s2, 1)]);
    expect(twins.gpr(s2)).toBeLessThan(twins.gpr(s1));
    expect(twins.gpr(s2)).toBeGreaterThan(0);
  });

  it('has ways of different lengths on both sides, that write and read the same registers', () => {
    expectSame([
      [bne(t2, zero, 'taken'), addu(s1, s1, t2)],
      [addu(s2, s2, s1), xor(t1, s2, s1), b('joined'), addu(s1, t1, s2)],
      [{ label: 'taken' }, addu(t1, s1, s2), sll(s2, t1, 1)],
    ]);
  });

  it('decides by a register that its slot and its ways write', () => {
    expectSame([
      [bne(t2, zero, 'taken'), addiu(t2, t2, 5)],
      [addu(s1, s1, t2), b('joined'), addu(t2, s1, t2)],
      [{ label: 'taken' }, addu(s1, t2, s0), addu(t2, s1, zero)],
    ]);
  });

  it('is entered in one of its ways from elsewhere', () => {
    expectSame([
      [srl(t1, s0, 3), andi(t1, t1, 3), beq(t1, zero, 'way'), addiu(s2, s2, 1)],
      [beq(t2, zero, 'joined'), nop, { label: 'way' }, addiu(s1, s1, 3)],
    ]);
  });

  it('has a store on one of its ways', () => {
    const twins = expectSame([
      la(t1, 'cell'),
      beq(t2, zero, 'joined'),
      nop,
      sw(s0, 0, t1),
      b('joined'),
      nop,
      { label: 'cell' },
      0,
    ]);
    expect(twins.gpr(s3)).toBeGreaterThan(0);
  });

  it('is rewritten by the guest, in a way that is only a jump and its slot', () => {
    const twins = new Twins();
    // After 100 rounds the jump of the first way becomes a NOP, and control falls through.
    const code: Line = [
      [li(s0, 0x1234567), la(s2, 'jump'), { label: 'round' }, random],
      [bne(t2, zero, 'taken'), addiu(s3, s3, 1), { label: 'jump' }, b('joined'), addiu(s1, s1, 1)],
      [{ label: 'taken' }, addiu(s1, s1, 0x100), { label: 'joined' }, addiu(t1, s3, -100)],
      [bne(t1, zero, 'round'), nop, sw(zero, 0, s2), lw(t1, 0, s2), b('round'), nop],
    ];
    twins.load(code);
    twins.enter(1000);
    expect(twins.regions).toBeGreaterThan(0);
    twins.enter(3500);
    twins.creep(300);
    expect(twins.gpr(s3)).toBeGreaterThan(150);
  });

  it('is rewritten by the guest, where the jump of a way has a line of 256 bytes to itself', () => {
    const twins = new Twins();
    const loop: Line = [
      [li(s0, 0x1234567), la(s2, 'way'), { label: 'round' }, random, bne(t2, zero, 'way'), addiu(s3, s3, 1)],
      [addiu(s1, s1, 1), { label: 'joined' }, addiu(t1, s3, -100), bne(t1, zero, 'round'), nop, sw(zero, 0, s2)],
      [b('round'), nop],
    ];
    const words = assemble(CODE, [loop, { label: 'way' }]).words.length;
    const wayAt = 2 * LINE_WORDS - 1;
    const between = Array.from({ length: wayAt - words }, () => nop);
    // When its jump has become a NOP, the way counts in s4.
    const way: Line = [{ label: 'way' }, b('joined'), addiu(s1, s1, 0x100), addiu(s4, s4, 1), b('joined'), nop];
    twins.load([loop, between, way], CODE);
    twins.load([li(t0, CODE), jr(t0), nop]);
    twins.enter(1000);
    expect(twins.regions).toBeGreaterThan(0);
    twins.enter(3500);
    twins.creep(300);
    expect(twins.gpr(s4)).toBeGreaterThan(20);
  });

  it('has ways in a page that is mapped anew', () => {
    const twins = new Twins();
    const [first, second, other] = [0x30000, 0x31000, 0x35000];
    const pair = 0x00200000;
    // The branch and its slot end the first page; its way and where the ways meet are in the second one.
    const head: Line = [random, bne(t2, zero, 2), nop];
    const start = 0x1000 - 4 * assemble(0, head).words.length;
    const [rounds, back] = [40, -(assemble(0, head).words.length + 3)];
    const tail = (by: number): Line => [
      addiu(s1, s1, by),
      ...[addiu(s3, s3, -1), bne(s3, zero, back), nop, jr(ra), nop],
    ];
    twins.load(head, KSEG0 + first + start);
    twins.load(tail(1), KSEG0 + second);
    twins.load(tail(1000), KSEG0 + other);
    const map = (odd: number): Line => [
      ...[li(k0, pair), mtc0(k0, ENTRYHI), mtc0(zero, INDEX), li(k0, (first >>> 6) | 7), mtc0(k0, ENTRYLO0)],
      ...[li(k0, (odd >>> 6) | 7), mtc0(k0, ENTRYLO1), tlbwi],
    ];
    const run: Line = [li(s3, rounds), li(t0, pair + start), jalr(ra, t0), nop];
    twins.load([li(s0, 0x1234567), map(second), run, map(other), run, map(second), run, spin]);
    twins.enter(4000);
    expect(twins.regions).toBeGreaterThan(0);
    expect(twins.gpr(s1)).toBeGreaterThan(10_000);
    expect(twins.gpr(s1) % 1000).toBeGreaterThan(10);
  });
});
