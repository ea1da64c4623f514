// Checks of real kernels that every architecture has. Each says what was wrong.
import { chmodSync, cpSync, mkdirSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type Boot, type BootOptions, boot, type Typed } from './boot.ts';
import { type Check, EXIT_PANIC, type Guest, judge, named, needsOf, readyLine, seconds, start } from './check.ts';
import { ext4FileSha256, ext4Problems, makeExt4, piecesSha256, repeatedSha256 } from './ext4.ts';
import { type FileName, fileOf } from './guests.ts';

type Transport = 'pci' | 'mmio';

/** The names that the benchmark program of ../shared/guests has and those of the shell loops. */
const FEWEST_BENCHMARKS = 5;

export const benchmarks = (guest: Guest): Check => ({
  name: named(guest, 'bench=all: every check of the benchmarks holds'),
  needs: needsOf(guest),
  async run(place) {
    const ended = await start(place, guest, { params: 'bench=all', patience: 600 });
    const lines = [...ended.console.matchAll(/^BENCH (\S+) .* (OK|BAD)\r?$/gm)];
    const problems = judge(ended, 0, [readyLine(guest), /^BENCH-ALL-DONE\r?$/m]);
    if (lines.length < FEWEST_BENCHMARKS) problems.push(`only ${lines.length} benchmarks`);
    for (const [line, , verdict] of lines) if (verdict !== 'OK') problems.push(line);
    return { problems, note: `${lines.map(([, name]) => name).join(' ')}; ${seconds(ended)}` };
  },
});

/** Space for the file and the file system's own. */
const EXT4_SPARE = 32;

/** `busybox` is the one of its initramfs. */
export const ext4 = (guest: Guest, busybox: FileName, mebibytes: number, transport: Transport): Check => ({
  name: named(
    guest,
    `ext4 of mke2fs on virtio-blk (${transport}): ${mebibytes} MB written, read again, clean for e2fsck, the same SHA-256 on the host`,
  ),
  needs: [...needsOf(guest), busybox, 'mke2fs', 'e2fsck', 'debugfs'],
  async run(place) {
    const image = join(place.scratch, `ext4-${guest.kernel}-${transport}.img`);
    makeExt4(image, mebibytes + EXT4_SPARE);
    const options = ['--disk', image, '--virtio-transport', transport];
    const ended = await start(place, guest, { params: `do=disk:${mebibytes}`, options, patience: 600 });
    const problems = judge(ended, 0, [readyLine(guest), /^JOB disk OK\r?$/m]);
    const said = /^DISK size=(\d+) sha256=(\S+)\r?$/m.exec(ended.console);
    const wanted = piecesSha256(fileOf(busybox), mebibytes);
    if (said?.[2] !== wanted) problems.push(`the guest read ${said?.[2]}, not ${wanted}`);
    problems.push(...ext4Problems(image));
    if (problems.length > 0) return { problems, note: seconds(ended) };
    const found = ext4FileSha256(image, '/fill', place.scratch);
    if (found !== wanted) problems.push(`the host reads ${found}, not ${wanted}`);
    return { problems, note: `sha256 ${wanted}; ${seconds(ended)}` };
  },
});

/** So often does a program on the disk write busybox into a file. */
const COPIES = 6;

const ROOT_INIT = `#!/bin/sh
mount -t proc proc /proc
mount | grep ' / '
n=0
while [ $n -lt ${COPIES} ]; do n=$((n + 1)); cat /bin/busybox; done >/fill
echo "FILL $(sha256sum /fill)"
sync
mount -o remount,ro /
poweroff -f
`;

/** `params` lead to the disk. */
export const ext4Root = (guest: Guest, busybox: FileName, transport: Transport, params: string): Check => ({
  name: named(guest, `root on ext4 on virtio-blk (${transport}), written by its init, clean for e2fsck`),
  needs: [...needsOf(guest), busybox, 'mke2fs', 'e2fsck', 'debugfs'],
  async run(place) {
    const [root, image] = [join(place.scratch, 'root'), join(place.scratch, 'root.img')];
    for (const folder of ['bin', 'sbin', 'dev', 'proc', 'sys']) mkdirSync(join(root, folder), { recursive: true });
    cpSync(fileOf(busybox), join(root, 'bin/busybox'));
    chmodSync(join(root, 'bin/busybox'), 0o755);
    for (const name of ['sh', 'mount', 'grep', 'cat', 'sha256sum', 'sync', 'poweroff'])
      symlinkSync('busybox', join(root, 'bin', name));
    writeFileSync(join(root, 'sbin/init'), ROOT_INIT, { mode: 0o755 });
    makeExt4(image, EXT4_SPARE, root);
    rmSync(root, { recursive: true });
    const options = ['--disk', image, '--virtio-transport', transport];
    const ended = await start(place, guest, { params, options });
    const wanted = repeatedSha256(fileOf(busybox), COPIES);
    const problems = judge(ended, 0, [/ \/ type ext4 \(rw/, new RegExp(`^FILL ${wanted} `, 'm')]);
    problems.push(...ext4Problems(image));
    if (problems.length > 0) return { problems, note: seconds(ended) };
    const found = ext4FileSha256(image, '/fill', place.scratch);
    if (found !== wanted) problems.push(`the host reads ${found}, not ${wanted}`);
    return { problems, note: `sha256 ${wanted}; ${seconds(ended)}` };
  },
});

/** Log in as root on a terminal, say where one is, and leave. What is typed comes back as an echo, so results differ from it. */
const session = (tty: string): Typed[] => [
  { after: 'login: ', send: 'root\n' },
  { after: '# ', send: `echo on=$(tty) uid=$(id -u) two=$((1 + 1)) ${tty}\n` },
  { after: ` two=2 ${tty}`, send: 'exit\n' },
];

const CONSOLES = { ttyS0: 'serial', ttyAMA0: 'pl011', hvc0: 'virtio' } as const;

export const login = (guest: Guest, tty: keyof typeof CONSOLES, transport: Transport = 'pci'): Check => ({
  name: named(guest, `login on ${tty}${transport === 'mmio' ? ' (mmio)' : ''}, typed through a pipe`),
  needs: needsOf(guest),
  async run(place) {
    const options = ['--console', CONSOLES[tty], '--virtio-transport', transport];
    const ended = await start(place, guest, { params: `do=login:${tty}`, options, typed: session(tty) });
    const answer = new RegExp(`^on=/dev/${tty} uid=0 two=2 ${tty}\\r?$`, 'm');
    return { problems: judge(ended, 0, [readyLine(guest), answer, /^JOB login OK\r?$/m]), note: seconds(ended) };
  },
});

const TYPED: readonly Typed[] = [
  { after: ' # ', send: 'echo running=$(uname -r) cpus=$(nproc) sum=$((40 + 2))\n' },
  { after: 'sum=42', send: 'exit\n' },
];

export const shell = (guest: Guest): Check => ({
  name: named(guest, 'a busybox shell'),
  needs: needsOf(guest),
  async run(place) {
    const ended = await start(place, guest, { params: 'sh=1', typed: TYPED });
    const answer = new RegExp(`^running=${guest.release} cpus=${guest.cpus ?? 1} sum=42\\r?$`, 'm');
    return { problems: judge(ended, 0, [readyLine(guest), answer]), note: seconds(ended) };
  },
});

export const panic = (guest: Guest): Check => ({
  name: named(guest, 'no root file system: a panic, exit 100'),
  needs: [guest.kernel],
  async run(place) {
    const ended = await start(place, { ...guest, initrd: [] }, { patience: 60 });
    const problems = judge(ended, EXIT_PANIC, [/Kernel panic - not syncing: VFS: Unable to mount root fs/]);
    if (!/Unable to mount root fs/.test(ended.summary)) problems.push(`the verdict does not say why: ${ended.summary}`);
    return { problems, note: `${ended.kind}: ${ended.summary}` };
  },
});

export const sameBoots = (guest: Guest, times: number): Check => ({
  name: named(guest, `${times} boots: the same console bytes, instructions and state hash`),
  needs: needsOf(guest),
  async run(place) {
    const results = new Map<string, number>();
    const problems: string[] = [];
    let last: Boot | undefined;
    for (let n = 0; n < times; n++) {
      last = await start(place, guest, { params: 'do=starts:20,storm:10' });
      problems.push(...judge(last, 0, [readyLine(guest), /^JOB storm OK\r?$/m]));
      const { consoleSha256, stateHash, instructions } = last;
      const result = `console ${consoleSha256.slice(0, 16)}, ${instructions} instructions, state ${stateHash}`;
      results.set(result, (results.get(result) ?? 0) + 1);
    }
    if (results.size !== 1) problems.push(...[...results].map(([result, count]) => `${count} of ${times}: ${result}`));
    return { problems, note: `${[...results.keys()][0]}; each ${last ? seconds(last) : ''}` };
  },
});

/** The installer's first question, in any of the ways its frontend may draw it. */
export const FIRST_SCREEN = 'Select a language';

/** How the installer is booted; the run is stopped at its first screen. */
export const installerBoot = (kernel: FileName, initrd: FileName): BootOptions => ({
  kernel: fileOf(kernel),
  initrd: fileOf(initrd),
  options: ['--mem', '256M'],
  until: FIRST_SCREEN,
  patience: 600,
});

export const installer = (kernel: FileName, initrd: FileName): Check => ({
  name: "the Debian installer's first screen",
  needs: [kernel, initrd],
  async run(place) {
    const ended = await boot(place, installerBoot(kernel, initrd));
    const problems = ended.console.includes(FIRST_SCREEN)
      ? []
      : [`the console does not show "${FIRST_SCREEN}": ${ended.console.slice(-600)}`];
    return { problems, note: seconds(ended) };
  },
});
