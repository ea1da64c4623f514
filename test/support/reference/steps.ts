// Statements as the reference evaluator runs them: a closure for each, made once, because walking their trees anew for every instruction is slow.
// What each does is said here in TypeScript, of the lowering and the interpreter there is nothing in it.
import type { Node, Statement } from '../../../src/cpu/emit/values.ts';
import type { RawFields } from '../../../src/cpu/isa/insn.ts';
import type { Banks } from '../../../src/cpu/isa/register-file.ts';
import { bankOf, read, write } from './bank-access.ts';
import { OPERATIONS, type Value } from './operations.ts';
import { type BranchTaken, GuestTrap, type World } from './world.ts';

/** One instruction or routine being evaluated. */
export interface Activation {
  /** The state it began in, once something may have changed it. */
  before: DataView | null;
  /** Of the instruction 0, of a routine that it calls 1, and so on. */
  readonly depth: number;
  readonly fields: RawFields;
  readonly parameters: readonly number[];
  readonly pc: number;
  readonly inSlot: boolean;
  /** By the numbers that StatementCompiler gives them. */
  readonly results: (Value | undefined)[];
  branch: BranchTaken | null;
  returned: number | null;
}

/** What statements work on. */
export interface Machine {
  readonly banks: Banks;
  readonly state: DataView;
  readonly world: World;
  readonly reservedInstruction: number;
  /** Make `before` the state as it is now, if it is not there yet. */
  keepBefore(a: Activation): void;
  /** A function of the FPU or a routine. */
  call(name: string, args: readonly Value[]): Value;
}

type Evaluate = (a: Activation) => Value;
type Step = (a: Activation) => void;
type Of<K extends Statement['kind']> = Extract<Statement, { kind: K }>;

const nothing = (): void => {};

/** Makes the closures of one instruction or routine. */
export class StatementCompiler {
  private readonly machine: Machine;
  /** Numbers of results and loop indices. */
  private readonly numbers = new Map<Node, number>();

  constructor(machine: Machine) {
    this.machine = machine;
  }

  /** `last`: nothing follows these statements, so that what the last of them changes is read by nobody. */
  all(statements: readonly Statement[], last = true): Step {
    const steps = statements.map((statement, i) => this.one(statement, last && i === statements.length - 1));
    if (steps.length === 1) return steps[0]!;
    return (a) => {
      for (const step of steps) {
        if (a.returned !== null) return;
        step(a);
      }
    };
  }

  private one(statement: Statement, last: boolean): Step {
    switch (statement.kind) {
      case 'write':
        return this.write(statement, last);
      case 'load':
        return this.load(statement);
      case 'store':
        return this.store(statement);
      case 'loadMany':
      case 'storeMany':
        return this.many(statement, last);
      case 'redecode':
        // Only an engine that remembers what instructions are decoded to has anything to forget.
        return nothing;
      case 'when': {
        const condition = this.value(statement.condition);
        const body = this.all(statement.body, last);
        return (a) => {
          if (condition(a) !== 0) body(a);
        };
      }
      case 'branch':
        return this.branch(statement, last);
      case 'call':
        return this.call(statement, last);
      case 'helper':
        return this.helper(statement, last);
      case 'search':
        return this.search(statement);
      case 'sample': {
        const bank = bankOf(this.machine.banks, statement.bank);
        const { index } = statement;
        const result = this.number(statement.result);
        const { state } = this.machine;
        return (a) => {
          a.results[result] = read(bank, index, state);
        };
      }
      case 'trap': {
        const code = this.number32(statement.code);
        return (a) => {
          throw new GuestTrap(code(a));
        };
      }
      case 'return': {
        const value = this.number32(statement.value);
        return (a) => {
          a.returned = value(a);
        };
      }
      case 'cut':
      case 'tables':
      case 'event':
        // Hints to an engine that looks at interrupts rarely and caches translations; here every step does both. Nobody observes.
        return nothing;
    }
  }

  private write(statement: Of<'write'>, last: boolean): Step {
    const { machine } = this;
    const bank = bankOf(machine.banks, statement.bank);
    const index = this.number32(statement.index);
    const value = this.value(statement.value);
    return (a) => {
      if (!last) machine.keepBefore(a);
      write(bank, index(a), value(a), machine.state);
    };
  }

  private load(statement: Of<'load'>): Step {
    const { width, signed, linked } = statement;
    const { world } = this.machine;
    const address = this.number32(statement.address);
    const reported = statement.reported && this.number32(statement.reported);
    const result = this.number(statement.result);
    return (a) => {
      const at = address(a) >>> 0;
      a.results[result] = world.load(width, signed, at, reported ? reported(a) >>> 0 : at, linked);
    };
  }

  private store(statement: Of<'store'>): Step {
    const { width, linked } = statement;
    const { world } = this.machine;
    const address = this.number32(statement.address);
    const reported = statement.reported && this.number32(statement.reported);
    const value = this.number32(statement.value);
    return (a) => {
      const at = address(a) >>> 0;
      world.store(width, at, value(a), reported ? reported(a) >>> 0 : at, linked);
    };
  }

  private many(statement: Of<'loadMany' | 'storeMany'>, last: boolean): Step {
    const { machine } = this;
    const { world, state } = machine;
    const bank = bankOf(machine.banks, statement.bank);
    const list = this.number32(statement.list);
    const address = this.number32(statement.address);
    return (a) => {
      const from = address(a);
      const wanted = list(a);
      const registers = Array.from({ length: 16 }, (_, i) => i).filter((i) => ((wanted >>> i) & 1) !== 0);
      const places = registers.map((register, i) => ({ register, at: (from + 4 * i) >>> 0 }));
      if (statement.kind === 'storeMany') {
        for (const { register, at } of places) world.store(32, at, Number(read(bank, register, state)), at, false);
        return;
      }
      const loaded = places.map(({ register, at }) => ({ register, value: world.load(32, false, at, at, false) }));
      if (!last) machine.keepBefore(a);
      for (const { register, value } of loaded) write(bank, register, value, state);
    };
  }

  private call(statement: Of<'call'>, last: boolean): Step {
    const { machine } = this;
    const { routine } = statement;
    const args = statement.args.map((node) => this.value(node));
    const result = statement.result ? this.number(statement.result) : -1;
    return (a) => {
      if (!last) machine.keepBefore(a);
      const returned = machine.call(
        routine,
        args.map((arg) => arg(a)),
      );
      if (result >= 0) a.results[result] = returned;
    };
  }

  private helper(statement: Of<'helper'>, last: boolean): Step {
    const { machine } = this;
    const { name } = statement;
    const args = statement.args.map((node) => this.number32(node));
    const result = statement.result ? this.number(statement.result) : -1;
    return (a) => {
      const [first = 0, second = 0] = args.map((arg) => arg(a));
      if (!last) machine.keepBefore(a);
      const returned = machine.world.helper(name, first, second);
      if (result >= 0) a.results[result] = returned;
    };
  }

  private search(statement: Of<'search'>): Step {
    const { count } = statement;
    const index = this.number(statement.index);
    const result = this.number(statement.result);
    const condition = this.value(statement.condition);
    return (a) => {
      let found = -1;
      for (let i = 0; i < count && found < 0; i++) {
        a.results[index] = i;
        if (condition(a) !== 0) found = i;
      }
      a.results[result] = found;
    };
  }

  private branch({ condition, target, slot, link }: Of<'branch'>, last: boolean): Step {
    const { machine } = this;
    const { state } = machine;
    const holds = condition && this.value(condition);
    const goal = this.target(target);
    const bank = link && bankOf(machine.banks, link.bank);
    const register = link && this.number32(link.index);
    return (a) => {
      if (a.inSlot) throw new GuestTrap(machine.reservedInstruction);
      const taken = holds === null || holds(a) !== 0;
      const index = register ? register(a) : 0;
      const linked = bank && { bank: bank.name, index, old: read(bank, index, state) as number };
      a.branch = { taken, target: goal(a) >>> 0, slot, link: linked };
      if (!bank) return;
      if (!last) machine.keepBefore(a);
      write(bank, index, (a.pc + 8) | 0, state);
    };
  }

  private target(target: Of<'branch'>['target']): (a: Activation) => number {
    switch (target.kind) {
      case 'relative': {
        const offset = this.number32(target.offset);
        return (a) => a.pc + 4 + offset(a);
      }
      case 'region': {
        const index = this.number32(target.index);
        return (a) => ((a.pc + 4) & 0xf0000000) | (index(a) * 4);
      }
      case 'absolute':
        return this.number32(target.address);
    }
  }

  private number(node: Node): number {
    const known = this.numbers.get(node);
    if (known !== undefined) return known;
    const number = this.numbers.size;
    this.numbers.set(node, number);
    return number;
  }

  private number32(node: Node): (a: Activation) => number {
    return this.value(node) as (a: Activation) => number;
  }

  private value(node: Node): Evaluate {
    switch (node.op) {
      case 'const':
      case 'const64': {
        const { value } = node;
        return () => value;
      }
      case 'field': {
        const { name } = node;
        return (a) => {
          const value = a.fields[name];
          if (value === undefined) throw new Error(`no field ${name}`);
          return value | 0;
        };
      }
      case 'parameter': {
        const { index } = node;
        return (a) => a.parameters[index]! | 0;
      }
      case 'read': {
        const { state } = this.machine;
        const bank = bankOf(this.machine.banks, node.bank);
        const index = this.number32(node.index);
        return (a) => read(bank, index(a), a.before ?? state);
      }
      case 'pc':
        return (a) => a.pc | 0;
      case 'now': {
        const { world } = this.machine;
        return () => world.now();
      }
      case 'result':
      case 'loopIndex': {
        const number = this.number(node);
        return (a) => {
          const value = a.results[number];
          if (value === undefined) throw new Error(`a ${node.op} before the statement that makes it`);
          return value;
        };
      }
      case 'select': {
        const [first, second, condition] = node.args.map((arg) => this.value(arg));
        return (a) => (condition!(a) !== 0 ? first!(a) : second!(a));
      }
      default: {
        const operation = OPERATIONS[node.op] as ((a: Value, b: Value) => Value) | undefined;
        if (!operation) throw new Error(`no reference for ${node.op}`);
        const [left, right] = node.args.map((arg) => this.value(arg));
        if (!right) return (a) => operation(left!(a), 0);
        return (a) => operation(left!(a), right(a));
      }
    }
  }
}
