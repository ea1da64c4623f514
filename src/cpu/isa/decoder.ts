// From an instruction word to its row. The more specific pattern wins; two patterns of equal rank that can match the same word are
// an error when the decoder is built.
import { popcount32 } from '../../util/bits.ts';
import type { Row } from './insn.ts';

const FANOUT_BITS = 12;

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
  /** Candidates by the opcode (top 6) and function (low 6) bits, most specific first. */
  private readonly buckets: (readonly Row[] | undefined)[] = new Array(1 << FANOUT_BITS);

  constructor(rows: readonly Row[]) {
    for (const group of byOpcode(rows)) checkOverlaps(group);
    this.rows = [...rows].sort((a, b) => popcount32(b.pattern.mask) - popcount32(a.pattern.mask));
  }

  /** The row of a word, or undefined for a reserved instruction. */
  decode(word: number): Row | undefined {
    const key = ((word >>> 26) << 6) | (word & 63);
    let bucket = this.buckets[key];
    if (bucket === undefined) {
      const sample = ((key >>> 6) << 26) | (key & 63);
      bucket = this.rows.filter((row) => ((sample ^ row.pattern.match) & row.pattern.mask & 0xfc00003f) === 0);
      this.buckets[key] = bucket;
    }
    for (let i = 0; i < bucket.length; i++) {
      const row = bucket[i]!;
      if (((word ^ row.pattern.match) & row.pattern.mask) === 0) return row;
    }
    return undefined;
  }
}
