// table: MIPS32 release 2 branches, jumps, traps and system calls (MIPS32 Volume II-A).
import type { I32 } from '../../../cpu/emit/values.ts';
import type { RawFields, Row } from '../../../cpu/isa/insn.ts';
import type { MipsEmitter } from '../emitter.ts';
import { EXC } from '../registers.ts';
import { hot, insn } from './row.ts';

type Compare = (e: MipsEmitter, a: I32, b: I32) => I32;
type Test = (e: MipsEmitter, a: I32) => I32;

const BYTES = { derive: { target: (raw: Readonly<Record<string, number>>) => raw.offset! * 4 } } as const;

/** Assemblers write BREAK's code as two numbers. */
const BREAK_CODES = {
  derive: { code1: (raw: RawFields) => raw.code! >>> 10, code2: (raw: RawFields) => raw.code! & 0x3ff },
} as const;

/** BEQ and friends, plain and likely. */
const compareBranch = (mnemonic: string, opcode: string, likelyOpcode: string, test: Compare): Row[] => [
  insn(
    mnemonic,
    `${opcode} rs:5 rt:5 offset:s16` as '000100 rs:5 rt:5 offset:s16',
    '{rs}, {rt}, {target}',
    (e, { rs, rt, target }) => e.branchIf(test(e, e.gpr(rs), e.gpr(rt)), target),
    { ...BYTES, hot: true },
  ),
  insn(
    `${mnemonic}l`,
    `${likelyOpcode} rs:5 rt:5 offset:s16` as '000100 rs:5 rt:5 offset:s16',
    '{rs}, {rt}, {target}',
    (e, { rs, rt, target }) => e.branchLikely(test(e, e.gpr(rs), e.gpr(rt)), target),
    BYTES,
  ),
];

/** BLEZ and friends: opcode, then the rt bits. */
const zeroBranch = (mnemonic: string, plain: string, likely: string, test: Test): Row[] => {
  const row = (name: string, [opcode, select]: string[], isLikely: boolean): Row =>
    insn(
      name,
      `${opcode} rs:5 ${select} offset:s16` as '000110 rs:5 00000 offset:s16',
      '{rs}, {target}',
      (e, { rs, target }) => {
        const condition = test(e, e.gpr(rs));
        if (isLikely) e.branchLikely(condition, target);
        else e.branchIf(condition, target);
      },
      { ...BYTES, hot: !isLikely },
    );
  return [row(mnemonic, plain.split(' '), false), row(`${mnemonic}l`, likely.split(' '), true)];
};

const linkBranch = (mnemonic: string, select: string, slot: 'delayed' | 'likely', test: Test): Row =>
  insn(
    mnemonic,
    `000001 rs:5 ${select} offset:s16` as '000001 rs:5 10001 offset:s16',
    '{rs}, {target}',
    (e, { rs, target }) => e.branchAndLink(test(e, e.gpr(rs)), target, slot),
    BYTES,
  );

const trapRegister = (mnemonic: string, fn: string, test: Compare): Row =>
  insn(
    mnemonic,
    `000000 rs:5 rt:5 code:10 ${fn}` as '000000 rs:5 rt:5 code:10 110100',
    '{rs}, {rt}[, {code}]',
    (e, { rs, rt }) => e.when(test(e, e.gpr(rs), e.gpr(rt)), () => e.trap(EXC.Tr)),
  );

const trapImmediate = (mnemonic: string, select: string, test: Compare): Row =>
  insn(mnemonic, `000001 rs:5 ${select} imm:s16` as '000001 rs:5 01100 imm:s16', '{rs}, {imm}', (e, { rs, imm }) =>
    e.when(test(e, e.gpr(rs), e.imm(imm)), () => e.trap(EXC.Tr)),
  );

const lessThanZero: Test = (e, a) => e.ltS(a, e.const(0));
const atLeastZero: Test = (e, a) => e.geS(a, e.const(0));

export const CONTROL_ROWS: readonly Row[] = [
  ...compareBranch('beq', '000100', '010100', (e, a, b) => e.eq(a, b)),
  ...compareBranch('bne', '000101', '010101', (e, a, b) => e.ne(a, b)),
  ...zeroBranch('blez', '000110 00000', '010110 00000', (e, a) => e.leS(a, e.const(0))),
  ...zeroBranch('bgtz', '000111 00000', '010111 00000', (e, a) => e.gtS(a, e.const(0))),
  ...zeroBranch('bltz', '000001 00000', '000001 00010', lessThanZero),
  ...zeroBranch('bgez', '000001 00001', '000001 00011', atLeastZero),
  linkBranch('bltzal', '10000', 'delayed', lessThanZero),
  linkBranch('bgezal', '10001', 'delayed', atLeastZero),
  linkBranch('bltzall', '10010', 'likely', lessThanZero),
  linkBranch('bgezall', '10011', 'likely', atLeastZero),

  insn('j', '000010 index:26', '{index}', (e, { index }) => e.jump(e.region(index)), hot),
  insn('jal', '000011 index:26', '{index}', (e, { index }) => e.jumpAndLink(e.region(index), 31), hot),
  insn(
    'jr',
    '000000 rs:5 00000 00000 hint:5 001000',
    '{rs}[, {hint}]',
    (e, { rs }) => e.jump(e.absolute(e.gpr(rs))),
    hot,
  ),
  insn(
    'jalr',
    '000000 rs:5 00000 rd:5 hint:5 001001',
    '{rd}, {rs}[, {hint}]',
    (e, { rs, rd }) => {
      e.jumpAndLink(e.absolute(e.gpr(rs)), rd);
    },
    hot,
  ),

  insn('syscall', '000000 code:20 001100', '[{code}]', (e) => e.trap(EXC.Sys)),
  insn('break', '000000 code:20 001101', '[{code1}[, {code2}]]', (e) => e.trap(EXC.Bp), BREAK_CODES),
  trapRegister('tge', '110000', (e, a, b) => e.geS(a, b)),
  trapRegister('tgeu', '110001', (e, a, b) => e.geU(a, b)),
  trapRegister('tlt', '110010', (e, a, b) => e.ltS(a, b)),
  trapRegister('tltu', '110011', (e, a, b) => e.ltU(a, b)),
  trapRegister('teq', '110100', (e, a, b) => e.eq(a, b)),
  trapRegister('tne', '110110', (e, a, b) => e.ne(a, b)),
  trapImmediate('tgei', '01000', (e, a, b) => e.geS(a, b)),
  trapImmediate('tgeiu', '01001', (e, a, b) => e.geU(a, b)),
  trapImmediate('tlti', '01010', (e, a, b) => e.ltS(a, b)),
  trapImmediate('tltiu', '01011', (e, a, b) => e.ltU(a, b)),
  trapImmediate('teqi', '01100', (e, a, b) => e.eq(a, b)),
  trapImmediate('tnei', '01110', (e, a, b) => e.ne(a, b)),
  insn('sync', '000000 00000 00000 00000 stype:5 001111', '[{stype}]', () => {}),
  // Waits until LLbit is cleared, which another vCPU does: it runs now.
  insn('pause', '000000 00000 00000 00000 00101 000000', '', (e) => e.when(e.llbit(), () => e.helper('pause'))),
];
