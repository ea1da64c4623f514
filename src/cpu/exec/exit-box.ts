// What instructions want from user space and what it has answered: the per-VM record between the slow paths and the vCPU's exits.
// An instruction that needs an answer leaves uncommitted and runs again against the answers; it counts once.

export interface MmioRead {
  readonly physical: number;
  readonly length: number;
}

/** A read with its answer. */
export interface MmioAnswer extends MmioRead {
  readonly value: number;
}

export interface MmioWrite extends MmioRead {
  readonly value: number;
}

export interface ExitBox {
  /** The read that waits for its answer. */
  read: MmioRead | null;
  /** Answers to the current instruction's reads so far, and how many it has used in this attempt. */
  answers: MmioAnswer[];
  answersUsed: number;
  /** Writes of the instruction just completed, in order, not yet shown to user space. */
  writes: MmioWrite[];
  hypercall: 'none' | 'asked' | 'answered';
  hypercallResult: number;
  shutdown: boolean;
  unemulated: string | null;
}

/** SWL and SWR make two; store-multiple instructions of other architectures make one per register. */
export const MAX_PENDING_WRITES = 64;

export function createExitBox(): ExitBox {
  return {
    read: null,
    answers: [],
    answersUsed: 0,
    writes: [],
    hypercall: 'none',
    hypercallResult: 0,
    shutdown: false,
    unemulated: null,
  };
}
