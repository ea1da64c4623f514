// table: T32 system instructions (ARM DDI 0406C: A6.2.5, A6.3.4, A6.3.6, A6.3.18, B9.3).
import type { Row } from '../../../cpu/isa/insn.ts';
import { coprocessorRows } from '../cp15/rows.ts';
import * as psr from '../psr.ts';
import { t32 } from './row.ts';

const BLOCKS = [
  ['db', '00', 1, 0],
  ['ia', '11', 0, 1],
] as const;

const rfeAndSrs: Row[] = BLOCKS.flatMap(([name, bits, p, u]) => [
  t32(
    `rfe${name}`,
    `1110100 ${bits} 0 w:1 1 rn:4 1100000000000000` as '1110100 00 0 w:1 1 rn:4 1100000000000000',
    '{rn}{wb}',
    (e, { rn, w }) => psr.rfe(e, rn, psr.blockOf(p, u), w),
  ),
  t32(
    `srs${name}`,
    `1110100 ${bits} 0 w:1 0 110111000000000 mode:5` as '1110100 00 0 w:1 0 110111000000000 mode:5',
    'sp{wb}, #{mode}',
    (e, { mode, w }) => psr.srs(e, mode, psr.blockOf(p, u), w),
  ),
]);

const CHANGE = { derive: { change: psr.cpsChange } };

export const SYSTEM_T32_ROWS: readonly Row[] = [
  t32('mrs', '1111001111101111 1000 rd:4 00000000', '{rd}, apsr', (e, { rd }) => psr.mrsCpsr(e, rd)),
  t32('mrs', '1111001111111111 1000 rd:4 00000000', '{rd}, spsr', (e, { rd }) => psr.mrsSpsr(e, rd)),
  t32('msr', '111100111000 rn:4 1000 mask:4 00000000', 'cpsr_{mask}, {rn}', (e, { rn, mask }) =>
    psr.msrCpsr(e, e.reg(rn), mask),
  ),
  t32('msr', '111100111000 rn:4 1000 0001 00000000', 'cpsr_c, {rn}', (e, { rn }) => psr.msrControl(e, e.reg(rn))),
  t32(
    'msr',
    '111100111001 rn:4 1000 mask:4 00000000',
    'spsr_{mask}, {rn}',
    (e, { rn, bytes }) => psr.msrSpsr(e, e.reg(rn), bytes),
    { derive: { bytes: psr.spsrBytes } },
  ),
  t32(
    'mrs',
    '11110011111 r:1 sysm:4 1000 rd:4 001 sysm4:1 0000',
    '{rd}, #{banked}',
    (e, { rd, banked }) => psr.mrsBanked(e, rd, banked),
    { derive: { banked: psr.bankedRegister } },
  ),
  t32(
    'msr',
    '11110011100 r:1 rn:4 1000 sysm:4 001 sysm4:1 0000',
    '#{banked}, {rn}',
    (e, { rn, banked }) => psr.msrBanked(e, e.reg(rn), banked),
    { derive: { banked: psr.bankedRegister } },
  ),
  t32(
    'cps.w',
    '1111001110101111 10000 imod:2 m:1 a:1 i:1 f:1 mode:5',
    '#{mode}',
    (e, { change }) => psr.cps(e, change),
    CHANGE,
  ),
  t32('cpsie', '10110110011 0 0 a:1 i:1 f:1', '{change}', (e, { change }) => psr.cpsMasks(e, change, false), {
    derive: { change: (raw) => psr.cpsChange({ ...raw, imod: 2 }) },
  }),
  t32('cpsid', '10110110011 1 0 a:1 i:1 f:1', '{change}', (e, { change }) => psr.cpsMasks(e, change, true), {
    derive: { change: (raw) => psr.cpsChange({ ...raw, imod: 2 }) },
  }),
  t32('setend', '101101100101 big:1 000', '{endianness}', (e, { big }) => psr.setend(e, big)),
  // SUBS PC, LR, #imm.
  t32('subs', '1111001111011110 10001111 imm:8', 'pc, lr, #{imm}', (e, { imm }) => psr.eret(e, e.imm(imm))),
  ...rfeAndSrs,
  t32('hvc', '111101111110 high:4 1000 low:12', '#{imm}', (e, { code }) => psr.hvc(e, code), {
    derive: { code: (raw) => psr.hvcCode(raw, 12), imm: ({ high = 0, low = 0 }) => (high << 12) | low },
  }),
  t32('smc', '111101111111 imm:4 1000000000000000', '#{imm}', (e) => psr.smc(e)),
  ...coprocessorRows(t32, '1110'),
];
