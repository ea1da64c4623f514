// Bit and number helpers shared by everything. All take and return JavaScript numbers used as 32-bit values.

/** Sign-extend the low `width` bits of `value`. */
export function signExtend(value: number, width: number): number {
  return (value << (32 - width)) >> (32 - width);
}

/** `width` one bits, from bit 0. */
export function ones(width: number): number {
  return width >= 32 ? -1 : (1 << width) - 1;
}

/** Swap the four bytes of a 32-bit value; the result is signed. */
export function byteSwap32(value: number): number {
  return ((value & 0xff) << 24) | ((value & 0xff00) << 8) | ((value >>> 8) & 0xff00) | ((value >>> 24) & 0xff);
}

/** 0x-prefixed, zero-padded hexadecimal of an unsigned 32-bit value (or of any safe integer when wider). */
export function hex(value: number, digits = 8): string {
  return `0x${(value < 0 ? value >>> 0 : value).toString(16).padStart(digits, '0')}`;
}

/** Number of set bits in a 32-bit value. */
export function popcount32(value: number): number {
  let count = 0;
  for (let rest = value >>> 0; rest !== 0; rest &= rest - 1) count++;
  return count;
}
