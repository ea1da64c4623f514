// From text to an instruction word: the disassembler's inverse, for tests and the debug shell. No labels, no directives but .word.
import { TsvmError } from '../../util/errors.ts';
import { type AssemblySyntax, operandsOf, parseSyntax, type SyntaxPiece } from './disassembler.ts';
import type { RawFields, Row } from './insn.ts';
import { extractField, type FieldSpec } from './pattern.ts';

/** One way to write a row. */
interface Form {
  readonly row: Row;
  readonly fixed: RawFields;
  readonly operands: ReturnType<typeof operandsOf>;
  readonly text: RegExp;
}

/** The word of a row whose fields have these values; fields not named are 0. Values beyond a field's width lose their high bits. */
export function encodeRow(row: Row, fields: RawFields): number {
  let word = row.pattern.match;
  for (const { name, lsb, width } of row.pattern.fields) {
    const mask = width === 32 ? -1 : (1 << width) - 1;
    word |= ((fields[name] ?? 0) & mask) << lsb;
  }
  return word >>> 0;
}

export class Assembler {
  private readonly syntax: AssemblySyntax;
  private readonly forms = new Map<string, Form[]>();

  constructor(rows: readonly Row[], syntax: AssemblySyntax) {
    this.syntax = syntax;
    for (const { of, when, mnemonic, syntax: text } of syntax.aliases)
      for (const row of rows) if (row.mnemonic === of) this.add(mnemonic, text, row, when);
    for (const row of rows) this.add(row.mnemonic, row.syntax, row, {});
  }

  /** The word of one instruction; `pc` is its address, needed for absolute branch targets. Throws TsvmError 'usage'. */
  assemble(text: string, pc?: number): number {
    const [, mnemonic = '', rest = ''] = /^\s*(\S+)\s*(.*?)\s*$/.exec(text) ?? [];
    if (mnemonic === '.word') return this.word(rest);
    const forms = this.forms.get(mnemonic);
    if (!forms) throw new TsvmError('usage', `no instruction "${mnemonic}"`);
    for (const form of forms) {
      const operands = this.operands(form, rest, pc);
      const fields = operands && solve(form, operands);
      if (fields) return encodeRow(form.row, fields);
    }
    throw new TsvmError('usage', `"${text.trim()}": operands do not fit ${mnemonic} ${forms.at(-1)!.row.syntax}`);
  }

  private add(mnemonic: string, syntax: string, row: Row, fixed: RawFields): void {
    const pieces = parseSyntax(syntax);
    const form = { row, fixed, operands: operandsOf(pieces), text: new RegExp(`^${expression(pieces)}$`) };
    const known = this.forms.get(mnemonic);
    if (known) known.push(form);
    else this.forms.set(mnemonic, [form]);
  }

  private word(text: string): number {
    const value = Number(text);
    if (text === '' || !Number.isInteger(value) || value < 0 || value > 0xffffffff)
      throw new TsvmError('usage', `.word wants a 32-bit number, not "${text}"`);
    return value;
  }

  /** Operand values by name (a field an operand repeats included), or undefined when the text has another form. */
  private operands(form: Form, text: string, pc: number | undefined): Record<string, number> | undefined {
    const match = form.text.exec(text);
    if (!match) return undefined;
    const values: Record<string, number> = { ...form.fixed };
    for (const [i, { name, repeatedIn }] of form.operands.entries()) {
      const part = match[i + 1];
      const value = part === undefined ? 0 : this.syntax.parse(name, part, form.row, pc);
      if (value === undefined) return undefined;
      values[name] = value;
      if (repeatedIn !== null) values[repeatedIn] = value;
    }
    return values;
  }
}

/** The syntax as a regular expression with one group per operand. */
function expression(pieces: readonly SyntaxPiece[]): string {
  return pieces
    .map((piece) => {
      if (piece.kind === 'optional') return `(?:${expression(piece.pieces)})?`;
      if (piece.kind === 'operand') return '([^\\s,()]+)';
      return piece.text
        .trim()
        .replace(/[.*+?^${}()|[\]\\]/g, '\\$&')
        .replace(/\s*([,(])\s*|\s*(\\[()])\s*/g, '\\s*$1$2\\s*');
    })
    .join('');
}

/** Find fields that give these operands; fields that no operand names are searched for, as far as derived operands depend on them. */
function solve({ row, fixed }: Form, operands: RawFields): RawFields | undefined {
  const fields: Record<string, number> = { ...fixed };
  const unknown: FieldSpec[] = [];
  for (const field of row.pattern.fields) {
    const value = operands[field.name];
    if (value === undefined) unknown.push(field);
    else if (extractField(field, (value << field.lsb) >>> 0) !== value) return undefined;
    else fields[field.name] = value;
  }
  const derived = Object.keys(operands).filter((name) => Object.hasOwn(row.derive, name));
  const fits = (): boolean => derived.every((name) => row.derive[name]!(fields) === operands[name]);
  const search = (rest: readonly FieldSpec[]): boolean => {
    const [field, ...others] = rest;
    if (!field) return fits();
    for (let bits = 0; bits < 2 ** field.width; bits++) {
      fields[field.name] = extractField(field, (bits << field.lsb) >>> 0);
      if (search(others)) return true;
    }
    return false;
  };
  return search(unknown) ? fields : undefined;
}
