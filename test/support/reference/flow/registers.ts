// Register conventions of programs with control flow, so that loops end and calls come back most of the time.
/** Loop counters, by nesting depth. */
export const COUNTERS = [10, 11, 12, 13] as const;
/** How deep a recursion still goes. */
export const DEPTH = 14;
/** Addresses and conditions of single pieces. */
export const TEMP = 15;
export const TEMP2 = 28;
/** Addresses: two in unmapped memory (the second one misaligned at times), mapped ones, one among the code, MMIO, and one in a strange place. */
export const POINTER = {
  data: 16,
  far: 17,
  user: 18,
  mapped: 19,
  kernel: 20,
  code: 21,
  strange: 22,
  mmio: 23,
} as const;
/** Registers that hold code addresses. */
export const CODE_POINTERS = [24, 25] as const;
export const K0 = 26;
export const K1 = 27;
export const SP = 29;
export const RA = 31;
/** What random instructions write, and mostly read. */
export const SCRATCH = [0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 30] as const;
