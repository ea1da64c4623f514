// A region as a graph: basic blocks, how they end, and where control goes from them.
import type { RegionInstruction } from './instruction.ts';

/** Where control goes: a block of this region, or out of it when `to` is null. */
export interface Edge {
  readonly pc: number;
  to: Block | null;
}

export type BlockEnd =
  /** The next instruction starts another block, or is not the region's. */
  | { readonly kind: 'goto'; readonly edge: Edge }
  | {
      readonly kind: 'branch';
      readonly at: RegionInstruction;
      /** Null where branches have none. */
      readonly slot: RegionInstruction | null;
      /** Null for a target known only at run time. */
      readonly taken: Edge | null;
      /** Null for an unconditional one. */
      readonly otherwise: Edge | null;
      /** Where run-time targets have been seen to go, the likeliest first. */
      readonly likely: readonly Edge[];
      /** After a call out of the region: where it comes back to, from the called region or by an entry. */
      readonly resume: Edge | null;
    }
  /** A branch whose two arms are so short that both are computed, and the condition chooses (if-conversion.ts). */
  | {
      readonly kind: 'choice';
      readonly at: RegionInstruction;
      readonly slot: RegionInstruction | null;
      readonly taken: Arm;
      readonly otherwise: Arm;
      /** Where both arms go. */
      readonly edge: Edge;
    }
  /** An exception for certain, or a jump without a slot that changes the privilege (ERET): the region's last instruction. */
  | { readonly kind: 'last'; readonly at: RegionInstruction };

/** One way through a choice. */
export interface Arm {
  readonly instructions: readonly RegionInstruction[];
  /** Instructions that are counted. */
  readonly length: number;
}

export interface Block {
  /** Position in the flow's blocks. */
  number: number;
  readonly pc: number;
  /** Which inlined call it belongs to; 0 is the region's own code. */
  readonly context: number;
  readonly instructions: readonly RegionInstruction[];
  end: BlockEnd;
  /** Instructions that are counted when the block is entered; a likely branch's slot is not. */
  readonly length: number;
  /** The blocks of the region that control may go to. */
  successors: readonly Block[];
}

export interface Flow {
  readonly blocks: readonly Block[];
  /** Blocks where control may come in from outside, the root first. */
  readonly entries: readonly Block[];
  /** It is a loop that is expected to go round often. */
  readonly loops: boolean;
}

/** All edges of a block, those out of the region included. */
export function edgesOf({ end }: Block): readonly Edge[] {
  if (end.kind === 'goto' || end.kind === 'choice') return [end.edge];
  if (end.kind === 'last') return [];
  const edges: Edge[] = [];
  if (end.taken) edges.push(end.taken);
  if (end.otherwise) edges.push(end.otherwise);
  for (const edge of end.likely) edges.push(edge);
  if (end.resume) edges.push(end.resume);
  return edges;
}

/** The blocks of the region that these edges lead to. */
export function targetsOf(edges: readonly Edge[]): readonly Block[] {
  const targets: Block[] = [];
  for (const { to } of edges) if (to) targets.push(to);
  return targets;
}

/** All instructions of a block, in the order of memory but for those of a choice's arms. */
export function instructionsOf({ instructions, end }: Block): readonly RegionInstruction[] {
  if (end.kind === 'goto') return instructions;
  if (end.kind === 'last') return [...instructions, end.at];
  const arms = end.kind === 'choice' ? [...end.taken.instructions, ...end.otherwise.instructions] : [];
  return [...instructions, end.at, ...(end.slot ? [end.slot] : []), ...arms];
}

/** Leave blocks out: edges to them lead out of the region. `entries` must be among those kept. */
export function restrictFlow(
  flow: Flow,
  kept: ReadonlySet<Block>,
  entries: readonly Block[],
  loops = flow.loops,
): Flow {
  const blocks = flow.blocks.filter((block) => kept.has(block));
  blocks.forEach((block, number) => {
    block.number = number;
    const edges = edgesOf(block);
    for (const edge of edges) if (edge.to && !kept.has(edge.to)) edge.to = null;
    block.successors = targetsOf(edges);
  });
  return { blocks, entries, loops };
}
