// Usage: npx tsx scripts/check-linux.ts [--board malta|arm-virt] [--size MB] [--boots N] [--only WORDS] [--evidence FILE] [--package FOLDER]
// Boot real kernels (scripts/linux-*.sh get or build them) by the built command line and hold them to the checks of test/linux: by
// default 100 MB on ext4 and 20 boots to one state hash.
// A check whose kernel or tool is missing is skipped, and said so. Exit code 1 when one fails. --evidence writes docs/evidence.
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { armChecks } from '../test/support/linux/arm-checks.ts';
import type { CheckResult } from '../test/support/linux/check.ts';
import { checks } from '../test/support/linux/checks.ts';
import { whyMissing } from '../test/support/linux/guests.ts';
import { circumstances, copyPackage, requirePackage, sourcesNow, wholeNumber } from './common.ts';

/** Seconds for each class of stress-ng. */
const STRESS = 20;

const BOARDS = {
  malta: {
    checks,
    intro: `Linux 5.10 for trap-and-emulate guests and Debian's 6.1 for Malta, run by the command line on board malta. Where they come from is said in
\`scripts/linux-te-mipsel.sh\`, \`scripts/linux-4kc-malta.sh\`, \`scripts/linux-installer-mipsel.sh\` and \`scripts/linux-initramfs-mipsel.sh\`;
what each check does in \`test/support/linux/checks.ts\`.`,
  },
  'arm-virt': {
    checks: (sizes: { mebibytes: number; boots: number }) => armChecks({ ...sizes, stress: STRESS }),
    intro: `Linux 5.10 with long descriptors and Debian's 6.1 with short and with long ones, run by the command line on board arm-virt. Where they come
from is said in \`scripts/linux-lpae-armhf.sh\`, \`scripts/linux-armmp.sh\`, \`scripts/linux-armmp-lpae.sh\`, \`scripts/linux-installer-armhf.sh\`,
\`scripts/linux-initramfs-armhf.sh\` and \`scripts/linux-stress-armhf.sh\`; what each check does in \`test/support/linux/arm-checks.ts\`.`,
  },
} as const;

interface Row extends CheckResult {
  readonly name: string;
}

function evidence(intro: string, rows: readonly Row[], summary: string, command: string, sources: string): string {
  const lines = rows.map(({ name, problems, note }) => `| ${name} | ${problems.length > 0 ? 'FAILED: ' : ''}${note} |`);
  return `# Real Linux kernels

${intro}

${circumstances(command, sources, summary)}

| Check | Result |
|---|---|
${lines.join('\n')}
`;
}

const { values } = parseArgs({
  options: {
    board: { type: 'string', default: 'malta' },
    size: { type: 'string', default: '100' },
    boots: { type: 'string', default: '20' },
    only: { type: 'string', default: '' },
    evidence: { type: 'string' },
    package: { type: 'string', default: '.' },
  },
});
const board = BOARDS[values.board as keyof typeof BOARDS];
if (!board) throw new Error(`--board is one of ${Object.keys(BOARDS).join(', ')}`);
const wanted = board.checks({ mebibytes: wholeNumber(values.size, 'size'), boots: wholeNumber(values.boots, 'boots') });
requirePackage(values.package);
const sources = values.evidence === undefined ? '' : sourcesNow();
const scratch = mkdtempSync(join(tmpdir(), 'tsvm-linux-'));
const rows: Row[] = [];
let skipped = 0;
try {
  const launcher = copyPackage(values.package, scratch);
  for (const { name, needs, run } of wanted) {
    if (!name.includes(values.only)) continue;
    const reason = whyMissing(needs);
    if (reason !== null) {
      console.log(`skipped: ${name}: ${reason}`);
      skipped++;
      continue;
    }
    const row: Row = { name, ...(await run({ launcher, scratch })) };
    console.log(`${row.problems.length === 0 ? 'ok' : 'FAILED'}: ${name}: ${row.note}`);
    for (const problem of row.problems) console.log(`  ${problem}`);
    rows.push(row);
  }
} finally {
  rmSync(scratch, { recursive: true, force: true });
}
const failed = rows.filter(({ problems }) => problems.length > 0).length;
const summary = `${rows.length - failed} passed, ${failed} failed${skipped > 0 ? `, ${skipped} skipped` : ''}`;
if (values.evidence !== undefined) {
  const command = `npx tsx scripts/check-linux.ts ${process.argv.slice(2).join(' ')}`;
  writeFileSync(values.evidence, evidence(board.intro, rows, summary, command, sources));
}
console.log(summary);
process.exitCode = failed === 0 && rows.length > 0 ? 0 : 1;
