// table: multiplication and division of T32 (ARM DDI 0406C: A6.3.16, A6.3.17).
import type { Row } from '../../../cpu/isa/insn.ts';
import {
  divideSigned,
  divideUnsigned,
  multiply,
  multiplyAccumulateTwice,
  multiplyByHalf,
  multiplyDual,
  multiplyDualLong,
  multiplyHalves,
  multiplyHalvesLong,
  multiplyHigh,
  multiplyLong,
  multiplySubtract,
} from '../semantics/multiply.ts';
import { t32 } from './row.ts';

const THREE = '{rd}, {rn}, {rm}';
const FOUR = '{rd}, {rn}, {rm}, {ra}';
const LONG = '{rdlo}, {rdhi}, {rn}, {rm}';
const HALVES = ['b', 't'] as const;
const CROSSED = [
  { bit: '0', suffix: '', crossed: false },
  { bit: '1', suffix: 'x', crossed: true },
] as const;
const ROUNDED = [
  { bit: '0', suffix: '', rounded: false },
  { bit: '1', suffix: 'r', rounded: true },
] as const;
const LONGS = [
  { opcode: '000', name: 'smull', signed: true, accumulate: false },
  { opcode: '010', name: 'umull', signed: false, accumulate: false },
  { opcode: '100', name: 'smlal', signed: true, accumulate: true },
  { opcode: '110', name: 'umlal', signed: false, accumulate: true },
] as const;
const DUALS = [
  { opcode: '0010', longOpcode: '1100', add: 'smlad', alone: 'smuad', long: 'smlald', difference: false },
  { opcode: '0100', longOpcode: '1101', add: 'smlsd', alone: 'smusd', long: 'smlsld', difference: true },
] as const;

export const MULTIPLY_T32_ROWS: readonly Row[] = [
  t32('mul', '1111 1011 0000 rn:4 1111 rd:4 0000 rm:4', THREE, (e, f) => multiply(e, { ...f, ra: null }, false), {
    hot: true,
  }),
  t32('mla', '1111 1011 0000 rn:4 ra:4 rd:4 0000 rm:4', FOUR, (e, f) => multiply(e, f, false), { hot: true }),
  t32('mls', '1111 1011 0000 rn:4 ra:4 rd:4 0001 rm:4', FOUR, (e, f) => multiplySubtract(e, f)),
  ...LONGS.map(({ opcode, name, signed, accumulate }) =>
    t32(
      name,
      `1111 1011 1${opcode} rn:4 rdlo:4 rdhi:4 0000 rm:4`,
      LONG,
      (e, f) => multiplyLong(e, f, signed, accumulate, false),
      { hot: name === 'umull' },
    ),
  ),
  t32('umaal', '1111 1011 1110 rn:4 rdlo:4 rdhi:4 0110 rm:4', LONG, (e, f) => multiplyAccumulateTwice(e, f)),
  t32('sdiv', '1111 1011 1001 rn:4 1111 rd:4 1111 rm:4', THREE, (e, { rd, rn, rm }) => divideSigned(e, rd, rn, rm)),
  t32('udiv', '1111 1011 1011 rn:4 1111 rd:4 1111 rm:4', THREE, (e, { rd, rn, rm }) => divideUnsigned(e, rd, rn, rm)),

  ...HALVES.flatMap((yName, y) => [
    ...HALVES.flatMap((xName, x) => [
      t32(`smla${xName}${yName}`, `1111 1011 0001 rn:4 ra:4 rd:4 00${x as 0 | 1}${y as 0 | 1} rm:4`, FOUR, (e, f) =>
        multiplyHalves(e, f, x, y),
      ),
      t32(`smul${xName}${yName}`, `1111 1011 0001 rn:4 1111 rd:4 00${x as 0 | 1}${y as 0 | 1} rm:4`, THREE, (e, f) =>
        multiplyHalves(e, { ...f, ra: null }, x, y),
      ),
      t32(
        `smlal${xName}${yName}`,
        `1111 1011 1100 rn:4 rdlo:4 rdhi:4 10${x as 0 | 1}${y as 0 | 1} rm:4`,
        LONG,
        (e, f) => multiplyHalvesLong(e, f, x, y),
      ),
    ]),
    t32(`smlaw${yName}`, `1111 1011 0011 rn:4 ra:4 rd:4 000${y as 0 | 1} rm:4`, FOUR, (e, f) =>
      multiplyByHalf(e, f, y),
    ),
    t32(`smulw${yName}`, `1111 1011 0011 rn:4 1111 rd:4 000${y as 0 | 1} rm:4`, THREE, (e, f) =>
      multiplyByHalf(e, { ...f, ra: null }, y),
    ),
  ]),

  ...CROSSED.flatMap(({ bit, suffix, crossed }) =>
    DUALS.flatMap(({ opcode, longOpcode, add, alone, long, difference }) => [
      t32(`${add}${suffix}`, `1111 1011 ${opcode} rn:4 ra:4 rd:4 000${bit} rm:4`, FOUR, (e, f) =>
        multiplyDual(e, f, difference, crossed),
      ),
      t32(`${alone}${suffix}`, `1111 1011 ${opcode} rn:4 1111 rd:4 000${bit} rm:4`, THREE, (e, f) =>
        multiplyDual(e, { ...f, ra: null }, difference, crossed),
      ),
      t32(`${long}${suffix}`, `1111 1011 ${longOpcode} rn:4 rdlo:4 rdhi:4 110${bit} rm:4`, LONG, (e, f) =>
        multiplyDualLong(e, f, difference, crossed),
      ),
    ]),
  ),
  ...ROUNDED.flatMap(({ bit, suffix, rounded }) => [
    t32(`smmla${suffix}`, `1111 1011 0101 rn:4 ra:4 rd:4 000${bit} rm:4`, FOUR, (e, f) =>
      multiplyHigh(e, f, false, rounded),
    ),
    t32(`smmul${suffix}`, `1111 1011 0101 rn:4 1111 rd:4 000${bit} rm:4`, THREE, (e, f) =>
      multiplyHigh(e, { ...f, ra: null }, false, rounded),
    ),
    t32(`smmls${suffix}`, `1111 1011 0110 rn:4 ra:4 rd:4 000${bit} rm:4`, FOUR, (e, f) =>
      multiplyHigh(e, f, true, rounded),
    ),
  ]),
];
