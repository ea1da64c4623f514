// Binary-coded decimal: a decimal digit in every four bits.

/** `value` (not negative) in `digits` digits; higher ones are dropped. */
export function toBcd(value: number, digits: number): number {
  let bcd = 0;
  let rest = value;
  for (let shift = 0; shift < 4 * digits; shift += 4) {
    bcd |= (rest % 10) << shift;
    rest = Math.floor(rest / 10);
  }
  return bcd;
}

/** The number that `digits` digits of `bcd` mean; a digit above 9 counts for what it is. */
export function fromBcd(bcd: number, digits: number): number {
  let value = 0;
  for (let shift = 4 * (digits - 1); shift >= 0; shift -= 4) value = 10 * value + ((bcd >>> shift) & 0xf);
  return value;
}
