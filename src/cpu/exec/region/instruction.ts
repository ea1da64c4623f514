// One instruction as a region sees it: the row's tree with its operand fields as constants, taken apart into what decides whether the
// instruction stays in compiled code, and what it then does (ENGINE.md 1: compiled code contains fast paths only).
import { forEachNode, forEachStatement, operands } from '../../emit/tree.ts';
import type { Node, Operand, Statement } from '../../emit/values.ts';
import type { ArchitectureDefinition } from '../../isa/architecture.ts';
import type { Decoder } from '../../isa/decoder.ts';
import { type Row, rawFields } from '../../isa/insn.ts';
import type { Bank, Banks } from '../../isa/register-file.ts';

export type BranchStatement = Extract<Statement, { kind: 'branch' }>;

export interface RegionInstruction {
  readonly pc: number;
  readonly word: number;
  readonly row: Row;
  /** What it does when no guard holds. */
  readonly statements: readonly Statement[];
  /** Conditions on the state before it under which the interpreter executes it instead (a trap, a helper, the end of the run). */
  readonly guards: readonly Node[];
  /** What is lowered for the two: leaving is what a trap does in a region. */
  readonly guarded: readonly Statement[];
  readonly branch: BranchStatement | null;
  /** A jump to what the link register holds, taken for a return from a call. */
  readonly returns: boolean;
  /** It may change the privilege: the region goes on only where it does not. */
  readonly changesTables: boolean;
  /** It always raises an exception: nothing follows it. */
  readonly traps: boolean;
  /** The registers in locals that it reads, and that it writes, perhaps only in some cases. */
  readonly reads: Registers;
  readonly writes: Registers;
  readonly writesSometimes: boolean;
}

/** Registers by their byte offset in the state block, with their banks. */
export type Registers = ReadonlyMap<number, Bank>;

/** Words remembered. */
const MOST_KNOWN = 20_000;

/** What makes an instruction the interpreter's, always. */
type Refusal = 'refused';

type Expansion = Omit<RegionInstruction, 'pc'>;

/** Instructions remembered, by some bits of their place: a power of two. */
const PLACES = 1 << 14;

/** Expands words of one architecture. What a word says does not depend on where it stands, so it is worked out once. */
export class InstructionExpander {
  private readonly architecture: ArchitectureDefinition;
  private readonly banks: Banks;
  private readonly functions: ReadonlySet<string>;
  private readonly decoder: Decoder;
  private readonly known = new Map<number, Expansion | null>();
  private readonly placed: (RegionInstruction | undefined)[] = new Array(PLACES).fill(undefined);

  constructor(architecture: ArchitectureDefinition, banks: Banks, decoder: Decoder) {
    this.decoder = decoder;
    this.architecture = architecture;
    this.banks = banks;
    this.functions = new Set((architecture.functions?.(banks) ?? []).map(({ name }) => name));
  }

  /** The instruction `word` at `pc`, or undefined when only the interpreter can execute it. */
  expand(word: number, pc: number): RegionInstruction | undefined {
    const place = (pc >>> 2) & (PLACES - 1);
    const last = this.placed[place];
    if (last !== undefined && last.pc === pc && last.word === word) return last;
    const expansion = this.expansion(word);
    if (expansion === null) return undefined;
    const instruction = { pc, ...expansion };
    this.placed[place] = instruction;
    return instruction;
  }

  private expansion(word: number): Expansion | null {
    const known = this.known.get(word);
    if (known !== undefined) return known;
    const row = this.decoder.decode(word);
    const expansion = (row && this.expandRow(row, word)) ?? null;
    if (this.known.size === MOST_KNOWN) this.known.clear();
    this.known.set(word, expansion);
    return expansion;
  }

  private expandRow(row: Row, word: number): Expansion | undefined {
    const emitter = this.architecture.createEmitter(this.banks, false);
    const raw = rawFields(row, word);
    const fields: Record<string, Operand | number> = {};
    for (const name of Object.keys(raw)) fields[name] = emitter.const(raw[name]!) as unknown as Operand;
    for (const { name, steers } of row.pattern.fields) if (steers) fields[name] = raw[name]!;
    row.build(emitter, fields);
    const guards: Node[] = [];
    const statements = this.withoutGuards(emitter.statements, guards);
    if (statements === 'refused') return undefined;
    const branch = statements.find((statement) => statement.kind === 'branch') as BranchStatement | undefined;
    const traps = statements.some((statement) => statement.kind === 'trap');
    const changesTables = statements.some((statement) => statement.kind === 'tables');
    return {
      word,
      row,
      statements,
      guards,
      guarded: guards.length === 0 ? statements : [...guards.map(leaveWhen), ...statements],
      branch: branch ?? null,
      returns: this.isReturn(branch),
      changesTables,
      traps,
      reads: readBy(guards, statements, this.banks),
      writes: writtenBy(statements, this.banks),
      writesSometimes: statements.some(({ kind }) => kind === 'when'),
    };
  }

  private isReturn(branch: BranchStatement | undefined): boolean {
    if (!branch || branch.link || branch.target.kind !== 'absolute') return false;
    const { address } = branch.target;
    const { bank, index } = this.architecture.linkRegister;
    return (
      address.op === 'read' && address.bank === bank && address.index.op === 'const' && address.index.value === index
    );
  }

  /** Move what must not happen in a region into guards, where that is possible. */
  private withoutGuards(list: readonly Statement[], guards: Node[]): readonly Statement[] | Refusal {
    const kept: Statement[] = [];
    for (const statement of list) {
      if (statement.kind === 'when') {
        if (statement.condition.op === 'const' && statement.condition.value === 0) continue;
        const leaves = needsInterpreter(statement.body);
        if (leaves && isKnownBefore(statement.condition)) {
          guards.push(statement.condition);
          continue;
        }
        if (leaves && !statement.body.every((inner) => inner.kind === 'trap')) return 'refused';
        if (!this.allowed(statement.body)) return 'refused';
      } else if (statement.kind !== 'trap' && needsInterpreter([statement])) return 'refused';
      else if (!this.allowed([statement])) return 'refused';
      kept.push(statement);
    }
    return kept;
  }

  private allowed(list: readonly Statement[]): boolean {
    let allowed = true;
    forEachStatement(list, (statement) => {
      // Functions beside the rows are pure, or safe to run again with the instruction; routines read what only the interpreter keeps.
      if (statement.kind === 'call' && !this.functions.has(statement.routine)) allowed = false;
      if (statement.kind === 'search' || statement.kind === 'event') allowed = false;
    });
    forEachNode(list, (node) => {
      if (node.op === 'read' && this.banks[node.bank]!.rowsOnly && node.index.op !== 'const') allowed = false;
    });
    return allowed;
  }
}

/** Leaving is what a trap does in a region. */
export function leaveWhen(condition: Node): Statement {
  return { kind: 'when', condition, body: [{ kind: 'trap', code: { op: 'const', type: 'i32', value: 0 } }] };
}

/** Does something in here belong to the interpreter? */
function needsInterpreter(list: readonly Statement[]): boolean {
  let found = false;
  forEachStatement(list, ({ kind }) => {
    if (kind === 'helper' || kind === 'cut' || kind === 'trap') found = true;
  });
  return found;
}

/** Can the value be computed before the instruction does anything? */
function isKnownBefore(node: Node): boolean {
  if (node.op === 'result' || node.op === 'loopIndex') return false;
  return operands(node).every(isKnownBefore);
}

/** Does the instruction, its guards included, read or write a register of which `is` holds? */
export function usesRegister(
  { statements, guards }: RegionInstruction,
  is: (bank: string, index: Node) => boolean,
): boolean {
  let found = false;
  const node = (n: Node): void => {
    if (n.op === 'read' && is(n.bank, n.index)) found = true;
  };
  forEachNode(statements, node);
  for (const guard of guards) visit(guard, node);
  forEachStatement(statements, (statement) => {
    if (statement.kind === 'write' && is(statement.bank, statement.index)) found = true;
    if (statement.kind === 'sample' && is(statement.bank, { op: 'const', type: 'i32', value: statement.index }))
      found = true;
    if (statement.kind === 'branch' && statement.link && is(statement.link.bank, statement.link.index)) found = true;
  });
  return found;
}

/** The registers in locals that some of these statements write. */
function writtenBy(statements: readonly Statement[], banks: Banks): Registers {
  const written = new Map<number, Bank>();
  const note = (bankName: string, index: Node): void => {
    const bank = banks[bankName]!;
    if (!bank.rowsOnly || index.op !== 'const' || (bank.zero && index.value === 0)) return;
    written.set(bank.offset + index.value * bank.size, bank);
  };
  forEachStatement(statements, (statement) => {
    if (statement.kind === 'write') note(statement.bank, statement.index);
    if (statement.kind === 'branch' && statement.link) note(statement.link.bank, statement.link.index);
  });
  return written;
}

/** The registers in locals that these read. */
function readBy(guards: readonly Node[], statements: readonly Statement[], banks: Banks): Registers {
  const found = new Map<number, Bank>();
  const read = (bankName: string, index: Node): void => {
    const bank = banks[bankName]!;
    if (bank.rowsOnly && index.op === 'const') found.set(bank.offset + index.value * bank.size, bank);
  };
  const node = (n: Node): void => {
    if (n.op === 'read') read(n.bank, n.index);
  };
  for (const guard of guards) visit(guard, node);
  forEachNode(statements, node);
  forEachStatement(statements, (statement) => {
    if (statement.kind === 'sample') read(statement.bank, { op: 'const', type: 'i32', value: statement.index });
  });
  return found;
}

function visit(node: Node, each: (node: Node) => void): void {
  each(node);
  for (const operand of operands(node)) visit(operand, each);
}
