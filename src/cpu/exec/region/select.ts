// What to compile for code that was seen to be hot: the loop around it, or what follows from where it was entered.
import {
  type Block,
  type CodeAt,
  exploreFlow,
  type Flow,
  type FlowLimits,
  restrictFlow,
  type SeenTargets,
} from './flow.ts';
import { type Item, type Level, structureFlow } from './structure.ts';

/** What is looked at. */
const LIMITS: FlowLimits = { blocks: 64, instructions: 250, inlined: 24 };
/** What is compiled: V8's optimiser takes more than twice as long for twice the code (ENGINE, "compile cost"). */
const LARGEST_LOOP = 240;
const LARGEST_PATH = 160;

/** The flow to compile for code that is hot at `pc` and was entered at `root`: the largest loop around it of a reasonable size, else what follows. */
export function selectFlow(code: { readonly at: CodeAt }, seen: SeenTargets, root: number, pc: number): Flow {
  const fromRoot = exploreFlow([root], code.at, seen, LIMITS);
  const reaches = fromRoot.blocks.some((block) => holds(block, pc));
  const flow = reaches || root === pc ? fromRoot : exploreFlow([pc], code.at, seen, LIMITS);
  const structure = structureFlow(flow);
  const loop = loopAround(structure, pc);
  const headers = headersIn(loop ? [loop] : structure.items);
  if (!loop) {
    const kept = firstBlocks(flow);
    const entries = new Set([...flow.entries, ...headers].filter((block) => kept.has(block)));
    return restrictFlow(flow, kept, [...entries]);
  }
  const own = [...loop.members].filter(({ context }) => context === 0);
  const start = startOf(own, loop.members);
  const entries = new Set([start, ...flow.entries, ...headers].filter((block) => loop.members.has(block)));
  return restrictFlow(flow, loop.members, [...entries]);
}

/** Is the instruction at `pc` in this block? */
function holds(block: Block, pc: number): boolean {
  const extra = block.end.kind === 'branch' ? 2 : block.end.kind === 'last' ? 1 : 0;
  return block.context === 0 && pc >= block.pc && pc < block.pc + 4 * (block.instructions.length + extra);
}

type Loop = Extract<Item, { kind: 'loop' }>;

/** The largest loop of a reasonable size that holds `pc`. */
function loopAround({ items }: Level, pc: number): Loop | undefined {
  for (const item of items) {
    if (item.kind !== 'loop' || ![...item.members].some((block) => holds(block, pc))) continue;
    const size = [...item.members].reduce((sum, { length }) => sum + length, 0);
    return size > LARGEST_LOOP ? loopAround(item.body, pc) : item;
  }
  return undefined;
}

/** Headers of loops may be entered as well: a loop that is left in its middle is soon back in compiled code. */
function headersIn(items: readonly Item[]): Block[] {
  return items.flatMap((item) =>
    item.kind === 'loop'
      ? [...[...item.headers].filter(({ context }) => context === 0), ...headersIn(item.body.items)]
      : [],
  );
}

/** Where a loop begins: the first place in memory that a branch of it goes back to. */
function startOf(own: readonly Block[], members: ReadonlySet<Block>): Block {
  const targets = own.flatMap((block) =>
    block.successors.filter((to) => to.context === 0 && members.has(to) && to.pc <= block.pc),
  );
  return (targets.length > 0 ? targets : own).reduce((first, block) => (block.pc < first.pc ? block : first));
}

/** The blocks found first, as many as are worth compiling without a loop. */
function firstBlocks({ blocks }: Flow): ReadonlySet<Block> {
  const kept = new Set<Block>();
  let size = 0;
  for (const block of blocks) {
    if (kept.size > 0 && size + block.length > LARGEST_PATH) break;
    kept.add(block);
    size += block.length;
  }
  return kept;
}
