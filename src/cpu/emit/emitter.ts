// The emitter: what semantics may say. A row builds a small tree of statements per instruction, and both engines lower the same
// tree. Nothing here knows an ISA or an engine; an architecture's emitter extends this one with its registers.
import type { Banks } from '../isa/register-file.ts';
import { Arithmetic, asI32, asI64, node } from './arithmetic.ts';
import type { AccessWidth, I32, I64, Manner, Node, Operand, Statement, Target, TargetNode } from './values.ts';

export type Signedness = 'signed' | 'unsigned';

export class Emitter extends Arithmetic {
  readonly banks: Banks;
  private readonly observing: boolean;
  private list: Statement[] = [];

  /** With `observing`, events reach the host. */
  constructor(banks: Banks, observing = false) {
    super();
    this.banks = banks;
    this.observing = observing;
  }

  /** The statements said so far. */
  get statements(): readonly Statement[] {
    return this.list;
  }

  /** Address of this instruction. */
  pc(): I32 {
    return asI32({ op: 'pc', type: 'i32' });
  }
  /** Guest time now, nanoseconds, this instruction included. */
  now(): I64 {
    return asI64({ op: 'now', type: 'i64' });
  }

  // Registers

  protected read32(bank: string, index: Operand | I32 | number): I32 {
    const at = this.index(index);
    if (this.banks[bank]?.zero && at.op === 'const' && at.value === 0) return this.const(0);
    return asI32({ op: 'read', type: 'i32', bank, index: at });
  }

  protected read64(bank: string, index: Operand | I32 | number): I64 {
    return asI64({ op: 'read', type: 'i64', bank, index: this.index(index) });
  }

  /** A 32-bit register as the calls before this have left it. */
  protected sample(bank: string, index: number): I32 {
    const result: Node = { op: 'result', type: 'i32' };
    this.list.push({ kind: 'sample', bank, index, result });
    return asI32(result);
  }

  protected write(bank: string, index: Operand | I32 | number, value: I32 | I64): void {
    const at = this.index(index);
    if (this.banks[bank]?.zero && at.op === 'const' && at.value === 0) return;
    this.list.push({ kind: 'write', bank, index: at, value: node(value) });
  }

  // Memory, in order

  /** Alignment is checked: a misaligned access is the architecture's address error. A fault reports `reported`, when given. */
  load(width: AccessWidth, address: I32, signedness: Signedness = 'unsigned', reported?: I32): I32 {
    return this.pushLoad(width, address, signedness, false, 'aligned', reported);
  }

  /** A load that need not be aligned; `as` user: with the rights of user mode. */
  loadUnaligned(
    width: AccessWidth,
    address: I32,
    signedness: Signedness = 'unsigned',
    as: 'unaligned' | 'user' = 'unaligned',
  ): I32 {
    return this.pushLoad(width, address, signedness, false, as);
  }

  /** Load-linked: the reservation covers the physical line. */
  loadLinked(address: I32, width: AccessWidth = 32): I32 {
    return this.pushLoad(width, address, 'unsigned', true, 'aligned');
  }

  store(width: AccessWidth, address: I32, value: I32, reported?: I32): void {
    this.pushStore(width, address, value, false, 'aligned', reported);
  }

  /** A store that need not be aligned; `as` user: with the rights of user mode. */
  storeUnaligned(width: AccessWidth, address: I32, value: I32, as: 'unaligned' | 'user' = 'unaligned'): void {
    this.pushStore(width, address, value, false, as);
  }

  /** Store where the reservation allows it: to memory, for no device takes it. */
  storeConditional(address: I32, value: I32, width: AccessWidth = 32): void {
    this.pushStore(width, address, value, true, 'aligned');
  }

  /** Load registers i of a bank for the bits i of `list`, from the lowest on, from word-aligned memory; all of them or none. `sample` sees them. */
  protected loadMany(bank: string, list: Operand | I32, address: I32): void {
    this.list.push({ kind: 'loadMany', bank, list: this.index(list), address: node(address) });
  }

  /** Store registers i of a bank for the bits i of `list`, from the lowest on. */
  protected storeMany(bank: string, list: Operand | I32, address: I32): void {
    this.list.push({ kind: 'storeMany', bank, list: this.index(list), address: node(address) });
  }

  /** See the statement of that name. */
  protected redecode(which: 'this' | 'next'): void {
    this.list.push({ kind: 'redecode', which });
  }

  // Control

  when(condition: I32, body: () => void): void {
    const outer = this.list;
    this.list = [];
    body();
    outer.push({ kind: 'when', condition: node(condition), body: this.list });
    this.list = outer;
  }

  /**
   * The first i in [0, count) for which `condition(i)` holds, else -1. Conditions read registers only. `among`: a set (bit i for i; count is
   * at most 64) that has every such i in it, for an engine that wants to look at fewer.
   */
  search(count: number, condition: (index: I32) => I32, among?: I64): I32 {
    const index = asI32({ op: 'loopIndex', type: 'i32' });
    const result: Node = { op: 'result', type: 'i32' };
    this.list.push({
      kind: 'search',
      count,
      among: among ? node(among) : null,
      index: node(index),
      condition: node(condition(index)),
      result,
    });
    return asI32(result);
  }

  /** Call a routine of the architecture (a function built with the same emitter). */
  call(routine: string, ...args: (I32 | I64)[]): I32 {
    const result: Node = { op: 'result', type: 'i32' };
    this.list.push({ kind: 'call', routine, args: args.map(node), result });
    return asI32(result);
  }

  /** Call a function of the architecture whose result is an i64. */
  call64(routine: string, ...args: (I32 | I64)[]): I64 {
    const result: Node = { op: 'result', type: 'i64' };
    this.list.push({ kind: 'call', routine, args: args.map(node), result });
    return asI64(result);
  }

  /** Call a TypeScript helper of the architecture: for what is measured rare. */
  helper(name: string, ...args: I32[]): I32 {
    const result: Node = { op: 'result', type: 'i32' };
    this.list.push({ kind: 'helper', name, args: args.map(node), result });
    return asI32(result);
  }

  /**
   * Something that exit counters and traces know happens here. Costs nothing, and builds nothing, unless the program observes: guest state
   * must not depend on it. At most two arguments.
   */
  event(name: string, ...args: (() => I32)[]): void {
    if (this.observing) this.list.push({ kind: 'event', name, args: args.map((arg) => node(arg())) });
  }

  /** Raise a guest exception. */
  trap(code: number | I32): void {
    this.list.push({ kind: 'trap', code: node(typeof code === 'number' ? this.const(code) : code) });
  }

  /** End the run at the next step boundary, where interrupts, timers and waits are looked at. */
  cut(): void {
    this.list.push({ kind: 'cut' });
  }

  /** Use another set of memory tables (one per privilege) from the next instruction on. */
  useTables(set: I32): void {
    this.list.push({ kind: 'tables', set: node(set) });
  }

  /** Result of a routine. */
  return(value: I32): void {
    this.list.push({ kind: 'return', value: node(value) });
  }

  /** Displacement in bytes from the instruction after the branch. */
  relative(offset: Operand): Target {
    return target({ kind: 'relative', offset: node(this.imm(offset)) });
  }

  region(index: Operand): Target {
    return target({ kind: 'region', index: node(this.imm(index)) });
  }

  absolute(address: I32): Target {
    return target({ kind: 'absolute', address: node(address) });
  }

  protected branch(
    condition: I32 | null,
    to: Target,
    slot: 'delayed' | 'likely' | 'now',
    link: { bank: string; index: Operand | number } | null = null,
  ): void {
    this.list.push({
      kind: 'branch',
      condition: condition === null ? null : node(condition),
      target: to as unknown as TargetNode,
      slot,
      link: link && { bank: link.bank, index: this.index(link.index) },
    });
  }

  private pushLoad(
    width: AccessWidth,
    address: I32,
    signedness: Signedness,
    linked: boolean,
    manner: Manner,
    reported?: I32,
  ): I32 {
    const result: Node = { op: 'result', type: 'i32' };
    this.list.push({
      kind: 'load',
      width,
      signed: signedness === 'signed',
      address: node(address),
      result,
      linked,
      manner,
      reported: reported ? node(reported) : null,
    });
    return asI32(result);
  }

  private pushStore(
    width: AccessWidth,
    address: I32,
    value: I32,
    linked: boolean,
    manner: Manner,
    reported?: I32,
  ): void {
    this.list.push({
      kind: 'store',
      width,
      linked,
      manner,
      address: node(address),
      value: node(value),
      reported: reported ? node(reported) : null,
    });
  }

  private index(index: Operand | I32 | number): Node {
    return typeof index === 'number' ? node(this.const(index)) : (index as unknown as Node);
  }
}

function target(value: TargetNode): Target {
  return value as unknown as Target;
}
