// The size of a host block device. Node has no call for it, and stat gives 0: the kernel tells it in sysfs, in units of 512 bytes.
import { readFileSync } from 'node:fs';
import { TsvmError } from '../../util/errors.ts';

/** Bytes of the device with number `rdev`. Throws TsvmError `io` where sysfs does not tell. */
export function blockDeviceSize(path: string, rdev: number, sysfs = '/sys'): number {
  const { major, minor } = deviceNumber(rdev);
  const file = `${sysfs}/dev/block/${major}:${minor}/size`;
  try {
    const sectors = Number(readFileSync(file, 'utf8'));
    if (Number.isSafeInteger(sectors * 512)) return sectors * 512;
  } catch {
    // told below
  }
  throw new TsvmError('io', `${path}: the size of this block device is unknown (${file} does not tell it)`);
}

/** The C library's encoding of a 64-bit dev_t: both numbers are split, low parts first. */
function deviceNumber(rdev: number): { major: number; minor: number } {
  const bits = BigInt(rdev);
  const part = (shift: bigint, mask: bigint): number => Number((bits >> shift) & mask);
  return {
    major: part(8n, 0xfffn) + part(32n, 0xfffff000n),
    minor: part(0n, 0xffn) + part(12n, 0xffffff00n),
  };
}
