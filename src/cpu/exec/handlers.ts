// From rows to handlers: a handler is a row with its steering fields fixed, and the layout of its predecoded record:
// u16 handler number, then register offsets (u16, prescaled) and immediates (i32) in the order the semantics use them. The record of an instruction
// of 16 bits has half the size, and immediates of 16 bits.

import { forEachNode, forEachStatement, operands, roots } from '../emit/tree.ts';
import type { Node, Operand, Statement } from '../emit/values.ts';
import type { ArchitectureDefinition } from '../isa/architecture.ts';
import type { RawFields, Row } from '../isa/insn.ts';
import type { Bank, Banks } from '../isa/register-file.ts';
import { HALF_RECORD_SIZE, HANDLER, RECORD_SIZE } from './layout.ts';
import { makePairs, type Pair } from './pairs.ts';

export type SlotKind = 'source' | 'destination' | 'immediate' | 'relative' | 'region';

/** One operand in a record. */
export interface Slot {
  readonly name: string;
  readonly kind: SlotKind;
  /** For registers. */
  readonly bank: Bank | null;
  /** Byte offset in the record, and bytes. */
  readonly at: number;
  readonly bytes: 2 | 4;
}

export interface Handler {
  readonly number: number;
  readonly row: Row;
  readonly steering: RawFields;
  readonly statements: readonly Statement[];
  readonly slots: readonly Slot[];
  /** 'far' jumps go through the jump record (other page, own slot); 'near' ones stay on the page's records. */
  readonly reach: 'near' | 'far';
  readonly slot: 'delayed' | 'likely' | 'now' | null;
  /** Bytes of its instructions' records: 16, or 8. */
  readonly recordSize: number;
}

export interface HandlerTable {
  readonly handlers: readonly Handler[];
  /** Their numbers follow the hot handlers'. */
  readonly pairs: readonly Pair[];
  /** Number of the first handler of the rows that are right only inside of a block; they are the last ones. */
  readonly firstInside: number;
  /** The near (or only) handler of a row for its steering values; the far one follows when `hasFar`. */
  find(row: Row, raw: RawFields): Handler;
}

/** Expand all rows. Hot handlers come first, and pairs of them, so that the main switch is a range. */
export function expandRows(architecture: ArchitectureDefinition, banks: Banks, observing = false): HandlerTable {
  return new RowExpansion(architecture, banks, observing).all();
}

/** The same for a program that was generated before, of which `far` is known (farFlags): rows are expanded when they are asked for. */
export function expandedRows(architecture: ArchitectureDefinition, banks: Banks, far: string): HandlerTable {
  return new RowExpansion(architecture, banks, false).asNumbered(far);
}

/** By handler that is no far one, in the order of their numbers: 1 when a far one follows it, else 0. */
export function farFlags({ handlers }: HandlerTable): string {
  const far = new Set(handlers.filter(({ reach }) => reach === 'far').map(({ number }) => number));
  return handlers
    .filter(({ reach }) => reach === 'near')
    .map(({ number }) => (far.has(number + 1) ? '1' : '0'))
    .join('');
}

class RowExpansion {
  private readonly architecture: ArchitectureDefinition;
  private readonly banks: Banks;
  private readonly observing: boolean;
  private readonly rows: readonly Row[];

  constructor(architecture: ArchitectureDefinition, banks: Banks, observing: boolean) {
    this.architecture = architecture;
    this.banks = banks;
    this.observing = observing;
    this.rows = [...new Set(architecture.rows.flatMap((row) => row.variants?.rows ?? [row]))];
  }

  all(): HandlerTable {
    const handlers: Handler[] = [];
    const index = new Map<Row, Map<string, Handler>>();
    let number: number = HANDLER.FIRST_ROW;
    const expandRow = (row: Row): void => {
      const byShape = new Map<string, Handler>();
      index.set(row, byShape);
      for (const steering of shapes(row)) {
        const near = this.handler(row, steering, number++);
        handlers.push(near);
        byShape.set(shapeKey(row, steering), near);
        if (isRelative(near)) handlers.push({ ...near, number: number++, reach: 'far' });
      }
    };
    for (const row of this.hot) expandRow(row);
    const pairs = makePairs(this.architecture.pairs, handlers, number);
    number += pairs.length;
    for (const row of this.cold) expandRow(row);
    const firstInside = number;
    for (const row of this.inside) expandRow(row);
    return { handlers, pairs, firstInside, find: (row, raw) => index.get(row)!.get(shapeKey(row, raw))! };
  }

  asNumbered(far: string): HandlerTable {
    const numbers = new Map<Row, readonly number[]>();
    let number: number = HANDLER.FIRST_ROW;
    let at = 0;
    const numberRow = (row: Row): void => {
      const own: number[] = [];
      for (let shape = 1 << steeringBits(row); shape > 0; shape--) {
        own.push(number);
        number += far[at++] === '1' ? 2 : 1;
      }
      numbers.set(row, own);
    };
    const known = new Map<Row, Map<number, Handler>>();
    const find = (row: Row, raw: RawFields): Handler => {
      const shape = shapeNumber(row, raw);
      const byShape = known.get(row) ?? new Map<number, Handler>();
      known.set(row, byShape);
      const handler = byShape.get(shape) ?? this.handler(row, steeringOf(row, raw), numbers.get(row)![shape]!);
      byShape.set(shape, handler);
      return handler;
    };
    for (const row of this.hot) numberRow(row);
    const { pairs: wanted } = this.architecture;
    const pairable = wanted.length === 0 ? [] : this.hot.flatMap((row) => shapes(row).map((raw) => find(row, raw)));
    const pairs = makePairs(wanted, pairable, number);
    number += pairs.length;
    for (const row of this.cold) numberRow(row);
    const firstInside = number;
    for (const row of this.inside) numberRow(row);
    const all = (): readonly Handler[] => this.all().handlers;
    return {
      get handlers() {
        return all();
      },
      pairs,
      firstInside,
      find,
    };
  }

  private get hot(): readonly Row[] {
    return this.rows.filter((row) => row.hot);
  }
  private get cold(): readonly Row[] {
    return this.rows.filter((row) => !row.hot && !row.inside);
  }
  private get inside(): readonly Row[] {
    return this.rows.filter((row) => row.inside);
  }

  private handler(row: Row, steering: RawFields, number: number): Handler {
    const statements = buildStatements(this.architecture, this.banks, row, steering, this.observing);
    return expand(this.banks, row, steering, statements, number);
  }
}

function isRelative({ slots }: Handler): boolean {
  return slots.some((slot) => slot.kind === 'relative');
}

/** Bits of the steering fields, all together. */
function steeringBits({ pattern }: Row): number {
  return pattern.fields.reduce((bits, { steers, width }) => bits + (steers ? width : 0), 0);
}

/** Place among the row's shapes. */
function shapeNumber({ pattern }: Row, raw: RawFields): number {
  return pattern.fields.reduce(
    (number, { name, steers, width }) => (steers ? (number << width) | raw[name]! : number),
    0,
  );
}

function steeringOf({ pattern }: Row, raw: RawFields): RawFields {
  return Object.fromEntries(pattern.fields.filter(({ steers }) => steers).map(({ name }) => [name, raw[name]!]));
}

function shapeKey(row: Row, raw: RawFields): string {
  let key = '';
  for (const field of row.pattern.fields) if (field.steers) key += `${raw[field.name]},`;
  return key;
}

function shapes(row: Row): RawFields[] {
  let all: Record<string, number>[] = [{}];
  for (const field of row.pattern.fields) {
    if (!field.steers) continue;
    const values = Array.from({ length: 1 << field.width }, (_, value) => value);
    all = all.flatMap((shape) => values.map((value) => ({ ...shape, [field.name]: value })));
  }
  return all;
}

/** Build the semantics of a row with opaque operand fields. */
export function buildStatements(
  architecture: ArchitectureDefinition,
  banks: Banks,
  row: Row,
  steering: RawFields,
  observing = false,
): readonly Statement[] {
  const emitter = architecture.createEmitter(banks, observing);
  const fields: Record<string, Operand | number> = {};
  const names = [...row.pattern.fields.filter((f) => !f.steers).map((f) => f.name), ...Object.keys(row.derive)];
  for (const name of names) {
    const node: Node = { op: 'field', type: 'i32', name };
    fields[name] = node as unknown as Operand;
  }
  row.build(emitter, { ...fields, ...steering });
  checkCommitLast(row, emitter.statements);
  return emitter.statements;
}

/** "Fault first, commit last": no register write may precede something that can fault. */
function checkCommitLast(row: Row, statements: readonly Statement[]): void {
  let written = false;
  forEachStatement(statements, (statement) => {
    const { kind } = statement;
    const many = kind === 'loadMany' || kind === 'storeMany';
    const faults = many || kind === 'load' || kind === 'store' || kind === 'trap';
    if (faults && written) throw new Error(`${row.mnemonic}: a register write precedes an operation that can fault`);
    if (kind === 'write' || kind === 'loadMany') written = true;
  });
}

/** The near (or only) handler of a row and its steering values. */
function expand(
  banks: Banks,
  row: Row,
  steering: RawFields,
  statements: readonly Statement[],
  number: number,
): Handler {
  const wanted: { name: string; kind: SlotKind; bank: Bank | null }[] = [];
  const want = (node: Node, kind: SlotKind, bank: Bank | null): void => {
    if (node.op !== 'field') return;
    const known = wanted.some((slot) => slot.name === node.name && slot.kind === kind && slot.bank === bank);
    if (!known) wanted.push({ name: node.name, kind, bank });
  };
  let slot: Handler['slot'] = null;
  forEachStatement(statements, (statement) => {
    // Register numbers and jump displacements are operands of their own kinds; every other field is an immediate.
    const special = new Set<Node>();
    if (statement.kind === 'write') {
      want(statement.index, 'destination', banks[statement.bank]!);
      special.add(statement.index);
    }
    if (statement.kind === 'branch') {
      const { target, link } = statement;
      slot = statement.slot;
      if (target.kind === 'relative') {
        want(target.offset, 'relative', null);
        special.add(target.offset);
      } else if (target.kind === 'region') {
        want(target.index, 'region', null);
        special.add(target.index);
      }
      if (link) {
        want(link.index, 'destination', banks[link.bank]!);
        special.add(link.index);
      }
    }
    for (const root of roots(statement)) if (!special.has(root)) want(root, 'immediate', null);
  });
  forEachNode(statements, (node) => {
    if (node.op === 'read') want(node.index, 'source', banks[node.bank]!);
    else for (const operand of operands(node)) want(operand, 'immediate', null);
  });
  const recordSize = row.pattern.width === 16 ? HALF_RECORD_SIZE : RECORD_SIZE;
  return {
    number,
    row,
    steering,
    statements,
    slots: layOutSlots(row, wanted, recordSize),
    reach: 'near',
    slot,
    recordSize,
  };
}

function layOutSlots(
  row: Row,
  wanted: readonly { name: string; kind: SlotKind; bank: Bank | null }[],
  recordSize: number,
): Slot[] {
  const registers = wanted.filter((slot) => slot.bank);
  const immediates = wanted.filter((slot) => !slot.bank);
  const slots: Slot[] = [];
  const taken = new Set([0]);
  // A second halfword has a place for a handler's number of its own.
  if (row.set === 1 && recordSize === RECORD_SIZE) taken.add(HALF_RECORD_SIZE);
  const place = (slot: (typeof wanted)[number], bytes: 2 | 4, candidates: readonly number[]): void => {
    const halves = (at: number): number[] => (bytes === 4 ? [at, at + 2] : [at]);
    const at = candidates.find((candidate) => halves(candidate).every((half) => !taken.has(half)));
    if (at === undefined) throw new Error(`${row.mnemonic}: too many operands for one record`);
    for (const half of halves(at)) taken.add(half);
    slots.push({ ...slot, at, bytes });
  };
  const positions = Array.from({ length: recordSize / 2 }, (_, i) => 2 * i);
  const words = positions.filter((at) => at % 4 === 0).reverse();
  const isShort = (slot: (typeof wanted)[number]): boolean => recordSize !== RECORD_SIZE || isHalfword(row, slot.name);
  for (const slot of immediates) if (!isShort(slot)) place(slot, 4, words);
  for (const slot of registers) place(slot, 2, positions);
  for (const slot of immediates) if (isShort(slot)) place(slot, 2, positions);
  return slots;
}

/** Is this operand always 16 unsigned bits, and kept as such? */
function isHalfword({ short, pattern }: Row, name: string): boolean {
  if (short === undefined) return false;
  const field = pattern.fields.find((known) => known.name === name);
  return field ? field.width <= 16 && !field.signed : short.includes(name);
}
