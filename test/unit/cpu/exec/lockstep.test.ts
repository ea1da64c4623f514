// Lockstep: it changes nothing, and it finds what a region does wrong. The wrong regions here come from an architecture whose rows say something
// else when their operand fields are constants, as only the region compiler has them.
import { describe, expect, it } from 'vitest';
import { mips32 } from '../../../../src/arch/mips/index.ts';
import type { Node, Operand } from '../../../../src/cpu/emit/values.ts';
import type { EngineName, RegionTuning } from '../../../../src/cpu/exec/core-options.ts';
import type { ArchitectureDefinition } from '../../../../src/cpu/isa/architecture.ts';
import type { Row } from '../../../../src/cpu/isa/insn.ts';
import { EnginesDiffer } from '../../../../src/kvm/errors.ts';
import { CODE, DATA, Guest, MMIO } from '../../../support/kvm/guest.ts';
import {
  a0,
  addiu,
  addu,
  andi,
  b,
  bne,
  jal,
  jr,
  type Line,
  label,
  lb,
  li,
  lw,
  nop,
  ra,
  s0,
  s1,
  sh,
  sw,
  t0,
  t1,
  t2,
  t3,
  xor,
  zero,
} from '../../../support/kvm/mips-words.ts';

const EARLY: RegionTuning = { hot: 1, left: 1, sampledRun: 200, batch: 1, patience: 1 };
const ENOUGH = 20_000;

/** Loops, a call, loads, stores of two widths, and delay slots that do something. */
const PROGRAM: Line = [
  [li(s0, DATA), li(s1, 0x12345678), li(t3, 0)],
  label('again'),
  li(t0, 50),
  label('loop'),
  [sw(s1, 0, s0), lb(t1, 0, s0), sh(t1, 6, s0), lw(t2, 4, s0), addu(t3, t3, t2), xor(s1, s1, t3)],
  [jal('twist'), addu(a0, s1, zero)],
  [addiu(t0, t0, -1), bne(t0, zero, 'loop'), addu(s1, s1, a0)],
  [b('again'), nop],
  label('twist'),
  [andi(a0, a0, 0x7f), jr(ra), addiu(a0, a0, 3)],
];

function guestWith(
  engine: EngineName,
  architecture: ArchitectureDefinition,
  endianness: 'little' | 'big',
  program = PROGRAM,
): Guest {
  const guest = new Guest({ engine, architecture, endianness, regions: EARLY });
  guest.load(program);
  return guest;
}

let faults = 0;

/** The rows called `mnemonic` are built by `wrong` in regions. */
function wrongInRegions(
  mnemonic: string,
  wrong: (row: Row, all: readonly Row[]) => Row['build'],
): ArchitectureDefinition {
  const right = mips32('little');
  const rows = right.rows.map((row): Row => {
    if (row.mnemonic !== mnemonic) return row;
    const inRegions = wrong(row, right.rows);
    return { ...row, build: (emitter, fields) => (areConstant(fields) ? inRegions : row.build)(emitter, fields) };
  });
  // Programs are kept by name.
  return { ...right, name: `mipsel, wrong ${++faults}`, rows };
}

type Fields = Readonly<Record<string, Operand | number>>;

const nodeOf = (field: Operand | number): Node => field as unknown as Node;
const areConstant = (fields: Fields): boolean => Object.values(fields).some((field) => nodeOf(field).op === 'const');

const as =
  (mnemonic: string) =>
  (_row: Row, all: readonly Row[]): Row['build'] =>
    all.find((row) => row.mnemonic === mnemonic)!.build;

/** With 1 added to an operand. */
const oneMore =
  (name: string) =>
  (row: Row): Row['build'] =>
  (emitter, fields) => {
    const node = nodeOf(fields[name]!);
    const value = node.op === 'const' ? node.value + 1 : 0;
    row.build(emitter, { ...fields, [name]: { ...node, value } as unknown as Operand });
  };

const without = (): Row['build'] => () => {};

function differenceOf(
  architecture: ArchitectureDefinition,
  program = PROGRAM,
): { difference: EnginesDiffer; guest: Guest } {
  const guest = guestWith('lockstep', architecture, 'little', program);
  try {
    guest.enter(ENOUGH);
  } catch (error) {
    if (error instanceof EnginesDiffer) return { difference: error, guest };
    throw error;
  }
  throw new Error('no difference was found');
}

describe('lockstep', () => {
  it.each(['little', 'big'] as const)('ends where the other engines end (%s endian)', (endianness) => {
    const ends = (['interpreter', 'regions', 'lockstep'] as const).map((engine) => {
      const guest = guestWith(engine, mips32(endianness), endianness);
      for (const slice of [1, 2, 999, 3, 5000, 7, 4988, 9000]) guest.enter(slice);
      return { hash: guest.hash(), instructions: guest.instructions };
    });
    expect(ends[1]).toEqual(ends[0]);
    expect(ends[2]).toEqual(ends[0]);
  });

  it.each([
    ['a wrong sum', 'addiu', oneMore('imm'), /gpr\[\d+\] +region 0x[0-9a-f]{8} +interpreter/],
    ['a missed sign extension', 'lb', as('lbu'), /gpr\[9\] +region 0x000000[0-9a-f]{2} +interpreter 0xffffff/],
    ['a branch the wrong way', 'bne', as('beq'), /pc +region/],
    ['a store that is too narrow', 'sh', as('sb'), /memory at host address/],
    ['a store to another place', 'sw', oneMore('rt'), /memory at host address/],
    ['a store that is left out', 'sh', without, /memory at host address/],
    ['a register that is not written', 'addu', without, /gpr\[\d+\] +region/],
  ] as const)('finds %s', (_what, mnemonic, wrong, table) => {
    const { difference } = differenceOf(wrongInRegions(mnemonic, wrong));
    expect(difference.message).toMatch(/^the engines differ: /);
    expect(difference.report).toMatch(table);
  });

  it('finds a region that goes on where the interpreter leaves', () => {
    const { difference } = differenceOf(wrongInRegions('lw', without), [
      li(s0, DATA),
      label('again'),
      li(t0, 1000),
      label('loop'),
      [lw(zero, 0, s0), addiu(t0, t0, -1), bne(t0, zero, 'loop'), nop],
      [li(s0, MMIO), b('again'), nop],
    ]);
    expect(difference.message).toMatch(/the interpreter ended after \d+ of \d+ instructions: EXIT/);
  });

  it('says where, how far both agree, what was executed, and what the region is made of', () => {
    const { difference, guest } = differenceOf(wrongInRegions('lb', as('lbu')));
    const [where, extent] = difference.details;
    expect(where).toMatch(/^cpu0, region at 0x4001[0-9a-f]{4}, after \d+ instructions$/);
    expect(extent).toMatch(/^the region executed \d+ instructions; \d+ of them give equal states$/);
    for (const part of [
      'Differences',
      'Executed by the interpreter from the last equal state on',
      '82090000  lb $t1, 0($s0)',
      'What these instructions do',
      'r0 := load8 [gpr[16]]',
      'The region, entered at block',
      '-> taken: block',
      'Its loops',
      'loop, header',
      'Its function',
      'local.get $gpr[16]',
    ])
      expect(difference.report).toContain(part);
    // What the region did is undone.
    expect(guest.pc).toBeGreaterThanOrEqual(CODE);
    expect(guest.gpr(t1) >>> 8).toSatisfy((high: number) => high === 0 || high === 0xffffff);
  });
});
