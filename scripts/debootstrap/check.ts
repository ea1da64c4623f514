// Usage: npx tsx scripts/debootstrap/check.ts [--run regions,interpreter,lockstep,qemu] [--suite bookworm] [--seed N] [--patience SECONDS]
//          [--keep FOLDER] [--evidence FILE] [--package FOLDER]
// debootstrap's second stage, about 1,900 processes, in Linux for trap-and-emulate guests on a virtio-blk ext4 root: once with each of --run
// (engines of tsvm, and QEMU's TCG on the same kernel and image; default: regions). Each run must install every package of the first
// stage and leave a clean file system with every file as its package has it. All runs must give the same answers and the same files, and
// all engines the same instruction count, guest time, state hash and image. Exit code 1 when something is wrong. --keep keeps consoles and images.
import { spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { decompress } from '../../src/boot/decompress.ts';
import { fileOf } from '../../test/support/linux/guests.ts';
import { circumstances, copyPackage, requirePackage, sourcesNow, wholeNumber } from '../common.ts';
import { answersOf, differences, problemsOf, processesOf, type Tree, treeOf } from './judge.ts';
import { type Finished, type RunnerName, runOn, sha256Of } from './runs.ts';

const RUNNERS: readonly RunnerName[] = ['regions', 'interpreter', 'lockstep', 'qemu'];
/** Kernels of scripts/linux-te-mipsel.sh are plain or xz. */
const KERNEL_LIMITS = { limit: 1 << 28, what: 'the kernel', code: 'not-runnable', gunzip: async () => null } as const;

interface Judged {
  readonly run: Finished;
  readonly tree: Tree;
  /** SHA-256 of the image afterwards. */
  readonly image: string;
  readonly problems: readonly string[];
}

const count = (value: number): string => value.toLocaleString('en-US');

function row({ run, image, problems }: Judged): string {
  const { account, cpuSeconds, wallSeconds, runner, console } = run;
  const cells = [
    runner === 'qemu' ? 'QEMU TCG' : `tsvm, ${runner}`,
    problems.length === 0 ? 'right' : 'FAILED',
    processesOf(console),
    ...(account === null ? ['', ''] : [count(account.instructions), `${(account.guestTimeNs / 1e9).toFixed(1)} s`]),
    `${cpuSeconds.toFixed(1)} s`,
    `${wallSeconds.toFixed(1)} s`,
    account === null ? '' : (account.instructions / 1e6 / cpuSeconds).toFixed(0),
    account?.stateHash ?? '',
    image.slice(0, 16),
  ];
  return `| ${cells.join(' | ')} |`;
}

const TABLE = `| Run | Result | Processes | Instructions | Guest time | CPU time | Wall time | M instructions per CPU second | State hash | SHA-256 of the image |
|---|---|---|---|---|---|---|---|---|---|`;

function versionOf(command: string, ...args: string[]): string {
  return spawnSync(command, args, { encoding: 'utf8' }).stdout?.split('\n')[0]?.trim() ?? '';
}

function requireQemu(): void {
  if (versionOf('qemu-system-mipsel', '--version') !== '') return;
  console.error('--run qemu: qemu-system-mipsel does not run; Debian: qemu-system-mips');
  process.exit(2);
}

/** The image and the list of packages that scripts/linux-debootstrap.sh makes. */
function prepare(suite: string): readonly string[] {
  const script = join(import.meta.dirname, '../linux-debootstrap.sh');
  const { status, stdout } = spawnSync('bash', [script, suite], {
    encoding: 'utf8',
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  if (status !== 0) throw new Error(`${script} failed`);
  return stdout.trim().split('\n');
}

const { values } = parseArgs({
  options: {
    run: { type: 'string', default: 'regions' },
    suite: { type: 'string', default: 'bookworm' },
    seed: { type: 'string', default: '1' },
    patience: { type: 'string', default: '3600' },
    keep: { type: 'string' },
    evidence: { type: 'string' },
    package: { type: 'string', default: '.' },
  },
});
const wanted = values.run.split(',');
const runners = RUNNERS.filter((name) => wanted.includes(name));
if (runners.length !== wanted.length) {
  console.error(`--run ${values.run}: give some of ${RUNNERS.join(',')}`);
  process.exit(2);
}
const [seed, patience] = [wholeNumber(values.seed, 'seed'), wholeNumber(values.patience, 'patience')];
if (runners.includes('qemu')) requireQemu();
requirePackage(values.package);
const sources = values.evidence === undefined ? '' : sourcesNow();
const scratch = mkdtempSync(join(tmpdir(), 'tsvm-debootstrap-'));
const folder = values.keep ?? scratch;
mkdirSync(folder, { recursive: true });
const judged: Judged[] = [];
const problems: string[] = [];
try {
  const [pristine = '', list = ''] = prepare(values.suite);
  const packages = readFileSync(list, 'utf8');
  const kernel = join(scratch, 'vmlinux');
  const packed = fileOf('te-kernel');
  writeFileSync(kernel, (await decompress(readFileSync(packed), KERNEL_LIMITS)).bytes);
  const inputs = { launcher: copyPackage(values.package, scratch), kernel, seed, folder, patience };
  for (const runner of runners) {
    const image = join(folder, `${runner}.img`);
    spawnSync('cp', ['--sparse=always', pristine, image]);
    const run = await runOn(image, runner, inputs);
    const found = problemsOf(run, image, packages);
    const one: Judged = { run, tree: treeOf(image, scratch), image: await sha256Of(image), problems: found };
    console.log(row(one));
    const [first = one] = judged;
    const unlike = differences(one, first);
    if (runner !== 'qemu' && first.image !== one.image) unlike.push(`the image is not that of ${first.run.runner}`);
    judged.push(one);
    for (const problem of [...found, ...unlike]) problems.push(`${runner}: ${problem}`);
    if (values.keep === undefined) rmSync(image);
  }
  if (values.evidence !== undefined) {
    const [first] = judged;
    const answers = [...answersOf(first!.run.console)].map(([name, answer]) => `| ${name} | ${answer} |`);
    const command = `npx tsx scripts/debootstrap/check.ts ${process.argv.slice(2).join(' ')}`;
    const summary =
      problems.length === 0 ? `${judged.length} runs, all right and alike` : `${problems.length} problems`;
    writeFileSync(
      values.evidence,
      `# debootstrap --second-stage in the guest

A minimal Debian for mipsel, unpacked on the host by debootstrap's first stage (\`scripts/linux-debootstrap.sh\`), installed in the guest by
its second: dpkg, perl, shells and the packages' own scripts, on a virtio-blk ext4 root with \`root=/dev/vda rw init=/second-stage\` and 512 MiB.
What is asked afterwards is in \`scripts/debootstrap/init.sh\`, what must hold in \`scripts/debootstrap/judge.ts\`: every package installed, nothing for
\`dpkg --audit\`, every file as its package's MD5 sums have it (\`dpkg --verify\`), the root made read-only, \`e2fsck -fn\` clean on the host. All runs must
give the same answers and the same files (but those with dates in them), engines also the same instructions, guest time, state hash and image.

${circumstances(command, sources, summary)}
- Seed: ${seed}
- Image: Debian ${values.suite}, ${count(packages.trimEnd().split('\n').length)} packages, ${versionOf('dpkg-query', '-W', 'debootstrap').replace('\t', ' ')}; SHA-256 before the runs ${await sha256Of(pristine)}
- Kernel: ${/SECOND-STAGE-BEGIN .*/.exec(first!.run.console)?.[0].split(' ').at(-1)}, SHA-256 ${await sha256Of(kernel)}
- Files compared: ${count(first!.tree.size)}
${runners.includes('qemu') ? `- QEMU: ${versionOf('qemu-system-mipsel', '--version')}, -M malta -cpu 24Kf\n` : ''}
${TABLE}
${judged.map(row).join('\n')}

CPU time is user and system time of all threads, compilers and start included. Processes are those that Linux had started when debootstrap ended.

| Question | Answer |
|---|---|
${answers.join('\n')}

## Problems

${problems.length === 0 ? 'None.' : problems.map((problem) => `- ${problem}`).join('\n')}
`,
    );
  }
} finally {
  rmSync(scratch, { recursive: true, force: true });
}
for (const problem of problems) console.log(`FAILED: ${problem}`);
console.log(problems.length === 0 ? `${judged.length} runs, all right and alike` : `${problems.length} problems`);
process.exitCode = problems.length === 0 ? 0 : 1;
