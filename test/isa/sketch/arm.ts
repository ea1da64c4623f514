// Sketch: three A32 instructions and one of T32 (ARM Architecture Reference Manual ARMv7-A, A8.8). Conditions and r15 as operand belong to
// prefix records in front of an instruction, so rows see neither.
import type { I32, Operand } from '../../../src/cpu/emit/values.ts';
import { insnFor, type RawFields, type Row } from '../../../src/cpu/isa/insn.ts';
import { popcount32 } from '../../../src/util/bits.ts';
import type { Sketch } from './definition.ts';
import { GrownEmitter, standInHelpers } from './grown-emitter.ts';

const LSL = 0;
const LSR = 1;
const ASR = 2;

class ArmEmitter extends GrownEmitter {
  reg(index: Operand): I32 {
    return this.read32('r', index);
  }
  setReg(index: Operand, value: I32): void {
    this.write('r', index, value);
  }
  carry(): I32 {
    return this.read32('c', 0);
  }
  /** `x` shifted by 0 to 32: 64 bits make LSR #32 and ASR #32 ordinary. */
  shifted(type: number, x: I32, amount: Operand): I32 {
    const by = this.zext64(this.imm(amount));
    if (type === LSL) return this.low(this.shl64(this.zext64(x), by));
    if (type === LSR) return this.low(this.shrU64(this.zext64(x), by));
    if (type === ASR) return this.low(this.shrU64(this.sext64(x), by));
    return this.rotr(x, this.imm(amount));
  }
  /** N and Z are kept as the value they come from. */
  setFlagsOfSum(a: I32, b: I32, sum: I32): void {
    this.write('nz', 0, sum);
    this.write('c', 0, this.ltU(sum, a));
    this.write('v', 0, this.shrU(this.and(this.xor(a, sum), this.xor(b, sum)), this.const(31)));
  }
}

const insn = insnFor<ArmEmitter>();
const hot = { hot: true } as const;

const sum = (e: ArmEmitter, s: number, rd: Operand, a: I32, b: I32): void => {
  const result = e.add(a, b);
  if (s === 1) e.setFlagsOfSum(a, b, result);
  e.setReg(rd, result);
};

const A32_ROWS: readonly Row[] = [
  insn(
    'add',
    'cond:4 0000 100 s:1! rn:4 rd:4 imm5:5 type:2! 0 rm:4',
    '{rd}, {rn}, {rm}, {type} #{amount}',
    (e, { s, rn, rd, type, rm, amount }) => sum(e, s, rd, e.reg(rn), e.shifted(type, e.reg(rm), amount)),
    // An encoded 0 means 32 for LSR and ASR.
    { hot: true, derive: { amount: ({ imm5, type }) => imm5! || (type === LSR || type === ASR ? 32 : 0) } },
  ),
  // ROR #0 is RRX: the more specific pattern.
  insn(
    'add',
    'cond:4 0000 100 s:1! rn:4 rd:4 00000 11 0 rm:4',
    '{rd}, {rn}, {rm}, rrx',
    (e, { s, rn, rd, rm }) => {
      const rotated = e.or(e.shl(e.carry(), e.const(31)), e.shrU(e.reg(rm), e.const(1)));
      sum(e, s, rd, e.reg(rn), rotated);
    },
    hot,
  ),
  // U is folded into the offset; P and W steer. P = 0, W = 1 is LDRT, a row of its own when user accesses come.
  insn(
    'ldr',
    'cond:4 010 p:1! u:1 0 w:1! 1 rn:4 rt:4 imm12:12',
    '{rt}, [{rn}, #{offset}]',
    (e, { p, w, rn, rt, offset }) => {
      const base = e.reg(rn);
      const moved = e.add(base, e.imm(offset));
      const value = e.load(32, p === 1 ? moved : base);
      if (p === 0 || w === 1) e.setReg(rn, moved);
      e.setReg(rt, value);
    },
    { hot: true, derive: { offset: ({ u, imm12 }) => (u === 1 ? imm12! : -imm12!) } },
  ),
  insn(
    'ldm',
    'cond:4 100 0 1 0 w:1! 1 rn:4 list:16',
    '{rn}, {list}',
    (e, { w, rn, list, bytes }) => {
      const base = e.reg(rn);
      e.probeRead(base, e.imm(bytes));
      e.forEachBit(list, (register, n) => e.setReg(register, e.load(32, e.add(base, e.shl(n, e.const(2))))));
      if (w === 1) e.setReg(rn, e.add(base, e.imm(bytes)));
    },
    { derive: { bytes: (raw: RawFields) => 4 * popcount32(raw.list!) } },
  ),
];

const BANKS: Sketch['banks'] = [
  { name: 'r', count: 16, width: 32 },
  { name: 'nz', count: 1, width: 32 },
  { name: 'c', count: 1, width: 32 },
  { name: 'v', count: 1, width: 32 },
];

const arm = {
  endianness: 'little',
  banks: BANKS,
  helpers: standInHelpers,
  createEmitter: (banks) => new ArmEmitter(banks),
} as const satisfies Omit<Sketch, 'name' | 'rows'>;

export const A32: Sketch = { ...arm, name: 'sketch-a32', rows: A32_ROWS };

/** ADD of low registers sets the flags outside an IT block and leaves them alone inside: a shape that the location decides. */
const t32Add = (it: 0 | 1): Row =>
  insn(
    it === 0 ? 'adds' : 'add',
    '0001100 rm:3 rn:3 rd:3',
    '{rd}, {rn}, {rm}',
    (e, { rm, rn, rd }) => sum(e, 1 - it, rd, e.reg(rn), e.reg(rm)),
    hot,
  );

/** T32 as it is expressible today: one table of rows per location. */
export const T32: Readonly<Record<'outside IT' | 'inside IT', Sketch>> = {
  'outside IT': { ...arm, name: 'sketch-t32', rows: [t32Add(0)] },
  'inside IT': { ...arm, name: 'sketch-t32-it', rows: [t32Add(1)] },
};
