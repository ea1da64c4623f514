// What callers of softfloat say: the mode word of an operation, its flags, and what instruction sets decide differently (IEEE 754-2008, 4.3,
// 6.2, 7). Everything here is common to all instruction sets; each gives its own rules.

/** The mode word, an argument of every operation. Values are f32 (zero-extended) unless DOUBLE. */
export const MODE = {
  /** Bits 2:0 are one of ROUND. */
  ROUND: 7,
  /** Results below the smallest normal number become zero of their sign. */
  FLUSH_RESULT: 1 << 3,
  /** f64: operands and result; of a conversion between formats, the result. */
  DOUBLE: 1 << 4,
  /** Subnormal operands count as zero of their sign. */
  FLUSH_OPERANDS: 1 << 5,
  /** Every NaN result is the default NaN. */
  DEFAULT_NAN: 1 << 6,
  /** add subtracts. */
  SUBTRACT: 1 << 7,
  /** compare: quiet NaNs are invalid too. */
  SIGNALING: 1 << 8,
  /** Integers are unsigned, and 64 bits wide. */
  UNSIGNED: 1 << 9,
  WIDE: 1 << 10,
} as const;

export const ROUND = { NEAREST_EVEN: 0, TOWARD_ZERO: 1, UP: 2, DOWN: 3, NEAREST_AWAY: 4 } as const;

/** Bits that operations add to the flags word. */
export const FLAG = {
  INEXACT: 1 << 0,
  UNDERFLOW: 1 << 1,
  OVERFLOW: 1 << 2,
  DIVIDE: 1 << 3,
  INVALID: 1 << 4,
  /** A subnormal operand was taken for zero. */
  DENORMAL_OPERAND: 1 << 6,
} as const;

export interface SoftfloatRules {
  /** Is the first fraction bit set in quiet NaNs (IEEE 754-2008), or in signalling ones (MIPS legacy)? */
  readonly quietBit: 'set' | 'clear';
  /** Sign of the NaN that invalid operations make; its fraction is the quiet bit alone, or all bits but that one where that is clear. */
  readonly defaultNanSign: 0 | 1;
  /** Which operand's NaN a result takes: the first one, the first signalling one before the first one, or never one but the default NaN. */
  readonly propagation: 'first' | 'signaling-first' | 'default';
  /** Order of the operands of a * b + c for that. */
  readonly fusedOrder: 'abc' | 'acb' | 'cab';
  /** (0 * infinity) + quiet NaN: invalid with the default NaN, invalid with c's NaN, or c's NaN without a flag. */
  readonly fusedInvalid: 'default' | 'invalid' | 'quiet';
  /** Is a result tiny by its value before rounding, or after? */
  readonly tininess: 'before' | 'after';
  /** Flags of a result that FLUSH_RESULT made zero. */
  readonly flushFlags: number;
  /** Byte address of the flags word (i32), to which operations add; callers clear it. */
  readonly flagsAddress: number;
  /** Bits of the flags word for a set of FLAG; without, it has FLAG's. */
  readonly flagBits?: (flags: number) => number;
}
