// Console input that is pulled, on its way: hashed for the run's id, and in the run's record as it is read.
import type { PullSource } from './console-feed.ts';
import { recordPulled } from './run-record.ts';
import type { Hasher } from './state-hash.ts';

/** Bytes of pulled input that are kept in the record. */
const MOST_PULLED = 16 << 20;

export class PulledInput {
  private readonly hasher: Hasher;
  private readonly onRecord: (line: string) => void;
  private recorded = 0;

  constructor(hasher: Hasher, onRecord: (line: string) => void) {
    this.hasher = hasher;
    this.onRecord = onRecord;
  }

  /** `source`, whose bytes are noticed. */
  noticed(source: PullSource): PullSource {
    return {
      read: (max) => {
        const bytes = source.read(max);
        this.hasher.update(bytes);
        this.record(bytes);
        return bytes;
      },
    };
  }

  /** Of all that was read; once. */
  digest(): string {
    return this.hasher.digest();
  }

  private record(bytes: Uint8Array): void {
    if (bytes.length === 0 || this.recorded > MOST_PULLED) return;
    this.recorded += bytes.length;
    this.onRecord(recordPulled(this.recorded > MOST_PULLED ? null : bytes));
  }
}
