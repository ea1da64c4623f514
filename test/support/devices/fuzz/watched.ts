// The ports of a device under fuzzing, each with its eyes open: guest memory that counts work and tells every write, guest time that runs
// callbacks one by one, a disk that knows what it may be asked. What goes against a promise is a Violation.
import type { BlockBackend, CharBackend, GuestTimer } from '../../../../src/devices/device.ts';
import { type BackedRange, type Endianness, GuestMemory } from '../../../../src/memory/guest-memory.ts';
import { TsvmError } from '../../../../src/util/errors.ts';

/** A promise was broken: the case is a find. */
export class Violation extends Error {}

const KIB = 1024;
const range = (gpa: number, size: number, offset: number, readonly = false): BackedRange => ({
  gpa,
  size,
  offset,
  readonly,
});

/** Where RAM lies at the start of every case: two slots side by side whose backing is not, a hole, a READONLY slot, the last page of 4 GiB. */
export const STANDARD_RANGES = [
  range(0, 64 * KIB, 16 * KIB),
  range(0x10000, 16 * KIB, 0),
  range(0x18000, 16 * KIB, 80 * KIB, true),
  range(0xfffff000, 4 * KIB, 96 * KIB),
] as const;

export const ARENA = 100 * KIB;

/** Look-ups of guest memory that one step may take; the longest honest one (64 chains of 1024 descriptors) takes about 400,000. */
const MAX_WORK = 4_000_000;
/** Bytes a step may hand to a backend: 64 chains of 1 MiB. */
const MAX_BYTES = 64 * KIB * KIB;
/** Backend calls of one step. */
const MAX_CALLS = 100_000;
/** Callbacks that one advance of guest time may run; a full queue of 256 needs as many. */
const MAX_CALLBACKS = 2000;

/** What the ports count, so that a step without an end is found from inside. */
export class Meter {
  private work = 0;
  private bytes = 0;
  private calls = 0;
  /** Kept, because a device might catch what is thrown at it. */
  broken: Violation | null = null;

  newStep(): void {
    this.work = 0;
    this.bytes = 0;
    this.calls = 0;
  }

  lookUp(): void {
    if (++this.work > MAX_WORK) this.violation('looks at guest memory without end');
  }

  backendCall(bytes: number): void {
    this.bytes += bytes;
    if (++this.calls > MAX_CALLS || this.bytes > MAX_BYTES)
      this.violation('asks its backend for more than a step can need');
  }

  violation(what: string): never {
    this.broken ??= new Violation(what);
    throw this.broken;
  }
}

export class WatchedMemory extends GuestMemory {
  readonly arena: Uint8Array;
  private readonly meter: Meter;

  constructor(arena: Uint8Array, endianness: Endianness, meter: Meter) {
    super(arena.buffer, arena.byteOffset, arena.length, endianness);
    this.arena = arena;
    this.meter = meter;
    this.setRanges(STANDARD_RANGES);
  }

  override find(gpa: number): BackedRange | undefined {
    this.meter.lookUp();
    return super.find(gpa);
  }
}

/** Guest time that stands until it is advanced. */
export class StandingTimer implements GuestTimer {
  now: number;
  private readonly meter: Meter;
  private readonly waiting = new Map<number, { at: number; callback: () => void }>();
  private handles = 0;

  constructor(meter: Meter, now = 0) {
    this.meter = meter;
    this.now = now;
  }

  schedule(at: number, callback: () => void): number {
    if (!Number.isSafeInteger(at)) this.meter.violation(`schedules an event at ${at}`);
    this.waiting.set(++this.handles, { at, callback });
    return this.handles;
  }

  cancel(handle: number): void {
    this.waiting.delete(handle);
  }

  /** Nanoseconds to the next event, or null. */
  get next(): number | null {
    if (this.waiting.size === 0) return null;
    return Math.max(0, Math.min(...[...this.waiting.values()].map(({ at }) => at)) - this.now);
  }

  /** Let `ns` pass; `around` runs each callback. */
  advance(ns: number, around: (callback: () => void) => void): void {
    const until = this.now + ns;
    for (let ran = 0; ; ran++) {
      let first: [number, { at: number; callback: () => void }] | undefined;
      for (const entry of this.waiting)
        if (entry[1].at <= until && (!first || entry[1].at < first[1].at)) first = entry;
      if (!first) break;
      if (ran === MAX_CALLBACKS) this.meter.violation('schedules events without end');
      this.waiting.delete(first[0]);
      this.now = Math.max(this.now, first[1].at);
      around(first[1].callback);
    }
    this.now = until;
  }
}

/** A character backend that adds up what it is given. */
export class WatchedOutput implements CharBackend {
  /** May the device speak now? Not after a reset. */
  allowed = false;
  count = 0;
  hash = 0;
  last = '';
  private readonly meter: Meter;

  constructor(meter: Meter) {
    this.meter = meter;
  }

  write(bytes: Uint8Array): void {
    this.meter.backendCall(bytes.length);
    if (!this.allowed) this.meter.violation('writes output when no queue of it is live');
    this.count += bytes.length;
    for (let i = 0; i < bytes.length; i += 61) this.hash = (Math.imul(this.hash, 31) + bytes[i]!) | 0;
    this.last = new TextDecoder('latin1').decode(bytes.subarray(0, 64));
  }
}

export const DISK_SIZE = 32 * KIB;

/** A small disk; asked for anything outside it, written when it is read-only, or used after a reset, it objects. */
export class WatchedDisk implements BlockBackend {
  readonly size = DISK_SIZE;
  readonly id = 'watched';
  readonly readonly: boolean;
  readonly bytes = new Uint8Array(DISK_SIZE);
  allowed = false;
  /** The host's disk is broken: every call fails. */
  failing = false;
  private readonly meter: Meter;

  constructor(meter: Meter, readonly: boolean) {
    this.meter = meter;
    this.readonly = readonly;
  }

  read(position: number, into: Uint8Array): void {
    this.accept('read', position, into.length);
    into.set(this.bytes.subarray(position, position + into.length));
  }

  write(position: number, bytes: Uint8Array): void {
    this.accept('write', position, bytes.length);
    this.bytes.set(bytes, position);
  }

  writeZeroes(position: number, length: number): void {
    this.accept('write', position, length);
    this.bytes.fill(0, position, position + length);
  }

  discard(position: number, length: number): void {
    this.accept('write', position, length);
    this.bytes.fill(0, position, position + length);
  }

  /** Also when the driver changes the cache mode, so at any time. */
  flush(): void {
    this.meter.backendCall(0);
    if (this.failing) throw new TsvmError('io', 'the disk cannot be flushed');
  }

  private accept(what: 'read' | 'write', position: number, length: number): void {
    this.meter.backendCall(length);
    if (!this.allowed) this.meter.violation(`disk ${what} when no queue of it is live`);
    if (!Number.isSafeInteger(position) || !Number.isSafeInteger(length) || position < 0 || length < 0)
      this.meter.violation(`disk ${what} at ${position}+${length}`);
    if (position + length > this.size) this.meter.violation(`disk ${what} beyond its end, at ${position}+${length}`);
    if (what === 'write' && this.readonly) this.meter.violation('write to a read-only disk');
    if (this.failing) throw new TsvmError('io', `the disk cannot ${what}`);
  }
}
