import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { assemble, userElf } from '../../../scripts/bench/user-elf.ts';

const BASE = 0x00400054;
const GUEST = join(import.meta.dirname, '../../../scripts/bench/guest');

describe('guest programs of the bench', () => {
  it('branch to labels before and behind', () => {
    const words = assemble('again:\n  nop # nothing\n  bne $t0, $t1, again\n  nop\n  b end\n  nop\nend:\n  nop', BASE);
    expect(words).toEqual([0, 0x1509fffe, 0, 0x10000001, 0, 0]);
  });

  it('load addresses in halves', () => {
    const words = assemble('lui $a0, %hi(text)\nori $a0, $a0, %lo(text)\ntext:\n.word 0x12345678', BASE);
    expect(words).toEqual([0x3c040040, 0x3484005c, 0x12345678]);
  });

  it('name the label they miss', () => {
    expect(() => assemble('b nowhere\nnop', BASE)).toThrow('no label nowhere');
  });

  it.each(['pages', 'random'])('%s is a static little-endian MIPS executable that lies where it says', (name) => {
    const source = ['start', name].map((part) => readFileSync(join(GUEST, `${part}.s`), 'utf8')).join('');
    const file = userElf(source);
    const view = new DataView(file.buffer);
    expect([...file.subarray(0, 7)]).toEqual([0x7f, 0x45, 0x4c, 0x46, 1, 1, 1]);
    expect(view.getUint16(18, true)).toBe(8);
    expect(view.getUint32(24, true)).toBe(BASE);
    expect(view.getUint32(52 + 16, true)).toBe(file.length);
    expect(view.getUint32(84, true)).toBe(0x8fa80008); // lw $t0, 8($sp)
  });
});
