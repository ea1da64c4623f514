// Data processing: words of llvm-mc are the instructions they are, what is undefined has no row, and records have room for every row's operands.
import { describe, expect, it } from 'vitest';
import { armText } from '../../../../src/arch/arm/debug.ts';
import { armv7 } from '../../../../src/arch/arm/index.ts';
import { BANKS } from '../../../../src/arch/arm/registers.ts';
import { expandRows } from '../../../../src/cpu/exec/handlers.ts';
import { rawFields } from '../../../../src/cpu/isa/insn.ts';
import { layOutBanks } from '../../../../src/cpu/isa/register-file.ts';
import { hex } from '../../../../src/util/bits.ts';
import { decode, type Encoding, ProcessingMachine, ROWS } from './processing-machine.ts';

/** From llvm-mc 14, --triple=armv7-- and thumbv7--, -mattr=+hwdiv-arm,+hwdiv,+mp,+dsp -show-encoding; 32-bit T32: the first halfword on top. */
const ASSEMBLED: Readonly<Record<Encoding, readonly (readonly [word: number, text: string])[]>> = {
  a32: [
    [0xe2021cff, 'and r1, r2, #0xff00'],
    [0xe2343001, 'eors r3, r4, #1'],
    [0xe2410bff, 'sub r0, r1, #0x3fc00'],
    [0xe2510004, 'subs r0, r1, #4'],
    [0xe2665000, 'rsb r5, r6, #0'],
    [0xe0887009, 'add r7, r8, r9'],
    [0xe0921003, 'adds r1, r2, r3'],
    [0xe0a21203, 'adc r1, r2, r3, lsl #4'],
    [0xe0d21fc3, 'sbcs r1, r2, r3, asr #31'],
    [0xe2e21005, 'rsc r1, r2, #5'],
    [0xe3110102, 'tst r1, #0x80000000'],
    [0xe13101a2, 'teq r1, r2, lsr #3'],
    [0xe351000a, 'cmp r1, #10'],
    [0xe1510002, 'cmp r1, r2'],
    [0xe1730004, 'cmn r3, r4'],
    [0xe1821463, 'orr r1, r2, r3, ror #8'],
    [0xe1a01002, 'mov r1, r2'],
    [0xe1a0f00e, 'mov pc, lr'],
    [0xe1a01182, 'lsl r1, r2, #3'],
    [0xe1b01fa2, 'lsrs r1, r2, #31'],
    [0xe1a01242, 'asr r1, r2, #4'],
    [0xe1a012e2, 'ror r1, r2, #5'],
    [0xe1a01062, 'rrx r1, r2'],
    [0xe3c21003, 'bic r1, r2, #3'],
    [0xe3e01000, 'mvn r1, #0'],
    [0xe3011234, 'movw r1, #0x1234'],
    [0xe34f1fff, 'movt r1, #0xffff'],
    [0x10821003, 'addne r1, r2, r3'],
    [0x03b01000, 'movseq r1, #0'],
    [0xe1a01312, 'lsl r1, r2, r3'],
    [0xe1b04675, 'rors r4, r5, r6'],
    [0xe0010392, 'mul r1, r2, r3'],
    [0xe0314392, 'mlas r1, r2, r3, r4'],
    [0xe0614392, 'mls r1, r2, r3, r4'],
    [0xe0821493, 'umull r1, r2, r3, r4'],
    [0xe0a21493, 'umlal r1, r2, r3, r4'],
    [0xe0c21493, 'smull r1, r2, r3, r4'],
    [0xe0f21493, 'smlals r1, r2, r3, r4'],
    [0xe0421493, 'umaal r1, r2, r3, r4'],
    [0xe10143c2, 'smlabt r1, r2, r3, r4'],
    [0xe16103a2, 'smultb r1, r2, r3'],
    [0xe12143c2, 'smlawt r1, r2, r3, r4'],
    [0xe12103a2, 'smulwb r1, r2, r3'],
    [0xe14214e3, 'smlaltt r1, r2, r3, r4'],
    [0xe7014312, 'smlad r1, r2, r3, r4'],
    [0xe701f332, 'smuadx r1, r2, r3'],
    [0xe7014372, 'smlsdx r1, r2, r3, r4'],
    [0xe701f352, 'smusd r1, r2, r3'],
    [0xe7421413, 'smlald r1, r2, r3, r4'],
    [0xe7421473, 'smlsldx r1, r2, r3, r4'],
    [0xe7514312, 'smmla r1, r2, r3, r4'],
    [0xe751f332, 'smmulr r1, r2, r3'],
    [0xe75143f2, 'smmlsr r1, r2, r3, r4'],
    [0xe711f312, 'sdiv r1, r2, r3'],
    [0xe731f312, 'udiv r1, r2, r3'],
    [0xe16f1f12, 'clz r1, r2'],
    [0xe6ff1f32, 'rbit r1, r2'],
    [0xe6bf1f32, 'rev r1, r2'],
    [0xe6bf1fb2, 'rev16 r1, r2'],
    [0xe6ff1fb2, 'revsh r1, r2'],
    [0xe7c9119f, 'bfc r1, #3, #7'],
    [0xe7c91192, 'bfi r1, r2, #3, #7'],
    [0xe7a611d2, 'sbfx r1, r2, #3, #7'],
    [0xe7e611d2, 'ubfx r1, r2, #3, #7'],
    [0xe6a71012, 'ssat r1, #8, r2'],
    [0xe6a71052, 'ssat r1, #8, r2, asr #32'],
    [0xe6ff1212, 'usat r1, #31, r2, lsl #4'],
    [0xe6af1f32, 'ssat16 r1, #16, r2'],
    [0xe6ef1f32, 'usat16 r1, #15, r2'],
    [0xe1031052, 'qadd r1, r2, r3'],
    [0xe1231052, 'qsub r1, r2, r3'],
    [0xe1431052, 'qdadd r1, r2, r3'],
    [0xe1631052, 'qdsub r1, r2, r3'],
    [0xe6821013, 'pkhbt r1, r2, r3'],
    [0xe6821293, 'pkhbt r1, r2, r3, lsl #5'],
    [0xe6821053, 'pkhtb r1, r2, r3, asr #32'],
    [0xe6af1072, 'sxtb r1, r2'],
    [0xe6bf1472, 'sxth r1, r2, ror #8'],
    [0xe6ef1872, 'uxtb r1, r2, ror #16'],
    [0xe6ff1072, 'uxth r1, r2'],
    [0xe68f1072, 'sxtb16 r1, r2'],
    [0xe6e21073, 'uxtab r1, r2, r3'],
    [0xe6b21c73, 'sxtah r1, r2, r3, ror #24'],
    [0xe6c21073, 'uxtab16 r1, r2, r3'],
    [0xe6821fb3, 'sel r1, r2, r3'],
    [0xe6121f13, 'sadd16 r1, r2, r3'],
    [0xe6221f33, 'qasx r1, r2, r3'],
    [0xe6321f53, 'shsax r1, r2, r3'],
    [0xe6521f73, 'usub16 r1, r2, r3'],
    [0xe6621f93, 'uqadd8 r1, r2, r3'],
    [0xe6721ff3, 'uhsub8 r1, r2, r3'],
    [0xe781f312, 'usad8 r1, r2, r3'],
    [0xe7814312, 'usada8 r1, r2, r3, r4'],
  ],
  narrow: [
    [0x00d1, 'lsls r1, r2, #3'],
    [0x0011, 'movs r1, r2'],
    [0x0811, 'lsrs r1, r2, #32'],
    [0x1151, 'asrs r1, r2, #5'],
    [0x18d1, 'adds r1, r2, r3'],
    [0x1fd1, 'subs r1, r2, #7'],
    [0x21ff, 'movs r1, #255'],
    [0x2901, 'cmp r1, #1'],
    [0x31c8, 'adds r1, #200'],
    [0x3908, 'subs r1, #8'],
    [0x4011, 'ands r1, r2'],
    [0x4051, 'eors r1, r2'],
    [0x4091, 'lsls r1, r2'],
    [0x4151, 'adcs r1, r2'],
    [0x4191, 'sbcs r1, r2'],
    [0x41d1, 'rors r1, r2'],
    [0x4211, 'tst r1, r2'],
    [0x4251, 'rsbs r1, r2, #0'],
    [0x4291, 'cmp r1, r2'],
    [0x42d1, 'cmn r1, r2'],
    [0x4311, 'orrs r1, r2'],
    [0x4351, 'muls r1, r2, r1'],
    [0x4391, 'bics r1, r2'],
    [0x43d1, 'mvns r1, r2'],
    [0x4488, 'add r8, r1'],
    [0x448d, 'add sp, r1'],
    [0x45d1, 'cmp r9, r10'],
    [0x4688, 'mov r8, r1'],
    [0x46f7, 'mov pc, lr'],
    [0xa104, 'adr r1, #16'],
    [0xa908, 'add r1, sp, #32'],
    [0xb002, 'add sp, #8'],
    [0xb0ff, 'sub sp, #508'],
    [0xb211, 'sxth r1, r2'],
    [0xb251, 'sxtb r1, r2'],
    [0xb291, 'uxth r1, r2'],
    [0xb2d1, 'uxtb r1, r2'],
    [0xba11, 'rev r1, r2'],
    [0xba51, 'rev16 r1, r2'],
    [0xbad1, 'revsh r1, r2'],
  ],
  wide: [
    [0xf00211ff, 'and r1, r2, #0xff00ff'],
    [0xf0324100, 'bics r1, r2, #0x80000000'],
    [0xf04221ab, 'orr r1, r2, #0xab00ab00'],
    [0xf04f31ab, 'mov.w r1, #0xabababab'],
    [0xf06f0103, 'mvn r1, #3'],
    [0xea620103, 'orn r1, r2, r3'],
    [0xea910fc2, 'teq r1, r2, lsl #3'],
    [0xea8211f3, 'eor.w r1, r2, r3, ror #7'],
    [0xf51978ff, 'adds.w r8, r9, #0x1fe'],
    [0xf5112f88, 'cmn r1, #0x44000'],
    [0xf1420101, 'adc r1, r2, #1'],
    [0xeb720103, 'sbcs.w r1, r2, r3'],
    [0xf5b86fff, 'cmp.w r8, #0x7f8'],
    [0xebc201e3, 'rsb r1, r2, r3, asr #3'],
    [0xea5f0809, 'movs.w r8, r9'],
    [0xea4f0829, 'asr.w r8, r9, #32'],
    [0xea4f0132, 'rrx r1, r2'],
    [0xfa19f80a, 'lsls.w r8, r9, r10'],
    [0xfa69f80a, 'ror.w r8, r9, r10'],
    [0xf60271ff, 'addw r1, r2, #4095'],
    [0xf2a20101, 'subw r1, r2, #1'],
    [0xf64f61dc, 'movw r1, #0xfedc'],
    [0xf2c12134, 'movt r1, #0x1234'],
    [0xf32201c7, 'ssat r1, #8, r2, asr #3'],
    [0xf3a20104, 'usat16 r1, #4, r2'],
    [0xf34201c6, 'sbfx r1, r2, #3, #7'],
    [0xf36201c9, 'bfi r1, r2, #3, #7'],
    [0xf36f01c9, 'bfc r1, #3, #7'],
    [0xf3c271c0, 'ubfx r1, r2, #31, #1'],
    [0xeac21143, 'pkhbt r1, r2, r3, lsl #5'],
    [0xeac211e3, 'pkhtb r1, r2, r3, asr #7'],
    [0xfa2ff192, 'sxtb16 r1, r2, ror #8'],
    [0xfa52f183, 'uxtab r1, r2, r3'],
    [0xfa83f1b2, 'qdsub r1, r2, r3'],
    [0xfa92f1a2, 'rbit r1, r2'],
    [0xfab2f182, 'clz r1, r2'],
    [0xfaa2f183, 'sel r1, r2, r3'],
    [0xfae2f153, 'uqsax r1, r2, r3'],
    [0xfa82f123, 'shadd8 r1, r2, r3'],
    [0xfaa2f143, 'uasx r1, r2, r3'],
    [0xfb02f103, 'mul r1, r2, r3'],
    [0xfb024103, 'mla r1, r2, r3, r4'],
    [0xfb024113, 'mls r1, r2, r3, r4'],
    [0xfb124123, 'smlatb r1, r2, r3, r4'],
    [0xfb12f103, 'smulbb r1, r2, r3'],
    [0xfb424113, 'smlsdx r1, r2, r3, r4'],
    [0xfb22f103, 'smuad r1, r2, r3'],
    [0xfb324103, 'smlawb r1, r2, r3, r4'],
    [0xfb32f113, 'smulwt r1, r2, r3'],
    [0xfb524113, 'smmlar r1, r2, r3, r4'],
    [0xfb52f103, 'smmul r1, r2, r3'],
    [0xfb624103, 'smmls r1, r2, r3, r4'],
    [0xfb72f103, 'usad8 r1, r2, r3'],
    [0xfb724103, 'usada8 r1, r2, r3, r4'],
    [0xfb831204, 'smull r1, r2, r3, r4'],
    [0xfba31204, 'umull r1, r2, r3, r4'],
    [0xfbc31204, 'smlal r1, r2, r3, r4'],
    [0xfbe31204, 'umlal r1, r2, r3, r4'],
    [0xfbe31264, 'umaal r1, r2, r3, r4'],
    [0xfbc31294, 'smlalbt r1, r2, r3, r4'],
    [0xfbc312d4, 'smlaldx r1, r2, r3, r4'],
    [0xfbd312c4, 'smlsld r1, r2, r3, r4'],
    [0xfb92f1f3, 'sdiv r1, r2, r3'],
    [0xfbb2f1f3, 'udiv r1, r2, r3'],
  ],
};

/** What the manual leaves UNDEFINED, or says should be 0 or 1. */
const UNDEFINED: Readonly<Record<Encoding, readonly (readonly [word: number, why: string])[]>> = {
  a32: [
    [0xe3710000 | 0x2000, 'CMN, Rd not 0'],
    [0xe3a11000, 'MOV, Rn not 0'],
    [0xe0012293, 'MUL, Ra not 0'],
    [0xe0500291, 'opcode 0101 of the multiplications'],
    [0xe0700291, 'opcode 0111'],
    [0xe6001f12, 'parallel addition, op1 000'],
    [0xe6121fb2, 'parallel addition, op2 101'],
    [0xe6901071, 'extension, op1 001'],
    [0xe7511054, 'SMMLA, bits 7:6 01'],
    [0xe72f1011, 'division, op1 010'],
  ],
  narrow: [
    [0xba80, 'HLT, of ARMv8'],
    [0xbabf, 'HLT, of ARMv8'],
  ],
  wide: [
    [0xf0a01000, 'modified immediate, op 0101'],
    [0xea418102, 'shifted register, bit 15'],
    [0xfa01f152, 'shift by a register, bits 7:4'],
    [0xfab0f131, 'parallel addition, op 011'],
    [0xfa90f170, 'parallel addition, bits 6:4 111'],
    [0xfb41f120, 'SMLSD, bits 5:4 10'],
    [0xfbb1f101, 'UDIV, bits 7:4'],
  ],
};

const canonical = (text: string): string =>
  text
    .replace(/\.w\b/, '')
    .replace(/#(-?\w+)/g, (_, number: string) => `#${Number(number) >>> 0}`)
    .trim();

describe('decoding of data processing', () => {
  it.each(['a32', 'narrow', 'wide'] as const)('%s as llvm-mc encodes it', (encoding) => {
    const read = ASSEMBLED[encoding].map(([word, text]) => {
      const row = decode(encoding, word);
      return [hex(word), row ? canonical(armText(row, word)) : `none for ${text}`];
    });
    expect(read).toEqual(ASSEMBLED[encoding].map(([word, text]) => [hex(word), canonical(text)]));
  });

  it.each(['a32', 'narrow', 'wide'] as const)('%s: what is undefined has no row', (encoding) => {
    const found = UNDEFINED[encoding].filter(([word]) => decode(encoding, word) !== undefined);
    expect(found).toEqual([]);
  });
});

describe('execution of data processing', () => {
  it('has room for operands in records, and not too many rows in the main switch', () => {
    const { banks } = layOutBanks(BANKS, 0x400, 16);
    for (const rows of [ROWS.a32, [...ROWS.narrow, ...ROWS.wide]]) {
      const { handlers } = expandRows({ ...armv7, rows, pairs: [] }, banks);
      expect(handlers.filter(({ row }) => row.hot).length).toBeLessThanOrEqual(68);
    }
  });

  it('returns from an exception by an A32 instruction with S whose destination is R15', () => {
    const SUBS_PC_LR_4 = 0xe25ef004;
    const row = decode('a32', SUBS_PC_LR_4)!;
    const returning = row.variants!.pick(rawFields(row, SUBS_PC_LR_4), 0);
    expect(returning.hot).toBe(false);
    expect(returning).not.toBe(row.variants!.pick(rawFields(row, 0xe25ee004), 0));
  });

  it('has no exception return in user mode', () => {
    const machine = new ProcessingMachine();
    machine.bank('cpsr')[0] = 0x10;
    for (const word of [0xe25ef004, 0xe1b0f00e, 0xe1b0f10e, 0xe010f001, 0xe01ff002])
      for (const known of [false, true]) expect(machine.run('a32', word, 0x1000, known)).toBe('undefined');
  });
});
