import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import {
  type CheckResult,
  checkKills,
  checkRequests,
  checkStream,
  checkTwoWriters,
  checkUnwritten,
  type Place,
  type StreamOptions,
} from '../test/boot/disk-checks.ts';
import { MACHINES } from '../test/boot/disk-guest.ts';
import { circumstances, copyPackage, requirePackage, sourcesNow, wholeNumber } from './common.ts';

interface Check {
  /** The first words of its name. */
  readonly group: string;
  run(place: Place): Promise<CheckResult>;
}

function allChecks(size: number, kills: number, seed: number): Check[] {
  const stream = (machine: number, more: Partial<StreamOptions> = {}): Check => ({
    group: `stream ${more.overlay ? 'overlay' : 'raw'}`,
    run: (place) => checkStream(place, { machine: MACHINES[machine]!, size, seed, overlay: false, ...more }),
  });
  return [
    ...[0, 1, 2, 3].map((machine) => stream(machine)),
    stream(0, { order: 'random', flags: 'disk.irq disk.event disk.indirect' }),
    stream(2, { order: 'random', flags: 'disk.irq' }),
    stream(0, { overlay: true }),
    stream(2, { overlay: true, order: 'random' }),
    ...[false, true].map(
      (overlay): Check => ({
        group: `kill ${overlay ? 'overlay' : 'raw'}`,
        run: (place) => checkKills(place, { kills, seed: overlay ? seed + 1 : seed, size: 8 * 2 ** 20, overlay }),
      }),
    ),
    ...MACHINES.flatMap((machine): Check[] => [
      { group: 'modes :cow', run: (place) => checkUnwritten(place, machine, 'cow') },
      { group: 'modes :ro', run: (place) => checkUnwritten(place, machine, 'ro') },
      { group: 'modes writers', run: (place) => checkTwoWriters(place, machine) },
      { group: 'requests', run: (place) => checkRequests(place, { machine, on: [0, 1, 2], random: 5000 }) },
    ]),
    // More requests than a ring's index can count.
    { group: 'requests', run: (place) => checkRequests(place, { machine: MACHINES[0]!, on: [], random: 70_000 }) },
  ];
}

function evidence(rows: readonly CheckResult[], summary: string, command: string, sources: string): string {
  const lines = rows.map(({ name, problems, note }) => `| ${name} | ${problems.length > 0 ? 'FAILED: ' : ''}${note} |`);
  return `# Disks checked by the disk guest

The guest of \`guests/disk\` run by the command line on virtio-blk; what lies on the host is judged by code of its own
(\`test/boot/disk-content.ts\`). What each check does is said in \`scripts/check-disk.ts\`.

${circumstances(command, sources, summary)}

| Check | Result |
|---|---|
${lines.join('\n')}
`;
}

const { values } = parseArgs({
  options: {
    size: { type: 'string', default: '100' },
    kills: { type: 'string', default: '20' },
    seed: { type: 'string', default: '1' },
    only: { type: 'string', default: '' },
    evidence: { type: 'string' },
    package: { type: 'string', default: '.' },
  },
});
const checks = allChecks(
  wholeNumber(values.size, 'size') * 2 ** 20,
  wholeNumber(values.kills, 'kills'),
  wholeNumber(values.seed, 'seed'),
);
requirePackage(values.package);
const sources = values.evidence === undefined ? '' : sourcesNow();
const scratch = mkdtempSync(join(tmpdir(), 'tsvm-disks-'));
const rows: CheckResult[] = [];
try {
  const launcher = copyPackage(values.package, scratch);
  for (const { group, run } of checks) {
    if (!group.includes(values.only)) continue;
    const row = await run({ launcher, scratch });
    console.log(`${row.problems.length === 0 ? 'ok' : 'FAILED'}: ${row.name}: ${row.note}`);
    for (const problem of row.problems) console.log(`  ${problem}`);
    rows.push(row);
  }
} finally {
  rmSync(scratch, { recursive: true, force: true });
}
const failed = rows.filter(({ problems }) => problems.length > 0).length;
const summary = `${rows.length - failed} passed, ${failed} failed`;
if (values.evidence !== undefined) {
  const command = `npx tsx scripts/check-disk.ts ${process.argv.slice(2).join(' ')}`;
  writeFileSync(values.evidence, evidence(rows, summary, command, sources));
}
console.log(summary);
process.exitCode = failed === 0 && rows.length > 0 ? 0 : 1;
