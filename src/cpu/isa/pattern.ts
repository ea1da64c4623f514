// Bit patterns of instruction rows, such as '000000 rs:5 rt:5 rd:5 00000 100001'. A field is `name:width`, `name:sWIDTH`
// (signed) or `name:width!` (steers the shape of the semantics); `.` is a bit that decoding ignores.

export interface FieldSpec {
  readonly name: string;
  readonly lsb: number;
  readonly width: number;
  readonly signed: boolean;
  /** The row is specialised for every value of this field; semantics see a plain number. */
  readonly steers: boolean;
}

export interface ParsedPattern {
  /** Bits that are fixed. */
  readonly mask: number;
  /** Their values. */
  readonly match: number;
  readonly fields: readonly FieldSpec[];
  /** 32 or 16. */
  readonly width: number;
}

/** Operand fields (opaque) and steering fields (numbers) of a pattern, at the type level. */
type FieldOf<Token extends string, Operand> = Token extends `${infer Name}:${infer Width}`
  ? Width extends `${string}!`
    ? { readonly [Key in Name]: number }
    : { readonly [Key in Name]: Operand }
  : unknown;

export type FieldsOf<Pattern extends string, Operand> = Pattern extends `${infer Head} ${infer Rest}`
  ? FieldOf<Head, Operand> & FieldsOf<Rest, Operand>
  : FieldOf<Pattern, Operand>;

/** Parse a pattern; throws when it does not cover 16 or 32 bits. */
export function parsePattern(pattern: string): ParsedPattern {
  const tokens = pattern.trim().split(/\s+/);
  const widthOf = (token: string): number => {
    const field = /^\w+:s?(\d+)!?$/.exec(token);
    return field ? Number(field[1]) : token.length;
  };
  const width = tokens.reduce((sum, token) => sum + widthOf(token), 0);
  if (width !== 32 && width !== 16) throw new Error(`pattern "${pattern}" has ${width} bits`);
  let mask = 0;
  let match = 0;
  let bit = width;
  const fields: FieldSpec[] = [];
  for (const token of tokens) {
    const field = /^(\w+):(s?)(\d+)(!?)$/.exec(token);
    if (field) {
      bit -= Number(field[3]);
      fields.push({
        name: field[1]!,
        lsb: bit,
        width: Number(field[3]),
        signed: field[2] === 's',
        steers: field[4] === '!',
      });
      continue;
    }
    for (const char of token) {
      bit--;
      if (char === '.') continue;
      if (char !== '0' && char !== '1') throw new Error(`pattern "${pattern}": "${token}" is neither bits nor a field`);
      mask |= 1 << bit;
      if (char === '1') match |= 1 << bit;
    }
  }
  return { mask: mask >>> 0, match: match >>> 0, fields, width };
}

/** The value of a field in an instruction word. */
export function extractField(field: FieldSpec, word: number): number {
  const up = 32 - field.lsb - field.width;
  return field.signed ? (word << up) >> (32 - field.width) : (word << up) >>> (32 - field.width);
}
