import { describe, expect, it } from 'vitest';
import { mipsSyntax } from '../../../../src/arch/mips/debug.ts';
import { mips32 } from '../../../../src/arch/mips/index.ts';
import { Assembler } from '../../../../src/cpu/isa/assembler.ts';
import { Disassembler, parseSyntax } from '../../../../src/cpu/isa/disassembler.ts';

const { rows } = mips32('little');
const assembler = new Assembler(rows, mipsSyntax);
const disassembler = new Disassembler(rows, mipsSyntax);
const PC = 0x40001000;

describe('the MIPS assembler', () => {
  it.each([
    ['addu $v0, $a0, $a1', 0x00851021],
    ['addu $2,$4,$5', 0x00851021],
    ['  lw   $t0 , -4 ( $sp ) ', 0x8fa8fffc],
    ['lw $t0, -0x4($29)', 0x8fa8fffc],
    ['nop', 0x00000000],
    ['move $t0, $a0', 0x00804025],
    ['li $v0, -1', 0x2402ffff],
    ['b .-4', 0x1000fffe],
    ['b .+0', 0x1000ffff],
    ['mfc0 $k0, $14, 0', 0x401a7000],
    ['ext $t0, $t1, 5, 16', 0x7d287940],
    ['break 7', 0x0007000d],
    ['break 1, 2', 0x0001008d],
    ['jalr $t9', 0x0320f809],
    ['jr.hb $ra', 0x03e00408],
    ['.word 0xdeadbeef', 0xdeadbeef],
  ])('makes %s', (text, word) => {
    expect(assembler.assemble(text)).toBe(word);
  });

  it('takes branch targets as addresses when it knows where the instruction is', () => {
    expect(assembler.assemble('beq $a0, $a1, 0x40001010', PC)).toBe(0x10850003);
    expect(assembler.assemble('jal 0x4000abc0', PC)).toBe(0x0c002af0);
    expect(disassembler.disassemble(0x10850003, PC)).toBe('beq $a0, $a1, 0x40001010');
    expect(disassembler.disassemble(0x10850003)).toBe('beq $a0, $a1, .+16');
    expect(() => assembler.assemble('beq $a0, $a1, 0x40001010')).toThrow('do not fit');
  });

  it('stays in the region of the delay slot with J', () => {
    expect(disassembler.disassemble(0x08000400, 0x4ffffffc)).toBe('j 0x50001000');
    expect(() => assembler.assemble('j 0x60001000', PC)).toThrow('do not fit');
  });

  it.each([
    ['addiu $t0, $t0, 32768', 'do not fit'],
    ['addiu $t0, $t0, -32769', 'do not fit'],
    ['andi $t0, $t0, -1', 'do not fit'],
    ['sll $t0, $t0, 32', 'do not fit'],
    ['beq $a0, $a1, .+6', 'do not fit'],
    ['b .+131080', 'do not fit'],
    ['ext $t0, $t1, 0, 33', 'do not fit'],
    ['addu $t0, $t1', 'do not fit'],
    ['addu $t0, $t1, $t32', 'do not fit'],
    ['addu $t0, $t1, $32', 'do not fit'],
    ['addu $t0, $t1, t2', 'do not fit'],
    ['frobnicate $t0', 'no instruction "frobnicate"'],
    ['', 'no instruction ""'],
    ['.word', '32-bit number'],
    ['.word 0x100000000', '32-bit number'],
  ])('refuses %s', (text, message) => {
    expect(() => assembler.assemble(text)).toThrow(message);
  });
});

describe('the MIPS disassembler', () => {
  it('writes a reserved word as data', () => {
    expect(disassembler.disassemble(0xffffffff)).toBe('.word 0xffffffff');
    expect(disassembler.disassemble(0x00000005)).toBe('.word 0x00000005');
  });

  it('leaves out optional operands that are 0', () => {
    expect(disassembler.disassemble(0x0000000c)).toBe('syscall');
    expect(disassembler.disassemble(0x0000004c)).toBe('syscall 1');
    expect(disassembler.disassemble(0x0000004d)).toBe('break 0, 1');
    expect(disassembler.disassemble(0x41606000)).toBe('di');
  });
});

describe('a syntax string', () => {
  it('has its braces and brackets in pairs', () => {
    expect(parseSyntax('{rd=rt}, {rs}[, {code}]')).toHaveLength(4);
    for (const wrong of ['{rd', 'rd}', '[{rd}', '{rd}]', '{r d}']) expect(() => parseSyntax(wrong)).toThrow('stray');
  });
});
