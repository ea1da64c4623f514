// Usage: npx tsx scripts/check-verdicts.ts [--evidence]
// Every guest of guests/verdicts to its verdict and exit code, and how long after the state was reached the verdict of each hang came: host
// milliseconds, the median of five, which must be under 100. Last line: N passed, N failed. --evidence writes docs/evidence/verdicts.md.
import { execFileSync } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { scriptVm, startVm } from '../src/api/index.ts';
import { startOptions, type VerdictRun, verdictRuns } from '../test/boot/verdicts-list.ts';

const ROOT = resolve(import.meta.dirname, '..');
const ROUNDS = 5;
/** What a hang's verdict may take. */
const MOST_MS = 100;

interface Row {
  readonly name: string;
  readonly verdict: string;
  /** Wall milliseconds from the state to the verdict; null: not measured. */
  readonly ms: number | null;
  readonly ok: boolean;
}

const runs = verdictRuns();
const rows: Row[] = [];
for (const run of runs) rows.push(await check(run));

async function check(run: VerdictRun): Promise<Row> {
  const vm = await startVm(startOptions(run));
  const { kind, exitCode, summary } = await vm.wait();
  const right = kind === run.kind && exitCode === run.exit && summary === run.summary;
  const hangs = run.kind === 'hang' && run.prints?.includes('at the end\n');
  const ms = hangs ? await msToVerdict(run) : null;
  return { name: run.name, verdict: `${kind}, exit ${exitCode}`, ms, ok: right && (ms === null || ms < MOST_MS) };
}

async function msToVerdict(run: VerdictRun): Promise<number> {
  const times: number[] = [];
  for (let round = 0; round < ROUNDS; round++) {
    const m = await scriptVm(startOptions(run));
    await m.waitFor('at the end\n');
    const began = performance.now();
    await m.end();
    times.push(performance.now() - began);
  }
  return times.sort((a, b) => a - b)[ROUNDS >> 1]!;
}

const failed = rows.filter(({ ok }) => !ok);
for (const { name, verdict, ms } of failed) console.log(`FAILED ${name}: ${verdict}${ms === null ? '' : `, ${ms} ms`}`);
const slowest = Math.max(...rows.map(({ ms }) => ms ?? 0));
const measured = rows.filter(({ ms }) => ms !== null);
console.log(
  `${measured.length} hangs: the slowest verdict came ${slowest.toFixed(1)} ms after the state (medians of ${ROUNDS})`,
);

if (process.argv.includes('--evidence')) {
  const commit = execFileSync('git', ['rev-parse', '--short', 'HEAD'], { cwd: ROOT, encoding: 'utf8' }).trim();
  const shown = (ms: number | null): string => (ms === null ? '' : ms.toFixed(1));
  const table = rows.map(
    ({ name, verdict, ms, ok }) => `| ${name} | ${verdict} | ${shown(ms)} | ${ok ? 'right' : 'WRONG'} |`,
  );
  writeFileSync(
    join(ROOT, 'docs/evidence/verdicts.md'),
    `# Verdicts of guests/verdicts

\`npx tsx scripts/check-verdicts.ts --evidence\`, commit ${commit}, Node ${process.versions.node}. What is right is in guests/verdicts/expected.json: kind, exit code and
summary of each. For a hang: host milliseconds from the guest's last line, after which it does nothing but come to the hang, to the verdict, the median of ${ROUNDS}; 100 are allowed.

${rows.length - failed.length} of ${rows.length} right; the slowest verdict of ${measured.length} hangs came after ${slowest.toFixed(1)} ms.

| guest and options | verdict | ms | |
|---|---|---:|---|
${table.join('\n')}
`,
  );
}
console.log(`${rows.length - failed.length} passed, ${failed.length} failed`);
process.exitCode = failed.length === 0 ? 0 : 1;
