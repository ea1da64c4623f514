// Multiple structures with big-endian data: the rows load and store words, and the functions put elements that those have brought out of order right.
import { describe, expect, it } from 'vitest';
import { BANKS } from '../../../../src/arch/arm/registers.ts';
import {
  ELEMENTS_OF,
  loadName,
  REGISTER_COUNTS,
  STRUCTURE,
  storeName,
} from '../../../../src/arch/arm/simd/structures.ts';
import { layOutBanks } from '../../../../src/cpu/isa/register-file.ts';
import { instantiate } from '../../../support/arm/functions.ts';

const { banks } = layOutBanks(BANKS, 64, 16);
const { memory, call } = instantiate(banks);
const state = new DataView(memory.buffer);
const FIRST = 4;

/** The registers that bytes of memory make, element by element. */
function expected(elements: number, registers: number, size: number, bytes: readonly number[], big: boolean): bigint[] {
  const width = 1 << size;
  const lanes = 8 / width;
  const perElement = registers / elements;
  return Array.from({ length: registers }, (_, register) => {
    const [element, row] = [Math.floor(register / perElement), register % perElement];
    let value = 0n;
    for (let lane = 0; lane < lanes; lane++) {
      const at = ((row * lanes + lane) * elements + element) * width;
      const taken = bytes.slice(at, at + width);
      if (!big) taken.reverse();
      const number = taken.reduce((sum, byte) => (sum << 8n) | BigInt(byte), 0n);
      value |= number << BigInt(lane * width * 8);
    }
    return value;
  });
}

const shapes = REGISTER_COUNTS.flatMap((registers) =>
  ELEMENTS_OF[registers]!.map((elements) => ({ registers, elements })),
).flatMap(({ registers, elements }) =>
  (elements === 1 ? [0, 1, 2, 3] : [0, 1, 2]).flatMap((size) =>
    [false, true].map((big) => ({ elements, registers, size, big })),
  ),
);

describe('multiple structures', () => {
  it.each(shapes)(
    'of $elements in $registers registers, size $size, big-endian: $big',
    ({ elements, registers, size, big }) => {
      const bytes = Array.from({ length: 8 * registers }, (_, i) => (i * 37 + 11) & 0xff);
      const image = new DataView(Uint8Array.from(bytes).buffer);
      const words = Array.from({ length: 2 * registers }, (_, i) => image.getInt32(4 * i, !big));
      const word = (FIRST * 8) | (size << STRUCTURE.SIZE) | ((elements - 1) << STRUCTURE.ELEMENTS);
      const register = (i: number): bigint => state.getBigUint64(banks.d!.offset + 8 * (FIRST + i), true);

      call(loadName(registers))!(word, big ? 1 : 0, ...words);
      const loaded = Array.from({ length: registers }, (_, i) => register(i));
      expect(loaded).toEqual(expected(elements, registers, size, bytes, big));

      const store = call(storeName(registers))!;
      const stored = Array.from({ length: registers }, (_, i) =>
        BigInt.asUintN(64, store(word, big ? 1 : 0, i) as bigint),
      );
      expect(stored.flatMap((double) => [Number(double & 0xffffffffn) | 0, Number(double >> 32n) | 0])).toEqual(words);
    },
  );
});
