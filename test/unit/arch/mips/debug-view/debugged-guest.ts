// A vCPU of a small guest (test/support/kvm/guest.ts) as the debugger view is given it, straight from the emulated core, and what an explanation may
// ask for, from the guest's memory.
import { mips32 } from '../../../../../src/arch/mips/index.ts';
import type { Core } from '../../../../../src/cpu/exec/core.ts';
import { Access, createTranslation, Translated } from '../../../../../src/cpu/isa/architecture.ts';
import type {
  DebugAccess,
  DebuggedCpu,
  DebugTranslation,
  ExplainContext,
  TakenException,
} from '../../../../../src/cpu/isa/debug-view.ts';
import { Disassembler } from '../../../../../src/cpu/isa/disassembler.ts';
import { KvmError } from '../../../../../src/kvm/errors.ts';
import type { Guest } from '../../../../support/kvm/guest.ts';

const ACCESSES: Readonly<Record<DebugAccess, Access>> = { read: Access.READ, write: Access.WRITE, fetch: Access.FETCH };

export class DebuggedGuest implements DebuggedCpu {
  readonly id = 0;
  readonly guest: Guest;
  readonly core: Core;
  private readonly disassembler: Disassembler;

  constructor(guest: Guest) {
    this.guest = guest;
    this.core = Reflect.get(guest.vm, 'core') as Core; // the state of the engine has no call in KVM
    const { rows, syntax } = mips32(guest.endianness);
    this.disassembler = new Disassembler(rows, syntax);
  }

  oneReg(id: bigint): bigint | undefined {
    try {
      return this.guest.vcpu.getOneReg(id);
    } catch (error) {
      if (error instanceof KvmError) return undefined;
      throw error;
    }
  }

  bank(name: string, index: number): number {
    return this.core.i32[(this.core.banks[name]!.offset >> 2) + index]! >>> 0;
  }

  setBank(name: string, index: number, value: number): void {
    this.core.i32[(this.core.banks[name]!.offset >> 2) + index] = value;
  }

  translate(address: number, access: DebugAccess): DebugTranslation {
    const { outcome, physical, trap } = this.core.translate(address, ACCESSES[access], createTranslation());
    if (outcome === Translated.FAULT) return { outcome: 'fault', trap };
    if (outcome === Translated.UNEMULATED) return { outcome: 'nothing' };
    return { outcome: outcome === Translated.PHYSICAL ? 'physical' : 'device', physical };
  }

  physicalWord(address: number): number | undefined {
    const { memory } = this.guest.vm;
    return memory.find(address) ? memory.readU32(address, this.guest.endianness) : undefined;
  }

  exceptions(): readonly TakenException[] {
    return [];
  }

  /** What memory says, without symbols but those given. */
  context(symbols: ReadonlyMap<number, string> = new Map()): ExplainContext {
    const word = (pc: number): number | null => {
      const translation = (pc & 3) === 0 ? this.translate(pc, 'fetch') : { outcome: 'nothing' as const };
      return translation.outcome === 'physical' ? (this.physicalWord(translation.physical) ?? null) : null;
    };
    return {
      word,
      instruction: (pc) => {
        const at = word(pc);
        return at === null ? null : this.disassembler.disassemble(at, pc);
      },
      symbolize: (address) => symbols.get(address) ?? null,
    };
  }
}
