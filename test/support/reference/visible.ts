// What two machines show, compared.
import { hex } from '../../../src/util/bits.ts';
import type { Visible } from './tested.ts';

const MOST = 20;

/** The differences between what is expected and what is there. */
export function differencesOf(expected: Visible, got: Visible): string[] {
  const found: string[] = [];
  const compare = (what: string, a: number, b: number): void => {
    if (a !== b && found.length < MOST) found.push(`${what}: expected ${hex(a)}, got ${hex(b)}`);
  };
  compare('instructions', expected.instructions, got.instructions);
  compare('now', expected.now, got.now);
  compare('pc', expected.pc, got.pc);
  for (const [name, bank] of Object.entries(expected.banks)) {
    if (bank.scratch) continue;
    const other = got.banks[name]!.offset >>> 2;
    const own = bank.offset >>> 2;
    const count = (bank.count * bank.size) >>> 2;
    for (let i = 0; i < count; i++)
      if (expected.words[own + i] !== got.words[other + i])
        compare(`${name}[${i}]`, expected.words[own + i]!, got.words[other + i]!);
  }
  return found;
}

/** The differences of memory that begins at guest-physical `base`. */
export function memoryDifferences(base: number, expected: Uint8Array, got: Uint8Array): string[] {
  if (Buffer.compare(expected, got) === 0) return [];
  const found: string[] = [];
  for (let i = 0; i < got.length && found.length < MOST; i++)
    if (got[i] !== expected[i])
      found.push(`RAM ${hex(base + i)}: expected ${hex(expected[i]!, 2)}, got ${hex(got[i]!, 2)}`);
  return found;
}

/** The differences of two MMIO logs. */
export function logDifferences(expected: readonly string[], got: readonly string[]): string[] {
  const found: string[] = [];
  for (let i = 0; i < Math.max(expected.length, got.length) && found.length < MOST; i++)
    if (expected[i] !== got[i]) found.push(`MMIO ${i}: expected ${expected[i]}, got ${got[i]}`);
  return found;
}
