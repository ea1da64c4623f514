// Records what llvm-mc makes of random words of every MIPS row: test/isa/fixtures/disassembly.txt, against which test/isa/rows.test.ts holds
// our disassembler without needing llvm.
//
// usage: npx tsx scripts/oracle-disassembler.ts    (needs Debian's llvm; any change of the rows' patterns wants a new run)
import { spawnSync } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { mips32 } from '../src/arch/mips/index.ts';
import {
  definedWord,
  FIXTURE,
  formatRecorded,
  type RecordedText,
  WITHOUT_ORACLE,
  wordsOf,
} from '../test/support/disassembly/words.ts';
import { Random } from '../test/support/oracle/random.ts';

const COMMAND = ['llvm-mc', '--disassemble', '-triple=mipsel', '-mcpu=mips32r5', '-mattr=+virt,+fp64'] as const;
const WORDS_PER_ROW = 10;
const SEED = 1;

function run(args: readonly string[], input: string): { stdout: string; stderr: string } {
  const { error, status, stdout, stderr } = spawnSync(COMMAND[0], args, { input, encoding: 'utf8' });
  if (error || status !== 0) {
    console.error(`oracle-disassembler: ${COMMAND[0]} failed: ${error?.message ?? stderr}`);
    process.exit(2);
  }
  return { stdout, stderr };
}

function disassemble(words: readonly number[]): RecordedText[] {
  const bytes = (word: number): string =>
    [0, 8, 16, 24].map((shift) => `0x${((word >>> shift) & 0xff).toString(16)}`).join(' ');
  const { stdout, stderr } = run(COMMAND.slice(1), words.map(bytes).join('\n'));
  const invalid = new Set([...stderr.matchAll(/^<stdin>:(\d+):/gm)].map((match) => Number(match[1]) - 1));
  const texts = stdout
    .split('\n')
    .map((line) => line.trim().replace(/\s+/g, ' '))
    .filter((line) => line !== '' && !line.startsWith('.'));
  if (texts.length + invalid.size !== words.length) throw new Error('llvm-mc answered another number of words');
  return words.map((word, i) => ({ word, text: invalid.has(i) ? null : texts.shift()! }));
}

const random = new Random(SEED, 0);
const rows = mips32('little').rows.filter(({ mnemonic }) => !WITHOUT_ORACLE.has(mnemonic));
const words = rows.flatMap((row) => wordsOf(row, WORDS_PER_ROW, random).map((word) => definedWord(row, word)));
const version = /LLVM version \S+/.exec(run(['--version'], '').stdout)?.[0] ?? 'an unknown version';
const lines = [`# ${COMMAND.join(' ')}, ${version}; renew with npx tsx scripts/oracle-disassembler.ts`];
lines.push(...disassemble(words).map(formatRecorded));
writeFileSync(FIXTURE, `${lines.join('\n')}\n`);
console.log(`${FIXTURE}: ${words.length} words of ${rows.length} rows`);
