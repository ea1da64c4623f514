// table: multiplication and division of A32 (ARM DDI 0406C: A5.2.5, A5.2.7, A5.4.4).
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
import { a32WithoutPc as a32 } from './variants.ts';

const THREE = '{rd}, {rn}, {rm}';
const FOUR = '{rd}, {rn}, {rm}, {ra}';
const LONG = '{rdlo}, {rdhi}, {rn}, {rm}';
const FLAGS = [
  { s: '0', suffix: '', flags: false },
  { s: '1', suffix: 's', flags: true },
] as const;
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
  { opcode: '00', name: 'umull', signed: false, accumulate: false },
  { opcode: '01', name: 'umlal', signed: false, accumulate: true },
  { opcode: '10', name: 'smull', signed: true, accumulate: false },
  { opcode: '11', name: 'smlal', signed: true, accumulate: true },
] as const;
const DUALS = [
  { opcode: '00', add: 'smlad', alone: 'smuad', long: 'smlald', difference: false },
  { opcode: '01', add: 'smlsd', alone: 'smusd', long: 'smlsld', difference: true },
] as const;

export const MULTIPLY_A32_ROWS: readonly Row[] = [
  ...FLAGS.flatMap(({ s, suffix, flags }) => [
    a32(
      `mul${suffix}`,
      `cond:4 0000 000${s} rd:4 0000 rm:4 1001 rn:4`,
      THREE,
      (e, f) => multiply(e, { ...f, ra: null }, flags),
      { hot: !flags },
    ),
    a32(`mla${suffix}`, `cond:4 0000 001${s} rd:4 ra:4 rm:4 1001 rn:4`, FOUR, (e, f) => multiply(e, f, flags), {
      hot: !flags,
    }),
    ...LONGS.map(({ opcode, name, signed, accumulate }) =>
      a32(
        `${name}${suffix}`,
        `cond:4 0000 1${opcode}${s} rdhi:4 rdlo:4 rm:4 1001 rn:4`,
        LONG,
        (e, f) => multiplyLong(e, f, signed, accumulate, flags),
        { hot: name === 'umull' && !flags },
      ),
    ),
  ]),
  a32('umaal', 'cond:4 0000 0100 rdhi:4 rdlo:4 rm:4 1001 rn:4', LONG, (e, f) => multiplyAccumulateTwice(e, f)),
  a32('mls', 'cond:4 0000 0110 rd:4 ra:4 rm:4 1001 rn:4', FOUR, (e, f) => multiplySubtract(e, f)),

  ...HALVES.flatMap((yName, y) => [
    ...HALVES.flatMap((xName, x) => [
      a32(`smla${xName}${yName}`, `cond:4 0001 0000 rd:4 ra:4 rm:4 1${y as 0 | 1}${x as 0 | 1}0 rn:4`, FOUR, (e, f) =>
        multiplyHalves(e, f, x, y),
      ),
      a32(`smul${xName}${yName}`, `cond:4 0001 0110 rd:4 0000 rm:4 1${y as 0 | 1}${x as 0 | 1}0 rn:4`, THREE, (e, f) =>
        multiplyHalves(e, { ...f, ra: null }, x, y),
      ),
      a32(
        `smlal${xName}${yName}`,
        `cond:4 0001 0100 rdhi:4 rdlo:4 rm:4 1${y as 0 | 1}${x as 0 | 1}0 rn:4`,
        LONG,
        (e, f) => multiplyHalvesLong(e, f, x, y),
      ),
    ]),
    a32(`smlaw${yName}`, `cond:4 0001 0010 rd:4 ra:4 rm:4 1${y as 0 | 1}00 rn:4`, FOUR, (e, f) =>
      multiplyByHalf(e, f, y),
    ),
    a32(`smulw${yName}`, `cond:4 0001 0010 rd:4 0000 rm:4 1${y as 0 | 1}10 rn:4`, THREE, (e, f) =>
      multiplyByHalf(e, { ...f, ra: null }, y),
    ),
  ]),

  ...CROSSED.flatMap(({ bit, suffix, crossed }) =>
    DUALS.flatMap(({ opcode, add, alone, long, difference }) => [
      a32(`${add}${suffix}`, `cond:4 0111 0000 rd:4 ra:4 rm:4 ${opcode}${bit}1 rn:4`, FOUR, (e, f) =>
        multiplyDual(e, f, difference, crossed),
      ),
      a32(`${alone}${suffix}`, `cond:4 0111 0000 rd:4 1111 rm:4 ${opcode}${bit}1 rn:4`, THREE, (e, f) =>
        multiplyDual(e, { ...f, ra: null }, difference, crossed),
      ),
      a32(`${long}${suffix}`, `cond:4 0111 0100 rdhi:4 rdlo:4 rm:4 ${opcode}${bit}1 rn:4`, LONG, (e, f) =>
        multiplyDualLong(e, f, difference, crossed),
      ),
    ]),
  ),
  ...ROUNDED.flatMap(({ bit, suffix, rounded }) => [
    a32(`smmla${suffix}`, `cond:4 0111 0101 rd:4 ra:4 rm:4 00${bit}1 rn:4`, FOUR, (e, f) =>
      multiplyHigh(e, f, false, rounded),
    ),
    a32(`smmul${suffix}`, `cond:4 0111 0101 rd:4 1111 rm:4 00${bit}1 rn:4`, THREE, (e, f) =>
      multiplyHigh(e, { ...f, ra: null }, false, rounded),
    ),
    a32(`smmls${suffix}`, `cond:4 0111 0101 rd:4 ra:4 rm:4 11${bit}1 rn:4`, FOUR, (e, f) =>
      multiplyHigh(e, f, true, rounded),
    ),
  ]),
  a32('sdiv', 'cond:4 0111 0001 rd:4 1111 rm:4 0001 rn:4', THREE, (e, { rd, rn, rm }) => divideSigned(e, rd, rn, rm)),
  a32('udiv', 'cond:4 0111 0011 rd:4 1111 rm:4 0001 rn:4', THREE, (e, { rd, rn, rm }) => divideUnsigned(e, rd, rn, rm)),
];
