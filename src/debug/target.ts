// A guest as debuggers see it: the debug shell (shell/), the gdb stub (gdb/) and tests work on this interface alone; src/api/debug-target.ts implements
// it over a VM. Stops and breakpoints are the host's: no effect on the guest, not in the journal. Writes to memory and registers are in the journal.
import type { DebugAccess, DebuggedCpu, DebugView } from '../cpu/isa/debug-view.ts';
import type { Breakpoint, BreakpointSpec, DebugEvent, Resume, Stop } from '../kvm/debug.ts';
import type { VcpuStats } from '../kvm/stats.ts';
import type { TraceSink } from '../kvm/trace.ts';

export type { Breakpoint, BreakpointSpace, BreakpointSpec, DebugEvent, Resume, Stop } from '../kvm/debug.ts';

export interface DebugSymbols {
  lookup(address: number): { readonly name: string; readonly offset: number } | undefined;
  find(name: string): number | undefined;
  /** Names that begin so, sorted, at most `most`. */
  names(prefix: string, most: number): readonly string[];
}

export interface ListedInstruction {
  /** Even. */
  readonly address: number;
  /** Bytes: 2 or 4. */
  readonly size: number;
  /** The instruction as a number: `0x8c820010`; T32: halfwords first to last. */
  readonly word: number;
  /** `lw $v0, 16($a0)`; `.word ...` for what is no instruction. */
  readonly text: string;
}

export interface DebugDevice {
  readonly name: string;
  registers(): readonly { readonly name: string; readonly offset: number; readonly value: number }[];
  /** All of its state, as save/restore has it: plain data for JSON. */
  state(): unknown;
}

/** A guest-physical range. */
export interface MappedRange {
  readonly base: number;
  readonly size: number;
  readonly kind: 'ram' | 'device';
  readonly name: string;
}

export interface DebugTarget {
  /** Of the VM. */
  readonly name: string;
  /** Board. */
  readonly machine: string;
  readonly view: DebugView;
  readonly endianness: 'little' | 'big';
  /** Number of vCPUs. */
  readonly cpus: number;
  readonly symbols: DebugSymbols;
  /** Of the kernel file, and where its first instruction is. */
  readonly kernel: string;
  readonly entry: number;
  /** How the guest stands; null while it runs. */
  readonly stopped: Stop | null;
  /** The vCPU that stopped it, or the first. */
  readonly stoppedCpu: number;
  readonly clock: { readonly instructions: number; readonly guestTimeNs: number };

  // All of the following want a guest that stands or has ended; @throws TsvmError usage when it runs, or for what is not there.

  cpu(id: number): DebuggedCpu;
  /** null when not all of it is RAM. */
  readPhysical(address: number, length: number): Uint8Array | null;
  /** RAM only: devices are never read. As many bytes from the first on as can be translated (by the mode of the vCPU, rights do not matter) and are RAM. */
  readVirtual(cpu: number, address: number, length: number): Uint8Array;
  /** Where `address` leads, with all rights; null: nowhere. */
  physical(cpu: number, address: number, access: DebugAccess): number | null;
  /** @throws TsvmError usage, and writes nothing, when not all of it is RAM */
  writePhysical(address: number, bytes: Uint8Array): void;
  writeVirtual(cpu: number, address: number, bytes: Uint8Array): void;
  /** `name` as DebugView.find takes it; what does not fit is cut. */
  writeRegister(cpu: number, name: string, value: bigint): void;
  /** `count` instructions from `pc` on (bit 0: T32), fewer where memory ends. `block`: IT state of the first one. */
  disassemble(cpu: number, pc: number, count: number, block?: number): readonly ListedInstruction[];
  /** Return addresses, the pc first; of a kernel. `end` says why it ends there. */
  backtrace(cpu: number): { readonly addresses: readonly number[]; readonly end: 'user' | 'start' | 'lost' };
  memoryMap(): readonly MappedRange[];
  devices(): readonly DebugDevice[];
  stats(): readonly VcpuStats[];
  /** Keep the hot exit counters, and trace to `trace`; null: neither. Everything is slower while it is on. */
  observe(stats: boolean, trace: TraceSink | null): void;

  // The following are legal at any time.

  addBreakpoint(spec: BreakpointSpec): Breakpoint;
  /** False: there is none. */
  removeBreakpoint(id: number): boolean;
  breakpoints(): readonly Breakpoint[];
  /** Let it go on; resolves when it stands again, whoever stops it. @throws TsvmError usage when it runs or has ended */
  resume(how: Resume): Promise<Stop>;
  /** Resolves when it stands. */
  pause(): Promise<Stop>;
  /** End the run as interrupted. */
  kill(reason: string): void;
  /** Bytes for the guest's console, journaled. False when it takes none (a replay). */
  sendInput(bytes: Uint8Array): boolean;
  /** Told of every stop and resume. Returns how to unsubscribe. */
  subscribe(listener: (event: DebugEvent) => void): () => void;
}
