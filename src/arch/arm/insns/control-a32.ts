// table: A32 branches, hints, barriers and calls of the supervisor (ARM DDI 0406C: A5.2.11, A5.2.12, A5.5, A5.6, A5.7).
import type { Row } from '../../../cpu/isa/insn.ts';
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
} from '../semantics/control.ts';
import { clearExclusive } from '../semantics/memory.ts';
import { a32 } from './row.ts';
import { isUnconditional, undefinedWhen } from './variants.ts';

/** From the next instruction; R15 is 8 bytes on. */
const target = ({ imm24 }: { imm24?: number }): number => 4 * imm24! + 4;

const BRANCHES: readonly Row[] = [
  a32('b', 'cond:4! 1010 imm24:s24', '{target}', (e, { cond, target: to }) => branchIf(e, cond, to), {
    hot: true,
    derive: { target },
  }),
  a32('bl', 'cond:4 1011 imm24:s24', '{target}', (e, { target: to }) => call(e, to), { hot: true, derive: { target } }),
  ...([0, 1] as const).map((h) =>
    a32('blx', `1111 101${h} imm24:s24` as '1111 1010 imm24:s24', '{target}', (e, { other }) => callOther(e, other), {
      // The target is an address in T32.
      derive: {
        target: (raw) => target(raw) + 2 * h,
        other: ({ imm24 }) => 4 * imm24! + 2 * h + 1,
      },
    }),
  ),
];

const REGISTER_BRANCHES: readonly Row[] = [
  a32('bx', 'cond:4 0001 0010 1111 1111 1111 0001 rm:4', '{rm}', (e, { rm }) => e.bx(e.reg(rm)), { hot: true }),
  a32('bxj', 'cond:4 0001 0010 1111 1111 1111 0010 rm:4', '{rm}', (e, { rm }) => e.bx(e.reg(rm))),
  a32('blx', 'cond:4 0001 0010 1111 1111 1111 0011 rm:4', '{rm}', (e, { rm }) => callRegister(e, rm), { hot: true }),
].map((row) => undefinedWhen(row, isUnconditional));

const TRAPS: readonly Row[] = [
  a32('svc', 'cond:4 1111 imm24:24', '#{imm24}', (e, { code }) => e.trap(e.imm(code)), {
    derive: { code: ({ imm24 }) => supervisorTrap(imm24!) },
  }),
  a32('bkpt', 'cond:4 0001 0010 high:12 0111 low:4', '#{imm}', (e) => e.trap(TRAP.BREAKPOINT), {
    derive: { imm: ({ high, low }) => (high! << 4) | low! },
  }),
].map((row) => undefinedWhen(row, isUnconditional));

const HINT_ROWS: readonly Row[] = [
  ...HINT_NAMES.map((name, number) =>
    a32(
      name,
      `cond:4 0011 0010 0000 1111 0000 ${number.toString(2).padStart(8, '0')}` as 'cond:4 0011 0010 0000 1111 0000 00000000',
      '',
      (e) => HINTS[name]!(e),
      { hot: name === 'nop' },
    ),
  ),
  a32('dbg', 'cond:4 0011 0010 0000 1111 0000 1111 option:4', '#{option}', () => {}),
  // Not allocated: no operation.
  a32('hint', 'cond:4 0011 0010 0000 1111 .... imm8:8', '#{imm8}', () => {}),
].map((row) => undefinedWhen(row, isUnconditional));

const BARRIER_ROWS: readonly Row[] = [
  ...BARRIERS.map(([name, bits]) =>
    a32(
      name,
      `1111 0101 0111 1111 1111 0000 ${bits} option:4` as '1111 0101 0111 1111 1111 0000 0100 option:4',
      '{barrier}',
      () => {},
    ),
  ),
  a32('clrex', '1111 0101 0111 1111 1111 0000 0001 1111', '', (e) => clearExclusive(e)),
];

export const CONTROL_A32_ROWS: readonly Row[] = [
  ...BRANCHES,
  ...REGISTER_BRANCHES,
  ...TRAPS,
  ...HINT_ROWS,
  ...BARRIER_ROWS,
];
