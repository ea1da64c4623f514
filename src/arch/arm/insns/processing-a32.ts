// table: data processing of A32 (ARM DDI 0406C: A5.2, A8.8).
import type { I32, Node, Operand } from '../../../cpu/emit/values.ts';
import type { RawFields, Row, RowVariants } from '../../../cpu/isa/insn.ts';
import type { ArmEmitter } from '../emitter.ts';
import { OPERATION, type Operation, operate, returnBy } from '../semantics/processing.ts';
import {
  armImmediate,
  immediateShift,
  plain,
  registerShift,
  SHIFT,
  type Shifted,
  shifted,
  shiftedBy,
  shiftedValue,
} from '../semantics/shifter.ts';
import { MEDIA_A32_ROWS } from './media-a32.ts';
import { MULTIPLY_A32_ROWS } from './multiply-a32.ts';
import { a32 } from './row.ts';

const { AND, EOR, SUB, RSB, ADD, ADC, TST, CMP, ORR, MOV, BIC, MVN } = OPERATION;

/** Operands that these rows may have. */
type Fields = Readonly<Record<'rd' | 'rn' | 'rm' | 'rs' | 'type' | 'imm' | 'imm12' | 'by' | 'shift', Operand>>;

/** A second operand: bits 25 and 11:0, its text, and its value. */
interface Form {
  readonly immediate: 0 | 1;
  readonly pattern: string;
  readonly syntax: string;
  readonly derive: Readonly<Record<string, (raw: RawFields) => number>>;
  second(e: ArmEmitter, fields: Fields): Shifted;
  /** MOV by this is an instruction of another name. */
  readonly move?: string;
  /** By an amount in a register: R15 is UNPREDICTABLE everywhere, and there is no exception return. */
  readonly byRegister?: boolean;
}

const imm = ({ imm12 }: RawFields): number => armImmediate(imm12!);

/** An immediate where the carry does not matter. */
const IMMEDIATE: Form = {
  immediate: 1,
  pattern: 'imm12:12',
  syntax: '#{imm}',
  derive: { imm },
  second: (e, f) => plain(e.imm(f.imm)),
};
/** The carry is bit 31, unless the rotation is 0. */
const ROTATED: Form = {
  ...IMMEDIATE,
  second(e, { imm12 }) {
    const rotation = e.shrU(e.imm(imm12), e.const(8));
    const value = e.rotr(e.and(e.imm(imm12), e.const(0xff)), e.shl(rotation, e.const(1)));
    return { value, carry: e.select(rotation, e.shrU(value, e.const(31)), e.flag('C')) };
  },
};
const BYTE: Form = {
  immediate: 1,
  pattern: '0000 imm:8',
  syntax: '#{imm}',
  derive: {},
  second: (e, f) => plain(e.imm(f.imm)),
};
const PLAIN: Form = {
  immediate: 0,
  pattern: '00000 00 0 rm:4',
  syntax: '{rm}',
  derive: {},
  second: (e, f) => plain(e.reg(f.rm)),
};
const SHIFTED: Form = {
  immediate: 0,
  pattern: 'imm5:5 type:2 0 rm:4',
  syntax: '{rm}{shift}',
  derive: { shift: (raw) => immediateShift(raw.type!, raw.imm5!) },
  second: (e, f) => shifted(e, e.reg(f.rm), e.imm(f.shift)),
};
const BY_REGISTER: Form = {
  immediate: 0,
  byRegister: true,
  pattern: 'rs:4 0 type:2 1 rm:4',
  syntax: '{rm}, {shiftType} {rs}',
  derive: {},
  second: (e, f) => byRegister(e, f, e.imm(f.type)),
};

function byRegister(e: ArmEmitter, { rm, rs }: Fields, type: I32): Shifted {
  return shiftedBy(e, e.reg(rm), registerShift(e, type, e.reg(rs)));
}

/** Derived operands of 16 bits. */
const SHORT = ['by', 'shift'];

const TYPES = ['LSL', 'LSR', 'ASR', 'ROR'] as const;
type TypeName = (typeof TYPES)[number];
const bits = (value: number, width: number): string => value.toString(2).padStart(width, '0');

/** A shift of one type by an immediate, for its value: LSR and ROR by no 0. */
function shiftOf(name: TypeName): Form {
  const type = SHIFT[name];
  return {
    immediate: 0,
    pattern: `imm5:5 ${bits(type, 2)} 0 rm:4`,
    syntax: `{rm}, ${name.toLowerCase()} #{amount}`,
    derive: { by: ({ imm5 }) => (type === SHIFT.ASR && imm5 === 0 ? 31 : imm5!), amount: ({ imm5 }) => imm5! || 32 },
    second: (e, f) => plain(shiftedValue(e, e.reg(f.rm), type, e.imm(f.by))),
    move: name.toLowerCase(),
  };
}
/** An imm5 of 0: a shift by 32, or RRX. */
function zeroOf(name: TypeName): Form {
  const type = SHIFT[name];
  return {
    ...shiftOf(name),
    pattern: `00000 ${bits(type, 2)} 0 rm:4`,
    syntax: name === 'ROR' ? '{rm}, rrx' : `{rm}, ${name.toLowerCase()} #32`,
    derive: { shift: () => immediateShift(type, 0) },
    second: SHIFTED.second,
  };
}
/** With the carry too. */
function shiftWithCarryOf(name: TypeName): Form {
  return {
    ...shiftOf(name),
    derive: { amount: ({ imm5 }) => imm5! || 32, shift: ({ imm5 }) => immediateShift(SHIFT[name], imm5!) },
    second: SHIFTED.second,
  };
}

/** A shift of one type by a register. */
function byRegisterOf(name: TypeName): Form {
  const type = SHIFT[name];
  return {
    ...BY_REGISTER,
    pattern: `rs:4 0 ${bits(type, 2)} 1 rm:4`,
    syntax: '{rm}, {rs}',
    second: (e, f) => byRegister(e, f, e.const(type)),
    move: name.toLowerCase(),
  };
}

/** Shifts that compiled code has often. */
const HOT_SHIFTS = new Map<Operation, readonly TypeName[]>([
  [MOV, TYPES],
  [ADD, ['LSL', 'LSR', 'ASR']],
  [SUB, ['LSL', 'ASR']],
  [ORR, ['LSL', 'LSR']],
  [EOR, TYPES],
  [AND, ['LSR', 'ASR']],
  [RSB, ['LSL']],
]);
const HOT: ReadonlySet<Operation> = new Set([AND, EOR, SUB, RSB, ADD, ADC, ORR, MOV, BIC, MVN]);
const HOT_WITH_FLAGS: ReadonlySet<Operation> = new Set([ADD, SUB, AND, CMP, TST]);

interface Choice {
  readonly form: Form;
  readonly hot: boolean;
}

/** The forms of an operation's second operand. */
function formsOf(operation: Operation, flags: boolean): readonly Choice[] {
  const hot = (flags ? HOT_WITH_FLAGS : HOT).has(operation);
  const carries = flags && operation.sum === null;
  const forms: Choice[] = [
    { form: carries ? ROTATED : IMMEDIATE, hot: hot && !carries },
    { form: PLAIN, hot: hot || (flags && operation === ADC) },
  ];
  if (carries && hot) forms.push({ form: BYTE, hot: true });
  const types = flags ? [] : (HOT_SHIFTS.get(operation) ?? []);
  for (const name of types) {
    forms.push({ form: shiftOf(name), hot: true });
    if (name === 'LSR' || name === 'ROR') forms.push({ form: zeroOf(name), hot: false });
  }
  if (operation === MOV) {
    for (const name of TYPES) forms.push({ form: byRegisterOf(name), hot: false });
    if (!flags) return forms;
    for (const name of TYPES) forms.push({ form: shiftWithCarryOf(name), hot: false });
    forms.push({ form: zeroOf('ROR'), hot: false });
    return forms;
  }
  if (types.length < TYPES.length) forms.push({ form: SHIFTED, hot: false });
  forms.push({ form: BY_REGISTER, hot: false });
  return forms;
}

type Shape = Operation['shape'];
const REGISTERS: Readonly<Record<Shape, string>> = { two: 'rn:4 rd:4', compare: 'rn:4 0000', move: '0000 rd:4' };
const OPERANDS: Readonly<Record<Shape, string>> = { two: '{rd}, {rn}, ', compare: '{rn}, ', move: '{rd}, ' };

/** The name of an operation of this form, and its text: MOV of a shifted register is a shift. */
function nameOf(operation: Operation, form: Form, operands: string): { readonly name: string; readonly text: string } {
  if (operation !== MOV || form.move === undefined) return { name: operation.name, text: operands + form.syntax };
  const text = form.syntax.replace(`, ${form.move} #`, ', #').replace(', rrx', '');
  return { name: form.syntax.endsWith('rrx') ? 'rrx' : form.move, text: operands + text };
}

/** The first operand; a move has none, and its operation does not look at it. */
function first(e: ArmEmitter, { shape }: Operation, { rn }: Fields, second: Shifted): I32 {
  return shape === 'move' ? second.value : e.reg(rn);
}

function row(operation: Operation, flags: boolean, { form, hot }: Choice): Row {
  const { shape } = operation;
  const { name, text } = nameOf(operation, form, OPERANDS[shape]);
  const semantics = (e: ArmEmitter, fields: object): void => {
    const f = fields as Fields;
    const second = form.second(e, f);
    operate(e, operation, flags, shape === 'compare' ? null : f.rd, first(e, operation, f, second), second);
  };
  const mnemonic = flags && shape !== 'compare' ? `${name}s` : name;
  return a32(mnemonic, pattern(operation, flags, form), text, semantics, {
    derive: form.derive,
    short: SHORT,
    hot,
  });
}

function pattern({ a32, shape }: Operation, flags: boolean, form: Form): string {
  return `cond:4 00${form.immediate} ${bits(a32, 4)} ${flags ? 1 : 0} ${REGISTERS[shape]} ${form.pattern}`;
}

/** The row, but with Rd = R15 an exception return: of the same pattern, for none of its own would be more specific than all others. */
function withReturn(operation: Operation, row: Row, form: Form): Row {
  const returning = a32(
    row.mnemonic,
    row.patternText,
    row.syntax,
    (e: ArmEmitter, fields: object) => {
      const second = form.second(e, fields as Fields);
      returnBy(e, operation, first(e, operation, fields as Fields, second), second);
    },
    { derive: form.derive, short: SHORT },
  );
  const rows = row.variants?.rows ?? [row];
  const pick: RowVariants['pick'] = (raw, block) => {
    if (raw.rd === 15) return returning;
    return row.variants?.pick(raw, block) ?? row;
  };
  return {
    ...row,
    variants: { rows: [...rows, returning], pick },
    // With the operands of one word.
    build: (emitter, fields) => (isPc(fields.rd) ? returning : row).build(emitter, fields),
  };
}

function isPc(register: Operand | number | undefined): boolean {
  const node = register as unknown as Node;
  return node.op === 'const' && node.value === 15;
}

const OPERATION_ROWS: readonly Row[] = Object.values(OPERATION).flatMap((operation: Operation) => {
  const ways = operation.shape === 'compare' ? [true] : [false, true];
  return ways.flatMap((flags) => {
    const returns = flags && operation.shape !== 'compare';
    return formsOf(operation, flags).map((choice) => {
      const made = row(operation, flags, choice);
      return returns && !choice.form.byRegister ? withReturn(operation, made, choice.form) : made;
    });
  });
});

const imm16 = { imm: ({ imm4, imm12 }: RawFields): number => (imm4! << 12) | imm12! };

export const PROCESSING_A32_ROWS: readonly Row[] = [
  ...OPERATION_ROWS,
  a32('movw', 'cond:4 0011 0000 imm4:4 rd:4 imm12:12', '{rd}, #{imm}', (e, { rd, imm }) => e.setReg(rd, e.imm(imm)), {
    derive: imm16,
    short: ['imm'],
    hot: true,
  }),
  a32(
    'movt',
    'cond:4 0011 0100 imm4:4 rd:4 imm12:12',
    '{rd}, #{imm}',
    (e, { rd, imm }) => e.setReg(rd, e.or(e.and(e.reg(rd), e.const(0xffff)), e.shl(e.imm(imm), e.const(16)))),
    { derive: imm16, short: ['imm'], hot: true },
  ),
  ...MULTIPLY_A32_ROWS,
  ...MEDIA_A32_ROWS,
];
