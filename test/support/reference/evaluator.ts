// A plain reference evaluator of the emitter's operations (HOUSE 4, rule 7): it walks an instruction's statements and does in TypeScript
// what each says, over a simple state. It shares no code with the lowering or the interpreter, and judges them.
//
// Register reads see the state from before the instruction (or routine): reads come from a copy made before its first write.
import type { Node, Statement } from '../../../src/cpu/emit/values.ts';
import type { ArchitectureDefinition } from '../../../src/cpu/isa/architecture.ts';
import type { RawFields } from '../../../src/cpu/isa/insn.ts';
import type { Bank, Banks } from '../../../src/cpu/isa/register-file.ts';
import { ReferenceFpu } from './fpu.ts';

/** A guest exception raised in the middle of an instruction. */
export class GuestTrap {
  readonly code: number;
  constructor(code: number) {
    this.code = code;
  }
}

/** The instruction leaves for good: nothing of it happens. */
export class Leave {
  readonly why: 'internal error' | 'shutdown' | 'undefined';
  constructor(why: Leave['why']) {
    this.why = why;
  }
}

/** Where a branch statement sends control. */
export interface BranchTaken {
  readonly taken: boolean;
  readonly target: number;
  readonly slot: 'delayed' | 'likely' | 'now';
  /** The register the return address went to, and what it held before. */
  readonly link: { readonly bank: string; readonly index: number; readonly old: number } | null;
}

/** What instructions do to the world outside the registers. Addresses are unsigned. */
export interface World {
  load(width: number, signed: boolean, address: number, reported: number, linked: boolean): number;
  store(width: number, address: number, value: number, reported: number, linked: boolean): void;
  /** Guest time in nanoseconds, this instruction included. */
  now(): bigint;
  /** Calls a helper; throws Leave when the instruction leaves. */
  helper(name: string, a: number, b: number): number;
}

type Value = number | bigint;

const NONE: readonly number[] = [];

const mod32 = (value: Value): number => Number(value) & 31;
const u64 = (value: Value): bigint => BigInt.asUintN(64, BigInt(value));
const flag = (value: boolean): number => (value ? 1 : 0);

/** The pure operations, said once more and independently (32-bit ones on numbers, 64-bit ones on BigInt). */
const OPERATIONS: Readonly<Record<string, (a: never, b: never) => Value>> = {
  add: (a: number, b: number) => (a + b) | 0,
  sub: (a: number, b: number) => (a - b) | 0,
  mul: (a: number, b: number) => Number(BigInt.asIntN(32, BigInt(a) * BigInt(b))),
  divS: (a: number, b: number) => Math.trunc(a / b) | 0,
  divU: (a: number, b: number) => Math.floor((a >>> 0) / (b >>> 0)) | 0,
  remS: (a: number, b: number) => (a % b) | 0,
  remU: (a: number, b: number) => ((a >>> 0) % (b >>> 0)) | 0,
  and: (a: number, b: number) => a & b,
  or: (a: number, b: number) => a | b,
  xor: (a: number, b: number) => a ^ b,
  shl: (a: number, b: number) => a << mod32(b),
  shrS: (a: number, b: number) => a >> mod32(b),
  shrU: (a: number, b: number) => (a >>> mod32(b)) | 0,
  rotl: (a: number, b: number) => (a << mod32(b)) | (mod32(b) === 0 ? 0 : a >>> (32 - mod32(b))),
  rotr: (a: number, b: number) => (a >>> mod32(b)) | (mod32(b) === 0 ? 0 : a << (32 - mod32(b))),
  clz: (a: number) => Math.clz32(a),
  sext8: (a: number) => new Int8Array([a])[0]!,
  sext16: (a: number) => new Int16Array([a])[0]!,
  eqz: (a: number) => flag(a === 0),
  eq: (a: number, b: number) => flag(a === b),
  ne: (a: number, b: number) => flag(a !== b),
  ltS: (a: number, b: number) => flag(a < b),
  ltU: (a: number, b: number) => flag(a >>> 0 < b >>> 0),
  leS: (a: number, b: number) => flag(a <= b),
  gtS: (a: number, b: number) => flag(a > b),
  geS: (a: number, b: number) => flag(a >= b),
  geU: (a: number, b: number) => flag(a >>> 0 >= b >>> 0),
  sext64: (a: number) => BigInt(a),
  zext64: (a: number) => BigInt(a >>> 0),
  low: (a: bigint) => Number(BigInt.asIntN(32, a)),
  add64: (a: bigint, b: bigint) => BigInt.asIntN(64, a + b),
  sub64: (a: bigint, b: bigint) => BigInt.asIntN(64, a - b),
  mul64: (a: bigint, b: bigint) => BigInt.asIntN(64, a * b),
  divU64: (a: bigint, b: bigint) => BigInt.asIntN(64, u64(a) / u64(b)),
  and64: (a: bigint, b: bigint) => a & b,
  or64: (a: bigint, b: bigint) => a | b,
  xor64: (a: bigint, b: bigint) => a ^ b,
  shl64: (a: bigint, b: bigint) => BigInt.asIntN(64, a << (b & 63n)),
  shrU64: (a: bigint, b: bigint) => BigInt.asIntN(64, u64(a) >> (b & 63n)),
};

/** One instruction or routine being evaluated. */
interface Activation {
  /** The state it began in, once something may have changed it. */
  before: DataView | null;
  /** Of the instruction 0, of a routine that it calls 1, and so on. */
  readonly depth: number;
  readonly fields: RawFields;
  readonly parameters: readonly number[];
  readonly pc: number;
  readonly inSlot: boolean;
  results: Map<Node, Value> | null;
  branch: BranchTaken | null;
  returned: number | null;
}

export class Evaluator {
  private readonly architecture: ArchitectureDefinition;
  private readonly banks: Banks;
  private readonly state: DataView;
  private readonly world: World;
  private readonly routines = new Map<string, readonly Statement[]>();
  private readonly fpu: ReferenceFpu;
  /** Copies of the state, by depth. */
  private readonly copies: Uint8Array[] = [];
  private depth = 0;

  /** `state` holds the banks at their offsets, little-endian. */
  constructor(architecture: ArchitectureDefinition, banks: Banks, state: ArrayBuffer, world: World) {
    this.architecture = architecture;
    this.banks = banks;
    this.state = new DataView(state);
    this.world = world;
    this.fpu = new ReferenceFpu({
      getFcsr: () => this.read('fcsr', 0, this.state) as number,
      setFcsr: (value) => this.write('fcsr', 0, value),
      setLast: (value) => this.write('fpuLast', 0, value),
    });
    for (const routine of architecture.routines) {
      const emitter = architecture.createEmitter(banks, false);
      routine.build(emitter);
      this.routines.set(routine.name, emitter.statements);
    }
  }

  /** Evaluate one instruction; returns its branch, if it is one. Throws GuestTrap or Leave. */
  instruction(statements: readonly Statement[], fields: RawFields, pc: number, inSlot: boolean): BranchTaken | null {
    this.depth = 0;
    const activation = this.activate(fields, NONE, pc, inSlot);
    this.run(statements, activation);
    return activation.branch;
  }

  /** Call a routine of the architecture. */
  routine(name: string, parameters: readonly number[]): number {
    if (name === 'fpuSettle') return 0; // FCSR is always up to date here
    if (name === 'forgetTranslations' || name === 'forgetPages') return 0; // nothing is remembered
    const statements = this.routines.get(name);
    if (!statements) throw new Error(`no routine ${name}`);
    this.depth++;
    const activation = this.activate({}, parameters, 0, false);
    this.run(statements, activation);
    this.depth--;
    if (activation.returned === null) throw new Error(`routine ${name} returned nothing`);
    return activation.returned;
  }

  /** A fault in the delay slot begins again at the branch: its link has not happened. */
  takeBack({ link }: BranchTaken): void {
    if (link) this.write(link.bank, link.index, link.old);
  }

  private activate(fields: RawFields, parameters: readonly number[], pc: number, inSlot: boolean): Activation {
    const { depth } = this;
    return { fields, parameters, pc, inSlot, depth, before: null, results: null, branch: null, returned: null };
  }

  private keepBefore(a: Activation): void {
    if (a.before) return;
    const state = new Uint8Array(this.state.buffer);
    let copy = this.copies[a.depth];
    if (!copy) {
      copy = new Uint8Array(state.length);
      this.copies[a.depth] = copy;
    }
    copy.set(state);
    a.before = new DataView(copy.buffer);
  }

  private remember(a: Activation, node: Node, value: Value): void {
    a.results ??= new Map();
    a.results.set(node, value);
  }

  private run(statements: readonly Statement[], a: Activation): void {
    for (const statement of statements) {
      if (a.returned !== null) return;
      this.one(statement, a);
    }
  }

  private one(statement: Statement, a: Activation): void {
    const number = (node: Node): number => this.value(node, a) as number;
    switch (statement.kind) {
      case 'write':
        this.keepBefore(a);
        this.write(statement.bank, number(statement.index), this.value(statement.value, a));
        return;
      case 'load': {
        const address = number(statement.address) >>> 0;
        const reported = statement.reported ? number(statement.reported) >>> 0 : address;
        const value = this.world.load(statement.width, statement.signed, address, reported, statement.linked);
        this.remember(a, statement.result, value);
        return;
      }
      case 'store': {
        const address = number(statement.address) >>> 0;
        const reported = statement.reported ? number(statement.reported) >>> 0 : address;
        this.world.store(statement.width, address, number(statement.value), reported, statement.linked);
        return;
      }
      case 'when':
        if (number(statement.condition) !== 0) this.run(statement.body, a);
        return;
      case 'branch':
        this.branch(statement, a);
        return;
      case 'call': {
        this.keepBefore(a);
        const args = statement.args.map((node) => this.value(node, a));
        const result = this.fpu.call(statement.routine, args) ?? this.routine(statement.routine, args.map(Number));
        if (statement.result) this.remember(a, statement.result, result);
        return;
      }
      case 'helper': {
        const [first = 0, second = 0] = statement.args.map(number);
        this.keepBefore(a);
        const result = this.world.helper(statement.name, first, second);
        if (statement.result) this.remember(a, statement.result, result);
        return;
      }
      case 'search': {
        let found = -1;
        for (let i = 0; i < statement.count && found < 0; i++) {
          this.remember(a, statement.index, i);
          if (number(statement.condition) !== 0) found = i;
        }
        this.remember(a, statement.result, found);
        return;
      }
      case 'sample':
        this.remember(a, statement.result, this.read(statement.bank, statement.index, this.state));
        return;
      case 'trap':
        throw new GuestTrap(number(statement.code));
      case 'return':
        a.returned = number(statement.value);
        return;
      case 'cut':
      case 'tables':
        // Hints to an engine that looks at interrupts rarely and caches translations; here every step does both.
        return;
    }
  }

  private branch(statement: Extract<Statement, { kind: 'branch' }>, a: Activation): void {
    if (a.inSlot) throw new GuestTrap(this.architecture.reservedInstruction);
    const { condition, target, slot, link } = statement;
    const taken = condition === null || this.value(condition, a) !== 0;
    const index = link ? (this.value(link.index, a) as number) : 0;
    const linked = link && { bank: link.bank, index, old: this.read(link.bank, index, this.state) as number };
    a.branch = { taken, target: this.target(target, a) >>> 0, slot, link: linked };
    if (!link) return;
    this.keepBefore(a);
    this.write(link.bank, index, (a.pc + 8) | 0);
  }

  private target(target: Extract<Statement, { kind: 'branch' }>['target'], a: Activation): number {
    const next = a.pc + 4;
    switch (target.kind) {
      case 'relative':
        return next + (this.value(target.offset, a) as number);
      case 'region':
        return (next & 0xf0000000) | ((this.value(target.index, a) as number) * 4);
      case 'absolute':
        return this.value(target.address, a) as number;
    }
  }

  private value(node: Node, a: Activation): Value {
    switch (node.op) {
      case 'const':
      case 'const64':
        return node.value;
      case 'field': {
        const value = a.fields[node.name];
        if (value === undefined) throw new Error(`no field ${node.name}`);
        return value | 0;
      }
      case 'parameter':
        return a.parameters[node.index]! | 0;
      case 'read':
        return this.read(node.bank, this.value(node.index, a) as number, a.before ?? this.state);
      case 'pc':
        return a.pc | 0;
      case 'now':
        return this.world.now();
      case 'result':
      case 'loopIndex': {
        const value = a.results?.get(node);
        if (value === undefined) throw new Error(`a ${node.op} before the statement that makes it`);
        return value;
      }
      case 'select': {
        const [first, second, condition] = node.args;
        return this.value(this.value(condition!, a) !== 0 ? first! : second!, a);
      }
      default: {
        const operation = OPERATIONS[node.op];
        if (!operation) throw new Error(`no reference for ${node.op}`);
        const second = node.args[1];
        const right = second === undefined ? 0 : this.value(second, a);
        return operation(this.value(node.args[0]!, a) as never, right as never);
      }
    }
  }

  private bank(name: string, index: number): Bank {
    const bank = this.banks[name];
    if (!bank || index < 0 || index >= bank.count) throw new Error(`no register ${name}[${index}]`);
    return bank;
  }

  private read(name: string, index: number, state: DataView): Value {
    const bank = this.bank(name, index);
    if (bank.zero && index === 0) return 0;
    const at = bank.offset + index * bank.size;
    return bank.width === 64 ? state.getBigInt64(at, true) : state.getInt32(at, true);
  }

  private write(name: string, index: number, value: Value): void {
    const bank = this.bank(name, index);
    if (bank.zero && index === 0) return;
    const at = bank.offset + index * bank.size;
    if (bank.width === 64) this.state.setBigInt64(at, BigInt(value), true);
    else this.state.setInt32(at, Number(value), true);
  }
}
