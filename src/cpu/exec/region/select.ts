// What to compile for code that was seen to be hot: the loop around it, or what follows from where it was entered.
import type { Banks } from '../../isa/register-file.ts';
import { type Code, exploreFlow, type FlowLimits, type IsElsewhere, type SeenTargets } from './flow.ts';
import { type Block, type Flow, instructionsOf, restrictFlow } from './graph.ts';
import { convertBranches } from './if-conversion.ts';
import type { CompileRequest } from './sites.ts';
import { type Item, structureFlow } from './structure.ts';

/** What is looked at for loops. */
const LIMITS: FlowLimits = { blocks: 64, instructions: 250, inlined: 24 };
/** What is compiled: V8's optimiser takes more than twice as long for twice the code (ENGINE, "compile cost"). */
const LARGEST_LOOP = 240;
const LARGEST_PATH = 160;
const PATH_LIMITS: FlowLimits = { ...LIMITS, instructions: LARGEST_PATH };

/** The flow to compile: the largest loop around the hot code of a reasonable size, else what follows, up to other compiled code. */
export function selectFlow(
  code: Code,
  seen: SeenTargets,
  { pc, root, innermost, onwards }: CompileRequest,
  banks: Banks,
  isElsewhere: IsElsewhere,
): Flow {
  const explore = (from: number, limits: FlowLimits, stop?: IsElsewhere): Flow =>
    exploreFlow([from], code, seen, limits, stop);
  const holdsHot = ({ blocks }: Flow): Block | undefined => blocks.find((block) => holds(block, pc));
  const entered = onwards ? explore(root, PATH_LIMITS, isElsewhere) : explore(root, LIMITS);
  const from = root === pc || holdsHot(entered) ? root : pc;
  const around = from === root ? entered : explore(from, LIMITS);
  const here = holdsHot(around);
  const loop = here && loopAround(around, here, innermost);
  const flow = loop || onwards ? around : explore(from, PATH_LIMITS, isElsewhere);
  const kept = loop ?? firstBlocks(flow);
  const headers = headersIn(structureFlow(flow).items);
  const starts = loop ? [startOf(loop), ...flow.entries, ...headers] : [...flow.entries, ...headers];
  const entries = [...new Set(starts)].filter((block) => kept.has(block));
  return convertBranches(restrictFlow(flow, kept, entries, loop !== undefined), banks);
}

/** Is the instruction at `pc` in this block? */
function holds(block: Block, pc: number): boolean {
  return block.context === 0 && instructionsOf(block).some((instruction) => instruction.pc === pc);
}

type Blocks = ReadonlySet<Block>;

/** The largest loop of a reasonable size that holds a block, or the innermost one. */
function loopAround({ blocks }: Flow, here: Block, innermost: boolean): Blocks | undefined {
  let found: Blocks | undefined;
  const cut = new Set<Block>();
  for (let within: Blocks = new Set(blocks); ; ) {
    const members = component(here, within, cut);
    if (members.size === 1 && !(here.successors.includes(here) && !cut.has(here))) return found;
    if (sizeOf(members) <= LARGEST_LOOP) {
      found = members;
      if (!innermost) return found;
    }
    cut.add(startOf(members));
    within = members;
  }
}

function sizeOf(blocks: Blocks): number {
  let size = 0;
  for (const { length } of blocks) size += length;
  return size;
}

/** Blocks of `within` that lead to `here` and that `here` leads to, without going back to a block that is cut. */
function component(here: Block, within: Blocks, cut: Blocks): Blocks {
  const before = new Map<Block, Block[]>();
  for (const block of within)
    for (const next of block.successors) {
      if (!within.has(next) || cut.has(next)) continue;
      const known = before.get(next);
      if (known) known.push(block);
      else before.set(next, [block]);
    }
  const after = reach(here, (block) => block.successors.filter((next) => within.has(next) && !cut.has(next)));
  const ahead = reach(here, (block) => before.get(block) ?? []);
  return new Set([...after].filter((block) => ahead.has(block)));
}

function reach(from: Block, next: (block: Block) => readonly Block[]): Blocks {
  const reached = new Set([from]);
  for (const block of reached) for (const to of next(block)) reached.add(to);
  return reached;
}

/** Headers of the outermost loops may be entered as well: a loop that is left in its middle is soon back in compiled code. */
function headersIn(items: readonly Item[]): Block[] {
  return items.flatMap((item) =>
    item.kind === 'loop' ? [...item.headers].filter(({ context }) => context === 0) : [],
  );
}

/** Where a loop begins: the first place in memory that a branch of it goes back to. */
function startOf(members: Blocks): Block {
  const own = [...members].filter(({ context }) => context === 0);
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
