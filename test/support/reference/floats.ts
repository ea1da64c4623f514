// A plain reference of binary32 and binary64 arithmetic on exact rationals (IEEE 754-2008), by BigInt: it shares nothing with softfloat and
// judges it. Slow, and written to be read against the standard.

export type Round = 'even' | 'zero' | 'up' | 'down' | 'away';

export interface Format {
  readonly bits: number;
  /** Fraction bits. */
  readonly fraction: number;
  /** Exponent of the smallest and of the largest normal number. */
  readonly min: number;
  readonly max: number;
}

export const SINGLE: Format = { bits: 32, fraction: 23, min: -126, max: 127 };
export const DOUBLE: Format = { bits: 64, fraction: 52, min: -1022, max: 1023 };

/** What an instruction set decides; see SoftfloatRules, said here in other words. */
export interface Rules {
  readonly quietBitSet: boolean;
  readonly defaultNanNegative: boolean;
  readonly nan: 'first' | 'signaling-first' | 'default';
  readonly tininess: 'before' | 'after';
  readonly fusedOrder: 'abc' | 'acb' | 'cab';
  readonly fusedInvalid: 'default' | 'invalid' | 'quiet';
}

export interface Context {
  readonly rules: Rules;
  readonly round: Round;
  readonly flush?: boolean;
}

export type Flag = 'inexact' | 'underflow' | 'overflow' | 'divide' | 'invalid';

export interface Result {
  readonly bits: bigint;
  readonly flags: ReadonlySet<Flag>;
}

/** A finite number n / d (d > 0), with a sign that zero has too. */
interface Finite {
  readonly kind: 'finite';
  readonly negative: boolean;
  readonly n: bigint;
  readonly d: bigint;
}
type Parsed = Finite | { readonly kind: 'infinity'; readonly negative: boolean } | { readonly kind: 'nan' };

const pow2 = (exponent: number): bigint => 1n << BigInt(exponent);
const abs = (x: bigint): bigint => (x < 0n ? -x : x);

function rational(negative: boolean, magnitude: bigint, exponent: number): Finite {
  const signed = negative ? -magnitude : magnitude;
  return exponent >= 0
    ? { kind: 'finite', negative, n: signed * pow2(exponent), d: 1n }
    : { kind: 'finite', negative, n: signed, d: pow2(-exponent) };
}

export function parse(bits: bigint, { bits: width, fraction, min, max }: Format): Parsed {
  const negative = bits >> BigInt(width - 1) === 1n;
  const field = Number((bits >> BigInt(fraction)) & (pow2(width - 1 - fraction) - 1n));
  const low = bits & (pow2(fraction) - 1n);
  if (field === max - min + 2) return low === 0n ? { kind: 'infinity', negative } : { kind: 'nan' };
  if (field === 0) return rational(negative, low, min - fraction);
  return rational(negative, low | pow2(fraction), field - 1 + min - fraction);
}

export function infinity(negative: boolean, f: Format): bigint {
  return (BigInt(negative ? 1 : 0) << BigInt(f.bits - 1)) | (BigInt(f.max - f.min + 2) << BigInt(f.fraction));
}

function zero(negative: boolean, f: Format): bigint {
  return negative ? pow2(f.bits - 1) : 0n;
}

export function defaultNan(rules: Rules, f: Format): bigint {
  const fraction = rules.quietBitSet ? pow2(f.fraction - 1) : pow2(f.fraction - 1) - 1n;
  return infinity(rules.defaultNanNegative, f) | fraction;
}

export function isSignaling(bits: bigint, rules: Rules, f: Format): boolean {
  if (parse(bits, f).kind !== 'nan') return false;
  const first = (bits >> BigInt(f.fraction - 1)) & 1n;
  return (first === 1n) !== rules.quietBitSet;
}

function quieted(bits: bigint, rules: Rules, f: Format): bigint {
  if (!isSignaling(bits, rules, f)) return bits;
  return rules.quietBitSet ? bits | pow2(f.fraction - 1) : defaultNan(rules, f);
}

/** floor(log2(n / d)) of a positive rational. */
function exponentOf(n: bigint, d: bigint): number {
  let e = n.toString(2).length - d.toString(2).length;
  const atLeast = e >= 0 ? n >= d * pow2(e) : n * pow2(-e) >= d;
  if (!atLeast) e--;
  return e;
}

/** The integer nearest to n / d (n >= 0) in the rounding's sense; `negative` is the sign of what it stands for. */
function roundInteger(n: bigint, d: bigint, round: Round, negative: boolean): { whole: bigint; exact: boolean } {
  const floor = n / d;
  const rest = n % d;
  if (rest === 0n) return { whole: floor, exact: true };
  const twice = 2n * rest;
  let up = false;
  if (round === 'even') up = twice > d || (twice === d && floor % 2n === 1n);
  else if (round === 'away') up = twice >= d;
  else if (round === 'up') up = !negative;
  else if (round === 'down') up = negative;
  return { whole: up ? floor + 1n : floor, exact: false };
}

/** n / d in units of 2^quantum. */
function scaled(n: bigint, d: bigint, quantum: number, round: Round, negative: boolean) {
  return quantum >= 0
    ? roundInteger(n, d * pow2(quantum), round, negative)
    : roundInteger(n * pow2(-quantum), d, round, negative);
}

/** One rounding of an exact value to a format. */
export function roundTo(value: Finite, f: Format, { round, rules, flush = false }: Context): Result {
  const flags = new Set<Flag>();
  const { negative, d } = value;
  const n = abs(value.n);
  if (n === 0n) return { bits: zero(negative, f), flags };
  const e = exponentOf(n, d);
  let tiny = e < f.min;
  if (tiny && flush) return { bits: zero(negative, f), flags };
  if (tiny && rules.tininess === 'after') {
    const unbounded = scaled(n, d, e - f.fraction, round, negative).whole;
    tiny = !(e === f.min - 1 && unbounded === pow2(f.fraction + 1));
  }
  const quantum = Math.max(e, f.min) - f.fraction;
  const { whole, exact } = scaled(n, d, quantum, round, negative);
  if (!exact) flags.add('inexact');
  if (!exact && tiny) flags.add('underflow');
  const result = rational(negative, whole, quantum);
  if (whole !== 0n && exponentOf(abs(result.n), result.d) > f.max) {
    flags.add('overflow').add('inexact');
    const toInfinity =
      round === 'even' || round === 'away' || (round === 'up' && !negative) || (round === 'down' && negative);
    return { bits: infinity(negative, f) - (toInfinity ? 0n : 1n), flags };
  }
  // The number whole * 2^quantum, as the encoding has it.
  const unit = pow2(f.fraction);
  const encoded = whole < unit ? whole : (BigInt(quantum + f.fraction - f.min) << BigInt(f.fraction)) + whole;
  return { bits: zero(negative, f) | encoded, flags };
}

function nanOf(operands: readonly bigint[], f: Format, { rules }: Context, always: readonly Flag[] = []): Result {
  const flags = new Set<Flag>(always);
  const nans = operands.filter((bits) => parse(bits, f).kind === 'nan');
  const signaling = nans.filter((bits) => isSignaling(bits, rules, f));
  if (signaling.length > 0) flags.add('invalid');
  if (rules.nan === 'default') return { bits: defaultNan(rules, f), flags };
  const chosen = (rules.nan === 'signaling-first' ? signaling[0] : undefined) ?? nans[0]!;
  return { bits: quieted(chosen, rules, f), flags };
}

function invalid(f: Format, { rules }: Context): Result {
  return { bits: defaultNan(rules, f), flags: new Set(['invalid']) };
}

const exactly = (bits: bigint): Result => ({ bits, flags: new Set() });

function finite(n: bigint, d: bigint, negativeZero: boolean): Finite {
  return { kind: 'finite', n, d, negative: n === 0n ? negativeZero : n < 0n };
}

/** Sign of a sum that is zero. */
function zeroSumSign(a: Finite, b: Finite, round: Round): boolean {
  if (a.n === 0n && b.n === 0n && a.negative === b.negative) return a.negative;
  return round === 'down';
}

export function add(a: bigint, b: bigint, f: Format, context: Context, subtract = false): Result {
  const x = parse(a, f);
  let y = parse(b, f);
  if (x.kind === 'nan' || y.kind === 'nan') return nanOf([a, b], f, context);
  if (subtract) y = y.kind === 'finite' ? { ...y, n: -y.n, negative: !y.negative } : { ...y, negative: !y.negative };
  if (x.kind === 'infinity') {
    if (y.kind === 'infinity' && x.negative !== y.negative) return invalid(f, context);
    return exactly(infinity(x.negative, f));
  }
  if (y.kind === 'infinity') return exactly(infinity(y.negative, f));
  const sum = finite(x.n * y.d + y.n * x.d, x.d * y.d, zeroSumSign(x, y, context.round));
  return roundTo(sum, f, context);
}

export function mul(a: bigint, b: bigint, f: Format, context: Context): Result {
  const x = parse(a, f);
  const y = parse(b, f);
  if (x.kind === 'nan' || y.kind === 'nan') return nanOf([a, b], f, context);
  const negative = x.negative !== y.negative;
  if (x.kind === 'infinity' || y.kind === 'infinity') {
    const other = x.kind === 'infinity' ? y : x;
    if (other.kind === 'finite' && other.n === 0n) return invalid(f, context);
    return exactly(infinity(negative, f));
  }
  return roundTo(finite(x.n * y.n, x.d * y.d, negative), f, context);
}

export function div(a: bigint, b: bigint, f: Format, context: Context): Result {
  const x = parse(a, f);
  const y = parse(b, f);
  if (x.kind === 'nan' || y.kind === 'nan') return nanOf([a, b], f, context);
  const negative = x.negative !== y.negative;
  if (x.kind === 'infinity') return y.kind === 'infinity' ? invalid(f, context) : exactly(infinity(negative, f));
  if (y.kind === 'infinity') return exactly(zero(negative, f));
  if (y.n === 0n) return x.n === 0n ? invalid(f, context) : { bits: infinity(negative, f), flags: new Set(['divide']) };
  const n = x.n * y.d;
  const d = x.d * y.n;
  return roundTo(finite(d < 0n ? -n : n, abs(d), negative), f, context);
}

/** floor(sqrt(n)). */
function integerRoot(n: bigint): bigint {
  if (n < 2n) return n;
  let x = pow2(Math.ceil(n.toString(2).length / 2));
  for (;;) {
    const better = (x + n / x) / 2n;
    if (better >= x) return x;
    x = better;
  }
}

/** Bits behind the point of a root that stands for the exact one: far more than any rounding looks at. */
const ROOT_BITS = 1300;

export function sqrt(a: bigint, f: Format, context: Context): Result {
  const x = parse(a, f);
  if (x.kind === 'nan') return nanOf([a], f, context);
  if (x.kind === 'finite' && x.n === 0n) return exactly(a);
  if (x.negative) return invalid(f, context);
  if (x.kind === 'infinity') return exactly(a);
  const square = (x.n * pow2(2 * ROOT_BITS)) / x.d;
  const root = integerRoot(square);
  const exact = root * root === square && (x.n * pow2(2 * ROOT_BITS)) % x.d === 0n;
  return roundTo(finite(2n * root + (exact ? 0n : 1n), pow2(ROOT_BITS + 1), false), f, context);
}

export function fma(a: bigint, b: bigint, c: bigint, f: Format, context: Context, subtract = false): Result {
  const { rules } = context;
  const x = parse(a, f);
  const y = parse(b, f);
  let z = parse(c, f);
  const isZero = (p: Parsed): boolean => p.kind === 'finite' && p.n === 0n;
  const zeroTimesInfinity = (isZero(x) && y.kind === 'infinity') || (isZero(y) && x.kind === 'infinity');
  if (x.kind === 'nan' || y.kind === 'nan' || z.kind === 'nan') {
    const order = { abc: [a, b, c], acb: [a, c, b], cab: [c, a, b] }[rules.fusedOrder];
    if (!zeroTimesInfinity || rules.fusedInvalid === 'quiet') return nanOf(order, f, context);
    const keepsNan = rules.fusedInvalid === 'invalid' || isSignaling(c, rules, f);
    return keepsNan ? nanOf(order, f, context, ['invalid']) : invalid(f, context);
  }
  if (zeroTimesInfinity) return invalid(f, context);
  if (subtract) z = z.kind === 'finite' ? { ...z, n: -z.n, negative: !z.negative } : { ...z, negative: !z.negative };
  const negative = x.negative !== y.negative;
  if (x.kind === 'infinity' || y.kind === 'infinity') {
    if (z.kind === 'infinity' && z.negative !== negative) return invalid(f, context);
    return exactly(infinity(negative, f));
  }
  if (z.kind === 'infinity') return exactly(infinity(z.negative, f));
  const product = finite(x.n * y.n, x.d * y.d, negative);
  const sum = product.n * z.d + z.n * product.d;
  return roundTo(finite(sum, product.d * z.d, zeroSumSign(product, z, context.round)), f, context);
}

/** -1, 0, 1, or 2 for unordered. */
export function compare(
  a: bigint,
  b: bigint,
  f: Format,
  { rules }: Context,
  signaling: boolean,
): { order: number; flags: ReadonlySet<Flag> } {
  const x = parse(a, f);
  const y = parse(b, f);
  if (x.kind === 'nan' || y.kind === 'nan') {
    const flagged = signaling || isSignaling(a, rules, f) || isSignaling(b, rules, f);
    return { order: 2, flags: new Set<Flag>(flagged ? ['invalid'] : []) };
  }
  const rank = (p: Exclude<Parsed, { kind: 'nan' }>): number => (p.kind === 'finite' ? 0 : p.negative ? -1 : 1);
  const difference = x.kind === 'finite' && y.kind === 'finite' ? x.n * y.d - y.n * x.d : BigInt(rank(x) - rank(y));
  return { order: difference < 0n ? -1 : difference > 0n ? 1 : 0, flags: new Set() };
}

export function convert(a: bigint, from: Format, to: Format, context: Context): Result {
  const { rules } = context;
  const x = parse(a, from);
  if (x.kind === 'infinity') return exactly(infinity(x.negative, to));
  if (x.kind === 'finite') return roundTo(x, to, context);
  const signaling = isSignaling(a, rules, from);
  const flags = new Set<Flag>(signaling ? ['invalid'] : []);
  if (rules.nan === 'default' || (signaling && !rules.quietBitSet)) return { bits: defaultNan(rules, to), flags };
  const shift = to.fraction - from.fraction;
  const payload = a & (pow2(from.fraction) - 1n);
  const moved = shift >= 0 ? payload << BigInt(shift) : payload >> BigInt(-shift);
  if (moved === 0n && !rules.quietBitSet) return { bits: defaultNan(rules, to), flags };
  const quiet = rules.quietBitSet ? pow2(to.fraction - 1) : 0n;
  return { bits: infinity(a >> BigInt(from.bits - 1) === 1n, to) | moved | quiet, flags };
}

/** An integer of [min, max]; invalid gives the nearest of them, a NaN 0. */
export function toInteger(
  a: bigint,
  from: Format,
  { round }: Context,
  min: bigint,
  max: bigint,
): { integer: bigint; flags: ReadonlySet<Flag> } {
  const x = parse(a, from);
  const outside = (integer: bigint) => ({ integer, flags: new Set<Flag>(['invalid']) });
  if (x.kind === 'nan') return outside(0n);
  if (x.kind === 'infinity') return outside(x.negative ? min : max);
  const { whole, exact } = roundInteger(abs(x.n), x.d, round, x.negative);
  const integer = x.negative ? -whole : whole;
  if (integer < min || integer > max) return outside(integer < min ? min : max);
  return { integer, flags: new Set<Flag>(exact ? [] : ['inexact']) };
}

export function fromInteger(integer: bigint, to: Format, context: Context): Result {
  return roundTo(finite(integer, 1n, false), to, context);
}

export function roundToIntegral(a: bigint, f: Format, context: Context): Result {
  const x = parse(a, f);
  if (x.kind === 'nan') return nanOf([a], f, context);
  if (x.kind === 'infinity') return exactly(a);
  const { whole, exact } = roundInteger(abs(x.n), x.d, context.round, x.negative);
  const { bits } = roundTo(finite(x.negative ? -whole : whole, 1n, x.negative), f, context);
  return { bits, flags: new Set<Flag>(exact ? [] : ['inexact']) };
}
