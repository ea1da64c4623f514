// What instructions want from user space and what it has answered: the per-VM record between the slow paths and the vCPU's exits.
// An instruction that needs an answer leaves uncommitted and runs again against the answers; it counts once.

export interface MmioRead {
  readonly physical: number;
  readonly length: number;
}

export interface MmioWrite extends MmioRead {
  readonly value: number;
}

/** A read's answer, in a record that is used again. */
interface MmioAnswer {
  physical: number;
  length: number;
  value: number;
}

export interface ExitBox {
  /** The read that waits for its answer. */
  read: MmioRead | null;
  /** Answers to the current instruction's reads so far: the first `answered` of these, of which this attempt has used some. */
  readonly answers: MmioAnswer[];
  answered: number;
  answersUsed: number;
  /** Writes of the instruction just completed, in order, not yet shown to user space. */
  writes: MmioWrite[];
  hypercall: 'none' | 'asked' | 'answered';
  hypercallResult: number;
  shutdown: boolean;
  systemEvent: { readonly type: number; readonly flags: number } | null;
  unemulated: string | null;
  /** The host wants the vCPU to stand before the instruction (data-watch.ts). */
  held: boolean;
}

/** SWL and SWR make two; store-multiple instructions of other architectures make one per register. */
export const MAX_PENDING_WRITES = 64;

export function createExitBox(): ExitBox {
  return {
    read: null,
    answers: [],
    answered: 0,
    answersUsed: 0,
    writes: [],
    hypercall: 'none',
    hypercallResult: 0,
    shutdown: false,
    systemEvent: null,
    unemulated: null,
    held: false,
  };
}

/** The answer to the box's read has come. */
export function answerRead(box: ExitBox, read: MmioRead, value: number): void {
  const answer = box.answers[box.answered];
  if (answer) {
    answer.physical = read.physical;
    answer.length = read.length;
    answer.value = value;
  } else box.answers.push({ ...read, value });
  box.answered++;
  box.read = null;
}

/** The low `length` bytes of a register as an unsigned number. */
export function lowBytes(value: number, length: number): number {
  return length === 4 ? value >>> 0 : value & ((1 << (8 * length)) - 1);
}
