// Values worth trying for the ARM oracle: of general registers, of D registers (two singles, a double, lanes), of memory.
import type { Random } from '../oracle/random.ts';

const INTERESTING = [
  ...[0, 1, 2, 0xffffffff, 0xfffffffe, 0x80000000, 0x80000001, 0x7fffffff, 0x7ffffffe, 0xffff, 0x8000, 0xffff8000],
  ...[0x7fff, 0x00ff00ff, 0x80008000, 0x7fff7fff, 0x80808080, 0x7f7f7f7f, 0x01010101, 32, 31, 33, 255, 256],
];

/** A register value: boundaries, small numbers, single bits, lanes, or anything. */
export function integer(random: Random): number {
  switch (random.below(8)) {
    case 0:
    case 1:
      return random.pick(INTERESTING);
    case 2:
      return (random.below(512) - 256) >>> 0;
    case 3:
      return ((1 << random.below(32)) - random.below(2)) >>> 0;
    case 4:
      return (random.word() >> random.below(32)) >>> 0;
    default:
      return random.word();
  }
}

/** Half, single and double precision: bits of exponent and fraction. */
interface Format {
  readonly exponent: number;
  readonly fraction: number;
}
const HALF: Format = { exponent: 5, fraction: 10 };
const SINGLE: Format = { exponent: 8, fraction: 23 };
const DOUBLE: Format = { exponent: 11, fraction: 52 };

/** A floating-point number of any format as bits: zeros, subnormals, edges, infinities, NaNs of both kinds, integers, halfway cases, anything. */
function float(random: Random, { exponent, fraction }: Format): bigint {
  const one = 1n;
  const wide = (): bigint => (BigInt(random.word()) << 32n) | BigInt(random.word());
  const top = (one << BigInt(exponent)) - one;
  const bias = top >> one;
  const mask = (one << BigInt(fraction)) - one;
  const sign = BigInt(random.below(2)) << BigInt(exponent + fraction);
  const make = (biased: bigint, bits: bigint): bigint => sign | (biased << BigInt(fraction)) | (bits & mask);
  /** A few bits at either end of the fraction, or all or none. */
  const sparse = (): bigint => {
    const few = BigInt(random.below(8));
    return random.pick([0n, mask, few, few << BigInt(fraction - 3), wide(), mask - few]);
  };
  switch (random.below(12)) {
    case 0:
      return make(0n, 0n);
    case 1:
      return make(0n, sparse());
    case 2:
      return make(top, 0n);
    case 3:
      return make(top, random.chance(50) ? wide() | (one << BigInt(fraction - 1)) : wide() & (mask >> one));
    case 4:
      return make(top - one, sparse());
    case 5:
      return make(one, sparse());
    case 6:
    case 7:
      // About the size of integers, and of their edges.
      return make(
        bias + BigInt(random.below(Math.min(66, 2 ** (exponent - 1) - 1))) - BigInt(random.below(3)),
        sparse(),
      );
    case 8:
    case 9:
      return make(bias + BigInt(random.below(9) - 4), sparse());
    default:
      return make(wide() & top, wide());
  }
}

/** A D register: lanes of integers, two singles, four halves, or a double. */
export function doubleword(random: Random, floats: boolean): bigint {
  const choice = random.below(floats ? 10 : 4);
  if (choice < 3) return (BigInt(integer(random)) << 32n) | BigInt(integer(random));
  if (choice === 3) {
    const lane = BigInt(random.word() & 0xff);
    return random.chance(50) ? lane * 0x0101010101010101n : (lane << 8n) * 0x0001000100010001n;
  }
  if (choice < 7) return (float(random, SINGLE) << 32n) | float(random, SINGLE);
  if (choice === 7) return [0n, 16n, 32n, 48n].reduce((all, shift) => all | (float(random, HALF) << shift), 0n);
  return float(random, DOUBLE);
}

/** FPSCR: flags, QC, AHP, DN, FZ, rounding mode and cumulative exception bits; no trap enables, no vectors. */
export function fpscr(random: Random): number {
  const flags = random.word() & 0xf0000000;
  const rounding = random.below(4) << 22;
  const bit = (n: number, percent: number): number => (random.chance(percent) ? 1 << n : 0);
  const modes = bit(26, 15) | bit(25, 25) | bit(24, 25) | bit(27, 25);
  const exceptions = random.chance(30) ? random.word() & 0x9f : 0;
  return (flags | rounding | modes | exceptions) >>> 0;
}
