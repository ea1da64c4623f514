// Compiled code that changes, or is looked at: stores, DMA, code made at run time, watches, observation (ENGINE.md 5 and 6).
import { describe, expect, it } from 'vitest';
import { CODE, physical } from '../support/kvm/guest.ts';
import {
  addiu,
  addu,
  andi,
  b,
  bne,
  jalr,
  jr,
  type Line,
  la,
  li,
  lw,
  nop,
  ori,
  ra,
  s0,
  s1,
  s2,
  s3,
  sb,
  sh,
  spin,
  sw,
  t0,
  t1,
  t2,
  zero,
} from '../support/kvm/mips-words.ts';
import { EAGER, Twins } from '../support/region/twins.ts';

/** How often the program of the compiled guest has run since. */
function countRuns({ compiled: { vm } }: Twins): () => number {
  const core = Reflect.get(vm, 'core') as { runOnce(budget: number): number };
  const run = core.runOnce.bind(core);
  let runs = 0;
  core.runOnce = (budget) => {
    runs++;
    return run(budget);
  };
  return () => runs;
}

/** An endless loop that adds to s1. */
const adding = (by: number): Line => [{ label: 'round' }, { label: 'change' }, addiu(s1, s1, by), b('round'), nop];
const words = (count: number): Line => Array.from({ length: count }, () => nop);

describe('DMA into compiled code', () => {
  it.each(['write', 'fill', 'writeU32'] as const)('is seen by the next round: %s', (call) => {
    const twins = new Twins();
    const change = twins.load(adding(1))('change');
    twins.enter(301);
    expect(twins.regions).toBeGreaterThan(0);
    const before = twins.gpr(s1);
    twins.both(({ vm: { memory } }) => {
      if (call === 'write') memory.write(physical(change), new Uint8Array([0x64]));
      else if (call === 'fill') memory.fill(physical(change), 0x64, 1);
      else memory.writeU32(physical(change), addiu(s1, s1, 0x64), 'little');
    });
    expect(twins.regions).toBe(0);
    twins.enter(300);
    expect(twins.gpr(s1)).toBe(before + 100 * 100);
  });

  it('beside it, in the same page, leaves it alone', () => {
    const twins = new Twins();
    twins.load(adding(1));
    twins.enter(300);
    const { regions, everCompiled } = twins;
    expect(regions).toBeGreaterThan(0);
    twins.both(({ vm }) => vm.memory.write(physical(CODE) + 0x100, new Uint8Array(256).fill(1)));
    twins.enter(300);
    expect([twins.regions, twins.everCompiled]).toEqual([regions, everCompiled]);
  });
});

describe('a store of the guest', () => {
  /** A loop that stores s2 each round, `distance` bytes from its beginning. */
  const storing = (distance: number): Line => [
    la(t0, 'round'),
    [
      { label: 'round' },
      addiu(s2, s2, 3),
      sw(s2, distance, t0),
      lw(t1, distance, t0),
      addu(s1, s1, t1),
      b('round'),
      nop,
    ],
  ];

  it.each([0x100, 0x200, 0xf00])('into its page, %i bytes away from it, leaves a region alone', (distance) => {
    const twins = new Twins();
    twins.load(storing(distance));
    twins.enter(400);
    const { regions, everCompiled } = twins;
    expect(regions).toBeGreaterThan(0);
    twins.creep(600);
    expect([twins.regions, twins.everCompiled]).toEqual([regions, everCompiled]);
  });

  it.each([0x20, 0x40, 0xe0])(
    'into its own line, %i bytes from its beginning and behind its code, leaves a region alone',
    (distance) => {
      const twins = new Twins();
      twins.load(storing(distance), CODE);
      twins.enter(400);
      const { regions, everCompiled } = twins;
      expect(regions).toBeGreaterThan(0);
      twins.creep(600);
      expect([twins.regions, twins.everCompiled]).toEqual([regions, everCompiled]);
    },
  );

  it('into the slot of a jump to itself, again and again, is executed from the next round on', () => {
    const twins = new Twins();
    const at = twins.load([{ label: 'self' }, b('self'), { label: 'slot' }, nop]);
    let expected = 0;
    for (let n = 0; n < 12; n++) {
      const counts = n % 2 === 0;
      const word = counts ? addiu(s1, s1, 1) : nop;
      twins.both(({ vm }) => vm.memory.writeU32(physical(at('slot')), word, 'little'));
      twins.enter(100);
      if (counts) expected += 50;
      expect(twins.gpr(s1)).toBe(expected);
    }
  });

  it('into its own loop is executed next', () => {
    const twins = new Twins();
    // t2 counts up in the low half of an instruction: the immediate of the addition that follows.
    const patching: Line = [
      ...[li(t2, 0x26310000), la(t0, 'change')],
      [{ label: 'round' }, addiu(t2, t2, 1), sw(t2, 0, t0), { label: 'change' }, addiu(s1, s1, 0), b('round'), nop],
    ];
    twins.load(patching);
    // Often enough for lines to be forgotten whole, then word by word, and whole again.
    twins.enter(4 + 5 * 150);
    expect(twins.gpr(s1)).toBe((150 * 151) / 2);
    twins.creep(200);
  });

  it.each([
    ['a byte', 1, sb],
    ['a halfword', 2, sh],
  ] as const)('of %s into its own loop is executed next', (_name, _bytes, store) => {
    const twins = new Twins();
    const patching: Line = [
      la(t0, 'change'),
      [
        { label: 'round' },
        addiu(t2, t2, 1),
        andi(t2, t2, 0x3f),
        store(t2, 0, t0),
        { label: 'change' },
        addiu(s1, s1, 0),
      ],
      [b('round'), nop],
    ];
    twins.load(patching);
    twins.enter(1000);
    twins.creep(200);
    expect(twins.gpr(s1)).toBeGreaterThan(3000);
  });

  it('into the delay slot that follows it is executed next', () => {
    const twins = new Twins();
    const patching: Line = [
      ...[li(t2, 0x26310000), la(t0, 'slot')],
      [{ label: 'round' }, addiu(t2, t2, 1), sw(t2, 0, t0), b('round'), { label: 'slot' }, addiu(s1, s1, 0)],
    ];
    twins.load(patching);
    twins.enter(4 + 4 * 50);
    expect(twins.gpr(s1)).toBe((50 * 51) / 2);
  });

  it('into a function that was taken in by its caller is executed by the next call', () => {
    const twins = new Twins();
    const calling: Line = [
      ...[la(t0, 'leaf'), li(t1, addiu(s1, s1, 100))],
      [{ label: 'round' }, la(t2, 'leaf'), jalr(ra, t2), addiu(s2, s2, 1), addiu(s0, s0, 1), ori(s3, zero, 30)],
      [bne(s0, s3, 'round'), nop, sw(t1, 0, t0), b('round'), nop],
      words(64),
      [{ label: 'leaf' }, addiu(s1, s1, 1), jr(ra), nop],
    ];
    twins.load(calling);
    twins.enter(1000);
    expect(twins.gpr(s1)).toBeGreaterThan(30 + 50 * 100);
    twins.creep(200);
  });

  it('makes a function, which is called, again and again', () => {
    const twins = new Twins();
    const making: Line = [
      ...[li(t0, CODE + 0x800), li(t1, jr(ra)), li(t2, 0x26310000)],
      [{ label: 'round' }, addiu(t2, t2, 1), sw(t2, 0, t0), sw(t1, 4, t0), sw(zero, 8, t0), jalr(ra, t0), nop],
      [b('round'), nop],
    ];
    twins.load(making);
    twins.enter(6 + 11 * 40);
    expect(twins.gpr(s1)).toBe((40 * 41) / 2);
    twins.creep(300);
  });
});

describe('what the host looks at', () => {
  it('is told of every execution of a watched instruction in compiled code, and of none when it is not watched any more', () => {
    const twins = new Twins();
    // In the middle of the loop, so that there is compiled code around it.
    const middle: Line = [{ label: 'round' }, addiu(s2, s2, 1), { label: 'mark' }, addiu(s1, s1, 1), b('round'), nop];
    const mark = twins.load(middle)('mark');
    twins.enter(400);
    expect(twins.regions).toBeGreaterThan(0);
    const hits: number[] = [];
    twins.both(({ vm }) => vm.watch.execution([physical(mark)], (_cpu, pc) => hits.push(pc) < 0));
    twins.enter(400);
    expect(hits).toEqual(Array.from({ length: 200 }, () => mark));
    twins.both(({ vm }) => vm.watch.execution([], () => hits.push(0) < 0));
    twins.enter(4000);
    expect(hits).toHaveLength(200);
    expect(twins.regions).toBeGreaterThan(0);
    expect(twins.gpr(s1)).toBe(1200);
  });

  it('does not shorten the runs of a guest that is observed', () => {
    const twins = new Twins();
    twins.load(adding(1));
    twins.enter(300);
    twins.both(({ vm }) => vm.observe({ stats: true, trace: null }));
    const runs = countRuns(twins);
    for (let i = 0; i < 10; i++) twins.enter(1000);
    expect(runs()).toBeLessThan(10_000 / EAGER.sampledRun + 100);
  });

  it('may observe and stop again: code is compiled once more afterwards', () => {
    const twins = new Twins();
    twins.load(adding(1));
    for (let n = 0; n < 3; n++) {
      twins.enter(300);
      expect(twins.regions).toBeGreaterThan(0);
      twins.both(({ vm }) => vm.observe({ stats: true, trace: null }));
      expect(twins.regions).toBe(0);
      twins.enter(300);
      twins.both(({ vm }) => vm.observe({ stats: false, trace: null }));
    }
    expect(twins.gpr(s1)).toBe(600);
  });

  it('may look at the state at any instruction', () => {
    const twins = new Twins();
    twins.load([{ label: 'round' }, addiu(s1, s1, 1), bne(s1, zero, 'round'), addiu(s2, s2, 5), spin]);
    twins.enter(100);
    for (let n = 1; n < 60; n++) twins.enter(1);
    expect(twins.regions).toBeGreaterThan(0);
  });
});

describe('room for compiled code', () => {
  it('is made by throwing the oldest away, which are compiled again when they are hot', () => {
    const twins = new Twins();
    const loop = (n: number): Line => [
      ...[addiu(s0, zero, 60), { label: `loop ${n}` }, addiu(s1, s1, n), addiu(s0, s0, -1)],
      [bne(s0, zero, `loop ${n}`), nop, words(64)],
    ];
    twins.load([{ label: 'again' }, Array.from({ length: 8 }, (_, n) => loop(n)), b('again'), nop]);
    for (let n = 0; n < 12; n++) {
      twins.enter(1500);
      expect(twins.regions).toBeGreaterThan(0);
      twins.makeRoom(n % 3 === 0 ? 0 : 200);
      expect(twins.regions).toBeLessThanOrEqual(n % 3 === 0 ? 0 : 2);
    }
  });

  it('is used again when code is rewritten for ever', () => {
    const twins = new Twins();
    const patching: Line = [
      [li(t2, 0x26310000), la(t0, 'change')],
      [{ label: 'more' }, addiu(s0, zero, 30), { label: 'round' }, { label: 'change' }, addiu(s1, s1, 0)],
      [addiu(s0, s0, -1), bne(s0, zero, 'round'), nop, addiu(t2, t2, 1), sw(t2, 0, t0), b('more'), nop],
    ];
    twins.load(patching);
    twins.enter(3000);
    const { tableSize } = twins;
    twins.enter(30_000);
    expect(twins.everCompiled).toBeGreaterThan(200);
    expect([twins.tableSize, twins.regions < 4]).toEqual([tableSize, true]);
  });
});
