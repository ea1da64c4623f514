// Statements of ARM rows and routines as closures, for the evaluator: what each does is said here in TypeScript. Register reads see the state from
// before the instruction (or routine): a copy made when it begins.
import type { Node, Statement } from '../../../src/cpu/emit/values.ts';
import type { RawFields } from '../../../src/cpu/isa/insn.ts';
import type { Banks } from '../../../src/cpu/isa/register-file.ts';
import { bankOf, read, write } from '../reference/bank-access.ts';
import { OPERATIONS, type Value } from '../reference/operations.ts';

/** One instruction or routine that runs. */
export interface Activation {
  before: DataView | null;
  readonly depth: number;
  readonly fields: RawFields;
  readonly parameters: readonly Value[];
  /** With T in bit 0. */
  readonly pc: number;
  readonly size: number;
  readonly results: (Value | undefined)[];
  target: number | null;
  returned: Value | null;
}

/** Data memory. */
export interface Memory {
  load(width: number, signed: boolean, address: number, aligned: boolean): number;
  store(width: number, address: number, value: number, aligned: boolean): void;
}

export type Steps = (a: Activation) => void;
type Evaluate = (a: Activation) => Value;
type Of<K extends Statement['kind']> = Extract<Statement, { kind: K }>;
type Call = (name: string) => ((...args: Value[]) => Value) | undefined;

class GuestTrap extends Error {
  readonly code: number;
  constructor(code: number) {
    super(`trap ${code}`);
    this.code = code;
  }
}

/** What the reference's table has no word for. */
const MORE: Readonly<Record<string, (a: never, b: never) => Value>> = {
  ctz: (a: number) => (a === 0 ? 32 : 31 - Math.clz32(a & -a)),
  popcnt: (a: number) => [...(a >>> 0).toString(2)].filter((digit) => digit === '1').length,
  shrS64: (a: bigint, b: bigint) => a >> (b & 63n),
  eqz64: (a: bigint) => (a === 0n ? 1 : 0),
  ltS64: (a: bigint, b: bigint) => (a < b ? 1 : 0),
  ltU64: (a: bigint, b: bigint) => (BigInt.asUintN(64, a) < BigInt.asUintN(64, b) ? 1 : 0),
};

/** Helpers whose instructions are hints. */
const HINTS: ReadonlySet<string> = new Set(['yield']);

export class StatementRunner {
  private readonly banks: Banks;
  private readonly state: DataView;
  private readonly memory: Memory;
  private readonly functions: Call;
  private readonly routines = new Map<string, Steps>();
  private readonly numbers = new Map<Node, number>();
  private readonly copies: DataView[] = [];
  private readonly bytes: Uint8Array;

  constructor(banks: Banks, state: DataView, memory: Memory, functions: Call) {
    this.banks = banks;
    this.state = state;
    this.memory = memory;
    this.functions = functions;
    const ends = Object.values(banks).map(({ offset, size, count }) => offset + size * count);
    this.bytes = new Uint8Array(state.buffer, 0, Math.max(...ends));
  }

  /** Code of the trap that this error is, or null. */
  trapOf(error: unknown): number | null {
    return error instanceof GuestTrap ? error.code : null;
  }

  define(name: string, statements: readonly Statement[]): void {
    let steps: Steps | undefined;
    this.routines.set(name, (a) => {
      steps ??= this.compile(statements);
      steps(a);
    });
  }

  /** Keep the state as it is now for the activation's reads. */
  begin(a: Activation): void {
    const known = this.copies[a.depth];
    const copy = known ?? new DataView(new ArrayBuffer(this.bytes.length));
    this.copies[a.depth] = copy;
    new Uint8Array(copy.buffer).set(this.bytes);
    a.before = copy;
  }

  compile(statements: readonly Statement[]): Steps {
    const steps = statements.map((statement) => this.one(statement));
    return (a) => {
      for (const step of steps) {
        if (a.returned !== null) return;
        step(a);
      }
    };
  }

  private one(statement: Statement): Steps {
    switch (statement.kind) {
      case 'write': {
        const bank = bankOf(this.banks, statement.bank);
        const index = this.number32(statement.index);
        const value = this.value(statement.value);
        return (a) => write(bank, index(a), value(a), this.state);
      }
      case 'load': {
        const { width, signed, manner } = statement;
        const address = this.number32(statement.address);
        const result = this.number(statement.result);
        return (a) => {
          a.results[result] = this.memory.load(width, signed, address(a) >>> 0, manner === 'aligned');
        };
      }
      case 'store': {
        const { width, manner } = statement;
        const address = this.number32(statement.address);
        const value = this.number32(statement.value);
        return (a) => this.memory.store(width, address(a) >>> 0, value(a), manner === 'aligned');
      }
      case 'loadMany':
      case 'storeMany':
        return this.many(statement);
      case 'when': {
        const condition = this.value(statement.condition);
        const body = this.compile(statement.body);
        return (a) => {
          if (condition(a) !== 0) body(a);
        };
      }
      case 'branch':
        return this.branch(statement);
      case 'call':
        return this.call(statement);
      case 'sample': {
        const bank = bankOf(this.banks, statement.bank);
        const result = this.number(statement.result);
        const { index } = statement;
        return (a) => {
          a.results[result] = read(bank, index, this.state);
        };
      }
      case 'trap': {
        const code = this.number32(statement.code);
        return (a) => {
          throw new GuestTrap(code(a));
        };
      }
      case 'return': {
        const value = this.value(statement.value);
        return (a) => {
          a.returned = value(a);
        };
      }
      case 'helper': {
        const { name } = statement;
        return () => {
          if (!HINTS.has(name)) throw new Error(`helper ${name} in a user-mode instruction`);
        };
      }
      case 'search':
        throw new Error('search in a user-mode instruction');
      case 'cut':
      case 'tables':
      case 'event':
      case 'redecode':
        return () => {};
    }
  }

  private many({ kind, bank: name, list, address }: Of<'loadMany' | 'storeMany'>): Steps {
    const bank = bankOf(this.banks, name);
    const listed = this.number32(list);
    const base = this.number32(address);
    return (a) => {
      const registers = Array.from({ length: 32 }, (_, i) => i).filter((i) => (listed(a) >>> i) & 1);
      const at = (i: number): number => (base(a) + 4 * i) >>> 0;
      if (kind === 'loadMany') {
        const values = registers.map((_, i) => this.memory.load(32, false, at(i), true));
        registers.forEach((register, i) => {
          write(bank, register, values[i]!, this.state);
        });
      } else
        registers.forEach((register, i) => {
          this.memory.store(32, at(i), read(bank, register, this.state) as number, true);
        });
    };
  }

  private call(statement: Of<'call'>): Steps {
    const { routine: name } = statement;
    const args = statement.args.map((node) => this.value(node));
    const result = statement.result ? this.number(statement.result) : -1;
    return (a) => {
      const values = args.map((arg) => arg(a));
      const returned = this.invoke(name, values, a);
      if (result >= 0) a.results[result] = returned;
    };
  }

  private invoke(name: string, parameters: readonly Value[], a: Activation): Value {
    const routine = this.routines.get(name);
    if (!routine) {
      const run = this.functions(name);
      if (!run) throw new Error(`nothing is called ${name}`);
      return run(...parameters);
    }
    const inner = { ...a, depth: a.depth + 1, parameters, fields: {}, results: [], target: null, returned: null };
    this.begin(inner);
    routine(inner);
    return inner.returned ?? 0;
  }

  private branch({ condition, target }: Of<'branch'>): Steps {
    const holds = condition && this.value(condition);
    if (target.kind === 'region') throw new Error('a MIPS jump');
    const to = this.number32(target.kind === 'absolute' ? target.address : target.offset);
    const relative = target.kind === 'relative';
    return (a) => {
      if (holds?.(a) !== 0) a.target = (relative ? a.pc + a.size + to(a) : to(a)) >>> 0;
    };
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
      case 'parameter':
        return (a) => a.parameters[node.index]!;
      case 'read': {
        const bank = bankOf(this.banks, node.bank);
        const index = this.number32(node.index);
        return (a) => read(bank, index(a), a.before!);
      }
      case 'pc':
        return (a) => a.pc | 0;
      case 'result': {
        const number = this.number(node);
        return (a) => {
          const value = a.results[number];
          if (value === undefined) throw new Error('a result before the statement that makes it');
          return value;
        };
      }
      case 'select': {
        const [first, second, condition] = node.args.map((arg) => this.value(arg));
        return (a) => (condition!(a) !== 0 ? first!(a) : second!(a));
      }
      case 'now':
      case 'loopIndex':
        throw new Error(`${node.op} in a user-mode instruction`);
      default: {
        const operation = (OPERATIONS[node.op] ?? MORE[node.op]) as ((a: Value, b: Value) => Value) | undefined;
        if (!operation) throw new Error(`no reference for ${node.op}`);
        const [left, right] = node.args.map((arg) => this.value(arg));
        if (!right) return (a) => operation(left!(a), 0);
        return (a) => operation(left!(a), right(a));
      }
    }
  }
}
