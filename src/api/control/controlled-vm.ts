// A running VM as its control socket sees it (the role that kvm-ipc.c and its handlers have in kvmtool): what the server asks of it. Whoever composes a
// run implements it; the server and its tests know nothing else of a VM.
import type { ShellPort } from '../../debug/shell/port.ts';
import type { StatTable } from '../stats.ts';

/** A VM in a few facts, as `tsvm list --json` prints them. */
export interface VmInfo {
  readonly name: string;
  /** Of the process that runs it. */
  readonly pid: number;
  /** `paused`: it stands between two instructions, by `tsvm pause` or under a debugger. */
  readonly state: VmState;
  /** Board. */
  readonly machine: string;
  readonly cpus: number;
  /** Bytes of RAM. */
  readonly memory: number;
  readonly guestTimeNs: number;
  readonly instructions: number;
  /** Path of the kernel file as it was given. */
  readonly kernel: string;
  /** By the names of their devices, the machine's own first. */
  readonly consoles: readonly string[];
}

export type VmState = 'running' | 'paused';

/** How a run ended, for those who watch its console. */
export interface VmEnd {
  /** One line. */
  readonly summary: string;
  readonly exitCode: number;
}

/** A session of the debug shell. */
export interface ShellSession extends ShellPort {
  /** It is over: its breakpoints go, and the guest is left as the session has found it. Again does nothing. */
  close(): Promise<void>;
}

/** Where `console` is left out it is the machine's own. What takes one throws TsvmError usage when there is no such. */
export interface ControlledVm {
  info(): VmInfo;
  /** Resolves when it stands, or has ended. */
  pause(): Promise<void>;
  resume(): void;
  /** End the run as interrupted. */
  stop(reason: string): void;
  /** Its exits, after looking at it for so many host milliseconds (0: what was counted anyway). */
  stat(forMs: number): Promise<StatTable>;
  /** Bytes for the guest's console, journaled. False when it takes none (a replay, or the run has ended). */
  input(bytes: Uint8Array, console?: string): boolean;
  /** Bytes of input that the guest has not taken yet from that console. */
  inputBacklog(console?: string): number;
  /** A break on the console's line, in order with its input, journaled. False when the console has no line that could break, or takes no input. */
  sendBreak(console?: string): boolean;
  /** Tell the guest's console its size in characters. */
  resize(columns: number, rows: number, console?: string): void;
  /** Told of the guest's console output as it is written, in order; the bytes may be kept. Returns how to unsubscribe. */
  subscribeConsole(listener: (bytes: Uint8Array) => void, console?: string): () => void;
  /** The debug shell; the files that its commands name are relative to `folder`. @throws TsvmError when there is none */
  openShell(folder: string): Promise<ShellSession>;
}
