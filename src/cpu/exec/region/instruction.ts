// One instruction as a region sees it: the row's tree with its operand fields as constants, taken apart into what decides whether the
// instruction stays in compiled code, and what it then does (ENGINE.md 1: compiled code contains fast paths only).
import { forEachNode, forEachStatement, operands } from '../../emit/tree.ts';
import type { Node, Operand, Statement } from '../../emit/values.ts';
import type { ArchitectureDefinition } from '../../isa/architecture.ts';
import type { Decoders } from '../../isa/decoder.ts';
import { type Row, rawFields } from '../../isa/insn.ts';
import type { Bank, Banks } from '../../isa/register-file.ts';
import { withoutCondition } from './conditional.ts';

export type BranchStatement = Extract<Statement, { kind: 'branch' }>;

export interface RegionInstruction {
  readonly pc: number;
  readonly word: number;
  /** Bytes. */
  readonly size: 2 | 4;
  /** The state of the block it stands in, or 0 (T32's ITSTATE). */
  readonly block: number;
  /** The state of the block that it begins, or 0. */
  readonly begins: number;
  /** Without a delay slot: a jump that leaves the address of what follows it in the link register, as calls do. */
  readonly calls: boolean;
  readonly row: Row;
  /** What it does when no guard holds. */
  readonly statements: readonly Statement[];
  /** Conditions on the state before it under which the interpreter executes it instead (a trap, a helper, the end of the run). */
  readonly guards: readonly Node[];
  /** What is lowered for the two: leaving is what a trap does in a region. */
  readonly guarded: readonly Statement[];
  readonly branch: BranchStatement | null;
  /** The same where carry and overflow are deferred, of an instruction that compares (flags.ts); else null. */
  readonly deferred: readonly Statement[] | null;
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

type WriteStatement = Extract<Statement, { kind: 'write' }>;

/** The bank of what the last comparison has compared; there only in regions. */
export const COMPARED = 'compared';

/** Words remembered. */
const MOST_KNOWN = 20_000;

/** What makes an instruction the interpreter's, always. */
type Refusal = 'refused';

type Expansion = Omit<RegionInstruction, 'pc'>;

/** How an instruction is to be read. */
export interface Reading {
  /** 0: a word; 1: one or two halfwords. */
  readonly set: number;
  readonly size: 2 | 4;
  readonly block: number;
}

/** A word outside of a block. */
export const WORD_READING: Reading = { set: 0, size: 4, block: 0 };

/** Instructions remembered, by some bits of their place: a power of two. */
const PLACES = 1 << 14;

/** Statements that only the interpreter executes. */
const REFUSED: ReadonlySet<Statement['kind']> = new Set<Statement['kind']>(['search', 'event', 'redecode']);

/** Expands words of one architecture. What a word says does not depend on where it stands, so it is worked out once. */
export class InstructionExpander {
  private readonly architecture: ArchitectureDefinition;
  private readonly banks: Banks;
  private readonly functions: ReadonlySet<string>;
  private readonly decoders: Decoders;
  private readonly known = new Map<number, Expansion | null>();
  private readonly placed: (RegionInstruction | undefined)[] = new Array(PLACES).fill(undefined);

  constructor(architecture: ArchitectureDefinition, banks: Banks, decoders: Decoders) {
    this.decoders = decoders;
    this.architecture = architecture;
    this.banks = banks;
    this.functions = new Set((architecture.functions?.(banks) ?? []).map(({ name }) => name));
  }

  /** The instruction `word` at `pc`, or undefined when only the interpreter can execute it. */
  expand(word: number, pc: number, reading = WORD_READING): RegionInstruction | undefined {
    const place = (this.architecture.interworking ? pc >>> 1 : pc >>> 2) & (PLACES - 1);
    const last = this.placed[place];
    if (last !== undefined && last.pc === pc && last.word === word && last.block === reading.block) return last;
    const expansion = this.expansion(word, reading);
    if (expansion === null) return undefined;
    const instruction = { pc, ...expansion };
    this.placed[place] = instruction;
    return instruction;
  }

  private expansion(word: number, reading: Reading): Expansion | null {
    const { set, size, block } = reading;
    const key = set === 0 ? word : (word >>> 0) + (block + (size === 2 ? 256 : 512)) * 2 ** 32;
    const known = this.known.get(key);
    if (known !== undefined) return known;
    const row = set === 0 ? this.decoders.words.decode(word) : this.decoders.decodeHalfwords(word, size);
    const expansion = (row && this.expandRow(row, word, reading)) ?? null;
    if (this.known.size === MOST_KNOWN) this.known.clear();
    this.known.set(key, expansion);
    return expansion;
  }

  private expandRow(of: Row, word: number, { size, block }: Reading): Expansion | undefined {
    const emitter = this.architecture.createEmitter(this.banks, false);
    const raw = rawFields(of, word);
    const row = of.variants?.pick(raw, block) ?? of;
    const fields: Record<string, Operand | number> = {};
    for (const name of Object.keys(raw)) fields[name] = emitter.const(raw[name]!) as unknown as Operand;
    for (const { name, steers } of row.pattern.fields) if (steers) fields[name] = raw[name]!;
    if (block !== 0) fields.blockState = block;
    row.build(emitter, fields);
    const guards: Node[] = [];
    const begins = blockBegunBy(emitter.statements);
    const said = begins === 0 ? this.withoutSlot(emitter.statements) : [];
    const kept = this.withoutGuards(said, guards);
    if (kept === 'refused') return undefined;
    const statements = kept.flatMap((statement) => withoutCondition(statement, this.banks));
    const branch = statements.find((statement) => statement.kind === 'branch') as BranchStatement | undefined;
    const traps = statements.some((statement) => statement.kind === 'trap');
    const changesTables = statements.some((statement) => statement.kind === 'tables');
    const { delaySlots } = this.architecture;
    if (traps && !delaySlots) return undefined; // entering an exception reads registers that are in locals here
    const guarded = guards.length === 0 ? statements : [...guards.map(leaveWhen), ...statements];
    return {
      word,
      size,
      block,
      begins,
      calls: branch !== undefined && this.leavesLink(statements, size),
      row,
      statements,
      guards,
      guarded,
      deferred: this.withDeferredFlags(guarded),
      branch: branch ?? null,
      returns: this.isReturn(branch),
      changesTables,
      traps,
      reads: readBy(guards, statements, this.banks),
      writes: writtenBy(statements, this.banks),
      writesSometimes: statements.some(({ kind }) => kind === 'when'),
    };
  }

  /** An instruction that compares: what it compares goes to bank COMPARED, in place of carry and overflow. */
  private withDeferredFlags(statements: readonly Statement[]): readonly Statement[] | null {
    const { comparisonFlags: flags } = this.architecture;
    if (!flags) return null;
    const writeOf = (flag: number): WriteStatement | undefined =>
      statements.find(
        (statement): statement is WriteStatement =>
          statement.kind === 'write' &&
          statement.bank === flags.bank &&
          statement.index.op === 'const' &&
          statement.index.value === flag,
      );
    const [carry, overflow] = [writeOf(flags.carry), writeOf(flags.overflow)];
    const compared = carry && overflow && flags.compared(carry.value, overflow.value);
    if (!compared || compared.some((node) => reads(node, flags.bank))) return null;
    return statements.map((statement) => {
      if (statement !== carry && statement !== overflow) return statement;
      const index = statement === carry ? 0 : 1;
      return {
        ...statement,
        bank: COMPARED,
        index: { op: 'const', type: 'i32', value: index },
        value: compared[index],
      };
    });
  }

  private isReturn(branch: BranchStatement | undefined): boolean {
    if (!branch || branch.link || branch.target.kind !== 'absolute') return false;
    const { address } = branch.target;
    return this.architecture.delaySlots ? this.isLinkRegister(address) : this.comesFromLink(address);
  }

  private isLinkRegister(node: Node): boolean {
    const { bank, index } = this.architecture.linkRegister;
    return node.op === 'read' && node.bank === bank && node.index.op === 'const' && node.index.value === index;
  }

  /** Is an address what the link register holds, or what was loaded along with other registers? Some bits may have been cut off. */
  private comesFromLink(address: Node): boolean {
    let links = 0;
    let others = 0;
    visit(address, (node) => {
      if (this.isLinkRegister(node) || node.op === 'result') links++;
      else if (node.op === 'read') others++;
    });
    return links > 0 && others === 0;
  }

  /** Does the instruction write the address of the next one to the link register? */
  private leavesLink(statements: readonly Statement[], size: number): boolean {
    const { bank, index } = this.architecture.linkRegister;
    return statements.some((statement) => {
      const writes = statement.kind === 'when' ? statement.body : [statement];
      return writes.some(
        (write) =>
          write.kind === 'write' &&
          write.bank === bank &&
          write.index.op === 'const' &&
          write.index.value === index &&
          isNextPc(write.value, size),
      );
    });
  }

  /** A jump under a condition as a conditional jump, where there are no slots. */
  private withoutSlot(statements: readonly Statement[]): readonly Statement[] {
    if (this.architecture.delaySlots) return statements;
    return statements.flatMap((statement): readonly Statement[] => {
      if (statement.kind !== 'when') return [statement];
      const { condition, body } = statement;
      const branch = body.find(({ kind }) => kind === 'branch') as BranchStatement | undefined;
      if (!branch || branch.condition) return [statement];
      const rest = body.filter((inner) => inner !== branch);
      if (needsInterpreter(rest)) return [statement]; // a guard, with its jump
      const jump = { ...branch, condition };
      return rest.length === 0 ? [jump] : [{ ...statement, body: rest }, jump];
    });
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
      if (REFUSED.has(statement.kind)) allowed = false;
    });
    forEachNode(list, (node) => {
      if (node.op === 'read' && this.banks[node.bank]!.rowsOnly && node.index.op !== 'const') allowed = false;
    });
    forEachStatement(list, (statement) => {
      if (statement.kind === 'write' && this.banks[statement.bank]!.rowsOnly && statement.index.op !== 'const')
        allowed = false;
      const isMany = statement.kind === 'loadMany' || statement.kind === 'storeMany';
      if (isMany && (statement.list.op !== 'const' || statement.list.value === 0)) allowed = false;
      // Rights of another mode, or a condition that may keep it from happening: the interpreter knows how.
      if ((statement.kind === 'load' || statement.kind === 'store') && statement.manner === 'user') allowed = false;
    });
    return allowed;
  }
}

/** The state of the block that an instruction begins by writing bank `it`, or 0. */
function blockBegunBy(statements: readonly Statement[]): number {
  const [write, redecode] = statements;
  if (statements.length !== 2 || redecode?.kind !== 'redecode' || write?.kind !== 'write') return 0;
  return write.value.op === 'const' ? write.value.value : 0;
}

function isNextPc(value: Node, size: number): boolean {
  if (value.op !== 'add') return false;
  const [pc, offset] = value.args;
  return pc?.op === 'pc' && offset?.op === 'const' && offset.value === size;
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
    if (statement.kind === 'loadMany') for (const index of listed(statement.list)) note(statement.bank, index);
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
    if (statement.kind === 'storeMany') for (const index of listed(statement.list)) read(statement.bank, index);
  });
  return found;
}

/** The registers of a list that is constant. */
export function listed(list: Node): Extract<Node, { op: 'const' }>[] {
  if (list.op !== 'const') throw new Error('a list of registers that is not constant in a region');
  const { value } = list;
  return Array.from({ length: 32 }, (_, index) => index)
    .filter((index) => ((value >>> index) & 1) !== 0)
    .map((index) => ({ op: 'const', type: 'i32', value: index }));
}

function reads(node: Node, bank: string): boolean {
  return (node.op === 'read' && node.bank === bank) || operands(node).some((operand) => reads(operand, bank));
}

function visit(node: Node, each: (node: Node) => void): void {
  each(node);
  for (const operand of operands(node)) visit(operand, each);
}
