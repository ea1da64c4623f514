// table: T32 branches, IT, hints, barriers and calls of the supervisor (ARM DDI 0406C: A6.2.5, A6.2.6, A6.3.4, A6.3.6).
import type { RawFields, Row } from '../../../cpu/isa/insn.ts';
import { TRAP } from '../registers.ts';
import {
  BARRIERS,
  branchIf,
  call,
  callOther,
  callRegister,
  HINT_NAMES,
  HINTS,
  supervisorTrap,
  tableBranch,
} from '../semantics/control.ts';
import { clearExclusive } from '../semantics/memory.ts';
import { t32 } from './row.ts';
import { choose, inBlock, isPc, undefinedWhen } from './variants.ts';

/** A row that is UNPREDICTABLE in an IT block: UNDEFINED there. */
function outside(row: Row): Row {
  return undefinedWhen(row.variants!.rows[0]!, inBlock);
}

/** A row that is executed also where the condition of its IT block fails. */
function always(row: Row): Row {
  return choose(row, [inBlock, row.variants!.rows[0]!]);
}

const narrow: readonly Row[] = [
  outside(
    t32(
      'b',
      '1101 cond:4! imm8:s8',
      '{target}',
      // 14 and 15 are other instructions.
      (e, { cond, target }) => (cond >= 14 ? e.undefined() : branchIf(e, cond, target)),
      { hot: true, derive: { target: ({ imm8 }) => 2 * imm8! + 2 } },
    ),
  ),
  t32('b', '11100 imm11:s11', '{target}', (e, { target }) => e.branchBy(target), {
    hot: true,
    derive: { target: ({ imm11 }) => 2 * imm11! + 2 },
  }),
  ...([0, 1] as const).map((op) =>
    t32(
      op === 0 ? 'cbz' : 'cbnz',
      `1011 ${op} 0 i:1 1 imm5:5 rn:3` as '1011 0 0 i:1 1 imm5:5 rn:3',
      '{rn}, {target}',
      (e, { rn, target }) => {
        const value = e.reg(rn);
        e.branchByIf(op === 0 ? e.eqz(value) : value, target);
      },
      { hot: true, derive: { target: ({ i, imm5 }) => (i! << 6) + (imm5! << 1) + 2 } },
    ),
  ),
  t32('bx', '010001110 rm:4 000', '{rm}', (e, { rm }) => e.bx(e.reg(rm)), { hot: true, pc: true }),
  undefinedWhen(
    t32('blx', '010001111 rm:4 000', '{rm}', (e, { rm }) => callRegister(e, rm), { hot: true }),
    isPc('rm'),
  ),
  t32('svc', '11011111 imm8:8', '#{imm8}', (e, { code }) => e.trap(e.imm(code)), {
    derive: { code: ({ imm8 }) => supervisorTrap(imm8!) },
  }),
  always(t32('bkpt', '10111110 imm8:8', '#{imm8}', (e) => e.trap(TRAP.BREAKPOINT))),
  outside(
    t32('it', '10111111 firstcond:4 mask:4', '#{it}', (e, { it }) => e.beginBlock(e.imm(it)), {
      hot: true,
      derive: { it: ({ firstcond, mask }) => (firstcond! << 4) | mask! },
    }),
  ),
  ...HINT_NAMES.map((name, number) =>
    t32(
      name,
      `10111111 ${number.toString(2).padStart(4, '0')} 0000` as '10111111 0000 0000',
      '',
      (e) => HINTS[name]!(e),
      { hot: name === 'nop' },
    ),
  ),
  // Not allocated: no operation.
  t32('hint', '10111111 imm4:4 0000', '#{imm4}', () => {}),
];

/** Branches of 24 bits: I1 and I2 are bits 13 and 11 as they are where the sign is 1, else inverted. */
function far({ sign, j1, j2, high, low }: RawFields): number {
  const i1 = j1! ^ sign! ^ 1;
  const i2 = j2! ^ sign! ^ 1;
  return (-sign! << 24) | (i1 << 23) | (i2 << 22) | (high! << 12) | (low! << 1);
}

/** BLX: the low part counts words. */
const farWords = (raw: RawFields): number => far({ ...raw, low: raw.low! << 1 });

const wideBranches: readonly Row[] = [
  outside(
    t32(
      'b.w',
      '11110 sign:1 cond:4! high:6 10 j1:1 0 j2:1 low:11',
      '{target}',
      // 14 and 15 are other instructions.
      (e, { cond, target }) => (cond >= 14 ? e.undefined() : branchIf(e, cond, target)),
      {
        derive: {
          target: ({ sign, j1, j2, high, low }) =>
            (-sign! << 20) | (j2! << 19) | (j1! << 18) | (high! << 12) | (low! << 1),
        },
      },
    ),
  ),
  t32('b.w', '11110 sign:1 high:10 10 j1:1 1 j2:1 low:11', '{target}', (e, { target }) => e.branchBy(target), {
    hot: true,
    derive: { target: far },
  }),
  t32('bl', '11110 sign:1 high:10 11 j1:1 1 j2:1 low:11', '{target}', (e, { target }) => call(e, target), {
    hot: true,
    derive: { target: far },
  }),
  t32('blx', '11110 sign:1 high:10 11 j1:1 0 j2:1 low:10 0', '#{other}', (e, { other }) => callOther(e, other), {
    derive: { other: farWords },
  }),
  undefinedWhen(
    t32('bxj', '1111 0011 1100 rm:4 1000 1111 00000000', '{rm}', (e, { rm }) => e.bx(e.reg(rm))),
    isPc('rm'),
  ),
];

/** TBB and TBH, often with the table behind the instruction. */
function table(mnemonic: 'tbb' | 'tbh', width: 8 | 16): Row {
  const make = (base: 15 | null): Row =>
    t32(
      mnemonic,
      `1110 1000 1101 rn:4 1111 0000 000 ${width === 8 ? 0 : 1} rm:4` as '1110 1000 1101 rn:4 1111 0000 000 0 rm:4',
      width === 8 ? '[{rn}, {rm}]' : '[{rn}, {rm}, lsl #1]',
      (e, { rn, rm }) => tableBranch(e, width, e.reg(base ?? rn), e.reg(rm)),
      { hot: base === 15 },
    );
  return undefinedWhen(choose(make(null), [isPc('rn'), make(15)]), isPc('rm'));
}

const wideOthers: readonly Row[] = [
  ...HINT_NAMES.map((name, number) =>
    t32(
      `${name}.w`,
      `1111 0011 1010 1111 1000 0000 ${number.toString(2).padStart(8, '0')}` as '1111 0011 1010 1111 1000 0000 00000000',
      '',
      (e) => HINTS[name]!(e),
    ),
  ),
  t32('dbg', '1111 0011 1010 1111 1000 0000 1111 option:4', '#{option}', () => {}),
  // Not allocated: no operation.
  t32('hint.w', '1111 0011 1010 1111 1000 0000 imm8:8', '#{imm8}', () => {}),
  ...BARRIERS.map(([name, bits]) =>
    t32(
      name,
      `1111 0011 1011 1111 1000 1111 ${bits} option:4` as '1111 0011 1011 1111 1000 1111 0100 option:4',
      '{barrier}',
      () => {},
    ),
  ),
  t32('clrex', '1111 0011 1011 1111 1000 1111 0010 1111', '', (e) => clearExclusive(e)),
];

export const CONTROL_T32_ROWS: readonly Row[] = [
  ...narrow,
  ...wideBranches,
  table('tbb', 8),
  table('tbh', 16),
  ...wideOthers,
];
