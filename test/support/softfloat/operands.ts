// Operands worth trying: zeros, subnormals, the edges of the normal range, infinities, NaNs of both kinds, powers of two, short and long
// fractions, and numbers near each other.
import type { Random } from '../oracle/random.ts';
import type { Format } from '../reference/floats.ts';

function bits(random: Random, width: number): bigint {
  return BigInt.asUintN(width, (BigInt(random.word()) << 32n) | BigInt(random.word()));
}

function fractionBits(random: Random, f: Format): bigint {
  const all = (1n << BigInt(f.fraction)) - 1n;
  switch (random.below(7)) {
    case 0:
      return 0n;
    case 1:
      return all;
    case 2:
      return bits(random, f.fraction) & ~(all >> BigInt(random.below(f.fraction))); // short
    case 3:
      return BigInt(random.below(4));
    case 4:
      return all - BigInt(random.below(4));
    case 5:
      return 1n << BigInt(random.below(f.fraction));
    default:
      return bits(random, f.fraction);
  }
}

/** One operand; `near` is another one whose exponent is often taken up. */
export function operand(random: Random, f: Format, near?: bigint): bigint {
  const top = f.max - f.min + 2; // the exponent field of infinities and NaNs
  const bias = f.max;
  const nearField = near === undefined ? bias : Number((near >> BigInt(f.fraction)) & BigInt(top));
  let field: number;
  switch (random.below(10)) {
    case 0:
      field = 0;
      break;
    case 1:
      field = top;
      break;
    case 2:
      field = random.below(3);
      break;
    case 3:
      field = top - 1 - random.below(3);
      break;
    case 4:
    case 5:
      field = nearField + random.below(7) - 3;
      break;
    case 6:
      field = nearField + random.below(2 * f.fraction + 10) - f.fraction - 5;
      break;
    case 7:
      field = bias + random.below(70) - 4; // about integers
      break;
    default:
      field = random.below(top + 1);
  }
  const sign = BigInt(random.below(2)) << BigInt(f.bits - 1);
  return sign | (BigInt(Math.min(top, Math.max(0, field))) << BigInt(f.fraction)) | fractionBits(random, f);
}
