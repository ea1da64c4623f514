// Which registers a region uses, and which it may have written when control is at the end of a block: what has to go back to memory when it
// leaves there.
import type { Bank } from '../../isa/register-file.ts';
import { type Block, type Flow, instructionsOf } from './graph.ts';
import type { RegionInstruction, Registers } from './instruction.ts';

/** By block: the registers in locals that were written on some way from an entry, or a call, to the block's end. */
export function dirtyRegisters({ blocks }: Flow): ReadonlyMap<Block, Registers> {
  const dirty = new Map(blocks.map((block) => [block, writtenBy(instructionsOf(block))]));
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

/** The registers in locals that some of these instructions write. */
export function writtenBy(instructions: readonly RegionInstruction[]): Map<number, Bank> {
  const written = new Map<number, Bank>();
  for (const { writes } of instructions) for (const [offset, bank] of writes) written.set(offset, bank);
  return written;
}

/** Does control come from a block to another only by returning from a call? */
function isOnlyReturn({ end }: Block, next: Block): boolean {
  return end.kind === 'branch' && end.resume?.to === next && end.otherwise?.to !== next;
}

/** The registers that these blocks have in locals. */
export function registersOf(blocks: readonly Block[]): Registers {
  const used = new Map<number, Bank>();
  for (const block of blocks)
    for (const { reads, writes } of instructionsOf(block)) {
      for (const [offset, bank] of reads) used.set(offset, bank);
      for (const [offset, bank] of writes) used.set(offset, bank);
    }
  return used;
}

/**
 * By block: the registers that it needs and that are not in their locals on every way to it. Locals and memory agree at every edge; nothing
 * is in locals where control comes from outside, or back from a call.
 */
export function neededRegisters({ blocks, entries }: Flow): ReadonlyMap<Block, Registers> {
  const uses = new Map(blocks.map((block) => [block, usesOf(block)]));
  const outside = new Set(entries);
  const before = new Map<Block, Block[]>(blocks.map((block) => [block, []]));
  for (const block of blocks)
    for (const next of block.successors) {
      if (isOnlyReturn(block, next)) outside.add(next);
      else before.get(next)!.push(block);
    }
  // What is in locals when a block begins; not known yet: everything.
  const there = new Map<Block, ReadonlySet<number> | null>(blocks.map((block) => [block, null]));
  for (let changed = true; changed; ) {
    changed = false;
    for (const block of blocks) {
      const now = outside.has(block) ? NOTHING : inAll(before.get(block)!, there, uses);
      const old = there.get(block)!;
      if (now === null || (old !== null && old.size === now.size)) continue;
      there.set(block, now);
      changed = true;
    }
  }
  return new Map(
    blocks.map((block) => {
      const have = there.get(block) ?? NOTHING;
      return [block, new Map([...uses.get(block)!.needs].filter(([offset]) => !have.has(offset)))];
    }),
  );
}

const NOTHING: ReadonlySet<number> = new Set();

interface Uses {
  /** Registers whose value from before the block is needed. */
  readonly needs: Registers;
  /** Registers that are in their locals when the block ends, whatever was before. */
  readonly has: ReadonlySet<number>;
}

/** What is in locals at the end of all of these blocks; null when that is not known of any. */
function inAll(
  blocks: readonly Block[],
  there: ReadonlyMap<Block, ReadonlySet<number> | null>,
  uses: ReadonlyMap<Block, Uses>,
): ReadonlySet<number> | null {
  let all: Set<number> | null = null;
  for (const block of blocks) {
    const begin = there.get(block)!;
    if (begin === null) continue;
    const { has } = uses.get(block)!;
    if (all === null) all = new Set([...begin, ...has]);
    else for (const offset of all) if (!begin.has(offset) && !has.has(offset)) all.delete(offset);
  }
  return all;
}

function usesOf(block: Block): Uses {
  const needs = new Map<number, Bank>();
  const has = new Set<number>();
  const need = (registers: Registers): void => {
    for (const [offset, bank] of registers) {
      if (!has.has(offset)) needs.set(offset, bank);
      has.add(offset);
    }
  };
  const { end } = block;
  for (const instruction of instructionsOf(block)) {
    need(instruction.reads);
    // What may not happen needs the value that stays.
    if (instruction.writesSometimes || happensSometimes(instruction, end)) need(instruction.writes);
    else for (const offset of instruction.writes.keys()) has.add(offset);
  }
  return { needs, has };
}

/** Is the instruction executed in some cases only: in the slot of a likely branch, in an arm of a choice? */
function happensSometimes(instruction: RegionInstruction, end: Block['end']): boolean {
  if (end.kind === 'choice')
    return end.taken.instructions.includes(instruction) || end.otherwise.instructions.includes(instruction);
  return end.kind === 'branch' && end.slot === instruction && end.at.branch?.slot === 'likely';
}
