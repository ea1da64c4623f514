// What a real Linux must do on tsvm, checked from outside. Each check says what was wrong. For test/linux, which runs them at the size
// that CI can bear, and for scripts/check-linux.ts, which writes evidence.
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type Boot, type BootOptions, boot, type Place, type Typed } from './boot.ts';
import { ext4FileSha256, ext4Problems, makeExt4, piecesSha256 } from './ext4.ts';
import { type FileName, fileOf, type Need } from './guests.ts';

export interface CheckResult {
  /** What was wrong; empty when nothing was. */
  readonly problems: readonly string[];
  /** For the report. */
  readonly note: string;
}

export interface Check {
  readonly name: string;
  /** Without these it is skipped. */
  readonly needs: readonly Need[];
  run(place: Place): Promise<CheckResult>;
}

/** Exit codes of the user's manual. */
const EXIT_PANIC = 100;
const EXIT_REBOOT = 102;

const te = (initrd: FileName, params: string, more: Partial<BootOptions> = {}): BootOptions => ({
  kernel: fileOf('te-kernel'),
  initrd: fileOf(initrd),
  params,
  ...more,
});

const seconds = ({ wallMs, guestTimeNs, instructions }: Boot): string =>
  `${(guestTimeNs / 1e9).toFixed(1)} s of guest time, ${(instructions / 1e6).toFixed(0)} M instructions, ${(wallMs / 1000).toFixed(1)} s`;

/** What is wrong with a run that should have ended with `exitCode` after printing these lines. */
function judge(ended: Boot, exitCode: number, patterns: readonly RegExp[]): string[] {
  const problems = patterns
    .filter((pattern) => !pattern.test(ended.console))
    .map((pattern) => `the console does not show ${pattern}`);
  if (ended.exitCode !== exitCode)
    problems.unshift(`exit ${ended.exitCode} (${ended.kind}: ${ended.summary}), not ${exitCode}`);
  const broken = /Oops|BUG:|WARNING: CPU|Call Trace/.exec(ended.console);
  if (broken && exitCode !== EXIT_PANIC) problems.push(`the kernel complains: ${broken[0]}`);
  if (problems.length > 0) problems.push(`last lines: ${ended.console.trimEnd().split('\n').slice(-6).join(' | ')}`);
  return problems;
}

const ready = /^GUEST-READY mips 1\r?$/m;

function simple(name: string, params: string, exitCode: number, patterns: readonly RegExp[], initrd: FileName): Check {
  return {
    name,
    needs: ['te-kernel', initrd],
    async run(place) {
      const ended = await boot(place, te(initrd, params));
      return { problems: judge(ended, exitCode, patterns), note: seconds(ended) };
    },
  };
}

/** The names that the benchmark program of ../shared/guests has and those of the shell loops. */
const FEWEST_BENCHMARKS = 5;

const benchmarks: Check = {
  name: 'bench=all: every check of the benchmarks holds',
  needs: ['te-kernel', 'guest-initrd'],
  async run(place) {
    const ended = await boot(place, te('guest-initrd', 'bench=all', { patience: 600 }));
    const lines = [...ended.console.matchAll(/^BENCH (\S+) .* (OK|BAD)\r?$/gm)];
    const problems = judge(ended, 0, [ready, /^BENCH-ALL-DONE\r?$/m]);
    if (lines.length < FEWEST_BENCHMARKS) problems.push(`only ${lines.length} benchmarks`);
    for (const [line, , verdict] of lines) if (verdict !== 'OK') problems.push(line);
    return { problems, note: `${lines.map(([, name]) => name).join(' ')}; ${seconds(ended)}` };
  },
};

/** Space for the file and the file system's own. */
const EXT4_SPARE = 32;

const ext4 = (mebibytes: number, transport: 'pci' | 'mmio'): Check => ({
  name: `ext4 of mke2fs on virtio-blk (${transport}): ${mebibytes} MB written, read again, clean for e2fsck, the same SHA-256 on the host`,
  needs: ['te-kernel', 'tools-initrd', 'busybox', 'mke2fs', 'e2fsck', 'debugfs'],
  async run(place) {
    const image = join(place.scratch, `ext4-${transport}.img`);
    makeExt4(image, mebibytes + EXT4_SPARE);
    const options = ['--disk', image, '--virtio-transport', transport];
    const ended = await boot(place, te('tools-initrd', `do=disk:${mebibytes}`, { options, patience: 600 }));
    const problems = judge(ended, 0, [ready, /^JOB disk OK\r?$/m]);
    const said = /^DISK size=(\d+) sha256=(\S+)\r?$/m.exec(ended.console);
    const wanted = piecesSha256(fileOf('busybox'), mebibytes);
    if (said?.[2] !== wanted) problems.push(`the guest read ${said?.[2]}, not ${wanted}`);
    problems.push(...ext4Problems(image));
    const found = ext4FileSha256(image, '/fill', place.scratch);
    if (found !== wanted) problems.push(`the host reads ${found}, not ${wanted}`);
    return { problems, note: `sha256 ${wanted}; ${seconds(ended)}` };
  },
});

const processes = (starts: number, storm: number): Check =>
  simple(
    `${starts} program starts; storms of ${storm} children, ${storm} pipelines of six programs, a pipeline of ${storm} programs`,
    `do=starts:${starts},storm:${storm}`,
    0,
    [ready, new RegExp(`^STARTS ${starts} sum=`, 'm'), /^JOB starts OK\r?$/m, /^JOB storm OK\r?$/m],
    'tools-initrd',
  );

const sameBoots = (times: number): Check => ({
  name: `${times} boots: the same console bytes, instructions and state hash`,
  needs: ['te-kernel', 'tools-initrd'],
  async run(place) {
    const results = new Map<string, number>();
    const problems: string[] = [];
    let last: Boot | undefined;
    for (let n = 0; n < times; n++) {
      last = await boot(place, te('tools-initrd', 'do=starts:20,storm:10'));
      problems.push(...judge(last, 0, [ready, /^JOB storm OK\r?$/m]));
      const { consoleSha256, stateHash, instructions } = last;
      const result = `console ${consoleSha256.slice(0, 16)}, ${instructions} instructions, state ${stateHash}`;
      results.set(result, (results.get(result) ?? 0) + 1);
    }
    if (results.size !== 1) problems.push(...[...results].map(([result, count]) => `${count} of ${times}: ${result}`));
    return { problems, note: `${[...results.keys()][0]}; each ${last ? seconds(last) : ''}` };
  },
});

/** Log in as root on a terminal, say where one is, and leave. What is typed comes back as an echo, so results differ from it. */
const session = (tty: string): Typed[] => [
  { after: 'login: ', send: 'root\n' },
  { after: '# ', send: `echo on=$(tty) uid=$(id -u) two=$((1 + 1)) ${tty}\n` },
  { after: ` two=2 ${tty}`, send: 'exit\n' },
];

const login = (tty: 'ttyS0' | 'hvc0', transport: 'pci' | 'mmio' = 'pci'): Check => ({
  name: `login on ${tty}${transport === 'mmio' ? ' (mmio)' : ''}, typed through a pipe`,
  needs: ['te-kernel', 'tools-initrd'],
  async run(place) {
    const console = tty === 'hvc0' ? 'virtio' : 'serial';
    const options = ['--console', console, '--virtio-transport', transport];
    const ended = await boot(place, te('tools-initrd', `do=login:${tty}`, { options, typed: session(tty) }));
    const answer = new RegExp(`^on=/dev/${tty} uid=0 two=2 ${tty}\\r?$`, 'm');
    return { problems: judge(ended, 0, [ready, answer, /^JOB login OK\r?$/m]), note: seconds(ended) };
  },
});

const panic: Check = {
  name: 'no root file system: a panic, exit 100',
  needs: ['te-kernel'],
  async run(place) {
    const ended = await boot(place, { kernel: fileOf('te-kernel'), patience: 60 });
    const problems = judge(ended, EXIT_PANIC, [/Kernel panic - not syncing: VFS: Unable to mount root fs/]);
    if (!/Unable to mount root fs/.test(ended.summary)) problems.push(`the verdict does not say why: ${ended.summary}`);
    return { problems, note: `${ended.kind}: ${ended.summary}` };
  },
};

/** An initramfs and an overlay behind it, as one file. */
export function joined(place: Place, name: string, ...files: readonly FileName[]): string {
  const path = join(place.scratch, name);
  writeFileSync(path, Buffer.concat(files.map((file) => readFileSync(fileOf(file)))));
  return path;
}

const shell: readonly Typed[] = [
  { after: ' # ', send: 'echo running=$(uname -r) sum=$((40 + 2))\n' },
  { after: 'sum=42', send: 'exit\n' },
];

const debianShell: Check = {
  name: "Debian's 4kc-malta kernel: a busybox shell",
  needs: ['4kc-kernel', '4kc-modules', 'tools-initrd'],
  async run(place) {
    const initrd = joined(place, '4kc.cpio.gz', 'tools-initrd', '4kc-modules');
    const ended = await boot(place, { kernel: fileOf('4kc-kernel'), initrd, params: 'sh=1', typed: shell });
    return { problems: judge(ended, 0, [ready, /^running=6\.1\.\S+-4kc-malta sum=42\r?$/m]), note: seconds(ended) };
  },
};

const debianExt4 = (mebibytes: number): Check => ({
  name: `Debian's 4kc-malta kernel: ${mebibytes} MB on ext4 by its own virtio modules`,
  needs: ['4kc-kernel', '4kc-modules', 'tools-initrd', 'busybox', 'mke2fs', 'e2fsck', 'debugfs'],
  async run(place) {
    const initrd = joined(place, '4kc.cpio.gz', 'tools-initrd', '4kc-modules');
    const image = join(place.scratch, '4kc.img');
    makeExt4(image, mebibytes + EXT4_SPARE);
    const options = ['--disk', image];
    const kernel = fileOf('4kc-kernel');
    const ended = await boot(place, { kernel, initrd, params: `do=disk:${mebibytes}`, options, patience: 600 });
    const problems = [...judge(ended, 0, [ready, /^JOB disk OK\r?$/m]), ...ext4Problems(image)];
    const [wanted, found] = [piecesSha256(fileOf('busybox'), mebibytes), ext4FileSha256(image, '/fill', place.scratch)];
    if (found !== wanted) problems.push(`the host reads ${found}, not ${wanted}`);
    return { problems, note: `sha256 ${wanted}; ${seconds(ended)}` };
  },
});

/** The installer's first question, in any of the ways its frontend may draw it. */
export const FIRST_SCREEN = 'Select a language';

/** How the installer is booted; the run is stopped at its first screen. */
export const installerBoot = () => ({
  kernel: fileOf('installer-kernel'),
  initrd: fileOf('installer-initrd'),
  options: ['--mem', '256M'],
  until: FIRST_SCREEN,
  patience: 600,
});

const installer: Check = {
  name: "the Debian installer's first screen",
  needs: ['installer-kernel', 'installer-initrd'],
  async run(place) {
    const ended = await boot(place, installerBoot());
    const problems = ended.console.includes(FIRST_SCREEN)
      ? []
      : [`the console does not show "${FIRST_SCREEN}": ${ended.console.slice(-600)}`];
    return { problems, note: seconds(ended) };
  },
};

/** Every check; sizes for CI or for evidence. */
export function checks(sizes: { mebibytes: number; boots: number }): readonly Check[] {
  return [
    simple('GUEST-READY and power-off: exit 0', '', 0, [ready, /Power down|INIT done, poweroff/], 'guest-initrd'),
    simple('after=reboot: exit 102', 'after=reboot', EXIT_REBOOT, [ready], 'guest-initrd'),
    panic,
    benchmarks,
    ext4(sizes.mebibytes, 'pci'),
    ext4(8, 'mmio'),
    processes(300, 40),
    sameBoots(sizes.boots),
    login('ttyS0'),
    login('hvc0'),
    login('hvc0', 'mmio'),
    debianShell,
    debianExt4(20),
    installer,
  ];
}
