// What instructions do to the flow of a program, from their encodings: against the rows and what these say in text.
import { describe, expect, it } from 'vitest';
import { armDebugView } from '../../../../src/arch/arm/debug-view/index.ts';
import { armv7 } from '../../../../src/arch/arm/index.ts';
import { Disassembler } from '../../../../src/cpu/isa/disassembler.ts';
import { leftOut } from '../../../support/arm/unpredictable.ts';
import { Random } from '../../../support/boot/random.ts';

const disassembler = new Disassembler(armv7.rows, armv7.syntax);
const FIRST_WIDE = 0xe800;

/** By the text: what goes to the PC, and what comes back. */
function kindByText(text: string): string {
  const [name = '', ...rest] = text.split(' ');
  const operands = rest.join(' ');
  const condition = '(eq|ne|hs|lo|mi|pl|vs|vc|hi|ls|ge|lt|gt|le)?(\\.w)?';
  const is = (names: string): boolean => new RegExp(`^(${names})${condition}$`).test(name);
  if (is('bl|blx|svc|hvc|smc')) return 'call';
  if (is('b|bx|bxj|cbz|cbnz|tbb|tbh|eret|rfe|rfeda|rfedb|rfeia|rfeib')) return 'branch';
  if (is('(ldm|pop)(da|db|ia|ib)?')) return /\{.*\bpc\b.*\}/.test(operands) ? 'branch' : 'plain';
  if (
    is(
      'str\\w*|stm\\w*|push|ldrs?[bh]t?|ldc\\w*|ldrd|ldrex\\w*|ld[cr]2\\w*|pl[di]w?|mcr2?|mcrr2?|mrrc2?|mrc2?|cdp2?|msr',
    )
  )
    return 'plain';
  if (is('cmp|cmn|tst|teq|mrs|v\\w*(\\.\\w+)*|sm\\w+|um\\w+|ml\\w+|mul\\w*|[su]\\w*(8|16)|[su]x\\w+|usad\\w+'))
    return 'plain';
  return /^pc\b/.test(operands) ? 'branch' : 'plain';
}

describe('flow', () => {
  it.each([
    [0xeb000010, 0x1000, 'call', 0x1004], // bl
    [0xfa000010, 0x1000, 'call', 0x1004], // blx
    [0xe12fff33, 0x1000, 'call', 0x1004], // blx r3
    [0xe12fff1e, 0x1000, 'branch', 0x1004], // bx lr
    [0xea000010, 0x1000, 'branch', 0x1004],
    [0xe1a0f00e, 0x1000, 'branch', 0x1004], // mov pc, lr
    [0xe59ff010, 0x1000, 'branch', 0x1004], // ldr pc, [pc, #16]
    [0xe8bd8010, 0x1000, 'branch', 0x1004], // pop {r4, pc}
    [0xe8bd4010, 0x1000, 'plain', 0x1004], // pop {r4, lr}
    [0xe160006e, 0x1000, 'branch', 0x1004], // eret
    [0xef000000, 0x1000, 'call', 0x1004], // svc
    [0xe1400070, 0x1000, 'call', 0x1004], // hvc
    [0xe1200070, 0x1000, 'plain', 0x1004], // bkpt
    [0xe3530000, 0x1000, 'plain', 0x1004], // cmp
    [0xf000f810, 0x1001, 'call', 0x1005], // bl
    [0xf000e810, 0x1001, 'call', 0x1005], // blx
    [0x4798, 0x1001, 'call', 0x1003], // blx r3
    [0x4770, 0x1001, 'branch', 0x1003], // bx lr
    [0xbd10, 0x1001, 'branch', 0x1003], // pop {r4, pc}
    [0xbc10, 0x1001, 'plain', 0x1003],
    [0xb108, 0x1001, 'branch', 0x1003], // cbz
    [0xe8df0000 + 0xf001, 0x1001, 'branch', 0x1005], // tbb
    [0x46f7, 0x1001, 'branch', 0x1003], // mov pc, lr
    [0x44af, 0x1001, 'branch', 0x1003], // add pc, r5
    [0xdf01, 0x1001, 'call', 0x1003], // svc
    [0xde01, 0x1001, 'plain', 0x1003], // udf
    [0xf8d1f000, 0x1001, 'branch', 0x1005], // ldr.w pc, [r1]
    [0xf8d12000, 0x1001, 'plain', 0x1005],
    [0xbf08, 0x1001, 'plain', 0x1003], // it eq
    [0xf3de8f00, 0x1001, 'branch', 0x1005], // eret
    [0xf3bf8f4f, 0x1001, 'plain', 0x1005], // dsb
    [0xffffffff, 0xfffffffc, 'plain', 0], // the last word
  ] as const)('of %#x at %#x is a %s', (word, pc, kind, next) => {
    expect(armDebugView.flow(word >>> 0, pc)).toEqual({ kind, next });
  });

  it('is what the text says, of any instruction', () => {
    const random = new Random(11);
    const seen = new Map<string, number>();
    /** A branch with condition 14 or 15 is none, whatever its text. */
    const isNoBranch = (word: number): boolean => ((word & 0xfb80d000) ^ 0xf3808000) === 0;
    for (let i = 0; i < 60_000; i++) {
      const pc = 0x1000 + random.below(2);
      const first = random.u32();
      // Half of the words of T32 are of 32 bits, and half of A32's have no condition.
      const half = random.below(2) === 0 ? FIRST_WIDE + random.below(0x10000 - FIRST_WIDE) : random.below(FIRST_WIDE);
      const t32 = half < FIRST_WIDE ? half : ((half << 16) | (first & 0xffff)) >>> 0;
      const word = (pc & 1) === 1 ? t32 : random.below(2) === 0 ? ((first & 0x0fffffff) | 0xe0000000) >>> 0 : first;
      const text = disassembler.disassemble(word, pc);
      const set = (pc & 1) === 1 ? 't32' : 'a32';
      const bytes = set === 't32' && half < FIRST_WIDE ? 2 : 4;
      if (set === 't32' && isNoBranch(word) && text.startsWith('b')) continue;
      if (text.startsWith('.') || leftOut(set, word, bytes, 'alone') !== null) continue;
      const { kind } = armDebugView.flow(word, pc);
      if (kind !== kindByText(text)) expect.fail(`${word.toString(16)} at ${pc.toString(16)}: ${text} is no ${kind}`);
      seen.set(`${pc & 1} ${kind}`, (seen.get(`${pc & 1} ${kind}`) ?? 0) + 1);
    }
    for (const name of ['0 call', '0 branch', '0 plain', '1 call', '1 branch', '1 plain'])
      expect(seen.get(name), name).toBeGreaterThan(500);
  });
});
