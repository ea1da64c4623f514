/* Loops that store into their own page while they run. Each is aligned, so that its lines are known. */
  .set noreorder
  .text

/*
 * u32 patch_loop(u32 n, u32 every): n rounds of sum = (sum ^ sum << 3) + immediate; every `every` rounds the loop stores a new immediate into the
 * addition: the number of rounds left, 15 bits of it.
 */
  .globl patch_loop
  .balign 256
patch_loop:
  move $v0, $zero
  move $t0, $a1
  lui $t1, %hi(patched)
  addiu $t1, $t1, %lo(patched)
  lui $t2, 0x2442 /* addiu v0, v0, 0 */
  sw $t2, 0($t1)
  synci 0($t1)
  sync
1:
  sll $t3, $v0, 3
  xor $v0, $v0, $t3
  .globl patched
patched:
  addiu $v0, $v0, 0
  addiu $t0, $t0, -1
  bnez $t0, 2f
  addiu $a0, $a0, -1
  move $t0, $a1
  andi $t3, $a0, 0x7fff
  or $t3, $t3, $t2
  sw $t3, 0($t1)
  synci 0($t1)
  sync
2:
  bnez $a0, 1b
  nop
  jr.hb $ra
  nop

/*
 * u32 data_loop(u32 n, u32 *data): n rounds that add to data[0] and read it again. With data in the page of the loop, each store goes where code is.
 */
  .globl data_loop
  .balign 256
data_loop:
  move $v0, $zero
1:
  lw $t0, 0($a1)
  addu $t0, $t0, $a0
  sw $t0, 0($a1)
  sll $t1, $v0, 5
  xor $v0, $v0, $t1
  addiu $a0, $a0, -1
  bnez $a0, 1b
  addu $v0, $v0, $t0
  jr $ra
  nop
  /* In the loop's own line of 256 bytes, and in its page beyond. */
  .globl near_data
near_data:
  .word 0
  .balign 256
  .globl page_data
page_data:
  .word 0
  .balign 256

/* u32 call_loop(u32 n, u32 (*function)(u32)): n rounds of sum = function(sum). */
  .globl call_loop
  .balign 256
call_loop:
  move $t8, $ra
  move $v0, $zero
1:
  jalr $a1
  addiu $a0, $a0, -1
  bnez $a0, 1b
  nop
  jr $t8
  nop
