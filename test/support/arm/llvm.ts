// llvm-mc's ARM assembly in our words.
import { spawnSync } from 'node:child_process';
import type { InstructionSet } from './machine.ts';

const ATTRIBUTES = '+hwdiv,+hwdiv-arm,+virtualization,+neon,+vfp4,+mp,+trustzone,+fp16';

interface Instruction {
  readonly word: number;
  readonly bytes: number;
}

function bytesOf(set: InstructionSet, { word, bytes }: Instruction): string {
  const halves = bytes === 2 ? [word] : set === 't32' ? [word >>> 16, word & 0xffff] : [word & 0xffff, word >>> 16];
  const all = halves.flatMap((half) => [half & 0xff, half >>> 8]);
  return all.map((byte) => `0x${byte.toString(16)}`).join(' ');
}

/** What llvm-mc writes, and the lines of its input that it warns of. */
function run(set: InstructionSet, words: readonly Instruction[]): { texts: string[]; warned: ReadonlySet<number> } {
  const triple = set === 'a32' ? 'armv7' : 'thumbv7';
  const args = ['--disassemble', `-triple=${triple}`, '-mcpu=cortex-a15', `-mattr=${ATTRIBUTES}`];
  const input = words.map((word) => bytesOf(set, word)).join('\n');
  const { error, status, stdout, stderr } = spawnSync('llvm-mc', args, { input, encoding: 'utf8', maxBuffer: 1 << 28 });
  if (error || status !== 0) throw error ?? new Error(`llvm-mc: ${stderr}`);
  const lines = stdout.split('\n').map((text) => text.replace(/@ .*$/, '').trim().replace(/\s+/g, ' '));
  const warned = [...stderr.matchAll(/^<stdin>:(\d+):\d+: warning/gm)].map((match) => Number(match[1]) - 1);
  return { texts: lines.filter((text) => text !== '' && !text.startsWith('.')), warned: new Set(warned) };
}

/** Instructions that one run of llvm-mc is given. */
const BATCH = 64;

/** What llvm-mc makes of each word, and null where it knows no instruction, or one that is UNPREDICTABLE. IT must not be among them. */
export function llvmTexts(set: InstructionSet, words: readonly Instruction[]): (string | null)[] {
  if (set === 'a32') {
    const { warned } = run(set, words);
    const { texts } = run(
      set,
      words.filter((_, i) => !warned.has(i)),
    );
    return words.map((_, i) => (warned.has(i) ? null : texts.shift()!));
  }
  // After a T32 word that it refuses it goes on one byte later, so what is refused is found by halving.
  const found: (string | null)[] = [];
  const add = (some: readonly Instruction[]): void => {
    const { texts, warned } = run(set, some);
    if (warned.size === 0) found.push(...texts);
    else if (some.length === 1) found.push(null);
    else for (const half of [some.slice(0, some.length >> 1), some.slice(some.length >> 1)]) add(half);
  };
  for (let from = 0; from < words.length; from += BATCH) add(words.slice(from, from + BATCH));
  if (found.length !== words.length) throw new Error('llvm-mc answered another number of words');
  return found;
}

/** A modified immediate constant that is not written in its shortest form: value and rotation. */
function rotated(_: string, before: string, value: string, by: string): string {
  const [bits, n] = [Number(value), Number(by)];
  return `${before}#${n === 0 ? bits : (bits >>> n) | (bits << (32 - n))}`;
}

/** `text` as our disassembler writes it without a pc. Each line is one deliberate difference. */
export function fromLlvm(text: string): string {
  return comparable(
    text
      .replace(/^(?![su]bfx|bf[ic])(.*)#(\d+), #(\d+)$/, rotated)
      // Numbers are signed, of 32 bits; floating-point ones as JavaScript has them.
      .replace(/#(\d+)\b(?![.\w])/g, (_, digits: string) => `#${Number(digits) | 0}`)
      .replace(/#(-?\d\.\d+e[+-]\d+)/g, (_, digits: string) => `#${Number(digits)}`)
      // Of an odd count of words: the same as for the even one.
      .replace(/^f(ld|st)m(ia|db)x/, 'v$1m$2')
      // ADD of SP in 16 bits has two operands.
      .replace(/^add(\w*) (\w+), sp, \2$/, 'add$1 $2, sp')
      // VEXT is of bytes.
      .replace(
        /^vext(\w*)\.(16|32|64) (.*)#(\d+)$/,
        (_, condition: string, bits: string, registers: string, n: string) =>
          `vext${condition}.8 ${registers}#${(Number(n) * Number(bits)) / 8}`,
      )
      // Barriers of no extra meaning have their number.
      .replace(/^p?ssbb$/, (name) => (name === 'ssbb' ? 'dsb #0x0' : 'dsb #0x4'))
      .replace(/\b[CAS]PSR(_\w+)?/gi, (register) => register.toLowerCase()),
  );
}

/** What is no difference: `.w`, and the sign of a subtracted 0, which T32 rows do not tell. */
export function comparable(text: string): string {
  return text.replace(/^(\S+?)\.w\b/, '$1').replace(/, #-0(?=\]|$)/, '');
}
