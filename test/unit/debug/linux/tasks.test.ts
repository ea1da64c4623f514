// ps out of guest memory: struct task_struct as several kernels have it, in both byte orders, and lists that are damaged or forged.
import { describe, expect, it } from 'vitest';
import { listTasks } from '../../../../src/debug/linux/tasks.ts';
import { Random } from '../../../support/boot/random.ts';
import { FakeTarget } from '../../../support/debug/fake-target.ts';
import { FakeLinux } from './fake-linux.ts';

const ENDIANS = ['little', 'big'] as const;

interface FakeTask {
  readonly pid: number;
  readonly parent: number;
  readonly comm: string;
  readonly state: number;
  readonly isKernels?: boolean;
  readonly cpu?: number;
}

/** How a kernel is built. */
interface Build {
  /** Where struct thread_info is: at the stack's end as MIPS or ARM have it, or at the task's start. */
  readonly threadInfo: 'mips' | 'arm' | 'task';
  /** CONFIG_STACKPROTECTOR puts a random word behind the pids. */
  readonly hasCanary: boolean;
  /** From 6.6 on. */
  readonly hasSavedState: boolean;
}

const UP_TO_5_15: Build = { threadInfo: 'mips', hasCanary: true, hasSavedState: false };
const BUILDS: readonly (readonly [string, Build])[] = [
  ['5.10 for MIPS', UP_TO_5_15],
  ['5.10 for ARM', { threadInfo: 'arm', hasCanary: false, hasSavedState: false }],
  ['6.1 for ARM', { threadInfo: 'task', hasCanary: true, hasSavedState: false }],
  ['6.6 for ARM', { threadInfo: 'task', hasCanary: false, hasSavedState: true }],
];

const SLEEPING = 1;
const IDLE = 0x402;
const DEAD = 0x80;
const PF_KTHREAD = 0x20_0000;
const STACK_SIZE = 0x2000;
const OFFSETS = { tasks: 0x180, pid: 0x1c0, comm: 0x2a0 };
const SIZE = 0x300;

const TASKS: readonly FakeTask[] = [
  { pid: 0, parent: 0, comm: 'swapper/0', state: 0, isKernels: true },
  { pid: 1, parent: 0, comm: 'init', state: SLEEPING, cpu: 1 },
  { pid: 2, parent: 0, comm: 'kthreadd', state: SLEEPING, isKernels: true },
  { pid: 5, parent: 2, comm: 'kworker/0:0', state: IDLE, isKernels: true },
  { pid: 47, parent: 1, comm: 'sh', state: 0, cpu: 1 },
  { pid: 48, parent: 47, comm: 'true', state: DEAD },
];

/** The tasks in memory, by their pids; the list has them in this order. */
function put(linux: FakeLinux, build: Build, tasks: readonly FakeTask[] = TASKS): Map<number, number> {
  // A stack that is aligned to its size and no more.
  linux.reserve(STACK_SIZE, 2 * STACK_SIZE);
  const start = build.threadInfo === 'task' ? 0x80 : 0;
  const stackAt = start + (build.hasSavedState ? 8 : 4);
  const addresses = new Map(tasks.map(({ pid }) => [pid, linux.reserve(SIZE, 32)]));
  const known = build.hasCanary ? 4 : 0;
  for (const { pid, parent, comm, state, isKernels, cpu = 0 } of tasks) {
    const task = addresses.get(pid)!;
    const stack = linux.reserve(STACK_SIZE, STACK_SIZE);
    if (build.threadInfo === 'mips') linux.word(stack, task, 0, 0, cpu);
    if (build.threadInfo === 'arm') linux.word(stack, 0, 0, 0, task, cpu);
    if (build.threadInfo === 'task') linux.word(task, 0, 0, cpu);
    linux.word(task + start, state);
    linux.word(task + stackAt, stack, 1, isKernels ? PF_KTHREAD : 0x40_0100);
    linux.word(task + OFFSETS.pid, pid, pid);
    if (known > 0) linux.word(task + OFFSETS.pid + 8, 0x1f2e_3d4c + pid);
    const real = addresses.get(parent)!;
    const children = task + OFFSETS.pid + 16 + known;
    linux.word(task + OFFSETS.pid + 8 + known, real, real);
    linux.list(children, []);
    linux.list(children + 8, []);
    linux.word(children + 16, task);
    linux.text(task + OFFSETS.comm, comm);
  }
  linux.list(
    addresses.get(0)! + OFFSETS.tasks,
    [...addresses.values()].slice(1).map((task) => task + OFFSETS.tasks),
  );
  // init_task's children are a list through its children, too.
  const children = OFFSETS.pid + 16 + known;
  const ofInit = tasks.filter(({ pid, parent }) => parent === 0 && pid !== 0);
  linux.list(
    addresses.get(0)! + children,
    ofInit.map(({ pid }) => addresses.get(pid)! + children + 8),
  );
  linux.symbol('init_task', addresses.get(0)!);
  return addresses;
}

const SHOWN = [
  'PID  PPID  STATE  CPU  COMMAND',
  '  0     0  R        0  [swapper/0]',
  '  1     0  S        1  init',
  '  2     0  S        0  [kthreadd]',
  '  5     2  I        0  [kworker/0:0]',
  ' 47     1  R        1  sh',
  ' 48    47  Z        0  true',
];

describe.each(ENDIANS)('processes of a %s-endian kernel', (endian) => {
  it.each(BUILDS)('are found in %s', (_name, build) => {
    const linux = new FakeLinux(endian, { cpus: 2 });
    put(linux, build);
    expect(listTasks(linux.target())).toEqual({ lines: SHOWN });
  });

  it.each(BUILDS)('are found in %s without a symbol', (_name, build) => {
    const linux = new FakeLinux(endian, { cpus: 2 });
    put(linux, build);
    expect(listTasks(linux.target(['_text', 'start_kernel'])).lines).toEqual(SHOWN);
  });

  it('are shown without CPU where there is one', () => {
    const linux = new FakeLinux(endian);
    put(
      linux,
      UP_TO_5_15,
      TASKS.map((task) => ({ ...task, cpu: 0 })),
    );
    expect(listTasks(linux.target()).lines.slice(0, 2)).toEqual([
      'PID  PPID  STATE  COMMAND',
      '  0     0  R      [swapper/0]',
    ]);
  });
});

describe('the task that a vCPU stands in', () => {
  it('has a star, by the stack that the kernel goes on with', () => {
    const linux = new FakeLinux('big', { cpus: 2 });
    const tasks = put(linux, UP_TO_5_15);
    const saved = linux.reserve(8);
    linux.symbol('kernelsp', saved);
    const top = (pid: number): number => linux.wordAt(tasks.get(pid)! + 4) + STACK_SIZE;
    linux.word(saved, top(0) - 32, top(47) - 32);
    const stars = listTasks(linux.target()).lines.filter((line) => line.includes('*'));
    expect(stars).toEqual(['  0     0  R*       0  [swapper/0]', ' 47     1  R*       1  sh']);
  });

  it('has a star, by gp in the kernel, when no symbol says where that stack is', () => {
    const linux = new FakeLinux('little', { cpus: 2 });
    const tasks = put(linux, UP_TO_5_15);
    const { vcpus } = linux.target();
    vcpus[0]!.set('r28', linux.wordAt(tasks.get(5)! + 4));
    // A user program has what it likes there.
    vcpus[1]!.set('status', 0x10);
    vcpus[1]!.set('r28', linux.wordAt(tasks.get(2)! + 4));
    const stars = listTasks(linux.target()).lines.filter((line) => line.includes('*'));
    expect(stars).toEqual(['  5     2  I*       0  [kworker/0:0]']);
  });
});

describe('what is not certain', () => {
  it('is left out, and said', () => {
    const linux = new FakeLinux('little', { cpus: 2 });
    const tasks = put(linux, UP_TO_5_15);
    // No word of init_task is its parent, and none of kthreadd's says kernel thread.
    linux.word(tasks.get(0)! + OFFSETS.pid + 12, 0, 0);
    linux.word(tasks.get(2)! + 12, 0);
    const { lines, note } = listTasks(linux.target());
    expect(lines[0]).toBe('PID  STATE  CPU  COMMAND');
    expect(lines).toContain('  2  S        0  kthreadd');
    expect(note).toBe('not certain where this kernel keeps: parents, which are kernel threads');
  });

  it('is everything when two words could be the pid', () => {
    const linux = new FakeLinux('little');
    const tasks = put(linux, UP_TO_5_15);
    for (const [pid, task] of tasks) linux.word(task + 0x100, pid, pid);
    const { lines, note } = listTasks(linux.target());
    expect(lines).toEqual([]);
    expect(note).toMatch(/^no processes: /);
  });

  it('is not what a process calls itself', () => {
    const linux = new FakeLinux('little');
    const tasks = put(linux, UP_TO_5_15);
    linux.text(tasks.get(47)! + OFFSETS.comm, '\x1b[2J\0');
    linux.text(tasks.get(48)! + OFFSETS.comm, '\0\0\0\0\0');
    const { lines } = listTasks(linux.target());
    expect(lines.at(-2)).toContain('\\x1b[2J');
    expect(lines).toHaveLength(7);
  });
});

describe('a guest without processes', () => {
  it('is said to be no Linux when nothing says that it is', () => {
    expect(listTasks(new FakeTarget()).note).toContain('does not look like Linux');
  });

  it('may be a kernel that has not begun', () => {
    const linux = new FakeLinux('little');
    const init = linux.reserve(SIZE);
    linux.text(init + OFFSETS.comm, 'swapper');
    linux.list(init + OFFSETS.tasks, []);
    linux.symbol('init_task', init);
    expect(listTasks(linux.target())).toEqual({
      lines: [],
      note: "no processes: init_task has no list of tasks yet, or this kernel's struct task_struct is like none known here",
    });
  });
});

describe('a damaged list', () => {
  it('is shown up to where it is damaged', () => {
    const linux = new FakeLinux('little', { cpus: 2 });
    const tasks = put(linux, UP_TO_5_15);
    linux.word(tasks.get(47)! + OFFSETS.tasks, 0xdead_beec);
    const { lines, note } = listTasks(linux.target());
    expect(lines).toEqual(SHOWN.slice(0, -1));
    expect(note).toBe('the list of tasks is damaged behind the last of these: a pointer leads nowhere');
  });

  it('may be one that is just being changed', () => {
    const linux = new FakeLinux('little', { cpus: 2 });
    const tasks = put(linux, UP_TO_5_15);
    // list_add() has written all but the way back.
    linux.word(tasks.get(0)! + OFFSETS.tasks + 4, tasks.get(47)! + OFFSETS.tasks);
    expect(listTasks(linux.target())).toEqual({ lines: SHOWN });
  });

  it('may run in a circle', () => {
    const linux = new FakeLinux('little', { cpus: 2 });
    const tasks = put(linux, UP_TO_5_15);
    linux.word(tasks.get(48)! + OFFSETS.tasks, tasks.get(2)! + OFFSETS.tasks);
    const { lines, note } = listTasks(linux.target());
    expect(lines).toEqual(SHOWN);
    expect(note).toContain('circle');
  });

  it.each(ENDIANS)('of random words ends (%s)', (endian) => {
    const random = new Random(8);
    for (let round = 0; round < 100; round++) {
      const linux = new FakeLinux(endian, { cpus: 2 });
      const tasks = [...put(linux, random.pick(BUILDS)[1]).values()];
      for (let n = 0; n < 12; n++) {
        const value = random.below(3) === 0 ? random.u32() : random.pick(tasks) + 4 * random.below(SIZE / 4);
        linux.word(random.pick(tasks) + 4 * random.below(SIZE / 4), value);
      }
      const { lines, note } = listTasks(linux.target());
      if (lines.length === 0) expect(note).toBeDefined();
      else expect(lines[0]).toMatch(/^ *PID .*COMMAND$/);
    }
  });

  it('in a memory full of tasks ends', () => {
    const linux = new FakeLinux('little', { ram: 1 << 20 });
    const at = linux.reserve(0x8_0000);
    for (let n = 0; n < 0x8_0000; n += 16) linux.text(at + n, 'swapper');
    for (let n = 0; n < 0x8_0000; n += 16) linux.word(at + n + 8, at + ((n + 24) % 0x8_0000), at + n - 8);
    const { note } = listTasks(linux.target(['_text', 'start_kernel']));
    expect(note).toContain('no processes');
  });
});
