// Softfloat against plain rational arithmetic: every operation, format, rounding and set of rules, on operands where rounding, range and NaNs
// matter. SOFTFLOAT_COUNT=1000000 makes it long.
import { describe, expect, it } from 'vitest';
import { MODE } from '../../../../src/cpu/softfloat/rules.ts';
import { Random } from '../../../support/oracle/random.ts';
import * as reference from '../../../support/reference/floats.ts';
import { DOUBLE, type Format, type Result, type Round, SINGLE } from '../../../support/reference/floats.ts';
import { modeOf, RULES, type RulesName, referenceRules, Softfloat } from '../../../support/softfloat/module.ts';
import { operand } from '../../../support/softfloat/operands.ts';

const COUNT = Number(process.env.SOFTFLOAT_COUNT ?? 400);
const ROUNDS: readonly Round[] = ['even', 'zero', 'up', 'down', 'away'];
const FORMATS: readonly (readonly [string, Format])[] = [
  ['binary32', SINGLE],
  ['binary64', DOUBLE],
];

const hex = (bits: bigint): string => bits.toString(16);
const show = ({ bits, flags }: Result): string => `${hex(bits)} ${[...flags].sort().join(' ')}`.trim();

interface Sample {
  readonly a: bigint;
  readonly b: bigint;
  readonly c: bigint;
  readonly integer: bigint;
}

interface Operation {
  readonly name: string;
  ours(soft: Softfloat, s: Sample, f: Format, context: reference.Context): Result;
  theirs(s: Sample, f: Format, context: reference.Context): Result;
}

const other = (f: Format): Format => (f === SINGLE ? DOUBLE : SINGLE);
const asResult = (integer: bigint, flags: ReadonlySet<reference.Flag>): Result => ({
  bits: BigInt.asUintN(64, integer),
  flags,
});

const integerKinds = [
  ['i32', 0, -(1n << 31n), (1n << 31n) - 1n],
  ['u32', MODE.UNSIGNED, 0n, (1n << 32n) - 1n],
  ['i64', MODE.WIDE, -(1n << 63n), (1n << 63n) - 1n],
  ['u64', MODE.WIDE | MODE.UNSIGNED, 0n, (1n << 64n) - 1n],
] as const;

const OPERATIONS: readonly Operation[] = [
  {
    name: 'a + b',
    ours: (soft, { a, b }, f, c) => soft.call('fpAdd', a, b, modeOf(f, c)),
    theirs: ({ a, b }, f, c) => reference.add(a, b, f, c),
  },
  {
    name: 'a - b',
    ours: (soft, { a, b }, f, c) => soft.call('fpAdd', a, b, modeOf(f, c, MODE.SUBTRACT)),
    theirs: ({ a, b }, f, c) => reference.add(a, b, f, c, true),
  },
  {
    name: 'a * b',
    ours: (soft, { a, b }, f, c) => soft.call('fpMul', a, b, modeOf(f, c)),
    theirs: ({ a, b }, f, c) => reference.mul(a, b, f, c),
  },
  {
    name: 'a / b',
    ours: (soft, { a, b }, f, c) => soft.call('fpDiv', a, b, modeOf(f, c)),
    theirs: ({ a, b }, f, c) => reference.div(a, b, f, c),
  },
  {
    name: 'sqrt(a)',
    ours: (soft, { a }, f, c) => soft.call('fpSqrt', a, modeOf(f, c)),
    theirs: ({ a }, f, c) => reference.sqrt(a, f, c),
  },
  {
    name: 'a * b + c',
    ours: (soft, { a, b, c }, f, context) => soft.call('fpFma', a, b, c, modeOf(f, context)),
    theirs: ({ a, b, c }, f, context) => reference.fma(a, b, c, f, context),
  },
  {
    name: 'a * b - c',
    ours: (soft, { a, b, c }, f, context) => soft.call('fpFma', a, b, c, modeOf(f, context, MODE.SUBTRACT)),
    theirs: ({ a, b, c }, f, context) => reference.fma(a, b, c, f, context, true),
  },
  ...([false, true] as const).map(
    (signaling): Operation => ({
      name: `a <=> b${signaling ? ', signalling' : ''}`,
      ours: (soft, { a, b }, f, c) => soft.call('fpCompare', a, b, modeOf(f, c, signaling ? MODE.SIGNALING : 0)),
      theirs: ({ a, b }, f, c) => {
        const { order, flags } = reference.compare(a, b, f, c, signaling);
        return asResult(BigInt(order), flags);
      },
    }),
  ),
  {
    name: 'to the other format',
    ours: (soft, { a }, f, c) => soft.call('fpConvert', a, modeOf(other(f), c)),
    theirs: ({ a }, f, c) => reference.convert(a, f, other(f), c),
  },
  {
    name: 'to an integral value',
    ours: (soft, { a }, f, c) => soft.call('fpRoundToIntegral', a, modeOf(f, c)),
    theirs: ({ a }, f, c) => reference.roundToIntegral(a, f, c),
  },
  ...integerKinds.map(
    ([kind, mode, min, max]): Operation => ({
      name: `to ${kind}`,
      ours: (soft, { a }, f, c) => soft.call('fpToInteger', a, modeOf(f, c, mode)),
      theirs: ({ a }, f, c) => {
        const { integer, flags } = reference.toInteger(a, f, c, min, max);
        return asResult(integer, flags);
      },
    }),
  ),
  {
    name: 'from i64',
    ours: (soft, { integer }, f, c) => soft.call('fpFromInteger', BigInt.asIntN(64, integer), modeOf(f, c)),
    theirs: ({ integer }, f, c) => reference.fromInteger(BigInt.asIntN(64, integer), f, c),
  },
  {
    name: 'from u64',
    ours: (soft, { integer }, f, c) =>
      soft.call('fpFromInteger', BigInt.asIntN(64, integer), modeOf(f, c, MODE.UNSIGNED)),
    theirs: ({ integer }, f, c) => reference.fromInteger(integer, f, c),
  },
];

function sample(random: Random, f: Format): Sample {
  const a = operand(random, f);
  const b = operand(random, f, a);
  const product = reference.mul(a, b, f, { rules: referenceRules(RULES.arm), round: 'even' }).bits;
  const c = operand(random, f, random.chance(60) ? product : a);
  const word = (BigInt(random.word()) << 32n) | BigInt(random.word());
  const integer = random.chance(30)
    ? BigInt.asUintN(64, 1n << BigInt(random.below(64))) - BigInt(random.below(3))
    : word >> BigInt(random.below(64));
  return { a, b, c, integer: BigInt.asUintN(64, integer) };
}

describe.each(Object.keys(RULES) as RulesName[])('softfloat with the rules of %s', (name) => {
  const soft = new Softfloat(RULES[name]);
  const rules = referenceRules(RULES[name]);

  describe.each(FORMATS)('%s', (formatName, f) => {
    it.each(OPERATIONS.map((operation) => [operation.name, operation] as const))('%s', (_, operation) => {
      const random = new Random(20, f.bits);
      const wrong: string[] = [];
      for (let i = 0; i < COUNT; i++) {
        const s = sample(random, f);
        const context = { rules, round: ROUNDS[i % ROUNDS.length]!, flush: random.chance(15) };
        const ours = show(operation.ours(soft, s, f, context));
        const theirs = show(operation.theirs(s, f, context));
        if (ours !== theirs)
          wrong.push(
            `${hex(s.a)} ${hex(s.b)} ${hex(s.c)} ${context.round} ${context.flush}: ${ours}, reference ${theirs}`,
          );
      }
      expect(wrong.slice(0, 5), `${wrong.length} of ${COUNT} ${formatName} results differ`).toEqual([]);
    });
  });
});

describe('softfloat and the host', () => {
  const soft = new Softfloat(RULES.sse);
  const view = new DataView(new ArrayBuffer(8));
  const numberOf = (bits: bigint): number => {
    view.setBigUint64(0, bits);
    return view.getFloat64(0);
  };
  const mode = modeOf(DOUBLE, { round: 'even' });

  it.each([
    ['fpAdd', (x: number, y: number) => x + y],
    ['fpMul', (x: number, y: number) => x * y],
    ['fpDiv', (x: number, y: number) => x / y],
  ] as const)("%s is JavaScript's", (name, op) => {
    const random = new Random(21, 0);
    for (let i = 0; i < 4 * COUNT; i++) {
      const a = operand(random, DOUBLE);
      const b = operand(random, DOUBLE, a);
      const expected = op(numberOf(a), numberOf(b));
      const got = numberOf(soft.call(name, a, b, mode).bits);
      expect(Object.is(got, expected), `${hex(a)} ${hex(b)}: ${got}, not ${expected}`).toBe(true);
    }
  });

  it("roots and conversions are JavaScript's", () => {
    const random = new Random(22, 0);
    for (let i = 0; i < 4 * COUNT; i++) {
      const a = operand(random, DOUBLE);
      const value = numberOf(a);
      expect(numberOf(soft.call('fpSqrt', a, mode).bits), hex(a)).toBe(Math.sqrt(value));
      const single = soft.call('fpConvert', a, modeOf(SINGLE, { round: 'even' })).bits;
      view.setUint32(0, Number(single));
      expect(view.getFloat32(0), hex(a)).toBe(Math.fround(value));
      if (!Number.isNaN(value))
        expect(soft.call('fpToInteger', a, modeOf(DOUBLE, { round: 'zero' }, MODE.WIDE)).bits, hex(a)).toBe(
          BigInt.asUintN(64, saturated(value)),
        );
    }
  });

  function saturated(value: number): bigint {
    if (value >= 2 ** 63) return 2n ** 63n - 1n;
    return value < -(2 ** 63) ? -(2n ** 63n) : BigInt(Math.trunc(value));
  }

  it('is small: all operations in less than 8 KB', () => {
    expect(soft.codeBytes).toBeLessThan(8192);
  });
});
