// KUnit in a real kernel: the kernels of scripts/linux-kunit-mipsel.sh, what they say on a console, and what their own parser
// (tools/testing/kunit/kunit_parser.py of the same source) makes of that.
import { spawnSync } from 'node:child_process';
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join, resolve } from 'node:path';
import { startVm, type Verdict } from '../../../src/api/index.ts';
import { fileOf } from './guests.ts';
import type { Findings } from './kunit-findings.ts';

const SCRIPTS = resolve(import.meta.dirname, '../../../scripts');

export type KernelVersion = '6.1' | '5.10';

export interface KunitKernel {
  readonly version: KernelVersion;
  readonly vmlinux: string;
  /** A tar file of sample consoles for its parser. */
  readonly samples: string;
  /** The folder of its kunit_parser.py. */
  readonly parser: string;
}

const kernels = new Map<KernelVersion, KunitKernel | { readonly missing: string }>();

/** A kernel with KUnit, built when the cache has none (minutes), or why there is none. Once per process. */
export function kunitKernel(version: KernelVersion): KunitKernel | { readonly missing: string } {
  const known = kernels.get(version);
  if (known) return known;
  const script = 'linux-kunit-mipsel.sh';
  const { status, stdout, stderr, error } = spawnSync('bash', [join(SCRIPTS, script), version], {
    encoding: 'utf8',
    maxBuffer: 1 << 28,
  });
  const [vmlinux, , samples, parser] = (stdout ?? '').split('\n');
  const reason = error?.message ?? stderr.trimEnd().split('\n').at(-1);
  const kernel =
    status === 0 && vmlinux && samples && parser
      ? { version, vmlinux, samples, parser: dirname(parser) }
      : { missing: `scripts/${script} ${version} failed: ${reason}` };
  kernels.set(version, kernel);
  return kernel;
}

/** What the kernel's own parser makes of each console. */
export function kernelFindings({ parser }: KunitKernel, consoles: readonly string[]): Findings[] {
  const folder = mkdtempSync(join(tmpdir(), 'tsvm-kunit-'));
  try {
    for (const [n, console] of consoles.entries()) writeFileSync(join(folder, String(n)), console, 'latin1');
    const { status, stdout, stderr, error } = spawnSync(
      'python3',
      [join(SCRIPTS, 'linux-kunit/parse.py'), parser, ...consoles.map((_, n) => String(n))],
      { cwd: folder, encoding: 'utf8', maxBuffer: 1 << 30 },
    );
    if (status !== 0) throw new Error(`the kernel's parser: ${error?.message ?? stderr}`);
    return stdout
      .trimEnd()
      .split('\n')
      .map((line) => JSON.parse(line));
  } finally {
    rmSync(folder, { recursive: true });
  }
}

/** The sample consoles for the kernel's parser, by name. */
export function kernelSamples({ samples }: KunitKernel): ReadonlyMap<string, string> {
  const folder = mkdtempSync(join(tmpdir(), 'tsvm-kunit-'));
  try {
    const { status, stderr, error } = spawnSync('tar', ['-xf', samples, '-C', folder], { encoding: 'utf8' });
    if (status !== 0) throw new Error(`${samples}: ${error?.message ?? stderr}`);
    const names = readdirSync(join(folder, 'test_data')).filter((name) => name.endsWith('.log'));
    return new Map(names.sort().map((name) => [name, readFileSync(join(folder, 'test_data', name), 'latin1')]));
  } finally {
    rmSync(folder, { recursive: true });
  }
}

/** A boot of a kernel with KUnit, and what must come of it. */
export interface KunitBoot {
  readonly name: string;
  readonly version: KernelVersion;
  readonly console: 'serial' | 'virtio';
  /** What tsvm_kunit= and the like say (scripts/linux-kunit/endings.c). */
  readonly params: string;
  readonly exitCode: number;
  readonly failing: readonly string[];
}

export interface KunitEnding {
  readonly verdict: Verdict;
  /** The console's bytes, as latin1, with `\n` for line ends. */
  readonly console: string;
}

/** Boot to the end. 5.10 cannot be told to power off after its tests: there an init does. */
export async function bootKunit({ vmlinux }: KunitKernel, boot: KunitBoot): Promise<KunitEnding> {
  const pieces: Buffer[] = [];
  const vm = await startVm({
    kernel: vmlinux,
    initrd: boot.version === '5.10' ? fileOf('tools-initrd') : undefined,
    params: `${boot.version === '6.1' ? 'kunit_shutdown=poweroff ' : ''}${boot.params}`.trim(),
    console: boot.console,
    limit: '600s',
    onConsole: (bytes) => {
      pieces.push(Buffer.from(bytes));
    },
  });
  const verdict = await vm.wait();
  return { verdict, console: Buffer.concat(pieces).toString('latin1').replaceAll(/\r+\n/g, '\n') };
}

const FAILING_6_1 = ['expects', 'breaks', 'takes_numbers/number 2'].map((name) => `tsvm_endings/${name}`);
const FAILING_5_10 = FAILING_6_1.slice(0, 2);

/** The boots of one kernel. */
export function kunitBoots(version: KernelVersion): readonly KunitBoot[] {
  const boot = (name: string, params: string, more: Partial<KunitBoot> = {}): KunitBoot => ({
    name: `${version}: ${name}`,
    version,
    console: 'serial',
    params,
    exitCode: 0,
    failing: [],
    ...more,
  });
  const both = [
    boot('all suites, ttyS0', ''),
    boot('all suites, hvc0', '', { console: 'virtio' }),
    boot('failing tests', 'tsvm_kunit=fail', { failing: version === '6.1' ? FAILING_6_1 : FAILING_5_10 }),
    boot('a panic in a test', 'tsvm_kunit=panic', { exitCode: 100 }),
    boot('an oops in a test', 'tsvm_kunit=oops', { exitCode: 100, failing: ['tsvm_endings/breaks'] }),
  ];
  if (version === '5.10') return both;
  return [
    ...both,
    boot('a suite that is skipped', 'tsvm_kunit=skip'),
    boot('one suite', 'kunit.filter_glob=tsvm_endings tsvm_kunit=fail', { failing: FAILING_6_1 }),
    boot('no suite', 'kunit.filter_glob=no_such_suite'),
  ];
}
