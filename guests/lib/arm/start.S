/*
 * Entry. A CPU that is entered in Hyp mode gives the timers to PL1 and goes on in SVC mode, as Linux does. There the MMU maps all 4 GiB to
 * themselves, RAM as normal shareable memory (exclusives want that) and the rest as devices.
 */
#include "arm.h"
  .syntax unified
  .arm
  .arch_extension sec
  .arch_extension virt
  .fpu neon

  .section .text.start, "ax"
  .globl _start, secondary_start
_start:
  mov r4, #0
  mrs r5, cpsr
  and r5, r5, #0x1f
  bl leave_hyp
  ldr r0, =__bss_start
  ldr r1, =__bss_end
  mov r2, #0
1:
  cmp r0, r1
  strlo r2, [r0], #4
  blo 1b
  ldr r0, =entry_mode
  str r5, [r0]
  bl make_table
  bl enter_c
  bl guest_main
  bl power_off

secondary_start:
  mov r4, r0
  bl leave_hyp
  bl enter_c
  mov r0, r4
  bl smp_main
2:
  wfi
  b 2b

/* To SVC mode, everything masked; both modes' vectors report. */
leave_hyp:
  ldr r0, =vectors
  mrs r1, cpsr
  and r1, r1, #0x1f
  cmp r1, #0x1a
  bne 3f
  mcr p15, 4, r0, c12, c0, 0 /* HVBAR */
  mov r1, #3
  mcr p15, 4, r1, c14, c1, 0 /* CNTHCTL: PL1PCTEN, PL1PCEN */
  mov r1, #0
  mcrr p15, 4, r1, r1, c14 /* CNTVOFF */
  mov r1, #0x1d3
  msr spsr_cxsf, r1
  msr elr_hyp, lr
  mcr p15, 0, r0, c12, c0, 0 /* VBAR */
  eret
3:
  cpsid aif, #0x13
  mcr p15, 0, r0, c12, c0, 0
  bx lr

/* One section descriptor for each MiB: the address, and what it is. */
make_table:
  ldr r0, =TABLE
  mov r1, #0 /* address */
4:
  ldr r2, =0x00000c16 /* section, shareable device, XN, any access */
  cmp r1, #RAM
  ldrhs r2, =0x00011c0e /* section, normal write-back, shareable, any access */
  orr r2, r1, r2
  str r2, [r0], #4
  adds r1, r1, #0x100000
  bne 4b
  dsb
  bx lr

/* MMU and caches on, and the stack of CPU r4. */
enter_c:
  ldr r0, =TABLE
  mov r1, #0
  mcr p15, 0, r1, c8, c7, 0 /* TLBIALL */
  mcr p15, 0, r1, c7, c5, 0 /* ICIALLU */
  mcr p15, 0, r1, c2, c0, 2 /* TTBCR */
  orr r0, r0, #0x4a /* table walks: shareable, write-back */
  mcr p15, 0, r0, c2, c0, 0 /* TTBR0 */
  mov r1, #1
  mcr p15, 0, r1, c3, c0, 0 /* DACR: domain 0 is a client */
  dsb
  isb
  mrc p15, 0, r0, c1, c0, 0
  orr r0, r0, #0x1000 /* SCTLR.I */
  orr r0, r0, #0x5 /* SCTLR.C, M */
  mcr p15, 0, r0, c1, c0, 0
  isb
  ldr sp, =stacks
  add r0, r4, #1
  add sp, sp, r0, lsl #12 /* STACK_SIZE */
  bx lr

/* int psci(u32 function, u32 a, u32 b, u32 c) */
  .globl psci
psci:
  ldr r12, =entry_mode
  ldr r12, [r12]
  cmp r12, #0x1a
  beq 5f
  hvc #0
  bx lr
5:
  smc #0
  bx lr

/* Nothing here takes exceptions: say which came and from where, and end. */
  .balign 32
vectors:
  .irp n, 0, 1, 2, 3, 4, 5, 6, 7
  b report_\n
  .endr
  .irp n, 0, 1, 2, 3, 4, 5, 6, 7
report_\n:
  mov r0, #\n
  b report
  .endr
report:
  mov r1, lr
  mrc p15, 0, r2, c5, c0, 0 /* DFSR */
  mrc p15, 0, r3, c6, c0, 0 /* DFAR */
  ldr sp, =report_stack
  bl unexpected
  .ltorg

  .bss
  .balign 16
stacks:
  .space STACK_SIZE * MAX_CPUS
  .space 1024
report_stack:
  .globl entry_mode
entry_mode:
  .space 4
