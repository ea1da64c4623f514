// What an instruction does to the flow of a program (MIPS32 Volume II-A: branches and jumps have a delay slot; ERET has none).
import type { InstructionFlow } from '../../../cpu/isa/debug-view.ts';

const ERET = 0x42000018;

type Kind = InstructionFlow['kind'];

/** Branches, jumps and calls: what they are; 'plain' for what is none. */
function kindOf(word: number): Kind {
  const rt = (word >>> 16) & 31;
  const rd = (word >>> 11) & 31;
  switch (word >>> 26) {
    case 0: {
      const funct = word & 0x3f;
      if (funct === 8) return 'branch'; // JR
      if (funct === 9) return rd === 0 ? 'branch' : 'call'; // JALR
      return 'plain';
    }
    case 1: // BLTZ, BGEZ, their likely forms, and those that link
      if ((rt & 0x1c) === 0x10) return 'call';
      return (rt & 0x1c) === 0 ? 'branch' : 'plain';
    case 2:
      return 'branch';
    case 3:
      return 'call';
    case 4: // BEQ, BNE, BLEZ, BGTZ
    case 5:
    case 6:
    case 7:
    case 20: // and their likely forms
    case 21:
    case 22:
    case 23:
      return 'branch';
    case 17: // BC1
      return ((word >>> 21) & 31) === 8 ? 'branch' : 'plain';
    default:
      return 'plain';
  }
}

/** Has the instruction a delay slot? */
export const hasSlot = (word: number): boolean => kindOf(word) !== 'plain';

export function flowOf(word: number, pc: number): InstructionFlow {
  const kind = kindOf(word);
  const after = (bytes: number): number => (pc + bytes) >>> 0;
  if (kind !== 'plain') return { kind, next: after(8) };
  if (word >>> 0 === ERET) return { kind: 'branch', next: after(4) };
  const isSyscall = word >>> 26 === 0 && (word & 0x3f) === 12; // comes back from its handler
  return { kind: isSyscall ? 'call' : 'plain', next: after(4) };
}
