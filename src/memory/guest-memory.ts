// Guest memory and its one owner: the only file that knows how RAM lies in the VM's host memory.
//
// Backing is an arena inside the VM's WebAssembly.Memory. Memory slots (KVM_SET_USER_MEMORY_REGION) map guest-physical ranges onto
// it. For a big-endian guest each aligned 32-bit word is kept in host order, so that the engines load words natively and
// only byte and halfword addresses are XORed (ENGINE: +4 % against +32 % for swapping); everyone else goes through here.
import { hex } from '../util/bits.ts';
import { TsvmError } from '../util/errors.ts';
import type { DirtyPages } from './dirty-pages.ts';

const PAGE_SHIFT = 12;
const PAGE_SIZE = 1 << PAGE_SHIFT;

export type Endianness = 'little' | 'big';

/** A guest-physical range backed by the arena. */
export interface BackedRange {
  readonly gpa: number;
  readonly size: number;
  /** Byte offset in the arena. */
  readonly offset: number;
  readonly readonly: boolean;
  /** Where writes are noted, while the slot logs them. */
  readonly dirty?: DirtyPages | null;
}

/** Told of every write that does not come from a vCPU's own instruction (devices, loader, debugger). */
export interface HostWriteListener {
  /** `offset` and `length` are in the arena and cover only RAM. */
  wrote(offset: number, length: number): void;
}

/** A guest-physical access that is not wholly inside RAM. */
export class GuestMemoryError extends TsvmError {
  constructor(gpa: number, length: number) {
    super('internal', `guest-physical range ${hex(gpa)}+${hex(length, 1)} is not in RAM`);
  }
}

export class GuestMemory {
  readonly endianness: Endianness;
  /** Bytes of arena. */
  readonly size: number;
  private readonly bytes: Uint8Array;
  private readonly view: DataView;
  private readonly swap: number;
  /** Per arena page: has anything ever been written there? An untouched page is zero and need not be looked at. */
  private readonly touched: Uint8Array;
  private ranges: BackedRange[] = [];
  private listener: HostWriteListener | null = null;

  /** `base` is the arena's byte offset in `buffer`, a multiple of 4096. */
  constructor(buffer: ArrayBufferLike, base: number, size: number, endianness: Endianness) {
    this.endianness = endianness;
    this.size = size;
    this.bytes = new Uint8Array(buffer, base, size);
    this.view = new DataView(buffer, base, size);
    this.swap = endianness === 'big' ? 3 : 0;
    this.touched = new Uint8Array(Math.ceil(size / PAGE_SIZE));
  }

  /** A write of `length` bytes at arena `offset` happens or may happen from now on: every owner of a way to write says so. */
  touch(offset: number, length: number): void {
    const last = (offset + length - 1) >>> PAGE_SHIFT;
    for (let page = offset >>> PAGE_SHIFT; page <= last; page++) this.touched[page] = 1;
  }

  private wrote(range: BackedRange, offset: number, length: number): void {
    this.touch(offset, length);
    range.dirty?.wrote(offset - range.offset, length);
    this.listener?.wrote(offset, length);
  }

  /** The engine's hook: kill translations, break reservations, mark dirty pages. */
  setListener(listener: HostWriteListener): void {
    this.listener = listener;
  }

  /** Replace the slot map; called by the KVM implementation when slots change. Ranges do not overlap. */
  setRanges(ranges: readonly BackedRange[]): void {
    this.ranges = [...ranges].sort((a, b) => a.gpa - b.gpa);
  }

  /** The slot map, sorted by address. */
  getRanges(): readonly BackedRange[] {
    return this.ranges;
  }

  /** The range that holds `gpa`, or undefined. */
  find(gpa: number): BackedRange | undefined {
    for (const range of this.ranges) if (gpa >= range.gpa && gpa - range.gpa < range.size) return range;
    return undefined;
  }

  /** Is every byte of the range RAM (READONLY or not)? Never throws, whatever the numbers. */
  contains(gpa: number, length: number): boolean {
    if (!(gpa >= 0) || !(length >= 0) || !Number.isSafeInteger(gpa + length)) return false;
    let at = gpa;
    const end = gpa + length;
    while (at < end) {
      const range = this.find(at);
      if (!range) return false;
      at = range.gpa + range.size;
    }
    return true;
  }

  /** Copy guest bytes out. Throws GuestMemoryError when any byte is not RAM. */
  read(gpa: number, into: Uint8Array): void {
    this.walk(gpa, into.length, (_range, offset, from, length) => this.copyOut(offset, into, from, length));
  }

  /** Copy bytes into the guest. Throws GuestMemoryError, with nothing written, when any byte is not RAM. */
  write(gpa: number, data: Uint8Array): void {
    this.walk(gpa, data.length, (range, offset, from, length) => {
      this.copyIn(offset, data, from, length);
      this.wrote(range, offset, length);
    });
  }

  /** Set `length` bytes to `value`. */
  fill(gpa: number, value: number, length: number): void {
    this.walk(gpa, length, (range, offset, _from, part) => {
      for (let i = 0; i < part; i++) this.bytes[(offset + i) ^ this.swap] = value;
      this.wrote(range, offset, part);
    });
  }

  readU8(gpa: number): number {
    return this.bytes[this.locate(gpa, 1) ^ this.swap]!;
  }

  /** Unaligned addresses are fine; `order` is the order of the bytes in the guest's address space. */
  readU16(gpa: number, order: Endianness): number {
    const little = this.readU8(gpa) | (this.readU8(gpa + 1) << 8);
    return order === 'little' ? little : ((little & 0xff) << 8) | (little >>> 8);
  }

  /** Unsigned. */
  readU32(gpa: number, order: Endianness): number {
    if ((gpa & 3) === 0) {
      const offset = this.locate(gpa, 4);
      return this.view.getUint32(offset, (order === 'little') === (this.swap === 0));
    }
    const low = this.readU16(order === 'little' ? gpa : gpa + 2, order);
    const high = this.readU16(order === 'little' ? gpa + 2 : gpa, order);
    return (low | (high << 16)) >>> 0;
  }

  readU64(gpa: number, order: Endianness): bigint {
    const low = this.readU32(order === 'little' ? gpa : gpa + 4, order);
    const high = this.readU32(order === 'little' ? gpa + 4 : gpa, order);
    return (BigInt(high) << 32n) | BigInt(low);
  }

  writeU8(gpa: number, value: number): void {
    const range = this.locateRange(gpa, 1);
    const offset = range.offset + (gpa - range.gpa);
    this.bytes[offset ^ this.swap] = value;
    this.wrote(range, offset, 1);
  }

  writeU16(gpa: number, value: number, order: Endianness): void {
    const first = order === 'little' ? value : value >>> 8;
    const second = order === 'little' ? value >>> 8 : value;
    this.locate(gpa, 2);
    this.writeU8(gpa, first & 0xff);
    this.writeU8(gpa + 1, second & 0xff);
  }

  writeU32(gpa: number, value: number, order: Endianness): void {
    if ((gpa & 3) === 0) {
      const range = this.locateRange(gpa, 4);
      const offset = range.offset + (gpa - range.gpa);
      this.view.setUint32(offset, value, (order === 'little') === (this.swap === 0));
      this.wrote(range, offset, 4);
      return;
    }
    this.locate(gpa, 4);
    this.writeU16(order === 'little' ? gpa : gpa + 2, value & 0xffff, order);
    this.writeU16(order === 'little' ? gpa + 2 : gpa, value >>> 16, order);
  }

  writeU64(gpa: number, value: bigint, order: Endianness): void {
    this.locate(gpa, 8); // all of it or nothing
    this.writeU32(order === 'little' ? gpa : gpa + 4, Number(value & 0xffffffffn), order);
    this.writeU32(order === 'little' ? gpa + 4 : gpa, Number((value >> 32n) & 0xffffffffn), order);
  }

  /** Guest bytes of one page of the arena, in guest order: for state hashes and snapshots. */
  readArena(offset: number, into: Uint8Array): void {
    this.copyOut(offset, into, 0, into.length);
  }

  /** Is this arena page (4096 bytes from an aligned offset) all zero? */
  isZeroPage(offset: number): boolean {
    if (this.touched[offset >>> PAGE_SHIFT] === 0) return true;
    const words = new Int32Array(this.bytes.buffer, this.bytes.byteOffset + offset, PAGE_SIZE >>> 2);
    for (let i = 0; i < words.length; i++) if (words[i] !== 0) return false;
    return true;
  }

  private locate(gpa: number, length: number): number {
    const range = this.locateRange(gpa, length);
    return range.offset + (gpa - range.gpa);
  }

  /** The range that `gpa` lies in, when all `length` bytes are RAM. */
  private locateRange(gpa: number, length: number): BackedRange {
    const range = this.find(gpa);
    if (!range) throw new GuestMemoryError(gpa, length);
    if (gpa + length > range.gpa + range.size && !this.contains(gpa, length)) throw new GuestMemoryError(gpa, length);
    return range;
  }

  private walk(
    gpa: number,
    length: number,
    part: (range: BackedRange, offset: number, from: number, length: number) => void,
  ): void {
    if (!this.contains(gpa, length)) throw new GuestMemoryError(gpa, length);
    let done = 0;
    while (done < length) {
      const range = this.find(gpa + done)!;
      const inRange = gpa + done - range.gpa;
      const count = Math.min(length - done, range.size - inRange);
      part(range, range.offset + inRange, done, count);
      done += count;
    }
  }

  private copyOut(offset: number, into: Uint8Array, from: number, length: number): void {
    if (this.swap === 0) into.set(this.bytes.subarray(offset, offset + length), from);
    else for (let i = 0; i < length; i++) into[from + i] = this.bytes[(offset + i) ^ 3]!;
  }

  private copyIn(offset: number, data: Uint8Array, from: number, length: number): void {
    if (this.swap === 0) this.bytes.set(data.subarray(from, from + length), offset);
    else for (let i = 0; i < length; i++) this.bytes[(offset + i) ^ 3] = data[from + i]!;
  }
}
