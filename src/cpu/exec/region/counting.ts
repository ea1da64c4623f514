// How a region counts: a block's instructions are taken off when it is entered. At entries and loop headers there must be enough left for the
// longest way to the next such place, so that no step begins after the deadline.
import type { Block } from './graph.ts';
import type { Level } from './structure.ts';

export class Counting {
  /** Blocks that look at the count. */
  readonly checkpoints: ReadonlySet<Block>;
  private readonly worst = new Map<Block, number>();

  constructor(top: Level) {
    const checkpoints = new Set<Block>();
    const visit = ({ entries, items }: Level): void => {
      for (const block of entries) checkpoints.add(block);
      for (const item of items) {
        if (item.kind !== 'loop') continue;
        for (const block of item.headers) checkpoints.add(block);
        visit(item.body);
      }
    };
    visit(top);
    this.checkpoints = checkpoints;
  }

  /** Most instructions from a block to the next checkpoint or out. */
  longest(block: Block): number {
    const known = this.worst.get(block);
    if (known !== undefined) return known;
    let rest = 0;
    for (const next of block.successors) if (!this.checkpoints.has(next)) rest = Math.max(rest, this.longest(next));
    const longest = block.length + notCountedAtEntry(block) + rest;
    this.worst.set(block, longest);
    return longest;
  }
}

/** Instructions that a block may execute beside those counted when it is entered. */
function notCountedAtEntry({ end }: Block): number {
  if (end.kind === 'choice') return Math.max(end.taken.length, end.otherwise.length);
  return end.kind === 'branch' && end.at.branch?.slot === 'likely' ? 1 : 0;
}
