// What to compile for code that was seen to be hot: the flow from where it was entered, or the loop around it.

import type { CodeReader } from './code-reader.ts';
import { type Block, exploreFlow, type Flow, type FlowLimits, type SeenTargets, successors } from './flow.ts';
import { type Level, structureFlow } from './structure.ts';

/** What is looked at for a loop. */
const WIDE: FlowLimits = { blocks: 96, instructions: 500, inlined: 24 };
/** What is compiled: V8's optimiser takes more than twice as long for twice the code (ENGINE, "compile cost"). */
const NARROW: FlowLimits = { blocks: 40, instructions: 160, inlined: 24 };
const LARGEST_LOOP = 240;

/** The flow to compile for code that is hot at `pc` and was entered at `root`: the largest loop around it of a reasonable size, else what follows. */
export function selectFlow(code: Pick<CodeReader, 'at'>, seen: SeenTargets, root: number, pc: number): Flow {
  const explore = (from: number, limits: FlowLimits): Flow => exploreFlow([from], code.at, seen, limits);
  const wide = explore(root, WIDE);
  const found = loopAround(wide, pc) ?? (root === pc ? undefined : loopAround(explore(pc, WIDE), pc));
  if (found) return withLoops(explore(found.start, { ...WIDE, within: found.leaders }));
  const fromRoot = explore(root, NARROW);
  return withLoops(fromRoot.blocks.some((block) => holds(block, pc)) ? fromRoot : explore(pc, NARROW));
}

/** Is the instruction at `pc` in this block? */
function holds(block: Block, pc: number): boolean {
  const extra = block.end.kind === 'branch' ? 2 : block.end.kind === 'last' ? 1 : 0;
  return block.context === 0 && pc >= block.pc && pc < block.pc + 4 * (block.instructions.length + extra);
}

/** Headers of loops may be entered as well: a loop that is left in its middle is soon back in compiled code. */
function withLoops(flow: Flow): Flow {
  const entries = new Set(flow.entries);
  const visit = (level: Level): void => {
    for (const item of level.items) {
      if (item.kind !== 'loop') continue;
      for (const header of item.headers) if (header.context === 0) entries.add(header);
      visit(item.body);
    }
  };
  visit(structureFlow(flow));
  return { blocks: flow.blocks, entries: [...entries] };
}

interface Loop {
  /** The first place in memory that a branch of it goes back to. */
  readonly start: number;
  /** Where its blocks begin. */
  readonly leaders: ReadonlySet<number>;
}

/** The largest loop of a reasonable size that holds `pc`. */
function loopAround(flow: Flow, pc: number): Loop | undefined {
  const search = ({ items }: Level): Loop | undefined => {
    for (const item of items) {
      if (item.kind !== 'loop' || ![...item.members].some((block) => holds(block, pc))) continue;
      const size = [...item.members].reduce((sum, { length }) => sum + length, 0);
      return size > LARGEST_LOOP ? search(item.body) : describe(item.members);
    }
    return undefined;
  };
  return search(structureFlow(flow));
}

function describe(members: ReadonlySet<Block>): Loop | undefined {
  const own = [...members].filter(({ context }) => context === 0);
  const targets = own.flatMap((block) => successors(block).filter((to) => members.has(to) && to.pc <= block.pc));
  if (targets.length === 0) return undefined;
  return {
    start: Math.min(...targets.map(({ pc }) => pc >>> 0)),
    leaders: new Set(own.map(({ pc }) => pc >>> 0)),
  };
}
