// Usage: npx tsx scripts/fuzz-gdb.ts [--packets N] [--seed S] [--evidence FILE]
//        npx tsx scripts/fuzz-gdb.ts --only SEED
// A hostile gdb against the gdb stub, in process, with a guest that stops and goes on meanwhile: packets of every kind, right, wrong and broken, in pieces.
// What is promised is in test/support/debug/gdb-fuzz.ts. The first case that breaks a promise ends the run with exit code 1 and its seed.
//   --packets N      packets in all (default 1000000), some 50 in a case
//   --seed S         seed of the first case (default 1)
//   --only SEED      run one case
//   --evidence FILE  write the counts as a table, with command, machine and date
import { writeFileSync } from 'node:fs';
import { parseArgs } from 'node:util';
import { type FuzzCounts, fuzzCase } from '../test/support/debug/gdb-fuzz.ts';
import { circumstances, sourcesNow, wholeNumber } from './common.ts';

/** A case that takes longer hangs. */
const STUCK_MS = 30_000;
const SAY_EVERY = 100_000;

const shown = (count: number): string => count.toLocaleString('en-US');

/** Ends the process when the case does not come to its end by itself; what loops without a turn of the event loop is the caller's timeout's. */
async function watched(seed: number, run: Promise<void>): Promise<void> {
  const timer = setTimeout(() => fail(`seed ${seed}: runs for more than ${STUCK_MS / 1000} seconds`), STUCK_MS);
  await run;
  clearTimeout(timer);
}

function fail(message: string): never {
  console.error(message);
  process.exit(1);
}

function evidence(counts: FuzzCounts, command: string, sources: string, summary: string): string {
  const lines = [...counts].sort(([left], [right]) => left.localeCompare(right));
  return `# A hostile gdb

Packets of every kind, right, wrong and broken, against the gdb stub, while its guest stops and goes on (\`scripts/fuzz-gdb.ts\`): no throw, no
hang, only well-formed answers, an answer as soon as the guest stands, and nothing left behind by a gdb that has gone.

${circumstances(command, sources, summary).replace(', after `npm run build`', '')}

| what | times |
|---|---|
${lines.map(([name, times]) => `| ${name} | ${shown(times)} |`).join('\n')}
`;
}

async function main(): Promise<void> {
  const { values } = parseArgs({
    options: {
      packets: { type: 'string', default: '1000000' },
      seed: { type: 'string', default: '1' },
      only: { type: 'string' },
      evidence: { type: 'string' },
    },
  });
  const counts: FuzzCounts = new Map();
  if (values.only !== undefined) {
    await fuzzCase(wholeNumber(values.only, 'only'), counts, (sent) => console.log(`${sent} packets`));
    return;
  }
  const wanted = wholeNumber(values.packets, 'packets');
  const first = wholeNumber(values.seed, 'seed');
  const sources = values.evidence === undefined ? '' : sourcesNow();
  const began = performance.now();
  let packets = 0;
  let cases = 0;
  for (; packets < wanted; cases++) {
    const before = packets;
    await watched(
      first + cases,
      fuzzCase(first + cases, counts, (sent) => {
        packets += sent;
      }),
    );
    if (Math.floor(before / SAY_EVERY) !== Math.floor(packets / SAY_EVERY)) console.error(`${shown(packets)} packets`);
  }
  const seconds = ((performance.now() - began) / 1000).toFixed(0);
  const summary = `${shown(packets)} packets in ${shown(cases)} sessions, 0 failed, in ${seconds} s`;
  if (values.evidence !== undefined)
    writeFileSync(
      values.evidence,
      evidence(counts, `npx tsx scripts/fuzz-gdb.ts ${process.argv.slice(2).join(' ')}`.trim(), sources, summary),
    );
  console.log(summary);
}

main().catch((error: Error) => fail(error.message));
