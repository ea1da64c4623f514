// Compiled code and where it lies: one physical page at several addresses, pages that are mapped anew, address spaces, privileges (ENGINE.md 6).
import { describe, expect, it } from 'vitest';
import { CP0_EPC, CP0_STATUS, GENERAL_VECTOR, IE, IP2, IP7 } from '../support/kvm/guest.ts';
import {
  addiu,
  addu,
  b,
  bgezal,
  bne,
  CAUSE,
  COMPARE,
  COUNT,
  ENTRYHI,
  ENTRYLO0,
  ENTRYLO1,
  EPC,
  eret,
  INDEX,
  jalr,
  jr,
  k0,
  k1,
  type Line,
  li,
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
  sll,
  sltiu,
  spin,
  syscall,
  t0,
  t1,
  t2,
  tlbwi,
  v0,
  zero,
} from '../support/kvm/mips-words.ts';
import { Twins } from '../support/region/twins.ts';

const KSEG0 = 0x40000000;
/** Cause.ExcCode AdEL. */
const ADDRESS_ERROR_LOAD = 4;
const ROUNDS = 40;
/** A pair of mapped pages, and where their contents lie. */
const PAIR = 0x00200000;
const [FIRST, SECOND, OTHER] = [0x30000, 0x31000, 0x35000];

/** A function: s0 rounds of `body`, then back. */
const loopFunction = (body: Line): Line => [
  addiu(s0, zero, ROUNDS),
  [{ label: 'round' }, body, addiu(s0, s0, -1), bne(s0, zero, 'round'), nop],
  [jr(ra), nop],
];

/** Call the function at a virtual address. */
const call = (address: number): Line => [li(t0, address), jalr(ra, t0), nop];

/** TLB entry 0: the pair at PAIR leads to these physical pages, in address space `asid` or in all. */
const mapPair = (even: number, odd: number, asid?: number): Line => {
  const flags = asid === undefined ? 7 : 6;
  return [
    ...[li(k0, PAIR | (asid ?? 0)), mtc0(k0, ENTRYHI), mtc0(zero, INDEX)],
    ...[li(k0, (even >>> 6) | flags), mtc0(k0, ENTRYLO0), li(k0, (odd >>> 6) | flags), mtc0(k0, ENTRYLO1), tlbwi],
  ];
};

describe('one physical page at two virtual addresses', () => {
  it('runs at both, each with its own addresses', () => {
    const twins = new Twins();
    // v0 := where the function runs, as its own link says.
    const place: Line = [addu(t2, ra, zero), bgezal(zero, 1), nop, addu(v0, ra, zero), addu(ra, t2, zero)];
    twins.load(loopFunction(place), KSEG0 + FIRST);
    const visit = (address: number, result: number): Line => [call(address), addu(result, v0, zero)];
    twins.load([mapPair(FIRST, SECOND), visit(KSEG0 + FIRST, s1), visit(PAIR, s2), visit(KSEG0 + FIRST, s3), spin]);
    twins.enter(3000);
    expect(twins.regions).toBeGreaterThanOrEqual(2);
    expect([s1, s2, s3].map((result) => twins.gpr(result))).toEqual(
      [KSEG0, PAIR - FIRST, KSEG0].map((at) => at + FIRST + 16),
    );
  });
});

describe('a region that lies in two pages', () => {
  /** A loop around the boundary: the first page adds 1 to s1, the second `second` to s2. */
  const twoPages = (second: number): readonly [Line, Line] => [
    [addiu(s1, s1, 1), nop],
    [addiu(s2, s2, second), addiu(s0, s0, -1), bne(s0, zero, -5), nop, jr(ra), nop],
  ];

  function guest(): Twins {
    const twins = new Twins();
    const [first, second] = twoPages(1);
    twins.load(first, KSEG0 + FIRST + 0xff8);
    twins.load(second, KSEG0 + SECOND);
    twins.load(twoPages(100)[1], KSEG0 + OTHER);
    return twins;
  }
  const run: Line = [addiu(s0, zero, ROUNDS), call(PAIR + 0xff8)];

  it('goes on in the page that is there now, when only the second one is mapped anew', () => {
    const twins = guest();
    twins.load([mapPair(FIRST, SECOND), run, mapPair(FIRST, OTHER), run, mapPair(FIRST, SECOND), run, spin]);
    twins.enter(3000);
    expect(twins.everCompiled).toBeGreaterThan(1);
    expect([twins.gpr(s1), twins.gpr(s2)]).toEqual([3 * ROUNDS, 2 * ROUNDS + 100 * ROUNDS]);
  });

  it('misses when the second one is gone', () => {
    const twins = guest();
    const unmapped: Line = [
      mapPair(FIRST, SECOND),
      li(k0, (FIRST >>> 6) | 7),
      mtc0(k0, ENTRYLO0),
      li(k0, 1),
      mtc0(k0, ENTRYLO1),
      tlbwi,
    ];
    twins.load([li(k0, 5), spin], KSEG0); // a refill would be at 0, an invalid entry at 0x180
    twins.load([li(k0, 7), spin], GENERAL_VECTOR);
    twins.load([mapPair(FIRST, SECOND), run, unmapped, run, spin]);
    twins.enter(2000);
    expect([twins.gpr(s1), twins.gpr(s2), twins.gpr(k0)]).toEqual([ROUNDS + 1, ROUNDS, 7]);
  });
});

describe('an address space', () => {
  const counting = (by: number): Line => loopFunction(addiu(s1, s1, by));

  it('has its own code at an address that others use too', () => {
    const twins = new Twins();
    twins.load(counting(1), KSEG0 + FIRST);
    twins.load(counting(100), KSEG0 + OTHER);
    const inSpace = (asid: number, index: number, page: number): Line => [
      ...[li(k0, PAIR | asid), mtc0(k0, ENTRYHI), li(k0, index), mtc0(k0, INDEX)],
      ...[li(k0, (page >>> 6) | 6), mtc0(k0, ENTRYLO0), mtc0(zero, ENTRYLO1), tlbwi],
    ];
    const change = (asid: number): Line => [li(k0, asid), mtc0(k0, ENTRYHI)];
    const visits: Line[] = [1, 2, 1, 2].map((asid) => [change(asid), call(PAIR)]);
    twins.load([inSpace(1, 0, FIRST), inSpace(2, 1, OTHER), visits, spin]);
    twins.enter(3000);
    expect(twins.everCompiled).toBeGreaterThan(1);
    expect(twins.gpr(s1)).toBe(2 * ROUNDS + 200 * ROUNDS);
  });

  it('that is given to another program shows that one’s code', () => {
    const twins = new Twins();
    twins.load(counting(1), KSEG0 + FIRST);
    twins.load(counting(100), KSEG0 + OTHER);
    twins.load([
      mapPair(FIRST, SECOND, 1),
      call(PAIR),
      mapPair(OTHER, SECOND, 1),
      call(PAIR),
      mapPair(FIRST, SECOND, 1),
      call(PAIR),
      spin,
    ]);
    twins.enter(3000);
    expect(twins.gpr(s1)).toBe(2 * ROUNDS + 100 * ROUNDS);
  });
});

describe('code shared by kernel and user', () => {
  it('does in each what that may do', () => {
    const twins = new Twins();
    // MFC0 is an exception in user mode: the handler counts it in s2 and goes on after it.
    twins.load(loopFunction([mfc0(t1, STATUS), addiu(s1, s1, 1)]), KSEG0 + FIRST);
    const handler: Line = [...[mfc0(k0, EPC), addiu(k0, k0, 4), mtc0(k0, EPC), addiu(s2, s2, 1), eret]];
    twins.load(handler, GENERAL_VECTOR);
    twins.load([call(PAIR), syscall, b(-1), nop], KSEG0 + SECOND);
    const toUser: Line = [li(k1, 0x12), mtc0(k1, STATUS), li(k1, PAIR + 0x1000), mtc0(k1, EPC), eret];
    twins.load([mapPair(FIRST, SECOND), call(PAIR), toUser]);
    twins.enter(1500);
    expect(twins.regions).toBeGreaterThan(0);
    expect(twins.gpr(s1)).toBe(2 * ROUNDS);
    expect(twins.gpr(s2)).toBeGreaterThanOrEqual(ROUNDS);
  });

  it('that goes to user mode in its middle has a user’s memory from the next instruction on', () => {
    const twins = new Twins();
    // s2 := a word that only the kernel may read; in round 20 Status says "user" before it does.
    const status: Line = [addiu(k0, s0, -20), sltiu(k0, k0, 1), sll(k0, k0, 4), mtc0(k0, STATUS)];
    twins.load(loopFunction([status, lw(s2, 0, s3), addiu(s1, s1, 1)]), KSEG0 + FIRST);
    twins.load([mfc0(k1, CAUSE), addiu(v0, v0, 1), spin], GENERAL_VECTOR);
    twins.load([mapPair(FIRST, SECOND), li(s3, KSEG0 + OTHER), call(PAIR), spin]);
    twins.enter(2000);
    expect(twins.regions).toBeGreaterThan(0);
    expect([twins.gpr(s1), twins.gpr(v0), (twins.gpr(k1) >> 2) & 31]).toEqual([ROUNDS - 20, 1, ADDRESS_ERROR_LOAD]);
  });

  it('is left by an interrupt at the same instruction as ever', () => {
    const twins = new Twins();
    // The handler adds up where it came from, and leaves with interrupts off.
    twins.load([mfc0(k0, EPC), addu(s2, s2, k0), addiu(s3, s3, 1), li(k0, 2), mtc0(k0, STATUS), eret], GENERAL_VECTOR);
    twins.load([{ label: 'round' }, addiu(s1, s1, 1), addiu(s0, s0, 3), b('round'), nop]);
    for (let n = 0; n < 20; n++) {
      twins.both(({ vcpu }) => vcpu.setOneReg(CP0_STATUS, BigInt(IP2 | IE)));
      twins.creep(29 + n, 11);
      twins.both(({ vcpu }) => vcpu.interrupt({ cpu: -1, irq: 2 }));
      twins.enter(50);
      twins.both(({ vcpu }) => vcpu.interrupt({ cpu: -1, irq: -2 }));
    }
    expect(twins.regions).toBeGreaterThan(0);
    expect(twins.gpr(s3)).toBe(20);
  });

  it('is left by the timer at the same instruction as ever', () => {
    const twins = new Twins();
    // The handler adds up where it came from, and sets the timer 17 instructions ahead.
    const again: Line = [mfc0(k0, COUNT), addiu(k0, k0, 17), mtc0(k0, COMPARE)];
    twins.load([mfc0(k0, EPC), addu(s2, s2, k0), addiu(s3, s3, 1), again, eret], GENERAL_VECTOR);
    twins.load([
      again,
      li(k0, IP7 | IE),
      mtc0(k0, STATUS),
      { label: 'round' },
      addiu(s1, s1, 1),
      b('round'),
      addiu(s0, s0, 3),
    ]);
    twins.enter(2000);
    twins.creep(500);
    expect(twins.regions).toBeGreaterThan(0);
    expect(twins.gpr(s3)).toBeGreaterThan(80);
  });
});

describe('a delay slot that changes the privilege', () => {
  it('has its branch taken first: the next fetch, in user mode, is the target', () => {
    const twins = new Twins();
    twins.load([spin], GENERAL_VECTOR);
    const at = twins.load([
      ...[mfc0(t0, STATUS), addiu(s0, zero, ROUNDS)],
      ...[{ label: 'round' }, addiu(s0, s0, -1), sltiu(t1, s0, 1), sll(t1, t1, 4)], // Status.UM in the last round
      ...[addu(t1, t0, t1), b('round'), mtc0(t1, STATUS)],
      ...[addiu(s2, s2, 1), spin],
    ]);
    twins.creep(ROUNDS * 10);
    expect(twins.regions).toBeGreaterThan(0);
    expect([twins.gpr(s0), twins.gpr(s2)]).toEqual([0, 0]);
    expect(twins.compiled.cp0(CP0_EPC) >>> 0).toBe(at('round'));
  });
});
