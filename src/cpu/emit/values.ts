// What semantics hold: opaque guest values, and behind them the tree nodes that the lowering reads. Guest values are not numbers,
// so `a + b` on them does not compile.
import type { PureOp } from './operations.ts';

declare const tag: unique symbol;
export interface I32 {
  readonly [tag]: 'i32';
}
export interface I64 {
  readonly [tag]: 'i64';
}
/** A plain operand field: a constant in a region, known only at run time in the interpreter. */
export interface Operand {
  readonly [tag]: 'operand';
}
/** Where a jump goes. */
export interface Target {
  readonly [tag]: 'target';
}

export type ValueKind = 'i32' | 'i64';

/** One node of an instruction's tree. */
export type Node =
  | { readonly op: 'const'; readonly type: 'i32'; readonly value: number }
  | { readonly op: 'const64'; readonly type: 'i64'; readonly value: bigint }
  | { readonly op: 'field'; readonly type: 'i32'; readonly name: string }
  | { readonly op: 'parameter'; readonly type: 'i32'; readonly index: number }
  | { readonly op: 'read'; readonly type: ValueKind; readonly bank: string; readonly index: Node }
  | { readonly op: 'pc'; readonly type: 'i32' }
  | { readonly op: 'now'; readonly type: 'i64' }
  /** Result of an ordered effect (load, call, search). */
  | { readonly op: 'result'; readonly type: ValueKind }
  | { readonly op: 'loopIndex'; readonly type: 'i32' }
  | { readonly op: 'select'; readonly type: ValueKind; readonly args: readonly Node[] }
  | { readonly op: PureOp; readonly type: ValueKind; readonly args: readonly Node[] };

export type AccessWidth = 8 | 16 | 32;

/**
 * How a memory access takes its address: misaligned ones fault (`aligned`) or, unless the architecture says that they fault now, are made byte by
 * byte (`unaligned`); `user`: as that, with the rights of user mode whatever the mode.
 */
export type Manner = 'aligned' | 'unaligned' | 'user';

export type TargetNode =
  /** Displacement in bytes from the instruction after the branch. */
  | { readonly kind: 'relative'; readonly offset: Node }
  /** Word index within the 256 MiB region of the delay slot (MIPS J). */
  | { readonly kind: 'region'; readonly index: Node }
  | { readonly kind: 'absolute'; readonly address: Node };

/** Ordered effects of one instruction. */
export type Statement =
  | { readonly kind: 'write'; readonly bank: string; readonly index: Node; readonly value: Node }
  | {
      readonly kind: 'load';
      readonly width: AccessWidth;
      readonly signed: boolean;
      readonly address: Node;
      readonly result: Node;
      /** Load-linked: also sets the reservation to the physical line. */
      readonly linked: boolean;
      /** How the address is taken. */
      readonly manner: Manner;
      /** The address a fault reports, where that is not the accessed one (LWL). */
      readonly reported: Node | null;
    }
  | {
      readonly kind: 'store';
      readonly width: AccessWidth;
      /** Store-conditional: goes to memory or nowhere. */
      readonly linked: boolean;
      readonly manner: Manner;
      readonly address: Node;
      readonly value: Node;
      readonly reported: Node | null;
    }
  /**
   * Registers i of a bank, for the bits i of `list` from the lowest on, and as many words from `address` on; all of the loads happen or none. A word
   * that is misaligned faults.
   */
  | { readonly kind: 'loadMany' | 'storeMany'; readonly bank: string; readonly list: Node; readonly address: Node }
  /** result := a 32-bit register as it is now; a `read` sees it as it was before the instruction, whatever calls have written since. */
  | { readonly kind: 'sample'; readonly bank: string; readonly index: number; readonly result: Node }
  | { readonly kind: 'when'; readonly condition: Node; readonly body: readonly Statement[] }
  | {
      readonly kind: 'branch';
      readonly condition: Node | null;
      readonly target: TargetNode;
      /** `delayed`: the next instruction runs first; `likely`: it is nullified when the branch is not taken; `now`: no slot. */
      readonly slot: 'delayed' | 'likely' | 'now';
      /** Register of the first bank that receives the return address, or null. */
      readonly link: { readonly bank: string; readonly index: Node } | null;
    }
  | { readonly kind: 'call'; readonly routine: string; readonly args: readonly Node[]; readonly result: Node | null }
  | { readonly kind: 'helper'; readonly name: string; readonly args: readonly Node[]; readonly result: Node | null }
  /** Something that exit counters and traces know; there only in the program that observes. */
  | { readonly kind: 'event'; readonly name: string; readonly args: readonly Node[] }
  /** result := the first i in [0, count) for which `condition` holds, else -1. */
  | {
      readonly kind: 'search';
      /** A set (i64, bit i for i) outside of which the condition never holds, where one is known: saves looking. */
      readonly among: Node | null;
      readonly count: number;
      readonly index: Node;
      readonly condition: Node;
      readonly result: Node;
    }
  /** A guest exception; nothing after it happens. `code` is the architecture's. */
  | { readonly kind: 'trap'; readonly code: Node }
  /** End the run at the next step boundary, so that interrupts, timers and waits are looked at. */
  | { readonly kind: 'cut' }
  /** Memory accesses use another table set from the next instruction on (privilege change). */
  | { readonly kind: 'tables'; readonly set: Node }
  /**
   * The record of this instruction was made for another state of the guest than it has: decode it again and begin anew (`this`); or, which of the
   * next one: its record is forgotten unless it is one of a row that stands `inside` a block.
   */
  | { readonly kind: 'redecode'; readonly which: 'this' | 'next' }
  | { readonly kind: 'return'; readonly value: Node };
