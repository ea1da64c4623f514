// What writes random ARM code: constants and addresses, straight code, instructions of IT blocks.
import type { Random } from '../oracle/random.ts';
import { type Assembler, entryOf, type Label } from './assembler.ts';
import * as E from './encode.ts';
import { ALIAS } from './places.ts';
import { type Kind, randomInstruction } from './row-words.ts';
import type { Format } from './tables.ts';

/** What all pieces of a program share. */
export interface Shared {
  readonly random: Random;
  readonly asm: Assembler;
  readonly format: Format;
  readonly hyp: boolean;
  /** Table walks are big-endian. */
  readonly bigEndian: boolean;
  /** Virtual address of MMIO. */
  readonly mmio: number;
  /** Functions that may be called from the one being written: later ones. */
  callees: readonly Label[];
  /** A function that calls itself R4 times. */
  readonly recursive: Label;
  /** Addresses of instructions that are stored over. */
  readonly sites: { readonly address: number; readonly set: E.InstructionSet; readonly bytes: number }[];
  /** How many of a hundred pieces ask the system. */
  readonly systemShare: number;
}

export class CodeWriter {
  protected readonly shared: Shared;
  protected readonly random: Random;
  protected readonly asm: Assembler;

  constructor(shared: Shared) {
    this.shared = shared;
    this.random = shared.random;
    this.asm = shared.asm;
  }

  protected get set(): E.InstructionSet {
    return this.asm.set;
  }

  constant(rd: number, value: number): void {
    const { asm } = this;
    asm.word(E.movHalf(this.set, rd, value & 0xffff, false));
    if (value >>> 16 !== 0 || this.random.chance(5)) asm.word(E.movHalf(this.set, rd, value >>> 16, true));
  }

  /** The address of a label, when that is known. */
  protected address(rd: number, to: Label, aliased = false): void {
    const { asm, set } = this;
    const offset = aliased ? ALIAS : 0;
    asm.later(8, () => {
      const value = entryOf(to) + offset;
      return [
        ...E.halves(set, E.movHalf(set, rd, value & 0xffff, false)),
        ...E.halves(set, E.movHalf(set, rd, value >>> 16, true)),
      ];
    });
  }

  protected kind(): Kind {
    const dice = this.random.below(100);
    if (dice < 55) return 'processing';
    if (dice < 82) return 'memory';
    if (dice < 92) return 'float';
    return dice < 99 ? 'floatMemory' : 'system';
  }

  straight(count: number): void {
    for (let i = 0; i < count; i++) this.asm.put(...randomInstruction(this.set, this.kind(), this.random).code);
  }

  protected inBlock(): void {
    const { random } = this;
    this.asm.put(...randomInstruction('t32', this.kind(), random, random.chance(40)).code.slice());
  }
}
