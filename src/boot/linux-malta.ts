// What Linux on a Malta finds in memory at its entry, as the YAMON monitor leaves it (Linux 5.10 arch/mips/fw/lib/cmdline.c, reference MIPS.md
// A14): a0 = argc, a1 = argv, a2 = environment, a3 = bytes of RAM. argv and environment are arrays of 32-bit pointers; the environment
// is names and values in turn, and a null pointer ends each array.
//
// The kernel takes the arrays only when they are at or above 0x8000_0000, also as a trap-and-emulate guest. Such a guest reads them by device
// accesses, which user space serves from RAM.
import type { GuestMemory } from '../memory/guest-memory.ts';
import { TsvmError } from '../util/errors.ts';
import { KSEG0, type MipsBootArguments } from './linux-mips.ts';
import { type AddressRange, findFree } from './placement.ts';

/** The exception vectors and what a kernel keeps behind them come first. */
const LOWEST = 0x2000;
const KSEG0_SIZE = 0x2000_0000;
const PAGE_SIZE = 0x1000;

export interface MaltaBootOptions {
  readonly commandLine: string;
  /** Names and values. */
  readonly environment: readonly (readonly [name: string, value: string])[];
  /** For a3. */
  readonly memorySize: number;
  /** Guest-physical ranges of the loaded kernel and initrd. */
  readonly taken: readonly AddressRange[];
}

/**
 * Write argv, environment and their strings into the lowest free, page-aligned RAM.
 * @throws TsvmError image-too-large when RAM has no room
 */
export function writeMaltaArguments(memory: GuestMemory, options: MaltaBootOptions): MipsBootArguments {
  const encoder = new TextEncoder();
  const argv = ['vmlinux', options.commandLine];
  const environment = options.environment.flat();
  const strings = [...argv, ...environment].map((text) => encoder.encode(`${text}\0`));
  const tables = 4 * (argv.length + 1 + environment.length + 1);
  const size = tables + strings.reduce((sum, { length }) => sum + length, 0);
  const range = findFree(memory, options.taken, { size, align: PAGE_SIZE, from: LOWEST, to: KSEG0_SIZE });
  if (!range)
    throw new TsvmError('image-too-large', `RAM has no ${size} free bytes for the kernel's command line`, {
      next: 'give the guest more memory: -m SIZE',
    });
  let entry = range.start;
  let text = range.start + tables;
  const pointer = (value: number): void => {
    memory.writeU32(entry, value, memory.endianness);
    entry += 4;
  };
  for (const [index, string] of strings.entries()) {
    if (index === argv.length) pointer(0);
    pointer(KSEG0 + text);
    memory.write(text, string);
    text += string.length;
  }
  pointer(0);
  const a1 = KSEG0 + range.start;
  return { a0: argv.length, a1, a2: a1 + 4 * (argv.length + 1), a3: options.memorySize, range };
}
