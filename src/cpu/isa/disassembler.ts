// From an instruction word to text, through the syntax strings of the rows. What a register or an address looks like is the
// architecture's (arch/x/debug.ts).
//
// A syntax string holds operands in braces, `{rd}`; `[...]` is left out when all its operands are 0; `{rd=rt}` is operand rd, which field
// rt repeats.
import { hex } from '../../util/bits.ts';
import { Decoders } from './decoder.ts';
import { type RawFields, type Row, rawFields } from './insn.ts';

/** Another way to write a row whose fields have these values (MIPS NOP is SLL $0, $0, 0). */
export interface Alias {
  readonly of: string;
  readonly when: RawFields;
  readonly mnemonic: string;
  readonly syntax: string;
}

/** How an architecture writes instructions. */
export interface AssemblySyntax {
  /** More specific ones first. */
  readonly aliases: readonly Alias[];
  /** Text of an operand; `pc` is the address of the instruction, when known. */
  print(operand: string, value: number, row: Row, pc: number | undefined): string;
  /** The operand's value, or undefined when the text is none. */
  parse(operand: string, text: string, row: Row, pc: number | undefined): number | undefined;
  /** The whole text of an instruction, where syntax strings alone do not say it; `block`: the state of the block that it stands in, or 0. */
  text?(row: Row, word: number, pc: number | undefined, block: number): string;
}

/** One piece of a parsed syntax string. */
export type SyntaxPiece =
  | { readonly kind: 'text'; readonly text: string }
  /** `repeatedIn` is a field that holds the same value again. */
  | { readonly kind: 'operand'; readonly name: string; readonly repeatedIn: string | null }
  | { readonly kind: 'optional'; readonly pieces: readonly SyntaxPiece[] };

/** Parse a syntax string; throws on a brace or bracket without its partner. */
export function parseSyntax(syntax: string): readonly SyntaxPiece[] {
  const tokens = syntax.match(/\{\w+(?:=\w+)?\}|[[\]]|[^[\]{}]+/g) ?? [];
  if (tokens.join('') !== syntax) throw new Error(`syntax "${syntax}" has a stray brace`);
  let at = 0;
  const list = (inside: boolean): SyntaxPiece[] => {
    const pieces: SyntaxPiece[] = [];
    while (at < tokens.length) {
      const token = tokens[at++]!;
      if (token === ']' && inside) return pieces;
      if (token === ']') throw new Error(`syntax "${syntax}" has a stray bracket`);
      if (token === '[') pieces.push({ kind: 'optional', pieces: list(true) });
      else if (token.startsWith('{')) {
        const [name, repeatedIn = null] = token.slice(1, -1).split('=');
        pieces.push({ kind: 'operand', name: name!, repeatedIn });
      } else pieces.push({ kind: 'text', text: token });
    }
    if (inside) throw new Error(`syntax "${syntax}" has a stray bracket`);
    return pieces;
  };
  return list(false);
}

/** Names of the operands of a syntax, in order. */
export function operandsOf(pieces: readonly SyntaxPiece[]): readonly Extract<SyntaxPiece, { kind: 'operand' }>[] {
  return pieces.flatMap((piece) => {
    if (piece.kind === 'optional') return operandsOf(piece.pieces);
    return piece.kind === 'operand' ? [piece] : [];
  });
}

export class Disassembler {
  private readonly decoders: Decoders;
  private readonly syntax: AssemblySyntax;
  private readonly interworking: boolean;
  private readonly parsed = new Map<string, readonly SyntaxPiece[]>();

  constructor(rows: readonly Row[], syntax: AssemblySyntax) {
    this.interworking = rows.some(({ set = 0 }) => set === 1);
    this.decoders = new Decoders(rows, this.interworking);
    this.syntax = syntax;
  }

  /**
   * Text of a word; without a `pc`, branch targets are relative. With bit 0 of the pc set where there are two instruction sets, of one halfword, or two,
   * the first above the second. A word no row matches is `.word 0x...`.
   */
  disassemble(word: number, pc?: number, block = 0): string {
    const row = this.decode(word, pc);
    if (!row) return `.word ${hex(word)}`;
    if (this.syntax.text) return this.syntax.text(row, word, pc, block);
    const values = rawFields(row, word);
    const alias = this.syntax.aliases.find(
      ({ of, when }) => of === row.mnemonic && Object.entries(when).every(([name, value]) => values[name] === value),
    );
    const { mnemonic, syntax } = alias ?? row;
    const operands = this.print(this.pieces(syntax), values, row, pc);
    return operands === '' ? mnemonic : `${mnemonic} ${operands}`;
  }

  private decode(word: number, pc = 0): Row | undefined {
    if (!this.interworking || (pc & 1) === 0) return this.decoders.words.decode(word);
    return this.decoders.decodeHalfwords(word, word >>> 16 === 0 ? 2 : 4);
  }

  private print(pieces: readonly SyntaxPiece[], values: RawFields, row: Row, pc: number | undefined): string {
    return pieces
      .map((piece) => {
        if (piece.kind === 'text') return piece.text;
        if (piece.kind === 'operand') return this.syntax.print(piece.name, values[piece.name]!, row, pc);
        const allZero = operandsOf([piece]).every(({ name }) => values[name] === 0);
        return allZero ? '' : this.print(piece.pieces, values, row, pc);
      })
      .join('');
  }

  private pieces(syntax: string): readonly SyntaxPiece[] {
    const known = this.parsed.get(syntax) ?? parseSyntax(syntax);
    this.parsed.set(syntax, known);
    return known;
  }
}
