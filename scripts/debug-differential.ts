// Usage: npx tsx scripts/debug-differential.ts [--programs N] [--seed N]
// Random guest programs (MIPS of both byte orders, trap-and-emulate and VZ; ARM, A32 and T32, SVC and Hyp) run plainly, and under a debugger that
// stops, steps, watches and looks at random, interpreted and as regions compiled as early as possible (test/support/debug/differential.ts): state, RAM,
// MMIO, time and counts must be equal, and breakpoints and watchpoints must stop exactly where the guest came to them. Last line `N passed, N failed`;
// exit code accordingly.
//   --programs N     programs of each kind of guest (default 2000)
//   --seed N         first seed (default 1)
import { parseArgs } from 'node:util';
import { type DebuggedGuest, DebugStand } from '../test/support/debug/differential.ts';
import { wholeNumber } from './common.ts';

const MOST_FAILURES = 10;
/** Programs that share machines. */
const CHUNK = 500;
const LINES = 12;

const { values } = parseArgs({
  options: { programs: { type: 'string', default: '2000' }, seed: { type: 'string', default: '1' } },
});
const programs = wholeNumber(values.programs, 'programs');
const first = wholeNumber(values.seed, 'seed');

const total = { passed: 0, failed: 0, instructions: 0, stops: 0 };
for (const guest of ['mips-little', 'mips-big', 'arm'] satisfies DebuggedGuest[]) {
  let stand = new DebugStand(guest);
  for (let seed = first; seed < first + programs && total.failed < MOST_FAILURES; seed++) {
    if (seed % CHUNK === 0) stand = new DebugStand(guest);
    const { differences, instructions, stops } = stand.run(seed);
    total.instructions += instructions;
    total.stops += stops;
    if (differences.length === 0) {
      total.passed++;
      continue;
    }
    total.failed++;
    console.log(`FAILED: ${guest} seed ${seed}: ${differences.slice(0, LINES).join('\n  ')}`);
    stand = new DebugStand(guest); // machines that have failed are of no more use
  }
}
const count = (value: number): string => value.toLocaleString('en');
console.log(
  `seeds ${first} to ${first + programs - 1}; ${count(total.instructions)} instructions, ${count(total.stops)} stops`,
);
console.log(`${total.passed} passed, ${total.failed} failed`);
process.exitCode = total.failed === 0 ? 0 : 1;
