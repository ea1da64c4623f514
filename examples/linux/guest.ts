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

interface PromptOptions extends Options {
  /** A file that only kernels have that are configured for this; on others nothing is tested. */
  readonly needs?: string | undefined;
}

/** A test that begins when the shell of the booted guest waits for a command. */
export function atPrompt(name: string, { needs, ...options }: PromptOptions, body: Body): void {
  fromReset(name, options, async (m) => {
    await m.waitFor('/ # ');
    if (needs === undefined || (await m.sh(`test -e ${needs}`)).ok) await body(m);
    else console.log(`not tested, for this kernel has no ${needs}: ${name}`);
  });
}

/** What a test has to know of the machine's CPU and the kernel's port to it. */
interface Port {
  /** The register of a function's first argument. */
  readonly argument: string;
  /** A store to address 0, and what the kernel says about it. */
  readonly storeToNull: readonly number[];
  readonly badAddress: string;
  readonly SIGXCPU: number;
  readonly rtcDriver: string;
}

const MIPS: Port = {
  argument: 'a0',
  storeToNull: [0xac000000], // sw zero, 0(zero)
  badAddress: 'Unable to handle kernel paging request at virtual address 00000000',
  SIGXCPU: 30,
  rtcDriver: 'rtc_cmos',
};
const ARM: Port = {
  argument: 'r0',
  storeToNull: [0xe3a00000, 0xe5800000], // mov r0, #0; str r0, [r0]
  badAddress: 'Unable to handle kernel NULL pointer dereference at virtual address 00000000',
  SIGXCPU: 24,
  rtcDriver: 'rtc-pl031',
};

export const portOf = (m: TestVm): Port => (m.vm.inferred.machine === 'arm-virt' ? ARM : MIPS);

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
