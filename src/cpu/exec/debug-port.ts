// What a debugger may ask of a vCPU beyond KVM's calls: its registers as the engine keeps them, where addresses lead, the exceptions that it took. Between
// two enters; no effect on the guest.

import { ACCESS_AS_USER, Access, createTranslation, Translated } from '../isa/architecture.ts';
import type { DebugAccess, DebugTranslation, TakenException } from '../isa/debug-view.ts';
import type { Core } from './core.ts';
import { EXCEPTION, EXCEPTION_RING, EXCEPTION_SIZE, EXCEPTIONS_KEPT, WORD } from './layout.ts';

const ACCESSES: Readonly<Record<DebugAccess, Access>> = { read: Access.READ, write: Access.WRITE, fetch: Access.FETCH };

export class DebugPort {
  private readonly core: Core;
  private readonly id: number;

  constructor(core: Core, id: number) {
    this.core = core;
    this.id = id;
  }

  /** Where it stands, with T in bit 0. */
  get pc(): number {
    this.core.activate(this.id);
    return this.core.pc;
  }

  /** Word `index` of a register bank, unsigned: 0 for one that is not there. */
  bank(name: string, index: number): number {
    const bank = this.core.banks[name];
    if (!bank || index < 0 || index >= (bank.count * bank.size) / 4) return 0;
    return this.core.registerOf(this.id, name, index) >>> 0;
  }

  translate(address: number, access: DebugAccess, asUser = false): DebugTranslation {
    const { core } = this;
    core.activate(this.id);
    const rights = asUser && core.program.architecture.accessRules !== null ? ACCESS_AS_USER : 0;
    const out = core.translate(address, (ACCESSES[access] | rights) as Access, createTranslation());
    if (out.outcome === Translated.FAULT) return { outcome: 'fault', trap: out.trap };
    if (out.outcome === Translated.UNEMULATED) return { outcome: 'nothing' };
    return { outcome: out.outcome === Translated.PHYSICAL ? 'physical' : 'device', physical: out.physical };
  }

  /** The last ones, the newest first. */
  exceptions(): TakenException[] {
    const { i32, u32, i64, tlb } = this.core;
    const taken = u32[WORD.EXCEPTIONS_TAKEN >>> 2]!;
    const all = Array.from({ length: Math.min(taken, EXCEPTIONS_KEPT) }, (_, n) => {
      const at = EXCEPTION_RING + ((taken - 1 - n) % EXCEPTIONS_KEPT) * EXCEPTION_SIZE;
      const tables = i32[(at + EXCEPTION.TABLES) >>> 2]!;
      const exception = {
        trap: u32[(at + EXCEPTION.TRAP) >>> 2]!,
        pc: u32[(at + EXCEPTION.PC) >>> 2]!,
        inSlot: i32[(at + EXCEPTION.IN_SLOT) >>> 2] !== 0,
        address: u32[(at + EXCEPTION.ADDRESS) >>> 2]!,
        now: Number(i64[(at + EXCEPTION.NOW) >>> 3]!),
      };
      return { tables, exception };
    });
    return all.filter(({ tables }) => tables === tlb.tables(this.id)).map(({ exception }) => exception);
  }
}
