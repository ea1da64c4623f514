// What the files of this suite share: the guest they boot, and images for its disks. The Linux under test is the kernel that VMLINUX names and the
// initramfs that INITRAMFS names (README.md, "Linux, unmodified", has scripts that make both); without them every test is skipped.

import { closeSync, ftruncateSync, mkdtempSync, openSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { ScriptOptions } from 'tsvm';
import { type TestOptions, type TestVm, test } from 'tsvm/test';

const { VMLINUX, INITRAMFS } = process.env;

/** The guest of every test: `sh=1` makes this initramfs start a shell on the console. */
export const linux = { kernel: VMLINUX ?? 'vmlinux', initrd: INITRAMFS ?? 'initramfs', params: 'sh=1' } satisfies ScriptOptions;

type Body = (m: TestVm) => unknown;

/** A test that begins with the kernel's first instruction; `skipped` is a reason not to run it. */
export function fromReset(name: string, options: Partial<TestOptions>, body: Body, skipped?: string): void {
  const reason = VMLINUX === undefined || INITRAMFS === undefined ? 'VMLINUX and INITRAMFS do not name a kernel and an initramfs' : skipped;
  const all = { ...linux, ...options };
  if (reason === undefined) test(name, all, body);
  else test.skip(name, all, body, reason);
}

/** A test that begins when the shell of a booted guest waits for a command. */
export function atPrompt(name: string, options: Partial<TestOptions>, body: Body, skipped?: string): void {
  const booted = async (m: TestVm): Promise<void> => {
    await m.waitFor('/ # ');
    await body(m);
  };
  fromReset(name, options, booted, skipped);
}

let folder: string | undefined;

/** The path of an empty (all zero, sparse) disk image, which lasts as long as this process. */
export function blankDisk(name: string, mebibytes: number): string {
  if (folder === undefined) {
    const made = mkdtempSync(join(tmpdir(), 'tsvm-linux-'));
    process.on('exit', () => rmSync(made, { recursive: true, force: true }));
    folder = made;
  }
  const path = join(folder, name);
  const image = openSync(path, 'w');
  ftruncateSync(image, mebibytes * 1024 * 1024);
  closeSync(image);
  return path;
}
