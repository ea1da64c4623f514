// What instructions do to the flow of a program: a debugger steps over calls by where they come back to.
import { describe, expect, it } from 'vitest';
import { mipsDebugView as view } from '../../../../../src/arch/mips/debug-view/index.ts';

const PC = 0x40001000;

describe('the flow of', () => {
  it.each([
    ['nop', 0x00000000, 'plain', 4],
    ['addu $v0, $a0, $a1', 0x00851021, 'plain', 4],
    ['lw $v0, 16($a0)', 0x8c820010, 'plain', 4],
    ['break', 0x0000000d, 'plain', 4],
    ['teqi $a0, 1', 0x048c0001, 'plain', 4],
    ['synci 0($a0)', 0x049f0000, 'plain', 4],
    ['tlbwi', 0x42000002, 'plain', 4],
    ['syscall', 0x0000000c, 'call', 4],
    ['eret', 0x42000018, 'branch', 4],
    ['j', 0x08000400, 'branch', 8],
    ['jr $ra', 0x03e00008, 'branch', 8],
    ['jalr $zero, $t9', 0x03200009, 'branch', 8],
    ['b .', 0x1000ffff, 'branch', 8],
    ['bne', 0x14850003, 'branch', 8],
    ['blez', 0x18800003, 'branch', 8],
    ['bgtz', 0x1c800003, 'branch', 8],
    ['bltz', 0x04800003, 'branch', 8],
    ['bgez', 0x04810003, 'branch', 8],
    ['bgezl', 0x04830003, 'branch', 8],
    ['beql', 0x50850003, 'branch', 8],
    ['bnel', 0x54850003, 'branch', 8],
    ['blezl', 0x58800003, 'branch', 8],
    ['bgtzl', 0x5c800003, 'branch', 8],
    ['bc1t', 0x45010003, 'branch', 8],
    ['mfc1', 0x44020000, 'plain', 4],
    ['jal', 0x0c000400, 'call', 8],
    ['jalr $t9', 0x0320f809, 'call', 8],
    ['jalr.hb $t9', 0x0320fc09, 'call', 8],
    ['bal', 0x04110003, 'call', 8],
    ['bltzal', 0x04900003, 'call', 8],
    ['bgezall', 0x04930003, 'call', 8],
    ['no instruction', 0xffffffff, 'plain', 4],
  ] as const)('%s', (_text, word, kind, bytes) => {
    expect(view.flow(word, PC)).toEqual({ kind, next: PC + bytes });
  });

  it('the last instruction of memory goes on at 0', () => {
    expect(view.flow(0, 0xfffffffc)).toEqual({ kind: 'plain', next: 0 });
  });
});
