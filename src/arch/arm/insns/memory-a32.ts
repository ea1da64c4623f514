// table: A32 loads and stores of one and two registers, exclusive accesses, swaps and preloads (ARM DDI 0406C: A5.2.8, A5.2.10, A5.3, A5.7).
import type { AccessWidth } from '../../../cpu/emit/values.ts';
import type { RawFields, Row } from '../../../cpu/isa/insn.ts';
import {
  dual,
  type Indexing,
  indexed,
  indexOperand,
  LDR,
  LDRB,
  LDRH,
  LDRSB,
  LDRSH,
  loadExclusive,
  loadExclusivePair,
  STR,
  STRB,
  STRH,
  single,
  storeExclusive,
  storeExclusivePair,
  swap,
  type Transfer,
} from '../semantics/memory.ts';
import { BLOCK_A32_ROWS } from './block-a32.ts';
import { a32 } from './row.ts';
import { choose, isAlways, isPc, isSame, isUnconditional, undefinedWhen, usualForm, type When } from './variants.ts';

/** Bits P and W, and what they mean. */
interface Mode {
  readonly p: 0 | 1;
  readonly w: 0 | 1;
  readonly indexing: Indexing;
  readonly as: 'unaligned' | 'user';
}
const OFFSET: Mode = { p: 1, w: 0, indexing: 'offset', as: 'unaligned' };
const PRE: Mode = { p: 1, w: 1, indexing: 'pre', as: 'unaligned' };
const POST: Mode = { p: 0, w: 0, indexing: 'post', as: 'unaligned' };
const USER: Mode = { p: 0, w: 1, indexing: 'post', as: 'user' };

/** The operands, where `index` is the text of the offset. */
function syntaxOf({ indexing }: Mode, index: string, registers = '{rt}'): string {
  if (indexing === 'post') return `${registers}, [{rn}]${index}`;
  return `${registers}, [{rn}${index}]${indexing === 'pre' ? '!' : ''}`;
}

const nameOf = ({ mnemonic }: Transfer, { as }: Mode): string => (as === 'user' ? `${mnemonic}t` : mnemonic);
const signed = (u: number, offset: number): number => (u === 1 ? offset : 0 - offset);

/** The forms of a row with R15 in one of its fields; `make` builds the row with 15 in place of the field. */
function withPc(
  row: Row,
  { width }: Transfer,
  mode: Mode,
  make: (rt: 15 | null, rn: 15 | null) => Row,
  fast?: readonly [When, Row],
): Row {
  const [rt, rn] = [isPc('rt'), isPc('rn')];
  const mayBase = mode.indexing === 'offset';
  const mayMove = width === 32 && mode.as === 'unaligned';
  const both: When = (raw, block) => rt(raw, block) && rn(raw, block);
  const cases: (readonly [When, Row])[] = fast ? [fast] : [];
  if (mayBase && mayMove) cases.push([both, make(15, 15)]);
  if (mayBase) {
    const literal = make(null, 15);
    const usual: When = (raw, block) => isAlways(raw, block) && rn(raw, block) && !rt(raw, block);
    if (literal.variants) cases.push([usual, usualForm(literal)]);
    cases.push([(raw, block) => rn(raw, block) && !rt(raw, block), literal]);
  }
  if (mayMove) cases.push([(raw, block) => rt(raw, block) && !rn(raw, block), make(15, null)]);
  return undefinedWhen(
    choose(row, ...cases),
    isUnconditional,
    isPc('rm'),
    (raw, block) => rn(raw, block) && !mayBase,
    (raw, block) => rt(raw, block) && !mayMove,
  );
}

/** Word and unsigned byte with an immediate offset. */
function wordImmediate(transfer: Transfer, mode: Mode, hot: boolean, hotLiteral = false): Row {
  const bits = `${mode.p} u:1 ${transfer.width === 8 ? 1 : 0} ${mode.w} ${transfer.load ? 1 : 0}`;
  const make = (rt15: 15 | null, rn15: 15 | null, fast = false): Row =>
    a32(
      nameOf(transfer, mode),
      `cond:4 010 ${bits} rn:4 rt:4 imm12:12` as 'cond:4 010 1 u:1 0 0 1 rn:4 rt:4 imm12:12',
      syntaxOf(mode, '{offset}'),
      (e, { rt, rn, offset }) =>
        single(e, transfer, rt15 ?? rt, { rn: rn15 ?? rn, offset: e.imm(offset), indexing: mode.indexing }, mode.as),
      { hot: fast, derive: { offset: ({ u, imm12 }) => signed(u!, imm12!) } },
    );
  return withPc(make(null, null, hot), transfer, mode, (rt, rn) => make(rt, rn, hotLiteral && rt === null));
}

/** Word and unsigned byte with an index register; the usual form adds it, shifted to the left at most. */
function wordRegister(transfer: Transfer, mode: Mode): Row {
  const bits = `${mode.p} u:1 ${transfer.width === 8 ? 1 : 0} ${mode.w} ${transfer.load ? 1 : 0}`;
  const make = (rt15: 15 | null, rn15: 15 | null, added = false): Row =>
    a32(
      nameOf(transfer, mode),
      `cond:4 011 ${bits} rn:4 rt:4 imm5:5 type:2 0 rm:4` as 'cond:4 011 1 u:1 0 0 1 rn:4 rt:4 imm5:5 type:2 0 rm:4',
      syntaxOf(mode, '{rmoffset}'),
      (e, { rt, rn, rm, imm5, index }) => {
        const offset = added ? e.shl(e.reg(rm), e.imm(imm5)) : indexed(e, index);
        single(e, transfer, rt15 ?? rt, { rn: rn15 ?? rn, offset, indexing: mode.indexing }, mode.as);
      },
      {
        hot: added,
        derive: { index: ({ rm, u, type, imm5 }) => indexOperand(rm!, u!, type, imm5) },
      },
    );
  if (mode !== OFFSET) return withPc(make(null, null), transfer, mode, make);
  const isUsual: When = (raw, block) =>
    isAlways(raw, block) && raw.u === 1 && raw.type === 0 && !isPc('rt', 'rn', 'rm')(raw, block);
  return withPc(make(null, null), transfer, mode, make, [isUsual, usualForm(make(null, null, true))]);
}

/** Bits L, S and H of the extra loads and stores. */
const EXTRA: Readonly<Record<string, readonly [l: number, sh: string]>> = {
  strh: [0, '01'],
  ldrh: [1, '01'],
  ldrsb: [1, '10'],
  ldrsh: [1, '11'],
  ldrd: [0, '10'],
  strd: [0, '11'],
};

const immediate8 = ({ u, high, low }: RawFields): number => signed(u!, (high! << 4) | low!);

/** Halfwords and signed bytes with an immediate offset. */
function extraImmediate(transfer: Transfer, mode: Mode, hot: boolean): Row {
  const [l, sh] = EXTRA[transfer.mnemonic]!;
  const make = (_rt: 15 | null, rn15: 15 | null, fast = false): Row =>
    a32(
      nameOf(transfer, mode),
      `cond:4 000 ${mode.p} u:1 1 ${mode.w} ${l} rn:4 rt:4 high:4 1${sh}1 low:4` as 'cond:4 000 1 u:1 1 0 1 rn:4 rt:4 high:4 1011 low:4',
      syntaxOf(mode, '{offset}'),
      (e, { rt, rn, offset }) =>
        single(e, transfer, rt, { rn: rn15 ?? rn, offset: e.imm(offset), indexing: mode.indexing }, mode.as),
      { hot: fast, derive: { offset: immediate8 } },
    );
  return withPc(make(null, null, hot), transfer, mode, make);
}

/** Halfwords and signed bytes with an index register; the usual form adds it. */
function extraRegister(transfer: Transfer, mode: Mode): Row {
  const [l, sh] = EXTRA[transfer.mnemonic]!;
  const make = (_rt: 15 | null, rn15: 15 | null, added = false): Row =>
    a32(
      nameOf(transfer, mode),
      `cond:4 000 ${mode.p} u:1 0 ${mode.w} ${l} rn:4 rt:4 0000 1${sh}1 rm:4` as 'cond:4 000 1 u:1 0 0 1 rn:4 rt:4 0000 1011 rm:4',
      syntaxOf(mode, '{rmoffset}'),
      (e, { rt, rn, rm, index }) => {
        const offset = added ? e.reg(rm) : indexed(e, index);
        single(e, transfer, rt, { rn: rn15 ?? rn, offset, indexing: mode.indexing }, mode.as);
      },
      { hot: added, derive: { index: ({ rm, u }) => indexOperand(rm!, u!) } },
    );
  if (mode !== OFFSET) return withPc(make(null, null), transfer, mode, make);
  const isUsual: When = (raw, block) => isAlways(raw, block) && raw.u === 1 && !isPc('rt', 'rn', 'rm')(raw, block);
  return withPc(make(null, null), transfer, mode, make, [isUsual, usualForm(make(null, null, true))]);
}

/** Bits 31:16 of an operand: the first register of a pair; the others: what it stands with. */
const PAIR_SHIFT = 16;

/** LDRD and STRD: an even register and the next one. */
function doubleword(mnemonic: 'ldrd' | 'strd', mode: Mode, how: 'immediate' | 'register'): Row {
  const load = mnemonic === 'ldrd';
  const [, sh] = EXTRA[mnemonic]!;
  const byImmediate = how === 'immediate';
  const pair = { rt: (raw: RawFields) => 2 * raw.pair!, rt2: (raw: RawFields) => 2 * raw.pair! + 1 };
  const make = (rn15: 15 | null): Row => {
    const head = `cond:4 000 ${mode.p} u:1 ${byImmediate ? 1 : 0} ${mode.w} 0 rn:4 pair:3 0`;
    const tail = byImmediate ? `high:4 1${sh}1 low:4` : `0000 1${sh}1 rm:4`;
    return a32(
      mnemonic,
      `${head} ${tail}` as 'cond:4 000 1 u:1 1 0 0 rn:4 pair:3 0 high:4 1101 low:4',
      syntaxOf(mode, byImmediate ? '{offset}' : '{rmoffset}', '{rt}, {rt2}'),
      (e, { rn, both }) => {
        const first = e.shrU(e.imm(both), e.const(PAIR_SHIFT));
        const second = e.add(first, e.const(1));
        const offset = byImmediate ? e.sext16(e.imm(both)) : indexed(e, both);
        dual(e, load, first, second, { rn: rn15 ?? rn, offset, indexing: mode.indexing });
      },
      {
        derive: {
          ...pair,
          offset: byImmediate ? immediate8 : () => 0,
          both: (raw) => {
            const offset = byImmediate ? immediate8(raw) & 0xffff : indexOperand(raw.rm!, raw.u!);
            return offset | (raw.pair! << (PAIR_SHIFT + 1));
          },
        },
      },
    );
  };
  const isLast: When = ({ pair: number }) => number === 7;
  const isBased = isPc('rn');
  const row = mode.indexing === 'offset' ? choose(make(null), [isBased, make(15)]) : undefinedWhen(make(null), isBased);
  return undefinedWhen(row, isUnconditional, isPc('rm'), isLast);
}

const MODES = [OFFSET, PRE, POST];

/** Exclusive accesses of a word, byte or halfword. */
function exclusive(suffix: string, width: AccessWidth, size: string): Row[] {
  const load = a32(
    `ldrex${suffix}`,
    `cond:4 0001 1${size}1 rn:4 rt:4 1111 1001 1111` as 'cond:4 0001 1001 rn:4 rt:4 1111 1001 1111',
    '{rt}, [{rn}]',
    (e, { rt, rn }) => loadExclusive(e, width, rt, rn),
  );
  const store = a32(
    `strex${suffix}`,
    `cond:4 0001 1${size}0 rn:4 rd:4 1111 1001 rt:4` as 'cond:4 0001 1000 rn:4 rd:4 1111 1001 rt:4',
    '{rd}, {rt}, [{rn}]',
    (e, registers) => storeExclusive(e, width, registers),
  );
  return [load, store].map((row) =>
    undefinedWhen(row, isUnconditional, isPc('rt', 'rn', 'rd'), isSame('rd', 'rt', 'rn')),
  );
}

const evenPair = { rt: ({ pair }: RawFields) => 2 * pair!, rt2: ({ pair }: RawFields) => 2 * pair! + 1 };
const EXCLUSIVE_PAIRS: readonly Row[] = [
  a32(
    'ldrexd',
    'cond:4 0001 1011 rn:4 pair:3 0 1111 1001 1111',
    '{rt}, {rt2}, [{rn}]',
    (e, { rt, rt2, rn }) => loadExclusivePair(e, rt, rt2, rn),
    { derive: evenPair },
  ),
  a32(
    'strexd',
    'cond:4 0001 1010 rn:4 rd:4 1111 1001 pair:3 0',
    '{rd}, {rt}, {rt2}, [{rn}]',
    (e, { rd, rt, rt2, rn }) => storeExclusivePair(e, rd, rt, rt2, rn),
    { derive: evenPair },
  ),
].map((row) => undefinedWhen(row, isUnconditional, isPc('rn', 'rd', 'rt2'), isSame('rd', 'rt', 'rt2', 'rn')));

const SWAPS: readonly Row[] = [
  a32('swp', 'cond:4 0001 0000 rn:4 rt:4 0000 1001 rm:4', '{rt}, {rm}, [{rn}]', (e, fields) => swap(e, 32, fields)),
  a32('swpb', 'cond:4 0001 0100 rn:4 rt:4 0000 1001 rm:4', '{rt}, {rm}, [{rn}]', (e, fields) => swap(e, 8, fields)),
].map((row) => undefinedWhen(row, isUnconditional, isPc('rt', 'rn', 'rm')));

/** Hints: they access nothing, and do not fault. Bits that say which of them have no meaning here. */
const HINTS: readonly Row[] = [
  ...(
    [
      ['pldw', '001'],
      ['pld', '101'],
    ] as const
  ).flatMap(([mnemonic, bits]) => [
    a32(
      mnemonic,
      `1111 0101 u:1 ${bits} rn:4 1111 imm12:12` as '1111 0101 u:1 101 rn:4 1111 imm12:12',
      '[{rn}{offset}]',
      () => {},
      { derive: { offset: ({ u, imm12 }) => signed(u!, imm12!) } },
    ),
    a32(
      mnemonic,
      `1111 0111 u:1 ${bits} rn:4 1111 imm5:5 type:2 0 rm:4` as '1111 0111 u:1 101 rn:4 1111 imm5:5 type:2 0 rm:4',
      '[{rn}{rmoffset}]',
      () => {},
    ),
  ]),
  a32('pli', '1111 0100 u:1 101 rn:4 1111 imm12:12', '[{rn}{offset}]', () => {}, {
    derive: { offset: ({ u, imm12 }) => signed(u!, imm12!) },
  }),
  a32('pli', '1111 0110 u:1 101 rn:4 1111 imm5:5 type:2 0 rm:4', '[{rn}{rmoffset}]', () => {}),
  // Unallocated memory hints.
  a32('nop', '1111 0100 .001 .... .... ........ ....', '', () => {}),
  a32('nop', '1111 0110 .001 .... .... ....... 0 ....', '', () => {}),
];

/** Addressing modes whose immediate form is hot, by transfer. */
const HOT: ReadonlyMap<Transfer, readonly Mode[]> = new Map([
  [LDR, [OFFSET, PRE, POST]],
  [STR, [OFFSET, PRE, POST]],
  [LDRB, [OFFSET, PRE, POST]],
  [STRB, [OFFSET, PRE, POST]],
  [LDRH, [OFFSET, POST]],
  [STRH, [OFFSET, POST]],
  [LDRSB, [OFFSET]],
  [LDRSH, [OFFSET]],
]);
const isHot = (transfer: Transfer, mode: Mode): boolean => HOT.get(transfer)!.includes(mode);

export const MEMORY_A32_ROWS: readonly Row[] = [
  ...[LDR, STR, LDRB, STRB].flatMap((transfer) =>
    [...MODES, USER].flatMap((mode) => [
      wordImmediate(transfer, mode, isHot(transfer, mode), transfer === LDR && mode === OFFSET),
      wordRegister(transfer, mode),
    ]),
  ),
  ...[LDRH, STRH, LDRSB, LDRSH].flatMap((transfer) =>
    [...MODES, USER].flatMap((mode) => [
      extraImmediate(transfer, mode, isHot(transfer, mode)),
      extraRegister(transfer, mode),
    ]),
  ),
  ...MODES.flatMap((mode) =>
    (['ldrd', 'strd'] as const).flatMap((mnemonic) => [
      doubleword(mnemonic, mode, 'immediate'),
      doubleword(mnemonic, mode, 'register'),
    ]),
  ),
  ...exclusive('', 32, '00'),
  ...exclusive('b', 8, '10'),
  ...exclusive('h', 16, '11'),
  ...EXCLUSIVE_PAIRS,
  ...SWAPS,
  ...HINTS,
  ...BLOCK_A32_ROWS,
];
