/* void run_case(const struct test_case *c, unsigned *result, unsigned *buffer), see case.h */
  .set noreorder
  .set noat
  .text
  .globl run_case
run_case:
  addiu $sp, $sp, -32
  sw $ra, 28($sp)
  sw $s0, 24($sp)
  move $s0, $a1
  move $t4, $a2
  lw $t9, 0($a0)
  lw $t5, 20($a0)
  lw $t6, 24($a0)
  mthi $t5
  mtlo $t6
  lw $t0, 8($a0)
  lw $t1, 12($a0)
  lw $t2, 16($a0)
  jalr $t9
  nop
  sw $t0, 0($s0)
  sw $t1, 4($s0)
  sw $t2, 8($s0)
  mfhi $t5
  mflo $t6
  sw $t5, 12($s0)
  sw $t6, 16($s0)
  lw $ra, 28($sp)
  lw $s0, 24($sp)
  jr $ra
  addiu $sp, $sp, 32
