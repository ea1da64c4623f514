// table: MRC, MCR, MRRC and MCRR of coprocessors 14 and 15, whose encodings A32 and T32 share but for the condition (ARM DDI 0406C: A8.8.98 to
// A8.8.109). A row for all registers, and more specific ones for those that are read in another way, or often.
import type { Row } from '../../../cpu/isa/insn.ts';
import type { a32 } from '../insns/row.ts';
import { CP15 } from '../registers.ts';
import * as semantics from './instructions.ts';

/** `a32` or `t32`. */
type MakeRow = typeof a32;
/** Bits 31:28. */
type Head = 'cond:4' | '1110';

const COPROCESSORS = [
  [14, '1110'],
  [15, '1111'],
] as const;

/** CRm of the performance monitors. */
const MONITORS = [12, 13, 14];

export function coprocessorRows(row: MakeRow, head: Head): readonly Row[] {
  const { access32, access64 } = semantics;
  const mrc = (text: string): 'cond:4 1110 opc1:3 1 crn:4 rt:4 1111 opc2:3 1 crm:4' =>
    `${head} 1110 ${text}` as 'cond:4 1110 opc1:3 1 crn:4 rt:4 1111 opc2:3 1 crm:4';
  const mrrc = (text: string): 'cond:4 1100 0101 rt2:4 rt:4 1111 opc1:4 crm:4' =>
    `${head} 1100 ${text}` as 'cond:4 1100 0101 rt2:4 rt:4 1111 opc1:4 crm:4';

  const all = COPROCESSORS.flatMap(([number, bits]) => {
    const syntax = `p${number}, #{opc1}, {rt}, c{crn}, c{crm}, #{opc2}`;
    const syntax64 = `p${number}, #{opc1}, {rt}, {rt2}, c{crm}`;
    return [
      row('mrc', mrc(`opc1:3 1 crn:4 rt:4 ${bits} opc2:3 1 crm:4`), syntax, semantics.mrc, {
        derive: access32(number, true),
      }),
      row('mcr', mrc(`opc1:3 0 crn:4 rt:4 ${bits} opc2:3 1 crm:4`), syntax, semantics.mcr, {
        derive: access32(number, false),
      }),
      row('mrrc', mrrc(`0101 rt2:4 rt:4 ${bits} opc1:4 crm:4`), syntax64, semantics.mrrc, {
        derive: access64(number, true),
      }),
      row('mcrr', mrrc(`0100 rt2:4 rt:4 ${bits} opc1:4 crm:4`), syntax64, semantics.mcrr, {
        derive: access64(number, false),
      }),
    ];
  });

  const monitors = MONITORS.flatMap((crm) => {
    const syntax = `p15, #0, {rt}, c9, c${crm}, #{opc2}`;
    const fixed = { crn: 9, crm };
    return [
      row('mrc', mrc(`000 1 1001 rt:4 1111 opc2:3 1 ${crm.toString(2)}`), syntax, semantics.mrcMonitor, {
        derive: access32(15, true, fixed),
      }),
      row('mcr', mrc(`000 0 1001 rt:4 1111 opc2:3 1 ${crm.toString(2)}`), syntax, semantics.mcrMonitor, {
        derive: access32(15, false, fixed),
      }),
    ];
  });

  const timer = 'p15, #{opc1}, {rt}, c14, c{crm}, #{opc2}';
  const thread = (opc2: number): string => `p15, #0, {rt}, c13, c0, #${opc2}`;
  return [
    ...all,
    ...monitors,
    row('mrc', mrc('opc1:3 1 1110 rt:4 1111 opc2:3 1 crm:4'), timer, semantics.mrcTimer, {
      derive: access32(15, true, { crn: 14 }),
    }),
    row('mcr', mrc('opc1:3 0 1110 rt:4 1111 opc2:3 1 crm:4'), timer, semantics.mcrTimer, {
      derive: access32(15, false, { crn: 14 }),
    }),
    row(
      'mrc',
      mrc('000 1 1101 rt:4 1111 100 1 0000'),
      thread(4),
      (e, fields) => semantics.readThread(e, fields, CP15.TPIDRPRW, false),
      { derive: access32(15, true, { crn: 13, opc2: 4 }) },
    ),
    row(
      'mrc',
      mrc('000 1 1101 rt:4 1111 011 1 0000'),
      thread(3),
      (e, fields) => semantics.readThread(e, fields, CP15.TPIDRURO, true),
      { derive: access32(15, true, { crn: 13, opc2: 3 }) },
    ),
    row(
      'mrrc',
      mrrc('0101 rt2:4 rt:4 1111 0000 1110'),
      'p15, #0, {rt}, {rt2}, c14',
      (e, fields) => semantics.readPhysicalCount(e, fields),
      { derive: access64(15, true, { crm: 14 }) },
    ),
    row('mrrc', mrrc('0101 rt2:4 rt:4 1111 0001 1110'), 'p15, #1, {rt}, {rt2}, c14', semantics.readVirtualCount),
  ];
}
