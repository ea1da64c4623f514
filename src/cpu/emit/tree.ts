// Walking an instruction's tree: which nodes a statement uses, in order.
import type { Node, Statement } from './values.ts';

/** Direct operands of a node. */
export function operands(node: Node): readonly Node[] {
  if (node.op === 'read') return [node.index];
  return 'args' in node ? node.args : [];
}

/** Nodes a statement itself evaluates (not those of a nested body). */
export function roots(statement: Statement): readonly Node[] {
  switch (statement.kind) {
    case 'write':
      return [statement.index, statement.value];
    case 'load':
      return statement.reported ? [statement.address, statement.reported] : [statement.address];
    case 'store':
      return statement.reported
        ? [statement.address, statement.value, statement.reported]
        : [statement.address, statement.value];
    case 'loadMany':
    case 'storeMany':
      return [statement.list, statement.address];
    case 'when':
      return [statement.condition];
    case 'branch': {
      const nodes: Node[] = statement.condition ? [statement.condition] : [];
      const { target } = statement;
      if (target.kind === 'relative') nodes.push(target.offset);
      else if (target.kind === 'region') nodes.push(target.index);
      else nodes.push(target.address);
      if (statement.link) nodes.push(statement.link.index);
      return nodes;
    }
    case 'call':
    case 'helper':
    case 'event':
      return statement.args;
    case 'search':
      return statement.among ? [statement.among, statement.condition] : [statement.condition];
    case 'trap':
      return [statement.code];
    case 'tables':
      return [statement.set];
    case 'return':
      return [statement.value];
    case 'cut':
    case 'sample':
    case 'redecode':
      return [];
  }
}

/** Visit every node reachable from these statements once, nested bodies included. */
export function forEachNode(statements: readonly Statement[], visit: (node: Node) => void): void {
  const seen = new Set<Node>(); // values are shared: without it a few dozen nodes can be reached in millions of ways
  const walk = (node: Node): void => {
    if (seen.has(node)) return;
    seen.add(node);
    visit(node);
    for (const operand of operands(node)) walk(operand);
  };
  forEachStatement(statements, (statement) => {
    for (const root of roots(statement)) walk(root);
  });
}

/** Visit every statement, nested bodies included. */
export function forEachStatement(statements: readonly Statement[], visit: (statement: Statement) => void): void {
  for (const statement of statements) {
    visit(statement);
    if (statement.kind === 'when') forEachStatement(statement.body, visit);
  }
}
