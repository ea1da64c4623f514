// A raw image: the file's bytes are the disk's.
import type { BlockBackend } from '../../devices/device.ts';
import { TsvmError } from '../../util/errors.ts';
import type { PositionedFile } from './positioned-file.ts';

const ZEROES = new Uint8Array(128 * 1024);

export interface RawDiskOptions {
  readonly file: PositionedFile;
  /** For messages. */
  readonly path: string;
  /** Bytes of whole sectors. */
  readonly size: number;
  readonly readonly: boolean;
  readonly id: string;
}

export class RawDisk implements BlockBackend {
  readonly size: number;
  readonly readonly: boolean;
  readonly id: string;
  private readonly file: PositionedFile;
  private readonly path: string;

  constructor({ file, path, size, readonly, id }: RawDiskOptions) {
    this.file = file;
    this.path = path;
    this.size = size;
    this.readonly = readonly;
    this.id = id;
  }

  read(position: number, into: Uint8Array): void {
    readExactly(this.file, this.path, position, into);
  }

  write(position: number, bytes: Uint8Array): void {
    if (this.readonly) throw new TsvmError('internal', `${this.path}: a write to a read-only disk`);
    this.file.write(position, bytes);
  }

  /** Node cannot punch holes: zeroes are written. */
  writeZeroes(position: number, length: number): void {
    writeZeroPieces(this, position, length);
  }

  /** Node cannot punch holes, and a driver must not rely on what it discarded. */
  discard(): void {}

  flush(): void {
    if (!this.readonly) this.file.sync();
  }
}

/**
 * Fill `into`, or throw TsvmError `io`: a file that was cut since it was opened has no bytes there, and old ones must not be
 * shown.
 */
export function readExactly(file: PositionedFile, path: string, position: number, into: Uint8Array): void {
  const count = file.read(position, into);
  if (count < into.length)
    throw new TsvmError('io', `${path}: there is nothing at byte ${position + count} any more; it was longer before`);
}

/** Zeroes in pieces of bounded memory. */
export function writeZeroPieces(disk: Pick<BlockBackend, 'write'>, position: number, length: number): void {
  for (let done = 0; done < length; done += ZEROES.length)
    disk.write(position + done, ZEROES.subarray(0, length - done));
}
