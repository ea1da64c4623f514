// The bus: address -> device window. Knows no device, only something that can be read and written. Windows are fixed (a board
// says where) or can be placed while the guest runs (PCI base address registers, a host bridge's decode windows). A bus can
// itself be seen through a window of another bus (`view`): PCI memory and I/O space behind a host bridge.
//
// A guest may place windows over each other. Then a fixed window hides what is placed, and of two placed windows the one that
// was mapped first hides the other, wherever they stand; what is hidden comes back when the other moves away.
import type { Endianness } from './guest-memory.ts';

/** What the bus needs of a device (devices/device.ts DeviceWindow is one). */
export interface BusTarget {
  readonly name: string;
  /** Bytes; read when the window is put on the bus and whenever it is placed. */
  readonly size: number;
  read(offset: number, length: 1 | 2 | 4): number;
  write(offset: number, length: 1 | 2 | 4, value: number): void;
}

/** A window that can be moved, and taken away, while the guest runs. */
export interface PlacedWindow {
  /** Where it stands, or null. */
  readonly base: number | null;
  /** Put it at `base`, or nowhere. A base beyond what addresses can name means nowhere. */
  place(base: number | null): void;
}

export interface BusHit {
  readonly base: number;
  readonly target: BusTarget;
}

/** Addresses that somebody answers, for people who look at the machine. */
export interface NamedWindow {
  readonly base: number;
  readonly size: number;
  readonly name: string;
}

interface Window extends BusHit {
  readonly size: number;
  /** Byte order of the registers as the guest's stores see them. */
  readonly order: Endianness;
}

/** Addresses from `start` up to `end` (not included) that one window answers. */
interface Range {
  readonly start: number;
  readonly end: number;
  readonly window: Window;
}

export class Bus {
  private readonly fixed: Window[] = [];
  private readonly placed: Placed[] = [];
  /** What every window is left with, ascending. */
  private ranges: Range[] = [];
  /** Most accesses go where the last one went. */
  private last: Range | undefined;

  /** Fixed windows may not overlap: a board that says so is wrong. */
  add(base: number, target: BusTarget, order: Endianness): void {
    for (const other of this.fixed)
      if (base < other.base + other.size && other.base < base + target.size)
        throw new Error(`${target.name} overlaps ${other.target.name} on the bus`);
    this.fixed.push({ base, size: target.size, target, order });
    this.arrange();
  }

  /** A window that stands nowhere yet. */
  map(target: BusTarget, order: Endianness): PlacedWindow {
    const placed = new Placed(target, order, () => this.arrange());
    this.placed.push(placed);
    return placed;
  }

  /** This bus as a window of another one. Put it there as 'little': every byte then keeps its address. */
  view(name: string, size: number): BusView {
    return new BusView(this, name, size);
  }

  /** What answers where, ascending; a window that is partly hidden comes in pieces, and one of another bus as what is there. */
  windows(): NamedWindow[] {
    return this.ranges.flatMap(({ start, end, window }) => {
      const { target, base } = window;
      if (target instanceof BusView)
        return target.windows(start - base, end - base).map((inner) => ({ ...inner, base: base + inner.base }));
      return [{ base: start, size: end - start, name: target.name }];
    });
  }

  /** The device that answers at `address`. */
  find(address: number): BusHit | undefined {
    return this.lookup(address)?.window;
  }

  /** Guest read into `data` (bytes in the guest's memory order). False when nobody claims all of it. */
  read(address: number, data: Uint8Array, length: number): boolean {
    const range = this.lookup(address);
    if (!range || address + length > range.end) return false;
    const { base, target, order } = range.window;
    for (let at = 0; at < length; ) {
      const size = partSize(length - at);
      const value = target.read(address - base + at, size);
      for (let i = 0; i < size; i++) data[at + byteIndex(i, size, order)] = (value >>> (8 * i)) & 0xff;
      at += size;
    }
    return true;
  }

  /** Guest write of `data` (bytes in the guest's memory order). False when nobody claims all of it. */
  write(address: number, data: Uint8Array, length: number): boolean {
    const range = this.lookup(address);
    if (!range || address + length > range.end) return false;
    const { base, target, order } = range.window;
    for (let at = 0; at < length; ) {
      const size = partSize(length - at);
      let value = 0;
      for (let i = 0; i < size; i++) value |= data[at + byteIndex(i, size, order)]! << (8 * i);
      target.write(address - base + at, size, value >>> 0);
      at += size;
    }
    return true;
  }

  /**
   * Read as a little-endian number. An access that no window holds whole is cut in halves, as a PCI-to-ISA bridge cuts it; a
   * byte nobody answers reads 0xff.
   */
  load(address: number, length: 1 | 2 | 4): number {
    const range = this.lookup(address);
    if (range && address + length <= range.end) {
      const { base, target, order } = range.window;
      return inOrder(target.read(address - base, length), length, order);
    }
    if (length === 1) return 0xff;
    const half = length === 4 ? 2 : 1;
    return (this.load(address, half) | (this.load(address + half, half) << (8 * half))) >>> 0;
  }

  /** Write a little-endian number; cut as `load` cuts, and a byte nobody takes is dropped. */
  store(address: number, length: 1 | 2 | 4, value: number): void {
    const range = this.lookup(address);
    if (range && address + length <= range.end) {
      const { base, target, order } = range.window;
      target.write(address - base, length, inOrder(value, length, order));
    } else if (length > 1) {
      const half = length === 4 ? 2 : 1;
      this.store(address, half, value & (half === 2 ? 0xffff : 0xff));
      this.store(address + half, half, value >>> (8 * half));
    }
  }

  private lookup(address: number): Range | undefined {
    const last = this.last;
    if (last && address >= last.start && address < last.end) return last;
    let low = 0;
    let high = this.ranges.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if (this.ranges[middle]!.end <= address) low = middle + 1;
      else high = middle;
    }
    const range = this.ranges[low];
    if (!range || !(address >= range.start)) return undefined;
    this.last = range;
    return range;
  }

  /** Who answers where: every window in its turn takes what those before it left. */
  private arrange(): void {
    const ranges: Range[] = [];
    for (const window of this.fixed) takeRest(ranges, window);
    for (const { window } of this.placed) if (window) takeRest(ranges, window);
    this.ranges = ranges;
    this.last = undefined;
  }
}

/** A stretch of a bus as something that can be put on another: offset 0 is address `origin`. */
export class BusView implements BusTarget {
  readonly name: string;
  size: number;
  origin = 0;
  private readonly bus: Bus;

  constructor(bus: Bus, name: string, size: number) {
    this.bus = bus;
    this.name = name;
    this.size = size;
  }

  /** What answers from offset `from` up to `to`, by offsets. */
  windows(from: number, to: number): NamedWindow[] {
    return this.bus.windows().flatMap(({ base, size, name }) => {
      const start = Math.max(from, base - this.origin);
      const end = Math.min(to, base - this.origin + size);
      return start < end ? [{ base: start, size: end - start, name }] : [];
    });
  }

  read(offset: number, length: 1 | 2 | 4): number {
    return this.bus.load(this.origin + offset, length);
  }

  write(offset: number, length: 1 | 2 | 4, value: number): void {
    this.bus.store(this.origin + offset, length, value);
  }
}

class Placed implements PlacedWindow {
  window: Window | null = null;
  private readonly target: BusTarget;
  private readonly order: Endianness;
  private readonly moved: () => void;

  constructor(target: BusTarget, order: Endianness, moved: () => void) {
    this.target = target;
    this.order = order;
    this.moved = moved;
  }

  get base(): number | null {
    return this.window?.base ?? null;
  }

  place(base: number | null): void {
    const { target, order } = this;
    const { size } = target;
    const at =
      base !== null && base >= 0 && Number.isSafeInteger(base) && Number.isSafeInteger(base + size) ? base : null;
    if (at === this.base && (at === null || this.window!.size === size)) return;
    this.window = at === null ? null : { base: at, size, target, order };
    this.moved();
  }
}

/** Give `window` what the others in `ranges` do not have of it; `ranges` stays ascending. */
function takeRest(ranges: Range[], window: Window): void {
  const end = window.base + window.size;
  const free: Range[] = [];
  let start = window.base;
  for (const other of ranges) {
    if (other.end <= start) continue;
    if (other.start >= end) break;
    if (other.start > start) free.push({ start, end: other.start, window });
    start = other.end;
  }
  if (start < end) free.push({ start, end, window });
  ranges.push(...free);
  ranges.sort((a, b) => a.start - b.start);
}

/** Device accesses are 1, 2 or 4 bytes; anything else (SWL leaves 3, LD leaves 8) is split. */
function partSize(left: number): 1 | 2 | 4 {
  return left >= 4 ? 4 : left >= 2 ? 2 : 1;
}

function byteIndex(significance: number, size: number, order: Endianness): number {
  return order === 'little' ? significance : size - 1 - significance;
}

/** A value of `length` bytes between little-endian and `order`, in either direction. */
function inOrder(value: number, length: 1 | 2 | 4, order: Endianness): number {
  if (order === 'little') return value;
  let swapped = 0;
  for (let i = 0; i < length; i++) swapped = (swapped << 8) | ((value >>> (8 * i)) & 0xff);
  return swapped >>> 0;
}
