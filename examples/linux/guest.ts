// What the files of this suite share: the guest they boot, and images for its disks. The Linux under test is the kernel that VMLINUX names and the
// initramfs that INITRAMFS names (README.md, "Linux, unmodified", has scripts that make both); without them every test is skipped.

import { existsSync, mkdirSync, realpathSync, truncateSync, writeFileSync } from 'node:fs';
import { homedir } from 'node:os';
import { basename, dirname, join } from 'node:path';
import type { ScriptOptions } from 'tsvm';
import { type TestOptions, type TestVm, test } from 'tsvm/test';

const { VMLINUX, INITRAMFS } = process.env;
const without = VMLINUX && INITRAMFS ? undefined : 'VMLINUX and INITRAMFS do not name a kernel and an initramfs';

/** The guest of every test: `sh=1` makes this initramfs start a shell on the console. */
export const linux = {
  kernel: VMLINUX ?? 'vmlinux',
  initrd: INITRAMFS ?? 'initramfs',
  params: 'sh=1',
} satisfies ScriptOptions;

/**
 * For tests that name variables of the kernel: its own tables may hold functions only (without CONFIG_KALLSYMS_ALL), so they need the System.map of
 * the same build, which stands beside the kernel and is called like it.
 */
export const withVariables = {
  symbols: systemMap(),
  skip: systemMap() ? undefined : 'there is no System.map beside VMLINUX',
};

function systemMap(): string | undefined {
  if (without !== undefined || !existsSync(linux.kernel)) return undefined;
  const kernel = realpathSync(linux.kernel);
  const map = join(dirname(kernel), basename(kernel).replace('vmlinux', 'System.map'));
  return map !== kernel && existsSync(map) ? map : undefined;
}

const MEBIBYTE = 1 << 20;

type Body = (m: TestVm) => unknown;

interface Options extends Partial<TestOptions> {
  /** Why this test cannot run here. */
  readonly skip?: string | undefined;
}

/** A test that begins at the kernel's first instruction. */
export function fromReset(name: string, { skip, ...options }: Options, body: Body): void {
  const reason = without ?? skip;
  if (reason === undefined) test(name, { ...linux, ...options }, body);
  else test.skip(name, { ...linux, ...options }, body, reason);
}

/** A test that begins when the shell of the booted guest waits for a command. */
export function atPrompt(name: string, options: Options, body: Body): void {
  fromReset(name, options, async (m) => {
    await m.waitFor('/ # ');
    await body(m);
  });
}

const folder = join(homedir(), '.cache', 'tsvm', 'examples-linux');

/** An empty disk image, all zero and sparse: its path. It stays there, so that a run can be repeated after the suite. */
export function blankDisk(name: string, mebibytes: number): string {
  const path = join(folder, name);
  if (without !== undefined) return path;
  mkdirSync(folder, { recursive: true });
  writeFileSync(path, '', { flag: 'a' });
  truncateSync(path, mebibytes * MEBIBYTE);
  return path;
}
