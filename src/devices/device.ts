// What a device is, and the few things it may touch. A device sees offsets, an IrqLine, guest memory, guest time and
// a log. It never sees an address, an interrupt controller, host time or a file.
import type { GuestMemory } from '../memory/guest-memory.ts';
import type { OnceLog } from '../util/log.ts';

/** One interrupt line of a device; the board decides where it ends. */
export interface IrqLine {
  set(level: boolean): void;
}

/** Guest time for devices, in nanoseconds of guest time (never host time). */
export interface GuestTimer {
  readonly now: number;
  /** Call back once, at or after guest instant `at`. Returns a handle for `cancel`. */
  schedule(at: number, callback: () => void): number;
  cancel(handle: number): void;
}

/** What a board gives every device it creates. */
export interface DeviceContext {
  readonly irq: IrqLine;
  readonly memory: GuestMemory;
  readonly timer: GuestTimer;
  readonly log: OnceLog;
}

/** Saved state of a device: plain data that JSON can carry (bytes as base64 strings). */
export type DeviceState =
  | null
  | boolean
  | number
  | string
  | readonly DeviceState[]
  | { readonly [key: string]: DeviceState };

/** One register as the debugger shows it. */
export interface RegisterView {
  readonly name: string;
  readonly offset: number;
  readonly value: number;
}

/** What every device model is, whatever it is reached by. */
export interface Device {
  /** Instance name, such as `virtio-console`. */
  readonly name: string;
  /** Power-on state. */
  reset(): void;
  /** Everything that save/restore and the state hash need. */
  saveState(): DeviceState;
  restoreState(state: DeviceState): void;
  registers(): readonly RegisterView[];
}

/** One range of addresses that a device answers on; a device with several (an i8259 pair, a PCI function) has one of these for each. */
export interface DeviceWindow {
  /** For messages. */
  readonly name: string;
  /** Bytes. */
  readonly size: number;
  /**
   * A guest read of 1, 2 or 4 bytes at `offset` (an 8-byte access reaches a device as two of 4). The value is the number a
   * little-endian guest would load (for a 'guest'-endian register block the board's bus swaps). Must not throw, whatever the guest does.
   */
  read(offset: number, length: 1 | 2 | 4): number;
  write(offset: number, length: 1 | 2 | 4, value: number): void;
}

/** A device with one window: itself. */
export interface MmioDevice extends Device, DeviceWindow {}

/** Port of a character device: where its output goes. Real ones live in host/, fakes in tests. */
export interface CharBackend {
  write(bytes: Uint8Array): void;
}

/** A device that takes console input (bytes arrive through the journal at a stated instruction count). */
export interface ConsoleInput {
  /** Bytes the guest has room for now. */
  room(): number;
  /** Hand over bytes; returns how many were taken (the rest stays with the caller). */
  input(bytes: Uint8Array): number;
  /** A break on the line, where there is such a thing. False when it is not taken now, for it needs room like a byte. */
  inputBreak?(): boolean;
}

/**
 * Port of a disk: bytes by position. Synchronous, so that a run never depends on how fast the host is (docs/adr/0006-disks.md). Every method
 * throws TsvmError `io` when the host cannot do it; what was asked then holds in part or not at all. Positions and lengths are in bytes and
 * inside `size`. Real ones live in host/, fakes in tests.
 */
export interface BlockBackend {
  /** Bytes, a multiple of 512. */
  readonly size: number;
  /** Writes are refused. */
  readonly readonly: boolean;
  /** What the guest may call the disk by: the same in every run. */
  readonly id: string;
  /** Fill `into` from `position`. */
  read(position: number, into: Uint8Array): void;
  write(position: number, bytes: Uint8Array): void;
  writeZeroes(position: number, length: number): void;
  /** What the range holds is not needed any more. */
  discard(position: number, length: number): void;
  /** When it returns, everything written before survives the end of this process and of the host. */
  flush(): void;
}
