// The predecoder: instruction words of a physical page -> 16-byte records. Runs when the interpreter meets a zeroed record.
import type { ArchitectureDefinition } from '../isa/architecture.ts';
import { Decoders, thumbSize } from '../isa/decoder.ts';
import type { RawFields, Row } from '../isa/insn.ts';
import { extractField, type FieldSpec } from '../isa/pattern.ts';
import type { HandlerTable } from './handlers.ts';
import {
  CODE_LINE_SHIFT,
  CODE_MAP,
  HALF_RECORD_SIZE,
  HANDLER,
  PAGE_SIZE,
  RECORD_SHIFT,
  RECORD_SIZE,
  SPLIT_RECORD,
} from './layout.ts';
import { RecordPairs } from './pairs.ts';
import { RecordMemo } from './record-memo.ts';

const WORDS_PER_LINE = (1 << CODE_LINE_SHIFT) / 4;

/** The words, or halfwords, of a page that records are made of. */
export interface CodePage {
  /** Host address. */
  readonly page: number;
  readonly records: number;
  /** 0: words; 1: halfwords. */
  readonly set: number;
}

export class Predecoder {
  readonly decoders: Decoders;
  private readonly architecture: ArchitectureDefinition;
  private readonly table: HandlerTable;
  private readonly plans = new Map<Row, RowPlan>();
  private readonly pairs: RecordPairs;
  private readonly memo: RecordMemo;
  private readonly u8: Uint8Array;
  private readonly u16: Uint16Array;
  private readonly i32: Int32Array;
  /** Host addresses of instructions that get a WATCH record. */
  watched: ReadonlySet<number> = new Set();
  /** The one among them that gets its own record now, for it has been told of. */
  told: number | null = null;

  constructor(architecture: ArchitectureDefinition, table: HandlerTable, buffer: ArrayBufferLike) {
    this.architecture = architecture;
    this.table = table;
    this.decoders = new Decoders(architecture.rows, architecture.interworking, true);
    this.pairs = new RecordPairs(table.pairs, buffer);
    this.u8 = new Uint8Array(buffer);
    this.u16 = new Uint16Array(buffer);
    this.i32 = new Int32Array(buffer);
    this.memo = new RecordMemo(this.i32);
  }

  /**
   * Decode from `offset` (bytes in the page) to the end of its 256-byte line. Records that exist already end it. `block`: the state of the block that
   * the first instruction stands in, or 0.
   */
  decodeLine(code: CodePage, offset: number, block: number): void {
    this.u8[CODE_MAP + ((code.page + offset) >>> CODE_LINE_SHIFT)] = 1;
    if (code.set === 0) this.decodeWords(code, offset);
    else this.decodeHalfwords(code, offset, block);
  }

  private decodeWords(code: CodePage, offset: number): void {
    const end = ((offset >>> CODE_LINE_SHIFT) + 1) << CODE_LINE_SHIFT;
    for (let at = offset; at < end; at += 4) {
      const record = code.records + (at << RECORD_SHIFT);
      const known = this.u16[record >>> 1] !== HANDLER.UNDECODED;
      if (!known) this.decodeWord(code.page, at, record);
      if (at % (WORDS_PER_LINE * 4) !== 0) this.pairs.join(record - RECORD_SIZE);
      if (known || (this.architecture.interworking && endsWords(this.i32[(code.page + at) >>> 2]!))) break;
    }
  }

  /** Instructions of one and two halfwords, as they follow one another until control does not go on. */
  private decodeHalfwords({ page, records }: CodePage, offset: number, block: number): void {
    const end = ((offset >>> CODE_LINE_SHIFT) + 1) << CODE_LINE_SHIFT;
    let state = block;
    this.forgetAround(page, records, offset);
    for (let at = offset; at < end; ) {
      const record = records + (at << RECORD_SHIFT);
      if (this.u16[record >>> 1] !== HANDLER.UNDECODED) break;
      const halfword = this.u16[(page + at) >>> 1]!;
      const size = thumbSize(halfword);
      if (this.isWatched(page + at)) this.u16[record >>> 1] = HANDLER.WATCH;
      else if (size === 4 && at + 4 > PAGE_SIZE) this.u16[record >>> 1] = HANDLER.SPLIT;
      else if (state === 0 && this.architecture.isSelfJump(halfword, at, 1)) this.u16[record >>> 1] = HANDLER.SELF_JUMP;
      else {
        const word = size === 2 ? halfword : (halfword << 16) | this.u16[(page + at + 2) >>> 1]!;
        this.encodeHalfwords(word, size, at, record, state);
        if (size === 4 && at + 2 >= end) this.u8[CODE_MAP + ((page + end) >>> CODE_LINE_SHIFT)] = 1; // its end lies there
      }
      if (endsSequence(halfword, size)) break;
      state = nextBlockState(halfword, state);
      at += size;
    }
  }

  /** An instruction of two halfwords before `offset` that a jump into its middle ends: the two records would share bytes. */
  private forgetAround(page: number, records: number, offset: number): void {
    if (offset >= 2 && thumbSize(this.u16[(page + offset - 2) >>> 1]!) === 4)
      this.u16[(records + ((offset - 2) << RECORD_SHIFT)) >>> 1] = HANDLER.UNDECODED;
  }

  private encodeHalfwords(word: number, size: 2 | 4, offset: number, record: number, block: number): void {
    const row = this.decoders.decodeHalfwords(word, size);
    if (size === 4) this.u16[(record + HALF_RECORD_SIZE) >>> 1] = HANDLER.UNDECODED; // nothing lies there (handlers.ts)
    if (row) this.encodeRow(row, word, offset, record, block);
    else this.u16[record >>> 1] = HANDLER.RESERVED;
  }

  private isWatched(host: number): boolean {
    return this.watched.size > 0 && this.watched.has(host) && host !== this.told;
  }

  /** Make the record of an instruction that is on two pages in the place for such. */
  decodeSplit(word: number, block: number): void {
    // As if it stood at the page's end: a branch goes through the jump record.
    this.encodeHalfwords(word, 4, PAGE_SIZE - 2, SPLIT_RECORD, block);
    this.u16[(SPLIT_RECORD + RECORD_SIZE) >>> 1] = HANDLER.END_OF_PAGE;
  }

  /**
   * Forget the records of the line that holds `offset`. Operands stay, for the instruction that stores into its own line still reads
   * them; only handler numbers go.
   */
  forgetLine({ page, records, set }: CodePage, offset: number): void {
    const line = offset >>> CODE_LINE_SHIFT;
    this.u8[CODE_MAP + ((page + offset) >>> CODE_LINE_SHIFT)] = 0;
    const first = records + line * WORDS_PER_LINE * RECORD_SIZE;
    const step = set === 0 ? RECORD_SIZE : HALF_RECORD_SIZE;
    for (let record = first; record < first + WORDS_PER_LINE * RECORD_SIZE; record += step)
      this.u16[record >>> 1] = HANDLER.UNDECODED;
    this.forgetBefore(first, line * WORDS_PER_LINE * 4, set);
  }

  /** Forget the records of the words that bytes [from, to) of a page lie in. */
  forgetWords({ records, set }: CodePage, from: number, to: number): void {
    const unit = set === 0 ? 4 : 2;
    const first = from & -unit;
    for (let at = first; at < to; at += unit) this.forget(records + (at << RECORD_SHIFT));
    this.forgetBefore(records + (first << RECORD_SHIFT), first, set);
  }

  /** The record before the one at `offset` may be of an instruction that reaches into it: a self-jump's slot, or a second halfword. */
  private forgetBefore(record: number, offset: number, set: number): void {
    if (offset === 0) return;
    const before = record - (set === 0 ? RECORD_SIZE : HALF_RECORD_SIZE);
    if (set === 1 || this.u16[before >>> 1] === HANDLER.SELF_JUMP) this.forget(before);
  }

  /** Write the record of the row itself over a self-jump or watch record. */
  decodePlain({ page, set }: CodePage, offset: number, record: number, block: number): void {
    if (set === 0) {
      this.encode(this.i32[(page + offset) >>> 2]!, offset, record);
      return;
    }
    const halfword = this.u16[(page + offset) >>> 1]!;
    const size = thumbSize(halfword);
    if (size === 4 && offset + 4 > PAGE_SIZE) this.u16[record >>> 1] = HANDLER.SPLIT;
    else
      this.encodeHalfwords(
        size === 2 ? halfword : (halfword << 16) | this.u16[(page + offset + 2) >>> 1]!,
        size,
        offset,
        record,
        block,
      );
  }

  /** Forget one record. */
  forget(record: number): void {
    this.pairs.split(record);
    this.u16[record >>> 1] = HANDLER.UNDECODED;
  }

  private decodeWord(page: number, offset: number, record: number): void {
    if (this.isWatched(page + offset)) {
      this.u16[record >>> 1] = HANDLER.WATCH;
      return;
    }
    const word = this.i32[(page + offset) >>> 2]!;
    if (this.isIdleLoop(page, word, offset)) {
      this.u16[record >>> 1] = HANDLER.SELF_JUMP;
      return;
    }
    this.encode(word, offset, record);
  }

  /** Would the instruction at `offset` have the record of an idle loop, were it not watched? */
  idles({ page, set }: Pick<CodePage, 'page' | 'set'>, offset: number, block: number): boolean {
    if (set === 0) return this.isIdleLoop(page, this.i32[(page + offset) >>> 2]!, offset);
    return block === 0 && this.architecture.isSelfJump(this.u16[(page + offset) >>> 1]!, offset, 1);
  }

  private isIdleLoop(page: number, word: number, offset: number): boolean {
    const { delaySlots, nop } = this.architecture;
    if (!delaySlots) return this.architecture.isSelfJump(word, offset);
    if (offset + 4 >= PAGE_SIZE || !this.architecture.isSelfJump(word, offset)) return false;
    if (this.i32[(page + offset + 4) >>> 2]! !== nop) return false;
    this.u8[CODE_MAP + ((page + offset + 4) >>> CODE_LINE_SHIFT)] = 1; // a store into the slot must be seen
    return true;
  }

  private encode(word: number, offset: number, record: number): void {
    if (this.memo.recall(word, record)) return;
    const row = this.decoders.words.decode(word);
    if (!row) this.u16[record >>> 1] = HANDLER.RESERVED;
    else if (this.encodeRow(row, word, offset, record, 0)) this.memo.remember(word, record);
  }

  /** True when the record is the same wherever the word stands. */
  private encodeRow(row: Row, word: number, offset: number, record: number, block: number): boolean {
    let plan = this.plans.get(row);
    if (plan === undefined) {
      plan = new RowPlan(row, this.table);
      this.plans.set(row, plan);
    }
    const values = plan.read(word);
    const { number, slots } = plan.shape(block);
    const size = row.pattern.width >>> 3;
    let far = 0;
    let same = true;
    for (let i = 0; i < slots.length; i++) {
      const slot = slots[i]!;
      let value = values[slot.value]!;
      if (slot.relative) {
        same = false;
        if (record === SPLIT_RECORD || this.leavesPage(offset, size, value)) far = 1;
        else value = (value + size) << RECORD_SHIFT; // relative to this record's own ip
      } else if (slot.scale !== 0) value = (value === 0 && slot.sink !== 0 ? slot.sink : value) * slot.scale;
      if (slot.wide) this.i32[(record + slot.at) >>> 2] = value;
      else this.u16[(record + slot.at) >>> 1] = value;
    }
    this.u16[record >>> 1] = number + far;
    return same;
  }

  /** Must this branch go through the jump record? `displacement` counts from the next instruction. */
  private leavesPage(offset: number, size: number, displacement: number): boolean {
    const to = offset + size + displacement;
    if (to < 0 || to >= PAGE_SIZE) return true;
    if (!this.architecture.delaySlots) return false;
    if (offset + 4 >= PAGE_SIZE) return true; // its slot is on the next page, whose records follow another DELTA
    return displacement === 0; // to its own slot: the jump record clears the slot mark
  }
}

/** Does control never go on behind this A32 instruction (B, BX, MOV PC, LDM with PC, LDR PC), as far as is easily seen? */
function endsWords(word: number): boolean {
  if (word >>> 28 !== 14) return false;
  if ((word & 0x0f000000) === 0x0a000000) return true;
  if ((word & 0x0ffffff0) === 0x012fff10) return true;
  return (word & 0x0e108000) === 0x08108000;
}

/** Does control never go on behind this T32 instruction (B, BX, POP {..., PC}, MOV PC, LDR PC)? What follows may be no code. */
function endsSequence(halfword: number, size: 2 | 4): boolean {
  if (size === 4) return false;
  return (
    halfword >>> 11 === 0x1c ||
    (halfword & 0xff80) === 0x4700 ||
    halfword >>> 8 === 0xbd ||
    (halfword & 0xff87) === 0x4687
  );
}

/** ITSTATE after this instruction (ARM DDI 0406C, A2.5.2). */
export function nextBlockState(halfword: number, state: number): number {
  if (halfword >>> 8 === 0xbf && (halfword & 15) !== 0 && state === 0) return halfword & 0xff;
  return (state & 7) === 0 ? 0 : (state & 0xe0) | ((state << 1) & 0x1f);
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
    if (derive.length > 0 || this.row.variants) {
      for (let i = 0; i < fields.length; i++) raw[fields[i]!.name] = values[i]!;
      for (let i = 0; i < derive.length; i++) {
        const [name, compute] = derive[i]!;
        raw[name] = values[fields.length + i] = compute(raw);
      }
    }
    return values;
  }

  /** The handler and operands for the values just read. */
  shape(block: number): ShapePlan {
    const { variants } = this.row;
    const row = variants ? variants.pick(this.raw, block) : this.row;
    let key = variants ? variants.rows.indexOf(row) : 0;
    for (const index of this.steering) key = (key << this.fields[index]!.width) | this.values[index]!;
    const known = this.shapes[key];
    if (known) return known;
    const names = [...this.fields.map((field) => field.name), ...this.derive.map(([name]) => name)];
    const raw = Object.fromEntries(names.map((name, index) => [name, this.values[index]!]));
    const { number, slots } = this.table.find(row, raw);
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
