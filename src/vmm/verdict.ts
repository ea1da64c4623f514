// How a run ended: one kind, one exit code, and the facts of the last line. Rendering is the CLI's.
// Exit codes are the table in the user's manual (UX): 0 well, 1 fail, 10-99 the guest's own, 100-105, 125, 130.

import type { SystemEvent } from '../boards/board.ts';
import type { CompiledCode } from '../cpu/exec/core-options.ts';
import type { Vcpu } from '../kvm/contract.ts';
import type { VcpuStats } from '../kvm/stats.ts';
import type { KernelFault } from './kernel-fault.ts';
import type { ProgressNote } from './progress.ts';

export type VerdictKind =
  | 'power-off' // the guest ended well: 0
  | 'guest-exit' // the guest gave a code: 0, 10-99, or 1 with the number in `summary`
  | 'panic' // a kernel panic was seen: 100
  | 'oops' // the kernel broke and went on, or was stopped there: 100
  | 'reset' // reset, or CPU state the guest cannot recover from: 101
  | 'reboot' // the guest asked for a reboot: 102
  | 'hang' // proven: nothing can ever run again: 103
  | 'guest-time-limit' // --limit: 104
  | 'wall-time-limit' // --timeout: 105
  | 'tsvm-failed' // tsvm's own fault: 125
  | 'engines-differ' // lockstep found that compiled code does not what the interpreter does: 125
  | 'interrupted'; // Ctrl-a x, a signal, or stop(): 130

/** Where a vCPU stood when the run ended. */
export interface VcpuPlace {
  readonly cpu: number;
  /** Guest virtual address. */
  readonly pc: number;
  readonly state: 'running' | 'wait' | 'spin';
}

/** How a run ended, before the facts of the run are added. */
export interface Ending {
  readonly kind: VerdictKind;
  readonly exitCode: number;
  /** One phrase, no trailing full stop: "guest powered off", "all 2 cpus in WAIT, no timer armed, ...". */
  readonly summary: string;
  /** Further lines: the instruction and pc of an internal error, the likely cause. */
  readonly details: readonly string[];
  /** A long text for whoever mends tsvm, where there is one. */
  readonly report?: string;
}

/** How a run ended, with everything the last line shows. */
export interface Verdict extends Ending {
  /** Guest time in nanoseconds at the end. */
  readonly guestTimeNs: number;
  /** Instructions retired by all vCPUs together. */
  readonly instructions: number;
  /** Host milliseconds from start to end. */
  readonly wallMs: number;
  /** First 8 hex digits of the state hash. */
  readonly stateHash: string;
  /** First 8 hex digits of the hash over kernel, initrd, options, seed and journal. */
  readonly runId: string;
  readonly vcpus: readonly VcpuPlace[];
  /** Every oops and panic, in order. */
  readonly faults: readonly KernelFault[];
  /** What the guest was doing, when a limit ended the run; else null. */
  readonly progress: ProgressNote | null;
  /** Exit counters of all vCPUs together; null: not counted in this run. */
  readonly stats: VcpuStats;
  /** What the region compiler has done; null without it. */
  readonly compiled: CompiledCode | null;
}

const EXIT_CODES: Readonly<Record<Exclude<VerdictKind, 'guest-exit'>, number>> = {
  'power-off': 0,
  panic: 100,
  oops: 100,
  reset: 101,
  reboot: 102,
  hang: 103,
  'guest-time-limit': 104,
  'wall-time-limit': 105,
  'tsvm-failed': 125,
  'engines-differ': 125,
  interrupted: 130,
};

/** An ending of any kind but the guest's own code. */
export function ending(
  kind: Exclude<VerdictKind, 'guest-exit'>,
  summary: string,
  details: readonly string[] = [],
): Ending {
  return { kind, exitCode: EXIT_CODES[kind], summary, details };
}

/**
 * The ending for a code the guest gave (a signed 32-bit number): 0 is 0, 10-99 are passed on, any other is 1 so that a guest cannot
 * be mistaken for tsvm; the number itself is in the summary.
 */
export function guestExit(code: number): Ending {
  const exitCode = code === 0 || (code >= 10 && code <= 99) ? code : 1;
  return { kind: 'guest-exit', exitCode, summary: `guest exited with code ${code}`, details: [] };
}

/** The ending for a guest that powers its machine off, resets it, or ends it with a code. */
export function systemEvent(event: SystemEvent): Ending {
  if (typeof event === 'object') return guestExit(event.exit);
  return event === 'reboot' ? ending('reboot', 'guest asked for a reboot') : ending('power-off', 'guest powered off');
}

/** Where `vcpu` stands; it must be settled. */
export function placeOf(vcpu: Vcpu): VcpuPlace {
  return {
    cpu: vcpu.id,
    pc: Number(BigInt.asUintN(32, vcpu.getRegs().pc)),
    state: vcpu.waiting === 'none' ? 'running' : vcpu.waiting,
  };
}
