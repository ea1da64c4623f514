// The header of an ARM Linux zImage and its table of sizes (Linux, arch/arm/boot/compressed/head.S and vmlinux.lds.S; Documentation/arm/booting). The
// file may be hostile: nothing of it is believed before it is checked.
import type { Endianness } from '../memory/guest-memory.ts';
import { hex } from '../util/bits.ts';
import { TsvmError } from '../util/errors.ts';

const ZIMAGE_MAGIC = 0x016f2818;
const MAGIC_AT = 0x24;
const START_AT = 0x28;
const END_AT = 0x2c;
const BYTE_ORDER_AT = 0x30;
const TABLE_MAGIC_AT = 0x34;
const TABLE_AT = 0x38;
const HEADER_SIZE = 0x34;

const BYTE_ORDER_MARK = 0x04030201;
const TABLE_MAGIC = 0x45454545;
/** Tag of the table that tells the kernel's sizes: the letters ZSLK, last one first. */
const TAG_SIZES = 0x5a534c4b;
/** More tags than there are kinds of them. */
const MAX_TAGS = 16;

/** What the decompressor writes, in bytes. */
export interface ZImageSizes {
  /** The unpacked kernel without its bss. */
  readonly kernel: number;
  readonly bss: number;
  /** From the start of RAM to the unpacked kernel. */
  readonly textOffset: number;
  /** The decompressor's heap. */
  readonly heap: number;
}

export interface ZImage {
  /** Of the kernel's data; a big-endian kernel switches over by itself. */
  readonly endianness: Endianness;
  /** Address that the decompressor is linked at; 0: it runs anywhere. */
  readonly start: number;
  /** Null: the file is of an older kernel and does not say. */
  readonly sizes: ZImageSizes | null;
}

/**
 * Read and check the header of a file whose magic is at 0x24, in either byte order. The file may be longer than the header says: a
 * device tree may be appended.
 * @throws TsvmError image-truncated, image-bad-header
 */
export function parseZImage(bytes: Uint8Array): ZImage {
  if (bytes.length < HEADER_SIZE)
    throw truncated(`the header of a zImage has ${hex(HEADER_SIZE, 2)} bytes, the file ${hex(bytes.length, 1)}`);
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  // Big-endian kernels used to keep the whole header in their own byte order; later ones keep only the mark so.
  const little = view.getUint32(MAGIC_AT, true) === ZIMAGE_MAGIC;
  const start = view.getUint32(START_AT, little);
  const end = view.getUint32(END_AT, little);
  if (end - start < HEADER_SIZE)
    throw new TsvmError('image-bad-header', `the zImage's start (${hex(start)}) and end (${hex(end)}) hold no code`, {
      next: 'the file is damaged: copy or build it again',
    });
  if (end - start > bytes.length)
    throw truncated(`the zImage has ${hex(end - start, 1)} bytes by its header, the file ${hex(bytes.length, 1)}`);
  const marked = little && view.getUint32(BYTE_ORDER_AT, false) === BYTE_ORDER_MARK;
  return {
    endianness: marked || !little ? 'big' : 'little',
    start,
    sizes: little ? readSizes(view, end - start) : null,
  };
}

/** The sizes by the table; null when there is no table, or none that is whole. `length` is the zImage's own, without what is appended. */
function readSizes(view: DataView, length: number): ZImageSizes | null {
  const word = (at: number): number | undefined => (at + 4 <= length ? view.getUint32(at, true) : undefined);
  if (word(TABLE_MAGIC_AT) !== TABLE_MAGIC) return null;
  let at = word(TABLE_AT) ?? length;
  for (let tags = 0; tags < MAX_TAGS; tags++) {
    // Words of this tag, itself included; 0 ends the table.
    const words = word(at) ?? 0;
    if (words < 2) return null;
    if (word(at + 4) === TAG_SIZES) {
      const kernel = word(word(at + 8) ?? length);
      const [bss, textOffset, heap] = [word(at + 12), word(at + 16), word(at + 20)];
      const whole = words >= 6 && kernel !== undefined && heap !== undefined;
      return whole ? { kernel, bss: bss!, textOffset: textOffset!, heap } : null;
    }
    at += 4 * words;
  }
  return null;
}

function truncated(problem: string): TsvmError {
  return new TsvmError('image-truncated', problem, { next: 'the file is cut short: copy or build it again' });
}
