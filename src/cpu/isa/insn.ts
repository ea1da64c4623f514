// Instruction rows: mnemonic, bit pattern, syntax, semantics. Everything else (decoder, disassembler, assembler, engines, random
// programs) derives from rows.
import type { Operand } from '../emit/values.ts';
import { extractField, type FieldsOf, type ParsedPattern, parsePattern } from './pattern.ts';

/** Field values of one instruction word, as plain numbers. */
export type RawFields = Readonly<Record<string, number>>;

/** Operands computed from fields at decode time; semantics see them as opaque operands. */
export type Derive = Readonly<Record<string, (raw: RawFields) => number>>;

export interface Row {
  readonly mnemonic: string;
  /** Operands in assembler syntax: `{field}` stands for a field or derived operand. */
  readonly syntax: string;
  readonly patternText: string;
  readonly pattern: ParsedPattern;
  readonly derive: Derive;
  /** Rare rows live in functions of their own, outside the interpreter's main switch. */
  readonly hot: boolean;
  /** Build the semantics. Typed per row by `insnFor`; erased here. */
  build(emitter: object, fields: Readonly<Record<string, Operand | number>>): void;
  /** Which instruction set, where an architecture has several (its number); 0 when left out. */
  readonly set?: number;
  /** Derived operands that are 16 unsigned bits. Where there are such, fields that are no wider are kept as that too. */
  readonly short?: readonly string[];
  /** Rows that execute this one's words, each in some cases. */
  readonly variants?: RowVariants;
  /** Its record is right only inside of a block that an instruction before it has begun. */
  readonly inside?: boolean;
}

/** A row's forms for execution, of the same pattern and operands. */
export interface RowVariants {
  readonly rows: readonly Row[];
  /** Which of them executes a word with these field values. `block` is not 0 inside of a block that an earlier instruction has begun. */
  pick(raw: RawFields, block: number): Row;
}

export interface RowOptions<Name extends string = string> {
  readonly derive?: Readonly<Record<Name, (raw: RawFields) => number>>;
  readonly hot?: boolean;
}

/** The `insn` function of one architecture, whose semantics speak to emitter `E`. */
export function insnFor<E extends object>() {
  return function insn<const Pattern extends string, Name extends string = never>(
    mnemonic: string,
    pattern: Pattern,
    syntax: string,
    semantics: (e: E, fields: FieldsOf<Pattern, Operand> & { readonly [Key in Name]: Operand }) => void,
    options: RowOptions<Name> = {},
  ): Row {
    return {
      mnemonic,
      syntax,
      patternText: pattern,
      pattern: parsePattern(pattern),
      derive: options.derive ?? {},
      hot: options.hot ?? false,
      build: (emitter, fields) => semantics(emitter as E, fields as Parameters<typeof semantics>[1]),
    };
  };
}

/** All field values of a word under a row, derived operands included. */
export function rawFields(row: Row, word: number): RawFields {
  const raw: Record<string, number> = {};
  for (const field of row.pattern.fields) raw[field.name] = extractField(field, word);
  for (const [name, derive] of Object.entries(row.derive)) raw[name] = derive(raw);
  return raw;
}
