// The types of the library's door: what startVm takes and what it gives back.

import type { DebugTarget } from '../debug/target.ts';
import type { TraceSink } from '../kvm/trace.ts';
import type { Log } from '../util/log.ts';
import type { VmConfig, VmConfigInput } from '../vmm/config.ts';
import type { DriveEnd, DriveTarget } from '../vmm/drive.ts';
import type { GuestPlace } from '../vmm/inspect.ts';
import type { JournalEntry } from '../vmm/journal.ts';
import type { KernelFault } from '../vmm/kernel-fault.ts';
import type { Verdict } from '../vmm/verdict.ts';
import type { StatTable } from './stats.ts';
import type { Watch } from './trace/watchers.ts';

/**
 * Where console input comes from.
 * `stdin`: this process's standard input, whatever it is: a tty (raw mode, Ctrl-a escapes, journaled), a pipe (journaled), a regular file
 * (pulled when the guest has room) or nothing.
 * `api`: an open outside source; bytes come through send() until closeInput().
 * `none`: no input ever.
 * Bytes: pulled when the guest has room, as from a regular file, and so reproducible.
 */
export type ConsoleInputOption = 'stdin' | 'api' | 'none' | Uint8Array;

/** What the user did at the terminal that tsvm, not the guest, answers. */
export type TerminalRequest =
  | 'help' // Ctrl-a h: say what the escapes are
  | 'debug'; // Ctrl-a c: reserved for the debug shell

export interface StartVmOptions extends VmConfigInput {
  /** Default `none`, or `api` for a driven VM. */
  readonly input?: ConsoleInputOption | undefined;
  /**
   * The guest's console bytes, exactly. A promise holds the VM (not its result) until it settles, which is how a slow reader
   * is waited for. Never called before startVm's promise has resolved. The bytes are the callee's to keep.
   */
  readonly onConsole?: ((bytes: Uint8Array) => unknown) | undefined;
  /** Told of each oops as it happens and of a panic once its message is complete; they are in the verdict too. */
  readonly onFault?: ((fault: KernelFault) => void) | undefined;
  /** Where messages go; default: dropped. Messages below `loglevel` are dropped before they get here. */
  readonly log?: Log | undefined;
  /** Called for Ctrl-a h and Ctrl-a c on a tty. Ctrl-a x stops the VM by itself. */
  readonly onTerminalRequest?: ((request: TerminalRequest) => void) | undefined;
  /** Handle SIGINT, SIGTERM and SIGHUP (restore the terminal, end the run as interrupted). Default false. */
  readonly handleSignals?: boolean | undefined;
  /** Keep the exit counters that cost something (Verdict.stats has null for them else). No effect on the guest. Default false. */
  readonly stat?: boolean | undefined;
  /** KVM trace events as they happen. Slow; no effect on the guest. */
  readonly trace?: TraceSink | undefined;
  /**
   * The guest stands still but while RunningVm.drive() waits for something of it, so that what a script sends enters at an instant that
   * does not depend on the host. Default false.
   */
  readonly driven?: boolean | undefined;
  /** Stand before the first instruction until resume(). Default false. */
  readonly stopAtStart?: boolean | undefined;
  /**
   * Told of the record of the run, line by line as it comes to be: a header that names everything the result depends on, what enters from outside, and
   * how it ended. All lines together are a journal.
   */
  readonly onRecord?: ((line: string) => void) | undefined;
  /** Write the device tree that the guest is given to this file, as a blob. */
  readonly dumpDtb?: string | undefined;
  /** A journal to feed back instead of live input: the text that RunningVm.journal() gave. */
  readonly replay?: string | undefined;
}

/** What tsvm read out of the image, said once. */
export interface InferredFacts {
  /** How the kernel file is compressed, or null. */
  readonly compression: 'gzip' | 'xz' | 'zstd' | null;
  /** What the file is, unpacked; `flat`: a program without any header. */
  readonly format: 'elf' | 'zImage' | 'flat';
  /** Bits of the ELF class; null: no ELF. */
  readonly elfClass: 32 | 64 | null;
  readonly endianness: 'little' | 'big';
  /** `MIPS32r2`. */
  readonly architecture: string;
  /** Address that the first CPU starts at. */
  readonly entry: number;
  /** How the guest expects to be run: `trap-and-emulate guest`. */
  readonly guestKind: string;
  readonly machine: string;
  /** What its virtio devices are on; null when it was given none. */
  readonly virtioTransport: 'mmio' | 'pci' | null;
  /** The file symbols came from, `kallsyms` when only the kernel's own tables are there, or null. */
  readonly symbols: string | null;
}

export interface RunningVm {
  readonly config: VmConfig;
  readonly inferred: InferredFacts;
  /** The complete command that reproduces this run, one line, quoted for a POSIX shell. */
  readonly command: string;
  /** True when stdin is a tty and Ctrl-a escapes work. */
  readonly interactive: boolean;
  /** Console input; only with input `api` (TsvmError 'usage' otherwise, and after closeInput). */
  send(bytes: Uint8Array | string): void;
  /** No more input will come: the guest can then be proven to hang. */
  closeInput(): void;
  /** Bytes for the guest agent; with `agent: true` and as send(). */
  sendToAgent(bytes: Uint8Array): void;
  /**
   * Consoles by the names of their devices (`uart0`), the machine's own first: that is the one of `--console`, whose output is onConsole's. Where a
   * function takes the name of a console, it is the machine's own when left out, and a TsvmError 'usage' when there is no such.
   */
  readonly consoles: readonly string[];
  /** Tell a console its size in characters. */
  resize(columns: number, rows: number, console?: string): void;
  /** Console input from somebody beside the source that it was started with; in the journal. False when the run takes none (it is over, or a replay). */
  sendInput(bytes: Uint8Array, console?: string): boolean;
  /** A break on the console's line, in order with its bytes. False when that has none, or takes no input. */
  sendBreak(console?: string): boolean;
  /** Bytes of input that the guest has not taken from the console yet. */
  inputBacklog(console?: string): number;
  /** Hear what a console puts out from now on, in order; the bytes may be kept. No effect on the guest. Returns how to stop. */
  subscribeOutput(listener: (bytes: Uint8Array) => void, console?: string): () => void;
  /**
   * While it is taken, what is typed at the run's terminal goes to `keys`, neither to the guest nor to the escape keys; null: the terminal went away.
   * Returns how to give it back.
   */
  takeTerminal(keys: (bytes: Uint8Array | null) => void): () => void;
  /** Does it stand, by pause() or a debugger? */
  readonly paused: boolean;
  /** Hold the VM between two instructions; resolves when it is held. Legal while running; no effect on the guest's result. */
  pause(): Promise<void>;
  resume(): void;
  /**
   * Run a driven VM until the target is reached, nothing is armed in the guest any more (`waiting`), or the run has ended. Input that was
   * sent before enters first. @throws TsvmError usage when the VM is not driven, or is being waited for
   */
  drive(target: DriveTarget): Promise<DriveEnd>;
  /** Where the guest stands. */
  readonly clock: { readonly instructions: number; readonly guestTimeNs: number };
  /** The address of a symbol of the kernel, from its own tables or a file; null: not known. */
  addressOf(symbol: string): number | null;
  /**
   * Guest memory and registers, of a driven VM that stands still. What is written enters at the instruction where the guest stands, and is in the
   * journal. @throws TsvmError usage when the VM does not stand still, or there is no such memory or register
   */
  readonly inspect: {
    readMemory(place: GuestPlace, length: number): Uint8Array;
    writeMemory(place: GuestPlace, bytes: Uint8Array): void;
    /** By name (`a0`, `pc`, `status`), unsigned. */
    register(name: string, cpu?: number): number;
    setRegister(name: string, value: number, cpu?: number): void;
    /** Every register of every vCPU. */
    registers(): readonly { readonly cpu: number; readonly name: string; readonly value: number }[];
  };
  /** Observe the guest beside whoever else does: counters, KVM trace events. Slow while it is on; no effect on the guest. Returns how to end it. */
  watch(watch: Watch): () => void;
  /** Counters, and exits by reason of the next `forMs` host milliseconds (0: none but with the option `stat`). */
  stat(forMs?: number): Promise<StatTable>;
  /** The guest as debuggers see it. Several may use it at once. */
  debugTarget(): Promise<DebugTarget>;
  /** End the run as interrupted, with everything said so far kept. `reason` is shown in the verdict. */
  stop(reason?: string): void;
  /** Resolves once, when the run has ended and the terminal is restored. Rejects only for a bug in tsvm. */
  wait(): Promise<Verdict>;
  /** The run's record so far, as JSON lines: feeding it back as `replay` repeats the run. */
  journal(): string;
  journalEntries(): readonly JournalEntry[];
  /** The name of the symbol at or before a guest virtual address, as `name+0x10`, or null. */
  symbolize(address: number): string | null;
}

/** A machine as `tsvm machines` lists it. */
export interface MachineDescription {
  readonly name: string;
  readonly summary: string;
  readonly architecture: string;
  /** The first is the default. */
  readonly cpuModels: readonly string[];
  readonly maxCpus: number;
  /** Bytes. */
  readonly maxMemory: number;
  readonly consoles: readonly string[];
  readonly devices: readonly {
    readonly name: string;
    /** In the address space `bus`, or in the system's (null). */
    readonly windows: readonly { readonly bus: string | null; readonly address: number; readonly size: number }[];
    /** Its place on the PCI bus. */
    readonly pci: { readonly device: number; readonly number: number } | null;
    /** Line of the interrupt controller, the CPU or KVM. */
    readonly irq: { readonly chip: string; readonly line: number } | null;
    /** What it is there for: at least so many disks, a `--console`, a `--virtio-transport`. */
    readonly needs: {
      readonly disks: number;
      readonly console: string | null;
      readonly transport: string | null;
    };
  }[];
}
