// Marks in the numbers that stand for operands of Advanced SIMD rows in their text (syntax.ts).

/** A 128-bit register. */
export const QUAD_OPERAND = 1 << 5;
/** An element, with its index. */
export const SCALAR_OPERAND = 1 << 6;
export const SCALAR_INDEX_SHIFT = 8;

/** The lane of a structure list: whole registers, and all lanes. */
export const NO_LANE = -1;
export const ALL_LANES = -2;
