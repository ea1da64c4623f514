// The floating-point state of a record being made: operands where rounding, range and NaNs matter, and an FCSR that raises nothing by itself.
import { DOUBLE, SINGLE } from '../../reference/floats.ts';
import { operand } from '../../softfloat/operands.ts';
import { Draft } from '../draft.ts';
import type { Random } from '../random.ts';
import type { Fmt } from './encodings.ts';
import { FPR_WORDS } from './machine.ts';

const CAUSE_SHIFT = 12;
const ENABLES_SHIFT = 7;
const UNIMPLEMENTED = 0x20;
const FS = 1 << 24;
const CONDITIONS = 0xfe800000;

const INTEGERS = [
  0n,
  1n,
  -1n,
  1n << 24n,
  (1n << 24n) + 1n,
  1n << 31n,
  (1n << 53n) + 1n,
  (1n << 63n) - 1n,
  -(1n << 63n),
];

const isWide = (f: Fmt): boolean => f === 'd' || f === 'l';

export class FpuDraft {
  readonly base: Draft;
  readonly fr: boolean;
  readonly words = new Uint32Array(FPR_WORDS);
  readonly fcsr: number;
  private readonly random: Random;
  private used: number[] = [];

  constructor(random: Random) {
    this.base = new Draft(random);
    this.random = random;
    this.fr = random.chance(50);
    for (let n = 0; n < FPR_WORDS; n++) this.words[n] = Number(operand(random, SINGLE));
    this.fcsr = this.quietFcsr();
  }

  condition(): number {
    return this.random.chance(50) ? 0 : this.random.below(8);
  }

  /** A source register, given an operand of the format. */
  source(f: Fmt): number {
    const register = this.register(f);
    if (this.random.chance(90)) this.put(f, register, this.value(f));
    return register;
  }

  destination(f: Fmt): number {
    return this.register(f);
  }

  /** Make the second operand meet the first: near it, or so that the result is about an edge of the range; `third` near the product. */
  makeFriends(f: 's' | 'd', first: number, second: number, operation: string, third?: number): void {
    const { random } = this;
    const format = f === 'd' ? DOUBLE : SINGLE;
    if (first === second || random.chance(25)) return;
    const top = format.max - format.min + 2;
    const field = (bits: bigint): number => Number((bits >> BigInt(format.fraction)) & BigInt(top));
    const a = this.get(f, first);
    let b = operand(random, format, a);
    if ((operation === 'mul' || operation === 'div' || operation === 'madd') && random.chance(50)) {
      // The result's exponent field: below the normal range, at its edges, or anywhere.
      const wanted = random.pick([random.below(format.fraction + 6) - format.fraction - 3, top - 3 + random.below(5)]);
      const partner = operation === 'div' ? field(a) - wanted + format.max : wanted - field(a) + format.max;
      const clear = b & ~(BigInt(top) << BigInt(format.fraction));
      if (partner > 0 && partner < top) b = clear | (BigInt(partner) << BigInt(format.fraction));
    }
    this.put(f, second, b);
    if (third === undefined || third === first || third === second) return;
    const product = Math.min(top, Math.max(0, field(a) + field(b) - format.max));
    this.put(f, third, operand(random, format, BigInt(product) << BigInt(format.fraction)));
  }

  /** What a CTC1 may write: anything. */
  fcsrValue(): number {
    const { random } = this;
    const value = random.chance(50) ? random.word() : this.quietFcsr();
    return (random.chance(70) ? value & ~(UNIMPLEMENTED << CAUSE_SHIFT) : value) >>> 0;
  }

  /** Rounding, enables, flags and Cause that make sense together and raise nothing. */
  private quietFcsr(): number {
    const { random } = this;
    const round = random.chance(60) ? 0 : random.below(4);
    const enables = random.chance(75) ? 0 : random.below(32);
    const flags = random.chance(40) ? 0 : random.chance(60) ? random.below(32) | 1 : random.below(32);
    const causes = random.chance(50) ? 0 : random.below(32) & ~enables;
    const flush = random.chance(15) ? FS : 0;
    const conditions = random.word() & CONDITIONS;
    return (conditions | flush | (causes << CAUSE_SHIFT) | (enables << ENABLES_SHIFT) | (flags << 2) | round) >>> 0;
  }

  /** Often one that was named before. A double's is even with FR=0, but for a few. */
  private register(f: Fmt): number {
    const { random } = this;
    let register = this.used.length > 0 && random.chance(25) ? random.pick(this.used) : random.below(32);
    if (isWide(f) && !this.fr && random.chance(97)) register &= ~1;
    this.used.push(register);
    return register;
  }

  private value(f: Fmt): bigint {
    const { random } = this;
    if (f === 's' || f === 'd') return operand(random, f === 'd' ? DOUBLE : SINGLE);
    if (random.chance(30)) return BigInt.asUintN(64, random.pick(INTEGERS));
    const word = (BigInt(random.word()) << 32n) | BigInt(random.word());
    return BigInt.asUintN(64, BigInt.asIntN(64, word) >> BigInt(random.below(64)));
  }

  /** Word of the register file that holds the register's lower part. */
  private word(f: Fmt, register: number): number {
    if (this.fr) return 2 * register;
    return isWide(f) ? 2 * (register & ~1) : 2 * register - (register & 1);
  }

  private get(f: Fmt, register: number): bigint {
    const at = this.word(f, register);
    const low = BigInt(this.words[at]!);
    return isWide(f) ? (BigInt(this.words[at + 1]!) << 32n) | low : low;
  }

  private put(f: Fmt, register: number, bits: bigint): void {
    const at = this.word(f, register);
    this.words[at] = Number(BigInt.asUintN(32, bits));
    if (isWide(f)) this.words[at + 1] = Number(BigInt.asUintN(32, bits >> 32n));
  }
}
