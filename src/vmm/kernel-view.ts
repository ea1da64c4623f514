// The guest's kernel as the panic watch sees it from outside: words and texts in memory, calls, arguments, names. Everything read may
// be hostile; nothing here changes the guest.
import type { SymbolTable } from '../boot/symbols.ts';
import type { Vcpu } from '../kvm/contract.ts';
import type { BacktraceEntry } from './kernel-fault.ts';
import { findRunningKernel } from './kernel-finder.ts';
import type { Machine } from './machine.ts';

/** Longest text that is read. */
const MAX_TEXT = 1024;

/** Innermost first, and why it ends where it does (arch/mips/unwind.ts). */
export interface CallChain {
  readonly addresses: readonly number[];
  readonly end: 'user' | 'start' | 'lost';
}

export class KernelView {
  /** What functions are called; null: unknown. */
  symbols: SymbolTable | null;
  private readonly machine: Machine;

  constructor(machine: Machine, symbols: SymbolTable | null) {
    this.machine = machine;
    this.symbols = symbols;
  }

  /** Take the names from the tables of the kernel that `vcpu` runs in. False when there are none. */
  findNames(vcpu: Vcpu): boolean {
    const { memory, kernelAbi } = this.machine;
    const toPhysical = (address: number): number | null => this.machine.toPhysical(address);
    const found = findRunningKernel({ memory, toPhysical }, kernelAbi.registers(vcpu).pc);
    if (found) this.symbols = found;
    return found !== null;
  }

  /** Is where `vcpu` stands in the part of memory that the names are for? */
  isNamed(vcpu: Vcpu): boolean {
    return this.symbols?.lookup(this.machine.kernelAbi.registers(vcpu).pc) !== undefined;
  }

  calls(vcpu: Vcpu): CallChain {
    return this.machine.kernelAbi.unwind(vcpu, this);
  }

  named(addresses: readonly number[]): BacktraceEntry[] {
    return addresses.map((address) => ({ address, ...(this.symbols?.lookup(address) ?? { name: null, offset: 0 }) }));
  }

  /** Argument `n` of the function that `vcpu` is about to run. */
  argument(vcpu: Vcpu, n: number): number | undefined {
    return this.machine.kernelAbi.argument(vcpu, n, this);
  }

  /** The texts that the function which calls at `address` names in its code before that. */
  textsBefore(address: number): string[] {
    const constants = this.machine.kernelAbi.constantsBefore(address, this);
    return constants.map((constant) => this.text(constant)).filter((text) => text !== undefined);
  }

  /** The text at a kernel address up to its NUL; undefined when it is none, or longer than any message. */
  text(address: number | undefined): string | undefined {
    let text = '';
    for (let at = address ?? 0; text.length < MAX_TEXT; at++) {
      const physical = this.machine.toPhysical(at);
      if (physical === null || !this.machine.memory.find(physical)) return undefined;
      const byte = this.machine.memory.readU8(physical);
      if (byte === 0) return text;
      text += String.fromCharCode(byte);
    }
    return undefined;
  }

  // What arch/*/unwind.ts asks for

  word(address: number): number | undefined {
    const physical = address % 4 === 0 ? this.machine.toPhysical(address) : null;
    const { memory } = this.machine;
    return physical !== null && memory.find(physical) ? memory.readU32(physical, memory.endianness) : undefined;
  }

  functionAt(address: number): { readonly start: number; readonly name: string } | undefined {
    const named = this.symbols?.lookup(address);
    return named && { start: address - named.offset, name: named.name };
  }
}
