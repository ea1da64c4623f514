// table: moves between floating-point registers, general registers and immediates, VDUP from a general register, and the system registers (ARM DDI
// 0406C: A7.8, A7.9; VMOV, VDUP, VMRS, VMSR).
import type { I32, I64, Operand } from '../../../cpu/emit/values.ts';
import type { RawFields, Row } from '../../../cpu/isa/insn.ts';
import type { ArmEmitter } from '../emitter.ts';
import { FPEXC_EN, requireScalarVfp, requireSimd, requireVfp, requireVfpSystem } from '../fp/access.ts';
import { FPSCR } from '../fp/fpscr.ts';
import { CP15, HCR, TRAP } from '../registers.ts';
import { isPc } from './variants.ts';
import { DOUBLES, SINGLES, vfp } from './vfp-row.ts';

/** VFPExpandImm: the upper 32 bits of a number whose exponent field has so many bits. */
const expandImmediate =
  (exponentBits: 8 | 11) =>
  ({ high = 0, low = 0 }: RawFields): number => {
    const b = (high >>> 2) & 1;
    const ones = b === 1 ? ((1 << (exponentBits - 3)) - 1) << 2 : 0;
    const exponent = ((b ^ 1) << (exponentBits - 1)) | ones | (high & 3);
    return ((high >>> 3) << 31) | (exponent << (31 - exponentBits)) | (low << (27 - exponentBits));
  };

/** That number. */
const immediate = ({ high = 0, low = 0 }: RawFields): number => {
  const exponent = (high & 3) - ((high & 4) === 0 ? -1 : 3);
  return (high < 8 ? 1 : -1) * 2 ** exponent * (1 + low / 16);
};

const IMMEDIATES: readonly Row[] = [
  ...vfp(
    'vmov.f32',
    '1110 1 d:1 11 high:4 vd:4 1010 0000 low:4',
    '{sd}, #{number}',
    (e, { sd, value }) => {
      requireScalarVfp(e);
      e.setS(sd, e.imm(value));
    },
    { derive: { sd: SINGLES.sd, value: expandImmediate(8), number: immediate } },
  ),
  ...vfp(
    'vmov.f64',
    '1110 1 d:1 11 high:4 vd:4 1011 0000 low:4',
    '{dd}, #{number}',
    (e, { dd, value }) => {
      requireScalarVfp(e);
      e.setD(dd, e.shl64(e.zext64(e.imm(value)), e.const64(32n)));
    },
    { derive: { dd: DOUBLES.dd, value: expandImmediate(11), number: immediate } },
  ),
];

/** R15 as a general register is UNPREDICTABLE; here it is undefined. */
const refuse = isPc('rt', 'rt2');
/** A general register that is not R15. */
const core = (e: ArmEmitter, register: Operand): I32 => e.regAt(e.imm(register));
const setCore = (e: ArmEmitter, register: Operand, value: I32): void => e.setRegAt(e.imm(register), value);

const nextSingle = ({ vm = 0, m = 0 }: RawFields): number => SINGLES.sm({ vm, m }) + 1;

const GENERAL: readonly Row[] = [
  ...vfp(
    'vmov',
    '1110 000 0 vn:4 rt:4 1010 n:1 00 1 0000',
    '{sn}, {rt}',
    (e, { sn, rt }) => {
      requireVfp(e);
      e.setS(sn, core(e, rt));
    },
    { derive: { sn: SINGLES.sn }, refuse },
  ),
  ...vfp(
    'vmov',
    '1110 000 1 vn:4 rt:4 1010 n:1 00 1 0000',
    '{rt}, {sn}',
    (e, { sn, rt }) => {
      requireVfp(e);
      setCore(e, rt, e.s(sn));
    },
    { derive: { sn: SINGLES.sn }, refuse },
  ),
  ...vfp(
    'vmov',
    '1100 010 0 rt2:4 rt:4 1010 00 m:1 1 vm:4',
    '{sm}, {sm2}, {rt}, {rt2}',
    (e, { sm, sm2, rt, rt2 }) => {
      requireVfp(e);
      e.setS(sm, core(e, rt));
      e.setS(sm2, core(e, rt2));
    },
    { derive: { sm: SINGLES.sm, sm2: nextSingle }, refuse },
  ),
  ...vfp(
    'vmov',
    '1100 010 1 rt2:4 rt:4 1010 00 m:1 1 vm:4',
    '{rt}, {rt2}, {sm}, {sm2}',
    (e, { sm, sm2, rt, rt2 }) => {
      requireVfp(e);
      setCore(e, rt, e.s(sm));
      setCore(e, rt2, e.s(sm2));
    },
    { derive: { sm: SINGLES.sm, sm2: nextSingle }, refuse },
  ),
  ...vfp(
    'vmov',
    '1100 010 0 rt2:4 rt:4 1011 00 m:1 1 vm:4',
    '{dm}, {rt}, {rt2}',
    (e, { dm, rt, rt2 }) => {
      requireVfp(e);
      e.setD(dm, pair(e, core(e, rt), core(e, rt2)));
    },
    { derive: { dm: DOUBLES.dm }, refuse },
  ),
  ...vfp(
    'vmov',
    '1100 010 1 rt2:4 rt:4 1011 00 m:1 1 vm:4',
    '{rt}, {rt2}, {dm}',
    (e, { dm, rt, rt2 }) => {
      requireVfp(e);
      setCore(e, rt, e.low(e.d(dm)));
      setCore(e, rt2, e.high(e.d(dm)));
    },
    { derive: { dm: DOUBLES.dm }, refuse },
  ),
];

function pair(e: ArmEmitter, low: I32, high: I32): I64 {
  return e.or64(e.zext64(low), e.shl64(e.zext64(high), e.const64(32n)));
}

/** An element of a double-precision register: its size, bits 22:21 and 6:5 of the encoding, and where its lowest bit is. */
interface Element {
  readonly size: 8 | 16 | 32;
  readonly pattern: readonly [string, string];
  readonly shift: (raw: RawFields) => number;
}
const ELEMENTS: readonly Element[] = [
  { size: 8, pattern: ['1 x:1', 'y:2'], shift: ({ x = 0, y = 0 }) => 8 * (4 * x + y) },
  { size: 16, pattern: ['0 x:1', 'y:1 1'], shift: ({ x = 0, y = 0 }) => 16 * (2 * x + y) },
  { size: 32, pattern: ['0 x:1', '00'], shift: ({ x = 0 }) => 32 * x },
];
const requireElement = (e: ArmEmitter, { size }: Element): void => (size === 32 ? requireVfp(e) : requireSimd(e));

const toElement = (element: Element): Row[] => {
  const { size, pattern, shift } = element;
  return vfp<string, 'dd' | 'shift' | 'index'>(
    `vmov.${size}`,
    `1110 0 ${pattern[0]} 0 vd:4 rt:4 1011 d:1 ${pattern[1]} 1 0000`,
    '{dd}[{index}], {rt}',
    (e, fields) => {
      const { dd, rt, shift: at } = fields as typeof fields & { readonly rt: Operand };
      requireElement(e, element);
      const mask = (1n << BigInt(size)) - 1n;
      const by = e.zext64(e.imm(at));
      const value = e.shl64(e.and64(e.zext64(core(e, rt)), e.const64(mask)), by);
      const others = e.xor64(e.shl64(e.const64(mask), by), e.const64(-1n));
      e.setD(dd, e.or64(e.and64(e.d(dd), others), value));
    },
    { derive: { dd: DOUBLES.dd, shift, index: (raw) => shift(raw) / size }, refuse },
  );
};

const fromElement = (element: Element, unsigned: '0' | '1'): Row[] => {
  const { size, pattern, shift } = element;
  const type = size === 32 ? '32' : `${unsigned === '1' ? 'u' : 's'}${size}`;
  return vfp<string, 'dn' | 'shift' | 'index'>(
    `vmov.${type}`,
    `1110 ${unsigned} ${pattern[0]} 1 vn:4 rt:4 1011 n:1 ${pattern[1]} 1 0000`,
    '{rt}, {dn}[{index}]',
    (e, fields) => {
      const { dn, rt, shift: at } = fields as typeof fields & { readonly rt: Operand };
      requireElement(e, element);
      const word = e.low(e.shrU64(e.d(dn), e.zext64(e.imm(at))));
      setCore(e, rt, extended(e, word, size, unsigned === '1'));
    },
    { derive: { dn: DOUBLES.dn, shift, index: (raw) => shift(raw) / size }, refuse },
  );
};

function extended(e: ArmEmitter, word: I32, size: 8 | 16 | 32, unsigned: boolean): I32 {
  if (size === 32) return word;
  if (unsigned) return e.and(word, e.const((1 << size) - 1));
  return size === 8 ? e.sext8(word) : e.sext16(word);
}

/** A general register in all elements; bit 22 and bit 5 say how large they are. */
const duplicate = (size: 8 | 16 | 32, b: '0' | '1', low: '0' | '1', quad: boolean): Row[] => {
  const first = quad ? 'qd' : 'dd';
  return vfp<string, string>(
    `vdup.${size}`,
    `1110 1 ${b} ${quad ? '1 0 half:3 0' : '0 0 vd:4'} rt:4 1011 d:1 0 ${low} 1 0000`,
    `{${first}}, {rt}`,
    (e, fields: Readonly<Record<string, Operand>>) => {
      requireSimd(e);
      const ones = { 8: 0x0101010101010101n, 16: 0x0001000100010001n, 32: 0x0000000100000001n }[size];
      const element = e.and64(e.zext64(core(e, fields.rt!)), e.const64((1n << BigInt(size)) - 1n));
      const value = e.mul64(element, e.const64(ones));
      e.setD(fields[first]!, value);
      if (quad) e.setD(fields.next!, value);
    },
    {
      derive: {
        [first]: ({ vd, half = 0, d = 0 }) => (d << 4) | (vd ?? 2 * half),
        next: ({ half = 0, d = 0 }) => (d << 4) | (2 * half + 1),
      },
      refuse,
    },
  );
};

const ELEMENT_ROWS: readonly Row[] = [
  ...ELEMENTS.flatMap((element) => [
    ...toElement(element),
    ...fromElement(element, '0'),
    ...(element.size === 32 ? [] : fromElement(element, '1')),
  ]),
  ...[false, true].flatMap((quad) => [
    ...duplicate(32, '0', '0', quad),
    ...duplicate(16, '0', '1', quad),
    ...duplicate(8, '1', '0', quad),
  ]),
];

/** What VMRS reads of a Cortex-A15; the number says which register. */
const IDENTIFICATION = [
  { name: 'fpsid', number: '0000', value: 0x410430f0, trap: HCR.TID0 },
  { name: 'mvfr1', number: '0110', value: 0x11111111, trap: HCR.TID3 },
  { name: 'mvfr0', number: '0111', value: 0x10110222, trap: HCR.TID3 },
] as const;

/** HSR of a trapped VMRS: EC 8, and ISS as for an MRC with CRn the number of the register. */
function trapToHyp(e: ArmEmitter, number: number, rt: Operand): void {
  const iss = e.or(e.const((7 << 14) | (number << 10) | 1), e.shl(e.imm(rt), e.const(5)));
  e.trap(e.or(e.const(TRAP.HYP | (8 << 24)), e.shl(iss, e.const(4))));
}

const read = (number: string, name: string, semantics: (e: ArmEmitter, rt: Operand) => void): Row[] =>
  vfp<string, 'rt'>(
    'vmrs',
    `1110 1111 ${number} rt:4 1010 0001 0000`,
    `{rt}, ${name}`,
    (e, { rt }) => semantics(e, rt),
    { refuse },
  );
const write = (number: string, name: string, semantics: (e: ArmEmitter, rt: Operand) => void): Row[] =>
  vfp<string, 'rt'>(
    'vmsr',
    `1110 1110 ${number} rt:4 1010 0001 0000`,
    `${name}, {rt}`,
    (e, { rt }) => semantics(e, rt),
    { refuse },
  );

const SYSTEM: readonly Row[] = [
  ...IDENTIFICATION.flatMap(({ name, number, value, trap }) =>
    read(number, name, (e, rt) => {
      requireVfpSystem(e);
      const trapped = e.and(e.isSet(e.cp15(CP15.HCR), trap), e.eqz(e.isHyp()));
      e.when(trapped, () => trapToHyp(e, Number.parseInt(number, 2), rt));
      setCore(e, rt, e.const(value));
    }),
  ),
  ...write('0000', 'fpsid', (e) => requireVfpSystem(e)), // ignored
  ...vfp('vmrs', '1110 1111 0001 1111 1010 0001 0000', 'apsr_nzcv, fpscr', (e) => {
    requireVfp(e);
    e.setNzcv(e.fpscr());
  }),
  ...read('0001', 'fpscr', (e, rt) => {
    requireVfp(e);
    setCore(e, rt, e.fpscr());
  }),
  ...write('0001', 'fpscr', (e, rt) => {
    requireVfp(e);
    e.bankWrite('fpscr', 0, e.and(core(e, rt), e.const(FPSCR.WRITABLE)));
  }),
  ...read('1000', 'fpexc', (e, rt) => {
    requireVfpSystem(e);
    setCore(e, rt, e.bankRead('fpexc'));
  }),
  ...write('1000', 'fpexc', (e, rt) => {
    requireVfpSystem(e);
    e.bankWrite('fpexc', 0, e.and(core(e, rt), e.const(FPEXC_EN)));
  }),
];

export const VFP_MOVE_ROWS: readonly Row[] = [...IMMEDIATES, ...GENERAL, ...ELEMENT_ROWS, ...SYSTEM];
