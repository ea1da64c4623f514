// Calls in compiled code that do not come back as they went: other return addresses, other stacks, deep recursion (ENGINE.md 6).
import { describe, expect, it } from 'vitest';
import { DATA } from '../support/kvm/guest.ts';
import {
  a0,
  addiu,
  addu,
  andi,
  b,
  beq,
  bne,
  jal,
  jalr,
  jr,
  type Line,
  la,
  li,
  lw,
  nop,
  ra,
  s0,
  s1,
  s2,
  s3,
  s4,
  sll,
  spin,
  sw,
  t0,
  t1,
  t2,
  v0,
  zero,
} from '../support/kvm/mips-words.ts';
import { HIGH, HIGH_VA } from '../support/kvm/slots.ts';
import { EAGER, Twins } from '../support/region/twins.ts';

const sp = 29;

describe('a function', () => {
  it('that returns to another place than its call, at times, goes there', () => {
    const twins = new Twins();
    // Every fourth call comes back at "far".
    const code: Line = [
      [{ label: 'round' }, addiu(s0, s0, 1), jal('leaf'), nop, addiu(s1, s1, 1), b('round'), nop],
      [{ label: 'far' }, addiu(s2, s2, 1), b('round'), nop],
      [{ label: 'leaf' }, andi(t0, s0, 3), bne(t0, zero, 'back'), nop, la(ra, 'far'), { label: 'back' }, jr(ra), nop],
    ];
    twins.load(code);
    twins.enter(2000);
    expect(twins.regions).toBeGreaterThan(0);
    expect(Math.abs(twins.gpr(s1) - 3 * twins.gpr(s2))).toBeLessThan(4);
    twins.creep(300);
  });

  it('that another one left for good, as longjmp does, is not gone on with', () => {
    const twins = new Twins();
    // outer saves a way back; inner, two calls down, takes it every other time.
    const code: Line = [
      [li(sp, DATA + 0x800), li(s3, DATA)],
      [{ label: 'round' }, addiu(s0, s0, 1), jal('outer'), nop, addiu(s1, s1, 1), b('round'), nop],
      [{ label: 'outer' }, sw(ra, 0, s3), sw(sp, 4, s3), addiu(sp, sp, -8), sw(ra, 4, sp), jal('middle'), nop],
      [lw(ra, 4, sp), addiu(s2, s2, 1), jr(ra), addiu(sp, sp, 8)],
      [
        { label: 'middle' },
        addiu(sp, sp, -8),
        sw(ra, 4, sp),
        jal('inner'),
        nop,
        lw(ra, 4, sp),
        jr(ra),
        addiu(sp, sp, 8),
      ],
      [{ label: 'inner' }, andi(t0, s0, 1), beq(t0, zero, 'jump'), nop, jr(ra), nop],
      [{ label: 'jump' }, lw(ra, 0, s3), lw(sp, 4, s3), jr(ra), nop],
    ];
    twins.load(code);
    twins.enter(3000);
    expect(twins.regions).toBeGreaterThan(0);
    expect(Math.abs(twins.gpr(s1) - 2 * twins.gpr(s2))).toBeLessThan(3);
    twins.creep(300);
  });

  it('that reads its link in the slot of the call, and changes it there, is the interpreter’s', () => {
    const twins = new Twins();
    const code: Line = [
      [{ label: 'round' }, jal('leaf'), addu(s1, ra, zero), nop, addiu(s2, s2, 1), b('round'), nop],
      [{ label: 'leaf' }, addu(s3, ra, zero), jr(ra), addiu(ra, ra, 4)],
    ];
    twins.load(code);
    twins.enter(500);
    expect(twins.gpr(s1)).toBe(twins.gpr(s3));
    expect(twins.gpr(s2)).toBeGreaterThan(50);
    twins.creep(100);
  });

  it('of another stack each time: two threads take turns', () => {
    const twins = new Twins();
    // Each thread counts in its own frame and gives way in the middle of a loop.
    const thread = (name: string, counter: number): Line => [
      [{ label: name }, addiu(counter, counter, 1), jal('yield'), nop, addiu(counter, counter, 10), b(name), nop],
    ];
    const code: Line = [
      ...[li(sp, DATA + 0x100), li(s4, DATA + 0x200), la(t0, 'second'), sw(t0, 0, s4), b('first'), nop],
      thread('first', s1),
      thread('second', s2),
      // Keep ra in the frame, change stacks, and go on where that one stopped.
      [{ label: 'yield' }, sw(ra, 0, sp), addu(t1, sp, zero), addu(sp, s4, zero), addu(s4, t1, zero), lw(ra, 0, sp)],
      [jr(ra), nop],
    ];
    twins.load(code);
    twins.enter(3000);
    expect(twins.regions).toBeGreaterThan(0);
    expect(Math.abs(twins.gpr(s1) - twins.gpr(s2))).toBeLessThan(12);
    twins.creep(300);
  });

  it('that calls itself a million times comes back a million times', () => {
    // Runs long enough for calls to go deeper than compiled code nests.
    const twins = new Twins({ arenaBytes: 0xe00000, regions: { ...EAGER, sampledRun: 1000 } });
    const STACK = 0xa00000;
    twins.both(({ vm }) =>
      vm.setUserMemoryRegion({ slot: 1, flags: 0, guestPhysAddr: HIGH, memorySize: STACK, userspaceAddr: 0x200000 }),
    );
    const depth = 1_000_000;
    const code: Line = [
      [li(sp, HIGH_VA + STACK), li(a0, depth), jal('down'), nop, spin],
      [
        { label: 'down' },
        beq(a0, zero, 'bottom'),
        addiu(a0, a0, -1),
        addiu(sp, sp, -8),
        sw(ra, 4, sp),
        jal('down'),
        nop,
      ],
      [lw(ra, 4, sp), addiu(v0, v0, 1), jr(ra), addiu(sp, sp, 8)],
      [{ label: 'bottom' }, jr(ra), nop],
    ];
    twins.load(code);
    twins.enter(5_000_000);
    twins.enter(20_000_000);
    expect(twins.regions).toBeGreaterThan(0);
    expect([twins.gpr(v0), twins.gpr(sp)]).toEqual([depth, HIGH_VA + STACK]);
  });

  it('by a table of addresses, in turn', () => {
    const twins = new Twins();
    const leaf = (name: string, by: number): Line => [{ label: name }, addiu(s1, s1, by), jr(ra), nop];
    const entry = (name: string, at: number): Line => [la(t0, name), sw(t0, 4 * at, s3)];
    const code: Line = [
      [li(s3, DATA), entry('one', 0), entry('ten', 1), entry('hundred', 2), entry('one', 3)],
      [{ label: 'round' }, addiu(s0, s0, 1), andi(t0, s0, 3), sll(t0, t0, 2), addu(t0, t0, s3), lw(t1, 0, t0)],
      [jalr(ra, t1), addiu(t2, t2, 1), b('round'), nop],
      [leaf('one', 1), leaf('ten', 10), leaf('hundred', 100)],
    ];
    twins.load(code);
    twins.enter(14 + 12 * 400);
    expect(twins.gpr(s1)).toBe(100 * (1 + 10 + 100 + 1));
    twins.creep(200);
  });
});
