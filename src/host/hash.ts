// SHA-256 by node:crypto.
import { createHash } from 'node:crypto';

/** One SHA-256 computation; `digest` gives lower-case hexadecimal and ends it. */
export interface Sha256 {
  update(bytes: Uint8Array): void;
  digest(): string;
}

export function sha256(): Sha256 {
  const hash = createHash('sha256');
  return {
    update: (bytes) => {
      hash.update(bytes);
    },
    digest: () => hash.digest('hex'),
  };
}

/** Digest of one piece. */
export function sha256Hex(bytes: Uint8Array): string {
  return createHash('sha256').update(bytes).digest('hex');
}
