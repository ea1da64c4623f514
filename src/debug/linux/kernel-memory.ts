// A kernel's memory as the kernel itself sees it, from a guest that stands still: words and texts at kernel addresses, in whatever mode its
// vCPUs are. Everything read may be hostile: an address leads somewhere or it does not, and nothing is followed here.
import type { Endianness } from '../../memory/guest-memory.ts';
import type { DebugSymbols, DebugTarget } from '../target.ts';
import { findLinearMap, type LinearMap, physicalOf } from './linear-map.ts';

const PAGE = 0x1000;
/** Pages that are kept: 16 MiB. */
const MOST_PAGES = 4096;
/** Kernels with all they have built in are no larger. */
const LARGEST_KERNEL = 48 << 20;
const CHUNK = 1 << 20;
const NOTHING = new Uint8Array(0);

export class KernelMemory {
  readonly endianness: Endianness;
  readonly symbols: DebugSymbols;
  /** Null: it is not known where the kernel sees its memory; then all depends on what the stopped vCPU has mapped. */
  readonly linear: LinearMap | null;
  private readonly target: DebugTarget;
  private readonly little: boolean;
  private readonly cpu: number;
  private readonly pages = new Map<number, Uint8Array>();

  /** `target` stands, and does so as long as this is used. */
  constructor(target: DebugTarget) {
    this.target = target;
    this.endianness = target.endianness;
    this.little = target.endianness === 'little';
    this.symbols = target.symbols;
    this.linear = findLinearMap(target);
    this.cpu = this.linear?.cpu ?? target.stoppedCpu;
  }

  /** As many bytes from `address` on as there are, at most `length`. */
  read(address: number, length: number): Uint8Array {
    if (address < 0) return NOTHING;
    const bytes = new Uint8Array(length);
    let done = 0;
    while (done < length && address + done < 2 ** 32) {
      const at = (address + done) % PAGE;
      const page = this.page(address + done - at);
      if (page.length <= at) break;
      const part = page.subarray(at, at + length - done);
      bytes.set(part, done);
      done += part.length;
    }
    return bytes.subarray(0, done);
  }

  u32(address: number): number | undefined {
    return this.number(address, 4, (view, at) => view.getUint32(at, this.little));
  }

  u16(address: number): number | undefined {
    return this.number(address, 2, (view, at) => view.getUint16(at, this.little));
  }

  u8(address: number): number | undefined {
    return this.number(address, 1, (view, at) => view.getUint8(at));
  }

  u64(address: number): bigint | undefined {
    const first = this.u32(address);
    const second = this.u32(address + 4);
    if (first === undefined || second === undefined) return undefined;
    const [low, high] = this.little ? [first, second] : [second, first];
    return (BigInt(high) << 32n) | BigInt(low);
  }

  /** Is there memory from `address` up to `address + length`? Both ends are tried, not what is between. */
  has(address: number, length: number): boolean {
    return this.u8(address) !== undefined && this.u8(address + length - 1) !== undefined;
  }

  /** Words of `bytes`, as the guest has them; what is left over at the end is none. */
  words(bytes: Uint8Array): Uint32Array {
    const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    const words = new Uint32Array(bytes.length >>> 2);
    for (let n = 0; n < words.length; n++) words[n] = view.getUint32(4 * n, this.little);
    return words;
  }

  /** The memory that the kernel's image and its static data are in, piece by piece from its first function on. */
  *image(): Generator<{ readonly address: number; readonly bytes: Uint8Array }> {
    const start = this.symbols.find('_text') ?? this.symbols.find('_stext') ?? this.firstOfRam();
    if (start === undefined) return;
    for (let at = start - (start % PAGE); at < Math.min(start + LARGEST_KERNEL, 2 ** 32); at += CHUNK) {
      const bytes = this.read(at, CHUNK);
      if (bytes.length > 0) yield { address: at, bytes };
      if (bytes.length < CHUNK) return;
    }
  }

  private firstOfRam(): number | undefined {
    const { linear, target } = this;
    const first = Math.min(...target.memoryMap().map(({ kind, base }) => (kind === 'ram' ? base : 2 ** 32)));
    return linear && first < linear.end ? (first + linear.offset) % 2 ** 32 : undefined;
  }

  private number<T>(address: number, length: number, read: (view: DataView, at: number) => T): T | undefined {
    const at = address % PAGE;
    const page = at + length <= PAGE && address >= 0 && address < 2 ** 32 ? this.page(address - at) : NOTHING;
    if (at + length <= page.length) return read(new DataView(page.buffer, page.byteOffset), at);
    const bytes = at + length > PAGE ? this.read(address, length) : NOTHING;
    return bytes.length === length ? read(new DataView(bytes.buffer, bytes.byteOffset), 0) : undefined;
  }

  /** The page at a multiple of its size, or what there is of it. */
  private page(address: number): Uint8Array {
    const kept = this.pages.get(address);
    if (kept) return kept;
    if (this.pages.size >= MOST_PAGES) this.pages.clear();
    const page = this.load(address);
    this.pages.set(address, page);
    return page;
  }

  private load(address: number): Uint8Array {
    const mapped = this.target.readVirtual(this.cpu, address, PAGE);
    if (mapped.length === PAGE || !this.linear) return mapped;
    const physical = physicalOf(this.linear, address);
    return (physical === null ? null : this.target.readPhysical(physical, PAGE)) ?? mapped;
  }
}
