// Random words of the ARM rows and what llvm-mc makes of them: recorded in test/isa/fixtures/arm-disassembly.br by scripts/arm-oracle.ts --record, one
// word and its text per line ('-' where llvm-mc knows no instruction).
import { readFileSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { brotliCompressSync, brotliDecompressSync } from 'node:zlib';
import { llvmTexts } from './llvm.ts';
import { type InstructionSet, instructionsOf } from './machine.ts';
import { makeCode, SUITES } from './words.ts';

const FIXTURE = fileURLToPath(new URL('../../isa/fixtures/arm-disassembly.br', import.meta.url));
const SEED = 77;
/** Records of each suite whose instructions are taken. */
const RECORDS = 2500;
/** IT changes what llvm-mc writes of the instructions after it. */
const IT = 0xbf;

interface Recorded {
  readonly set: InstructionSet;
  readonly word: number;
  readonly bytes: 2 | 4;
  /** llvm-mc's text, or null. */
  readonly text: string | null;
}

/** Renew the fixture; returns what was written, in a line. */
export function recordDisassembly(): string {
  const lines = (['a32', 't32'] as const).flatMap((set) => {
    const words = new Map<string, { word: number; bytes: 2 | 4 }>();
    for (const suite of SUITES)
      for (let index = 0; index < RECORDS; index++) {
        const code = makeCode(suite, SEED, index);
        if (code.set !== set) continue;
        for (const found of instructionsOf(code))
          if (found.bytes === 4 || found.word >>> 8 !== IT)
            words.set(found.word.toString(16).padStart(2 * found.bytes, '0'), found);
      }
    const texts = llvmTexts(set, [...words.values()]);
    return [...words.keys()].map((digits, i) => `${set} ${digits} ${texts[i] ?? '-'}`);
  });
  const bytes = brotliCompressSync(Buffer.from(`${lines.join('\n')}\n`));
  writeFileSync(FIXTURE, bytes);
  return `${FIXTURE}: ${lines.length} words, ${bytes.length} bytes`;
}

export function readDisassembly(): Recorded[] {
  const lines = brotliDecompressSync(readFileSync(FIXTURE)).toString().trimEnd().split('\n');
  return lines.map((line) => {
    const [set, digits = ''] = line.split(' ');
    const text = line.slice(digits.length + 5);
    return {
      set: set as InstructionSet,
      word: Number.parseInt(digits, 16),
      bytes: digits.length === 4 ? 2 : 4,
      text: text === '-' ? null : text,
    };
  });
}
