// table: T32 loads and stores of 16 bits (ARM DDI 0406C: A6.2.4 and A6.2.5, and PUSH, POP, LDM and STM of A6.2). A record of theirs has room for three
// operands of 16 bits.
import type { I32, Operand } from '../../../cpu/emit/values.ts';
import type { RawFields, Row } from '../../../cpu/isa/insn.ts';
import { popcount32 } from '../../../util/bits.ts';
import type { ArmEmitter } from '../emitter.ts';
import { type Block, loadBlock, storeBlock } from '../semantics/blocks.ts';
import { LDR, LDRB, LDRH, LDRSB, LDRSH, STR, STRB, STRH, single, type Transfer } from '../semantics/memory.ts';
import { t32 } from './row.ts';
import { choose, undefinedWhen, type When } from './variants.ts';

const register = (transfer: Transfer, opcode: string): Row =>
  t32(
    transfer.mnemonic,
    `0101 ${opcode} rm:3 rn:3 rt:3` as '0101 000 rm:3 rn:3 rt:3',
    '{rt}, [{rn}{rmoffset}]',
    (e, { rm, rn, rt }) => single(e, transfer, rt, { rn, offset: e.reg(rm), indexing: 'offset' }),
    { hot: transfer.sign === 'unsigned' },
  );

const immediate = (transfer: Transfer, opcode: string): Row =>
  t32(
    transfer.mnemonic,
    `${opcode} imm5:5 rn:3 rt:3` as '01100 imm5:5 rn:3 rt:3',
    '{rt}, [{rn}{offset}]',
    (e, { rn, rt, offset }) => single(e, transfer, rt, { rn, offset: e.imm(offset), indexing: 'offset' }),
    { hot: true, derive: { offset: ({ imm5 }) => imm5! * (transfer.width / 8) } },
  );

const based = (transfer: Transfer, opcode: string, rn: 13 | 15): Row =>
  t32(
    transfer.mnemonic,
    `${opcode} rt:3 imm8:8` as '10010 rt:3 imm8:8',
    `{rt}, [${rn === 13 ? 'sp' : 'pc'}{offset}]`,
    (e, { rt, offset }) => single(e, transfer, rt, { rn, offset: e.imm(offset), indexing: 'offset' }),
    { hot: true, derive: { offset: ({ imm8 }) => 4 * imm8! } },
  );

const SIZE_SHIFT = 8;
const sizeOf = (list: number): number => 4 * popcount32(list);

/** LDM and STM: a list of R0 to R7 and its size in one operand. */
function lowBlock(e: ArmEmitter, rn: Operand, operand: Operand): Block {
  const both: I32 = e.imm(operand);
  return { rn, list: e.and(both, e.const(0xff)), bytes: e.shrU(both, e.const(SIZE_SHIFT)) };
}

const withSize = ({ list }: RawFields): number => list! | (sizeOf(list!) << SIZE_SHIFT);

const LDM = ((): Row => {
  const loadsBase = ({ rn, list }: RawFields): boolean => ((list! >> rn!) & 1) !== 0;
  const make = (writeBack: boolean): Row =>
    t32(
      'ldm',
      '11001 rn:3 list:8',
      '{rn}{wb}, {list}',
      (e, { rn, block }) => loadBlock(e, lowBlock(e, rn, block), 'ia', writeBack, false),
      { hot: writeBack, derive: { block: withSize, w: (raw) => (loadsBase(raw) ? 0 : 1) } },
    );
  return choose(make(true), [loadsBase, make(false)]);
})();

const STM = t32(
  'stm',
  '11000 rn:3 list:8',
  '{rn}!, {list}',
  (e, { rn, block }) => storeBlock(e, lowBlock(e, rn, block), 'ia', true, false),
  { hot: true, derive: { block: withSize } },
);

const onStack = (e: ArmEmitter, list: Operand, bytes: Operand): Block => ({
  rn: 13,
  list: e.imm(list),
  bytes: e.imm(bytes),
});
const pushed = ({ m, low }: RawFields): number => (m! << 14) | low!;
const popped = ({ p, low }: RawFields): number => (p! << 15) | low!;

const PUSH = t32(
  'push',
  '1011010 m:1 low:8',
  '{list}',
  (e, { list, bytes }) => storeBlock(e, onStack(e, list, bytes), 'db', true, false),
  { hot: true, derive: { list: pushed, bytes: (raw) => sizeOf(pushed(raw)) } },
);

const POP = ((): Row => {
  const make = (toPc: boolean): Row =>
    t32(
      'pop',
      '1011110 p:1 low:8',
      '{list}',
      (e, { list, bytes }) => loadBlock(e, onStack(e, list, bytes), 'ia', true, toPc),
      { hot: true, derive: { list: popped, bytes: (raw) => sizeOf(popped(raw)) } },
    );
  return choose(make(false), [({ p }) => p === 1, make(true)]);
})();

const isEmpty: When = ({ list }) => list === 0;

export const NARROW_MEMORY_ROWS: readonly Row[] = [
  register(STR, '000'),
  register(STRH, '001'),
  register(STRB, '010'),
  register(LDRSB, '011'),
  register(LDR, '100'),
  register(LDRH, '101'),
  register(LDRB, '110'),
  register(LDRSH, '111'),
  immediate(STR, '01100'),
  immediate(LDR, '01101'),
  immediate(STRB, '01110'),
  immediate(LDRB, '01111'),
  immediate(STRH, '10000'),
  immediate(LDRH, '10001'),
  based(LDR, '01001', 15),
  based(STR, '10010', 13),
  based(LDR, '10011', 13),
  ...[LDM, STM, PUSH, POP].map((row) => undefinedWhen(row, isEmpty)),
];
