// Usage: npx tsx scripts/torture.ts [--tenth | --all] [--kernel te,4kc-malta] [--jobs N] [--keep DIR] [--package DIR]
// GCC's torture programs (gcc.c-torture/execute of Debian's gcc-12-source, with ieee/; static mipsel, at -O0 and -O2) in a guest that runs
// Linux, against the same files under qemu-user: every program must end in the same way (exit code or signal) after the same bytes of
// standard output. The guest has them on an ext4 disk (virtio-blk); its /init is scripts/torture/init.c. The last line counts programs that
// ended alike, or differ for a reason given in scripts/torture/compare.ts, and those that failed: also a program that the guest never
// came to, or that took longer than its time there. The exit code is 0 when none failed.
//   --tenth        every tenth source of the sorted list (the default)
//   --all          all of them; writes docs/evidence/torture.md
//   --kernel K     Linux 5.10 for trap-and-emulate (te, the default), Debian's 4kc-malta, or both with a comma
//   --jobs N       compilations and qemu-user runs at once (default 2)
//   --keep DIR     keep programs and consoles in DIR; programs already there are not compiled again
//   --package DIR  the built package to run (default .)
import { execFileSync } from 'node:child_process';
import { copyFileSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { copyPackage, requirePackage, sourcesNow, wholeNumber } from './common.ts';
import { compareEndings, countPasses } from './torture/compare.ts';
import { evidenceOf, type Report } from './torture/evidence.ts';
import { KERNELS, type KernelName, kernelOf, makeDisk, printedBy, runInGuest } from './torture/guest.ts';
import { compile, eachOf, programsOf } from './torture/programs.ts';
import { type Ending, QEMU, QEMU_CPU, runUnderQemu } from './torture/qemu.ts';

/** Time a program has: of the clock on the wall under qemu-user, of the guest's in the guest. */
const SECONDS = 60;
/** Wall time for a run of the guest, should it neither go on nor end. */
const TENTH_SECONDS = 5 * 60;
const ALL_SECONDS = 2 * 3600;
const EVIDENCE = 'docs/evidence/torture.md';

function refuse(message: string): never {
  console.error(`torture: ${message}`);
  process.exit(2);
}

const { values } = parseArgs({
  options: {
    all: { type: 'boolean', default: false },
    tenth: { type: 'boolean', default: false },
    kernel: { type: 'string', default: 'te' },
    jobs: { type: 'string', default: '2' },
    keep: { type: 'string' },
    package: { type: 'string', default: '.' },
  },
});
if (values.all && values.tenth) refuse('--all or --tenth, not both');
const jobs = wholeNumber(values.jobs, 'jobs');
const kernels = values.kernel.split(',').map((name): KernelName => {
  if (!Object.hasOwn(KERNELS, name)) refuse(`--kernel ${name}: give ${Object.keys(KERNELS).join(' or ')}`);
  return name as KernelName;
});

/** Every program under qemu-user; in the order of the list. */
async function underQemu(binaries: string, list: readonly string[], scratch: string): Promise<Map<string, Ending>> {
  const found = new Map<string, Ending>();
  await eachOf(list, jobs, async (name) => {
    found.set(name, await runUnderQemu(join(binaries, name), name, scratch, SECONDS));
  });
  return new Map(list.map((name) => [name, found.get(name)!]));
}

async function torture(scratch: string): Promise<Report> {
  const kept = values.keep ?? scratch;
  const folder = join(kept, 'execute');
  mkdirSync(folder, { recursive: true });
  const sources = values.all ? sourcesNow() : '';
  const launcher = copyPackage(values.package, scratch);
  const [archive] = printedBy('torture/sources.sh');
  execFileSync('tar', ['-xf', archive!, '-C', folder]);
  const version = readFileSync(join(folder, 'VERSION'), 'utf8').trim();

  const programs = programsOf(folder, values.all ? 1 : 10);
  const binaries = join(kept, 'bin');
  console.log(`${version}: ${programs.length} programs to compile`);
  const skipped = await compile(folder, programs, binaries, jobs);
  for (const { name, reason } of skipped) console.log(`skipped: ${name}: ${reason}`);
  const left = new Set(skipped.map(({ name }) => name));
  const list = programs.map(({ name }) => name).filter((name) => !left.has(name));

  const began = performance.now();
  const expected = await underQemu(binaries, list, scratch);
  const qemuSeconds = (performance.now() - began) / 1000;
  console.log(`${QEMU} -cpu ${QEMU_CPU}: ${countPasses(expected)} of ${list.length} pass, ${qemuSeconds.toFixed(0)} s`);

  const disk = makeDisk(binaries, list, scratch);
  const runs: Report['runs'][number][] = [];
  let good = 0;
  let failed = 0;
  for (const name of kernels) {
    const limits = { seconds: SECONDS, timeoutSeconds: values.all ? ALL_SECONDS : TENTH_SECONDS };
    const run = await runInGuest(launcher, kernelOf(name), disk, scratch, limits);
    if (values.keep !== undefined) copyFileSync(run.consoleFile, join(kept, `console-${name}`));
    const differences = compareEndings(run.endings, expected);
    runs.push({ run, differences });
    console.log(`${name}: ${countPasses(run.endings)} of ${list.length} pass, ${run.wallSeconds.toFixed(0)} s`);
    console.log(`${name}: tsvm said: ${run.verdict}`);
    for (const { name: program, guest, qemu, why } of differences)
      console.log(
        `${why === null ? 'FAILED' : 'explained'}: ${name} ${program}: guest ${guest}, qemu-user ${qemu}${why === null ? '' : `; ${why}`}`,
      );
    const bad = differences.filter(({ why }) => why === null).length;
    good += list.length - bad;
    failed += bad;
    if (run.complete) continue;
    console.log(`FAILED: ${name}: the guest did not come to the end of its list and off`);
    failed++;
  }
  process.exitCode = failed === 0 && good > 0 ? 0 : 1;
  const command = `npx tsx scripts/torture.ts ${process.argv.slice(2).join(' ')}`;
  const summary = `${good} passed, ${failed} failed`;
  return { command, sources, version, skipped, expected, qemuSeconds, runs, summary };
}

requirePackage(values.package);
const scratch = mkdtempSync(join(tmpdir(), 'tsvm-torture-'));
try {
  const report = await torture(scratch);
  if (values.all) writeFileSync(EVIDENCE, evidenceOf(report));
  console.log(report.summary);
} finally {
  rmSync(scratch, { recursive: true, force: true });
}
