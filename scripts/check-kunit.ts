// Usage: npx tsx scripts/check-kunit.ts [--every N] [--evidence FILE] [--fixtures FOLDER]
// Boot Linux 6.1 and 5.10 with KUnit (scripts/linux-kunit-mipsel.sh builds them, minutes once) and hold what tsvm's KTAP parser finds on
// their consoles to what the kernel's own parser finds: as they are, and damaged in one place at every Nth line (default 1).
// --evidence writes docs/evidence; --fixtures records the samples of test/unit/regress/fixtures (npm run format then). Exit code 1 when
// something differs that may not, 2 when a kernel is missing.
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import {
  bootKunit,
  type KunitBoot,
  type KunitKernel,
  kernelFindings,
  kernelSamples,
  kunitBoots,
  kunitKernel,
} from '../test/support/linux/kunit.ts';
import { difference, failing, ourFindings, shortly } from '../test/support/linux/kunit-findings.ts';
import {
  disagreement,
  MUTATIONS,
  type MutationKind,
  mutations,
  REASONS,
} from '../test/support/linux/kunit-mutations.ts';
import { circumstances, sourcesNow, wholeNumber } from './common.ts';

interface Row {
  readonly boot: KunitBoot;
  readonly console: string;
  readonly cells: readonly string[];
  readonly problems: readonly string[];
}

type Tally = Record<'equal' | keyof typeof REASONS | 'unexplained', number>;

async function check(boot: KunitBoot, kernel: KunitKernel, newest: KunitKernel): Promise<Row> {
  const { verdict, console } = await bootKunit(kernel, boot);
  const ours = ourFindings(console);
  const problems: string[] = [];
  if (verdict.exitCode !== boot.exitCode) problems.push(`exit ${verdict.exitCode} (${verdict.summary})`);
  if (failing(ours).join() !== boot.failing.join()) problems.push(`failing: ${failing(ours).join(', ')}`);
  // Linux 5.10's parser does not count what is missing from a console that breaks off.
  for (const judge of ours.crashed > 0 ? [newest] : new Set([kernel, newest])) {
    const differs = difference(ours, kernelFindings(judge, [console])[0]!);
    if (differs !== null) problems.push(`the parser of ${judge.version}: ${differs}`);
  }
  const { guestTimeNs, instructions, wallMs } = verdict;
  const size = `${(guestTimeNs / 1e9).toFixed(1)} s, ${(instructions / 1e6).toFixed(0)} M instructions, ${(wallMs / 1000).toFixed(1)} s`;
  const cells = [
    boot.name,
    boot.params === '' ? '' : `\`${boot.params}\``,
    String(verdict.exitCode),
    shortly(ours),
    size,
  ];
  return { boot, console, cells: [...cells, problems.length === 0 ? 'equal' : problems.join('; ')], problems };
}

/** Every damage to these consoles, judged by the parser of `kernel`. */
function checkDamaged(consoles: readonly string[], every: number, kernel: KunitKernel) {
  const tallies = new Map<MutationKind, Tally>();
  const problems: string[] = [];
  for (const console of consoles) {
    const undamaged = ourFindings(console);
    const damaged = mutations(console, every);
    const all = kernelFindings(
      kernel,
      damaged.map((mutation) => mutation.console),
    );
    for (const [n, mutation] of damaged.entries()) {
      const ours = ourFindings(mutation.console);
      const reason = disagreement(mutation, { undamaged, ours, kernels: all[n]! });
      const tally = tallies.get(mutation.kind) ?? { equal: 0, 'place kept': 0, 'result damaged': 0, unexplained: 0 };
      tallies.set(mutation.kind, tally);
      if (reason === null || typeof reason === 'string') tally[reason ?? 'equal']++;
      else {
        tally.unexplained++;
        problems.push(reason.unexplained);
      }
    }
  }
  return { tallies, problems };
}

const row = (cells: readonly (string | number)[]): string => `| ${cells.join(' | ')} |`;

function evidence(
  rows: readonly Row[],
  samples: string,
  { tallies }: ReturnType<typeof checkDamaged>,
  facts: string,
): string {
  const kinds = [...tallies].map(([kind, tally]) => row([MUTATIONS[kind], ...Object.values(tally)]));
  const reasons = Object.entries(REASONS).map(([reason, text]) => `- *${reason}*: ${text}`);
  return `# KUnit of real kernels

Linux 6.1 (a plain Malta kernel) and 5.10 (trap-and-emulate) with CONFIG_KUNIT, built by \`scripts/linux-kunit-mipsel.sh\`, boot under tsvm.
Their console is read twice: by \`src/regress/ktap.ts\`, as \`m.ktap()\` does, and by \`tools/testing/kunit/kunit_parser.py\` of the same
source (\`scripts/linux-kunit/parse.py\`). Equal means: the same number of passed, failed, crashed (missing) and skipped tests and of errors,
and the same leaf tests by name and result, in order. A console of 5.10 is read by the parser of 6.1 as well. The suite tsvm_endings
(\`scripts/linux-kunit/endings.c\`) ends as the command line says.

${facts}

| Boot | Command line | Exit | Found | Guest time, instructions, wall time | The kernel's parser |
|---|---|---|---|---|---|
${rows.map(({ cells }) => row(cells)).join('\n')}

The sample consoles that the source of Linux 6.1 has for its own parser: ${samples}.

## Damaged consoles

The consoles of ${rows
    .filter(isDamaged)
    .map(({ boot }) => `"${boot.name}"`)
    .join(', ')},
each damaged in one place, from the version line to the end, read by ours and by the parser of 6.1.

| Damage | Equal | ${Object.keys(REASONS).join(' | ')} | Unexplained |
|---|---|---|---|---|
${kinds.join('\n')}

${reasons.join('\n')}

## Where we differ deliberately

- The kernel's parser goes by the order of lines and the names of suites, ours by indentation (KTAP's own rule) as well: hence the two columns above.
- A plan given twice, and a plan whose version line is lost, are errors for us.
- \`ok\` of a report is stricter than the kernel's counts: a suite that says \`not ok\` though its tests passed, or that says \`ok\` though one
  failed or is missing, is a failure, and so is everything with an error.
- Linux 5.10's parser knows no skipped tests, counts no errors, and of a console that breaks off it counts one crashed test, not what the
  plans lack; there the parser of 6.1 is what we are held to.
- After a KTAP version line, 6.1's parser reads to the end of the console as one stream; for us each version line at the outermost level
  begins a new one (modules, kselftest), and all are counted.
`;
}

function isDamaged({ boot: { params, console } }: Row): boolean {
  return console === 'serial' && /fail|panic/.test(params);
}

/** The samples for the unit tests: KUnit's part of a console, and what the parser of 6.1 finds there. */
async function record(folder: string, newest: KunitKernel, old: KunitKernel): Promise<void> {
  const endings = ['fail', 'skip', 'panic', 'oops'].map((how): [string, KunitKernel, string] => [
    `kunit-6.1-${how}`,
    newest,
    `kunit.filter_glob=tsvm_endings tsvm_kunit=${how}`,
  ]);
  for (const [name, kernel, params] of [
    ...endings,
    ['kunit-5.10-fail', old, 'tsvm_kunit=fail'] as [string, KunitKernel, string],
  ]) {
    const { version } = kernel;
    const boot: KunitBoot = { name, version, console: 'serial', params, exitCode: 0, failing: [] };
    const lines = (await bootKunit(kernel, boot)).console.split('\n');
    const first = lines.findIndex((line) => /\bK?TAP version/.test(line));
    const part = lines.slice(first - 1);
    const console = part
      .slice(0, 1 + part.findLastIndex((line) => /^\[.*(?:ok \d|Kernel panic)/.test(line)))
      .join('\n');
    writeFileSync(join(folder, `${name}.log`), `${console}\n`, 'latin1');
    const [found] = kernelFindings(newest, [console]);
    writeFileSync(join(folder, `${name}.json`), `${JSON.stringify(found, null, 2)}\n`);
  }
}

function needed(version: '6.1' | '5.10'): KunitKernel {
  const kernel = kunitKernel(version);
  if (!('missing' in kernel)) return kernel;
  console.error(kernel.missing);
  process.exit(2);
}

const { values } = parseArgs({
  options: {
    every: { type: 'string', default: '1' },
    evidence: { type: 'string' },
    fixtures: { type: 'string' },
  },
});
const every = wholeNumber(values.every, 'every');
const sources = values.evidence === undefined ? '' : sourcesNow();
const [newest, old] = [needed('6.1'), needed('5.10')];
const rows: Row[] = [];
for (const kernel of [newest, old])
  for (const boot of kunitBoots(kernel.version)) {
    const done = await check(boot, kernel, newest);
    console.log(done.cells.filter(Boolean).join(': '));
    rows.push(done);
  }
const samples = kernelSamples(newest);
const sampleProblems = kernelFindings(newest, [...samples.values()]).flatMap((found, n) => {
  const [name, console] = [...samples][n]!;
  const differs = difference(ourFindings(console), found);
  return differs === null ? [] : [`${name}: ${differs}`];
});
const damaged = checkDamaged(
  rows.filter(isDamaged).map(({ console }) => console),
  every,
  newest,
);
for (const [kind, tally] of damaged.tallies) console.log(kind, tally);
const problems = [...rows.flatMap((done) => done.problems), ...sampleProblems, ...damaged.problems];
for (const problem of problems.slice(0, 20)) console.log(problem);
const compared = [...damaged.tallies.values()].flatMap((tally) => Object.values(tally)).reduce((sum, n) => sum + n, 0);
const summary = `${rows.length + samples.size + compared - problems.length} passed, ${problems.length} failed`;
if (values.evidence !== undefined) {
  const command = `npx tsx scripts/check-kunit.ts ${process.argv.slice(2).join(' ')}`;
  const told = sampleProblems.length === 0 ? `${samples.size} of ${samples.size} equal` : sampleProblems.join('; ');
  writeFileSync(values.evidence, evidence(rows, told, damaged, circumstances(command, sources, summary)));
}
if (values.fixtures !== undefined) await record(values.fixtures, newest, old);
console.log(summary);
process.exitCode = problems.length === 0 ? 0 : 1;
