// A record being made: operand registers are chosen here, and those whose value matters (a base register, a jump target, a
// divisor) are given that value and kept from being changed before their use.
import { CODE_BASE, CODE_WORDS, MAX_WORDS, WINDOW_BASE, WINDOW_BYTES } from './machine.ts';
import type { Random } from './random.ts';

const INTERESTING = [
  0, 1, 2, 0xffffffff, 0xfffffffe, 0x80000000, 0x80000001, 0x7fffffff, 0x7ffffffe, 0xffff, 0x8000, 0xff80,
];

/** A register value worth trying: boundaries, small numbers, single bits, byte patterns, or anything. */
function operand(random: Random): number {
  switch (random.below(8)) {
    case 0:
    case 1:
      return random.pick(INTERESTING);
    case 2:
      return (random.below(512) - 256) >>> 0;
    case 3:
      return ((1 << random.below(32)) - random.below(2)) >>> 0;
    case 4:
      return (random.word() >> random.below(32)) >>> 0;
    default:
      return random.word();
  }
}

export class Draft {
  readonly random: Random;
  readonly words: number[] = [];
  readonly names: string[] = [];
  readonly gpr = new Uint32Array(32);
  readonly window = new Uint8Array(WINDOW_BYTES);
  readonly hi: number;
  readonly lo: number;
  /** Word index in the code area. */
  readonly start: number;
  ignoreHiLo = false;
  linkRegister = 0;
  /** The branch goes to its own delay slot, which then runs twice. */
  targetsOwnSlot = false;
  /** Registers whose starting value must stay (bit mask). */
  private pinned = 1;
  /** Registers that an earlier word of the record writes. */
  private written = 0;
  private used: number[] = [];

  constructor(random: Random) {
    this.random = random;
    for (let i = 1; i < 32; i++) this.gpr[i] = operand(random);
    for (let i = 0; i < WINDOW_BYTES; i++) this.window[i] = random.word();
    this.hi = operand(random);
    this.lo = operand(random);
    // One record in sixteen crosses the page boundary in the middle of the code area.
    this.start = random.chance(6) ? CODE_WORDS / 2 - 1 : 8 + random.below(CODE_WORDS - 16 - MAX_WORDS);
  }

  add(name: string, word: number): void {
    this.names.push(name);
    this.words.push(word >>> 0);
  }

  /** Word index of the instruction that is added next. */
  get position(): number {
    return this.start + this.words.length;
  }

  /** A source register, whatever it holds; often one that was named before. */
  source(): number {
    const register =
      this.used.length > 0 && this.random.chance(30) ? this.random.pick(this.used) : this.random.below(32);
    this.used.push(register);
    return register;
  }

  /** A source register whose value the record's start decides. */
  known(): number {
    for (;;) {
      const register = this.random.below(32);
      if (!(this.written & (1 << register))) return register;
    }
  }

  /** A destination register; `avoid` is one that a later word still needs (0 for none). */
  destination(avoid = 0): number {
    for (;;) {
      const register =
        this.random.chance(20) && this.used.length > 0 ? this.random.pick(this.used) : this.random.below(32);
      if (register !== 0 && register === avoid) continue;
      this.markWritten(register);
      return register;
    }
  }

  markWritten(register: number): void {
    this.used.push(register);
    this.written |= 1 << register;
  }

  /** A register that is given `value` and keeps it to this point of the record. */
  holding(value: number): number {
    for (;;) {
      const register = this.random.below(32);
      if ((this.pinned | this.written) & (1 << register)) continue;
      this.pinned |= 1 << register;
      this.used.push(register);
      this.gpr[register] = value;
      return register;
    }
  }

  /** Make two registers equal, or nearly, when that disturbs nothing. */
  makeSimilar(a: number, b: number): void {
    if ((this.pinned | this.written) & (1 << b) || this.written & (1 << a) || !this.random.chance(40)) return;
    this.gpr[b] = this.gpr[a]! + (this.random.chance(70) ? 0 : this.random.below(3) - 1);
  }

  /** Base register and signed offset of an access of `size` bytes inside the window, aligned but for one in ten or so. */
  address(size: number): { base: number; offset: number } {
    const offset = this.random.chance(50) ? this.random.below(128) - 64 : this.random.below(0x10000) - 0x8000;
    const aligned = this.random.below(WINDOW_BYTES / size) * size;
    const at = size > 1 && this.random.chance(10) ? this.random.below(WINDOW_BYTES - size) : aligned;
    return { base: this.holding(WINDOW_BASE + at - offset), offset };
  }

  /** A place to branch to, as a word index: anywhere in the code area but the branch itself. */
  target(): number {
    for (;;) {
      const near = this.position + this.random.below(9) - 4;
      const target = this.random.chance(15) ? near : 4 + this.random.below(CODE_WORDS - 12);
      if (target === this.position) continue;
      this.targetsOwnSlot = target === this.position + 1;
      return target;
    }
  }

  static addressOf(wordIndex: number): number {
    return CODE_BASE + 4 * wordIndex;
  }
}
