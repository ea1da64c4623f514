// Where a kernel keeps what `ps` shows in its struct task_struct (include/linux/sched.h), found without debug information: by what must be true of
// init_task and of every process in its list of tasks. What is not true of all of them, or is true of several places, counts as not found.
import { walkList } from './kernel-list.ts';
import type { KernelMemory } from './kernel-memory.ts';

/** Byte offsets from the start of a struct task_struct. */
export interface TaskLayout {
  readonly tasks: number;
  readonly comm: number;
  readonly pid: number;
  /** The real parent's address; null, as those below: not certain. */
  readonly parent: number | null;
  /** The kernel stack's lowest address. */
  readonly stack: number | null;
  readonly state: number | null;
  readonly flags: number | null;
  /** The task's CPU, in itself or in what the word at `stack` leads to. */
  readonly cpu: { readonly stack: number | null; readonly offset: number } | null;
}

export interface FoundTasks {
  readonly layout: TaskLayout;
  readonly initTask: number;
  /** Addresses of the processes in the order of the list, init_task not among them. */
  readonly members: readonly number[];
  readonly broken?: string;
}

/** A task_struct of 32 bits has its list, pids and comm in its first 8 KiB, whatever it is configured with. */
const LARGEST = 0x2000;
export const COMM_LENGTH = 16;
/** PID_MAX_LIMIT. */
const LARGEST_PID = 1 << 22;
/** Processes that a finding is tried on. */
const TRIED = 256;
/** Words behind the pids where the parents must be: a stack canary may be between them. */
const PARENT_WORDS = 4;
const SMALLEST_STACK = 0x1000;
/** Where the lowest kernels begin: MIPS ones under trap-and-emulate, ARM ones with CONFIG_VMSPLIT_1G. */
const LOWEST_STACK = 0x4000_0000;
/** Users of a task_struct. */
const MOST_USERS = 0x1_0000;
/** Words from the start where `stack` may be; a thread_info may be before it. */
const STACK_WORDS = 0x200;
/** Every bit of a task's state is below. */
const STATE_LIMIT = 0x1_0000;
/** Places called swapper that a search looks at. */
const MOST_NAMES = 64;
/** From real_parent on, where group_leader is. */
const LEADER_WORDS = 16;
/** Steps along lists until the one of tasks must be found. */
const MOST_STEPS = 1 << 18;
const PF_KTHREAD = 0x20_0000;
/** Words of a thread_info up to its `task`. */
const THREAD_INFO_WORDS = 8;
const SWAPPER = new TextEncoder().encode('swapper');
const LATIN1 = new TextDecoder('latin1');

/** A task whose words are looked at several times. */
class Task {
  readonly address: number;
  readonly words: Uint32Array;

  constructor(memory: KernelMemory, address: number, length: number) {
    this.address = address;
    this.words = memory.words(memory.read(address, length));
  }

  at(offset: number): number | undefined {
    return this.words[offset >>> 2];
  }
}

/** The tasks of a kernel whose first one is at `initTask`; undefined: there are none. */
export function findTasks(memory: KernelMemory, initTask: number, cpus: number): FoundTasks | undefined {
  const bytes = memory.read(initTask, LARGEST);
  const comm = swapperIn(bytes);
  if (comm === undefined) return undefined;
  const init = new Task(memory, initTask, LARGEST);
  const list = tasksList(memory, init, comm);
  if (!list) return undefined;
  const tried = list.members.slice(0, TRIED).map((address) => new Task(memory, address, comm + COMM_LENGTH));
  const pid = findPid(init, tried, comm);
  if (pid === undefined) return undefined;
  const stack = findStack(memory, init, tried);
  const layout: TaskLayout = {
    tasks: list.tasks,
    comm,
    pid,
    parent: findParent(memory, init, tried, pid),
    stack,
    state: stack === null ? null : findState(init, tried, stack),
    flags: stack === null ? null : findFlags(init, tried, stack, pid),
    cpu: stack === null ? null : findCpu(memory, [init, ...tried], stack, cpus),
  };
  return { layout, initTask, members: list.members, ...(list.broken && { broken: list.broken }) };
}

/** Where init_task may be, for kernels whose symbols name functions only: a struct called swapper whose parents and leader are itself. */
export function* searchInitTask(memory: KernelMemory): Generator<number> {
  let names = 0;
  for (const { address, bytes } of memory.image())
    for (let at = swapperIn(bytes, 0); at !== undefined; at = swapperIn(bytes, at + 4)) {
      if (++names > MOST_NAMES) return;
      yield* ownersOf(memory, address + at);
    }
}

function* ownersOf(memory: KernelMemory, comm: number): Generator<number> {
  const from = comm - LARGEST;
  const words = memory.words(memory.read(from, LARGEST));
  for (let n = 0; n + 1 < words.length; n++) {
    const parent = words[n]!;
    const at = from + 4 * n;
    // An empty list's head leads to itself twice, too.
    const isBefore = parent === words[n + 1] && parent % 4 === 0 && parent >= from && parent < at;
    if (isBefore && words.subarray(n + 2, n + LEADER_WORDS).includes(parent)) yield parent;
  }
}

/** Up to the NUL; undefined when there is none in its 16 bytes. */
export function commText(bytes: Uint8Array): string | undefined {
  const nul = bytes.subarray(0, COMM_LENGTH).indexOf(0);
  return nul < 0 ? undefined : LATIN1.decode(bytes.subarray(0, nul));
}

/** Where, from `from` on, 16 bytes are `swapper` or `swapper/0` and nothing else. */
function swapperIn(bytes: Uint8Array, from = 0): number | undefined {
  for (let at = bytes.indexOf(SWAPPER[0]!, from); at >= 0; at = bytes.indexOf(SWAPPER[0]!, at + 1)) {
    if (at % 4 !== 0 || at + COMM_LENGTH > bytes.length) continue;
    if (/^swapper(\/0)?\0+$/.test(LATIN1.decode(bytes.subarray(at, at + COMM_LENGTH)))) return at;
  }
  return undefined;
}

/** The list that leads through structs with a name at `comm`. */
function tasksList(
  memory: KernelMemory,
  init: Task,
  comm: number,
): { tasks: number; members: number[]; broken?: string } | undefined {
  let best: { tasks: number; members: number[]; broken?: string } | undefined;
  let steps = 0;
  for (let tasks = 0; tasks + 8 <= comm; tasks += 4) {
    const head = init.address + tasks;
    const next = init.at(tasks);
    if (next === undefined || next === head || next % 4 !== 0) continue;
    let unnamed = 0;
    const isTask = (node: number): boolean => {
      const text = commText(memory.read(node - tasks + comm, COMM_LENGTH));
      if (text === undefined || ++steps > MOST_STEPS) return false;
      // Processes may call themselves what they like; most have a name.
      if (!/^[\x20-\x7e]+$/.test(text)) unnamed++;
      return true;
    };
    const { nodes, broken } = walkList(memory, head, isTask);
    // A list that breaks off counts when it is long enough to be no accident.
    if (nodes.length === 0 || unnamed > nodes.length / 2 || (broken && nodes.length < 3)) continue;
    if (!best || nodes.length > best.members.length)
      best = { tasks, members: nodes.map((node) => node - tasks), ...(broken && { broken }) };
  }
  return best;
}

/** pid and tgid, two words that are the same in every process and different from all others'. */
function findPid(init: Task, tried: readonly Task[], comm: number): number | undefined {
  const found: number[] = [];
  for (let at = 0; at + 8 <= comm; at += 4) {
    if (init.at(at) !== 0 || init.at(at + 4) !== 0 || tried[0]!.at(at) !== 1) continue;
    const pids = tried.map((task) => task.at(at)!);
    const isPid = tried.every((task) => isPidOf(task, at)) && new Set(pids).size === pids.length;
    if (isPid) found.push(at);
  }
  return found.length === 1 ? found[0] : undefined;
}

function isPidOf(task: Task, at: number): boolean {
  const pid = task.at(at);
  return pid !== undefined && pid > 0 && pid <= LARGEST_PID && task.at(at + 4) === pid;
}

/** real_parent and parent: both of init_task's are itself, and so are init's; everybody's parent has a pid. */
function findParent(memory: KernelMemory, init: Task, tried: readonly Task[], pid: number): number | null {
  for (let n = 0; n < PARENT_WORDS; n++) {
    const at = pid + 8 + 4 * n;
    const isSelf = init.at(at) === init.address && init.at(at + 4) === init.address;
    if (!isSelf || tried[0]!.at(at) !== init.address) continue;
    const hasPid = (task: Task): boolean => (memory.u32((task.at(at) ?? 0) + pid) ?? LARGEST_PID) < LARGEST_PID;
    return tried.every(hasPid) ? at : null;
  }
  return null;
}

/**
 * A pointer of its own in every task, aligned as stacks are, before the counter `usage`. It need not lead anywhere now: stacks in vmalloc memory are
 * mapped in each address space when they are first used.
 */
function findStack(memory: KernelMemory, init: Task, tried: readonly Task[]): number | null {
  const known = memory.symbols.find('init_stack') ?? memory.symbols.find('init_thread_union');
  const all = [init, ...tried];
  for (let n = 1; n < STACK_WORDS; n++) {
    const at = 4 * n;
    if (known !== undefined && init.at(at) !== known) continue;
    const stacks = all.map((task) => task.at(at) ?? 1);
    // A dead process may have lost its stack.
    const has = stacks.filter((stack) => stack !== 0);
    const areStacks = has.every((stack) => stack % SMALLEST_STACK === 0 && stack >= LOWEST_STACK);
    const areOwn = stacks[0] !== 0 && new Set(has).size === has.length && has.length > stacks.length / 2;
    const areUsed = all.every((task) => (task.at(at + 4) ?? 0) > 0 && task.at(at + 4)! < MOST_USERS);
    if (areStacks && areOwn && areUsed) return at;
  }
  return null;
}

/** The word before the stack, or the one before that where there is a saved_state between them (from 6.6). */
function findState(init: Task, tried: readonly Task[], stack: number): number | null {
  for (const at of [stack - 4, stack - 8]) {
    if (at < 0 || init.at(at) !== 0) continue;
    const states = tried.map((task) => task.at(at) ?? STATE_LIMIT);
    if (states.every((state) => state < STATE_LIMIT) && states.some((state) => state !== 0)) return at;
  }
  return null;
}

/** Behind stack and usage; init_task and kthreadd are kernel threads. */
function findFlags(init: Task, tried: readonly Task[], stack: number, pid: number): number | null {
  const at = stack + 8;
  const isKernels = (task: Task | undefined): boolean => task !== undefined && ((task.at(at) ?? 0) & PF_KTHREAD) !== 0;
  const kthreadd = tried.find((task) => task.at(pid) === 2);
  return isKernels(init) && isKernels(kthreadd) ? at : null;
}

export function isKernelThread(flags: number): boolean {
  return (flags & PF_KTHREAD) !== 0;
}

/**
 * thread_info has the CPU: at the start of the task (ARM from 5.16: flags, preempt_count, cpu), or at the stack's end, behind its way back to the
 * task (ARM: task, cpu; MIPS: task, flags, tp_value, cpu).
 */
function findCpu(memory: KernelMemory, tasks: readonly Task[], stack: number, cpus: number): TaskLayout['cpu'] {
  const living = tasks.filter((task) => task.at(stack) !== 0);
  const areCpus = (cpu: (task: Task) => number | undefined): boolean =>
    living.every((task) => (cpu(task) ?? cpus) < cpus) && cpu(tasks[0]!) === 0;
  for (let n = 0; n < THREAD_INFO_WORDS; n++) {
    const isBack = (task: Task): boolean => memory.u32(task.at(stack)! + 4 * n) === task.address;
    if (!living.every(isBack)) continue;
    const offset = 4 * n + (n === 0 ? 12 : 4);
    return areCpus((task) => memory.u32(task.at(stack)! + offset)) ? { stack, offset } : null;
  }
  const isIn = stack > 0x40 && areCpus((task) => task.at(8)) && tasks.some((task) => task.at(8) !== 0);
  return isIn ? { stack: null, offset: 8 } : null;
}
