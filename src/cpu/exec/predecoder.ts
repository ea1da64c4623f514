// The predecoder: instruction words of a physical page -> 16-byte records. Runs when the interpreter meets a zeroed record.
import type { ArchitectureDefinition } from '../isa/architecture.ts';
import { Decoder } from '../isa/decoder.ts';
import { type HandlerTable, rawFields } from './handlers.ts';
import { CODE_LINE_SHIFT, CODE_MAP, HANDLER, PAGE_SIZE, RECORD_SHIFT, RECORD_SIZE } from './layout.ts';

const WORDS_PER_LINE = (1 << CODE_LINE_SHIFT) / 4;

export class Predecoder {
  readonly decoder: Decoder;
  private readonly architecture: ArchitectureDefinition;
  private readonly table: HandlerTable;
  private readonly u8: Uint8Array;
  private readonly u16: Uint16Array;
  private readonly i32: Int32Array;

  constructor(architecture: ArchitectureDefinition, table: HandlerTable, buffer: ArrayBufferLike) {
    this.architecture = architecture;
    this.table = table;
    this.decoder = new Decoder(architecture.rows);
    this.u8 = new Uint8Array(buffer);
    this.u16 = new Uint16Array(buffer);
    this.i32 = new Int32Array(buffer);
  }

  /**
   * Decode from `offset` (bytes in the page) to the end of its 256-byte line, into the records at `records`, from the page at host address
   * `page`. Records that exist already are left alone.
   */
  decodeLine(page: number, records: number, offset: number): void {
    this.u8[CODE_MAP + ((page + offset) >>> CODE_LINE_SHIFT)] = 1;
    const end = ((offset >>> CODE_LINE_SHIFT) + 1) << CODE_LINE_SHIFT;
    for (let at = offset; at < end; at += 4) {
      const record = records + (at << RECORD_SHIFT);
      if (this.u16[record >>> 1] !== HANDLER.UNDECODED) break;
      this.decodeOne(page, at, record);
    }
  }

  /** Forget the records of the line that holds `offset`. */
  forgetLine(page: number, records: number, offset: number): void {
    const line = offset >>> CODE_LINE_SHIFT;
    this.u8[CODE_MAP + ((page + offset) >>> CODE_LINE_SHIFT)] = 0;
    const first = records + line * WORDS_PER_LINE * RECORD_SIZE;
    this.i32.fill(0, first >>> 2, (first + WORDS_PER_LINE * RECORD_SIZE) >>> 2);
  }

  /** Write the record of the row itself over a self-jump record that turned out not to be one. */
  decodePlain(page: number, offset: number, record: number): void {
    this.encode(this.i32[(page + offset) >>> 2]!, offset, record);
  }

  private decodeOne(page: number, offset: number, record: number): void {
    const word = this.i32[(page + offset) >>> 2]!;
    if (offset + 4 < PAGE_SIZE && this.architecture.isSelfJump(word, offset)) {
      const next = this.i32[(page + offset + 4) >>> 2]!;
      if (next === this.architecture.nop) {
        this.u16[record >>> 1] = HANDLER.SELF_JUMP;
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
    const raw = rawFields(row, word);
    const handler = this.table.find(row, raw);
    let number = handler.number;
    for (const slot of handler.slots) {
      let value = raw[slot.name]!;
      if (slot.kind === 'relative') {
        const far = leavesPage(offset, value);
        if (far) number++;
        else value = (value + 4) << RECORD_SHIFT; // relative to this record's own ip
      } else if (slot.bank) {
        const toSink = slot.kind === 'destination' && slot.bank.zero && value === 0;
        value = (toSink ? slot.bank.sink : value) * slot.bank.size;
      }
      if (slot.bytes === 2) this.u16[(record + slot.at) >>> 1] = value;
      else this.i32[(record + slot.at) >>> 2] = value;
    }
    this.u16[record >>> 1] = number;
  }
}

/** Must this branch go through the jump record? `displacement` counts from the next instruction. */
function leavesPage(offset: number, displacement: number): boolean {
  const to = offset + 4 + displacement;
  if (to < 0 || to >= PAGE_SIZE) return true;
  if (offset + 4 >= PAGE_SIZE) return true; // its slot is on the next page, whose records follow another DELTA
  return displacement === 0; // to its own slot: the jump record clears the slot mark
}
