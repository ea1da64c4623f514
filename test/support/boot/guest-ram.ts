// Guest memory of one or more ranges without a VM around it, and the boards' fixed mappings, for the loader's tests.
import { type Endianness, GuestMemory } from '../../../src/memory/guest-memory.ts';

/** RAM of `size` bytes at guest-physical `base`. */
export function makeRam(size: number, order: Endianness = 'little', base = 0): GuestMemory {
  const memory = new GuestMemory(new ArrayBuffer(size), 0, size, order);
  memory.setRanges([{ gpa: base, size, offset: 0, readonly: false }]);
  return memory;
}

/** KSEG0 and KSEG1 of a trap-and-emulate guest. */
export function tePhysical(vaddr: number): number | undefined {
  return vaddr >= 0x4000_0000 && vaddr < 0x6000_0000 ? vaddr & 0x1fff_ffff : undefined;
}

/** KSEG0 and KSEG1 of an ordinary MIPS guest, 32-bit or sign-extended. */
export function ksegPhysical(vaddr: number): number | undefined {
  const address = vaddr < 0 ? vaddr + 0x1_0000_0000 : vaddr;
  return address >= 0x8000_0000 && address < 0xc000_0000 ? address & 0x1fff_ffff : undefined;
}

export function readBytes(memory: GuestMemory, gpa: number, length: number): number[] {
  const bytes = new Uint8Array(length);
  memory.read(gpa, bytes);
  return [...bytes];
}
