// table: Advanced SIMD, three registers of different lengths, and two registers and a scalar (ARM DDI 0406C: A7.4.2, A7.4.3). Size 3 is other
// instructions there, so the others are in the patterns.
import type { RawFields, Row } from '../../../cpu/isa/insn.ts';
import { type DataProcessing, dataRows } from './simd-row.ts';

type Kinds = DataProcessing['kinds'];
const LONG: Kinds = ['q', 'd', 'd'];
const WIDE: Kinds = ['q', 'q', 'd'];
const HIGH: Kinds = ['d', 'q', 'q'];

const SIGNED = '.{su}{bits}';
/** Bits 21:20 by element size. */
const SIZE_BITS = ['00', '01', '10'];

function different(mnemonic: string, u: string, a: string, type: string, kinds: Kinds, call: string): Row[] {
  const rows = (size: string, known: number | undefined): Row[] => {
    const rest = `1 d:1 ${size} vn:4 vd:4 ${a} n:1 0 m:1 0 vm:4`;
    const what = { call, kinds, ...(known === undefined ? {} : { size: known }) };
    return dataRows(mnemonic, u, rest, `${type} {xd}, {xn}, {xm}`, what);
  };
  return [...rows('0 size:1', undefined), ...rows('10', 2)];
}

/** The narrowed result's type is half as wide as the one that is written. */
const high = (mnemonic: string, u: string, a: string, call: string): Row[] =>
  different(mnemonic, u, a, '.i{bits2}', HIGH, call);

/** In single sizes only. */
function longIn(sizes: readonly number[], mnemonic: string, a: string, type: string, call: string): Row[] {
  return sizes.flatMap((size) =>
    dataRows(mnemonic, '0', `1 d:1 ${SIZE_BITS[size]} vn:4 vd:4 ${a} n:1 0 m:1 0 vm:4`, `${type} {xd}, {xn}, {xm}`, {
      call,
      kinds: LONG,
      size,
    }),
  );
}

/** Register and index of a scalar of 16 or 32 bits. */
const halfwordScalar = ({ m, vm }: RawFields): [number, number] => [vm! & 7, (m! << 1) | (vm! >> 3)];
const wordScalar = ({ m, vm }: RawFields): [number, number] => [vm!, m!];

function scalar(
  mnemonic: string,
  u: string,
  a: string,
  type: string,
  kinds: Kinds,
  call: string,
  sizes: readonly (1 | 2)[] = [1, 2],
): Row[] {
  return sizes.flatMap((size) =>
    dataRows(mnemonic, u, `1 d:1 ${SIZE_BITS[size]} vn:4 vd:4 ${a} n:1 1 m:1 0 vm:4`, `${type} {xd}, {xn}, {xm}`, {
      call,
      kinds,
      size,
      scalar: size === 1 ? halfwordScalar : wordScalar,
    }),
  );
}

const SAME_SCALAR: Kinds = ['v', 'v', '-'];
const LONG_SCALAR: Kinds = ['q', 'd', '-'];

export const SIMD_LONG_ROWS: readonly Row[] = [
  ...different('vaddl', 'u:1', '0000', SIGNED, LONG, 'simdAddl'),
  ...different('vaddw', 'u:1', '0001', SIGNED, WIDE, 'simdAddw'),
  ...different('vsubl', 'u:1', '0010', SIGNED, LONG, 'simdSubl'),
  ...different('vsubw', 'u:1', '0011', SIGNED, WIDE, 'simdSubw'),
  ...high('vaddhn', '0', '0100', 'simdAddhn'),
  ...high('vraddhn', '1', '0100', 'simdRaddhn'),
  ...different('vabal', 'u:1', '0101', SIGNED, LONG, 'simdAbal'),
  ...high('vsubhn', '0', '0110', 'simdSubhn'),
  ...high('vrsubhn', '1', '0110', 'simdRsubhn'),
  ...different('vabdl', 'u:1', '0111', SIGNED, LONG, 'simdAbdl'),
  ...different('vmlal', 'u:1', '1000', SIGNED, LONG, 'simdMlal'),
  ...longIn([1, 2], 'vqdmlal', '1001', '.s{bits}', 'simdQdmlal'),
  ...different('vmlsl', 'u:1', '1010', SIGNED, LONG, 'simdMlsl'),
  ...longIn([1, 2], 'vqdmlsl', '1011', '.s{bits}', 'simdQdmlsl'),
  ...different('vmull', 'u:1', '1100', SIGNED, LONG, 'simdMull'),
  ...longIn([1, 2], 'vqdmull', '1101', '.s{bits}', 'simdQdmull'),
  ...longIn([0], 'vmull', '1110', '.p8', 'simdPmull'),

  ...scalar('vmla', 'q:1', '0000', '.i{bits}', SAME_SCALAR, 'simdMlaScalar'),
  ...scalar('vmla', 'q:1', '0001', '.f32', SAME_SCALAR, 'simdMlaFloatScalar', [2]),
  ...scalar('vmlal', 'u:1', '0010', SIGNED, LONG_SCALAR, 'simdMlalScalar'),
  ...scalar('vqdmlal', '0', '0011', '.s{bits}', LONG_SCALAR, 'simdQdmlalScalar'),
  ...scalar('vmls', 'q:1', '0100', '.i{bits}', SAME_SCALAR, 'simdMlsScalar'),
  ...scalar('vmls', 'q:1', '0101', '.f32', SAME_SCALAR, 'simdMlsFloatScalar', [2]),
  ...scalar('vmlsl', 'u:1', '0110', SIGNED, LONG_SCALAR, 'simdMlslScalar'),
  ...scalar('vqdmlsl', '0', '0111', '.s{bits}', LONG_SCALAR, 'simdQdmlslScalar'),
  ...scalar('vmul', 'q:1', '1000', '.i{bits}', SAME_SCALAR, 'simdMulScalar'),
  ...scalar('vmul', 'q:1', '1001', '.f32', SAME_SCALAR, 'simdMulFloatScalar', [2]),
  ...scalar('vmull', 'u:1', '1010', SIGNED, LONG_SCALAR, 'simdMullScalar'),
  ...scalar('vqdmull', '0', '1011', '.s{bits}', LONG_SCALAR, 'simdQdmullScalar'),
  ...scalar('vqdmulh', 'q:1', '1100', '.s{bits}', SAME_SCALAR, 'simdQdmulhScalar'),
  ...scalar('vqrdmulh', 'q:1', '1101', '.s{bits}', SAME_SCALAR, 'simdQrdmulhScalar'),
];
