// table: A32 loads and stores of a list of registers (ARM DDI 0406C: A5.5).
import type { RawFields, Row } from '../../../cpu/isa/insn.ts';
import {
  type BlockMode,
  blockOf,
  blockOperand,
  loadBlock,
  loadUserBlock,
  returnByBlock,
  storeBlock,
  storeUserBlock,
} from '../semantics/blocks.ts';
import { a32 } from './row.ts';
import { choose, isPc, isUnconditional, undefinedWhen, type When } from './variants.ts';

/** Bits P and U. */
const MODE_BITS: Readonly<Record<BlockMode, string>> = { ia: '0 1', ib: '1 1', da: '0 0', db: '1 0' };

/** `ldm`, `stmdb`. */
const nameOf = (what: 'ldm' | 'stm', mode: BlockMode): string => (mode === 'ia' ? what : `${what}${mode}`);

const isEmpty: When = ({ list }) => list === 0;
const writesBack: When = ({ w }) => w === 1;
const hasPc: When = ({ list }) => (list! & 0x8000) !== 0;
/** A base that is loaded and written back is UNPREDICTABLE. */
const losesBase: When = ({ w, list, rn }) => w === 1 && ((list! >> rn!) & 1) !== 0;

/** One row of LDM or STM, in up to four forms: without and with writeback, without and with R15. */
function block(what: 'ldm' | 'stm', mode: BlockMode, hot: { readonly plain: boolean; readonly pc: boolean }): Row {
  const run = what === 'ldm' ? loadBlock : storeBlock;
  const make = (writeBack: boolean, pc: boolean): Row =>
    a32(
      nameOf(what, mode),
      `cond:4 100 ${MODE_BITS[mode]} 0 w:1 ${what === 'ldm' ? 1 : 0} rn:4 list:16` as 'cond:4 100 0 1 0 w:1 1 rn:4 list:16',
      '{rn}{wb}, {list}',
      (e, { rn, block: operand }) => run(e, blockOf(e, rn, operand), mode, writeBack, pc),
      { hot: pc ? hot.pc : hot.plain, derive: { block: ({ list }) => blockOperand(list!) } },
    );
  const row = choose(
    make(false, false),
    [(raw, at) => hasPc(raw, at) && writesBack(raw, at), make(true, true)],
    [hasPc, make(false, true)],
    [writesBack, make(true, false)],
  );
  const refused = [isUnconditional, isEmpty, isPc('rn')];
  return undefinedWhen(row, ...refused, ...(what === 'ldm' ? [losesBase] : []));
}

const withPc = ({ low }: RawFields): number => low! | 0x8000;

/** The forms with `^`. */
function banked(mode: BlockMode): Row[] {
  const bits = MODE_BITS[mode];
  const load = a32(
    nameOf('ldm', mode),
    `cond:4 100 ${bits} 1 w:1 1 rn:4 0 low:15` as 'cond:4 100 0 1 1 w:1 1 rn:4 0 low:15',
    '{rn}{wb}, {list}^',
    (e, { rn, block: operand }) => loadUserBlock(e, blockOf(e, rn, operand), mode),
    { derive: { list: ({ low }) => low!, block: ({ low }) => blockOperand(low!) } },
  );
  const store = a32(
    nameOf('stm', mode),
    `cond:4 100 ${bits} 1 w:1 0 rn:4 list:16` as 'cond:4 100 0 1 1 w:1 0 rn:4 list:16',
    '{rn}{wb}, {list}^',
    (e, { rn, block: operand }) => storeUserBlock(e, blockOf(e, rn, operand), mode),
    { derive: { block: ({ list }) => blockOperand(list!) } },
  );
  const leave = (writeBack: boolean): Row =>
    a32(
      nameOf('ldm', mode),
      `cond:4 100 ${bits} 1 w:1 1 rn:4 1 low:15` as 'cond:4 100 0 1 1 w:1 1 rn:4 1 low:15',
      '{rn}{wb}, {list}^',
      (e, { rn, block: operand }) => returnByBlock(e, blockOf(e, rn, operand), mode, writeBack),
      { derive: { list: withPc, block: (raw) => blockOperand(withPc(raw)) } },
    );
  return [
    ...[load, store].map((row) => undefinedWhen(row, isUnconditional, isEmpty, isPc('rn'), writesBack)),
    undefinedWhen(choose(leave(false), [writesBack, leave(true)]), isUnconditional, isPc('rn'), losesBase),
  ];
}

const MODES: readonly BlockMode[] = ['ia', 'ib', 'da', 'db'];

export const BLOCK_A32_ROWS: readonly Row[] = [
  ...MODES.flatMap((mode) => [
    block('ldm', mode, { plain: mode === 'ia', pc: mode === 'ia' }),
    block('stm', mode, { plain: mode === 'ia' || mode === 'db', pc: false }),
  ]),
  ...MODES.flatMap(banked),
];
