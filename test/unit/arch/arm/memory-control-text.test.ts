// Loads, stores, branches and hints: words (made by llvm-mc) find the row whose text they are.
import { describe, expect, it } from 'vitest';
import { armText } from '../../../../src/arch/arm/debug.ts';
import { CONTROL_A32_ROWS } from '../../../../src/arch/arm/insns/control-a32.ts';
import { CONTROL_T32_ROWS } from '../../../../src/arch/arm/insns/control-t32.ts';
import { MEMORY_A32_ROWS } from '../../../../src/arch/arm/insns/memory-a32.ts';
import { MEMORY_T32_ROWS } from '../../../../src/arch/arm/insns/memory-t32.ts';
import { Decoders } from '../../../../src/cpu/isa/decoder.ts';

const ROWS = [...MEMORY_A32_ROWS, ...CONTROL_A32_ROWS, ...MEMORY_T32_ROWS, ...CONTROL_T32_ROWS];
const decoders = new Decoders(ROWS, true);

type Text = readonly [word: number, text: string];

const A32: readonly Text[] = [
  [0xe5910004, 'ldr r0, [r1, #4]'],
  [0xe59f0008, 'ldr r0, [pc, #8]'],
  [0x05010004, 'streq r0, [r1, #-4]'],
  [0xe4910004, 'ldr r0, [r1], #4'],
  [0xe5610001, 'strb r0, [r1, #-1]!'],
  [0xe7910102, 'ldr r0, [r1, r2, lsl #2]'],
  [0xe7110062, 'ldr r0, [r1, -r2, rrx]'],
  [0xe4b10004, 'ldrt r0, [r1], #4'],
  [0xe1d100b2, 'ldrh r0, [r1, #2]'],
  [0xe19100d2, 'ldrsb r0, [r1, r2]'],
  [0xe1c120d8, 'ldrd r2, r3, [r1, #8]'],
  [0xe16120f8, 'strd r2, r3, [r1, #-8]!'],
  [0xe8bd8010, 'pop {r4, pc}'],
  [0xe92d4010, 'push {r4, lr}'],
  [0xe95d7ffe, 'ldmdb sp, {r1, r2, r3, r4, r5, r6, r7, r8, r9, r10, r11, r12, sp, lr}^'],
  [0xe9406000, 'stmdb r0, {sp, lr}^'],
  [0xe1910f9f, 'ldrex r0, [r1]'],
  [0xe1a10f92, 'strexd r0, r2, r3, [r1]'],
  [0xe1010092, 'swp r0, r2, [r1]'],
  [0xf5d1f004, 'pld [r1, #4]'],
  [0xf711f002, 'pldw [r1, -r2]'],
  [0x1afffffe, 'bne #-8'],
  [0xeb000001, 'bl #4'],
  [0xfb000000, 'blx #2'],
  [0xe12fff1e, 'bx lr'],
  [0xef000001, 'svc #1'],
  [0xe1200070, 'bkpt #0'],
  [0xf57ff05b, 'dmb ish'],
  [0xf57ff01f, 'clrex'],
  [0xe320f002, 'wfe'],
];

const T32: readonly Text[] = [
  [0x6848, 'ldr r0, [r1, #4]'],
  [0x5c88, 'ldrb r0, [r1, r2]'],
  [0x4801, 'ldr r0, [pc, #4]'],
  [0x9001, 'str r0, [sp, #4]'],
  [0xb510, 'push {r4, lr}'],
  [0xbd10, 'pop {r4, pc}'],
  [0xc905, 'ldm r1!, {r0, r2}'],
  [0xc903, 'ldm r1, {r0, r1}'],
  [0xc107, 'stm r1!, {r0, r1, r2}'],
  [0xd0fe, 'beq #-4'],
  [0xe7fe, 'b #-4'],
  [0xb111, 'cbz r1, #4'],
  [0x4770, 'bx lr'],
  [0xdf01, 'svc #1'],
  [0xbf00, 'nop'],
  [0xf8d11000, 'ldr.w r1, [r1]'],
  [0xf8511c04, 'ldr r1, [r1, #-4]'],
  [0xf8513b04, 'ldr r3, [r1], #4'],
  [0xf8513e04, 'ldrt r3, [r1, #4]'],
  [0xf851f022, 'ldr.w pc, [r1, r2, lsl #2]'],
  [0xf992112c, 'ldrsb.w r1, [r2, #300]'],
  [0xf83f1064, 'ldrh.w r1, [pc, #-100]'],
  [0xf891f004, 'pld [r1, #4]'],
  [0xe9d12304, 'ldrd r2, r3, [r1, #16]'],
  [0xe8bd8ff0, 'pop {r4, r5, r6, r7, r8, r9, r10, r11, pc}'],
  [0xe92d4ff0, 'push {r4, r5, r6, r7, r8, r9, r10, r11, lr}'],
  [0xe8510f01, 'ldrex r0, [r1, #4]'],
  [0xe8412001, 'strex r0, r2, [r1, #4]'],
  [0xe8d2017f, 'ldrexd r0, r1, [r2]'],
  [0xe8dff001, 'tbb [pc, r1]'],
  [0xe8d2f011, 'tbh [r2, r1, lsl #1]'],
  [0xf000f802, 'bl #4'],
  [0xf000e802, 'blx #4'],
  [0xf000b802, 'b.w #4'],
  [0xf47faf38, 'bne.w #-400'],
  [0xf3bf8f5b, 'dmb ish'],
  [0xf3bf8f2f, 'clrex'],
  [0xf3af8003, 'wfi.w'],
];

describe('A32 loads, stores and branches', () => {
  it.each(A32)('%s is %s', (word, text) => {
    const row = decoders.words.decode(word);
    expect(row && armText(row, word)).toBe(text);
  });
});

describe('T32 loads, stores and branches', () => {
  it.each(T32)('%s is %s', (word, text) => {
    const row = decoders.decodeHalfwords(word, word < 0x10000 ? 2 : 4);
    expect(row && armText(row, word)).toBe(text);
  });
});
