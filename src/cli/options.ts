// The options of `run`, one row each, and what a parsed command line asks for. kvmtool's names where kvmtool has the
// thing (builtin-run.c). Values stay words here: vmm/config.ts validates and defaults them, once.
import { type Command, Option } from 'commander';
import { quoteWord } from '../api/command-line.ts';
import { parseGdbPlace } from '../api/gdb-place.ts';
import { checkInstructionRange } from '../api/trace/instruction-range.ts';
import { TsvmError } from '../util/errors.ts';
import type { VmConfigInput } from '../vmm/config.ts';
import type { RunEnd } from '../vmm/run-record.ts';

export interface OptionRow {
  readonly flags: string;
  readonly group: 'Machine:' | 'Kernel:' | 'Run:' | 'Output:' | 'Debugging:';
  readonly help: string;
  /** May be given several times. */
  readonly repeat?: true;
}

export const RUN_OPTIONS: readonly OptionRow[] = [
  { flags: '-k, --kernel <file>', group: 'Kernel:', help: 'kernel to boot; the same as the bare argument' },
  { flags: '-i, --initrd <file>', group: 'Kernel:', help: 'initial RAM disk' },
  { flags: '-p, --params <text>', group: 'Kernel:', help: 'appended to the kernel command line', repeat: true },
  { flags: '--symbols <file>', group: 'Kernel:', help: 'ELF or System.map with the symbols of a stripped kernel' },
  {
    flags: '--machine <name>',
    group: 'Machine:',
    help: 'board (default: the ELF decides); `tsvm machines` lists them',
  },
  { flags: '-m, --mem <size>', group: 'Machine:', help: 'RAM, suffix B K M G T P, without one MiB (default: 128M)' },
  { flags: '-c, --cpus <n>', group: 'Machine:', help: 'virtual CPUs (default: 1)' },
  { flags: '--console <kind>', group: 'Machine:', help: 'virtio, serial or pl011 (default: what the machine has)' },
  { flags: '--virtio-transport <bus>', group: 'Machine:', help: 'pci or mmio (default: what machine and kernel have)' },
  {
    flags: '--boot <mode>',
    group: 'Machine:',
    help: 'hyp or svc: in which mode an ARM kernel starts (default: hyp)',
  },
  { flags: '--cpu-model <name>', group: 'Machine:', help: 'CPU model, such as 24Kf or 74Kf (default: 24Kf)' },
  {
    flags: '--virtio <version>',
    group: 'Machine:',
    help: 'modern, legacy, or on PCI transitional (default: transitional on PCI, else modern)',
  },
  {
    flags: '-d, --disk <file>',
    group: 'Machine:',
    help: 'disk image; FILE:ro is never written, FILE:cow loses what is written, FILE:cow=OVERLAY keeps it there, FILE:rw is plain FILE, for names that end in :ro; up to 8 times',
    repeat: true,
  },
  { flags: '--name <name>', group: 'Machine:', help: 'name for tsvm list and its like (default: guest-PID)' },
  {
    flags: '--seed <n>',
    group: 'Run:',
    help: 'seed of all that is random in the machine (default: 1); N..M runs it with each',
  },
  {
    flags: '--rtc <date>',
    group: 'Run:',
    help: 'now, or a UTC date the clock starts at (default: 2024-01-01T00:00:00Z)',
  },
  { flags: '--limit <time>', group: 'Run:', help: 'end after this much guest time, such as 10s or 500ms (exit 104)' },
  { flags: '--timeout <time>', group: 'Run:', help: 'end after this much wall time (exit 105)' },
  {
    flags: '--ns-per-instruction <n>',
    group: 'Run:',
    help: 'guest time one instruction takes, 1 to 1000 (default: 10)',
  },
  { flags: '--agent', group: 'Run:', help: 'add the guest agent of `tsvm test`, to repeat a run of one' },
  {
    flags: '--exit-line <word>',
    group: 'Run:',
    help: "a program's line `WORD N` on the console ends the run with code N (kernel lines in it do not count)",
  },
  { flags: '--on-oops <what>', group: 'Run:', help: 'note an oops and go on, or stop there (default: note); exit 100' },
  {
    flags: '--engine <name>',
    group: 'Run:',
    help: 'regions (compile hot code), interpreter, or lockstep (both, compared; exit 125 when they differ) (default: regions)',
  },
  { flags: '--json <file>', group: 'Output:', help: 'write what happens as events, one JSON object per line' },
  { flags: '--journal <file>', group: 'Run:', help: 'write down what enters from outside (keys, pipe, window size)' },
  { flags: '--replay <file>', group: 'Run:', help: 'feed a journal back: the same run again, to the bit' },
  { flags: '--repeat <n>', group: 'Run:', help: 'run it so often; all must come to the same state hash, else exit 1' },
  { flags: '--loglevel <level>', group: 'Output:', help: 'error, warning, info or debug (default: warning)' },
  {
    flags: '--stat',
    group: 'Debugging:',
    help: 'count every exit of the guest to KVM, and show at the end how many by what reason, and where they come from',
  },
  {
    flags: '--trace <file>',
    group: 'Debugging:',
    help: "write KVM's trace events: FILE.json for chrome://tracing and Perfetto, else as the kernel prints them",
  },
  {
    flags: '--trace-instructions <range>',
    group: 'Debugging:',
    help: 'write to the file of --trace the instructions from one count to another (A..B), or between two addresses or symbols; @cpu1: only its',
  },
  {
    flags: '--gdb [place]',
    group: 'Debugging:',
    help: 'let gdb debug the guest: a port, HOST:PORT or the path of a Unix socket (default: 127.0.0.1:1234)',
  },
  { flags: '--wait', group: 'Debugging:', help: 'stand before the first instruction until a debugger lets it go on' },
  { flags: '--dump-dtb <file>', group: 'Debugging:', help: 'write the device tree that the guest is given' },
  { flags: '--debug-mmio', group: 'Debugging:', help: 'report accesses that no device claims' },
  { flags: '--debug', group: 'Debugging:', help: '--loglevel debug, and stack traces with errors' },
];

/** What `run` was asked to do. */
export interface RunRequest {
  readonly config: VmConfigInput;
  /** File for the events. */
  readonly json: string | null;
  /** File to write the journal to, and file to feed back. */
  readonly journal: string | null;
  readonly replay: string | null;
  readonly debug: boolean;
  /** File to write the device tree to. */
  readonly dumpDtb: string | null;
  /** Count and show exits. */
  readonly stat: boolean;
  /** Where gdb may connect, as typed ('': the usual place); null: nowhere. */
  readonly gdb: string | null;
  /** Stand before the first instruction. */
  readonly wait: boolean;
  /** File to write trace events to; and which instructions to write there instead, as typed. */
  readonly trace: string | null;
  readonly traceInstructions: string | null;
  /** Seeds to try, the first and the last one; null: the configuration's. */
  readonly seeds: readonly [first: number, last: number] | null;
  /** How often to run it. */
  readonly repeat: number;
  /** The command that runs it again, when that is not what the configuration comes to. */
  readonly again: string | null;
  /** How it ended when it was recorded. */
  readonly recorded: RunEnd | null;
}

/** Commander's result for the rows above: long names in camel case. */
export type ParsedOptions = Readonly<Record<string, string | boolean | readonly string[] | undefined>>;

export function addRunOptions(command: Command): void {
  for (const row of RUN_OPTIONS) {
    const option = new Option(row.flags, row.help).helpGroup(row.group);
    if (row.repeat) option.argParser((value: string, before: readonly string[] = []) => [...before, value]);
    command.addOption(option);
  }
}

/** The bare argument and the options as one request. Throws TsvmError 'usage'. */
export function runRequest(bareKernel: string | undefined, options: ParsedOptions): RunRequest {
  const text = (key: string): string | undefined => {
    const value = options[key];
    return typeof value === 'string' ? value : undefined;
  };
  const kernel = text('kernel');
  if (kernel !== undefined && bareKernel !== undefined) {
    throw new TsvmError('usage', `two kernels: --kernel ${kernel} and ${bareKernel}`, {
      cause: 'a guest has one kernel; words for its command line go after --params',
      next: `try: tsvm run --kernel ${quoteWord(kernel)}`,
    });
  }
  const chosen = kernel ?? bareKernel;
  if (chosen === undefined || chosen === '') {
    const taken = text('gdb');
    throw new TsvmError('usage', 'run: no kernel was given', {
      ...(taken === undefined ? {} : { cause: `--gdb took ${taken} as the place where gdb connects` }),
      next: taken === undefined ? 'try: tsvm run KERNEL, or tsvm help run' : `try: tsvm run ${quoteWord(taken)} --gdb`,
    });
  }
  const json = text('json');
  if (json === '-' || json === '') {
    throw new TsvmError('usage', `--json ${json || "''"}: needs a file name`, {
      cause: "standard output is the guest's console and nothing else",
      next: 'try: --json events.jsonl, or --json /dev/stderr',
    });
  }
  const debug = options.debug === true;
  const list = (key: string): readonly string[] | undefined => {
    const value = options[key];
    return Array.isArray(value) ? value : undefined;
  };
  return {
    json: json ?? null,
    journal: text('journal') ?? null,
    replay: text('replay') ?? null,
    debug,
    dumpDtb: text('dumpDtb') ?? null,
    stat: options.stat === true,
    ...debuggerRequest(options),
    ...traceRequest(text('trace'), text('traceInstructions')),
    ...severalRuns(text('seed'), text('repeat')),
    again: null,
    recorded: null,
    config: {
      kernel: chosen,
      initrd: text('initrd'),
      params: list('params')?.join(' '),
      disks: list('disk'),
      engine: text('engine'),
      symbols: text('symbols'),
      machine: text('machine'),
      memory: text('mem'),
      cpus: text('cpus'),
      console: text('console'),
      virtio: text('virtio'),
      virtioTransport: text('virtioTransport'),
      cpuModel: text('cpuModel'),
      boot: text('boot'),
      name: text('name'),
      seed: seedRange(text('seed')) === null ? text('seed') : undefined,
      nsPerInstruction: text('nsPerInstruction'),
      rtc: text('rtc'),
      limit: text('limit'),
      onOops: text('onOops'),
      exitLine: text('exitLine'),
      agent: options.agent === true,
      timeout: text('timeout'),
      loglevel: text('loglevel') ?? (debug ? 'debug' : undefined),
      debugMmio: options.debugMmio === true,
    },
  };
}

/** @throws TsvmError usage */
export function debuggerRequest({ gdb, wait }: ParsedOptions): Pick<RunRequest, 'gdb' | 'wait'> {
  const place = gdb === true ? '' : typeof gdb === 'string' ? gdb : null;
  if (place !== null) parseGdbPlace(place);
  return { gdb: place, wait: wait === true };
}

/** @throws TsvmError usage */
export function traceRequest(
  trace: string | undefined,
  instructions: string | undefined,
): Pick<RunRequest, 'trace' | 'traceInstructions'> {
  if (trace === '-' || trace === '')
    throw new TsvmError('usage', `--trace ${trace || "''"}: needs a file name`, {
      cause: "standard output is the guest's console and nothing else",
      next: 'try: --trace trace.txt, or --trace trace.json for Perfetto',
    });
  if (instructions !== undefined) {
    if (trace === undefined)
      throw new TsvmError('usage', `--trace-instructions ${instructions}: needs a file`, {
        next: `try: --trace trace.txt --trace-instructions ${quoteWord(instructions)}`,
      });
    checkInstructionRange(instructions);
  }
  return { trace: trace ?? null, traceInstructions: instructions ?? null };
}

const MOST_RUNS = 10_000;

/** `N..M`, or null when it is not of that form. Throws TsvmError 'usage' when nothing or too much is in it. */
export function seedRange(seed: string | undefined): readonly [number, number] | null {
  const match = /^(\d{1,10})\.\.(\d{1,10})$/.exec(seed ?? '');
  if (!match) return null;
  const [first, last] = [Number(match[1]), Number(match[2])];
  if (first > last || last - first >= MOST_RUNS || last > 0xffffffff)
    throw new TsvmError('usage', `--seed ${seed}: not a range of seeds`, {
      next: `such as 1..8, at most ${MOST_RUNS} of them, up to 4294967295`,
    });
  return [first, last];
}

/** How often: a whole number. Throws TsvmError 'usage'. */
export function repetitions(repeat: string | undefined): number {
  const count = /^[0-9]{1,5}$/.test(repeat ?? '1') ? Number(repeat ?? '1') : 0;
  if (count < 1 || count > MOST_RUNS)
    throw new TsvmError('usage', `--repeat ${repeat}: must be a whole number from 1 to ${MOST_RUNS}`);
  return count;
}

function severalRuns(seed: string | undefined, repeat: string | undefined): Pick<RunRequest, 'seeds' | 'repeat'> {
  return { seeds: seedRange(seed), repeat: repetitions(repeat) };
}
