// What a VM is made of and told: the machine, the host's services, and who hears of what.
import type { SymbolTable } from '../boot/symbols.ts';
import type { OnceLog } from '../util/log.ts';
import type { PullSource } from './console-feed.ts';
import type { Journal } from './journal.ts';
import type { KernelFault } from './kernel-fault.ts';
import type { Machine } from './machine.ts';
import type { OutputQueue } from './output-queue.ts';
import type { LaunchFacts } from './panic-causes.ts';
import type { Hasher } from './state-hash.ts';
import type { TimerPort } from './waiter.ts';

/** Port: what a VM needs of the host. */
export interface HostPort extends TimerPort {
  /** Monotonic milliseconds with a fraction. */
  now(): number;
  /** Let the host's event loop turn once. */
  turn(): Promise<void>;
  sha256(): Hasher;
}

export interface VmOptions {
  readonly machine: Machine;
  readonly host: HostPort;
  readonly log: OnceLog;
  readonly seed: number;
  /** Guest nanoseconds, or null. */
  readonly limit: number | null;
  /** Wall milliseconds, or null. */
  readonly timeout: number | null;
  readonly debugMmio: boolean;
  /** A source that is pulled (regular file), or null. */
  readonly pull: PullSource | null;
  /** Is a tty, pipe or API source open, from which bytes may still come? */
  readonly sourceOpen: boolean;
  /** Does a script say when the guest runs (drive())? */
  readonly driven: boolean;
  /** Stand before the first instruction, for a debugger. */
  readonly stopAtStart: boolean;
  /** Said once when only that source can go on and nothing came for a while; null for a tty, where a human sits. */
  readonly waitNote: string | null;
  /** Entries to feed back; live input is then refused. */
  readonly replay: Journal | null;
  /** Everything the result depends on but input and journal, as text: for the run id. */
  readonly identity: string;
  /** Where the console's output collects (the console device and hypercall 8 write to it). */
  readonly output: OutputQueue;
  /** The kernel's symbols, when they are known before it runs, and whether they come from the image itself. */
  readonly kernelSymbols: { readonly table: SymbolTable; readonly own: boolean } | null;
  /** For the likely cause of a panic. */
  readonly launch: LaunchFacts;
  readonly onOops: 'note' | 'stop';
  /** The word of a line that ends the run, or null. */
  readonly exitLine: string | null;
  /** Told of each panic and oops as soon as it is certain. */
  readonly onFault: (fault: KernelFault) => void;
  /** Told of the record's lines behind its header, as they come (run-record.ts). */
  readonly onRecord: (line: string) => void;
  /** A promise is waited for. */
  readonly onConsole: (bytes: Uint8Array) => unknown;
  /** The guest has taken so much of the live input that more is welcome. */
  readonly onInputRoom: () => void;
}
