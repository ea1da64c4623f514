// table: media instructions of A32, and CLZ and saturating addition (ARM DDI 0406C: A5.2.6, A5.2.12, A5.4).
import type { RawFields, Row } from '../../../cpu/isa/insn.ts';
import { PARALLEL_KINDS, PARALLEL_OPERATIONS, setsGe } from '../semantics/functions.ts';
import {
  addExtended,
  bitField,
  type Extension,
  extended,
  extractBits,
  insertBits,
  packBottomTop,
  packTopBottom,
  parallelSum,
  rearranged,
  saturate,
  saturateHalves,
  saturatingSum,
  saturation,
  selectBytes,
  sumOfDifferences,
  type Unary,
} from '../semantics/media.ts';
import { a32WithoutPc as a32 } from './variants.ts';

const THREE = '{rd}, {rn}, {rm}';
const EXTRACTED = {
  derive: { field: ({ lsb, widthm1 }: RawFields) => bitField(lsb!, widthm1! + 1), width },
  short: ['field'],
} as const;
const INSERTED = {
  derive: { field: ({ lsb, msb }: RawFields) => bitField(lsb!, msb! - lsb! + 1), width: inserted },
  short: ['field'],
} as const;
const ROTATION = { rotation: ({ rot }: RawFields) => rot! * 8 };

function width({ widthm1 }: RawFields): number {
  return widthm1! + 1;
}
function inserted({ lsb, msb }: RawFields): number {
  return msb! - lsb! + 1;
}

const saturates = (signed: boolean) => ({
  short: ['how'] as const,
  derive: {
    how: ({ sat, sh, imm5 }: RawFields) => saturation(sat!, sh!, imm5!),
    bits: ({ sat }: RawFields) => sat! + (signed ? 1 : 0),
    type: ({ sh }: RawFields) => sh! * 2,
  },
});
const saturatesHalves = (signed: boolean) => ({
  derive: { bits: ({ sat }: RawFields) => sat! + (signed ? 1 : 0) },
});

const SATURATING = [
  { opcode: '00', name: 'qadd', difference: false, doubled: false },
  { opcode: '01', name: 'qsub', difference: true, doubled: false },
  { opcode: '10', name: 'qdadd', difference: false, doubled: true },
  { opcode: '11', name: 'qdsub', difference: true, doubled: true },
] as const;
const EXTENSIONS = [
  { opcode: '000', kind: 'sxtb16', name: 'sxtab16', hot: false },
  { opcode: '010', kind: 'sxtb', name: 'sxtab', hot: false },
  { opcode: '011', kind: 'sxth', name: 'sxtah', hot: false },
  { opcode: '100', kind: 'uxtb16', name: 'uxtab16', hot: false },
  { opcode: '110', kind: 'uxtb', name: 'uxtab', hot: true },
  { opcode: '111', kind: 'uxth', name: 'uxtah', hot: true },
] as const satisfies readonly { readonly kind: Extension; readonly [other: string]: string | boolean }[];
const UNARY = [
  { opcode: '011', low: '0011', kind: 'rev' },
  { opcode: '011', low: '1011', kind: 'rev16' },
  { opcode: '111', low: '0011', kind: 'rbit' },
  { opcode: '111', low: '1011', kind: 'revsh' },
] as const satisfies readonly { readonly kind: Unary; readonly [other: string]: string }[];
const KIND_BITS = { s: '001', q: '010', sh: '011', u: '101', uq: '110', uh: '111' } as const;
const OPERATION_BITS = { add16: '000', asx: '001', sax: '010', sub16: '011', add8: '100', sub8: '111' } as const;

export const MEDIA_A32_ROWS: readonly Row[] = [
  a32(
    'clz',
    'cond:4 0001 0110 1111 rd:4 1111 0001 rm:4',
    '{rd}, {rm}',
    (e, { rd, rm }) => e.setReg(rd, rearranged(e, 'clz', e.reg(rm))),
    {
      hot: true,
    },
  ),
  ...SATURATING.map(({ opcode, name, difference, doubled }) =>
    a32(name, `cond:4 0001 0${opcode}0 rn:4 rd:4 0000 0101 rm:4`, '{rd}, {rm}, {rn}', (e, f) =>
      saturatingSum(e, f, difference, doubled),
    ),
  ),
  ...UNARY.map(({ opcode, low, kind }) =>
    a32(kind, `cond:4 0110 1${opcode} 1111 rd:4 1111 ${low} rm:4`, '{rd}, {rm}', (e, { rd, rm }) =>
      e.setReg(rd, rearranged(e, kind, e.reg(rm))),
    ),
  ),
  ...EXTENSIONS.flatMap(({ opcode, kind, name, hot }) => [
    a32(
      name,
      `cond:4 0110 1${opcode} rn:4 rd:4 rot:2 00 0111 rm:4`,
      `${THREE}<, ror #{rotation}>`,
      (e, { rd, rn, rm, rotation }) => addExtended(e, kind, rd, rn, extended(e, kind, rm, rotation)),
      { derive: ROTATION, short: ['rotation'] },
    ),
    a32(
      kind,
      `cond:4 0110 1${opcode} 1111 rd:4 rot:2 00 0111 rm:4`,
      '{rd}, {rm}<, ror #{rotation}>',
      (e, { rd, rm, rotation }) => e.setReg(rd, extended(e, kind, rm, rotation)),
      { derive: ROTATION, short: ['rotation'] },
    ),
    ...(hot
      ? [
          a32(
            kind,
            `cond:4 0110 1${opcode} 1111 rd:4 00 00 0111 rm:4`,
            '{rd}, {rm}',
            (e, { rd, rm }) => e.setReg(rd, extended(e, kind, rm, 0)),
            { hot },
          ),
        ]
      : []),
  ]),
  ...PARALLEL_KINDS.flatMap((kind) =>
    PARALLEL_OPERATIONS.map((operation) =>
      a32(
        `${kind}${operation}`,
        `cond:4 0110 0${KIND_BITS[kind]} rn:4 rd:4 1111 ${OPERATION_BITS[operation]}1 rm:4`,
        THREE,
        (e, f) => parallelSum(e, `${kind}${operation}`, setsGe(kind), f),
      ),
    ),
  ),
  a32('sel', 'cond:4 0110 1000 rn:4 rd:4 1111 1011 rm:4', THREE, (e, { rd, rn, rm }) => selectBytes(e, rd, rn, rm)),
  a32('pkhbt', 'cond:4 0110 1000 rn:4 rd:4 imm5:5 001 rm:4', `${THREE}<, lsl #{imm5}>`, (e, { rd, rn, rm, imm5 }) =>
    packBottomTop(e, rd, rn, rm, imm5),
  ),
  a32(
    'pkhtb',
    'cond:4 0110 1000 rn:4 rd:4 imm5:5 101 rm:4',
    `${THREE}, asr #{amount}`,
    (e, { rd, rn, rm, by }) => packTopBottom(e, rd, rn, rm, by),
    { short: ['by', 'amount'], derive: { by: ({ imm5 }) => imm5! || 31, amount: ({ imm5 }) => imm5! || 32 } },
  ),
  a32(
    'ssat',
    'cond:4 0110 101 sat:5 rd:4 imm5:5 sh:1 01 rn:4',
    '{rd}, #{bits}, {rn}{shift}',
    (e, { rd, rn, how }) => saturate(e, rd, rn, how, true),
    saturates(true),
  ),
  a32(
    'usat',
    'cond:4 0110 111 sat:5 rd:4 imm5:5 sh:1 01 rn:4',
    '{rd}, #{bits}, {rn}{shift}',
    (e, { rd, rn, how }) => saturate(e, rd, rn, how, false),
    saturates(false),
  ),
  a32(
    'ssat16',
    'cond:4 0110 1010 sat:4 rd:4 1111 0011 rn:4',
    '{rd}, #{bits}, {rn}',
    (e, { rd, rn, sat }) => saturateHalves(e, rd, rn, sat, true),
    saturatesHalves(true),
  ),
  a32(
    'usat16',
    'cond:4 0110 1110 sat:4 rd:4 1111 0011 rn:4',
    '{rd}, #{bits}, {rn}',
    (e, { rd, rn, sat }) => saturateHalves(e, rd, rn, sat, false),
    saturatesHalves(false),
  ),
  a32('usada8', 'cond:4 0111 1000 rd:4 ra:4 rm:4 0001 rn:4', `${THREE}, {ra}`, (e, { rd, rn, rm, ra }) =>
    sumOfDifferences(e, rd, rn, rm, ra),
  ),
  a32('usad8', 'cond:4 0111 1000 rd:4 1111 rm:4 0001 rn:4', THREE, (e, { rd, rn, rm }) =>
    sumOfDifferences(e, rd, rn, rm, null),
  ),
  a32(
    'sbfx',
    'cond:4 0111 101 widthm1:5 rd:4 lsb:5 101 rn:4',
    '{rd}, {rn}, #{lsb}, #{width}',
    (e, { rd, rn, field }) => extractBits(e, rd, rn, field, true),
    EXTRACTED,
  ),
  a32(
    'ubfx',
    'cond:4 0111 111 widthm1:5 rd:4 lsb:5 101 rn:4',
    '{rd}, {rn}, #{lsb}, #{width}',
    (e, { rd, rn, field }) => extractBits(e, rd, rn, field, false),
    { ...EXTRACTED, hot: true },
  ),
  a32(
    'bfi',
    'cond:4 0111 110 msb:5 rd:4 lsb:5 001 rn:4',
    '{rd}, {rn}, #{lsb}, #{width}',
    (e, { rd, rn, field }) => insertBits(e, rd, rn, field),
    INSERTED,
  ),
  a32(
    'bfc',
    'cond:4 0111 110 msb:5 rd:4 lsb:5 001 1111',
    '{rd}, #{lsb}, #{width}',
    (e, { rd, field }) => insertBits(e, rd, null, field),
    INSERTED,
  ),
];
