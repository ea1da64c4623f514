// Usage: npx tsx scripts/differential.ts [--count N] [--seed N] [--evidence FILE]
// Random guest programs (branches, delay slots, faults, TLB, MMIO, self-modification, interrupts) on the core and on the reference
// evaluator of test/support/reference, which share no code: both byte orders, short and long KVM_RUNs, observed and not. After every
// KVM_RUN all registers, RAM, MMIO accesses, time and counts must be equal. Last line `N passed, N failed`; exit code accordingly.
//   --count N        programs (default 1000); each is run four times, in both byte orders, plain and observed
//   --seed N         first seed (default 1)
//   --evidence FILE  write the result, with command, machine and date
import { execFileSync } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { cpus, release, type } from 'node:os';
import { parseArgs } from 'node:util';
import { Lockstep } from '../test/support/reference/compare.ts';
import { makeProgram } from '../test/support/reference/programs.ts';

const { values } = parseArgs({
  options: {
    count: { type: 'string', default: '1000' },
    seed: { type: 'string', default: '1' },
    evidence: { type: 'string' },
  },
});
const count = Number(values.count);
const first = Number(values.seed);
if (!Number.isInteger(count) || count < 1 || !Number.isInteger(first) || first < 0) {
  console.error('--count and --seed take whole numbers');
  process.exit(2);
}

let passed = 0;
let failed = 0;
let instructions = 0;
for (let seed = first; seed < first + count; seed++)
  for (const endianness of ['little', 'big'] as const)
    for (const observed of [false, true]) {
      const lockstep = new Lockstep(makeProgram(seed, endianness), observed);
      const long = seed % 2 === 0;
      const found = lockstep.run(long ? 8 : 30, long ? 200 : 12);
      instructions += lockstep.instructions;
      if (found.length === 0) passed++;
      else {
        failed++;
        console.log(`FAILED: observed ${observed}: ${found.slice(0, 12).join('\n  ')}`);
      }
    }

const summary = `${passed} passed, ${failed} failed`;
if (values.evidence !== undefined) {
  const commit = execFileSync('git', ['rev-parse', '--short', 'HEAD'], { encoding: 'utf8' }).trim();
  writeFileSync(
    values.evidence,
    `# The core against the reference evaluator

What \`scripts/differential.ts\` does, on ${count} random programs.

- Command: \`npx tsx scripts/differential.ts ${process.argv.slice(2).join(' ')}\`
- Date: ${new Date().toISOString().slice(0, 10)}
- Sources: ${commit}
- Machine: ${cpus()[0]?.model.trim() ?? 'unknown CPU'}, ${cpus().length} CPUs; ${type()} ${release()}, Node ${process.version}
- Result: ${summary} (runs), ${instructions.toLocaleString('en')} instructions
`,
  );
}
console.log(summary);
process.exitCode = failed === 0 ? 0 : 1;
