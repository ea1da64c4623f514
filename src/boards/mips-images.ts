// What the MIPS boards agree on: segments without a TLB, and which instruction sets MIPS32 release 2 contains.
import { KSEG0, TE_KSEG0 } from '../boot/linux-mips.ts';
import type { Segment } from './board.ts';

const SEGMENT_SIZE = 0x2000_0000;

/** EF_MIPS_ARCH of the sets that MIPS32 release 2 contains: MIPS I, MIPS II, MIPS32, MIPS32r2. */
export const MIPS_ARCH_FLAGS = { mask: 0xf000_0000, values: [0x0000_0000, 0x1000_0000, 0x5000_0000, 0x7000_0000] };

export const TE_SEGMENT: Segment = {
  name: 'trap-and-emulate KSEG0',
  base: TE_KSEG0,
  size: SEGMENT_SIZE,
  physical: 0,
};
export const KSEG0_SEGMENT: Segment = { name: 'KSEG0', base: KSEG0, size: SEGMENT_SIZE, physical: 0 };
/** The segments of ordinary guests. */
export const SEGMENTS: readonly Segment[] = [
  KSEG0_SEGMENT,
  { name: 'KSEG1', base: 0xa000_0000, size: SEGMENT_SIZE, physical: 0 },
];
