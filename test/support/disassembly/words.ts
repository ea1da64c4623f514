// Random instruction words of a row, and the recorded answers of llvm-mc to some: test/isa/fixtures/disassembly.txt, one word and its text
// per line ('-' where llvm-mc knows no instruction), written by scripts/oracle-disassembler.ts.
import type { Row } from '../../../src/cpu/isa/insn.ts';
import type { Random } from '../oracle/random.ts';

/** Field positions. */
const RT = 16;
const RD = 11;
const SA = 6;

export const FIXTURE = 'test/isa/fixtures/disassembly.txt';

/**
 * Rows whose text llvm-mc cannot judge: what no other row of coprocessors 0 and 1 takes, and instructions of coprocessors that are not there, which have no operands of their own here.
 */
export const WITHOUT_ORACLE: ReadonlySet<string> = new Set([
  ...['cop0', 'c0', 'cop1', 'cop1x', 'cop2'],
  ...['lwc2', 'ldc2', 'swc2', 'sdc2'],
]);

/** `count` words of a row: all fields 0, all fields 1s, then random ones. */
export function wordsOf(row: Row, count: number, random: Random): number[] {
  const { mask, match } = row.pattern;
  return Array.from({ length: count }, (_, i) => {
    const fields = i === 0 ? 0 : i === 1 ? 0xffffffff : random.word();
    return (match | (fields & ~mask)) >>> 0;
  });
}

/** A word near this one whose operands the manual defines: CLZ and CLO name rd twice, INS wants msb >= lsb. */
export function definedWord(row: Row, word: number): number {
  const field = (lsb: number): number => (word >>> lsb) & 31;
  if (row.mnemonic === 'clz' || row.mnemonic === 'clo') return ((word & ~(31 << RT)) | (field(RD) << RT)) >>> 0;
  if (row.mnemonic !== 'ins' || field(RD) >= field(SA)) return word;
  const kept = word & ~((31 << RD) | (31 << SA));
  return (kept | (field(SA) << RD) | (field(RD) << SA)) >>> 0;
}

export interface RecordedText {
  readonly word: number;
  /** llvm-mc's text, or null. */
  readonly text: string | null;
}

export function formatRecorded({ word, text }: RecordedText): string {
  return `${word.toString(16).padStart(8, '0')} ${text ?? '-'}`;
}

/** Lines of the fixture; those with `#` are comments. */
export function parseRecorded(file: string): RecordedText[] {
  return file
    .split('\n')
    .filter((line) => line !== '' && !line.startsWith('#'))
    .map((line) => {
      const text = line.slice(9);
      return { word: Number.parseInt(line.slice(0, 8), 16), text: text === '-' ? null : text };
    });
}
