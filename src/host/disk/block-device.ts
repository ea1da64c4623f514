// What stat does not tell of a host block device: its size (the kernel tells it in sysfs, in units of 512 bytes), and whether
// somebody has it.
import { closeSync, constants, openSync, readFileSync, statSync } from 'node:fs';
import { TsvmError } from '../../util/errors.ts';
import { codeOf } from '../error-code.ts';

const { O_EXCL, O_NONBLOCK, O_RDONLY } = constants;

/** Is `path` a block device that is mounted, or open for somebody alone? O_EXCL without O_CREAT asks the kernel that (open(2)). */
export function blockDeviceInUse(path: string): boolean {
  if (!statSync(path).isBlockDevice()) return false;
  try {
    closeSync(openSync(path, O_RDONLY | O_EXCL | O_NONBLOCK));
    return false;
  } catch (error) {
    return codeOf(error) === 'EBUSY';
  }
}

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
