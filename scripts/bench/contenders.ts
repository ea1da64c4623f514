// The monitors that are measured: tsvm, and QEMU's TCG with and without -icount, each given the same guest by its own command line.
import { spawnSync } from 'node:child_process';
import { readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { type Account, accountOf } from './outputs.ts';

/** What guests run on, by tsvm's name of the board. */
export const MACHINES = ['malta', 'arm-virt'] as const;
export type Machine = (typeof MACHINES)[number];

/** A guest, in the words of no monitor. */
export interface GuestRun {
  readonly machine: Machine;
  /** On malta for T&E guests; QEMU, which has no T&E, is a machine where such a kernel runs as well. */
  readonly kernel: string;
  /** The kernel for QEMU where it is another build. */
  readonly peerKernel?: string;
  readonly initrd?: string;
  /** A raw disk, as virtio-blk on PCI. */
  readonly disk?: string;
  readonly params: string;
  readonly memoryMiB: number;
}

export type ContenderName = 'tsvm' | 'qemu' | 'qemu-icount';

export interface Contender {
  readonly name: ContenderName;
  readonly version: string;
  /** What it can be. */
  readonly machines: readonly Machine[];
  command(run: GuestRun): readonly [file: string, ...args: string[]];
  /** What it reports of the run that has just ended; null for those that count nothing. */
  account(): Account | null;
}

export interface TsvmOptions {
  /** A bin/tsvm.js, and the folder of the package it is a copy of. */
  readonly launcher: string;
  readonly from: string;
  /** --engine of `tsvm run`; undefined for its default. */
  readonly engine: string | undefined;
  readonly scratch: string;
}

export function tsvm({ launcher, from, engine, scratch }: TsvmOptions): Contender {
  const events = join(scratch, 'events.jsonl');
  const { stdout } = spawnSync(process.execPath, [launcher, '--version'], { encoding: 'utf8' });
  return {
    name: 'tsvm',
    version: `${stdout.trim()} of ${from}${engine === undefined ? '' : `, --engine ${engine}`}`,
    machines: MACHINES,
    command(run) {
      rmSync(events, { force: true });
      return [
        process.execPath,
        launcher,
        'run',
        ...['--json', events, '--mem', `${run.memoryMiB}M`],
        ...(engine === undefined ? [] : ['--engine', engine]),
        ...(run.initrd === undefined ? [] : ['--initrd', run.initrd]),
        ...(run.disk === undefined ? [] : ['--disk', run.disk]),
        ...['--params', run.params, run.kernel],
      ];
    },
    account: () => accountOf(readFileSync(events, 'utf8')),
  };
}

interface Qemu {
  readonly program: string;
  /** Debian's. */
  readonly packageName: string;
  readonly options: readonly string[];
  readonly console: string;
}

const QEMU: Readonly<Record<Machine, Qemu>> = {
  malta: {
    program: 'qemu-system-mipsel',
    packageName: 'qemu-system-mips',
    options: ['-M', 'malta', '-cpu', '24Kf', '-vga', 'none'],
    console: 'ttyS0',
  },
  'arm-virt': {
    program: 'qemu-system-arm',
    packageName: 'qemu-system-arm',
    options: ['-M', 'virt,virtualization=on', '-cpu', 'cortex-a15'],
    console: 'ttyAMA0',
  },
};

/** QEMU's version as one of the machines, or why it is not there. */
export function findQemu(machine: Machine): { readonly version: string } | { readonly missing: string } {
  const { program, packageName } = QEMU[machine];
  const { status, stdout, error } = spawnSync(program, ['--version'], { encoding: 'utf8' });
  if (status === 0) return { version: stdout.split('\n')[0]!.trim() };
  return { missing: `${program} does not run (${error?.message ?? `status ${status}`}); Debian: ${packageName}` };
}

/** `icount`: the shift, or auto; null runs without -icount. */
export function qemu(version: string, icount: string | null, machines: readonly Machine[] = MACHINES): Contender {
  const more = icount === null ? [] : ['-icount', `shift=${icount}`];
  return {
    name: icount === null ? 'qemu' : 'qemu-icount',
    version: `${version}, TCG${icount === null ? '' : `, -icount shift=${icount}`}`,
    machines,
    command: (run) => {
      const { program, options, console } = QEMU[run.machine];
      return [
        program,
        ...options,
        ...['-m', String(run.memoryMiB), '-nographic', '-no-reboot', '-net', 'none'],
        ...['-kernel', run.peerKernel ?? run.kernel],
        ...(run.initrd === undefined ? [] : ['-initrd', run.initrd]),
        ...(run.disk === undefined
          ? []
          : ['-drive', `if=none,id=disk,format=raw,file=${run.disk}`, '-device', 'virtio-blk-pci,drive=disk']),
        // tsvm tells Linux by itself which console it has.
        ...['-append', run.initrd === undefined ? run.params : `console=${console} ${run.params}`],
        ...more,
      ];
    },
    account: () => null,
  };
}
