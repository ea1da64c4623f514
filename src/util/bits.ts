// Bit and number helpers shared by everything. All take and return JavaScript numbers used as 32-bit values.

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
