// What lockstep found: where a region and the interpreter part.
import type { Bank, Banks } from '../../isa/register-file.ts';
import { STATE_BASE, WORD } from '../layout.ts';
import { registerName } from '../names.ts';

/** One register, engine word or word of memory that is not what it should be; values as unsigned words. */
export interface Difference {
  readonly what: string;
  readonly before: number;
  readonly region: number;
  readonly interpreter: number;
}

/** Engine words that both engines must leave alike. */
export const COMPARED_WORDS = ['RESERVATION', 'CURRENT_TABLES', 'USER_SEEN'] as const;

/** The words of the state block that differ between `region` and `interpreter`; all from address 0. */
export function differingRegisters(
  before: Int32Array,
  region: Int32Array,
  interpreter: Int32Array,
  banks: Banks,
): Difference[] {
  const found: Difference[] = [];
  const note = (what: string, word: number): void => {
    found.push({
      what,
      before: before[word]! >>> 0,
      region: region[word]! >>> 0,
      interpreter: interpreter[word]! >>> 0,
    });
  };
  for (const name of COMPARED_WORDS) {
    const word = WORD[name] >>> 2;
    if (region[word] !== interpreter[word]) note(name, word);
  }
  for (let word = STATE_BASE >>> 2; word < interpreter.length; word++)
    if (region[word] !== interpreter[word]) note(nameOfWord(word, banks), word);
  return found;
}

function nameOfWord(word: number, banks: Banks): string {
  const at = word * 4;
  const bank = Object.values(banks).find((candidate) => holds(candidate, at));
  if (!bank) return `word 0x${at.toString(16)} of the state block`;
  const index = Math.floor((at - bank.offset) / bank.size);
  const name = registerName(bank, index);
  if (bank.size === 4) return name;
  return `${name}, ${(at - bank.offset) % bank.size === 0 ? 'low' : 'high'} word`;
}

function holds({ offset, count, size }: Bank, at: number): boolean {
  return at >= offset && at < offset + count * size;
}

/** A table of differences: what, before, in the region, in the interpreter. */
export function printDifferences(differences: readonly Difference[]): string[] {
  const width = Math.max(0, ...differences.map(({ what }) => what.length));
  const value = (word: number): string => `0x${word.toString(16).padStart(8, '0')}`;
  return differences.map(
    ({ what, before, region, interpreter }) =>
      `${what.padEnd(width)}  region ${value(region)}  interpreter ${value(interpreter)}  before ${value(before)}`,
  );
}
