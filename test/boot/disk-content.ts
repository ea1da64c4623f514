// What the disk guest writes (guests/disk/stream.c, records.c), made and checked on the host by code of its own.
import { createHash } from 'node:crypto';
import { closeSync, openSync, readSync } from 'node:fs';

export const BLOCK = 4096;
const WORDS = BLOCK / 4;
const PIECE = 256 * BLOCK;
const CHECKSUM_START = 2166136261;
const CHECKSUM_FACTOR = 16777619;

/** Word `index` of a family, as mix() in guests/disk/disk.c. */
function mix(seed: number, index: number): number {
  let x = seed ^ Math.imul(index + 1, 0x9e3779b9);
  x = Math.imul(x ^ (x >>> 16), 0x7feb352d);
  x = Math.imul(x ^ (x >>> 15), 0x846ca68b);
  x ^= x >>> 16;
  return x === 0 ? 1 : x;
}

function xorshift32(x: number): number {
  let y = x ^ (x << 13);
  y ^= y >>> 17;
  return y ^ (y << 5);
}

/** A seeded generator for the host's own choices: whole numbers from 0 to n - 1. */
export function chooser(seed: number): (n: number) => number {
  let x = mix(seed, 0);
  return (n) => {
    x = xorshift32(x);
    return (x >>> 0) % n;
  };
}

/** sha256 and the guest's checksum of a stream of `size` bytes (a multiple of 64 KiB). */
export function streamDigest(size: number, seed: number): { readonly sha256: string; readonly checksum: string } {
  const hash = createHash('sha256');
  const bytes = new Uint8Array(PIECE);
  const view = new DataView(bytes.buffer);
  let sum = 0;
  for (let start = 0; start < size; start += PIECE) {
    const length = Math.min(PIECE, size - start);
    for (let at = 0; at < length; at += BLOCK) {
      const block = (start + at) / BLOCK;
      let x = mix(seed, block);
      let check = CHECKSUM_START ^ block;
      for (let i = 0; i < WORDS; i++) {
        x = xorshift32(x);
        check = Math.imul(check ^ x, CHECKSUM_FACTOR);
        view.setUint32(at + 4 * i, x, true);
      }
      sum = (sum + check) | 0;
    }
    hash.update(bytes.subarray(0, length));
  }
  return { sha256: hash.digest('hex'), checksum: `0x${(sum >>> 0).toString(16).padStart(8, '0')}` };
}

/** sha256 of the first `size` bytes of a file, or of all of it. */
export function fileSha256(path: string, size = Number.POSITIVE_INFINITY): string {
  const hash = createHash('sha256');
  readPieces(path, size, (bytes) => hash.update(bytes));
  return hash.digest('hex');
}

/** At most so many records may be written and not yet flushed (WINDOW in records.c). */
const WINDOW = 32;
const MAGIC = 0x44524354;
const HEADER_WORDS = 4;

/** The record in each block of a raw image's first `size` bytes: its number, or 0 where no intact one lies. */
export function imageRecords(path: string, size: number, seed: number): number[] {
  const blocks = size / BLOCK;
  const numbers: number[] = [];
  readPieces(path, size, (bytes) => {
    const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    for (let at = 0; at < bytes.length; at += BLOCK) numbers.push(recordNumber(view, at, seed, numbers.length, blocks));
  });
  return numbers;
}

/** Every byte is compared with what the record must be, not only its checksum. */
function recordNumber(view: DataView, at: number, seed: number, block: number, blocks: number): number {
  const word = (i: number): number => view.getUint32(at + 4 * i, true);
  const number = word(1);
  if (word(0) !== MAGIC || number === 0 || (number - 1) % blocks !== block || word(2) !== seed >>> 0) return 0;
  let x = mix(~seed, number);
  let check = Math.imul(CHECKSUM_START ^ number, CHECKSUM_FACTOR);
  for (let i = HEADER_WORDS; i < WORDS; i++) {
    x = xorshift32(x);
    check = Math.imul(check ^ x, CHECKSUM_FACTOR);
    if (word(i) !== x >>> 0) return 0;
  }
  return word(3) === check >>> 0 ? number : 0;
}

/** The same from what the guest's `records` command printed. Throws when that is not a list of `blocks`. */
export function printedRecords(stdout: string, blocks: number): number[] {
  const numbers: number[] = [];
  for (const [, first, count, number] of stdout.matchAll(/^run (\d+) (\d+) (\d+)$/gm)) {
    if (Number(first) !== numbers.length) throw new Error(`records: a run begins at ${first}, not ${numbers.length}`);
    for (let i = 0; i < Number(count); i++) numbers.push(Number(number) === 0 ? 0 : Number(number) + i);
  }
  if (numbers.length !== blocks) throw new Error(`records: the guest listed ${numbers.length} blocks, not ${blocks}`);
  return numbers;
}

export interface RecordsFound {
  /** The highest number that is intact. */
  readonly highest: number;
  /** Blocks of which the newest record was still to be flushed, and is not whole. */
  readonly torn: number;
  /** Records that were flushed, were not to be overwritten, and are not there. */
  readonly lost: readonly number[];
}

/**
 * Judge what lies in the ring after a kill. All up to `flushed` were said to be flushed; all up to highest - WINDOW must have
 * been too, or the highest had not been begun. A block may instead hold the record that was to overwrite it, whole, or torn
 * when that one could have been under way.
 */
export function judgeRecords(numbers: readonly number[], flushed: number): RecordsFound {
  const highest = numbers.reduce((a, b) => Math.max(a, b), 0);
  const certain = Math.max(flushed, highest - WINDOW);
  const lost: number[] = [];
  let torn = 0;
  for (const [block, found] of numbers.entries()) {
    const behind = (((certain - 1 - block) % numbers.length) + numbers.length) % numbers.length;
    const due = certain - behind;
    const next = due + numbers.length;
    if (found === due || found === next || (due < 1 && found === 0)) continue;
    if (found === 0 && next <= Math.max(highest, certain) + WINDOW) torn++;
    else lost.push(due);
  }
  return { highest, torn, lost };
}

function readPieces(path: string, size: number, take: (bytes: Uint8Array) => void): void {
  const file = openSync(path, 'r');
  try {
    const buffer = new Uint8Array(PIECE);
    for (let at = 0; at < size; ) {
      const count = readSync(file, buffer, 0, Math.min(PIECE, size - at), at);
      if (count === 0) break;
      take(buffer.subarray(0, count));
      at += count;
    }
  } finally {
    closeSync(file);
  }
}
