// table: Advanced SIMD instructions with operands and results worked out by hand, in both encodings (words by llvm-mc).
import { describe, expect, it } from 'vitest';
import { EvaluatedMachine } from '../../../support/arm/evaluated.ts';
import {
  ARENA_BASE,
  type ArmRecord,
  type ArmResult,
  type InstructionSet,
  THUMB,
  WINDOW_BASE,
  WINDOW_WORDS,
} from '../../../support/arm/machine.ts';

const machine = new EvaluatedMachine();
const QC = 1 << 27;
const IDC = 1 << 7;

/** D registers by number. */
type Registers = Readonly<Record<number, bigint>>;

interface Start {
  readonly d?: Registers;
  /** r1 and r2. */
  readonly base?: number;
  readonly offset?: number;
  readonly words?: readonly number[];
}

function run(
  set: InstructionSet,
  word: number,
  { d = {}, base = WINDOW_BASE, offset = 0, words = [] }: Start,
): ArmResult {
  const window = new Uint32Array(WINDOW_WORDS);
  window.set(words);
  const registers = new BigUint64Array(32);
  for (const [index, value] of Object.entries(d)) registers[Number(index)] = value;
  const r = new Uint32Array(15);
  r.set([base, offset], 1);
  const halves = [word >>> 16, word & 0xffff];
  const record: ArmRecord = {
    seed: 0,
    index: 0,
    set,
    pc: ARENA_BASE,
    code: set === 't32' ? halves : halves.reverse(),
    cpsr: 0x10 | (set === 't32' ? THUMB : 0),
    fpscr: 0,
    r,
    d: registers,
    window,
  };
  return machine.run(record);
}

interface Case {
  readonly a32: number;
  readonly t32: number;
  readonly text: string;
  readonly before: Registers;
  readonly after: Registers;
  readonly fpscr?: number;
}

const make = (a32: number, t32: number, text: string, before: Registers, after: Registers, fpscr = 0): Case => ({
  a32,
  t32,
  text,
  before,
  after,
  fpscr,
});

const CASES: readonly Case[] = [
  make(
    0xf2010012,
    0xef010012,
    'vqadd.s8 d0, d1, d2',
    { 1: 0x7f0180ff40c00010n, 2: 0x0101ff0140c00010n },
    { 0: 0x7f0280007f800020n },
    QC,
  ),
  make(
    0xf3110212,
    0xff110212,
    'vqsub.u16 d0, d1, d2',
    { 1: 0x0001ffff80000005n, 2: 0x0002000180000003n },
    { 0: 0x0000fffe00000002n },
    QC,
  ),
  make(
    0xf3010002,
    0xff010002,
    'vhadd.u8 d0, d1, d2',
    { 1: 0xff00ff0103050709n, 2: 0xff01000102040608n },
    { 0: 0xff007f0102040608n },
  ),
  make(
    0xf2010102,
    0xef010102,
    'vrhadd.s8 d0, d1, d2',
    { 1: 0x80ff007f01fe0003n, 2: 0x80ff01ff02ff0004n },
    { 0: 0x80ff013f02ff0004n },
  ),
  make(
    0xf3110b02,
    0xff110b02,
    'vqrdmulh.s16 d0, d1, d2',
    { 1: 0x800040000001ffffn, 2: 0x8000400040004000n },
    { 0: 0x7fff200000010000n },
    QC,
  ),
  make(
    0xf2210b02,
    0xef210b02,
    'vqdmulh.s32 d0, d1, d2',
    { 1: 0x8000000040000000n, 2: 0x8000000000000003n },
    { 0: 0x7fffffff00000001n },
    QC,
  ),
  make(
    0xf3010912,
    0xff010912,
    'vmul.p8 d0, d1, d2',
    { 1: 0x03ff110000000080n, 2: 0x0302110000000002n },
    { 0: 0x05fe010000000000n },
  ),
  make(
    0xf2110a02,
    0xef110a02,
    'vpmax.s16 d0, d1, d2',
    { 1: 0x7fff8000ffff0001n, 2: 0x00000005fffefffdn },
    { 0: 0x0005fffe7fff0001n },
  ),
  make(
    0xf2020401,
    0xef020401,
    'vshl.s8 d0, d1, d2',
    { 1: 0x818101f07f80ff01n, 2: 0x01ff07fc00f8f709n },
    { 0: 0x02c080ff7fffff00n },
  ),
  make(
    0xf2120511,
    0xef120511,
    'vqrshl.s16 d0, d1, d2',
    { 1: 0x400080000003ffffn, 2: 0x00010001fffffff0n },
    { 0: 0x7fff800000020000n },
    QC,
  ),
  make(
    0xf3110112,
    0xff110112,
    'vbsl d0, d1, d2',
    { 0: 0xffff0000ff00f0f0n, 1: 0x123456789abcdef0n, 2: 0xaaaaaaaaaaaaaaaan },
    { 0: 0x1234aaaa9aaadafan },
  ),
  make(
    0xf2920903,
    0xef920903,
    'vqdmlal.s16 q0, d2, d3',
    { 0: 0x7fffffff00000001n, 2: 0x18000n, 3: 0x18000n },
    { 0: 0x7fffffff7fffffffn, 1: 0n },
    QC,
  ),
  make(0xf2820e03, 0xef820e03, 'vmull.p8 q0, d2, d3', { 2: 0x03ffn, 3: 0x05ffn }, { 0: 0x000f5555n, 1: 0n }),
  make(
    0xf3820404,
    0xff820404,
    'vraddhn.i16 d0, q1, q2',
    { 2: 0x00ff7f808000ffffn, 4: 0x0001000080000001n },
    { 0: 0x01800000n },
  ),
  make(0xf3820703, 0xff820703, 'vabdl.u8 q0, d2, d3', { 2: 0x00ffn, 3: 0xff01n }, { 0: 0x00ff00fen, 1: 0n }),
  make(
    0xf291006a,
    0xef91006a,
    'vmla.i16 d0, d1, d2[3]',
    { 0: 0x0001000100010001n, 1: 0x00010002ffff8000n, 2: 0x0003000000000000n },
    { 0: 0x00040007fffe8001n },
  ),
  make(0xf2880211, 0xef880211, 'vrshr.s8 d0, d1, #8', { 0: -1n, 1: 0x80ff7f0080ff7f00n }, { 0: 0n }),
  make(
    0xf3b80411,
    0xffb80411,
    'vsri.32 d0, d1, #8',
    { 0: 0x1234567889abcdefn, 1: 0xaabbccddeeff0011n },
    { 0: 0x12aabbcc89eeff00n },
  ),
  make(0xf38c0812, 0xff8c0812, 'vqshrun.s16 d0, q1, #4', { 2: 0x0ff01000ffff0010n }, { 0: 0xffff0001n }, QC),
  make(
    0xf3900952,
    0xff900952,
    'vqrshrn.u32 d0, q1, #16',
    { 2: 0xffff800000018000n, 3: 0x00007fff0000ffffn },
    { 0: 0x00000001ffff0002n },
    QC,
  ),
  make(0xf38b0611, 0xff8b0611, 'vqshlu.s8 d0, d1, #3', { 1: 0x1f20ff01007f8010n }, { 0: 0xf8ff000800ff0080n }, QC),
  make(0xf3b60302, 0xffb60302, 'vshll.i16 q0, d2, #16', { 2: 0x80010002n }, { 0: 0x8001000000020000n, 1: 0n }),
  make(0xf3820e36, 0xff820e36, 'vmov.i64 d0, #0xff00ff0000ffff00', {}, { 0: 0xff00ff0000ffff00n }),
  make(0xf3860f10, 0xff860f10, 'vmov.f32 d0, #-0.5', {}, { 0: 0xbf000000bf000000n }),
  make(0xf3870b3f, 0xff870b3f, 'vbic.i16 d0, #0xff00', { 0: 0x123456789abcdef0n }, { 0: 0x0034007800bc00f0n }),
  make(0xf3b00081, 0xffb00081, 'vrev32.8 d0, d1', { 1: 0x0102030405060708n }, { 0: 0x0403020108070605n }),
  make(
    0xf3b00601,
    0xffb00601,
    'vpadal.s8 d0, d1',
    { 0: 0x0001000100010001n, 1: 0x7f7f8080ff010102n },
    { 0: 0x00ffff0100010004n },
  ),
  make(0xf3b40401, 0xffb40401, 'vcls.s16 d0, d1', { 1: 0x0000ffff80000001n }, { 0: 0x000f000f0000000en }),
  make(0xf3b80781, 0xffb80781, 'vqneg.s32 d0, d1', { 1: 0x8000000000000001n }, { 0: 0x7fffffffffffffffn }, QC),
  make(
    0xf3b20181,
    0xffb20181,
    'vzip.8 d0, d1',
    { 0: 0x0706050403020100n, 1: 0x1716151413121110n },
    { 0: 0x1303120211011000n, 1: 0x1707160615051404n },
  ),
  make(
    0xf3b60142,
    0xffb60142,
    'vuzp.16 q0, q1',
    { 0: 0x0003000200010000n, 1: 0x0007000600050004n, 2: 0x000b000a00090008n, 3: 0x000f000e000d000cn },
    { 0: 0x0006000400020000n, 1: 0x000e000c000a0008n, 2: 0x0007000500030001n, 3: 0x000f000d000b0009n },
  ),
  make(
    0xf2b10302,
    0xefb10302,
    'vext.8 d0, d1, d2, #3',
    { 1: 0x0706050403020100n, 2: 0x0f0e0d0c0b0a0908n },
    { 0: 0x0a09080706050403n },
  ),
  make(
    0xf3b10903,
    0xffb10903,
    'vtbl.8 d0, {d1, d2}, d3',
    { 1: 0xa7a6a5a4a3a2a1a0n, 2: 0xb7b6b5b4b3b2b1b0n, 3: 0xff100f0807000102n },
    { 0: 0x0000b7b0a7a0a1a2n },
  ),
  make(
    0xf3b10a44,
    0xffb10a44,
    'vtbx.8 d0, {d1, d2, d3}, d4',
    {
      0: 0x1111111111111111n,
      1: 0xa7a6a5a4a3a2a1a0n,
      2: 0xb7b6b5b4b3b2b1b0n,
      3: 0xc7c6c5c4c3c2c1c0n,
      4: 0xff1817100f080700n,
    },
    { 0: 0x1111c7c0b7b0a7a0n },
  ),
  make(
    0xf3ba0c42,
    0xffba0c42,
    'vdup.16 q0, d2[2]',
    { 2: 0x0004000300020001n },
    { 0: 0x0003000300030003n, 1: 0x0003000300030003n },
  ),
  make(
    0xf2010d02,
    0xef010d02,
    'vadd.f32 d0, d1, d2',
    { 1: 0x000000013f800000n, 2: 0x0000000040000000n },
    { 0: 0x40400000n },
    IDC,
  ),
  make(0xf2b80f11, 0xefb80f11, 'vcvt.s32.f32 d0, d1, #8', { 1: 0xbf8000003fc00000n }, { 0: 0xffffff0000000180n }),
  make(0xf3bb0401, 0xffbb0401, 'vrecpe.u32 d0, d1', { 1: 0x7fffffff80000000n }, { 0: 0xffffffffff800000n }),
  make(
    0xf3b60602,
    0xffb60602,
    'vcvt.f16.f32 d0, q1',
    { 2: 0xc00000003f800000n, 3: 0x3f000000477fe000n },
    { 0: 0x38007bffc0003c00n },
  ),
];

const SETS: readonly InstructionSet[] = ['a32', 't32'];

describe.each(SETS)('Advanced SIMD data processing in %s', (set) => {
  it.each(CASES)('$text', (row) => {
    const { before, after, fpscr } = row;
    const result = run(set, row[set], { d: before });
    expect(result.pc).toBe(ARENA_BASE + 4);
    const expected = new BigUint64Array(32);
    for (const [index, value] of Object.entries({ ...before, ...after })) expected[Number(index)] = value;
    expect(result.d).toEqual(expected);
    expect(result.fpscr).toBe(fpscr);
  });

  it('is undefined for odd registers of 128 bits', () => {
    // vadd.i8 q0, q1, q2 with bit 0 of the last one's number set
    const word = set === 'a32' ? 0xf2020845 : 0xef020845;
    expect(run(set, word, {})).toMatchObject({ stop: 'undefined', pc: ARENA_BASE });
    expect(run(set, word & ~1, {})).toMatchObject({ pc: ARENA_BASE + 4 });
  });
});

/** The first byte of the encoding is all that differs. */
const wordFor = (set: InstructionSet, a32: number): number =>
  set === 'a32' ? a32 : ((a32 & 0xffffff) | 0xf9000000) >>> 0;

describe.each(SETS)('Advanced SIMD structures in %s', (set) => {
  it('vld3.16 {d0, d2, d4}, [r1]! takes structures of three apart, from any address', () => {
    const words = [0x00010000, 0x00030002, 0x00050004, 0x00070006, 0x00090008, 0x000b000a];
    const result = run(set, wordFor(set, 0xf421054d), { words });
    expect(result.d[0]).toBe(0x0009000600030000n);
    expect(result.d[2]).toBe(0x000a000700040001n);
    expect(result.d[4]).toBe(0x000b000800050002n);
    expect(result.r[1]).toBe(WINDOW_BASE + 24);
    const odd = run(set, wordFor(set, 0xf421054d), { words: words.map((word) => word << 8), base: WINDOW_BASE + 1 });
    expect(odd.d[0]).toBe(0x0009000600030000n);
  });

  it('vst4.8 {d0, d1, d2, d3}, [r1:256], r2 puts them together and moves the base', () => {
    const d = { 0: 0x0706050403020100n, 1: 0x1716151413121110n, 2: 0x2726252423222120n, 3: 0x3736353433323130n };
    const result = run(set, wordFor(set, 0xf4010032), { d, offset: 5, base: WINDOW_BASE + 32 });
    const written = [...result.window.slice(8, 17)];
    expect(written).toEqual([...Array.from({ length: 8 }, (_, i) => 0x30201000 + i * 0x01010101), 0]);
    expect(result.r[1]).toBe(WINDOW_BASE + 37);
  });

  it('an address that is not aligned as the instruction says faults, and nothing happens', () => {
    const base = WINDOW_BASE + 16;
    const result = run(set, wordFor(set, 0xf4010032), { d: { 0: -1n }, base, offset: 5 });
    expect(result).toMatchObject({ stop: 'alignment', pc: ARENA_BASE });
    expect(result.window[4]).toBe(0);
    expect(result.r[1]).toBe(base);
    expect(run(set, wordFor(set, 0xf4210aef), { base: WINDOW_BASE + 8 }).stop).toBe('alignment');
  });

  it('vld1.64 {d0, d1}, [r1:128] loads two doublewords', () => {
    const result = run(set, wordFor(set, 0xf4210aef), { words: [1, 2, 3, 4] });
    expect([...result.d.slice(0, 3)]).toEqual([0x0000000200000001n, 0x0000000400000003n, 0n]);
    expect(result.r[1]).toBe(WINDOW_BASE);
  });

  it('vld1.32 {d3[1]}, [r1:32] leaves the other lane', () => {
    const result = run(set, wordFor(set, 0xf4a138bf), { d: { 3: 0x1111111122222222n }, words: [0x89abcdef] });
    expect(result.d[3]).toBe(0x89abcdef22222222n);
  });

  it('vld4.8 {d0[], d2[], d4[], d6[]}, [r1] repeats one structure', () => {
    const result = run(set, wordFor(set, 0xf4a10f2f), { words: [0x04030201] });
    const one = 0x0101010101010101n;
    expect([...result.d.slice(0, 8)]).toEqual([one, 0n, one * 2n, 0n, one * 3n, 0n, one * 4n, 0n]);
  });

  it('vst2.16 {d1[2], d3[2]}, [r1]! stores one structure', () => {
    const d = { 1: 0x4444333322221111n, 3: 0x8888777766665555n };
    const result = run(set, wordFor(set, 0xf48115ad), { d });
    expect([...result.window.slice(0, 2)]).toEqual([0x77773333, 0]);
    expect(result.r[1]).toBe(WINDOW_BASE + 4);
  });
});
