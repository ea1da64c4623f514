// A list of the kernel's (include/linux/list.h) followed from its head, bounded, with every link checked from both sides.
import type { KernelMemory } from './kernel-memory.ts';

/** More than any kernel of 32 bits has processes. */
const MOST_MEMBERS = 1 << 16;

export interface WalkedList {
  /** Addresses of the members' list_head, the head's own is not among them. */
  readonly nodes: readonly number[];
  /** Why it could not be followed back to its head. */
  readonly broken?: string;
}

/** `accept` is asked before a member counts; when it refuses, the list ends there as broken. */
export function walkList(
  memory: KernelMemory,
  head: number,
  accept: (node: number) => boolean = () => true,
): WalkedList {
  const nodes: number[] = [];
  const seen = new Set<number>([head]);
  let from = head;
  // A guest that stands in the middle of list_add() or list_del() has one link that does not lead back yet.
  let oneWay = 0;
  for (;;) {
    const node = memory.u32(from);
    if (node === undefined || node % 4 !== 0) return { nodes, broken: 'a pointer leads nowhere' };
    const back = memory.u32(node + 4);
    if (back === undefined) return { nodes, broken: 'a pointer leads nowhere' };
    if (back !== from && ++oneWay > 1) return { nodes, broken: 'the links do not lead back' };
    if (node === head) return { nodes };
    if (seen.has(node)) return { nodes, broken: 'the list runs in a circle past its head' };
    if (nodes.length === MOST_MEMBERS) return { nodes, broken: `the list has more than ${MOST_MEMBERS} members` };
    if (!accept(node)) return { nodes, broken: 'a member is not what it should be' };
    seen.add(node);
    nodes.push(node);
    from = node;
  }
}
