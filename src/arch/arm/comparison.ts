// What compiled code may know of comparisons (ARM DDI 0406C: A2.2.1, A8.3): which flags are those of a subtraction a - b, and which conditions then say
// how a and b compare.
import type { I32, Node } from '../../cpu/emit/values.ts';
import type { ComparisonFlags, ComparisonOp } from '../../cpu/isa/architecture.ts';
import { FLAG } from './registers.ts';

interface Comparison {
  readonly operands: readonly [a: Node, b: Node];
  readonly overflow: Node;
}

/** By the node of the carry. */
const comparisons = new WeakMap<Node, Comparison>();
const conditions = new WeakMap<Node, ComparisonOp>();

const nodeOf = (value: I32): Node => value as unknown as Node;

/** The flags of a - b. */
export function noteComparison<Flags extends { readonly carry: I32; readonly overflow: I32 }>(
  a: I32,
  b: I32,
  flags: Flags,
): Flags {
  comparisons.set(nodeOf(flags.carry), { operands: [nodeOf(a), nodeOf(b)], overflow: nodeOf(flags.overflow) });
  return flags;
}

/** A condition on the flags: after a comparison it is how a and b compare. */
export function noteCondition(op: ComparisonOp, condition: I32): I32 {
  conditions.set(nodeOf(condition), op);
  return condition;
}

export const COMPARISON_FLAGS: ComparisonFlags = {
  bank: 'flag',
  results: [FLAG.N, FLAG.Z],
  carry: FLAG.C,
  overflow: FLAG.V,
  compared(carry, overflow) {
    const comparison = comparisons.get(carry);
    return comparison?.overflow === overflow ? comparison.operands : undefined;
  },
  condition: (node) => conditions.get(node),
};
