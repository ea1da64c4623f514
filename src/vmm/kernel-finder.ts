// Where the guest's kernel is and what its functions are called, found in its own memory (boot/kallsyms.ts). A table counts only when
// it was there before the first user program ran, so that no program can plant one, and when the kernel that runs is the one
// that it names: a relocated kernel leaves a dead copy behind.
import { findKallsyms, type Kallsyms } from '../boot/kallsyms.ts';
import type { AddressRange } from '../boot/placement.ts';
import type { SymbolTable } from '../boot/symbols.ts';
import type { GuestMemory } from '../memory/guest-memory.ts';

const PAGE = 0x1000;

export interface FinderOptions {
  readonly memory: GuestMemory;
  /** Guest-physical address of a kernel address, or null. */
  toPhysical(address: number): number | null;
}

/** The table in guest memory of the kernel whose code `pc` is in, or null. */
export function findRunningKernel({ memory, toPhysical }: FinderOptions, pc: number): SymbolTable | null {
  const source = {
    endianness: memory.endianness,
    areas: nonZeroAreas(memory),
    read: (address: number, length: number) => readSome(memory, address, length),
  };
  for (const found of findKallsyms(source))
    if (pc >= found.lowest && pc <= found.highest && isThere(found, toPhysical)) return found.table;
  return null;
}

/** The table lies in the kernel that it describes: behind its first function. */
function isThere({ lowest, highest, foundAt }: Kallsyms, toPhysical: FinderOptions['toPhysical']): boolean {
  const from = toPhysical(lowest);
  const to = toPhysical(highest);
  return from !== null && to !== null && foundAt > from && foundAt < to;
}

/** Runs of pages that are not zero, in guest-physical addresses. */
function nonZeroAreas(memory: GuestMemory): AddressRange[] {
  const areas: { start: number; end: number }[] = [];
  for (const { gpa, size, offset } of memory.getRanges())
    for (let at = 0; at < size; at += PAGE) {
      if (memory.isZeroPage(offset + at)) continue;
      const last = areas.at(-1);
      if (last?.end === gpa + at) last.end += PAGE;
      else areas.push({ start: gpa + at, end: gpa + at + PAGE });
    }
  return areas;
}

function readSome(memory: GuestMemory, address: number, length: number): Uint8Array {
  const range = memory.find(address);
  const bytes = new Uint8Array(range ? Math.min(length, range.gpa + range.size - address) : 0);
  memory.read(address, bytes);
  return bytes;
}
