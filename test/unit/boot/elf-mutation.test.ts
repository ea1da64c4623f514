import { expect, it } from 'vitest';
import { judge, mutate, seedElfs } from '../../support/boot/mutate-elf.ts';
import { Random } from '../../support/boot/random.ts';

// A fixed slice of scripts/fuzz-elf.ts; docs/evidence/elf-mutation.md has the full run.
it('the well-formed files load', async () => {
  for (const seed of seedElfs()) expect(await judge(seed.bytes)).toBe('loaded');
});

it('500 mutated ELF files load or are refused by name', async () => {
  const seeds = seedElfs();
  const random = new Random(20);
  const results = new Set<string>();
  for (let i = 0; i < 500; i++) results.add(await judge(mutate(seeds, random)));
  expect([...results].sort()).toEqual([
    'image-bad-header',
    'image-outside-ram',
    'image-overlap',
    'image-too-large',
    'image-truncated',
    'loaded',
    'not-runnable',
    'symbols-bad',
  ]);
});
