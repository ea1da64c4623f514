// Commands that read a Linux kernel's own data out of guest memory: dmesg, ps, lsmod.
import { readKernelLog } from '../../linux/kernel-log.ts';
import { listModules } from '../../linux/modules.ts';
import type { LinuxReport } from '../../linux/report.ts';
import { listTasks } from '../../linux/tasks.ts';
import type { ShellCommand } from '../command.ts';

/** Notes are set apart, for those who read the lines with a program. */
function linesOf({ lines, note }: LinuxReport): string[] {
  return note === undefined ? [...lines] : [...lines, `(${note})`];
}

const MOST_LINES = 1_000_000;

const dmesgCommand: ShellCommand = {
  name: 'dmesg',
  family: 'linux',
  usage: 'dmesg [LINES]',
  summary: "the Linux kernel's log, out of guest memory; its last LINES",
  help: [
    'The log is read where the kernel keeps it, so it is there without a console, and after the kernel has died.',
    'Kernels from 3.5 on; those from 5.10 on also when no symbol says where it is.',
  ],
  examples: ['dmesg', 'dmesg 20'],
  run({ target }, args) {
    const most = args.count('a number of lines', MOST_LINES, MOST_LINES);
    args.done();
    const report = readKernelLog(target);
    return linesOf({ ...report, lines: report.lines.slice(-most) });
  },
};

const psCommand: ShellCommand = {
  name: 'ps',
  family: 'linux',
  usage: 'ps',
  summary: 'processes of a Linux guest',
  help: [
    "The kernel's list of tasks from init_task on, threads not among them; [NAME] is a kernel thread. Found without debug information, by what must be true",
    'of every task; a column that is not certain is left out.',
    'STATE: R running or ready, S sleeping, D sleeping uninterruptibly, I idle, T stopped, t traced, P parked, Z dead and not waited for; *: a vCPU is in it now.',
  ],
  examples: ['ps'],
  run({ target }, args) {
    args.done();
    return linesOf(listTasks(target));
  },
};

const lsmodCommand: ShellCommand = {
  name: 'lsmod',
  family: 'linux',
  usage: 'lsmod',
  summary: 'modules that a Linux guest has loaded, and where',
  examples: ['lsmod'],
  run({ target }, args) {
    args.done();
    return linesOf(listModules(target));
  },
};

export const linuxCommands: readonly ShellCommand[] = [dmesgCommand, psCommand, lsmodCommand];
