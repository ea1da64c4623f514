// The text of Advanced SIMD operands (ARM DDI 0406C: A8.2, A7.3): names that the syntax of their rows has, beside fields and derived numbers.
import type { RawFields } from '../../../cpu/isa/insn.ts';
import { hex } from '../../../util/bits.ts';
import { ALL_LANES, NO_LANE, QUAD_OPERAND, SCALAR_INDEX_SHIFT, SCALAR_OPERAND } from './operands.ts';

function register(operand: number): string {
  const number = operand & 31;
  if ((operand & QUAD_OPERAND) !== 0) return `q${number >> 1}`;
  return (operand & SCALAR_OPERAND) !== 0 ? `d${number}[${operand >> SCALAR_INDEX_SHIFT}]` : `d${number}`;
}

function list(first: number, count: number, step: number, suffix: string): string {
  const names = Array.from({ length: count }, (_, i) => `d${first + i * step}${suffix}`);
  return `{${names.join(', ')}}`;
}

function structureList({ d, vd, listCount, listStep, listLane }: RawFields): string {
  const lane = listLane === NO_LANE ? '' : listLane === ALL_LANES ? '[]' : `[${listLane}]`;
  return list((d! << 4) | vd!, listCount!, listStep!, lane);
}

/** Operands by name, from the values of an instruction's fields; `general` names a general register. */
export const SIMD_OPERANDS: Readonly<
  Record<string, (values: RawFields, general: (number: number) => string) => string>
> = {
  xd: ({ xd }) => register(xd!),
  xn: ({ xn }) => register(xn!),
  xm: ({ xm }) => register(xm!),
  su: ({ u }) => (u === 1 ? 'u' : 's'),
  table: ({ xn, len }) => list(xn!, len! + 1, 1, ''),
  written: ({ written, bits }) => hex((written! << (32 - bits!)) >>> (32 - bits!), 1),
  slist: structureList,
  sbase: ({ rn, rm, alignBits }, general) => {
    const base = `[${general(rn!)}${alignBits === 0 ? '' : `:${alignBits}`}]`;
    if (rm === 15) return base;
    return rm === 13 ? `${base}!` : `${base}, ${general(rm!)}`;
  },
};
