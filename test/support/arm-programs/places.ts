// Where things are in the memory of random ARM programs. Guest-physical RAM begins at 0; virtual addresses are the same, but for the aliases.
export const PAGE = 0x1000;
export const RAM_BYTES = 0x20000;
export const MMIO_PHYSICAL = 0x10000000;

/** Vectors of PL1 and of Hyp mode. */
export const VECTORS = 0;
export const HYP_VECTORS = 0x40;
export const HANDLERS = 0x100;
/** Words that handlers count in. */
export const COUNTERS = 0xc00;
export const CODE = 0x1000;
export const CODE_END = 0x9000;
export const DATA = 0x9000;
export const DATA_END = 0x10000;
/** Stacks: of modes, half a page each. */
export const STACKS = 0x10000;
export const STACK_BYTES = 0x800;
/** Pages that are mapped when others go. */
export const SPARE = 0x14000;
/** Page tables: a first level, then a last one; those of the second stage. */
export const FIRST_TABLE = 0x18000;
export const LAST_TABLE = 0x19000;
export const SECOND_STAGE = 0x1a000;

/** Virtual: the first sixteen pages again, MMIO, and RAM as one section. */
export const ALIAS = 0x40000;
export const ALIAS_PAGES = 16;
export const MMIO_VIRTUAL = 0x01000000;
export const SECTION = 0x01200000;
/** Offset in MMIO at which a store makes the interrupt lines fall that the host has raised. */
export const ACKNOWLEDGE = 0xff0;
