// The operations of one instruction as text: the statement tree that rows make through the emitter and that the engines lower. For people who
// read a difference between engines, or what `tsvm disasm --ops` shows.
import { operands, roots } from './tree.ts';
import type { Node, Statement } from './values.ts';

const INDENT = '  ';
/** Numbers below are written in decimal. */
const SMALL = 10;

/** One operation per line. A value that is used more than once has a line of its own, `t0 = ...`, before its first use. */
export function printStatements(statements: readonly Statement[]): string[] {
  return new StatementPrinter(statements).print(statements, '');
}

class StatementPrinter {
  private readonly uses = new Map<Node, number>();
  private readonly names = new Map<Node, string>();
  private results = 0;
  private values = 0;

  constructor(statements: readonly Statement[]) {
    const count = (node: Node): void => {
      const before = this.uses.get(node) ?? 0;
      this.uses.set(node, before + 1);
      if (before === 0) for (const operand of operands(node)) count(operand);
    };
    const visit = (list: readonly Statement[]): void => {
      for (const statement of list) {
        for (const root of roots(statement)) count(root);
        if (statement.kind === 'when') visit(statement.body);
      }
    };
    visit(statements);
  }

  print(statements: readonly Statement[], indent: string): string[] {
    return statements.flatMap((statement) => {
      const shared: string[] = [];
      const text = this.statement(statement, (node) => this.node(node, shared));
      const body = statement.kind === 'when' ? [...this.print(statement.body, indent + INDENT), '}'] : [];
      const last = body.pop();
      return [
        ...[...shared, text].map((line) => `${indent}${line}`),
        ...body,
        ...(last === undefined ? [] : [`${indent}${last}`]),
      ];
    });
  }

  private statement(statement: Statement, node: (node: Node) => string): string {
    switch (statement.kind) {
      case 'write':
        return `${register(statement.bank, statement.index, node)} := ${node(statement.value)}`;
      case 'load': {
        const { width, signed, linked, address, reported, result } = statement;
        const kind = `load${width}${width < 32 && signed ? ' signed' : ''}${linked ? ' linked' : ''}`;
        const text = `${kind} [${node(address)}]${reported ? ` reporting ${node(reported)}` : ''}`;
        return `${this.result(result)} := ${text}`;
      }
      case 'loadMany':
        return `${statement.bank}{${node(statement.list)}} := load many [${node(statement.address)}]`;
      case 'storeMany':
        return `store many [${node(statement.address)}] := ${statement.bank}{${node(statement.list)}}`;
      case 'redecode':
        return `decode ${statement.which} again`;
      case 'store': {
        const { width, linked, address, value, reported } = statement;
        const kind = `store${width}${linked ? ' conditional' : ''}`;
        return `${kind} [${node(address)}] := ${node(value)}${reported ? ` reporting ${node(reported)}` : ''}`;
      }
      case 'sample':
        return `${this.result(statement.result)} := ${statement.bank}[${statement.index}] as it is now`;
      case 'when':
        return `when ${node(statement.condition)} {`;
      case 'branch':
        return printBranch(statement, node);
      case 'call':
      case 'helper': {
        const name = statement.kind === 'call' ? statement.routine : statement.name;
        const call = `${statement.kind} ${name}(${statement.args.map(node).join(', ')})`;
        return statement.result ? `${this.result(statement.result)} := ${call}` : call;
      }
      case 'event':
        return `event ${statement.name}(${statement.args.map(node).join(', ')})`;
      case 'search': {
        this.names.set(statement.index, 'i');
        const condition = node(statement.condition);
        return `${this.result(statement.result)} := first i below ${statement.count} with ${condition}, else -1`;
      }
      case 'trap':
        return `trap ${node(statement.code)}`;
      case 'cut':
        return 'cut';
      case 'tables':
        return `tables of privilege ${node(statement.set)} from the next instruction on`;
      case 'return':
        return `return ${node(statement.value)}`;
    }
  }

  private result(node: Node): string {
    const name = `r${this.results++}`;
    this.names.set(node, name);
    return name;
  }

  /** `shared` receives the lines of values that get a name here. */
  private node(node: Node, shared: string[]): string {
    const known = this.names.get(node);
    if (known !== undefined) return known;
    const text = this.compute(node, shared);
    if (!('args' in node) || (this.uses.get(node) ?? 0) < 2 || this.dependsOnLoop(node)) return text;
    const name = `t${this.values++}`;
    this.names.set(node, name);
    shared.push(`${name} = ${text}`);
    return name;
  }

  private compute(node: Node, shared: string[]): string {
    switch (node.op) {
      case 'const':
        return printNumber(node.value);
      case 'const64':
        return `${node.value}L`;
      case 'field':
        return node.name;
      case 'parameter':
        return `parameter ${node.index}`;
      case 'read':
        return register(node.bank, node.index, (index) => this.node(index, shared));
      case 'pc':
      case 'now':
        return node.op;
      case 'result':
      case 'loopIndex':
        return `(${node.op} of nothing)`;
      default:
        return `${node.op}(${node.args.map((arg) => this.node(arg, shared)).join(', ')})`;
    }
  }

  private dependsOnLoop(node: Node): boolean {
    return node.op === 'loopIndex' || operands(node).some((operand) => this.dependsOnLoop(operand));
  }
}

function printBranch(
  { condition, target, slot, link }: Extract<Statement, { kind: 'branch' }>,
  node: (node: Node) => string,
): string {
  const to =
    target.kind === 'relative'
      ? `to pc + 4 + ${node(target.offset)}`
      : target.kind === 'region'
        ? `to word ${node(target.index)} of the slot's 256 MiB`
        : `to ${node(target.address)}`;
  const when = condition ? ` if ${node(condition)}` : '';
  return `branch ${slot}${when} ${to}${link ? `, link ${register(link.bank, link.index, node)}` : ''}`;
}

function register(bank: string, index: Node, node: (node: Node) => string): string {
  return `${bank}[${index.op === 'const' ? index.value : node(index)}]`;
}

function printNumber(value: number): string {
  if (Math.abs(value) < SMALL) return String(value);
  return value < 0 ? `-0x${(-value).toString(16)}` : `0x${value.toString(16)}`;
}
