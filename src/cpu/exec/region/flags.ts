// Flags of comparisons in a region (ComparisonFlags). From a comparison on, what was compared is in two locals, and carry and overflow are worked out
// where something reads them or control leaves: nearly no comparison has more than one reader, who wants to know how a and b compare.
//
// What is known of the flags at each place is known when the region is compiled. Where control comes together, what is known on all ways is kept.
import type { Node } from '../../emit/values.ts';
import type { ComparisonFlags } from '../../isa/architecture.ts';
import type { Bank, Banks } from '../../isa/register-file.ts';
import type { FunctionWriter } from '../../wasm/writer.ts';
import { type Block, type Flow, instructionsOf } from './graph.ts';
import type { RegionInstruction } from './instruction.ts';
import type { RegisterKeeping, RegisterLocals } from './keeping.ts';

/** Bits of what is known: carry, overflow are to be worked out; all flags are those of the last comparison. */
export const FLAGS = { PLAIN: 0, CARRY: 1, OVERFLOW: 2, DEFERRED: 3, COMPARED: 4 } as const;

export class RegionFlags {
  private readonly rule: ComparisonFlags;
  private readonly bank: Bank;
  private readonly locals: RegisterLocals;
  private readonly keeping: RegisterKeeping;
  private readonly a: number;
  private readonly b: number;
  private readonly known: ReadonlyMap<Block, number>;
  /** What is known where code is being written. */
  now: number = FLAGS.PLAIN;
  private readonly w: FunctionWriter;

  /** Null where nothing in the region compares. */
  static of(
    flow: Flow,
    rule: ComparisonFlags | undefined,
    banks: Banks,
    w: FunctionWriter,
    locals: RegisterLocals,
    keeping: RegisterKeeping,
  ): RegionFlags | null {
    const compares = flow.blocks.some((block) => instructionsOf(block).some(({ deferred }) => deferred !== null));
    return rule && compares ? new RegionFlags(flow, rule, banks, w, locals, keeping) : null;
  }

  private constructor(
    flow: Flow,
    rule: ComparisonFlags,
    banks: Banks,
    w: FunctionWriter,
    locals: RegisterLocals,
    keeping: RegisterKeeping,
  ) {
    this.rule = rule;
    this.bank = banks[rule.bank]!;
    this.w = w;
    this.locals = locals;
    this.keeping = keeping;
    this.a = w.local('i32', 'compared');
    this.b = w.local('i32', 'compared with');
    for (const index of this.indices) locals.of(this.bank, index);
    this.known = this.analyse(flow);
  }

  private get indices(): readonly number[] {
    const { results, carry, overflow } = this.rule;
    return [...results, carry, overflow];
  }

  /** What is known where control comes from outside. */
  private get outside(): number {
    return this.keeping.through ? FLAGS.PLAIN : FLAGS.DEFERRED;
  }

  // What is known

  private analyse({ blocks, entries }: Flow): ReadonlyMap<Block, number> {
    const known = new Map(blocks.map((block) => [block, entries.includes(block) ? this.outside : ~0]));
    for (let changed = true; changed; ) {
      changed = false;
      const meet = (block: Block, state: number): void => {
        const before = known.get(block)!;
        if ((before & state) === before) return;
        known.set(block, before & state);
        changed = true;
      };
      for (const block of blocks) {
        const state = this.afterBlock(block, known.get(block)!);
        const resume = block.end.kind === 'branch' ? block.end.resume?.to : undefined;
        if (resume) meet(resume, this.outside);
        for (const next of block.successors) if (next !== resume || leadsTwice(block, next)) meet(next, state);
      }
    }
    return known;
  }

  private afterBlock({ instructions, end }: Block, before: number): number {
    let state = before;
    for (const instruction of instructions) state = this.after(state, instruction);
    if (end.kind === 'goto') return state;
    state = this.after(state, end.at);
    if (end.kind === 'branch' && end.slot) state = this.after(state, end.slot);
    return end.kind === 'choice'
      ? this.afterPlain(state, [...end.taken.instructions, ...end.otherwise.instructions])
      : state;
  }

  private after(state: number, instruction: RegionInstruction): number {
    return instruction.deferred ? FLAGS.DEFERRED | FLAGS.COMPARED : this.afterPlain(state, [instruction]);
  }

  /** Of instructions that write their flags as they are. */
  private afterPlain(before: number, instructions: readonly RegionInstruction[]): number {
    let state = before;
    for (const { writes } of instructions) {
      const { carry, overflow } = this.rule;
      if (this.indices.some((index) => writes.has(this.offset(index)))) state &= ~FLAGS.COMPARED;
      if (writes.has(this.offset(carry))) state &= ~FLAGS.CARRY;
      if (writes.has(this.offset(overflow))) state &= ~FLAGS.OVERFLOW;
    }
    return state;
  }

  private offset(index: number): number {
    return this.bank.offset + index * this.bank.size;
  }

  // Code

  begin(block: Block): void {
    this.now = this.known.get(block)!;
  }

  /** In front of an instruction; returns what is known behind it. */
  before(instruction: RegionInstruction): number {
    const next = this.after(this.now, instruction);
    if (!instruction.deferred) this.settle(next, instruction.writesSometimes ? null : instruction);
    return next;
  }

  /** In front of a choice, whose arms write flags as they are. */
  beforeChoice(instructions: readonly RegionInstruction[]): void {
    const next = this.afterPlain(this.now, instructions);
    this.settle(next, null);
    this.now = next;
  }

  /** On the way to a block. */
  beforeGoing(to: Block): void {
    this.settle(this.known.get(to)!, null);
  }

  /** Everything in its place. */
  settleAll(): void {
    this.settle(FLAGS.PLAIN, null);
  }

  /** Bring flags to their locals, and those that memory is to have there too, as far as `next` asks for that and `writer` does not write them anyway. */
  private settle(next: number, writer: RegionInstruction | null): void {
    const { rule, bank, keeping, locals, w } = this;
    const isWritten = (index: number): boolean =>
      writer?.writes.has(this.offset(index)) === true && !writer.reads.has(this.offset(index));
    const gone = this.now & ~next;
    const bringOut = (index: number, flag: number, push: () => void): void => {
      if ((gone & flag) === 0 || isWritten(index)) return;
      push();
      w.set(locals.of(bank, index));
      if (!keeping.through) keeping.wrote(this.offset(index), bank);
    };
    bringOut(rule.carry, FLAGS.CARRY, () => this.pushCarry());
    bringOut(rule.overflow, FLAGS.OVERFLOW, () => this.pushOverflow());
    if (!keeping.through || (this.now & FLAGS.DEFERRED) === 0 || (next & FLAGS.DEFERRED) !== 0) return;
    for (const index of this.indices) if (!isWritten(index)) locals.storeOne(w, this.offset(index), bank);
  }

  /** Does memory have no flags now, or after the instruction that is being written (`next`)? */
  isKept(next: number, offset: number): boolean {
    if (!this.keeping.through || (next & FLAGS.DEFERRED) === 0) return false;
    return this.indices.some((index) => this.offset(index) === offset);
  }

  /** Local of what is compared: 0 or 1. */
  operand(index: number): number {
    return index === 0 ? this.a : this.b;
  }

  /** Push a flag, if it has to be worked out. */
  read(bank: string, index: Node): boolean {
    if (bank !== this.rule.bank || index.op !== 'const') return false;
    if (index.value === this.rule.carry && (this.now & FLAGS.CARRY) !== 0) this.pushCarry();
    else if (index.value === this.rule.overflow && (this.now & FLAGS.OVERFLOW) !== 0) this.pushOverflow();
    else return false;
    return true;
  }

  /** Push a condition, if it says how the compared ones compare. */
  condition(node: Node): boolean {
    const op = (this.now & FLAGS.COMPARED) !== 0 ? this.rule.condition(node) : undefined;
    if (op === undefined) return false;
    this.w.get(this.a).get(this.b).op(OPS[op]);
    return true;
  }

  private pushCarry(): void {
    this.w.get(this.a).get(this.b).op('i32.ge_u');
  }

  private pushOverflow(): void {
    const { w, a, b } = this;
    w.get(a).get(b).op('i32.xor');
    w.get(a).get(a).get(b).ops('i32.sub', 'i32.xor', 'i32.and').i32(31).op('i32.shr_u');
  }

  /** Flags have come from outside: have something in place of what was compared that leaves the same carry and overflow. */
  cameIn(w: FunctionWriter, to: readonly Block[]): void {
    if (!this.isDeferredIn(to)) return;
    const carry = this.locals.of(this.bank, this.rule.carry);
    const overflow = this.locals.of(this.bank, this.rule.overflow);
    w.i32(-0x80000000).i32(0x7fffffff).get(carry).op('select').i32(0).get(overflow).op('select').set(this.a);
    w.i32(1).i32(-1).get(carry).op('select').get(carry).op('i32.eqz').get(overflow).op('select').set(this.b);
  }

  private isDeferredIn(blocks: readonly Block[]): boolean {
    return !this.keeping.through && blocks.some((block) => (this.known.get(block)! & FLAGS.DEFERRED) !== 0);
  }

  /** After a call, with registers loaded again. */
  cameBack(to: Block): void {
    this.now = this.isDeferredIn([to]) ? FLAGS.DEFERRED : FLAGS.PLAIN;
    this.cameIn(this.w, [to]);
  }
}

const OPS = { geS: 'i32.ge_s', gtS: 'i32.gt_s', gtU: 'i32.gt_u' } as const;

/** Does control go to a block both by coming back from a call and otherwise? */
function leadsTwice({ end }: Block, next: Block): boolean {
  return (
    end.kind === 'branch' &&
    (end.taken?.to === next || end.otherwise?.to === next || end.likely.some(({ to }) => to === next))
  );
}
