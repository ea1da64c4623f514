// What the interpreter's semantics (semantics.ts) stand in: the functions they call, what a program is generated for, and how control goes on.
import type { Banks } from '../isa/register-file.ts';

/** Function indices the semantics call. */
export interface Callees {
  readonly slowLoad: number;
  readonly slowStore: number;
  readonly slowFetch: number;
  readonly helper: number;
  readonly event: number;
  routine(name: string): number;
  helperNumber(name: string): number;
  eventNumber(name: string): number;
}

/** What a program is generated for. */
export interface SemanticsOptions {
  readonly banks: Banks;
  readonly callees: Callees;
  readonly bigEndian: boolean;
  /** Report events, and where slow accesses happen. */
  readonly observing: boolean;
  /** Log fast stores (lockstep.ts). */
  readonly logStores: boolean;
  /** Trap code of a branch in a delay slot. */
  readonly branchInSlot: number;
  readonly delaySlots: boolean;
  /** See HandlerTable. */
  readonly firstInside: number;
}

/** What differs between the main switch and a function of its own. */
export interface Frame {
  /** Locals. */
  readonly ip: number;
  readonly nip: number;
  /** Push the address of the current table set. */
  pushTables(): void;
  /** Make WORD.LEFT current before a call that may read or cut it, and take it back after. */
  saveLeft(): void;
  loadLeft(): void;
  /**
   * Go on with the next instruction: ip := nip. Without delay slots, where `size` is given: nip has no value, and the next instruction's record
   * is so many bytes further on.
   */
  next(size?: number): void;
  /** Dispatch anew: nothing has happened. */
  again(): void;
  /** A taken branch with a slot: the next record's ip is in local `target`; run the slot without a deadline check. */
  jump(target: number): void;
  /** Leave this instruction, uncommitted: WORD.WHY says what for. */
  fault(): void;
}
