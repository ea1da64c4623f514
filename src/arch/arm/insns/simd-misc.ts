// table: Advanced SIMD, two registers miscellaneous, VEXT, VTBL, VTBX and VDUP (ARM DDI 0406C: A7.4.5, A7.4).
import type { RawFields, Row } from '../../../cpu/isa/insn.ts';
import { WORD } from '../simd/word.ts';
import { type DataProcessing, dataRows } from './simd-row.ts';

type Kinds = DataProcessing['kinds'];
const SAME: Kinds = ['v', '-', 'v'];
const NARROW: Kinds = ['d', '-', 'q'];
const LONG: Kinds = ['q', '-', 'd'];

const TO_32 = [0, 1, 2];

/** Bits 17:16 and 10:7. */
function misc(
  mnemonic: string,
  [a, b]: readonly [string, string],
  type: string,
  what: Partial<DataProcessing> & Pick<DataProcessing, 'call'>,
  q = 'q:1',
  more = '',
): Row[] {
  const rest = `1 d:1 11 size:2 ${a} vd:4 0 ${b} ${q} m:1 0 vm:4`;
  return dataRows(mnemonic, '1', rest, `${type} {xd}, {xm}${more}`, { kinds: SAME, ...what });
}

/** VREV: the bytes of a container less those of an element, for the function. */
function reversal(mnemonic: string, b: string, container: number): Row[] {
  const sizes = TO_32.filter((size) => 1 << size < container);
  const more = ({ size }: RawFields): number => ((container - (1 << size!)) & 7) << WORD.N;
  // The function has one form for all sizes.
  return misc(mnemonic, ['00', b], '.{bits}', { call: 'simdRev', sizes, more });
}

/** Integers, and single precision with bit 10. */
const both = (mnemonic: string, b: string, call: string, more = '', type = '.s{bits}'): Row[] => [
  ...misc(mnemonic, ['01', `0${b}`], type, { call, sizes: TO_32 }, 'q:1', more),
  ...misc(mnemonic, ['01', `1${b}`], '.f32', { call: `${call}Float`, sizes: [2] }, 'q:1', more),
];

/** With two elements in a register it would be VTRN. */
const notPairs = ({ q, size }: RawFields): boolean => size === 3 || (size === 2 && q === 0);

export const SIMD_MISC_ROWS: readonly Row[] = [
  ...reversal('vrev64', '0000', 8),
  ...reversal('vrev32', '0001', 4),
  ...reversal('vrev16', '0010', 2),
  ...misc('vpaddl', ['00', '010 u:1'], '.{su}{bits}', { call: 'simdPaddl', sizes: TO_32 }),
  ...misc('vcls', ['00', '1000'], '.s{bits}', { call: 'simdCls', sizes: TO_32 }),
  ...misc('vclz', ['00', '1001'], '.i{bits}', { call: 'simdClz', sizes: TO_32, flags: WORD.UNSIGNED }),
  ...misc('vcnt', ['00', '1010'], '.8', { call: 'simdCnt', sizes: [0] }),
  ...misc('vmvn', ['00', '1011'], '', { call: 'simdMvn', sizes: [0] }),
  ...misc('vpadal', ['00', '110 u:1'], '.{su}{bits}', { call: 'simdPadal', sizes: TO_32 }),
  ...misc('vqabs', ['00', '1110'], '.s{bits}', { call: 'simdQabs', sizes: TO_32 }),
  ...misc('vqneg', ['00', '1111'], '.s{bits}', { call: 'simdQneg', sizes: TO_32 }),

  ...both('vcgt', '000', 'simdCgtZero', ', #0'),
  ...both('vcge', '001', 'simdCgeZero', ', #0'),
  ...both('vceq', '010', 'simdCeqZero', ', #0', '.i{bits}'),
  ...both('vcle', '011', 'simdCleZero', ', #0'),
  ...both('vclt', '100', 'simdCltZero', ', #0'),
  ...both('vabs', '110', 'simdAbs'),
  ...both('vneg', '111', 'simdNeg'),

  ...misc('vswp', ['10', '0000'], '', { call: 'simdSwp', sizes: [0] }),
  ...misc('vtrn', ['10', '0001'], '.{bits}', { call: 'simdTrn', sizes: TO_32 }),
  ...misc('vuzp', ['10', '0010'], '.{bits}', { call: 'simdUzp', undefinedIf: notPairs }),
  ...misc('vzip', ['10', '0011'], '.{bits}', { call: 'simdZip', undefinedIf: notPairs }),
  ...misc('vmovn', ['10', '0100'], '.i{bits2}', { call: 'simdMovn', kinds: NARROW, sizes: TO_32 }, '0'),
  ...misc('vqmovun', ['10', '0100'], '.s{bits2}', { call: 'simdQmovun', kinds: NARROW, sizes: TO_32 }, '1'),
  ...misc('vqmovn', ['10', '0101'], '.{su}{bits2}', { call: 'simdQmovn', kinds: NARROW, sizes: TO_32 }, 'u:1'),
  ...dataRows('vshll', '1', '1 d:1 11 size:2 10 vd:4 0 0110 0 m:1 0 vm:4', '.i{bits} {xd}, {xm}, #{bits}', {
    call: 'simdShll',
    kinds: LONG,
    sizes: TO_32,
    more: ({ size }) => (8 << size!) << WORD.N,
  }),
  ...misc('vcvt', ['10', '1100'], '.f16.f32', { call: 'simdToHalf', kinds: NARROW, sizes: [1] }, '0'),
  ...misc('vcvt', ['10', '1110'], '.f32.f16', { call: 'simdFromHalf', kinds: LONG, sizes: [1] }, '0'),

  ...misc('vrecpe', ['11', '1000'], '.u32', { call: 'simdRecpe', sizes: [2] }),
  ...misc('vrsqrte', ['11', '1001'], '.u32', { call: 'simdRsqrte', sizes: [2] }),
  ...misc('vrecpe', ['11', '1010'], '.f32', { call: 'simdRecpeFloat', sizes: [2] }),
  ...misc('vrsqrte', ['11', '1011'], '.f32', { call: 'simdRsqrteFloat', sizes: [2] }),
  ...misc('vcvt', ['11', '110 u:1'], '.f32.{su}32', { call: 'simdFromFixed', sizes: [2] }),
  ...misc('vcvt', ['11', '111 u:1'], '.{su}32.f32', { call: 'simdToFixed', sizes: [2] }),

  ...dataRows('vext', '0', '1 d:1 11 vn:4 vd:4 imm:4 n:1 q:1 m:1 0 vm:4', '.8 {xd}, {xn}, {xm}, #{imm}', {
    call: 'simdExt',
    kinds: ['v', 'v', 'v'],
    more: ({ imm }) => imm! << WORD.SIZE,
    undefinedIf: ({ q, imm }) => q === 0 && imm! > 7,
  }),
  // A table that would not end at D31 is UNPREDICTABLE.
  ...['0', '1'].flatMap((op) =>
    dataRows(
      op === '0' ? 'vtbl' : 'vtbx',
      '1',
      `1 d:1 11 vn:4 vd:4 10 len:2 n:1 ${op} m:1 0 vm:4`,
      '.8 {xd}, {table}, {xm}',
      {
        call: 'simdTbl',
        kinds: ['d', 'd', 'd'],
        flags: op === '0' ? 0 : WORD.UNSIGNED,
        more: ({ len }) => len! << WORD.SIZE,
        undefinedIf: ({ n, vn, len }) => ((n! << 4) | vn!) + len! > 31,
      },
    ),
  ),
  ...(['index:3 1', 'index:2 10', 'index:1 100'] as const).flatMap((imm, size) =>
    dataRows('vdup', '1', `1 d:1 11 ${imm} vd:4 1100 0 q:1 m:1 0 vm:4`, '.{bits} {xd}, {xm}', {
      call: 'simdDup',
      kinds: ['v', '-', '-'],
      size,
      scalar: ({ m, vm, index }) => [(m! << 4) | vm!, index!],
    }),
  ),
];
