/*
 * Every fault of kinds.h at every position: straight, and in the delay slot of each sort of branch and jump. A case is
 * a function fn(a0) that returns t3; fault_table tells where the exception must be seen to come from: the instruction
 * itself, or its branch.
 */
#include "guest.h"
#include "test.h"

  .set noreorder
  .set noat

  .macro enter
  .text
90:
  move $t8, $ra
  lui $t0, 0x7fff
  ori $t0, $t0, 0xffff
  lui $t4, 0x8000
  lui $t3, %hi(T3_SEED)
  addiu $t3, $t3, %lo(T3_SEED)
  lui $t9, %hi(92f)
  addiu $t9, $t9, %lo(92f)
  ori $t1, $zero, 1
  .endm

/* Where every case ends, and its line in the table. */
  .macro leave position, flags
92:
  move $v0, $t3
  jr $t8
  nop
  .section .rodata
  .word 90b, 91b, kind, \flags, 93f
93:
  .asciz "\position"
  .balign 4
  .text
  .endm

  .macro position name, flags, branch, insn:vararg
  enter
91:
  \branch
  \insn
  leave \name, \flags
  .endm

  .macro all insn:vararg
  enter
91:
  \insn
  leave straight, 0
  position "beq", SLOT, "beq $zero, $zero, 92f", \insn
  position "bne", SLOT, "bne $t1, $zero, 92f", \insn
  position "beq-not-taken", SLOT, "beq $t1, $zero, 92f", \insn
  position "bgez", SLOT, "bgez $zero, 92f", \insn
  position "bltz-not-taken", SLOT, "bltz $t1, 92f", \insn
  position "blez", SLOT, "blez $zero, 92f", \insn
  position "bgezal", SLOT, "bgezal $zero, 92f", \insn
  position "bltzal-not-taken", SLOT, "bltzal $t1, 92f", \insn
  position "j", SLOT, "j 92f", \insn
  position "jal", SLOT, "jal 92f", \insn
  position "jr", SLOT, "jr $t9", \insn
  position "jalr", SLOT, "jalr $t9", \insn
  position "beql", SLOT, "beql $zero, $zero, 92f", \insn
  position "bgezl", SLOT, "bgezl $zero, 92f", \insn
  position "beql-nullified", NULLIFIED, "beql $t1, $zero, 92f", \insn
  position "bltzl-nullified", NULLIFIED, "bltzl $t1, 92f", \insn
  position "bltzall-nullified", NULLIFIED, "bltzall $t1, 92f", \insn
  .set kind, kind + 1
  .endm

  .section .rodata
  .balign 4
  .globl fault_table
fault_table:
  .set kind, 0
#define X(name, what, code, offset, ...) all __VA_ARGS__
#include "kinds.h"
  .section .rodata
  .globl fault_table_end
fault_table_end:
