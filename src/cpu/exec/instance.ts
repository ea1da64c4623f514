// A generated program in a VM's memory: what it asks the host for, and what it exports.
import type { CodePages } from './code-pages.ts';
import type { MemoryAccess } from './memory-access.ts';
import type { Program } from './program.ts';

/** What the program calls, by name (conventions.ts, IMPORTS). */
export interface HostImports {
  slowLoad(address: number, descriptor: number): number;
  slowStore(address: number, descriptor: number, value: number): void;
  decode(ip: number): void;
  helper(number: number, a: number, b: number): number;
  event(number: number, a: number, b: number): void;
  split(pc: number): number;
}

/** Where a core keeps them. */
export interface Imported {
  readonly access: MemoryAccess;
  readonly codePages: CodePages;
  readonly model: Pick<HostImports, 'helper' | 'event'>;
  /** Make the record of the instruction at `pc`, which ends on the next page: its address, or 0 and WORD.WHY says why. */
  split(pc: number): number;
}

/** The parts may come to be after the program's instance. */
export function importsOf(core: Imported): HostImports {
  return {
    slowLoad: (address, descriptor) => core.access.slowLoad(address, descriptor),
    slowStore: (address, descriptor, value) => core.access.slowStore(address, descriptor, value),
    decode: (ip) => core.codePages.decode(ip),
    helper: (number, a, b) => core.model.helper(number, a, b),
    event: (number, a, b) => core.model.event(number, a, b),
    split: (pc) => core.split(pc),
  };
}

/** The functions, globals and the table that a program exports. */
export function instantiate(program: Program, memory: WebAssembly.Memory, imports: HostImports): WebAssembly.Exports {
  return new WebAssembly.Instance(program.module, { e: { memory, ...imports } }).exports;
}
