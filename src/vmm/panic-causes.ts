// Why kernels break, in tsvm's terms: one row per message (Linux init/, kernel/exit.c, kernel/panic.c, mm/oom_kill.c, arch/mips).
// The first row that matches tells the likely cause.
import { formatSize } from './config.ts';

/** What the machine was started with. */
export interface LaunchFacts {
  readonly initrd: boolean;
  readonly disks: number;
  /** Words that were added to the kernel command line. */
  readonly params: string;
  /** Bytes. */
  readonly memory: number;
  /** `little-endian MIPS32r2`: what programs must be made for. */
  readonly programs: string;
  /** Bytes of the kernel's file that are loaded. */
  readonly imageBytes: number;
}

interface Cause {
  readonly message: RegExp;
  /** `recent`: the console's last lines, oldest first. */
  tell(match: RegExpExecArray, facts: LaunchFacts, recent: readonly string[]): string | null;
}

const CAUSES: readonly Cause[] = [
  { message: /Unable to mount root fs/, tell: (_match, facts, recent) => noRoot(facts, recent) },
  {
    message: /No working init found/,
    tell: (_match, { programs }) =>
      `none of /sbin/init, /etc/init, /bin/init and /bin/sh on the root could be started: they are missing, or not for ${programs}; another one is named with -p init=PATH`,
  },
  {
    message: /Requested init (\S+) failed \(error -?(\d+)\)/,
    tell: ([, init, code], { programs }) => `init=${init} ${startFailed(Number(code), programs)}`,
  },
  {
    message: /Attempted to kill init! exitcode=0x([0-9a-f]+)/,
    tell: ([, code], { programs }) => initEnded(Number.parseInt(code!, 16), programs),
  },
  { message: /Attempted to kill init/, tell: () => 'the first program ended; it must run for ever' },
  {
    message: /[Oo]ut of memory|deadlocked on memory|panic_on_oom|memblock.*alloc|Failed to allocate|Cannot allocate/,
    tell: (_match, facts) => tooLittleMemory(facts),
  },
  {
    message: /sysrq triggered crash/,
    tell: () => 'somebody asked for it: c was written to /proc/sysrq-trigger, or sent by a break and c',
  },
  {
    message: /Fatal exception( in interrupt)?/,
    tell: ([, where]) =>
      where === undefined
        ? 'an oops came first, and the kernel was told to panic then (oops=panic, panic_on_oops)'
        : 'an oops came first, in an interrupt, which no kernel survives',
  },
  {
    message: /panic_on_warn set/,
    tell: () => 'a warning came first, and the kernel was told to panic then (panic_on_warn)',
  },
  {
    message: /stack is corrupted in: (.*)/,
    tell: ([, where]) => `a buffer on the stack of ${where} was overrun`,
  },
  {
    message: /[Ss]oft ?lockup|hard LOCKUP|hung_task|RCU Stall/i,
    tell: () => 'code in the kernel held the cpu for too long, and the kernel was told to panic then',
  },
  {
    message: /Attempted to kill the idle task|Aiee, killing interrupt handler/,
    tell: () => 'an oops came first, where the kernel cannot end just one task',
  },
  {
    message: /Machine Check/i,
    tell: () => 'two TLB entries match one address: the kernel wrote a second one for a page that had one',
  },
  {
    message: /virtual address 0000[0-9a-f]{4}\b.*epc == ([0-9a-f]+)/,
    tell: ([, epc]) =>
      Number.parseInt(epc!, 16) < 0x10000
        ? 'a function pointer that is NULL was called'
        : `a pointer that is NULL was followed at 0x${epc}`,
  },
  { message: /kernel BUG at (\S+)!/, tell: ([, at]) => `the kernel checked itself (BUG) at ${at} and found a mistake` },
  { message: /Kernel bug detected/, tell: () => 'the kernel checked itself (BUG) and found a mistake' },
];

/** The likely cause of `message`, one line, or null. */
export function likelyCause(message: string, facts: LaunchFacts, recent: readonly string[]): string | null {
  for (const { message: pattern, tell } of CAUSES) {
    const match = pattern.exec(message);
    if (match) return tell(match, facts, recent);
  }
  return null;
}

function noRoot({ initrd, disks, params }: LaunchFacts, recent: readonly string[]): string {
  const root = /(?:^|\s)root=(\S*)/.exec(params)?.[1];
  const device = recent.map((line) => /Cannot open root device "([^"]*)"/.exec(line)?.[1]).find((name) => name);
  if (recent.some((line) => /Initramfs unpacking failed|invalid magic at start of compressed archive/.test(line)))
    return 'the kernel could not unpack the initrd: it is damaged, or packed in a way that this kernel does not know';
  const init = /(?:^|\s)rdinit=(\S+)/.exec(params)?.[1];
  if (initrd && init !== undefined) return `rdinit=${init} is not in the initrd, or may not be executed`;
  if (initrd && root === undefined && disks === 0)
    return 'the initrd was given, but it has no /init that the kernel could use, and there is no --disk and no root=';
  if (disks === 0 && root === undefined)
    return 'no --initrd and no --disk were given, and the command line has no root=';
  if (disks === 0) return `root=${root} was given, but no --disk`;
  const name = root ?? device ?? '/dev/vda';
  return device === undefined
    ? `the kernel found ${name} but no file system that it knows on it`
    : `the kernel has no ${name}: it lacks the driver of the disk (virtio-blk), or root= names another one`;
}

function tooLittleMemory({ memory, params }: LaunchFacts): string {
  const limit = /(?:^|\s)(mem=\S+)/.exec(params)?.[1];
  return limit === undefined
    ? `the guest has ${formatSize(memory)} of RAM, which is not enough: give it more with -m`
    : `the command line leaves the kernel ${limit} of the guest's ${formatSize(memory)}`;
}

function startFailed(errno: number, programs: string): string {
  if (errno === 2) return 'does not exist, or its interpreter does not';
  if (errno === 8) return `is no program for ${programs}`;
  if (errno === 13) return 'may not be executed: it lacks the x permission';
  return `could not be started (errno ${errno})`;
}

const SIGNALS: Readonly<Record<number, string>> = {
  4: 'SIGILL: an instruction that this CPU does not have',
  5: 'SIGTRAP',
  6: 'SIGABRT: it gave up itself',
  7: 'SIGEMT',
  8: 'SIGFPE: an arithmetic error',
  9: 'SIGKILL',
  10: 'SIGBUS: a bad access',
  11: 'SIGSEGV: a bad access',
  12: 'SIGSYS: a bad system call',
};

/** `code` is a wait status: bits 15:8 what it exited with, 6:0 the signal that killed it. */
function initEnded(code: number, programs: string): string {
  const signal = code & 0x7f;
  if (signal !== 0) return `the first program was killed by signal ${SIGNALS[signal] ?? signal}`;
  const exit = (code >>> 8) & 0xff;
  const why =
    exit === 127
      ? ` (a shell says so when it finds no program)`
      : exit === 126
        ? ` (a shell says so when a program is not for ${programs})`
        : '';
  return `the first program exited with code ${exit}${why}; it must run for ever`;
}
