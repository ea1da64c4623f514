// table: data processing of T32, 16-bit encodings (ARM DDI 0406C: A6.2.1 to A6.2.3, A6.2.5). They set flags outside of IT blocks only.
import type { I32, Operand } from '../../../cpu/emit/values.ts';
import type { RawFields, Row } from '../../../cpu/isa/insn.ts';
import type { ArmEmitter } from '../emitter.ts';
import { type Extension, extended, rearranged, type Unary } from '../semantics/media.ts';
import { multiply } from '../semantics/multiply.ts';
import { OPERATION, type Operation, operate } from '../semantics/processing.ts';
import { plain, registerShift, SHIFT, shiftedBy } from '../semantics/shifter.ts';
import { t32 } from './row.ts';

const { AND, EOR, SUB, RSB, ADD, ADC, SBC, TST, CMP, CMN, ORR, MOV, BIC, MVN } = OPERATION;
const hot = { hot: true } as const;

const sum = (e: ArmEmitter, operation: Operation, rd: Operand, n: I32, m: I32): void =>
  operate(e, operation, e.outsideBlock, rd, n, plain(m));

/** With the bit of the register number that stands apart. */
const HIGH_RD = { rd: ({ d, rdn }: RawFields): number => (d! << 3) | rdn! };
const HIGH_RN = { rn: ({ n, rdn }: RawFields): number => (n! << 3) | rdn! };

/** Of two low registers; `hot` is what compiled code has often. */
const LOW: readonly { readonly opcode: string; readonly operation: Operation; readonly hot: boolean }[] = [
  { opcode: '0000', operation: AND, hot: true },
  { opcode: '0001', operation: EOR, hot: true },
  { opcode: '0101', operation: ADC, hot: true },
  { opcode: '0110', operation: SBC, hot: false },
  { opcode: '1100', operation: ORR, hot: true },
  { opcode: '1110', operation: BIC, hot: true },
];
const COMPARISONS = [
  { opcode: '1000', operation: TST, hot: true },
  { opcode: '1010', operation: CMP, hot: true },
  { opcode: '1011', operation: CMN, hot: false },
] as const;
const SHIFTS = [
  { opcode: '0010', type: SHIFT.LSL, name: 'lsls' },
  { opcode: '0011', type: SHIFT.LSR, name: 'lsrs' },
  { opcode: '0100', type: SHIFT.ASR, name: 'asrs' },
  { opcode: '0111', type: SHIFT.ROR, name: 'rors' },
] as const;
const EXTENSIONS = [
  { opcode: '00', kind: 'sxth' },
  { opcode: '01', kind: 'sxtb' },
  { opcode: '10', kind: 'uxth' },
  { opcode: '11', kind: 'uxtb' },
] as const satisfies readonly { readonly opcode: string; readonly kind: Extension }[];
const REVERSALS = [
  { opcode: '00', kind: 'rev' },
  { opcode: '01', kind: 'rev16' },
  { opcode: '11', kind: 'revsh' },
] as const satisfies readonly { readonly opcode: string; readonly kind: Unary }[];

const less = { less: ({ imm5 }: RawFields): number => (imm5! + 31) & 31, amount: ({ imm5 }: RawFields) => imm5! || 32 };

/** LSR and ASR by 1 to 32, in two steps: by `less`, and by one more. */
function shiftRight(e: ArmEmitter, rd: Operand, rm: Operand, amountLess1: Operand, signed: boolean): void {
  const x = e.reg(rm);
  const by = e.imm(amountLess1);
  const almost = signed ? e.shrS(x, by) : e.shrU(x, by);
  const value = signed ? e.shrS(almost, e.const(1)) : e.shrU(almost, e.const(1));
  operate(e, MOV, e.outsideBlock, rd, value, { value, carry: e.and(almost, e.const(1)) });
}

export const NARROW_ROWS: readonly Row[] = [
  t32(
    'lsls',
    '00000 imm5:5 rm:3 rd:3',
    '{rd}, {rm}, #{imm5}',
    (e, { rd, rm, imm5 }) => {
      const x = e.reg(rm);
      const value = e.shl(x, e.imm(imm5));
      const carry = e.and(e.shrU(x, e.sub(e.const(32), e.imm(imm5))), e.const(1));
      operate(e, MOV, e.outsideBlock, rd, value, { value, carry });
    },
    hot,
  ),
  t32(
    'movs',
    '00000 00000 rm:3 rd:3',
    '{rd}, {rm}',
    (e, { rd, rm }) => operate(e, MOV, e.outsideBlock, rd, e.reg(rm), plain(e.reg(rm))),
    hot,
  ),
  t32('lsrs', '00001 imm5:5 rm:3 rd:3', '{rd}, {rm}, #{amount}', (e, f) => shiftRight(e, f.rd, f.rm, f.less, false), {
    hot: true,
    derive: less,
  }),
  t32('asrs', '00010 imm5:5 rm:3 rd:3', '{rd}, {rm}, #{amount}', (e, f) => shiftRight(e, f.rd, f.rm, f.less, true), {
    hot: true,
    derive: less,
  }),
  t32(
    'adds',
    '0001100 rm:3 rn:3 rd:3',
    '{rd}, {rn}, {rm}',
    (e, { rd, rn, rm }) => sum(e, ADD, rd, e.reg(rn), e.reg(rm)),
    hot,
  ),
  t32(
    'subs',
    '0001101 rm:3 rn:3 rd:3',
    '{rd}, {rn}, {rm}',
    (e, { rd, rn, rm }) => sum(e, SUB, rd, e.reg(rn), e.reg(rm)),
    hot,
  ),
  t32(
    'adds',
    '0001110 imm:3 rn:3 rd:3',
    '{rd}, {rn}, #{imm}',
    (e, { rd, rn, imm }) => sum(e, ADD, rd, e.reg(rn), e.imm(imm)),
    hot,
  ),
  t32(
    'subs',
    '0001111 imm:3 rn:3 rd:3',
    '{rd}, {rn}, #{imm}',
    (e, { rd, rn, imm }) => sum(e, SUB, rd, e.reg(rn), e.imm(imm)),
    hot,
  ),
  t32('movs', '00100 rd:3 imm:8', '{rd}, #{imm}', (e, { rd, imm }) => sum(e, MOV, rd, e.imm(imm), e.imm(imm)), hot),
  t32(
    'cmp',
    '00101 rn:3 imm:8',
    '{rn}, #{imm}',
    (e, { rn, imm }) => operate(e, CMP, true, null, e.reg(rn), plain(e.imm(imm))),
    hot,
  ),
  t32('adds', '00110 rd:3 imm:8', '{rd}, #{imm}', (e, { rd, imm }) => sum(e, ADD, rd, e.reg(rd), e.imm(imm)), hot),
  t32('subs', '00111 rd:3 imm:8', '{rd}, #{imm}', (e, { rd, imm }) => sum(e, SUB, rd, e.reg(rd), e.imm(imm)), hot),

  ...LOW.map(({ opcode, operation, hot }) =>
    t32(
      `${operation.name}s`,
      `010000 ${opcode as '0000'} rm:3 rd:3`,
      '{rd}, {rm}',
      (e, { rd, rm }) => sum(e, operation, rd, e.reg(rd), e.reg(rm)),
      { hot },
    ),
  ),
  ...COMPARISONS.map(({ opcode, operation, hot }) =>
    t32(
      operation.name,
      `010000 ${opcode} rm:3 rn:3`,
      '{rn}, {rm}',
      (e, { rn, rm }) => operate(e, operation, true, null, e.reg(rn), plain(e.reg(rm))),
      { hot },
    ),
  ),
  ...SHIFTS.map(({ opcode, type, name }) =>
    t32(name, `010000 ${opcode} rm:3 rd:3`, '{rd}, {rm}', (e, { rd, rm }) => {
      const second = shiftedBy(e, e.reg(rd), registerShift(e, e.const(type), e.reg(rm)));
      operate(e, MOV, e.outsideBlock, rd, second.value, second);
    }),
  ),
  t32(
    'rsbs',
    '010000 1001 rn:3 rd:3',
    '{rd}, {rn}, #0',
    (e, { rd, rn }) => sum(e, RSB, rd, e.reg(rn), e.const(0)),
    hot,
  ),
  t32(
    'muls',
    '010000 1101 rn:3 rd:3',
    '{rd}, {rn}, {rd}',
    (e, { rd, rn }) => multiply(e, { rd, rn, rm: rd, ra: null }, e.outsideBlock),
    hot,
  ),
  t32('mvns', '010000 1111 rm:3 rd:3', '{rd}, {rm}', (e, { rd, rm }) => sum(e, MVN, rd, e.reg(rm), e.reg(rm)), hot),

  // The destination may be R15, which has rows of its own, and so may rm.
  t32(
    'add',
    '01000100 d:1 rm:4 rdn:3',
    '{rd}, {rm}',
    (e, { rd, rm }) => e.setRegAt(e.imm(rd), e.add(e.regAt(e.imm(rd)), e.reg(rm))),
    { derive: HIGH_RD, hot: true, pc: true },
  ),
  t32('add', '01000100 1 rm:4 111', 'pc, {rm}', (e, { rm }) => e.setReg(15, e.add(e.reg(15), e.reg(rm))), { pc: true }),
  t32(
    'cmp',
    '01000101 n:1 rm:4 rdn:3',
    '{rn}, {rm}',
    (e, { rn, rm }) => operate(e, CMP, true, null, e.regAt(e.imm(rn)), plain(e.reg(rm))),
    { derive: HIGH_RN, hot: true },
  ),
  t32('mov', '01000110 d:1 rm:4 rdn:3', '{rd}, {rm}', (e, { rd, rm }) => e.setRegAt(e.imm(rd), e.reg(rm)), {
    derive: HIGH_RD,
    hot: true,
    pc: true,
  }),
  t32('mov', '01000110 1 rm:4 111', 'pc, {rm}', (e, { rm }) => e.setReg(15, e.reg(rm)), { pc: true }),

  t32('adr', '10100 rd:3 imm8:8', '{rd}, #{imm}', (e, { rd, imm }) => e.setReg(rd, e.add(e.alignedPc(), e.imm(imm))), {
    derive: { imm: ({ imm8 }) => imm8! * 4 },
    hot: true,
  }),
  t32('add', '10101 rd:3 imm8:8', '{rd}, sp, #{imm}', (e, { rd, imm }) => e.setReg(rd, e.add(e.reg(13), e.imm(imm))), {
    derive: { imm: ({ imm8 }) => imm8! * 4 },
    hot: true,
  }),
  t32('add', '1011 0000 0 imm7:7', 'sp, #{imm}', (e, { imm }) => e.setReg(13, e.add(e.reg(13), e.imm(imm))), {
    derive: { imm: ({ imm7 }) => imm7! * 4 },
    hot: true,
  }),
  t32('sub', '1011 0000 1 imm7:7', 'sp, #{imm}', (e, { imm }) => e.setReg(13, e.sub(e.reg(13), e.imm(imm))), {
    derive: { imm: ({ imm7 }) => imm7! * 4 },
    hot: true,
  }),
  ...EXTENSIONS.map(({ opcode, kind }) =>
    t32(
      kind,
      `1011 0010 ${opcode} rm:3 rd:3`,
      '{rd}, {rm}',
      (e, { rd, rm }) => e.setReg(rd, extended(e, kind, rm, 0)),
      hot,
    ),
  ),
  ...REVERSALS.map(({ opcode, kind }) =>
    t32(
      kind,
      `1011 1010 ${opcode} rm:3 rd:3`,
      '{rd}, {rm}',
      (e, { rd, rm }) => e.setReg(rd, rearranged(e, kind, e.reg(rm))),
      { hot: kind === 'rev' },
    ),
  ),
];
