// Sketch: MIPS64 (MIPS64 Architecture Volume II-A): 64-bit registers, 32-bit results sign-extended, a load from a 64-bit address.
import type { I32, I64, Operand } from '../../../src/cpu/emit/values.ts';
import { insnFor, type Row } from '../../../src/cpu/isa/insn.ts';
import type { Sketch } from './definition.ts';
import { GrownEmitter, standInHelpers } from './grown-emitter.ts';

export class Mips64Emitter extends GrownEmitter {
  gpr64(index: Operand): I64 {
    return this.read64('gpr', index);
  }
  setGpr64(index: Operand, value: I64): void {
    this.write('gpr', index, value);
  }
  gpr(index: Operand): I32 {
    return this.low(this.gpr64(index));
  }
  setGpr(index: Operand, value: I32): void {
    this.setGpr64(index, this.sext64(value));
  }
}

const insn = insnFor<Mips64Emitter>();
const hot = { hot: true } as const;

const ROWS: readonly Row[] = [
  insn(
    'daddu',
    '000000 rs:5 rt:5 rd:5 00000 101101',
    '{rd}, {rs}, {rt}',
    (e, { rs, rt, rd }) => e.setGpr64(rd, e.add64(e.gpr64(rs), e.gpr64(rt))),
    hot,
  ),
  insn(
    'addu',
    '000000 rs:5 rt:5 rd:5 00000 100001',
    '{rd}, {rs}, {rt}',
    (e, { rs, rt, rd }) => e.setGpr(rd, e.add(e.gpr(rs), e.gpr(rt))),
    hot,
  ),
  insn('ld', '110111 base:5 rt:5 offset:s16', '{rt}, {offset}({base})', (e, { base, rt, offset }) =>
    e.setGpr64(rt, e.load64(e.add64(e.gpr64(base), e.sext64(e.imm(offset))))),
  ),
];

export const MIPS64: Sketch = {
  name: 'sketch-mips64',
  endianness: 'little',
  banks: [{ name: 'gpr', count: 32, width: 64, zero: true }],
  rows: ROWS,
  helpers: standInHelpers,
  createEmitter: (banks) => new Mips64Emitter(banks),
};
