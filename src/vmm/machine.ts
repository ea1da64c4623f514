// What the run loop drives, in KVM's words: vCPUs, the clock, the bus, timers and the console. Composed in compose.ts.
import type { Board, SystemEvent } from '../boards/board.ts';
import type { CompiledCode } from '../cpu/exec/core-options.ts';
import type { ConsoleInput, Device } from '../devices/device.ts';
import type { Vcpu, VmClock } from '../kvm/contract.ts';
import type { TraceSink } from '../kvm/trace.ts';
import type { Bus } from '../memory/bus.ts';
import type { GuestMemory } from '../memory/guest-memory.ts';
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

export interface Machine {
  readonly vcpus: readonly Vcpu[];
  /** Where the first vCPU starts. */
  readonly entry: number;
  /** What the guest was given; null: none. */
  readonly deviceTree: Uint8Array | null;
  readonly clock: VmClock;
  readonly memory: GuestMemory;
  readonly bus: Bus;
  readonly timers: GuestTimers;
  readonly devices: readonly NamedDevice[];
  readonly console: MachineConsole;
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
  /** Told, in the middle of an access, that the guest ends the run through a device. */
  onSystemEvent(listener: (event: SystemEvent) => void): void;
}
