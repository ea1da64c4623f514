// What two machines show, compared.
import { hex } from '../../../src/util/bits.ts';
import type { Visible } from './tested.ts';

const MOST = 20;

/** A bank that is guest state: its first word in both, and how many. */
interface ShownBank {
  readonly name: string;
  readonly own: number;
  readonly other: number;
  readonly count: number;
}

/** By the banks of both sides: asked for after every enter. */
const shown = new WeakMap<Visible['banks'], WeakMap<Visible['banks'], readonly ShownBank[]>>();

function shownBanks(expected: Visible, got: Visible): readonly ShownBank[] {
  const known = shown.get(expected.banks)?.get(got.banks);
  if (known) return known;
  const list = Object.entries(expected.banks)
    .filter(([, bank]) => !bank.scratch)
    .map(([name, { offset, count, size }]) => ({
      name,
      own: offset >>> 2,
      other: got.banks[name]!.offset >>> 2,
      count: (count * size) >>> 2,
    }));
  const byOther = shown.get(expected.banks) ?? new WeakMap<Visible['banks'], readonly ShownBank[]>();
  shown.set(expected.banks, byOther.set(got.banks, list));
  return list;
}

/** The differences between what is expected and what is there. */
export function differencesOf(expected: Visible, got: Visible): string[] {
  const found: string[] = [];
  const compare = (what: string, a: number, b: number): void => {
    if (a !== b && found.length < MOST) found.push(`${what}: expected ${hex(a)}, got ${hex(b)}`);
  };
  compare('instructions', expected.instructions, got.instructions);
  compare('now', expected.now, got.now);
  compare('pc', expected.pc, got.pc);
  const [words, others] = [expected.words, got.words];
  for (const { name, own, other, count } of shownBanks(expected, got))
    for (let i = 0; i < count; i++)
      if (words[own + i] !== others[other + i]) compare(`${name}[${i}]`, words[own + i]!, others[other + i]!);
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
