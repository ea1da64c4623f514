// The operand word of an Advanced SIMD data-processing instruction: what its function is called with, made when the instruction is decoded.

export const WORD = {
  /** Byte offsets in the register file of the destination and the two operands; the first operand's place may have a number instead. */
  D: 0,
  N: 8,
  M: 16,
  /** 128-bit registers. */
  QUAD: 1 << 24,
  /** Bits of an element: 8 << size. */
  SIZE: 25,
  /** Unsigned elements; or another choice between two forms of the operation. */
  UNSIGNED: 1 << 27,
  /** Two more such choices. */
  ROUND: 1 << 28,
  SATURATE: 1 << 29,
  /** The instruction is UNDEFINED. */
  UNDEFINED: 1 << 31,
} as const;
