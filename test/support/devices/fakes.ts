// Fakes for the ports that devices declare (HOUSE: fakes only for these), and a seeded random source for tests.
import type { CharBackend, IrqLine } from '../../../src/devices/device.ts';
import { type Endianness, GuestMemory } from '../../../src/memory/guest-memory.ts';
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
