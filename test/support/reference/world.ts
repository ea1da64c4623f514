// What instructions of the reference do beyond registers: the world they act on, and how they end.

/** A guest exception raised in the middle of an instruction. */
export class GuestTrap {
  readonly code: number;
  constructor(code: number) {
    this.code = code;
  }
}

/** The instruction leaves for good: nothing of it happens. */
export class Leave {
  readonly why: 'internal error' | 'shutdown' | 'undefined';
  constructor(why: Leave['why']) {
    this.why = why;
  }
}

/** Where a branch statement sends control. */
export interface BranchTaken {
  readonly taken: boolean;
  readonly target: number;
  readonly slot: 'delayed' | 'likely' | 'now';
  /** The register the return address went to, and what it held before. */
  readonly link: { readonly bank: string; readonly index: number; readonly old: number } | null;
}

/** What instructions do to the world outside the registers. Addresses are unsigned. */
export interface World {
  load(width: number, signed: boolean, address: number, reported: number, linked: boolean): number;
  store(width: number, address: number, value: number, reported: number, linked: boolean): void;
  /** Guest time in nanoseconds, this instruction included. */
  now(): bigint;
  /** Calls a helper; throws Leave when the instruction leaves. */
  helper(name: string, a: number, b: number): number;
}
