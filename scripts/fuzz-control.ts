// Usage: npx tsx scripts/fuzz-control.ts [--lines N] [--seed S[,S...]] [--evidence FILE]
// Hostile lines for the control socket of a run (src/api/control), in process and without a VM: random bytes, requests that are nearly right, cut
// anywhere, by clients that do not read and that leave at any time. What is promised is in test/unit/api/control/fuzz.ts. The first client that breaks
// a promise ends the run with exit code 1, its seed and its number.
//   --lines N        lines of each seed (default 100000)
//   --seed S         seeds (default 1)
//   --evidence FILE  write the result there, with command, machine and date; sections (##) that FILE has already stay
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { parseArgs } from 'node:util';
import { type FuzzCounts, fuzzControl } from '../test/unit/api/control/fuzz.ts';
import { circumstances, sourcesNow, wholeNumber } from './common.ts';

const shown = (count: number): string => count.toLocaleString('en-US');

async function main(): Promise<void> {
  const { values } = parseArgs({
    options: {
      lines: { type: 'string', default: '100000' },
      seed: { type: 'string', default: '1' },
      evidence: { type: 'string' },
    },
  });
  const lines = wholeNumber(values.lines, 'lines');
  const seeds = values.seed.split(',').map((seed) => wholeNumber(seed, 'seed'));
  const sources = values.evidence === undefined ? '' : sourcesNow();
  const began = performance.now();
  const all: FuzzCounts = { lines: 0, requests: 0, refused: 0, clients: 0 };
  for (const seed of seeds) {
    const counts = await fuzzControl(seed, lines);
    for (const key of Object.keys(all) as (keyof FuzzCounts)[]) all[key] += counts[key];
  }
  const seconds = ((performance.now() - began) / 1000).toFixed(0);
  const summary = `${shown(all.lines)} lines by ${shown(all.clients)} clients, 0 failed, in ${seconds} s; ${shown(all.requests)} were answered, ${shown(all.refused)} refused with the reason`;
  console.log(summary);
  if (values.evidence === undefined) return;
  const command = `npx tsx scripts/fuzz-control.ts ${process.argv.slice(2).join(' ')}`;
  const before = existsSync(values.evidence) ? readFileSync(values.evidence, 'utf8') : '';
  const sections = /^## .*/ms.exec(before)?.[0] ?? '';
  const text = `# Hostile lines on the control socket

Random and nearly right lines, cut anywhere, by clients that do not read or leave at any time (\`scripts/fuzz-control.ts\`): no throw, one answer to each
line, nothing done to the VM but what a whole request has asked for, and nobody left behind.

${circumstances(command, sources, summary)}
`;
  writeFileSync(values.evidence, `${text}${sections && `\n${sections}`}`);
}

main().catch((error: unknown) => {
  console.error(error instanceof Error ? error.message : String(error));
  process.exit(1);
});
