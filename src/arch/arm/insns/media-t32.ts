// table: media instructions, bit fields, saturation and packing of T32 (ARM DDI 0406C: A6.3.3, A6.3.11 to A6.3.15).
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
import { t32 } from './row.ts';

const THREE = '{rd}, {rn}, {rm}';
const imm5 = ({ imm3, imm2 }: RawFields): number => (imm3! << 2) | imm2!;
const width = ({ widthm1 }: RawFields): number => widthm1! + 1;
const inserted = (raw: RawFields): number => raw.msb! - imm5(raw) + 1;
const EXTRACTED = { field: (raw: RawFields) => bitField(imm5(raw), width(raw)), lsb: imm5, width };
const INSERTED = { field: (raw: RawFields) => bitField(imm5(raw), inserted(raw)), lsb: imm5, width: inserted };
const ROTATION = { rotation: ({ rot }: RawFields) => rot! * 8 };

const saturates = (signed: boolean) => ({
  short: ['how'] as const,
  derive: {
    how: (raw: RawFields) => saturation(raw.sat!, raw.sh!, imm5(raw)),
    bits: ({ sat }: RawFields) => sat! + (signed ? 1 : 0),
    type: ({ sh }: RawFields) => sh! * 2,
    amount: imm5,
  },
});
const saturatesHalves = (signed: boolean) => ({
  derive: { bits: ({ sat }: RawFields) => sat! + (signed ? 1 : 0) },
});

const SATURATING = [
  { opcode: '00', name: 'qadd', difference: false, doubled: false },
  { opcode: '01', name: 'qdadd', difference: false, doubled: true },
  { opcode: '10', name: 'qsub', difference: true, doubled: false },
  { opcode: '11', name: 'qdsub', difference: true, doubled: true },
] as const;
const EXTENSIONS = [
  { opcode: '000', kind: 'sxth', name: 'sxtah', hot: false },
  { opcode: '001', kind: 'uxth', name: 'uxtah', hot: true },
  { opcode: '010', kind: 'sxtb16', name: 'sxtab16', hot: false },
  { opcode: '011', kind: 'uxtb16', name: 'uxtab16', hot: false },
  { opcode: '100', kind: 'sxtb', name: 'sxtab', hot: false },
  { opcode: '101', kind: 'uxtb', name: 'uxtab', hot: true },
] as const satisfies readonly { readonly kind: Extension; readonly [other: string]: string | boolean }[];
const UNARY = [
  { opcode: '01', low: '00', kind: 'rev' },
  { opcode: '01', low: '01', kind: 'rev16' },
  { opcode: '01', low: '10', kind: 'rbit' },
  { opcode: '01', low: '11', kind: 'revsh' },
  { opcode: '11', low: '00', kind: 'clz' },
] as const satisfies readonly { readonly kind: Unary; readonly [other: string]: string }[];
const KIND_BITS = { s: '000', q: '001', sh: '010', u: '100', uq: '101', uh: '110' } as const;
const OPERATION_BITS = { add16: '001', asx: '010', sax: '110', sub16: '101', add8: '000', sub8: '100' } as const;

export const MEDIA_T32_ROWS: readonly Row[] = [
  ...SATURATING.map(({ opcode, name, difference, doubled }) =>
    t32(name, `1111 1010 1000 rn:4 1111 rd:4 10${opcode} rm:4`, '{rd}, {rm}, {rn}', (e, f) =>
      saturatingSum(e, f, difference, doubled),
    ),
  ),
  // The register stands twice; rm's place counts.
  ...UNARY.map(({ opcode, low, kind }) =>
    t32(
      kind,
      `1111 1010 10${opcode} .... 1111 rd:4 10${low} rm:4`,
      '{rd}, {rm}',
      (e, { rd, rm }) => e.setReg(rd, rearranged(e, kind, e.reg(rm))),
      { hot: kind === 'clz' },
    ),
  ),
  ...EXTENSIONS.flatMap(({ opcode, kind, name, hot }) => [
    t32(
      name,
      `1111 1010 0${opcode} rn:4 1111 rd:4 10 rot:2 rm:4`,
      `${THREE}<, ror #{rotation}>`,
      (e, { rd, rn, rm, rotation }) => addExtended(e, kind, rd, rn, extended(e, kind, rm, rotation)),
      { derive: ROTATION, short: ['rotation'] },
    ),
    t32(
      kind,
      `1111 1010 0${opcode} 1111 1111 rd:4 10 rot:2 rm:4`,
      '{rd}, {rm}<, ror #{rotation}>',
      (e, { rd, rm, rotation }) => e.setReg(rd, extended(e, kind, rm, rotation)),
      { derive: ROTATION, short: ['rotation'], hot },
    ),
  ]),
  ...PARALLEL_KINDS.flatMap((kind) =>
    PARALLEL_OPERATIONS.map((operation) =>
      t32(
        `${kind}${operation}`,
        `1111 1010 1${OPERATION_BITS[operation]} rn:4 1111 rd:4 0${KIND_BITS[kind]} rm:4`,
        THREE,
        (e, f) => parallelSum(e, `${kind}${operation}`, setsGe(kind), f),
      ),
    ),
  ),
  t32('sel', '1111 1010 1010 rn:4 1111 rd:4 1000 rm:4', THREE, (e, { rd, rn, rm }) => selectBytes(e, rd, rn, rm)),
  t32(
    'pkhbt',
    '1110 1010 1100 rn:4 0 imm3:3 rd:4 imm2:2 00 rm:4',
    `${THREE}<, lsl #{amount}>`,
    (e, { rd, rn, rm, amount }) => packBottomTop(e, rd, rn, rm, amount),
    { short: ['amount'], derive: { amount: imm5 } },
  ),
  t32(
    'pkhtb',
    '1110 1010 1100 rn:4 0 imm3:3 rd:4 imm2:2 10 rm:4',
    `${THREE}, asr #{amount}`,
    (e, { rd, rn, rm, by }) => packTopBottom(e, rd, rn, rm, by),
    { short: ['by', 'amount'], derive: { by: (raw) => imm5(raw) || 31, amount: (raw) => imm5(raw) || 32 } },
  ),
  t32(
    'ssat',
    '11110 0 1100 sh:1 0 rn:4 0 imm3:3 rd:4 imm2:2 0 sat:5',
    '{rd}, #{bits}, {rn}{shift}',
    (e, { rd, rn, how }) => saturate(e, rd, rn, how, true),
    saturates(true),
  ),
  t32(
    'usat',
    '11110 0 1110 sh:1 0 rn:4 0 imm3:3 rd:4 imm2:2 0 sat:5',
    '{rd}, #{bits}, {rn}{shift}',
    (e, { rd, rn, how }) => saturate(e, rd, rn, how, false),
    saturates(false),
  ),
  t32(
    'ssat16',
    '11110 0 110010 rn:4 0 000 rd:4 00 0 sat:5',
    '{rd}, #{bits}, {rn}',
    (e, { rd, rn, sat }) => saturateHalves(e, rd, rn, sat, true),
    saturatesHalves(true),
  ),
  t32(
    'usat16',
    '11110 0 111010 rn:4 0 000 rd:4 00 0 sat:5',
    '{rd}, #{bits}, {rn}',
    (e, { rd, rn, sat }) => saturateHalves(e, rd, rn, sat, false),
    saturatesHalves(false),
  ),
  t32(
    'sbfx',
    '11110 0 110100 rn:4 0 imm3:3 rd:4 imm2:2 0 widthm1:5',
    '{rd}, {rn}, #{lsb}, #{width}',
    (e, { rd, rn, field }) => extractBits(e, rd, rn, field, true),
    { derive: EXTRACTED, short: ['field'] },
  ),
  t32(
    'ubfx',
    '11110 0 111100 rn:4 0 imm3:3 rd:4 imm2:2 0 widthm1:5',
    '{rd}, {rn}, #{lsb}, #{width}',
    (e, { rd, rn, field }) => extractBits(e, rd, rn, field, false),
    { derive: EXTRACTED, short: ['field'], hot: true },
  ),
  t32(
    'bfi',
    '11110 0 110110 rn:4 0 imm3:3 rd:4 imm2:2 0 msb:5',
    '{rd}, {rn}, #{lsb}, #{width}',
    (e, { rd, rn, field }) => insertBits(e, rd, rn, field),
    { derive: INSERTED, short: ['field'] },
  ),
  t32(
    'bfc',
    '11110 0 110110 1111 0 imm3:3 rd:4 imm2:2 0 msb:5',
    '{rd}, #{lsb}, #{width}',
    (e, { rd, field }) => insertBits(e, rd, null, field),
    { derive: INSERTED, short: ['field'] },
  ),
  t32('usada8', '1111 1011 0111 rn:4 ra:4 rd:4 0000 rm:4', `${THREE}, {ra}`, (e, { rd, rn, rm, ra }) =>
    sumOfDifferences(e, rd, rn, rm, ra),
  ),
  t32('usad8', '1111 1011 0111 rn:4 1111 rd:4 0000 rm:4', THREE, (e, { rd, rn, rm }) =>
    sumOfDifferences(e, rd, rn, rm, null),
  ),
];
