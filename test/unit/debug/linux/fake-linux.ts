// Data of a made-up Linux kernel in the RAM of a FakeTarget: a printk ring written as the kernel writes it, tasks, modules. Addresses are of kseg0.
import type { DebugTarget } from '../../../../src/debug/target.ts';
import { FakeTarget } from '../../../support/debug/fake-target.ts';

export const KSEG0 = 0x8000_0000;
/** Where static data begins. */
const DATA = KSEG0 + 0x1_0000;

export class FakeLinux {
  readonly endianness: 'little' | 'big';
  private readonly symbols: Record<string, number> = { _text: KSEG0 + 0x1000, start_kernel: KSEG0 + 0x2000 };
  private readonly view: DataView;
  private readonly made: FakeTarget;
  private free = DATA;

  constructor(endianness: 'little' | 'big', { cpus = 1, ram = 0x8_0000 }: { cpus?: number; ram?: number } = {}) {
    this.endianness = endianness;
    this.made = new FakeTarget({ endianness, ram, cpus, symbols: this.symbols });
    this.view = new DataView(this.made.memory.buffer);
  }

  get memory(): Uint8Array {
    return this.made.memory;
  }

  /** `names`: the symbols that are known; undefined: all. */
  target(names?: readonly string[]): DebugTarget & FakeTarget {
    if (names) for (const name of Object.keys(this.symbols)) if (!names.includes(name)) delete this.symbols[name];
    return this.made;
  }

  /** So many bytes of zeros. */
  reserve(size: number, align = 4): number {
    const at = Math.ceil(this.free / align) * align;
    this.free = at + size;
    return at;
  }

  symbol(name: string, address: number): void {
    this.symbols[name] = address;
  }

  word(address: number, ...values: readonly number[]): void {
    for (const [n, value] of values.entries())
      this.view.setUint32(address - KSEG0 + 4 * n, value, this.endianness === 'little');
  }

  half(address: number, value: number): void {
    this.view.setUint16(address - KSEG0, value, this.endianness === 'little');
  }

  long(address: number, value: bigint): void {
    this.view.setBigUint64(address - KSEG0, value, this.endianness === 'little');
  }

  wordAt(address: number): number {
    return this.view.getUint32(address - KSEG0, this.endianness === 'little');
  }

  text(address: number, text: string | Uint8Array): void {
    this.memory.set(typeof text === 'string' ? new TextEncoder().encode(text) : text, address - KSEG0);
  }

  /** A list_head that leads through `nodes` and back. */
  list(head: number, nodes: readonly number[]): void {
    const all = [head, ...nodes];
    for (const [n, node] of all.entries()) {
      const next = all[(n + 1) % all.length]!;
      this.word(node, next);
      this.word(next + 4, node);
    }
  }
}

/** Where struct printk_ringbuffer has its text ring: 20 up to 5.19, 24 from 6.0 on. */
export type RingKind = 20 | 24;

const RESERVED = 0;
const COMMITTED = 1;
const FINALIZED = 2;
const REUSABLE = 3;
const STATES = { reserved: RESERVED, committed: COMMITTED, finalized: FINALIZED };
const ID_MASK = 0x3fff_ffff;

/** A printk_ringbuffer and its writer, after kernel/printk/printk_ringbuffer.c; `countBits` and `sizeBits` as there. */
export class FakeRing {
  readonly address: number;
  readonly descs: number;
  readonly infos: number;
  readonly data: number;
  private readonly linux: FakeLinux;
  private readonly text: number;
  private readonly count: number;
  private readonly size: number;
  private sequence = 0n;

  constructor(
    linux: FakeLinux,
    { kind = 20, countBits = 6, sizeBits = 11 }: { kind?: RingKind; countBits?: number; sizeBits?: number } = {},
  ) {
    this.linux = linux;
    this.count = 2 ** countBits;
    this.size = 2 ** sizeBits;
    this.address = linux.reserve(kind + 20);
    this.descs = linux.reserve(12 * this.count);
    this.infos = linux.reserve(88 * this.count, 8);
    this.data = linux.reserve(this.size);
    this.text = this.address + kind;
    const id = (-(this.count + 1) & ID_MASK) >>> 0;
    linux.word(this.address, countBits, this.descs, this.infos, id, id);
    if (kind === 24) linux.word(this.address + 20, id);
    linux.word(this.text, sizeBits, this.data, -this.size >>> 0, -this.size >>> 0);
    linux.word(this.desc(id), id | (REUSABLE << 30), 1, 1);
    const pointer = linux.reserve(4);
    linux.word(pointer, this.address);
    linux.symbol('prb', pointer);
  }

  /** One record; returns its descriptor's address. */
  print(
    text: string,
    { seconds = 0, state = 'finalized' }: { seconds?: number; state?: keyof typeof STATES } = {},
  ): number {
    const { linux } = this;
    const bytes = new TextEncoder().encode(text);
    const id = (linux.wordAt(this.address + 12) + 1) & ID_MASK;
    if (((id - linux.wordAt(this.address + 16)) & ID_MASK) >= this.count) this.dropTail();
    const [begin, next] = bytes.length === 0 ? [3, 3] : this.allocate(4 + bytes.length);
    if (bytes.length > 0) {
      const block = this.data + (this.lap(begin) === this.lap(next) ? begin % this.size : 0);
      linux.word(block, id);
      linux.text(block + 4, bytes);
    }
    const info = this.infos + 88 * (id % this.count);
    linux.long(info, this.sequence++);
    linux.long(info + 8, BigInt(Math.round(seconds * 1e6)) * 1000n);
    linux.half(info + 16, bytes.length);
    linux.word(this.desc(id), (id | (STATES[state] << 30)) >>> 0, begin, next);
    linux.word(this.address + 12, id);
    return this.desc(id);
  }

  private desc(id: number): number {
    return this.descs + 12 * (id % this.count);
  }

  private lap(position: number): number {
    return Math.floor(position / this.size);
  }

  private allocate(bytes: number): [begin: number, next: number] {
    const size = Math.ceil(bytes / 4) * 4;
    const begin = this.linux.wordAt(this.text + 8);
    let next = (begin + size) >>> 0;
    if (this.lap(begin) !== this.lap(next)) next = (this.lap(next) * this.size + size) >>> 0;
    while ((next - this.linux.wordAt(this.text + 12)) >>> 0 > this.size) this.dropTail();
    this.linux.word(this.text + 8, next);
    return [begin, next];
  }

  /** The oldest record goes, and its text. */
  private dropTail(): void {
    const { linux } = this;
    const id = linux.wordAt(this.address + 16);
    const desc = this.desc(id);
    const next = linux.wordAt(desc + 8);
    if (next % 2 === 0) linux.word(this.text + 12, next);
    linux.word(desc, id | (REUSABLE << 30));
    linux.word(this.address + 16, (id + 1) & ID_MASK);
  }
}
