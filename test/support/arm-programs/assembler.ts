// Code being put into memory: halfwords at addresses, with labels that may come later.
import { AL, b, bl, bNarrow, cbz, halves, type InstructionSet } from './encode.ts';

/** A place in code: its address, without T. */
export interface Label {
  address: number;
  set: InstructionSet;
}

export class Assembler {
  at = 0;
  set: InstructionSet = 'a32';
  private readonly memory: Uint16Array;
  private readonly fixes: (() => void)[] = [];

  constructor(memory: Uint16Array) {
    this.memory = memory;
  }

  put(...halfwords: number[]): void {
    for (const halfword of halfwords) {
      this.memory[this.at >>> 1] = halfword;
      this.at += 2;
    }
  }

  /** An instruction of 32 bits. */
  word(word: number): void {
    this.put(...halves(this.set, word));
  }

  data(word: number): void {
    this.put(word & 0xffff, word >>> 16);
  }

  align(bytes: number): void {
    while (this.at % bytes !== 0) this.put(0xbf00);
  }

  label(): Label {
    return { address: -1, set: 'a32' };
  }

  place(label: Label): void {
    label.address = this.at;
    label.set = this.set;
  }

  here(): Label {
    const label = this.label();
    this.place(label);
    return label;
  }

  /** Leave room of so many bytes, for `make` to fill when all labels have places. */
  later(bytes: number, make: (at: number) => readonly number[]): void {
    const at = this.at;
    this.at += bytes;
    this.fixes.push(() => {
      const code = make(at);
      code.forEach((halfword, i) => {
        this.memory[(at >>> 1) + i] = halfword;
      });
    });
  }

  branch(to: Label, cond = AL): void {
    const { set } = this;
    this.later(4, (at) => halves(set, b(set, cond, at, to.address)));
  }

  branchNarrow(to: Label, cond = AL): void {
    this.later(2, (at) => [bNarrow(cond, at, to.address)]);
  }

  compareBranch(to: Label, rn: number, notZero: boolean): void {
    this.later(2, (at) => [cbz(notZero, rn, at, to.address)]);
  }

  call(to: Label): void {
    const { set } = this;
    this.later(4, (at) => halves(set, bl(set, at, to.address, to.set)));
  }

  /** Fill what was left. */
  finish(): void {
    for (const fix of this.fixes) fix();
  }
}

/** With T in bit 0. */
export const entryOf = ({ address, set }: Label): number => address | (set === 't32' ? 1 : 0);
