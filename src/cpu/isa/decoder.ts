// From an instruction word to its row. The more specific pattern wins; two patterns of equal rank that can match the same word are
// an error when the decoder is built.
import { popcount32 } from '../../util/bits.ts';
import type { Row } from './insn.ts';

/** Bits of a word that rows differ in most: two fields, 13 bits at most. */
interface DecodeKey {
  readonly highAt: number;
  readonly highMask: number;
  readonly lowAt: number;
  readonly lowMask: number;
}

/** MIPS's opcode and function. */
const OPCODE_AND_FUNCTION: DecodeKey = { highAt: 26, highMask: 0x3f, lowAt: 0, lowMask: 0x3f };
/** A32's bits 27:20 and 7:4, and T32's 28:20 of the first halfword and 7:4 of the second. */
const UPPER_AND_MIDDLE: DecodeKey = { highAt: 20, highMask: 0x1ff, lowAt: 4, lowMask: 0xf };

/** Can some word match both rows? */
export function overlap(a: Row, b: Row): boolean {
  return ((a.pattern.match ^ b.pattern.match) & a.pattern.mask & b.pattern.mask) === 0;
}

/** Does `a` fix every bit that `b` fixes, and more? */
export function moreSpecific(a: Row, b: Row): boolean {
  return (a.pattern.mask & b.pattern.mask) >>> 0 === b.pattern.mask && a.pattern.mask !== b.pattern.mask;
}

/** Rows that can meet: those of one value of the top 6 bits, with those that leave these open. */
function byOpcode(rows: readonly Row[]): (readonly Row[])[] {
  const opcode = ({ pattern }: Row): number | null => (pattern.mask >>> 26 === 63 ? pattern.match >>> 26 : null);
  const open = rows.filter((row) => opcode(row) === null);
  const groups = new Map<number, Row[]>();
  for (const row of rows) {
    const key = opcode(row);
    if (key === null) continue;
    const group = groups.get(key);
    if (group) group.push(row);
    else groups.set(key, [...open, row]);
  }
  return [open, ...groups.values()];
}

function checkOverlaps(rows: readonly Row[]): void {
  rows.forEach((a, i) => {
    for (const b of rows.slice(i + 1))
      if (overlap(a, b) && !moreSpecific(a, b) && !moreSpecific(b, a))
        throw new Error(`rows ${a.mnemonic} "${a.patternText}" and ${b.mnemonic} "${b.patternText}" overlap`);
  });
}

export class Decoder {
  private readonly rows: readonly Row[];
  /** Candidates by the key's bits, most specific first. */
  private readonly buckets: (readonly Row[] | undefined)[] = [];
  /** The same by the key's upper bits alone. */
  private readonly groups: (readonly Row[] | undefined)[] = [];
  private readonly key: DecodeKey;

  /** Unless the rows are known to be right, it is an error when two of equal rank match the same word. */
  constructor(rows: readonly Row[], key = OPCODE_AND_FUNCTION, known = false) {
    this.key = key;
    if (!known) for (const group of byOpcode(rows)) checkOverlaps(group);
    this.rows = [...rows].sort((a, b) => popcount32(b.pattern.mask) - popcount32(a.pattern.mask));
  }

  /** The row of a word, or undefined for a reserved instruction. */
  decode(word: number): Row | undefined {
    const { highAt, highMask, lowAt, lowMask } = this.key;
    const high = (word >>> highAt) & highMask;
    const low = (word >>> lowAt) & lowMask;
    const number = high * (lowMask + 1) + low;
    let bucket = this.buckets[number];
    if (bucket === undefined) {
      this.groups[high] ??= matching(this.rows, high << highAt, highMask << highAt);
      bucket = matching(this.groups[high], low << lowAt, lowMask << lowAt);
      this.buckets[number] = bucket;
    }
    for (let i = 0; i < bucket.length; i++) {
      const row = bucket[i]!;
      if (((word ^ row.pattern.match) & row.pattern.mask) === 0) return row;
    }
    return undefined;
  }
}

/** Rows that words with these bits may be. */
function matching(rows: readonly Row[], bits: number, covered: number): readonly Row[] {
  return rows.filter(({ pattern }) => ((bits ^ pattern.match) & pattern.mask & covered) === 0);
}

/** A32: words whose condition field is 1111 are instructions of their own, and no others with a condition. */
class ConditionalDecoder {
  private readonly conditional: Decoder;
  private readonly unconditional: Decoder;

  constructor(rows: readonly Row[], known: boolean) {
    const isUnconditional = ({ pattern }: Row): boolean => pattern.mask >>> 28 === 15 && pattern.match >>> 28 === 15;
    this.conditional = new Decoder(
      rows.filter((row) => !isUnconditional(row)),
      UPPER_AND_MIDDLE,
      known,
    );
    this.unconditional = new Decoder(rows.filter(isUnconditional), UPPER_AND_MIDDLE, known);
  }

  decode(word: number): Row | undefined {
    return word >>> 28 === 15 ? this.unconditional.decode(word) : this.conditional.decode(word);
  }
}

/** The decoders of an architecture's instruction sets: that of words, and one of halfwords where there is another (T32). */
export class Decoders {
  readonly words: Pick<Decoder, 'decode'>;
  private readonly wide: Decoder;
  /** By halfword, found so far; null: reserved. */
  private readonly narrow: (Row | null | undefined)[] = [];
  private readonly narrowRows: readonly Row[];

  /** `known`: the rows are of a program that has been generated, and checked then. */
  constructor(rows: readonly Row[], interworking: boolean, known = false) {
    const key = interworking ? UPPER_AND_MIDDLE : OPCODE_AND_FUNCTION;
    const words = rows.filter(({ set = 0 }) => set === 0);
    this.words = interworking ? new ConditionalDecoder(words, known) : new Decoder(words, key, known);
    const halfwords = rows.filter(({ set }) => set === 1);
    this.wide = new Decoder(
      halfwords.filter(({ pattern }) => pattern.width === 32),
      key,
      known,
    );
    const narrow = halfwords.filter(({ pattern }) => pattern.width === 16);
    if (!known) checkOverlaps(narrow);
    this.narrowRows = [...narrow].sort((a, b) => popcount32(b.pattern.mask) - popcount32(a.pattern.mask));
  }

  /** The row of a T32 instruction: of 16 bits, or of 32, the first halfword above the second. */
  decodeHalfwords(instruction: number, size: 2 | 4): Row | undefined {
    if (size === 4) return this.wide.decode(instruction);
    let row = this.narrow[instruction];
    if (row === undefined) {
      row = this.narrowRows.find(({ pattern }) => ((instruction ^ pattern.match) & pattern.mask) === 0) ?? null;
      this.narrow[instruction] = row;
    }
    return row ?? undefined;
  }
}

/** Bytes of the T32 instruction that begins with this halfword. */
export function thumbSize(halfword: number): 2 | 4 {
  return halfword >>> 11 >= 0x1d ? 4 : 2;
}
