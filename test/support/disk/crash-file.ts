// A file that remembers every operation, so that a test can end the process, or the power, after any of them.
import type { PositionedFile } from '../../../src/host/disk/positioned-file.ts';
import { TsvmError } from '../../../src/util/errors.ts';

type Operation = { readonly write: number; readonly bytes: Uint8Array } | 'sync';

/** What a power cut may tear a write into. */
const SECTOR = 512;

export class CrashFile implements PositionedFile {
  readonly operations: Operation[] = [];
  bytes: Uint8Array;
  /** Operations that the host refuses. */
  failing = new Set<'read' | 'write' | 'sync'>();

  constructor(bytes: Uint8Array = new Uint8Array(0)) {
    this.bytes = bytes.slice();
  }

  size(): number {
    return this.bytes.length;
  }

  read(position: number, into: Uint8Array): number {
    this.fail('read');
    const part = this.bytes.subarray(position, position + into.length);
    into.set(part);
    return part.length;
  }

  write(position: number, bytes: Uint8Array): void {
    this.fail('write');
    this.operations.push({ write: position, bytes: bytes.slice() });
    this.bytes = applied(this.bytes, position, bytes);
  }

  sync(): void {
    this.fail('sync');
    this.operations.push('sync');
  }

  close(): void {}

  private fail(what: 'read' | 'write' | 'sync'): void {
    if (this.failing.has(what)) throw new TsvmError('io', `crash.img: a ${what} failed (EIO: i/o error)`);
  }
}

/** The file after the process ended behind its first `count` operations: the host keeps all of them. */
export function afterKill(operations: readonly Operation[], count: number): CrashFile {
  let bytes: Uint8Array = new Uint8Array(0);
  for (const operation of operations.slice(0, count))
    if (operation !== 'sync') bytes = applied(bytes, operation.write, operation.bytes);
  return new CrashFile(bytes);
}

/** The file after the power ended there: of what was not synced, each sector of each write is kept or not, as `next` says. */
export function afterPowerCut(operations: readonly Operation[], count: number, next: () => number): CrashFile {
  const done = operations.slice(0, count);
  const synced = done.lastIndexOf('sync') + 1;
  let { bytes }: { bytes: Uint8Array } = afterKill(done, synced);
  for (const operation of done.slice(synced)) {
    if (operation === 'sync') continue;
    for (let at = 0; at < operation.bytes.length; at += SECTOR)
      if (next() & 1) bytes = applied(bytes, operation.write + at, operation.bytes.subarray(at, at + SECTOR));
  }
  return new CrashFile(bytes);
}

function applied(before: Uint8Array, position: number, bytes: Uint8Array): Uint8Array {
  const after = new Uint8Array(Math.max(before.length, position + bytes.length));
  after.set(before);
  after.set(bytes, position);
  return after;
}
