// table: Advanced SIMD, two registers and a shift amount, and one register and a modified immediate (ARM DDI 0406C: A7.4.4, A7.4.6). The size of an
// element is where the highest bit of imm6 that is set is; with none set, and L = 0, it is a modified immediate.
import type { RawFields, Row } from '../../../cpu/isa/insn.ts';
import { IMMEDIATE } from '../simd/misc.ts';
import { WORD } from '../simd/word.ts';
import { type DataProcessing, dataRows } from './simd-row.ts';

const SAME = ['v', '-', 'v'] as const;
const NARROW = ['d', '-', 'q'] as const;
const LONG = ['q', '-', 'd'] as const;

/** Bits 21:16 and 7 by element size. */
const IMMEDIATE_BITS = [
  ['001 imm:3', '0'],
  ['01 imm:4', '0'],
  ['1 imm:5', '0'],
  ['imm:6', '1'],
] as const;

const left = (): ((raw: RawFields) => number) => (raw) => raw.imm!;
const right =
  (size: number): ((raw: RawFields) => number) =>
  (raw) =>
    (8 << size) - raw.imm!;

interface Shift {
  readonly mnemonic: string;
  readonly u: string;
  /** Bits 11:8. */
  readonly a: string;
  /** Bit 6. */
  readonly q: string;
  readonly type: string;
  readonly kinds: DataProcessing['kinds'];
  readonly call: string;
  readonly sizes: readonly number[];
  /** Amount by element size. */
  amount(size: number): (raw: RawFields) => number;
}

function shiftRows(shift: Shift): Row[] {
  const { mnemonic, u, a, q, type, kinds, call, sizes, amount } = shift;
  return sizes.flatMap((size) => {
    const [imm, l] = IMMEDIATE_BITS[size]!;
    const of = amount(size);
    return dataRows(mnemonic, u, `1 d:1 ${imm} vd:4 ${a} ${l} ${q} m:1 1 vm:4`, `${type} {xd}, {xm}, #{amount}`, {
      call,
      kinds,
      size,
      more: (raw) => of(raw) << WORD.N,
      derive: { amount: of },
    });
  });
}

const ALL = [0, 1, 2, 3];
const TO_32 = [0, 1, 2];

const same = (mnemonic: string, u: string, a: string, type: string, call: string, amount: Shift['amount']): Row[] =>
  shiftRows({ mnemonic, u, a, q: 'q:1', type, kinds: SAME, call, sizes: ALL, amount });

/** The type is that of the operand. */
const narrow = (mnemonic: string, u: string, a: string, q: string, type: string, call: string): Row[] =>
  shiftRows({ mnemonic, u, a, q, type, kinds: NARROW, call, sizes: TO_32, amount: right });

/** VCVT with bits behind the point. */
const fixed = (a: string, type: string, call: string): Row[] =>
  shiftRows({
    mnemonic: 'vcvt',
    u: 'u:1',
    a,
    q: 'q:1',
    type,
    kinds: SAME,
    call,
    sizes: [2],
    amount: right,
  });

/** The 8 bits of a modified immediate. */
const byte = (raw: RawFields): number => (raw.i! << 7) | (raw.imm3! << 4) | raw.imm4!;

/** AdvSIMDExpandImm (A7.4.6), the lower word; cmode 1110 is that of bytes. */
function expanded(cmode: number, raw: RawFields): number {
  const imm = byte(raw);
  if (cmode < 8) return imm << (8 * (cmode >> 1));
  if (cmode < 12) return (imm << (8 * ((cmode >> 1) & 1))) * 0x10001;
  if (cmode === 12) return (imm << 8) | 0xff;
  if (cmode === 13) return (imm << 16) | 0xffff;
  if (cmode === 14) return Math.imul(imm, 0x01010101);
  const exponent = (imm & 0x40) !== 0 ? 0x1f << 25 : 1 << 30;
  return ((imm & 0x80) << 24) | exponent | ((imm & 0x3f) << 19);
}

/** Element size that the immediate is written for. */
function sizeOf(cmode: number): number {
  if (cmode < 8 || cmode === 12 || cmode === 13 || cmode === 15) return 2;
  return cmode === 14 ? 0 : 1;
}

/** A row for each of some values of cmode; `op` is bit 5. With `inverted`, the number's bits are. */
function immediates(
  mnemonic: string,
  op: string,
  cmodes: readonly number[],
  operation: number,
  inverted = false,
): Row[] {
  return cmodes.flatMap((cmode) => {
    const bits = cmode.toString(2).padStart(4, '0');
    const rest = `1 d:1 000 imm3:3 vd:4 ${bits} 0 q:1 ${op} 1 imm4:4`;
    const written = (raw: RawFields): number => expanded(cmode, raw) | 0;
    return dataRows(mnemonic, 'i:1', rest, `${cmode === 15 ? '.f32' : '.i{bits}'} {xd}, #{written}`, {
      call: null,
      kinds: ['v', '-', '-'],
      size: sizeOf(cmode),
      flags: operation << WORD.N,
      derive: { immediate: (raw) => (inverted ? ~written(raw) : written(raw)), written },
    });
  });
}

export const SIMD_SHIFT_ROWS: readonly Row[] = [
  ...same('vshr', 'u:1', '0000', '.{su}{bits}', 'simdShr', right),
  ...same('vsra', 'u:1', '0001', '.{su}{bits}', 'simdSra', right),
  ...same('vrshr', 'u:1', '0010', '.{su}{bits}', 'simdRshr', right),
  ...same('vrsra', 'u:1', '0011', '.{su}{bits}', 'simdRsra', right),
  ...same('vsri', '1', '0100', '.{bits}', 'simdSri', right),
  ...same('vshl', '0', '0101', '.i{bits}', 'simdShl', left),
  ...same('vsli', '1', '0101', '.{bits}', 'simdSli', left),
  ...same('vqshlu', '1', '0110', '.s{bits}', 'simdQshlu', left),
  ...same('vqshl', 'u:1', '0111', '.{su}{bits}', 'simdQshl', left),
  ...narrow('vshrn', '0', '1000', '0', '.i{bits2}', 'simdShrn'),
  ...narrow('vrshrn', '0', '1000', '1', '.i{bits2}', 'simdRshrn'),
  ...narrow('vqshrun', '1', '1000', '0', '.s{bits2}', 'simdQshrun'),
  ...narrow('vqrshrun', '1', '1000', '1', '.s{bits2}', 'simdQrshrun'),
  ...narrow('vqshrn', 'u:1', '1001', '0', '.{su}{bits2}', 'simdQshrn'),
  ...narrow('vqrshrn', 'u:1', '1001', '1', '.{su}{bits2}', 'simdQrshrn'),
  // By 0 it is VMOVL.
  ...shiftRows({
    mnemonic: 'vshll',
    u: 'u:1',
    a: '1010',
    q: '0',
    type: '.{su}{bits}',
    kinds: LONG,
    call: 'simdShll',
    sizes: TO_32,
    amount: left,
  }),
  ...fixed('1110', '.f32.{su}32', 'simdFromFixed'),
  ...fixed('1111', '.{su}32.f32', 'simdToFixed'),

  ...immediates('vmov', '0', [0, 2, 4, 6, 8, 10, 12, 13, 14, 15], IMMEDIATE.MOV),
  ...immediates('vorr', '0', [1, 3, 5, 7, 9, 11], IMMEDIATE.ORR),
  ...immediates('vmvn', '1', [0, 2, 4, 6, 8, 10, 12, 13], IMMEDIATE.MOV, true),
  ...immediates('vbic', '1', [1, 3, 5, 7, 9, 11], IMMEDIATE.BIC),
  ...dataRows('vmov', 'i:1', '1 d:1 000 imm3:3 vd:4 1110 0 q:1 1 1 imm4:4', '.i64 {xd}, #{written}', {
    call: null,
    kinds: ['v', '-', '-'],
    size: 0,
    flags: IMMEDIATE.BYTES << WORD.N,
    derive: { immediate: byte, written: byte },
  }),
];
