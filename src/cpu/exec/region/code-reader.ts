// Guest code as a region's compiler sees it: words at virtual addresses of the current address space, only where records exist already.
import { Access } from '../../isa/architecture.ts';
import type { Banks } from '../../isa/register-file.ts';
import type { CodePages } from '../code-pages.ts';
import { HANDLER, PAGE_SHIFT, PAGE_SIZE, RECORD_SHIFT } from '../layout.ts';
import type { Program } from '../program.ts';
import { type Flow, instructionsOf } from './graph.ts';
import type { InstructionExpander, RegionInstruction } from './instruction.ts';

/** What the engine needs of the core. */
export interface RegionHost {
  readonly program: Program;
  readonly banks: Banks;
  readonly wasmMemory: WebAssembly.Memory;
  readonly codePages: CodePages;
  readonly bigEndian: boolean;
  readonly pc: number;
  /** Do stores log what they overwrite (lockstep.ts)? */
  readonly logStores: boolean;
  /** Host address of a virtual one, in the current address space and privilege. */
  hostAddress(address: number, access: Access): number | undefined;
}

interface Page {
  readonly host: number;
  readonly records: number;
}

/** Reads guest code as it is now. */
export class CodeReader {
  private readonly host: RegionHost;
  private readonly expander: InstructionExpander;
  private readonly words: Int32Array;
  private readonly handlers: Uint16Array;
  private readonly pages = new Map<number, Page | undefined>();
  private lastNumber = -1;
  private lastPage: Page | undefined;

  constructor(host: RegionHost, expander: InstructionExpander) {
    this.host = host;
    this.expander = expander;
    this.words = new Int32Array(host.wasmMemory.buffer);
    this.handlers = new Uint16Array(host.wasmMemory.buffer);
  }

  readonly at = (pc: number): RegionInstruction | undefined => {
    const page = (pc & 3) === 0 ? this.page(pc) : undefined;
    if (page === undefined) return undefined;
    const { program, codePages } = this.host;
    const address = page.host + (pc & (PAGE_SIZE - 1));
    const word = this.words[address >>> 2]!;
    if (codePages.watched.has(address) || program.architecture.isSelfJump(word, pc & (PAGE_SIZE - 1), pc))
      return undefined;
    return this.expander.expand(word, pc);
  };

  private page(pc: number): Page | undefined {
    const number = pc >>> PAGE_SHIFT;
    if (number !== this.lastNumber) {
      this.lastNumber = number;
      this.lastPage = this.pageAt(number);
    }
    return this.lastPage;
  }

  /** Only pages that have records: making some could make all others go. */
  private pageAt(number: number): Page | undefined {
    if (this.pages.has(number)) return this.pages.get(number);
    const host = this.host.hostAddress((number << PAGE_SHIFT) >>> 0, Access.FETCH);
    const records = host === undefined ? undefined : this.host.codePages.recordsOf(host);
    const page = records === undefined ? undefined : { host: host!, records };
    this.pages.set(number, page);
    return page;
  }

  fetchEntry(page: number): number {
    return (this.page((page << PAGE_SHIFT) >>> 0)!.records - ((page << PAGE_SHIFT) << RECORD_SHIFT)) | 1;
  }

  /** Host address of an instruction in a page that has records. */
  hostOf(pc: number): number {
    return this.page(pc)!.host + (pc & (PAGE_SIZE - 1));
  }

  recordOf(pc: number): number | undefined {
    const page = this.page(pc);
    return page && page.records + ((pc & (PAGE_SIZE - 1)) << RECORD_SHIFT);
  }

  /** The record of an entry, decoded; undefined when its handler is none of a row. */
  entryRecord(pc: number): number | undefined {
    const page = this.page(pc);
    if (!page) return undefined;
    const record = this.host.codePages.decoded(this.hostOf(pc));
    const handler = this.handlers[record >>> 1]!;
    return handler >= HANDLER.FIRST_ROW || handler === HANDLER.REGION ? record : undefined;
  }

  /** Host addresses of a flow's instructions, each once. */
  codeOf({ blocks }: Flow): readonly number[] {
    const code = new Set<number>();
    for (const block of blocks) for (const { pc } of instructionsOf(block)) code.add(this.hostOf(pc));
    return [...code];
  }
}
