// Guest code as a region's compiler sees it: words at virtual addresses of the current address space, only where records exist already.
import { Access } from '../../isa/architecture.ts';
import { thumbSize } from '../../isa/decoder.ts';
import type { Banks } from '../../isa/register-file.ts';
import type { CodePages, InstructionSet } from '../code-pages.ts';
import { HANDLER, PAGE_SHIFT, PAGE_SIZE, RECORD_SHIFT } from '../layout.ts';
import type { Program } from '../program.ts';
import { type Flow, instructionsOf } from './graph.ts';
import { type InstructionExpander, type RegionInstruction, WORD_READING } from './instruction.ts';
import { InstructionBlocks } from './instruction-blocks.ts';

/** What the engine needs of the core. */
export interface RegionHost {
  readonly program: Program;
  readonly banks: Banks;
  readonly wasmMemory: WebAssembly.Memory;
  readonly codePages: CodePages;
  readonly bigEndian: boolean;
  readonly pc: number;
  /** Which instruction set a pc says that follows, and the address itself. */
  place(pc: number): { readonly set: InstructionSet; readonly address: number };
  /** Do stores log what they overwrite (lockstep.ts)? */
  readonly logStores: boolean;
  /** Host address of a virtual one, in the current address space and privilege. */
  hostAddress(address: number, access: Access): number | undefined;
}

interface Page {
  readonly host: number;
  readonly records: number;
  readonly set: InstructionSet;
}

/** Reads guest code as it is now. */
export class CodeReader {
  private readonly host: RegionHost;
  private readonly expander: InstructionExpander;
  private readonly words: Int32Array;
  private readonly handlers: Uint16Array;
  /** By number, twice: for words, and for halfwords. */
  private readonly pages = new Map<number, Page | undefined>();
  private lastNumber = -1;
  private lastPage: Page | undefined;
  private readonly interworking: boolean;
  private readonly blocks: InstructionBlocks;

  constructor(host: RegionHost, expander: InstructionExpander) {
    this.host = host;
    this.expander = expander;
    this.interworking = host.program.architecture.interworking;
    this.words = new Int32Array(host.wasmMemory.buffer);
    this.handlers = new Uint16Array(host.wasmMemory.buffer);
    this.blocks = new InstructionBlocks(this);
  }

  readonly at = (pc: number): RegionInstruction | undefined => {
    const page = this.isAligned(pc) ? this.page(pc) : undefined;
    if (page === undefined) return undefined;
    const { program, codePages } = this.host;
    const address = page.host + this.offsetOf(pc);
    if (codePages.watched.has(address)) return undefined;
    if (page.set === 1) return this.halfwordsAt(pc, address);
    const word = this.words[address >>> 2]!;
    if (program.architecture.isSelfJump(word, pc & (PAGE_SIZE - 1), pc)) return undefined;
    return this.expander.expand(word, pc, WORD_READING);
  };

  /** Where the next instruction stands, as far as that can be known. */
  readonly after = (pc: number): number => {
    if (!this.isThumb(pc)) return pc + 4;
    const page = this.page(pc);
    return page ? pc + thumbSize(this.halfword(page.host + this.offsetOf(pc))) : pc + 2;
  };

  /** May control come to `pc` from elsewhere: is it in no block as far as is known? */
  readonly mayLead = (pc: number): boolean => this.blocks.stateAt(pc) === 0;

  private halfwordsAt(pc: number, address: number): RegionInstruction | undefined {
    const halfword = this.halfword(address);
    const size = thumbSize(halfword);
    if ((address & (PAGE_SIZE - 1)) + size > PAGE_SIZE) return undefined;
    if (this.host.program.architecture.isSelfJump(halfword, 0, pc)) return undefined;
    const word = size === 2 ? halfword : (halfword << 16) | this.halfword(address + 2);
    const block = this.blocks.stateRead(pc);
    const instruction = this.expander.expand(word, pc, { set: 1, size, block });
    return instruction && instruction.begins !== 0 && !this.blocks.isWhole(instruction) ? undefined : instruction;
  }

  private halfword(address: number): number {
    return (this.words[address >>> 2]! >>> (8 * (address & 2))) & 0xffff;
  }

  private isThumb(pc: number): boolean {
    return this.interworking && (pc & 1) !== 0;
  }

  private isAligned(pc: number): boolean {
    return (pc & 3) === 0 || this.isThumb(pc);
  }

  /** Of the instruction at `pc` in its page, in bytes. */
  private offsetOf(pc: number): number {
    return (pc - (this.isThumb(pc) ? 1 : 0)) & (PAGE_SIZE - 1);
  }

  private page(pc: number): Page | undefined {
    const set = this.isThumb(pc) ? 1 : 0;
    const number = 2 * (pc >>> PAGE_SHIFT) + set;
    if (number !== this.lastNumber) {
      this.lastNumber = number;
      this.lastPage = this.pageAt(number, set);
    }
    return this.lastPage;
  }

  /** Only pages that have records: making some could make all others go. */
  private pageAt(number: number, set: InstructionSet): Page | undefined {
    if (this.pages.has(number)) return this.pages.get(number);
    const host = this.host.hostAddress(((number >>> 1) << PAGE_SHIFT) >>> 0, Access.FETCH);
    const records = host === undefined ? undefined : this.host.codePages.recordsOf(host, set);
    const page = records === undefined ? undefined : { host: host!, records, set };
    this.pages.set(number, page);
    return page;
  }

  /** What the fetch entry of an instruction's page is while its code is what it is now. */
  fetchEntry(pc: number): number {
    const { records, set } = this.page(pc)!;
    const base = records - (((pc >>> PAGE_SHIFT) << PAGE_SHIFT) << RECORD_SHIFT);
    return this.interworking ? (base - (set << RECORD_SHIFT)) | (2 + set) : base | 1;
  }

  /** Host address of an instruction in a page that has records. */
  hostOf(pc: number): number {
    return this.page(pc)!.host + this.offsetOf(pc);
  }

  recordOf(pc: number): number | undefined {
    const page = this.page(pc);
    return page && page.records + (this.offsetOf(pc) << RECORD_SHIFT);
  }

  /** The record of an entry, decoded; undefined when its handler is none of a row. */
  entryRecord(pc: number): number | undefined {
    const page = this.page(pc);
    if (!page) return undefined;
    const record = this.host.codePages.decoded(this.hostOf(pc), page.set);
    const handler = this.handlers[record >>> 1]!;
    const isRow = handler >= HANDLER.FIRST_ROW && handler < this.host.program.table.firstInside;
    return isRow || handler === HANDLER.REGION ? record : undefined;
  }

  /** Host addresses of a flow's instructions, of each of their halfwords where there are such; each once. */
  codeOf({ blocks }: Flow): readonly number[] {
    const code = new Set<number>();
    const unit = this.interworking ? 2 : 4;
    for (const block of blocks)
      for (const { pc, size } of instructionsOf(block))
        for (let byte = 0; byte < size; byte += unit) code.add(this.hostOf(pc) + byte);
    return [...code];
  }
}
