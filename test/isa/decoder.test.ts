// The rows decode what the manual encodes: words made by the oracle's own encodings (written apart from the rows, and the same to
// llvm-mc) must find the row of their mnemonic, and reserved words none.
import { describe, expect, it } from 'vitest';
import { mips32 } from '../../src/arch/mips/index.ts';
import { Decoder } from '../../src/cpu/isa/decoder.ts';
import { hex } from '../../src/util/bits.ts';
import { makeRecords } from '../support/oracle/records.ts';

describe.each(['little', 'big'] as const)('the MIPS32r2 decoder, %s endian', (endianness) => {
  const decoder = new Decoder(mips32(endianness).rows);

  it('gives every user integer instruction its row, and reserved words none', () => {
    const wrong = new Set<string>();
    for (const record of makeRecords(3, 0, 20_000, endianness)) {
      record.name.split(' ').forEach((name, n) => {
        const word = record.words[n]!;
        const expected = name === 'reserved' ? 'reserved' : name.replace('.hb', '');
        const found = decoder.decode(word)?.mnemonic ?? 'reserved';
        if (found !== expected) wrong.add(`${hex(word)}: ${expected}, decoded as ${found}`);
      });
    }
    expect([...wrong].slice(0, 20)).toEqual([]);
  });
});
