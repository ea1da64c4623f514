// What the run loop drives, in KVM's words: vCPUs, the clock, the bus, timers and the console. Composed in compose.ts.
import type { Board, SystemEvent } from '../boards/board.ts';
import type { CompiledCode } from '../cpu/exec/core-options.ts';
import type { DebuggedCpu } from '../cpu/isa/debug-view.ts';
import type { ConsoleInput, Device } from '../devices/device.ts';
import type { Vcpu, VmClock } from '../kvm/contract.ts';
import type { TraceSink } from '../kvm/trace.ts';
import type { Bus, NamedWindow } from '../memory/bus.ts';
import type { GuestMemory } from '../memory/guest-memory.ts';
import type { WatchedPlaces } from './execution-watch.ts';
import type { GuestTimers } from './timers.ts';

/** A device and the name it has on the board. */
export interface NamedDevice {
  readonly name: string;
  readonly device: Device;
}

/** A console device: input, and its size in characters. */
export interface MachineConsole extends ConsoleInput {
  resize(columns: number, rows: number): void;
}

/** vCPU `cpu` is about to run the instruction at `pc` (an even address). */
export interface PlaceHit {
  readonly cpu: number;
  readonly pc: number;
  readonly physical: number;
}

/** Bytes whose accesses are watched (cpu/exec/data-watch.ts). */
export interface WatchedBytes {
  readonly address: number;
  readonly length: number;
  /** Is the address a virtual one, of every address space? Else it is guest-physical. */
  readonly virtual: boolean;
  readonly reads: boolean;
  readonly writes: boolean;
}

/** An access to such, which is about to happen. */
export interface DataHit {
  readonly cpu: number;
  /** Virtual. */
  readonly address: number;
  readonly physical: number;
  readonly length: number;
  readonly isWrite: boolean;
  /** What will be written. */
  readonly value: number | null;
  /** Its number among the watched accesses since the vCPU was run, which is for one step where the debugger says so. */
  readonly ordinal: number;
}

/** What a vCPU tells a debugger beyond KVM's calls (cpu/isa/debug-view.ts). */
export type VcpuDebug = Pick<DebuggedCpu, 'bank' | 'translate' | 'exceptions'>;

/** For debuggers; of no effect on the guest. Between two enters. */
export interface MachineDebug {
  vcpu(id: number): VcpuDebug;
  /** Where the vCPU stands, with T in bit 0. */
  pc(id: number): number;
  /** Ask `hit` before an instruction there runs: is its KVM_RUN to come back before it? Replaces what was watched before. */
  watchPlaces(places: WatchedPlaces, hit: (at: PlaceHit) => boolean): void;
  /** The same, of accesses. False: this engine cannot. */
  watchData(data: readonly WatchedBytes[], hit: (at: DataHit) => boolean): boolean;
}

export interface Machine {
  readonly vcpus: readonly Vcpu[];
  /** Where the first vCPU starts. */
  readonly entry: number;
  /** What the guest was given; null: none. */
  readonly deviceTree: Uint8Array | null;
  readonly clock: VmClock;
  readonly memory: GuestMemory;
  readonly bus: Bus;
  /** What answers where: on the bus, and in the kernel. */
  windows(): readonly NamedWindow[];
  readonly timers: GuestTimers;
  readonly devices: readonly NamedDevice[];
  readonly console: MachineConsole;
  /** Every console by its device's name, the machine's own first. */
  readonly consoles: ReadonlyMap<string, MachineConsole>;
  /** What the guest agent is told by; null: the machine has none. */
  readonly agent: ConsoleInput | null;
  /** Guest-physical address behind an unmapped-segment virtual address, or null. */
  toPhysical(virtualAddress: number): number | null;
  /** How kernels for this machine pass arguments and keep return addresses. */
  readonly kernelAbi: Board['kernelAbi'];
  /** Keep the hot exit counters, trace. No guest-visible effect. */
  observe(observation: { readonly stats: boolean; readonly trace: TraceSink | null }): void;
  /**
   * Ask `hit` before a vCPU runs an instruction at one of these addresses (of unmapped segments): is its KVM_RUN to come back before it?
   * Asked in the order in which they first came, up to one that says so; when the vCPU is entered again they are asked again. Replaces what `who`
   * watched before. The vCPU's state may be looked at; no guest-visible effect. Between two enters.
   */
  watchExecution(who: string, addresses: readonly number[], hit: (cpu: number, pc: number) => boolean): void;
  readonly debug: MachineDebug;
  /** Has a vCPU been in user mode since forgetUserMode()? */
  userModeSeen(): boolean;
  forgetUserMode(): void;
  /** What the region compiler has done; null without it. */
  compiledCode(): CompiledCode | null;
  /** All vCPU state and every non-zero RAM page with its address. */
  hashState(update: (bytes: Uint8Array) => void): void;
  /** Told of interrupts that the board raises, with the vCPU's id (so that the scheduler can end a quantum). */
  onInterrupt(listener: (cpu: number) => void): void;
  /** Told of the guest agent's bytes as they are written; they are not the listener's to keep. */
  onAgentOutput(listener: (bytes: Uint8Array) => void): void;
  /** Told of what consoles other than the machine's own put out, as onAgentOutput. */
  onOtherOutput(listener: (console: string, bytes: Uint8Array) => void): void;
  /** Told, in the middle of an access, that the guest ends the run through a device. */
  onSystemEvent(listener: (event: SystemEvent) => void): void;
}
