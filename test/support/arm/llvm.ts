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

/** Instructions that llvm-mc knows all and has no doubts about, as texts; else null. */
function texts(set: InstructionSet, words: readonly Instruction[]): string[] | null {
  const triple = set === 'a32' ? 'armv7' : 'thumbv7';
  const args = ['--disassemble', `-triple=${triple}`, '-mcpu=cortex-a15', `-mattr=${ATTRIBUTES}`];
  const input = words.map((word) => bytesOf(set, word)).join('\n');
  const { error, status, stdout, stderr } = spawnSync('llvm-mc', args, { input, encoding: 'utf8' });
  if (error || status !== 0) throw error ?? new Error(`llvm-mc: ${stderr}`);
  if (stderr.includes('warning')) return null;
  const lines = stdout.split('\n').map((text) => text.replace(/@ .*$/, '').trim().replace(/\s+/g, ' '));
  return lines.filter((text) => text !== '' && !text.startsWith('.'));
}

/** Instructions that one run of llvm-mc is given. */
const BATCH = 64;

/**
 * What llvm-mc makes of each word, and null where it knows no instruction, or one that is UNPREDICTABLE. IT must not be among them. After a word that it
 * refuses it goes on one byte later, so what is refused is found by halving.
 */
export function llvmTexts(set: InstructionSet, words: readonly Instruction[]): (string | null)[] {
  const found: (string | null)[] = [];
  const add = (some: readonly Instruction[]): void => {
    const known = texts(set, some);
    if (known) found.push(...known);
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
  return (
    text
      .replace(/^(\S+?)\.w\b/, '$1')
      .replace(/^(?![su]bfx|bf[ic])(.*)#(\d+), #(\d+)$/, rotated)
      // Numbers are signed, of 32 bits; floating-point ones as JavaScript has them.
      .replace(/#(\d+)\b(?![.\w])/g, (_, digits: string) => `#${Number(digits) | 0}`)
      .replace(/#(-?\d\.\d+e[+-]\d+)/g, (_, digits: string) => `#${Number(digits)}`)
      // A subtracted 0 is not told from an added one in T32.
      .replace(/(, #-0)(\]|$)/, '$2')
      // ADD of SP in 16 bits has two operands.
      .replace(/^add(\w*) (\w+), sp, \2$/, 'add$1 $2, sp')
      // VEXT is of bytes.
      .replace(/^vext(\w*)\.(16|32|64) (.*)#(\d+)$/, (_, condition: string, bits: string, registers: string, n: string) => `vext${condition}.8 ${registers}#${(Number(n) * Number(bits)) / 8}`)
      // Barriers of no extra meaning have their number.
      .replace(/^p?ssbb$/, (name) => (name === 'ssbb' ? 'dsb #0x0' : 'dsb #0x4'))
      .replace(/\b[CAS]PSR(_\w+)?/gi, (register) => register.toLowerCase())
  );
}
