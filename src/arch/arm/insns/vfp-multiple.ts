// table: loads and stores of several floating-point registers (ARM DDI 0406C: A7.6, VLDM, VSTM, VPUSH, VPOP, and the deprecated FLDMX and FSTMX).
import type { I32, Operand } from '../../../cpu/emit/values.ts';
import type { RawFields, Row } from '../../../cpu/isa/insn.ts';
import type { ArmEmitter } from '../emitter.ts';
import { requireVfp } from '../fp/access.ts';
import { PSR } from '../registers.ts';
import { a32 } from './row.ts';
import { isUnconditional, undefinedWhen, type When } from './variants.ts';
import { DOUBLES, SINGLES, vfp } from './vfp-row.ts';

type Size = '1010' | '1011';
/** FLDMX and FSTMX, whose count is odd, have no register in the last word. */
const wordsOf = (size: Size, imm8: number): number => (size === '1011' ? imm8 & ~1 : imm8);

/** The operand `span`: number of the first word register, words in memory (they move the base), and writeback. */
const SPAN = { WORDS_SHIFT: 8, BASE_WRITTEN: 1 << 16 } as const;
const spanOf =
  (size: Size) =>
  (raw: RawFields): number => {
    const first = size === '1010' ? SINGLES.sd(raw) : 2 * DOUBLES.dd(raw);
    return first | (raw.imm8! << SPAN.WORDS_SHIFT) | (raw.w === 0 ? 0 : SPAN.BASE_WRITTEN);
  };

/** No register, registers beyond the last, more than 16 doublewords; R15 as a base that is written, or in T32. */
const refuse =
  (size: Size): When =>
  (raw) => {
    const words = wordsOf(size, raw.imm8!);
    const first = spanOf(size)(raw) & 0xff;
    return words === 0 || words > 32 || first + words > (size === '1010' ? 32 : 64) || raw.rn === 15;
  };

type Direction = 'load' | 'store';

/** Transfer the registers of a span. */
function transfer(e: ArmEmitter, direction: Direction, size: Size, span: I32, address: I32): void {
  const first = e.and(span, e.const(0xff));
  const inMemory = e.and(e.shrU(span, e.const(SPAN.WORDS_SHIFT)), e.const(0xff));
  const words = size === '1011' ? e.and(inMemory, e.const(~1)) : inMemory;
  const list = e.shrU(e.const(-1), e.sub(e.const(32), words));
  const swapped = size === '1011' ? e.isSet(e.cpsr(), PSR.E) : e.const(0);
  if (direction === 'load') {
    e.loadStage(list, address);
    e.call('fpFromStage', first, words, swapped);
  } else {
    e.call('fpToStage', first, words, swapped);
    e.storeStage(list, address);
  }
}

const bytesOf = (e: ArmEmitter, span: I32): I32 => e.and(e.shrU(span, e.const(SPAN.WORDS_SHIFT - 2)), e.const(0x3fc));

const NAMES: Readonly<Record<Direction, string>> = { load: 'vldm', store: 'vstm' };

const multiple = (direction: Direction, mode: 'ia' | 'db', size: Size): Row[] => {
  const bits = mode === 'ia' ? '0 1 d:1 w:1' : '1 0 d:1 1';
  return vfp<string, 'span'>(
    `${NAMES[direction]}${mode}`,
    `110 ${bits} ${direction === 'load' ? '1' : '0'} rn:4 vd:4 ${size} imm8:8`,
    mode === 'ia' ? '{rn}{wb}, {span}' : '{rn}!, {span}',
    (e, fields) => {
      const { rn, span: operand } = fields as { readonly rn: Operand; readonly span: Operand };
      requireVfp(e);
      const [base, span] = [e.regAt(e.imm(rn)), e.imm(operand)];
      const bytes = bytesOf(e, span);
      transfer(e, direction, size, span, mode === 'ia' ? base : e.sub(base, bytes));
      const moved = mode === 'ia' ? e.add(base, bytes) : e.sub(base, bytes);
      e.setRegAt(e.imm(rn), e.select(e.and(span, e.const(SPAN.BASE_WRITTEN)), moved, base));
    },
    { derive: { span: spanOf(size) }, refuse: refuse(size) },
  );
};

/** A32: from the PC on. */
const fromPc = (direction: Direction, size: Size): Row =>
  undefinedWhen(
    a32<string, 'span'>(
      `${NAMES[direction]}ia`,
      `cond:4 110 0 1 d:1 0 ${direction === 'load' ? '1' : '0'} 1111 vd:4 ${size} imm8:8`,
      'pc, {span}',
      (e, fields) => {
        const { span } = fields as { readonly span: Operand };
        requireVfp(e);
        transfer(e, direction, size, e.imm(span), e.alignedPc());
      },
      { derive: { span: spanOf(size) } },
    ),
    isUnconditional,
    refuse(size),
  );

export const VFP_MULTIPLE_ROWS: readonly Row[] = (['1010', '1011'] as const).flatMap((size) =>
  (['load', 'store'] as const).flatMap((direction) => [
    ...multiple(direction, 'ia', size),
    ...multiple(direction, 'db', size),
    fromPc(direction, size),
  ]),
);
