// The kernel file: unpacked when it is gzip, xz or Zstandard; an ELF, a zImage or a flat file. All told by its magic, never by its name.
import type { Endianness } from '../memory/guest-memory.ts';
import { TsvmError } from '../util/errors.ts';
import { type Decompressed, decompress, type Gunzip } from './decompress.ts';
import { type ElfImage, parseElf } from './elf.ts';
import { identifyFile } from './file-magic.ts';
import { parseZImage, type ZImage } from './zimage.ts';

/** Most bytes of a kernel once unpacked: a vmlinux with its debug information fits. */
const MAX_KERNEL = 256 << 20;
/** Bytes looked at to tell text from a flat file. */
const TEXT_PROBE = 512;

/** A kernel as a loader takes it. A flat file is a program without any header, such as Linux's Image for ARM. */
export type KernelFile =
  | { readonly kind: 'elf'; readonly elf: ElfImage }
  | { readonly kind: 'zImage'; readonly zImage: ZImage; readonly bytes: Uint8Array }
  | { readonly kind: 'flat'; readonly bytes: Uint8Array };

export type KernelFormat = KernelFile['kind'];

/**
 * The kernel as a loader wants it. A file that is compressed twice stays compressed once, and the loader says so.
 * @throws TsvmError not-runnable: damaged, truncated or larger than 256 MiB
 */
export function unpackKernel(file: Uint8Array, gunzip: Gunzip): Promise<Decompressed> {
  return decompress(file, { limit: MAX_KERNEL, what: 'the kernel', code: 'not-runnable', gunzip });
}

/**
 * Tell what kernel a file is, of these formats, and check it. What has no known format is a flat file if `formats` has that.
 * @throws TsvmError not-runnable, image-truncated, image-bad-header, image-overlap, image-outside-ram
 */
export async function parseKernel(bytes: Uint8Array, formats: readonly KernelFormat[]): Promise<KernelFile> {
  const { kind } = identifyFile(bytes);
  if (kind === 'arm-zimage' && formats.includes('zImage')) return { kind: 'zImage', zImage: parseZImage(bytes), bytes };
  if ((kind === 'unknown' || (kind === 'text' && !isUtf8(bytes))) && formats.includes('flat')) {
    if (bytes.length < 4)
      throw new TsvmError('image-truncated', `a kernel of ${bytes.length} bytes holds no instruction`, {
        next: 'copy or build the file again',
      });
    return { kind: 'flat', bytes };
  }
  return { kind: 'elf', elf: await parseElf(bytes) };
}

/** Short ARM programs have no control characters: "b ." is fe ff ff ea. But they are no UTF-8. */
function isUtf8(bytes: Uint8Array): boolean {
  try {
    // The cut may go through a character.
    new TextDecoder('utf-8', { fatal: true }).decode(bytes.subarray(0, TEXT_PROBE), {
      stream: bytes.length > TEXT_PROBE,
    });
    return true;
  } catch {
    return false;
  }
}

/** The ELF that a board of ELF kernels is given. @throws TsvmError internal */
export function requireElf(kernel: KernelFile): ElfImage {
  if (kernel.kind !== 'elf') throw new TsvmError('internal', `a ${kernel.kind} for a board of ELF kernels`);
  return kernel.elf;
}

/** Of the program's data; a flat file does not tell. */
export function endiannessOf(kernel: KernelFile): Endianness {
  if (kernel.kind === 'elf') return kernel.elf.endianness;
  return kernel.kind === 'zImage' ? kernel.zImage.endianness : 'little';
}

/** The bytes that are loaded, in pieces. */
export function piecesOf(kernel: KernelFile): readonly Uint8Array[] {
  return kernel.kind === 'elf' ? kernel.elf.segments.map(({ data }) => data) : [kernel.bytes];
}
