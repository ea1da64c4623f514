// The row functions of A32 and T32, and the forms that rows are executed in (docs/adr/0020): A32 with the condition AL and without R15, or with any
// condition and operand; T32 outside of an IT block, or inside.
import type { Operand } from '../../../cpu/emit/values.ts';
import type { RawFields, Row, RowVariants } from '../../../cpu/isa/insn.ts';
import { type FieldsOf, parsePattern } from '../../../cpu/isa/pattern.ts';
import { ALWAYS, type ArmEmitter, arm } from '../emitter.ts';

type Fields = Readonly<Record<string, Operand | number>>;

export interface ArmRowOptions<Name extends string> {
  /** Operands computed when the instruction is decoded. */
  readonly derive?: Readonly<Record<Name, (raw: RawFields) => number>>;
  /** In the interpreter's main switch, in the form that is usual. */
  readonly hot?: boolean;
  /** Derived operands that are 16 unsigned bits: they take half the room. */
  readonly short?: readonly Name[];
  /** May a register operand be R15? In A32 it may unless this is false, in T32 only where it is true. */
  readonly pc?: boolean;
}

type Semantics<Pattern extends string, Name extends string> = (
  e: ArmEmitter,
  fields: FieldsOf<Pattern, Operand> & { readonly [Key in Name]: Operand },
) => void;

/** Values of N:Z:C:V for which each condition holds, as 16-bit sets. */
const CONDITION_SETS: readonly number[] = Array.from({ length: 16 }, (_, condition) => {
  let set = 0;
  for (let nzcv = 0; nzcv < 16; nzcv++) {
    const [n, z, c, v] = [(nzcv >> 3) & 1, (nzcv >> 2) & 1, (nzcv >> 1) & 1, nzcv & 1];
    const positive = [z === 1, c === 1, n === 1, v === 1, c === 1 && z === 0, n === v, n === v && z === 0, true];
    const holds = positive[condition >> 1]! !== ((condition & 1) === 1 && condition !== 15);
    if (holds) set |= 1 << nzcv;
  }
  return set;
});

/** Fields that are general registers: rd, rn, rm, rs, rt, rt2, ra, rdlo, rdhi. */
const isRegister = (name: string): boolean => /^r(d|n|m|s|t|t2|a|dlo|dhi)$/.test(name);

/**
 * A row of A32. A pattern that begins with `cond:4` is conditional; the semantics are those of a condition that holds. Registers named rd, rn, rm, rs,
 * rt, rt2, ra, rdlo or rdhi may be R15 (`e.reg`, `e.setReg`).
 */
export function a32<const Pattern extends string, Name extends string = never>(
  mnemonic: string,
  pattern: Pattern,
  syntax: string,
  semantics: Semantics<Pattern, Name>,
  options: ArmRowOptions<Name> = {},
): Row {
  const { derive = {}, hot = false } = options;
  const parsed = parsePattern(pattern);
  const conditional = pattern.startsWith('cond:4 ');
  const registers = parsed.fields.filter(({ name }) => isRegister(name)).map(({ name }) => name);
  const run = semantics as unknown as (e: ArmEmitter, fields: Fields) => void;
  const general = (emitter: object, fields: Fields): void => {
    const e = arm(emitter);
    e.begin({ set: 'a32', size: 4, pcOperand: options.pc !== false, inside: false });
    if (conditional) e.conditional(fields.cond!, fields.holds as Operand, () => run(e, fields));
    else run(e, fields);
  };
  const holds = { holds: (raw: RawFields) => CONDITION_SETS[raw.cond!]! };
  const row: Row = {
    mnemonic,
    syntax,
    patternText: pattern,
    pattern: parsed,
    derive: conditional ? { ...holds, ...derive } : derive,
    hot: hot && !conditional,
    set: 0,
    short: ['holds', ...(options.short ?? [])],
    build: general,
  };
  if (!hot || !conditional) return row;
  const usual: Row = {
    ...row,
    hot: true,
    build: (emitter, fields) => {
      const e = arm(emitter);
      e.begin({ set: 'a32', size: 4, pcOperand: false, inside: false });
      run(e, { ...fields, cond: ALWAYS });
    },
  };
  return withVariants(row, [usual, row], (raw) =>
    raw.cond === ALWAYS && registers.every((name) => raw[name] !== 15) ? usual : row,
  );
}

/** A row of T32, of 16 bits or, the first halfword above the second, of 32. In an IT block it is conditional without saying so. */
export function t32<const Pattern extends string, Name extends string = never>(
  mnemonic: string,
  pattern: Pattern,
  syntax: string,
  semantics: Semantics<Pattern, Name>,
  options: ArmRowOptions<Name> = {},
): Row {
  const { derive = {}, hot = false, pc = false } = options;
  const parsed = parsePattern(pattern);
  const size = parsed.width === 16 ? 2 : 4;
  const registers = parsed.fields.filter(({ name }) => isRegister(name)).map(({ name }) => name);
  const run = semantics as unknown as (e: ArmEmitter, fields: Fields) => void;
  const outside =
    (pcOperand: boolean) =>
    (emitter: object, fields: Fields): void => {
      const e = arm(emitter);
      e.begin({ set: 't32', size, pcOperand, inside: false });
      run(e, fields);
    };
  const row: Row = {
    mnemonic,
    syntax,
    patternText: pattern,
    pattern: parsed,
    derive,
    hot: hot && !pc,
    set: 1,
    short: options.short ?? [],
    build: outside(pc),
  };
  const inside: Row = {
    ...row,
    hot: false,
    inside: true,
    build: (emitter, fields) => {
      const e = arm(emitter);
      const { blockState } = fields;
      const last = typeof blockState === 'number' && (blockState & 7) === 0;
      e.begin({ set: 't32', size, pcOperand: pc, inside: true, last });
      // Where the block's state is known, its condition is too.
      if (typeof blockState === 'number') e.conditional(blockState >> 4, null, () => run(e, fields));
      else e.inBlock(() => run(e, fields));
    },
  };
  if (!hot || !pc) return withVariants(row, [row, inside], (_, block) => (block === 0 ? row : inside));
  const usual: Row = { ...row, hot: true, build: outside(false) };
  return withVariants(row, [usual, row, inside], (raw, block) => {
    if (block !== 0) return inside;
    return registers.every((name) => raw[name] !== 15) ? usual : row;
  });
}

function withVariants(row: Row, rows: readonly Row[], pick: RowVariants['pick']): Row {
  return { ...row, variants: { rows, pick } };
}
