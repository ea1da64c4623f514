// The state that a record starts in, from a seed and its instructions: what the words look like as encodings (not as tsvm's rows) says which
// registers should hold addresses, so that records stay what they are when rows change.
import { Random } from '../oracle/random.ts';
import {
  ARENA_BASE,
  type ArmRecord,
  CODE_WORDS,
  type InstructionSet,
  instructionsOf,
  THUMB,
  WINDOW_BASE,
  WINDOW_WORDS,
} from './machine.ts';
import { doubleword, fpscr, integer } from './operands.ts';

/** Registers that an encoding uses for an address, an offset, and a place to branch to. */
interface Uses {
  readonly base?: number;
  readonly offset?: number;
  readonly target?: number;
  /** Loads and stores several words, or must be aligned. */
  readonly aligned?: boolean;
  /** Is never unaligned: qemu's store-exclusives look at the reservation first. */
  readonly exclusive?: boolean;
}

const NOTHING: Uses = {};
const nibble = (word: number, lsb: number): number => (word >>> lsb) & 15;

function usesOfA32(word: number): Uses {
  const base = nibble(word, 16);
  const offset = nibble(word, 0);
  const unconditional = word >>> 28 === 15;
  if (unconditional && (word & 0x0f100000) === 0x04000000) return { base, offset };
  switch ((word >>> 25) & 7) {
    case 0: {
      if ((word & 0x0ffffff0) >>> 0 === 0x012fff10 || (word & 0x0ffffff0) >>> 0 === 0x012fff30)
        return { target: offset };
      const extra = (word & 0x90) === 0x90;
      if (!extra) return NOTHING;
      if ((word & 0xf0) === 0x90) return (word & 0x01000000) === 0 ? NOTHING : { base, exclusive: true };
      const doubles = (word & 0x00100000) === 0 && (word & 0x40) !== 0;
      return { base, ...((word & 0x00400000) === 0 ? { offset } : {}), aligned: doubles };
    }
    case 2:
      return { base };
    case 3:
      return (word & 0x10) === 0 ? { base, offset } : NOTHING;
    case 4:
    case 6:
      return { base, aligned: true };
    default:
      return NOTHING;
  }
}

function usesOfWide(word: number): Uses {
  const base = nibble(word, 16);
  const offset = nibble(word, 0);
  const op = word >>> 25;
  if (op === 0x74 || op === 0x76 || op === 0x7e) {
    if (op === 0x74 && (word & 0x00400000) !== 0) return { base, offset, exclusive: true };
    return { base, aligned: true };
  }
  if (op === 0x7c) return (word & 0x00800000) === 0 && (word & 0x800) === 0 ? { base, offset } : { base };
  return NOTHING;
}

function usesOfNarrow(half: number): Uses {
  const low = (lsb: number): number => (half >>> lsb) & 7;
  const top = half >>> 12;
  if ((half & 0xff00) === 0x4700) return { target: nibble(half, 3) };
  if ((half & 0xfd00) === 0xb100) return NOTHING;
  if (top === 5) return { base: low(3), offset: low(6) };
  if (top === 6 || top === 7 || top === 8) return { base: low(3) };
  if (top === 9 || (half & 0xf600) === 0xb400) return { base: 13, aligned: true };
  if (top === 12) return { base: low(8), aligned: true };
  return NOTHING;
}

function usesOf(set: InstructionSet, word: number, bytes: number): Uses {
  if (set === 'a32') return usesOfA32(word);
  return bytes === 4 ? usesOfWide(word) : usesOfNarrow(word);
}

/** Where a record's code is: anywhere in the code area, and one in sixteen across its page boundary. */
function place(random: Random, set: InstructionSet): number {
  const thumb = set === 't32';
  if (random.chance(6)) return ARENA_BASE + 2 * CODE_WORDS - (thumb ? 2 : 4);
  const at = 256 + 4 * random.below(CODE_WORDS - 192);
  return ARENA_BASE + at + (thumb ? 2 * random.below(2) : 0);
}

/** A place in the code area, with T in bit 0 for T32. */
function codeAddress(random: Random): number {
  const thumb = random.chance(50);
  const at = ARENA_BASE + 4 * random.below(CODE_WORDS);
  return (thumb ? at + 2 * random.below(2) + 1 : at) >>> 0;
}

/** A place in the window; `percent` times of a hundred anywhere. */
function dataAddress(random: Random, percent: number): number {
  const at = random.below(4 * WINDOW_WORDS - 64);
  const unaligned = random.chance(percent);
  return WINDOW_BASE + (unaligned ? at : at & (percent > 0 && random.chance(50) ? -4 : -16));
}

export function makeRecord(
  seed: number,
  index: number,
  set: InstructionSet,
  code: readonly number[],
  floats: boolean,
): ArmRecord {
  const random = new Random(seed, index);
  const r = Uint32Array.from({ length: 15 }, () => integer(random));
  const d = BigUint64Array.from({ length: 32 }, () => doubleword(random, floats));
  const window = Uint32Array.from({ length: WINDOW_WORDS }, () => {
    if (random.chance(10)) return codeAddress(random);
    return random.chance(30) ? integer(random) : random.word();
  });
  if (random.chance(60)) r[13] = dataAddress(random, 8);
  // Comparisons and exact arithmetic like equal operands.
  if (random.chance(15)) r[random.below(13)] = r[random.below(13)]!;
  if (floats && random.chance(20)) d[random.below(32)] = d[random.below(32)]!;
  for (const { word, bytes } of instructionsOf({ set, code }).reverse()) {
    const { base, offset, target, aligned = false, exclusive = false } = usesOf(set, word, bytes);
    if (offset !== undefined && offset < 15 && random.chance(85))
      r[offset] = (random.below(128) - 32) & (random.chance(60) ? -4 : -1);
    if (base !== undefined && base < 15 && random.chance(97))
      r[base] = dataAddress(random, exclusive ? 0 : aligned ? 8 : 40);
    if (target !== undefined && target < 15 && random.chance(80)) r[target] = codeAddress(random);
  }
  const flags = random.word() & 0xf80f0000;
  return {
    seed,
    index,
    set,
    code,
    pc: place(random, set),
    cpsr: (flags | 0x10 | (set === 't32' ? THUMB : 0)) >>> 0,
    fpscr: fpscr(random),
    r,
    d,
    window,
  };
}
