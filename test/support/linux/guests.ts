// Real kernels and initramfs images for the tests: the scripts scripts/linux-*.sh get or build them, once, into a cache.
import { spawnSync } from 'node:child_process';
import { accessSync, constants } from 'node:fs';
import { delimiter, join, resolve } from 'node:path';

const ROOT = resolve(import.meta.dirname, '../../..');

/** What a script made, or why there is nothing. */
export type Obtained = { readonly paths: readonly string[] } | { readonly missing: string };

const obtained = new Map<string, Obtained>();

/** Run scripts/linux-NAME.sh; its last words become the reason when it fails. Once per process. */
function obtain(name: string): Obtained {
  let result = obtained.get(name);
  if (!result) {
    const { status, stdout, stderr, error } = spawnSync('bash', [join(ROOT, `scripts/linux-${name}.sh`)], {
      encoding: 'utf8',
      maxBuffer: 1 << 28,
    });
    const reason = error?.message ?? stderr.trimEnd().split('\n').at(-1);
    result =
      status === 0
        ? { paths: stdout.trimEnd().split('\n') }
        : { missing: `scripts/linux-${name}.sh failed: ${reason}` };
    obtained.set(name, result);
  }
  return result;
}

/** Everything that checks boot, by what it is. */
const FILES = {
  'te-kernel': ['te-mipsel', 0],
  'te-symbols': ['te-mipsel', 1],
  '4kc-kernel': ['4kc-malta', 0],
  '4kc-modules': ['4kc-malta', 1],
  'installer-kernel': ['installer-mipsel', 0],
  'installer-initrd': ['installer-mipsel', 1],
  'guest-initrd': ['initramfs-mipsel', 0],
  'tools-initrd': ['initramfs-mipsel', 1],
  busybox: ['initramfs-mipsel', 2],
  'lpae-vmlinux': ['lpae-armhf', 0],
  'lpae-zimage': ['lpae-armhf', 2],
  'armmp-kernel': ['armmp', 0],
  'armmp-modules': ['armmp', 1],
  'armmp-lpae-kernel': ['armmp-lpae', 0],
  'armmp-lpae-modules': ['armmp-lpae', 1],
  'armhf-installer-kernel': ['installer-armhf', 0],
  'armhf-installer-initrd': ['installer-armhf', 1],
  'armhf-guest-initrd': ['initramfs-armhf', 0],
  'armhf-tools-initrd': ['initramfs-armhf', 1],
  'armhf-busybox': ['initramfs-armhf', 2],
  'armhf-stress': ['stress-armhf', 0],
} as const satisfies Readonly<Record<string, readonly [script: string, line: number]>>;

export type FileName = keyof typeof FILES;

/** The path of a file; throws with the reason when there is none. Ask `whyMissing` first. */
export function fileOf(name: FileName): string {
  const [script, line] = FILES[name];
  const result = obtain(script);
  if ('missing' in result) throw new Error(result.missing);
  return result.paths[line]!;
}

export type Need = FileName | 'mke2fs' | 'e2fsck' | 'debugfs';

/** Why something of this list is not here, or null. */
export function whyMissing(needs: readonly Need[]): string | null {
  for (const need of needs) {
    if (need === 'mke2fs' || need === 'e2fsck' || need === 'debugfs') {
      if (!toolPath(need)) return `${need} is not installed (package e2fsprogs)`;
      continue;
    }
    const result = obtain(FILES[need][0]);
    if ('missing' in result) return result.missing;
  }
  return null;
}

/** Debian keeps the tools of file systems out of a user's PATH. */
export function toolPath(tool: string): string | undefined {
  return [...(process.env.PATH ?? '').split(delimiter), '/usr/sbin', '/sbin']
    .map((folder) => join(folder, tool))
    .find((path) => {
      try {
        accessSync(path, constants.X_OK);
        return true;
      } catch {
        return false;
      }
    });
}
