// What instruction stands at an address of an unmapped segment: `tlbwr`. For telling privileged instructions apart, which all come out of the guest as the same
// exception.
import { CodeListing, type ListedArchitecture } from '../../vmm/emulated-code.ts';
import type { Machine } from '../../vmm/machine.ts';

/** Branches and jumps, but BC1x. */
const BRANCH = /^(b(?!c|reak)|j)/;

/** The mnemonic of what exits with this pc; null where the guest's TLB maps, or nothing can be read. */
export function mnemonics(
  { memory, toPhysical }: Pick<Machine, 'memory' | 'toPhysical'>,
  architecture: ListedArchitecture,
): (pc: number) => string | null {
  const at = (address: number, length: number): number | null => {
    const physical = toPhysical(address >>> 0);
    return physical !== null && memory.contains(physical, length) ? physical : null;
  };
  let listing: CodeListing | null = null;
  const make = (): CodeListing =>
    new CodeListing(
      {
        architecture,
        endianness: memory.endianness,
        wordAt: (address) => {
          const physical = at(address, 4);
          return physical === null ? undefined : memory.readU32(physical, memory.endianness);
        },
        halfwordAt: () => undefined, // nothing is told apart there
        symbolize: () => null,
      },
      { operations: false, wasm: false },
    );
  const mnemonic = (pc: number): string | null => {
    listing ??= make();
    return listing.listed(pc, 0)?.text.split(' ')[0] ?? null;
  };
  return (pc) => {
    const here = mnemonic(pc);
    // What is in a delay slot exits with its branch's pc, and a branch that is not a coprocessor's does not exit.
    return architecture.delaySlots && here !== null && BRANCH.test(here) ? mnemonic(pc + 4) : here;
  };
}
