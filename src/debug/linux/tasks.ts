// `ps` out of guest memory: the processes of a Linux kernel, from init_task's list.
import { printable } from '../../util/format.ts';
import { table } from '../shell/text.ts';
import type { DebugTarget } from '../target.ts';
import { currentTasks } from './current-tasks.ts';
import { KernelMemory } from './kernel-memory.ts';
import { type LinuxReport, reportOf } from './report.ts';
import {
  COMM_LENGTH,
  commText,
  type FoundTasks,
  findTasks,
  isKernelThread,
  searchInitTask,
  type TaskLayout,
} from './task-layout.ts';

/** Places that a search for init_task tries. */
const MOST_CANDIDATES = 8;
const NUMBERS: ReadonlySet<string> = new Set(['PID', 'PPID', 'CPU']);

/** TASK_* of include/linux/sched.h, as `ps` calls them; the first that is set counts. */
const STATES: readonly (readonly [bit: number, letter: string])[] = [
  [0x80, 'Z'],
  [0x20, 'Z'],
  [0x10, 'X'],
  [0x40, 'P'],
  [8, 't'],
  [4, 'T'],
  [2, 'D'],
  [1, 'S'],
];
/** TASK_UNINTERRUPTIBLE and TASK_NOLOAD: a kernel thread with nothing to do. */
const IDLE = 0x402;

/**
 * A line for each process, under a heading: PID, PPID, STATE (with a star: a vCPU stands in it), CPU where there are several, and its name, in
 * brackets for kernel threads.
 * @throws TsvmError usage when the guest runs
 */
export function listTasks(target: DebugTarget): LinuxReport {
  const memory = new KernelMemory(target);
  const found = findAll(memory, target.cpus);
  if (!found) return { lines: [], note: whyNone(memory) };
  const { layout, initTask, members } = found;
  const shown = ['PID', 'PPID', 'STATE', 'CPU', 'COMMAND'].filter((name) => isShown(name, layout, target.cpus));
  const tasks = [initTask, ...members];
  const current = currentTasks(target, memory, stacksOf(memory, layout, tasks));
  const rows = tasks.map((task) => {
    const cells = cellsOf(memory, layout, task, current.has(task));
    return shown.map((name) => cells[name] ?? '?');
  });
  const missing = [
    ...(layout.parent === null ? ['parents'] : []),
    ...(layout.state === null ? ['states'] : []),
    ...(layout.flags === null ? ['which are kernel threads'] : []),
    ...(layout.cpu === null && target.cpus > 1 ? ['CPUs'] : []),
  ];
  const notes = [
    ...(missing.length > 0 ? [`not certain where this kernel keeps: ${missing.join(', ')}`] : []),
    ...(found.broken ? [`the list of tasks is damaged behind the last of these: ${found.broken}`] : []),
  ];
  const right = shown.flatMap((name, n) => (NUMBERS.has(name) ? [n] : []));
  return reportOf(table([shown, ...rows], right), notes);
}

function findAll(memory: KernelMemory, cpus: number): FoundTasks | undefined {
  const named = memory.symbols.find('init_task');
  if (named !== undefined) return findTasks(memory, named, cpus);
  let candidates = 0;
  for (const candidate of searchInitTask(memory)) {
    const found = findTasks(memory, candidate, cpus);
    if (found?.layout.parent != null) return found;
    if (++candidates === MOST_CANDIDATES) return undefined;
  }
  return undefined;
}

function isShown(name: string, layout: TaskLayout, cpus: number): boolean {
  if (name === 'PPID') return layout.parent !== null;
  if (name === 'STATE') return layout.state !== null;
  return name !== 'CPU' || (layout.cpu !== null && cpus > 1);
}

function stacksOf(memory: KernelMemory, { stack }: TaskLayout, tasks: readonly number[]): Map<number, number> {
  const pointers = stack === null ? [] : tasks.map((task) => [task, memory.u32(task + stack) ?? 0] as const);
  return new Map(pointers.filter(([, pointer]) => pointer !== 0));
}

function cellsOf(
  memory: KernelMemory,
  layout: TaskLayout,
  task: number,
  isCurrent: boolean,
): Record<string, string | undefined> {
  const word = (offset: number | null): number | undefined => (offset === null ? undefined : memory.u32(task + offset));
  const parent = word(layout.parent);
  const state = word(layout.state);
  const name = printable(commText(memory.read(task + layout.comm, COMM_LENGTH)) ?? '?');
  const cpu =
    layout.cpu && memory.u32(((layout.cpu.stack === null ? task : word(layout.cpu.stack)) ?? 0) + layout.cpu.offset);
  return {
    PID: word(layout.pid)?.toString(),
    PPID: parent === undefined ? undefined : memory.u32(parent + layout.pid + 4)?.toString(),
    STATE: state === undefined ? undefined : `${stateLetter(state)}${isCurrent ? '*' : ''}`,
    CPU: cpu?.toString(),
    COMMAND: isKernelThread(word(layout.flags) ?? 0) ? `[${name}]` : name,
  };
}

function stateLetter(state: number): string {
  if ((state & IDLE) === IDLE) return 'I';
  return STATES.find(([bit]) => (state & bit) !== 0)?.[1] ?? 'R';
}

function whyNone(memory: KernelMemory): string {
  if (memory.symbols.find('start_kernel') === undefined)
    return 'no processes: this does not look like Linux, there is no symbol start_kernel; --symbols takes a System.map or vmlinux';
  if (!memory.linear) return 'no processes: the kernel has not switched its address translation on yet';
  if (memory.symbols.find('init_task') === undefined)
    return "no processes: no symbol init_task, and nothing in the kernel's data looks like it; --symbols takes a System.map or vmlinux";
  return "no processes: init_task has no list of tasks yet, or this kernel's struct task_struct is like none known here";
}
