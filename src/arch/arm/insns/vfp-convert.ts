// table: floating-point conversions (ARM DDI 0406C: A7.5, VCVT, VCVTR, VCVTB, VCVTT). What they compute is in fp/convert.ts and fp/half.ts.
import type { I32, I64, Operand } from '../../../cpu/emit/values.ts';
import type { RawFields, Row } from '../../../cpu/isa/insn.ts';
import type { ArmEmitter } from '../emitter.ts';
import { requireVfp } from '../fp/access.ts';
import { FIXED } from '../fp/convert.ts';
import { FPSCR } from '../fp/fpscr.ts';
import { DOUBLES, executedAs, SINGLES, vfp } from './vfp-row.ts';

/** Between the precisions. */
const PRECISIONS: readonly Row[] = [
  ...vfp(
    'vcvt.f64.f32',
    '1110 1 d:1 11 0111 vd:4 1010 11 m:1 0 vm:4',
    '{dd}, {sm}',
    (e, { dd, sm }) => {
      requireVfp(e);
      e.setD(dd, e.call64('toDouble', e.s(sm), e.fpscr()));
    },
    { derive: { dd: DOUBLES.dd, sm: SINGLES.sm } },
  ),
  ...vfp(
    'vcvt.f32.f64',
    '1110 1 d:1 11 0111 vd:4 1011 11 m:1 0 vm:4',
    '{sd}, {dm}',
    (e, { sd, dm }) => {
      requireVfp(e);
      e.setS(sd, e.call('toSingle', e.d(dm), e.fpscr()));
    },
    { derive: { sd: SINGLES.sd, dm: DOUBLES.dm } },
  ),
];

/** Half precision in the upper (T) or lower (B) half of a single-precision register. */
const HALVES: readonly Row[] = (['b', 't'] as const).flatMap((half) => {
  const bit = half === 't' ? '1' : '0';
  const shift = half === 't' ? 16 : 0;
  const derive = { sd: SINGLES.sd, sm: SINGLES.sm };
  return [
    ...vfp(
      `vcvt${half}.f32.f16`,
      `1110 1 d:1 11 0010 vd:4 1010 ${bit} 1 m:1 0 vm:4` as '1110 1 d:1 11 0010 vd:4 1010 0 1 m:1 0 vm:4',
      '{sd}, {sm}',
      (e, { sd, sm }) => {
        requireVfp(e);
        const number = e.and(e.shrU(e.s(sm), e.const(shift)), e.const(0xffff));
        e.setS(sd, e.call('fromHalf', number, e.fpscr()));
      },
      { derive },
    ),
    ...vfp(
      `vcvt${half}.f16.f32`,
      `1110 1 d:1 11 0011 vd:4 1010 ${bit} 1 m:1 0 vm:4` as '1110 1 d:1 11 0011 vd:4 1010 0 1 m:1 0 vm:4',
      '{sd}, {sm}',
      (e, { sd, sm }) => {
        requireVfp(e);
        const number = e.shl(e.call('toHalf', e.s(sm), e.fpscr()), e.const(shift));
        e.setS(sd, e.or(e.and(e.s(sd), e.const(0xffff << (16 - shift))), number));
      },
      { derive },
    ),
  ];
});

// Conversions from and to integers and fixed-point numbers are many rows, but few forms of execution, whose operands say the rest.

/** Operand `how`: FIXED in bits 1:0, and what replaces the rounding of FPSCR. */
const HOW = { TOWARD_ZERO: 3 << 2, TO_NEAREST: 3 << 4 } as const;
const kindOf = (e: ArmEmitter, how: Operand): I32 => e.and(e.imm(how), e.const(3));
/** FPSCR with the rounding. */
function modeOf(e: ArmEmitter, how: Operand): I32 {
  const bits = (rounding: number): I32 =>
    e.shl(e.and(e.imm(how), e.const(rounding)), e.const(FPSCR.RMODE_SHIFT - Math.log2(rounding & -rounding)));
  return e.and(e.or(e.fpscr(), bits(HOW.TOWARD_ZERO)), e.not(bits(HOW.TO_NEAREST)));
}

type Conversion = 'to' | 'from' | 'how' | 'fraction';
type Operands = Readonly<Record<Conversion, Operand>>;
const nothing = (): number => 0;
const form = (run: (e: ArmEmitter, operands: Operands) => void): Row[] =>
  vfp<string, Conversion>(
    'vcvt',
    '1110 1.11 .... .... 101. .... ....',
    '',
    (e, operands) => {
      requireVfp(e);
      run(e, operands);
    },
    { derive: { to: nothing, from: nothing, how: nothing, fraction: nothing } },
  );
const toFixed = (e: ArmEmitter, name: string, value: I32 | I64, { how, fraction }: Operands): I32 =>
  e.call(name, value, e.imm(fraction), kindOf(e, how), modeOf(e, how));
const fromFixed = (e: ArmEmitter, { from, how, fraction }: Operands): readonly I32[] => [
  ...[e.s(from), e.imm(fraction), kindOf(e, how), modeOf(e, how)],
];
const FORMS = {
  /** `from` is a word register: an integer's, or the lower half of a doubleword. */
  toSingle: form((e, o) => e.setS(o.to, e.call('fromFixed32', ...fromFixed(e, o)))),
  toDouble: form((e, o) => e.setD(o.to, e.call64('fromFixed64', ...fromFixed(e, o)))),
  fromSingle: form((e, o) => e.setS(o.to, toFixed(e, 'toFixed32', e.s(o.from), o))),
  integerFromDouble: form((e, o) => e.setS(o.to, toFixed(e, 'toFixed64', e.d(o.from), o))),
  fixedFromDouble: form((e, o) => {
    const word = toFixed(e, 'toFixed64', e.d(o.from), o);
    e.setD(o.to, e.select64(e.and(e.imm(o.how), e.const(FIXED.UNSIGNED)), e.zext64(word), e.sext64(word)));
  }),
};

/** Rows that are executed as a form. `shown` are the operands of the syntax that the form does not have. */
const converting = (
  as: keyof typeof FORMS,
  mnemonic: string,
  rest: string,
  syntax: string,
  derive: Readonly<Record<Conversion, (raw: RawFields) => number>>,
  shown: Readonly<Record<string, (raw: RawFields) => number>>,
): Row[] =>
  executedAs(
    FORMS[as],
    vfp<string, string>(mnemonic, rest, syntax, () => {}, { derive: { ...derive, ...shown } }),
  );

const always = (value: number) => (): number => value;

/** Integers, which are in single-precision registers; bit 16 or bit 7 says signed. */
const INTEGERS: readonly Row[] = (['u32', 's32'] as const).flatMap((type) => {
  const signed = type === 's32' ? '1' : '0';
  const kind = type === 's32' ? 0 : FIXED.UNSIGNED;
  return (['f32', 'f64'] as const).flatMap((float) => {
    const size = float === 'f32' ? '1010' : '1011';
    const [d, m] = float === 'f32' ? (['sd', 'sm'] as const) : (['dd', 'dm'] as const);
    const numbers = { ...SINGLES, ...DOUBLES };
    const to = (mnemonic: string, bit: string, how: number): Row[] =>
      converting(
        float === 'f32' ? 'fromSingle' : 'integerFromDouble',
        `${mnemonic}.${type}.${float}`,
        `1110 1 d:1 11 110${signed} vd:4 ${size} ${bit} 1 m:1 0 vm:4`,
        `{sd}, {${m}}`,
        { to: SINGLES.sd, from: numbers[m], how: always(kind | how), fraction: nothing },
        { sd: SINGLES.sd, [m]: numbers[m] },
      );
    return [
      ...converting(
        float === 'f32' ? 'toSingle' : 'toDouble',
        `vcvt.${float}.${type}`,
        `1110 1 d:1 11 1000 vd:4 ${size} ${signed} 1 m:1 0 vm:4`,
        `{${d}}, {sm}`,
        { to: numbers[d], from: SINGLES.sm, how: always(kind), fraction: nothing },
        { [d]: numbers[d], sm: SINGLES.sm },
      ),
      ...to('vcvtr', '0', 0),
      ...to('vcvt', '1', HOW.TOWARD_ZERO),
    ];
  });
});

/** Fixed-point numbers of 16 or 32 bits in the register of the result: to them toward zero, from them to nearest. */
const FIXED_POINT: readonly Row[] = [16, 32].flatMap((width) =>
  (['s', 'u'] as const).flatMap((sign) => {
    const kind = (sign === 'u' ? FIXED.UNSIGNED : 0) | (width === 16 ? FIXED.HALFWORD : 0);
    const [unsigned, wide] = [sign === 'u' ? '1' : '0', width === 32 ? '1' : '0'];
    const fraction = ({ imm4 = 0, i = 0 }: RawFields): number => width - ((imm4 << 1) | i);
    return (['f32', 'f64'] as const).flatMap((float) => {
      const isSingle = float === 'f32';
      const number = isSingle ? SINGLES.sd : DOUBLES.dd;
      const pattern = (bit: '0' | '1'): string =>
        `1110 1 d:1 11 1${bit}1${unsigned} vd:4 ${isSingle ? '1010' : '1011'} ${wide} 1 i:1 0 imm4:4`;
      const name = isSingle ? 'sd' : 'dd';
      const syntax = `{${name}}, {${name}}, #{fraction}`;
      const word = isSingle ? number : (raw: RawFields): number => 2 * number(raw);
      return [
        ...converting(
          isSingle ? 'toSingle' : 'toDouble',
          `vcvt.${float}.${sign}${width}`,
          pattern('0'),
          syntax,
          { to: number, from: word, how: always(kind | HOW.TO_NEAREST), fraction },
          { [name]: number },
        ),
        ...converting(
          isSingle ? 'fromSingle' : 'fixedFromDouble',
          `vcvt.${sign}${width}.${float}`,
          pattern('1'),
          syntax,
          { to: number, from: number, how: always(kind | HOW.TOWARD_ZERO), fraction },
          { [name]: number },
        ),
      ];
    });
  }),
);

export const VFP_CONVERSION_ROWS: readonly Row[] = [...PRECISIONS, ...HALVES, ...INTEGERS, ...FIXED_POINT];
