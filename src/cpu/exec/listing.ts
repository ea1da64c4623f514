// Guest code as people read it: instructions, the rows they are and what those do, the interpreter's handlers, and the region that would be
// compiled from a place. Works on words alone; there need be no VM.
import { printStatements } from '../emit/printer.ts';
import type { ArchitectureDefinition } from '../isa/architecture.ts';
import { Decoders } from '../isa/decoder.ts';
import { Disassembler } from '../isa/disassembler.ts';
import { rawFields } from '../isa/insn.ts';
import { type Banks, layOutBanks } from '../isa/register-file.ts';
import { printHandler } from './handler-text.ts';
import { expandRows, type HandlerTable } from './handlers.ts';
import { PAGE_SIZE, SHARED_BASE, STATE_BASE } from './layout.ts';
import { compileRegion } from './region/compile.ts';
import { InstructionExpander, type RegionInstruction } from './region/instruction.ts';
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

export interface ListedCode {
  readonly architecture: ArchitectureDefinition;
  readonly endianness: 'little' | 'big';
  /** The instruction word at a virtual address; undefined where there is none. */
  wordAt(address: number): number | undefined;
  /** `name+0x10`, or null. */
  symbolize(address: number): string | null;
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
  }

  /** The instructions at [start, end); a place where there is none is left out. */
  instructions(start: number, end: number): string {
    const lines: string[] = [];
    for (let pc = start; pc < end; pc += 4) {
      const word = this.code.wordAt(pc);
      const symbol = this.code.symbolize(pc);
      if (symbol !== null && (pc === start || !symbol.includes('+'))) lines.push(`${symbol}:`);
      if (word !== undefined) lines.push(...this.instruction(pc, word));
    }
    return `${lines.join('\n')}\n`;
  }

  private instruction(pc: number, word: number): string[] {
    const { operations, wasm } = this.options;
    const { architecture, endianness } = this.code;
    const line = instructionLine(pc, word, this.writing);
    const row = operations || wasm ? this.decoders.words.decode(word) : undefined;
    if (!row) return [line];
    const fields = rawFields(row, word);
    const near = this.table.find(row.variants?.pick(fields, 0) ?? row, fields);
    const lines = [line];
    if (operations) {
      const values = Object.entries(fields).map(([name, value]) => ` ${name}=${value}`);
      lines.push(`${INDENT}row "${row.patternText}"${values.join('')}`);
      lines.push(...printStatements(near.statements).map((operation) => `${INDENT}  ${operation}`));
      lines.push(...this.inRegions(pc));
    }
    if (wasm)
      for (const handler of this.table.handlers)
        if (handler === near || (handler.number === near.number + 1 && handler.reach === 'far'))
          lines.push(...indented(printHandler(architecture, this.banks, handler, endianness)));
    return lines;
  }

  /** What compiled code makes of the instruction. */
  private inRegions(pc: number): string[] {
    const seen = this.at(pc);
    if (!seen) return [`${INDENT}never compiled: the interpreter executes it`];
    const operations = printInstruction(seen);
    if (operations.length === 0) return [`${INDENT}compiled: nothing to do`];
    const text = operations.map((operation) => `${INDENT}  ${operation}`);
    return [`${INDENT}compiled:`, ...text];
  }

  private at(pc: number): RegionInstruction | undefined {
    const word = this.code.wordAt(pc);
    if (word === undefined || this.code.architecture.isSelfJump(word, pc & (PAGE_SIZE - 1), pc)) return undefined;
    return this.expander.expand(word, pc);
  }

  /** The region that would be compiled for a guest that is often seen at `pc`, which it has jumped to. */
  region(pc: number): string {
    const { operations, wasm } = this.options;
    const { architecture, endianness } = this.code;
    const flow = selectFlow(
      { at: (address) => this.at(address), after: (address) => address + 4, mayLead: () => true },
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
      blockState: null,
      jumpSite: () => null,
      callee: (name) => module.callee(name),
    });
    const text = printRegionCode(body, module.imports, this.banks);
    return `${lines.join('\n')}\nfunction, ${body.code.bytes.length} bytes\n${text}`;
  }
}

function indented(text: string): string[] {
  return text
    .trimEnd()
    .split('\n')
    .map((line) => `${INDENT}${line}`);
}
