// Usage: npx tsx scripts/linux-table.ts [--check] [--package FOLDER]
// Boot every real kernel (scripts/linux-*.sh get or build them) in every way it has on tsvm, and write the table of README.md between
// its two marker comments; with --check only compare. Exit code 1 when a kernel does not boot, or the table is not the one that stands.
// Instructions are shown with two digits: a change that moves little of the guests' work must not change the table.
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { parseArgs } from 'node:util';
import { type Boot, type BootOptions, boot, type Place } from '../test/support/linux/boot.ts';
import { joined } from '../test/support/linux/check.ts';
import { FIRST_SCREEN, installerBoot } from '../test/support/linux/common-checks.ts';
import { fileOf } from '../test/support/linux/guests.ts';
import { copyPackage, requirePackage } from './common.ts';

const README = resolve(import.meta.dirname, '../README.md');
const BEGIN = '<!-- kernels: written by scripts/linux-table.ts -->';
const END = '<!-- kernels: end -->';

interface Row {
  /** What it is, and which script gets it. */
  readonly kernel: string;
  readonly console: string;
  readonly virtio: string;
  options(place: Place): BootOptions;
  /** What the console shows when it is ready, and the words for that. */
  readonly ready: string;
  readonly shows: string;
}

const TE = '[T&E, 16 KiB pages](scripts/linux-te-mipsel.sh)';
const DEBIAN = "[Debian's 4kc-malta](scripts/linux-4kc-malta.sh)";
const INSTALLER = "[Debian's installer](scripts/linux-installer-mipsel.sh)";
const LPAE = '[ARMv7, long descriptors](scripts/linux-lpae-armhf.sh)';
const ARM_INSTALLER = "[Debian's installer](scripts/linux-installer-armhf.sh)";
const READY = { ready: 'GUEST-READY mips 1', shows: 'user space, power-off' };
const ARM_READY = { ...READY, ready: 'GUEST-READY armv7l 1' };

const te = (console: string, virtio: string, ...options: string[]): Row => ({
  kernel: TE,
  console,
  virtio,
  options: () => ({ kernel: fileOf('te-kernel'), initrd: fileOf('guest-initrd'), options }),
  ...READY,
});

const lpae = (console: string, virtio: string, ...options: string[]): Row => ({
  kernel: LPAE,
  console,
  virtio,
  options: () => ({ kernel: fileOf('lpae-vmlinux'), initrd: fileOf('armhf-guest-initrd'), options }),
  ...ARM_READY,
});

const armmp = (flavour: 'armmp' | 'armmp-lpae'): Row => ({
  kernel: `[Debian's ${flavour}](scripts/linux-${flavour}.sh)`,
  console: 'ttyS0',
  virtio: 'none',
  options: (place) => ({
    kernel: fileOf(`${flavour}-kernel`),
    initrd: joined(place, ['armhf-tools-initrd', `${flavour}-modules`]),
  }),
  ...ARM_READY,
});

const ROWS: readonly Row[] = [
  te('ttyS0', 'none'),
  te('ttyS0', 'none', '--cpu-model', '74Kf'),
  te('hvc0', 'console on PCI', '--console', 'virtio'),
  te('hvc0', 'console on MMIO', '--console', 'virtio', '--virtio-transport', 'mmio'),
  {
    kernel: DEBIAN,
    console: 'ttyS0',
    virtio: 'none',
    options: (place) => ({
      kernel: fileOf('4kc-kernel'),
      initrd: joined(place, ['tools-initrd', '4kc-modules']),
    }),
    ...READY,
  },
  {
    kernel: INSTALLER,
    console: 'ttyS0',
    virtio: 'none',
    options: () => installerBoot('installer-kernel', 'installer-initrd'),
    ready: FIRST_SCREEN,
    shows: 'its first screen',
  },
  lpae('ttyS0', 'none'),
  lpae('ttyS0', 'none', '--boot', 'svc'),
  lpae('ttyAMA0', 'none', '--console', 'pl011'),
  lpae('hvc0', 'console on PCI', '--console', 'virtio', '--virtio-transport', 'pci'),
  lpae('hvc0', 'console on MMIO', '--console', 'virtio', '--virtio-transport', 'mmio'),
  armmp('armmp'),
  armmp('armmp-lpae'),
  {
    kernel: ARM_INSTALLER,
    console: 'ttyS0',
    virtio: 'none',
    options: () => installerBoot('armhf-installer-kernel', 'armhf-installer-initrd'),
    ready: FIRST_SCREEN,
    shows: 'its first screen',
  },
];

function cells(row: Row, given: BootOptions, ended: Boot): string[] {
  const version = /Linux version (\S+)/.exec(ended.console)?.[1] ?? 'unknown';
  const model = given.options?.[given.options.indexOf('--cpu-model') + 1];
  const cpu = given.options?.includes('--cpu-model') ? `, ${model}` : '';
  const millions = Math.round(Number((ended.instructions / 1e6).toPrecision(2))).toLocaleString('en-US');
  const well = ended.console.includes(row.ready) && (given.until !== undefined || ended.exitCode === 0);
  const reached = well ? row.shows : `FAILED: ${ended.summary}`;
  const { guestKind, machine } = ended.inferred;
  return [row.kernel, version, guestKind, `${machine}${cpu}`, row.console, row.virtio, `${millions} M`, reached];
}

const line = (columns: readonly string[]): string => `| ${columns.join(' | ')} |`;

const { values } = parseArgs({
  options: { check: { type: 'boolean', default: false }, package: { type: 'string', default: '.' } },
});
requirePackage(values.package);
const scratch = mkdtempSync(join(tmpdir(), 'tsvm-linux-'));
const table = [
  line(['Kernel', 'Version', 'Guest', 'Machine', 'Console', 'virtio', 'Instructions', 'Reached']),
  line(['---', '---', '---', '---', '---', '---', '---:', '---']),
];
try {
  const launcher = copyPackage(values.package, scratch);
  for (const row of ROWS) {
    const given = row.options({ launcher, scratch });
    const columns = cells(row, given, await boot({ launcher, scratch }, given));
    console.log(line(columns));
    table.push(line(columns));
  }
} finally {
  rmSync(scratch, { recursive: true, force: true });
}
const readme = readFileSync(README, 'utf8');
const [from, to] = [readme.indexOf(BEGIN), readme.indexOf(END)];
if (from < 0 || to < from) throw new Error(`README.md has not both of ${BEGIN} and ${END}`);
const renewed = `${readme.slice(0, from)}${BEGIN}\n${table.join('\n')}\n${readme.slice(to)}`;
const failed = table.some((text) => text.includes('FAILED'));
if (!values.check) writeFileSync(README, renewed);
else if (renewed !== readme) console.error('README.md: the table of kernels is another');
process.exitCode = failed || (values.check && renewed !== readme) ? 1 : 0;
