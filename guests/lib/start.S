/*
 * Entry, exception vectors, exception frame, and the few things C cannot say.
 *
 * Exceptions do not nest: one static frame, one exception stack. A stub per vector notes in k0 where it was entered
 * and jumps to exc_common, so a test can see which vector the CPU chose. With SMP (lib/smp) every vCPU has frame and
 * stacks of its own, found through UserLocal.
 */
#include "guest.h"
#if SMP
#include "smp/area.h"
#endif

  .set noreorder
  .set noat

  .section .text.start, "ax"
  .globl _start
_start:
  mfc0 $s0, C0_STATUS
  mfc0 $s1, C0_CAUSE
  mfc0 $s2, $15, 1
  mtc0 $zero, C0_STATUS /* kernel mode, BEV, EXL, ERL and IE clear, all interrupts masked */
  mtc0 $zero, C0_CAUSE
  ehb
  andi $t0, $s2, 0x3ff /* EBase.CPUNum: every vCPU enters here */
#if SMP
  bnez $t0, smp_secondary
#else
  bnez $t0, park /* one is enough */
#endif
  nop
  lui $t0, %hi(__bss_start)
  addiu $t0, $t0, %lo(__bss_start)
  lui $t1, %hi(__bss_end)
  addiu $t1, $t1, %lo(__bss_end)
1:
  sw $zero, 0($t0)
  addiu $t0, $t0, 4
  sltu $t2, $t0, $t1
  bnez $t2, 1b
  nop
  lui $t0, %hi(boot_state)
  addiu $t0, $t0, %lo(boot_state)
  sw $s0, 0($t0)
  sw $s1, 4($t0)
  sw $s2, 8($t0)
  sw $a0, 12($t0)
  sw $a1, 16($t0)
  sw $a2, 20($t0)
  sw $a3, 24($t0)
#if SMP
  lui $t1, %hi(smp_areas)
  addiu $t1, $t1, %lo(smp_areas)
  mtc0 $t1, C0_USERLOCAL
  addiu $sp, $t1, AREA_STACK - 32
#else
  lui $sp, %hi(stack_top - 32)
  addiu $sp, $sp, %lo(stack_top - 32)
#endif
  lui $t9, %hi(guest_start)
  addiu $t9, $t9, %lo(guest_start)
  jalr $t9
  nop
2:
  b 2b
  nop
#if !SMP
park:
  wait /* no interrupt is let through by Status, so none ends this */
  b park
  nop
#endif

  .text

/* Copied to EBase + 0x000, 0x080, 0x100, 0x180, 0x200 by exc_install, four words each. */
  .macro stub offset
  lui $k1, %hi(exc_common)
  addiu $k1, $k1, %lo(exc_common)
  jr $k1
  ori $k0, $zero, \offset
  .endm
  .globl exc_stubs
exc_stubs:
  stub 0x000
  stub 0x080
  stub 0x100
  stub 0x180
  stub 0x200

  .macro frame_to_k1
#if SMP
  mfc0 $k1, C0_USERLOCAL /* the frame is first in the area */
#else
  lui $k1, %hi(exc_frame)
  addiu $k1, $k1, %lo(exc_frame)
#endif
  .endm

exc_common:
  frame_to_k1
  .irp n, 1,2,3,4,5,6,7,8,9,10,11,12,13,14,15,16,17,18,19,20,21,22,23,24,25,28,29,30,31
  sw $\n, (\n * 4)($k1)
  .endr
  mfhi $t0
  mflo $t1
  mfc0 $t2, C0_STATUS
  mfc0 $t3, C0_CAUSE
  mfc0 $t4, C0_EPC
  mfc0 $t5, C0_BADVADDR
  mfc0 $t6, C0_ENTRYHI
  mfc0 $t7, C0_CONTEXT
  sw $t0, (FR_HI * 4)($k1)
  sw $t1, (FR_LO * 4)($k1)
  sw $t2, (FR_STATUS * 4)($k1)
  sw $t3, (FR_CAUSE * 4)($k1)
  sw $t4, (FR_EPC * 4)($k1)
  sw $t5, (FR_BADVADDR * 4)($k1)
  sw $t6, (FR_ENTRYHI * 4)($k1)
  sw $t7, (FR_CONTEXT * 4)($k1)
  sw $k0, (FR_VECTOR * 4)($k1)
#if SMP
  addiu $sp, $k1, AREA_EXC_STACK - 32
#else
  lui $sp, %hi(exc_stack_top - 32)
  addiu $sp, $sp, %lo(exc_stack_top - 32)
#endif
  lui $t9, %hi(exc_dispatch)
  addiu $t9, $t9, %lo(exc_dispatch)
  jalr $t9
  move $a0, $k1
  frame_to_k1
  lw $t0, (FR_HI * 4)($k1)
  lw $t1, (FR_LO * 4)($k1)
  lw $t2, (FR_STATUS * 4)($k1)
  lw $t4, (FR_EPC * 4)($k1)
  mthi $t0
  mtlo $t1
  mtc0 $t2, C0_STATUS
  mtc0 $t4, C0_EPC
  .irp n, 1,2,3,4,5,6,7,8,9,10,11,12,13,14,15,16,17,18,19,20,21,22,23,24,25,28,29,30,31
  lw $\n, (\n * 4)($k1)
  .endr
  ehb
  eret

/* void icache_sync(void *start, u32 length): a cache line is at least 16 bytes. */
  .globl icache_sync
icache_sync:
  addu $a1, $a0, $a1
1:
  synci 0($a0)
  addiu $a0, $a0, 16
  sltu $t0, $a0, $a1
  bnez $t0, 1b
  nop
  sync
  jr.hb $ra
  nop

/* u32 hypercall(u32 number, u32 a0, u32 a1, u32 a2): HYPCALL takes v0 = number, a0.. = arguments, answers in v0. */
  .globl hypercall
hypercall:
  move $v0, $a0
  move $a0, $a1
  move $a1, $a2
  move $a2, $a3
  .word 0x42000028
  jr $ra
  nop

  .data
  .globl boot_state
  .balign 4
boot_state:
  .space 28

#if !SMP
  .bss
  .globl exc_frame
  .balign 16
exc_frame:
  .space FR_WORDS * 4
  .balign 16
exc_stack:
  .space 8192
exc_stack_top:
  .space 16384
stack_top:
#endif
