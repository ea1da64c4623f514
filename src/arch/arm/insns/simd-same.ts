// table: Advanced SIMD, three registers of the same length (ARM DDI 0406C: A7.4.1).
import type { Row } from '../../../cpu/isa/insn.ts';
import { WORD } from '../simd/word.ts';
import { type DataProcessing, dataRows } from './simd-row.ts';

const { SATURATE, ROUND } = WORD;

/** Sizes of 8, 16 and 32 bits; and 64. */
const TO_32 = [0, 1, 2];
const WORDS = [1, 2];

const SAME = ['v', 'v', 'v'] as const;
const PAIRS = ['d', 'd', 'd'] as const;

/** Bits 11:8 and 4. */
type Opcode = readonly [a: string, b: string];

function same(
  mnemonic: string,
  u: string,
  [a, b]: Opcode,
  type: string,
  what: Omit<DataProcessing, 'kinds'>,
  size = 'size:2',
): Row[] {
  const rest = `0 d:1 ${size} vn:4 vd:4 ${a} n:1 q:1 m:1 ${b} vm:4`;
  return dataRows(mnemonic, u, rest, `${type} {xd}, {xn}, {xm}`, { ...what, kinds: SAME });
}

/** Of 64 bits only. */
function pairs(
  mnemonic: string,
  u: string,
  [a, b]: Opcode,
  type: string,
  what: Omit<DataProcessing, 'kinds'>,
  size = 'size:2',
): Row[] {
  const rest = `0 d:1 ${size} vn:4 vd:4 ${a} n:1 0 m:1 ${b} vm:4`;
  return dataRows(mnemonic, u, rest, `${type} {xd}, {xn}, {xm}`, { ...what, kinds: PAIRS });
}

/** Of elements by the shift amounts in N. */
function shifts(mnemonic: string, [a, b]: Opcode, flags: number): Row[] {
  const rest = `0 d:1 size:2 vn:4 vd:4 ${a} n:1 q:1 m:1 ${b} vm:4`;
  return dataRows(mnemonic, 'u:1', rest, '.{su}{bits} {xd}, {xm}, {xn}', { call: 'simdShift', kinds: SAME, flags });
}

const SIGNED = '.{su}{bits}';
const logical = (mnemonic: string, u: string, size: string, call: string): Row[] =>
  same(mnemonic, u, ['0001', '1'], '', { call }, size);

const FLOAT = '.f32';
/** `op` is bit 21. */
const float = (mnemonic: string, u: string, opcode: Opcode, op: string, call: string): Row[] =>
  same(mnemonic, u, opcode, FLOAT, { call, size: 2 }, `${op} 0`);
const floatPairs = (mnemonic: string, opcode: Opcode, op: string, call: string): Row[] =>
  pairs(mnemonic, '1', opcode, FLOAT, { call, size: 2 }, `${op} 0`);

export const SIMD_SAME_ROWS: readonly Row[] = [
  ...same('vhadd', 'u:1', ['0000', '0'], SIGNED, { call: 'simdHadd', sizes: TO_32 }),
  ...same('vqadd', 'u:1', ['0000', '1'], SIGNED, { call: 'simdQadd' }),
  ...same('vrhadd', 'u:1', ['0001', '0'], SIGNED, { call: 'simdRhadd', sizes: TO_32 }),
  ...same('vhsub', 'u:1', ['0010', '0'], SIGNED, { call: 'simdHsub', sizes: TO_32 }),
  ...same('vqsub', 'u:1', ['0010', '1'], SIGNED, { call: 'simdQsub' }),
  ...same('vcgt', 'u:1', ['0011', '0'], SIGNED, { call: 'simdCgt', sizes: TO_32 }),
  ...same('vcge', 'u:1', ['0011', '1'], SIGNED, { call: 'simdCge', sizes: TO_32 }),
  ...shifts('vshl', ['0100', '0'], 0),
  ...shifts('vqshl', ['0100', '1'], SATURATE),
  ...shifts('vrshl', ['0101', '0'], ROUND),
  ...shifts('vqrshl', ['0101', '1'], SATURATE | ROUND),
  ...same('vmax', 'u:1', ['0110', '0'], SIGNED, { call: 'simdMax', sizes: TO_32 }),
  ...same('vmin', 'u:1', ['0110', '1'], SIGNED, { call: 'simdMin', sizes: TO_32 }),
  ...same('vabd', 'u:1', ['0111', '0'], SIGNED, { call: 'simdAbd', sizes: TO_32 }),
  ...same('vaba', 'u:1', ['0111', '1'], SIGNED, { call: 'simdAba', sizes: TO_32 }),
  ...same('vadd', '0', ['1000', '0'], '.i{bits}', { call: 'simdAdd' }),
  ...same('vsub', '1', ['1000', '0'], '.i{bits}', { call: 'simdSub' }),
  ...same('vtst', '0', ['1000', '1'], '.{bits}', { call: 'simdTst', sizes: TO_32 }),
  ...same('vceq', '1', ['1000', '1'], '.i{bits}', { call: 'simdCeq', sizes: TO_32 }),
  ...same('vmla', '0', ['1001', '0'], '.i{bits}', { call: 'simdMla', sizes: TO_32 }),
  ...same('vmls', '1', ['1001', '0'], '.i{bits}', { call: 'simdMls', sizes: TO_32 }),
  ...same('vmul', '0', ['1001', '1'], '.i{bits}', { call: 'simdMul', sizes: TO_32 }),
  ...same('vmul', '1', ['1001', '1'], '.p8', { call: 'simdPmul', sizes: [0] }),
  ...pairs('vpmax', 'u:1', ['1010', '0'], SIGNED, { call: 'simdPmax', sizes: TO_32 }),
  ...pairs('vpmin', 'u:1', ['1010', '1'], SIGNED, { call: 'simdPmin', sizes: TO_32 }),
  ...same('vqdmulh', '0', ['1011', '0'], '.s{bits}', { call: 'simdQdmulh', sizes: WORDS }),
  ...same('vqrdmulh', '1', ['1011', '0'], '.s{bits}', { call: 'simdQrdmulh', sizes: WORDS }),
  ...pairs('vpadd', '0', ['1011', '1'], '.i{bits}', { call: 'simdPadd', sizes: TO_32 }),

  ...logical('vand', '0', '00', 'simdAnd'),
  ...logical('vbic', '0', '01', 'simdBic'),
  ...logical('vorr', '0', '10', 'simdOrr'),
  ...logical('vorn', '0', '11', 'simdOrn'),
  ...logical('veor', '1', '00', 'simdEor'),
  ...logical('vbsl', '1', '01', 'simdBsl'),
  ...logical('vbit', '1', '10', 'simdBit'),
  ...logical('vbif', '1', '11', 'simdBif'),

  ...float('vfma', '0', ['1100', '1'], '0', 'simdFma'),
  ...float('vfms', '0', ['1100', '1'], '1', 'simdFms'),
  ...float('vadd', '0', ['1101', '0'], '0', 'simdAddFloat'),
  ...float('vsub', '0', ['1101', '0'], '1', 'simdSubFloat'),
  ...floatPairs('vpadd', ['1101', '0'], '0', 'simdPaddFloat'),
  ...float('vabd', '1', ['1101', '0'], '1', 'simdAbdFloat'),
  ...float('vmla', '0', ['1101', '1'], '0', 'simdMlaFloat'),
  ...float('vmls', '0', ['1101', '1'], '1', 'simdMlsFloat'),
  ...float('vmul', '1', ['1101', '1'], '0', 'simdMulFloat'),
  ...float('vceq', '0', ['1110', '0'], '0', 'simdCeqFloat'),
  ...float('vcge', '1', ['1110', '0'], '0', 'simdCgeFloat'),
  ...float('vcgt', '1', ['1110', '0'], '1', 'simdCgtFloat'),
  ...float('vacge', '1', ['1110', '1'], '0', 'simdAcge'),
  ...float('vacgt', '1', ['1110', '1'], '1', 'simdAcgt'),
  ...float('vmax', '0', ['1111', '0'], '0', 'simdMaxFloat'),
  ...float('vmin', '0', ['1111', '0'], '1', 'simdMinFloat'),
  ...floatPairs('vpmax', ['1111', '0'], '0', 'simdPmaxFloat'),
  ...floatPairs('vpmin', ['1111', '0'], '1', 'simdPminFloat'),
  ...float('vrecps', '0', ['1111', '1'], '0', 'simdRecps'),
  ...float('vrsqrts', '0', ['1111', '1'], '1', 'simdRsqrts'),
];
