// Bytes of headers and notes, put one field after the other in the guest's byte order.
import type { Endianness } from '../../memory/guest-memory.ts';

const ASCII = new TextEncoder();

export class Fields {
  private readonly little: boolean;
  private readonly bytes: number[] = [];

  constructor(endianness: Endianness) {
    this.little = endianness === 'little';
  }

  u16(...values: readonly number[]): this {
    for (const value of values) this.put(value, 2);
    return this;
  }

  u32(...values: readonly number[]): this {
    for (const value of values) this.put(value, 4);
    return this;
  }

  raw(bytes: Iterable<number>): this {
    for (const byte of bytes) this.bytes.push(byte);
    return this;
  }

  text(text: string): this {
    return this.raw(ASCII.encode(text));
  }

  zeros(count: number): this {
    for (let n = 0; n < count; n++) this.bytes.push(0);
    return this;
  }

  /** Zeros up to a multiple of `to` bytes. */
  align(to: number): this {
    return this.zeros((to - (this.bytes.length % to)) % to);
  }

  get length(): number {
    return this.bytes.length;
  }

  done(): Uint8Array {
    return Uint8Array.from(this.bytes);
  }

  private put(value: number, size: number): void {
    for (let n = 0; n < size; n++) this.bytes.push((value >>> (8 * (this.little ? n : size - 1 - n))) & 0xff);
  }
}
