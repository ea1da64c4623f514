// From a graph of blocks to nested loops, as WebAssembly's structured control flow needs them: at every level the blocks and loops in
// topological order. Control enters a loop at its header; a loop with several headers (irreducible), or with entries from outside the region
// in its middle, dispatches at its head.
import { type Block, type Flow, successors } from './flow.ts';

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
  return level(blocks, new Set(entries), new Set(), new Set(entries));
}

/** `cut`: headers of the loop around, whose edges go back. `outside`: entries from outside the region. */
function level(
  blocks: readonly Block[],
  entries: ReadonlySet<Block>,
  cut: ReadonlySet<Block>,
  outside: ReadonlySet<Block>,
): Level {
  const here = new Set(blocks);
  const next = (block: Block): Block[] => successors(block).filter((s) => here.has(s) && !cut.has(s));
  const items = components(startFirst(blocks, entries), next).map((component): Item => {
    const members = new Set(component);
    const [only] = component;
    if (component.length === 1 && !next(only!).includes(only!)) return { kind: 'block', block: only!, members };
    const headers = headersOf(members, blocks, entries, next);
    const inside = new Set([...headers, ...component.filter((block) => outside.has(block))]);
    return { kind: 'loop', members, headers, body: level(component, inside, headers, outside) };
  });
  return { items, entries };
}

/** Where control comes into a loop from the code around it; its first block when it only comes from outside the region. */
function headersOf(
  members: ReadonlySet<Block>,
  blocks: readonly Block[],
  entries: ReadonlySet<Block>,
  next: (block: Block) => readonly Block[],
): ReadonlySet<Block> {
  const headers = new Set<Block>();
  for (const block of blocks)
    if (!members.has(block)) for (const successor of next(block)) if (members.has(successor)) headers.add(successor);
  if (headers.size > 0) return headers;
  const candidates = [...members].filter((block) => entries.has(block));
  const backwards = [...members].filter((block) =>
    [...members].some((from) => from.pc >= block.pc && next(from).includes(block)),
  );
  const [header] = [
    ...candidates.filter((block) => backwards.includes(block)),
    ...backwards,
    ...candidates,
    ...members,
  ];
  return new Set([header!]);
}

/** Tarjan visits in the order given; a level's own entries first keep its order close to the program's. */
function startFirst(blocks: readonly Block[], entries: ReadonlySet<Block>): readonly Block[] {
  return [...blocks].sort((a, b) => Number(entries.has(a)) - Number(entries.has(b)) || b.number - a.number);
}

/** Strongly connected components in topological order (Tarjan). */
function components(blocks: readonly Block[], next: (block: Block) => readonly Block[]): Block[][] {
  const index = new Map<Block, number>();
  const low = new Map<Block, number>();
  const stack: Block[] = [];
  const onStack = new Set<Block>();
  const found: Block[][] = [];
  const visit = (block: Block): void => {
    const order = index.size;
    index.set(block, order);
    low.set(block, order);
    stack.push(block);
    onStack.add(block);
    for (const successor of next(block)) {
      if (!index.has(successor)) {
        visit(successor);
        low.set(block, Math.min(low.get(block)!, low.get(successor)!));
      } else if (onStack.has(successor)) low.set(block, Math.min(low.get(block)!, index.get(successor)!));
    }
    if (low.get(block) !== order) return;
    const component: Block[] = [];
    for (;;) {
      const member = stack.pop()!;
      onStack.delete(member);
      component.push(member);
      if (member === block) break;
    }
    found.push(component.reverse());
  };
  for (const block of blocks) if (!index.has(block)) visit(block);
  return found.reverse();
}
