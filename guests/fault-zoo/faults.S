/*
 * The faults. Each is a function that is called with interrupts off, or a user program at USER_VA; its exception never comes back. What must be
 * said of each is in test/support/fault-zoo/mips.ts, by the same names.
 */
#include "zoo.h"

  .set noreorder
  .set noat

/* From here on to the next one: a fault of the kernel. */
  .macro fault name
  .globl \name
  .type \name, @function
\name:
  .endm

/* A user program: the function goes to user mode, at the code behind it. */
  .macro user name
  .text
  fault \name
  lui $a0, %hi(9f - user_code + USER_VA)
  lui $t0, %hi(enter_user)
  addiu $t0, $t0, %lo(enter_user)
  jr $t0
  addiu $a0, $a0, %lo(9f - user_code + USER_VA)
  .section .text.user, "ax"
9:
  .endm

  .section .text.user, "ax"
  .balign PAGE_SIZE
  .globl user_code
user_code:
  .text

/* ---- pointers ---- */

fault null_load
  move $a0, $zero
  lw $v0, 16($a0)
  jr $ra
  nop

fault null_store
  move $a1, $zero
  li $t0, 5
  sw $t0, 0($a1)
  jr $ra
  nop

/* In the delay slot of a call. */
fault null_load_in_slot
  move $s0, $ra
  move $a0, $zero
  jal leaf
  lbu $a1, 8($a0)
  jr $s0
  nop
leaf:
  jr $ra
  nop

fault list_poison
  li $a0, 0x100
  lw $v0, 4($a0)
  jr $ra
  nop

fault use_after_free
  lui $v1, 0x6b6b
  ori $v1, $v1, 0x6b6b
  lbu $v0, 12($v1)
  jr $ra
  nop

/* A structure whose pointer a string was copied over. */
fault pointer_of_text
  lui $t0, %hi(name_text)
  lw $s1, %lo(name_text)($t0)
  lbu $v0, 1($s1)
  jr $ra
  nop

/* A function that has failed gave it instead of a pointer. Trap-and-emulate guests have nothing up there: KVM gives up (run it on Malta). */
fault error_pointer
  li $v0, -14
  lbu $v1, 3($v0)
  jr $ra
  nop

fault load_unaligned
  lui $a2, %hi(name_text + 2)
  addiu $a2, $a2, %lo(name_text + 2)
  lw $v0, 0($a2)
  jr $ra
  nop

fault store_unaligned
  lui $a2, %hi(name_text)
  addiu $a2, $a2, %lo(name_text)
  sh $zero, 1($a2)
  jr $ra
  nop

fault load_linked_unaligned
  lui $a2, %hi(name_text)
  addiu $a2, $a2, %lo(name_text)
  ll $v0, 6($a2)
  jr $ra
  nop

/* ---- mappings ---- */

fault write_to_constants
  lui $a0, %hi(CONST_VA)
  li $t1, 0x77
  sb $t1, 0x123($a0)
  jr $ra
  nop

fault invalid_page
  lui $a0, %hi(CONST_VA + PAGE_SIZE)
  ori $a0, $a0, %lo(CONST_VA + PAGE_SIZE)
  lw $v0, 0x40($a0)
  jr $ra
  nop

fault wrong_address_space
  lui $a0, %hi(OTHER_VA)
  lhu $v0, 0x20($a0)
  jr $ra
  nop

fault no_mapping
  lui $a3, (KSEG2 >> 16) + 0x123
  sw $zero, 0x10($a3)
  jr $ra
  nop

fault stack_overflow
  lui $sp, %hi(STACK_VA + PAGE_SIZE + 16)
  addiu $sp, $sp, %lo(STACK_VA + PAGE_SIZE + 16)
1:
  addiu $sp, $sp, -32
  sw $ra, 28($sp)
  b 1b
  nop

fault no_stack
  move $sp, $zero
  lw $ra, 20($sp)
  jr $ra
  nop

/* ---- jumps ---- */

fault null_call
  move $s0, $ra
  move $t9, $zero
  jalr $t9
  nop
  jr $s0
  nop

fault jump_unaligned
  move $s0, $ra
  lui $t9, %hi(leaf + 1)
  addiu $t9, $t9, %lo(leaf + 1)
  jalr $t9
  nop
  jr $s0
  nop

/* A string that was longer than its place on the stack. */
fault return_overwritten
  addiu $sp, $sp, -16
  lui $t0, 0x4141
  ori $t0, $t0, 0x4141
  sw $t0, 12($sp)
  lw $ra, 12($sp)
  jr $ra
  addiu $sp, $sp, 16

fault jump_to_no_code
  move $s0, $ra
  lui $v0, %hi(0x00c01230)
  addiu $v0, $v0, %lo(0x00c01230)
  jalr $v0
  nop
  jr $s0
  nop

fault runs_off
  lui $t9, %hi(RUN_OFF_VA + PAGE_SIZE - 16)
  addiu $t9, $t9, %lo(RUN_OFF_VA + PAGE_SIZE - 16)
  jr $t9
  nop

fault slot_not_mapped
  lui $t9, %hi(LAST_BRANCH_VA + PAGE_SIZE - 4)
  addiu $t9, $t9, %lo(LAST_BRANCH_VA + PAGE_SIZE - 4)
  jr $t9
  nop

/* ---- instructions ---- */

fault mips64_instruction
  .word 0xdca20008 /* ld $v0, 8($a1) */
  jr $ra
  nop

fault dsp_instruction
  .word 0x7c850010 /* addu.qb $zero, $a0, $a1 */
  jr $ra
  nop

fault executes_text
  lui $t9, %hi(name_text)
  addiu $t9, $t9, %lo(name_text)
  jr $t9
  nop

/* lw, sw, lw, sw of -4($sp), their bytes turned around. */
fault other_byte_order
  .word 0xfcffa28f, 0xfcffa2af, 0xfcffa38f, 0xfcffa3af
  jr $ra
  nop

fault erased_flash
  .word 0xffffffff
  jr $ra
  nop

fault branch_in_slot
  b 1f
  b 1f
  nop
1:
  jr $ra
  nop

fault coprocessor_2
  .word 0x48020000 /* mfc2 $v0, $0 */
  jr $ra
  nop

fault floating_point_off
  .set push
  .set hardfloat
  add.s $f0, $f2, $f4
  .set pop
  jr $ra
  nop

fault overflow_add
  lui $a0, 0x7fff
  ori $a0, $a0, 0xffff
  li $a1, 1
  add $v0, $a0, $a1
  jr $ra
  nop

fault overflow_sub
  lui $a0, 0x8000
  li $a1, 10
  sub $v0, $a0, $a1
  jr $ra
  nop

fault divide_by_zero
  li $a0, 100
  move $a1, $zero
  div $zero, $a0, $a1
  teq $a1, $zero, 7
  jr $ra
  nop

fault divide_by_zero_break
  break 7
  jr $ra
  nop

fault kernel_bug
  break 12
  jr $ra
  nop

fault kernel_bug_on
  li $s2, 3
  tne $s2, $zero, 12
  jr $ra
  nop

fault bounds_check
  li $a0, 12
  li $a1, 10
  tgeu $a0, $a1
  jr $ra
  nop

/* ---- handlers ---- */

/* The handler of a BREAK (k1 = 0: main.c) has a bad pointer. */
fault fault_in_handler
  move $k1, $zero
  break
  jr $ra
  nop
  .globl bad_handler
bad_handler:
  lui $t0, (KSEG2 >> 16) + 0x234
  lw $t1, 0($t0)
  b bad_handler
  nop

fault handler_in_boot_rom
  mfc0 $t0, C0_STATUS
  lui $t1, %hi(ST_BEV)
  or $t0, $t0, $t1
  mtc0 $t0, C0_STATUS
  ehb
  break
  jr $ra
  nop

/* ---- user programs ---- */

user user_reads_kernel
  lui $a0, KSEG0 >> 16
  lw $v0, 0x200($a0)
  b .
  nop

user user_jumps_to_kernel
  lui $t9, KSEG0 >> 16
  jr $t9
  nop

user user_privileged
  mfc0 $v0, C0_STATUS
  b .
  nop

user user_thread_pointer
  rdhwr $v1, $29
  b .
  nop

/* The result of a call that failed, taken for a pointer. */
user user_error_pointer
  li $v0, -14
  lbu $v1, 3($v0)
  b .
  nop

user user_wild_pointer
  lui $s0, 0x1000
  sw $zero, 0x30($s0)
  b .
  nop

/* ---- floating point: Malta ---- */

  .text
  .set push
  .set hardfloat

  .macro double name, high
  lui $t0, \high
  mtc1 $zero, \name
  mthc1 $t0, \name
  .endm

/* Enable an exception of FCSR, and the FPU. */
  .macro floating_point enables
  mfc0 $t0, C0_STATUS
  lui $t1, 0x2000
  or $t0, $t0, $t1
  mtc0 $t0, C0_STATUS
  ehb
  li $t0, \enables
  ctc1 $t0, $31
  .endm

fault float_divide_by_zero
  floating_point 0x400
  double $f2, 0x3ff8
  double $f4, 0
  div.d $f0, $f2, $f4
  jr $ra
  nop

fault float_invalid
  floating_point 0x800
  lui $t0, 0xbf80
  mtc1 $t0, $f6
  sqrt.s $f0, $f6
  jr $ra
  nop

fault float_odd_register
  floating_point 0
  .word 0x46220800 /* add.d $f0, $f1, $f2 */
  jr $ra
  nop
  .set pop

  .data
  .balign 4
  .globl name_text
name_text:
  .ascii "name of somebody"
