// docs/evidence/torture.md: what a run of all programs showed.
import { circumstances } from '../common.ts';
import { countPasses, type Difference, passes } from './compare.ts';
import type { GuestRun } from './guest.ts';
import { COMPILER, type Skipped, versionOf } from './programs.ts';
import { type Ending, QEMU, QEMU_CPU } from './qemu.ts';

export interface Report {
  readonly command: string;
  /** Of tsvm. */
  readonly sources: string;
  /** Of GCC's sources. */
  readonly version: string;
  readonly skipped: readonly Skipped[];
  readonly expected: ReadonlyMap<string, Ending>;
  readonly qemuSeconds: number;
  readonly runs: readonly { readonly run: GuestRun; readonly differences: readonly Difference[] }[];
  readonly summary: string;
}

/** Lines of `- WHAT: NAME, NAME` for what several names share. */
function gathered<T extends { readonly name: string }>(items: readonly T[], what: (item: T) => string): string {
  if (items.length === 0) return 'None.';
  const keys = [...new Set(items.map(what))];
  const of = (key: string): string => items.flatMap((item) => (what(item) === key ? [item.name] : [])).join(', ');
  return keys.map((key) => `- ${key}: ${of(key)}`).join('\n');
}

export function evidenceOf(report: Report): string {
  const { expected, skipped, runs } = report;
  const rows = runs.map(({ run, differences }) => {
    const explained = differences.filter(({ why }) => why !== null).length;
    const cells = [
      run.kernel,
      countPasses(run.endings),
      expected.size - differences.length,
      explained,
      differences.length - explained,
      run.instructions.toLocaleString('en-US'),
      `${run.guestSeconds.toFixed(0)} s`,
      `${run.wallSeconds.toFixed(0)} s`,
    ];
    return `| ${cells.join(' | ')} |`;
  });
  const differences = runs.flatMap(({ run, differences }) =>
    differences.map((difference) => ({ ...difference, name: `${run.kernel} ${difference.name}` })),
  );
  const ofWhy = (wanted: boolean) => differences.filter(({ why }) => (why !== null) === wanted);
  const failing = [...expected].flatMap(([name, ending]) => (passes(ending) ? [] : [{ name, ending }]));
  return `# GCC's torture programs, in the guest and under qemu-user

The same files on both sides: gcc.c-torture/execute and its ieee/, each source compiled at -O0 and -O2 and linked statically. A program is
alike when it ends with the same exit code or signal after the same bytes of standard output; it passes with exit code 0. How they run is
said in \`scripts/torture.ts\` and \`scripts/torture/init.c\`; which differences are explained, in \`scripts/torture/compare.ts\`.

${circumstances(report.command, report.sources, report.summary)}
- Programs: ${report.version}; ${expected.size} compiled, ${skipped.length} skipped
- Compiler: ${versionOf(COMPILER)}
- qemu-user: ${versionOf(QEMU)}, -cpu ${QEMU_CPU}: ${countPasses(expected)} of ${expected.size} pass, ${report.qemuSeconds.toFixed(0)} s

| Kernel | Pass | Alike | Explained | Failed | Instructions, with the boot | Guest time | Wall time |
|---|---|---|---|---|---|---|---|
${rows.join('\n')}

## Differences that are failures

${gathered(ofWhy(false), ({ guest, qemu }) => `guest ${guest}, qemu-user ${qemu}`)}

## Differences that are explained

${gathered(ofWhy(true), ({ guest, qemu, why }) => `guest ${guest}, qemu-user ${qemu}; ${why}`)}

## Programs that do not pass under qemu-user

${gathered(failing, ({ ending }) => ending)}

## Skipped

${gathered(skipped, ({ reason }) => reason)}
`;
}
