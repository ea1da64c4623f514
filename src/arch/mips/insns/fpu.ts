// table: the FPU's arithmetic, conversions, comparisons and multiply-adds of MIPS32 release 2 (MIPS32 Volume II-A; COP1 and COP1X, formats S,
// D, W and L). What each computes is in fpu/. A double in an odd register needs 64-bit registers (Status.FR): without, the
// instruction is reserved.
import type { I32, I64, Operand } from '../../../cpu/emit/values.ts';
import type { RawFields, Row, RowOptions } from '../../../cpu/isa/insn.ts';
import type { MipsEmitter } from '../emitter.ts';
import { OP, ownRounding } from '../fpu/exact.ts';
import { conditionBit, NEEDS } from '../fpu/registers.ts';
import { hot, insn } from './row.ts';

export type FloatFormat = 's' | 'd';
type IntegerFormat = 'w' | 'l';
export const FORMAT_BITS = { s: '10000', d: '10001', w: '10100', l: '10101' } as const;

/** What an instruction whose named fields are doubles needs. */
export const needsOf = (...doubles: string[]) => ({
  needs: (raw: RawFields) => (doubles.some((field) => (raw[field]! & 1) !== 0) ? NEEDS.FPU | NEEDS.FR : NEEDS.FPU),
});

/** Operations that have a function of their own with a native fast path. */
const FAST = ['add', 'sub', 'mul', 'div'] as const;

const binary = (name: (typeof FAST)[number], fn: string): Row[] => {
  const called = `fpu${name[0]!.toUpperCase()}${name.slice(1)}`;
  return [
    insn(
      `${name}.s`,
      `010001 10000 ft:5 fs:5 fd:5 ${fn}` as '010001 10000 ft:5 fs:5 fd:5 000000',
      '{fd}, {fs}, {ft}',
      (e, { ft, fs, fd }) => {
        e.requireFpu(NEEDS.FPU);
        const result = e.call(`${called}S`, e.single(fs), e.single(ft));
        e.trapFpe();
        e.setSingle(fd, result);
      },
      hot,
    ),
    insn(
      `${name}.d`,
      `010001 10001 ft:5 fs:5 fd:5 ${fn}` as '010001 10001 ft:5 fs:5 fd:5 000000',
      '{fd}, {fs}, {ft}',
      (e, { ft, fs, fd, needs }) => {
        e.requireFpu(needs);
        const result = e.call64(`${called}D`, e.double(fs), e.double(ft));
        e.trapFpe();
        e.setDouble(fd, result);
      },
      { hot: true, derive: needsOf('fd', 'fs', 'ft') },
    ),
  ];
};

interface UnaryOptions {
  /** Formats of the operand and the result. */
  readonly from: FloatFormat | IntegerFormat;
  readonly to: FloatFormat | IntegerFormat;
  readonly hot?: boolean;
}

const isWide = (format: UnaryOptions['from']): boolean => format === 'd' || format === 'l';

/** fd := f(fs); 64-bit integers need 64-bit registers. */
const unary = (
  mnemonic: string,
  fn: string,
  { from, to, hot: isHot = false }: UnaryOptions,
  compute: (e: MipsEmitter, fs: Operand) => I32 | I64,
  trap = true,
): Row => {
  const doubles = [...(isWide(from) ? ['fs'] : []), ...(isWide(to) ? ['fd'] : [])];
  const always = from === 'l' || to === 'l';
  const derive = always || doubles.length === 0 ? {} : needsOf(...doubles);
  return insn(
    mnemonic,
    `010001 ${FORMAT_BITS[from]} 00000 fs:5 fd:5 ${fn}` as '010001 10000 00000 fs:5 fd:5 000100',
    '{fd}, {fs}',
    (e, { fs, fd, needs }) => {
      e.requireFpu(always ? NEEDS.FPU | NEEDS.FR : doubles.length === 0 ? NEEDS.FPU : needs);
      const result = compute(e, fs);
      if (trap) e.trapFpe();
      if (isWide(to)) e.setDouble(fd, result as I64);
      else e.setSingle(fd, result as I32);
    },
    { hot: isHot, derive: derive as RowOptions<'needs'>['derive'] },
  );
};

/** The operand as fpuSlow takes it. */
function wide(e: MipsEmitter, format: UnaryOptions['from'], fs: Operand): I64 {
  if (isWide(format)) return e.double(fs);
  return format === 'w' ? e.sext64(e.single(fs)) : e.zext64(e.single(fs));
}

/** An operation by fpuSlow. */
const slow = (mnemonic: string, fn: string, formats: UnaryOptions, operation: number): Row =>
  unary(mnemonic, fn, formats, (e, fs) => {
    const result = e.call64('fpuSlow', e.const(operation), wide(e, formats.from, fs), e.const64(0n));
    return isWide(formats.to) ? result : e.low(result);
  });

const both = (mnemonic: string, fn: string, operation: number): Row[] => [
  slow(`${mnemonic}.s`, fn, { from: 's', to: 's' }, operation),
  slow(`${mnemonic}.d`, fn, { from: 'd', to: 'd' }, operation | OP.DOUBLE),
];

/** Conversions to integers: the rounding is the instruction's, or FCSR's (null). */
const toInteger = (
  mnemonic: string,
  round: number | null,
  to: IntegerFormat,
  fn: string,
  fast: readonly FloatFormat[],
): Row[] =>
  (['s', 'd'] as const)
    .filter((from) => !fast.includes(from))
    .map((from) =>
      slow(
        `${mnemonic}.${to}.${from}`,
        fn,
        { from, to },
        OP.TO_INTEGER |
          (from === 'd' ? OP.DOUBLE : 0) |
          (to === 'l' ? OP.WIDE : 0) |
          (round === null ? 0 : ownRounding(round)),
      ),
    );

const SIGN_BIT_64 = 1n << 63n;
const SIGN_BIT_32 = 0x80000000;

/** Bits change, and nothing else: no Cause, no exception even for signalling NaNs. */
const signRows = (
  mnemonic: string,
  fn: string,
  single: (e: MipsEmitter, a: I32) => I32,
  double: (e: MipsEmitter, a: I64) => I64,
): Row[] => [
  unary(`${mnemonic}.s`, fn, { from: 's', to: 's', hot: true }, (e, fs) => single(e, e.single(fs)), false),
  unary(`${mnemonic}.d`, fn, { from: 'd', to: 'd', hot: true }, (e, fs) => double(e, e.double(fs)), false),
];

/** Bit 3: quiet NaNs are invalid too; bits 2:0: less, equal, unordered. */
const CONDITIONS = [
  ...['f', 'un', 'eq', 'ueq', 'olt', 'ult', 'ole', 'ule'],
  ...['sf', 'ngle', 'seq', 'ngl', 'lt', 'nge', 'le', 'ngt'],
] as const;
/** Those that compilers use. */
const COMMON: ReadonlySet<string> = new Set(['un', 'eq', 'ueq', 'ult', 'ule', 'lt', 'le']);

const compareRows = (condition: string, number: number): Row[] => {
  const isHot = COMMON.has(condition);
  const tail = `cc:3 0011 ${number.toString(2).padStart(4, '0')}` as 'cc:3 0011 0000';
  const derive = { what: (raw: RawFields) => conditionBit(raw.cc!) | number };
  return [
    insn(
      `c.${condition}.s`,
      `010001 10000 ft:5 fs:5 ${tail}`,
      '[{cc}, ]{fs}, {ft}',
      (e, { ft, fs, what }) => {
        e.requireFpu(NEEDS.FPU);
        e.call('fpuCompareS', e.single(fs), e.single(ft), e.imm(what));
        e.trapFpe();
      },
      { hot: isHot, derive },
    ),
    insn(
      `c.${condition}.d`,
      `010001 10001 ft:5 fs:5 ${tail}`,
      '[{cc}, ]{fs}, {ft}',
      (e, { ft, fs, what, needs }) => {
        e.requireFpu(needs);
        e.call('fpuCompareD', e.double(fs), e.double(ft), e.imm(what));
        e.trapFpe();
      },
      { hot: isHot, derive: { ...derive, ...needsOf('fs', 'ft') } },
    ),
  ];
};

/** fd := +-((fs * ft) +- fr), rounded twice. */
const multiplyAdd = (mnemonic: string, code: string, operation: number): Row[] => [
  insn(
    `${mnemonic}.s`,
    `010011 fr:5 ft:5 fs:5 fd:5 ${code} 000` as '010011 fr:5 ft:5 fs:5 fd:5 100 000',
    '{fd}, {fr}, {fs}, {ft}',
    (e, { fr, ft, fs, fd }) => {
      e.requireFpu(NEEDS.FPU);
      const [a, b, c] = [fs, ft, fr].map((index) => e.zext64(e.single(index))) as [I64, I64, I64];
      const result = e.call64('fpuMultiplyAdd', e.const(operation), a, b, c);
      e.trapFpe();
      e.setSingle(fd, e.low(result));
    },
  ),
  insn(
    `${mnemonic}.d`,
    `010011 fr:5 ft:5 fs:5 fd:5 ${code} 001` as '010011 fr:5 ft:5 fs:5 fd:5 100 001',
    '{fd}, {fr}, {fs}, {ft}',
    (e, { fr, ft, fs, fd, needs }) => {
      e.requireFpu(needs);
      const result = e.call64(
        'fpuMultiplyAdd',
        e.const(operation | OP.DOUBLE),
        e.double(fs),
        e.double(ft),
        e.double(fr),
      );
      e.trapFpe();
      e.setDouble(fd, result);
    },
    { derive: needsOf('fr', 'ft', 'fs', 'fd') },
  ),
];

const ROUNDINGS = [
  ['round', 0, '00'],
  ['trunc', 1, '01'],
  ['ceil', 2, '10'],
  ['floor', 3, '11'],
] as const;

export const FPU_ROWS: readonly Row[] = [
  ...binary('add', '000000'),
  ...binary('sub', '000001'),
  ...binary('mul', '000010'),
  ...binary('div', '000011'),
  unary('sqrt.s', '000100', { from: 's', to: 's' }, (e, fs) => e.call('fpuSqrtS', e.single(fs))),
  unary('sqrt.d', '000100', { from: 'd', to: 'd' }, (e, fs) => e.call64('fpuSqrtD', e.double(fs))),
  ...signRows(
    'abs',
    '000101',
    (e, a) => e.and(a, e.const(~SIGN_BIT_32)),
    (e, a) => e.and64(a, e.const64(SIGN_BIT_64 - 1n)),
  ),
  ...signRows(
    'mov',
    '000110',
    (_, a) => a,
    (_, a) => a,
  ),
  ...signRows(
    'neg',
    '000111',
    (e, a) => e.xor(a, e.const(SIGN_BIT_32)),
    (e, a) => e.xor64(a, e.const64(SIGN_BIT_64)),
  ),
  ...both('recip', '010101', OP.RECIP),
  ...both('rsqrt', '010110', OP.RSQRT),

  ...ROUNDINGS.flatMap(([name, round, bits]) => [
    ...toInteger(name, round, 'l', `0010${bits}`, []),
    ...toInteger(name, round, 'w', `0011${bits}`, name === 'trunc' ? ['s', 'd'] : []),
  ]),
  unary('trunc.w.s', '001101', { from: 's', to: 'w', hot: true }, (e, fs) => e.call('fpuTruncS', e.single(fs))),
  unary('trunc.w.d', '001101', { from: 'd', to: 'w', hot: true }, (e, fs) => e.call('fpuTruncD', e.double(fs))),
  ...toInteger('cvt', null, 'w', '100100', ['d']),
  unary('cvt.w.d', '100100', { from: 'd', to: 'w' }, (e, fs) => e.call('fpuNearestD', e.double(fs))),
  ...toInteger('cvt', null, 'l', '100101', []),
  unary('cvt.s.d', '100000', { from: 'd', to: 's', hot: true }, (e, fs) => e.call('fpuToSingle', e.double(fs))),
  unary('cvt.s.w', '100000', { from: 'w', to: 's', hot: true }, (e, fs) => e.call('fpuSingleFromWord', e.single(fs))),
  slow('cvt.s.l', '100000', { from: 'l', to: 's' }, OP.FROM_INTEGER),
  unary('cvt.d.s', '100001', { from: 's', to: 'd', hot: true }, (e, fs) => e.call64('fpuToDouble', e.single(fs))),
  unary('cvt.d.w', '100001', { from: 'w', to: 'd', hot: true }, (e, fs) => e.call64('fpuFromWord', e.single(fs))),
  slow('cvt.d.l', '100001', { from: 'l', to: 'd' }, OP.FROM_INTEGER | OP.DOUBLE),

  ...CONDITIONS.flatMap(compareRows),
  ...multiplyAdd('madd', '100', 0),
  ...multiplyAdd('msub', '101', OP.SUBTRACT),
  ...multiplyAdd('nmadd', '110', OP.NEGATE),
  ...multiplyAdd('nmsub', '111', OP.SUBTRACT | OP.NEGATE),
];
