/* Calls under observation, and the sequences of control.c, user.c and code.c that must be exact. */
#include "guest.h"
#include "test.h"

  .set noreorder
  .set noat

  .macro function name
  .text
  .balign 4
  .globl \name
\name:
  .endm

/* u32 probe(fn, a0, a1, a2): the exception hook may continue at probe_leave, with any registers. */
function probe
  lui $t0, %hi(probe_save)
  addiu $t0, $t0, %lo(probe_save)
  .irp n, 16,17,18,19,20,21,22,23,28,29,30,31
  sw $\n, (\n * 4)($t0)
  .endr
  move $t9, $a0
  move $a0, $a1
  move $a1, $a2
  jalr $t9
  move $a2, $a3
  .globl probe_leave
probe_leave:
  lui $t0, %hi(probe_save)
  addiu $t0, $t0, %lo(probe_save)
  .irp n, 16,17,18,19,20,21,22,23,28,29,30,31
  lw $\n, (\n * 4)($t0)
  .endr
  jr $ra
  nop

  .bss
  .balign 4
probe_save:
  .space 128

/* u32 eret_exl(wrong, right): ERET with EXL goes to EPC; the instruction behind ERET does not run. Returns Status. */
function eret_exl
  lui $t0, %hi(1f)
  addiu $t0, $t0, %lo(1f)
  mtc0 $t0, C0_EPC
  mfc0 $t1, C0_STATUS
  ori $t1, $t1, ST_EXL
  mtc0 $t1, C0_STATUS
  ehb
  eret
  jr $ra
  addiu $v0, $zero, -1
1:
  jr $ra
  mfc0 $v0, C0_STATUS

/* ERL wins over EXL: ERET goes to ErrorEPC, clears ERL and leaves EXL; a second ERET then takes EPC. */
function eret_erl_exl
  lui $t0, %hi(1f)
  addiu $t0, $t0, %lo(1f)
  mtc0 $t0, C0_ERROREPC
  lui $t0, %hi(2f)
  addiu $t0, $t0, %lo(2f)
  mtc0 $t0, C0_EPC
  mfc0 $t1, C0_STATUS
  ori $t1, $t1, ST_EXL | ST_ERL
  mtc0 $t1, C0_STATUS
  ehb
  eret
  jr $ra
  addiu $v0, $zero, -1
1:
  mfc0 $v0, C0_STATUS
  ehb
  eret
  jr $ra
  addiu $v0, $zero, -1
2:
  jr $ra
  nop

/* u32 eret_erl(): ERL alone; EPC is junk and must not be used. */
function eret_erl
  lui $t0, %hi(1f)
  addiu $t0, $t0, %lo(1f)
  mtc0 $t0, C0_ERROREPC
  mtc0 $zero, C0_EPC
  mfc0 $t1, C0_STATUS
  ori $t1, $t1, ST_ERL
  mtc0 $t1, C0_STATUS
  ehb
  eret
  jr $ra
  addiu $v0, $zero, -1
1:
  jr $ra
  mfc0 $v0, C0_STATUS

/* exl_load(va, epc), exl_load_slot, exl_syscall: an exception while EXL is set. */
function exl_load
  mtc0 $a1, C0_EPC
  mfc0 $t1, C0_STATUS
  ori $t1, $t1, ST_EXL
  mtc0 $t1, C0_STATUS
  ehb
  lw $v0, 0($a0)
  jr $ra
  nop

function exl_load_slot
  mtc0 $a1, C0_EPC
  mfc0 $t1, C0_STATUS
  ori $t1, $t1, ST_EXL
  mtc0 $t1, C0_STATUS
  ehb
  b 1f
  lw $v0, 0($a0)
1:
  jr $ra
  nop

function exl_syscall
  mtc0 $a1, C0_EPC
  mfc0 $t1, C0_STATUS
  ori $t1, $t1, ST_EXL
  mtc0 $t1, C0_STATUS
  ehb
  syscall
  jr $ra
  nop

/* soft_interrupt(cause, status): enables, then raises; the interrupt must come between the two labels. */
function soft_interrupt
  mtc0 $a1, C0_STATUS
  ehb
  .globl soft_interrupt_from
soft_interrupt_from:
  mtc0 $a0, C0_CAUSE
  ehb
  nop
  nop
  nop
  nop
  .globl soft_interrupt_to
soft_interrupt_to:
  mtc0 $zero, C0_STATUS
  ehb
  jr $ra
  nop

/* u32 load_insn(va), store_insn(va, value): the access first. u32 jump(va): 41 from the slot. */
function load_insn
  lw $v0, 0($a0)
  jr $ra
  nop
function store_insn
  sw $a1, 0($a0)
  jr $ra
  nop
function jump
  jr $a0
  addiu $v0, $zero, 41

/* u32 ll_sc(p, value) and friends: return SC's verdict. */
function ll_sc
  ll $t0, 0($a0)
  move $v0, $a1
  sc $v0, 0($a0)
  jr $ra
  nop
function ll_sc_slot
  ll $t0, 0($a0)
  move $v0, $a1
  b 1f
  sc $v0, 0($a0)
1:
  jr $ra
  nop
function ll_syscall_sc
  ll $t0, 0($a0)
  syscall
  move $v0, $a1
  sc $v0, 0($a0)
  jr $ra
  nop
function ll_eret_sc
  lui $t0, %hi(1f)
  addiu $t0, $t0, %lo(1f)
  mtc0 $t0, C0_EPC
  mfc0 $t1, C0_STATUS
  ori $t1, $t1, ST_EXL
  mtc0 $t1, C0_STATUS
  ehb
  ll $t0, 0($a0)
  eret
1:
  move $v0, $a1
  sc $v0, 0($a0)
  jr $ra
  nop
/* user_enter(pc, a0, a1): to user mode, with t3 seeded */
function user_enter
  mtc0 $a0, C0_EPC
  mfc0 $t1, C0_STATUS
  ori $t1, $t1, ST_EXL | ST_UM
  mtc0 $t1, C0_STATUS
  lui $t3, %hi(T3_SEED)
  addiu $t3, $t3, %lo(T3_SEED)
  move $a0, $a1
  move $a1, $a2
  ehb
  eret

/*
 * u32 rewriting(n, insn): position-independent. Each of n rounds stores `insn + round` over the placeholder ahead and
 * runs into it; the placeholder becomes addiu v0, zero, round. Returns the sum of the rounds.
 */
  .balign 16
function rewriting
  move $t8, $ra
  move $t7, $zero
1:
  bal 2f
  addiu $a1, $a1, 1
2:
  addiu $ra, $ra, 24 /* to 3 */
  sw $a1, 0($ra)
  synci 0($ra)
  sync
  jr.hb $ra
  addiu $a0, $a0, -1
3:
  break
  bnez $a0, 1b
  addu $t7, $t7, $v0
  move $v0, $t7
  jr $t8
  nop
  .globl rewriting_end
rewriting_end:
