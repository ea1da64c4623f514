// What the bench runs, found or made: the Linux kernels and their initramfs images by the scripts that get or build them (as test/linux does),
// joined with the bench's own guest programs; a raw disk; the committed guests. Everything made lies in a scratch folder.
import { execFileSync, spawnSync } from 'node:child_process';
import { chmodSync, copyFileSync, existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { decompress } from '../../src/boot/decompress.ts';
import { type FileName, fileOf, whyMissing } from '../../test/support/linux/guests.ts';
import { MACHINES, type Machine } from './contenders.ts';
import { userElf } from './user-elf.ts';

const ROOT = resolve(import.meta.dirname, '../..');
const GUEST = join(import.meta.dirname, 'guest');
const CPIO = join(ROOT, 'scripts/linux-cpio.ts');
const PROGRAMS = ['pages', 'random'];
const MAX_KERNEL = 1 << 28;
const DISK_MIB = 160;

/** What was found, or why not. */
export type Input = { readonly path: string } | { readonly missing: string };

/** For one machine. */
export interface Inputs {
  /** Uncompressed, so that no monitor unpacks it. */
  readonly kernel: Input;
  /** The same for QEMU, which takes ARM kernels as zImage only. */
  readonly peerKernel: Input;
  /** With `/tsvm-bench/init.sh`, */
  readonly initrd: Input;
  /** and with its programs. */
  readonly ownPrograms: Input;
  /** The program /bin/bench within that. */
  readonly benchProgram: Input;
  readonly disk: Input;
  /** One loops guest for tsvm, the same loops for QEMU. */
  readonly loops: Input;
  readonly peerLoops: Input;
  readonly hello: Input;
}

export async function findInputs(scratch: string): Promise<Readonly<Record<Machine, Inputs>>> {
  const disk = { path: rawDisk(scratch) };
  const found = await Promise.all(MACHINES.map(async (machine) => [machine, await inputsOf(machine, scratch, disk)]));
  return Object.fromEntries(found) as Record<Machine, Inputs>;
}

async function inputsOf(machine: Machine, scratch: string, disk: Input): Promise<Inputs> {
  const isArm = machine === 'arm-virt';
  const initrd: FileName = isArm ? 'armhf-guest-initrd' : 'guest-initrd';
  const folder = join(scratch, machine);
  mkdirSync(folder);
  const kernel = await obtained(isArm ? 'lpae-vmlinux' : 'te-kernel', (path) => unpackedKernel(path, folder));
  const joined = await obtained(initrd, (path) => joinedInitrd(path, folder, isArm ? [] : PROGRAMS));
  const absent = { missing: 'there is none for ARM' };
  return {
    kernel,
    peerKernel: isArm ? await obtained('lpae-zimage', (path) => path) : kernel,
    initrd: joined,
    ownPrograms: isArm ? absent : joined,
    benchProgram: await obtained(initrd, (path) => {
      if (spawnSync(process.execPath, [...process.execArgv, CPIO, 'extract', path, 'bin/bench']).status === 0)
        return path;
      throw new Error(`${path} has no bin/bench (the image of ../shared/guests has)`);
    }),
    disk,
    loops: isArm ? absent : committed('bench-te-el.elf'),
    peerLoops: isArm ? absent : committed('bench-malta-el.elf'),
    hello: committed(isArm ? 'hello-arm.elf' : 'hello-te-el.elf'),
  };
}

/** A file of scripts/linux-*.sh, and what is made of it. */
async function obtained(name: FileName, make: (path: string) => string | Promise<string>): Promise<Input> {
  const missing = whyMissing([name]);
  if (missing !== null) return { missing };
  try {
    return { path: await make(fileOf(name)) };
  } catch (error) {
    return { missing: error instanceof Error ? error.message : String(error) };
  }
}

function committed(name: string): Input {
  const path = join(ROOT, 'guests/bin', name);
  return existsSync(path) ? { path } : { missing: `${path} is not there (npm run guests)` };
}

async function unpackedKernel(path: string, scratch: string): Promise<string> {
  const file = join(scratch, 'vmlinux');
  const options = { limit: MAX_KERNEL, what: 'the kernel', code: 'not-runnable', gunzip: async () => null } as const;
  writeFileSync(file, (await decompress(readFileSync(path), options)).bytes);
  return file;
}

/** The kernel unpacks archives that follow one another (Linux, Documentation/driver-api/early-userspace/buffer-format). */
function joinedInitrd(path: string, scratch: string, programs: readonly string[]): string {
  const root = join(scratch, 'root');
  const folder = join(root, 'tsvm-bench');
  mkdirSync(folder, { recursive: true });
  copyFileSync(join(GUEST, 'init.sh'), join(folder, 'init.sh'));
  chmodSync(join(folder, 'init.sh'), 0o755);
  const source = (name: string): string => readFileSync(join(GUEST, `${name}.s`), 'utf8');
  for (const name of programs)
    writeFileSync(join(folder, name), userElf(source('start') + source(name)), { mode: 0o755 });
  const own = execFileSync(process.execPath, [...process.execArgv, CPIO, 'pack', root]);
  const file = join(scratch, 'initrd.cpio.gz');
  writeFileSync(file, Buffer.concat([readFileSync(path), own]));
  return file;
}

/** A raw image without holes, the same bytes each time. */
function rawDisk(scratch: string): string {
  const words = new Uint32Array(1 << 18);
  const image = Buffer.alloc(DISK_MIB << 20);
  let x = 2463534242;
  for (let mebibyte = 0; mebibyte < DISK_MIB; mebibyte++) {
    for (let i = 0; i < words.length; i++) {
      x ^= x << 13;
      x ^= x >>> 17;
      x ^= x << 5;
      words[i] = x;
    }
    image.set(new Uint8Array(words.buffer), mebibyte << 20);
  }
  const path = join(scratch, 'disk.img');
  writeFileSync(path, image);
  return path;
}
