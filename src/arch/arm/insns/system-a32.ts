// table: A32 system instructions: program status registers, exception returns, calls of hypervisor and firmware, coprocessors 14 and 15 (ARM DDI
// 0406C: A5.2.12, A5.6, A5.7, B9.3).
import type { RawFields, Row } from '../../../cpu/isa/insn.ts';
import { coprocessorRows } from '../cp15/rows.ts';
import * as psr from '../psr.ts';
import { a32 } from './row.ts';

/** A modified immediate constant (A5.2.4). */
const expanded = ({ rotation = 0, imm8 = 0 }: RawFields): number => {
  const by = rotation * 2;
  return by === 0 ? imm8 : (imm8 >>> by) | (imm8 << (32 - by));
};

const BLOCKS = [
  ['da', 0, 0],
  ['ia', 0, 1],
  ['db', 1, 0],
  ['ib', 1, 1],
] as const;

const rfeAndSrs: Row[] = BLOCKS.flatMap(([name, p, u]) => [
  a32(
    `rfe${name}`,
    `1111100 ${p} ${u} 0 w:1 1 rn:4 0000101000000000` as '1111100 0 0 0 w:1 1 rn:4 0000101000000000',
    '{rn}{wb}',
    (e, { rn, w }) => psr.rfe(e, rn, psr.blockOf(p, u), w),
  ),
  a32(
    `srs${name}`,
    `1111100 ${p} ${u} 1 w:1 0 110100000101000 mode:5` as '1111100 0 0 1 w:1 0 110100000101000 mode:5',
    'sp{wb}, #{mode}',
    (e, { mode, w }) => psr.srs(e, mode, psr.blockOf(p, u), w),
  ),
]);

export const SYSTEM_A32_ROWS: readonly Row[] = [
  a32('mrs', 'cond:4 00010000 1111 rd:4 000000000000', '{rd}, apsr', (e, { rd }) => psr.mrsCpsr(e, rd)),
  a32('mrs', 'cond:4 00010100 1111 rd:4 000000000000', '{rd}, spsr', (e, { rd }) => psr.mrsSpsr(e, rd)),
  a32('msr', 'cond:4 00010010 mask:4 111100000000 rn:4', 'cpsr_{mask}, {rn}', (e, { rn, mask }) =>
    psr.msrCpsr(e, e.reg(rn), mask),
  ),
  a32('msr', 'cond:4 00010010 0001 111100000000 rn:4', 'cpsr_c, {rn}', (e, { rn }) => psr.msrControl(e, e.reg(rn))),
  a32(
    'msr',
    'cond:4 00010110 mask:4 111100000000 rn:4',
    'spsr_{mask}, {rn}',
    (e, { rn, bytes }) => psr.msrSpsr(e, e.reg(rn), bytes),
    {
      derive: { bytes: psr.spsrBytes },
    },
  ),
  a32(
    'msr',
    'cond:4 00110010 mask:4 1111 rotation:4 imm8:8',
    'cpsr_{mask}, #{imm}',
    (e, { imm, mask }) => psr.msrCpsr(e, e.imm(imm), mask),
    {
      derive: { imm: expanded },
    },
  ),
  a32(
    'msr',
    'cond:4 00110110 mask:4 1111 rotation:4 imm8:8',
    'spsr_{mask}, #{imm}',
    (e, { imm, bytes }) => psr.msrSpsr(e, e.imm(imm), bytes),
    {
      derive: { imm: expanded, bytes: psr.spsrBytes },
    },
  ),
  a32(
    'mrs',
    'cond:4 00010 r:1 00 sysm:4 rd:4 001 sysm4:1 00000000',
    '{rd}, #{banked}',
    (e, { rd, banked }) => psr.mrsBanked(e, rd, banked),
    {
      derive: { banked: psr.bankedRegister },
    },
  ),
  a32(
    'msr',
    'cond:4 00010 r:1 10 sysm:4 1111001 sysm4:1 0000 rn:4',
    '#{banked}, {rn}',
    (e, { rn, banked }) => psr.msrBanked(e, e.reg(rn), banked),
    {
      derive: { banked: psr.bankedRegister },
    },
  ),
  a32(
    'cps',
    '111100010000 imod:2 m:1 00000000 a:1 i:1 f:1 0 mode:5',
    '#{mode}',
    (e, { change }) => psr.cps(e, change),
    {
      derive: { change: psr.cpsChange },
    },
  ),
  a32(
    'cpsie',
    '111100010000 10 0 00000000 a:1 i:1 f:1 0 00000',
    '{change}',
    (e, { change }) => psr.cpsMasks(e, change, false),
    {
      derive: { change: (raw) => psr.cpsChange({ ...raw, imod: 2 }) },
    },
  ),
  a32(
    'cpsid',
    '111100010000 11 0 00000000 a:1 i:1 f:1 0 00000',
    '{change}',
    (e, { change }) => psr.cpsMasks(e, change, true),
    {
      derive: { change: (raw) => psr.cpsChange({ ...raw, imod: 2 }) },
    },
  ),
  a32('setend', '1111000100000001000000 big:1 000000000', '{endianness}', (e, { big }) => psr.setend(e, big), {
    derive: { endianness: ({ big = 0 }) => big },
  }),
  a32('eret', 'cond:4 0001011000000000000001101110', '', (e) => psr.eret(e, e.const(0))),
  ...rfeAndSrs,
  a32('hvc', 'cond:4 00010100 high:12 0111 low:4', '#{imm}', (e, { code }) => psr.hvc(e, code), {
    derive: { code: (raw) => psr.hvcCode(raw, 4), imm: ({ high = 0, low = 0 }) => (high << 4) | low },
  }),
  a32('smc', 'cond:4 000101100000000000000111 imm:4', '#{imm}', (e) => psr.smc(e)),

  ...coprocessorRows(a32, 'cond:4'),
];
