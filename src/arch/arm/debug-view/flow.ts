// What an ARM instruction does to the flow of a program (ARM DDI 0406C: A4.3, A5, A6): both instruction sets, from the encodings alone.
import type { InstructionFlow } from '../../../cpu/isa/debug-view.ts';

type Kind = InstructionFlow['kind'];

const PC = 15;

const field = (word: number, at: number, bits: number): number => (word >>> at) & ((1 << bits) - 1);
const matches = (word: number, mask: number, value: number): boolean => (word & mask) >>> 0 === value;

/** Of the word at `pc`; T32 when bit 0 of `pc` is set: then one of 16 bits is below 0x10000. */
export function flowOf(word: number, pc: number): InstructionFlow {
  if ((pc & 1) === 0) return { kind: kindOfA32(word >>> 0), next: (pc + 4) >>> 0 };
  const isNarrow = word >>> 16 === 0;
  return { kind: isNarrow ? kindOfNarrow(word) : kindOfWide(word >>> 0), next: (pc + (isNarrow ? 2 : 4)) >>> 0 };
}

function kindOfA32(word: number): Kind {
  if (word >>> 28 === 15) return kindOfUnconditional(word);
  const opcode = field(word, 25, 3);
  switch (opcode) {
    case 0:
      return kindOfMiscellaneous(word);
    case 1:
      return writesPcByProcessing(word) ? 'branch' : 'plain';
    case 2:
    case 3: {
      const isMedia = opcode === 3 && field(word, 4, 1) === 1;
      return !isMedia && isLoad(word) && field(word, 12, 4) === PC ? 'branch' : 'plain';
    }
    case 4:
      return isLoad(word) && field(word, PC, 1) === 1 ? 'branch' : 'plain';
    case 5:
      return field(word, 24, 1) === 1 ? 'call' : 'branch';
    default: // SVC comes back
      return opcode === 7 && field(word, 24, 1) === 1 ? 'call' : 'plain';
  }
}

const isLoad = (word: number): boolean => field(word, 20, 1) === 1;

/** BLX to T32, RFE. */
function kindOfUnconditional(word: number): Kind {
  if (matches(word, 0xfe000000, 0xfa000000)) return 'call';
  return matches(word, 0xfe500000, 0xf8100000) ? 'branch' : 'plain';
}

/** Data processing with registers, BX and its like, HVC and SMC, extra loads. */
function kindOfMiscellaneous(word: number): Kind {
  if (matches(word, 0x0ffffff0, 0x012fff10) || matches(word, 0x0ffffff0, 0x012fff20)) return 'branch';
  if (matches(word, 0x0ffffff0, 0x012fff30)) return 'call';
  if (matches(word, 0x0fffffff, 0x0160006e)) return 'branch'; // ERET
  if (matches(word, 0x0ff000f0, 0x01400070) || matches(word, 0x0ff000f0, 0x01600070)) return 'call';
  const isMultiplyOrExtra = (word & 0x90) === 0x90;
  if (isMultiplyOrExtra) return 'plain';
  return writesPcByProcessing(word) ? 'branch' : 'plain';
}

/** Is Rd the PC? TST, TEQ, CMP and CMN have none, and without S their encodings are other instructions. */
function writesPcByProcessing(word: number): boolean {
  return field(word, 23, 2) !== 2 && field(word, 12, 4) === PC;
}

function kindOfNarrow(word: number): Kind {
  switch (word >>> 12) {
    case 4:
      return kindOfHighRegisters(word);
    case 11: {
      const popsPc = matches(word, 0xff00, 0xbd00);
      const comparesZero = matches(word, 0xf500, 0xb100);
      return popsPc || comparesZero ? 'branch' : 'plain';
    }
    case 13: {
      const condition = field(word, 8, 4);
      return condition === 15 ? 'call' : condition === 14 ? 'plain' : 'branch'; // SVC; UDF
    }
    case 14:
      return 'branch';
    default:
      return 'plain';
  }
}

/** ADD, CMP and MOV of high registers, BX and BLX. */
function kindOfHighRegisters(word: number): Kind {
  if (field(word, 8, 4) === 7) return field(word, 7, 1) === 1 ? 'call' : 'branch';
  const isAddOrMov = matches(word, 0xff00, 0x4400) || matches(word, 0xff00, 0x4600);
  return isAddOrMov && ((field(word, 7, 1) << 3) | field(word, 0, 3)) === PC ? 'branch' : 'plain';
}

/** Of 32 bits, the first halfword above the second. */
function kindOfWide(word: number): Kind {
  if (matches(word, 0xf8008000, 0xf0008000)) return kindOfWideControl(word);
  const isLoadToPc = isLoad(word) && field(word, 12, 4) === PC;
  // LDR; bytes and halfwords to the PC are preloads.
  if (matches(word, 0xfe600000, 0xf8400000)) return isLoadToPc ? 'branch' : 'plain';
  if (matches(word, 0xfff0ffe0, 0xe8d0f000)) return 'branch'; // TBB, TBH
  if (matches(word, 0xfe400000, 0xe8000000)) {
    const isRfe = [0, 3].includes(field(word, 23, 2)) && isLoad(word);
    return isRfe || (isLoad(word) && field(word, PC, 1) === 1) ? 'branch' : 'plain';
  }
  return 'plain';
}

/** Branches and what shares their encodings. */
function kindOfWideControl(word: number): Kind {
  if (field(word, 14, 1) === 1) return 'call'; // BL, BLX
  if (field(word, 12, 1) === 1) return 'branch';
  if (field(word, 23, 3) !== 7) return 'branch'; // with a condition
  const operation = field(word, 20, 7);
  if (operation === 0x3c || operation === 0x3d) return 'branch'; // BXJ; SUBS PC, LR and ERET
  return operation === 0x7e || operation === 0x7f ? (field(word, 13, 1) === 0 ? 'call' : 'plain') : 'plain'; // HVC, SMC
}
