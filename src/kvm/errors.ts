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

/** An implementation that executes with two engines has found that they differ: `details` say where and in what, `report` all that is known. */
export class EnginesDiffer extends Error {
  override readonly name = 'EnginesDiffer';
  readonly details: readonly string[];
  readonly report: string;

  constructor(message: string, details: readonly string[], report: string) {
    super(message);
    this.details = details;
    this.report = report;
  }
}
