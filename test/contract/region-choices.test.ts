// Short branches that compiled code turns into choices: whatever the condition, and wherever a deadline falls, the same as the interpreter.
import { describe, expect, it } from 'vitest';
import {
  addiu,
  addu,
  andi,
  b,
  beq,
  bne,
  type Line,
  la,
  li,
  lw,
  nop,
  s0,
  s1,
  s2,
  s3,
  sll,
  srl,
  sw,
  t0,
  t1,
  t2,
  xor,
  zero,
} from '../support/kvm/mips-words.ts';
import { Twins } from '../support/region/twins.ts';

/** s0 := the next of a sequence whose bits nobody foresees; t2 := one of them. */
const random: Line = [
  [sll(t0, s0, 13), xor(s0, s0, t0), srl(t0, s0, 17), xor(s0, s0, t0), sll(t0, s0, 5), xor(s0, s0, t0)],
  [srl(t2, s0, 9), andi(t2, t2, 1)],
];

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

  it('has a store on one of its ways, and stays a branch', () => {
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
});
