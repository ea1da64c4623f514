// What derives from the rows: decoding, text and back, steering. llvm-mc is the oracle of the text, through its recorded answers.
import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { mipsSyntax } from '../../src/arch/mips/debug.ts';
import { mips32 } from '../../src/arch/mips/index.ts';
import { expandRows } from '../../src/cpu/exec/handlers.ts';
import { Assembler } from '../../src/cpu/isa/assembler.ts';
import { Decoder, moreSpecific, overlap } from '../../src/cpu/isa/decoder.ts';
import { Disassembler } from '../../src/cpu/isa/disassembler.ts';
import { insnFor, type Row } from '../../src/cpu/isa/insn.ts';
import { layOutBanks } from '../../src/cpu/isa/register-file.ts';
import { hex } from '../../src/util/bits.ts';
import { fromLlvm } from '../support/disassembly/llvm.ts';
import { FIXTURE, parseRecorded, WITHOUT_ORACLE, wordsOf } from '../support/disassembly/words.ts';
import { Random } from '../support/oracle/random.ts';

const WORDS_PER_ROW = 8;
const PC = 0x40101ffc;

describe.each(['little', 'big'] as const)('the MIPS rows, %s endian', (endianness) => {
  const architecture = mips32(endianness);
  const { rows } = architecture;
  const decoder = new Decoder(rows);
  const disassembler = new Disassembler(rows, mipsSyntax);
  const assembler = new Assembler(rows, mipsSyntax);

  const forEachWord = (visit: (row: Row, word: number) => void): void => {
    const random = new Random(11, 0);
    for (const row of rows) for (const word of wordsOf(row, WORDS_PER_ROW, random)) visit(row, word);
  };

  it('decode to themselves, or to a row that is more specific', () => {
    const wrong: string[] = [];
    forEachWord((row, word) => {
      const found = decoder.decode(word);
      if (found !== row && !(found && moreSpecific(found, row))) wrong.push(`${row.mnemonic}: ${hex(word)}`);
    });
    expect(wrong).toEqual([]);
  });

  it('never overlap with equal rank', () => {
    const pairs = rows.flatMap((a, i) => rows.slice(i + 1).map((b) => [a, b] as const));
    const wrong = pairs.filter(([a, b]) => overlap(a, b) && !moreSpecific(a, b) && !moreSpecific(b, a));
    expect(wrong.map(([a, b]) => `${a.patternText} / ${b.patternText}`)).toEqual([]);
  });

  it.each([undefined, PC])('go from word to text and back to the same word (pc %s)', (pc) => {
    const wrong: string[] = [];
    const lossy = new Set<string>();
    forEachWord((row, word) => {
      const text = disassembler.disassemble(word, pc);
      const back = assembler.assemble(text, pc);
      if (back === word) return;
      // CLZ and CLO name their destination twice in the word, once in the text: the manual wants both equal.
      lossy.add(row.mnemonic);
      if (disassembler.disassemble(back, pc) !== text) wrong.push(`${hex(word)}: ${text} -> ${hex(back)}`);
    });
    expect(wrong).toEqual([]);
    expect([...lossy]).toEqual(['clz', 'clo']);
  });

  it('expand to one handler per value of their steering fields', () => {
    const { banks } = layOutBanks(architecture.banks, 0);
    const { handlers, find } = expandRows(architecture, banks);
    for (const row of rows) expect(handlers).toContain(find(row, {}));

    const insn = insnFor<object>();
    const steered = insn('steered', '000000 a:2! b:1! r:23', '{r}', () => {});
    const plain = insn('plain', '000001 r:26', '{r}', () => {});
    const table = expandRows({ ...architecture, rows: [steered, plain], pairs: [] }, banks);
    expect(table.handlers.map(({ row }) => row.mnemonic)).toEqual([...new Array(8).fill('steered'), 'plain']);
    expect(table.find(steered, { a: 2, b: 1, r: 5 }).steering).toEqual({ a: 2, b: 1 });
  });
});

describe('the disassembler against llvm-mc', () => {
  const { rows } = mips32('little');
  const decoder = new Decoder(rows);
  const disassembler = new Disassembler(rows, mipsSyntax);
  const recorded = parseRecorded(readFileSync(FIXTURE, 'utf8'));

  it('writes every word as llvm-mc does', () => {
    const wrong = recorded.flatMap(({ word, text }) => {
      const ours = disassembler.disassemble(word);
      const theirs = text === null ? ours : fromLlvm(text, word);
      return ours === theirs ? [] : [`${hex(word)}: ${ours}, llvm-mc: ${text}`];
    });
    expect(wrong).toEqual([]);
  });

  it('is judged on every row that llvm-mc knows', () => {
    const judged = new Set(recorded.filter(({ text }) => text !== null).map(({ word }) => decoder.decode(word)));
    const unjudged = rows.filter((row) => !judged.has(row) && !WITHOUT_ORACLE.has(row.mnemonic));
    expect(unjudged.map(({ mnemonic }) => mnemonic)).toEqual([
      'prefx',
      'rdpgpr',
      'wrpgpr',
      'rdhwr',
      'rdhwr',
      'rdhwr',
      'rdhwr',
    ]);
  });
});
