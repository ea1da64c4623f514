// table: T32 loads and stores of a list of registers, of 32 bits (ARM DDI 0406C: A6.3.5).
import type { Row } from '../../../cpu/isa/insn.ts';
import { popcount32 } from '../../../util/bits.ts';
import { blockOf, blockOperand, loadBlock, storeBlock } from '../semantics/blocks.ts';
import { t32 } from './row.ts';
import { choose, isPc, undefinedWhen, type When } from './variants.ts';

const hasPc: When = ({ list }) => (list! & 0x8000) !== 0;
const isShort: When = ({ list }) => popcount32(list!) < 2;
const writesBack: When = ({ w }) => w === 1;
/** A base in the list with writeback is UNPREDICTABLE for loads and stores. */
const losesBase: When = ({ w, list, rn }) => w === 1 && ((list! >> rn!) & 1) !== 0;

/** Forms without and with writeback, without and with R15 in the list. */
function byForm(make: (writeBack: boolean, pc: boolean) => Row): Row {
  return choose(
    make(false, false),
    [(raw, at) => hasPc(raw, at) && writesBack(raw, at), make(true, true)],
    [hasPc, make(false, true)],
    [writesBack, make(true, false)],
  );
}

function load(mode: 'ia' | 'db'): Row {
  const make = (writeBack: boolean, toPc: boolean): Row =>
    t32(
      mode === 'ia' ? 'ldm.w' : 'ldmdb',
      `1110100 ${mode === 'ia' ? '01' : '10'} 0 w:1 1 rn:4 list:16` as '1110100 01 0 w:1 1 rn:4 list:16',
      '{rn}{wb}, {list}',
      (e, { rn, block }) => loadBlock(e, blockOf(e, rn, block), mode, writeBack, toPc),
      { hot: mode === 'ia' && writeBack, derive: { block: ({ list }) => blockOperand(list!) } },
    );
  return undefinedWhen(byForm(make), isPc('rn'), isShort, losesBase);
}

function store(mode: 'ia' | 'db'): Row {
  const make = (writeBack: boolean, ofPc: boolean): Row =>
    t32(
      mode === 'ia' ? 'stm.w' : 'stmdb',
      `1110100 ${mode === 'ia' ? '01' : '10'} 0 w:1 0 rn:4 list:16` as '1110100 01 0 w:1 0 rn:4 list:16',
      '{rn}{wb}, {list}',
      (e, { rn, block }) => storeBlock(e, blockOf(e, rn, block), mode, writeBack, ofPc),
      { hot: mode === 'db' && writeBack && !ofPc, derive: { block: ({ list }) => blockOperand(list!) } },
    );
  return undefinedWhen(byForm(make), isPc('rn'), isShort, losesBase);
}

export const BLOCK_T32_ROWS: readonly Row[] = [load('ia'), load('db'), store('ia'), store('db')];
