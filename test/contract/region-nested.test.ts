// Compiled code that calls compiled code, functions too large to be taken in by their callers: what may have changed when they come back, and
// what they may find when they are called.
import { describe, expect, it } from 'vitest';
import { GENERAL_VECTOR } from '../support/kvm/guest.ts';
import {
  addiu,
  addu,
  b,
  bgezal,
  bne,
  CAUSE,
  COMPARE,
  ENTRYHI,
  ENTRYLO0,
  ENTRYLO1,
  EPC,
  eret,
  INDEX,
  jal,
  jalr,
  jr,
  k0,
  k1,
  type Line,
  la,
  li,
  lui,
  lw,
  mfc0,
  mtc0,
  nop,
  ra,
  STATUS,
  s0,
  s1,
  s2,
  s3,
  s4,
  sll,
  sltiu,
  spin,
  srl,
  sw,
  syscall,
  t0,
  t1,
  tlbwi,
  v0,
  xor,
  zero,
} from '../support/kvm/mips-words.ts';
import { Twins } from '../support/region/twins.ts';

const KSEG0 = 0x40000000;
const PAIR = 0x00200000;
const [FIRST, SECOND, OTHER] = [0x30000, 0x31000, 0x35000];
const ADDRESS_ERROR_LOAD = 4;
const ROUNDS = 60;
/** More than a caller takes in; adds `by` to v0 each time. */
const work = (by: number): Line => Array.from({ length: 30 }, (_, n) => addiu(v0, v0, n === 0 ? by : 0));
const large = (name: string, by: number): Line => [{ label: name }, work(by), jr(ra), nop];
/** Status.UM set. */
const USER = 0x10;

const mapPair = (even: number, odd: number): Line => [
  ...[li(k0, PAIR), mtc0(k0, ENTRYHI), mtc0(zero, INDEX), li(k0, (even >>> 6) | 7), mtc0(k0, ENTRYLO0)],
  ...[li(k0, (odd >>> 6) | 7), mtc0(k0, ENTRYLO1), tlbwi],
];

describe('a large function that is called in a loop', () => {
  it('comes back with its results, wherever runs end', () => {
    const twins = new Twins();
    twins.load([
      [{ label: 'round' }, addiu(s0, s0, 1), jal('outer'), addu(s1, v0, s0), addu(s2, s2, v0), b('round'), nop],
      [
        { label: 'outer' },
        addu(s3, ra, zero),
        work(1),
        jal('inner'),
        addiu(s4, s4, 1),
        addu(ra, s3, zero),
        jr(ra),
        nop,
      ],
      large('inner', 100),
    ]);
    twins.enter(3000);
    expect(twins.regions).toBeGreaterThan(1);
    twins.creep(1500, 80);
    expect(twins.gpr(v0)).toBeGreaterThan(101 * 40);
  });

  it('is called in some rounds only, by a branch that links', () => {
    const twins = new Twins();
    // s1 is written before the conditional call, and the loop is left right after it.
    twins.load([
      [li(t1, 0x1234567), { label: 'outer' }, addiu(s0, zero, 5)],
      [
        { label: 'round' },
        sll(t0, t1, 13),
        xor(t1, t1, t0),
        srl(t0, t1, 17),
        xor(t1, t1, t0),
        sll(t0, t1, 5),
        xor(t1, t1, t0),
      ],
      [addu(s1, s1, t1), bgezal(t1, 'function'), addiu(s2, s2, 1), addiu(s0, s0, -1), bne(s0, zero, 'round'), nop],
      [addu(s3, s1, zero), mtc0(zero, COMPARE), b('outer'), nop],
      large('function', 1),
    ]);
    twins.enter(4000);
    expect(twins.regions).toBeGreaterThan(1);
    expect(twins.gpr(v0)).toBeLessThan(twins.gpr(s2));
    twins.creep(1000, 80);
  });

  it('is another one when the pointer to it changes', () => {
    const twins = new Twins();
    twins.load([
      [la(s3, 'one'), la(s4, 'other'), { label: 'round' }, addiu(s0, s0, 1), jalr(ra, s3), nop],
      [addu(t0, s3, zero), addu(s3, s4, zero), addu(s4, t0, zero), b('round'), nop],
      [large('one', 1), large('other', 1000)],
    ]);
    twins.enter(4000);
    expect(twins.regions).toBeGreaterThan(1);
    const { calls, rest } = { calls: Math.floor(twins.gpr(v0) / 1000), rest: twins.gpr(v0) % 1000 };
    expect(Math.abs(calls - rest)).toBeLessThan(2);
    twins.creep(500, 80);
  });

  it('makes a system call on its way, and comes back', () => {
    const twins = new Twins();
    twins.load([mfc0(k0, EPC), addiu(k0, k0, 4), mtc0(k0, EPC), addiu(s2, s2, 1), eret], GENERAL_VECTOR);
    twins.load([
      [{ label: 'round' }, addiu(s0, s0, 1), jal('function'), nop, addiu(s1, s1, 1), b('round'), nop],
      [{ label: 'function' }, work(1), syscall, work(2), jr(ra), nop],
    ]);
    twins.enter(5000);
    expect(twins.regions).toBeGreaterThan(1);
    expect(Math.abs(twins.gpr(s1) - twins.gpr(s2))).toBeLessThan(2);
    twins.creep(600, 80);
  });

  it('is rewritten between two calls', () => {
    const twins = new Twins();
    // Every round stores an instruction into the function: addiu v0, v0, 1 or 0x100.
    twins.load([
      [la(s3, 'function'), lui(s4, 0x2442), addiu(s4, s4, 1)],
      [{ label: 'round' }, addiu(s0, s0, 1), addiu(t0, zero, ROUNDS), bne(s0, t0, 'call'), nop, addiu(s4, s4, 0xff)],
      [sw(s4, 0, s3), { label: 'call' }, jal('function'), nop, b('round'), nop],
      large('function', 1),
    ]);
    const code = 3 * ROUNDS * 40;
    twins.enter(code);
    expect(twins.regions).toBeGreaterThan(1);
    const rounds = twins.gpr(s0);
    expect(Math.abs(twins.gpr(v0) - (ROUNDS + 0x100 * (rounds - ROUNDS)))).toBeLessThanOrEqual(0x101);
  });
});

describe('a function in a mapped page', () => {
  it('is what the page holds now', () => {
    const twins = new Twins();
    twins.load([work(1), jr(ra), nop], KSEG0 + FIRST);
    twins.load([work(1000), jr(ra), nop], KSEG0 + OTHER);
    const rounds = (name: string): Line => [
      [li(s0, ROUNDS), li(s3, PAIR), { label: name }, jalr(ra, s3), addiu(s0, s0, -1)],
      [bne(s0, zero, name), nop],
    ];
    twins.load([
      [mapPair(FIRST, SECOND), rounds('a'), mapPair(OTHER, SECOND), rounds('b'), mapPair(FIRST, SECOND), rounds('c')],
      spin,
    ]);
    twins.enter(10_000);
    expect(twins.regions).toBeGreaterThan(1);
    expect(twins.gpr(v0)).toBe(2 * ROUNDS + 1000 * ROUNDS);
  });

  it('knows at which of its addresses it was called', () => {
    const twins = new Twins();
    // The function adds bit 30 of where it runs, by its own link, to s2.
    const own: Line = [addu(s1, ra, zero), bgezal(zero, 1), nop, srl(t0, ra, 30), addu(s2, s2, t0), addu(ra, s1, zero)];
    twins.load([work(1), own, jr(ra), nop], KSEG0 + FIRST);
    twins.load([
      [mapPair(FIRST, SECOND), li(s0, ROUNDS), li(s3, PAIR), li(s4, KSEG0 + FIRST), { label: 'round' }],
      [
        jalr(ra, s3),
        addiu(s0, s0, -1),
        addu(t0, s3, zero),
        addu(s3, s4, zero),
        bne(s0, zero, 'round'),
        addu(s4, t0, zero),
      ],
      spin,
    ]);
    twins.enter(5000);
    expect(twins.regions).toBeGreaterThan(1);
    expect([twins.gpr(v0), twins.gpr(s2)]).toEqual([ROUNDS, ROUNDS / 2]);
  });

  it('that comes back as a user leaves its caller a user’s memory', () => {
    const twins = new Twins();
    // In the last round the function returns by ERET to user mode; its caller then loads what only the kernel may.
    const caller: Line = [
      [{ label: 'round' }, addiu(s0, s0, -1), bgezal(zero, 'function'), sltiu(s4, s0, 1)],
      [lw(s2, 0, s3), bne(s0, zero, 'round'), addiu(s1, s1, 1), spin],
    ];
    const callee: Line = [
      [{ label: 'function' }, work(1), bne(s4, zero, 'user'), nop, jr(ra), nop],
      [{ label: 'user' }, li(k0, USER | 2), mtc0(k0, STATUS), mtc0(ra, EPC), eret],
    ];
    const twice = new Twins();
    for (const [i, guest] of [twins, twice].entries()) {
      guest.load([caller, callee], KSEG0 + FIRST);
      guest.load([mfc0(k1, CAUSE), spin], GENERAL_VECTOR);
      guest.load([mapPair(FIRST, SECOND), li(s0, ROUNDS), li(s3, KSEG0 + OTHER), li(t0, PAIR), jr(t0), nop]);
      if (i === 0) guest.enter(5000);
      else guest.creep(5000, 60);
      expect(guest.regions).toBeGreaterThan(1);
      expect([guest.gpr(s1), guest.gpr(v0), (guest.gpr(k1) >> 2) & 31]).toEqual([
        ROUNDS - 1,
        ROUNDS,
        ADDRESS_ERROR_LOAD,
      ]);
    }
  });
});
