/* The program itself, and the way into it. */
#include "guest.h"

  .set noreorder
  .set noat

  .text
/* void user_enter(u32 pc, u32 text, u32 length) */
  .globl user_enter
user_enter:
  mtc0 $a0, C0_EPC
  li $t0, ST_UM | ST_EXL
  mtc0 $t0, C0_STATUS
  move $a0, $a1
  move $a1, $a2
  move $sp, $zero
  move $ra, $zero
  ehb
  eret

/* a0 text, a1 length */
  .globl user_program
user_program:
  li $v0, 1
  syscall
  li $v0, 2
  syscall
1:
  b 1b
  nop
