// Fakes for the ports that devices declare (HOUSE: fakes only for these), and a seeded random source for tests.
import type { BlockBackend, CharBackend, GuestTimer, IrqLine } from '../../../src/devices/device.ts';
import { type Endianness, GuestMemory } from '../../../src/memory/guest-memory.ts';
import { TsvmError } from '../../../src/util/errors.ts';
import { type Log, OnceLog } from '../../../src/util/log.ts';

/** RAM at guest-physical 0. */
export function ram(size: number, endianness: Endianness = 'little'): GuestMemory {
  const memory = new GuestMemory(new SharedArrayBuffer(size), 0, size, endianness);
  memory.setRanges([{ gpa: 0, size, offset: 0, readonly: false }]);
  return memory;
}

/** An interrupt line that remembers its level and how often it rose. */
export class FakeLine implements IrqLine {
  level = false;
  rises = 0;

  set(level: boolean): void {
    if (level && !this.level) this.rises++;
    this.level = level;
  }
}

/** A character backend that keeps what was written. */
export class FakeBackend implements CharBackend {
  readonly pieces: Uint8Array[] = [];

  write(bytes: Uint8Array): void {
    this.pieces.push(bytes);
  }

  get text(): string {
    return this.pieces.map((piece) => new TextDecoder('latin1').decode(piece)).join('');
  }
}

/** A log whose lines can be read back. */
export class FakeLog implements Log {
  readonly lines: string[] = [];
  readonly once = new OnceLog(this);

  log(level: string, message: string): void {
    this.lines.push(`${level}: ${message}`);
  }
}

/** mulberry32: unsigned 32-bit numbers, the same for the same seed. */
export function random(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let t = Math.imul(state ^ (state >>> 15), state | 1);
    t ^= t + Math.imul(t ^ (t >>> 7), t | 61);
    return (t ^ (t >>> 14)) >>> 0;
  };
}

/** Guest time that the test moves. */
export class FakeTimer implements GuestTimer {
  now = 0;
  private last = 0;
  private timers: { handle: number; at: number; callback: () => void }[] = [];

  /** Instants of what is scheduled. */
  get pending(): number[] {
    return this.timers.map(({ at }) => at);
  }

  schedule(at: number, callback: () => void): number {
    this.timers.push({ handle: ++this.last, at, callback });
    this.timers.sort((a, b) => a.at - b.at);
    return this.last;
  }

  cancel(handle: number): void {
    this.timers = this.timers.filter((timer) => timer.handle !== handle);
  }

  /** Let `ns` pass; what falls due happens at its instant. */
  pass(ns: number): void {
    const end = this.now + ns;
    for (let next = this.timers[0]; next && next.at <= end; next = this.timers[0]) {
      this.timers.shift();
      this.now = Math.max(this.now, next.at);
      next.callback();
    }
    this.now = end;
  }
}

/** A disk in memory that remembers what was asked of it, and fails when told to. */
export class FakeDisk implements BlockBackend {
  readonly bytes: Uint8Array;
  readonly readonly: boolean;
  readonly id: string;
  readonly calls: string[] = [];
  /** Calls that the host refuses, such as `read`. */
  failing = new Set<string>();

  constructor(sectors = 64, { readonly = false, id = 'disk.img' } = {}) {
    this.bytes = Uint8Array.from({ length: sectors * 512 }, (_, i) => (i >>> 9) ^ (i * 7));
    this.readonly = readonly;
    this.id = id;
  }

  get size(): number {
    return this.bytes.length;
  }

  read(position: number, into: Uint8Array): void {
    this.called('read', position, into.length);
    into.set(this.bytes.subarray(position, position + into.length));
  }

  write(position: number, bytes: Uint8Array): void {
    this.called('write', position, bytes.length);
    this.bytes.set(bytes, position);
  }

  writeZeroes(position: number, length: number): void {
    this.called('writeZeroes', position, length);
    this.bytes.fill(0, position, position + length);
  }

  discard(position: number, length: number): void {
    this.called('discard', position, length);
  }

  flush(): void {
    this.called('flush');
  }

  private called(name: string, ...args: number[]): void {
    this.calls.push([name, ...args].join(' '));
    if (this.failing.has(name)) throw new TsvmError('io', `disk.img: a ${name} failed (EIO: i/o error)`);
  }
}
