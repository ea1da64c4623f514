// THE lowering: the statements of one instruction -> WebAssembly. What an engine must decide (where registers and operands live,
// how memory is reached, how control leaves) comes through hooks; everything else is here, once, for every engine.
//
// Register reads see the values from before the instruction, whatever order the row writes in.
import type { FunctionWriter, Label } from '../wasm/writer.ts';
import { isPure, PURE } from './operations.ts';
import { forEachNode, forEachStatement, operands, roots } from './tree.ts';
import type { Node, Statement, ValueKind } from './values.ts';

/** Every helper and every event takes this many i32 arguments; missing ones are 0. */
const HOST_ARGUMENTS = 2;

type StatementOf<Kind extends Statement['kind']> = Extract<Statement, { kind: Kind }>;

/** Push a node's value on the WebAssembly stack. */
export type Push = (node: Node) => void;

export interface LoweringHooks {
  field(name: string): void;
  /** Push a value that is there without computing it, if it is. */
  known?(node: Node): boolean;
  pc(): void;
  now(): void;
  readRegister(bank: string, index: Node, push: Push): void;
  writeRegister(bank: string, index: Node, push: Push, value: () => void): void;
  /** A fault reports the value `reported` pushes, when given. The address is in local `address`; on success the value goes to local `result`. Must not come back here when the access faults. */
  load(statement: StatementOf<'load'>, address: number, result: number, reported: (() => void) | null): void;
  store(statement: StatementOf<'store'>, address: number, value: () => void, reported: (() => void) | null): void;
  /** The address is in local `address`. Must not come back here when a word faults. */
  many(statement: StatementOf<'loadMany' | 'storeMany'>, list: () => void, address: number): void;
  redecode(which: 'this' | 'next'): void;
  /** Work out where control goes; the engine completes the jump after the remaining statements. */
  branch(statement: StatementOf<'branch'>, push: Push): void;
  /** `result` is a local, or -1. */
  call(routine: string, args: () => void, result: number): void;
  helper(name: string, args: () => void, result: number): void;
  event(name: string, args: () => void): void;
  trap(code: () => void): void;
  cut(): void;
  tables(set: () => void): void;
}

/** Locals for temporaries: per type, reused from instruction to instruction. */
export class Temporaries {
  private readonly writer: FunctionWriter;
  private readonly pool: Record<ValueKind, number[]> = { i32: [], i64: [] };
  private used: Record<ValueKind, number> = { i32: 0, i64: 0 };

  constructor(writer: FunctionWriter) {
    this.writer = writer;
  }

  take(type: ValueKind): number {
    const index = this.used[type]++;
    this.pool[type][index] ??= this.writer.local(type, `${type === 'i64' ? 'wide' : 't'}${index}`);
    return this.pool[type][index]!;
  }

  reset(): void {
    this.used = { i32: 0, i64: 0 };
  }
}

export class Lowering {
  private readonly w: FunctionWriter;
  private readonly temporaries: Temporaries;
  private readonly hooks: LoweringHooks;
  private uses: ReadonlyMap<Node, number> = new Map();
  private locals = new Map<Node, number>();

  constructor(writer: FunctionWriter, temporaries: Temporaries, hooks: LoweringHooks) {
    this.w = writer;
    this.temporaries = temporaries;
    this.hooks = hooks;
  }

  /** Lower one instruction (or routine). */
  run(statements: readonly Statement[]): void {
    this.temporaries.reset();
    this.uses = usesOf(statements);
    this.locals = new Map();
    this.statements(statements, []);
  }

  /** Push the value of a node; a value used again is kept in a local. */
  readonly push: Push = (node) => {
    const known = this.locals.get(node);
    if (known !== undefined) {
      this.w.get(known);
      return;
    }
    this.compute(node);
    if (isFree(node) || (this.uses.get(node) ?? 0) < 2) return;
    const local = this.temporaries.take(node.type);
    this.locals.set(node, local);
    this.w.tee(local);
  };

  private compute(node: Node): void {
    const w = this.w;
    if (this.hooks.known?.(node)) return;
    switch (node.op) {
      case 'const':
        w.i32(node.value);
        return;
      case 'const64':
        w.i64(node.value);
        return;
      case 'parameter':
        w.get(node.index);
        return;
      case 'field':
        this.hooks.field(node.name);
        return;
      case 'pc':
        this.hooks.pc();
        return;
      case 'now':
        this.hooks.now();
        return;
      case 'read':
        this.hooks.readRegister(node.bank, node.index, this.push);
        return;
      case 'result':
      case 'loopIndex':
        throw new Error(`a ${node.op} is used before the statement that makes it`);
      case 'select':
        for (const operand of node.args) this.push(operand);
        w.op('select');
        return;
      default:
        if (!isPure(node.op)) throw new Error(`no lowering for ${node.op}`);
        for (const operand of node.args) this.push(operand);
        w.op(PURE[node.op].wasm);
    }
  }

  /** Evaluate now and remember, unless that is free at any time. */
  private keep(node: Node): void {
    if (this.locals.has(node) || isFree(node) || node.op === 'result' || node.op === 'loopIndex') return;
    const local = this.temporaries.take(node.type);
    this.compute(node);
    this.locals.set(node, local);
    this.w.set(local);
  }

  /** `after` holds the statements that follow this list in the enclosing ones. */
  private statements(list: readonly Statement[], after: readonly Statement[]): void {
    if (list.length === 1 && after.length === 0) {
      this.one(list[0]!, after); // nothing later to keep anything for
      return;
    }
    list.forEach((statement, i) => {
      const later = i + 1 === list.length ? after : [...list.slice(i + 1), ...after];
      const changes = statement.kind === 'write' || statement.kind === 'when' || statement.kind === 'loadMany';
      if (changes && later.length > 0) this.keepWhatChanges(statement, later);
      this.one(statement, later);
    });
  }

  /** Keep reads whose register this statement overwrites, and values that a conditional body shares with what follows it. */
  private keepWhatChanges(statement: Statement, later: readonly Statement[]): void {
    const written: { bank: string; index: Node }[] = [];
    forEachStatement([statement], (s) => {
      if (s.kind === 'write') written.push(s);
      if (s.kind === 'loadMany') written.push({ bank: s.bank, index: ANY });
    });
    const laterNodes = new Set<Node>();
    forEachNode(later, (node) => laterNodes.add(node));
    const inside = new Set<Node>();
    if (statement.kind === 'when') forEachNode(statement.body, (node) => inside.add(node));
    const keepIf = (node: Node): void => {
      const overwritten = node.op === 'read' && written.some((w) => mayBeSame(w, node));
      const shared = inside.has(node) && laterNodes.has(node);
      if (overwritten || shared) this.keepWithLoopsLeftOut(node);
    };
    for (const node of laterNodes) keepIf(node);
    // Within a `when`, a body statement's own later siblings are handled when the body is lowered.
  }

  /** Values inside a search loop depend on its index and cannot be kept before it. */
  private keepWithLoopsLeftOut(node: Node): void {
    let usesLoop = false;
    const walk = (n: Node): void => {
      if (n.op === 'loopIndex' || (n.op === 'result' && !this.locals.has(n))) usesLoop = true;
      for (const operand of operands(n)) walk(operand);
    };
    walk(node);
    if (!usesLoop) this.keep(node);
  }

  private one(statement: Statement, later: readonly Statement[]): void {
    const { w, hooks, push } = this;
    switch (statement.kind) {
      case 'write':
        hooks.writeRegister(statement.bank, statement.index, push, () => push(statement.value));
        return;
      case 'load': {
        if (statement.reported) this.keep(statement.reported);
        const address = this.inLocal(statement.address);
        const result = this.temporaries.take('i32');
        hooks.load(statement, address, result, this.reported(statement));
        this.locals.set(statement.result, result);
        return;
      }
      case 'store': {
        this.keep(statement.value); // evaluated once, used on the fast and on the slow path
        if (statement.reported) this.keep(statement.reported);
        const address = this.inLocal(statement.address);
        hooks.store(statement, address, () => push(statement.value), this.reported(statement));
        return;
      }
      case 'loadMany':
      case 'storeMany': {
        this.keep(statement.list);
        const address = this.inLocal(statement.address);
        hooks.many(statement, () => push(statement.list), address);
        return;
      }
      case 'redecode':
        hooks.redecode(statement.which);
        return;
      case 'when':
        push(statement.condition);
        w.if();
        this.statements(statement.body, later);
        w.end();
        return;
      case 'branch':
        hooks.branch(statement, push);
        return;
      case 'call':
      case 'helper': {
        const result = statement.result ? this.temporaries.take(statement.result.type) : -1;
        const args = (): void => {
          if (statement.kind === 'helper') this.hostArguments(statement.args);
          else for (const arg of statement.args) push(arg);
        };
        if (statement.kind === 'call') hooks.call(statement.routine, args, result);
        else hooks.helper(statement.name, args, result);
        if (statement.result) this.locals.set(statement.result, result);
        return;
      }
      case 'sample': {
        const result = this.temporaries.take('i32');
        hooks.readRegister(statement.bank, { op: 'const', type: 'i32', value: statement.index }, push);
        w.set(result);
        this.locals.set(statement.result, result);
        return;
      }
      case 'event':
        hooks.event(statement.name, () => this.hostArguments(statement.args));
        return;
      case 'search':
        this.search(statement);
        return;
      case 'trap':
        hooks.trap(() => push(statement.code));
        return;
      case 'cut':
        hooks.cut();
        return;
      case 'tables':
        hooks.tables(() => push(statement.set));
        return;
      case 'return':
        push(statement.value);
        w.op('return');
        return;
    }
  }

  private reported({ reported }: { readonly reported: Node | null }): (() => void) | null {
    return reported && (() => this.push(reported));
  }

  private hostArguments(args: readonly Node[]): void {
    for (const arg of args) this.push(arg);
    for (let i = args.length; i < HOST_ARGUMENTS; i++) this.w.i32(0);
  }

  private inLocal(node: Node): number {
    const known = this.locals.get(node);
    if (known !== undefined) return known;
    const local = this.temporaries.take('i32');
    this.compute(node);
    this.w.set(local);
    if (!isFree(node)) this.locals.set(node, local);
    return local;
  }

  private search(statement: StatementOf<'search'>): void {
    const { w } = this;
    // What does not depend on the index is evaluated once, before the loop.
    const walk = (node: Node): boolean => {
      const depends = node.op === 'loopIndex' || operands(node).map(walk).includes(true);
      if (!depends) this.keep(node);
      return depends;
    };
    walk(statement.condition);
    const index = this.temporaries.take('i32');
    this.locals.set(statement.index, index);
    const found = w.block('found');
    if (statement.among) this.searchAmong(statement.among, statement.condition, index, found);
    else {
      w.i32(0).set(index);
      const loop = w.loop('search');
      this.push(statement.condition);
      w.brIf(found);
      w.get(index).i32(1).op('i32.add').tee(index).i32(statement.count).op('i32.lt_u').brIf(loop);
      w.end();
    }
    w.i32(-1).set(index);
    w.end();
    this.locals.set(statement.result, index);
  }

  /** Look at the members of a set, from the lowest. */
  private searchAmong(among: Node, condition: Node, index: number, found: Label): void {
    const { w } = this;
    const rest = this.temporaries.take('i64');
    this.push(among);
    w.set(rest);
    const loop = w.loop('search');
    w.get(rest).ops('i64.eqz', 'i32.eqz').if();
    w.get(rest).ops('i64.ctz', 'i32.wrap_i64').set(index);
    this.push(condition);
    w.brIf(found);
    w.get(rest).get(rest).i64(1n).ops('i64.sub', 'i64.and').set(rest).br(loop);
    w.end();
    w.end();
  }
}

const knownUses = new WeakMap<readonly Statement[], ReadonlyMap<Node, number>>();

/** How often each node is used. Regions lower the same instructions again and again: it is remembered. */
function usesOf(statements: readonly Statement[]): ReadonlyMap<Node, number> {
  const known = knownUses.get(statements);
  if (known) return known;
  const uses = new Map<Node, number>();
  const count = (node: Node): void => {
    const before = uses.get(node) ?? 0;
    uses.set(node, before + 1);
    if (before === 0) for (const operand of operands(node)) count(operand);
  };
  forEachStatement(statements, (statement) => {
    for (const root of roots(statement)) count(root);
  });
  knownUses.set(statements, uses);
  return uses;
}

/** A register that is not known. */
const ANY: Node = { op: 'loopIndex', type: 'i32' };

/** Costs nothing to push again. */
function isFree(node: Node): boolean {
  return node.op === 'const' || node.op === 'const64' || node.op === 'parameter' || node.op === 'field';
}

/** May a write to `written` change what `read` reads? */
function mayBeSame(written: { bank: string; index: Node }, read: Extract<Node, { op: 'read' }>): boolean {
  if (written.bank !== read.bank) return false;
  const a = written.index;
  const b = read.index;
  return a.op !== 'const' || b.op !== 'const' || a.value === b.value;
}
