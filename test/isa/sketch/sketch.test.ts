// ADR 2 stands on this: rows of A32, T32, PowerPC and MIPS64 type, build and expand against today's emitter, fit the 16-byte record,
// become valid WebAssembly, and (where they use nothing that is still to come) compute what the manuals say.
import { describe, expect, it } from 'vitest';
import { buildStatements, expandRows } from '../../../src/cpu/exec/handlers.ts';
import { generateInterpreter } from '../../../src/cpu/exec/interpreter.ts';
import { Decoder } from '../../../src/cpu/isa/decoder.ts';
import { insnFor } from '../../../src/cpu/isa/insn.ts';
import { layOutBanks } from '../../../src/cpu/isa/register-file.ts';
import { A32, T32 } from './arm.ts';
import { definitionOf, type Sketch, SketchMachine } from './definition.ts';
import { STAND_INS } from './grown-emitter.ts';
import { MIPS64, type Mips64Emitter } from './mips64.ts';
import { PPC, PVR, PVR_440 } from './ppc.ts';

const STATE = 0x400;
const banksOf = (sketch: Sketch) => layOutBanks(sketch.banks, STATE).banks;

describe.each([
  [A32, { add: 8 + 2, ldr: 4, ldm: 2 }],
  [T32['outside IT'], { adds: 1 }],
  [T32['inside IT'], { add: 1 }],
  [PPC, { rlwinm: 2, lwzu: 1, lwz: 2, mflr: 1, mfspr: 1 }],
  [MIPS64, { daddu: 1, addu: 1, ld: 1 }],
] as const)('$name', (sketch, shapes) => {
  const definition = definitionOf(sketch);
  const banks = banksOf(sketch);

  it('expands into so many handlers, each with a record of 16 bytes', () => {
    const counts: Record<string, number> = {};
    for (const handler of expandRows(definition, banks).handlers) {
      counts[handler.row.mnemonic] = (counts[handler.row.mnemonic] ?? 0) + 1;
      for (const { at, bytes } of handler.slots) expect(at + bytes).toBeLessThanOrEqual(16);
      expect(handler.statements.length).toBeGreaterThan(0);
    }
    expect(counts).toEqual(shapes);
  });

  it('becomes valid WebAssembly by the lowering as it is', () => {
    const { bytes } = generateInterpreter(definition, banks, sketch.endianness === 'big');
    expect(WebAssembly.validate(bytes)).toBe(true);
  });

  it('has no two rows of equal rank for one word', () => {
    expect(() => new Decoder(sketch.rows)).not.toThrow();
  });
});

describe('what today cannot say', () => {
  /** Rows that use a stand-in. */
  const waiting = (sketch: Sketch): string[] => {
    const definition = definitionOf(sketch);
    const shape = { s: 0, type: 0, p: 0, w: 0, rc: 0 };
    const uses = sketch.rows.filter((row) =>
      buildStatements(definition, banksOf(sketch), row, shape).some(
        (statement) => statement.kind === 'helper' && STAND_INS.some((name) => name === statement.name),
      ),
    );
    return uses.map(({ mnemonic }) => mnemonic);
  };

  it('is register lists and 64-bit addresses, and nothing else here', () => {
    expect([A32, T32['outside IT'], PPC, MIPS64].flatMap(waiting)).toEqual(['ldm', 'ld']);
  });
});

describe('A32 on the engine', () => {
  const AL = 0xe0000000;
  const ADD = AL | 0x00800000;
  const S = 1 << 20;
  const add = (rd: number, rn: number, rm: number, shift: number): number =>
    (ADD | (rn << 16) | (rd << 12) | (shift << 4) | rm) >>> 0;
  const shift = (type: number, amount: number): number => (amount << 3) | (type << 1);
  const machine = (word: number, r1: bigint, r3: bigint) =>
    new SketchMachine(A32, [word >>> 0]).set('r', 1, r1).set('r', 3, r3);

  it.each([
    ['lsl #4', shift(0, 4), 0x80000001n, 0x11n],
    ['lsl #0', shift(0, 0), 0x80000001n, 0x80000002n],
    ['lsr #1', shift(1, 1), 0x80000001n, 0x40000001n],
    ['lsr #32', shift(1, 0), 0x80000001n, 1n],
    ['asr #4', shift(2, 4), 0x80000001n, 0xf8000001n],
    ['asr #32', shift(2, 0), 0x80000001n, 0n],
    ['ror #1', shift(3, 1), 0x80000001n, 0xc0000001n],
  ])('add r2, r1, r3, %s', (_name, encoded, r3, result) => {
    expect(
      machine(add(2, 1, 3, encoded), 1n, r3)
        .run()
        .get('r', 2),
    ).toBe(result);
  });

  it('add r2, r1, r3, rrx takes the carry in', () => {
    const rrx = machine(add(2, 1, 3, shift(3, 0)), 1n, 5n)
      .set('c', 0, 1n)
      .run();
    expect(rrx.get('r', 2)).toBe(0x80000003n);
  });

  it('adds sets N, Z, C, V; add leaves them', () => {
    const flags = (m: SketchMachine) => ['nz', 'c', 'v'].map((bank) => m.get(bank, 0));
    expect(flags(machine(add(2, 1, 3, 0) | S, 0x7fffffffn, 1n).run())).toEqual([0x80000000n, 0n, 1n]);
    expect(flags(machine(add(2, 1, 3, 0) | S, 0xffffffffn, 1n).run())).toEqual([0n, 1n, 0n]);
    expect(flags(machine(add(2, 1, 3, 0), 0xffffffffn, 1n).run())).toEqual([0n, 0n, 0n]);
  });

  it.each([
    ['ldr r4, [r1, #8]', 0xe5914008, 0x2008n, 0x2000n],
    ['ldr r4, [r1, #-8]', 0xe5114008, 0x1ff8n, 0x2000n],
    ['ldr r4, [r1, #8]!', 0xe5b14008, 0x2008n, 0x2008n],
    ['ldr r4, [r1], #-4', 0xe4114004, 0x2000n, 0x1ffcn],
  ])('%s', (_name, word, address, base) => {
    const m = machine(word, 0x2000n, 0n);
    m.memory.writeU32(Number(address), 0xcafe0001, 'little');
    m.run();
    expect([m.get('r', 4), m.get('r', 1)]).toEqual([0xcafe0001n, base]);
  });
});

describe('PowerPC on the engine, big endian', () => {
  it('rlwinm. rotates, masks, around the corner too, and sets CR0', () => {
    const rlwinm = (mb: number, me: number): number =>
      ((21 << 26) | (4 << 21) | (3 << 16) | (8 << 11) | (mb << 6) | (me << 1) | 1) >>> 0;
    const run = (mb: number, me: number) => {
      const m = new SketchMachine(PPC, [rlwinm(mb, me)]).set('gpr', 4, 0x87654321n).set('so', 0, 1n).run();
      return [m.get('gpr', 3), m.get('cr', 0)];
    };
    expect(run(24, 31)).toEqual([0x87n, 0b0101n]);
    expect(run(28, 3)).toEqual([0x60000007n, 0b0101n]);
    expect(run(0, 31)).toEqual([0x65432187n, 0b0101n]);
    expect(run(0, 0)).toEqual([0n, 0b0011n]);
  });

  it('lwzu moves its base, lwz reads (rA|0)', () => {
    const lwzu = ((33 << 26) | (5 << 21) | (6 << 16) | 4) >>> 0;
    const lwz = (rt: number, d: number, ra: number): number => ((32 << 26) | (rt << 21) | (ra << 16) | d) >>> 0;
    const m = new SketchMachine(PPC, [lwzu, lwz(7, 0x2004, 0), lwz(8, 4, 6)])
      .set('gpr', 6, 0x2000n)
      .set('gpr', 0, 0x9999n);
    m.memory.writeU32(0x2004, 0x01020304, 'big');
    m.memory.writeU32(0x2008, 0x05060708, 'big');
    m.run();
    expect([5, 6, 7, 8].map((n) => m.get('gpr', n))).toEqual([0x01020304n, 0x2004n, 0x01020304n, 0x05060708n]);
  });

  it('mflr is a row, mfspr of the rest a helper', () => {
    const mfspr = (rt: number, spr: number): number =>
      ((31 << 26) | (rt << 21) | ((spr & 31) << 16) | ((spr >> 5) << 11) | (339 << 1)) >>> 0;
    const m = new SketchMachine(PPC, [mfspr(3, 8), mfspr(4, PVR)]).set('lr', 0, 0x1234n).run();
    expect([m.get('gpr', 3), m.get('gpr', 4)]).toEqual([0x1234n, BigInt(PVR_440)]);
  });
});

describe('MIPS64 on the engine', () => {
  it('daddu adds 64 bits, addu sign-extends its 32', () => {
    const r = (rd: number, funct: number): number => (1 << 21) | (2 << 16) | (rd << 11) | funct;
    const m = new SketchMachine(MIPS64, [r(3, 0x2d), r(4, 0x21), r(0, 0x2d)])
      .set('gpr', 1, 0x7fffffffn)
      .set('gpr', 2, 0x123400000001n)
      .run();
    expect([m.get('gpr', 3), m.get('gpr', 4), m.get('gpr', 0)]).toEqual([0x123480000000n, 0xffffffff80000000n, 0n]);
  });
});

describe('T32 patterns are 16 bits', () => {
  it('and decode to the row of their location', () => {
    const adds = 0x1888 | 1; // adds r1, r1, r2
    expect(new Decoder(T32['outside IT'].rows).decode(adds)?.mnemonic).toBe('adds');
    expect(new Decoder(T32['inside IT'].rows).decode(adds)?.mnemonic).toBe('add');
    expect(new Decoder(T32['inside IT'].rows).decode(0x1a88)).toBeUndefined(); // subs
  });
});

// Checked by `npm run types`: each of these lines must stay a type error.
describe('semantics cannot compute', () => {
  const insn = insnFor<Mips64Emitter>();
  const three = '000000 rs:5 rt:5 rd:5 00000 101101';

  it('on an operand, on a guest value, or in JavaScript control flow', () => {
    const rows = [
      // @ts-expect-error an Operand is not a number
      insn('operand', three, '', (e, { rs, rt, rd }) => e.setGpr64(rd, rs + rt)),
      // @ts-expect-error a guest value is not a number
      insn('value', three, '', (e, { rs, rt, rd }) => e.setGpr(rd, e.gpr(rs) + e.gpr(rt))),
      // @ts-expect-error a field that does not steer has no value to branch on
      insn('branch', three, '', (e, { rs, rd }) => (rs === 0 ? undefined : e.setGpr(rd, e.gpr(rs)))),
      // @ts-expect-error 32 bits are not 64
      insn('width', three, '', (e, { rs, rd }) => e.setGpr64(rd, e.gpr(rs))),
      // @ts-expect-error an Operand is no value until imm() makes it one
      insn('raw operand', three, '', (e, { rs, rd }) => e.setGpr(rd, e.add(e.gpr(rs), rd))),
      // @ts-expect-error a name that is no field of the pattern
      insn('unknown field', three, '', (e, { rs, rx }) => e.setGpr(rx, e.gpr(rs))),
      // @ts-expect-error a steering field is a number, and no operand
      insn('steering', '000000 rs:5 rt:5 rd:5! 00000 101101', '', (e, { rs, rd }) => e.setGpr(rd, e.gpr(rs))),
    ];
    expect(rows.map(({ pattern }) => pattern.width)).toEqual(rows.map(() => 32));
  });
});
