// Guest code as people read it: instructions, the rows they are and what those do, the interpreter's handlers, and the region that would be
// compiled from a place. Works on words alone; there need be no VM.

import { hex } from '../../util/bits.ts';
import { printStatements } from '../emit/printer.ts';
import type { ArchitectureDefinition } from '../isa/architecture.ts';
import { Decoders, thumbSize } from '../isa/decoder.ts';
import { Disassembler } from '../isa/disassembler.ts';
import { rawFields } from '../isa/insn.ts';
import { type Banks, layOutBanks } from '../isa/register-file.ts';
import { printHandler } from './handler-text.ts';
import { expandRows, type HandlerTable } from './handlers.ts';
import { PAGE_SIZE, SHARED_BASE, STATE_BASE } from './layout.ts';
import { nextBlockState } from './predecoder.ts';
import { compileRegion } from './region/compile.ts';
import { InstructionExpander, type Reading, type RegionInstruction } from './region/instruction.ts';
import { InstructionBlocks } from './region/instruction-blocks.ts';
import { RegionModule } from './region/module.ts';
import {
  instructionLine,
  place,
  printFlow,
  printInstruction,
  printLoops,
  printRegionCode,
  type Writing,
} from './region/print.ts';
import { selectFlow } from './region/select.ts';

export { thumbSize };

/** What stands somewhere: instructions of one of two sets (ARM: A32, T32), or what is no instruction. */
export type CodeKind = 'words' | 'halfwords' | 'data';

export interface ListedCode {
  readonly architecture: ArchitectureDefinition;
  readonly endianness: 'little' | 'big';
  /** The instruction word at a virtual address; undefined where there is none. */
  wordAt(address: number): number | undefined;
  /** With two instruction sets: the halfword at an even address, and what stands there. */
  halfwordAt?(address: number): number | undefined;
  kindAt?(address: number): CodeKind;
  /** `name+0x10`, or null. */
  symbolize(address: number): string | null;
}

/** An instruction as it stands in memory. */
interface Found extends Reading {
  /** With bit 0 set where halfwords are read. */
  readonly pc: number;
  readonly word: number;
}

export interface ListingOptions {
  /** Show rows, their fields and their operations. */
  readonly operations: boolean;
  /** Show WebAssembly text: of handlers, or of the region. */
  readonly wasm: boolean;
}

const INDENT = '    ';

/** Lists code of one program. */
export class CodeListing {
  private readonly code: ListedCode;
  private readonly options: ListingOptions;
  private readonly banks: Banks;
  private readonly decoders: Decoders;
  private readonly table: HandlerTable;
  private readonly expander: InstructionExpander;
  private readonly writing: Writing;
  /** Of the region that is being explored. */
  private blocks: InstructionBlocks;

  constructor(code: ListedCode, options: ListingOptions) {
    const { architecture } = code;
    this.code = code;
    this.options = options;
    this.banks = layOutBanks(architecture.banks, STATE_BASE, SHARED_BASE).banks;
    this.decoders = new Decoders(architecture.rows, architecture.interworking);
    this.table = expandRows(architecture, this.banks);
    this.expander = new InstructionExpander(architecture, this.banks, this.decoders);
    this.writing = {
      disassembler: new Disassembler(architecture.rows, architecture.syntax),
      symbolize: code.symbolize,
    };
    this.blocks = new InstructionBlocks(this);
  }

  /** The instructions at [start, end); a place where there is none is left out. An odd start: all of it is halfwords. */
  instructions(start: number, end: number): string {
    const lines: string[] = [];
    const first = this.addressOf(start);
    for (let at = first, block = 0; at < end; ) {
      const kind = first !== start ? 'halfwords' : (this.code.kindAt?.(at) ?? 'words');
      const found = this.find(at, kind, block);
      const symbol = this.code.symbolize(at);
      if (symbol !== null && (at === first || !symbol.includes('+'))) lines.push(`${symbol}:`);
      if (found) lines.push(...(kind === 'data' ? [dataLine(found)] : this.instruction(found)));
      block = found?.set === 1 ? nextBlockState(found.size === 2 ? found.word : 0, block) : 0;
      at += found?.size ?? (kind === 'words' ? 4 : 2);
    }
    return `${lines.join('\n')}\n`;
  }

  /** The instruction at `pc`, which is odd for one of halfwords; '' where there is none. `block`: the state of the block that it stands in. */
  one(pc: number, block = 0): string {
    const at = this.addressOf(pc);
    const found = this.find(at, at === pc ? 'words' : 'halfwords', block);
    return found ? this.instruction(found).join('\n') : '';
  }

  /** What stands at `pc`, which is odd for halfwords, and the state of the block after it; null where there is nothing. */
  listed(
    pc: number,
    block: number,
  ): {
    readonly address: number;
    readonly size: number;
    readonly word: number;
    readonly text: string;
    readonly block: number;
  } | null {
    const address = this.addressOf(pc);
    const found = this.find(address, address === pc ? 'words' : 'halfwords', block);
    if (!found) return null;
    const { word, size, set } = found;
    const text = this.writing.disassembler.disassemble(word, found.pc, block);
    return {
      address,
      size,
      word: word >>> 0,
      text,
      block: set === 1 ? nextBlockState(size === 2 ? word : 0, block) : 0,
    };
  }

  private addressOf(pc: number): number {
    return this.code.architecture.interworking ? pc - (pc & 1) : pc;
  }

  private find(at: number, kind: CodeKind, block: number): Found | undefined {
    const isWord = kind === 'words' || (kind === 'data' && this.code.kindAt?.(at + 2) === 'data');
    const word = at % 4 === 0 && isWord ? this.code.wordAt(at) : undefined;
    if (word !== undefined) return { pc: at, word, set: 0, size: 4, block: 0 };
    if (kind === 'words') return undefined;
    const halfword = this.code.halfwordAt?.(at);
    if (halfword === undefined) return undefined;
    if (kind === 'data') return { pc: at, word: halfword, set: 0, size: 2, block: 0 };
    const size = thumbSize(halfword);
    const second = size === 4 ? this.code.halfwordAt?.(at + 2) : 0;
    if (second === undefined) return undefined;
    return { pc: at + 1, word: size === 4 ? (halfword << 16) | second : halfword, set: 1, size, block };
  }

  private instruction(found: Found): string[] {
    const { pc, word, set, size, block } = found;
    const { operations, wasm } = this.options;
    const { architecture, endianness } = this.code;
    const line = instructionLine(pc, word, this.writing, block);
    const shown = operations || wasm;
    const { decoders } = this;
    const row = shown ? (set === 0 ? decoders.words.decode(word) : decoders.decodeHalfwords(word, size)) : undefined;
    if (!row) return [line];
    const fields = rawFields(row, word);
    const near = this.table.find(row.variants?.pick(fields, block) ?? row, fields);
    const lines = [line];
    if (operations) {
      const values = Object.entries(fields).map(([name, value]) => ` ${name}=${value}`);
      lines.push(`${INDENT}row "${row.patternText}"${values.join('')}`);
      lines.push(...printStatements(near.statements).map((operation) => `${INDENT}  ${operation}`));
      lines.push(...this.inRegions(found));
    }
    if (wasm)
      for (const handler of this.table.handlers)
        if (handler === near || (handler.number === near.number + 1 && handler.reach === 'far'))
          lines.push(...indented(printHandler(architecture, this.banks, handler, endianness)));
    return lines;
  }

  /** What compiled code makes of the instruction. */
  private inRegions(found: Found): string[] {
    const seen = this.expanded(found);
    if (!seen) return [`${INDENT}never compiled: the interpreter executes it`];
    const operations = printInstruction(seen);
    if (operations.length === 0) return [`${INDENT}compiled: nothing to do`];
    const text = operations.map((operation) => `${INDENT}  ${operation}`);
    return [`${INDENT}compiled:`, ...text];
  }

  /** What a region has at `pc`, with its bit that says which instructions are read. */
  readonly at = (pc: number): RegionInstruction | undefined => {
    const found = this.foundAt(pc);
    const instruction = found && this.expanded(found);
    return instruction && instruction.begins !== 0 && !this.blocks.isWhole(instruction) ? undefined : instruction;
  };

  /** Where the instruction after the one at `pc` stands. */
  readonly after = (pc: number): number => pc + (this.foundAt(pc)?.size ?? (this.addressOf(pc) === pc ? 4 : 2));

  private foundAt(pc: number): Found | undefined {
    const at = this.addressOf(pc);
    return this.find(at, at === pc ? 'words' : 'halfwords', this.blocks.stateAt(pc));
  }

  private expanded(found: Found): RegionInstruction | undefined {
    const { pc, word, set, size } = found;
    const inPage = this.addressOf(pc) & (PAGE_SIZE - 1);
    const first = set === 1 && size === 4 ? word >>> 16 : word;
    if (inPage + size > PAGE_SIZE || this.code.architecture.isSelfJump(first, inPage, pc)) return undefined;
    return this.expander.expand(word, pc, found);
  }

  /** The region that would be compiled for a guest that is often seen at `pc`, which it has jumped to; odd: to halfwords. */
  region(pc: number): string {
    const { operations, wasm } = this.options;
    const { architecture, endianness } = this.code;
    this.blocks = new InstructionBlocks(this);
    const flow = selectFlow(
      { at: this.at, after: this.after, mayLead: (address) => this.blocks.stateAt(address) === 0 },
      () => [],
      { pc, root: pc, innermost: false, onwards: false },
      this.banks,
      () => false,
    );
    if (flow.entries.length === 0)
      return `no region begins at ${place(pc, this.writing)}: the interpreter executes it\n`;
    const counted = flow.blocks.reduce((sum, { length }) => sum + length, 0);
    const lines = [
      `region of ${flow.blocks.length} blocks, ${counted} instructions`,
      ...printFlow(flow, this.writing, operations),
      'loops',
      ...printLoops(flow).map((line) => `  ${line}`),
    ];
    if (!wasm) return `${lines.join('\n')}\n`;
    const module = new RegionModule(architecture, this.banks);
    const body = compileRegion(flow, {
      banks: this.banks,
      bigEndian: endianness === 'big',
      logStores: false,
      raise: architecture.raise,
      fetchEntry: () => 0,
      comparisonFlags: architecture.comparisonFlags,
      blockState: architecture.interworking ? this.banks.it!.offset : null,
      jumpSite: () => null,
      callee: (name) => module.callee(name),
    });
    const text = printRegionCode(body, module.imports, this.banks);
    return `${lines.join('\n')}\nfunction, ${body.code.bytes.length} bytes\n${text}`;
  }
}

function dataLine({ pc, word, size }: Found): string {
  const digits = (word >>> 0).toString(16).padStart(2 * size, '0');
  return `${hex(pc)}  ${digits.padEnd(8)}  ${size === 4 ? '.word' : '.short'} 0x${digits}`;
}

function indented(text: string): string[] {
  return text
    .trimEnd()
    .split('\n')
    .map((line) => `${INDENT}${line}`);
}
