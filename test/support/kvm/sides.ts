// The same interpreted guest twice: with instruction pairs (src/cpu/exec/pairs.ts), and without. Whatever a test does to both, they stay equal.
import { expect } from 'vitest';
import { mips32 } from '../../../src/arch/mips/index.ts';
import type { Core } from '../../../src/cpu/exec/core.ts';
import { Guest, type GuestOptions, physical } from './guest.ts';
import type { Line } from './mips-words.ts';

export const WITHOUT_PAIRS = { ...mips32('little'), name: 'mipsel without pairs', pairs: [] };

/** Instructions the interpreter's records of these addresses stand for now: mnemonics, two of them for a pair. */
export function recordAt(guest: Guest, address: number): string {
  const core = Reflect.get(guest.vm, 'core') as Core;
  const { handlers, pairs } = core.program.table;
  const host = core.arena + physical(address);
  const number = new Uint16Array(core.wasmMemory.buffer)[
    (core.codePages.recordsOf(host)! + ((host & 0xfff) << 2)) >>> 1
  ];
  const pair = pairs.find((known) => known.number === number);
  if (pair) return `${pair.first.row.mnemonic};${pair.second.row.mnemonic}`;
  return handlers.find((handler) => handler.number === number)?.row.mnemonic ?? `handler ${number}`;
}

/** A guest with pairs and one without, in which the same happens. */
export class Sides {
  readonly paired: Guest;
  readonly plain: Guest;

  constructor(options: GuestOptions = {}) {
    this.paired = new Guest({ ...options, engine: 'interpreter' });
    this.plain = new Guest({ ...options, engine: 'interpreter', architecture: WITHOUT_PAIRS });
  }

  both(act: (guest: Guest) => void): void {
    act(this.paired);
    act(this.plain);
  }

  load(source: Line, at?: number): (name: string) => number {
    this.plain.load(source, at);
    return this.paired.load(source, at);
  }

  /** KVM_RUN of both for at most `instructions`; its result. */
  enter(instructions: number): number {
    const result = this.paired.enter(instructions);
    expect(this.plain.enter(instructions)).toBe(result);
    this.expectEqual();
    return result;
  }

  expectEqual(): void {
    const { paired, plain } = this;
    expect([paired.instructions, paired.pc.toString(16)]).toEqual([plain.instructions, plain.pc.toString(16)]);
    expect(paired.vcpu.getRegs()).toEqual(plain.vcpu.getRegs());
    expect(paired.hash()).toBe(plain.hash());
  }
}
