// The MMIO bus: guest-physical address -> device window. Knows no device, only something that can be read and written.
import type { Endianness } from './guest-memory.ts';

/** What the bus needs of a device (devices/device.ts MmioDevice is one). */
export interface BusTarget {
  readonly name: string;
  readonly size: number;
  read(offset: number, length: 1 | 2 | 4): number;
  write(offset: number, length: 1 | 2 | 4, value: number): void;
}

interface Window {
  readonly base: number;
  readonly target: BusTarget;
  /** Byte order of the registers as the guest's stores see them. */
  readonly order: Endianness;
}

export interface BusHit {
  readonly base: number;
  readonly target: BusTarget;
}

export class Bus {
  private windows: Window[] = [];

  /** Windows may not overlap: a board that says so is wrong. */
  add(base: number, target: BusTarget, order: Endianness): void {
    for (const other of this.windows)
      if (base < other.base + other.target.size && other.base < base + target.size)
        throw new Error(`${target.name} overlaps ${other.target.name} on the bus`);
    this.windows.push({ base, target, order });
    this.windows.sort((a, b) => a.base - b.base);
  }

  /** The device whose window holds `address`. */
  find(address: number): BusHit | undefined {
    return this.lookup(address);
  }

  /** Guest read into `data` (bytes in the guest's memory order). False when nobody claims the address. */
  read(address: number, data: Uint8Array, length: number): boolean {
    const window = this.lookup(address);
    if (!window || address + length > window.base + window.target.size) return false;
    forEachPart(length, (at, size) => {
      const value = window.target.read(address - window.base + at, size);
      for (let i = 0; i < size; i++) data[at + byteIndex(i, size, window.order)] = (value >>> (8 * i)) & 0xff;
    });
    return true;
  }

  /** Guest write of `data` (bytes in the guest's memory order). False when nobody claims the address. */
  write(address: number, data: Uint8Array, length: number): boolean {
    const window = this.lookup(address);
    if (!window || address + length > window.base + window.target.size) return false;
    forEachPart(length, (at, size) => {
      let value = 0;
      for (let i = 0; i < size; i++) value |= data[at + byteIndex(i, size, window.order)]! << (8 * i);
      window.target.write(address - window.base + at, size, value >>> 0);
    });
    return true;
  }

  private lookup(address: number): Window | undefined {
    for (const window of this.windows)
      if (address >= window.base && address - window.base < window.target.size) return window;
    return undefined;
  }
}

/** Device accesses are 1, 2 or 4 bytes; anything else (SWL leaves 3, LD leaves 8) is split. */
function forEachPart(length: number, part: (at: number, size: 1 | 2 | 4) => void): void {
  let at = 0;
  while (at < length) {
    const left = length - at;
    const size = left >= 4 ? 4 : left >= 2 ? 2 : 1;
    part(at, size);
    at += size;
  }
}

function byteIndex(significance: number, size: number, order: Endianness): number {
  return order === 'little' ? significance : size - 1 - significance;
}
