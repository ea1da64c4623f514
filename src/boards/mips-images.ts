// What the MIPS boards agree on: segments without a TLB, which instruction sets MIPS32 release 2 contains, and how an ELF kernel and its initrd
// come into memory.
import { loadElf } from '../boot/elf.ts';
import { loadInitrd } from '../boot/initrd.ts';
import { requireElf } from '../boot/kernel-image.ts';
import { KSEG0, TE_KSEG0 } from '../boot/linux-mips.ts';
import type { AddressRange } from '../boot/placement.ts';
import { type BootRegister, type LoadContext, type LoadedGuest, physicalAddress, type Segment } from './board.ts';

const SEGMENT_SIZE = 0x2000_0000;

/** The guest agent's programs. */
export const AGENTS = { little: 'mipsel', big: 'mips' } as const;

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

/** Where an initrd goes. */
interface InitrdPlace {
  /** Right above the kernel, or as high as it fits. */
  readonly initrd: 'low' | 'high';
  /** Bytes that stay free between it and the end of low RAM. */
  readonly initrdGap: number;
}

export interface MipsBootContext extends Pick<LoadContext, 'memory' | 'image' | 'ram'> {
  readonly commandLine: string;
  /** Guest-physical memory that kernel and initrd take. */
  readonly taken: readonly AddressRange[];
}

/** Load an ELF kernel into its segment. `writeArguments` writes what it finds in memory beside, and says what is in the registers of every CPU. */
export function loadMips(
  { memory, kernel, image, ram, initrd, commandLine }: LoadContext,
  { initrd: where, initrdGap }: InitrdPlace,
  writeArguments: (context: MipsBootContext) => readonly BootRegister[],
): LoadedGuest {
  const segment = image.segment!;
  const { entry, loaded, highest } = loadElf(requireElf(kernel), memory, (address) =>
    physicalAddress([segment], address),
  );
  const taken: AddressRange[] = [...loaded];
  const words: string[] = [];
  if (initrd) {
    const to = Math.min(segment.physical + segment.size, ram[0]!.base + ram[0]!.size) - initrdGap;
    const place = loadInitrd(initrd, memory, { taken, from: highest, to, where });
    taken.push(place);
    const start = `0x${(segment.base + (place.start - segment.physical)).toString(16)}`;
    words.push(`rd_start=${start}`, `rd_size=0x${(place.end - place.start).toString(16)}`);
  }
  const registers = [
    ...writeArguments({ memory, image, ram, commandLine: commandLine(words), taken }),
    ['pc', entry] as const,
  ];
  return { entry, deviceTree: null, registers: () => registers };
}

/** Linux's four arguments. */
export function argumentRegisters(...values: readonly [number, number, number, number]): BootRegister[] {
  return values.map((value, n) => [`a${n}`, value]);
}
