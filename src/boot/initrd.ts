// The initrd: what it is and where it lies in guest memory (Linux, Documentation/driver-api/early-userspace/buffer-format).
import type { GuestMemory } from '../memory/guest-memory.ts';
import { TsvmError } from '../util/errors.ts';
import { type FileKind, identifyFile } from './file-magic.ts';
import { type AddressRange, findFree } from './placement.ts';

/** The largest page size of the guests: an initrd that is aligned so is page-aligned for every kernel. */
const INITRD_ALIGN = 0x10000;

export interface InitrdPlan {
  /** Guest-physical memory the kernel and boot arguments take. */
  readonly taken: readonly AddressRange[];
  /** The initrd lies at or above this, usually the kernel's end. */
  readonly from: number;
  /** The initrd ends at or before this, such as the end of what the kernel maps at boot. */
  readonly to: number;
  /** At the lowest place (when left out) or at the highest (for kernels that unpack themselves above their image). */
  readonly where?: 'low' | 'high';
}

const compressions: readonly FileKind[] = ['gzip', 'xz', 'bzip2', 'lzma', 'lz4', 'zstd', 'lzo'];

/** A few words for the first lines of a run: "cpio archive", "gzip-compressed". */
export function describeInitrd(bytes: Uint8Array): string {
  const { kind, what } = identifyFile(bytes);
  if (compressions.includes(kind)) return `${kind}-compressed`;
  return kind === 'unknown' ? 'unknown format' : what.replace(/^an? /, '');
}

/**
 * Copy an initrd to free, 64 KiB-aligned memory. The kernel judges its format; only an empty file is refused.
 * @throws TsvmError not-runnable (empty), image-too-large
 */
export function loadInitrd(bytes: Uint8Array, memory: GuestMemory, plan: InitrdPlan): AddressRange {
  const size = bytes.length;
  if (size === 0)
    throw new TsvmError('not-runnable', 'the initrd is an empty file', { next: 'build it again, or leave -i out' });
  const place = findFree(memory, plan.taken, { size, align: INITRD_ALIGN, ...plan });
  if (!place)
    throw new TsvmError(
      'image-too-large',
      `the initrd (${size} bytes, ${describeInitrd(bytes)}) does not fit in RAM above the kernel's end at ` +
        `0x${plan.from.toString(16).padStart(8, '0')}`,
      { next: 'give the guest more memory (-m SIZE), or a smaller initrd' },
    );
  memory.write(place.start, bytes);
  return place;
}
