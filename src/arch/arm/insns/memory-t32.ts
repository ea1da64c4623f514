// table: T32 loads and stores of 32 bits, exclusive accesses and preloads (ARM DDI 0406C: A6.3.5 to A6.3.10).
import type { AccessWidth } from '../../../cpu/emit/values.ts';
import type { RawFields, Row } from '../../../cpu/isa/insn.ts';
import { parsePattern } from '../../../cpu/isa/pattern.ts';
import {
  dual,
  type Indexing,
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
  type Transfer,
} from '../semantics/memory.ts';
import { BLOCK_T32_ROWS } from './block-t32.ts';
import { NARROW_MEMORY_ROWS } from './memory-narrow.ts';
import { t32 } from './row.ts';
import { choose, isPc, isSame, isSp, undefinedWhen, type When } from './variants.ts';

/** Bits 31:25 and 24, then what stands between U and the base: size and L. */
function bitsOf({ load, width, sign }: Transfer, u: 0 | 1): string {
  const size = { 8: '00', 16: '01', 32: '10' }[width];
  return `1111100 ${sign === 'signed' ? 1 : 0} ${u} ${size} ${load ? 1 : 0}`;
}

/** One encoding of a load or store: what follows Rt, and what its offset and the address are. */
interface Encoding {
  readonly u: 0 | 1;
  readonly tail: string;
  readonly indexing: Indexing;
  readonly as: 'unaligned' | 'user';
  offset(raw: RawFields): number;
  /** Bits 11:0. */
  low(raw: RawFields): number;
}

const POSITIVE: Encoding = {
  u: 1,
  tail: 'imm12:12',
  indexing: 'offset',
  as: 'unaligned',
  offset: ({ imm12 }) => imm12!,
  low: ({ imm12 }) => imm12!,
};
const NEGATIVE: Encoding = {
  u: 0,
  tail: '1100 imm8:8',
  indexing: 'offset',
  as: 'unaligned',
  offset: ({ imm8 }) => 0 - imm8!,
  low: ({ imm8 }) => 0xc00 | imm8!,
};
const USER: Encoding = {
  u: 0,
  tail: '1110 imm8:8',
  indexing: 'offset',
  as: 'user',
  offset: ({ imm8 }) => imm8!,
  low: ({ imm8 }) => 0xe00 | imm8!,
};
const moving = (indexing: 'pre' | 'post', p: 0 | 1): Encoding => ({
  u: 0,
  tail: `1${p} u:1 1 imm8:8`,
  indexing,
  as: 'unaligned',
  offset: ({ u, imm8 }) => (u === 1 ? imm8! : 0 - imm8!),
  low: ({ u, imm8 }) => 0x900 | (p << 10) | (u! << 9) | imm8!,
});
const PRE = moving('pre', 1);
const POST = moving('post', 0);

const SYNTAX: Readonly<Record<Indexing, string>> = {
  offset: '{rt}, [{rn}{offset}]',
  pre: '{rt}, [{rn}{offset}]!',
  post: '{rt}, [{rn}]{offset}',
};

type Wide = '1111100 0 1 10 1 rn:4 rt:4 imm12:12';

/** A preload is executed as this. */
const NO_ACCESS = t32('pld', `${bitsOf(LDRB, 1)} rn:4 1111 imm12:12` as Wide, '[{rn}]', () => {});

/** What words with R15 as the base are executed as, whatever their encoding: the literal at derived operand `literal` from Align(PC, 4). */
function literalOf(transfer: Transfer): Row {
  const make = (target: 15 | null): Row =>
    t32(
      `${transfer.mnemonic}.w`,
      `${bitsOf(transfer, 1)} rn:4 rt:4 imm12:12` as Wide,
      SYNTAX.offset,
      (e, { rt, literal }) => single(e, transfer, target ?? rt, { rn: 15, offset: e.imm(literal), indexing: 'offset' }),
      { hot: transfer === LDR && target === null, derive: { literal: ({ imm12 }) => imm12! } },
    );
  return choose(make(null), [isPc('rt'), transfer.width === 32 ? make(15) : NO_ACCESS]);
}

const LOADS = [LDR, LDRB, LDRH, LDRSB, LDRSH];
const STORES = [STR, STRB, STRH];
const LITERALS: ReadonlyMap<Transfer, Row> = new Map(LOADS.map((transfer) => [transfer, literalOf(transfer)]));

/** `row` with what its words with R15 mean: a base of R15 is a literal (of a load); R15 is loaded by words only. */
function withPc(row: Row, transfer: Transfer, as: 'unaligned' | 'user', toPc: () => Row): Row {
  const literal = LITERALS.get(transfer);
  const rows: (readonly [When, Row])[] = literal ? [[isPc('rn'), literal]] : [];
  const mayLoadPc = transfer.load && transfer.width === 32 && as === 'unaligned';
  if (mayLoadPc) rows.push([isPc('rt'), toPc()]);
  const refused: When = (raw, block) => {
    if (transfer.load && raw.rn === 15) return false;
    return isPc('rn', 'rm')(raw, block) || (raw.rt === 15 && !mayLoadPc);
  };
  return undefinedWhen(choose(row, ...rows), refused);
}

function immediate(transfer: Transfer, encoding: Encoding, hot: boolean): Row {
  const pattern = `${bitsOf(transfer, encoding.u)} rn:4 rt:4 ${encoding.tail}` as Wide;
  const { indexing, as } = encoding;
  const derive = {
    offset: encoding.offset,
    literal: (raw: RawFields) => (encoding.u === 1 ? encoding.low(raw) : 0 - encoding.low(raw)),
  };
  const make = (target: 15 | null, fast: boolean): Row =>
    t32(
      `${transfer.mnemonic}${as === 'user' ? 't' : encoding === POSITIVE ? '.w' : ''}`,
      pattern,
      SYNTAX[indexing],
      (e, { rn, rt, offset }) => single(e, transfer, target ?? rt, { rn, offset: e.imm(offset), indexing }, as),
      { hot: fast, derive },
    );
  return withPc(make(null, hot), transfer, as, () => make(15, false));
}

function register(transfer: Transfer, hot: boolean): Row {
  const pattern = `${bitsOf(transfer, 0)} rn:4 rt:4 000000 amount:2 rm:4`;
  const derive = { literal: ({ amount, rm }: RawFields) => 0 - ((amount! << 4) | rm!) };
  const make = (target: 15 | null, fast: boolean): Row =>
    t32(
      `${transfer.mnemonic}.w`,
      pattern as '1111100 0 0 10 1 rn:4 rt:4 000000 amount:2 rm:4',
      '{rt}, [{rn}{rmoffset}]',
      (e, { rn, rt, rm, amount }) => {
        const offset = e.shl(e.reg(rm), e.imm(amount));
        single(e, transfer, target ?? rt, { rn, offset, indexing: 'offset' });
      },
      { hot: fast, derive },
    );
  return withPc(make(null, hot), transfer, 'unaligned', () => make(15, false));
}

/** Literals below the instruction whose offset looks like none of the other encodings. */
function lowLiteral(transfer: Transfer): Row {
  const below = ({ imm12 }: RawFields): number => 0 - imm12!;
  const row = t32(
    `${transfer.mnemonic}.w`,
    `${bitsOf(transfer, 0)} rn:4 rt:4 imm12:12` as Wide,
    SYNTAX.offset,
    (e) => e.undefined(),
    { derive: { offset: below, literal: below } },
  );
  return choose(row, [isPc('rn'), LITERALS.get(transfer)!]);
}

/** Where Rt of a load of bytes or halfwords is R15. */
const HINTS: readonly Row[] = (
  [
    [LDRB, 'pld'],
    [LDRH, 'pldw'],
    [LDRSB, 'pli'],
    [LDRSH, 'nop'],
  ] as const
).flatMap(([transfer, mnemonic]) => {
  const row = (encoding: Pick<Encoding, 'u' | 'tail'>, operands: string, derive: Row['derive']): Row => {
    const syntax = mnemonic === 'nop' ? '' : operands;
    const pattern = `${bitsOf(transfer, encoding.u)} rn:4 1111 ${encoding.tail}` as Wide;
    return { ...NO_ACCESS, mnemonic, syntax, patternText: pattern, pattern: parsePattern(pattern), derive };
  };
  return [
    ...[POSITIVE, NEGATIVE].map((encoding) => row(encoding, '[{rn}{offset}]', { offset: encoding.offset })),
    row({ u: 0, tail: '000000 amount:2 rm:4' }, '[{rn}{rmoffset}]', {}),
  ];
});

/** LDRD, STRD. */
function doubleword(mnemonic: 'ldrd' | 'strd', indexing: Indexing, hot: boolean): Row {
  const load = mnemonic === 'ldrd';
  const [p, w] = { offset: [1, 0], pre: [1, 1], post: [0, 1] }[indexing] as [number, number];
  const make = (base: 15 | null, fast: boolean): Row =>
    t32(
      mnemonic,
      `1110100 ${p} u:1 1 ${w} ${load ? 1 : 0} rn:4 rt:4 rt2:4 imm8:8` as '1110100 1 u:1 1 0 1 rn:4 rt:4 rt2:4 imm8:8',
      SYNTAX[indexing].replace('{rt}', '{rt}, {rt2}'),
      (e, { rn, rt, rt2, offset }) => dual(e, load, rt, rt2, { rn: base ?? rn, offset: e.imm(offset), indexing }),
      { hot: fast, derive: { offset: ({ u, imm8 }) => (u === 1 ? 4 * imm8! : -4 * imm8!) } },
    );
  const row = make(null, hot);
  if (!load || indexing !== 'offset') return undefinedWhen(row, isPc('rn', 'rt', 'rt2'));
  return undefinedWhen(choose(row, [isPc('rn'), make(15, false)]), isPc('rt', 'rt2'));
}

function exclusive(suffix: string, width: AccessWidth, size: string): Row[] {
  return [
    t32(
      `ldrex${suffix}`,
      `1110 1000 1101 rn:4 rt:4 1111 ${size} 1111` as '1110 1000 1101 rn:4 rt:4 1111 0100 1111',
      '{rt}, [{rn}]',
      (e, { rt, rn }) => loadExclusive(e, width, rt, rn),
    ),
    t32(
      `strex${suffix}`,
      `1110 1000 1100 rn:4 rt:4 1111 ${size} rd:4` as '1110 1000 1100 rn:4 rt:4 1111 0100 rd:4',
      '{rd}, {rt}, [{rn}]',
      (e, registers) => storeExclusive(e, width, registers),
    ),
  ];
}

const EXCLUSIVES: readonly Row[] = [
  t32(
    'ldrex',
    '1110 1000 0101 rn:4 rt:4 1111 imm8:8',
    '{rt}, [{rn}{offset}]',
    (e, { rt, rn, offset }) => loadExclusive(e, 32, rt, rn, e.imm(offset)),
    { derive: { offset: ({ imm8 }) => 4 * imm8! } },
  ),
  t32(
    'strex',
    '1110 1000 0100 rn:4 rt:4 rd:4 imm8:8',
    '{rd}, {rt}, [{rn}{offset}]',
    (e, { rd, rt, rn, offset }) => storeExclusive(e, 32, { rd, rt, rn }, e.imm(offset)),
    { derive: { offset: ({ imm8 }) => 4 * imm8! } },
  ),
  ...exclusive('b', 8, '0100'),
  ...exclusive('h', 16, '0101'),
  t32('ldrexd', '1110 1000 1101 rn:4 rt:4 rt2:4 0111 1111', '{rt}, {rt2}, [{rn}]', (e, { rt, rt2, rn }) =>
    loadExclusivePair(e, rt, rt2, rn),
  ),
  t32('strexd', '1110 1000 1100 rn:4 rt:4 rt2:4 0111 rd:4', '{rd}, {rt}, {rt2}, [{rn}]', (e, { rd, rt, rt2, rn }) =>
    storeExclusivePair(e, rd, rt, rt2, rn),
  ),
].map((row) => {
  const refused = [
    isPc('rd', 'rn', 'rt', 'rt2'),
    isSp('rd', 'rt', 'rt2'),
    isSame('rd', 'rt', 'rt2', 'rn'),
    // Of LDREXD only: STREXD may store one register twice.
    ...(row.mnemonic === 'ldrexd' ? [isSame('rt2', 'rt')] : []),
  ];
  return undefinedWhen(row, ...refused);
});

/** Encodings that are hot, by transfer; 'register' for the one with an index. */
const HOT: ReadonlyMap<Transfer, readonly (Encoding | 'register')[]> = new Map<
  Transfer,
  readonly (Encoding | 'register')[]
>([
  [LDR, [POSITIVE, NEGATIVE, POST, 'register']],
  [STR, [POSITIVE, NEGATIVE, PRE, 'register']],
  [LDRB, [POSITIVE, POST, 'register']],
  [STRB, [POSITIVE, POST, 'register']],
  [LDRH, [POSITIVE]],
  [STRH, [POSITIVE]],
]);
const isHot = (transfer: Transfer, what: Encoding | 'register'): boolean => HOT.get(transfer)?.includes(what) ?? false;

const ENCODINGS = [POSITIVE, NEGATIVE, USER, PRE, POST];

export const MEMORY_T32_ROWS: readonly Row[] = [
  ...NARROW_MEMORY_ROWS,
  ...[...LOADS, ...STORES].flatMap((transfer) => [
    ...ENCODINGS.map((encoding) => immediate(transfer, encoding, isHot(transfer, encoding))),
    register(transfer, isHot(transfer, 'register')),
  ]),
  ...LOADS.map(lowLiteral),
  ...HINTS,
  ...(['offset', 'pre', 'post'] as const).flatMap((indexing) =>
    (['ldrd', 'strd'] as const).map((mnemonic) => doubleword(mnemonic, indexing, indexing === 'offset')),
  ),
  ...EXCLUSIVES,
  ...BLOCK_T32_ROWS,
];
