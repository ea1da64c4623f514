// Records of words met before: a kernel's code has each of its words four times over, and copying a record is a tenth of the work of making it.
import { RECORD_SIZE } from './layout.ts';

/** Words remembered, by some of their bits: a power of two. */
const PLACES_SHIFT = 14;
const WORDS = 1 + RECORD_SIZE / 4;

/** For records that depend on nothing but their word. */
export class RecordMemo {
  /** At each place a word and its record; a record that is there is never 0 (its handler's number is not). */
  private readonly known = new Int32Array(WORDS << PLACES_SHIFT);
  private readonly i32: Int32Array;

  constructor(i32: Int32Array) {
    this.i32 = i32;
  }

  /** Make `record` that of `word`, if it is remembered. */
  recall(word: number, record: number): boolean {
    const { known, i32 } = this;
    const at = placeOf(word);
    if (known[at] !== word || known[at + 1] === 0) return false;
    const to = record >>> 2;
    for (let i = 0; i < RECORD_SIZE / 4; i++) i32[to + i] = known[at + 1 + i]!;
    return true;
  }

  remember(word: number, record: number): void {
    const { known, i32 } = this;
    const at = placeOf(word);
    const from = record >>> 2;
    known[at] = word;
    for (let i = 0; i < RECORD_SIZE / 4; i++) known[at + 1 + i] = i32[from + i]!;
  }
}

function placeOf(word: number): number {
  return WORDS * (Math.imul(word, 0x9e3779b1) >>> (32 - PLACES_SHIFT));
}
