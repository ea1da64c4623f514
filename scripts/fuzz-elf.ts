// Usage: npx tsx scripts/fuzz-elf.ts [--count N] [--seed S]
// Load N mutated ELF files (default 20000, seed 1). Every one must load or be refused with a TsvmError, within a second and
// without holding memory; the first that does not ends the run with exit code 1 and its number, and leaves the file beside it.
import { writeFileSync } from 'node:fs';
import { parseArgs } from 'node:util';
import { judge, mutate, seedElfs } from '../test/support/boot/mutate-elf.ts';
import { Random } from '../test/support/boot/random.ts';

const MAX_CASE_MS = 1000;
const MAX_GROWTH = 256 << 20;

const { values } = parseArgs({
  options: { count: { type: 'string', default: '20000' }, seed: { type: 'string', default: '1' } },
});
const count = Number(values.count);
const seed = Number(values.seed);
if (!Number.isSafeInteger(count) || count < 1 || !Number.isSafeInteger(seed)) {
  console.error('usage: fuzz-elf.ts [--count N] [--seed S]');
  process.exit(2);
}

const seeds = seedElfs();
const random = new Random(seed);
const results = new Map<string, number>();
const began = performance.now();
const residentBefore = process.memoryUsage().rss;
let slowest = 0;
for (let i = 0; i < count; i++) {
  const file = mutate(seeds, random);
  const start = performance.now();
  try {
    const result = await judge(file);
    results.set(result, (results.get(result) ?? 0) + 1);
    const took = performance.now() - start;
    if (took > MAX_CASE_MS) throw new Error(`took ${took.toFixed(0)} ms`);
    slowest = Math.max(slowest, took);
  } catch (error) {
    const name = `fuzz-elf-${seed}-${i}.elf`;
    writeFileSync(name, file);
    console.error(`case ${i} of seed ${seed} (kept as ${name}):`, error);
    process.exit(1);
  }
}
const growth = process.memoryUsage().rss - residentBefore;

console.log(`seed ${seed}, ${count} files from ${seeds.length} well-formed ones`);
for (const [code, times] of [...results].sort((left, right) => right[1] - left[1]))
  console.log(`${code.padEnd(18)} ${String(times).padStart(7)}`);
console.log(
  `${((performance.now() - began) / 1000).toFixed(1)} s, slowest file ${slowest.toFixed(0)} ms, memory +${(growth / 2 ** 20).toFixed(0)} MiB`,
);
if (growth > MAX_GROWTH) {
  console.error(`memory grew by more than ${MAX_GROWTH >> 20} MiB`);
  process.exit(1);
}
