// Stops of a guest for a debugger: what is asked for and what came. The kin of KVM_SET_GUEST_DEBUG and KVM_EXIT_DEBUG, but for a whole VM and of no
// effect on the guest.

/** Why the guest stands. `cpu` is the vCPU that did it; the stop is before its instruction at `pc` (with T in bit 0). */
export type Stop =
  /** Somebody asked for it. */
  | { readonly kind: 'paused' }
  | { readonly kind: 'breakpoint'; readonly id: number; readonly cpu: number; readonly pc: number }
  /** The access has not happened yet; `value` is what a write will store. In a delay slot, `pc` is the branch's. */
  | {
      readonly kind: 'watchpoint';
      readonly id: number;
      readonly cpu: number;
      readonly pc: number;
      readonly access: 'read' | 'write';
      /** As the guest has it. */
      readonly address: number;
      readonly physical: number;
      /** Bytes. */
      readonly length: number;
      readonly value: number | null;
    }
  | { readonly kind: 'step'; readonly cpu: number }
  /** `goto` has come there. */
  | { readonly kind: 'instructions' }
  | { readonly kind: 'ended'; readonly summary: string; readonly exitCode: number };

export type BreakpointSpace = 'virtual' | 'physical';

interface BreakpointOptions {
  readonly address: number;
  /** A virtual address means every address space, also before there is a mapping and after it changes. */
  readonly space: BreakpointSpace;
  /** Removed when it stops the guest. */
  readonly once?: boolean;
  /** Only on this vCPU. */
  readonly cpu?: number;
  /** Asked while the guest stands there; false: it goes on. An error thrown stops it. */
  readonly condition?: (stop: Stop) => boolean;
}

export type BreakpointSpec =
  /** Before the instruction at `address` (an even one on ARM, whatever the instruction set). */
  | (BreakpointOptions & { readonly kind: 'execution' })
  /** Before an instruction that reads, writes or does either to one of `length` bytes. Device DMA and table walks are no such accesses. */
  | (BreakpointOptions & {
      readonly kind: 'data';
      readonly length: number;
      readonly access: 'read' | 'write' | 'access';
    });

export interface Breakpoint {
  readonly id: number;
  readonly spec: BreakpointSpec;
  /** Times that it has stopped the guest. */
  readonly hits: number;
}

/** How the guest goes on. Breakpoints stop it in all of them. All vCPUs run by their schedule, so that debugging changes nothing. */
export type Resume =
  | { readonly kind: 'continue' }
  /** Until `cpu` has executed `count` (1) steps; a branch and its delay slot are one, an exception is one. */
  | { readonly kind: 'step'; readonly cpu: number; readonly count?: number }
  /** Step `cpu` while its pc is in [start, end). */
  | { readonly kind: 'range'; readonly cpu: number; readonly start: number; readonly end: number }
  /** Until so many instructions were retired by all vCPUs together. */
  | { readonly kind: 'instructions'; readonly at: number };

export type DebugEvent = { readonly event: 'stopped'; readonly stop: Stop } | { readonly event: 'resumed' };
