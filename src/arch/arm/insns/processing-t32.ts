// table: data processing of T32, 32-bit encodings (ARM DDI 0406C: A6.3.1, A6.3.3, A6.3.11, A6.3.12).
import type { Operand } from '../../../cpu/emit/values.ts';
import type { RawFields, Row } from '../../../cpu/isa/insn.ts';
import type { ArmEmitter } from '../emitter.ts';
import { OPERATION, type Operation, ORN, operate } from '../semantics/processing.ts';
import {
  immediateShift,
  plain,
  registerShift,
  SHIFT,
  type Shifted,
  shifted,
  shiftedBy,
  shiftedValue,
  thumbImmediate,
  thumbImmediateCarry,
  UNCHANGED,
} from '../semantics/shifter.ts';
import { MEDIA_T32_ROWS } from './media-t32.ts';
import { MULTIPLY_T32_ROWS } from './multiply-t32.ts';
import { NARROW_ROWS } from './narrow-t32.ts';
import { t32 } from './row.ts';

const { AND, EOR, SUB, RSB, ADD, ADC, SBC, TST, TEQ, CMP, CMN, ORR, MOV, BIC, MVN } = OPERATION;
const OPERATIONS: readonly Operation[] = [
  AND,
  BIC,
  ORR,
  ORN,
  EOR,
  ADD,
  ADC,
  SBC,
  SUB,
  RSB,
  TST,
  TEQ,
  CMP,
  CMN,
  MOV,
  MVN,
];

/** Operands that these rows may have. */
type Fields = Readonly<Record<'rd' | 'rn' | 'rm' | 'imm' | 'carry' | 'shift' | 'by', Operand>>;

/** A second operand: the fixed bits before the opcode, those around the registers, its text, and its value. */
interface Form {
  readonly major: string;
  readonly before: string;
  readonly after: string;
  readonly syntax: string;
  readonly derive: Readonly<Record<string, (raw: RawFields) => number>>;
  second(e: ArmEmitter, fields: Fields): Shifted;
  /** MOV by this is an instruction of another name. */
  readonly move?: string;
}

const imm12 = ({ i, imm3, imm8 }: RawFields): number => (i! << 11) | (imm3! << 8) | imm8!;
const imm5 = ({ imm3, imm2 }: RawFields): number => (imm3! << 2) | imm2!;
const bits = (value: number, width: number): string => value.toString(2).padStart(width, '0');

const IMMEDIATE: Form = {
  major: '11110 i:1 0',
  before: '0 imm3:3',
  after: 'imm8:8',
  syntax: '#{imm}',
  derive: { imm: (raw) => thumbImmediate(imm12(raw)) },
  second: (e, f) => plain(e.imm(f.imm)),
};
const IMMEDIATE_WITH_CARRY: Form = {
  ...IMMEDIATE,
  derive: { ...IMMEDIATE.derive, carry: (raw) => thumbImmediateCarry(imm12(raw)) },
  second(e, { imm, carry }) {
    const known = e.imm(carry);
    return { value: e.imm(imm), carry: e.select(e.eq(known, e.const(UNCHANGED)), e.flag('C'), known) };
  },
};
const SHIFTED: Form = {
  major: '11101 01',
  before: '0 imm3:3',
  after: 'imm2:2 type:2 rm:4',
  syntax: '{rm}{shift}',
  derive: { shift: (raw) => immediateShift(raw.type!, imm5(raw)), amount: imm5 },
  second: (e, f) => shifted(e, e.reg(f.rm), e.imm(f.shift)),
};
const PLAIN: Form = {
  ...SHIFTED,
  before: '0 000',
  after: '00 00 rm:4',
  syntax: '{rm}',
  derive: {},
  second: (e, f) => plain(e.reg(f.rm)),
};

/** Derived operands of 16 bits. */
const SHORT = ['carry', 'by', 'shift'];

const TYPES = ['LSL', 'LSR', 'ASR', 'ROR'] as const;
type TypeName = (typeof TYPES)[number];

/** LSR and ASR by 0 are by 32. */
function shownAmount(type: number): (raw: RawFields) => number {
  return (raw) => imm5(raw) || (type === SHIFT.LSL ? 0 : 32);
}

/** A shift of one type by an immediate. */
function shiftOf(name: TypeName): Form {
  const type = SHIFT[name];
  return {
    ...SHIFTED,
    after: `imm2:2 ${bits(type, 2)} rm:4`,
    syntax: name === 'LSL' ? '{rm}<, lsl #{amount}>' : `{rm}, ${name.toLowerCase()} #{amount}`,
    derive: { shift: (raw) => immediateShift(type, imm5(raw)), amount: shownAmount(type) },
    move: name.toLowerCase(),
  };
}
/** The same for its value: LSR and ROR by no 0. */
function justValueOf(name: TypeName): Form {
  const type = SHIFT[name];
  return {
    ...shiftOf(name),
    derive: { by: (raw) => (type === SHIFT.ASR ? imm5(raw) || 31 : imm5(raw)), amount: shownAmount(type) },
    second: (e, f) => plain(shiftedValue(e, e.reg(f.rm), type, e.imm(f.by))),
  };
}
/** An immediate of 0: a shift by 32, or RRX. */
function zeroOf(name: TypeName): Form {
  return {
    ...shiftOf(name),
    before: '0 000',
    after: `00 ${bits(SHIFT[name], 2)} rm:4`,
    derive: { shift: () => immediateShift(SHIFT[name], 0) },
    syntax: name === 'ROR' ? '{rm}, rrx' : `{rm}, ${name.toLowerCase()} #32`,
  };
}

const HOT_SHIFTS = new Map<Operation, readonly TypeName[]>([
  [MOV, TYPES],
  [ADD, ['LSL']],
  [ORR, ['LSL']],
  [SUB, ['LSL']],
]);
const HOT_IMMEDIATE: ReadonlySet<Operation> = new Set([AND, BIC, ORR, EOR, ADD, SUB, RSB, MOV, CMP, TST]);
const HOT_PLAIN: ReadonlySet<Operation> = new Set([AND, EOR, BIC, CMP]);

interface Choice {
  readonly form: Form;
  readonly hot: boolean;
}

/** The forms of an operation's second operand. */
function formsOf(operation: Operation, flags: boolean): readonly Choice[] {
  const usual = flags === (operation.shape === 'compare');
  const immediate = flags && operation.sum === null ? IMMEDIATE_WITH_CARRY : IMMEDIATE;
  const hotSum = flags && (operation === ADD || operation === SUB);
  const forms: Choice[] = [{ form: immediate, hot: (usual && HOT_IMMEDIATE.has(operation)) || hotSum }];
  // No form may meet a more specific row of an operation whose registers are R15, such as ORR's LSR by 32 would MOV's LSR.
  if (operation === MOV || (usual && HOT_PLAIN.has(operation))) forms.push({ form: PLAIN, hot: operation !== MOV });
  const types = flags ? [] : (HOT_SHIFTS.get(operation) ?? []);
  for (const name of types) {
    forms.push({ form: justValueOf(name), hot: true });
    if (name === 'LSR' || name === 'ROR') forms.push({ form: zeroOf(name), hot: false });
  }
  if (operation !== MOV) forms.push({ form: SHIFTED, hot: false });
  else if (flags) {
    for (const name of TYPES) forms.push({ form: shiftOf(name), hot: false });
    forms.push({ form: zeroOf('ROR'), hot: false });
  }
  return forms;
}

type Shape = Operation['shape'];
const OPERANDS: Readonly<Record<Shape, string>> = { two: '{rd}, {rn}, ', compare: '{rn}, ', move: '{rd}, ' };

function row(operation: Operation, flags: boolean, { form, hot }: Choice): Row {
  const { shape } = operation;
  const moved = operation === MOV && form.move !== undefined;
  const isRrx = form.syntax.endsWith('rrx');
  const name = moved ? (isRrx ? 'rrx' : form.move!) : operation.name;
  const syntax = moved ? form.syntax.replace(`${form.move} #`, '#').replace(', rrx', '') : form.syntax;
  const rn = shape === 'move' ? '1111' : 'rn:4';
  const rd = shape === 'compare' ? '1111' : 'rd:4';
  const opcode = bits(operation.t32!, 4);
  return t32(
    flags && shape !== 'compare' ? `${name}s` : name,
    `${form.major} ${opcode} ${flags ? 1 : 0} ${rn} ${form.before} ${rd} ${form.after}`,
    OPERANDS[shape] + syntax,
    (e: ArmEmitter, fields: object) => {
      const f = fields as Fields;
      const second = form.second(e, f);
      const first = shape === 'move' ? second.value : e.reg(f.rn);
      operate(e, operation, flags, shape === 'compare' ? null : f.rd, first, second);
    },
    { derive: form.derive, short: SHORT, hot },
  );
}

const OPERATION_ROWS: readonly Row[] = OPERATIONS.flatMap((operation) => {
  const ways = operation.shape === 'compare' ? [true] : [false, true];
  return ways.flatMap((flags) => formsOf(operation, flags).map((choice) => row(operation, flags, choice)));
});

/** LSL, LSR, ASR and ROR by a register. */
const REGISTER_SHIFTS: readonly Row[] = TYPES.flatMap((name) =>
  [false, true].map((flags) =>
    t32(
      `${name.toLowerCase()}${flags ? 's' : ''}`,
      `1111 1010 0${bits(SHIFT[name], 2) as '00'}${flags ? '1' : '0'} rn:4 1111 rd:4 0000 rm:4`,
      '{rd}, {rn}, {rm}',
      (e, { rd, rn, rm }) => {
        const shift = registerShift(e, e.const(SHIFT[name]), e.reg(rm));
        const second = shiftedBy(e, e.reg(rn), shift);
        operate(e, MOV, flags, rd, second.value, second);
      },
    ),
  ),
);

const plainImmediate = { imm: imm12 };
const imm16 = { imm: (raw: RawFields): number => (raw.imm4! << 12) | imm12(raw) };

export const PROCESSING_T32_ROWS: readonly Row[] = [
  ...NARROW_ROWS,
  ...OPERATION_ROWS,
  ...REGISTER_SHIFTS,
  t32(
    'addw',
    '11110 i:1 100000 rn:4 0 imm3:3 rd:4 imm8:8',
    '{rd}, {rn}, #{imm}',
    (e, { rd, rn, imm }) => e.setReg(rd, e.add(e.reg(rn), e.imm(imm))),
    { derive: plainImmediate, short: ['imm'], hot: true },
  ),
  t32(
    'subw',
    '11110 i:1 101010 rn:4 0 imm3:3 rd:4 imm8:8',
    '{rd}, {rn}, #{imm}',
    (e, { rd, rn, imm }) => e.setReg(rd, e.sub(e.reg(rn), e.imm(imm))),
    { derive: plainImmediate, short: ['imm'] },
  ),
  t32(
    'adr.w',
    '11110 i:1 100000 1111 0 imm3:3 rd:4 imm8:8',
    '{rd}, #{imm}',
    (e, { rd, imm }) => e.setReg(rd, e.add(e.alignedPc(), e.imm(imm))),
    { derive: plainImmediate, short: ['imm'] },
  ),
  t32(
    'adr.w',
    '11110 i:1 101010 1111 0 imm3:3 rd:4 imm8:8',
    '{rd}, #-{imm}',
    (e, { rd, imm }) => e.setReg(rd, e.sub(e.alignedPc(), e.imm(imm))),
    { derive: plainImmediate, short: ['imm'] },
  ),
  t32(
    'movw',
    '11110 i:1 100100 imm4:4 0 imm3:3 rd:4 imm8:8',
    '{rd}, #{imm}',
    (e, { rd, imm }) => e.setReg(rd, e.imm(imm)),
    { derive: imm16, short: ['imm'], hot: true },
  ),
  t32(
    'movt',
    '11110 i:1 101100 imm4:4 0 imm3:3 rd:4 imm8:8',
    '{rd}, #{imm}',
    (e, { rd, imm }) => e.setReg(rd, e.or(e.and(e.reg(rd), e.const(0xffff)), e.shl(e.imm(imm), e.const(16)))),
    { derive: imm16, short: ['imm'], hot: true },
  ),
  ...MULTIPLY_T32_ROWS,
  ...MEDIA_T32_ROWS,
];
