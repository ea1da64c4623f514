// Usage: npx tsx scripts/check-linux.ts [--size MB] [--boots N] [--only WORDS] [--evidence FILE] [--package FOLDER]
// Boot real kernels (scripts/linux-*.sh get or build them) by the built command line and hold them to the checks of test/linux: by
// default 100 MB on ext4 and 20 boots to one state hash.
// A check whose kernel or tool is missing is skipped, and said so. Exit code 1 when one fails. --evidence writes docs/evidence.
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { type CheckResult, checks } from '../test/support/linux/checks.ts';
import { whyMissing } from '../test/support/linux/guests.ts';
import { circumstances, copyPackage, requirePackage, sourcesNow, wholeNumber } from './common.ts';

interface Row extends CheckResult {
  readonly name: string;
}

function evidence(rows: readonly Row[], summary: string, command: string, sources: string): string {
  const lines = rows.map(({ name, problems, note }) => `| ${name} | ${problems.length > 0 ? 'FAILED: ' : ''}${note} |`);
  return `# Real Linux kernels

Linux 5.10 for trap-and-emulate guests and Debian's 6.1 for Malta, run by the command line on board malta. Where they come from is said in
\`scripts/linux-te-mipsel.sh\`, \`scripts/linux-4kc-malta.sh\`, \`scripts/linux-installer-mipsel.sh\` and \`scripts/linux-initramfs-mipsel.sh\`;
what each check does in \`test/support/linux/checks.ts\`.

${circumstances(command, sources, summary)}

| Check | Result |
|---|---|
${lines.join('\n')}
`;
}

const { values } = parseArgs({
  options: {
    size: { type: 'string', default: '100' },
    boots: { type: 'string', default: '20' },
    only: { type: 'string', default: '' },
    evidence: { type: 'string' },
    package: { type: 'string', default: '.' },
  },
});
const wanted = checks({ mebibytes: wholeNumber(values.size, 'size'), boots: wholeNumber(values.boots, 'boots') });
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
  writeFileSync(values.evidence, evidence(rows, summary, command, sources));
}
console.log(summary);
process.exitCode = failed === 0 && rows.length > 0 ? 0 : 1;
