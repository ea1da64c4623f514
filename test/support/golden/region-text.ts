// The region that would be compiled for a piece of guest code, as text: instructions, blocks, loops, and the function.
import { mips32 } from '../../../src/arch/mips/index.ts';
import { CodeListing } from '../../../src/cpu/exec/listing.ts';
import { assemble, type Line } from '../kvm/mips-words.ts';

const KSEG0_CODE = 0x40010000;

export interface RegionCode {
  readonly source: Line;
  readonly endianness?: 'little' | 'big';
  /** Where the code lies; the region begins there. */
  readonly at?: number;
}

export function regionText({ source, endianness = 'little', at = KSEG0_CODE }: RegionCode): string {
  const { words, labels } = assemble(at, source);
  const names = new Map([...labels].map(([name, address]) => [address, name]));
  const listing = new CodeListing(
    {
      architecture: mips32(endianness),
      endianness,
      wordAt: (address) => words[(address - at) / 4],
      symbolize: (address) => names.get(address) ?? null,
    },
    { operations: false, wasm: true },
  );
  return `;; ${endianness} endian\n${listing.region(at)}`;
}
