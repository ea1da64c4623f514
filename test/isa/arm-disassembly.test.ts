// The text of ARM instructions against llvm-mc's recorded one (test/support/arm/llvm.ts says what is deliberately written otherwise).
import { describe, expect, it } from 'vitest';
import { armText } from '../../src/arch/arm/debug.ts';
import { hex } from '../../src/util/bits.ts';
import { readDisassembly } from '../support/arm/disassembly.ts';
import { comparable, fromLlvm } from '../support/arm/llvm.ts';
import { rowOf } from '../support/arm/words.ts';

/** Names that later architectures have given to hints. */
const LATER_HINTS = /^hint(\.w)?$/;

describe('ARM instructions as text', () => {
  const recorded = readDisassembly();

  it('are written as llvm-mc writes them', () => {
    const wrong = recorded.flatMap(({ set, word, bytes, text }) => {
      const row = rowOf(set, word, bytes);
      if (!row || text === null || LATER_HINTS.test(row.mnemonic)) return [];
      const [ours, theirs] = [comparable(armText(row, word)), fromLlvm(text)];
      return ours === theirs ? [] : [`${set} ${hex(word, 2 * bytes)}: ${ours}, llvm-mc: ${text}`];
    });
    expect(wrong).toEqual([]);
  });

  const textOf = (set: 'a32' | 't32', word: number, bytes: 2 | 4, pc?: number, condition?: number): string =>
    armText(rowOf(set, word, bytes)!, word, pc, condition);

  it('have addresses where the place is known', () => {
    expect(textOf('a32', 0xeafffffe, 4, 0x8000)).toBe('b 0x00008000');
    expect(textOf('t32', 0xe7fe, 2, 0x8003)).toBe('b 0x00008002');
    expect(textOf('a32', 0xeafffffe, 4)).toBe('b #-8');
  });

  it('have the condition of their IT block', () => {
    expect(textOf('t32', 0xbf0c, 2)).toBe('ite eq');
    expect(textOf('t32', 0x1840, 2, undefined, 1)).toMatch(/^adds?ne r0, r0, r1$/);
    expect(textOf('t32', 0xee300a20, 4, undefined, 12)).toBe('vaddgt.f32 s0, s0, s1');
  });
});
