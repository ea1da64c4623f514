// struct kvm_run: one reused record per vCPU, both ways between the core and user space
// (Linux Documentation/virt/kvm/api.rst section 5). Answers (MMIO reads, hypercall results) are written into the same
// record and finish at the next enter.
import { ExitReason } from './constants.ts';

export interface MmioExit {
  /** Guest-physical address. */
  physAddr: number;
  /** Bytes in the guest's memory order; `len` of them count. */
  readonly data: Uint8Array;
  len: number;
  isWrite: boolean;
}

export interface HypercallExit {
  nr: number;
  readonly args: number[];
  ret: number;
}

export interface InternalErrorExit {
  suberror: number;
  /** Guest pc of the instruction that could not be emulated. */
  pc: number;
  /** Its instruction word. */
  instruction: number;
  /** What is missing, in words. */
  message: string;
}

export interface SystemEventExit {
  type: number;
  flags: number;
}

export interface DcrExit {
  dcrn: number;
  data: number;
  isWrite: boolean;
}

export interface KvmRun {
  /** In: when true, enter finishes the pending access and returns -EINTR without running the guest. */
  immediateExit: boolean;
  /** Out: valid when enter returned 0 (ExitReason.INTR with -EINTR, except on the immediate-exit path). */
  exitReason: ExitReason;
  readonly mmio: MmioExit;
  readonly hypercall: HypercallExit;
  readonly internal: InternalErrorExit;
  readonly systemEvent: SystemEventExit;
  readonly dcr: DcrExit;
}

export function createKvmRun(): KvmRun {
  return {
    immediateExit: false,
    exitReason: ExitReason.UNKNOWN,
    mmio: { physAddr: 0, data: new Uint8Array(8), len: 0, isWrite: false },
    hypercall: { nr: 0, args: [0, 0, 0, 0, 0, 0], ret: 0 },
    internal: { suberror: 0, pc: 0, instruction: 0, message: '' },
    systemEvent: { type: 0, flags: 0 },
    dcr: { dcrn: 0, data: 0, isWrite: false },
  };
}
