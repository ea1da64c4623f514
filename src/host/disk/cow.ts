// A copy-on-write disk: reads come from the base image, which is never written; what the guest wrote lies in an overlay file.
//
// The overlay, version 1 (numbers little-endian):
//   0                header, one block of 4096 bytes: "tsvm-cow", u32 version, u32 cluster size, u64 size of the disk,
//                    u64 modification time of the base when the overlay was begun (ms since 1970, 0: unknown), zeroes
//   4096             bitmap, a bit for each cluster, lowest bit first, padded to whole blocks: the cluster is in the overlay
//   after it         the clusters, each at its own place (sparse)
// It is begun with zeroes up to the clusters, synced; then comes the header, synced. So a file that has a header has its whole
// bitmap too, and one that is shorter was cut; only zeroes, and not more of them, are a beginning that a crash ended.
// A new cluster's bit is written only after its bytes were synced, and every bit stands for itself, so the file is valid after
// a crash at any point: a new cluster is there or is not, and what was there before is never moved. Only the header is ever
// read on trust, and it is compared with what it must be; but for the time, which a copy of the base changes.
import type { BlockBackend } from '../../devices/device.ts';
import { TsvmError } from '../../util/errors.ts';
import type { PositionedFile } from './positioned-file.ts';
import { readExactly, writeZeroPieces } from './raw.ts';

const BLOCK = 4096;
const MAGIC = 'tsvm-cow';
const VERSION = 1;
/** Clusters are as large as the blocks that file systems write; larger for a large disk, so that its bitmap stays small in memory. */
const MIN_CLUSTER = 4096;
const MAX_BITMAP = 4 * 1024 * 1024;
/** Where the header has the base's modification time. */
const MODIFIED = 24;

export interface CowDiskOptions {
  readonly base: PositionedFile;
  readonly basePath: string;
  /** Modification time of the base, whole milliseconds since 1970; unknown: anything that is none. */
  readonly baseModified: number;
  /** Bytes of whole sectors. */
  readonly size: number;
  readonly id: string;
  readonly overlay: PositionedFile;
  readonly overlayPath: string;
  /** The overlay is there after the run: write its header and bitmap, and sync when the guest flushes. */
  readonly kept: boolean;
}

export class CowDisk implements BlockBackend {
  readonly size: number;
  readonly readonly = false;
  readonly id: string;
  /** What the user should know, one line each. */
  readonly notes: readonly string[];
  private readonly options: CowDiskOptions;
  private readonly cluster: number;
  private readonly bitmap: Uint8Array;
  private readonly dataStart: number;
  /** Blocks of the bitmap that hold bits which the file does not have yet. */
  private readonly unwritten = new Set<number>();

  /** Opens or, when it is empty, begins the overlay. Throws TsvmError not-runnable for a file that is no overlay of this base; io. */
  constructor(options: CowDiskOptions) {
    const { size } = options;
    this.options = options;
    this.size = size;
    this.id = options.id;
    this.cluster = clusterSize(size);
    const clusters = Math.ceil(size / this.cluster);
    this.bitmap = new Uint8Array(Math.ceil(clusters / 8 / BLOCK) * BLOCK);
    this.dataStart = BLOCK + this.bitmap.length;
    const isOld = options.kept && !this.isNew();
    if (options.kept && !isOld) this.begin();
    this.notes = isOld ? this.load(clusters) : [];
  }

  read(position: number, into: Uint8Array): void {
    const { base, basePath, overlay, overlayPath } = this.options;
    for (let done = 0; done < into.length; ) {
      const { inOverlay, length } = this.run(position + done, into.length - done);
      const part = into.subarray(done, done + length);
      if (inOverlay) readExactly(overlay, overlayPath, this.dataStart + position + done, part);
      else readExactly(base, basePath, position + done, part);
      done += length;
    }
  }

  write(position: number, bytes: Uint8Array): void {
    const end = position + bytes.length;
    const { cluster } = this;
    const start = Math.floor(position / cluster) * cluster;
    const stop = Math.min(Math.ceil(end / cluster) * cluster, this.size);
    // What a cluster has besides comes along from the base, before the cluster counts as written.
    if (start < position && !this.has(start / cluster)) this.copyUp(start, position);
    if (end < stop && !this.has(Math.floor(end / cluster))) this.copyUp(end, stop);
    this.options.overlay.write(this.dataStart + position, bytes);
    for (let index = start / cluster; index * cluster < stop; index++) this.mark(index);
  }

  writeZeroes(position: number, length: number): void {
    writeZeroPieces(this, position, length);
  }

  /** Nothing is given up: a cluster that left the overlay would show the base's old bytes again. */
  discard(): void {}

  flush(): void {
    const { overlay, kept } = this.options;
    if (!kept) return;
    overlay.sync();
    if (this.unwritten.size === 0) return;
    for (const block of this.unwritten)
      overlay.write(BLOCK + block * BLOCK, this.bitmap.subarray(block * BLOCK, (block + 1) * BLOCK));
    overlay.sync();
    this.unwritten.clear();
  }

  /** How far from `position`, at most `max` bytes, do all bytes come from the same file? */
  private run(position: number, max: number): { inOverlay: boolean; length: number } {
    let index = Math.floor(position / this.cluster);
    const inOverlay = this.has(index);
    while ((index + 1) * this.cluster < position + max && this.has(index + 1) === inOverlay) index++;
    return { inOverlay, length: Math.min(max, (index + 1) * this.cluster - position) };
  }

  private copyUp(from: number, to: number): void {
    const { base, basePath, overlay } = this.options;
    const bytes = new Uint8Array(to - from);
    readExactly(base, basePath, from, bytes);
    overlay.write(this.dataStart + from, bytes);
  }

  private has(index: number): boolean {
    return ((this.bitmap[index >>> 3]! >>> (index & 7)) & 1) === 1;
  }

  private mark(index: number): void {
    if (this.has(index)) return;
    this.bitmap[index >>> 3]! |= 1 << (index & 7);
    if (this.options.kept) this.unwritten.add(Math.floor((index >>> 3) / BLOCK));
  }

  /** An empty file, or one whose header did not reach the medium. */
  private isNew(): boolean {
    const { overlay } = this.options;
    const size = overlay.size();
    if (size > this.dataStart) return false;
    const bytes = new Uint8Array(size);
    overlay.read(0, bytes);
    return bytes.every((byte) => byte === 0);
  }

  private begin(): void {
    const { overlay } = this.options;
    overlay.write(0, new Uint8Array(this.dataStart));
    overlay.sync();
    overlay.write(0, this.header());
    overlay.sync();
  }

  private header(): Uint8Array {
    const block = new Uint8Array(BLOCK);
    const view = new DataView(block.buffer);
    block.set(new TextEncoder().encode(MAGIC));
    view.setUint32(8, VERSION, true);
    view.setUint32(12, this.cluster, true);
    view.setBigUint64(16, BigInt(this.size), true);
    view.setBigUint64(MODIFIED, wholeMilliseconds(this.options.baseModified), true);
    return block;
  }

  /** Takes the bitmap from the file; returns what the user should know. */
  private load(clusters: number): string[] {
    const { overlay } = this.options;
    const notes = this.checkHeader();
    overlay.read(BLOCK, this.bitmap);
    const last = lastBit(this.bitmap);
    if (last >= clusters) throw this.refusal('it is damaged: it has clusters beyond the end of the disk');
    // Never less than a begun file has: so a bitmap that was cut is not taken for one with fewer bits.
    const size = overlay.size();
    const needed = this.dataStart + Math.min((last + 1) * this.cluster, this.size);
    if (size < needed) throw this.truncated(size, needed);
    return notes;
  }

  private truncated(size: number, needed: number): TsvmError {
    return this.refusal(`it is truncated: ${size} of at least ${needed} bytes`);
  }

  /** Is it an overlay of this base? Returns what the user should know. */
  private checkHeader(): string[] {
    const wanted = this.header();
    const found = new Uint8Array(BLOCK);
    const length = this.options.overlay.read(0, found);
    const view = new DataView(found.buffer);
    const same = (from: number, to: number): boolean =>
      found.subarray(from, to).every((byte, i) => byte === wanted[from + i]);
    if (!same(0, 8)) throw this.refusal('it is not an overlay of tsvm', 'give a new name, or empty the file first');
    if (length < BLOCK) throw this.truncated(length, this.dataStart);
    const version = view.getUint32(8, true);
    if (version !== VERSION)
      throw this.refusal(`it has version ${version}, and this tsvm knows ${VERSION}`, 'use the tsvm that wrote it');
    if (!same(16, 24))
      throw this.refusal(
        `it belongs to a disk of ${view.getBigUint64(16, true)} bytes, and ${this.options.basePath} has ${this.size}`,
        'give the image it was made for, or a new overlay',
      );
    if (!same(0, MODIFIED) || !same(MODIFIED + 8, BLOCK)) throw this.refusal('its header is damaged');
    const then = view.getBigUint64(MODIFIED, true);
    const now = wholeMilliseconds(this.options.baseModified);
    return then === now || then === 0n || now === 0n ? [] : [this.otherTime(then)];
  }

  /** Not an error: a copy of the base may have another time, and the same bytes. */
  private otherTime(then: bigint): string {
    const { basePath, overlayPath } = this.options;
    const seconds = `${then / 1000n}.${String(then % 1000n).padStart(3, '0')}`;
    return (
      `${overlayPath}: the modification time of ${basePath} has changed since this overlay was begun; if the image was ` +
      'written (not only copied), the guest sees a mixture of old and new: begin a new overlay. If it is the same: ' +
      `touch -d @${seconds} ${basePath}`
    );
  }

  private refusal(
    why: string,
    next = 'remove the overlay to begin anew; what was written to it is then lost',
  ): TsvmError {
    return new TsvmError('not-runnable', `${this.options.overlayPath}: cannot be the overlay: ${why}`, { next });
  }
}

/** Does the file begin as an overlay does, of whatever version? */
export function isOverlay(file: PositionedFile): boolean {
  const found = new Uint8Array(MAGIC.length);
  return file.read(0, found) === found.length && new TextDecoder('latin1').decode(found) === MAGIC;
}

/** 0 for what is no time. */
function wholeMilliseconds(time: number): bigint {
  return Number.isSafeInteger(time) && time > 0 ? BigInt(time) : 0n;
}

function clusterSize(size: number): number {
  let cluster = MIN_CLUSTER;
  while (size / cluster / 8 > MAX_BITMAP) cluster *= 2;
  return cluster;
}

/** Index of the highest bit set, or -1. */
function lastBit(bitmap: Uint8Array): number {
  for (let i = bitmap.length - 1; i >= 0; i--) if (bitmap[i] !== 0) return i * 8 + 31 - Math.clz32(bitmap[i]!);
  return -1;
}
