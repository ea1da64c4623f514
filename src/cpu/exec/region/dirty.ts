// Which registers a region may have written when control is at the end of a block: what has to go back to memory when it leaves there.
import { forEachStatement } from '../../emit/tree.ts';
import type { Node } from '../../emit/values.ts';
import type { Bank, Banks } from '../../isa/register-file.ts';
import { type Block, type Flow, instructionsOf } from './flow.ts';
import type { RegionInstruction } from './instruction.ts';

/** Registers by their byte offset in the state block, with their banks. */
export type Registers = ReadonlyMap<number, Bank>;

/** By block: the registers in locals that were written on some way from an entry to the block's end. */
export function dirtyRegisters({ blocks }: Flow, banks: Banks): ReadonlyMap<Block, Registers> {
  const dirty = new Map(blocks.map((block) => [block, writtenIn(block, banks)]));
  for (let changed = true; changed; ) {
    changed = false;
    for (const block of blocks)
      for (const next of block.successors) {
        const there = dirty.get(next)!;
        const before = there.size;
        for (const [offset, bank] of dirty.get(block)!) there.set(offset, bank);
        if (there.size !== before) changed = true;
      }
  }
  return dirty;
}

function writtenIn(block: Block, banks: Banks): Map<number, Bank> {
  return writtenBy(instructionsOf(block), banks);
}

/** The registers in locals that some of these instructions write. */
export function writtenBy(instructions: readonly RegionInstruction[], banks: Banks): Map<number, Bank> {
  const written = new Map<number, Bank>();
  const note = (bankName: string, index: Node): void => {
    const bank = banks[bankName]!;
    if (!bank.rowsOnly || index.op !== 'const' || (bank.zero && index.value === 0)) return;
    written.set(bank.offset + index.value * bank.size, bank);
  };
  for (const { statements } of instructions)
    forEachStatement(statements, (statement) => {
      if (statement.kind === 'write') note(statement.bank, statement.index);
      if (statement.kind === 'branch' && statement.link) note(statement.link.bank, statement.link.index);
    });
  return written;
}
