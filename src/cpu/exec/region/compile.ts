// The region compiler: blocks in structured control flow -> one WebAssembly function (entry block, instructions left, tables, depth) -> (left, pc
// to go on at). As many instructions left as before means that nothing has been executed.
import { Lowering, Temporaries } from '../../emit/lower.ts';
import type { Node } from '../../emit/values.ts';
import type { ComparisonFlags } from '../../isa/architecture.ts';
import type { Banks } from '../../isa/register-file.ts';
import { FunctionWriter, type Label } from '../../wasm/writer.ts';
import { REGION_TYPE } from '../conventions.ts';
import { FETCH_TABLE, PAGE_SHIFT, SITE, WORD } from '../layout.ts';
import { callOut } from './calls.ts';
import { Choices } from './choice.ts';
import { Structure } from './control.ts';
import { Counting } from './counting.ts';
import { FLAGS, RegionFlags } from './flags.ts';
import type { Arm, Block, BlockEnd, Edge, Flow } from './graph.ts';
import { leaveWhen, type RegionInstruction } from './instruction.ts';
import { keepingOf, type RegisterKeeping, RegisterLocals } from './keeping.ts';
import { RegionSemantics, type Site } from './semantics.ts';
import { type Level, structureFlow } from './structure.ts';

const [ENTRY, LEFT, TABLES, DEPTH] = [0, 1, 2, 3];

export interface RegionContext {
  readonly banks: Banks;
  readonly bigEndian: boolean;
  /** Log stores (lockstep.ts). */
  readonly logStores: boolean;
  /** Name of the routine that enters an exception. */
  readonly raise: string;
  /** What the fetch entry of the page of `pc` must be while the code of that page is the one compiled. */
  fetchEntry(pc: number): number;
  /** See ArchitectureDefinition. */
  readonly comparisonFlags: ComparisonFlags | undefined;
  /** Address of the state of the block that the next instruction stands in, where the architecture has such. */
  readonly blockState: number | null;
  /** Address of the words that note where the indirect jump at `pc` goes; null when nothing is noted. */
  jumpSite(pc: number): number | null;
  /** Function index of a routine or function of the program, `callRegion` among them. */
  callee(name: string): number;
}

/** What may be to work out of the flags where code leaves. */
const FLAG_EXITS = [FLAGS.CARRY, FLAGS.OVERFLOW, FLAGS.DEFERRED];

/** Compile one region. */
export function compileRegion(flow: Flow, context: RegionContext): FunctionWriter {
  return new RegionCompiler(flow, context).compile();
}

class RegionCompiler {
  private readonly w = new FunctionWriter(REGION_TYPE.parameters);
  private readonly flow: Flow;
  private readonly context: RegionContext;
  private readonly semantics: RegionSemantics;
  private readonly lowering: Lowering;
  private readonly pc: number;
  private readonly condition: number;
  private readonly target: number;
  private readonly structure: Structure;
  private readonly top: Level;
  private readonly counting: Counting;
  private readonly choices: Choices;
  /** Where what has to leaves for good. */
  private exit: Label | null = null;
  /** The same where flags are deferred: by what is to be worked out of them. */
  private readonly flagExits: Label[] = [];
  private readonly flags: RegionFlags | null;
  private readonly keeping: RegisterKeeping;
  private current: Block | null = null;

  constructor(flow: Flow, context: RegionContext) {
    this.flow = flow;
    this.top = structureFlow(flow);
    this.counting = new Counting(this.top);
    this.context = context;
    const { w } = this;
    this.pc = w.local('i32', 'pc');
    this.condition = w.local('i32', 'condition');
    this.target = w.local('i32', 'target');
    this.structure = new Structure(w, flow, ENTRY, (block) => this.block(block));
    const registers = new RegisterLocals(w);
    this.keeping = keepingOf(flow, w, registers);
    this.semantics = new RegionSemantics(
      w,
      context.banks,
      context.bigEndian,
      { left: LEFT, tables: TABLES, condition: this.condition, target: this.target },
      registers,
      this.keeping,
      (name) => context.callee(name),
      context.logStores,
    );
    this.flags = RegionFlags.of(flow, context.comparisonFlags, context.banks, w, registers, this.keeping);
    if (this.flags) this.semantics.defer(this.flags);
    this.choices = new Choices(w, registers);
    this.lowering = new Lowering(w, new Temporaries(w), this.semantics);
  }

  compile(): FunctionWriter {
    const body = new FunctionWriter(REGION_TYPE.parameters);
    const { w } = this;
    this.exit = w.block('exit');
    for (const state of FLAG_EXITS) if (this.flags) this.flagExits[state] = w.block(`exit, flags ${state}`);
    this.structure.emit(this.top);
    for (const state of FLAG_EXITS.toReversed()) this.leaveWithFlags(state);
    w.end();
    // Locals are known only now: what loads the registers goes in front.
    body.localTypes.push(...w.localTypes);
    body.localNames.push(...w.localNames);
    this.keeping.enter(body);
    this.flags?.cameIn(body, this.flow.entries);
    body.code.append(w.code.bytes);
    this.keeping.exit(body);
    body.get(LEFT).get(this.pc);
    return body;
  }

  /** Control has come here with flags to work out. */
  private leaveWithFlags(state: number): void {
    const { w, flags } = this;
    if (!flags) return;
    w.end();
    flags.now = state;
    flags.settleAll();
    w.br(this.exit!);
  }

  // Blocks

  private block(block: Block): void {
    const { w } = this;
    this.current = block;
    this.flags?.begin(block);
    if (this.counting.checkpoints.has(block)) {
      w.get(LEFT).i32(this.counting.longest(block)).op('i32.lt_s').if();
      this.exitTo(block.pc);
      w.end();
    }
    this.count(-block.length);
    this.keeping.begin(block);
    block.instructions.forEach((instruction, i) => {
      this.instruction(instruction, instruction.pc, block.length - i, block.length - i - 1);
    });
    this.end(block, block.end);
  }

  private end(block: Block, end: BlockEnd): void {
    if (end.kind === 'goto') this.goTo(block.instructions.at(-1)!.pc, end.edge);
    else if (end.kind === 'branch') this.branch(end);
    else if (end.kind === 'choice') this.choice(end);
    else this.last(end.at);
  }

  /** Lower one instruction; when it leaves, the interpreter goes on at `from` with `back` instructions not executed. */
  private instruction(instruction: RegionInstruction, from: number, back: number, after: number): void {
    const { guarded, deferred, pc, size, block, changesTables } = instruction;
    const flagsThen = this.flags?.before(instruction) ?? FLAGS.PLAIN;
    this.semantics.at({ pc, after, raise: null, leave: () => this.leave(from, back, block) }, flagsThen);
    this.lowering.run(this.flags ? (deferred ?? guarded) : guarded);
    if (this.flags) this.flags.now = flagsThen;
    if (!changesTables) return;
    const { w } = this;
    w.i32(0).memory('i32.load', WORD.CURRENT_TABLES).get(TABLES).op('i32.ne').if();
    this.leave(pc + size, after);
    w.end();
  }

  private choice({ at, slot, taken, otherwise, edge }: Extract<BlockEnd, { kind: 'choice' }>): void {
    const { w, condition } = this;
    this.instruction(at, at.pc, slot ? 2 : 1, slot ? 1 : 0);
    if (slot) this.instruction(slot, at.pc, 2, 0);
    this.flags?.beforeChoice([...taken.instructions, ...otherwise.instructions]);
    const lower = ({ instructions }: Arm): void =>
      this.semantics.tentatively(() => {
        for (const { pc, guarded } of instructions) {
          this.semantics.at({ pc, after: 0, raise: null, leave: () => this.leave(at.pc, 0) });
          this.lowering.run(guarded);
        }
      });
    for (const [offset, bank] of this.choices.choose(taken, otherwise, condition, lower))
      this.keeping.wrote(offset, bank);
    if (taken.length === otherwise.length) this.count(-taken.length);
    else w.get(LEFT).i32(-taken.length).i32(-otherwise.length).get(condition).ops('select', 'i32.add').set(LEFT);
    this.goTo(at.pc, edge);
  }

  private branch(end: Extract<BlockEnd, { kind: 'branch' }>): void {
    const { w, condition, target } = this;
    const { at, slot, taken, otherwise, likely, resume } = end;
    const branch = at.branch!;
    const isLikely = branch.slot === 'likely';
    const counted = slot && !isLikely ? 2 : 1;
    this.instruction(at, at.pc, counted, counted - 1);
    const slotCode = (): void => {
      if (slot) this.instruction(slot, at.pc, 2, 0);
    };
    if (!isLikely) slotCode();
    if (branch.link) {
      w.i32(at.pc + 8);
      const { bank, index } = branch.link;
      if (index.op !== 'const') throw new Error('a link register that is not constant');
      const register = this.context.banks[bank]!;
      if (register.zero && index.value === 0) w.op('drop');
      else this.semantics.writeLocal(register, index.value);
    }
    const takes = (): void => {
      if (isLikely) {
        this.count(-1);
        slotCode();
      }
      if (taken?.to) {
        this.goTo(at.pc, taken);
        return;
      }
      if (taken) {
        w.i32(taken.pc).set(this.pc);
        this.out(at.pc, resume);
        return;
      }
      if (branch.target.kind !== 'absolute') throw new Error('a branch without a target');
      for (const edge of likely) {
        w.get(target).i32(edge.pc).op('i32.eq').if();
        this.goTo(at.pc, edge);
        w.end();
      }
      if (!branch.link && !at.calls && !at.returns) this.note(at.pc);
      w.get(target).set(this.pc);
      this.out(at.pc, resume);
    };
    if (branch.condition?.op === 'const' || branch.condition === null) {
      if (otherwise && !isTaken(branch.condition)) this.goTo(at.pc, otherwise);
      else takes();
      return;
    }
    w.get(condition).if();
    takes();
    w.end();
    this.goTo(at.pc, otherwise!);
  }

  /** Note where the indirect jump at `pc` leaves to. */
  private note(pc: number): void {
    const { w, target } = this;
    const site = this.context.jumpSite(pc);
    if (site === null) return;
    w.get(target)
      .i32(0x1c)
      .op('i32.and')
      .get(target)
      .memory('i32.store', site + SITE.TARGETS);
    w.i32(0)
      .i32(0)
      .memory('i32.load', site + SITE.COUNT)
      .i32(1)
      .op('i32.add');
    w.memory('i32.store', site + SITE.COUNT);
  }

  private last(at: RegionInstruction): void {
    const { w } = this;
    const leave = (): void => this.leave(at.pc, 1);
    const raise = at.traps
      ? (code: () => void): void => {
          code();
          w.i32(at.pc).i32(0).call(this.context.callee(this.context.raise)).set(this.pc);
          this.finish();
        }
      : null;
    const flagsThen = this.flags?.before(at) ?? FLAGS.PLAIN;
    const site: Site = { pc: at.pc, after: 0, leave, raise: null };
    this.semantics.at(site, flagsThen);
    if (at.guards.length > 0) this.lowering.run(at.guards.map(leaveWhen));
    this.semantics.at({ ...site, raise }, flagsThen);
    this.lowering.run(at.statements);
    if (this.flags) this.flags.now = flagsThen;
    if (at.traps) return;
    w.get(this.target).set(this.pc);
    this.finish();
  }

  // Leaving

  private count(by: number): void {
    if (by !== 0) this.w.get(LEFT).i32(by).op('i32.add').set(LEFT);
  }

  /** `block`: the state of the block that the instruction stands in, where it is to go on in one. */
  private leave(pc: number, back: number, block = 0): void {
    this.count(back);
    if (block !== 0) this.w.i32(0).i32(block).memory('i32.store', this.context.blockState!);
    this.exitTo(pc);
  }

  private exitTo(pc: number): void {
    this.w.i32(pc).set(this.pc).br(this.exitLabel());
  }

  private exitLabel(): Label {
    return this.flagExits[(this.flags?.now ?? 0) & FLAGS.DEFERRED] ?? this.exit!;
  }

  /** The block is over, and control goes to local `pc`: what has been written on the way here goes back to memory. */
  private finish(): void {
    const { w } = this;
    this.flags?.settleAll();
    if (this.keeping.finish(this.current!)) w.get(LEFT).get(this.pc).op('return');
    else w.br(this.exit!);
  }

  /** The branch at `from` goes to local `pc` outside of the region, to come back along an edge when it is a call. */
  private out(from: number, back: Edge | null): void {
    if (!back?.to) {
      this.finish();
      return;
    }
    const { w, pc, context } = this;
    const { to } = back;
    this.flags?.settleAll();
    this.keeping.beforeCall(this.current!);
    callOut(w, { left: LEFT, tables: TABLES, depth: DEPTH, pc }, context.callee('callRegion'), back.pc, () => {
      this.keeping.afterCall();
      const flagsBefore = this.flags?.now;
      this.flags?.cameBack(to);
      this.goTo(from, back);
      if (this.flags) this.flags.now = flagsBefore!;
    });
    w.get(LEFT).get(pc).op('return');
  }

  /** Go along an edge from the instruction at `from`. */
  private goTo(from: number, { pc, to }: Edge): void {
    const { w } = this;
    if (!to) {
      w.i32(pc).set(this.pc);
      this.finish();
      return;
    }
    const page = pc >>> PAGE_SHIFT;
    if (from >>> PAGE_SHIFT !== page) {
      w.get(TABLES)
        .memory('i32.load', FETCH_TABLE + page * 4)
        .i32(this.context.fetchEntry(pc))
        .op('i32.ne')
        .if();
      this.exitTo(pc);
      w.end();
    }
    this.flags?.beforeGoing(to);
    this.structure.goTo(to);
  }
}

function isTaken(condition: Node | null): boolean {
  return condition === null || (condition.op === 'const' && condition.value !== 0);
}
