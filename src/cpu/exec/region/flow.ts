// The control flow of a region: basic blocks found from where it is entered, small leaf calls taken in as if their code stood at the call.
// A branch and its delay slot end a block together.
import type { Node } from '../../emit/values.ts';
import { PAGE_SHIFT } from '../layout.ts';
import { type Block, type BlockEnd, type Edge, edgesOf, type Flow, targetsOf } from './graph.ts';
import { type BranchStatement, type RegionInstruction, usesRegister } from './instruction.ts';

export interface FlowLimits {
  readonly blocks: number;
  readonly instructions: number;
  /** Largest callee that is taken in. */
  readonly inlined: number;
}

/** Guest code as it is now. */
export interface Code {
  /** The instruction at a virtual address, or undefined where a region cannot have one. */
  readonly at: (pc: number) => RegionInstruction | undefined;
  /** Where the instruction after the one at `pc` stands. */
  readonly after: (pc: number) => number;
  /** May control come to `pc` from elsewhere, as far as is known? */
  readonly mayLead: (pc: number) => boolean;
}

/** Does other compiled code begin at this address? It is gone on to, not compiled again. */
export type IsElsewhere = (pc: number) => boolean;

/** Targets seen of the indirect jump at `pc`, the likeliest first. */
export type SeenTargets = (pc: number) => readonly number[];

interface Context {
  readonly parent: number;
  readonly returnPc: number;
}

/** A piece of code from a leader up to and with its branch. */
interface Place {
  readonly context: number;
  readonly pc: number;
}

const MAX_CALL_DEPTH = 2;

/** What a taken branch in `context` at `at` leads to, besides its own edges. */
interface Continuation {
  readonly taken: Place | null;
  readonly otherwise: Place | null;
  readonly likely: readonly Place[];
  /** Where control comes back to from outside. */
  readonly resume: number | null;
}

class Explorer {
  private readonly code: Code;
  private readonly at: Code['at'];
  private readonly seen: SeenTargets;
  private readonly limits: FlowLimits;
  private readonly isElsewhere: IsElsewhere;
  private readonly contexts: Context[] = [{ parent: -1, returnPc: -1 }];
  /** By context, then by pc (as a 32-bit integer). */
  private readonly leaders: Map<number, Place>[] = [];
  private leaderCount = 0;
  private readonly queue: Place[] = [];
  private readonly resumes = new Set<number>();
  private readonly continuations: Map<number, Continuation>[] = [];
  private size = 0;

  constructor(code: Code, seen: SeenTargets, limits: FlowLimits, isElsewhere: IsElsewhere) {
    this.code = code;
    this.at = code.at;
    this.seen = seen;
    this.limits = limits;
    this.isElsewhere = isElsewhere;
  }

  explore(roots: readonly number[]): Flow {
    for (const root of roots) this.begin({ context: 0, pc: root });
    for (let i = 0; i < this.queue.length; i++) this.follow(this.queue[i]!);
    return this.build(roots);
  }

  private lead(place: Place): void {
    if (!this.goesOut(place.context, place.pc)) this.begin(place);
  }

  /** Does control leave the region when it comes to this place? In a block's middle (T32's IT) it stays. */
  private goesOut(context: number, pc: number): boolean {
    if (context === OUTSIDE) return true;
    return context === 0 && !this.isLeader(0, pc) && this.code.mayLead(pc) && this.isElsewhere(pc);
  }

  private begin(place: Place): void {
    const { blocks, instructions } = this.limits;
    const { context, pc } = place;
    if (this.isLeader(context, pc) || this.leaderCount >= blocks || this.size >= instructions) return;
    if (!this.code.mayLead(pc) || !this.at(pc)) return;
    this.leaderCount++;
    ofContext(this.leaders, context).set(pc | 0, place);
    this.queue.push(place);
  }

  private isLeader(context: number, pc: number): boolean {
    return this.leaders[context]?.has(pc | 0) ?? false;
  }

  /** Walk from a leader to the branch that ends it, and find what follows. */
  private follow(start: Place): void {
    const { context } = start;
    for (let { pc } = start; ; pc = this.code.after(pc)) {
      if (pc !== start.pc && (this.isLeader(context, pc) || this.goesOut(context, pc))) return;
      const at = this.at(pc);
      if (!at) {
        // The interpreter executes it; what follows it may be entered again.
        this.resume(context, this.code.after(pc));
        return;
      }
      this.size++;
      if (at.begins !== 0 && this.isLedInto(context, at)) return;
      if (at.traps) {
        this.resume(context, this.code.after(pc));
        return;
      }
      if (at.branch) {
        if (isLast(at)) return;
        if (!hasSlot(at)) this.size--;
        else if (!this.slotOf(at)) {
          this.resume(context, pc + 8);
          return;
        }
        this.size++;
        const next = this.continuation(context, at, at.branch);
        for (const place of [next.otherwise, next.taken, ...next.likely]) if (place) this.lead(place);
        if (next.resume !== null) this.resume(context, next.resume);
        return;
      }
      const next = this.code.after(pc);
      if (pageOf(next) !== pageOf(pc)) {
        this.lead({ context, pc: next });
        return;
      }
    }
  }

  /** Does control come from elsewhere to an instruction of the block that this one begins? */
  private isLedInto(context: number, begin: RegionInstruction): boolean {
    for (let pc = this.code.after(begin.pc); !this.code.mayLead(pc); pc = this.code.after(pc))
      if (this.isLeader(context, pc)) return true;
    return false;
  }

  private resume(context: number, pc: number): void {
    if (context !== 0) return;
    this.lead({ context: 0, pc });
    if (this.isLeader(0, pc)) this.resumes.add(pc);
  }

  /** The instruction in a branch's slot, when the pair can be compiled. */
  private slotOf(at: RegionInstruction): RegionInstruction | undefined {
    // Words only: no instruction set of halfwords has slots.
    const { branch } = at;
    if (!branch || pageOf(at.pc + 4) !== pageOf(at.pc)) return undefined;
    const slot = this.at(at.pc + 4);
    // After a slot that changes the privilege the target would have to be looked up anew.
    if (!slot || slot.branch || slot.traps || slot.changesTables) return undefined;
    if (branch.link && (branch.slot === 'likely' || touches(slot, branch.link.bank, branch.link.index)))
      return undefined;
    return slot;
  }

  private continuation(context: number, at: RegionInstruction, branch: BranchStatement): Continuation {
    const continuations = ofContext(this.continuations, context);
    const known = continuations.get(at.pc | 0);
    if (known) return known;
    const made = this.makeContinuation(context, at, branch);
    continuations.set(at.pc | 0, made);
    return made;
  }

  private makeContinuation(context: number, at: RegionInstruction, branch: BranchStatement): Continuation {
    const { condition } = branch;
    const never = condition?.op === 'const' && condition.value === 0;
    const always = condition === null || (condition.op === 'const' && condition.value !== 0);
    const next = hasSlot(at) ? at.pc + 8 : at.pc + at.size;
    const otherwise = always ? null : { context, pc: next };
    const target = targetOf(at, branch);
    const link = branch.link !== null || at.calls;
    if (never) return { taken: null, otherwise, likely: [], resume: null };
    if (target === null) {
      const back = at.returns ? this.contexts[context] : undefined;
      const likely =
        back && context !== 0
          ? [{ context: back.parent, pc: back.returnPc }]
          : link || at.returns
            ? []
            : this.seen(at.pc).map((pc) => ({ context, pc }));
      return { taken: null, otherwise, likely, resume: link ? next : null };
    }
    if (!link) return { taken: { context, pc: target }, otherwise, likely: [], resume: null };
    if (always && this.isSmallLeaf(target, this.depth(context))) {
      this.contexts.push({ parent: context, returnPc: next });
      return { taken: { context: this.contexts.length - 1, pc: target }, otherwise, likely: [], resume: null };
    }
    // The callee is entered from outside; a conditional call's return point is its fall-through as well.
    return { taken: { context: OUTSIDE, pc: target }, otherwise, likely: [], resume: next };
  }

  private depth(context: number): number {
    let depth = 0;
    for (let c = context; c !== 0; c = this.contexts[c]!.parent) depth++;
    return depth;
  }

  /** Can the function at `entry` be taken in: small, all of it the region's kind of code, nothing but returns leading out? */
  private isSmallLeaf(entry: number, depth: number): boolean {
    if (depth >= MAX_CALL_DEPTH) return false;
    const starts = [entry];
    const done = new Set<number>();
    let size = 0;
    for (let start = starts.pop(); start !== undefined; start = starts.pop()) {
      for (let pc = start; !done.has(pc); pc = this.code.after(pc)) {
        done.add(pc);
        const at = this.code.mayLead(pc) || pc !== start ? this.at(pc) : undefined;
        size++;
        if (!at || at.traps || size > this.limits.inlined) return false;
        const { branch } = at;
        if (!branch) continue;
        if (isLast(at) || (hasSlot(at) && !this.slotOf(at))) return false;
        if (hasSlot(at)) size++;
        const next = hasSlot(at) ? pc + 8 : this.code.after(pc);
        const target = targetOf(at, branch);
        if (branch.link || at.calls) {
          if (target === null || branch.condition !== null || !this.isSmallLeaf(target, depth + 1)) return false;
          starts.push(next);
          break;
        }
        if (target === null && !at.returns) return false;
        if (target !== null) starts.push(target);
        if (branch.condition !== null) starts.push(next);
        break;
      }
    }
    return true;
  }

  private build(roots: readonly number[]): Flow {
    const blocks: Block[] = [];
    const byPlace: Map<number, Block>[] = [];
    for (const leaders of this.leaders)
      for (const place of leaders?.values() ?? []) {
        const block = this.block(place, blocks.length);
        if (!block) continue;
        blocks.push(block);
        ofContext(byPlace, place.context).set(place.pc | 0, block);
      }
    for (const block of blocks) connect(block, byPlace);
    const entries = new Set([...roots, ...this.resumes].flatMap((pc) => byPlace[0]?.get(pc | 0) ?? []));
    return { blocks, entries: [...entries], loops: false };
  }

  /** The block of a leader; undefined when it would be empty. */
  private block({ context, pc: start }: Place, number: number): Block | undefined {
    const instructions: RegionInstruction[] = [];
    const made = (end: BlockEnd, length: number): Block => {
      return { number, pc: start, context, instructions, end, length, successors: [] };
    };
    let last = start;
    for (let pc = start; ; last = pc, pc = this.code.after(pc)) {
      const isIn = pc === start || !this.endsBefore(context, last, pc);
      const at = isIn ? this.at(pc) : undefined;
      const cannot = at && ((at.begins !== 0 && this.isLedInto(context, at)) || (hasSlot(at) && !this.slotOf(at)));
      if (!at || cannot) {
        if (instructions.length === 0) return undefined;
        return made({ kind: 'goto', edge: { pc, to: null } }, instructions.length);
      }
      if (at.traps || isLast(at)) return made({ kind: 'last', at }, instructions.length + 1);
      if (at.branch) {
        const counted = at.branch.slot === 'delayed' ? 2 : 1;
        return made(this.branchEnd(context, at, at.branch), instructions.length + counted);
      }
      instructions.push(at);
    }
  }

  /** Does a block that has come to `pc` end in front of it? */
  private endsBefore(context: number, last: number, pc: number): boolean {
    return pageOf(pc) !== pageOf(last) || this.isLeader(context, pc) || this.goesOut(context, pc);
  }

  private branchEnd(context: number, at: RegionInstruction, branch: BranchStatement): BlockEnd {
    const next = this.continuation(context, at, branch);
    return {
      kind: 'branch',
      at,
      slot: hasSlot(at) ? this.slotOf(at)! : null,
      taken: next.taken && edgeTo(next.taken),
      otherwise: next.otherwise && edgeTo(next.otherwise),
      likely: next.likely.map(edgeTo),
      resume: next.resume === null ? null : edgeTo({ context, pc: next.resume }),
    };
  }
}

function edgeTo({ context, pc }: Place): ContextEdge {
  return { pc, to: null, context };
}

function ofContext<T>(maps: Map<number, T>[], context: number): Map<number, T> {
  maps[context] ??= new Map();
  return maps[context];
}

function connect(block: Block, byPlace: readonly Map<number, Block>[]): void {
  const edges = edgesOf(block);
  for (const edge of edges) {
    const context = (edge as Partial<ContextEdge>).context ?? block.context;
    edge.to = byPlace[context]?.get(edge.pc | 0) ?? null;
  }
  block.successors = targetsOf(edges);
}

interface ContextEdge extends Edge {
  readonly context: number;
}

/** The context of code that is not in the region. */
const OUTSIDE = -1;

function pageOf(pc: number): number {
  return pc >>> PAGE_SHIFT;
}

/** Find a region's blocks from its roots. */
export function exploreFlow(
  roots: readonly number[],
  code: Code,
  seen: SeenTargets,
  limits: FlowLimits,
  isElsewhere: IsElsewhere = () => false,
): Flow {
  return new Explorer(code, seen, limits, isElsewhere).explore(roots);
}

/** Does the instruction branch with a slot? */
function hasSlot({ branch }: RegionInstruction): boolean {
  return branch !== null && branch.slot !== 'now';
}

/** A jump without a slot that changes the privilege: the region's end. */
function isLast({ branch, changesTables }: RegionInstruction): boolean {
  return branch?.slot === 'now' && changesTables;
}

/** The address a direct branch goes to, or null. */
function targetOf(at: RegionInstruction, { target }: BranchStatement): number | null {
  if (target.kind === 'relative')
    return target.offset.op === 'const' ? (at.pc + at.size + target.offset.value) >>> 0 : null;
  if (target.kind === 'region')
    return target.index.op === 'const' ? (((at.pc + 4) & 0xf0000000) | (target.index.value << 2)) >>> 0 : null;
  return null;
}

/** Does the instruction read or write this register? */
function touches(instruction: RegionInstruction, bank: string, index: Node): boolean {
  const same = (b: string, i: Node): boolean =>
    b === bank && (i.op !== 'const' || index.op !== 'const' || i.value === index.value);
  return usesRegister(instruction, same);
}
