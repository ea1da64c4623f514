// From a graph of blocks to nested loops, as WebAssembly's structured control flow needs them: at every level the blocks and loops in
// topological order. Control enters a loop at its header; a loop with several headers (irreducible), or with entries from outside the region
// in its middle, dispatches at its head.
import type { Block, Flow } from './graph.ts';

export type Item =
  | { readonly kind: 'block'; readonly block: Block; readonly members: ReadonlySet<Block> }
  | {
      readonly kind: 'loop';
      readonly members: ReadonlySet<Block>;
      readonly body: Level;
      readonly headers: ReadonlySet<Block>;
    };

export interface Level {
  readonly items: readonly Item[];
  /** Blocks where control may come into this level; more than one need a dispatch. */
  readonly entries: ReadonlySet<Block>;
}

/** The whole region as one level. */
export function structureFlow({ blocks, entries }: Flow): Level {
  const outside = new Set(entries);
  return level(blocks, outside, new Set(), outside);
}

/** `cut`: headers of the loop around, whose edges go back. `outside`: entries from outside the region. */
function level(
  blocks: readonly Block[],
  entries: ReadonlySet<Block>,
  cut: ReadonlySet<Block>,
  outside: ReadonlySet<Block>,
): Level {
  const { order, numbers } = components(blocks, entries, cut);
  const items = order.map((component): Item => {
    const members = new Set(component);
    const [only] = component;
    if (component.length === 1 && !(only!.successors.includes(only!) && !cut.has(only!)))
      return { kind: 'block', block: only!, members };
    const headers = headersOf(component, members, blocks, entries, cut, numbers);
    const inside = new Set([...headers, ...component.filter((block) => outside.has(block))]);
    return { kind: 'loop', members, headers, body: level(component, inside, headers, outside) };
  });
  return { items, entries };
}

/** Where control comes into a loop from the code around it; its first block when it only comes from outside the region. */
function headersOf(
  component: readonly Block[],
  members: ReadonlySet<Block>,
  blocks: readonly Block[],
  entries: ReadonlySet<Block>,
  cut: ReadonlySet<Block>,
  numbers: ReadonlyMap<Block, number>,
): ReadonlySet<Block> {
  const headers = new Set<Block>();
  for (const block of blocks) {
    if (members.has(block)) continue;
    for (const to of block.successors) if (members.has(to) && !cut.has(to)) headers.add(to);
  }
  if (headers.size > 0) return headers;
  // Entered from outside only: a block that a branch goes back to, one of the entries if possible.
  const backwards = new Set<Block>();
  for (const block of component)
    for (const to of block.successors)
      if (to.pc <= block.pc && members.has(to) && numbers.has(to) && !cut.has(to)) backwards.add(to);
  const candidates = component.filter((block) => entries.has(block));
  const [header] = [...candidates.filter((block) => backwards.has(block)), ...backwards, ...candidates, ...component];
  return new Set([header!]);
}

/** Strongly connected components in topological order (Tarjan). A level's own entries come last, which keeps the order close to the program's. */
function components(
  blocks: readonly Block[],
  entries: ReadonlySet<Block>,
  cut: ReadonlySet<Block>,
): { order: Block[][]; numbers: ReadonlyMap<Block, number> } {
  const here = new Set(blocks);
  const numbers = new Map<Block, number>();
  const stack: Block[] = [];
  const onStack = new Set<Block>();
  const found: Block[][] = [];
  const visit = (block: Block): number => {
    const number = numbers.size;
    let lowest = number;
    numbers.set(block, number);
    stack.push(block);
    onStack.add(block);
    for (const to of block.successors) {
      if (!here.has(to) || cut.has(to)) continue;
      if (!numbers.has(to)) lowest = Math.min(lowest, visit(to));
      else if (onStack.has(to)) lowest = Math.min(lowest, numbers.get(to)!);
    }
    if (lowest !== number) return lowest;
    const component: Block[] = [];
    for (;;) {
      const member = stack.pop()!;
      onStack.delete(member);
      component.push(member);
      if (member === block) break;
    }
    found.push(component.reverse());
    return lowest;
  };
  for (let i = blocks.length - 1; i >= 0; i--)
    if (!entries.has(blocks[i]!) && !numbers.has(blocks[i]!)) visit(blocks[i]!);
  for (let i = blocks.length - 1; i >= 0; i--) if (!numbers.has(blocks[i]!)) visit(blocks[i]!);
  return { order: found.reverse(), numbers };
}
