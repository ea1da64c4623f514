// Which registers a region uses, and which it may have written when control is at the end of a block: what has to go back to memory when it
// leaves there.
import { forEachNode, forEachStatement, operands } from '../../emit/tree.ts';
import type { Node } from '../../emit/values.ts';
import type { Bank, Banks } from '../../isa/register-file.ts';
import { type Block, type Flow, instructionsOf } from './flow.ts';
import type { RegionInstruction } from './instruction.ts';

/** Registers by their byte offset in the state block, with their banks. */
export type Registers = ReadonlyMap<number, Bank>;

/** By block: the registers in locals that were written on some way from an entry, or a call, to the block's end. */
export function dirtyRegisters({ blocks }: Flow, banks: Banks): ReadonlyMap<Block, Registers> {
  const dirty = new Map(blocks.map((block) => [block, writtenIn(block, banks)]));
  for (let changed = true; changed; ) {
    changed = false;
    for (const block of blocks)
      for (const next of block.successors) {
        if (isOnlyReturn(block, next)) continue; // everything went to memory before the call
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

/** Does control come from a block to another only by returning from a call? */
function isOnlyReturn({ end }: Block, next: Block): boolean {
  return end.kind === 'branch' && end.resume?.to === next && end.otherwise?.to !== next;
}

/** The registers that these blocks have in locals. */
export function registersOf(blocks: readonly Block[], banks: Banks): Registers {
  const instructions = blocks.flatMap(instructionsOf);
  const used = writtenBy(instructions, banks);
  const read = (bankName: string, index: Node): void => {
    const bank = banks[bankName]!;
    if (bank.rowsOnly && index.op === 'const') used.set(bank.offset + index.value * bank.size, bank);
  };
  const visit = (node: Node): void => {
    if (node.op === 'read') read(node.bank, node.index);
    for (const operand of operands(node)) visit(operand);
  };
  for (const { guards, statements } of instructions) {
    for (const guard of guards) visit(guard);
    forEachNode(statements, (node) => {
      if (node.op === 'read') read(node.bank, node.index);
    });
    forEachStatement(statements, (statement) => {
      if (statement.kind === 'sample') read(statement.bank, { op: 'const', type: 'i32', value: statement.index });
    });
  }
  return used;
}
