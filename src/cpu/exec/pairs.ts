// Instruction pairs: two consecutive instructions that the interpreter executes by one dispatch. A pair is a handler of its own. The record of
// its first instruction has the pair's number and the first one's operands; the second record is what it is without the pair, so that a jump to
// it, or a pair that ends after its first instruction, goes on there.
//
// Whoever changes a record's handler, other than to forget or make a whole line, splits the pair that the record before may be.
import type { Handler } from './handlers.ts';
import { HANDLER, RECORD_SIZE } from './layout.ts';

export interface Pair {
  readonly number: number;
  readonly first: Handler;
  readonly second: Handler;
}

/** The pairs of these mnemonics, one for each way that both are executed; branches within their page only. They are numbered from `number` on. */
export function makePairs(
  mnemonics: readonly (readonly [first: string, second: string])[],
  hot: readonly Handler[],
  number: number,
): readonly Pair[] {
  const named = (mnemonic: string): readonly Handler[] => {
    const found = hot.filter(({ row, reach }) => row.mnemonic === mnemonic && reach === 'near');
    if (found.length === 0) throw new Error(`a pair with ${mnemonic}, which is no hot row`);
    return found;
  };
  return mnemonics
    .flatMap(([first, second]) => named(first).flatMap((a) => named(second).map((b) => ({ first: a, second: b }))))
    .map(({ first, second }, index) => {
      // What follows the first must be the next record, at once.
      if (first.slot !== null && first.slot !== 'delayed') throw new Error(`${first.row.mnemonic} cannot begin a pair`);
      return { number: number + index, first, second };
    });
}

/** Pairs among the predecoded records of one VM. */
export class RecordPairs {
  private readonly records: Uint16Array;
  /** Number of the first pair; by pair, the number of its first instruction's own handler. */
  private readonly base: number;
  private readonly firsts: readonly number[];
  /** Handlers from this number on are in no pair. By both handlers (`first * limit + second`): the pair's number, or 0. */
  private readonly limit: number;
  private readonly numbers: Uint16Array;

  constructor(pairs: readonly Pair[], buffer: ArrayBufferLike) {
    this.records = new Uint16Array(buffer);
    this.base = pairs[0]?.number ?? 0;
    this.firsts = pairs.map(({ first }) => first.number);
    this.limit =
      1 + Math.max(HANDLER.FIRST_ROW, ...pairs.flatMap(({ first, second }) => [first.number, second.number]));
    this.numbers = new Uint16Array(this.limit ** 2);
    for (const { number, first, second } of pairs) this.numbers[first.number * this.limit + second.number] = number;
  }

  /** Make a pair of the instruction at `record` and the next one of the same line, if there is one of them. */
  join(record: number): void {
    if (this.firsts.length === 0) return;
    const first = this.own(record);
    const second = this.own(record + RECORD_SIZE);
    if (first >= this.limit || second >= this.limit) return;
    const pair = this.numbers[first * this.limit + second]!;
    if (pair !== 0) this.records[record >>> 1] = pair;
  }

  /** The handler of `record` is about to be another one, or just was: the record before it stands for itself alone. */
  split(record: number): void {
    if (this.firsts.length === 0) return;
    const before = record - RECORD_SIZE;
    this.records[before >>> 1] = this.own(before);
  }

  /** Number of the handler that executes the instruction at `record` alone. */
  own(record: number): number {
    const handler = this.records[record >>> 1]!;
    return this.firsts[handler - this.base] ?? handler;
  }
}
