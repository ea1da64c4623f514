// table: Advanced SIMD element and structure loads and stores (ARM DDI 0406C: A7.7). Each makes all of its accesses before it writes a register.
import type { I32 } from '../../../cpu/emit/values.ts';
import type { RawFields, Row } from '../../../cpu/isa/insn.ts';
import type { ArmEmitter } from '../emitter.ts';
import { PSR } from '../registers.ts';
import { ALL_LANES, NO_LANE } from '../simd/operands.ts';
import { loadName, REGISTER_COUNTS, type RegisterCount, STRUCTURE, storeName } from '../simd/structures.ts';
import { type Fields, simdForm, structureRows } from './simd-row.ts';

/** What the fields of an instruction say. */
interface Parts {
  /** Byte offset of the first register or element. */
  readonly at: number;
  readonly size: number;
  readonly doubleSpaced: boolean;
  /** Bytes. */
  readonly align: number;
  readonly bytes: number;
  /** The last register. */
  readonly last: number;
  readonly undefinedHere: boolean;
  readonly flags?: number;
}

const registerOf = (raw: RawFields): number => (raw.d! << 4) | raw.vd!;

/** UNPREDICTABLE: a base in R15, registers beyond D31. */
function structureWord(raw: RawFields, elements: number, parts: Parts): number {
  const { at, size, doubleSpaced, align, bytes, last, undefinedHere, flags = 0 } = parts;
  let word = at | ((align - 1) << STRUCTURE.ALIGN) | (bytes << STRUCTURE.BYTES) | (size << STRUCTURE.SIZE) | flags;
  word |= (elements - 1) << STRUCTURE.ELEMENTS;
  if (doubleSpaced) word |= STRUCTURE.DOUBLE_SPACED;
  if (raw.rm !== 15) word |= STRUCTURE.WRITE_BACK;
  if (raw.rm !== 15 && raw.rm !== 13) word |= STRUCTURE.BY_REGISTER;
  return undefinedHere || last > 31 || raw.rn === 15 ? word | STRUCTURE.UNDEFINED : word;
}

/** The address, when it is aligned as the word says. */
function addressOf(e: ArmEmitter, { word, rn }: Fields, isLoad: boolean): I32 {
  const address = e.bankRead('gpr', rn!);
  const mask = e.and(e.shrU(e.imm(word!), e.const(STRUCTURE.ALIGN)), e.const(31));
  e.when(e.and(address, mask), () => {
    // An access that is misaligned for certain.
    const odd = e.or(address, e.const(1));
    if (isLoad) e.load(32, odd, 'unsigned', address);
    else e.store(32, odd, e.const(0), address);
  });
  return address;
}

/** The base register, after all accesses. */
function writeBack(e: ArmEmitter, address: I32, fields: Fields): void {
  const word = e.imm(fields.word!);
  e.whenever(e.isSet(word, STRUCTURE.WRITE_BACK), () => {
    const bytes = e.and(e.shrU(word, e.const(STRUCTURE.BYTES)), e.const(0xff));
    const step = e.select(e.isSet(word, STRUCTURE.BY_REGISTER), e.bankRead('gpr', fields.rm!), bytes);
    e.bankWrite('gpr', fields.rn!, e.add(address, step));
  });
}

/** The fields of a form's words. */
const FORM_PATTERN = `${'.'.repeat(12)} rn:4 ${'.'.repeat(12)} rm:4`;

/** What loads or stores that make the same accesses are executed as. */
const structureForm = (name: string, semantics: (e: ArmEmitter, fields: Fields) => void): Row =>
  simdForm(name, ['word'], semantics, FORM_PATTERN);

const offsets = (count: number, step: number): number[] => Array.from({ length: count }, (_, i) => i * step);

const BASE = '{slist}, {sbase}';

/** Operands of the syntax: the list's first register, how many, one or two apart; and what is in the brackets after each of them. */
const listDerive = (
  count: number,
  spaced: (raw: RawFields) => boolean,
  lane: (raw: RawFields) => number,
): Readonly<Record<string, (raw: RawFields) => number>> => ({
  listCount: () => count,
  listStep: (raw) => (spaced(raw) ? 2 : 1),
  listLane: lane,
});

const bigEndian = (e: ArmEmitter): I32 => e.isSet(e.cpsr(), PSR.E);

/** Forms of a load and a store by the number of registers. */
const MULTIPLE = REGISTER_COUNTS.map((count) => {
  const load = (e: ArmEmitter, fields: Fields): void => {
    const address = addressOf(e, fields, true);
    const words = offsets(2 * count, 4).map((at) => e.loadUnaligned(32, e.add(address, e.const(at))));
    e.call(loadName(count), e.imm(fields.word!), bigEndian(e), ...words);
    writeBack(e, address, fields);
  };
  const store = (e: ArmEmitter, fields: Fields): void => {
    const address = addressOf(e, fields, false);
    const doubles = offsets(count, 1).map((i) =>
      e.call64(storeName(count), e.imm(fields.word!), bigEndian(e), e.const(i)),
    );
    doubles.forEach((double, i) => {
      e.storeUnaligned(32, e.add(address, e.const(8 * i)), e.low(double));
      e.storeUnaligned(32, e.add(address, e.const(8 * i + 4)), e.high(double));
    });
    writeBack(e, address, fields);
  };
  return { load: structureForm('vld', load), store: structureForm('vst', store) };
});

/** Multiple structures: `type` is bits 11:8, which may have the field `spaced`. */
function multiple(
  elements: number,
  registers: RegisterCount,
  type: string,
  sizes: readonly number[],
  aligned: (align: number) => boolean,
): Row[] {
  const spaced = ({ spaced = 0 }: RawFields): boolean => spaced === 1;
  const rest = (l: number): string => `0 d:1 ${l} 0 rn:4 vd:4 ${type} size:2 align:2 rm:4`;
  const derive = {
    word: (raw: RawFields): number =>
      structureWord(raw, elements, {
        at: registerOf(raw) * 8,
        size: raw.size!,
        doubleSpaced: spaced(raw),
        align: raw.align === 0 ? 1 : 4 << raw.align!,
        bytes: 8 * registers,
        last: registerOf(raw) + (spaced(raw) ? 2 * (registers - 1) : registers - 1),
        undefinedHere: !sizes.includes(raw.size!) || !aligned(raw.align!),
      }),
    bits: ({ size }: RawFields) => 8 << size!,
    alignBits: ({ align }: RawFields) => (align === 0 ? 0 : 32 << align!),
    ...listDerive(registers, spaced, () => NO_LANE),
  };
  const { load, store } = MULTIPLE[registers - 1]!;
  return [
    ...structureRows(`vld${elements}`, rest(1), `.{bits} ${BASE}`, load, derive),
    ...structureRows(`vst${elements}`, rest(0), `.{bits} ${BASE}`, store, derive),
  ];
}

/** What the field index_align says of a structure of one to four elements in single lanes. */
interface Lane {
  readonly index: number;
  readonly spaced: boolean;
  readonly align: number;
  readonly undefinedHere: boolean;
}

function laneOf(elements: number, size: number, field: number): Lane {
  const index = field >> (size + 1);
  const bit = (n: number): number => (field >> n) & 1;
  const low = field & 3;
  const spaced = elements > 1 && size > 0 && bit(size) === 1;
  const lane = (align: number, undefinedHere: boolean): Lane => ({ index, spaced, align, undefinedHere });
  if (elements === 1) {
    if (size === 0) return lane(1, bit(0) !== 0);
    if (size === 1) return lane(bit(0) === 0 ? 1 : 2, bit(1) !== 0);
    return lane(low === 0 ? 1 : 4, bit(2) !== 0 || low === 1 || low === 2);
  }
  if (elements === 2) return lane(bit(0) === 0 ? 1 : 2 << size, size === 2 && bit(1) !== 0);
  if (elements === 3) return lane(1, size === 2 ? low !== 0 : bit(0) !== 0);
  if (size === 2) return lane(low === 0 ? 1 : 4 << low, low === 3);
  return lane(bit(0) === 0 ? 1 : 4 << size, false);
}

const WIDTHS = [8, 16, 32] as const;
const SIZE_BITS = ['00', '01', '10'];

/** Forms of a load and a store of a single structure, by its elements and their size. A load to all lanes is one too. */
const SINGLE = [1, 2, 3, 4].map((elements) =>
  WIDTHS.map((width) => {
    const places = offsets(elements, width / 8);
    const load = (e: ArmEmitter, fields: Fields): void => {
      const address = addressOf(e, fields, true);
      const values = places.map((at) => e.loadUnaligned(width, e.add(address, e.const(at))));
      values.forEach((value, i) => {
        e.call('simdPutElement', e.imm(fields.word!), e.const(i), value);
      });
      writeBack(e, address, fields);
    };
    const store = (e: ArmEmitter, fields: Fields): void => {
      const address = addressOf(e, fields, false);
      const values = places.map((_, i) => e.call('simdElement', e.imm(fields.word!), e.const(i)));
      values.forEach((value, i) => {
        e.storeUnaligned(width, e.add(address, e.const(places[i]!)), value);
      });
      writeBack(e, address, fields);
    };
    return { load: structureForm('vld-lane', load), store: structureForm('vst-lane', store) };
  }),
);

/** One lane of each register. */
function singleLane(elements: number, size: 0 | 1 | 2): Row[] {
  const width = WIDTHS[size];
  const bytes = 1 << size;
  const count = elements - 1;
  const rest = (l: number): string =>
    `1 d:1 ${l} 0 rn:4 vd:4 ${SIZE_BITS[size]} ${count.toString(2).padStart(2, '0')} where:4 rm:4`;
  const lane = ({ where }: RawFields): Lane => laneOf(elements, size, where!);
  const derive = {
    word: (raw: RawFields): number => {
      const { index, spaced, align, undefinedHere } = lane(raw);
      return structureWord(raw, elements, {
        at: registerOf(raw) * 8 + index * bytes,
        size,
        doubleSpaced: spaced,
        align,
        bytes: elements * bytes,
        last: registerOf(raw) + count * (spaced ? 2 : 1),
        undefinedHere,
      });
    },
    bits: () => width,
    alignBits: (raw: RawFields) => (lane(raw).align === 1 ? 0 : 8 * lane(raw).align),
    ...listDerive(
      elements,
      (raw) => lane(raw).spaced,
      (raw) => lane(raw).index,
    ),
  };
  const { load, store } = SINGLE[count]![size]!;
  return [
    ...structureRows(`vld${elements}`, rest(1), `.{bits} ${BASE}`, load, derive),
    ...structureRows(`vst${elements}`, rest(0), `.{bits} ${BASE}`, store, derive),
  ];
}

/** The same structure to all lanes. `sizeBits` 11 is 32 bits with an alignment of 128. */
function allLanes(elements: number, sizeBits: number): Row[] {
  const size = sizeBits === 3 ? 2 : (sizeBits as 0 | 1 | 2);
  const bytes = 1 << size;
  const count = elements - 1;
  // T: two registers for a single element, else registers that are two apart.
  const single = elements === 1;
  const bits = (value: number): string => value.toString(2).padStart(2, '0');
  const rest = `1 d:1 10 rn:4 vd:4 11 ${bits(count)} ${bits(sizeBits)} t:1 a:1 rm:4`;
  const align = ({ a }: RawFields): number => {
    if (a === 0) return 1;
    if (sizeBits === 3) return 16;
    return elements === 4 && size === 2 ? 8 : elements * bytes;
  };
  const undefinedHere = ({ a }: RawFields): boolean => {
    if (single) return size === 0 && a === 1;
    if (elements === 3) return a === 1;
    return sizeBits === 3 && a === 0;
  };
  const spaced = ({ t }: RawFields): boolean => !single && t === 1;
  const derive = {
    word: (raw: RawFields): number =>
      structureWord(raw, elements, {
        at: registerOf(raw) * 8,
        size,
        doubleSpaced: spaced(raw),
        align: align(raw),
        bytes: elements * bytes,
        last: registerOf(raw) + (single ? raw.t! : count * (spaced(raw) ? 2 : 1)),
        undefinedHere: undefinedHere(raw),
        flags: STRUCTURE.EVERYWHERE | (single && raw.t === 1 ? STRUCTURE.TWICE : 0),
      }),
    bits: () => WIDTHS[size],
    alignBits: (raw: RawFields) => (align(raw) === 1 ? 0 : 8 * align(raw)),
    ...listDerive(elements, spaced, () => ALL_LANES),
    listCount: (raw: RawFields) => (single ? 1 + raw.t! : elements),
  };
  return structureRows(`vld${elements}`, rest, `.{bits} ${BASE}`, SINGLE[count]![size]!.load, derive);
}

const TO_32 = [0, 1, 2];
const TO_64 = [0, 1, 2, 3];

export const SIMD_STRUCTURE_ROWS: readonly Row[] = [
  ...multiple(1, 1, '0111', TO_64, (align) => align < 2),
  ...multiple(1, 2, '1010', TO_64, (align) => align < 3),
  ...multiple(1, 3, '0110', TO_64, (align) => align < 2),
  ...multiple(1, 4, '0010', TO_64, () => true),
  ...multiple(2, 2, '100 spaced:1', TO_32, (align) => align < 3),
  ...multiple(2, 4, '0011', TO_32, () => true),
  ...multiple(3, 3, '010 spaced:1', TO_32, (align) => align < 2),
  ...multiple(4, 4, '000 spaced:1', TO_32, () => true),
  ...[1, 2, 3, 4].flatMap((elements) => ([0, 1, 2] as const).flatMap((size) => singleLane(elements, size))),
  ...[1, 2, 3, 4].flatMap((elements) => [0, 1, 2].flatMap((size) => allLanes(elements, size))),
  ...allLanes(4, 3),
];
