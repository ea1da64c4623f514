// table: MIPS32 release 2 arithmetic, logic, shifts, multiply and divide, bit fields
// (MIPS32 Architecture For Programmers Volume II-A).
import type { I32 } from '../../../cpu/emit/values.ts';
import type { Row } from '../../../cpu/isa/insn.ts';
import type { MipsEmitter } from '../emitter.ts';
import { EXC } from '../registers.ts';
import { hot, insn } from './row.ts';

type Binary = (e: MipsEmitter, a: I32, b: I32) => I32;

const threeRegister = (mnemonic: string, fn: string, op: Binary, options = hot as { hot?: boolean }): Row =>
  insn(
    mnemonic,
    `000000 rs:5 rt:5 rd:5 00000 ${fn}` as '000000 rs:5 rt:5 rd:5 00000 100001',
    '{rd}, {rs}, {rt}',
    (e, { rs, rt, rd }) => e.setGpr(rd, op(e, e.gpr(rs), e.gpr(rt))),
    options,
  );

const signedImmediate = (mnemonic: string, opcode: string, op: Binary): Row =>
  insn(
    mnemonic,
    `${opcode} rs:5 rt:5 imm:s16` as '001001 rs:5 rt:5 imm:s16',
    '{rt}, {rs}, {imm}',
    (e, { rs, rt, imm }) => e.setGpr(rt, op(e, e.gpr(rs), e.imm(imm))),
    hot,
  );

const unsignedImmediate = (mnemonic: string, opcode: string, op: Binary): Row =>
  insn(
    mnemonic,
    `${opcode} rs:5 rt:5 imm:16` as '001100 rs:5 rt:5 imm:16',
    '{rt}, {rs}, {imm}',
    (e, { rs, rt, imm }) => e.setGpr(rt, op(e, e.gpr(rs), e.imm(imm))),
    hot,
  );

const shift = (mnemonic: string, rotate: '0' | '1', fn: string, op: Binary): Row =>
  insn(
    mnemonic,
    `000000 0000${rotate} rt:5 rd:5 sa:5 ${fn}` as '000000 00000 rt:5 rd:5 sa:5 000000',
    '{rd}, {rt}, {sa}',
    (e, { rt, rd, sa }) => e.setGpr(rd, op(e, e.gpr(rt), e.imm(sa))),
    hot,
  );

const shiftVariable = (mnemonic: string, rotate: '0' | '1', fn: string, op: Binary): Row =>
  insn(
    mnemonic,
    `000000 rs:5 rt:5 rd:5 0000${rotate} ${fn}` as '000000 rs:5 rt:5 rd:5 00000 000100',
    '{rd}, {rt}, {rs}',
    (e, { rs, rt, rd }) => e.setGpr(rd, op(e, e.gpr(rt), e.gpr(rs))),
    hot,
  );

/** a + b (or a - b) that raises Overflow. `sum` is the wrapped result, `x` and `y` the values whose signs decide. */
function checked(e: MipsEmitter, result: I32, x: I32, y: I32): I32 {
  e.when(e.ltS(e.and(e.xor(x, result), e.xor(y, result)), e.const(0)), () => e.trap(EXC.Ov));
  return result;
}
const addChecked: Binary = (e, a, b) => checked(e, e.add(a, b), a, b);
const subChecked: Binary = (e, a, b) => checked(e, e.sub(a, b), a, e.not(b));

const multiply = (mnemonic: string, pattern: string, op: 'set' | 'add' | 'sub', signed: boolean, options = {}): Row =>
  insn(
    mnemonic,
    pattern as '000000 rs:5 rt:5 00000 00000 011000',
    '{rs}, {rt}',
    (e, { rs, rt }) => {
      const wide = (value: I32) => (signed ? e.sext64(value) : e.zext64(value));
      const product = e.mul64(wide(e.gpr(rs)), wide(e.gpr(rt)));
      if (op === 'set') e.setHiLo(product);
      else e.setHiLo(op === 'add' ? e.add64(e.hiLo(), product) : e.sub64(e.hiLo(), product));
    },
    options,
  );

/** LO and HI of a division: the remainder by multiplication, which hosts do faster than another division. */
function setQuotient(e: MipsEmitter, quotient: I32, a: I32, divisor: I32): void {
  e.setLo(quotient);
  e.setHi(e.sub(a, e.mul(quotient, divisor)));
}

export const ARITHMETIC_ROWS: readonly Row[] = [
  threeRegister('add', '100000', addChecked),
  threeRegister('addu', '100001', (e, a, b) => e.add(a, b)),
  threeRegister('sub', '100010', subChecked, {}),
  threeRegister('subu', '100011', (e, a, b) => e.sub(a, b)),
  threeRegister('and', '100100', (e, a, b) => e.and(a, b)),
  threeRegister('or', '100101', (e, a, b) => e.or(a, b)),
  threeRegister('xor', '100110', (e, a, b) => e.xor(a, b)),
  threeRegister('nor', '100111', (e, a, b) => e.not(e.or(a, b))),
  threeRegister('slt', '101010', (e, a, b) => e.ltS(a, b)),
  threeRegister('sltu', '101011', (e, a, b) => e.ltU(a, b)),

  signedImmediate('addi', '001000', addChecked),
  signedImmediate('addiu', '001001', (e, a, b) => e.add(a, b)),
  signedImmediate('slti', '001010', (e, a, b) => e.ltS(a, b)),
  signedImmediate('sltiu', '001011', (e, a, b) => e.ltU(a, b)),
  unsignedImmediate('andi', '001100', (e, a, b) => e.and(a, b)),
  unsignedImmediate('ori', '001101', (e, a, b) => e.or(a, b)),
  unsignedImmediate('xori', '001110', (e, a, b) => e.xor(a, b)),
  insn(
    'lui',
    '001111 00000 rt:5 imm:16',
    '{rt}, {imm}',
    (e, { rt, imm }) => e.setGpr(rt, e.shl(e.imm(imm), e.const(16))),
    hot,
  ),

  shift('sll', '0', '000000', (e, a, b) => e.shl(a, b)),
  shift('srl', '0', '000010', (e, a, b) => e.shrU(a, b)),
  shift('rotr', '1', '000010', (e, a, b) => e.rotr(a, b)),
  shift('sra', '0', '000011', (e, a, b) => e.shrS(a, b)),
  shiftVariable('sllv', '0', '000100', (e, a, b) => e.shl(a, b)),
  shiftVariable('srlv', '0', '000110', (e, a, b) => e.shrU(a, b)),
  shiftVariable('rotrv', '1', '000110', (e, a, b) => e.rotr(a, b)),
  shiftVariable('srav', '0', '000111', (e, a, b) => e.shrS(a, b)),

  insn(
    'movz',
    '000000 rs:5 rt:5 rd:5 00000 001010',
    '{rd}, {rs}, {rt}',
    (e, { rs, rt, rd }) => {
      e.when(e.eqz(e.gpr(rt)), () => e.setGpr(rd, e.gpr(rs)));
    },
    hot,
  ),
  insn(
    'movn',
    '000000 rs:5 rt:5 rd:5 00000 001011',
    '{rd}, {rs}, {rt}',
    (e, { rs, rt, rd }) => {
      e.when(e.gpr(rt), () => e.setGpr(rd, e.gpr(rs)));
    },
    hot,
  ),

  multiply('mult', '000000 rs:5 rt:5 00000 00000 011000', 'set', true, hot),
  multiply('multu', '000000 rs:5 rt:5 00000 00000 011001', 'set', false, hot),
  multiply('madd', '011100 rs:5 rt:5 00000 00000 000000', 'add', true),
  multiply('maddu', '011100 rs:5 rt:5 00000 00000 000001', 'add', false),
  multiply('msub', '011100 rs:5 rt:5 00000 00000 000100', 'sub', true),
  multiply('msubu', '011100 rs:5 rt:5 00000 00000 000101', 'sub', false),
  // MUL leaves HI and LO unpredictable; here they keep their values.
  insn(
    'mul',
    '011100 rs:5 rt:5 rd:5 00000 000010',
    '{rd}, {rs}, {rt}',
    (e, { rs, rt, rd }) => e.setGpr(rd, e.mul(e.gpr(rs), e.gpr(rt))),
    hot,
  ),

  // Division by zero and the overflowing pair are unpredictable; here the divisor counts as 1.
  insn(
    'div',
    '000000 rs:5 rt:5 00000 00000 011010',
    '$zero, {rs}, {rt}',
    (e, { rs, rt }) => {
      const a = e.gpr(rs);
      const b = e.gpr(rt);
      const overflow = e.and(e.eq(a, e.const(0x80000000)), e.eq(b, e.const(-1)));
      const divisor = e.select(e.or(e.eqz(b), overflow), e.const(1), b);
      setQuotient(e, e.divS(a, divisor), a, divisor);
    },
    hot,
  ),
  insn(
    'divu',
    '000000 rs:5 rt:5 00000 00000 011011',
    '$zero, {rs}, {rt}',
    (e, { rs, rt }) => {
      const a = e.gpr(rs);
      const b = e.gpr(rt);
      const divisor = e.select(b, b, e.const(1));
      setQuotient(e, e.divU(a, divisor), a, divisor);
    },
    hot,
  ),
  insn('mfhi', '000000 00000 00000 rd:5 00000 010000', '{rd}', (e, { rd }) => e.setGpr(rd, e.hi()), hot),
  insn('mthi', '000000 rs:5 00000 00000 00000 010001', '{rs}', (e, { rs }) => e.setHi(e.gpr(rs))),
  insn('mflo', '000000 00000 00000 rd:5 00000 010010', '{rd}', (e, { rd }) => e.setGpr(rd, e.lo()), hot),
  insn('mtlo', '000000 rs:5 00000 00000 00000 010011', '{rs}', (e, { rs }) => e.setLo(e.gpr(rs))),

  insn('clz', '011100 rs:5 rt:5 rd:5 00000 100000', '{rd=rt}, {rs}', (e, { rs, rd }) => e.setGpr(rd, e.clz(e.gpr(rs)))),
  insn('clo', '011100 rs:5 rt:5 rd:5 00000 100001', '{rd=rt}, {rs}', (e, { rs, rd }) =>
    e.setGpr(rd, e.clz(e.not(e.gpr(rs)))),
  ),
  insn(
    'ext',
    '011111 rs:5 rt:5 msbd:5 lsb:5 000000',
    '{rt}, {rs}, {lsb}, {size}',
    (e, { rs, rt, lsb, mask }) => e.setGpr(rt, e.and(e.shrU(e.gpr(rs), e.imm(lsb)), e.imm(mask))),
    {
      hot: true,
      derive: { mask: (raw) => -1 >>> (31 - raw.msbd!), size: (raw) => raw.msbd! + 1 },
    },
  ),
  // msb < lsb is unpredictable; here nothing is inserted.
  insn(
    'ins',
    '011111 rs:5 rt:5 msb:5 lsb:5 000100',
    '{rt}, {rs}, {lsb}, {size}',
    (e, { rs, rt, lsb, mask }) => {
      const inserted = e.and(e.shl(e.gpr(rs), e.imm(lsb)), e.imm(mask));
      e.setGpr(rt, e.or(e.and(e.gpr(rt), e.not(e.imm(mask))), inserted));
    },
    {
      hot: true,
      derive: {
        mask: ({ msb, lsb }) => (msb! < lsb! ? 0 : (-1 >>> (31 - (msb! - lsb!))) << lsb!),
        size: ({ msb, lsb }) => msb! - lsb! + 1,
      },
    },
  ),
  insn('wsbh', '011111 00000 rt:5 rd:5 00010 100000', '{rd}, {rt}', (e, { rt, rd }) => {
    const x = e.gpr(rt);
    const up = e.and(e.shl(x, e.const(8)), e.const(0xff00ff00));
    e.setGpr(rd, e.or(up, e.and(e.shrU(x, e.const(8)), e.const(0x00ff00ff))));
  }),
  insn(
    'seb',
    '011111 00000 rt:5 rd:5 10000 100000',
    '{rd}, {rt}',
    (e, { rt, rd }) => e.setGpr(rd, e.sext8(e.gpr(rt))),
    hot,
  ),
  insn(
    'seh',
    '011111 00000 rt:5 rd:5 11000 100000',
    '{rd}, {rt}',
    (e, { rt, rd }) => e.setGpr(rd, e.sext16(e.gpr(rt))),
    hot,
  ),
];
