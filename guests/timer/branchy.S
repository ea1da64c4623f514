/* A WAIT and a spin whose addresses are known, and code with many branches and working slots. */
  .set noreorder
  .set noat
  .text

/* void call_wait_enabled(void): waits with interrupts on; the interrupt is taken here. */
  .globl call_wait_enabled
call_wait_enabled:
  .globl wait_insn
wait_insn:
  wait
  nop
  nop
  jr $ra
  nop

/* void call_spin_enabled(void): spins with interrupts on until a handler goes on at spin_left. */
  .globl call_spin_enabled, spin_insn, spin_left
call_spin_enabled:
spin_insn:
  b spin_insn
  nop
spin_left:
  jr $ra
  nop

/* u32 call_branchy(u32 rounds): a sum to which every branch, slot, HI/LO use and call contributes. */
  .globl call_branchy
call_branchy:
  move $t9, $ra
  move $v0, $zero
  lui $t0, 0x1234
  ori $t0, $t0, 0x5677
1:
  andi $t1, $t0, 1
  bnez $t1, 2f
  rotr $t0, $t0, 5
  addiu $v0, $v0, 3
2:
  andi $t1, $t0, 2
  beqzl $t1, 3f
  addu $v0, $v0, $t0
  xori $v0, $v0, 0x55
3:
  bgezal $t0, 4f
  addiu $t0, $t0, 0x1357
  addiu $v0, $v0, 7
4:
  mult $v0, $t0
  jal 5f
  mfhi $t2
  b 6f
  xor $v0, $v0, $t2
5:
  jr $ra
  addu $v0, $v0, $t2
6:
  addiu $a0, $a0, -1
  bnez $a0, 1b
  addiu $v0, $v0, 1
  jr $t9
  nop
