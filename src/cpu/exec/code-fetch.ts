// Where a VM's core finds code: pages that a fetch has missed get records, and instructions that lie on two pages are put together.
import { Access, Translated } from '../isa/architecture.ts';
import type { InstructionSet } from './code-pages.ts';
import type { Core } from './core.ts';
import { WHY, WORD } from './layout.ts';

export class CodeFetch {
  private readonly core: Core;
  private readonly u16: Uint16Array;

  constructor(core: Core) {
    this.core = core;
    this.u16 = new Uint16Array(core.i32.buffer);
  }

  /** Which instruction set a pc says that follows, and the address itself. */
  place(pc: number): { readonly set: InstructionSet; readonly address: number } {
    const set = this.core.program.architecture.interworking && (pc & 1) !== 0 ? 1 : 0;
    return { set, address: pc - set };
  }

  /** Fill the fetch entry of the pc: 'filled'. Else the trap code of a guest exception, or 'unemulated' where there is nothing to execute. */
  fetch(): 'filled' | 'unemulated' | number {
    const { core } = this;
    const { pc } = core;
    const { set, address } = this.place(pc);
    if (set === 0 && (address & 3) !== 0) return core.recordFault(address, core.model.misaligned(Access.FETCH));
    const found = this.find(address);
    if (typeof found !== 'object') return found;
    core.i32[WORD.LINK_BRANCH >>> 2] = 0; // records may move
    core.codePages.records(found.host, set);
    core.watch.fetches(address, found.host);
    core.watch.unwatched(() => core.routine('missedFetch', pc)); // now that there are records
    return 'filled';
  }

  /** The record of the instruction at `pc`, which ends on the next page; or 0, and WORD.WHY says why. */
  split(pc: number): number {
    const { core } = this;
    const { address } = this.place(pc);
    const halfwords: number[] = [];
    for (const at of [address, (address + 2) >>> 0]) {
      const found = this.find(at);
      if (found === 'unemulated') {
        core.unemulated('instruction fetch where there is no memory');
        return 0;
      }
      if (typeof found === 'number') {
        core.i32[WORD.TRAP_CODE >>> 2] = found;
        core.i32[WORD.WHY >>> 2] = WHY.TRAP;
        return 0;
      }
      halfwords.push(this.u16[found.host >>> 1]!);
    }
    return core.codePages.decodeSplit((halfwords[0]! << 16) | halfwords[1]!);
  }

  /** Host address of the code at an address; else as `fetch`. */
  private find(address: number): { readonly host: number } | 'unemulated' | number {
    const { core } = this;
    const out = core.translate(address, Access.FETCH);
    if (out.outcome === Translated.FAULT) return core.recordFault(address, out.trap);
    const range = out.outcome === Translated.PHYSICAL ? core.memory.find(out.physical) : undefined;
    return range ? { host: core.arena + range.offset + (out.physical - range.gpa) } : 'unemulated';
  }
}
