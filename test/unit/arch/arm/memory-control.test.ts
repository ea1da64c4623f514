// Loads, stores and branches in user mode, by the evaluator of the ARM oracle: what a few instructions do to registers and memory.
import { describe, expect, it } from 'vitest';
import { EvaluatedMachine } from '../../../support/arm/evaluated.ts';
import {
  ARENA_BASE,
  type ArmResult,
  type InstructionSet,
  THUMB,
  WINDOW_BASE,
  WINDOW_WORDS,
} from '../../../support/arm/machine.ts';

const PC = ARENA_BASE + 0x100;
const machine = new EvaluatedMachine();

/** Registers by number; words of the window from its base on. */
interface Start {
  readonly r?: Readonly<Record<number, number>>;
  readonly window?: readonly number[];
  /** N, Z, C, V in bits 31:28. */
  readonly flags?: number;
}

function run(set: InstructionSet, code: readonly number[], { r = {}, window = [], flags = 0 }: Start = {}): ArmResult {
  const halves = set === 't32' ? code.flatMap((word) => (word > 0xffff ? [word >>> 16, word & 0xffff] : [word])) : [];
  const words = Array.from({ length: WINDOW_WORDS }, (_, i) => window[i] ?? 0x1000 + i);
  return machine.run({
    seed: 0,
    index: 0,
    set,
    code: set === 't32' ? halves : code.flatMap((word) => [word & 0xffff, word >>> 16]),
    pc: PC,
    cpsr: (flags | 0x10 | (set === 't32' ? THUMB : 0)) >>> 0,
    fpscr: 0,
    r: Uint32Array.from({ length: 15 }, (_, i) => r[i] ?? 0x100 + i),
    d: new BigUint64Array(32),
    window: Uint32Array.from(words),
  });
}

describe('A32', () => {
  it('post-indexed: the loaded register wins over the base', () => {
    const { r } = run('a32', [0xe4910004, 0xe4922004], { r: { 1: WINDOW_BASE, 2: WINDOW_BASE + 8 } }); // ldr r0, [r1], #4; ldr r2, [r2], #4
    expect([r[0], r[1], r[2]]).toEqual([0x1000, WINDOW_BASE + 4, 0x1002]);
  });

  it('a fault leaves the base as it was', () => {
    const { stop, pc, r } = run('a32', [0xe5a10004], { r: { 1: 0x100 } }); // str r0, [r1, #4]!
    expect([stop, pc, r[1]]).toEqual(['access', PC, 0x100]);
  });

  it('words need not be aligned, doublewords and lists need', () => {
    const at = WINDOW_BASE + 2;
    expect(run('a32', [0xe5910000], { r: { 1: at }, window: [0x33221100, 0x77665544] }).r[0]).toBe(0x55443322);
    expect(run('a32', [0xe1c120d0], { r: { 1: at } }).stop).toBe('alignment'); // ldrd
    expect(run('a32', [0xe8910005], { r: { 1: at } }).stop).toBe('alignment'); // ldm r1, {r0, r2}
    expect(run('a32', [0xe1c120d4], { r: { 1: WINDOW_BASE } }).r.slice(2, 4)).toEqual(Uint32Array.of(0x1001, 0x1002));
  });

  it('STMDB and LDM give the registers back, and R15 branches', () => {
    const target = PC + 0x40;
    const start = { r: { 4: 0x444, 13: WINDOW_BASE + 16, 14: target | 1 } };
    const { r, pc, cpsr } = run('a32', [0xe92d4010, 0xe8bd8010], start); // push {r4, lr}; pop {r4, pc}
    expect([r[4], r[13], pc, cpsr & THUMB]).toEqual([0x444, WINDOW_BASE + 16, target, THUMB]);
  });

  it('STM of R15 stores the address of the instruction and 8', () => {
    const { window } = run('a32', [0xe8818001], { r: { 1: WINDOW_BASE } }); // stm r1, {r0, pc}
    expect([...window.slice(0, 2)]).toEqual([0x100, PC + 8]);
  });

  it('LDM that would load its base and write it back, or nothing, is undefined', () => {
    for (const word of [0xe8b10003, 0xe8910000]) expect(run('a32', [word], { r: { 1: WINDOW_BASE } }).pc).toBe(PC);
  });

  it('index registers are shifted in every way', () => {
    const base = WINDOW_BASE + 16;
    const load = (word: number, rm: number, flags = 0): number =>
      run('a32', [word], { r: { 1: base, 2: rm }, flags }).r[0]!;
    expect(load(0xe7910102, 2)).toBe(0x1006); // lsl #2
    expect(load(0xe7110122, 32)).toBe(0x1002); // -lsr #2
    expect(load(0xe7910022, 0xffffffff)).toBe(0x1004); // lsr #32
    expect(load(0xe7910042, 0x7fffffff)).toBe(0x1004); // asr #32
    expect(load(0xe7910e62, 0x80000000)).toBe(0x1006); // ror #28
  });

  it('STREX stores once after LDREX', () => {
    const code = [0xe1910f9f, 0xe1812f93, 0xe1814f95]; // ldrex r0, [r1]; strex r2, r3, [r1]; strex r4, r5, [r1]
    const { r, window } = run('a32', code, { r: { 1: WINDOW_BASE } });
    expect([r[0], r[2], r[4], window[0]]).toEqual([0x1000, 0, 1, 0x103]);
  });

  it('a condition that fails leaves everything', () => {
    const { r, pc } = run('a32', [0x05b10004, 0x0b000010], { r: { 1: 4 } }); // ldreq r0, [r1, #4]!; bleq
    expect([r[1], pc]).toEqual([4, PC + 8]);
  });

  it('BL and BLX leave the return address', () => {
    expect(run('a32', [0xeb000000]).r[14]).toBe(PC + 4);
    const { r, pc, cpsr } = run('a32', [0xfa000000]); // to T32, at PC + 8
    expect([r[14], pc, cpsr & THUMB]).toEqual([PC + 4, PC + 8, THUMB]);
  });
});

describe('T32', () => {
  it('literals are from the word-aligned PC', () => {
    const { r } = run('t32', [0xbf00, 0x4800, 0xf8df1000]); // nop; ldr r0, [pc]; ldr.w r1, [pc]
    expect([r[0], r[1]]).toEqual([0x1000f8df, 0xe7ffdefe]);
  });

  it('LDM writes its base back unless it loads it', () => {
    expect(run('t32', [0xc901], { r: { 1: WINDOW_BASE } }).r[1]).toBe(WINDOW_BASE + 4);
    expect(run('t32', [0xc903], { r: { 1: WINDOW_BASE } }).r[1]).toBe(0x1001);
  });

  it('PUSH and POP', () => {
    const { r, pc } = run('t32', [0xb510, 0xbd10], { r: { 4: 0x444, 13: WINDOW_BASE + 16, 14: PC + 0x41 } });
    expect([r[4], r[13], pc]).toEqual([0x444, WINDOW_BASE + 16, PC + 0x40]);
  });

  it('an IT block makes loads conditional', () => {
    const { r } = run('t32', [0xbf0c, 0x6808, 0x680a], { r: { 1: WINDOW_BASE } }); // ite eq; ldreq r0; ldrne r2
    expect([r[0], r[2]]).toEqual([0x100, 0x1000]);
  });

  it('conditional branches', () => {
    expect(run('t32', [0xd002], { flags: 1 << 30 }).pc).toBe(PC + 8); // beq
    expect(run('t32', [0xd002]).pc).toBe(PC + 4); // the filler behind it goes there
    expect(run('t32', [0xf47fafc0], { flags: 1 << 30 }).pc).toBe(PC + 4); // bne.w
    expect(run('t32', [0xf47fafc0]).pc).toBe(PC + 4 - 128);
  });

  it('CBZ, TBB and BL', () => {
    expect(run('t32', [0xb111], { r: { 1: 0 } }).pc).toBe(PC + 8);
    expect(run('t32', [0xe8dff001, 0x0604], { r: { 1: 1 } }).pc).toBe(PC + 4 + 12);
    expect(run('t32', [0xf000f802]).r[14]).toBe(PC + 5);
  });

  it('a preload of nowhere is nothing', () => {
    expect(run('t32', [0xf891f004], { r: { 1: 0 } }).pc).toBe(PC + 4);
  });
});
