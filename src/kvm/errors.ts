// KVM calls fail with errno names, as the ioctls do.
import { TsvmError } from '../util/errors.ts';
import { Errno, type ErrnoName } from './constants.ts';

/** A KVM call refused; `errno` is the name user space would see. */
export class KvmError extends TsvmError {
  readonly errno: ErrnoName;

  constructor(errno: ErrnoName, call: string, why: string) {
    super('kvm', `${call}: ${errno} (${why})`);
    this.errno = errno;
  }

  /** The positive Linux number of `errno`. */
  get number(): number {
    return Errno[this.errno];
  }
}
