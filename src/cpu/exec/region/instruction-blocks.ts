// Blocks of conditional instructions (T32's IT): what state each of their instructions stands in, where a whole block can be compiled.
import { PAGE_SHIFT } from '../layout.ts';
import type { Code } from './flow.ts';
import type { RegionInstruction } from './instruction.ts';

/** Most instructions of a block. */
const LONGEST_BLOCK = 4;

export class InstructionBlocks {
  private readonly code: Pick<Code, 'at' | 'after'>;
  /** By pc: the state of the block that the instruction there stands in. */
  private readonly states = new Map<number, number>();
  /** Where instructions have been read as standing in none: that stays so. */
  private readonly outside = new Set<number>();

  constructor(code: Pick<Code, 'at' | 'after'>) {
    this.code = code;
  }

  /** Of the block that the instruction at `pc` is known to stand in; 0: of none. */
  stateAt(pc: number): number {
    return this.states.get(pc) ?? 0;
  }

  /** The same, for the instruction that is read now. */
  stateRead(pc: number): number {
    const state = this.stateAt(pc);
    if (state === 0) this.outside.add(pc);
    return state;
  }

  /** Can all instructions of the block that this one begins be compiled? If so they are known to stand in it from now on. */
  isWhole({ pc, size, begins }: RegionInstruction): boolean {
    const { code, states } = this;
    const members: [pc: number, state: number][] = [];
    for (let at = pc + size, state = begins; state !== 0 && members.length < LONGEST_BLOCK; ) {
      if (at >>> PAGE_SHIFT !== pc >>> PAGE_SHIFT) return false;
      members.push([at, state]);
      at = code.after(at);
      state = (state & 7) === 0 ? 0 : (state & 0xe0) | ((state << 1) & 0x1f);
    }
    if (members.every(([at, state]) => states.get(at) === state)) return true;
    if (members.some(([at]) => states.has(at) || this.outside.has(at))) return false;
    for (const [at, state] of members) states.set(at, state);
    const instructions = members.map(([at]) => code.at(at));
    const isWhole = instructions.every((member, i) => {
      if (member === undefined || member.begins !== 0 || member.traps || member.changesTables) return false;
      return member.branch === null || i === members.length - 1;
    });
    if (!isWhole) for (const [at] of members) states.delete(at);
    return isWhole;
  }
}
