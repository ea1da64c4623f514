// Instructions under a condition as choices: what only computes, and writes registers that are in locals, computes whatever the condition says, and the
// condition chooses between the result and what was there. A branch on data that nobody can predict costs more than the operations do.
import { forEachNode } from '../../emit/tree.ts';
import type { Node, Statement } from '../../emit/values.ts';
import type { Banks } from '../../isa/register-file.ts';

/** Cost more than a branch that is predicted wrongly. */
const DEAR: ReadonlySet<string> = new Set(['divS', 'divU', 'remS', 'remU', 'divU64']);
/** Most registers chosen by one condition: a comparison writes four flags. */
const MOST_CHOSEN = 5;

/** Do these do nothing but cheap operations on 32-bit registers that are held in locals? (The time depends on the way taken.) */
export function computeOnly(statements: readonly Statement[], banks: Banks): boolean {
  let only = true;
  for (const statement of statements) {
    if (statement.kind !== 'write' || statement.index.op !== 'const') return false;
    const bank = banks[statement.bank]!;
    if (!bank.rowsOnly || bank.width !== 32) return false;
  }
  forEachNode(statements, (node) => {
    if (DEAR.has(node.op) || node.op === 'now') only = false;
    if (node.op === 'read' && !(banks[node.bank]!.rowsOnly && node.index.op === 'const')) only = false;
  });
  return only;
}

/** A statement as writes of what a condition chooses, where that is worth it. */
export function withoutCondition(statement: Statement, banks: Banks): readonly Statement[] {
  if (statement.kind !== 'when' || statement.body.length > MOST_CHOSEN) return [statement];
  const { condition, body } = statement;
  if (!computeOnly(body, banks)) return [statement];
  return body.map((write) => (write.kind === 'write' ? chosen(write, condition) : write));
}

function chosen(write: Extract<Statement, { kind: 'write' }>, condition: Node): Statement {
  const { bank, index, value } = write;
  const before: Node = { op: 'read', type: 'i32', bank, index };
  return { ...write, value: { op: 'select', type: 'i32', args: [value, before, condition] } };
}
