// Short branches as choices: where both ways from a branch are a few operations on registers and meet again, both are computed and the condition
// chooses. A branch on data that nobody can predict costs more than the operations do.
import type { Banks } from '../../isa/register-file.ts';
import { PAGE_SHIFT } from '../layout.ts';
import { computeOnly } from './conditional.ts';
import { type Arm, type Block, type Edge, type Flow, restrictFlow } from './graph.ts';
import type { RegionInstruction } from './instruction.ts';

/** Most instructions of an arm. */
const LONGEST_ARM = 4;

/** Turn branches into choices where that is worth it; blocks that nothing leads to any more go. */
export function convertBranches(flow: Flow, banks: Banks): Flow {
  let converted = false;
  for (const block of flow.blocks) {
    const choice = choiceOf(block, banks);
    if (!choice) continue;
    block.end = choice;
    converted = true;
  }
  return converted ? restrictFlow(flow, reachable(flow), flow.entries) : flow;
}

function choiceOf({ end }: Block, banks: Banks): Extract<Block['end'], { kind: 'choice' }> | undefined {
  if (end.kind !== 'branch' || end.at.branch?.slot === 'likely' || end.at.branch?.link || end.at.calls)
    return undefined;
  const { at, slot, taken, otherwise } = end;
  if (!taken?.to || !otherwise?.to) return undefined;
  if (pageOf(taken.pc) !== pageOf(at.pc) || pageOf(otherwise.pc) !== pageOf(at.pc)) return undefined;
  for (const first of waysFrom(taken, banks))
    for (const second of waysFrom(otherwise, banks))
      if (first.edge.to === second.edge.to && first.arm.length + second.arm.length > 0)
        return { kind: 'choice', at, slot, taken: first.arm, otherwise: second.arm, edge: first.edge };
  return undefined;
}

/** A way from a branch: an arm, and where it leads. */
interface Way {
  readonly arm: Arm;
  readonly edge: Edge;
}

const NOTHING: Arm = { instructions: [], length: 0 };

/** What following an edge may mean: just going there, or computing the short block there and going on. */
function waysFrom(edge: Edge, banks: Banks): Way[] {
  const direct = { arm: NOTHING, edge };
  const onwards = wayThrough(edge.to!, banks);
  return onwards?.edge.to && onwards.arm.length <= LONGEST_ARM ? [direct, onwards] : [direct];
}

/** The way through a block that computes only, and ends by going to one place. */
function wayThrough({ instructions, end, length }: Block, banks: Banks): Way | undefined {
  const computes = (instruction: RegionInstruction): boolean => computesOnly(instruction, banks);
  if (!instructions.every(computes)) return undefined;
  if (end.kind === 'goto') return { arm: { instructions, length }, edge: end.edge };
  if (end.kind !== 'branch' || end.otherwise || !end.taken || (end.slot && !computes(end.slot))) return undefined;
  const { at, slot, taken } = end;
  if (at.branch?.slot === 'likely' || at.branch?.link || at.guards.length > 0 || at.statements.length > 1)
    return undefined;
  // The jump itself is no code, but is to be watched.
  return { arm: { instructions: [...instructions, at, ...(slot ? [slot] : [])], length }, edge: taken };
}

/** Does the instruction do nothing but cheap operations on registers in locals? */
function computesOnly({ statements, guards }: RegionInstruction, banks: Banks): boolean {
  return guards.length === 0 && computeOnly(statements, banks);
}

function reachable({ entries }: Flow): ReadonlySet<Block> {
  const reached = new Set(entries);
  for (const { successors, end } of reached)
    for (const to of end.kind === 'choice' ? [end.edge.to!] : successors) reached.add(to);
  return reached;
}

function pageOf(pc: number): number {
  return pc >>> PAGE_SHIFT;
}
