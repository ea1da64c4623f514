// The other side of the comparison: the programs on a disk of a guest that runs Linux.
import { execFileSync, spawn } from 'node:child_process';
import {
  closeSync,
  copyFileSync,
  linkSync,
  mkdirSync,
  openSync,
  readFileSync,
  truncateSync,
  writeFileSync,
} from 'node:fs';
import { join, resolve } from 'node:path';
import { COMPILER } from './programs.ts';
import type { Ending } from './qemu.ts';

const ROOT = resolve(import.meta.dirname, '../..');

/** Kernels the programs can run on, by the script that gets each. */
export const KERNELS = { te: 'linux-te-mipsel.sh', '4kc-malta': 'linux-4kc-malta.sh' } as const;
export type KernelName = keyof typeof KERNELS;

export interface Kernel {
  readonly name: KernelName;
  readonly image: string;
  /** System.map. */
  readonly symbols: string | null;
  /** Appended to the initramfs. */
  readonly modules: string | null;
}

/** The paths that a script of scripts/ prints. Throws when it fails; why is on stderr. */
export function printedBy(script: string): string[] {
  const stdout = execFileSync(join(ROOT, 'scripts', script), {
    encoding: 'utf8',
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  return stdout.trim().split('\n');
}

export function kernelOf(name: KernelName): Kernel {
  const [image, second = null] = printedBy(KERNELS[name]);
  const te = name === 'te';
  return { name, image: image!, symbols: te ? second : null, modules: te ? null : second };
}

/** An ext4 image with the programs `names` of `binaries` and their list, in `scratch`. Returns its path. */
export function makeDisk(binaries: string, names: readonly string[], scratch: string): string {
  const image = join(scratch, 'torture.img');
  const tree = join(scratch, 'tree');
  mkdirSync(join(tree, 'bin'), { recursive: true });
  for (const name of names) linkOrCopy(join(binaries, name), join(tree, 'bin', name));
  writeFileSync(join(tree, 'list'), `${names.join('\n')}\n`);
  const [kibibytes] = execFileSync('du', ['-sk', '--apparent-size', tree], { encoding: 'utf8' }).split('\t');
  writeFileSync(image, '');
  truncateSync(image, Math.ceil(Number(kibibytes) * 1.1 + 16384) * 1024);
  execFileSync('mke2fs', ['-q', '-F', '-t', 'ext4', '-O', '^has_journal', '-m', '0', '-d', tree, image], {
    env: { ...process.env, PATH: `${process.env.PATH}:/usr/sbin:/sbin` },
    stdio: ['ignore', 'ignore', 'inherit'],
  });
  return image;
}

/** --keep may be on another file system than the scratch folder. */
function linkOrCopy(from: string, to: string): void {
  try {
    linkSync(from, to);
  } catch {
    copyFileSync(from, to);
  }
}

/** An initramfs whose /init is scripts/torture/init.c, with the kernel's modules. Returns its path. */
function makeInitramfs({ name, modules }: Kernel, scratch: string): string {
  const root = join(scratch, `root-${name}`);
  for (const folder of ['dev', 'mnt', 'proc', 'tmp']) mkdirSync(join(root, folder), { recursive: true });
  const init = join(import.meta.dirname, 'init.c');
  execFileSync(COMPILER, ['-O2', '-Wall', '-static', '-s', '-o', join(root, 'init'), init], { stdio: 'inherit' });
  const pack = ['--no-install', 'tsx', join(ROOT, 'scripts/linux-cpio.ts'), 'pack', root];
  const archive = execFileSync('npx', pack, { cwd: ROOT, maxBuffer: 2 ** 26, stdio: ['ignore', 'pipe', 'inherit'] });
  const path = join(scratch, `${name}.cpio.gz`);
  writeFileSync(path, modules === null ? archive : Buffer.concat([archive, readFileSync(modules)]));
  return path;
}

export interface GuestRun {
  readonly kernel: KernelName;
  readonly endings: ReadonlyMap<string, Ending>;
  /** Did the guest come to the end of its list? */
  readonly complete: boolean;
  /** What tsvm said last. */
  readonly verdict: string;
  readonly instructions: number;
  readonly wallSeconds: number;
  readonly guestSeconds: number;
  /** The file with the console's bytes. */
  readonly consoleFile: string;
}

export interface GuestOptions {
  /** Guest time each program has. */
  readonly seconds: number;
  /** Wall time for all of them. */
  readonly timeoutSeconds: number;
}

const LINE = /^TORTURE (\S+) ((?:exit|signal|timeout) \d+ stdout \d+ [0-9a-f]{8})$/;

/** Endings by program, from what the guest's console showed; and whether the list came to its end. */
export function readConsole(text: string): { endings: Map<string, Ending>; complete: boolean } {
  const endings = new Map<string, Ending>();
  let end = -1;
  for (const line of text.split(/\r?\n/)) {
    const [, name, ending] = LINE.exec(line) ?? [];
    if (name !== undefined && ending !== undefined) endings.set(name, ending);
    const [, count] = /^TORTURE-END (\d+)$/.exec(line) ?? [];
    if (count !== undefined) end = Number(count);
  }
  return { endings, complete: end === endings.size };
}

/** Boot the kernel with `launcher` (bin/tsvm.js) and the disk, until it has run its list. */
export async function runInGuest(
  launcher: string,
  kernel: Kernel,
  disk: string,
  scratch: string,
  { seconds, timeoutSeconds }: GuestOptions,
): Promise<GuestRun> {
  const consoleFile = join(scratch, `console-${kernel.name}`);
  const events = join(scratch, `events-${kernel.name}.jsonl`);
  const args = ['run', kernel.image, '-m', '256M', '-i', makeInitramfs(kernel, scratch), '-d', `${disk}:ro`];
  if (kernel.symbols !== null) args.push('--symbols', kernel.symbols);
  args.push('--timeout', `${timeoutSeconds}s`, '--json', events, '--params', `quiet seconds=${seconds}`);
  const saidFile = join(scratch, `said-${kernel.name}`);
  const [out, said] = [openSync(consoleFile, 'w'), openSync(saidFile, 'w')];
  const began = performance.now();
  const child = spawn(process.execPath, [launcher, ...args], { stdio: ['ignore', out, said] });
  const exitCode = await new Promise<number | null>((done) => child.on('close', done));
  closeSync(out);
  closeSync(said);
  const wallSeconds = (performance.now() - began) / 1000;
  const text = readFileSync(consoleFile, 'latin1');
  const { instructions = 0, guestTimeNs = 0 } = lastEvent(events);
  const { endings, complete } = readConsole(text);
  return {
    kernel: kernel.name,
    endings,
    complete: complete && exitCode === 0,
    verdict: readFileSync(saidFile, 'utf8').trimEnd().split('\n').at(-1) ?? '',
    instructions,
    wallSeconds,
    guestSeconds: guestTimeNs / 1e9,
    consoleFile,
  };
}

function lastEvent(path: string): { instructions?: number; guestTimeNs?: number } {
  const line = readFileSync(path, 'utf8').trimEnd().split('\n').at(-1) ?? '{}';
  return JSON.parse(line) as { instructions?: number; guestTimeNs?: number };
}
