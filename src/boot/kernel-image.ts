// The kernel file: unpacked when it is gzip, xz or Zstandard, told by its magic, never by its name.
import { type Decompressed, decompress, type Gunzip } from './decompress.ts';

/** Most bytes of a kernel once unpacked: a vmlinux with its debug information fits. */
const MAX_KERNEL = 256 << 20;

/**
 * The kernel as a loader wants it. A file that is compressed twice stays compressed once, and the loader says so.
 * @throws TsvmError not-runnable: damaged, truncated or larger than 256 MiB
 */
export function unpackKernel(file: Uint8Array, gunzip: Gunzip): Promise<Decompressed> {
  return decompress(file, { limit: MAX_KERNEL, what: 'the kernel', code: 'not-runnable', gunzip });
}
