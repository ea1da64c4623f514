// What HSR says of the instruction whose data access the second stage has refused, so that a hypervisor can make the access for it (ARM DDI 0406C:
// B3.13.6): loads and stores of one register, which is not the PC, without writeback.
import {
  Access,
  type CoreServices,
  createTranslation,
  readTranslation,
  Translated,
} from '../../cpu/isa/architecture.ts';
import { HSR_IL } from './syndrome.ts';

const ISS = { ISV: 1 << 24, SAS_SHIFT: 22, SSE: 1 << 21, SRT_SHIFT: 16 };
const PC = 15;
/** Bits 15:11 of the first halfword of a T32 instruction of 32 bits: at least this. */
const FIRST_WIDE = 0b11101;

/** Log2 of the bytes. */
const SIZE = { BYTE: 0, HALFWORD: 1, WORD: 2 } as const;

const field = (word: number, at: number, bits: number): number => (word >>> at) & ((1 << bits) - 1);

function valid(size: number, signed: boolean, rt: number): number {
  if (rt === PC) return 0;
  return ISS.ISV | (size << ISS.SAS_SHIFT) | (signed ? ISS.SSE : 0) | (rt << ISS.SRT_SHIFT);
}

/** Bits 24:16 of ISS for an A32 instruction; 0 when it has none. */
function syndromeOfA32(word: number): number {
  const indexed = field(word, 24, 1) === 1 && field(word, 21, 1) === 0; // P and not W
  if (!indexed || word >>> 28 === 15) return 0;
  const rt = field(word, 12, 4);
  const isLoad = field(word, 20, 1) === 1;
  const isMedia = field(word, 25, 1) === 1 && field(word, 4, 1) === 1;
  if (field(word, 26, 2) === 1) return isMedia ? 0 : valid(field(word, 22, 1) ? SIZE.BYTE : SIZE.WORD, false, rt);
  // Bits 6:5 are S and H.
  const kind = field(word, 5, 2);
  const isExtra = field(word, 25, 3) === 0 && (word & 0x90) === 0x90 && kind !== 0;
  if (!isExtra || (!isLoad && kind !== 1)) return 0;
  return valid(kind === 2 ? SIZE.BYTE : SIZE.HALFWORD, kind !== 1, rt);
}

/** STR, STRH, STRB, LDRSB, LDR, LDRH, LDRB, LDRSH by their number in the encodings with a register offset. */
const NARROW = [SIZE.WORD, SIZE.HALFWORD, SIZE.BYTE, SIZE.BYTE, SIZE.WORD, SIZE.HALFWORD, SIZE.BYTE, SIZE.HALFWORD];

/** Of a T32 instruction of 16 bits. */
function syndromeOfNarrow(halfword: number): number {
  const low = halfword & 7;
  const high = field(halfword, 8, 3);
  switch (halfword >>> 12) {
    case 4: // LDR of a literal
      return field(halfword, 11, 1) === 1 ? valid(SIZE.WORD, false, high) : 0;
    case 5: {
      const number = field(halfword, 9, 3);
      return valid(NARROW[number]!, number === 3 || number === 7, low);
    }
    case 6:
      return valid(SIZE.WORD, false, low);
    case 7:
      return valid(SIZE.BYTE, false, low);
    case 8:
      return valid(SIZE.HALFWORD, false, low);
    case 9: // with SP
      return valid(SIZE.WORD, false, high);
    default:
      return 0;
  }
}

/** Of a T32 instruction of 32 bits, the first halfword above the second. */
function syndromeOfWide(word: number): number {
  if (word >>> 25 !== 0b1111100) return 0;
  const signed = field(word, 24, 1) === 1;
  const isLoad = field(word, 20, 1) === 1;
  const size = field(word, 21, 2);
  if (size > SIZE.WORD || (signed && (!isLoad || size === SIZE.WORD))) return 0;
  const literal = isLoad && field(word, 16, 4) === PC;
  const byRegister = field(word, 6, 6) === 0;
  // P, U and W: an offset that is subtracted, and LDRT and the like.
  const byOffset = [0b1100, 0b1110].includes(field(word, 8, 4));
  const plain = field(word, 23, 1) === 1 || literal || byRegister || byOffset;
  return plain ? valid(size, signed, field(word, 12, 4)) : 0;
}

/** HSR's bits about the instruction at `pc` of the active vCPU; with HSR_IL when it has 32 bits, or nothing is said of it. */
export function accessSyndrome(services: CoreServices, pc: number): number {
  const at = pc & ~1;
  const first = codeHalfword(services, at);
  const isNarrow = at !== pc && first >>> 11 < FIRST_WIDE;
  if (isNarrow) return syndromeOfNarrow(first) || HSR_IL;
  const second = codeHalfword(services, at + 2);
  return HSR_IL | (at === pc ? syndromeOfA32((second << 16) | first) : syndromeOfWide((first << 16) | second));
}

/** Of code that has been fetched just now; 0 where another vCPU has taken it away since. */
function codeHalfword(services: CoreServices, address: number): number {
  const word = services.routine('translate', address, Access.FETCH);
  const { outcome, physical } = readTranslation(word, address, createTranslation());
  const host = outcome === Translated.PHYSICAL ? services.routine('physicalHost', physical) : 0;
  return host === 0 ? 0 : (services.i32[host >>> 2]! >>> (8 * (host & 2))) & 0xffff;
}
