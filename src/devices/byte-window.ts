// A window of byte-wide registers, as on the ISA bus: the bridge cuts a wider access into bytes, lowest offset first.
import type { DeviceWindow } from './device.ts';

/** What a device gives for one of its byte windows. Offsets are inside the window, values 0 to 255. */
export interface ByteRegisters {
  read(offset: number): number;
  write(offset: number, value: number): void;
}

export class ByteWindow implements DeviceWindow {
  readonly name: string;
  readonly size: number;
  private readonly registers: ByteRegisters;

  constructor(name: string, size: number, registers: ByteRegisters) {
    this.name = name;
    this.size = size;
    this.registers = registers;
  }

  /** Bytes beyond the window read as the idle bus does: all ones. */
  read(offset: number, length: 1 | 2 | 4): number {
    let value = 0;
    for (let i = 0; i < length; i++) {
      const byte = this.has(offset + i) ? this.registers.read(offset + i) : 0xff;
      value |= byte << (8 * i);
    }
    return value >>> 0;
  }

  write(offset: number, length: 1 | 2 | 4, value: number): void {
    for (let i = 0; i < length; i++)
      if (this.has(offset + i)) this.registers.write(offset + i, (value >>> (8 * i)) & 0xff);
  }

  private has(offset: number): boolean {
    return Number.isInteger(offset) && offset >= 0 && offset < this.size;
  }
}
