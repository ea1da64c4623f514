/*
 * Delay slots that hold what the manuals leave open, and what tsvm's core defines: a branch, an ERET (a reserved
 * instruction, told of the first branch), a WAIT (completes); branches to their own slot; JALR over its own register.
 */
#include "guest.h"
#include "test.h"

  .set noreorder
  .set noat

/* ---- a branch in a slot: slots_table, entries as fault_table's with the names of both branches ---- */

  .macro pair outer_name, inner_name, flags, outer, inner:vararg
  .text
90:
  move $t8, $ra
  lui $t3, %hi(T3_SEED)
  addiu $t3, $t3, %lo(T3_SEED)
  lui $t9, %hi(92f)
  addiu $t9, $t9, %lo(92f)
  ori $t1, $zero, 1
  move $ra, $t3 /* must be neither branch's link when the exception is taken */
91:
  \outer
95:
  \inner
  nop
92:
  move $v0, $t3
  jr $t8
  nop
  .section .rodata
  .word 90b, 91b, \flags, 93f
93:
  .asciz "\inner_name-after-\outer_name"
  .balign 4
  .text
  .endm

  .macro in_slot name, inner:vararg
  pair "beq", \name, SLOT, "beq $zero, $zero, 92f", \inner
  pair "beq-not-taken", \name, SLOT, "beq $t1, $zero, 92f", \inner
  pair "blez-not-taken", \name, SLOT, "blez $t1, 92f", \inner
  pair "bgezal", \name, SLOT, "bgezal $zero, 92f", \inner
  pair "jal", \name, SLOT, "jal 92f", \inner
  pair "jr", \name, SLOT, "jr $t9", \inner
  pair "beql", \name, SLOT, "beql $zero, $zero, 92f", \inner
  pair "beql-nullified", \name, NULLIFIED, "beql $t1, $zero, 92f", \inner
  pair "bltzall-nullified", \name, NULLIFIED, "bltzall $t1, 92f", \inner
  .endm

  .section .rodata
  .balign 4
  .globl slots_table, slots_table_end
slots_table:
  in_slot "beq", beq $zero, $zero, 92f
  in_slot "beq-not-taken", beq $t1, $zero, 92f
  in_slot "bne", bne $t1, $zero, 92f
  in_slot "blez", blez $zero, 92f
  in_slot "bgtz", bgtz $t1, 92f
  in_slot "bltz-not-taken", bltz $t1, 92f
  in_slot "bgez", bgez $t1, 92f
  in_slot "bltzal-not-taken", bltzal $t1, 92f
  in_slot "bgezal", bgezal $t1, 92f
  in_slot "beql", beql $zero, $zero, 92f
  in_slot "bnel-not-taken", bnel $zero, $zero, 92f
  in_slot "bgezall", bgezall $t1, 92f
  in_slot "bltzall-not-taken", bltzall $t1, 92f
  in_slot "j", j 92f
  in_slot "jal", jal 92f
  in_slot "jr", jr $t9
  in_slot "jalr", jalr $t9
  in_slot "self-branch", b 95b
  in_slot "self-jump", j 95b
#if TE /* QEMU's 24Kf carries it out */
  in_slot "eret", eret
#endif
  .section .rodata
slots_table_end:
  .text

  .macro function name
  .text
  .balign 4
  .globl \name
\name:
  .endm

/* ---- branches to their own slot, which then runs twice: own_slot_table, {fn, runs, name} ---- */

  .macro own_slot name, runs, branch:vararg
  .text
90:
  move $t8, $ra
  move $v0, $zero
  lui $t9, %hi(91f)
  addiu $t9, $t9, %lo(91f)
  ori $t1, $zero, 1
  \branch
91:
  addiu $v0, $v0, 1
  jr $t8
  nop
  .section .rodata
  .word 90b, \runs, 93f
93:
  .asciz "\name"
  .balign 4
  .text
  .endm

  .section .rodata
  .globl own_slot_table, own_slot_table_end
own_slot_table:
  own_slot "beq", 2, beq $zero, $zero, 91f
  own_slot "bne", 2, bne $t1, $zero, 91f
  own_slot "bgtz", 2, bgtz $t1, 91f
  own_slot "bgezal", 2, bgezal $zero, 91f
  own_slot "beql", 2, beql $zero, $zero, 91f
  own_slot "bgezall", 2, bgezall $t1, 91f
  own_slot "j", 2, j 91f
  own_slot "jal", 2, jal 91f
  own_slot "jr", 2, jr $t9
  own_slot "jalr", 2, jalr $t9
  own_slot "beq-not-taken", 1, beq $t1, $zero, 91f
  own_slot "beql-not-taken", 0, beql $t1, $zero, 91f
  .section .rodata
own_slot_table_end:

/* u32 own_slot_chase(p): follows a pointer as slot, and the pointer it found there as target. */
function own_slot_chase
  .globl own_slot_chase_branch, own_slot_chase_slot
own_slot_chase_branch:
  b own_slot_chase_slot
own_slot_chase_slot:
  lw $a0, 0($a0)
  jr $ra
  move $v0, $a0

/* void self_branch_trap(): the slot of a branch to itself ends the loop. */
function self_branch_trap
  .globl self_branch_trap_branch
self_branch_trap_branch:
  b self_branch_trap_branch
  teq $zero, $zero

/* u32 jalr_same(p): JALR over its own register, and a load or store in its slot. 0 unless register and target are right. */
  .macro jalr_same name, slot:vararg
function \name
  move $t8, $ra
  lui $t9, %hi(1f)
  addiu $t9, $t9, %lo(1f)
  lui $t2, %hi(2f)
  addiu $t2, $t2, %lo(2f)
  lui $t3, 0x1357
  jalr $t9, $t9
  \slot
2:
  jr $t8
  move $v0, $zero
1:
  bne $t9, $t2, 2b
  nop
  jr $t8
  move $v0, $t3
  .endm
  jalr_same jalr_same_load, lw $t3, 0($a0)
  jalr_same jalr_same_store, sw $t3, 0($a0)
  jalr_same jalr_same_nop, nop

/* ---- WAIT in a slot ---- */

/* u32 wait_slot_x(): 41 by way of the target, 40 by way of the instruction behind the slot. */
  .macro wait_slot name, branch:vararg
function \name
  move $t8, $ra
  lui $t9, %hi(1f)
  addiu $t9, $t9, %lo(1f)
  addiu $v0, $zero, 40
  ori $t1, $zero, 1
  \branch
  wait
  jr $t8
  nop
  .globl \name\()_target
\name\()_target:
1:
  addiu $v0, $v0, 1
  jr $t8
  nop
  .endm
  wait_slot wait_slot_beq, beq $zero, $zero, 1f
  wait_slot wait_slot_beq_not_taken, beq $t1, $zero, 1f
  wait_slot wait_slot_jal, jal 1f
  wait_slot wait_slot_jr, jr $t9
  wait_slot wait_slot_beql, beql $zero, $zero, 1f
  wait_slot wait_slot_beql_nullified, beql $t1, $zero, 1f
