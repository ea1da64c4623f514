// The predecoder: instruction words of a physical page -> 16-byte records. Runs when the interpreter meets a zeroed record.
import type { ArchitectureDefinition } from '../isa/architecture.ts';
import { Decoder } from '../isa/decoder.ts';
import type { RawFields, Row } from '../isa/insn.ts';
import { extractField, type FieldSpec } from '../isa/pattern.ts';
import type { HandlerTable } from './handlers.ts';
import { CODE_LINE_SHIFT, CODE_MAP, HANDLER, PAGE_SIZE, RECORD_SHIFT, RECORD_SIZE } from './layout.ts';
import { RecordPairs } from './pairs.ts';

const WORDS_PER_LINE = (1 << CODE_LINE_SHIFT) / 4;

export class Predecoder {
  readonly decoder: Decoder;
  private readonly architecture: ArchitectureDefinition;
  private readonly table: HandlerTable;
  private readonly plans = new Map<Row, RowPlan>();
  private readonly pairs: RecordPairs;
  private readonly u8: Uint8Array;
  private readonly u16: Uint16Array;
  private readonly i32: Int32Array;
  /** Host addresses of instructions that get a WATCH record. */
  watched: ReadonlySet<number> = new Set();

  constructor(architecture: ArchitectureDefinition, table: HandlerTable, buffer: ArrayBufferLike) {
    this.architecture = architecture;
    this.table = table;
    this.decoder = new Decoder(architecture.rows);
    this.pairs = new RecordPairs(table.pairs, buffer);
    this.u8 = new Uint8Array(buffer);
    this.u16 = new Uint16Array(buffer);
    this.i32 = new Int32Array(buffer);
  }

  /**
   * Decode from `offset` (bytes in the page) to the end of its 256-byte line, into the records at `records`, from the page at host address
   * `page`. Records that exist already end it.
   */
  decodeLine(page: number, records: number, offset: number): void {
    this.u8[CODE_MAP + ((page + offset) >>> CODE_LINE_SHIFT)] = 1;
    const end = ((offset >>> CODE_LINE_SHIFT) + 1) << CODE_LINE_SHIFT;
    for (let at = offset; at < end; at += 4) {
      const record = records + (at << RECORD_SHIFT);
      const known = this.u16[record >>> 1] !== HANDLER.UNDECODED;
      if (!known) this.decodeOne(page, at, record);
      if (at % (WORDS_PER_LINE * 4) !== 0) this.pairs.join(record - RECORD_SIZE);
      if (known) break;
    }
  }

  /**
   * Forget the records of the line that holds `offset`. Operands stay, for the instruction that stores into its own line still reads
   * them; only handler numbers go.
   */
  forgetLine(page: number, records: number, offset: number): void {
    const line = offset >>> CODE_LINE_SHIFT;
    this.u8[CODE_MAP + ((page + offset) >>> CODE_LINE_SHIFT)] = 0;
    const first = records + line * WORDS_PER_LINE * RECORD_SIZE;
    for (let record = first; record < first + WORDS_PER_LINE * RECORD_SIZE; record += RECORD_SIZE)
      this.u16[record >>> 1] = HANDLER.UNDECODED;
    this.forgetSelfJump(first, line * WORDS_PER_LINE * 4);
  }

  /** Forget the records of the words that bytes [from, to) of a page lie in. */
  forgetWords(records: number, from: number, to: number): void {
    const first = from & ~3;
    for (let at = first; at < to; at += 4) this.forget(records + (at << RECORD_SHIFT));
    this.forgetSelfJump(records + (first << RECORD_SHIFT), first);
  }

  /** A self-jump before the `record` at `offset` has its slot there. */
  private forgetSelfJump(record: number, offset: number): void {
    const before = record - RECORD_SIZE;
    if (offset > 0 && this.u16[before >>> 1] === HANDLER.SELF_JUMP) this.forget(before);
  }

  /** Write the record of the row itself over a self-jump or watch record. */
  decodePlain(page: number, offset: number, record: number): void {
    this.encode(this.i32[(page + offset) >>> 2]!, offset, record);
  }

  /** Forget one record. */
  forget(record: number): void {
    this.pairs.split(record);
    this.u16[record >>> 1] = HANDLER.UNDECODED;
  }

  private decodeOne(page: number, offset: number, record: number): void {
    if (this.watched.size > 0 && this.watched.has(page + offset)) {
      this.u16[record >>> 1] = HANDLER.WATCH;
      return;
    }
    const word = this.i32[(page + offset) >>> 2]!;
    if (offset + 4 < PAGE_SIZE && this.architecture.isSelfJump(word, offset)) {
      const next = this.i32[(page + offset + 4) >>> 2]!;
      if (next === this.architecture.nop) {
        this.u16[record >>> 1] = HANDLER.SELF_JUMP;
        this.u8[CODE_MAP + ((page + offset + 4) >>> CODE_LINE_SHIFT)] = 1; // a store into the slot must be seen
        return;
      }
    }
    this.encode(word, offset, record);
  }

  private encode(word: number, offset: number, record: number): void {
    const row = this.decoder.decode(word);
    if (!row) {
      this.u16[record >>> 1] = HANDLER.RESERVED;
      return;
    }
    let plan = this.plans.get(row);
    if (plan === undefined) {
      plan = new RowPlan(row, this.table);
      this.plans.set(row, plan);
    }
    const values = plan.read(word);
    const { number, slots } = plan.shape();
    let far = 0;
    for (let i = 0; i < slots.length; i++) {
      const slot = slots[i]!;
      let value = values[slot.value]!;
      if (slot.relative) {
        if (leavesPage(offset, value)) far = 1;
        else value = (value + 4) << RECORD_SHIFT; // relative to this record's own ip
      } else if (slot.scale !== 0) value = (value === 0 && slot.sink !== 0 ? slot.sink : value) * slot.scale;
      if (slot.wide) this.i32[(record + slot.at) >>> 2] = value;
      else this.u16[(record + slot.at) >>> 1] = value;
    }
    this.u16[record >>> 1] = number + far;
  }
}

/** One operand of a record: which value goes where, and how. */
interface SlotPlan {
  /** Index into the row's values. */
  readonly value: number;
  readonly at: number;
  readonly wide: boolean;
  readonly relative: boolean;
  /** Bytes per register, 0 for an immediate. */
  readonly scale: number;
  /** Register index that stands for a written register 0, or 0. */
  readonly sink: number;
}

interface ShapePlan {
  readonly number: number;
  readonly slots: readonly SlotPlan[];
}

/** How one row's words are taken apart, worked out once, so that decoding an instruction allocates nothing. */
class RowPlan {
  private readonly fields: readonly FieldSpec[];
  private readonly derive: readonly (readonly [string, (raw: RawFields) => number])[];
  private readonly steering: readonly number[];
  private readonly raw: Record<string, number> = {};
  private readonly values: Int32Array;
  /** By steering value, the fields' bits one after another. */
  private readonly shapes: (ShapePlan | undefined)[] = [];
  private readonly row: Row;
  private readonly table: HandlerTable;

  constructor(row: Row, table: HandlerTable) {
    this.row = row;
    this.table = table;
    this.fields = row.pattern.fields;
    this.derive = Object.entries(row.derive);
    this.steering = this.fields.flatMap((field, index) => (field.steers ? [index] : []));
    this.values = new Int32Array(this.fields.length + this.derive.length);
  }

  /** The word's field values and derived operands, in a reused array. */
  read(word: number): Int32Array {
    const { fields, derive, values, raw } = this;
    for (let i = 0; i < fields.length; i++) values[i] = extractField(fields[i]!, word);
    if (derive.length > 0) {
      for (let i = 0; i < fields.length; i++) raw[fields[i]!.name] = values[i]!;
      for (let i = 0; i < derive.length; i++) {
        const [name, compute] = derive[i]!;
        raw[name] = values[fields.length + i] = compute(raw);
      }
    }
    return values;
  }

  /** The handler and operands for the values just read. */
  shape(): ShapePlan {
    let key = 0;
    for (const index of this.steering) key = (key << this.fields[index]!.width) | this.values[index]!;
    const known = this.shapes[key];
    if (known) return known;
    const names = [...this.fields.map((field) => field.name), ...this.derive.map(([name]) => name)];
    const raw = Object.fromEntries(names.map((name, index) => [name, this.values[index]!]));
    const { number, slots } = this.table.find(this.row, raw);
    const shape = {
      number,
      slots: slots.map((slot) => ({
        value: names.indexOf(slot.name),
        at: slot.at,
        wide: slot.bytes === 4,
        relative: slot.kind === 'relative',
        scale: slot.bank?.size ?? 0,
        sink: slot.bank?.zero && slot.kind === 'destination' ? slot.bank.sink : 0,
      })),
    };
    this.shapes[key] = shape;
    return shape;
  }
}

/** Must this branch go through the jump record? `displacement` counts from the next instruction. */
function leavesPage(offset: number, displacement: number): boolean {
  const to = offset + 4 + displacement;
  if (to < 0 || to >= PAGE_SIZE) return true;
  if (offset + 4 >= PAGE_SIZE) return true; // its slot is on the next page, whose records follow another DELTA
  return displacement === 0; // to its own slot: the jump record clears the slot mark
}
