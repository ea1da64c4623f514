// Rows by what they do, for programs that want one of a kind; and random operands for them. The kinds come from the rows' own semantics.
import { mips32 } from '../../../src/arch/mips/index.ts';
import { forEachStatement } from '../../../src/cpu/emit/tree.ts';
import { buildStatements } from '../../../src/cpu/exec/handlers.ts';
import { STATE_BASE } from '../../../src/cpu/exec/layout.ts';
import { encodeRow } from '../../../src/cpu/isa/assembler.ts';
import type { Row } from '../../../src/cpu/isa/insn.ts';
import { layOutBanks } from '../../../src/cpu/isa/register-file.ts';
import type { Random } from '../oracle/random.ts';
import type { Endianness } from './programs.ts';

/** What a row is for. `trap`: raises exceptions or may; `system`: coprocessor 0; `float`: coprocessor 1. */
export type RowKind = 'plain' | 'float' | 'load' | 'store' | 'branch' | 'system' | 'trap';

/** CP0 registers as rd * 8 + sel that random MTC0 writes and random MFC0 reads. */
const CP0_REGISTERS = [
  0, 8, 16, 24, 32, 34, 48, 56, 64, 72, 80, 88, 96, 97, 98, 104, 112, 120, 121, 128, 129, 131, 136, 208, 240, 250,
] as const;

/** Which registers operands come from. */
export interface OperandRegisters {
  readonly results: readonly number[];
  readonly sources: readonly number[];
  /** Bases of accesses: the likelier ones more than once. */
  readonly bases: readonly number[];
}

const KINDS: readonly RowKind[] = ['plain', 'float', 'load', 'store', 'branch', 'system', 'trap'];

/** COP1, COP1X, loads and stores of coprocessor 1, and MOVF and MOVT. */
const FLOATING_POINT = /^(0100(01|11)|11[01][01]01|000000.*000001$)/;

function kindOf(row: Row, endianness: Endianness): RowKind {
  const architecture = mips32(endianness);
  const { banks } = layOutBanks(architecture.banks, STATE_BASE);
  const steering = Object.fromEntries(row.pattern.fields.filter((f) => f.steers).map((f) => [f.name, 0]));
  const statements = buildStatements(architecture, banks, row, steering);
  const kinds = new Set<string>();
  forEachStatement(statements, ({ kind }) => kinds.add(kind));
  if (kinds.has('branch')) return 'branch';
  if (row.patternText.startsWith('010000')) return 'system';
  if (FLOATING_POINT.test(row.patternText)) return 'float';
  if (kinds.has('load')) return 'load';
  if (kinds.has('store')) return 'store';
  if (kinds.has('helper') || statements.some(({ kind }) => kind === 'trap') || /^t(ge|lt|eq|ne)/.test(row.mnemonic))
    return 'trap';
  return 'plain';
}

export class RowPicker {
  private readonly byMnemonic = new Map<string, Row>();
  private readonly byKind = new Map<RowKind, Row[]>(KINDS.map((kind) => [kind, []]));

  constructor(endianness: Endianness) {
    for (const row of mips32(endianness).rows) {
      if (!this.byMnemonic.has(row.mnemonic)) this.byMnemonic.set(row.mnemonic, row);
      this.byKind.get(kindOf(row, endianness))!.push(row);
    }
  }

  /** The first row of this mnemonic. */
  named(mnemonic: string): Row {
    const row = this.byMnemonic.get(mnemonic);
    if (!row) throw new Error(`no row ${mnemonic}`);
    return row;
  }

  /** A random instruction of a kind; branches go anywhere near. */
  word(kind: RowKind, random: Random, registers: OperandRegisters): number {
    const row = random.pick(this.byKind.get(kind)!);
    const fields: Record<string, number> = {};
    for (const field of row.pattern.fields)
      fields[field.name] = operand(row, field.name, field.width, random, registers);
    if (row.mnemonic === 'mfc0' || row.mnemonic === 'mtc0') {
      const register = random.pick(CP0_REGISTERS);
      fields.rd = register >> 3;
      fields.sel = register & 7;
    }
    // JALR with rd = rs restarts wrongly, so the architecture makes it UNPREDICTABLE.
    if (row.mnemonic === 'jalr' && fields.rd === fields.rs) fields.rd = (fields.rd! + 1) & 31;
    if (row.mnemonic === 'hypcall') fields.code = 0;
    return encodeRow(row, fields);
  }
}

function operand(row: Row, name: string, width: number, random: Random, registers: OperandRegisters): number {
  const anyRegister = (): number => random.below(32);
  if (name === 'base') return random.chance(99) ? random.pick(registers.bases) : anyRegister();
  if (name === 'rd' || (name === 'rt' && /^\[?\{rt\}/.test(row.syntax)))
    return random.chance(99) ? random.pick(registers.results) : anyRegister();
  if (name === 'rs' || name === 'rt') return random.chance(90) ? random.pick(registers.sources) : anyRegister();
  if (name === 'offset') {
    if (Object.hasOwn(row.derive, 'target')) return random.below(12) - 3;
    const offset = random.below(256) - 128;
    return random.chance(95) ? offset & ~7 : offset;
  }
  return random.word() & ((1 << width) - 1);
}

const pickers = new Map<Endianness, RowPicker>();

/** The rows of a byte order, sorted once. */
export function rowPicker(endianness: Endianness): RowPicker {
  let picker = pickers.get(endianness);
  if (!picker) {
    picker = new RowPicker(endianness);
    pickers.set(endianness, picker);
  }
  return picker;
}
