// The boot arguments of Linux on the MIPS paravirt machine (Linux 3.16-5.9 arch/mips/paravirt/setup.c): a0 = argc and
// a1 = argv, an array of native-width pointers to strings in RAM.
//
// The kernel joins every argv string with blanks, argv[0] too, to form its command line. So the whole line is one string and
// argc is 1, as kvmtool does it: a program name in argv[0] would become a kernel parameter.
import type { GuestMemory } from '../memory/guest-memory.ts';
import { TsvmError } from '../util/errors.ts';
import { type AddressRange, findFree } from './placement.ts';

/** First unmapped, cached address of a trap-and-emulate guest (its KSEG0). */
export const TE_KSEG0 = 0x4000_0000;
/** First unmapped, cached address of an ordinary MIPS32 guest. */
export const KSEG0 = 0x8000_0000;

/** KSEG0 reaches this much physical memory. */
const KSEG0_SIZE = 0x2000_0000;
/** The first pages stay free: exception vectors at physical 0, and whatever a kernel keeps right after them. */
const LOWEST = 0x2000;
const PAGE_SIZE = 0x1000;

export interface MipsBootArguments {
  readonly a0: number;
  readonly a1: number;
  readonly a2: number;
  readonly a3: number;
  /** Guest-physical memory used. */
  readonly range: AddressRange;
}

/** argv[0] and the final null pointer. */
const ARGV_TABLE_SIZE = 8;

/**
 * Write the argv table and the command line into the lowest free, page-aligned RAM.
 * @param taken guest-physical ranges of the loaded kernel and initrd
 * @param pointerBase where the guest sees physical 0: TE_KSEG0 or KSEG0
 * @throws TsvmError image-too-large when RAM has no free page
 */
export function writeBootArguments(
  commandLine: string,
  memory: GuestMemory,
  taken: readonly AddressRange[],
  pointerBase: number,
): MipsBootArguments {
  const string = new TextEncoder().encode(`${commandLine}\0`);
  const size = ARGV_TABLE_SIZE + string.length;
  const range = findFree(memory, taken, { size, align: PAGE_SIZE, from: LOWEST, to: KSEG0_SIZE });
  if (!range)
    throw new TsvmError('image-too-large', `RAM has no ${size} free bytes for the kernel's command line`, {
      next: 'give the guest more memory: -m SIZE',
    });
  const argv = range.start;
  const line = argv + ARGV_TABLE_SIZE;
  memory.writeU32(argv, pointerBase + line, memory.endianness);
  memory.writeU32(argv + 4, 0, memory.endianness);
  memory.write(line, string);
  return { a0: 1, a1: pointerBase + argv, a2: 0, a3: 0, range };
}
