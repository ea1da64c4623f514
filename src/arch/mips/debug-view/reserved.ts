// table: what a word that is no instruction of this CPU may be (MIPS64 Volume II-A; the DSP, MSA and MT modules; MIPS release 6; EJTAG).
import { Decoder } from '../../../cpu/isa/decoder.ts';
import { hex } from '../../../util/bits.ts';
import { mips32 } from '../index.ts';
import { CP0, STATUS } from '../registers.ts';
import { functionOf, opcodeOf, rsOf, rtOf } from './operands.ts';
import { asText } from './pointers.ts';
import { statusOf } from './registers.ts';
import type { Explanation, Scene } from './scene.ts';

const FOREIGN = 'an instruction that this CPU does not have';
const SPECIAL3 = 0x1f;
const RDHWR = 0x3b;
/** Words that are looked at for the other byte order. */
const WORDS_IN_A_ROW = 4;

/** By opcode. */
const OPCODES: Readonly<Record<number, string>> = {
  ...{ 24: 'DADDI of MIPS64', 25: 'DADDIU of MIPS64', 26: 'LDL of MIPS64', 27: 'LDR of MIPS64' },
  ...{ 39: 'LWU of MIPS64', 44: 'SDL of MIPS64', 45: 'SDR of MIPS64', 52: 'LLD of MIPS64' },
  ...{ 55: 'LD of MIPS64', 60: 'SCD of MIPS64', 63: 'SD of MIPS64' },
  ...{ 29: 'JALX, a call of MIPS16e or microMIPS code', 30: 'the SIMD module (MSA)' },
  ...{ 15: 'AUI of MIPS release 6', 59: 'MIPS release 6 (pc-relative addresses)' },
};

/** SPECIAL, by function. */
const SPECIALS: Readonly<Record<number, string>> = {
  ...{ 20: 'DSLLV of MIPS64', 22: 'DSRLV of MIPS64', 23: 'DSRAV of MIPS64' },
  ...{ 28: 'DMULT of MIPS64', 29: 'DMULTU of MIPS64', 30: 'DDIV of MIPS64', 31: 'DDIVU of MIPS64' },
  ...{ 44: 'DADD of MIPS64', 45: 'DADDU of MIPS64', 46: 'DSUB of MIPS64', 47: 'DSUBU of MIPS64' },
  ...{ 56: 'DSLL of MIPS64', 58: 'DSRL of MIPS64', 59: 'DSRA of MIPS64' },
  ...{ 60: 'DSLL32 of MIPS64', 62: 'DSRL32 of MIPS64', 63: 'DSRA32 of MIPS64' },
  ...{ 5: 'LSA of MIPS release 6', 53: 'SELEQZ of MIPS release 6', 55: 'SELNEZ of MIPS release 6' },
};

/** SPECIAL3, by function. */
const SPECIAL3S: Readonly<Record<number, string>> = {
  ...{ 1: 'DEXTM of MIPS64', 2: 'DEXTU of MIPS64', 3: 'DEXT of MIPS64' },
  ...{ 5: 'DINSM of MIPS64', 6: 'DINSU of MIPS64', 7: 'DINS of MIPS64', 36: 'DSBH or DSHD of MIPS64' },
  ...{ 8: 'FORK of the MT module', 9: 'YIELD of the MT module' },
  ...{ 10: 'the DSP module (indexed loads)', 12: 'INSV of the DSP module', 16: 'the DSP module (ADDU.QB and others)' },
  ...{ 17: 'the DSP module (comparisons)', 18: 'the DSP module (ABSQ and others)', 19: 'the DSP module (shifts)' },
  ...{ 24: 'the DSP module, release 2', 48: 'the DSP module (multiply-adds)', 49: 'the DSP module, release 2' },
  ...{ 56: 'the DSP module (accumulators)' },
};

const COPROCESSOR_MOVES: Readonly<Record<number, string>> = { 1: 'DMFC', 5: 'DMTC' };

export function describeReserved(scene: Scene, word: number): Explanation {
  const { isBigEndian } = scene;
  if (isInstruction(word)) return refused(scene, word);
  if (word === 0xffffffff)
    return { cause: 'no code: all bits are 1', details: ['erased flash, or a bus that nobody answers on'] };
  const foreign = foreignName(word);
  const text = asText(word, isBigEndian);
  if (text !== undefined)
    return {
      cause: 'data was executed',
      details: [`the word is the text ${JSON.stringify(text)}: pc went into a string`],
    };
  if (isOtherByteOrder(scene))
    return {
      cause: 'code of the other byte order',
      details: [
        `this CPU is ${isBigEndian ? 'big' : 'little'}-endian, and the words here are instructions when turned around`,
      ],
    };
  if (foreign !== null) return { cause: FOREIGN, details: [`${foreign}; this one is MIPS32 release 2`] };
  return {
    cause: 'data was executed, or an instruction of another CPU',
    details: [`no MIPS32 release 2 instruction is ${hex(word >>> 0)}`],
  };
}

/** A word that is an instruction all the same, but not now. */
function refused(scene: Scene, word: number): Explanation {
  if (opcodeOf(word) === SPECIAL3 && functionOf(word) === RDHWR) {
    const number = (word >>> 11) & 31;
    const isEnabled = (scene.cpu.bank('cp0', CP0.HWRENA) & (1 << number)) !== 0;
    if (isEnabled) return { cause: `the CPU has no hardware register ${number}` };
    return {
      fact: `HWREna bit ${number} = 0, Status.CU0 = 0`,
      cause: 'RDHWR that user mode is not allowed',
      details: ['kernels emulate it, or set HWREna (register 29 is the thread pointer)'],
    };
  }
  if ((statusOf(scene.cpu) & STATUS.FR) === 0)
    return {
      fact: 'Status.FR = 0: the FPU has 16 doubles, in even registers',
      cause: 'a double in an odd register',
      details: ['code for 64-bit floating-point registers (-mfp64) needs Status.FR = 1'],
    };
  return { cause: 'an instruction that is refused in this state' };
}

function foreignName(word: number): string | null {
  const opcode = opcodeOf(word);
  if (opcode === 0) return named(SPECIALS[functionOf(word)]);
  if (opcode === SPECIAL3) return named(SPECIAL3S[functionOf(word)]);
  if (opcode === 0x1c && functionOf(word) === 0x3f) return 'SDBBP, a breakpoint of a debugger on the EJTAG port';
  if ((opcode === 0x10 || opcode === 0x11) && COPROCESSOR_MOVES[rsOf(word)])
    return `${COPROCESSOR_MOVES[rsOf(word)]}${opcode - 0x10} of MIPS64`;
  if (opcode === 0x11 && rsOf(word) === 22) return 'a paired-single operation';
  if (opcode === 1 && rtOf(word) === 0x1e) return 'DATI of MIPS release 6';
  return named(OPCODES[opcode]);
}

const named = (name: string | undefined): string | null => name ?? null;

let decoder: Decoder | undefined;

function isInstruction(word: number): boolean {
  decoder ??= new Decoder(mips32('little').rows, undefined, true);
  return decoder.decode(word) !== undefined;
}

function isOtherByteOrder({ context, exception }: Scene): boolean {
  const words = Array.from({ length: WORDS_IN_A_ROW }, (_, n) => context.word((exception.pc + 4 * n) >>> 0));
  return words.every((word) => word !== null && word !== 0 && isInstruction(turned(word)));
}

function turned(word: number): number {
  const lower = ((word >>> 8) & 0xff00ff) | ((word & 0xff00ff) << 8);
  return ((lower >>> 16) | (lower << 16)) >>> 0;
}
